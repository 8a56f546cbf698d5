"""字段与代码对照: how the columns and codes of a delivery become a layer's; proposed before an import, kept with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gis import repository
from gis.deliveries import survey
from gis.deliveries.fields import Codes, FieldMatch, checked_codes, match_fields
from gis.deliveries.source import Source, open_source
from gis.layers.layer import LayerDefinition, layer_catalogue


def saved_mapping(session: Session, code: str) -> dict[str, Any]:
    """``{"version", "fields", "codes"}`` of the newest version whose import was told how to read its delivery."""
    rows = repository.versions(session, layer_catalogue().get(code).code)
    told = max((r for r in rows if r.mapping), key=lambda r: r.imported_at, default=None)
    if told is None:
        return {"version": None, "fields": {}, "codes": {}}
    return {"version": told.version, "fields": {}, "codes": {}} | told.mapping


def kept_mapping(
    definition: LayerDefinition, columns: Sequence[str], fields: Mapping[str, str], codes: Codes
) -> dict[str, Any]:
    """What a version keeps of how it was read; nothing when its import was told nothing.

    That a field has no column is kept where a column of its name was turned down.
    """
    by_name = definition.rename(list(columns)).values()
    stated = {
        "fields": {f: c for f, c in fields.items() if c or f in by_name},
        "codes": {f: dict(c) for f, c in codes.items() if c},
    }
    return {name: value for name, value in stated.items() if value}


def look_at(
    session: Session,
    code: str,
    path: Path,
    *,
    crs: int | None = None,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    codes: Codes | None = None,
) -> dict[str, Any]:
    """What a delivery holds and how it would become a layer; nothing is stored.

    Args:
        fields, codes: as for an import; without ``fields`` those of the layer's last import are proposed, as far as
            the delivery has the columns.

    Returns:
        ``columns`` with samples; ``fields`` of the layer, each with its column and why (``stated``, ``saved``,
        ``name``); ``codes`` of the columns whose values the layer knows, each with what it becomes.

    Raises:
        NotFound: no such layer. BadInput: as :func:`gis.deliveries.source.open_source`; a stated field or column that
            is not there.
    """
    definition = layer_catalogue().get(code)
    saved = saved_mapping(session, code)
    known = {f: c for f, c in saved["codes"].items() if f in definition.fields}
    told = {
        f: {**known.get(f, {}), **c} for f, c in {**known, **checked_codes(definition, codes or {})}.items()
    }
    with open_source(path, crs=crs, layer=layer) as source:
        usable = _usable(definition, source, saved["fields"])
        stated = usable if fields is None else fields
        match, missing = _matched(definition, source, stated)
        chosen = {field: column for column, field in match.names.items()}
        how = "saved" if fields is None else "stated"
        shown = survey.samples(source)
        found = survey.codes(source, [chosen[f] for f in coded(definition) if f in chosen])
        return {
            "code": definition.code,
            "layer": source.layer if source.where is None else layer,
            "crs": source.crs,
            "features": source.count,
            "saved_from": saved["version"] if fields is None and (usable or known) else None,
            "missing": missing,
            "columns": [{"name": c, "samples": list(shown[c])} for c in source.columns],
            "fields": [
                line | {"how": _how(line["field"], line["column"], stated, how)}
                for line in match.lines(definition)
            ],
            "codes": [
                {
                    "field": field,
                    "column": chosen[field],
                    "choices": choices(definition, field),
                    "more": found[chosen[field]].more,
                    "values": [
                        {"value": v, "features": n} | _meaning(definition, field, v, told.get(field, {}))
                        for v, n in found[chosen[field]].values
                    ],
                }
                for field in coded(definition)
                if field in chosen
            ],
        }


def _usable(definition: LayerDefinition, source: Source, saved: Mapping[str, str]) -> dict[str, str]:
    return {f: c for f, c in saved.items() if f in definition.fields and (not c or c in source.columns)}


def _matched(
    definition: LayerDefinition, source: Source, stated: Mapping[str, str]
) -> tuple[FieldMatch, list[str]]:
    """The match, and required fields without column (an import would be refused; here they are told)."""
    lost = [f for f, d in definition.fields.items() if d.required]
    lenient = definition.model_copy(
        update={"fields": {f: d.model_copy(update={"required": False}) for f, d in definition.fields.items()}}
    )
    match = match_fields(lenient, source.columns, stated)
    return match, [f for f in lost if f not in match.names.values()]


def _how(field: str, column: str | None, stated: Mapping[str, str], how: str) -> str | None:
    if field in stated:
        return how
    return "name" if column else None


def coded(definition: LayerDefinition) -> list[str]:
    """Fields whose values the layer knows: that of its classes, and those with a table in the YAML."""
    classes = definition.classes.field if definition.classes else None
    return [f for f, d in definition.fields.items() if f == classes or d.values]


def choices(definition: LayerDefinition, field: str) -> list[dict[str, str]]:
    """The codes a field may have, with names."""
    if definition.classes is not None and definition.classes.field == field:
        return [
            {"code": key, "name": value.name, "name_en": value.name_en}
            for key, value in definition.classes.values.items()
        ]
    meant = dict.fromkeys(definition.fields[field].values.values())
    return [{"code": word, "name": word, "name_en": word} for word in meant]


def _meaning(definition: LayerDefinition, field: str, value: str, told: Mapping[str, str]) -> dict[str, Any]:
    """``meant`` when a person says so, ``becomes`` what the layer understands (None: nothing it knows)."""
    folded = {k.strip().casefold(): v for k, v in told.items()}
    meant = folded.get(value.casefold())
    table = {k.strip().casefold(): v for k, v in definition.fields[field].values.items()}
    becomes = meant or table.get(value.casefold(), value)
    if definition.classes is not None and definition.classes.field == field:
        return {"meant": meant, "becomes": definition.class_of({field: becomes})}
    known = {c["code"] for c in choices(definition, field)}
    return {"meant": meant, "becomes": becomes if becomes in known else None}
