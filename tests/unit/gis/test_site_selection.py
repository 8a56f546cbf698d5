"""Ranking candidates, without a database."""

import pytest
from pydantic import ValidationError
from shapely.geometry import box

from gis.planning.site_selection import (
    Candidate,
    Nearness,
    Search,
    distance_mark,
    forbidden_mark,
    own_marks,
    ranked,
    slope_mark,
)
from project_box.kernel.finding import Outcome

PLOT = box(0, 0, 100, 80)
ROAD = "道路红线", "Road red line"


def candidate(key, marks, area=8000.0):
    return Candidate(key, key, area, PLOT, {}, tuple(marks))


def test_a_failed_criterion_excludes_and_says_why():
    search = Search(area_min=9000)
    (mark, _) = own_marks(search, 8000.0, PLOT, {}, plot=True)
    assert mark.outcome is Outcome.FAIL and "8,000.00 ㎡" in mark.reason and "≥9,000 ㎡" in mark.reason
    kept, excluded = ranked([candidate("a", [mark])])
    assert not kept and excluded[0].outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("attributes", "outcome"), [({"YDDM": "070102"}, "pass"), ({"YDDM": "09"}, "fail"), ({}, "undecided")]
)
def test_use(attributes, outcome):
    marks = own_marks(Search(uses=("0701",)), 8000.0, PLOT, attributes, plot=True)
    assert marks[0].outcome == outcome


def test_slope_without_a_layer_or_wholly_covered_is_undecided():
    search = Search(slope_max=2)
    assert slope_mark(search, None, 8000).outcome is Outcome.UNDECIDED
    assert slope_mark(search, [(1, 4000)], 8000).outcome is Outcome.UNDECIDED
    assert slope_mark(search, [(1, 4000), (2, 4000)], 8000).outcome is Outcome.PASS
    assert slope_mark(search, [(1, 7000), (3, 1000)], 8000).outcome is Outcome.FAIL
    assert slope_mark(search, [(3, 1000)], 8000).outcome is Outcome.FAIL  # whatever the rest is


def test_no_forbidden_overlap_is_allowed_by_default_and_unchecked_is_open():
    assert (
        forbidden_mark(Search(), [("永久基本农田", "Farmland", 1.0)], [], 8000, 1.0).outcome is Outcome.FAIL
    )
    assert (
        forbidden_mark(
            Search(forbidden_share=0.1), [("永久基本农田", "Farmland", 1.0)], [], 8000, 1.0
        ).outcome
        is Outcome.PASS
    )
    assert (
        forbidden_mark(Search(), [], [("生态保护红线", "Red line")], 8000, 0.0).outcome is Outcome.UNDECIDED
    )


def test_every_reason_is_told_in_both_languages():
    search = Search(
        uses=("0701", "09"), far_min=2, slope_max=2, distances=(Nearness(layer="DLHX", most_m=100),)
    )
    (near,) = search.distances
    farmland = [("永久基本农田", "Farmland", 1234.5)]
    marks = [
        *own_marks(search, 8000.0, PLOT, {}, plot=False),
        *own_marks(search, 8000.0, PLOT, {"YDDM": "0701", "RJL_MAX": 1}, plot=True),
        distance_mark(search, near, 25.0, ROAD),
        distance_mark(search, near, None, ROAD, ("没有道路红线的数据", "no data of this layer")),
        slope_mark(search, None, 8000),
        slope_mark(search, [(3, 8000)], 8000),
        forbidden_mark(search, farmland, [], 8000, 1234.5),
        forbidden_mark(search, [], [("生态保护红线", "Red line")], 8000, 0.0),
    ]
    assert not [m.reason_en for m in marks if any("\u4e00" <= c <= "\u9fff" for c in m.reason_en)]
    assert "Farmland 1,234.50 m²" in marks[-2].reason_en
    assert "Distance to road red line 25.0 m" in marks[-6].reason_en


def test_score_is_the_weighted_mean_and_undecided_ranks_last():
    search = Search(weights={"distance": 30, "compactness": 10})
    near = distance_mark(search, Nearness(layer="DLHX", most_m=100), 25.0, ROAD)
    (shape,) = own_marks(search, 8000.0, PLOT, {}, plot=True)
    one = candidate("one", [near, shape])
    assert one.score == pytest.approx(100 * (30 * 0.75 + 10 * shape.points) / 40, abs=0.01)
    far = candidate("far", [distance_mark(search, Nearness(layer="DLHX", most_m=100), 80.0, ROAD), shape])
    open_ = candidate("open", [distance_mark(search, Nearness(layer="DLHX", most_m=100), None, ROAD), shape])
    assert [c.key for c in ranked([open_, far, one])[0]] == ["one", "far", "open"]


@pytest.mark.parametrize(
    "document",
    [
        {"area_min": 2, "area_max": 1},
        {"cell_m": 100},
        {"distances": [{"layer": "DLHX"}]},
        {"slope_max": 9},
        {"weights": {"area": -1}},
        {"nonsense": 1},
    ],
)
def test_searches_that_make_no_sense(document):
    with pytest.raises(ValidationError):
        Search.model_validate(document)
