"""One signature of a PDF: its form, its chain, its time-stamp, and what came after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from project_box.seal.cms_form import canonical_cms, unsigned_attributes
from project_box.seal.coroutines import run_to_end
from project_box.seal.coverage import signature_string
from project_box.seal.examination import Examination, SealInfo, short_note

_HARMLESS = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)


def examine_signature(
    data: bytes,
    signature: EmbeddedPdfSignature,
    roots: list[x509.Certificate],
    last: bool,
    found: Examination,
) -> None:
    """Examine one seal of a file and add what is found.

    Args:
        data: the whole file.
        signature: as pyHanko read it.
        roots: trusted root certificates.
        last: nothing was sealed after it, so it has to cover the whole file.
        found: takes the sentences and the seal.

    Raises:
        Exception: whatever a damaged signature raises in the libraries that read it.
    """
    byte_range = [int(n) for n in signature.byte_range]
    if len(byte_range) != 4:
        found.say("签名覆盖范围（ByteRange）格式不对")
        return
    if last and byte_range[2] + byte_range[3] != len(data):
        _not_whole(found)
    known, crls = _known_certificates(signature, roots)
    _examine_form(signature, signature_string(data, byte_range, found), known, found)
    moment, problem = _stamp_moment(signature)
    if problem:
        found.say(problem)
    status = _validated(signature, roots, known, crls, moment)
    _tell_signer(status, signature, _issued_here(known, signature, roots), found)
    _tell_stamp(status, found)
    _tell_later_changes(status, signature.signer_cert, last, found)
    if status.intact and status.valid and not status.bottom_line and not found.problems:
        found.say("签名未通过核验")
    found.seals.append(_seal_info(signature, status, moment))


def _not_whole(found: Examination) -> None:
    found.covers = False
    found.tampered("最后一个印章没有覆盖整个文件")


def _examine_form(
    signature: EmbeddedPdfSignature, der: bytes | None, known: set[bytes], found: Examination
) -> None:
    """Is the signature string the one form its verified parts can be written in? ``der`` None was told already."""
    if der is None:
        found.modified = True
        return
    if der != signature.pkcs7_content[: len(der)]:
        found.tampered("签名数据区（Contents）与签名覆盖范围的空隙不一致")
        return
    try:
        if canonical_cms(cms.ContentInfo.load(der, strict=True), known) != der:
            found.tampered("签名数据（CMS）中不受签名保护的字节被改动")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        found.tampered(f"签名数据（CMS）不是平台出具的规范形式（{short_note(error)}）")


def _validated(
    signature: EmbeddedPdfSignature,
    roots: Iterable[x509.Certificate],
    known: Iterable[bytes],
    crls: Iterable[bytes],
    moment: dt.datetime | None,
) -> PdfSignatureStatus:
    """pyHanko's validation at the moment of the time-stamp, from what the file and the trust store hold."""
    context = ValidationContext(
        trust_roots=[
            asn1_x509.Certificate.load(root.public_bytes(serialization.Encoding.DER)) for root in roots
        ],
        other_certs=[asn1_x509.Certificate.load(c) for c in sorted(known)],
        moment=moment,
        allow_fetching=False,
        crls=list(crls),
        revocation_mode="require",
    )
    return run_to_end(async_validate_pdf_signature(signature, signer_validation_context=context))


def _tell_signer(
    status: PdfSignatureStatus, signature: EmbeddedPdfSignature, issued_here: bool, found: Examination
) -> None:
    """Digest, signature value and the signer's chain."""
    if not status.intact:
        found.tampered("文件内容在盖章后被改动：摘要与签名不符")
    if not status.valid:
        found.tampered("签名值不正确：签名数据被改动，或不是该证书签署的")
    if status.revoked:
        found.say("签名证书在盖章前已被吊销")
    elif status.intact and status.valid and not status.trusted:
        if issued_here:
            found.say("签名证书链在盖章时无效（证书过期、用途不符或缺少吊销信息）")
        else:
            issuer = signature.signer_cert.issuer.native.get("common_name") or "未知机构"
            found.say(f"签名证书不是受信任的机构签发的（签发者：{issuer}）")


def _tell_stamp(status: PdfSignatureStatus, found: Examination) -> None:
    """The embedded time-stamp."""
    stamp = status.timestamp_validity
    if stamp is None:
        found.say("签名没有时间戳")
    elif not (stamp.intact and stamp.valid):
        found.tampered("时间戳与签名不符：时间戳或签名值被改动")
    elif not stamp.trusted and status.trusted:
        found.say("时间戳不是受信任的机构出具的")


def _tell_later_changes(
    status: PdfSignatureStatus, certificate: asn1_x509.Certificate, last: bool, found: Examination
) -> None:
    """The last seal covers the whole file, an earlier one a whole revision with nothing but seals after it."""
    if last:
        if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
            _not_whole(found)
        return
    covered = status.coverage in (SignatureCoverageLevel.ENTIRE_REVISION, SignatureCoverageLevel.ENTIRE_FILE)
    if not covered or status.modification_level not in _HARMLESS:
        found.tampered(f"印章“{_name(certificate, 'common_name') or ''}”之后文件内容被改动")


def _seal_info(
    signature: EmbeddedPdfSignature, status: PdfSignatureStatus, moment: dt.datetime | None
) -> SealInfo:
    certificate, stamp = signature.signer_cert, status.timestamp_validity
    return SealInfo(
        field=str(signature.field_name),
        signer=_signer(certificate),
        organisation=_name(certificate, "organization_name"),
        signed_at=moment,
        timestamped=bool(stamp is not None and stamp.intact and stamp.valid and stamp.trusted),
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        reason=_text(signature.sig_object.get("/Reason")),
        location=_text(signature.sig_object.get("/Location")),
        serial_number=f"{certificate.serial_number:x}",
    )


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
