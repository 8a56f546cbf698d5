"""From the site plan to the scene of a sunlight check: buildings, neighbours, greens, and what is left open."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import MultiPolygon, Polygon

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.values import Missing, Undecided
from elements.sunlight.scene import Block, Scene, Site, Triangle, gable_roof, oriented_polygons, site_at
from project_box.kernel.finding import EntityRef

#: a footprint that fills its least rectangle to this share is roofed as one
_RECTANGLE = 0.97
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Building:
    """A building of the site plan.

    Attributes:
        name: 楼号, or ``建筑 <handle>``; neighbours without number ``相邻建筑 <handle>``.
        own: of the project, else a neighbour.
        block: its body; ``known`` False when its height is not given.
        use: 用途 as written, None when it is not.
        floor: height of the ground floor above the ground outside, m.
    """

    name: str
    own: bool
    block: Block
    known: bool
    use: str | None
    floor: float
    refs: tuple[EntityRef, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a site plan says for a sunlight check.

    Attributes:
        buildings: of the project and around it.
        greens: central green (集中绿地) with its drawing entity.
        assumptions: what had to be taken as given, Chinese sentences.
    """

    site: Site
    buildings: tuple[Building, ...]
    greens: tuple[tuple[EntityRef, Polygon | MultiPolygon], ...]
    assumptions: tuple[str, ...]

    @property
    def scene(self) -> Scene:
        """With the project."""
        return Scene(
            self.site,
            tuple(b.block for b in self.buildings),
            frozenset(b.name for b in self.buildings if not b.known),
        )

    @property
    def before(self) -> Scene:
        """Without the project: the neighbours alone."""
        return self.scene.without(b.name for b in self.buildings if b.own)


def read_situation(
    models: Sequence[DrawingModel], epsg: int | None, *, latitude: float | None = None
) -> Situation:
    """Buildings, neighbours and central greens of the site plans of one revision.

    Reads roles ``footprint`` and ``outline`` (own buildings, joined by 楼号), ``adjacent`` (neighbours) and ``green``
    of 类型 集中绿地. Heights from 遮挡高度, else 建筑高度 (m above the ground outside); 檐口高度 and 屋脊高度 make a
    gable roof; 室外地坪标高 (m) on every building sets them on their ground; 室内外高差 (m) lifts the ground floor.

    Args:
        models: interpreted drawings, any order.
        epsg: projected CRS of the drawing coordinates; the drawing's own hint is used when it is None.
        latitude: degrees, in place of the CRS (then grid north is taken as true north).

    Raises:
        Undecided: no site plan, no footprint, a footprint that crosses itself, or the latitude cannot be told.
        BadInput: the CRS is geographic or unknown.
    """
    plans = [m for m in models if m.readable and m.kind == "site_plan"]
    plans = plans or [m for m in models if m.readable and m.by_role("site_boundary", "footprint")]
    own = [(m, s) for m in plans for s in m.by_role("footprint")]
    if not own:
        what = "没有总平面图" if not plans else "总平面图中没有建筑基底"
        raise Undecided(Missing("BUILDINGS", "建筑基底", what, "no building footprint on a site plan"))
    crossing = [(m, s) for m in plans for s in m.by_role("footprint", "outline", "adjacent") if not s.valid]
    if crossing:
        handles = "、".join(s.handle for _, s in crossing[:6])
        raise Undecided(
            Missing("BUILDINGS", "建筑基底", f"建筑图形自相交（句柄 {handles}）", f"self-crossing {handles}"),
            evidence=[_ref(m, s) for m, s in crossing],
        )
    groups = _groups(own, [(m, s) for m in plans for s in m.by_role("outline")], "建筑")
    around = _groups([(m, s) for m in plans for s in m.by_role("adjacent")], [], "相邻建筑")
    assumptions: list[str] = []
    grounds = [
        _metres(_attributes(members), "室外地坪标高") for members in [*groups.values(), *around.values()]
    ]
    level = all(g is not None for g in grounds)
    if not level:
        assumptions.append("场地按水平面计算（图中未逐栋注明室外地坪标高）")
    buildings: list[Building] = []
    for is_own, found in ((True, groups), (False, around)):
        for name, members in found.items():
            label = name if is_own or name not in groups else f"相邻 {name}"
            buildings.append(_building(label, is_own, members, level, assumptions))
    assumptions.append("遮挡体按建筑高度计，突出屋面的楼梯间、电梯机房、水箱等未注遮挡高度的不计入")
    middle = shapely.union_all([b.block.footprint for b in buildings]).centroid
    if latitude is not None:
        site = Site(latitude)
        assumptions.append("按给定纬度计算，图纸的纵轴视为真北")
    else:
        hint = next((m.crs_hint for m in plans if m.crs_hint is not None), None)
        site = site_at(middle.x, middle.y, epsg if epsg is not None else hint)
    greens = [
        (_ref(m, s), geometry)
        for m in plans
        for s in m.by_role("green")
        if str(s.attributes.get("类型", "")).strip() == "集中绿地" and s.valid
        for geometry in [_areal(s)]
        if geometry is not None
    ]
    return Situation(site, tuple(buildings), tuple(greens), tuple(dict.fromkeys(assumptions)))


def _building(
    name: str,
    own: bool,
    members: list[tuple[DrawingModel, RoleShape]],
    level: bool,
    assumptions: list[str],
) -> Building:
    attributes = _attributes(members)
    parts = [p for _, s in members for p in oriented_polygons(s.geometry)]
    merged = list(oriented_polygons(shapely.union_all(parts)))
    footprint = merged[0] if len(merged) == 1 else MultiPolygon(merged)
    ground = (_metres(attributes, "室外地坪标高") or 0.0) if level else 0.0
    height = _metres(attributes, "遮挡高度")
    height = height if height is not None else _metres(attributes, "建筑高度")
    eaves, ridge = _metres(attributes, "檐口高度"), _metres(attributes, "屋脊高度")
    roof: tuple[Triangle, ...] = ()
    if eaves is not None and ridge is not None and 0 <= eaves <= ridge:
        rectangle = shapely.minimum_rotated_rectangle(footprint)
        if isinstance(footprint, Polygon) and footprint.area >= _RECTANGLE * rectangle.area:
            height, roof = eaves, gable_roof(footprint, ground + eaves, ground + ridge)
        else:
            height = ridge
            assumptions.append(f"{name} 为坡屋面但平面不是矩形，整栋按屋脊高度计")
    known = height is not None and height > 0
    floor = _metres(attributes, "室内外高差")
    if floor is None:
        floor = 0.0
        assumptions.append("未注室内外高差的建筑，底层室内地坪按室外地坪计（偏于安全）")
    refs = tuple(dict.fromkeys(_ref(m, s) for m, s in members))
    top = ground + (height if height is not None and known else 0.0)
    use = str(attributes.get("用途") or "").strip() or None
    return Building(name, own, Block(name, footprint, ground, top, roof, refs), known, use, floor, refs)


def _groups(
    bases: Sequence[tuple[DrawingModel, RoleShape]],
    outlines: Sequence[tuple[DrawingModel, RoleShape]],
    word: str,
) -> dict[str, list[tuple[DrawingModel, RoleShape]]]:
    """Shapes by building: those with the same 楼号 together, outlines with the building they name or lie on."""
    out: dict[str, list[tuple[DrawingModel, RoleShape]]] = {}
    for model, shape in bases:
        if _areal(shape) is None:
            continue
        number = str(shape.attributes.get("楼号") or "").strip()
        out.setdefault(number or f"{word} {shape.handle}", []).append((model, shape))
    feet = {name: shapely.union_all([s.geometry for _, s in members]) for name, members in out.items()}
    for model, shape in outlines:
        if _areal(shape) is None:
            continue
        number = str(shape.attributes.get("楼号") or "").strip()
        if number in out:
            out[number].append((model, shape))
            continue
        overlaps = {n: foot.intersection(shape.geometry).area for n, foot in feet.items()}
        best = max(overlaps, key=lambda n: overlaps[n], default=None)
        if best is not None and overlaps[best] > 0:
            out[best].append((model, shape))
    return out


def _areal(shape: RoleShape) -> Polygon | MultiPolygon | None:
    parts = list(oriented_polygons(shape.geometry))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _attributes(members: Sequence[tuple[DrawingModel, RoleShape]]) -> dict[str, str | float]:
    out: dict[str, str | float] = {}
    for _, shape in members:
        for key, value in shape.attributes.items():
            out.setdefault(key, value)
    return out


def _metres(attributes: Mapping[str, str | float], key: str) -> float | None:
    value = attributes.get(key)
    if isinstance(value, (int, float)):
        return float(value)
    match = _NUMBER.fullmatch(str(value or "").strip().rstrip("mM米").strip())
    return float(match.group()) if match else None


def _ref(model: DrawingModel, shape: RoleShape) -> EntityRef:
    return EntityRef(model.sha256, shape.handle, shape.layer)
