"""Truth table of every trigger: yes, no and undecided, with rule, reason and what is missing."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from intermediaries import facts, triggers
from intermediaries.trigger_catalogue import catalogue
from project_box.kernel.errors import BadInput

TODAY = dt.date(2026, 11, 22)

#: evaluation, facts, expected answer, deciding rule, missing facts
TABLE = [
    # 地质灾害: hit / touch / clear / not checked
    ("DZZH", {"layer_DZZH": "hit"}, "yes", "DZZH-1", ()),
    ("DZZH", {"layer_DZZH": "touch"}, "no", "", ()),
    ("DZZH", {"layer_DZZH": "clear"}, "no", "", ()),
    ("DZZH", {}, "undecided", "", ("layer_DZZH",)),
    # 压覆矿
    ("YFK", {"layer_YFK": "hit"}, "yes", "YFK-1", ()),
    ("YFK", {"layer_YFK": "clear"}, "no", "", ()),
    ("YFK", {"layer_YFK": None}, "undecided", "", ("layer_YFK",)),
    # 水土保持: scope and, sizes or; thresholds are inclusive
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 50000.0}, "yes", "STBC-1", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 49999.99, "earthwork_m3": 0.0}, "yes", "STBC-3", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 5000.0}, "yes", "STBC-3", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 4999.99, "earthwork_m3": 999.99}, "no", "", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 4999.99, "earthwork_m3": 1000.0}, "yes", "STBC-4", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 100.0, "earthwork_m3": 50000.0}, "yes", "STBC-2", ()),
    ("STBC", {"layer_STBC": "hit", "site_area_m2": 4999.99}, "undecided", "", ("earthwork_m3",)),
    ("STBC", {"layer_STBC": "clear", "hilly_area": False, "site_area_m2": 90000.0}, "no", "", ()),
    ("STBC", {"layer_STBC": "clear", "hilly_area": True, "site_area_m2": 90000.0}, "yes", "STBC-1", ()),
    ("STBC", {"layer_STBC": "clear", "site_area_m2": 90000.0}, "undecided", "", ("hilly_area",)),
    ("STBC", {"layer_STBC": "clear", "site_area_m2": 10.0, "earthwork_m3": 10.0}, "no", "", ()),
    ("STBC", {"site_area_m2": 90000.0, "hilly_area": True}, "yes", "STBC-1", ()),
    ("STBC", {}, "undecided", "", ("layer_STBC", "hilly_area", "site_area_m2", "earthwork_m3")),
    # 洪评
    ("HLFX", {"layer_HLFX": "hit"}, "yes", "HLFX-1", ()),
    ("HLFX", {"layer_LX": "hit"}, "yes", "HLFX-2", ()),
    ("HLFX", {"flood_detention_area": True}, "yes", "HLFX-3", ()),
    ("HLFX", {"river_works": True}, "yes", "HLFX-4", ()),
    (
        "HLFX",
        {"layer_HLFX": "clear", "layer_LX": "touch", "flood_detention_area": False, "river_works": False},
        "no", "", (),
    ),
    (
        "HLFX", {"layer_HLFX": "clear", "layer_LX": "clear", "river_works": False},
        "undecided", "", ("flood_detention_area",),
    ),
    # 考古
    ("KGDC", {"layer_DXWW": "hit"}, "yes", "KGDC-1", ()),
    ("KGDC", {"layer_JKDD": "hit"}, "yes", "KGDC-2", ()),
    ("KGDC", {"layer_WWBH": "hit"}, "yes", "KGDC-3", ()),
    ("KGDC", {"large_infrastructure": True}, "yes", "KGDC-4", ()),
    (
        "KGDC",
        {"layer_DXWW": "clear", "layer_JKDD": "clear", "layer_WWBH": "clear", "large_infrastructure": False},
        "no", "", (),
    ),
    (
        "KGDC", {"layer_DXWW": "clear", "layer_JKDD": "clear", "large_infrastructure": False},
        "undecided", "", ("layer_WWBH",),
    ),
    # 节能
    ("JNPG", {"energy_tce": 1000.0}, "yes", "JNPG-1", ()),
    ("JNPG", {"electricity_kwh": 5_000_000.0}, "yes", "JNPG-2", ()),
    ("JNPG", {"energy_tce": 999.99, "electricity_kwh": 4_999_999.0}, "no", "", ()),
    ("JNPG", {"energy_tce": 10.0}, "undecided", "", ("electricity_kwh",)),
    ("JNPG", {}, "undecided", "", ("energy_tce", "electricity_kwh")),
    # 交评: no threshold is known, only a statement decides
    ("JTYP", {"traffic_assessment_stated": True}, "yes", "", ()),
    ("JTYP", {"traffic_assessment_stated": False}, "no", "", ()),
    ("JTYP", {"building_area_m2": 10_000_000.0}, "undecided", "", ("limit.building_area_m2",)),
    ("JTYP", {}, "undecided", "", ("building_area_m2", "limit.building_area_m2")),
    # 地震安评
    ("DZAP", {"national_major_project": True}, "yes", "DZAP-1", ()),
    ("DZAP", {"secondary_disaster": True}, "yes", "DZAP-2", ()),
    ("DZAP", {"nuclear": True}, "yes", "DZAP-3", ()),
    ("DZAP", {"layer_DZDL": "hit"}, "yes", "DZAP-4", ()),
    (
        "DZAP",
        {"national_major_project": False, "secondary_disaster": False, "nuclear": False, "layer_DZDL": "clear"},
        "no", "", (),
    ),
    (
        "DZAP", {"national_major_project": False, "nuclear": False, "layer_DZDL": "clear"},
        "undecided", "", ("secondary_disaster",),
    ),
    # 使用林地
    ("SYLD", {"layer_LINDI": "hit", "forest_area_m2": 812.5}, "yes", "SYLD-1", ()),
    ("SYLD", {"layer_LINDI": "clear"}, "no", "", ()),
    ("SYLD", {}, "undecided", "", ("layer_LINDI",)),
]  # fmt: skip


def answer(code, known):
    return next(t for t in triggers.required(known, at=TODAY) if t.code == code)


@pytest.mark.parametrize(("code", "known", "needed", "rule", "missing"), TABLE)
def test_truth_table(code, known, needed, rule, missing):
    trigger = answer(code, known)
    assert (trigger.needed, trigger.rule, trigger.unknown) == (needed, rule, missing), trigger.reason
    assert trigger.reason and trigger.reason_en and trigger.basis
    if needed == "undecided":
        assert trigger.reason.startswith("无法判定") and not trigger.to_dispatch
    for name in missing:
        expected = name if name.startswith("limit.") else catalogue().facts[name].name
        assert name.startswith("limit.") or expected in trigger.reason


def test_every_rule_stands_in_the_table():
    rules = {rule.id for e in catalogue().evaluations.values() for rule in e.rules}
    assert rules - {row[3] for row in TABLE} == {"JTYP-1"}, (
        "only the rule without a threshold cannot be reached"
    )
    for code in catalogue().evaluations:
        assert {row[2] for row in TABLE if row[0] == code} == {"yes", "no", "undecided"}


def test_nothing_known_decides_nothing():
    assert {t.needed for t in triggers.required({}, at=TODAY)} == {"undecided"}


def test_more_knowledge_never_turns_an_answer_round():
    """Kleene: once yes or no with some facts missing, it stays so whatever the missing ones turn out to be."""
    names = ("layer_STBC", "hilly_area", "site_area_m2", "earthwork_m3")
    values = [("hit", "clear"), (True, False), (60000.0, 6000.0, 1.0), (60000.0, 1.0)]
    for whole in itertools.product(*values):
        full = dict(zip(names, whole, strict=True))
        final = answer("STBC", full).needed
        assert final != "undecided"
        for kept in itertools.product((True, False), repeat=4):
            partial = {n: v for (n, v), keep in zip(full.items(), kept, strict=True) if keep}
            assert answer("STBC", partial).needed in (final, "undecided"), partial


def test_thresholds_are_marked_unverified():
    assert not answer("STBC", {"layer_STBC": "hit", "site_area_m2": 60000.0}).verified
    assert answer("YFK", {"layer_YFK": "hit"}).verified
    for evaluation in catalogue().evaluations.values():
        for limit in evaluation.limits.values():
            assert limit.verified is False, "every threshold of the reference is [R] or [U]"
            assert (limit.value is None) == (limit.tag == "U")


def test_deliverable_follows_the_rule():
    assert answer("STBC", {"layer_STBC": "hit", "site_area_m2": 60000.0}).deliverable == "水土保持方案报告书"
    assert answer("STBC", {"layer_STBC": "hit", "site_area_m2": 6000.0}).deliverable == "水土保持方案报告表"
    reason = answer("STBC", {"layer_STBC": "hit", "site_area_m2": 60000.0}).reason
    assert "60000.00 ㎡" in reason and "5公顷" in reason


REGION = {"kind": "DZZH", "report_no": "QY-2025-01", "valid_until": "2026-11-22", "covers": True}


@pytest.mark.parametrize(
    ("entry", "shared", "remark"),
    [
        (REGION, True, "共享"),
        ({**REGION, "valid_until": "2026-11-21"}, False, "到期"),
        ({**REGION, "covers": False}, False, "未覆盖"),
        ({**REGION, "valid_until": None}, False, "没有有效期"),
        ({**REGION, "kind": "YFK"}, False, ""),
    ],
)
def test_regional_evaluation_is_shared(entry, shared, remark):
    trigger = answer("DZZH", {"layer_DZZH": "hit", "regional_evaluations": [entry]})
    assert trigger.needed == "yes"
    assert (trigger.shared_from is not None) == shared and trigger.to_dispatch != shared
    assert remark in trigger.reason


def test_facts_from_the_box():
    report = {
        "site_area_m2": "62345.10",
        "layers": [
            {
                "code": "DZZH",
                "status": "hit",
                "features": [{"attributes": {"YFCD": "低"}}, {"attributes": {"YFCD": "中"}}],
            },
            {"code": "LINDI", "status": "hit", "overlap_m2": "812.50"},
            {"code": "YFK", "status": "not_checked"},
            {"code": "DXWW", "status": "clear"},
        ],
        "zones": {"regional_evaluations": [REGION]},
    }
    indicators = {"elements": [{"code": "ZJZ", "value": "120,000.50"}, {"code": "TCW", "value": None}]}
    built = facts.build(
        report, indicators, {"area_m2": "62000.00"}, {"gfa": "1", "energy": "800", "special_works": "无"}
    )
    assert built["site_area_m2"] == 62000.0, "the boundary goes before the report"
    assert built["building_area_m2"] == 120000.5, "what was computed goes before what was typed"
    assert (built["layer_DZZH"], built["DZZH_level"]) == ("hit", "中")
    assert (built["layer_YFK"], built["layer_STBC"], built["layer_DXWW"]) == (None, None, "clear")
    assert built["forest_area_m2"] == 812.5 and built["energy_tce"] == 800.0
    assert built["nuclear"] is False and built["river_works"] is False
    assert facts.build(report, indicators, {}, {"special_works": ""})["nuclear"] is None, (
        "left open is not none"
    )
    assert built["regional_evaluations"] == [REGION]
    assert set(built) == {*catalogue().facts, "regional_evaluations"}


def test_stated_values_are_checked():
    with pytest.raises(BadInput) as caught:
        facts.build(form={"energy_tce": "很多"})
    assert caught.value.place == "energy_tce"
    for bad in ("-1", "NaN", "inf", "1e999"):
        with pytest.raises(BadInput):
            facts.build(form={"energy_tce": bad})
    with pytest.raises(BadInput):
        facts.build(form={"nuclear": "也许"})
    assert facts.build(form={"energy_tce": "很多"}, strict=False)["energy_tce"] is None
    assert facts.build(form={"special_works": ["nuclear"]})["nuclear"] is True
    assert facts.build(form={"nuclear": "是"})["nuclear"] is True
    assert facts.build()["nuclear"] is None
