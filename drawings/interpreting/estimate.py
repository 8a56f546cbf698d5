"""估算 of a site plan without floor plans: ground covered, floor area from storeys, ratios. Never an indicator.

What the law counts (half areas, 计容, basements, what a storey's height doubles) is drawn on floor plans; a total plan
has outlines and numbers of storeys. Outline × storeys is what a planner writes on the margin, and is told as such, with
what is missing for more. Areas ㎡ to 4 decimals, ratios to 4.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from drawings.areas.area_table import area_table
from drawings.deadline import Deadline
from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.floors import text_at
from drawings.shapes.pairs import array, together
from drawings.standards.multiplicity import is_once

_TOUCH = 1e-3  # metres; outlines that share an edge lie within each other all the same
#: more buildings than this are not estimated
_MOST = 5000
#: what outline × storeys leaves open, in Chinese and English
OPEN = (
    ("各层面积、阳台、飘窗、架空层按图计算需单体图", "areas floor by floor need the building drawings"),
    ("计容面积和地下建筑面积需单体图", "area counted for FAR and below ground need the building drawings"),
)


def buildings_of(model: DrawingModel) -> list[RoleShape]:
    """Closed footprints, and outlines of buildings without one (of another 楼号, or clear of every footprint)."""
    rings = [
        s for s in model.by_role("footprint", "outline") if isinstance(s.geometry, (Polygon, MultiPolygon))
    ]
    feet = [s for s in rings if s.role == "footprint"]
    named = {text_at(s, "楼号") for s in feet} - {""}
    ground = shapely.STRtree([s.geometry for s in feet if s.valid])
    outlines = [s for s in rings if s.role == "outline"]
    names = [text_at(s, "楼号") if named else "" for s in outlines]
    within = [s.geometry.buffer(-_TOUCH) if n else s.geometry for s, n in zip(outlines, names, strict=True)]
    met = set(ground.query(within, predicate="intersects")[0].tolist()) if outlines else set()
    sound = [
        s
        for k, (s, name) in enumerate(zip(outlines, names, strict=True))
        if s.valid and name not in named and k not in met
    ]
    found = feet + sound + ([] if feet else [s for s in outlines if not s.valid])
    return found or list(model.by_role("covered"))  # no more of the buildings is drawn than what they cover


def estimate(
    model: DrawingModel, buildings: Sequence[RoleShape] | None = None, deadline: Deadline | None = None
) -> dict[str, Any] | None:
    """The estimate of a site plan with buildings; None without any, or with thousands.

    Args:
        buildings: those of :func:`buildings_of`, where they are known already.
        deadline: by when it has to be done; no bound if left out.

    Returns:
        ``basis`` (``footprint``, ``outline``, ``covered`` or ``both``), ``site_m2``, ``coverage_m2`` (ground covered by
        buildings on the site, overlaps once; where the drawing standard has areas of coverage, their sum less what is
        to be deducted), ``coverage_basis`` (``covered`` for such areas, ``outlines`` of buildings), ``coverage_share``,
        ``green_m2``, ``green_share`` (as drawn), ``above_m2`` and ``far`` (None while a building's storeys are not
        known), ``buildings`` (``label, handle, storeys, why, area_m2, floor_area_m2, from_floors``), ``missing``. Of an
        outline on another one, a tower on its podium, only the storeys above it count; ``from_floors`` says that
        storeys and floor area are those of the floors drawn for its 楼号, less what is to be deducted.

    Raises:
        OutOfTimeError: the time is over.
    """
    drawn = [s for s in (buildings_of(model) if buildings is None else buildings) if s.valid]
    if not 0 < len(drawn) <= _MOST:
        return None
    deadline = deadline or Deadline(math.inf)
    sites = [s for s in model.by_role("site_boundary") if s.valid]
    site = together([s.geometry for s in sites], deadline) if sites else None
    own = drawn
    if site is not None:
        shapely.prepare(site)
        met = shapely.intersects(site, array([s.geometry for s in drawn]))
        own = [drawn[n] for n in np.flatnonzero(met).tolist()]
    covered = together([s.geometry for s in own], deadline)
    if site is not None:
        covered = covered.intersection(site)
    site_area = sum(_area(s) for s in sites) or None
    deadline.check()
    rows, missing = _rows(own, _drawn_floors(model))
    drawn_ground = _drawn_coverage(model, own)
    ground = drawn_ground if drawn_ground is not None else _exact(own, covered.area)
    known = [r["floor_area_m2"] for r in rows]
    above = sum(known) if known and None not in known else None
    green = together([s.geometry for s in model.by_role("green") if s.valid], deadline)
    if site is not None:
        green = green.intersection(site)
    missing += [{"zh": zh, "en": en} for zh, en in OPEN if not all(r["from_floors"] for r in rows)]
    return {
        "basis": None if not own else "both" if len({s.role for s in own}) > 1 else own[0].role,
        "site_m2": _rounded(site_area),
        "coverage_m2": _rounded(ground),
        "coverage_share": _share(ground, site_area),
        "coverage_basis": "covered" if drawn_ground is not None else None if not own else "outlines",
        "green_m2": _rounded(green.area) if not green.is_empty else None,
        "green_share": _share(green.area, site_area) if not green.is_empty else None,
        "above_m2": _rounded(above),
        "far": _share(above, site_area),
        "buildings": rows,
        "missing": missing,
    }


def _area(shape: RoleShape) -> float:
    return shape.area_m2 if shape.area_m2 is not None else float(shape.geometry.area)


def _drawn_coverage(model: DrawingModel, buildings: Sequence[RoleShape]) -> float | None:
    """Ground covered as areas of coverage are drawn, less what is to be deducted, ㎡; None where none is drawn.

    Kerala's and other eDCR rules take ``COVERED_AREA_DEDUCT`` off ``COVERED_AREA``, block by block. A building of a
    block without an area of coverage counts with its footprint.
    """
    drawn = [s for s in model.by_role("covered") if s.valid]
    if not drawn:
        return None
    blocks = {text_at(s, "楼号") for s in drawn}
    rest = [s for s in buildings if s.role != "covered" and text_at(s, "楼号") not in blocks]
    rest = [] if "" in blocks else rest
    off = [s for s in model.by_role("covered_deduct") if s.valid]
    return sum(map(_area, drawn)) + sum(map(_area, rest)) - sum(map(_area, off))


def _exact(shapes: Sequence[RoleShape], covered: float) -> float:
    """Sum of the exact areas where nothing overlaps or sticks out, else the area of the union."""
    total = sum(_area(s) for s in shapes)
    return total if abs(total - covered) < 1e-3 * max(total, 1.0) else covered


def _drawn_floors(model: DrawingModel) -> dict[str, tuple[int, float]]:
    """楼号 → storeys above ground and their floor area, ㎡, of buildings whose floors are drawn beside the site."""
    if not model.by_role("area_full", "area_half"):
        return {}
    out: dict[str, tuple[int, float]] = {}
    for building in area_table([model]).buildings:
        storeys = sum(f.storeys or 0 for f in building.floors if f.part == "above" and not is_once(f.floors))
        if storeys and building.above is not None:
            out[building.name] = storeys, float(building.above)
    return out


def _rows(
    shapes: Sequence[RoleShape], drawn: Mapping[str, tuple[int, float]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Buildings with their floor area; an outline within another one adds the storeys it has more.

    Args:
        drawn: 楼号 → storeys and floor area of buildings whose floors are drawn; a label of other storeys goes before.
    """
    rows: list[dict[str, Any]] = []
    missing: list[dict[str, str]] = []
    holders = _holders(shapes)
    labels = [text_at(shape, "楼号") for shape in shapes]
    for number, shape in enumerate(shapes):
        label = str(shape.attributes.get("楼号") or shape.handle)
        own = _area(shape)
        below = [shapes[n] for n in holders[number]]
        floors = drawn.get(text_at(shape, "楼号")) if labels.count(text_at(shape, "楼号")) == 1 else None
        if floors is not None and _storeys(shape) in (None, floors[0]):
            rows.append(_row(shape, label, floors[0], floors[1]))
            continue
        counted, why = _counted(shape, below)
        if why is not None:
            missing.append({"zh": f"{label} {why[0]}", "en": f"{label}: {why[1]}"})
        floor_area = own * counted if counted is not None else None
        row = _row(shape, label, _storeys(shape), floor_area)
        rows.append(row | {"why": why[0] if why is not None else None, "from_floors": False})
    return rows, missing


def _row(shape: RoleShape, label: str, storeys: int | None, floor_area: float | None) -> dict[str, Any]:
    return {
        "label": label,
        "handle": shape.handle,
        "storeys": storeys,
        "why": None,
        "area_m2": _rounded(_area(shape)),
        "floor_area_m2": _rounded(floor_area),
        "from_floors": True,
    }


def _holders(shapes: Sequence[RoleShape]) -> dict[int, list[int]]:
    """Number of a shape → numbers of the larger ones it lies in."""
    every = [s.geometry for s in shapes]
    inner, outer = shapely.STRtree(every).query(shapely.buffer(every, -_TOUCH), predicate="covered_by")
    out: dict[int, list[int]] = defaultdict(list)
    for i, o in zip(inner.tolist(), outer.tolist(), strict=True):
        if i != o and _area(shapes[o]) > _area(shapes[i]):
            out[i].append(o)
    return out


def _counted(shape: RoleShape, below: Sequence[RoleShape]) -> tuple[int | None, tuple[str, str] | None]:
    """Storeys an outline counts with, None if that is not clear; and what is missing."""
    storeys = _storeys(shape)
    if storeys is None:
        return None, ("没有注明层数", "storeys are not given")
    under = [_storeys(o) for o in below]
    counted = storeys - max((n or 0 for n in under), default=0)
    if counted < 0 or None in under:
        return None, (
            "在另一栋轮廓之内，层数关系不明",
            "lies within another outline; which storeys it adds is not clear",
        )
    if "顶部加层" in shape.attributes:
        return counted, (
            "顶部加层按整层计，其范围没有绘出",
            "the storey on its roof counts whole; where it stands is not drawn",
        )
    if "局部层数" in shape.attributes:
        return counted, ("局部加层的范围没有绘出", "where its further storeys stand is not drawn")
    return counted, None


def _storeys(shape: RoleShape) -> int | None:
    value = shape.attributes.get("层数")
    return int(value) if isinstance(value, float) and value == int(value) and value > 0 else None


def _share(part: float | None, whole: float | None) -> float | None:
    return round(part / whole, 4) if part is not None and whole else None


def _rounded(value: float | None) -> float | None:
    return round(value, 4) if value is not None else None
