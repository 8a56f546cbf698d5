"""A site boundary drawn in pieces on two layers: the sides to neighbours on one, the side to the road on another
(隣地境界線 and 道路境界線). The pieces together are one ring, which is told and waits for nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon

from drawings.cad.curve import Curve
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity
from drawings.cad.selection import Wanted, outlines
from drawings.shapes.rings import joined_batch, runs
from drawings.shapes.work import Ring, Work
from drawings.standards.standards import Match

_SITE, _ROAD = "site_boundary", "road_red_line"
#: more pieces than any site has
_MOST = 500


@dataclass(slots=True)
class _Pieces:
    """Open curves of one role with the entity of each; ``closed``: rings are drawn on its layers too."""

    curves: list[Curve]
    entities: list[CadEntity]
    closed: bool = False


def site_of_pieces(work: Work) -> tuple[list[Ring], frozenset[str]]:
    """Rings that lines of the site's layers make with lines of the road's, and the layers whose lines they use up.

    Nothing where the site's layers hold a ring, or close by themselves.
    """
    layers = {role: _layers(work, role) for role in (_SITE, _ROAD)}
    if not all(layers.values()):
        return [], frozenset()
    own = _pieces(work, layers[_SITE])
    if own.closed or not 0 < len(own.curves) <= _MOST:
        return [], frozenset()
    road = _pieces(work, layers[_ROAD])
    if not 0 < len(road.curves) <= _MOST:
        return [], frozenset()
    tolerance = work.tolerances.chain / work.scale
    if any(run.closed for run in runs(CurveBatch(own.curves).ends(), tolerance, work.deadline)[0]):
        return [], frozenset()
    match = work.matches[own.entities[0].layer]
    assert match is not None
    found = _end_to_end(work, match, own, road) or _crossing(work, match, own, road)
    for ring in found:
        work.tell(
            "DXF-SITE-PIECES",
            match,
            ring.entity,
            count=len(ring.members),
            layers="、".join(sorted(layers[_SITE] | layers[_ROAD])),
            area=f"{ring.area:.2f}",
        )
    return found, frozenset(layers[_SITE]) if found else frozenset()


def _layers(work: Work, role: str) -> set[str]:
    return {name for name, match in work.matches.items() if match is not None and match.role == role}


def _pieces(work: Work, layers: set[str]) -> _Pieces:
    out = _Pieces([], [])
    for found in outlines(work.cad.entities, Wanted(layers=layers)):
        batch, _ = found.curves.closed_by_ends(work.tolerances.close / work.scale)
        out.closed |= bool(batch.closed.any())
        for number in np.flatnonzero(~batch.closed & batch.long())[: _MOST + 1].tolist():
            out.curves.append(batch.curve(number))
            out.entities.append(found.entity(int(found.owner[number])))
    return out


def _end_to_end(work: Work, match: Match, own: _Pieces, road: _Pieces) -> list[Ring]:
    """Pieces of both that meet end to end: areas along arcs are exact."""
    batch, entities = CurveBatch(own.curves + road.curves), own.entities + road.entities
    chains, _ = runs(batch.ends(), work.tolerances.chain / work.scale, work.deadline)
    whole = [run for run in chains if run.closed and min(run.members) < len(own.curves)]
    joined = joined_batch(batch, whole)
    polygons = joined.polygons(work.chord, work.scale)
    areas = np.abs(joined.areas()) * work.scale * work.scale
    out = []
    for run, polygon, area in zip(whole, polygons, areas.tolist(), strict=True):
        if polygon is not None and polygon.is_valid and area > 0:
            out.append(_ring(match, polygon, area, [entities[n] for n in sorted(run.members)]))
    return out


def _crossing(work: Work, match: Match, own: _Pieces, road: _Pieces) -> list[Ring]:
    """What the pieces enclose where the road's line runs on beyond the site."""
    lines = [work.line(c) for c in own.curves]
    streets = [work.line(c) for c in road.curves]
    tolerance = work.tolerances.chain
    snapped = [shapely.snap(line, shapely.union_all(streets), tolerance) for line in lines]
    net = shapely.union_all([*snapped, *streets])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    out = []
    for face in faces.tolist():
        members = [
            entity
            for line, entity in zip([*lines, *streets], own.entities + road.entities, strict=True)
            if face.exterior.intersection(line.buffer(tolerance)).length > 2 * tolerance
        ]
        if isinstance(face, Polygon) and not {e.layer for e in members}.isdisjoint(_names(own)):
            out.append(_ring(match, face, face.area, members))
    return out


def _names(pieces: _Pieces) -> set[str]:
    return {e.layer for e in pieces.entities}


def _ring(match: Match, polygon: Polygon, area: float, entities: Sequence[CadEntity]) -> Ring:
    return Ring(match, entities[0], polygon, area, tuple(dict.fromkeys(e.handle for e in entities)))
