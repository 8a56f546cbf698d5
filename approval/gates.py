"""关口: checks before a forward move.

* A 不符合 finding blocks approval; nothing but removing its cause opens the gate.
* 无法判定 blocks with its named reason until an officer resolves it with a written reason, where the item allows.
* Of every required discipline the *latest* verdict counts, never the number of rounds.
* Every engagement is delivered, or dropped with a reason.
* Fees are noted, or block below the threshold the item states.

Return, withdraw and 补正 never ask a gate.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase

from approval import materials
from approval.materials import MaterialLine
from project_box.kernel.errors import Conflict
from project_box.kernel.finding import Finding, Outcome

#: names a step's ``gates`` may use
GATES = frozenset({"materials", "results", "findings", "disciplines", "engagements", "fees", "corrections"})


@dataclass(frozen=True, slots=True)
class Resolution:
    """An officer's written reason that settles an 无法判定 finding."""

    code: str
    reason: str
    by: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class DisciplineFact:
    """Where one required discipline stands: its latest verdict (``agree``, ``modify``, ``disagree``) or None."""

    code: str
    name: str
    verdict: str | None = None
    text: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class EngagementFact:
    """Where one triggered evaluation stands.

    Attributes:
        status: ``delivered``, ``dropped`` (with ``reason``), ``shared`` (covered by a 区域评估), ``undecided``
            (its trigger could not be decided; ``reason`` says why) or anything else: open.
    """

    code: str
    name: str
    status: str
    reason: str = ""
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class FeeFact:
    """The fee statement: total and paid in 元； ``undecided`` names fees that cannot be computed."""

    total: Decimal
    paid: Decimal
    undecided: tuple[str, ...] = ()
    verified: bool = True


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything gates look at.

    Attributes:
        lines: matched materials.
        needed: (kind, name) of Results that must exist; ``present`` the kinds that do.
        findings: findings of the latest checks in the box.
        stale: reasons why a check is older than what it checked.
        disciplines: required disciplines with their latest verdict; ``review_open`` while a round runs;
            ``review_stale`` says why the review no longer speaks of the newest drawings.
        engagements: triggered evaluations; ``dispatched`` is False until triggers were evaluated.
        fees: fee statement, None when there is none; ``fee_threshold`` share (0..1) that must be paid to pass,
            None for a note only.
        open_corrections: correction entries not yet answered.
        resolutions: by finding code.
        resolvable: patterns of finding codes an officer may resolve.
        final: at the decision (容缺 lines must be in).
    """

    lines: Sequence[MaterialLine] = ()
    needed: Sequence[tuple[str, str]] = ()
    present: frozenset[str] = frozenset()
    findings: Sequence[Finding] = ()
    stale: Sequence[str] = ()
    disciplines: Sequence[DisciplineFact] = ()
    review_open: bool = False
    review_stale: str = ""
    engagements: Sequence[EngagementFact] = ()
    dispatched: bool = True
    fees: FeeFact | None = None
    fee_threshold: Decimal | None = None
    open_corrections: int = 0
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    resolvable: Sequence[str] = ()
    final: bool = False


def can_resolve(code: str, patterns: Iterable[str]) -> bool:
    """True if the item lets an officer resolve 无法判定 of this finding."""
    return any(fnmatchcase(code, pattern) for pattern in patterns)


def settle(finding: Finding, facts: GateFacts) -> Finding:
    """The finding as the gate sees it: an 无法判定 with a resolution becomes 提示 and carries the reason."""
    resolution = facts.resolutions.get(finding.code)
    if finding.outcome is not Outcome.UNDECIDED or resolution is None:
        return finding
    return replace(
        finding, outcome=Outcome.NOTE,
        message=f"{finding.message}；经{resolution.by}于 {resolution.on:%Y-%m-%d} 判定说明：{resolution.reason}",
        message_en=f"{finding.message_en}; resolved by {resolution.by}: {resolution.reason}",
        source={**finding.source, "resolution": {"reason": resolution.reason, "by": resolution.by,
                                                 "on": resolution.on.isoformat()}},
    )  # fmt: skip


def _results(facts: GateFacts) -> list[Finding]:
    out = [
        Finding(
            f"gate.result.{kind}",
            name,
            Outcome.UNDECIDED,
            f"缺少{name}，无法判定",
            name,
            f"{kind} is missing",
        )
        for kind, name in facts.needed
        if kind not in facts.present
    ]
    out += [
        Finding(f"gate.stale.{i}", "成果时效", Outcome.UNDECIDED, reason, "Freshness", reason)
        for i, reason in enumerate(facts.stale, 1)
    ]
    if facts.needed and not out:
        out.append(
            Finding("gate.results", "必备成果", Outcome.PASS, "必备成果齐全且为最新", "Results", "present")
        )
    return out


def _findings(facts: GateFacts) -> list[Finding]:
    settled = [settle(f, facts) for f in facts.findings]
    out = [f for f in settled if f.outcome is not Outcome.PASS]
    if settled and not any(f.outcome in (Outcome.FAIL, Outcome.UNDECIDED) for f in settled):
        passed = sum(f.outcome is Outcome.PASS for f in settled)
        out.insert(
            0,
            Finding(
                "gate.findings", "核查结论", Outcome.PASS,
                f"全部 {len(settled)} 项核查无不符合（符合 {passed} 项，提示 {len(settled) - passed} 项）",
                "Findings", f"none of {len(settled)} checks failed",
            ),
        )  # fmt: skip
    return out


_VERDICTS = {"agree": "同意", "modify": "修改后同意", "disagree": "不同意"}


def _disciplines(facts: GateFacts) -> list[Finding]:
    out: list[Finding] = []
    for d in facts.disciplines:
        code, title, clause = f"gate.discipline.{d.code}", f"联审·{d.name}", "联合审图"
        if d.verdict == "agree":
            out.append(
                Finding(code, title, Outcome.PASS, f"{d.name}专业：同意", d.code, "agrees", clause=clause)
            )
        elif d.verdict is None:
            out.append(
                Finding(
                    code,
                    title,
                    Outcome.FAIL,
                    f"{d.name}专业尚未出具意见",
                    d.code,
                    "no verdict yet",
                    clause=clause,
                )
            )
        else:
            word = _VERDICTS.get(d.verdict, d.verdict)
            out.append(
                Finding(
                    code, title, Outcome.FAIL, f"{d.name}专业最新意见为“{word}”" + (f"：{d.text}" if d.text else ""),
                    d.code, f"latest verdict is {d.verdict}", measured=word, limit="同意", clause=clause,
                )
            )  # fmt: skip
    if facts.review_stale and facts.disciplines:
        out.append(
            Finding(
                "gate.review_stale", "联合审图", Outcome.FAIL, facts.review_stale, "Joint review", "outdated"
            )
        )
    if facts.review_open and facts.disciplines:
        out.append(
            Finding(
                "gate.review_open",
                "联合审图",
                Outcome.FAIL,
                "联合审图尚未合并办结",
                "Joint review",
                "still open",
            )
        )
    return out


def _engagements(facts: GateFacts) -> list[Finding]:
    if not facts.dispatched:
        return [
            Finding(
                "gate.engagements", "中介评估", Outcome.UNDECIDED, "评估事项尚未触发判断，无法判定是否需要中介评估",
                "Evaluations", "triggers were not evaluated",
            )
        ]  # fmt: skip
    out: list[Finding] = []
    for e in facts.engagements:
        code, title = f"gate.engagement.{e.code}", f"评估·{e.name}"
        if e.status == "delivered":
            text = f"{e.name}：成果已提交" + (f",结论：{e.conclusion}" if e.conclusion else "")
            out.append(Finding(code, title, Outcome.PASS, text, e.code, "delivered"))
        elif e.status == "shared":
            out.append(
                Finding(
                    code, title, Outcome.PASS, f"{e.name}：共享区域评估成果。{e.reason}", e.code, "shared"
                )
            )
        elif e.status == "dropped" and e.reason.strip():
            out.append(
                Finding(code, title, Outcome.NOTE, f"{e.name}：不再要求，理由：{e.reason}", e.code, "dropped")
            )
        elif e.status == "undecided":
            text = f"{e.name}：无法判定是否需要：{e.reason}"
            out.append(
                settle(Finding(code, title, Outcome.UNDECIDED, text, e.code, f"undecided: {e.reason}"), facts)
            )
        else:
            out.append(
                Finding(code, title, Outcome.FAIL, f"{e.name}：成果尚未提交", e.code, f"is {e.status}")
            )
    if not out:
        out.append(
            Finding(
                "gate.engagements", "中介评估", Outcome.PASS, "无需中介评估", "Evaluations", "none needed"
            )
        )
    return out


def _fees(facts: GateFacts) -> list[Finding]:
    title = "规费"
    if facts.fees is None:
        outcome = Outcome.NOTE if facts.fee_threshold is None else Outcome.UNDECIDED
        return [Finding("gate.fees", title, outcome, "尚无费用测算单", "Fees", "no fee statement")]
    fees = facts.fees
    text = f"测算合计 {fees.total:,.2f} 元" + ("" if fees.verified else "(所用费率未经核实)")
    if fees.undecided:
        text += f";无法判定：{'、'.join(fees.undecided)}"
    if facts.fee_threshold is None:
        return [Finding("gate.fees", title, Outcome.NOTE, text, "Fees", f"total {fees.total}", unit="元")]
    if fees.undecided:
        return [
            settle(Finding("gate.fees", title, Outcome.UNDECIDED, text, "Fees", "undecided lines"), facts)
        ]
    wanted = (fees.total * facts.fee_threshold).quantize(Decimal("0.01"))
    outcome = Outcome.PASS if fees.paid >= wanted else Outcome.FAIL
    return [
        Finding(
            "gate.fees", title, outcome, f"{text}；已缴 {fees.paid:,.2f} 元，发证前应缴 {wanted:,.2f} 元", "Fees",
            f"paid {fees.paid} of {wanted}", measured=f"{fees.paid:.2f}", limit=f"≥{wanted:.2f}", unit="元",
        )
    ]  # fmt: skip


def _corrections(facts: GateFacts) -> list[Finding]:
    if facts.open_corrections:
        n = facts.open_corrections
        return [
            Finding(
                "gate.corrections", "补正", Outcome.FAIL, f"尚有 {n} 条补正未回复", "Corrections", f"{n} open"
            )
        ]
    return [Finding("gate.corrections", "补正", Outcome.PASS, "无未回复的补正", "Corrections", "none open")]


def evaluate(names: Iterable[str], facts: GateFacts) -> list[Finding]:
    """Findings of the named gates, in a fixed order; only what blocks, notes, or sums up.

    Args:
        names: subset of :data:`GATES`.
        facts: what is known.
    """
    wanted = set(names)
    out: list[Finding] = []
    if "materials" in wanted:
        out += materials.findings(facts.lines, final=facts.final)
    if "results" in wanted:
        out += _results(facts)
    if "findings" in wanted:
        out += _findings(facts)
    if "disciplines" in wanted:
        out += _disciplines(facts)
    if "engagements" in wanted:
        out += _engagements(facts)
    if "fees" in wanted:
        out += _fees(facts)
    if "corrections" in wanted:
        out += _corrections(facts)
    return [settle(f, facts) if can_resolve(f.code, facts.resolvable) else f for f in out]


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that keep a gate shut: 不符合 and 无法判定."""
    return [f for f in findings if f.outcome in (Outcome.FAIL, Outcome.UNDECIDED)]


def require_open(findings: Iterable[Finding], action: str) -> None:
    """Stop a forward move through a shut gate.

    Args:
        findings: of the gates of the step.
        action: Chinese word of the move.

    Raises:
        Conflict: with one line per reason in ``details["reasons"]``.
    """
    shut = blocking(findings)
    if shut:
        reasons = [
            {"code": f.code, "outcome": f.outcome.value, "zh": f.outcome.zh, "message": f.message}
            for f in shut
        ]
        raise Conflict(
            f"不能{action}：" + "；".join(f.message for f in shut[:5]) + (" 等" if len(shut) > 5 else ""),
            f"gate is shut: {', '.join(f.code for f in shut)}", code="gate_shut",
            remedy="消除上列原因后再办；退回、补正和撤回不受限制",
            remedy_en="settle what is listed first; return, correction and withdrawal stay open",
            details={"reasons": reasons},
        )  # fmt: skip
