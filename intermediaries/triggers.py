"""Which evaluations a project needs (触发判断): three-valued, each answer with rule and reason. Pure.

Logic is Kleene's: a rule is an "and" of predicates, an evaluation an "or" of rules within its scope. A predicate on
a fact or limit that is not known is itself unknown. Unknown never becomes yes or no; the answer names what is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import zen

from intermediaries.trigger_catalogue import Catalogue, Evaluation, Fact, Rule, catalogue, names_in

Needed = Literal["yes", "no", "undecided"]
_STATUS = {"hit": "压占", "touch": "相接", "clear": "不涉及"}


@dataclass(frozen=True, slots=True)
class Trigger:
    """Whether one evaluation is needed.

    Attributes:
        needed: yes, no, undecided (无法判定).
        reason: Chinese sentence with the figures; ``reason_en`` English.
        rule: id of the rule that decided, empty when none did.
        basis: documents and clauses.
        shared_from: the 区域评估 that makes an individual evaluation unnecessary (kind, report_no, valid_until).
        unknown: names of facts (or ``limit.…``) whose absence makes it undecided.
        deliverable: what is to be delivered.
        qualification: qualification an agency must hold; ``days`` its working days.
        verified: False when a threshold or clause it rests on has not been verified.
        facts: values the decision rests on.
    """

    code: str
    name: str
    name_en: str
    needed: Needed
    reason: str
    reason_en: str
    rule: str
    basis: str
    shared_from: dict[str, Any] | None
    unknown: tuple[str, ...]
    deliverable: str
    qualification: str
    days: int
    verified: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def to_dispatch(self) -> bool:
        """Needed, and no regional evaluation replaces it."""
        return self.needed == "yes" and self.shared_from is None


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Any:
    return zen.compile_expression(expression)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Value of a three-valued expression and what is missing when it is None."""

    value: bool | None
    missing: tuple[str, ...] = ()


def _predicate(expression: str, facts: Mapping[str, Any], evaluation: Evaluation) -> _Answer:
    limits = {name: limit.value for name, limit in evaluation.limits.items()}
    context: dict[str, Any] = {"limit": limits}
    missing: list[str] = []
    for name in names_in(expression):
        if name.startswith("limit."):
            if limits[name.removeprefix("limit.")] is None:
                missing.append(name)
        elif facts.get(name) is None:
            missing.append(name)
        else:
            context[name] = facts[name]
    if missing:
        return _Answer(None, tuple(missing))
    return _Answer(bool(_compiled(expression).evaluate(context)))


def _all(answers: Iterable[_Answer]) -> _Answer:
    answers = list(answers)
    if any(a.value is False for a in answers):
        return _Answer(False)
    missing = tuple(dict.fromkeys(m for a in answers for m in a.missing))
    return _Answer(None, missing) if missing else _Answer(True)


def _any(answers: Iterable[_Answer]) -> _Answer:
    answers = list(answers)
    if any(a.value is True for a in answers):
        return _Answer(True)
    missing = tuple(dict.fromkeys(m for a in answers for m in a.missing))
    return _Answer(None, missing) if missing else _Answer(False)


def shown(fact: Fact, value: Any) -> str:
    """A fact's value as it stands in a reason: ``用地面积 62345.00 ㎡``."""
    if isinstance(value, bool):
        return f"{fact.name}:{'是' if value else '否'}"
    if fact.type == "number":
        return f"{fact.name} {value:.2f} {fact.unit}".rstrip()
    if fact.type == "status":
        return f"{fact.name}:{_STATUS.get(str(value), value)}"
    return f"{fact.name}:{value}"


def _shared(
    evaluation: Evaluation, facts: Mapping[str, Any], at: dt.date | None
) -> tuple[dict[str, Any] | None, str]:
    """The regional evaluation that replaces this one, and a remark when there is one that does not."""
    remark = ""
    for entry in facts.get("regional_evaluations") or ():
        if not evaluation.regional_kind or entry.get("kind") != evaluation.regional_kind:
            continue
        number, until = str(entry.get("report_no") or ""), str(entry.get("valid_until") or "")
        try:
            last = dt.date.fromisoformat(until[:10])
        except ValueError:
            remark = f"区域评估 {number} 没有有效期，不能共享"
            continue
        if at is None:
            remark = f"未给出日期，不能判断区域评估 {number} 是否在有效期内"
        elif last < at:
            remark = f"区域评估 {number} 已于 {last.isoformat()} 到期"
        elif not entry.get("covers"):
            remark = f"区域评估 {number} 未覆盖全部用地"
        else:
            return {
                "kind": evaluation.regional_kind,
                "report_no": number,
                "valid_until": last.isoformat(),
            }, ""
    return None, remark


def _decide(
    evaluation: Evaluation, facts: Mapping[str, Any], of: Catalogue
) -> tuple[Needed, Rule | None, tuple[str, ...], str, str]:
    """needed, deciding rule, what is missing, reason, reason in English."""
    asking = (facts.get("asked_evaluations") or {}).get(evaluation.code)
    if asking:
        return (
            "yes", None, (), f"{'、'.join(asking)}在策划生成中要求{evaluation.name}",
            f"asked for in the planning stage by {', '.join(asking)}",
        )  # fmt: skip
    if evaluation.stated is not None and facts.get(evaluation.stated.fact) is not None:
        said = bool(facts[evaluation.stated.fact])
        return (
            ("yes" if said else "no"), None, (),
            f"{evaluation.stated.by}{'要求' if said else '不要求'}{evaluation.name}",
            f"the {evaluation.stated.by_en} {'ask' if said else 'do not ask'} for it",
        )  # fmt: skip
    scope = (
        _any(_predicate(p, facts, evaluation) for p in evaluation.scope.any)
        if evaluation.scope
        else _Answer(True)
    )
    if scope.value is False and evaluation.scope:
        return "no", None, (), evaluation.scope.outside, evaluation.scope.outside_en
    verdicts = [
        (rule, _all(_predicate(p, facts, evaluation) for p in rule.when)) for rule in evaluation.rules
    ]
    rule = next((r for r, verdict in verdicts if verdict.value is True), None)
    rules = _any(verdict for _, verdict in verdicts)
    whole = _all([scope, rules])
    if whole.value is True and rule is not None:
        details = "，".join(
            shown(of.facts[name], facts[name]) for name in rule.show if facts.get(name) is not None
        )
        bounds = "；".join(
            f"标准：{evaluation.limits[n.removeprefix('limit.')].text}"
            for p in rule.when
            for n in names_in(p)
            if n.startswith("limit.")
        )
        note = "；".join(part for part in (details, bounds) if part)
        return "yes", rule, (), f"{rule.reason}{f'（{note}）' if note else ''}", rule.reason_en
    if whole.value is False:
        return "no", None, (), evaluation.otherwise, evaluation.otherwise_en
    names = "、".join(
        evaluation.limits[m.removeprefix("limit.")].text if m.startswith("limit.") else of.facts[m].name
        for m in whole.missing
    )
    english = ", ".join(m if m.startswith("limit.") else of.facts[m].name_en for m in whole.missing)
    return "undecided", None, whole.missing, f"无法判定：缺少{names}", f"cannot be decided without: {english}"


def _used(evaluation: Evaluation, facts: Mapping[str, Any]) -> dict[str, Any]:
    names = [n for rule in evaluation.rules for p in rule.when for n in names_in(p)]
    names += [n for p in (evaluation.scope.any if evaluation.scope else ()) for n in names_in(p)]
    names += [evaluation.stated.fact] if evaluation.stated else []
    names += [n for rule in evaluation.rules for n in rule.show]
    return {n: facts.get(n) for n in dict.fromkeys(names) if not n.startswith("limit.")}


def required(
    facts: Mapping[str, Any], *, at: dt.date | None = None, of: Catalogue | None = None
) -> list[Trigger]:
    """Decide every evaluation of the catalogue.

    Args:
        facts: from :func:`intermediaries.facts.build`; a missing or None fact is not known.
            ``regional_evaluations`` is a list of ``{"kind", "report_no", "valid_until", "covers"}``;
            ``asked_evaluations`` names departments that asked for an evaluation, by its code.
        at: the day of decision, for the validity of regional evaluations; default ``facts["date"]`` (ISO).

    Returns:
        one :class:`Trigger` for each evaluation, needed ones first, then undecided, then the rest.
    """
    used = of or catalogue()
    if at is None and facts.get("date"):
        at = dt.date.fromisoformat(str(facts["date"])[:10])
    triggers = []
    for evaluation in used.evaluations.values():
        needed, rule, missing, reason, reason_en = _decide(evaluation, facts, used)
        shared, remark = _shared(evaluation, facts, at) if needed == "yes" else (None, "")
        if shared:
            reason += (
                f"；已被区域评估 {shared['report_no']} 覆盖（有效期至 {shared['valid_until']}），共享其成果"
            )
            reason_en += f"; covered by regional evaluation {shared['report_no']}"
        elif remark:
            reason += f"；{remark}"
        limits = [evaluation.limits[n.removeprefix("limit.")] for r in ([rule] if rule else evaluation.rules)
                  for p in r.when for n in names_in(p) if n.startswith("limit.")]  # fmt: skip
        triggers.append(
            Trigger(
                code=evaluation.code,
                name=evaluation.name,
                name_en=evaluation.name_en,
                needed=needed,
                reason=reason,
                reason_en=reason_en,
                rule=rule.id if rule else "",
                basis=evaluation.basis_zh,
                shared_from=shared,
                unknown=missing,
                deliverable=(rule.deliverable if rule else None) or evaluation.deliverable,
                qualification=evaluation.qualification,
                days=evaluation.days.value,
                verified=all(b.verified for b in evaluation.basis)
                and all(limit.verified for limit in limits),
                facts=_used(evaluation, facts),
            )
        )
    order = {"yes": 0, "undecided": 1, "no": 2}
    return sorted(triggers, key=lambda t: (order[t.needed], t.shared_from is not None, t.code))
