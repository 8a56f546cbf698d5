"""Strict verification of sealed PDFs: says yes only when every byte is the one that was sealed.

A PDF signature covers the file except the hexadecimal string that holds the signature itself. That string has
room for changes that ordinary validators do not see (letter case, padding, unsigned fields of the CMS object,
certificates nobody needs). ``verify_pdf`` closes that room:

1. the byte range runs from the first to the last byte of the file, with the signature string as its only gap
   (the last seal covers everything, earlier ones a whole earlier revision);
2. the string is upper-case hexadecimal of one DER object, then zeros, to its end;
3. the DER object is byte for byte what one gets by writing it anew from its *verified* parts: signed attributes,
   signature value, certificates found in the signed part of the file or in the trust store, one time-stamp token
   (itself rewritten the same way);
4. signature, certificate chain to a trusted root, revocation lists and time-stamp hold at the time-stamp's moment.

So a seal made by this platform verifies, and no second file with the same seal does. Every problem is one
Chinese sentence; malformed input never raises.
"""

from __future__ import annotations

import asyncio
import binascii
import datetime as dt
import hashlib
import io
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from project_box.seal.authority import authority_from_settings
from project_box.seal.cms_form import canonical_cms, der_length, unsigned_attributes

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_SIGNATURE_TRACES = (
    b"/ByteRange",
    b"/SubFilter",
    b"ETSI.CAdES.detached",
    b"adbe.pkcs7",
    b"/Contents <30",
    b"/DSS",
)
# pyHanko logs what it meets in damaged files; the report says it better
for _logger in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_logger).setLevel(logging.CRITICAL)
#: a document longer than this is refused rather than read
MAX_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SealInfo:
    """One seal in a file.

    Attributes:
        signer: common name of the certificate; ``organisation`` its O.
        signed_at: moment of the trusted time-stamp (UTC), else the signer's own claim.
        timestamped: a valid time-stamp by a trusted authority is embedded.
        intact: digest and signature hold for the revision this seal covers.
        trusted: the chain ends at a trusted root and nothing in it was revoked.
    """

    field: str
    signer: str | None
    organisation: str | None
    signed_at: dt.datetime | None
    timestamped: bool
    intact: bool
    trusted: bool
    reason: str | None = None
    location: str | None = None
    serial_number: str | None = None


@dataclass(frozen=True, slots=True)
class SealReport:
    """Outcome of :func:`verify_pdf`.

    Attributes:
        ok: every seal is good and the last one covers the whole file.
        problems: Chinese sentences, one per thing that is wrong; empty exactly when ``ok``.
        signer, organisation, signed_at, timestamped: of the last seal.
        covers_whole_document: the last seal's byte range leaves out nothing but the seal itself.
        modified_after: content was changed, cut or appended after sealing.
        seals: all seals, oldest first.
        sha256, size: of the bytes examined.
    """

    ok: bool
    problems: list[str]
    signer: str | None = None
    organisation: str | None = None
    signed_at: dt.datetime | None = None
    timestamped: bool = False
    covers_whole_document: bool = False
    modified_after: bool = False
    seals: list[SealInfo] = field(default_factory=list)
    sha256: str = ""
    size: int = 0


@dataclass
class _Examination:
    """What was found out so far."""

    problems: list[str] = field(default_factory=list)
    seals: list[SealInfo] = field(default_factory=list)
    covers: bool = False
    modified: bool = False

    def say(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)


def verify_pdf(
    pdf: bytes,
    roots: Sequence[x509.Certificate] | None = None,
    withdrawn: Mapping[int, dt.datetime] | None = None,
) -> SealReport:
    """Examine a sealed PDF.

    Args:
        pdf: the bytes, whatever they are.
        roots: trusted root certificates; default the root of the platform's own authority.
        withdrawn: serial numbers withdrawn and from when, for withdrawals that came after sealing and reach back
            before it (a stolen key); default, with ``roots``, what the platform's own authority knows.

    Returns:
        the report; never raises for bad input.
    """
    if roots is None:
        authority = authority_from_settings()
        roots = [authority.root]
        withdrawn = authority.withdrawals() if withdrawn is None else withdrawn
    data = bytes(pdf)
    found = _Examination()
    if not data:
        found.say("文件是空的(0 字节)")
    elif len(data) > MAX_BYTES:
        found.say(f"文件过大({len(data)} 字节),无法核验")
    elif not data.startswith(b"%PDF-"):
        found.say("文件头已被改动，不是以 %PDF- 开头" if b"%%EOF" in data[-2048:] else "不是 PDF 文件")
        if b"%%EOF" in data[-2048:]:
            found.modified = True
    else:
        _examine(data, list(roots), found)
    for info in found.seals:
        since = (withdrawn or {}).get(int(info.serial_number or "0", 16))
        if since is not None and (info.signed_at is None or info.signed_at >= since):
            found.say("签名证书在盖章前已被吊销")
    last = found.seals[-1] if found.seals else None
    return SealReport(
        ok=not found.problems and last is not None,
        problems=found.problems,
        signer=last.signer if last else None,
        organisation=last.organisation if last else None,
        signed_at=last.signed_at if last else None,
        timestamped=last.timestamped if last else False,
        covers_whole_document=found.covers,
        modified_after=found.modified,
        seals=found.seals,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )


# -- bytes ------------------------------------------------------------------------------------------------------


def _examine(data: bytes, roots: list[x509.Certificate], found: _Examination) -> None:
    ranges = [tuple(int(group) for group in match.groups()) for match in _BYTE_RANGE.finditer(data)]
    if not ranges:
        if any(trace in data for trace in _SIGNATURE_TRACES):
            found.modified = True
            found.say("签名字典已损坏：找不到签名覆盖范围(ByteRange)")
        elif not data.rstrip(b"\0\t\n\r ").endswith(b"%%EOF"):
            found.say("文件不完整：没有文件结尾标记，可能被截断")
        else:
            found.say("文件没有电子印章(未签名)")
        return
    _examine_coverage(data, ranges, found)
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=True)
        signatures = list(reader.embedded_signatures)
        timestamps = list(reader.embedded_timestamp_signatures)
    except Exception as error:  # a damaged file may break the parser anywhere
        found.modified = True
        if _digest_differs(data, ranges):
            found.say("文件内容在盖章后被改动：摘要与签名不符")
            found.say(f"文件结构已损坏，无法读取签名({_english(error)})")
        else:
            found.say(f"签名数据或文件结构已损坏，无法读取签名({_english(error)})")
        return
    if timestamps:
        found.say("文件含有平台不出具的文档时间戳，不予认可")
    if not signatures:
        found.modified = True
        found.say("签名域已被移除或损坏：文件中有签名数据，但没有可读取的签名")
        return
    if len(signatures) != len(ranges):
        found.modified = True
        found.say("签名数量与签名覆盖范围的数量不一致")
    ordered = sorted(signatures, key=lambda s: s.signed_revision)
    for position, signature in enumerate(ordered, start=1):
        last = position == len(ordered)
        try:
            _examine_signature(data, signature, roots, last, found)
        except Exception as error:  # as above: whatever a damaged signature raises becomes a sentence
            found.modified = True
            found.say(f"第 {position} 个印章的签名数据已损坏({_english(error)})")


def _digest_differs(data: bytes, ranges: Iterable[tuple[int, ...]]) -> bool:
    """For a file with unreadable structure: does the digest of the widest byte range differ from the signed one?"""
    start, first, second, rest = max(ranges, key=lambda r: r[2] + r[3])
    try:
        raw = binascii.unhexlify(data[first + 1 : second - 1])
        attributes = cms.ContentInfo.load(raw[: der_length(raw)])["content"]["signer_infos"][0][
            "signed_attrs"
        ]
        signed = next(bytes(a["values"][0]) for a in attributes if a["type"].native == "message_digest")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, StopIteration):
        return False
    return hashlib.sha256(data[start:first] + data[second : second + rest]).digest() != signed


def _english(error: Exception) -> str:
    """Short technical note of an exception, one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__


def _examine_coverage(data: bytes, ranges: Iterable[tuple[int, ...]], found: _Examination) -> None:
    """Does the widest byte range cover the whole file but one gap that is exactly the signature string?"""
    start, first, second, rest = max(ranges, key=lambda r: r[2] + r[3])
    end = second + rest
    if start != 0 or first >= second:
        found.modified = True
        found.say("签名覆盖范围(ByteRange)不从文件开头开始或前后颠倒，不予认可")
    elif end < len(data):
        found.modified = True
        found.say(f"盖章后文件末尾被追加了 {len(data) - end} 个字节")
    elif end > len(data):
        found.modified = True
        found.say(f"文件被截断：盖章时 {end} 字节，现有 {len(data)} 字节")
    else:
        found.covers = True


def _signature_string(data: bytes, byte_range: Sequence[int], found: _Examination) -> bytes | None:
    """DER bytes in the gap of a byte range; None (with a sentence) when it is not in the one allowed form."""
    start, first, second, _ = (int(n) for n in byte_range)
    gap = data[first:second]
    if start != 0 or gap[:1] != b"<" or gap[-1:] != b">":
        found.say("签名覆盖范围的空隙不是签名本身，文件中有未被签名保护的内容")
        return None
    digits = gap[1:-1]
    if re.fullmatch(rb"(?:[0-9A-F]{2})+", digits) is None:
        found.say("签名数据区(Contents)的字符被改动：不是规范的十六进制")
        return None
    raw = binascii.unhexlify(digits)
    length = der_length(raw)
    if length is None or length > len(raw):
        found.say("签名数据区(Contents)的结构已损坏")
        return None
    if raw[length:].strip(b"\0"):
        found.say("签名数据区(Contents)的填充字节被改动：应全为零")
        return None
    return raw[:length]


# -- one signature -----------------------------------------------------------------------------------------------


def _known_certificates(
    signature: EmbeddedPdfSignature, roots: Iterable[x509.Certificate]
) -> tuple[set[bytes], list[bytes]]:
    """Certificates (DER) and revocation lists of the security store as it stood in the signed revision."""
    known = {root.public_bytes(serialization.Encoding.DER) for root in roots}
    crls: list[bytes] = []
    history = signature.reader.get_historical_root(signature.signed_revision)
    if "/DSS" in history:
        store = history["/DSS"]
        known |= {bytes(item.get_object().data) for item in _entries(store, "/Certs")}
        crls += [bytes(item.get_object().data) for item in _entries(store, "/CRLs")]
    return known, crls


def _entries(store: Any, key: str) -> Any:
    """An array of a dictionary; ``[]`` follows references, ``get`` does not."""
    return store[key] if key in store else ()  # noqa: SIM401 - see the docstring


def _name(certificate: asn1_x509.Certificate, key: str) -> str | None:
    value = certificate.subject.native.get(key)
    return value if isinstance(value, str) else None


def _examine_signature(
    data: bytes,
    signature: EmbeddedPdfSignature,
    roots: list[x509.Certificate],
    last: bool,
    found: _Examination,
) -> None:
    byte_range = [int(n) for n in signature.byte_range]
    if len(byte_range) != 4:
        found.say("签名覆盖范围(ByteRange)格式不对")
        return
    if last and byte_range[2] + byte_range[3] != len(data):
        found.covers = False
        found.modified = True
        found.say("最后一个印章没有覆盖整个文件")
    der = _signature_string(data, byte_range, found)
    certificate = signature.signer_cert
    known, crls = _known_certificates(signature, roots)
    if der is None or der != signature.pkcs7_content[: len(der)]:
        found.modified = True
        if der is not None:
            found.say("签名数据区(Contents)与签名覆盖范围的空隙不一致")
    else:
        try:
            if canonical_cms(cms.ContentInfo.load(der, strict=True), known) != der:
                found.modified = True
                found.say("签名数据(CMS)中不受签名保护的字节被改动")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            found.modified = True
            found.say(f"签名数据(CMS)不是平台出具的规范形式({_english(error)})")
    stamp_moment, problem = _stamp_moment(signature)
    if problem:
        found.say(problem)
    context = ValidationContext(
        trust_roots=[
            asn1_x509.Certificate.load(root.public_bytes(serialization.Encoding.DER)) for root in roots
        ],
        other_certs=[asn1_x509.Certificate.load(c) for c in sorted(known)],
        moment=stamp_moment,
        allow_fetching=False,
        crls=crls,
        revocation_mode="require",
    )
    status = _run_validation(signature, context)
    stamp = status.timestamp_validity
    timestamped = bool(stamp is not None and stamp.intact and stamp.valid and stamp.trusted)
    good = bool(status.intact and status.valid)
    if not status.intact:
        found.modified = True
        found.say("文件内容在盖章后被改动：摘要与签名不符")
    if not status.valid:
        found.modified = True
        found.say("签名值不正确：签名数据被改动，或不是该证书签署的")
    if status.revoked:
        found.say("签名证书在盖章前已被吊销")
    elif good and not status.trusted:
        if _issued_here(known, signature, roots):
            found.say("签名证书链在盖章时无效(证书过期、用途不符或缺少吊销信息)")
        else:
            issuer = signature.signer_cert.issuer.native.get("common_name") or "未知机构"
            found.say(f"签名证书不是受信任的机构签发的(签发者：{issuer})")
    if stamp is None:
        found.say("签名没有时间戳")
    elif not (stamp.intact and stamp.valid):
        found.modified = True
        found.say("时间戳与签名不符：时间戳或签名值被改动")
    elif not stamp.trusted and status.trusted:
        found.say("时间戳不是受信任的机构出具的")
    if not last:
        covered = status.coverage in (
            SignatureCoverageLevel.ENTIRE_REVISION,
            SignatureCoverageLevel.ENTIRE_FILE,
        )
        level = status.modification_level
        if not covered or level not in (
            ModificationLevel.NONE,
            ModificationLevel.LTA_UPDATES,
            ModificationLevel.FORM_FILLING,
        ):
            found.modified = True
            found.say(f"印章“{_name(certificate, 'common_name') or ''}”之后文件内容被改动")
    elif status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        found.modified = True
        found.covers = False
        found.say("最后一个印章没有覆盖整个文件")
    if good and not status.bottom_line and not found.problems:
        found.say("签名未通过核验")
    found.seals.append(
        SealInfo(
            field=str(signature.field_name),
            signer=_signer(certificate),
            organisation=_name(certificate, "organization_name"),
            signed_at=stamp_moment,
            timestamped=timestamped,
            intact=good,
            trusted=bool(status.trusted),
            reason=_text(signature.sig_object.get("/Reason")),
            location=_text(signature.sig_object.get("/Location")),
            serial_number=f"{certificate.serial_number:x}",
        )
    )


def _signer(certificate: asn1_x509.Certificate) -> str | None:
    """Common name; where it had to be shortened and begins like the organisation's name, that name."""
    common, organisation = _name(certificate, "common_name"), _name(certificate, "organization_name")
    shortened = common is not None and organisation is not None and common.endswith("…")
    return organisation if shortened and (organisation or "").startswith((common or "")[:-1]) else common


def _text(value: Any) -> str | None:
    return str(value) if value is not None else None


def _stamp_moment(signature: EmbeddedPdfSignature) -> tuple[dt.datetime | None, str | None]:
    """Moment claimed by the embedded time-stamp (checked later), and what is wrong with it."""
    for attribute in unsigned_attributes(signature.signer_info):
        if attribute["type"].native == "signature_time_stamp_token":
            info = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
            moment: dt.datetime = info["gen_time"].native
            if moment > dt.datetime.now(dt.UTC) + dt.timedelta(days=1):
                return moment, f"时间戳的时间在将来：{moment:%Y-%m-%d}"
            return moment, None
    return None, None


def _issued_here(
    known: set[bytes], signature: EmbeddedPdfSignature, roots: Iterable[x509.Certificate]
) -> bool:
    """Does the file itself name one of the trusted roots as the end of its chain?"""
    trusted = {root.public_bytes(serialization.Encoding.DER) for root in roots}
    embedded = {c.dump() for c in signature.other_embedded_certs}
    return bool(trusted & embedded) and signature.signer_cert.dump() in known


def _run_validation(signature: EmbeddedPdfSignature, context: ValidationContext) -> Any:
    """pyHanko's validation, also where this thread already runs an event loop."""

    def job() -> Any:
        return asyncio.run(async_validate_pdf_signature(signature, signer_validation_context=context))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return job()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(job).result()
