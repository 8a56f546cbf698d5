"""A sunlight check as rows for tables and shapes for a map: every unit, every facade, every window, with hours."""

from __future__ import annotations

from typing import Any

import shapely

from elements.sunlight.drawing import Situation
from elements.sunlight.report import DaySun, SunReport, UnitSun, hours_text
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import to_plain

#: windows kept per day: a page with more of them helps nobody
MOST_WINDOWS = 3000


def unit_rows(report: SunReport) -> list[dict[str, Any]]:
    """Every unit on every day that its standard asks about, the worst first."""
    rows = []
    for day in report.days:
        for unit in day.units:
            if unit.standard is None and unit.outcome is not Outcome.UNDECIDED:
                continue
            rows.append(_unit_row(day, unit))
    rank = {"fail": 0, "undecided": 1, "pass": 2, "note": 3}
    return sorted(rows, key=lambda r: (rank[r["outcome"]], not r["own"], r["low"], r["unit"]))


def _unit_row(day: DaySun, unit: UnitSun) -> dict[str, Any]:
    same = unit.high - unit.low < 1e-6
    return {
        "unit": unit.name,
        "building": unit.building,
        "own": unit.own,
        "case": unit.case,
        "day": day.name,
        "date": day.date.isoformat(),
        "hours_that_count": [day.start, day.end],
        "clock": list(day.clock),
        "basis": unit.basis,
        "low": round(unit.low, 4),
        "high": round(unit.high, 4),
        "shown": hours_text(unit.low) if same else f"{hours_text(unit.low)} – {hours_text(unit.high)}",
        "needed": unit.standard.hours if unit.standard is not None else None,
        "outcome": unit.outcome.value,
        "message": unit.message,
        "message_en": unit.message_en,
        "shaded_by": list(unit.shaded_by),
        "affected": unit.affected,
        "missing": [to_plain(m) for m in unit.missing],
        "refs": [to_plain(r) for r in unit.refs],
    }


def window_rows(report: SunReport) -> list[dict[str, Any]]:
    """Every window point of every day: where it lies, its hours and its intervals of true solar time."""
    rows = []
    for day in report.days:
        units = {i: u.name for u in day.units for i in u.windows}
        for number, sun in enumerate(day.windows[:MOST_WINDOWS]):
            window = sun.window
            rows.append(
                {
                    "day": day.name,
                    "unit": units.get(number, ""),
                    "building": window.building,
                    "x": round(window.x, 3),
                    "y": round(window.y, 3),
                    "z": round(window.z, 3),
                    "low": round(sun.low, 4),
                    "high": round(sun.high, 4),
                    "lit": [[round(a, 4), round(b, 4)] for a, b in sun.lit],
                    "shaded_by": list(dict.fromkeys(s.building for s in sun.shades)),
                }
            )
    return rows


def facade_rows(report: SunReport) -> list[dict[str, Any]]:
    """Every facade of every day: least and most hours along it, and the stretches below the standard."""
    return [
        {
            "day": day.name,
            "building": f.facade.building,
            "main": f.main,
            "line": [[round(c, 3) for c in f.facade.start], [round(c, 3) for c in f.facade.end]],
            "least": round(f.least, 4),
            "most": round(f.most, 4),
            "short": [[round(a, 3), round(b, 3)] for a, b in f.short],
        }
        for day in report.days
        for f in day.facades
    ]


def plan_shapes(situation: Situation) -> list[dict[str, Any]]:
    """Outlines of all buildings as rings of drawing coordinates, for the map under the hours."""
    out = []
    for building in situation.buildings:
        for part in shapely.get_parts(building.block.footprint):
            ring = [[round(x, 3), round(y, 3)] for x, y in part.exterior.coords]
            out.append(
                {"building": building.name, "own": building.own, "ring": ring, "top": building.block.top}
            )
    return out
