"""审查意见 of a business: drafted from its conclusions, a paragraph for each outcome, every clause cited.

The officer edits the draft; the difference to what was signed is kept with the register's line.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project_box.kernel.finding import Outcome

_NUMERALS = "一二三四五六七八九十"
#: conclusions that pass are named with their sentence up to this many; beyond it only counted by name
_SPELLED = 40


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a draft is made from.

    Attributes:
        business, project, code, applicant, subject: names; all but the business may be empty.
        at: day whose rules were applied; ``rules`` hash of the rule set.
        conclusions: name, outcome, text, clause, verified of each, in the order of the table.
    """

    business: str
    at: str
    rules: str
    conclusions: Sequence[Mapping[str, Any]]
    project: str = ""
    code: str = ""
    applicant: str = ""
    subject: str = ""


def draft(facts: Reviewed) -> str:
    """The drafted opinion of one business: what was reviewed, the conclusions by outcome, what is recommended."""
    groups = {o: [c for c in facts.conclusions if c["outcome"] == o.value] for o in Outcome}
    body = [_counted(facts, groups)]
    if groups[Outcome.PASS]:
        body.append("符合的事项：" + _listed(groups[Outcome.PASS]))
    if groups[Outcome.FAIL]:
        body.append("不符合的事项：" + _listed(groups[Outcome.FAIL]))
    if groups[Outcome.UNDECIDED]:
        body.append("无法判定的事项：" + _listed(groups[Outcome.UNDECIDED]))
    if groups[Outcome.NOTE]:
        body.append("提示：" + _listed(groups[Outcome.NOTE]))
    body.append(_recommended(groups))
    numbered = [f"{_NUMERALS[i] if i < 10 else i + 1}、{text}" for i, text in enumerate(body)]
    return "\n".join([f"关于“{_object(facts)}”{facts.business}的审查意见", *numbered])


def _object(facts: Reviewed) -> str:
    words = [w for w in (facts.project, facts.subject) if w]
    return " ".join(words) or "本件"


def _counted(facts: Reviewed, groups: Mapping[Outcome, Sequence[Any]]) -> str:
    who = f"{facts.applicant}申请的" if facts.applicant else ""
    code = f"（项目代码 {facts.code}）" if facts.code else ""
    rules = f"按 {facts.at} 施行的规则（规则版本 {facts.rules}）审查"
    total = sum(len(g) for g in groups.values())
    if not total:
        return f"{who}“{_object(facts)}”{code}，{rules}，本业务只作核算，不设结论事项。"
    counted = "、".join(f"{o.zh} {len(groups[o])} 项" for o in _ORDER if groups[o])
    return f"{who}“{_object(facts)}”{code}，{rules}，共审查 {total} 项：{counted}。"


_ORDER = (Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED, Outcome.NOTE)


def _listed(found: Sequence[Mapping[str, Any]]) -> str:
    if len(found) > _SPELLED:
        return "、".join(str(c["name"]) for c in found) + f"，共 {len(found)} 项。"
    return "\n" + "；\n".join(f"（{i}）{_sentence(c)}" for i, c in enumerate(found, 1)) + "。"


def _sentence(conclusion: Mapping[str, Any]) -> str:
    name, text = str(conclusion["name"]), str(conclusion["text"]).strip().rstrip("。；")
    said = text if not text or text.startswith(name) else f"{name}：{text}"
    clause = str(conclusion.get("clause") or "").strip().rstrip("。；;")
    basis = f"（依据：{clause}）" if clause else ""
    unchecked = "" if conclusion.get("verified", True) else "（所用数值待核对）"
    return f"{said or name}{basis}{unchecked}"


def _recommended(groups: Mapping[Outcome, Sequence[Mapping[str, Any]]]) -> str:
    failed, open_ = groups[Outcome.FAIL], groups[Outcome.UNDECIDED]
    if failed:
        more = f"；另有 {len(open_)} 项无法判定，补正时一并补充" if open_ else ""
        return (
            f"综上，有 {len(failed)} 项不符合{more}。建议一次告知申请人补正；不能补正的，"
            "依据《中华人民共和国行政许可法》第三十八条第二款不予同意，说明理由，"
            "并告知申请行政复议或者提起行政诉讼的权利。"
        )
    if open_:
        return f"综上，有 {len(open_)} 项无法判定，补充所缺资料或者作出判定说明之前，暂不作出结论。"
    if groups[Outcome.PASS]:
        return "综上，审查事项均符合规定，建议同意。"
    return "综上，核算结果供办理时采用，不代替审查结论。"


def difference(drafted: str, signed: str) -> list[dict[str, str]]:
    """Line difference: ``{"op": "keep" | "add" | "drop", "text": line}`` in reading order."""
    ops = {" ": "keep", "+": "add", "-": "drop"}
    lines = difflib.ndiff(drafted.splitlines(), signed.splitlines())
    return [{"op": ops[line[0]], "text": line[2:]} for line in lines if line[0] in ops]
