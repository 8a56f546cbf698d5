"""What every part of the extraction needs: shapes of a drawing set, their numbers and words, values with evidence.

Areas ㎡ and lengths m in drawing coordinates; areas are computed near the origin, where floats are exact enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from shapely import affinity
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.rounding import millimetres
from elements.engine.values import ElementValue, Missing, Value
from project_box.kernel.finding import EntityRef

#: an overlap or overhang smaller than this (㎡) is drawing noise
NOISE = 1e-4
#: a footprint may stick out by this much (㎡) through rounding of coordinates
OUTSIDE_TOLERANCE = 0.05

Shapes = list[tuple[EntityRef, RoleShape]]


@dataclass(frozen=True, slots=True)
class ExtractRules:
    """What the extraction has to know of the rules.

    Attributes:
        objects: object types the area rules know (a 类别 outside them is no object type).
        green_offsets: green kind → (metres from a building's foot, metres from a road's edge) that do not count.
        central_width: least width m of 集中绿地; None when no rule says so.
    """

    objects: frozenset[str]
    green_offsets: Mapping[str, tuple[Decimal, Decimal]]
    central_width: Decimal | None = None


@dataclass(slots=True)
class Building:
    """One building of the site plan: its footprint shapes, the ground it covers and its outline with what overhangs.

    ``outlined``: no footprint is drawn; shapes, ground and outline are the building's outline.
    """

    name: str
    shapes: Shapes
    foot: BaseGeometry
    outline: BaseGeometry
    area: float
    attributes: dict[str, str | float] = field(default_factory=dict)
    roofs: list[tuple[EntityRef, dict[str, str | float], float]] = field(default_factory=list)
    outlined: bool = False

    @property
    def refs(self) -> tuple[EntityRef, ...]:
        """Drawing entities of its footprint."""
        return tuple(ref for ref, _ in self.shapes)

    @property
    def label(self) -> str:
        """楼号, or the handle of its first footprint."""
        return self.name or self.refs[0].handle


class DrawingSet:
    """The readable drawings of one revision; ``plans`` are the site plans among them."""

    def __init__(self, models: Sequence[DrawingModel], rules: ExtractRules) -> None:
        self.models = [m for m in models if m.readable]
        self.rules = rules
        plans = [m for m in self.models if m.kind == "site_plan"]
        self.plans = plans or [m for m in self.models if m.by_role("site_boundary", "footprint")]

    def on_plan(self, *wanted: str) -> Shapes:
        """Shapes of the site plans in some roles, with their references."""
        return [(ref_of(m, s), s) for m in self.plans for s in m.by_role(*wanted)]

    def nothing(self, code: str, name: str, what: str, en: str) -> ElementValue:
        """No value, because there is no drawing, no site plan, or nothing of the kind on it."""
        if not self.models:
            reason = Missing(code, name, "项目盒里还没有可读的图纸", "no readable drawing in the box")
        elif not self.plans:
            reason = Missing(code, name, "图纸中没有总平面图", "no site plan among the drawings")
        else:
            reason = Missing(code, name, f"总平面图中没有{what}", f"no {en} on the site plan")
        return ElementValue(code, None, source="drawing", missing=(reason,))


def crossing(code: str, name: str, found: Shapes) -> ElementValue | None:
    """A ring that crosses itself has no area worth the name: no value, with the handles; None when all are sound."""
    bad = [(r, s) for r, s in found if not s.valid]
    if not bad:
        return None
    handles = "、".join(r.handle for r, _ in bad[:6])
    reason = Missing(code, name, f"{name}图形自相交（句柄 {handles}）", f"self-crossing ring {handles}")
    return ElementValue(code, None, source="drawing", missing=(reason,), evidence=refs_of(bad))


def drawn(code: str, value: Value, unit: str, refs: Iterable[EntityRef], note: str = "") -> ElementValue:
    """A value measured on drawings."""
    return ElementValue(
        code,
        value,
        unit,
        evidence=tuple(dict.fromkeys(refs)),
        source="drawing",
        details={"note": note} if note else {},
    )


def area_of(shape: RoleShape) -> float:
    return shape.area_m2 if shape.area_m2 is not None else local_area(shape.geometry)


def local_area(geometry: BaseGeometry) -> float:
    """Area computed near the origin: coordinates of seven digits would cost precision."""
    if geometry.is_empty:
        return 0.0
    x, y = geometry.bounds[0], geometry.bounds[1]
    return float(affinity.translate(geometry, -x, -y).area)


def text_of(shape: RoleShape, key: str) -> str:
    value = shape.attributes.get(key)
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def number_of(shape_or_attributes: RoleShape | Mapping[str, str | float], key: str) -> Decimal | None:
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


def millimetres_of(shape_or_attributes: RoleShape | Mapping[str, str | float], key: str) -> int | None:
    number = number_of(shape_or_attributes, key)
    return millimetres(number) if number is not None else None


def ref_of(model: DrawingModel, shape: RoleShape) -> EntityRef:
    return EntityRef(model.sha256, shape.handle, shape.layer)


def refs_of(found: Iterable[tuple[EntityRef, RoleShape]]) -> tuple[EntityRef, ...]:
    return tuple(dict.fromkeys(ref for ref, _ in found))
