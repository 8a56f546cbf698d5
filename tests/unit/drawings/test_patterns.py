"""Expressions of people in drawing standards: matched in bounded time, refused with a reason where that fails."""

from __future__ import annotations

import pytest

from drawings.standards import patterns
from drawings.standards.standard_service import check_standard, write_standard
from drawings.standards.standards import is_like
from project_box.kernel.errors import BadInput


@pytest.mark.parametrize("expression", [r"(a+)+$", r"(a|aa)*b", r"(x+x+)+y", r"(.*a){30}", r"([a-z]+)*\d"])
def test_expressions_that_make_other_engines_stand_still(expression: str) -> None:
    assert patterns.whole(patterns.check(expression), "a" * 50_000 + "!") is None


@pytest.mark.parametrize(
    "expression",
    ["(?=a)b", r"(a)\1", "(", "[z-a]", "((a{1,1000}){1,1000}){1,1000}", "a" * 501, "a\0"],
)
def test_expressions_that_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        patterns.check(expression)


def test_groups_may_have_chinese_names_and_text_may_be_anything() -> None:
    found = patterns.whole(r"面积-(?P<用途>[^-]*)-(?P<系数>-?\d+)", "面积-住宅-1")
    assert found == {"用途": "住宅", "系数": "1"}
    assert patterns.whole(".*", "\ud800 \n \x00") is not None
    assert patterns.anywhere("总平", "地块总平面") and not patterns.anywhere("^平", "总平")


@pytest.mark.parametrize(
    ("pattern", "layer", "like"),
    [
        ("A-(WALL|COLU)*", "A-WALL-1", True),
        ("A-(WALL|COLU)*", "A-DOOR", False),
        ("A-(X|(Y|Z)1)", "A-Z1", True),
        ("A(1", "A(1", True),
        ("A|B", "A|B", True),
        ("PLAN.?", "PLAN.7", True),
        ("PLAN.?", "PLANX7", False),
        ("[!AB]-[0-9]", "C-4", True),
        ("[!AB]-[0-9]", "A-4", False),
        ("a-*", "A-中文", True),
        ("(a|b)" * 60 + "*", "AB" * 30, True),
        ("*" * 400 + "z", "A" * 900, False),
    ],
)
def test_wildcards(pattern: str, layer: str, like: bool) -> None:
    assert is_like(layer, pattern) is like


def test_a_standard_built_on_the_page_says_which_expression_it_cannot_take() -> None:
    good = write_standard(code="our-own", name="我院", units=None, layers={"A": "site_boundary"}, bare={})
    rule = '- {regex: "(?<!X)LD.*", role: green}\n'
    with pytest.raises(BadInput, match=r"regex.*look-around") as caught:
        check_standard(good.replace("layers:\n", "layers:\n" + rule))
    assert caught.value.remedy


def test_expressions_looked_for_together_are_met_as_each_alone() -> None:
    expressions = [r"(?P<a>\d+)f", "楼", r"\d+", "x*", r"(?P<b>é+)層"]
    together = patterns.Openings(expressions)
    for text in ("3#楼12F", "éé層 7", "", "abc", "\x00楼"):
        for spot in range(len(text) + 1):
            alone = [
                (n, found) for n, e in enumerate(expressions) if (found := patterns.opening(e, text, spot))
            ]
            assert [(n, (end, groups)) for n, end, groups in together.at(text, spot)] == alone
