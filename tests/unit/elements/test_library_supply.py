"""Land supply: instalments and arrears, terms and dates, mixed uses, what stays open when something is missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elements.calculators.terms import add_months
from elements.engine.engine import evaluate, load_catalogue, read_inputs
from elements.engine.values import Undecided
from elements.library import mixed_use as mixed
from elements.library import payments, supply, terms, valuation
from elements.library.form import form_passed
from elements.library.supplement import supplement_parts
from elements.places import with_settings
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

AT = dt.date(2026, 6, 3)
DAY = st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1))
MONEY = st.decimals(0, 10**9, places=2)
PAYMENTS = st.lists(st.fixed_dictionaries({"date": DAY, "amount": MONEY}), max_size=6)


@given(st.decimals(1, 10**7, places=2), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_shares_of_land_close_on_the_parcel(total: D, weights: list[int]) -> None:
    parts = mixed.split(total, [D(w) for w in weights])
    assert sum(parts) == total
    whole = sum(weights)
    assert all(abs(p - total * w / whole) < D("0.01") for p, w in zip(parts, weights, strict=True))


@given(DAY, st.integers(0, 1200))
def test_months_later_is_in_that_month(start: dt.date, months: int) -> None:
    later = add_months(start, months)
    assert (later.year * 12 + later.month) - (start.year * 12 + start.month) == months
    assert later.day <= start.day


@given(DAY, PAYMENTS, st.integers(0, 4000))
def test_late_fee_grows_with_time_and_never_with_payment(due: dt.date, made: list[dict], days: int) -> None:
    owed = [{"due": due, "amount": D(1000000)}]
    at = due + dt.timedelta(days=days)

    def fee(paid: list[dict], day: dt.date) -> D:
        value = payments.late_fee(owed, paid, D(1), day).value
        assert isinstance(value, D)
        return value

    assert 0 <= fee(made, at) <= fee([], at) == D(1000) * days
    assert fee(made, at) <= fee(made, at + dt.timedelta(days=1))


def test_late_fee_settles_the_oldest_instalment_first() -> None:
    owed = [{"due": "2026-03-01", "amount": 100}, {"due": "2026-04-01", "amount": 100}]
    made = [{"date": "2026-04-11", "amount": 150}]
    # 100 late 41 days, 50 late 10 days, 50 late to the settlement day
    expected = (D(100) * 41 + D(50) * 10 + D(50) * 30) / 1000
    assert payments.late_fee(owed, made, D(1), dt.date(2026, 5, 1)).value == expected
    assert payments.longest_delay(owed, made, dt.date(2026, 5, 1)).value == 41


def test_dates() -> None:
    assert terms.term_after(dt.date(2026, 1, 31), months=D(1)).value == dt.date(2026, 2, 28)
    assert terms.term_after(dt.date(2026, 7, 1), years=D(70), last_day=True).value == dt.date(2096, 6, 30)
    assert terms.term_after(dt.date(2026, 7, 1), years=D("1.5")).value == dt.date(2028, 1, 1)
    assert terms.term_years_left(AT, dt.date(2026, 6, 3)).value == 0
    with pytest.raises(BadInput):
        terms.term_after(AT, years=D("1.23"))
    with pytest.raises(BadInput):
        terms.term_after(dt.date(9999, 12, 31), days=D(60))
    with pytest.raises(BadInput):
        supply.shifted(dt.date(9999, 12, 31), 5)


def test_an_open_conclusion_leaves_the_whole_open_unless_one_fails() -> None:
    assert form_passed(["甲", "乙"], a="pass", b="fail").value is Outcome.FAIL
    assert form_passed(["甲", "乙"], b="fail").value is Outcome.FAIL
    with pytest.raises(Undecided):
        form_passed(["甲", "乙"], a="pass")


def test_income_approaches_perpetuity_from_below() -> None:
    value = valuation.income(D(100), D(5), D(70)).value
    assert isinstance(value, D)
    assert D(1900) < value < D(2000)


@pytest.mark.parametrize(
    "uses", [[{}], [{"use": "住宅", "floor_area": "x"}], [{"use": "住宅", "floor_area": -1}]]
)
def test_malformed_uses_are_refused_with_a_sentence(uses: list[dict]) -> None:
    with pytest.raises((BadInput, Undecided)):
        mixed.mixed_area(uses)


def test_malformed_inputs_leave_elements_open_and_never_crash() -> None:
    catalogue = load_catalogue()
    raw = {
        "PM_INSTALMENTS": '[{"x": 1}]',
        "PM_PAYMENTS": '[{"date": "x", "amount": -1}]',
        "PM_SETTLE": "2026-03-31",
        "PM_USES": "[{}]",
        "PM_CASES": '[{"price": "a"}, {}, {}]',
        "PM_JOINT_SHARES": "甲=NaN",
        "PM_WEIGHTS": "基准地价=NaN",
        "LT_DATE": "9999-12-31",
        "LT_HANDOVER": "9999-12-31",
        "GY_CONTRACT_TERM": "70",
        "LT_START": "9999-12-31",
        "BG_NEW_MIX": "[{}]",
        "BG_OLD_MIX": '[{"use": "住宅"}]',
        "BB_FLOORS": '[{"use": 1, "floor_area": {}}]',
    }
    values = with_settings(catalogue, read_inputs(catalogue, raw, AT), AT)
    codes = [
        c
        for b in (
            "land-auction",
            "land-agreement",
            "land-allocation",
            "contract-change",
            "allocation-to-grant",
        )
        for c in catalogue.codes_of(b, AT)
    ]
    found = evaluate(catalogue, values, AT, codes)
    for code in (
        "PM_LATE_FEE",
        "PM_PAID",
        "PM_MIX_TOTAL",
        "PM_CMP_PRICE",
        "PM_JOINT_TOTAL",
        "PM_EVAL_PRICE",
        "GY_TERM_END",
    ):
        assert found[code].value is None
        assert found[code].missing


def test_a_change_of_far_and_use_is_charged_whole_or_not_at_all() -> None:
    assert supplement_parts("容积率与用途", far=D(1), use=D(2)).value == 3
    with pytest.raises(Undecided, match="用途"):
        supplement_parts("容积率与用途", far=D(1))
