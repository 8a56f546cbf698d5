"""What people and programs hand in becomes typed values: numbers with units, dates, limits, maps, records."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from elements.engine.element import ElementSpec, Type
from elements.engine.limits import NoLimit, read_limit
from elements.engine.rounding import round_to
from elements.engine.rulebook import Catalogue
from elements.engine.units import converted
from elements.engine.values import OWN, ElementValue, Value
from project_box.kernel.errors import BadInput

_UNIT_TAIL = re.compile(r"^\s*([-+]?\d[\d,]*(?:\.\d+)?)\s*([^\d\s.,eE+-].*)?$")


#: longest text of a number with its unit, of records or a map as JSON, and most records or entries
_NUMBER_LENGTH, _JSON_LENGTH, _MOST = 60, 4_000_000, 20_000
#: numbers beyond these are no quantity of any approval, and would not be exact
_LARGEST, _FINEST = 17, -30
#: how deep lists and mappings may be nested within a record
_DEEPEST = 6


def parse_value(spec: ElementSpec, raw: Any) -> Value:
    """A typed value from what a form, a command line or JSON hands in.

    A unit may follow the number: the element's own (``8000㎡``) or another of the same dimension (``12亩``, ``3.5ha``,
    ``660万元``), which is converted exactly; a unit of another dimension is refused.

    Raises:
        BadInput: wrong type, unit, option or range; ``place`` is the code.
    """

    def bad(zh: str, en: str) -> BadInput:
        return BadInput(
            f"{spec.name}({spec.code}):{zh}", f"{spec.code}: {en}", place=spec.code, code="bad_value"
        )

    if spec.type in (Type.NUMBER, Type.INTEGER):
        value = _parse_number(spec, raw, bad)
        if spec.minimum is not None and value < Decimal(str(spec.minimum)):
            raise bad(f"不得小于 {spec.minimum:g}{spec.unit}", f"below {spec.minimum:g}")
        if spec.maximum is not None and value > Decimal(str(spec.maximum)):
            raise bad(f"不得大于 {spec.maximum:g}{spec.unit}", f"above {spec.maximum:g}")
        return int(value) if spec.type is Type.INTEGER else value
    if spec.type is Type.TEXT:
        text = str(raw).strip()
        if not text or len(text) > 500:
            raise bad("应为 1–500 个字符的文字", "text of 1 to 500 characters expected")
        if spec.options and text not in spec.options:
            begun = [o for o in spec.options if o.startswith(text)]
            if len(begun) == 1:  # 居住 for 居住用地: only one option begins so
                return begun[0]
            raise bad(f"只能是：{'、'.join(spec.options)}", f"one of {spec.options} expected, got {text!r}")
        return text
    if spec.type is Type.BOOL:
        word = str(raw).strip().lower()
        if word in ("true", "1", "yes", "是", "有"):
            return True
        if word in ("false", "0", "no", "否", "无"):
            return False
        raise bad("应为 是 或 否", "yes or no expected")
    if spec.type is Type.DATE:
        if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
            return raw
        try:
            return dt.date.fromisoformat(str(raw).strip())
        except ValueError as error:
            raise bad("应为日期 年-月-日，如 2026-06-03", "ISO date expected") from error
    if spec.type is Type.MAP:
        return _parse_map(raw, bad)
    if spec.type is Type.LIMIT:
        if isinstance(raw, dict):
            return raw
        return parse_limit(str(raw), spec)
    return _parse_records(raw, bad)


def _parse_number(spec: ElementSpec, raw: Any, bad: Any) -> Decimal:
    if isinstance(raw, bool):
        raise bad("应为数值", "number expected")
    unit = ""
    if isinstance(raw, (int, Decimal)):
        number = Decimal(raw)
    elif isinstance(raw, float):
        number = Decimal(repr(raw))
    else:
        text = str(raw).strip()
        match = _UNIT_TAIL.match(text) if len(text) <= _NUMBER_LENGTH else None
        if match is None:
            raise bad(f"“{text[:40]}”不是数值", f"number expected, got {text[:40]!r}")
        try:
            number = Decimal(match.group(1).replace(",", ""))
        except InvalidOperation as error:
            raise bad(f"“{text[:40]}”不是数值", "number expected") from error
        unit = (match.group(2) or "").strip()
    if not _exact(number):
        raise bad("数值超出范围", "number out of range")
    if unit:
        own = converted(number, unit, spec.unit)
        if own is None:
            measured_in = f"以 {spec.unit} 计" if spec.unit else "没有单位"
            raise bad(
                f"单位“{unit}”与本要素的量纲不符，本要素{measured_in}",
                f"unit {unit!r} where {spec.unit or 'none'} is expected",
            )
        number = own
        if not _exact(number):
            raise bad("数值超出范围", "number out of range")
    if spec.type is Type.INTEGER and number != number.to_integral_value():
        raise bad("应为整数", "integer expected")
    return number


def _exact(number: Decimal) -> bool:
    """Whether a number is finite and neither too large nor finer than anything measured."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and number.adjusted() <= _LARGEST and exponent >= _FINEST


def _parse_map(raw: Any, bad: Any) -> dict[str, Any]:
    loaded: Any = raw
    if not isinstance(raw, dict):
        text = str(raw).strip()
        if not text.startswith("{"):
            return _named(text, bad)
        loaded = _json(text, bad)
        if not isinstance(loaded, dict):
            raise bad("应为 名称=值 的列表", "mapping expected")
    if len(loaded) > _MOST:
        raise bad(f"超过 {_MOST} 项", f"more than {_MOST} entries")
    return {str(k): _tamed(v, bad) for k, v in loaded.items()}


def _named(text: str, bad: Any) -> dict[str, Any]:
    """``name=value`` parts, separated by commas, semicolons or lines."""
    if len(text) > _JSON_LENGTH:
        raise bad("内容过长", "too long")
    out: dict[str, Any] = {}
    for part in re.split(r"[,，;；\n]+", text):
        if not part.strip():
            continue
        key, mark, value = part.partition("=") if "=" in part else part.replace("：", ":").partition(":")
        if not mark or not key.strip() or not value.strip():
            raise bad(f"“{part.strip()[:40]}”应写作 名称=值", "name=value expected")
        if key.strip() in out:
            raise bad(f"“{key.strip()[:40]}”给了两次", f"{key.strip()[:40]!r} given twice")
        out[key.strip()] = value.strip()
    return out


def _parse_records(raw: Any, bad: Any) -> list[Any]:
    if isinstance(raw, str):
        raw = _json(raw, bad)
    if not isinstance(raw, list) or not all(isinstance(r, dict) for r in raw):
        raise bad("应为记录列表（JSON 数组）", "list of records expected")
    if len(raw) > _MOST:
        raise bad(f"超过 {_MOST} 条记录", f"more than {_MOST} records")
    return [{str(k): _tamed(v, bad) for k, v in r.items()} for r in raw]


def _json(text: str, bad: Any) -> Any:
    if len(text) > _JSON_LENGTH:
        raise bad("内容过长", "too long")
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise bad("JSON 格式错误", f"bad JSON: {str(error)[:80]}") from error


def _tamed(value: Any, bad: Any, depth: int = 0) -> Any:
    """A value of a record: floats as decimals, numbers and nesting within bounds."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (float, int, Decimal)):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or number.adjusted() > _LARGEST:
            raise bad("记录中有超出范围的数值", "a number of a record is out of range")
        if isinstance(value, int):
            return value
        return number if _exact(number) else round_to(number, -_FINEST)
    if isinstance(value, (list, dict)):
        if depth >= _DEEPEST or len(value) > _MOST:
            raise bad("记录嵌套过深或过长", "a record is nested too deep or too long")
        if isinstance(value, list):
            return [_tamed(v, bad, depth + 1) for v in value]
        return {str(k): _tamed(v, bad, depth + 1) for k, v in value.items()}
    return value


def parse_limit(text: str, spec: ElementSpec) -> dict[str, Any]:
    """A limit record, see :mod:`elements.engine.limits`: ``<=2.5``, ``不大于2.5``, ``2.0<容积率≤2.5``, ``不限``.

    Words (a land use, a rate per household) stay words where the element's ``words`` allows them.

    Raises:
        BadInput: not a limit.
    """
    try:
        record = read_limit(text, spec.unit)
    except NoLimit as error:
        if spec.words and text.strip():
            return {"operator": "text", "value": text.strip(), "unit": spec.unit, "text": text, "clause": ""}
        raise BadInput(
            f"{spec.name}({spec.code})：“{text[:40]}”不是限值（{error}），应如 <=2.5、不小于35、1.0..2.0、2.0<x≤2.5",
            f"{spec.code}: {text[:40]!r} is not a limit",
            place=spec.code,
            code="bad_value",
        ) from error
    if spec.words and record["operator"] == "bare":
        return {"operator": "text", "value": text.strip(), "unit": spec.unit, "text": text, "clause": ""}
    return record


def read_inputs(
    catalogue: Catalogue, raw: Mapping[str, Any], at: dt.date, source: str = "form"
) -> dict[str, ElementValue]:
    """Typed inputs from ``{code or name: raw value}``.

    Raises:
        BadInput: unknown name, computed element, or unusable value. All faults are collected in ``details["faults"]``.
    """
    out: dict[str, ElementValue] = {}
    faults: list[BadInput] = []
    entries = catalogue.at(at).entries
    for name, value in raw.items():
        try:
            code = catalogue.resolve(str(name).strip(), at)
            spec = entries[code].spec
            if spec.computed and not spec.own:
                raise BadInput(
                    f"{spec.name}({code})由系统计算，不能填写",
                    f"{code} is computed and cannot be set",
                    place=code,
                    code="computed_element",
                )
            typed = parse_value(spec, value)
            out[code] = (
                ElementValue(code, typed, spec.unit, source=OWN, verified=False)
                if spec.own
                else ElementValue(code, typed, spec.unit, source=source)
            )
        except BadInput as fault:
            faults.append(fault)
    if faults:
        first = faults[0]
        raise BadInput(
            ";".join(f.zh for f in faults),
            "; ".join(f.en for f in faults),
            code=first.code if len(faults) == 1 else "bad_input",
            place=first.place,
            details={"faults": [f.to_plain() for f in faults]},
        )
    return out
