"""A delivery of a plan layer between upload and import: kept for a day, looked at, its columns and codes matched."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import IO, Any

from sqlalchemy.orm import Session

from gis.deliveries.fields import stated_codes, stated_fields
from gis.layers.layer import layer_catalogue
from gis.layers.mapping import look_at
from gis.source_crs import parse_crs
from project_box.kernel.errors import NotFound, PlatformError
from project_box.kernel.identity import Actor
from project_box.kernel.settings import get_settings
from web.views.gis import crs_options, layers_view
from web.views.plans import only_admin

#: how long a delivery is kept for its import
_KEPT_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed beside the file: the layer it is for, the version, and how the file is to be read."""

    code: str = ""
    version: str = ""
    valid_from: str = ""
    valid_to: str = ""
    crs: str = ""
    other_crs: str = ""
    layer: str = ""


def _folder() -> Path:
    return get_settings().var_dir / "deliveries"


def keep(actor: Actor, name: str, stream: IO[bytes]) -> str:
    """Keep an uploaded delivery for a day; returns what it is called by.

    Raises:
        Forbidden: not an administrator.
    """
    only_admin(actor)
    _forget_old()
    token = secrets.token_hex(16)
    path = _folder() / token / file_name(name)
    path.parent.mkdir(parents=True)
    with path.open("wb") as out:
        shutil.copyfileobj(stream, out, 1 << 20)
    return token


def file_name(name: str) -> str:
    """The name of an uploaded file without its folders."""
    return PurePath(name.replace("\\", "/")).name[-_LONGEST_NAME:] or "layer"


def kept(actor: Actor, token: str) -> Path:
    """Where a delivery is kept.

    Raises:
        Forbidden: not an administrator. NotFound: it was imported or is older than a day.
    """
    only_admin(actor)
    folder = _folder() / token
    found = sorted(folder.iterdir()) if _TOKEN.fullmatch(token) and folder.is_dir() else []
    if not found:
        raise NotFound(
            "上传的文件已不在（已导入或超过一天）",
            "the uploaded file is no longer there",
            code="delivery_gone",
            remedy="重新选择文件上传",
            remedy_en="choose the file and upload it again",
        )
    return found[0]


def forget(token: str) -> None:
    """Remove a delivery that was imported."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(_folder() / token, ignore_errors=True)


def _forget_old() -> None:
    for folder in _folder().glob("*"):
        if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            forget(folder.name)


def look_view(
    session: Session,
    actor: Actor,
    wanted: Wanted,
    path: Path,
    fields: Mapping[str, str] | None,
    codes: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """What a delivery holds and how it would be imported.

    Raises:
        BadInput: as :func:`gis.layers.mapping.look_at`.
    """
    only_admin(actor)
    return look_at(
        session,
        wanted.code,
        path,
        crs=parse_crs(wanted.other_crs or wanted.crs),
        layer=wanted.layer.strip() or None,
        fields=fields,
        codes=codes,
    )


def delivery_view(
    session: Session,
    actor: Actor,
    token: str,
    wanted: Wanted,
    fields: Mapping[str, str] | None = None,
    codes: Mapping[str, Mapping[str, str]] | None = None,
    error: PlatformError | None = None,
) -> dict[str, Any]:
    """The page of a kept delivery; what hinders reading it is told on the page, beside the fields that can mend it."""
    path = kept(actor, token)
    seen = None
    try:
        seen = look_view(session, actor, wanted, path, fields, codes or {})
    except PlatformError as fault:
        if fault.status not in (404, 409, 422):
            raise
        error = error or fault
    held = layer_catalogue().layers.get(wanted.code)
    return {
        "token": token,
        "file": {"name": path.name, "bytes": path.stat().st_size},
        "wanted": asdict(wanted),
        "layer": held,
        "layers": layers_view(session)["layers"],
        "crs_options": crs_options(),
        "inside": (error.details.get("layers") or []) if error is not None else [],
        "whole": error is not None and bool(error.details.get("whole")),
        "seen": seen,
        "error": error,
    }


def typed_mapping(
    form: Sequence[tuple[str, str]],
) -> tuple[dict[str, str] | None, dict[str, dict[str, str]]]:
    """Fields and codes of the form: ``field.DKBH`` is a column, ``meant.YDDM.3`` what ``written.YDDM.3`` becomes.

    Returns:
        None for the fields when the form has none yet.
    """
    fields = {k.removeprefix("field."): v for k, v in form if k.startswith("field.")}
    written: dict[str, str] = {k.removeprefix("written."): v for k, v in form if k.startswith("written.")}
    codes: dict[str, dict[str, str]] = {}
    for name, meant in form:
        key = name.removeprefix("meant.")
        if name.startswith("meant.") and meant and key in written:
            codes.setdefault(key.rpartition(".")[0], {})[written[key]] = meant
    return (fields or None), codes


def typed_words(fields: str, codes: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Fields and codes written as text, ``DKBH=PLOT_NO; YDDM=USE`` and ``YDDM:R2=07``."""
    parts = ([e for e in re.split(r"[;；\n]", text) if e.strip()] for text in (fields, codes))
    first, second = parts
    return stated_fields(first), stated_codes(second)
