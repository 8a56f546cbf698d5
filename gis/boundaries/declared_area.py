"""Areas a file declares 申报面积, in their units, against the computed one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from gis.remarks import error, warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue

#: ㎡ per unit of a declared area
UNIT_M2 = {
    "ha": Decimal(10000),
    "m2": Decimal(1),
    "mu": Decimal(10000) / Decimal(15),
    "km2": Decimal(1000000),
}
UNIT_ZH = {"ha": "公顷", "m2": "平方米", "mu": "亩", "km2": "平方公里"}
_UNIT_WORDS = (
    (("平方公里", "平方千米", "km2", "km²", "㎢"), "km2"),
    (("公顷", "hm2", "hm²", "ha"), "ha"),
    (("平方米", "㎡", "m2", "m²", "平米", "平方"), "m2"),
    (("亩", "mu"), "mu"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """An area as a file states it.

    Attributes:
        text: as written; ``value`` the number in it; ``unit`` ha, m2, mu or km2.
        unit_written: the unit stands in the text (else it was inferred from the computed area, or is the usual ha).
        line: line in the file.
    """

    text: str
    value: Decimal
    unit: str
    unit_written: bool
    line: int | None = None

    @property
    def area_m2(self) -> float:
        """The declared area in ㎡."""
        return float(self.value * UNIT_M2[self.unit])

    @property
    def half_digit_m2(self) -> float:
        """Half a unit of the last written digit, in ㎡."""
        exponent = self.value.as_tuple().exponent
        return float(Decimal(10) ** (exponent if isinstance(exponent, int) else 0) / 2 * UNIT_M2[self.unit])


def parse_declared(text: str, line: int | None = None) -> Declared | None:
    """The area in a text such as ``1.2247``, ``0.7655公顷``, ``8,000㎡``; None when there is no number in it.

    Without a unit the value is taken as 公顷, the unit of the format (reference 4.1), until :func:`compare_area`
    finds that another unit fits.
    """
    cleaned = text.strip().replace(",", "").replace(" ", "")
    number = re.search(r"[-+]?\d+(?:\.\d+)?|[-+]?\.\d+", cleaned)
    if number is None:
        return None
    try:
        value = Decimal(number.group())
    except InvalidOperation:
        return None
    rest = (cleaned[: number.start()] + cleaned[number.end() :]).lower()
    for words, unit in _UNIT_WORDS:
        if any(word in rest for word in words):
            return Declared(text.strip(), value, unit, True, line)
    return Declared(text.strip(), value, "ha", False, line)


def compare_area(declared: Declared, computed_m2: float, label: str, issues: list[Issue]) -> Declared:
    """Compare a declared with the computed area (WE-45) and report; returns it with the unit that fits.

    公顷 fits: nothing to say. ㎡ or 亩 fits though no unit is written: warning. Nothing fits: error.
    """
    who = f"{label}：" if label else ""

    def fits(candidate: Declared) -> bool:
        allowed = max(candidate.half_digit_m2, boundary_rules().area_tolerance_share * computed_m2)
        return abs(candidate.area_m2 - computed_m2) <= allowed + 1e-9

    if fits(declared):
        return declared
    if not declared.unit_written:
        for unit, code in (("m2", "AREA-UNIT-M2"), ("mu", "AREA-UNIT-MU")):
            other = replace(declared, unit=unit)
            if fits(other):
                issues.append(
                    warning(
                        code,
                        f"{who}面积 {declared.text} 的单位是{UNIT_ZH[unit]}，应为公顷",
                        f"declared area {declared.text} is in {unit}, hectares expected",
                        f"改写为 {computed_m2 / 10000:.4f}(公顷)",
                        f"write {computed_m2 / 10000:.4f} (hectares)",
                        line=declared.line,
                    )
                )
                return other
    issues.append(
        error(
            "AREA-MISMATCH",
            f"{who}申报面积 {declared.text}{'' if declared.unit_written else '(公顷)'} = {declared.area_m2:.2f} ㎡，"
            f"按界址点计算为 {computed_m2:.2f} ㎡，相差 {declared.area_m2 - computed_m2:+.2f} ㎡",
            f"declared area {declared.area_m2:.2f} m2 differs from the computed {computed_m2:.2f} m2",
            "核对申报面积与界址点",
            "check the declared area and the points",
            line=declared.line,
        )
    )
    return declared
