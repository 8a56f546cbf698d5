"""Rules on attributes 属性规则: intended uses against a plot's use and its compatible ones. Pure, three-valued.

The rules are formulas (:mod:`project_box.formula`) in the layer's YAML; a name without a value makes it 无法判定.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from gis.check.conflict import Intent, RuleAnswer
from gis.layers.layer import AttributeRule, LayerDefinition
from project_box.formula import Formula, FormulaFault, Value
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

#: outcome, and why in Chinese and English
Words = tuple[Outcome, str, str]
_NUMBERS = frozenset({"SHARE", "OTHER_SHARE"})
_LIST = re.compile(r"[;；,，、/\s]+")


def code_list(value: Any) -> list[str]:
    """Codes of a field that lists them, whatever separates them."""
    return [c for c in _LIST.split(str(value if value is not None else "")) if c]


def parse_uses(text: str) -> tuple[tuple[str, float], ...]:
    """Intended uses as people write them: ``0701`` or ``0701:90;0901:10`` (shares in %).

    Raises:
        BadInput: not codes, not shares, or shares that do not add up to 100 %.
    """
    found: list[tuple[str, float]] = []
    parts = [p for p in re.split(r"[;；,，、\s]+", text.strip()) if p]
    for part in parts:
        match = re.fullmatch(r"(\d{2,8})(?:[:：=](\d+(?:\.\d+)?)%?)?", part)
        if match is None:
            raise BadInput(
                f"拟建用途“{part[:30]}”看不懂", f"use {part[:30]!r} cannot be read", code="use_unknown",
                place="use", remedy="按“0701:90;0901:10”填写用地代码和所占百分比",
                remedy_en="write codes of land use with their percent, like 0701:90;0901:10",
            )  # fmt: skip
        found.append((match.group(1), float(match.group(2)) if match.group(2) else -1.0))
    if len(found) == 1 and found[0][1] < 0:
        return ((found[0][0], 100.0),)
    if found and (any(s < 0 for _, s in found) or abs(sum(s for _, s in found) - 100) > 0.01):
        raise BadInput(
            "各用途的百分比合计应为 100", "shares of the uses must add up to 100 %", code="use_shares", place="use",
            remedy="写明每项用途所占的百分比",
            remedy_en="give the share of every use in percent",
        )  # fmt: skip
    return tuple(found)


@lru_cache(maxsize=256)
def _formula(text: str, numeric: frozenset[str]) -> Formula:
    return Formula(text, numeric, "bool")


def answers(
    definition: LayerDefinition, attributes: Mapping[str, Any], intent: Intent | None
) -> tuple[RuleAnswer, ...]:
    """The answer to every rule of a layer for the plot with these attributes."""
    return tuple(_answer(rule, definition, attributes, intent) for rule in definition.rules)


def _answer(
    rule: AttributeRule, definition: LayerDefinition, attributes: Mapping[str, Any], intent: Intent | None
) -> RuleAnswer:
    outcome, zh, en = _judged(rule, definition, attributes, intent)
    return RuleAnswer(
        rule.id, rule.name, rule.name_en, outcome, zh, en, rule.clause, rule.clause_en, rule.verified
    )


def _judged(
    rule: AttributeRule, definition: LayerDefinition, attributes: Mapping[str, Any], intent: Intent | None
) -> Words:
    if intent is None or not intent.uses:
        return Outcome.UNDECIDED, f"未说明拟建用途，无法判定{rule.name}", "The intended use is not stated"
    facts = _facts(definition, attributes, intent)
    if rule.applies is not None:
        applies, missing = _value(rule.applies, definition, facts)
        if applies is None:
            return _unknown(rule, missing)
        if not applies:
            return Outcome.PASS, f"{rule.name}：不适用", "Does not apply"
    allowed = [c for name in rule.each for c in code_list(attributes.get(name))]
    if rule.each and not allowed:
        return Outcome.UNDECIDED, f"图层没有允许的用途，无法判定{rule.name}", "The layer states no uses"
    broken: list[str] = []
    for use, share in intent.uses if rule.each else intent.uses[:1]:
        own = facts | {"USE": use, "SHARE": Decimal(str(share))}
        verdicts = [
            _value(rule.require, definition, own | ({"ALLOWED": a} if a else {})) for a in allowed or [""]
        ]
        if any(v is True for v, _ in verdicts):
            continue
        lacking = next((m for v, m in verdicts if v is None), None)
        if lacking is not None:
            return _unknown(rule, lacking)
        broken.append(use)
    return _decided(rule, intent, allowed, broken)


def _unknown(rule: AttributeRule, missing: tuple[str, str]) -> Words:
    return (
        Outcome.UNDECIDED,
        f"缺少{missing[0]}，无法判定{rule.name}",
        f"{rule.name_en} undecided: {missing[1]}",
    )


def _decided(rule: AttributeRule, intent: Intent, allowed: Sequence[str], broken: Sequence[str]) -> Words:
    """What is said once every use is judged; ``broken``: the uses that do not keep the rule."""
    shown = "、".join(f"{u} {s:g}%" for u, s in intent.uses)
    against = f"，允许 {'、'.join(dict.fromkeys(allowed))}" if allowed else ""
    against_en = f", allowed: {', '.join(dict.fromkeys(allowed))}" if allowed else ""
    if broken:
        which = "、".join(broken) if rule.each else shown
        return (
            Outcome.FAIL,
            f"{rule.name}不符合：{which}（拟建 {shown}{against}）",
            f"{rule.name_en} not kept: {which} (intended {shown}{against_en})",
        )
    return (
        Outcome.PASS,
        f"{rule.name}符合（拟建 {shown}{against}）",
        f"{rule.name_en} kept ({shown}{against_en})",
    )


def _facts(definition: LayerDefinition, attributes: Mapping[str, Any], intent: Intent) -> dict[str, Value]:
    facts: dict[str, Value] = {}
    for name, field in definition.fields.items():
        raw = attributes.get(name)
        if raw is None or not str(raw).strip():
            continue
        if field.type == "number":
            try:
                number = Decimal(str(raw).strip().rstrip("%"))
            except ArithmeticError:
                continue
            if number.is_finite():
                facts[name] = number
        else:
            facts[name] = str(raw).strip()
    rule = definition.conditions
    main = str(attributes.get(rule.use) or "").strip() if rule is not None else ""
    if main:
        facts["OTHER_SHARE"] = sum(
            (Decimal(str(s)) for u, s in intent.uses if not u.startswith(main)), Decimal(0)
        )
    return facts


def _value(
    text: str, definition: LayerDefinition, facts: Mapping[str, Value]
) -> tuple[bool | None, tuple[str, str]]:
    """Value (None: unknown) and what is missing (Chinese, English)."""
    numeric = _NUMBERS | {n for n, f in definition.fields.items() if f.type == "number"}
    formula = _formula(text, frozenset(numeric))
    missing = [n for n in formula.names if n not in facts]
    if missing:
        known = [definition.fields.get(n) for n in missing]
        names = [f.name if f is not None else n for n, f in zip(missing, known, strict=True)]
        names_en = [f.name_en if f is not None else n for n, f in zip(missing, known, strict=True)]
        return None, ("、".join(names), f"no {', '.join(names_en)}")
    try:
        return bool(formula.evaluate(facts)), ("", "")
    except FormulaFault as fault:
        return None, (str(fault), "the rule cannot be computed with these values")
