"""The one way this platform writes a CMS object: what differs from it was changed after sealing. Pure."""

from __future__ import annotations

from typing import Any

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
    content: cms.EncapsulatedContentInfo, certificates: list[asn1_x509.Certificate], info: cms.SignerInfo
) -> cms.ContentInfo:
    """A CMS SignedData with one signer, in the one form this platform writes for time-stamps."""
    body = cms.SignedData(
        {
            "version": "v3",
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
    certificates = [choice.chosen for choice in body["certificates"]]
    if any(not isinstance(c, asn1_x509.Certificate) or c.dump() not in known for c in certificates):
        raise ValueError("a certificate that is not in the signed part of the file")
    if len({c.dump() for c in certificates}) != len(certificates):
        raise ValueError("a certificate stands there twice")
    sid = info["sid"].chosen
    signer = next(
        (
            c
            for c in certificates
            if isinstance(sid, cms.IssuerAndSerialNumber)
            and c.serial_number == sid["serial_number"].native
            and c.issuer == sid["issuer"]
        ),
        None,
    )
    if signer is None:
        raise ValueError("the signer's certificate is missing")
    content = body["encap_content_info"]
    is_timestamp = content["content_type"].native == "tst_info"
    if is_timestamp:
        inner = cms.EncapsulatedContentInfo(
            {"content_type": "tst_info", "content": cms.ParsableOctetString(bytes(content["content"]))}
        )
    else:
        inner = cms.ContentInfo({"content_type": "data"})
    rewritten: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            {
                "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                    {"issuer": signer.issuer, "serial_number": signer.serial_number}
                )
            }
        ),
        "digest_algorithm": {"algorithm": "sha256"},
        "signature_algorithm": {
            "algorithm": "rsassa_pkcs1v15" if signer.public_key.algorithm == "rsa" else "sha256_ecdsa"
        },
        "signed_attrs": cms.CMSAttributes.load(info["signed_attrs"].untag().dump(force=True), strict=True),
        "signature": info["signature"].native,
    }
    unsigned = unsigned_attributes(info)
    if unsigned:
        (attribute,) = unsigned
        if attribute["type"].native != "signature_time_stamp_token":
            raise ValueError("an unknown unsigned attribute")
        (stamp,) = attribute["values"]
        rewritten["unsigned_attrs"] = [
            {
                "type": "signature_time_stamp_token",
                "values": [cms.ContentInfo.load(canonical_cms(stamp, known), strict=True)],
            }
        ]
    data = cms.SignedData(
        {
            "version": "v3" if is_timestamp else "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": inner,
            "certificates": certificates,
            "signer_infos": [cms.SignerInfo(rewritten)],
        }
    )
    written: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return written


def unsigned_attributes(info: cms.SignerInfo) -> list[cms.CMSAttribute]:
    """Attributes beside the signature, which it does not cover."""
    attributes = info["unsigned_attrs"]
    return [] if isinstance(attributes, core.Void) else list(attributes)
