"""Certificates and revocation lists in the forms this platform writes. Pure, but for the random numbers in them."""

from __future__ import annotations

import datetime as dt
import unicodedata

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
NAME_LIMIT = 64  # RFC 5280, ub-common-name and ub-organization-name
_CRL_LIFE = dt.timedelta(days=30)


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """The same certificate as an asn1crypto object, as pyHanko wants it."""
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def key_info(key: PrivateKey) -> keys.PrivateKeyInfo:
    """The key as an asn1crypto object."""
    return keys.PrivateKeyInfo.load(
        key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def clean_name(name: str) -> str:
    """A name without control characters and outer space."""
    return "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C").strip()


def _short(name: str) -> str:
    """At most 64 characters, as RFC 5280 has it."""
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1] + "…"


def _narrow(name: str) -> str:
    """At most 64 bytes of UTF-8, as the library counts a common name; the full name stands in O."""
    if len(name.encode()) <= NAME_LIMIT:
        return name
    while len(name.encode()) > NAME_LIMIT - 3:
        name = name[:-1]
    return name + "…"


def subject_name(organisation: str, common: str, identifier: str = "") -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _short(organisation)),
        x509.NameAttribute(NameOID.COMMON_NAME, _narrow(common)),
    ]
    if identifier:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, identifier))
    return x509.Name(attributes)


def issue(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    signing_key: PrivateKey,
    issuer_key: PrivateKey,
    start: dt.datetime,
    years: int,
    authority: int | None = None,
    timestamping: bool = False,
) -> x509.Certificate:
    """One certificate; ``authority`` is the path length of a CA certificate, None for an end entity."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=366 * years))
        .add_extension(x509.BasicConstraints(ca=authority is not None, path_length=authority), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=authority is None,
                content_commitment=authority is None,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=authority is not None,
                crl_sign=authority is not None,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if timestamping:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
    return builder.sign(
        signing_key,
        hashes.SHA384() if isinstance(signing_key, ec.EllipticCurvePrivateKey) else hashes.SHA256(),
    )


def revocation_list(
    issuer: x509.Certificate, key: PrivateKey, at: dt.datetime, revoked: list[x509.RevokedCertificate]
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at - dt.timedelta(minutes=1))
        .next_update(at + _CRL_LIFE)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)
