"""The one way this platform writes a CMS object: what differs from it was changed after sealing. Pure."""

from __future__ import annotations

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509


def signer_info(
    certificate: asn1_x509.Certificate, signed_attributes: cms.CMSAttributes, algorithm: str, signature: bytes
) -> cms.SignerInfo:
    """A CMS SignerInfo in the one form this platform writes (issuer and serial number, SHA-256)."""
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signature_algorithm": {"algorithm": algorithm},
            "signed_attrs": signed_attributes,
            "signature": signature,
        }
    )


def signed_data(
    content: cms.EncapsulatedContentInfo,
    certificates: list[asn1_x509.Certificate],
    info: cms.SignerInfo,
    *,
    version: str = "v3",
) -> cms.ContentInfo:
    """A CMS SignedData with one signer, in the one form this platform writes: v3 around time-stamps, v1 around data."""
    body = cms.SignedData(
        {
            "version": version,
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": content,
            "certificates": certificates,
            "signer_infos": [info],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": body})


def der_length(raw: bytes) -> int | None:
    """Total length of the DER SEQUENCE at the start of ``raw``."""
    if len(raw) < 2 or raw[0] != 0x30:
        return None
    if raw[1] < 0x80:
        return 2 + raw[1]
    count = raw[1] & 0x7F
    if count == 0 or count > 4 or len(raw) < 2 + count:
        return None
    return 2 + count + int.from_bytes(raw[2 : 2 + count], "big")


def canonical_cms(token: cms.ContentInfo, known: set[bytes]) -> bytes:
    """The CMS object written anew from its verified parts only.

    Args:
        token: the parsed object (PAdES signature or time-stamp token).
        known: DER bytes of certificates that stand in the signed part of the file or in the trust store.

    Raises:
        ValueError: it has parts this platform never writes (attribute certificates, CRLs, several signers,
            unknown unsigned attributes) or a certificate that is not known.
    """
    body = token["content"]
    (info,) = body["signer_infos"]
    certificates = _known_certificates(body, known)
    signer = _signer(info, certificates)
    rewritten = signer_info(
        signer,
        cms.CMSAttributes.load(info["signed_attrs"].untag().dump(force=True), strict=True),
        "rsassa_pkcs1v15" if signer.public_key.algorithm == "rsa" else "sha256_ecdsa",
        info["signature"].native,
    )
    unsigned = unsigned_attributes(info)
    if unsigned:
        (attribute,) = unsigned
        if attribute["type"].native != "signature_time_stamp_token":
            raise ValueError("an unknown unsigned attribute")
        (stamp,) = attribute["values"]
        token_again = cms.ContentInfo.load(canonical_cms(stamp, known), strict=True)
        rewritten["unsigned_attrs"] = [{"type": "signature_time_stamp_token", "values": [token_again]}]
    content = body["encap_content_info"]
    if content["content_type"].native == "tst_info":
        inner = {"content_type": "tst_info", "content": cms.ParsableOctetString(bytes(content["content"]))}
        written = signed_data(cms.EncapsulatedContentInfo(inner), certificates, rewritten)
    else:
        written = signed_data(
            cms.ContentInfo({"content_type": "data"}), certificates, rewritten, version="v1"
        )
    canonical: bytes = written.dump()
    return canonical


def _known_certificates(body: cms.SignedData, known: set[bytes]) -> list[asn1_x509.Certificate]:
    certificates = [choice.chosen for choice in body["certificates"]]
    if any(not isinstance(c, asn1_x509.Certificate) or c.dump() not in known for c in certificates):
        raise ValueError("a certificate that is not in the signed part of the file")
    if len({c.dump() for c in certificates}) != len(certificates):
        raise ValueError("a certificate stands there twice")
    return certificates


def _signer(info: cms.SignerInfo, certificates: list[asn1_x509.Certificate]) -> asn1_x509.Certificate:
    sid = info["sid"].chosen
    if isinstance(sid, cms.IssuerAndSerialNumber):
        for certificate in certificates:
            if (certificate.serial_number, certificate.issuer) == (
                sid["serial_number"].native,
                sid["issuer"],
            ):
                return certificate
    raise ValueError("the signer's certificate is missing")


def unsigned_attributes(info: cms.SignerInfo) -> list[cms.CMSAttribute]:
    """Attributes beside the signature, which it does not cover."""
    attributes = info["unsigned_attrs"]
    return [] if isinstance(attributes, core.Void) else list(attributes)
