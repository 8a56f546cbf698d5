"""Putting seals on PDF documents: the drawing, its place, the signature with all that its verification needs."""

from __future__ import annotations

import io
import uuid
from functools import lru_cache
from typing import Any

from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from project_box.document import SealPlace, typeset
from project_box.kernel.errors import BadInput, Conflict
from project_box.seal.authority import SealSigner
from project_box.seal.certificates import key_info, to_asn1
from project_box.seal.coroutines import run_to_end

#: side of a round seal, pt (42 mm)
SEAL_SIZE = 119.055


class _Drawing(PdfContent):
    """A one-page PDF as the appearance of a seal."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        """Import the page as a form object and call it."""
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)))
        left, bottom, right, top = (float(v) for v in page.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        name = f"/Seal{uuid.uuid4().hex}"
        self.resources.xobject[name] = page
        return f"{name} Do".encode()


@lru_cache(maxsize=64)
def seal_drawing(ring: str, centre: str = "", shape: str = "round") -> bytes:
    """A seal drawn as vectors on a transparent page (PDF/A).

    Args:
        ring: text around the ring, or the letters of a square name seal.
        centre: line below the star, such as 行政审批专用章.
        shape: ``round`` or ``square``.
    """
    pdf, _ = typeset("seal", {"shape": shape, "ring": ring, "centre": centre, "size": SEAL_SIZE})
    return pdf


def _media_box(writer: IncrementalPdfFileWriter, page_number: int) -> tuple[float, float, float, float]:
    """Media box of a page (1-based), inherited if need be; A4 where none is given.

    Raises:
        BadInput: there is no such page.
    """
    try:
        node: Any = writer.find_page_for_modification(page_number - 1)[0].get_object()
        for _ in range(32):
            if "/MediaBox" in node:
                left, bottom, right, top = (float(v) for v in node["/MediaBox"])
                return left, bottom, right, top
            if "/Parent" not in node:
                break
            node = node["/Parent"]
    except (PdfError, KeyError, TypeError, ValueError, IndexError) as error:
        raise BadInput(
            f"文件没有第 {page_number} 页，无法盖章", f"no page {page_number}: {error}", code="no_page"
        ) from error
    return 0.0, 0.0, 595.28, 841.89


def _box(writer: IncrementalPdfFileWriter, place: SealPlace) -> tuple[int, int, int, int]:
    """The place in PDF coordinates (origin at the lower left of the page)."""
    left, _, _, top = _media_box(writer, place.page)
    x, y = round(left + place.x), round(top - place.y)
    return x, y - round(place.size), x + round(place.size), y


def _open(pdf: bytes) -> IncrementalPdfFileWriter:
    """A document to be sealed, read far enough to know that it can be.

    Raises:
        BadInput: not a PDF, unreadable, without pages, or encrypted.
    """
    if b"%PDF-" not in pdf[:1024]:
        raise BadInput(
            "文件不是 PDF，不能盖章",
            "not a PDF",
            code="not_a_pdf",
            remedy="请提交 PDF 文件",
            remedy_en="hand in a PDF file",
        )
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        encrypted = bool(writer.prev.encrypted)
        if not encrypted:
            list(writer.prev.embedded_signatures)
            pages = int(writer.root["/Pages"]["/Count"])
            writer.find_page_for_modification(pages - 1)
    except Exception as error:  # a damaged file may break the parser anywhere
        raise BadInput(
            "PDF 文件无法读取，不能盖章",
            f"unreadable PDF: {type(error).__name__}: {error}",
            code="unreadable_pdf",
            remedy="重新导出 PDF 后再提交",
            remedy_en="export the PDF anew and hand it in",
        ) from error
    if encrypted:
        raise BadInput(
            "PDF 已加密，不能盖章",
            "encrypted PDF",
            code="encrypted_pdf",
            remedy="请提交未加密的 PDF 文件",
            remedy_en="hand in a PDF without encryption",
        )
    return writer


def last_page_corner(pdf: bytes) -> SealPlace:
    """A place for a seal on a document of others: lower right of its last page.

    Raises:
        BadInput: the document cannot be sealed.
    """
    writer = _open(pdf)
    count = int(writer.root["/Pages"]["/Count"])
    left, bottom, right, top = _media_box(writer, count)
    size = min(SEAL_SIZE, (right - left) / 2, (top - bottom) / 2)
    return SealPlace(count, max(0.0, right - left - size - 40), max(0.0, top - bottom - size - 40), size)


def _metadata(signer: SealSigner, field: str, reason: str, location: str) -> signers.PdfSignatureMetadata:
    """What the signature says of itself, and with what it can be verified for as long as the file exists."""
    authority = signer.authority
    moment = authority.clock()
    return signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        reason=reason or None,
        location=location or None,
        name=signer.person or signer.organisation,
        subfilter=fields.SigSeedSubFilter.PADES,
        embed_validation_info=True,
        validation_context=ValidationContext(
            trust_roots=[to_asn1(authority.root)],
            other_certs=[to_asn1(authority.issuing), to_asn1(authority.tsa)],
            moment=moment,
            allow_fetching=False,
            crls=list(authority.crls(moment)),
            revocation_mode="require",
        ),
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )


def _style(signer: SealSigner, centre: str) -> StaticStampStyle:
    """The seal as it is seen: square for a person, round for an organisation."""
    drawing = (
        seal_drawing(signer.person, "", "square")
        if signer.person
        else seal_drawing(signer.organisation, centre, "round")
    )
    return StaticStampStyle(
        border_width=0,
        background=_Drawing(drawing),
        background_layout=SimpleBoxLayoutRule(
            AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins.uniform(0)
        ),
        background_opacity=1.0,
    )


def sign_pdf(
    pdf: bytes,
    signer: SealSigner,
    *,
    reason: str = "",
    location: str = "",
    place: SealPlace | None = None,
    centre: str = "",
) -> bytes:
    """Seal a PDF: PAdES B-LT (ETSI.CAdES.detached, SHA-256) with time-stamp and validation data.

    Args:
        pdf: the document; a document from :func:`project_box.document.render` knows the place of its seal.
        signer: from :func:`certificate_for`.
        reason, location: as they stand in the signature.
        place: where the visible seal goes; default the document's own place, else the seal is invisible.
        centre: line below the star of a round seal.

    Returns:
        the sealed PDF; earlier seals in it stay valid.

    Raises:
        BadInput: not a readable PDF, encrypted, or the page of the seal does not exist.
        Conflict: the signer's certificate was withdrawn.
    """
    place = place or getattr(pdf, "seal_place", None)
    authority = signer.authority
    if authority.revoked(signer.certificate):
        raise Conflict(
            "印章证书已被吊销，不能盖章", "the certificate was withdrawn", code="certificate_revoked"
        )
    writer = _open(pdf)
    try:
        field = f"Seal{len(list(writer.prev.embedded_signatures)) + 1}"
        certificates = SimpleCertificateStore()  # type: ignore[no-untyped-call] # the library's has no annotations
        certificates.register_multiple([to_asn1(c) for c in signer.chain])
        pdf_signer = signers.PdfSigner(
            _metadata(signer, field, reason, location),
            signer=signers.SimpleSigner(to_asn1(signer.certificate), key_info(signer.key), certificates),
            timestamper=authority.timestamper(),
            stamp_style=_style(signer, centre) if place else None,
            new_field_spec=fields.SigFieldSpec(
                field, on_page=place.page - 1 if place else 0, box=_box(writer, place) if place else None
            ),
        )
        sealed: io.BytesIO = run_to_end(pdf_signer.async_sign_pdf(writer))
    except PdfError as error:
        raise BadInput(
            "PDF 文件无法读取，不能盖章",
            f"unreadable PDF: {error}",
            code="unreadable_pdf",
            remedy="重新导出 PDF 后再提交",
            remedy_en="export the PDF anew and hand it in",
        ) from error
    return sealed.getvalue()
