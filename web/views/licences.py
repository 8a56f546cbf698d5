"""Licences and their verification, as pages and API show them."""

from __future__ import annotations

from typing import Any

from approval import service
from approval.models import Licence
from drawings.review.sealed_set import SetReport
from project_box.kernel.plain import to_plain


def licence_plain(licence: Licence) -> dict[str, Any]:
    """A licence for those who may see the project."""
    status, words = service.licence_status(licence)
    return {
        "number": licence.number,
        "kind": licence.kind,
        "name": licence.name,
        "name_en": licence.name_en,
        "holder": licence.holder,
        "authority": licence.authority,
        "project": licence.project.name,
        "project_id": str(licence.project_id),
        "project_code": licence.project.code,
        "case_id": str(licence.case_id),
        "issued_on": licence.issued_on.isoformat(),
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
        "validity": licence.data.get("validity", ""),
        "status": status,
        "status_name": words,
        "verify_code": licence.verify_code,
        "verify_link": f"/verify/{licence.verify_code}",
        "sha256": licence.sha256,
        "file_id": str(licence.file_id),
        "data": licence.data,
    }


def verify_view(licence: Licence | None, report: Any) -> dict[str, Any]:
    """What the public sees: an allow-list of the licence's fields and the report on the seal."""
    public = None
    if licence is not None:
        status, words = service.licence_status(licence)
        public = {
            "number": licence.number,
            "name": licence.name,
            "name_en": licence.name_en,
            "holder": licence.holder,
            "project": licence.project.name,
            "authority": licence.authority,
            "issued_on": licence.issued_on.isoformat(),
            "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
            "status": status,
            "status_name": words,
        }
    return {
        "ok": bool(report.ok and public is not None and public["status"] == "valid"),
        "seal_ok": report.ok,
        "licence": public,
        "drawings": None,
        "report": _report(report),
    }


def set_view(found: SetReport) -> dict[str, Any]:
    """A sealed set of drawings: what it is of, its files, the report on its seal."""
    manifest = found.manifest or {}
    return {
        "ok": found.ok,
        "seal_ok": found.ok,
        "licence": None,
        "drawings": {
            "project": manifest.get("project"),
            "revision": manifest.get("revision"),
            "review": manifest.get("review"),
            "files": to_plain(found.files),
        },
        "report": {**(_report(found.seal) if found.seal else {}), "ok": found.ok, "problems": found.problems},
    }


_REPORTED = (
    "ok",
    "problems",
    "signer",
    "organisation",
    "signed_at",
    "timestamped",
    "sha256",
    "size",
    "seals",
)


def _report(report: Any) -> dict[str, Any]:
    """The report on a seal by an allow-list."""
    plain = to_plain(report)
    return {k: plain.get(k) for k in _REPORTED}
