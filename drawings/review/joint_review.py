"""Joint review 联合审图: several disciplines look at one revision at once; their opinions are merged into one.

A *mark* 标注 is anchored to a file of the revision by coordinates and, where it points at something, by CAD handle.
An *opinion* 专业意见 is a discipline's verdict with text; a discipline may give several, the latest one counts.
The *joint opinion* 联审意见 lists every opinion and mark with its fate (kept, merged, dropped) and the reason.

Pure: no tables, no clock.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from project_box.kernel.errors import BadInput


class Verdict(StrEnum):
    """What a discipline says of the drawings."""

    AGREE = "agree"
    MODIFY = "modify"
    DISAGREE = "disagree"

    @property
    def zh(self) -> str:
        """The word on the screen and in documents."""
        return {"agree": "同意", "modify": "修改后同意", "disagree": "不同意"}[self.value]


class Severity(StrEnum):
    """How binding a mark is."""

    MANDATORY = "mandatory"
    GENERAL = "general"
    ADVICE = "advice"

    @property
    def zh(self) -> str:
        """强条 / 一般 / 建议."""
        return {"mandatory": "强条", "general": "一般", "advice": "建议"}[self.value]


class MarkKind(StrEnum):
    """Shape of a mark on the sheet."""

    POINT = "point"
    LINE = "line"
    AREA = "area"
    CLOUD = "cloud"
    TEXT = "text"
    PHOTO = "photo"


class Fate(StrEnum):
    """What becomes of an opinion or mark in the joint opinion."""

    KEPT = "kept"
    MERGED = "merged"
    DROPPED = "dropped"

    @property
    def zh(self) -> str:
        """保留 / 合并 / 不采纳."""
        return {"kept": "保留", "merged": "合并", "dropped": "不采纳"}[self.value]


_STRICTNESS = {Verdict.AGREE: 0, Verdict.MODIFY: 1, Verdict.DISAGREE: 2}
_GEOMETRY = {
    MarkKind.POINT: ("Point",),
    MarkKind.TEXT: ("Point",),
    MarkKind.PHOTO: ("Point",),
    MarkKind.LINE: ("LineString",),
    MarkKind.AREA: ("Polygon",),
    MarkKind.CLOUD: ("Polygon",),
}
_MAX_VERTICES = 500
_MAX_COORDINATE = 1e11


@dataclass(frozen=True, slots=True)
class GivenOpinion:
    """One submitted opinion; ``version`` counts a discipline's opinions in one review."""

    id: str
    discipline: str
    verdict: Verdict
    text: str
    version: int
    author: str = ""
    given_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class PlacedMark:
    """One mark, as the joint opinion needs it."""

    id: str
    discipline: str
    severity: Severity
    text: str
    clause: str = ""
    handle: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a review stands: the latest verdict of every required discipline.

    Attributes:
        latest: discipline → its latest opinion.
        missing: required disciplines that have given none.
        verdict: the strictest latest verdict; None while one is missing.
    """

    latest: Mapping[str, GivenOpinion]
    missing: tuple[str, ...]
    verdict: Verdict | None

    @property
    def complete(self) -> bool:
        """True once every required discipline has spoken."""
        return not self.missing

    @property
    def passed(self) -> bool:
        """True if every required discipline's latest verdict is 同意."""
        return self.verdict is Verdict.AGREE


def standing(required: Sequence[str], opinions: Iterable[GivenOpinion]) -> Standing:
    """The standing of a review. Rounds and numbers of opinions do not matter, only each discipline's latest verdict."""
    latest: dict[str, GivenOpinion] = {}
    for opinion in opinions:
        known = latest.get(opinion.discipline)
        if known is None or opinion.version > known.version:
            latest[opinion.discipline] = opinion
    missing = tuple(d for d in required if d not in latest)
    verdict = None
    if not missing and required:
        verdict = max((latest[d].verdict for d in required), key=_STRICTNESS.__getitem__)
    return Standing(latest, missing, verdict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the officer decides about one opinion or mark.

    Attributes:
        source: ``opinion:<id>`` or ``mark:<id>``.
        reason: why it was merged or dropped. text: wording in the joint opinion, the original if empty.
        into: for a merged one, the source it went into.
    """

    source: str
    fate: Fate
    reason: str = ""
    text: str = ""
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the joint opinion."""

    source: str
    discipline: str
    kind: str
    original: str
    text: str
    fate: Fate
    reason: str
    into: str | None = None
    severity: Severity | None = None
    verdict: Verdict | None = None
    clause: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class JointOpinion:
    """联审意见: the overall verdict, every entry with its fate, and the text that goes out."""

    verdict: Verdict
    entries: tuple[Entry, ...]
    text: str
    counts: dict[str, int] = field(default_factory=dict)


def merge(
    required: Sequence[str],
    opinions: Sequence[GivenOpinion],
    marks: Sequence[PlacedMark],
    decisions: Sequence[Decision],
    names: Mapping[str, str],
) -> JointOpinion:
    """Merge the latest opinions and the open marks into the joint opinion.

    Args:
        decisions: what becomes of each; what is not mentioned is kept.
        names: discipline code → Chinese name.

    Raises:
        BadInput: a discipline has not spoken; a decision names something unknown, lacks its reason, merges into
            nothing;
            or a 强条 mark is to be dropped while its discipline does not agree.
    """
    state = standing(required, opinions)
    if state.missing:
        missing = "、".join(names.get(d, d) for d in state.missing)
        raise BadInput(
            f"还有专业未提交意见：{missing}",
            f"disciplines without an opinion: {', '.join(state.missing)}",
            code="review_incomplete",
            remedy="等待或催办这些专业后再合并",
            remedy_en="wait for these disciplines or remind them, then merge",
            details={"missing": list(state.missing)},
        )
    assert state.verdict is not None
    originals: dict[str, Entry] = {}
    for opinion in sorted(state.latest.values(), key=lambda o: _order(required, o.discipline)):
        source = f"opinion:{opinion.id}"
        text = opinion.text.strip() or opinion.verdict.zh
        originals[source] = Entry(
            source, opinion.discipline, "opinion", text, text, Fate.KEPT, "", verdict=opinion.verdict
        )
    for mark in sorted((m for m in marks if m.open), key=lambda m: _order(required, m.discipline)):
        source = f"mark:{mark.id}"
        originals[source] = Entry(
            source,
            mark.discipline,
            "mark",
            mark.text,
            mark.text,
            Fate.KEPT,
            "",
            severity=mark.severity,
            clause=mark.clause,
            handle=mark.handle,
        )
    decided = {d.source: d for d in decisions}
    for source in decided:
        if source not in originals:
            raise BadInput(
                f"合并条目指向不存在的意见：{source}",
                f"no opinion or mark {source}",
                code="unknown_entry",
                place=source,
            )
    entries: list[Entry] = []
    for source, original in originals.items():
        decision = decided.get(source)
        entries.append(
            original if decision is None else _decide(original, decision, originals, decided, state, names)
        )
    entries = [_with_merged(e, [m for m in entries if m.into == e.source]) for e in entries]
    counts = {f.value: sum(e.fate is f for e in entries) for f in Fate}
    return JointOpinion(state.verdict, tuple(entries), _wording(state.verdict, entries, names), counts)


def _with_merged(entry: Entry, merged: Sequence[Entry]) -> Entry:
    """An entry that takes others in: it binds as they do and names their clauses, so that no 强条 is merged away."""
    if not any(m.severity is Severity.MANDATORY for m in merged):
        return entry
    clauses = dict.fromkeys(c for c in (entry.clause, *(m.clause for m in merged)) if c)
    return replace(entry, severity=Severity.MANDATORY, clause="；".join(clauses))


def require_settled(joint: JointOpinion, names: Mapping[str, str]) -> None:
    """Drawings everybody agrees to have no open 强条 mark left.

    Raises:
        BadInput: there is one that is neither closed by its discipline nor dropped with a reason.
    """
    left = [e for e in joint.entries if e.severity is Severity.MANDATORY and e.fate is not Fate.DROPPED]
    if joint.verdict is not Verdict.AGREE or not left:
        return
    name = names.get(left[0].discipline, left[0].discipline)
    raise BadInput(
        f"各专业均已同意，但{name}专业的强条标注还没有关闭：{left[0].original[:60]}",
        f"all disciplines agree, but {len(left)} mandatory marks are open, the first of {left[0].discipline}",
        code="mandatory_open",
        place=left[0].source,
        remedy="请该专业关闭标注或更新意见；不成立的不采纳并写明理由",
        remedy_en="ask the discipline to close the mark or change its opinion, or drop it with a reason",
        details={"open": [e.source for e in left]},
    )


def _decide(
    original: Entry,
    decision: Decision,
    originals: Mapping[str, Entry],
    decided: Mapping[str, Decision],
    state: Standing,
    names: Mapping[str, str],
) -> Entry:
    name = names.get(original.discipline, original.discipline)
    if decision.fate is not Fate.KEPT and not decision.reason.strip():
        raise BadInput(
            f"{name}专业的一条意见{decision.fate.zh}，但没有写理由",
            f"an entry of {original.discipline} is {decision.fate.value} without a reason",
            code="reason_required",
            place=decision.source,
            remedy="写明合并或不采纳的理由",
            remedy_en="write why it is merged or dropped",
        )
    if decision.fate is Fate.MERGED:
        _must_have_target(original, decision, originals, decided, name)
    if decision.fate is Fate.DROPPED:
        _must_be_droppable(original, decision, state, name)
    return Entry(
        original.source,
        original.discipline,
        original.kind,
        original.original,
        decision.text.strip() or original.text,
        decision.fate,
        decision.reason.strip(),
        decision.into if decision.fate is Fate.MERGED else None,
        original.severity,
        original.verdict,
        original.clause,
        original.handle,
    )


def _must_have_target(
    original: Entry,
    decision: Decision,
    originals: Mapping[str, Entry],
    decided: Mapping[str, Decision],
    name: str,
) -> None:
    """What an entry is merged into exists, is kept, and is answered by somebody."""
    into = decision.into
    target = decided.get(into) if into else None
    if (
        into is None
        or into not in originals
        or into == decision.source
        or (target is not None and target.fate is not Fate.KEPT)
    ):
        raise BadInput(
            f"{name}专业的一条意见要并入的条目不存在或未保留",
            f"an entry of {original.discipline} is merged into one that does not exist or is not kept",
            code="unknown_entry",
            place=decision.source,
            remedy="并入一条保留的意见",
            remedy_en="merge it into an entry that is kept",
        )
    if originals[into].verdict is Verdict.AGREE and original.verdict is not Verdict.AGREE:
        raise BadInput(
            f"{name}专业的一条意见要并入“同意”的意见，那样就没有人答复它了",
            f"an entry of {original.discipline} is merged into an opinion that agrees; nobody would answer it",
            code="merged_into_agreement",
            place=decision.source,
            remedy="并入一条要求修改的意见或标注，或单独保留",
            remedy_en="merge it into an entry that asks for a change, or keep it by itself",
        )


def _must_be_droppable(original: Entry, decision: Decision, state: Standing, name: str) -> None:
    """A mandatory entry stays while its discipline does not agree."""
    spoken = state.latest.get(original.discipline)
    if original.severity is Severity.MANDATORY and spoken is not None and spoken.verdict is not Verdict.AGREE:
        raise BadInput(
            f"{name}专业的强条意见不能不采纳，该专业尚未同意",
            f"a mandatory mark of {original.discipline} cannot be dropped while that discipline does not agree",
            code="mandatory_mark",
            place=decision.source,
            remedy="请该专业复核并更新意见",
            remedy_en="ask that discipline to look again and to update its opinion",
        )


def _order(required: Sequence[str], discipline: str) -> tuple[int, str]:
    return (required.index(discipline) if discipline in required else len(required), discipline)


def _wording(verdict: Verdict, entries: Sequence[Entry], names: Mapping[str, str]) -> str:
    """The outgoing text: verdict, then the kept points by discipline, numbered."""
    lines = [f"联合审图结论：{verdict.zh}。"]
    number = 0
    for entry in entries:
        if entry.fate is not Fate.KEPT:
            continue
        number += 1
        grade = f"【{entry.severity.zh}】" if entry.severity else ""
        clause = f"（{entry.clause}）" if entry.clause else ""
        text = re.sub(r"[。;；\s]+$", "", entry.text)
        lines.append(f"{number}. {names.get(entry.discipline, entry.discipline)}：{grade}{text}{clause}。")
    return "\n".join(lines)


def check_geometry(kind: MarkKind, geometry: Any) -> dict[str, Any]:
    """The mark's geometry (GeoJSON in drawing coordinates), checked.

    Raises:
        BadInput: wrong type for the mark, not finite, out of range, or too many points.
    """

    def wrong(en: str) -> BadInput:
        return BadInput(
            "标注位置无效",
            en,
            code="mark_geometry",
            place="geometry",
            remedy="在图上重新标注",
            remedy_en="place the mark on the sheet again",
        )

    if not isinstance(geometry, dict) or geometry.get("type") not in _GEOMETRY[kind]:
        raise wrong(f"a {kind.value} mark needs {' or '.join(_GEOMETRY[kind])}")
    coordinates = geometry.get("coordinates")

    def point(value: Any) -> list[float]:
        if not isinstance(value, (list, tuple)) or len(value) < 2:
            raise wrong("malformed coordinates")
        out: list[float] = []
        for number in value[:2]:
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise wrong("coordinates must be numbers")
            if not math.isfinite(number) or abs(number) > _MAX_COORDINATE:
                raise wrong("coordinates out of range")
            out.append(float(number))
        return out

    if geometry["type"] == "Point":
        return {"type": "Point", "coordinates": point(coordinates)}
    if not isinstance(coordinates, (list, tuple)) or not coordinates:
        raise wrong("malformed coordinates")
    if geometry["type"] == "LineString":
        if not 2 <= len(coordinates) <= _MAX_VERTICES:
            raise wrong("a line needs 2 to 500 points")
        return {"type": "LineString", "coordinates": [point(p) for p in coordinates]}
    ring = coordinates[0]
    if not isinstance(ring, (list, tuple)) or not 4 <= len(ring) <= _MAX_VERTICES:
        raise wrong("an area needs 3 to 499 corners and is closed")
    points = [point(p) for p in ring]
    if points[0] != points[-1]:
        raise wrong("an area's ring must be closed")
    return {"type": "Polygon", "coordinates": [points]}
