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

import datetime as dt
import hashlib
import io
import logging
from collections.abc import Mapping, Sequence

from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from project_box.seal.authority import authority_from_settings
from project_box.seal.coverage import byte_ranges, digest_differs, examine_coverage
from project_box.seal.examination import Examination, SealReport, short_note
from project_box.seal.signature import examine_signature

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
    found = Examination()
    if not data:
        found.say("文件是空的（0 字节）")
    elif len(data) > MAX_BYTES:
        found.say(f"文件过大（{len(data)} 字节），无法核验")
    elif not data.startswith(b"%PDF-"):
        if b"%%EOF" in data[-2048:]:
            found.tampered("文件头已被改动，不是以 %PDF- 开头")
        else:
            found.say("不是 PDF 文件")
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


def _examine(data: bytes, roots: list[x509.Certificate], found: Examination) -> None:
    """A file that begins like a PDF: its byte ranges, then its signatures, oldest first."""
    ranges = byte_ranges(data)
    if not ranges:
        _tell_no_signature(data, found)
        return
    examine_coverage(data, ranges, found)
    signatures = _signatures(data, ranges, found)
    for position, signature in enumerate(signatures, start=1):
        try:
            examine_signature(data, signature, roots, position == len(signatures), found)
        except Exception as error:  # a damaged signature may break the parser anywhere
            found.tampered(f"第 {position} 个印章的签名数据已损坏（{short_note(error)}）")


def _tell_no_signature(data: bytes, found: Examination) -> None:
    if any(trace in data for trace in _SIGNATURE_TRACES):
        found.tampered("签名字典已损坏：找不到签名覆盖范围（ByteRange）")
    elif not data.rstrip(b"\0\t\n\r ").endswith(b"%%EOF"):
        found.say("文件不完整：没有文件结尾标记，可能被截断")
    else:
        found.say("文件没有电子印章（未签名）")


def _signatures(
    data: bytes, ranges: Sequence[tuple[int, ...]], found: Examination
) -> list[EmbeddedPdfSignature]:
    """The signatures as they were made, oldest first; empty when none can be read."""
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=True)
        signatures = list(reader.embedded_signatures)
        timestamps = list(reader.embedded_timestamp_signatures)
    except Exception as error:  # a damaged file may break the parser anywhere
        if digest_differs(data, ranges):
            found.tampered("文件内容在盖章后被改动：摘要与签名不符")
            found.say(f"文件结构已损坏，无法读取签名（{short_note(error)}）")
        else:
            found.tampered(f"签名数据或文件结构已损坏，无法读取签名（{short_note(error)}）")
        return []
    if timestamps:
        found.say("文件含有平台不出具的文档时间戳，不予认可")
    if not signatures:
        found.tampered("签名域已被移除或损坏：文件中有签名数据，但没有可读取的签名")
    elif len(signatures) != len(ranges):
        found.tampered("签名数量与签名覆盖范围的数量不一致")
    return sorted(signatures, key=lambda s: s.signed_revision)
