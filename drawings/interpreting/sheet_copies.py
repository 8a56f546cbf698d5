"""One site drawn on several sheets side by side in model space (总平面, 竖向, 消防 …): it counts once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from drawings.shapes.work import Work

#: metres: outlines nearer than this everywhere are the same
_SAME = 0.01
#: sheets lie apart by this share of a site's diagonal; parcels beside each other do not
_APART = 0.5
_BUILDINGS = ("footprint", "outline")
_MOST_SITES = 200


def without_copies(work: Work, shapes: tuple[RoleShape, ...]) -> tuple[RoleShape, ...]:
    """The shapes without those of further copies of a site; what was left out is told (``DXF-SHEET-REPEAT``).

    A copy is a site boundary of the same shape, moved well clear, that holds no building of another name. Of the copies
    the one with most shapes counts.
    """
    sites = [s for s in shapes if s.role == "site_boundary" and s.valid and s.area_m2]
    if not 2 <= len(sites) <= _MOST_SITES:
        return shapes
    out = shapes
    for group in _alike(sites):
        out = _once(work, out, group)
    return out


def _alike(sites: Sequence[RoleShape]) -> list[list[RoleShape]]:
    """Sites of one shape that lie apart from each other."""
    groups: dict[tuple[float, float, float], list[RoleShape]] = defaultdict(list)
    for site in sites:
        x0, y0, x1, y1 = site.geometry.bounds
        groups[round(site.geometry.area, 1), round(x1 - x0, 1), round(y1 - y0, 1)].append(site)
    out = []
    for group in groups.values():
        first = group[0].geometry
        same = [s for s in group if _moved(s.geometry, first).hausdorff_distance(first) <= _SAME]
        x0, y0, x1, y1 = first.bounds
        reach = _APART * shapely.Point(x0, y0).distance(shapely.Point(x1, y1))
        clear = all(a.geometry.distance(b.geometry) >= reach for i, a in enumerate(same) for b in same[:i])
        if len(same) > 1 and clear:
            out.append(same)
    return out


def _moved(geometry: BaseGeometry, onto: BaseGeometry) -> BaseGeometry:
    """A geometry moved so that its lower left corner is another one's."""
    dx, dy = onto.bounds[0] - geometry.bounds[0], onto.bounds[1] - geometry.bounds[1]
    return affinity.translate(geometry, dx, dy)


def _once(work: Work, shapes: tuple[RoleShape, ...], copies: Sequence[RoleShape]) -> tuple[RoleShape, ...]:
    places = [s.geometry for s in copies]
    owned: dict[int, list[RoleShape]] = defaultdict(list)
    tree = shapely.STRtree(places)
    reach = _APART / 2 * places[0].length
    for shape in shapes:
        if work.catalogue.roles[shape.role].kind == "building":
            continue
        near = tree.query_nearest(shape.geometry, max_distance=reach, all_matches=False)
        if len(near):
            owned[int(near[0])].append(shape)
    chosen = max(range(len(copies)), key=lambda n: (len(owned[n]), -n))
    names = _names(owned[chosen])
    gone = [n for n in range(len(copies)) if n != chosen and _names(owned[n]) <= names]
    left_out = {id(s) for n in gone for s in owned[n]}
    if not gone:
        return shapes
    kept = copies[chosen]
    here = shapely.STRtree([s.geometry for s in owned[chosen]])
    alone = sum(1 for n in gone for s in owned[n] if not _twin(s, copies[n], kept, owned[chosen], here))
    spot = kept.geometry.representative_point()
    work.issues.add(
        "DXF-SHEET-REPEAT",
        handle=kept.handle,
        layer=kept.layer,
        at=(spot.x / work.scale, spot.y / work.scale),
        count=len(gone) + 1,
        shapes=len(left_out),
        alone=alone,
    )
    return tuple(s for s in shapes if id(s) not in left_out)


def _names(shapes: Sequence[RoleShape]) -> set[str]:
    return {str(s.attributes.get("楼号") or "") for s in shapes if s.role in _BUILDINGS}


def _twin(
    shape: RoleShape, copy: RoleShape, kept: RoleShape, others: Sequence[RoleShape], tree: shapely.STRtree
) -> bool:
    """True if the counted sheet has the same shape in the same role at the same place of the site."""
    dx = kept.geometry.bounds[0] - copy.geometry.bounds[0]
    dy = kept.geometry.bounds[1] - copy.geometry.bounds[1]
    moved = affinity.translate(shape.geometry, dx, dy)
    near = tree.query(moved.representative_point(), predicate="dwithin", distance=_SAME).tolist()
    return any(
        others[n].role == shape.role and others[n].geometry.hausdorff_distance(moved) <= _SAME for n in near
    )
