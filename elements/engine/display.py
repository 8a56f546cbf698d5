"""Values as people read them: on the page, in a substituted formula, in the sentence of a conclusion."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from elements.engine.element import ElementSpec
from elements.engine.limits import limit_text
from elements.engine.rounding import Rounding, plain_number, round_to
from elements.engine.values import Evaluated, Value

_PLACEHOLDER = re.compile(r"\{([^}]*)\}")


def placeholders(sentence: str) -> list[str]:
    """What stands in curly brackets in a sentence of a conclusion: element codes, ``limit``."""
    return _PLACEHOLDER.findall(sentence)


def display_value(spec: ElementSpec, value: Value | None) -> str:
    """A value as it stands on the page, without unit; 无法判定 for None."""
    if value is None:
        return "无法判定"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, Decimal)):
        number = value if isinstance(value, Decimal) else Decimal(value)
        if spec.precision is not None and spec.rounding is not Rounding.NONE:
            return format(round_to(number, spec.precision, spec.rounding), "f")
        return plain_number(number)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return f"{len(value)} 项"
    if "operator" in value:
        return limit_text(value)
    return ";".join(f"{k}={v}" for k, v in value.items())


def operand(value: Any) -> str:
    """A value inside a substituted formula: exact, cut after ten decimals with ``…``, text in quotes."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        places = value.normalize().as_tuple().exponent
        if isinstance(places, int) and places < -10:
            return plain_number(round_to(value, 10)) + "…"
        return plain_number(value)
    if isinstance(value, str):
        return f"'{value}'"
    return str(value)


def fill(sentence: str, done: Mapping[str, Evaluated], limit: str | None) -> str:
    """A conclusion's sentence with shown values for ``{CODE}`` and the limit for ``{limit}``; ``—`` for none."""

    def show(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "limit":
            return limit or "—"
        found = done.get(code)
        return f"{found.display}{found.unit}" if found is not None and found.value is not None else "—"

    return _PLACEHOLDER.sub(show, sentence)
