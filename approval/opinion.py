"""审查意见: drafted from conclusions in the law's wording; the difference to the draft is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elements.opinion import difference
from project_box.kernel.finding import Finding, Outcome

__all__ = ["OpinionFacts", "difference", "draft", "recommendation"]

_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class OpinionFacts:
    """What a draft is made from.

    Attributes:
        item, project, applicant, serial: names.
        indicators: (name, display value, limit text, conclusion) lines that decide.
        findings: of all gates, settled.
        conditions: sentences the approval is bound to (from notes of consulted layers, evaluations, joint review).
        basis: clauses of the item.
    """

    item: str
    project: str
    applicant: str
    serial: str
    indicators: Sequence[tuple[str, str, str, str]]
    findings: Sequence[Finding]
    conditions: Sequence[str]
    basis: Sequence[str]


def draft(facts: OpinionFacts) -> str:
    """The drafted opinion: 审查情况, 结论 and 要求, one numbered paragraph each.

    With an open 不符合 it recommends 不予许可 and lists the reasons; with an open 无法判定 it recommends no
    decision yet; otherwise 准予许可.
    """
    failed = [f for f in facts.findings if f.outcome is Outcome.FAIL]
    undecided = [f for f in facts.findings if f.outcome is Outcome.UNDECIDED]
    parts: list[str] = [
        f"{facts.applicant}申请的“{facts.project}”{facts.item}（流水号 {facts.serial}），经审查：",
    ]
    body: list[str] = []
    if facts.indicators:
        lines = "".join(
            f"{name} {value}" + (f"（规划条件 {limit}，{conclusion}）" if limit else "") + "；"
            for name, value, limit, conclusion in facts.indicators
        )
        body.append("主要指标：" + lines.rstrip("；") + "。")
    if not failed and not undecided:
        body.append("申报材料齐全、符合法定形式，核查事项无不符合。")
        body.append(f"依据{'、'.join(facts.basis)}，符合法定条件，拟准予许可。")
        notes = list(facts.conditions)
        if notes:
            body.append("请申请人遵守下列要求：" + "；".join(s.rstrip("。；") for s in notes) + "。")
    elif failed:
        body.append(
            "下列事项不符合："
            + "；".join(f"（{i}）{f.message.rstrip('。')}" for i, f in enumerate(failed, 1))
            + "。"
        )
        if undecided:
            body.append("下列事项无法判定：" + "；".join(f.message.rstrip("。") for f in undecided) + "。")
        body.append(
            "依据《中华人民共和国行政许可法》第三十八条第二款，不符合法定条件，拟不予许可；"
            "申请人享有依法申请行政复议或者提起行政诉讼的权利。"
        )
    else:
        body.append("下列事项无法判定：" + "；".join(f.message.rstrip("。") for f in undecided) + "。")
        body.append("上述事项补充资料或者作出判定说明前，暂不作出决定。")
    parts += [f"{_NUMERALS[i] if i < 10 else i + 1}、{text}" for i, text in enumerate(body)]
    return "\n".join(parts)


def recommendation(findings: Sequence[Finding]) -> str:
    """``deny`` with an open 不符合， ``wait`` with an open 无法判定, else ``approve``."""
    outcomes = {f.outcome for f in findings}
    if Outcome.FAIL in outcomes:
        return "deny"
    return "wait" if Outcome.UNDECIDED in outcomes else "approve"
