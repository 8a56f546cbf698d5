"""Conditions departments put in the planning stage 策划生成: one entry, and merging them with the plan's. Pure.

Departments answer in parallel. When the round closes, their conditions join the 规划条件 of the plot: of two limits on
one indicator the stricter one holds, and says which department and clause it comes from; limits that leave nothing
between them are kept as words, which no later check can compare (无法判定).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from project_box.kernel.errors import BadInput

#: indicators a condition may limit: code -> (Chinese, English, unit)
INDICATORS: dict[str, tuple[str, str, str]] = {
    "RJL": ("容积率", "Floor area ratio", ""),
    "JZMD": ("建筑密度", "Building coverage", "%"),
    "LDL": ("绿地率", "Green ratio", "%"),
    "JZGD": ("建筑高度", "Building height", "m"),
    "TR": ("建筑退让", "Setback", "m"),
    "TCW": ("机动车停车", "Car parking", ""),
    "QT": ("其他要求", "Other requirement", ""),
}
OPERATORS = {"<=": "≤", ">=": "≥", "text": ""}
_LONGEST = 500


def condition(document: Mapping[str, Any], department: str) -> dict[str, Any]:
    """A department's condition, checked.

    Args:
        document: object, code, operator, value, clause, text, evaluations; ``geometry`` and ``crs`` optional.

    Raises:
        BadInput: ``place`` names the field.
    """

    def word(name: str, limit: int = _LONGEST) -> str:
        return str(document.get(name) or "").strip()[:limit]

    code, operator = word("code", 20), word("operator", 10)
    if code not in INDICATORS:
        raise _wrong("code", f"指标代码“{code}”不能作为条件，可用：{'、'.join(INDICATORS)}")
    if operator not in OPERATORS:
        raise _wrong("operator", "条件的比较方式应为 <=、>= 或 text")
    name, name_en, unit = INDICATORS[code]
    stated = word("unit", 10)
    if stated and stated != unit:
        raise _wrong("unit", f"{name}的单位应为{unit or '无'}，不能填“{stated}”")
    value, text = word("value", 40), word("text")
    if operator == "text":
        text = text or value
        if not text:
            raise _wrong("text", "请写明要求")
        value = text
    else:
        if code == "QT":
            raise _wrong("operator", "其他要求只能用文字说明")
        value = _number(value)
    clause = word("clause")
    if not clause:
        raise _wrong("clause", "请写明依据")
    evaluations = document.get("evaluations") or []
    if not isinstance(evaluations, list) or not all(isinstance(e, str) and len(e) <= 40 for e in evaluations):
        raise _wrong("evaluations", "需要的评估应为代码列表")
    shown = text if operator == "text" else f"{name}{OPERATORS[operator]}{value}{f' {unit}' if unit else ''}"
    return {
        "object": word("object", 200),
        "code": code,
        "name": name,
        "name_en": name_en,
        "operator": operator,
        "value": value,
        "unit": unit,
        "clause": f"{department}：{clause}",
        "text": f"{shown}" if operator != "text" else f"{name}：{text}",
        "text_en": f"{name_en} {OPERATORS[operator]} {value} {unit}".strip(),
        "department": department,
        "evaluations": sorted({e.strip() for e in evaluations if e.strip()}),
    }


def _wrong(place: str, zh: str) -> BadInput:
    return BadInput(
        zh,
        f"{place} is wrong",
        code="condition_invalid",
        place=place,
        remedy="更正后再提交",
        remedy_en="correct it and submit again",
    )


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _wrong("value", f"“{text}”不是数字") from None
    if not number.is_finite() or number < 0 or number > 1_000_000:
        raise _wrong("value", f"“{text}”不是可用的限值")
    return format(number.normalize(), "f")


def merged(planning: Mapping[str, Any] | None, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """规划条件 with the departments' conditions.

    Args:
        planning: payload of ``planning_conditions``, or None when the plan gave none yet.
        own: conditions of :func:`condition`.

    Returns:
        the payload with ``conditions`` merged, ``departments`` as put, ``plan_conditions`` as the plan has them.
    """
    base = dict(
        planning or {"status": "undecided", "reason": "还没有做多规检查", "reason_en": "Not checked yet"}
    )
    plan = base.get("plan_conditions") or base.get("conditions") or []
    order = list(dict.fromkeys(str(c["code"]) for c in [*plan, *own]))
    conditions: list[dict[str, Any]] = []
    for code in order:
        of_plan = [dict(c) for c in plan if c["code"] == code]
        puts = [dict(c) for c in own if c["code"] == code]
        conditions += _strictest(of_plan, puts)
    return {
        **base,
        "conditions": conditions,
        "plan_conditions": [dict(c) for c in plan],
        "departments": [dict(c) for c in own],
    }


def _strictest(plan: list[dict[str, Any]], puts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for an indicator with limits; words stay beside it, after it where both are there."""
    rows = [*plan, *puts]
    if not puts:
        return plan
    lows = [(v, r) for r in rows if (v := _bound(r, ">=")) is not None]
    highs = [(v, r) for r in rows if (v := _bound(r, "<=")) is not None]
    words = [r for r in rows if r["operator"] not in ("<=", ">=", "between")]
    if not lows and not highs:
        return words
    low = max(lows, key=lambda p: p[0], default=None)
    high = min(highs, key=lambda p: p[0], default=None)
    if low is not None and high is not None:
        if low[0] > high[0]:
            return [*words, _contradiction(low[1], high[1])]
        if low[1] is high[1]:
            return [*words, low[1]]
        row = {
            **high[1], "operator": "between", "value": format(low[0], "f"), "value2": format(high[0], "f"),
            "clause": f"{low[1]['clause']}；{high[1]['clause']}",
            "text": f"{high[1]['name']} {low[0]}~{high[0]} {high[1]['unit']}".strip(),
            "text_en": f"{high[1]['name_en']} {low[0]} to {high[0]} {high[1]['unit']}".strip(),
        }  # fmt: skip
        return [*words, row]
    chosen = (low or high or (None, {}))[1]
    return [*words, chosen]


def _bound(row: Mapping[str, Any], side: str) -> Decimal | None:
    operator = row["operator"]
    if operator == "between":
        text = row.get("value") if side == ">=" else row.get("value2")
    elif operator == side:
        text = row.get("value")
    else:
        return None
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _contradiction(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    words = f"{low['text']}（{low['clause']}）与{high['text']}（{high['clause']}）相互矛盾，无法判定"
    return {
        **high, "operator": "text", "value": words, "text": words,
        "text_en": f"{low['text_en']} and {high['text_en']} contradict each other",
        "clause": f"{low['clause']}；{high['clause']}",
    }  # fmt: skip


def evaluations_asked(own: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Evaluations the departments ask for, with the departments that ask."""
    asked: dict[str, list[str]] = {}
    for row in own:
        for code in row.get("evaluations") or ():
            asked.setdefault(str(code), []).append(str(row["department"]))
    return {code: sorted(set(names)) for code, names in sorted(asked.items())}


def lamp(due: dt.date, on: dt.date, days_left: int, *, closed: bool) -> str:
    """Colour of the round's clock: grey when closed, red when overdue, yellow on the last day before, green."""
    if closed:
        return "grey"
    if on > due:
        return "red"
    return "yellow" if days_left <= 1 else "green"
