"""Intended uses against a plot, and limits that depend on what is to be built."""

import datetime as dt

import pytest

from gis.check.conflict import Intent, LayerFacts, LoadedVersion, Overlap
from gis.check.judging import judge
from gis.check.use_rules import answers, parse_uses
from gis.layers.layer import layer_catalogue
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

PLOT = {"DKBH": "A-1", "YDDM": "0701", "JRYT": "0901；0702", "JRBL": 15}
V = LoadedVersion(1, "2026.1", dt.date(2026, 1, 1), 4547)


def outcomes(plot, uses):
    found = answers(layer_catalogue().get("KG_DK"), plot, Intent(uses=parse_uses(uses)))
    return [a.outcome.value for a in found]


@pytest.mark.parametrize(
    ("plot", "uses", "expected"),
    [
        (PLOT, "0701", ["pass", "pass"]),
        (PLOT, "070102", ["pass", "pass"]),  # a finer code lies within
        (PLOT, "07", ["fail", "fail"]),  # a coarser one does not; all of it is another use
        (PLOT, "0701:90;0901:10", ["pass", "pass"]),
        (PLOT, "0701:80;0901:20", ["pass", "fail"]),
        (PLOT, "0701:90;1001:10", ["fail", "pass"]),
        (PLOT | {"JRBL": None}, "0701:90;0901:10", ["pass", "undecided"]),
        (
            PLOT | {"JRBL": None},
            "0701",
            ["pass", "pass"],
        ),  # nothing is compatible use: the share asks nothing
        ({"DKBH": "A-1"}, "0701", ["undecided", "undecided"]),
    ],
)
def test_three_values(plot, uses, expected):
    assert outcomes(plot, uses) == expected


def test_what_is_missing_is_told_in_both_languages():
    plot, uses = PLOT | {"JRBL": None}, parse_uses("0701:90;0901:10")
    share = answers(layer_catalogue().get("KG_DK"), plot, Intent(uses=uses))[1]
    assert share.message == "缺少兼容比例上限，无法判定兼容用途比例"
    assert share.message_en == "Share of compatible uses undecided: no Max. share of compatible uses"


def test_no_intent_is_undecided_and_no_finding():
    assert {a.outcome for a in answers(layer_catalogue().get("KG_DK"), PLOT, None)} == {Outcome.UNDECIDED}


@pytest.mark.parametrize("text", ["商业", "0701:50;0901:20", "0701;0901", "0701:x"])
def test_uses_that_cannot_be_read(text):
    with pytest.raises(BadInput):
        parse_uses(text)


def line(code, overlap, intent=None, on=dt.date(2026, 6, 1)):
    facts = {code: LayerFacts(V, (overlap,), overlap.overlap_m2)}
    report = judge(8000.0, 4547, facts, layer_catalogue(), on=on, intent=intent).report()
    return next(entry for entry in report.layers if entry.code == code)


@pytest.mark.parametrize(
    ("ground", "height", "outcome"), [(45.0, 80.0, "pass"), (45.0, 80.001, "fail"), (None, 10.0, "undecided")]
)
def test_top_is_ground_plus_height(ground, height, outcome):
    overlap = Overlap(1, "", 8000, 360, {"XG_GC": 125})
    assert line("JCJK", overlap, Intent(building_m=height, ground_m=ground)).outcome == outcome


def test_limits_are_written_to_the_millimetre_that_decides():
    overlap = Overlap(1, "机场", 100.0, 40.0, {"XG_GC": 1234.567})
    entry = line("JCJK", overlap, Intent(34.568, 1200.0))
    assert entry.outcome == "fail"
    assert "1234.568 m，超过" in entry.message and "1234.567 m" in entry.message
    assert entry.message_en.startswith("Top elevation 1234.568 m, above the limit 1234.567 m")


def test_height_above_ground_in_a_control_zone():
    overlap = Overlap(1, "老城", 8000, 360, {"XG": 24})
    assert line("JKDD", overlap).outcome == "note"
    assert line("JKDD", overlap, Intent(building_m=24.0)).outcome == "note"
    entry = line("JKDD", overlap, Intent(building_m=24.001))
    assert entry.outcome == "fail" and "24" in entry.message


def test_a_version_not_yet_in_force_proves_nothing():
    entry = line("YJJBNT", Overlap(1, "", 100, 40, {}), on=dt.date(2025, 12, 31))
    assert (entry.status, entry.outcome) == ("not_checked", "undecided") and "2026-01-01" in entry.message
