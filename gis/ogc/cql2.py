"""CQL2 filters (OGC 21-065) over the queryable properties of a collection, as an SQL condition with bound values.

A filter comes as a tree (:mod:`gis.ogc.filter_text`). The condition is built from fixed fragments only: names
are looked up among the queryables, every value is a bind parameter, so nothing a client writes becomes SQL.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shapely.geometry.base import BaseGeometry

from gis.ogc import query_geometry
from gis.ogc.filter_text import MAX_NESTING, MAX_NODES, PLACE, refuse
from project_box.kernel.errors import BadInput


class Kind(StrEnum):
    """What a property or expression yields."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    GEOMETRY = "geometry"
    BOOLEAN = "boolean"

    @property
    def zh(self) -> str:
        """Chinese word in messages."""
        return {
            "text": "文本",
            "number": "数值",
            "time": "时间",
            "geometry": "几何",
            "boolean": "条件",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Property:
    """A queryable: its kind, the (trusted) SQL that yields it, and how people call it."""

    kind: Kind
    sql: str
    name: str = ""
    name_en: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Queryables:
    """What may be asked of a collection.

    Attributes:
        properties: by name; the geometry is one of them.
        crs: EPSG the geometry is stored in.
        picture: SQL of an indexed EPSG:3857 copy, looked at first; empty where there is none.
    """

    properties: Mapping[str, Property]
    crs: int
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL that is true for the features meant, and its bind parameters."""

    sql: str = "true"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"({self.sql}) AND ({other.sql})", {**self.parameters, **other.parameters})


def compile_filter(tree: Any, queryables: Queryables, *, crs: str | None = None) -> Condition:
    """The condition of a parsed filter; geometries in it are in ``crs`` (a CRS URI; CRS84 when None).

    Raises:
        BadInput: unknown properties or operators, kinds that do not fit, or geometries that cannot be used.
    """
    compiler = _Compiler(queryables, query_geometry.crs_of(crs, place="filter-crs"))
    return Condition(compiler.boolean(tree, 0), compiler.parameters)


def equals(name: str, value: str, queryables: Queryables, *, prefix: str) -> Condition:
    """The condition that a property has a value (of a query parameter bearing its name).

    Args:
        prefix: of its bind parameters.
    """
    known = queryables.properties[name]
    literal: Any = value
    if known.kind is Kind.NUMBER:
        try:
            literal = float(value)
        except ValueError as error:
            raise BadInput(
                f"{name} 应为数值", f"{name} must be a number", code="filter_invalid", place=name
            ) from error
    elif known.kind is Kind.TIME:
        literal = {"timestamp" if "T" in value else "date": value}
    compiler = _Compiler(queryables, query_geometry.CRS84, prefix)
    return Condition(
        compiler.boolean({"op": "=", "args": [{"property": name}, literal]}, 0), compiler.parameters
    )


_COMPARE = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_ARITHMETIC = {
    "+": "({0} + {1})",
    "-": "({0} - {1})",
    "*": "({0} * {1})",
    "/": "({0} / NULLIF({1}, 0))",
    "div": "trunc({0} / NULLIF({1}, 0))",
    "%": "({0} - {1} * trunc({0} / NULLIF({1}, 0)))",
    "^": "power({0}, {1})",
}
_SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_within": "ST_Within",
    "s_overlaps": "ST_Overlaps",
    "s_crosses": "ST_Crosses",
    "s_contains": "ST_Contains",
}
#: {0}, {1} begin and end of the first, {2}, {3} of the second
_TEMPORAL = {
    "t_after": "{0} > {3}",
    "t_before": "{1} < {2}",
    "t_contains": "{0} < {2} AND {1} > {3}",
    "t_disjoint": "({0} > {3} OR {1} < {2})",
    "t_during": "{0} > {2} AND {1} < {3}",
    "t_equals": "{0} = {2} AND {1} = {3}",
    "t_finishedby": "{1} = {3} AND {0} < {2}",
    "t_finishes": "{1} = {3} AND {0} > {2}",
    "t_intersects": "{0} <= {3} AND {1} >= {2}",
    "t_meets": "{1} = {2}",
    "t_metby": "{0} = {3}",
    "t_overlappedby": "{0} > {2} AND {0} < {3} AND {1} > {3}",
    "t_overlaps": "{0} < {2} AND {1} > {2} AND {1} < {3}",
    "t_startedby": "{0} = {2} AND {1} > {3}",
    "t_starts": "{0} = {2} AND {1} < {3}",
}
#: operators a client may use
OPERATORS = frozenset(
    {"and", "or", "not", "isnull", "between", "in", "like", "casei", "s_disjoint"}
    | set(_COMPARE) | set(_ARITHMETIC) | set(_SPATIAL) | set(_TEMPORAL)
)  # fmt: skip


class _Compiler:
    def __init__(self, queryables: Queryables, crs: query_geometry.Crs, prefix: str = "q") -> None:
        self.queryables, self.crs, self.prefix = queryables, crs, prefix
        self.parameters: dict[str, Any] = {}
        self._nodes = 0

    # --- pieces ---

    def bind(self, value: Any) -> str:
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"

    def operation(self, node: Any, depth: int) -> tuple[str, Sequence[Any]] | None:
        """Operator (lower case) and arguments of a node, None when it is something else."""
        self._nodes += 1
        if depth > MAX_NESTING or self._nodes > MAX_NODES:
            raise refuse("过于复杂", "too complex", "拆成几次查询", "ask in several queries")
        if not isinstance(node, dict) or "op" not in node:
            return None
        name, arguments = node.get("op"), node.get("args")
        if not isinstance(name, str) or not isinstance(arguments, list):
            raise refuse("op 应为文字，args 应为列表", "op must be a string and args a list")
        if name.lower() not in OPERATORS:
            raise refuse(f"不支持 {name[:40]}", f"operator {name[:40]} is not supported")
        return name.lower(), arguments

    def two(self, name: str, arguments: Sequence[Any]) -> tuple[Any, Any]:
        if len(arguments) != 2:
            raise refuse(f"{name} 需要两个参数", f"{name} takes two arguments")
        return arguments[0], arguments[1]

    # --- conditions ---

    def boolean(self, node: Any, depth: int) -> str:
        if isinstance(node, bool):
            return "true" if node else "false"
        found = self.operation(node, depth)
        if found is None:
            raise refuse("这里应是一个条件", "a condition is expected here")
        name, arguments = found
        if name in ("and", "or"):
            if not arguments:
                raise refuse(f"{name} 没有参数", f"{name} without arguments")
            return "(" + f" {name.upper()} ".join(self.boolean(a, depth + 1) for a in arguments) + ")"
        if name == "not" and len(arguments) == 1:
            return f"(NOT {self.boolean(arguments[0], depth + 1)})"
        if name == "isnull" and len(arguments) == 1:
            return f"({self.any_value(arguments[0], depth + 1)} IS NULL)"
        if name in _COMPARE:
            return self.comparison(name, arguments, depth)
        if name in ("between", "in", "like"):
            return self.membership(name, arguments, depth)
        if name in _SPATIAL or name == "s_disjoint":
            return self.spatial(name, arguments)
        if name in _TEMPORAL:
            first, second = (self.period(a) for a in self.two(name, arguments))
            return "(" + _TEMPORAL[name].format(*first, *second) + ")"
        raise refuse(f"{name} 不能作为条件", f"{name} is no condition")

    def any_value(self, node: Any, depth: int) -> str:
        known = self.property(node)
        return known.sql if known is not None else self.scalar(node, depth)[0]

    def comparison(self, name: str, arguments: Sequence[Any], depth: int) -> str:
        (left, kind), (right, other) = (self.scalar(a, depth + 1) for a in self.two(name, arguments))
        self.same(kind, other)
        return f"({left} {_COMPARE[name]} {right})"

    def same(self, kind: Kind, other: Kind) -> None:
        if kind is not other:
            raise refuse(f"不能比较{kind.zh}与{other.zh}", f"{kind} and {other} cannot be compared")

    def membership(self, name: str, arguments: Sequence[Any], depth: int) -> str:
        if name == "between":
            if len(arguments) != 3:
                raise refuse("between 需要三个参数", "between takes three arguments")
            (value, kind), (low, first), (high, second) = (self.scalar(a, depth + 1) for a in arguments)
            self.same(kind, first)
            self.same(kind, second)
            return f"({value} BETWEEN {low} AND {high})"
        subject, given = self.two(name, arguments)
        value, kind = self.scalar(subject, depth + 1)
        if name == "like":
            pattern, other = self.scalar(given, depth + 1)
            self.same(kind, Kind.TEXT)
            self.same(other, Kind.TEXT)
            return f"({value} LIKE {pattern})"
        if not isinstance(given, list) or not given:
            raise refuse("in 需要一个列表", "in takes a list")
        listed = [self.scalar(g, depth + 1) for g in given]
        for _, other in listed:
            self.same(kind, other)
        return f"({value} IN ({', '.join(sql for sql, _ in listed)}))"

    # --- values ---

    def property(self, node: Any) -> Property | None:
        if not isinstance(node, dict) or "property" not in node:
            return None
        name = node["property"]
        known = self.queryables.properties.get(name) if isinstance(name, str) else None
        if known is None:
            raise refuse(
                f"没有可查询的字段 {str(name)[:60]}", f"no queryable property {str(name)[:60]}",
                "可查询的字段见该图层的 queryables", "the collection's queryables list the properties",
            )  # fmt: skip
        return known

    def scalar(self, node: Any, depth: int) -> tuple[str, Kind]:
        """SQL and kind of a text, number, time or boolean."""
        known = self.property(node)
        if known is not None:
            if known.kind is Kind.GEOMETRY:
                raise refuse("几何字段只能用于空间条件", "a geometry can be used in spatial conditions only")
            return known.sql, known.kind
        if isinstance(node, bool):
            return ("true" if node else "false"), Kind.BOOLEAN
        if isinstance(node, (int, float)):
            return f"CAST({self.bind(_number(node))} AS float8)", Kind.NUMBER
        if isinstance(node, str):
            return f"CAST({self.bind(_text(node))} AS text)", Kind.TEXT
        if isinstance(node, dict) and ("date" in node or "timestamp" in node):
            return self.moment(node.get("date", node.get("timestamp"))), Kind.TIME
        found = self.operation(node, depth)
        if found is None:
            raise refuse("这里应是一个值", "a value is expected here")
        name, arguments = found
        if name == "casei" and len(arguments) == 1:
            value, kind = self.scalar(arguments[0], depth + 1)
            self.same(kind, Kind.TEXT)
            return f"lower({value})", Kind.TEXT
        if name in _ARITHMETIC:
            if name == "-" and len(arguments) == 1:
                arguments = [0, *arguments]
            (left, kind), (right, other) = (self.scalar(a, depth + 1) for a in self.two(name, arguments))
            self.same(kind, Kind.NUMBER)
            self.same(other, Kind.NUMBER)
            return _ARITHMETIC[name].format(left, right), Kind.NUMBER
        raise refuse(f"{name} 不能作为值", f"{name} is no value")

    def moment(self, written: Any) -> str:
        return f"CAST({self.bind(instant(written))} AS timestamptz)"

    def period(self, node: Any) -> tuple[str, str]:
        """Begin and end of an instant or interval."""
        if isinstance(node, dict) and "interval" in node:
            ends = node["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise refuse("interval 需要起止两个时间", "an interval has two ends")
            begin, end = (self.interval_end(e, open_end) for e, open_end in zip(ends, ("-", ""), strict=True))
            return begin, end
        value, kind = self.scalar(node, 0)
        self.same(kind, Kind.TIME)
        return value, value

    def interval_end(self, node: Any, sign: str) -> str:
        if node == "..":
            return f"CAST('{sign}infinity' AS timestamptz)"
        if isinstance(node, str):
            return self.moment(node)
        value, kind = self.scalar(node, 0)
        self.same(kind, Kind.TIME)
        return value

    # --- geometry ---

    def spatial(self, name: str, arguments: Sequence[Any]) -> str:
        sides = [self.geometry(a) for a in self.two(name, arguments)]
        function = _SPATIAL.get(name, "ST_Intersects")
        condition = f"{function}({sides[0][0]}, {sides[1][0]})"
        literals = [shape for _, shape in sides if shape is not None]
        if len(literals) == 1 and self.queryables.picture:
            box = query_geometry.picture_box(literals[0], self.queryables.crs)
            if box is not None:
                ends = ", ".join(self.bind(v) for v in box)
                condition = f"({self.queryables.picture} && ST_MakeEnvelope({ends}, 3857) AND {condition})"
        return f"(NOT {condition})" if name == "s_disjoint" else condition

    def geometry(self, node: Any) -> tuple[str, BaseGeometry | None]:
        """SQL of a geometry in the storage CRS, and the shape when it is a literal."""
        known = self.property(node)
        if known is not None:
            if known.kind is not Kind.GEOMETRY:
                raise refuse("空间条件需要几何字段", "a spatial condition needs the geometry")
            return known.sql, None
        shape = query_geometry.literal(node, self.crs, self.queryables.crs)
        data = self.bind(query_geometry.wkb(shape))
        return f"ST_GeomFromWKB({data}, {int(self.queryables.crs)})", shape


def _number(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refuse("数值超出范围", "a number is out of range")
    return number


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise refuse("文本含有无效字符", "a text holds invalid characters")
    return value


def instant(written: Any, *, place: str = PLACE) -> dt.datetime:
    """A date (its midnight, UTC) or timestamp as RFC 3339 writes it.

    Raises:
        BadInput: it is none; names the parameter it stands in (``place``).
    """
    try:
        moment = dt.datetime.fromisoformat(str(written).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"不是有效的时间：{str(written)[:40]}", f"not a date or time: {str(written)[:40]}",
            code="time_invalid", place=place, remedy="写成 2026-01-31 或 2026-01-31T08:00:00Z",
            remedy_en="write 2026-01-31 or 2026-01-31T08:00:00Z",
        ) from error  # fmt: skip
