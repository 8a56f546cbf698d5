"""Which length unit a drawing is in: what the header claims is weighed against how large things are."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from drawings.cad.curve import Curve, Point
from drawings.cad.model import Units
from drawings.reading import UnitRules

_WORDS = {"m": "m", "米": "m", "metre": "m", "meter": "m", "metres": "m", "meters": "m", "mm": "mm", "毫米": "mm",
          "cm": "cm", "厘米": "cm", "м": "m", "мм": "mm"}  # fmt: skip
_STATED = re.compile(
    r"(?:图形单位|绘图单位|单位|units?|единиц\w*)\s*[:=:为]\s*(metres?|meters?|毫米|厘米|米|mm|cm|m|мм|м)(?![\w/²³])",
    re.IGNORECASE,
)


def characteristic_size(
    rings: Sequence[Curve], extents: tuple[float, float, float, float] | None
) -> float | None:
    """Diagonal of the largest closed outlines (geometric mean of up to five), else of everything; drawing units."""
    diagonals: list[float] = []
    for ring in rings:
        x0, y0, x1, y1 = ring.bounds()
        diagonal = math.hypot(x1 - x0, y1 - y0)
        if math.isfinite(diagonal) and diagonal > 0:
            diagonals.append(diagonal)
    if diagonals:
        top = sorted(diagonals, reverse=True)[:5]
        top = [d for d in top if d > top[0] / 30]
        return math.exp(sum(math.log(d) for d in top) / len(top))
    if extents is not None:
        diagonal = math.hypot(extents[2] - extents[0], extents[3] - extents[1])
        return diagonal if diagonal > 0 else None
    return None


def weigh(
    header_code: int | None,
    *,
    rings: Sequence[Curve],
    extents: tuple[float, float, float, float] | None,
    middle: Point | None,
    texts: Sequence[str],
    rules: UnitRules,
    confirmed: str | None = None,
) -> Units:
    """A first estimate of the unit, from what a reader knows anyway; :mod:`drawings.cad.unit_evidence` settles it.

    Args:
        header_code: ``$INSUNITS``, None or 0 if the header says nothing.
        rings: closed outlines in drawing units; ``extents`` of everything; ``middle`` a typical (median) coordinate.
        texts: short texts of the drawing, searched for a stated unit.
        confirmed: the unit a person has confirmed; it is not weighed.
    """
    metres = rules.metres
    header = rules.header.get(header_code) if header_code else None
    if confirmed is not None:
        return Units(confirmed, metres[confirmed], "confirmed", header)
    size = characteristic_size(rings, extents)
    national = next(
        (u for u in rules.candidates if middle is not None and _is_national(middle, metres[u], rules)), None
    )
    stated = _stated_unit(texts)

    def settled(unit: str, source: str) -> Units:
        return Units(unit, metres[unit], source, header, size=size, national=national, stated=stated)

    def plausible(unit: str) -> bool:
        return size is None or is_plausible(size, metres[unit], rules)

    best = national or (stated if stated and plausible(stated) else None)
    if best is None and size is not None:
        best = min(rules.candidates, key=lambda u: distance_from_usual(size, metres[u], rules))
    if header is not None:
        contradicted = (national is not None and national != header) or (
            size is not None and not plausible(header)
        )
        if not contradicted or best is None or best == header:
            return settled(header, "header")
        if national is None and not plausible(best):
            return settled(header, "assumed")
        return settled(best, "extents")
    if best is None or not (national or plausible(best)):
        return settled(best or rules.candidates[0], "assumed")
    return settled(best, "extents")


def is_plausible(size: float, factor: float, rules: UnitRules) -> bool:
    """True if a site or a building can be ``size`` drawing units of ``factor`` metres across."""
    low, high = rules.plausible_m
    return low <= size * factor <= high


def distance_from_usual(size: float, factor: float, rules: UnitRules) -> float:
    """How far a size is from the usual one, in powers of ten."""
    # a size so small that the product underflows is as far from usual as can be
    ratio = size * factor / rules.usual_m
    return abs(math.log10(ratio)) if ratio > 0 else math.inf


def _is_national(point: Point, factor: float, rules: UnitRules) -> bool:
    """True if the point, in metres, is a plane coordinate of the national systems, in either axis order."""
    a, b = point[0] * factor, point[1] * factor
    ranges = rules.national

    def within(value: float, span: tuple[float, float]) -> bool:
        return span[0] <= value <= span[1]

    def pair(x: float, y: float) -> bool:
        return within(y, ranges.northing) and (within(x, ranges.easting) or within(x, ranges.zoned_easting))

    return pair(a, b) or pair(b, a)


def _stated_unit(texts: Sequence[str]) -> str | None:
    found = {
        _WORDS[m.group(1).lower()]
        for t in texts
        if (m := _STATED.search(unicodedata.normalize("NFKC", t))) is not None
    }
    return found.pop() if len(found) == 1 else None
