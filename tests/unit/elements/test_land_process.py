"""Functions of land acquisition and after-approval: ends of terms, records, stated items, codes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from elements.calculators.terms import full_years
from elements.engine.values import Undecided
from elements.library import codes, form, records, terms
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

D = dt.date


@pytest.mark.parametrize(
    ("start", "term", "end"),
    [
        (D(2024, 2, 29), {"years": 1}, D(2025, 2, 28)),
        (D(2024, 2, 29), {"years": 4}, D(2028, 2, 29)),
        (D(2026, 1, 31), {"months": 1}, D(2026, 2, 28)),
        (D(2025, 11, 30), {"months": 3}, D(2026, 2, 28)),
        (D(2025, 5, 10), {"days": 30}, D(2025, 6, 9)),
        (D(2024, 3, 1), {"years": 1, "extra": 31}, D(2025, 4, 1)),
    ],
)
def test_terms_end_on_the_same_day_or_the_months_last(
    start: dt.date, term: dict[str, int], end: dt.date
) -> None:
    assert terms.term_after(start, **term).value == end


def test_a_term_outside_the_calendar_is_refused() -> None:
    with pytest.raises(BadInput):
        terms.term_after(D(2026, 1, 1), years=9000)


def test_working_terms_follow_the_holiday_notices() -> None:
    assert terms.term_after_working(D(2026, 9, 30), 20).value == D(2026, 11, 3)
    assert terms.term_after_working(D(2026, 9, 24), 2, 1).value == D(2026, 9, 30)
    assert terms.term_working_days(D(2025, 9, 1), D(2025, 9, 16)).value == Decimal(11)


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        (D(2024, 3, 1), D(2025, 2, 28), 0),
        (D(2024, 3, 1), D(2025, 3, 1), 1),
        (D(2024, 2, 29), D(2025, 2, 28), 1),
        (D(2026, 3, 1), D(2025, 3, 1), 0),
    ],
)
def test_full_years(start: dt.date, end: dt.date, years: int) -> None:
    assert full_years(start, end) == years


def test_order_passes_over_steps_that_did_not_happen() -> None:
    names = ["公告", "听证", "申请"]
    assert terms.term_order(names, D(2025, 1, 1), D(2025, 3, 1)).value is Outcome.PASS
    held = terms.term_order(names, D(2025, 1, 1), D(2025, 4, 1), D(2025, 3, 1))
    assert held.value is Outcome.FAIL
    assert "申请" in held.substituted


def test_records_without_the_column_leave_the_sum_undecided() -> None:
    rows = [{"land_class": "耕地", "area": "1.5"}, {"land_class": "林地", "area": 2}]
    assert records.rows_sum_where(rows, "area", "land_class", ["耕地"]).value == Decimal("1.5")
    assert records.rows_sum_where(rows, "area", "land_class", ["园地"]).value == 0
    with pytest.raises(Undecided):
        records.rows_sum_where([{"land_class": "耕地"}], "area", "land_class", ["耕地"])
    with pytest.raises(Undecided):
        records.rows_distinct(rows, "village")
    with pytest.raises(BadInput):
        records.rows_product_sum([{"area": -1, "price": 2}], "area", "price")
    with pytest.raises(BadInput):
        records.rows_sum_until([{"date": "昨天", "amount": 1}], D(2026, 1, 1))


def test_deviations() -> None:
    rows = [{"building": "1#", "p": 100, "a": 101}, {"building": "2#", "p": 200, "a": 196}]
    assert records.rows_worst_deviation(rows, "a", "p").value == 2
    assert records.rows_greatest_excess(rows, "a", "p").value == 1
    assert records.rows_greatest(rows, "a").value == 196
    with pytest.raises(Undecided):
        records.rows_worst_deviation([], "a", "p")
    with pytest.raises(BadInput):
        records.rows_worst_deviation([{"p": 0, "a": 1}], "a", "p")


def test_stated_items_name_what_is_lacking() -> None:
    assert form.form_stated(["甲", "乙"], "x", 0).value is Outcome.PASS
    lacking = form.form_stated(["甲", "乙", "丙"], "x", None, False)
    assert lacking.value is Outcome.FAIL
    assert lacking.limit == "缺乙、丙"
    with pytest.raises(Undecided):
        form.form_stated(["甲", "乙"])


def test_combined_conclusions_fail_before_they_are_undecided() -> None:
    assert form.form_passed(["甲", "乙"], "pass", "note").value is Outcome.PASS
    assert form.form_passed(["甲", "乙"], "fail", None).value is Outcome.FAIL
    with pytest.raises(Undecided, match="乙"):
        form.form_passed(["甲", "乙"], "pass", None)


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("91350100M000100Y43", True),
        ("9144030071526726XG", True),
        ("91350100M000100Y4Z", False),
        ("91350100M000100Y4", False),
        ("91350100I000100Y43", False),
    ],
)
def test_credit_code(code: str, good: bool) -> None:
    assert (codes.identity("统一社会信用代码", code).value is Outcome.PASS) is good


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("2101-430104-04-01-123456", True),
        ("2017-430104-04-01-123456", True),  # older codes begin with the year
        ("2101-520115-04-01-123456", False),
        ("2101-430104-04-01-12345", False),
    ],
)
def test_project_code(code: str, good: bool) -> None:
    assert (codes.code_project(code, "430104").value is Outcome.PASS) is good


def test_licence_number() -> None:
    issued = D(2026, 3, 20)
    assert codes.code_licence("地字第430104202600007号", "430104", issued).value is Outcome.PASS
    assert codes.code_licence("地字第430104202500007号", "430104", issued).value is Outcome.FAIL
