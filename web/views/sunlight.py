"""The sunlight table as a picture and lists: plain dicts for the page, in the picture's own coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: width of the picture in its own units; its height follows the site
_WIDTH = 960.0
_MARGIN = 24.0
#: rows shown before the list is folded
SHOWN = 60


def sun_picture(table: Mapping[str, Any]) -> dict[str, Any] | None:
    """Plan of the buildings with hours: polygons, short stretches, window points; None when nothing was drawn.

    North is up. Every shape carries its outcome and a sentence, so that colour never stands alone.
    """
    plan = table.get("plan") or []
    points = [p for shape in plan for p in shape["ring"]]
    if not points:
        return None
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    scale = (_WIDTH - 2 * _MARGIN) / max(right - left, (high - low) * 0.6, 1.0)

    def at(x: float, y: float) -> tuple[float, float]:
        return round(_MARGIN + (x - left) * scale, 1), round(_MARGIN + (high - y) * scale, 1)

    def path(ring: Iterable[Iterable[float]]) -> str:
        return " ".join(f"{u},{v}" for u, v in (at(*p) for p in ring))

    units = table.get("units") or []
    day = units[0]["day"] if units else ""
    needed = {u["building"]: u["needed"] for u in units if u["needed"] is not None}
    worst: dict[str, dict[str, Any]] = {}
    for unit in units:  # the worst comes first
        worst.setdefault(unit["building"], unit)
    return {
        "width": _WIDTH,
        "height": round((high - low) * scale + 2 * _MARGIN, 1),
        "day": day,
        "buildings": [
            {
                "name": shape["building"],
                "own": shape["own"],
                "points": path(shape["ring"]),
                "at": at(
                    sum(x for x, _ in shape["ring"][:-1]) / max(len(shape["ring"]) - 1, 1),
                    sum(y for _, y in shape["ring"][:-1]) / max(len(shape["ring"]) - 1, 1),
                ),
                "outcome": worst.get(shape["building"], {}).get("outcome", "none"),
                "shown": worst.get(shape["building"], {}).get("shown", ""),
            }
            for shape in plan
        ],
        "short": [
            {"building": f["building"], "ends": [at(*_along(f["line"], a)), at(*_along(f["line"], b))]}
            for f in table.get("facades") or []
            if f["day"] == day and f["main"]
            for a, b in f["short"]
        ],
        "windows": [
            {
                "at": at(w["x"], w["y"]),
                "name": w["unit"] or w["building"],
                "hours": w["low"],
                "outcome": "none"
                if w["building"] not in needed
                else "pass"
                if w["low"] >= needed[w["building"]]
                else "fail",
            }
            for w in table.get("windows") or []
            if w["day"] == day
        ],
    }


def _along(line: list[list[float]], station: float) -> tuple[float, float]:
    (x1, y1), (x2, y2) = line
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1.0
    share = min(max(station / length, 0.0), 1.0)
    return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share


def sun_lists(table: Mapping[str, Any]) -> dict[str, Any]:
    """Units and windows for the tables: the first rows, and how many there are."""
    units, windows = table.get("units") or [], table.get("windows") or []
    days = {u["day"] for u in units}
    asked = [w for w in windows if w["day"] in days] or windows
    return {
        "units": units[:400],
        "unit_count": len(units),
        "windows": sorted(asked, key=lambda w: w["low"])[:SHOWN],
        "window_count": len(asked),
        "counting": table.get("counting") or "",
    }
