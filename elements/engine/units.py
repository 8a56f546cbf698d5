"""Units of measure: what a number handed in with its own unit is in the element's unit.

Only units of one dimension convert (亩 to ㎡, 万元 to 元, 元/㎡ to 万元/亩); everything else is refused. 1 亩 is
10000/15 ㎡. A working day 工作日 is no day 日, and a year is no number of days: they never convert.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from elements.engine.rounding import plain_number

#: unit → (dimension, size in the dimension's own unit)
_UNITS: dict[str, tuple[str, Fraction]] = {}


def _define(dimension: str, *units: tuple[str, Fraction | int]) -> None:
    for names, size in units:
        for name in names.split():
            _UNITS[name] = (dimension, Fraction(size))


_define("length", ("m 米", 1), ("km 千米 公里", 1000), ("dm 分米", Fraction(1, 10)), ("cm 厘米", Fraction(1, 100)),
        ("mm 毫米", Fraction(1, 1000)))  # fmt: skip
_define("area", ("㎡ m2 m² 平方米 平米 平方", 1), ("亩 市亩", Fraction(10000, 15)), ("公顷 ha hm2 hm²", 10000),
        ("万㎡ 万m2 万m² 万平方米 万平米", 10000), ("km2 km² 平方千米 平方公里", 1_000_000))  # fmt: skip
_define("volume", ("m³ m3 立方米 方", 1))
_define("money", ("元 圆 人民币元 CNY RMB", 1), ("角", Fraction(1, 10)), ("千元", 1000), ("万元 万", 10_000),
        ("百万元", 1_000_000), ("亿元 亿", 100_000_000))  # fmt: skip
_define("ratio", ("1", 1), ("% ％ 百分比", Fraction(1, 100)), ("‰ 千分比", Fraction(1, 1000)), ("倍", 1))
_define("mass", ("公斤 kg 千克", 1), ("t 吨", 1000), ("g 克", Fraction(1, 1000)))
_define("day", ("日 天 d", 1))
_define("working day", ("工作日 个工作日", 1))
_define("month", ("月 个月", 1), ("年 a", 12))
_define("hour", ("h 小时 时", 1), ("min 分钟", Fraction(1, 60)))
_define("person", ("人", 1), ("万人", 10_000))


def _sized(unit: str) -> tuple[tuple[str, ...], Fraction] | None:
    """Dimensions (numerator first) and size of a unit such as ``万元/亩``; None for one that is not known."""
    dimensions: list[str] = []
    size = Fraction(1)
    for index, part in enumerate(unit.replace(" ", "").replace("每", "/").split("/")):
        found = _UNITS.get(part)
        if found is None:
            found = (part, Fraction(1))  # 户, 个 and the like: the same word only
        dimensions.append(found[0])
        size = size * found[1] if index == 0 else size / found[1]
    return (tuple(dimensions), size) if all(dimensions) else None


def converted(number: Decimal, unit: str, own: str) -> Decimal | None:
    """``number`` of ``unit`` in the unit ``own`` (28 significant digits); None when the dimensions differ.

    An element without a unit is a pure number: ``50%`` is 0.5.
    """
    if unit == own:
        return number
    given, wanted = _sized(unit), _sized(own or "1")
    if given is None or wanted is None or given[0] != wanted[0]:
        return None
    factor = given[1] / wanted[1]
    return number if factor == 1 else Decimal(plain_number(number * factor.numerator / factor.denominator))
