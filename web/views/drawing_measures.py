"""What a drawing's shapes measure, arranged for the page: sides in columns, pairs in a square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: a square of more buildings than this is no help to the eye; the list of nearest pairs is
_SQUARE = 16
_NEAREST = 60
_LINE_WORDS = {
    "control_line": ("建筑控制线", "control line"),
    "road_red_line": ("道路红线", "road red line"),
    "green_line": ("绿线", "green line"),
    "blue_line": ("蓝线", "blue line"),
    "adjacent": ("相邻建筑", "adjacent building"),
}
#: sides by where the road is
POSITIONS = {
    "front": ("前", "front"),
    "rear": ("后", "rear"),
    "left": ("左", "left"),
    "right": ("右", "right"),
}
_BASIS_WORDS = {
    "footprint": ("按建筑基底", "from footprints"),
    "outline": ("图上没有建筑基底，按建筑轮廓", "from outlines, no footprints are drawn"),
    "both": ("部分建筑没有基底，按其轮廓", "from outlines where no footprint is drawn"),
}


def measures_plain(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """``measures`` of a drawing's report for its page; None if nothing was measured."""
    estimate = found.get("estimate")
    setbacks, spacings = _setbacks(found["setbacks"]), _spacings(found["spacings"])
    if not (estimate or setbacks["rows"] or any(found[k] for k in ("heights", "floors", "parking", "green"))):
        return None
    basis = _BASIS_WORDS.get(str((estimate or {}).get("basis")), ("", ""))
    return {
        "estimate": {**estimate, "basis_zh": basis[0], "basis_en": basis[1]} if estimate else None,
        "frontage": found.get("frontage"),
        "setbacks": setbacks,
        "spacings": spacings,
        "heights": found["heights"],
        "floors": found["floors"],
        "parking": found["parking"],
        "green": found["green"],
    }


def _setbacks(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Columns: sides of the site by number, then drawn lines; the least distance of each building to each."""
    columns: dict[tuple[str, Any], dict[str, Any]] = {}
    buildings: dict[str, dict[str, Any]] = {}
    for row in rows:
        side = row["to"] == "site_boundary"
        key = (row["to"], row["number"] if side else 0)
        word = (row["side"], row["side_en"]) if side else _LINE_WORDS.get(row["to"], (row["to"], row["to"]))
        face = POSITIONS.get(row.get("position") or "")
        columns.setdefault(key, {"zh": word[0], "en": word[1], "number": row.get("number"), "face": face})
        own = buildings.setdefault(
            row["handle"], {"building": row["building"], "handle": row["handle"], "least": {}, "inside": True}
        )
        own["inside"] = own["inside"] and row.get("inside", True)
        own["least"][key] = min(row["distance_m"], own["least"].get(key, row["distance_m"]))
    order = sorted(columns, key=lambda k: (k[0] != "site_boundary", k[0], k[1]))
    return {
        "columns": [columns[k] for k in order],
        "rows": [{**b, "cells": [b["least"].get(k) for k in order]} for b in buildings.values()],
    }


def _spacings(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A square of distances between buildings, or the nearest pairs where there are many."""
    names = {h: n for r in rows for h, n in ((r["handle"], r["building"]), (r["other_handle"], r["other"]))}
    apart = {frozenset((r["handle"], r["other_handle"])): r["distance_m"] for r in rows}
    square = len(names) <= _SQUARE
    nearest = sorted(rows, key=lambda r: r["distance_m"])[:_NEAREST]
    return {
        "names": list(names.values()) if square else [],
        "square": [
            {
                "name": name,
                "handle": h,
                "cells": [apart.get(frozenset((h, o))) if o != h else "" for o in names],
            }
            for h, name in names.items()
        ]
        if square
        else [],
        "nearest": [] if square else nearest,
        "pairs": len(rows),
    }
