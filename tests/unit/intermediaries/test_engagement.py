"""States, lamps, ratings, line status, selection and draw."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from intermediaries.engagement import DIMENSIONS, Status, check_scores, due_date, lamp, move, possible
from intermediaries.lines import LineStatus, line_status
from intermediaries.selection import Candidate, commitment, draw, recompute, shortlist, ticket
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput, Conflict

MONDAY = dt.date(2026, 11, 23)


def test_states():
    walk = [
        ("accept", Status.ACTIVE),
        ("deliver", Status.DELIVERED),
        ("rate", Status.RATED),
        ("rate", Status.RATED),
    ]
    status = Status.PENDING
    for action, expected in walk:
        status = move(status, action)
        assert status is expected
    allowed = {
        Status.PENDING: {"accept", "decline", "withdraw"}, Status.ACTIVE: {"deliver", "withdraw"},
        Status.DELIVERED: {"rate"}, Status.RATED: {"rate"}, Status.DECLINED: set(), Status.WITHDRAWN: set(),
    }  # fmt: skip
    for status, action in itertools.product(Status, ("accept", "decline", "deliver", "rate", "withdraw")):
        assert (action in possible(status)) == (action in allowed[status])
        if action not in allowed[status]:
            with pytest.raises(Conflict) as caught:
                move(status, action)
            assert status.zh in caught.value.zh


def test_lamps():
    calendar = load_calendar()
    due = due_date(MONDAY, 10, calendar)
    assert due == dt.date(2026, 12, 7)
    assert lamp(Status.ACTIVE, due, MONDAY, calendar).colour == "green"
    assert lamp(Status.ACTIVE, due, dt.date(2026, 12, 3), calendar).colour == "yellow"
    assert lamp(Status.ACTIVE, due, due, calendar).text == "剩余 0 个工作日"
    late = lamp(Status.PENDING, due, dt.date(2026, 12, 9), calendar)
    assert (late.colour, late.text, late.days_left) == ("red", "已超期 2 个工作日", -2)
    assert lamp(Status.DELIVERED, due, dt.date(2027, 5, 1), calendar).colour == "grey"


def test_a_year_without_holiday_notice_leaves_the_date_open():
    calendar = load_calendar()
    last = max(calendar.years)
    start = dt.date(last, 12, 28)
    assert due_date(start, 20, calendar) is None
    assert "待定" in lamp(Status.ACTIVE, None, start, calendar).text
    assert "待定" in lamp(Status.ACTIVE, start, dt.date(last + 1, 2, 1), calendar).text


def test_scores():
    full = dict.fromkeys(DIMENSIONS, 5)
    assert check_scores({k: str(v) for k, v in full.items()}) == full
    for bad in (
        {},
        {**full, "quality": 0},
        {**full, "quality": 6},
        {**full, "quality": True},
        {**full, "quality": 4.5},
        {**full, "x": 1},
    ):
        with pytest.raises(BadInput) as caught:
            check_scores(bad)
        assert caught.value.place in {*DIMENSIONS, "x"}


@pytest.mark.parametrize(
    ("needed", "shared", "decision", "statuses", "expected"),
    [
        ("yes", False, None, [], LineStatus.NEEDED),
        ("yes", True, None, [], LineStatus.SHARED),
        ("yes", True, "required", [], LineStatus.NEEDED),
        ("yes", False, None, [Status.PENDING], LineStatus.DISPATCHED),
        ("yes", False, None, [Status.DECLINED], LineStatus.NEEDED),
        ("yes", False, None, [Status.DECLINED, Status.ACTIVE], LineStatus.DISPATCHED),
        ("yes", False, None, [Status.DELIVERED], LineStatus.DELIVERED),
        ("no", False, None, [Status.RATED], LineStatus.DELIVERED),
        ("yes", False, "dropped", [Status.WITHDRAWN], LineStatus.DROPPED),
        ("undecided", False, None, [], LineStatus.UNDECIDED),
        ("undecided", False, "required", [], LineStatus.NEEDED),
        ("undecided", False, "dropped", [], LineStatus.DROPPED),
        ("no", False, None, [], LineStatus.NOT_NEEDED),
    ],
)
def test_line_status(needed, shared, decision, statuses, expected):
    assert line_status(needed=needed, shared=shared, decision=decision, statuses=statuses) is expected


def candidate(name, load=0, until=dt.date(2027, 1, 1), active=True):
    return Candidate(f"id-{name}", f"code-{name}", name, until, load, active)


def test_shortlist_takes_the_qualified_with_least_load():
    listed = shortlist(
        [candidate("a", 2), candidate("b", 1), candidate("c", 1), candidate("d", 0, None),
         candidate("e", 0, dt.date(2026, 1, 1)),
         candidate("f", 0, active=False), candidate("g", 0)],
        on=MONDAY, avoided={"id-g"},
    )  # fmt: skip
    assert [c.name for c in listed.eligible] == ["b", "c"]
    reasons = dict(listed.excluded)
    assert set(reasons) == {"a", "d", "e", "f", "g"}
    assert (
        "到期" in reasons["e"]
        and "资质" in reasons["d"]
        and "停用" in reasons["f"]
        and "拒绝" in reasons["g"]
    )
    assert shortlist([], on=MONDAY).eligible == ()


def test_the_draw_can_be_recomputed_and_not_bent():
    keys = ["A", "B", "C"]
    winner = draw(keys, "nonce", "salt", "case:X:1")
    assert winner == draw(list(reversed(keys)), "nonce", "salt", "case:X:1"), (
        "order of the list is of no matter"
    )
    record = {
        "nonce": "nonce",
        "commitment": commitment("nonce"),
        "salt": "salt",
        "subject": "case:X:1",
        "candidates": keys,
        "winner": winner,
    }
    assert recompute(record)
    assert not recompute({**record, "winner": next(k for k in keys if k != winner)})
    assert not recompute({**record, "nonce": "other"})
    assert len(ticket("n", "s", "x", "k")) == 64


def test_the_draw_is_fair():
    wins = [draw(["A", "B", "C"], f"n{i}", "salt", "s") for i in range(3000)]
    assert all(900 < wins.count(k) < 1100 for k in "ABC")
