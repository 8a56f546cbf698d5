"""The joint review's domain: latest verdicts count, every opinion has a fate."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawings.review.disciplines import disciplines
from drawings.review.joint_review import (
    Decision,
    Fate,
    GivenOpinion,
    MarkKind,
    PlacedMark,
    Severity,
    Verdict,
    check_geometry,
    merge,
    require_settled,
    standing,
)
from drawings.review.round_time import round_time
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput

REQUIRED = ["planning", "architecture", "fire"]
NAMES = {code: d.zh for code, d in disciplines().disciplines.items()}


def opinion(discipline: str, verdict: str, version: int = 1, text: str = "") -> GivenOpinion:
    return GivenOpinion(f"{discipline}{version}", discipline, Verdict(verdict), text, version)


def test_the_latest_verdict_of_every_required_discipline_counts() -> None:
    given_so_far = [opinion("planning", "agree"), opinion("fire", "disagree"), opinion("fire", "agree", 2)]
    state = standing(REQUIRED, given_so_far)
    assert state.missing == ("architecture",) and state.verdict is None and not state.passed
    full = standing(REQUIRED, [*given_so_far, opinion("architecture", "modify")])
    assert full.verdict is Verdict.MODIFY and full.complete and not full.passed
    relapse = standing(
        REQUIRED, [*given_so_far, opinion("architecture", "agree"), opinion("fire", "disagree", 3)]
    )
    assert relapse.verdict is Verdict.DISAGREE


GIVEN = [
    ("planning", "agree"),
    ("fire", "disagree"),
    ("architecture", "agree"),
    ("fire", "agree"),
    ("planning", "modify"),
]


@given(st.permutations([opinion(d, v, n) for n, (d, v) in enumerate(GIVEN, 1)]))
def test_the_order_of_reading_does_not_matter(opinions) -> None:
    assert standing(REQUIRED, opinions).verdict is Verdict.MODIFY


def test_nothing_required_is_never_passed() -> None:
    assert standing([], []).verdict is None and not standing([], []).passed


ALL = [
    opinion("planning", "modify", text="退让不足。"),
    opinion("architecture", "agree"),
    opinion("fire", "modify", text="补消防登高面"),
]
MARKS = [
    PlacedMark("m1", "fire", Severity.MANDATORY, "间距不足", "GB 50016"),
    PlacedMark("m2", "planning", Severity.ADVICE, "补坐标"),
    PlacedMark("m3", "planning", Severity.GENERAL, "已改", open=False),
]


def test_merging_lists_kept_merged_and_dropped_with_reasons() -> None:
    joint = merge(
        REQUIRED,
        ALL,
        MARKS,
        [
            Decision("mark:m2", Fate.DROPPED, "图上已有"),
            Decision("opinion:fire1", Fate.MERGED, "同一问题", into="mark:m1"),
            Decision("opinion:planning1", Fate.KEPT, text="补足退让"),
        ],
        NAMES,
    )
    assert joint.verdict is Verdict.MODIFY and joint.counts == {"kept": 3, "merged": 1, "dropped": 1}
    fates = {e.source: (e.fate, e.reason) for e in joint.entries}
    assert fates["mark:m2"] == (Fate.DROPPED, "图上已有") and "mark:m3" not in fates
    assert joint.text.split("\n") == [
        "联合审图结论\uff1a修改后同意。",
        "1. 规划\uff1a补足退让。",
        "2. 建筑\uff1a同意。",
        "3. 消防\uff1a【强条】间距不足\uff08GB 50016\uff09。",
    ]


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Decision("mark:m2", Fate.DROPPED), "reason_required"),
        (Decision("mark:zz", Fate.KEPT), "unknown_entry"),
        (Decision("mark:m3", Fate.KEPT), "unknown_entry"),
        (Decision("mark:m2", Fate.MERGED, "x"), "unknown_entry"),
        (Decision("mark:m2", Fate.MERGED, "x", into="mark:m2"), "unknown_entry"),
        (Decision("mark:m1", Fate.DROPPED, "不必"), "mandatory_mark"),
    ],
)
def test_decisions_that_cannot_stand(decision: Decision, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        merge(REQUIRED, ALL, MARKS, [decision], NAMES)
    assert caught.value.code == code


def test_all_agree_only_when_no_mandatory_mark_is_left_open() -> None:
    agreed = [opinion(d, "agree") for d in REQUIRED]
    joint = merge(REQUIRED, agreed, MARKS, [], NAMES)
    with pytest.raises(BadInput) as caught:
        require_settled(joint, NAMES)
    assert (caught.value.code, caught.value.place) == ("mandatory_open", "mark:m1")
    require_settled(merge(REQUIRED, agreed, [m for m in MARKS if m.id != "m1"], [], NAMES), NAMES)
    dropped = [Decision("mark:m1", Fate.DROPPED, "复核后符合")]
    require_settled(merge(REQUIRED, agreed, MARKS, dropped, NAMES), NAMES)
    require_settled(merge(REQUIRED, ALL, MARKS, [], NAMES), NAMES)


def test_nothing_may_be_merged_into_what_is_dropped() -> None:
    with pytest.raises(BadInput):
        merge(
            REQUIRED,
            ALL,
            MARKS,
            [
                Decision("mark:m2", Fate.DROPPED, "x"),
                Decision("opinion:fire1", Fate.MERGED, "y", into="mark:m2"),
            ],
            NAMES,
        )


def test_a_mandatory_mark_is_not_merged_away() -> None:
    marks = [
        PlacedMark("strict", "fire", Severity.MANDATORY, "消防车道净宽不足", "GB 55037-2022 3.4.3"),
        PlacedMark("soft", "planning", Severity.ADVICE, "车道宜加宽", "规划技术规定 12"),
    ]
    opinions = [
        opinion("planning", "agree"),
        opinion("architecture", "agree"),
        opinion("fire", "modify", text="见标注"),
    ]
    into_advice = Decision("mark:strict", Fate.MERGED, "同一处", into="mark:soft")
    joint = merge(REQUIRED, opinions, marks, [into_advice], NAMES)
    target = next(e for e in joint.entries if e.source == "mark:soft")
    assert target.severity is Severity.MANDATORY and "GB 55037-2022 3.4.3" in target.clause
    assert "【强条】车道宜加宽（规划技术规定 12；GB 55037-2022 3.4.3）" in joint.text
    into_agreement = Decision("mark:strict", Fate.MERGED, "同一处", into="opinion:planning1")
    with pytest.raises(BadInput) as refused:
        merge(REQUIRED, opinions, marks, [into_agreement], NAMES)
    assert refused.value.code == "merged_into_agreement" and refused.value.place == "mark:strict"


def test_merging_waits_for_every_discipline() -> None:
    with pytest.raises(BadInput) as caught:
        merge(REQUIRED, ALL[:2], [], [], NAMES)
    assert caught.value.details == {"missing": ["fire"]}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda c: st.lists(c, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates"]), c),
    max_leaves=8,
)


@given(ANYTHING)
def test_any_geometry_is_checked_not_trusted(value) -> None:
    for kind in MarkKind:
        for wrapped in (
            value,
            {"type": "Polygon", "coordinates": value},
            {"type": "Point", "coordinates": value},
        ):
            try:
                check_geometry(kind, wrapped)
            except BadInput as error:
                assert error.code == "mark_geometry"


def test_phrases_name_known_disciplines() -> None:
    assert {p.discipline for p in disciplines().phrases} <= set(disciplines().disciplines)


def test_files_that_take_the_place_of_others() -> None:
    import uuid

    from drawings.review.carry import successors

    a, b, c, d, e, f = (uuid.uuid4() for _ in range(6))
    old = [(a, "总平图.dxf", "site_plan"), (b, "1#.dxf", "building"), (c, "2#.dxf", "building")]
    new = [(d, "总平面图 改.dxf", "site_plan"), (e, "1#.dxf", "building"), (f, "3#.dxf", "building")]
    assert successors(old, new) == {b: e, a: d, c: f}
    # two of one kind on a side: not certain, so none
    assert successors(old, [(d, "4#.dxf", "building"), (f, "3#.dxf", "building")]) == {}


@pytest.mark.parametrize(
    ("on", "more", "lamp", "left", "over"),
    [
        ("2026-03-05", {}, "green", 4, 0),
        ("2026-03-10", {}, "yellow", 1, 0),
        ("2026-03-11", {}, "yellow", 0, 0),
        ("2026-03-13", {}, "red", 0, 2),
        ("2026-03-13", {"paused_on": dt.date(2026, 3, 6)}, "grey", None, 0),
        ("2026-03-11", {"closed": True}, "green", 0, 0),
        ("2026-03-13", {"closed": True}, "red", 0, 2),
        ("2027-01-08", {}, "grey", None, None),  # no holiday notice of that year
    ],
)
def test_time_of_a_round(on: str, more: dict, lamp: str, left: int | None, over: int | None) -> None:
    found = round_time(
        dt.date(2026, 3, 2), dt.date(2026, 3, 11), dt.date.fromisoformat(on), load_calendar(), **more
    )
    assert found and (found.lamp, found.left, found.over) == (lamp, left, over)
