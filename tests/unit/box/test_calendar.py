"""Working days (WE-40 of the worked examples, and against an independent source day by day)."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_box.kernel.calendar import load_calendar
from project_box.kernel.catalogue import load_yaml
from project_box.kernel.errors import CalendarMissing, CatalogueError

CALENDAR = load_calendar()


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2024-02-08", 5, "2024-02-21"),
        ("2024-09-13", 5, "2024-09-23"),
        ("2024-09-30", 7, "2024-10-15"),
        ("2025-01-24", 7, "2025-02-10"),
        ("2025-04-24", 10, "2025-05-12"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2026-02-12", 7, "2026-02-28"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-04-30", 10, "2026-05-18"),
        ("2026-09-24", 3, "2026-09-30"),
        ("2026-09-30", 20, "2026-11-03"),
        ("2026-01-01", 5, "2026-01-08"),
    ],
)
def test_worked_examples(start, days, expected):
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(expected)
    assert CALENDAR.add(first, days) == last
    assert CALENDAR.between(first, last) == days


def test_every_published_day_agrees_with_an_independent_source():
    day = dt.date(2024, 1, 1)
    while day.year < 2027:
        assert CALENDAR.is_working(day) == chinese_calendar.is_workday(day), day
        day += dt.timedelta(days=1)


def test_an_unpublished_year_is_an_error_that_names_it():
    with pytest.raises(CalendarMissing, match="2027") as caught:
        CALENDAR.add(dt.date(2026, 12, 31), 1)
    assert caught.value.details == {"year": 2027}


@given(st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31)), st.integers(min_value=0, max_value=200))
def test_adding_and_counting_are_inverse(start, days):
    end = CALENDAR.add(start, days)
    assert CALENDAR.between(start, end) == days
    assert days == 0 or CALENDAR.is_working(end)


def test_a_total_that_does_not_add_up_is_refused(tmp_path):
    path = tmp_path / "calendar.yaml"
    entry = "{notice: null, published: x, source: x, days_off: [], make_up_days: [], working_days: 251}"
    path.write_text(f"years:\n  2024: {entry}\n")
    with pytest.raises(CatalogueError, match="262"):
        load_calendar(path)


def test_yaml_complaints_name_the_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: 2\na: 3\n")
    with pytest.raises(CatalogueError) as caught:
        load_yaml(path)
    assert caught.value.place == f"{path}:3"
