"""Registration and cadastral businesses: size, both ways of every conclusion, whole runs from their own examples."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from elements import run as runs
from elements.engine.element import Kind
from elements.engine.engine import load_catalogue

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
FILES = (
    "registration-case",
    "registration-parcel",
    "land-first-registration",
    "house-first-registration",
    "registration-change",
    "cadastral-check",
)
BUSINESSES = FILES[2:]
ENTRIES = [e for e in CATALOGUE.entries if e.business.business in FILES]


def test_the_share_of_the_catalogue() -> None:
    kinds = [e.spec.kind for e in ENTRIES]
    assert len(kinds) >= 400
    assert kinds.count(Kind.INDICATOR) >= 95
    assert kinds.count(Kind.CONCLUSION) >= 24


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if e.spec.kind is Kind.CONCLUSION], ids=lambda e: e.spec.code
)
def test_every_conclusion_is_reached_both_ways(entry: Any) -> None:
    assert {"符合", "不符合"} <= {e.expect for e in entry.spec.examples}


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if e.spec.kind is Kind.INDICATOR], ids=lambda e: e.spec.code
)
def test_every_indicator_has_an_example(entry: Any) -> None:
    assert entry.spec.examples


def _inputs(business: str) -> dict[str, Any]:
    """What the passing examples of the business's conclusions give, together."""
    out: dict[str, Any] = {}
    codes = set(CATALOGUE.codes_of(business, AT))
    for entry in CATALOGUE.entries:
        if entry.spec.code in codes and entry.spec.kind is Kind.CONCLUSION:
            first = next((e for e in entry.spec.examples if e.expect == "符合"), None)
            for code, value in (first.given if first else {}).items():
                out.setdefault(code, value)
    return out


@pytest.mark.parametrize("business", BUSINESSES)
def test_a_whole_case_passes(business: str) -> None:
    plain = runs.run_plain(CATALOGUE, business, _inputs(business), AT)
    assert [(c["code"], c["text"]) for c in plain["conclusions"] if c["outcome"] == "fail"] == []
    decided = [c for c in plain["conclusions"] if c["outcome"] in ("pass", "note")]
    assert len(decided) >= len(plain["conclusions"]) - 1


@pytest.mark.parametrize("business", BUSINESSES)
def test_nothing_given_decides_nothing(business: str) -> None:
    plain = runs.run_plain(CATALOGUE, business, {}, AT)
    assert {c["outcome"] for c in plain["conclusions"]} == {"undecided"}
