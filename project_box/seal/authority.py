"""The platform's own certification authority (自建演示 CA) and time-stamping authority (时间戳服务).

A demo authority: it makes the seals of the platform verifiable without any outside service. A city that owns
qualified certificates puts a different :class:`SealSigner` in its place; nothing else changes.

What lies under ``<var_dir>/ca`` (directory 0700, key files 0600)::

    root.crt root.key          根证书 (EC P-384, 20 years)
    issuing.crt issuing.key    签发证书 (EC P-384, 15 years)
    tsa.crt tsa.key            时间戳证书 (RSA-3072, 15 years; RSA because its signatures have one form only)
    signers/<digest>/          certificate and key of one organisation or officer (EC P-256, 3 years)
    revoked.json               serial numbers withdrawn, with moment and reason

The directory is made under a temporary name and renamed into place, so two processes that start together end
with one authority. Keys are encrypted when ``PROJECT_BOX_SEAL_PASSPHRASE`` is set.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from project_box.kernel.errors import BadInput, Conflict, PlatformError
from project_box.kernel.plain import content_hash
from project_box.kernel.settings import get_settings
from project_box.seal.certificates import (
    NAME_LIMIT,
    PrivateKey,
    clean_name,
    issue,
    revocation_list,
    subject_name,
    to_asn1,
)
from project_box.seal.cms_form import signed_data, signer_info

#: policy of our time-stamps (an OID of our own under the UUID arc)
TSA_POLICY = "2.25.204138462097216513047853206187915420771"
_AUTHORITY_NAME = "项目盒演示电子认证"
_RENEW_BEFORE = dt.timedelta(days=30)


def utc_now() -> dt.datetime:
    """Now, in UTC, whole seconds (certificates and time-stamps carry no fractions)."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True)
class SealSigner:
    """Somebody who can seal: certificate, chain and private key.

    Attributes:
        organisation: organisation name (单位), as on the ring of the seal.
        person: officer's name; None for the organisation's own seal (公章).
        certificate: the signer's certificate (DER in :attr:`certificate_der`).
        chain: issuing and root certificate.
        key: private key; never leaves the process.
    """

    organisation: str
    person: str | None
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKey
    authority: DemoAuthority

    @property
    def certificate_der(self) -> bytes:
        """DER bytes of the certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


class DemoAuthority:
    """Root, issuing and time-stamping authority, kept under ``<var_dir>/ca``.

    Args:
        var_dir: the platform's writable folder.
        passphrase: encrypts the private keys when given.
        clock: returns the present moment (UTC); tests pass their own.

    Raises:
        PlatformError: the stored authority cannot be read (damaged, or the passphrase is wrong).
    """

    def __init__(
        self,
        var_dir: Path | str,
        *,
        passphrase: str | None = None,
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self.directory = Path(var_dir).resolve() / "ca"
        self.clock = clock
        self._passphrase = passphrase.encode() if passphrase else None
        if not (self.directory / "root.crt").exists():
            self._create()
        try:
            self.root, self._root_key = self._load(self.directory, "root")
            self.issuing, self._issuing_key = self._load(self.directory, "issuing")
            self.tsa, self._tsa_key = self._load(self.directory, "tsa")
        except (OSError, ValueError, TypeError) as error:
            raise PlatformError(
                "电子印章证书库无法读取",
                f"{self.directory}: {error}",
                code="seal_authority_unreadable",
                place=str(self.directory),
                remedy="检查目录权限与 PROJECT_BOX_SEAL_PASSPHRASE；证书库损坏时从备份恢复",
                remedy_en="check rights and PROJECT_BOX_SEAL_PASSPHRASE; restore damaged keys from a backup",
            ) from error

    # -- making -----------------------------------------------------------------------------------------------

    def _create(self) -> None:
        parent = self.directory.parent
        parent.mkdir(parents=True, exist_ok=True)
        building = parent / f".ca-{uuid.uuid4().hex}"
        building.mkdir(mode=0o700)
        try:
            now = self.clock() - dt.timedelta(hours=1)
            root_key = ec.generate_private_key(ec.SECP384R1())
            root_name = subject_name(_AUTHORITY_NAME, "项目盒演示根证书")
            root = issue(
                subject=root_name,
                issuer=root_name,
                key=root_key,
                signing_key=root_key,
                issuer_key=root_key,
                start=now,
                years=20,
                authority=1,
            )
            issuing_key = ec.generate_private_key(ec.SECP384R1())
            issuing = issue(
                subject=subject_name(_AUTHORITY_NAME, "项目盒演示签发证书"),
                issuer=root.subject,
                key=issuing_key,
                signing_key=root_key,
                issuer_key=root_key,
                start=now,
                years=15,
                authority=0,
            )
            tsa_key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
            tsa = issue(
                subject=subject_name(_AUTHORITY_NAME, "项目盒演示时间戳服务"),
                issuer=root.subject,
                key=tsa_key,
                signing_key=root_key,
                issuer_key=root_key,
                start=now,
                years=15,
                timestamping=True,
            )
            for name, certificate, key in (
                ("root", root, root_key),
                ("issuing", issuing, issuing_key),
                ("tsa", tsa, tsa_key),
            ):
                self._store(building, name, certificate, key)
            (building / "signers").mkdir(mode=0o700)
            try:
                building.rename(self.directory)
            except OSError:
                if not (self.directory / "root.crt").exists():
                    raise
                # another process was first; its authority stands
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def _store(self, directory: Path, name: str, certificate: x509.Certificate, key: PrivateKey) -> None:
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(self._passphrase)
            if self._passphrase
            else serialization.NoEncryption()
        )
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        descriptor = os.open(directory / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
        (directory / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _load(self, directory: Path, name: str) -> tuple[x509.Certificate, PrivateKey]:
        certificate = x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())
        key = serialization.load_pem_private_key((directory / f"{name}.key").read_bytes(), self._passphrase)
        if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
            raise ValueError(f"{name}.key is not an EC or RSA key")
        return certificate, key

    # -- signers ----------------------------------------------------------------------------------------------

    def certificate_for(
        self, organisation: str, person: str | None = None, identifier: str = ""
    ) -> SealSigner:
        """The seal certificate of an organisation (公章) or of one of its officers (签名章); made when first asked for.

        Names longer than X.509 allows (64 characters) are shortened with “…” in the certificate; ``identifier``
        (统一社会信用代码 or a user id) keeps two of the same name apart and goes into ``serialNumber``.

        Raises:
            BadInput: empty organisation name.
        """
        organisation, person = clean_name(organisation), clean_name(person or "") or None
        identifier = clean_name(identifier)[:NAME_LIMIT]
        if not organisation:
            raise BadInput("印章的单位名称不能为空", "a seal needs an organisation name")
        identity = {"organisation": organisation, "person": person, "identifier": identifier}
        generation = 0
        while True:
            digest = content_hash({**identity, "generation": generation})[:32]
            directory = self.directory / "signers" / digest
            if not (directory / "seal.crt").exists():
                self._issue(directory, organisation, person, identifier)
            certificate, key = self._load(directory, "seal")
            usable = certificate.not_valid_after_utc - _RENEW_BEFORE > self.clock()
            if usable and not self.revoked(certificate):
                return SealSigner(organisation, person, certificate, (self.issuing, self.root), key, self)
            generation += 1

    def _issue(self, directory: Path, organisation: str, person: str | None, identifier: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = issue(
            subject=subject_name(organisation, person or organisation, identifier),
            issuer=self.issuing.subject,
            key=key,
            signing_key=self._issuing_key,
            issuer_key=self._issuing_key,
            start=self.clock() - dt.timedelta(minutes=5),
            years=3,
        )
        building = directory.parent / f".new-{uuid.uuid4().hex}"
        building.mkdir(mode=0o700)
        try:
            self._store(building, "seal", certificate, key)
            try:
                building.rename(directory)
            except OSError:
                if not (directory / "seal.crt").exists():
                    raise
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def revoke(self, certificate: x509.Certificate, reason: str, at: dt.datetime | None = None) -> None:
        """Withdraw a signer's certificate (吊销): seals made before ``at`` stay good, none can be made after.

        Raises:
            Conflict: the certificate is not one of this authority's signers.
        """
        if certificate.issuer != self.issuing.subject:
            raise Conflict("该证书不是本机构签发的印章证书", "not a signer certificate of this authority")
        revoked = self._revocations()
        revoked.setdefault(
            str(certificate.serial_number), {"at": (at or self.clock()).isoformat(), "reason": reason}
        )
        temporary = self.directory / f".revoked-{uuid.uuid4().hex}"
        temporary.write_text(json.dumps(revoked, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(self.directory / "revoked.json")

    def _revocations(self) -> dict[str, dict[str, str]]:
        path = self.directory / "revoked.json"
        if not path.exists():
            return {}
        revoked: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return revoked

    def revoked(self, certificate: x509.Certificate) -> bool:
        """Has this certificate been withdrawn?"""
        return str(certificate.serial_number) in self._revocations()

    def withdrawals(self) -> dict[int, dt.datetime]:
        """Withdrawn certificates: serial number → moment from which they no longer count."""
        return {int(serial): dt.datetime.fromisoformat(e["at"]) for serial, e in self._revocations().items()}

    def crls(self, at: dt.datetime | None = None) -> tuple[bytes, bytes]:
        """Certificate revocation lists (DER) of the root and of the issuing authority, made at ``at``."""
        at = at or self.clock()
        revoked = [
            x509.RevokedCertificateBuilder()
            .serial_number(int(serial))
            .revocation_date(dt.datetime.fromisoformat(entry["at"]))
            .build()
            for serial, entry in sorted(self._revocations().items())
        ]
        return (
            revocation_list(self.root, self._root_key, at, []),
            revocation_list(self.issuing, self._issuing_key, at, revoked),
        )

    def timestamper(self) -> TimeStamper:
        """An in-process RFC 3161 time-stamper of this authority."""
        if not isinstance(self._tsa_key, rsa.RSAPrivateKey):
            raise PlatformError("时间戳证书不是 RSA 证书", "the time-stamping key must be RSA")
        return OwnTimeStamper(to_asn1(self.tsa), self._tsa_key, self.clock)


class OwnTimeStamper(TimeStamper):
    """RFC 3161 time-stamps made in this process with the authority's own key (no network)."""

    def __init__(
        self, certificate: asn1_x509.Certificate, key: rsa.RSAPrivateKey, clock: Callable[[], dt.datetime]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # pyHanko's has no annotations
        self._certificate, self._key, self._clock = certificate, key, clock

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer one request: token over the message imprint, SHA-256, certificate included."""
        moment = self._clock()
        info: dict[str, object] = {
            "version": "v1",
            "policy": TSA_POLICY,
            "message_imprint": req["message_imprint"],
            "serial_number": uuid.uuid4().int >> 1,
            "gen_time": moment,
            "tsa": asn1_x509.GeneralName(name="directory_name", value=self._certificate.subject),
        }
        if req["nonce"].native is not None:
            info["nonce"] = req["nonce"]
        content = cms.EncapsulatedContentInfo(
            {"content_type": "tst_info", "content": cms.ParsableOctetString(tsp.TSTInfo(info).dump())}
        )
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("message_digest", hashlib.sha256(content["content"].contents).digest()),
                simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(self._certificate)),
            ]
        )
        signature = self._key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
        token = signed_data(
            content,
            [self._certificate],
            signer_info(self._certificate, attributes, "rsassa_pkcs1v15", signature),
        )
        return tsp.TimeStampResp(
            {"status": tsp.PKIStatusInfo({"status": "granted"}), "time_stamp_token": token}
        )


@lru_cache(maxsize=4)
def _authority(var_dir: Path, passphrase: str | None) -> DemoAuthority:
    return DemoAuthority(var_dir, passphrase=passphrase)


def authority_from_settings() -> DemoAuthority:
    """The platform's authority under ``var_dir``; made on first use."""
    settings = get_settings()
    return _authority(settings.var_dir.resolve(), settings.seal_passphrase)


def certificate_for(organisation: str, person: str | None = None, identifier: str = "") -> SealSigner:
    """The platform's seal certificate of an organisation (公章) or of one of its officers (签名章)."""
    return authority_from_settings().certificate_for(organisation, person, identifier)
