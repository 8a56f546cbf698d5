"""Plan layers as pages and API show them: list, versions, what lies at a point. Never commits."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.check.checking import today
from gis.check.conflict import Period
from gis.layers.layer import LayerCatalogue, LayerDefinition, layer_catalogue
from gis.models import LayerVersion
from project_box.kernel.errors import BadInput, NotFound


def list_layers(session: Session, catalogue: LayerCatalogue | None = None) -> list[dict[str, Any]]:
    """Every layer of the catalogue in tree order, with its current version (None where no data is loaded)."""
    catalogue = catalogue or layer_catalogue()
    current = repository.current_versions(session)
    return [layer_plain(d, current.get(d.code), catalogue) for d in catalogue.layers.values()]


def layer_plain(
    definition: LayerDefinition, row: LayerVersion | None, catalogue: LayerCatalogue
) -> dict[str, Any]:
    """A layer as API and pages show it."""
    family = catalogue.families.families[definition.family]
    return {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "family": definition.family,
        "family_name": family.name,
        "family_name_en": family.name_en,
        "policy": definition.policy.value,
        "policy_name": definition.policy.zh,
        "policy_name_en": definition.policy.en,
        "clause": definition.clause.model_dump(),
        "trigger": definition.trigger,
        "symbol": definition.symbol.model_dump(mode="json"),
        "classes": [
            {"key": k, "name": v.name, "name_en": v.name_en, "fill": v.fill}
            for k, v in (definition.classes.values.items() if definition.classes else ())
        ],
        "fields": {
            k: {"name": f.name, "name_en": f.name_en, "unit": f.unit} for k, f in definition.fields.items()
        },
        "version": version_plain(row) if row is not None else None,
    }


def version_plain(row: LayerVersion) -> dict[str, Any]:
    """A layer version as API and pages show it."""
    return {
        "id": row.id,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to is not None else None,
        "in_force": Period(row.version, row.valid_from, row.valid_to).holds_on(today()),
        "current": row.current,
        "source_name": row.source_name,
        "mapping": row.mapping,
        "source_crs": row.source_crs,
        "check_crs": row.check_crs,
        "features": row.feature_count,
        "pieces": row.piece_count,
        "repaired": row.repaired_count,
        "dropped": row.dropped_count,
        "area_m2": round(row.area_m2, 2),
        "extent_lonlat": row.extent_lonlat,
        "imported_at": row.imported_at.isoformat(),
    }


def show_layer(session: Session, code: str) -> dict[str, Any]:
    """One layer with all its versions and the current one's import report.

    Raises:
        NotFound: no such layer.
    """
    catalogue = layer_catalogue()
    definition = catalogue.get(code)
    rows = repository.versions(session, definition.code)
    current = next((r for r in rows if r.current), None)
    plain = layer_plain(definition, current, catalogue)
    plain["versions"] = [version_plain(r) for r in rows]
    plain["issues"] = current.issues if current is not None else []
    return plain


# --- map -------------------------------------------------------------------------------------------------------------


def identify(session: Session, x: float, y: float, crs: int) -> dict[str, Any]:
    """Everything the plan layers hold at a point.

    Raises:
        BadInput: unknown CRS, or coordinates outside of it.
    """
    if not (np.isfinite(x) and np.isfinite(y)):
        raise BadInput("坐标不是有效数字", "coordinates are not numbers", code="COORD-NAN")
    crs_module.crs(crs)
    catalogue = layer_catalogue()
    groups: dict[int, list[LayerVersion]] = {}
    current = repository.current_versions(session)
    for row in current.values():
        if row.layer_code in catalogue.layers and crs_module.can_transform(crs, row.check_crs):
            groups.setdefault(row.check_crs, []).append(row)
    found: dict[str, list[dict[str, Any]]] = {}
    for check_crs, rows in groups.items():
        try:
            spot = crs_module.transform_point(x, y, crs, check_crs)
        except BadInput:
            continue  # the point lies outside of what this check CRS can express: nothing of it is here
        by_id = {row.id: row for row in rows}
        pairs = repository.at_point(session, list(by_id), *spot, check_crs)
        for (version_id, fid), (label, key, attributes) in repository.describe(session, pairs).items():
            found.setdefault(by_id[version_id].layer_code, []).append(
                {"fid": fid, "label": label, "class": key, "attributes": attributes}
            )
    return {
        "x": x,
        "y": y,
        "crs": crs,
        "layers": [
            {
                "code": d.code,
                "name": d.name,
                "name_en": d.name_en,
                "version": current[d.code].version,
                "fields": {k: f.name for k, f in d.fields.items()},
                "features": found[d.code],
            }
            for d in catalogue.layers.values()
            if d.code in found
        ],
    }


def named_version(session: Session, definition: LayerDefinition, name: str) -> LayerVersion:
    """A version of a layer by its name.

    Raises:
        NotFound: no such version.
    """
    row = repository.version(session, definition.code, name)
    if row is None:
        raise NotFound(
            f"{definition.name}没有版本 {name[:60]}",
            f"no version {name[:60]} of {definition.code}",
            code="version_not_found",
            remedy=f"project-box layers show {definition.code} 列出各版本",
            remedy_en=f"project-box layers show {definition.code} lists the versions",
        )
    return row
