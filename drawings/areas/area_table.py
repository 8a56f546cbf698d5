"""建筑面积统计表: building → floors → use and kind → area, coefficient, counted area.

Pure. Areas are ㎡ rounded half up to two decimals on each line, counted areas are computed from the rounded ones, and
every total is the exact sum of its lines, so the table can be checked with a pocket calculator. Within a floor an
area that two outlines share counts once (``precedence`` of ``catalogue/area_table.yaml``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import shapely
from pydantic import BaseModel, ConfigDict
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.floors import Floor, building_of, drawn_floors
from drawings.reading import CATALOGUE
from drawings.standards.multiplicity import (
    BadRange,
    is_below,
    is_between,
    is_once,
    names_several,
    parse_floors,
)
from drawings.standards.standards import roles
from project_box.kernel.catalogue import parse
from project_box.kernel.plain import to_plain

_CENT = Decimal("0.01")
_FILE = re.compile(r"(?:-?单体图)?\.\w{2,4}$")  # what a file name has besides a building's
_NOISE = 1e-4  # ㎡; a smaller shared area is drawing noise


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CoefficientRow(_Strict):
    """One line of the rule: ``text`` attributes that must say so, numbers ``below`` or ``at_least`` (metres)."""

    role: str
    text: dict[str, str] = {}
    below: dict[str, float] = {}
    at_least: dict[str, float] = {}
    coefficient: Decimal
    clause: str


class AreaRules(_Strict):
    """With what coefficient outlines count."""

    doc_no: str
    title: str
    effective_from: dt.date
    verified: bool
    precedence: tuple[str, ...]
    rows: tuple[CoefficientRow, ...]


@lru_cache
def area_rules() -> AreaRules:
    """The rules in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(AreaRules, CATALOGUE / "area_table.yaml")


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One use and kind on one floor, for one storey and for all storeys the frame stands for.

    Attributes:
        area: ㎡ of one storey. coefficient: None if the drawing does not say enough (无法判定).
        counted: area × coefficient, ㎡. total: counted × storeys; both None without a coefficient.
        clause: what the coefficient follows. why: what is missing, in Chinese. handles: the outlines.
    """

    use: str
    kind: str
    role: str
    area: Decimal
    coefficient: Decimal | None
    counted: Decimal | None
    total: Decimal | None
    clause: str
    why: str
    handles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FloorTable:
    """One floor frame: ``storeys`` it stands for; None if its range cannot be read (then nothing is totalled).

    ``part`` is ``above`` 地上, ``below`` 地下 or ``roof`` 屋顶.
    """

    name: str
    floors: str
    storeys: int | None
    part: str
    height: str
    handle: str
    lines: tuple[AreaLine, ...]
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class BuildingTable:
    """One building; totals are None as soon as one line is undecided."""

    name: str
    file: str
    floors: tuple[FloorTable, ...]
    above: Decimal | None
    below: Decimal | None
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class AreaTable:
    """The table of a set of drawings.

    ``by_use`` totals counted area by use; ``undecided`` says what is missing and where.
    """

    buildings: tuple[BuildingTable, ...]
    above: Decimal | None
    below: Decimal | None
    total: Decimal | None
    by_use: dict[str, Decimal]
    undecided: tuple[str, ...]
    doc_no: str
    title: str
    verified: bool

    @property
    def by_building_use(self) -> dict[str, dict[str, Decimal]]:
        """Building → use → counted area, ㎡; lines without a coefficient or storeys are left out."""
        return {b.name: _sums(line for f in b.floors for line in f.lines) for b in self.buildings}

    @property
    def by_kind(self) -> dict[str, Decimal]:
        """Counted area by 类别 (计容, 不计容, 阳台 …), ㎡."""
        return _sums((x for b in self.buildings for f in b.floors for x in f.lines), kind=True)


def _sums(lines: Iterable[AreaLine], *, kind: bool = False) -> dict[str, Decimal]:
    out: dict[str, Decimal] = {}
    for line in lines:
        if line.total is not None:
            name = line.kind if kind else line.use
            out[name] = out.get(name, Decimal(0)) + line.total
    return out


def area_table(models: Sequence[DrawingModel], rules: AreaRules | None = None) -> AreaTable:
    """The table of all buildings among the drawings."""
    rules = rules or area_rules()
    undecided: list[str] = []
    floors: dict[str, list[tuple[str, FloorTable]]] = {}
    for model in models:
        for building, floor in _floors(model, rules, undecided):
            floors.setdefault(building, []).append((model.name, floor))
    buildings = tuple(
        _building(name, own) for name, own in sorted(floors.items(), key=lambda f: _natural(f[0]))
    )
    by_use = _sums(line for b in buildings for f in b.floors for line in f.lines)
    return AreaTable(
        buildings,
        _sum(b.above for b in buildings),
        _sum(b.below for b in buildings),
        _sum(b.total for b in buildings),
        by_use,
        tuple(undecided),
        rules.doc_no,
        rules.title,
        rules.verified,
    )


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdigit() else (0, p) for p in re.split(r"(\d+)", text) if p]


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal("0.00")
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _building(name: str, floors: Sequence[tuple[str, FloorTable]]) -> BuildingTable:
    order = {"below": 0, "above": 1, "roof": 2}
    own = tuple(f for _, f in sorted(floors, key=lambda f: (order[f[1].part], _first(f[1]))))
    above = _sum(f.total for f in own if f.part != "below")
    below = _sum(f.total for f in own if f.part == "below")
    total = above + below if above is not None and below is not None else None
    return BuildingTable(name, "、".join(dict.fromkeys(f for f, _ in floors)), own, above, below, total)


def _first(floor: FloorTable) -> int:
    try:
        return parse_floors(floor.floors)[0]
    except BadRange:
        return 999


def _floors(model: DrawingModel, rules: AreaRules, undecided: list[str]) -> Iterable[tuple[str, FloorTable]]:
    counted = [s for s in model.shapes if s.role in rules.precedence]
    fallback = building_of(model) or _FILE.sub("", model.name) or model.name
    for drawn in drawn_floors(model):
        building = str(drawn.attributes.get("楼号") or "").strip() or fallback
        inside = [s for s in drawn.inside if s.role in rules.precedence]
        if drawn.framed or inside:
            if names_several(building):
                undecided.append(
                    f"{building}：一张平面图用于多栋，面积按一栋计入（句柄 {drawn.shape.handle}）"
                )
            yield building, _floor(building, drawn, inside, rules, undecided)
    loose = [s for s in counted if s.parent is None and "起止层" not in s.attributes]
    if loose:
        what = (
            f"{fallback}：{len(loose)} 个面积线不在楼层框内（句柄 {'、'.join(s.handle for s in loose[:5])}）"
        )
        undecided.append(what)
        lines = _lines(loose, "", None, fallback, "", rules, undecided)
        yield fallback, FloorTable("不在楼层框内", "", None, "above", "", "", lines, None)


def _floor(
    building: str, frame: Floor, inside: Sequence[RoleShape], rules: AreaRules, undecided: list[str]
) -> FloorTable:
    raw = frame.attributes.get("起止层")
    text = f"{raw:g}" if isinstance(raw, float) else str(raw or "").strip()
    name = str(frame.attributes.get("层名") or text or "未注层名").strip()
    storeys: int | None
    part = "above"
    try:
        numbers = parse_floors(text)
        storeys = len(numbers)
        part = "below" if numbers[-1] < 0 else "above"
        if numbers[0] < 0 < numbers[-1]:
            undecided.append(f"{building} {name}：起止层“{text}”跨地上和地下，计入地上")
    except BadRange as error:
        if is_once(text) or is_once(name):
            storeys, part = 1, "above" if is_between(text) or is_between(name) else "roof"
            if is_below(f"{name} {text}"):
                part = "below"
        else:
            storeys = None
            if inside:  # a frame without area lines is a sheet of something else
                undecided.append(f"{building} {name}：起止层“{text}”{error.zh}（句柄 {frame.shape.handle}）")
    usage = str(frame.attributes.get("用途") or "").strip()
    lines = _lines(inside, usage, storeys, building, name, rules, undecided)
    height = frame.attributes.get("层高")
    return FloorTable(
        name,
        text,
        storeys,
        part,
        f"{height:g}" if isinstance(height, float) else str(height or ""),
        frame.shape.handle,
        lines,
        _sum(line.total for line in lines) if storeys is not None or not lines else None,
    )


def _lines(
    shapes: Sequence[RoleShape],
    usage: str,
    storeys: int | None,
    building: str,
    floor: str,
    rules: AreaRules,
    undecided: list[str],
) -> tuple[AreaLine, ...]:
    rank = {role: n for n, role in enumerate(rules.precedence)}
    names = roles().roles
    taken: list[BaseGeometry] = []
    deducted: list[
        BaseGeometry
    ] = []  # with a coefficient of their own: printed with it, nothing is cut for them
    groups: dict[tuple[str, str, str, Decimal | None, str, str], tuple[float, list[str]]] = {}
    for shape in sorted(shapes, key=lambda s: (rank[s.role], s.area_m2 or 0.0, s.handle)):
        before = deducted if _signed(shape) else taken
        over = [g for g in before if g.intersects(shape.geometry)]
        shared = float(shapely.union_all(over).intersection(shape.geometry).area) if over else 0.0
        before.append(shape.geometry)
        area = (shape.area_m2 or 0.0) - (shared if shared > _NOISE else 0.0)
        if area <= _NOISE:
            continue
        kind = str(shape.attributes.get("类别") or names[shape.role].zh)
        use = str(shape.attributes.get("用途") or usage or "未注用途")
        coefficient, clause, why = _coefficient(shape, rules)
        if why:
            undecided.append(f"{building} {floor} {names[shape.role].zh}：{why}（句柄 {shape.handle}）")
        key = (use, kind, shape.role, coefficient, clause, why)
        total, handles = groups.get(key, (0.0, []))
        groups[key] = (total + area, [*handles, shape.handle])
    lines = []
    for (use, kind, role, coefficient, clause, why), (raw, handles) in groups.items():
        area_ = Decimal(repr(round(raw, 6))).quantize(_CENT, ROUND_HALF_UP)
        counted = (area_ * coefficient).quantize(_CENT, ROUND_HALF_UP) if coefficient is not None else None
        whole = counted * storeys if counted is not None and storeys is not None else None
        lines.append(
            AreaLine(use, kind, role, area_, coefficient, counted, whole, clause, why, tuple(handles))
        )
    return tuple(sorted(lines, key=lambda x: (-rank[x.role], x.use, x.kind)))


def _signed(shape: RoleShape) -> bool:
    """True for an area to deduct that says with what coefficient."""
    return shape.role == "area_deduct" and isinstance(shape.attributes.get("系数"), float)


def _coefficient(shape: RoleShape, rules: AreaRules) -> tuple[Decimal | None, str, str]:
    """(coefficient, clause, what is missing)."""
    own = shape.attributes.get("系数")
    if isinstance(own, float):
        value = Decimal(repr(own))
        return value, "系数（扣减）" if value < 0 else "系数", ""
    missing: list[str] = []
    for row in rules.rows:
        if row.role != shape.role:
            continue
        holds = True
        for key, wanted in row.text.items():
            said = str(shape.attributes.get(key) or "")
            missing += [key] if not said else []
            holds &= said == wanted
        for limits, lower in ((row.below, False), (row.at_least, True)):
            for key, limit in limits.items():
                number = shape.attributes.get(key)
                if not isinstance(number, float):
                    missing.append(key)
                    holds = False
                else:
                    # heights are compared in whole millimetres
                    holds &= (round(number * 1000) >= round(limit * 1000)) is lower
        if holds:
            return row.coefficient, row.clause, ""
    words = "、".join(dict.fromkeys(missing))
    return None, "", f"没有注明{words}，系数无法判定" if words else "没有适用的系数，无法判定"


def area_table_to_plain(table: AreaTable) -> dict[str, Any]:
    """JSON form; decimals as text, None where it is undecided."""
    plain: dict[str, Any] = to_plain(table)
    plain |= to_plain({"by_building_use": table.by_building_use, "by_kind": table.by_kind})
    return plain
