"""Floor ranges as the trade writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawings.standards.multiplicity import BadRange, floors_of_title, format_floors, parse_floors


@pytest.mark.parametrize(
    ("text", "floors"),
    [
        ("1", (1,)),
        ("5-13", tuple(range(5, 14))),
        ("2-16,18-33", (*range(2, 17), *range(18, 34))),
        ("2-16,18-33,35-45", (*range(2, 17), *range(18, 34), *range(35, 46))),
        ("-1", (-1,)),
        ("-2--1", (-2, -1)),
        ("-1-2", (-1, 1, 2)),
        ("2\uff0d17\u5c42", tuple(range(2, 18))),
        ("\u7b2c3\u5c42", (3,)),
        ("2~4F", (2, 3, 4)),
        ("1\u30013\u30015", (1, 3, 5)),
        ("B2", (-2,)),
        ("B2-B1", (-2, -1)),
        ("\u5730\u4e0b1\u5c42", (-1,)),
        ("3\u81f35", (3, 4, 5)),
    ],
)
def test_ranges(text: str, floors: tuple[int, ...]) -> None:
    assert parse_floors(text) == floors


@pytest.mark.parametrize(
    "text", ["", " ", "0", "17-2", "2-5,4-6", "abc", "1-", "1--", "1.5", "1-9999", "-", ",", "2-"]
)
def test_malformed_ranges_say_why(text: str) -> None:
    with pytest.raises(BadRange) as caught:
        parse_floors(text)
    assert caught.value.zh and caught.value.en


@given(st.sets(st.integers(-9, 60).filter(bool), min_size=1, max_size=40))
def test_format_is_the_inverse_of_parse(floors: set[int]) -> None:
    assert parse_floors(format_floors(list(floors))) == tuple(sorted(floors))


@given(st.text(max_size=40))
def test_any_text_gives_floors_or_a_reason(text: str) -> None:
    try:
        found = parse_floors(text)
    except BadRange:
        return
    assert found and 0 not in found and list(found) == sorted(set(found))


@pytest.mark.parametrize(
    ("title", "floors"),
    [
        ("二至十七层平面图 1:100", "2-17"),
        ("首层平面图", "1"),
        ("地下一层平面图", "-1"),
        ("2-16、18-33层平面图", "2-16,18-33"),
        ("二十三层平面图", "23"),
        ("三层、五层平面图", "3,5"),
        ("一层平面图 二层平面图", None),
        ("标准层平面图", None),
        ("屋顶平面图", None),
        ("总平面图 1:500", None),
        ("", None),
    ],
)
def test_titles(title: str, floors: str | None) -> None:
    assert floors_of_title(title) == floors
