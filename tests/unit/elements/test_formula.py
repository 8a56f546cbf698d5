"""Formulas: exact, and unable to reach anything."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from project_box.formula import Formula, FormulaError, FormulaFault, decimal_literal, names_in

NUMERIC = frozenset({"A", "B", "C"})


def run(text: str, **values: object) -> object:
    numbers = {k: Decimal(str(v)) if isinstance(v, (int, float, str)) else v for k, v in values.items()}
    return Formula(text, NUMERIC, "number").evaluate(numbers)  # type: ignore[arg-type] # decimals by construction


def test_exact_decimals() -> None:
    assert run("A + B", A="0.1", B="0.2") == Decimal("0.3")
    assert run("A * B", A="12345678901.12", B="98765432.13") == Decimal("12345678901.12") * Decimal(
        "98765432.13"
    )
    assert run("A / B", A="17480", B="8000") == Decimal("2.185")
    assert run("1144.5512345678901234567890 * A", A=1) == Decimal("1144.5512345678901234567890")


def test_names_in_order() -> None:
    assert names_in("max([B, 2]) + A * B - 'A C'") == ("B", "A")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "A.__class__",
        "open('x')",
        "$env",
        "A[0].x",
        "`${A}`",
        "A = 5",
        "A; B",
        "date('now')",
        "rand(3)",
        "A ?? 5",
        "map([1,2], # * 2)",
        "filter(A, # > 1)",
        "A ^ 2",
        "1e5",
        "A ** B",
        "d('2020')",
        "eval('1')",
        "import os",
        "A\\B",
        "'unclosed",
        "",
        "(" * 40 + "1" + ")" * 40,
        "1 +" * 2000,
        "len(A)",
        "keys(A)",
        "max",
        "1.2.3",
        "0x10",
        "A B",
        "null",
        "number(A)",
        "string(A)",
        "fuzzyMatch('a','b')",
        "\u0410 + 1",
        "A\u200b+1",
        "{a: 1}",
        "A @ B",
        "#",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        Formula(text, NUMERIC | {"null"}, "number")


def test_faults_are_explained() -> None:
    with pytest.raises(FormulaFault, match="除数为零"):
        run("A / B", A=1, B=0)
    with pytest.raises(FormulaFault):
        run("A * A * A * A", A="9" * 20)
    with pytest.raises(FormulaFault):
        run("A + 1", A="1e40")


def test_substitution_shows_what_was_computed() -> None:
    formula = Formula("A / (B - C) * 100", NUMERIC, "number")
    assert formula.substituted({"A": "5", "B": "3", "C": "-1"}) == "5 / (3 - (-1)) * 100"


@given(st.text(max_size=300))
@settings(max_examples=400, deadline=None)
def test_arbitrary_text_never_escapes(text: str) -> None:
    started = time.perf_counter()
    try:
        formula = Formula(text, NUMERIC, "number")
        if set(formula.names) <= NUMERIC:
            formula.evaluate({n: Decimal("1.5") for n in formula.names})
    except (FormulaError, FormulaFault):
        pass
    assert time.perf_counter() - started < 1


@given(
    st.lists(
        st.sampled_from(
            [
                "A",
                "B",
                "1",
                "0",
                "2.5",
                "+",
                "-",
                "*",
                "/",
                "%",
                "(",
                ")",
                "[",
                "]",
                ",",
                "..",
                "in",
                "not",
                "and",
                "or",
                "?",
                ":",
                "<",
                "==",
                "'x'",
                "max(",
                "sum(",
                "min([",
                "round(",
                "floor(",
                "true",
            ]
        ),
        max_size=40,
    )
)
@settings(max_examples=600, deadline=None)
def test_arbitrary_tokens_never_crash(parts: list[str]) -> None:
    for kind in ("number", "bool", "text"):
        try:
            formula = Formula(" ".join(parts), NUMERIC, kind)
            formula.evaluate({n: Decimal("-0.5") for n in formula.names})
        except (FormulaError, FormulaFault, KeyError):
            pass


decimals = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)


@given(decimals, decimals)
@settings(max_examples=200, deadline=None)
def test_sums_and_differences_are_exact(a: Decimal, b: Decimal) -> None:
    assert run("A + B - A", A=a, B=b) == b


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
@settings(max_examples=300, deadline=None)
def test_literals_keep_28_digits(value: Decimal) -> None:
    text = decimal_literal(value)
    assert "e" not in text.lower()
    assert abs(Decimal(text) - value) <= max(abs(value) * Decimal("1e-26"), Decimal("1e-27"))
