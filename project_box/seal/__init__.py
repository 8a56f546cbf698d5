"""Electronic seals 电子签章: PAdES B-LT signatures on PDF documents, and their strict verification.

``sign_pdf`` puts a signature with an embedded time-stamp and all validation data (certificates and revocation
lists, in the document security store of the same revision) on a PDF, with a red seal drawn as vectors; the
signature covers the whole file but its own hexadecimal string. ``verify_pdf`` says yes only when *every byte*
of the file is the one that was sealed; see :mod:`project_box.seal.verify` for how.
"""

from project_box.document import SealPlace
from project_box.seal.authority import DemoAuthority, SealSigner, authority_from_settings, certificate_for
from project_box.seal.examination import SealReport
from project_box.seal.signing import last_page_corner, sign_pdf
from project_box.seal.verify import verify_pdf

__all__ = [
    "DemoAuthority",
    "SealPlace",
    "SealReport",
    "SealSigner",
    "authority_from_settings",
    "certificate_for",
    "last_page_corner",
    "sign_pdf",
    "verify_pdf",
]
