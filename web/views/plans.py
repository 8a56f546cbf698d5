"""Plan layers, their versions and what a version changed, as pages and API show them."""

from __future__ import annotations

import datetime as dt
import math
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import IO, Any

import shapely
from shapely.geometry import shape
from sqlalchemy.orm import Session

from gis import service
from gis.deliveries.fields import Codes, stated_codes, stated_fields
from gis.differences import version_change_service
from gis.layers.progress import Tell
from gis.source_crs import parse_crs
from project_box.kernel.errors import BadInput, Forbidden
from project_box.kernel.identity import Actor, Role
from project_box.repository import audit_events
from web.views.gis import crs_options, layers_view, lonlat, map_config

#: events of a layer's history that a page shows
_LOG = 50
#: of the reason for switching a version
REASON_LONGEST = 500
#: shapes drawn on a map page, and rows of its table; the downloads have them all
SHOWN = 1000
#: shapes on the map are thinned to this share of their own size
_THIN = 1 / 2000
#: of a link to the map: the closest look in degrees, the screen's pixels, the world in its projection
_CLOSEST, _SCREEN = 0.002, 600
_WORLD_M, _METRES_A_DEGREE = 40_075_016.7, 111_319.5
#: of the width of all shapes, around them
_MARGIN = 0.3


def only_admin(actor: Actor) -> None:
    """Layers are imported and switched by administrators.

    Raises:
        Forbidden: for everybody else.
    """
    if not actor.has(Role.ADMIN):
        raise Forbidden(
            "只有系统管理员可以导入或切换规划图层", "administrators only", code="administrators_only"
        )


def overview_view(session: Session, actor: Actor) -> dict[str, Any]:
    """All layers with their versions, and what the upload form offers."""
    view = layers_view(session)
    return view | {
        "may_import": actor.has(Role.ADMIN),
        "crs_options": crs_options(),
        "today": service.today(),
    }


def layer_view(session: Session, actor: Actor, code: str) -> dict[str, Any]:
    """One layer: rules, fields, versions and import report."""
    layer = service.show_layer(session, code)
    events = audit_events(session, subject=f"layer:{layer['code']}", newest_first=True, limit=_LOG)
    log = [
        {
            "at": e.at,
            "by": e.actor_name,
            "act": e.kind.rpartition(".")[2],
            "valid_to": e.payload.get("valid_to"),
            "version": e.payload.get("version"),
            "reason": e.payload.get("reason", ""),
        }
        for e in events
        if e.kind in ("gis.layer.activated", "gis.layer.ended", "gis.layer.imported")
    ]
    held = layer["version"]
    for issue in layer["issues"]:
        issue["look"] = _look(layer["code"], held, issue["at"]) if issue.get("at") else None
    look = _look(layer["code"], held, None) if held is not None else None
    return {"layer": layer, "may_import": actor.has(Role.ADMIN), "log": log, "look": look}


def _look(code: str, version: dict[str, Any], spot: list[float] | None) -> str | None:
    """The workbench at a spot in the CRS of the delivery, or at all of a version; None where there is no place."""
    extent = version["extent_lonlat"]
    if spot is not None:
        moved = lonlat(shapely.Point(*spot), version["source_crs"])
        extent = shape(moved).bounds if moved is not None else ()
    if not extent:
        return None
    west, south, east, north = extent
    wide = max(east - west, north - south, _CLOSEST) * _METRES_A_DEGREE
    zoom = math.log2(_WORLD_M / 256 * _SCREEN / wide)
    middle = f"{(west + east) / 2:.7f},{(south + north) / 2:.7f}"
    at = f"&p={middle}" if spot is not None else ""
    return f"/map?crs={version['check_crs']}&at={middle}&z={zoom:.2f}&l={code}{at}"


def import_upload(
    session: Session,
    actor: Actor,
    code: str,
    name: str,
    stream: IO[bytes],
    *,
    version: str,
    valid_from: str = "",
    valid_to: str = "",
    crs: str = "",
    layer: str = "",
    fields: str = "",
    codes: str = "",
) -> dict[str, Any]:
    """Import an uploaded delivery; it is copied to disk, never into memory.

    Args:
        fields: which column a field is, ``DKBH=PLOT_NO; YDDM=USE``; for those the names do not tell.
        codes: what the delivery writes to what the layer knows, ``YDDM:R2=07; YDDM:C1=09``.

    Raises:
        Forbidden: not an administrator.
        BadInput: what :func:`gis.service.import_layer` refuses; nothing is stored.
    """
    only_admin(actor)
    if not name:
        raise BadInput(
            "请选择图层数据文件",
            "no file chosen",
            code="required",
            place="file",
            remedy="选择文件后再导入",
            remedy_en="choose a file, then import",
        )
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / (PurePath(name.replace("\\", "/")).name[:120] or "layer")
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        return import_file(
            session,
            actor,
            code,
            path,
            version=version,
            valid_from=valid_from,
            valid_to=valid_to,
            crs=crs,
            layer=layer,
            fields=stated_fields(e for e in re.split(r"[;；\n]", fields) if e.strip()),
            codes=stated_codes(e for e in re.split(r"[;；\n]", codes) if e.strip()),
        )


def import_file(
    session: Session,
    actor: Actor,
    code: str,
    path: Path,
    *,
    version: str,
    valid_from: str = "",
    valid_to: str = "",
    crs: str = "",
    layer: str = "",
    fields: Mapping[str, str],
    codes: Codes,
    progress: Tell | None = None,
) -> dict[str, Any]:
    """Import a delivery that lies on the disk; dates, CRS and layer as typed. ``progress`` is told how far it is.

    Raises:
        Forbidden: not an administrator.
        BadInput: what :func:`gis.service.import_layer` refuses; nothing is stored.
    """
    only_admin(actor)
    row = service.import_layer(
        session,
        code,
        path,
        version=version,
        valid_from=_day(valid_from, "valid_from") or service.today(),
        valid_to=_day(valid_to, "valid_to"),
        crs=parse_crs(crs),
        layer=layer.strip() or None,
        fields=fields,
        codes=codes,
        progress=progress,
        actor=actor,
    )
    return service.version_plain(row) | {"code": row.layer_code, "issues": row.issues}


def _day(text: str, place: str) -> dt.date | None:
    """The day in a field; None where it is empty."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(
            f"日期“{text[:20]}”应写成 2026-01-01",
            "not a date",
            code="not_a_date",
            place=place,
            remedy="改为年-月-日",
            remedy_en="write it as year-month-day",
        ) from error


def activate(session: Session, actor: Actor, code: str, version: str, reason: str) -> dict[str, Any]:
    """Make an imported version current; ``reason`` is kept in the audit chain.

    Raises:
        Forbidden: not an administrator. BadInput: the reason is too long.
    """
    only_admin(actor)
    return service.version_plain(
        service.activate_version(session, actor, code, version, reason=_reason(reason))
    )


def end(
    session: Session, actor: Actor, code: str, version: str, valid_to: str, reason: str
) -> dict[str, Any]:
    """Say until which day a version holds (empty: no end is known); ``reason`` is kept in the audit chain.

    Raises:
        Forbidden: not an administrator. BadInput: no reason or one that is too long, no day, or one before the first.
    """
    only_admin(actor)
    last = _day(valid_to, "valid_to")
    return service.version_plain(
        service.end_version(session, actor, code, version, last, reason=_reason(reason))
    )


def _reason(text: str) -> str:
    if len(text) > REASON_LONGEST:
        raise BadInput(
            f"理由不超过 {REASON_LONGEST} 字", "the reason is too long", code="too_long", place="reason",
            remedy="写得简短些",
            remedy_en="make it shorter",
        )  # fmt: skip
    return text.strip()


# --- version against version -----------------------------------------------------------------------------------------


def changes_geojson(plain: dict[str, Any]) -> dict[str, Any]:
    """The changes as GeoJSON (longitude and latitude): what was added, removed, gained, lost; CRS-free by RFC 7946."""
    features = []
    for change in plain["changes"]:
        for part, geometry in _parts(change):
            features.append(
                {
                    "type": "Feature",
                    "id": f"{change['code']}-{part}",
                    "properties": {
                        "code": change["code"],
                        "kind": change["kind"],
                        "part": part,
                        "label": change["label"],
                        "old_m2": change["old"] and change["old"]["area_m2"],
                        "new_m2": change["new"] and change["new"]["area_m2"],
                        "fields": "; ".join(
                            f"{f['field']}: {f['old']} → {f['new']}" for f in change["fields"]
                        ),
                    },
                    "geometry": lonlat(shape(geometry), plain["crs"]),
                }
            )
    return {"type": "FeatureCollection", "features": features}


def _parts(change: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(what it is, geometry) of a change, as drawn: gained green, lost red, attributes amber."""
    if change["kind"] == "added":
        return [("gained", change["new"]["geometry"])]
    if change["kind"] == "removed":
        return [("lost", change["old"]["geometry"])]
    if change["kind"] == "attributes":
        return [("attributes", change["new"]["geometry"])] if change["new"]["geometry"] else []
    return [(part, change[part]) for part in ("gained", "lost") if change.get(part)]


def changes_view(session: Session, code: str, old: str, new: str, key: str | None) -> dict[str, Any]:
    """Two versions of a layer on the map, with table and areas; without both names only the choice of them."""
    layer = service.show_layer(session, code)
    names = [v["version"] for v in layer["versions"]]
    current = next((v["version"] for v in layer["versions"] if v["current"]), None)
    chosen_new = new or next(iter(names), "")
    others = [n for n in names if n != chosen_new]
    chosen_old = old or (current if current in others else next(iter(others), ""))
    view: dict[str, Any] = {
        "layer": layer,
        "old": chosen_old,
        "new": chosen_new,
        "key": key or "",
        "result": None,
    }
    if not (chosen_old and chosen_new):
        return view | {"map": map_config(session, visible=()), "shapes": []}
    plain = version_change_service.layer_changes(session, code, chosen_old, chosen_new, key=key or None)
    shapes = [
        drawn(change["code"], part, geometry, plain["crs"])
        for change in plain["changes"][:SHOWN]
        for part, geometry in _parts(change)
    ]
    for change in plain["changes"]:
        change["at"] = bool(_parts(change))
    view |= {
        "result": plain,
        "shown": plain["changes"][:SHOWN],
        "shapes": [s for s in shapes if s["geometry"]],
    }
    visible = (layer["code"],) if chosen_new == current else ()
    return view | {"map": framed(session, view["shapes"], visible)}


def drawn(code: str, kind: str, geometry: dict[str, Any], crs: int) -> dict[str, Any]:
    """A shape for the map: longitude and latitude, thinned by its own size."""
    full = shape(geometry)
    west, south, east, north = full.bounds
    thin = shapely.simplify(full, max(east - west, north - south) * _THIN)
    return {"code": code, "kind": kind, "geometry": lonlat(thin if not thin.is_empty else full, crs)}


def framed(session: Session, shapes: list[dict[str, Any]], visible: tuple[str, ...]) -> dict[str, Any]:
    config = map_config(session, visible=visible)
    if shapes:
        west, south, east, north = shapely.total_bounds([shape(s["geometry"]) for s in shapes]).tolist()
        margin = max(east - west, north - south) * _MARGIN
        config["extent"] = [west - margin, south - margin, east + margin, north + margin]
    return config
