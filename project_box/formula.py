"""Formulas: ZEN expressions over element codes, exact in decimals and harmless.

ZEN computes in 28-digit decimals but hands floats to Python; therefore numbers go in as text (``number(X)``) and
the result comes out as text (``string(…)``), and nothing is lost on the way.

Only a small language is let through: numbers, quoted text, element codes, ``+ - * / %``, comparisons,
``and or not in``, ``? :``, lists, intervals after ``in``, and the functions of :data:`FUNCTIONS`. No member access,
no closures, no assignment, no clock, no randomness: a formula is a pure function of its inputs, and its running time
is linear in its length, which is limited; so are nesting, conditions and digits, because the parser below recurses.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import zen

#: what a formula takes and gives; lists and mappings only pass through other hands
Value: TypeAlias = Decimal | int | str | bool | dt.date | list[Any] | dict[str, Any]
#: 50 digits, so that a quantised intermediate never loses one of the 28 a formula carries
EXACT = decimal.Context(prec=50, rounding=decimal.ROUND_HALF_EVEN)
#: functions a formula may call; all of them total in their arguments' length
FUNCTIONS = frozenset(
    {"abs", "min", "max", "sum", "avg", "floor", "ceil", "round", "contains", "startsWith", "endsWith"}
)
_WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
MAX_LENGTH = 2000
MAX_DEPTH = 32
#: digits of a number: more could not be computed exactly
MAX_DIGITS = 28
#: signs or ``not`` in a row
MAX_SIGNS = 8

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?![\w.]|\.\d))
    | (?P<interval>\d+(?:\.\d+)?(?=\.\.))
    | (?P<text>'[^'\\`\n]*'|"[^"\\`\n]*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<op>\.\.|<=|>=|==|!=|[-+*/%()\[\],<>?:])
    )""",
    re.VERBOSE,
)


class FormulaError(ValueError):
    """The formula text is not acceptable; the message (Chinese) says where and why."""


class FormulaFault(ArithmeticError):
    """The formula cannot be computed for these inputs (division by zero, overflow); message in Chinese."""

    def __init__(self, zh: str, *, by_zero: bool = False) -> None:
        super().__init__(zh)
        self.by_zero = by_zero


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    space: str


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"公式过长（{len(text)} 个字符，最多 {MAX_LENGTH}）")
    out: list[_Token] = []
    at, depth = 0, 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise FormulaError(f"公式第 {at + 1} 个字符处有不允许的内容：{stripped[at : at + 12].strip()!r}")
        kind = match.lastgroup or ""
        word = match.group(kind)
        out.append(_Token("number" if kind == "interval" else kind, word, stripped[at : match.start(kind)]))
        depth += word in ("(", "[") and kind == "op"
        depth -= word in (")", "]") and kind == "op"
        if word == "?" and len(out) > 1 and out[-2].text == "?":
            raise FormulaError("公式不能用 ??(缺少的数不能用默认值代替)")
        if depth > MAX_DEPTH:
            raise FormulaError(f"公式括号层数超过 {MAX_DEPTH}")
        at = match.end()
        _bounded(out)
    if not out:
        raise FormulaError("公式为空")
    return out


def _bounded(tokens: list[_Token]) -> None:
    """Refuse what is nested without brackets, and numbers no decimal holds; looks at the last token.

    Raises:
        FormulaError: says which bound.
    """
    last = tokens[-1]
    if last.kind == "number" and len(last.text.replace(".", "").lstrip("0")) > MAX_DIGITS:
        raise FormulaError(f"数字超过 {MAX_DIGITS} 位：{last.text[:12]}…")
    if (
        last.text == "?"
        and last.kind == "op"
        and sum(t.text == "?" and t.kind == "op" for t in tokens) > MAX_DEPTH
    ):
        raise FormulaError(f"条件 ? : 超过 {MAX_DEPTH} 个")
    signs = [t.text in ("-", "+", "not") for t in tokens[-MAX_SIGNS - 1 :]]
    if len(signs) > MAX_SIGNS and all(signs):
        raise FormulaError(f"连续的正负号或 not 超过 {MAX_SIGNS} 个")


def _called(tokens: list[_Token], index: int) -> bool:
    return index + 1 < len(tokens) and tokens[index + 1].text == "(" and tokens[index + 1].kind == "op"


def names_in(text: str) -> tuple[str, ...]:
    """Element codes a formula reads, in order of appearance.

    Raises:
        FormulaError: for anything outside the permitted language.
    """
    tokens = _tokens(text)
    names: dict[str, None] = {}
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.text in _WORDS:
            continue
        if _called(tokens, i):
            if token.text not in FUNCTIONS:
                raise FormulaError(f"公式不能调用 {token.text}()；可用：{'、'.join(sorted(FUNCTIONS))}")
        elif not _CODE.fullmatch(token.text) and token.text not in FUNCTIONS:
            raise FormulaError(f"“{token.text}”不是要素代码（大写字母、数字、下划线）")
        elif token.text in FUNCTIONS:
            raise FormulaError(f"{token.text} 是函数名，后面应有括号")
        else:
            names.setdefault(token.text, None)
    return tuple(names)


def _rewrite(tokens: list[_Token], replace: Callable[[str], str]) -> str:
    parts: list[str] = []
    for i, token in enumerate(tokens):
        plain = token.kind != "name" or token.text in _WORDS or _called(tokens, i)
        parts.append(token.space + (token.text if plain else replace(token.text)))
    return "".join(parts).strip()


def _split(tokens: list[_Token]) -> list[tuple[bool, str]]:
    """The formula cut at its codes: (is a code, text), in order."""
    out: list[tuple[bool, str]] = []
    literal = ""
    for i, token in enumerate(tokens):
        literal += token.space if out or literal or i else ""
        if token.kind != "name" or token.text in _WORDS or _called(tokens, i):
            literal += token.text
            continue
        out += [(False, literal), (True, token.text)]
        literal = ""
    return [*out, (False, literal)]


def _why(error: BaseException) -> str:
    line = str(error).split("\n", 1)[0]
    try:
        fault = json.loads(line)
        return str(fault.get("source", line))
    except ValueError:
        return line[:200]


def decimal_literal(value: Decimal) -> str:
    """Text ZEN reads exactly: no exponent, at most 28 significant digits and 27 decimals."""
    _, digits, places = value.as_tuple()
    if isinstance(places, int) and -20 <= places <= 0 and len(digits) <= 20 and (places == 0 or digits[-1]):
        return format(value, "f")  # short as it stands
    if not value.is_finite():
        raise FormulaFault("数值不是有限数")
    rounded = value.normalize(EXACT)
    if rounded.adjusted() > 27:
        raise FormulaFault("数值超出可计算范围")
    room = min(27, 27 - rounded.adjusted())
    exponent = rounded.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > room:
        rounded = rounded.quantize(Decimal(1).scaleb(-room), context=EXACT)
    return format(rounded, "f")


class Formula:
    """A compiled formula.

    Args:
        text: the expression.
        numeric: codes among its names that hold numbers.
        result: ``number``, ``bool`` or ``text``.

    Raises:
        FormulaError: outside the language, or ZEN refuses it.
    """

    def __init__(self, text: str, numeric: frozenset[str], result: str) -> None:
        self.text = text.strip()
        self.names = names_in(text)
        self.result = result
        self._numeric = numeric
        source = _tokens(text)
        self._parts = _split(source)
        inner = _rewrite(source, lambda n: f"number({n})" if n in numeric else n)
        try:
            self._compiled: Any = zen.compile_expression(f"string({inner})" if result == "number" else inner)
        except BaseException as error:  # the binding may also raise a Rust panic, which is not an Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise FormulaError(f"公式不能编译：{_why(error)}") from error

    def evaluate(self, values: Mapping[str, Value]) -> Value:
        """Compute with exact decimals.

        Raises:
            FormulaFault: division by zero, overflow, or operands that do not fit together.
        """
        context: dict[str, Any] = {}
        for name in self.names:
            value = values[name]
            if name in self._numeric:
                context[name] = decimal_literal(Decimal(value) if isinstance(value, int) else value)  # type: ignore[arg-type]  # numeric codes hold Decimal or int
            else:
                context[name] = value if isinstance(value, (str, bool)) else str(value)
        try:
            out = self._compiled.evaluate(context)
        except BaseException as error:  # see above: a panic is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            raise FormulaFault(f"公式无法计算：{_why(error)}") from error
        if self.result == "number":
            if not isinstance(out, str) or out == "null":
                raise FormulaFault("除数为零", by_zero=True)
            try:
                return Decimal(out)
            except ArithmeticError as error:
                raise FormulaFault(f"公式结果不是数：{out!r}") from error
        if self.result == "bool" and not isinstance(out, bool):
            raise FormulaFault(f"公式结果不是是/否：{out!r}")
        if self.result == "text" and not isinstance(out, str):
            raise FormulaFault(f"公式结果不是文字：{out!r}")
        result: Value = out
        return result

    def substituted(self, shown: Mapping[str, str]) -> str:
        """The formula with every code replaced by its shown value (negative ones in brackets)."""

        def show(name: str) -> str:
            text = shown.get(name, name)
            return f"({text})" if text.startswith("-") else text

        return "".join(show(text) if is_code else text for is_code, text in self._parts)
