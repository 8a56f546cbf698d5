"""Gates, materials and drafted opinions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval import gates, materials, opinion
from approval.gates import DisciplineFact, EngagementFact, FeeFact, GateFacts, Resolution
from approval.materials import Commitment, Held, MaterialSpec, MaterialStatus, Upload
from approval.opinion import OpinionFacts
from project_box.kernel.errors import Conflict
from project_box.kernel.finding import Finding, Outcome

DAY = dt.date(2026, 3, 2)


def finding(code: str, outcome: Outcome) -> Finding:
    return Finding(code, code, outcome, f"{code} 的结论")


def outcomes(names: str, facts: GateFacts) -> dict[str, Outcome]:
    return {f.code: f.outcome for f in gates.evaluate(names.split(), facts)}


def test_a_failure_shuts_the_gate_and_cannot_be_argued_away() -> None:
    facts = GateFacts(
        findings=[finding("planning.RJL", Outcome.FAIL)], resolvable=["*"],
        resolutions={"planning.RJL": Resolution("planning.RJL", "没关系", "某", DAY)},
    )  # fmt: skip
    found = gates.evaluate(["findings"], facts)
    with pytest.raises(Conflict) as shut:
        gates.require_open(found, "签发")
    assert shut.value.code == "gate_shut"
    assert shut.value.details["reasons"][0]["code"] == "planning.RJL"


def test_undecided_blocks_until_resolved_with_a_reason() -> None:
    open_finding = finding("plan.STBHHX", Outcome.UNDECIDED)
    assert gates.blocking(gates.evaluate(["findings"], GateFacts(findings=[open_finding])))
    facts = GateFacts(
        findings=[open_finding], resolvable=["plan.*"],
        resolutions={"plan.STBHHX": Resolution("plan.STBHHX", "已书面核实", "陈经办", DAY)},
    )  # fmt: skip
    found = gates.evaluate(["findings"], facts)
    assert not gates.blocking(found)
    note = next(f for f in found if f.code == "plan.STBHHX")
    assert "已书面核实" in note.message
    assert "plan.STBHHX 的结论" in note.message
    assert gates.can_resolve("plan.STBHHX", ["plan.*"])
    assert not gates.can_resolve("planning.RJL", ["plan.*"])


def test_latest_verdict_of_every_discipline_counts() -> None:
    facts = GateFacts(
        disciplines=[
            DisciplineFact("planning", "规划", "agree"),
            DisciplineFact("fire", "消防", "modify", "车道不足"),
            DisciplineFact("architecture", "建筑"),
        ]
    )
    assert outcomes("disciplines", facts) == {
        "gate.discipline.planning": Outcome.PASS,
        "gate.discipline.fire": Outcome.FAIL,
        "gate.discipline.architecture": Outcome.FAIL,
    }
    agreed = [DisciplineFact("fire", "消防", "agree")]
    assert (
        outcomes("disciplines", GateFacts(disciplines=agreed, review_open=True))["gate.review_open"]
        is Outcome.FAIL
    )
    stale = outcomes("disciplines", GateFacts(disciplines=agreed, review_stale="旧版图纸"))
    assert stale["gate.review_stale"] is Outcome.FAIL


def test_engagements() -> None:
    facts = GateFacts(
        engagements=[
            EngagementFact("A", "甲", "delivered"),
            EngagementFact("B", "乙", "shared"),
            EngagementFact("C", "丙", "dropped", "已有省级批复"),
            EngagementFact("D", "丁", "dropped", " "),
            EngagementFact("E", "戊", "dispatched"),
            EngagementFact("F", "己", "undecided", "缺少年综合能耗"),
        ]
    )
    assert list(outcomes("engagements", facts).values()) == [
        Outcome.PASS, Outcome.PASS, Outcome.NOTE, Outcome.FAIL, Outcome.FAIL, Outcome.UNDECIDED,
    ]  # fmt: skip
    assert outcomes("engagements", GateFacts(dispatched=False)) == {"gate.engagements": Outcome.UNDECIDED}
    assert outcomes("engagements", GateFacts()) == {"gate.engagements": Outcome.PASS}


@pytest.mark.parametrize(
    ("fees", "threshold", "expected"),
    [
        (None, None, Outcome.NOTE),
        (None, Decimal(1), Outcome.UNDECIDED),
        (FeeFact(Decimal(100), Decimal(0)), None, Outcome.NOTE),
        (FeeFact(Decimal(100), Decimal("99.99")), Decimal(1), Outcome.FAIL),
        (FeeFact(Decimal(100), Decimal(100)), Decimal(1), Outcome.PASS),
        (FeeFact(Decimal(100), Decimal(50)), Decimal("0.5"), Outcome.PASS),
        (FeeFact(Decimal(100), Decimal(100), ("配套费",)), Decimal(1), Outcome.UNDECIDED),
    ],
)
def test_fees(fees: FeeFact | None, threshold: Decimal | None, expected: Outcome) -> None:
    assert outcomes("fees", GateFacts(fees=fees, fee_threshold=threshold)) == {"gate.fees": expected}


def test_missing_and_stale_results_are_undecided() -> None:
    facts = GateFacts(
        needed=[("boundary", "红线"), ("drawing_set", "图纸")],
        present=frozenset({"boundary"}),
        stale=["过时"],
    )
    assert outcomes("results", facts) == {
        "gate.result.drawing_set": Outcome.UNDECIDED,
        "gate.stale.1": Outcome.UNDECIDED,
    }
    assert outcomes("corrections", GateFacts(open_corrections=2)) == {"gate.corrections": Outcome.FAIL}


@given(st.lists(st.sampled_from(list(Outcome))))
def test_a_gate_is_open_exactly_when_nothing_fails_or_is_undecided(words: list[Outcome]) -> None:
    found = gates.evaluate(
        ["findings"], GateFacts(findings=[finding(f"x.{i}", o) for i, o in enumerate(words)])
    )
    shut = bool({Outcome.FAIL, Outcome.UNDECIDED} & set(words))
    assert bool(gates.blocking(found)) is shut


# --- materials ---------------------------------------------------------------------------------------------------

SPECS = (
    MaterialSpec("boundary", "红线", results=("boundary",)),
    MaterialSpec("permit", "规划许可证", licences=("planning_permit",)),
    MaterialSpec("report", "日照报告", required=False, deferrable=True),
    MaterialSpec("contract", "合同"),
)
RESULT = Held("result", "boundary", "红线 v2", "1", "v2", DAY)


def licence(**more: Any) -> Held:
    return Held("licence", "planning_permit", "规划许可证 1 号", "2", "1 号", DAY, **more)


def match(**more: Any) -> dict[str, materials.MaterialLine]:
    given_: dict[str, Any] = {
        "results": {},
        "licences": {},
        "uploads": {},
        "commitments": {},
        "today": DAY,
    } | more
    return {line.code: line for line in materials.match(SPECS, **given_)}


def test_what_the_box_and_the_store_hold_is_not_asked() -> None:
    lines = match(results={"boundary": RESULT}, licences={"planning_permit": licence()})
    assert {c: x.status.value for c, x in lines.items()} == {
        "boundary": "held", "permit": "held", "report": "optional", "contract": "missing",
    }  # fmt: skip
    assert materials.summary(lines.values()) == {"asked": 1, "reused": 2}


def test_revoked_and_expired_licences_do_not_count() -> None:
    for spoiled, word in (
        (licence(revoked=True), "撤销"),
        (licence(valid_until=dt.date(2026, 3, 1)), "过期"),
    ):
        line = match(licences={"planning_permit": spoiled})["permit"]
        assert line.status is MaterialStatus.MISSING
        assert word in line.remark
    assert (
        match(licences={"planning_permit": licence(valid_until=DAY)})["permit"].status is MaterialStatus.HELD
    )


def test_an_upload_goes_before_what_is_held_and_a_promise_is_only_good_until_the_decision() -> None:
    upload = Upload("f", "新红线.pdf", "0" * 64, 10, DAY)
    lines = match(
        results={"boundary": RESULT}, uploads={"boundary": upload},
        commitments={"report": Commitment("月底前补交", "刘", dt.date(2026, 3, 31))},
    )  # fmt: skip
    assert lines["boundary"].status is MaterialStatus.UPLOADED
    assert lines["report"].status is MaterialStatus.DEFERRED
    early = {f.code: f.outcome for f in materials.findings(lines.values())}
    late = {f.code: f.outcome for f in materials.findings(lines.values(), final=True)}
    assert early["gate.material.report"] is Outcome.NOTE
    assert late["gate.material.report"] is Outcome.FAIL


@given(
    st.sets(st.sampled_from(["boundary"])), st.booleans(),
    st.sets(st.sampled_from(["boundary", "permit", "report", "contract"])),
)  # fmt: skip
def test_every_line_is_asked_or_reused_or_optional(
    held: set[str], has_permit: bool, uploaded: set[str]
) -> None:
    lines = match(
        results={"boundary": RESULT} if held else {}, licences={"planning_permit": licence()} if has_permit else {},
        uploads={c: Upload("f", "a.pdf", "0" * 64, 1, DAY) for c in uploaded},
    )  # fmt: skip
    counted = materials.summary(lines.values())
    optional = sum(x.status is MaterialStatus.OPTIONAL for x in lines.values())
    assert counted["asked"] + counted["reused"] + optional == len(SPECS)


# --- opinions ----------------------------------------------------------------------------------------------------


def facts(found: list[Finding]) -> OpinionFacts:
    return OpinionFacts(
        "规划许可", "样例花园", "样例置业", "2026000001", [("容积率", "1.77", "≤2.2", "符合")], found,
        ["按图施工"], ["《城乡规划法》第四十条"],
    )  # fmt: skip


def test_opinions_follow_the_conclusions() -> None:
    good = opinion.draft(facts([finding("a", Outcome.PASS)]))
    assert "拟准予许可" in good
    assert "容积率 1.77（规划条件 ≤2.2，符合）" in good
    assert "按图施工" in good
    bad = opinion.draft(facts([finding("a", Outcome.FAIL), finding("b", Outcome.UNDECIDED)]))
    assert "拟不予许可" in bad
    assert "行政复议" in bad
    assert "按图施工" not in bad
    open_ = opinion.draft(facts([finding("b", Outcome.UNDECIDED)]))
    assert "暂不作出决定" in open_
    words = [
        opinion.recommendation([finding("a", o)]) for o in (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED)
    ]
    assert words == ["approve", "deny", "wait"]


@given(st.text(), st.text())
def test_the_difference_gives_both_texts_back(one: str, two: str) -> None:
    ops = opinion.difference(one, two)
    assert [d["text"] for d in ops if d["op"] != "add"] == one.splitlines()
    assert [d["text"] for d in ops if d["op"] != "drop"] == two.splitlines()
