"""What drawn things say of the length unit: parking bays have one size everywhere, doors too, and lengths are round."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

import shapely
from shapely.geometry import LineString

from drawings.cad.curve import Curve
from drawings.cad.model import CadFile, UnitVote
from drawings.cad.selection import Wanted, picked
from drawings.reading import UnitRules

_MOST = 300  # bays, doors and outlines looked at
_LEAST_BAYS, _LEAST_DOORS, _LEAST_LENGTHS = 3, 4, 6
#: a sheet is this much longer than wide; sizes are compared within this share
_SHEET_RATIO, _SHEET_SLACK = math.sqrt(2), 0.004
_QUARTER = (75.0, 105.0)  # degrees an open door is drawn through
_FOOT = 0.3048
_STRAIGHT = frozenset({"LINE", "LWPOLYLINE", "POLYLINE"})
_MOST_LINES = 60  # of a layer that may be the sides of a site drawn one by one


def drawn_votes(cad: CadFile, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """Votes of parking bays, door swings, round lengths and frames of sheets."""
    return [
        *_bays(cad, candidates, rules),
        *_doors(cad, candidates, rules),
        *_round_lengths(cad, candidates, rules),
        *_frames(cad, candidates, rules),
    ]


def areas_of_lines(cad: CadFile) -> list[float]:
    """Areas, square units, that single lines of a layer enclose where they meet end to end; of few lines a layer."""
    lines: dict[str, list[LineString]] = defaultdict(list)
    for entity in cad.entities:
        for curve in entity.curves if entity.kind in _STRAIGHT else ():
            if (
                not curve.closed
                and 2 <= len(curve.points) <= _MOST
                and len(lines[entity.layer]) <= _MOST_LINES
            ):
                lines[entity.layer].append(LineString([(x, y) for x, y, *_ in curve.points]))
    few = [own for own in lines.values() if 3 <= len(own) <= _MOST_LINES]
    return [cell.area for own in few for cell in shapely.polygonize(own).geoms]


def _bays(cad: CadFile, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """The size most outlines on the layers of parking bays have."""
    wanted = re.compile(rules.bay_layers, re.IGNORECASE)
    layers = {name for name in cad.layers if wanted.search(name)}
    if not layers:
        return []
    sizes: Counter[tuple[float, float]] = Counter()
    for entity in islice(picked(cad.entities, Wanted(layers=layers, kinds=_OUTLINES)), _MOST):
        sizes.update(s for c in entity.curves if (s := _rectangle(c)) is not None)
    if not sizes:
        return []
    (narrow, long), count = sizes.most_common(1)[0]
    if count < _LEAST_BAYS:
        return []
    (w0, w1), (l0, l1) = rules.bay_width_m, rules.bay_length_m
    out = []
    for unit in candidates:
        size = narrow * rules.metres[unit], long * rules.metres[unit]
        fits = w0 <= size[0] <= w1 and l0 <= size[1] <= l1
        weight = rules.votes.bays if fits else -rules.votes.bays
        out.append(UnitVote("bays", unit, weight, f"{count} × {size[0]:.3g} × {size[1]:.3g} m"))
    return out if any(v.weight > 0 for v in out) else []


_OUTLINES = frozenset({"LWPOLYLINE", "POLYLINE"})


def _rectangle(curve: Curve) -> tuple[float, float] | None:
    """(short, long) side of a rectangle; None of anything else."""
    points = list(curve.points)
    if len(points) == 5 and math.dist(points[0], points[-1]) < 1e-9:
        points.pop()
    if len(points) != 4 or (curve.bulges is not None and any(curve.bulges)):
        return None
    sides = [math.dist(points[i], points[(i + 1) % 4]) for i in range(4)]
    slack = 1e-3 * max(sides)
    across = math.dist(points[0], points[2]) - math.dist(points[1], points[3])
    if (
        min(sides) <= 0
        or abs(sides[0] - sides[2]) > slack
        or abs(sides[1] - sides[3]) > slack
        or abs(across) > slack
    ):
        return None
    short, long = sorted(sides[:2])
    return float(f"{short:.3g}"), float(f"{long:.3g}")


def _doors(cad: CadFile, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """The radius most quarter arcs have, if it can be a door's."""
    wanted = re.compile(rules.door_layers, re.IGNORECASE)
    layers = {name for name in cad.layers if wanted.search(name)}
    if not layers:
        return []
    radii: Counter[float] = Counter()
    for entity in islice(picked(cad.entities, Wanted(layers=layers, kinds={"ARC"})), _MOST):
        for curve in entity.curves:
            bulges = [b for b in curve.bulges or () if b]
            turned = sum(4 * math.atan(abs(b)) for b in bulges)
            if bulges and _QUARTER[0] <= math.degrees(turned) <= _QUARTER[1]:
                half = 2 * math.atan(abs(bulges[0]))
                radii[float(f"{math.dist(*curve.points[:2]) / 2 / math.sin(half):.3g}")] += 1
    if sum(radii.values()) < _LEAST_DOORS:
        return []
    radius = radii.most_common(1)[0][0]
    low, high = rules.door_m
    return [
        UnitVote("doors", u, rules.votes.doors, f"{radius * rules.metres[u]:.3g} m")
        for u in candidates
        if low <= radius * rules.metres[u] <= high
    ]


def _frames(cad: CadFile, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """The largest outline of the shape of a sheet (A0 to A4), if it is one at a usual scale: A1 at 1:500 is 420.5 m."""
    best = 0.0
    for entity in islice(picked(cad.entities, Wanted(kinds=_OUTLINES)), _MOST * 10):
        for curve in entity.curves:
            if curve.closed and len(curve.points) <= 5 and (size := _rectangle(curve)) is not None:
                short, long = size
                if abs(long / short / _SHEET_RATIO - 1) <= _SHEET_SLACK:
                    best = max(best, short)
    out: list[UnitVote] = []
    for unit in candidates:
        fits = [
            f"1:{scale:g} × {sheet:g} m"
            for sheet in rules.sheets_m
            for scale in rules.sheet_scales
            if abs(best * rules.metres[unit] / (sheet * scale) - 1) <= _SHEET_SLACK
        ]
        if fits:
            out.append(UnitVote("frame", unit, rules.votes.frame, fits[0]))
    return out


def _round_lengths(cad: CadFile, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """People draw round lengths: a unit in which hardly any is round is not theirs, where another one makes them so."""
    lengths: set[float] = set()
    for entity in islice(picked(cad.entities, Wanted(kinds=_OUTLINES)), _MOST):
        for curve in entity.curves:
            if curve.closed and len(curve.points) <= 12:
                lengths.update(round(math.dist(a, b), 6) for a, b in pairwise(curve.points))
    lengths = {x for x in lengths if x > 0 and math.isfinite(x)}
    if len(lengths) < _LEAST_LENGTHS:
        return []
    shares = {
        u: max(_round_share(lengths, rules.metres[u], m, rules) for m in _modules(u, rules))
        for u in candidates
    }
    if max(shares.values()) < rules.round_from or min(shares.values()) > rules.round_below:
        return []
    weight = rules.votes.round_lengths
    return [
        UnitVote("round_lengths", u, weight if share >= rules.round_from else -weight, f"{share:.0%}")
        for u, share in shares.items()
        if share >= rules.round_from or share <= rules.round_below
    ]


def _modules(unit: str, rules: UnitRules) -> tuple[float, ...]:
    """Lengths, m, that others are multiples of: metric ones, and half feet in units of feet and inches."""
    return (rules.round_m, _FOOT / 2) if unit in ("ft", "in", "us-ft") else (rules.round_m,)


def _round_share(lengths: Iterable[float], factor: float, module: float, rules: UnitRules) -> float:
    """Share of the lengths worth looking at that are multiples of a module; 0 of too few."""
    metres = [x * factor for x in lengths]
    long = [x for x in metres if x >= 4 * module]
    hits = sum(abs(x - module * round(x / module)) <= rules.round_slack_m for x in long)
    return hits / len(long) if len(long) >= _LEAST_LENGTHS else 0.0
