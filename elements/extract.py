"""From drawings to element values: what is measured, with the entities it was measured on.

Nothing is judged here: areas are as drawn (overlaps taken out), distances as they lie; the rule sets are applied by the
engine. What a drawing does not say becomes 无法判定 with the reason, never 0.

All lengths are metres and areas ㎡ in drawing coordinates (the project's projected CRS); heights integer millimetres.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import shapely
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from drawings.drawing import DrawingModel, RoleShape
from drawings.multiplicity import BadRange, parse_floors
from elements.rounding import measured, millimetres
from elements.values import ElementValue, Missing, Value, union_evidence
from project_box.kernel.finding import EntityRef

#: an overlap or overhang smaller than this (㎡) is drawing noise
NOISE = 1e-4
#: a footprint may stick out by this much (㎡) through rounding of coordinates
OUTSIDE_TOLERANCE = 0.05

_COUNTED_ROLES = ("area_full", "area_half", "area_none", "area_deduct", "balcony", "bay_window")
#: which role's area is taken out of which: earlier ones first
_PRECEDENCE = {
    "area_none": 0,
    "area_deduct": 0,
    "balcony": 1,
    "bay_window": 2,
    "area_half": 3,
    "area_full": 4,
}
_ROOF = re.compile(r"屋面|屋顶|机房|出屋面|^R[F\d]?$", re.IGNORECASE)
_FILE_BUILDING = re.compile(r"-([^-]+)-单体图")
_LAND_USE_KEYS = ("用地性质", "用地代码", "土地用途", "规划用途")
_SIDES = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")


@dataclass(frozen=True, slots=True)
class ExtractRules:
    """What the extraction has to know of the rules.

    Attributes:
        objects: object types the area rules know (a 类别 outside them is no object type).
        green_offsets: green kind → (metres from a building's foot, metres from a road's edge) that do not count.
    """

    objects: frozenset[str]
    green_offsets: Mapping[str, tuple[Decimal, Decimal]]


@dataclass(slots=True)
class _Building:
    name: str
    shapes: list[tuple[EntityRef, RoleShape]]
    foot: BaseGeometry
    outline: BaseGeometry
    area: float
    attributes: dict[str, str | float] = field(default_factory=dict)

    @property
    def refs(self) -> tuple[EntityRef, ...]:
        return tuple(ref for ref, _ in self.shapes)


def extract(
    models: Sequence[DrawingModel],
    boundary: Mapping[str, Any] | None,
    rules: ExtractRules,
    boundary_geometry: BaseGeometry | None = None,
) -> list[ElementValue]:
    """Element values of a drawing set and a boundary result.

    Args:
        models: interpreted drawings of one revision, site plan and buildings in any order.
        boundary: payload of the box's ``boundary`` result, or None.
        boundary_geometry: its geometry in the project CRS, to see whether the drawing lies where the site is.
        rules: see :class:`ExtractRules`.

    Returns:
        one value (or a reason why there is none) per element whose source is drawing or boundary.
    """
    work = _Extraction([m for m in models if m.readable], rules)
    values = [*_boundary_values(boundary), *work.site(), *work.floors(), *work.stated()]
    values.append(work.displacement(boundary_geometry))
    declared = [v for v in values if v.code == "YD_DECLARED"]
    if len(declared) == 2:  # the boundary file's own declaration comes first
        values.remove(declared[1] if declared[0].value is not None else declared[0])
    return values


def _boundary_values(boundary: Mapping[str, Any] | None) -> list[ElementValue]:
    if boundary is None:
        reason = Missing(
            "YD_BOUNDARY", "界址面积", "项目盒里还没有用地红线(界址)成果", "no boundary result in the box"
        )
        return [ElementValue("YD_BOUNDARY", None, source="boundary", missing=(reason,))]
    name = str(boundary.get("source_name") or "")
    out = [
        ElementValue(
            "YD_BOUNDARY", Decimal(str(boundary["area_m2"])), "㎡", source="boundary", details={"file": name}
        )
    ]
    if boundary.get("declared_area_m2") is not None:
        declared = Decimal(str(boundary["declared_area_m2"]))
        out.append(ElementValue("YD_DECLARED", declared, "㎡", source="boundary", details={"file": name}))
    return out


def _area(shape: RoleShape) -> float:
    return shape.area_m2 if shape.area_m2 is not None else _local_area(shape.geometry)


def _local_area(geometry: BaseGeometry) -> float:
    """Area computed near the origin: coordinates of seven digits would cost precision."""
    if geometry.is_empty:
        return 0.0
    x, y = geometry.bounds[0], geometry.bounds[1]
    return float(affinity.translate(geometry, -x, -y).area)


def _text(shape: RoleShape, key: str) -> str:
    value = shape.attributes.get(key)
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def _number(shape_or_attributes: RoleShape | Mapping[str, str | float], key: str) -> Decimal | None:
    attributes = (
        shape_or_attributes.attributes if isinstance(shape_or_attributes, RoleShape) else shape_or_attributes
    )
    value = attributes.get(key)
    if value is None or value == "":
        return None
    try:
        number = (
            Decimal(repr(value))
            if isinstance(value, float)
            else Decimal(str(value).strip().rstrip("mM米层㎡"))
        )
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _millimetres(shape_or_attributes: RoleShape | Mapping[str, str | float], key: str) -> int | None:
    number = _number(shape_or_attributes, key)
    return millimetres(number) if number is not None else None


def _ref(model: DrawingModel, shape: RoleShape) -> EntityRef:
    return EntityRef(model.sha256, shape.handle, shape.layer)


def _refs(found: Iterable[tuple[EntityRef, RoleShape]]) -> tuple[EntityRef, ...]:
    return tuple(dict.fromkeys(ref for ref, _ in found))


class _Extraction:
    def __init__(self, models: Sequence[DrawingModel], rules: ExtractRules) -> None:
        self.models = models
        self.rules = rules
        plans = [m for m in models if m.kind == "site_plan"]
        self.plans = plans or [m for m in models if m.by_role("site_boundary", "footprint")]

    # ------------------------------------------------------------ helpers

    def _plan_shapes(self, *wanted: str) -> list[tuple[EntityRef, RoleShape]]:
        return [(_ref(m, s), s) for m in self.plans for s in m.by_role(*wanted)]

    def _nothing(self, code: str, name: str, what: str, en: str) -> ElementValue:
        if not self.models:
            reason = Missing(code, name, "项目盒里还没有可读的图纸", "no readable drawing in the box")
        elif not self.plans:
            reason = Missing(code, name, "图纸中没有总平面图", "no site plan among the drawings")
        else:
            reason = Missing(code, name, f"总平面图中没有{what}", f"no {en} on the site plan")
        return ElementValue(code, None, source="drawing", missing=(reason,))

    @staticmethod
    def _crossing(code: str, name: str, found: Sequence[tuple[EntityRef, RoleShape]]) -> ElementValue | None:
        """A ring that crosses itself has no area worth the name."""
        bad = [(r, s) for r, s in found if not s.valid]
        if not bad:
            return None
        handles = "、".join(r.handle for r, _ in bad[:6])
        reason = Missing(code, name, f"{name}图形自相交(句柄 {handles})", f"self-crossing ring {handles}")
        return ElementValue(code, None, source="drawing", missing=(reason,), evidence=_refs(bad))

    @staticmethod
    def _value(code: str, value: Value, unit: str, refs: Iterable[EntityRef], note: str = "") -> ElementValue:
        return ElementValue(
            code,
            value,
            unit,
            evidence=tuple(dict.fromkeys(refs)),
            source="drawing",
            details={"note": note} if note else {},
        )

    # ------------------------------------------------------------ site plan

    def site(self) -> list[ElementValue]:
        """Everything of the site plan."""
        boundaries = self._plan_shapes("site_boundary")
        site = shapely.union_all([s.geometry for _, s in boundaries]) if boundaries else None
        out = [self._drawn_area(boundaries)]
        out += [
            self._dedicated("DZDL", "代征道路面积", "dedicated_road", site),
            self._dedicated("DZLD", "代征绿地面积", "dedicated_green", site),
        ]
        buildings, fault = self._buildings()
        if fault is not None:
            out.append(fault)
            for code, name in (("SETBACKS", "退让量测"), ("SPACINGS", "间距量测")):
                out.append(
                    ElementValue(code, None, source="drawing", missing=fault.missing, evidence=fault.evidence)
                )
                assert name
        else:
            records = [self._building_record(b) for b in buildings]
            out.append(self._value("BUILDINGS", records, "", (r for b in buildings for r in b.refs)))
            out.append(self._setbacks(buildings, boundaries, site))
            out.append(self._spacings(buildings))
        out.append(self._greens(buildings))
        out.append(self._parking())
        return out

    def _drawn_area(self, found: list[tuple[EntityRef, RoleShape]]) -> ElementValue:
        code, name = "YD_DRAWN", "用地红线"
        if not found:
            return self._nothing(code, name, "用地红线", "site boundary")
        if fault := self._crossing(code, name, found):
            return fault
        files = {r.file for r, _ in found}
        if len(files) > 1:
            reason = Missing(
                code, name, f"{len(files)} 张总平面图都有用地红线", "several site plans draw a site boundary"
            )
            return ElementValue(code, None, source="drawing", missing=(reason,), evidence=_refs(found))
        return self._value(code, sum((measured(_area(s)) for _, s in found), Decimal(0)), "㎡", _refs(found))

    def _dedicated(self, code: str, name: str, role: str, site: BaseGeometry | None) -> ElementValue:
        found = self._plan_shapes(role)
        if not found:
            if not self.plans:
                return self._nothing(code, name, name, role)
            return self._value(code, Decimal(0), "㎡", (), "图中未绘,按无代征用地计")
        if fault := self._crossing(code, name, found):
            return fault
        total = Decimal(0)
        for _, shape in found:
            inside = shape.geometry.intersection(site) if site is not None else shape.geometry
            whole = site is None or abs(_local_area(inside) - _local_area(shape.geometry)) < NOISE
            total += measured(_area(shape) if whole else _local_area(inside))
        return self._value(code, total, "㎡", _refs(found))

    def _buildings(self) -> tuple[list[_Building], ElementValue | None]:
        found = self._plan_shapes("footprint")
        if not found:
            return [], self._nothing("BUILDINGS", "建筑基底", "建筑基底", "building footprint")
        if fault := self._crossing("BUILDINGS", "建筑基底", found):
            return [], fault
        outlines = self._plan_shapes("outline")
        groups: dict[str, list[tuple[EntityRef, RoleShape]]] = {}
        for index, (ref, shape) in enumerate(found):
            groups.setdefault(_text(shape, "楼号") or f"\0{index}", []).append((ref, shape))
        buildings: list[_Building] = []
        for key, members in groups.items():
            foot = shapely.union_all([s.geometry for _, s in members])
            area = sum(_area(s) for _, s in members)
            overlap = sum(_local_area(s.geometry) for _, s in members) - _local_area(foot)
            own = [
                (r, s)
                for r, s in outlines
                if (_text(s, "楼号") == key if _text(s, "楼号") else s.geometry.intersects(foot)) and s.valid
            ]
            attributes: dict[str, str | float] = {}
            for _, shape in [*members, *own]:
                for k, v in shape.attributes.items():
                    attributes.setdefault(k, v)
            name = "" if key.startswith("\0") else key
            outline = shapely.union_all([foot, *(s.geometry for _, s in own)])
            buildings.append(_Building(name, members, foot, outline, area - max(overlap, 0.0), attributes))
        self._heights(buildings)
        return buildings, None

    def _heights(self, buildings: list[_Building]) -> None:
        marks = [s for m in self.models for s in m.by_role("height_mark")]
        for building in buildings:
            if _number(building.attributes, "建筑高度") is not None:
                continue
            for mark in marks:
                value = _number(mark, "建筑高度") or _number(mark, "测量值")
                if value is not None and _text(mark, "楼号") == building.name and building.name:
                    building.attributes["建筑高度"] = float(value)

    def _building_record(self, building: _Building) -> dict[str, Any]:
        storeys, basement = _number(building.attributes, "层数"), _number(building.attributes, "地下层数")
        return {
            "building": building.name,
            "label": building.name or building.refs[0].handle,
            "area": measured(building.area),
            "height_mm": _millimetres(building.attributes, "建筑高度"),
            "storeys": int(storeys) if storeys is not None else None,
            "basement_storeys": int(basement) if basement is not None else None,
            "usage": str(building.attributes.get("用途") or "") or None,
            "ref": building.refs[0],
        }

    # ------------------------------------------------------------ distances

    def _setbacks(
        self,
        buildings: list[_Building],
        boundaries: list[tuple[EntityRef, RoleShape]],
        site: BaseGeometry | None,
    ) -> ElementValue:
        if site is None:
            return self._nothing("SETBACKS", "退让量测", "用地红线", "site boundary")
        if fault := self._crossing("SETBACKS", "用地红线", boundaries):
            return fault
        rows: list[dict[str, Any]] = []
        for building in buildings:
            rows += self._to_boundary(building, boundaries, site)
            rows += self._to_lines(building, site)
        refs = union_evidence([_refs(boundaries), *(b.refs for b in buildings)])
        return self._value("SETBACKS", rows, "", refs)

    def _to_boundary(
        self, building: _Building, boundaries: list[tuple[EntityRef, RoleShape]], site: BaseGeometry
    ) -> list[dict[str, Any]]:
        rows = []
        outside = _local_area(building.foot.difference(site))
        over = measured(outside) if outside > OUTSIDE_TOLERANCE else Decimal(0)
        for ref, shape in boundaries:
            for number, (label, side) in enumerate(_sides(shape.geometry), 1):
                rows.append(
                    {
                        "kind": "site_boundary",
                        "a": building.name or building.refs[0].handle,
                        "b": f"{label}侧用地红线(第 {number} 边)",
                        "distance": measured(building.outline.distance(side)),
                        "outside": over,
                        "refs": [*building.refs, ref],
                    }
                )
        return rows

    def _to_lines(self, building: _Building, site: BaseGeometry) -> list[dict[str, Any]]:
        rows = []
        allowed = _buildable([s.geometry for _, s in self._plan_shapes("control_line")], site)
        names = {"control_line": "建筑控制线", "road_red_line": "道路红线", "green_line": "绿线"}
        for role, label in names.items():
            for ref, shape in self._plan_shapes(role):
                line = (
                    shape.geometry.boundary
                    if isinstance(shape.geometry, (Polygon, MultiPolygon))
                    else shape.geometry
                )
                outside = 0.0
                if role == "control_line" and allowed is not None:
                    outside = _local_area(building.foot.difference(allowed))
                rows.append(
                    {
                        "kind": role,
                        "a": building.name or building.refs[0].handle,
                        "b": label,
                        "distance": measured(building.outline.distance(line)),
                        "outside": measured(outside) if outside > OUTSIDE_TOLERANCE else Decimal(0),
                        "refs": [*building.refs, ref],
                    }
                )
        return rows

    def _spacings(self, buildings: list[_Building]) -> ElementValue:
        rows: list[dict[str, Any]] = []
        for i, one in enumerate(buildings):
            for other in buildings[i + 1 :]:
                rows.append(self._spacing(one.name, other.name, one, other.outline, other.refs, "own", None))
            for ref, shape in self._plan_shapes("adjacent"):
                name = _text(shape, "楼号") or f"相邻建筑 {ref.handle}"
                height = _millimetres(shape, "建筑高度")
                rows.append(self._spacing(one.name, name, one, shape.geometry, (ref,), "adjacent", height))
        return self._value("SPACINGS", rows, "", (r for b in buildings for r in b.refs))

    @staticmethod
    def _spacing(
        a: str,
        b: str,
        one: _Building,
        other: BaseGeometry,
        refs: tuple[EntityRef, ...],
        kind: str,
        height: int | None,
    ) -> dict[str, Any]:
        return {
            "kind": kind,
            "a": a or one.refs[0].handle,
            "b": b or refs[0].handle,
            "distance": measured(one.outline.distance(other)),
            "b_height_mm": height,
            "refs": [*one.refs, *refs],
        }

    def displacement(self, boundary: BaseGeometry | None) -> ElementValue:
        """YD_DIFF: area ㎡ on which drawn red line and boundary differ; zone prefixes are ignored."""
        found = self._plan_shapes("site_boundary")
        if boundary is None:
            reason = Missing(
                "YD_BOUNDARY", "界址图形", "项目盒里还没有用地红线(界址)成果", "no boundary result in the box"
            )
            return ElementValue("YD_DIFF", None, source="drawing", missing=(reason,))
        if not found:
            return self._nothing("YD_DIFF", "用地红线", "用地红线", "site boundary")
        if fault := self._crossing("YD_DIFF", "用地红线", found):
            return fault
        drawn = shapely.union_all([s.geometry for _, s in found])
        shift = _zone_shift(drawn) - _zone_shift(boundary)
        drawn = affinity.translate(drawn, -shift, 0)
        different = _local_area(drawn.symmetric_difference(boundary))
        return self._value("YD_DIFF", measured(different), "㎡", _refs(found))

    # ------------------------------------------------------------ green, parking

    def _greens(self, buildings: list[_Building]) -> ElementValue:
        found = self._plan_shapes("green", "roof_green")
        if not found:
            return self._nothing("GREENS", "绿地", "绿地", "green space")
        if fault := self._crossing("GREENS", "绿地", found):
            return fault
        feet = shapely.union_all([b.foot for b in buildings])
        basements = self._plan_shapes("basement")
        roads = [
            s.geometry
            for _, s in self._plan_shapes("road")
            if isinstance(s.geometry, (Polygon, MultiPolygon))
        ]
        stalls = [
            s.geometry
            for _, s in self._plan_shapes("parking_car", "parking_bike")
            if isinstance(s.geometry, (Polygon, MultiPolygon))
        ]
        rows: list[dict[str, Any]] = []
        for ref, shape in found:
            kind = _text(shape, "类型") or ("屋顶绿化" if shape.role == "roof_green" else "绿地")
            rows += self._green_rows(ref, shape, kind, feet, roads, stalls, basements)
        return self._value("GREENS", rows, "", _refs(found))

    def _green_rows(
        self,
        ref: EntityRef,
        shape: RoleShape,
        kind: str,
        feet: BaseGeometry,
        roads: Sequence[BaseGeometry],
        stalls: Sequence[BaseGeometry],
        basements: list[tuple[EntityRef, RoleShape]],
    ) -> list[dict[str, Any]]:
        soil = _number(shape, "覆土")
        if shape.role == "roof_green":
            area = measured(_area(shape))
            return [{"kind": kind, "area": area, "counted_area": area, "soil_m": soil, "ref": ref}]
        from_wall, from_road = self.rules.green_offsets.get(kind) or self.rules.green_offsets.get(
            "绿地", (Decimal(0), Decimal(0))
        )
        barred: list[BaseGeometry] = (
            [feet.buffer(float(from_wall), quad_segs=32)] if not feet.is_empty else []
        )
        barred += [r.buffer(float(from_road), quad_segs=32) if from_road else r for r in roads]
        barred += stalls
        left = shape.geometry.difference(shapely.union_all(barred)) if barred else shape.geometry
        lost = _local_area(shape.geometry) - _local_area(left)
        drawn = _area(shape)
        counted = drawn - lost if lost > NOISE else drawn
        over: list[dict[str, Any]] = []
        above = 0.0
        if kind == "绿地":
            for _, basement in basements:
                part = left.intersection(basement.geometry)
                size = _local_area(part)
                if size <= NOISE:
                    continue
                above += size
                cover = soil if soil is not None else _number(basement, "覆土")
                over.append(
                    {
                        "kind": "地下室顶板绿地",
                        "area": measured(size),
                        "counted_area": measured(size),
                        "soil_m": cover,
                        "ref": ref,
                    }
                )
        rest = counted - above
        rows = over
        if rest > NOISE or not over:
            rows = [
                {
                    "kind": kind,
                    "area": measured(drawn - above),
                    "counted_area": measured(max(rest, 0.0)),
                    "soil_m": soil,
                    "ref": ref,
                },
                *over,
            ]
        return rows

    def _parking(self) -> ElementValue:
        found = self._plan_shapes("parking_car", "parking_bike")
        building_models = [m for m in self.models if m not in self.plans]
        found += [(_ref(m, s), s) for m in building_models for s in m.by_role("parking_car", "parking_bike")]
        if not found:
            return self._nothing("PARKING", "停车位", "停车位", "parking space")
        rows, bad = [], []
        for ref, shape in found:
            number = _number(shape, "数量") if "数量" in shape.attributes else Decimal(1)
            if number is None or number < 0 or number != number.to_integral_value():
                bad.append((ref, shape))
                continue
            rows.append(
                {
                    "kind": "car" if shape.role == "parking_car" else "bike",
                    "count": int(number),
                    "position": _text(shape, "位置") or None,
                    "ref": ref,
                }
            )
        if bad:
            handles = "、".join(r.handle for r, _ in bad[:6])
            reason = Missing(
                "PARKING", "停车位", f"车位数量不是整数(句柄 {handles})", f"parking count unusable: {handles}"
            )
            return ElementValue("PARKING", None, source="drawing", missing=(reason,), evidence=_refs(bad))
        return self._value("PARKING", rows, "", _refs(found))

    # ------------------------------------------------------------ buildings

    def floors(self) -> list[ElementValue]:
        """FLOORS and HS_UNITS of all building drawings."""
        rows: list[dict[str, Any]] = []
        missing: list[Missing] = []
        faulty: list[EntityRef] = []
        units, unit_refs = 0, []
        exposed = self._exposed()
        for model in self.models:
            for frame in self._frames(model):
                record, reasons = self._floor(model, frame, exposed)
                if reasons:
                    missing += reasons
                    faulty += [r for r in [record["ref"]] if isinstance(r, EntityRef)]
                rows.append(record)
                inner = [s for s in frame.inside if s.role == "unit_inner"]
                for shape in inner:
                    number = _number(shape, "套数") if "套数" in shape.attributes else Decimal(1)
                    units += int(number or 0) * (len(record["levels"]) or 1)
                    unit_refs.append(_ref(model, shape))
            stray = self._stray(model)
            if stray:
                handles = "、".join(s.handle for s in stray[:6])
                missing.append(
                    Missing(
                        "面积线",
                        "面积线",
                        f"{model.name}:面积线不在任何楼层框内(句柄 {handles})",
                        f"area lines outside every floor frame: {handles}",
                    )
                )
                faulty += [_ref(model, s) for s in stray]
        if not rows and not missing:
            what = "没有可读的图纸" if not self.models else "图纸中没有楼层框(单体图)"
            missing.append(Missing("FLOORS", "楼层与面积线", what, "no floor frames in the drawings"))
        if missing:
            first = ElementValue(
                "FLOORS",
                None,
                source="drawing",
                missing=tuple(dict.fromkeys(missing)),
                evidence=tuple(dict.fromkeys(faulty)),
            )
        else:
            first = self._value(
                "FLOORS", rows, "", (r["ref"] for r in rows if isinstance(r["ref"], EntityRef))
            )
        if unit_refs:
            second = self._value("HS_UNITS", units, "套", unit_refs)
        else:
            reason = Missing(
                "HS_UNITS", "图中套数", "单体图中没有套内线", "no unit lines in the building drawings"
            )
            second = ElementValue("HS_UNITS", None, source="drawing", missing=(reason,))
        return [first, second]

    def _exposed(self) -> int | None:
        """Greatest height (mm) of a basement's top slab above outdoor ground, if every basement outline tells it."""
        found = [_millimetres(s, "顶板高差") for _, s in self._plan_shapes("basement")]
        known = [h for h in found if h is not None]
        return max(known) if known and len(known) == len(found) else None

    def _frames(self, model: DrawingModel) -> list[_Frame]:
        frames: list[_Frame] = []
        for shape in model.by_role("floor_frame"):
            inside = [s for s in model.shapes if s.parent == shape.handle and s.role != "floor_frame"]
            frames.append(_Frame(dict(shape.attributes), _ref(model, shape), inside))
        groups: dict[tuple[str, str], list[RoleShape]] = {}
        for shape in model.by_role(*_COUNTED_ROLES, "unit_inner"):
            if shape.parent is None and "起止层" in shape.attributes:
                groups.setdefault((_text(shape, "楼号"), _text(shape, "起止层")), []).append(shape)
        for (building, levels), inside in groups.items():
            attributes: dict[str, str | float] = {"楼号": building, "起止层": levels}
            for key in ("层名", "层高", "用途", "标准层"):
                for shape in inside:
                    if key in shape.attributes:
                        attributes.setdefault(key, shape.attributes[key])
            frames.append(_Frame(attributes, _ref(model, inside[0]), inside))
        return [f for f in frames if f.inside or f.attributes]

    @staticmethod
    def _stray(model: DrawingModel) -> list[RoleShape]:
        return [
            s for s in model.by_role(*_COUNTED_ROLES) if s.parent is None and "起止层" not in s.attributes
        ]

    def _floor(
        self, model: DrawingModel, frame: _Frame, exposed: int | None
    ) -> tuple[dict[str, Any], list[Missing]]:
        attributes = frame.attributes
        building = str(attributes.get("楼号") or "").strip() or _building_of(model)
        name = str(attributes.get("层名") or attributes.get("起止层") or "").strip()
        missing: list[Missing] = []
        levels, roof = _levels(attributes)
        if levels is None:
            handle = frame.ref.handle
            text = str(attributes.get("起止层") or "")
            why = f"起止层“{text}”不能识别" if text else "没有注明起止层"
            missing.append(
                Missing(
                    "起止层",
                    "起止层",
                    f"{building} 楼层框(句柄 {handle}){why}",
                    f"frame {handle}: floor range",
                )
            )
            levels = []
        own = _millimetres(attributes, "顶板高差")
        below = bool(levels) and max(levels) < 0
        if below and own is None:
            own = exposed if max(levels) == -1 else 0  # a lower basement's slab lies under the one above it
        standard = str(attributes.get("标准层") or "").strip()
        record = {
            "building": building,
            "name": name or "未注层名",
            "levels": levels,
            "roof": roof,
            "height_mm": _millimetres(attributes, "层高"),
            "usage": str(attributes.get("用途") or "").strip() or None,
            "standard": True if standard == "是" else False if standard == "否" else None,
            "exposed_mm": own if below else None,
            "parts": self._parts(model, frame, below, roof),
            "ref": frame.ref,
        }
        crossing = [s for s in frame.inside if s.role in _COUNTED_ROLES and not s.valid]
        if crossing:
            handles = "、".join(s.handle for s in crossing[:6])
            missing.append(
                Missing(
                    "面积线",
                    "面积线",
                    f"{building} {record['name']}:面积线自相交(句柄 {handles})",
                    f"self-crossing area line {handles}",
                )
            )
        return record, missing

    def _parts(self, model: DrawingModel, frame: _Frame, below: bool, roof: bool) -> list[dict[str, Any]]:
        shapes = [s for s in frame.inside if s.role in _COUNTED_ROLES]
        ordered = sorted(shapes, key=lambda s: (_PRECEDENCE[s.role], _area(s), s.handle))
        taken: list[BaseGeometry] = []
        parts = []
        for shape in ordered:
            covered = 0.0
            if taken:
                tree = [g for g in taken if g.intersects(shape.geometry)]
                covered = _local_area(shapely.union_all(tree).intersection(shape.geometry)) if tree else 0.0
            taken.append(shape.geometry)
            area = _area(shape) - (covered if covered > NOISE else 0.0)
            if area <= NOISE:
                continue
            parts.append(
                {
                    "object": self._object(shape, below, roof),
                    "area": measured(area),
                    "usage": _text(shape, "用途") or None,
                    "position": _text(shape, "位置") or None,
                    "enclosed": _yes_no(_text(shape, "封闭")),
                    "net_mm": _millimetres(shape, "净高"),
                    "sill_mm": _millimetres(shape, "窗台高差"),
                    "projection_mm": _millimetres(shape, "进深"),
                    "ref": _ref(model, shape),
                }
            )
        return sorted(parts, key=lambda p: -_PRECEDENCE_OF.get(str(p["object"]), 4))

    def _object(self, shape: RoleShape, below: bool, roof: bool) -> str:
        kind = _text(shape, "类别")
        if kind in self.rules.objects:
            return kind
        if shape.role == "area_deduct":
            share = _number(shape, "系数")
            return "半计" if share is not None and abs(share) == Decimal("0.5") else "不计"
        if shape.role == "area_full":
            return "地下室" if below else "屋顶用房" if roof else "自然层"
        return {"area_half": "半计", "area_none": "不计", "balcony": "阳台", "bay_window": "凸窗"}[shape.role]

    # ------------------------------------------------------------ what the drawing states about itself

    def stated(self) -> list[ElementValue]:
        """Declared figures written on the drawings: site area, floor area, land use."""
        texts: dict[str, tuple[str | float, tuple[EntityRef, ...]]] = {}
        for model in self.plans:
            for key, value in model.attributes.items():
                texts.setdefault(key, (value, ()))
            for shape in model.by_role("site_boundary"):
                for key, own in shape.attributes.items():
                    texts.setdefault(key, (own, (_ref(model, shape),)))
        out: list[ElementValue] = []
        for code, keys in (
            ("YD_DECLARED", ("申报用地面积",)),
            ("ZJZ_DECLARED", ("总建筑面积", "申报总建筑面积")),
        ):
            for key in keys:
                if key in texts and (number := _number({key: texts[key][0]}, key)) is not None:
                    out.append(self._value(code, number, "㎡", texts[key][1]))
                    break
        for key in _LAND_USE_KEYS:
            if key in texts and str(texts[key][0]).strip():
                out.append(self._value("YDXZ", str(texts[key][0]).strip(), "", texts[key][1]))
                break
        return out


#: order in which parts are shown: full lines first
_PRECEDENCE_OF = {"不计": 0, "阳台": 1, "凸窗": 2, "半计": 3}


@dataclass(slots=True)
class _Frame:
    attributes: dict[str, str | float]
    ref: EntityRef
    inside: list[RoleShape]


def _building_of(model: DrawingModel) -> str:
    """楼号 from the drawing's own information, another frame of the file, or the file name."""
    stated = str(model.attributes.get("楼号") or "").strip()
    if stated:
        return stated
    names = {_text(s, "楼号") for s in model.by_role("floor_frame")} - {""}
    if len(names) == 1:
        return names.pop()
    found = _FILE_BUILDING.search(model.name)
    return found.group(1) if found else ""


def _levels(attributes: Mapping[str, str | float]) -> tuple[list[int] | None, bool]:
    """(natural storeys, roof?) of a frame; None when the range cannot be read."""
    raw = attributes.get("起止层")
    text = f"{raw:g}" if isinstance(raw, float) else str(raw or "").strip()
    if text:
        try:
            return list(parse_floors(text)), False
        except BadRange:
            return ([], True) if _ROOF.search(text) else (None, False)
    name = str(attributes.get("层名") or "").strip()
    return ([], True) if _ROOF.search(name) else (None, False)


def _yes_no(text: str) -> str | None:
    if not text:
        return None
    return "是" if text.upper() in ("是", "Y", "YES", "TRUE", "1", "封闭", "有") else "否"


def _buildable(controls: Sequence[BaseGeometry], site: BaseGeometry) -> BaseGeometry | None:
    """Where control lines allow building.

    Inside any of the closed ones, and on the larger side of every open one that cuts the site; None when no line says.
    """
    closed: list[BaseGeometry] = []
    sides: list[BaseGeometry] = []
    for control in controls:
        if isinstance(control, (Polygon, MultiPolygon)):
            closed.append(control)
        elif isinstance(control, LineString) and control.is_ring:
            closed.append(Polygon(control))
        elif isinstance(control, LineString):
            pieces = [g for g in split(site, control).geoms if isinstance(g, Polygon)]
            if len(pieces) > 1:
                sides.append(max(pieces, key=lambda g: g.area))
    allowed = [shapely.union_all(closed)] if closed else []
    return shapely.intersection_all(allowed + sides) if allowed or sides else None


def _zone_shift(geometry: BaseGeometry) -> float:
    """The zone prefix in front of the easting (``38 486 000`` → 38 000 000), 0 without one."""
    east = geometry.bounds[0]
    return math.floor(east / 1e6) * 1e6 if east >= 1e7 else 0.0


def _sides(geometry: BaseGeometry) -> list[tuple[str, BaseGeometry]]:
    """Outer ring cut into sides at corners sharper than 20°, each with the compass word of its outward direction."""
    rings = [g.exterior for g in shapely.get_parts(geometry) if isinstance(g, Polygon)]
    out: list[tuple[str, BaseGeometry]] = []
    for ring in rings:
        points = list(shapely.geometry.polygon.orient(Polygon(ring)).exterior.coords)[:-1]
        count = len(points)
        headings = [
            math.degrees(
                math.atan2(
                    points[(i + 1) % count][1] - points[i][1], points[(i + 1) % count][0] - points[i][0]
                )
            )
            for i in range(count)
        ]
        corners = [i for i in range(count) if abs((headings[i] - headings[i - 1] + 180) % 360 - 180) > 20]
        if not corners:
            out.append(("四周", LineString([*points, points[0]])))
            continue
        for n, start in enumerate(corners):
            end = corners[(n + 1) % len(corners)]
            span = (end - start) % count or count
            line = LineString([points[(start + k) % count] for k in range(span + 1)])
            (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
            outward = math.degrees(math.atan2(y1 - y0, x1 - x0)) - 90 if line.length else headings[start] - 90
            out.append((_SIDES[round(outward / 45) % 8], line))
    return out
