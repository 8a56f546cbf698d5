"""What changed the figures of the 建筑面积统计表 between two revisions, and which floors are behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from drawings.areas.area_table import AreaTable, FloorTable
from project_box.kernel.plain import to_plain


@dataclass(frozen=True, slots=True)
class FloorDelta:
    """A floor whose counted area differs; None where it is absent or undecided. handles: the outlines that count."""

    building: str
    floor: str
    before: Decimal | None
    after: Decimal | None
    handles_before: tuple[str, ...]
    handles: tuple[str, ...]

    @property
    def delta(self) -> Decimal:
        """㎡, after minus before; what is absent counts nothing."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))


@dataclass(frozen=True, slots=True)
class FigureDelta:
    """One figure of the table in both revisions with the floors behind the difference, the greatest first."""

    code: str
    name: str
    before: Decimal | None
    after: Decimal | None
    causes: tuple[FloorDelta, ...]


def compare_areas(before: AreaTable, after: AreaTable) -> list[FigureDelta]:
    """Totals, above and below ground, by building and by use; figures that are the same are left out."""
    floors = _floor_deltas(before, after)
    parts = _parts(before) | _parts(after)

    def of(*wanted: str) -> tuple[FloorDelta, ...]:
        return tuple(f for f in floors if not wanted or parts[f.building, f.floor] in wanted)

    figures = [
        FigureDelta("total", "总建筑面积", before.total, after.total, of()),
        FigureDelta("above", "地上建筑面积", before.above, after.above, of("above", "roof")),
        FigureDelta("below", "地下建筑面积", before.below, after.below, of("below")),
    ]
    old, new = ({b.name: b.total for b in t.buildings} for t in (before, after))
    figures += [
        FigureDelta(f"building:{name}", f"{name} 建筑面积", old.get(name), new.get(name),
                    tuple(f for f in floors if f.building == name))
        for name in dict.fromkeys([*old, *new])
    ]  # fmt: skip
    figures += [
        FigureDelta(
            f"use:{use}", f"{use or '未注明用途'}面积", before.by_use.get(use), after.by_use.get(use), ()
        )
        for use in dict.fromkeys([*before.by_use, *after.by_use])
    ]
    return [f for f in figures if f.before != f.after]


def _all(table: AreaTable) -> Iterable[tuple[tuple[str, str], FloorTable]]:
    for building in table.buildings:
        for floor in building.floors:
            yield (building.name, floor.name or floor.floors), floor


def _parts(table: AreaTable) -> dict[tuple[str, str], str]:
    return {key: floor.part for key, floor in _all(table)}


def _floor_deltas(before: AreaTable, after: AreaTable) -> list[FloorDelta]:
    old, new = dict(_all(before)), dict(_all(after))
    found = []
    for key in dict.fromkeys([*old, *new]):
        a, b = old.get(key), new.get(key)
        if (a.total if a else None) != (b.total if b else None):
            found.append(
                FloorDelta(*key, a.total if a else None, b.total if b else None, _handles(a), _handles(b))
            )
    return sorted(found, key=lambda f: -abs(f.delta))


def _handles(floor: FloorTable | None) -> tuple[str, ...]:
    return tuple(h for line in floor.lines for h in line.handles) if floor else ()


def figures_to_plain(figures: Iterable[FigureDelta]) -> list[dict[str, Any]]:
    """JSON form; areas as text, None where undecided or absent."""
    return [
        {
            **to_plain(f),
            "delta": str((f.after or Decimal(0)) - (f.before or Decimal(0))),
            "causes": [{**to_plain(c), "delta": str(c.delta)} for c in f.causes],
        }
        for f in figures
    ]
