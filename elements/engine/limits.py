"""Limits as planning conditions 规划条件 write them: reading the text, showing it, comparing with it.

A limit record is a mapping::

    operator   <= >= < > = between none bare | in text (codes and free text)
    value      Decimal; lower end of ``between``
    value2     upper end of ``between``
    low_operator, high_operator   of ``between``: >= or >, <= or < (inclusive when absent)
    unit, text, clause            as the source has them

``bare`` is a number without a direction (``25%``): which way it limits is not in the text, the conclusion that compares
with it has to know. A limit keeps its own operator; values are compared unrounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from elements.engine.decisions import compare
from elements.engine.values import Missing, Undecided

_SIGN = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "=": "="}
_NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?"
_UNIT = r"(?:%|‰|㎡|m2|m²|平方米|公顷|hm2|个|辆|户|套|层|人|米|m|元/㎡)?"
_NOT = r"(?:不得|不应|不宜|不能|不可|不)"
#: operator words before a number, the longer ones first
_BEFORE: tuple[tuple[str, str], ...] = (
    (rf"{_NOT}(?:大于|超过|高于|多于|超出|突破)", "<="),
    (rf"{_NOT}(?:小于|低于|少于)", ">="),
    (r"大于或?等于|至少|最小值?为?|最低为?|下限为?|>=|≥|≧|⩾", ">="),
    (r"小于或?等于|至多|最多|最大值?为?|最高为?|上限为?|控制在|<=|≤|≦|⩽", "<="),
    (r"大于|超过|高于|多于|>", ">"),
    (r"小于|低于|少于|不满|<", "<"),
    (r"等于|==|=", "="),
)
#: words after a number; 以上、以下、以内 include the number itself (民法典第一千二百五十九条)
_AFTER: tuple[tuple[str, str], ...] = (
    (r"\(?含\)?以上|及以上|以上|起", ">="),
    (r"\(?含\)?以下|及以下|以下|以内|之内", "<="),
)
_FREE = re.compile(r"不作要求|不做要求|不限|无要求|不控制|无|-+|—+|/")
_SPLIT = re.compile(r"[,;、]|且|并|同时|以及|和|与|及(?!以)")
_RESIDUE = re.compile(r"[\d<>=≤≥~±\[\]%‰]|或|至|到")
_FLIP = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class NoLimit(ValueError):
    """The text is no limit that can be read; the message says why (Chinese)."""


def _clean(text: str) -> str:
    """Half-width digits and signs, no blanks; a comma between digits only where thousands stand."""
    out = unicodedata.normalize("NFKC", text).replace("²", "2").replace("〜", "~").replace("∼", "~")
    out = re.sub(r"\s+", "", out).replace("。", "").replace("：", ":")
    return out.replace("m2", "㎡").replace("平方米", "㎡").replace("米", "m")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation as error:  # pragma: no cover - the pattern lets only numbers through
        raise NoLimit(f"“{text}”不是数值") from error


def read_limit(text: str, unit: str = "") -> dict[str, Any]:
    """A limit record from a condition's text.

    Understood: ``≤2.5``, ``不大于2.5``, ``２．５以下``, ``2.0<容积率≤2.5``, ``≤2.5且≥1.0``, ``2.0~2.5``, ``(2.0,2.5]``,
    ``不作要求``, and a number alone (``25%``, operator ``bare``).

    Args:
        text: as the condition writes it; full-width forms allowed.
        unit: unit of the indicator; another unit in the text is refused, never converted.

    Raises:
        NoLimit: not a limit, two ends that contradict each other, or another unit.
    """
    clean = _clean(text)
    if not clean or len(clean) > 120:
        raise NoLimit("内容为空" if not clean else "内容过长")
    if _FREE.fullmatch(clean):
        return _record("none", text=text, unit=unit)
    _check_units(clean, unit)
    for reader in (_interval, _chain, _range):
        ends = reader(clean)
        if ends is not None:
            return _joined(ends, text, unit)
    return _joined([_clause(part) for part in _parts(clean)], text, unit)


def _record(operator: str, **fields: Any) -> dict[str, Any]:
    return {"operator": operator, "clause": "", **fields}


def _parts(clean: str) -> list[str]:
    kept = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", clean)
    parts = [p for p in _SPLIT.split(kept) if p]
    if not parts or len(parts) > 4:
        raise NoLimit(f"“{clean[:40]}”不是限值")
    return parts


def _check_units(clean: str, unit: str) -> None:
    own = {"㎡": "㎡", "%": "%", "m": "m"}.get(unit, unit)
    found = set(re.findall(r"(?<=\d)(%|‰|㎡|公顷|hm2|个|辆|户|套|层|人|m(?![a-z])|元/㎡)", clean))
    other = sorted(u for u in found if u != own)
    if other:
        raise NoLimit(f"单位“{other[0]}”与要素单位“{own or '无'}”不同")


def _interval(clean: str) -> list[tuple[str, Decimal]] | None:
    match = re.fullmatch(rf"([\[(])({_NUMBER}){_UNIT}[,;~]({_NUMBER}){_UNIT}([\])])", clean)
    if match is None:
        return None
    left, low, high, right = match.groups()
    return [(">=" if left == "[" else ">", _decimal(low)), ("<=" if right == "]" else "<", _decimal(high))]


def _chain(clean: str) -> list[tuple[str, Decimal]] | None:
    sign = r"(<=|>=|≤|≥|<|>)"
    match = re.fullmatch(rf"({_NUMBER}){_UNIT}{sign}([^\d<>=≤≥]*){sign}({_NUMBER}){_UNIT}", clean)
    if match is None:
        return None
    plain = {"≤": "<=", "≥": ">="}
    first, op1, _, op2, second = match.groups()
    op1, op2 = plain.get(op1, op1), plain.get(op2, op2)
    if (op1[0] == "<") != (op2[0] == "<"):
        raise NoLimit(f"“{clean[:40]}”两端方向矛盾")
    return [(_FLIP[op1], _decimal(first)), (op2, _decimal(second))]


def _range(clean: str) -> list[tuple[str, Decimal]] | None:
    number = r"\d+(?:\.\d+)?"
    match = re.fullmatch(
        rf"[^\d<>=≤≥]*?(?:介于|在|为|:)?({number}){_UNIT}(?:~|-|–|—+|至|到|\.\.|和(?=.*之间)|与(?=.*之间))({number}){_UNIT}(?:之间)?",
        clean,
    )
    if match is None:
        return None
    return [(">=", _decimal(match.group(1))), ("<=", _decimal(match.group(2)))]


def _clause(part: str) -> tuple[str, Decimal]:
    """(operator, number) of one clause with one number; ``bare`` without any word of direction."""
    numbers = list(re.finditer(rf"(?<![\d.]){_NUMBER}", part))
    if len(numbers) != 1:
        raise NoLimit(f"“{part[:40]}”应有且只有一个数值")
    number = numbers[0]
    before, after = part[: number.start()], part[number.end() :]
    after = re.sub(rf"^{_UNIT}", "", after)
    found: list[str] = []
    for pattern, operator in _BEFORE:
        match = re.search(rf"(?:{pattern})为?:?$", before)
        if match is not None:
            found.append(operator)
            before = before[: match.start()]
            break
    for pattern, operator in _AFTER:
        match = re.match(pattern, after)
        if match is not None:
            after = after[match.end() :]
            if not (found and operator == "<=" and found[0] == "<="):  # 控制在 … 以内 says it twice
                found.append(operator)
            break
    if not found and re.match(r"(<=|>=|≤|≥|<|>)[^\d<>=≤≥]*$", after):  # 2.5≥容积率
        match = re.match(r"(<=|>=|≤|≥|<|>)", after)
        sign = match.group(1) if match is not None else ""
        found.append(_FLIP[{"≤": "<=", "≥": ">="}.get(sign, sign)])
        after = ""  # the indicator's name follows
    if _RESIDUE.search(before) or after.strip("()") or len(found) > 1:
        raise NoLimit(f"“{part[:40]}”不是限值")
    return (found[0] if found else "bare"), _decimal(number.group())


def _joined(ends: list[tuple[str, Decimal]], text: str, unit: str) -> dict[str, Any]:
    lows = [(op, v) for op, v in ends if op in (">=", ">")]
    highs = [(op, v) for op, v in ends if op in ("<=", "<")]
    if len(ends) == 1:
        return _record(ends[0][0], value=ends[0][1], unit=unit, text=text)
    if len(lows) != 1 or len(highs) != 1 or len(ends) != 2:
        raise NoLimit(f"“{text[:40]}”不是一个上限和一个下限")
    (low_operator, low), (high_operator, high) = lows[0], highs[0]
    if low > high or (low == high and (low_operator, high_operator) != (">=", "<=")):
        raise NoLimit(f"“{text[:40]}”下限大于上限")
    record = _record("between", value=low, value2=high, unit=unit, text=text)
    if (low_operator, high_operator) != (">=", "<="):
        record |= {"low_operator": low_operator, "high_operator": high_operator}
    return record


def limit_text(limit: Mapping[str, Any]) -> str:
    """``≤2.50``, ``≥35``, ``2.0–2.5``, ``>2.0 且 ≤2.5``, ``不作要求`` …, with the condition's own numbers."""
    operator = str(limit.get("operator") or "")
    if operator == "none":
        return "不作要求"
    if operator == "between":
        low, high = str(limit.get("low_operator") or ">="), str(limit.get("high_operator") or "<=")
        if (low, high) == (">=", "<="):
            return f"{limit.get('value')}–{limit.get('value2')}"
        return f"{_SIGN[low]}{limit.get('value')} 且 {_SIGN[high]}{limit.get('value2')}"
    if operator == "bare":
        return str(limit.get("value"))
    if operator in _SIGN:
        return f"{_SIGN[operator]}{limit.get('value')}"
    return str(limit.get("text") or limit.get("value") or "")


def judge(value: Decimal, limit: Mapping[str, Any]) -> bool:
    """Compare the unrounded value with a limit, by the limit's own operator (``<= >= < > = != between in``).

    Raises:
        Undecided: the limit has no usable operator or number.
    """
    operator = str(limit.get("operator") or "")
    low, high = limit.get("value"), limit.get("value2")
    try:
        if operator == "between":
            above = compare(value, str(limit.get("low_operator") or ">="), Decimal(str(low)))
            return above and compare(value, str(limit.get("high_operator") or "<="), Decimal(str(high)))
        if operator == "in":
            wanted = low if isinstance(low, list) else [low]
            return any(value == Decimal(str(w)) for w in wanted)
        if operator in ("<=", ">=", "<", ">", "=", "!="):
            return compare(value, operator, Decimal(str(low)))
    except ArithmeticError:
        pass
    text = str(limit.get("text") or low or "")
    if operator == "bare":
        why, why_en = "没有写明是上限还是下限", "has no direction"
    else:
        why, why_en = "不是可比较的数值", "cannot be compared"
    raise Undecided(Missing("limit", "规划条件", f"规划条件“{text}”{why}", f"limit {text!r} {why_en}"))
