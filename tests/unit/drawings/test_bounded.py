"""Large files are read in a process of their own: the same outcome, and an issue when it takes too much."""

from __future__ import annotations

import pytest

from drawings.cad import bounded
from drawings.cad.dxf import read_dxf
from drawings.reading import reading
from tests.unit.drawings.build import codes, data, site_plan


def test_a_process_of_its_own_gives_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "FROM_BYTES", 0)
    raw = data(site_plan())
    assert bounded.read_careful(raw, "a.dxf", reading(), None) == read_dxf(raw, "a.dxf", reading(), None)


def test_too_much_time_ends_in_an_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "FROM_BYTES", 0)
    monkeypatch.setattr(bounded, "_GRACE_SECONDS", 0.0)
    plain = reading()
    quick = plain.model_copy(update={"limits": plain.limits.model_copy(update={"seconds": 0.01})})
    found = bounded.read_careful(data(site_plan()), "a.dxf", quick, None)
    assert not found.readable and codes(found) == ["DXF-BOUND"] and found.issues[0].remedy
