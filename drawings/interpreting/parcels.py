"""The site among neighbouring parcels: a cadastral layer holds the land around too (AX_Flurstueck, 지적선).

Which of the rings are the site is told by the declared area, else by what is planned on them. Where neither tells, all
count, as they would on a layer of the site alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import shapely

from drawings.drawing import RoleShape
from drawings.shapes.pairs import array
from drawings.shapes.work import Work
from drawings.standards.standards import roles

_SITE = "site_boundary"
_DECLARED, _NET = "申报用地面积", "净用地面积"
#: what stands on the land that is built on
_PLANNED = (
    "footprint",
    "outline",
    "basement",
    "covered",
    "parking_car",
    "parking_bike",
    "green",
    "control_line",
)
_BUILDINGS = ("footprint", "outline", "basement", "covered")
#: a declared area that differs by less than this share is this parcel's, or that of so many parcels together
_LIKE, _TOGETHER = 0.005, 3
_MOST = 60  # parcels; a cadastral map of more is no site plan


def without_neighbours(work: Work, shapes: tuple[RoleShape, ...]) -> tuple[RoleShape, ...]:
    """The shapes without parcels of other land; what was left out, and why, is told (``DXF-SITE-PARCELS``)."""
    parcels = [s for s in shapes if s.role == _SITE and s.valid and s.area_m2]
    if not 2 <= len(parcels) <= _MOST or any(_DECLARED in p.attributes for p in parcels):
        return shapes
    stated = _stated(work)
    total = sum(p.area_m2 or 0.0 for p in parcels)
    if stated is not None and abs(total - stated) <= _LIKE * stated:
        return shapes
    built = _holding(parcels, [s for s in shapes if s.role in _BUILDINGS and s.valid])
    chosen, why = _declared(parcels, built, stated), ("申报面积", "the declared area")
    if not chosen:
        chosen = _holding(parcels, [s for s in shapes if s.role in _PLANNED and s.valid])
        why = ("其中画有拟建内容", "what is planned there")
    if not chosen or len(chosen) == len(parcels) or not built:
        return shapes
    _tell(work, [parcels[n] for n in sorted(chosen)], len(parcels), why)
    gone = {id(p) for n, p in enumerate(parcels) if n not in chosen}
    return tuple(s for s in shapes if id(s) not in gone)


def _stated(work: Work) -> float | None:
    for key in (_DECLARED, _NET):
        text = work.drawing_attributes.get(key)
        value = work.words.number(text, roles().number[key]) if text else None
        if value:
            return value
    return None


def _holding(parcels: Sequence[RoleShape], things: Sequence[RoleShape]) -> frozenset[int]:
    """Parcels in which the middle of something lies."""
    if not things:
        return frozenset()
    spots = shapely.point_on_surface(array([s.geometry for s in things]))
    hits = shapely.STRtree([p.geometry for p in parcels]).query(spots, predicate="intersects")[1]
    return frozenset(hits.tolist())


def _declared(parcels: Sequence[RoleShape], built: frozenset[int], stated: float | None) -> frozenset[int]:
    """The parcel, or the few that are built on, of the declared area; nothing where several would do."""
    if stated is None:
        return frozenset()
    areas: Mapping[int, float] = {n: p.area_m2 or 0.0 for n, p in enumerate(parcels)}

    def alike(numbers: Sequence[int]) -> bool:
        return abs(sum(areas[n] for n in numbers) - stated) <= _LIKE * stated

    single = [n for n in areas if alike((n,))]
    if len(single) > 1:
        single = [n for n in single if n in built]
    if single:
        return frozenset(single) if len(single) == 1 else frozenset()
    together = [
        group
        for count in range(2, _TOGETHER + 1)
        for group in combinations(areas, count)
        if alike(group) and built & set(group)
    ]
    return frozenset(together[0]) if len(together) == 1 else frozenset()


def _tell(work: Work, chosen: Sequence[RoleShape], count: int, why: tuple[str, str]) -> None:
    spot = chosen[0].geometry.representative_point()
    work.issues.add(
        "DXF-SITE-PARCELS",
        handle=chosen[0].handle,
        layer=chosen[0].layer,
        at=(spot.x / work.scale, spot.y / work.scale),
        count=count,
        chosen=len(chosen),
        area=f"{sum(s.area_m2 or 0.0 for s in chosen):.2f}",
        why=why[0],
        why_en=why[1],
    )
