"""Rings drawn twice count once; a hatch is a shape only where no outline of its role covers it."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.shapes.pairs import Floats, array
from drawings.shapes.work import Ring, Work

_WEIGHTS = np.array([1.0, math.sqrt(2), math.sqrt(3), math.sqrt(5)])
_HATCH_TWIN = 2  # decimals of metres in which hatches of one place agree


def without_duplicates(work: Work, rings: list[Ring]) -> list[Ring]:
    """The rings that count, in their order; outlines before hatches."""
    kept: list[Ring] = []
    by_role: dict[str, list[Ring]] = defaultdict(list)
    for ring in rings:
        if not ring.hatch:
            by_role[ring.role].append(ring)
    for group in by_role.values():
        kept += _outlines(work, group)
    hatches: dict[str, list[Ring]] = defaultdict(list)
    for ring in rings:
        if ring.hatch:
            hatches[ring.role].append(ring)
    for role, group in hatches.items():
        covering = [
            r.geometry for r in kept if r.role == role and isinstance(r.geometry, (Polygon, MultiPolygon))
        ]
        kept += _uncovered(work, group, covering)
    return kept


def _outlines(work: Work, group: list[Ring]) -> list[Ring]:
    """Rings of one role without those that repeat an earlier one; twins have (nearly) the same bounds."""
    tolerance = work.tolerances.duplicate
    step = 10 * tolerance
    places: dict[tuple[int, ...], list[Ring]] = defaultdict(list)
    kept: list[Ring] = []
    boxes = shapely.bounds(array([r.geometry for r in group]))
    for number, alike in enumerate(_boxes_alike(boxes, tolerance).tolist()):
        ring = group[number]
        if not alike or not isinstance(ring.geometry, (Polygon, MultiPolygon)):
            kept.append(ring)
            continue
        work.deadline.check()
        box = boxes[number].tolist()
        near = itertools.product(
            *({math.floor((v - tolerance) / step), math.floor((v + tolerance) / step)} for v in box)
        )
        twin = next(
            (r for key in near for r in places.get(key, ()) if _same(r.geometry, ring.geometry, tolerance)),
            None,
        )
        if twin is not None:
            _drop(work, twin, ring)
            continue
        places[tuple(math.floor(v / step) for v in box)].append(ring)
        kept.append(ring)
    return kept


def _boxes_alike(boxes: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    """Which boxes may have another one within ``tolerance`` of theirs; none that is not finite has."""
    finite = np.isfinite(boxes).all(axis=1)
    out = np.zeros(len(boxes), np.bool_)
    numbers = np.flatnonzero(finite)
    if numbers.size < 2:
        return out
    # a sum in which boxes that differ rarely agree, those within the tolerance always do
    local = boxes[numbers] - boxes[numbers].min(axis=0)
    sums = local @ _WEIGHTS
    order = np.argsort(sums)
    near = np.diff(sums[order]) <= tolerance * _WEIGHTS.sum() * (1 + 1e-6) + 1e-9 * np.abs(sums).max()
    some = np.zeros(numbers.size, np.bool_)
    some[order[1:]] = near
    some[order[:-1]] |= near
    out[numbers] = some
    return out


def _uncovered(work: Work, hatches: list[Ring], covering: Sequence[BaseGeometry]) -> list[Ring]:
    """Hatches of one role of which less than half lies in its outlines, each place once."""
    shapes = array([ring.geometry for ring in hatches])
    boxes, sizes = np.round(shapely.bounds(shapes), _HATCH_TWIN), np.round(shapely.area(shapes), _HATCH_TWIN)
    _, first = np.unique(np.column_stack((boxes, sizes)), axis=0, return_index=True)
    chosen = [
        number
        for number in np.sort(first).tolist()
        if hatches[number].valid and work.role(hatches[number].match).geometry != "frame"
    ]
    outlines = array([g for g in covering if g.is_valid])
    if not len(outlines):
        return [hatches[number] for number in chosen]
    uncovered: list[Ring] = []
    tree = shapely.STRtree(outlines)
    for number in chosen:
        work.deadline.check()
        area = shapes[number]
        touched = outlines[tree.query(area)]
        if not len(touched) or shapely.union_all(touched).intersection(area).area < 0.5 * area.area:
            uncovered.append(hatches[number])
    return uncovered


def _drop(work: Work, ring: Ring, twin: Ring) -> None:
    """A ring drawn a second time."""
    work.tell("DXF-DUPLICATE", ring.match, twin.entity, other=ring.entity.handle)
    work.ledger.enter(
        "duplicate",
        role=twin.role,
        layer=twin.entity.layer,
        handles=[twin.entity.handle, ring.entity.handle],
        at=twin.entity.at,
        size_m=0.0,
        before=twin.geometry,
        after=None,
        area_before=twin.area,
        area_after=None,
        rule="tolerances.duplicate",
    )


def _same(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    if any(abs(p - q) > tolerance for p, q in zip(a.bounds, b.bounds, strict=True)):
        return False
    if abs(a.area - b.area) > tolerance * a.length:
        return False
    return bool(a.symmetric_difference(b).area <= tolerance * a.length)
