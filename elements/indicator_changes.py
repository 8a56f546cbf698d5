"""Which indicators two revisions of the drawings differ in, and which changed shapes are behind each difference.

What a shape did to an indicator is measured, not guessed: the later revision is computed once more with that one shape
as it was before, and the difference is its contribution. Contributions of shapes that act on each other (two edges of
one gap, a floor frame and the outline in it) need not add up to the whole; what they leave is told as ``rest``. Pure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from drawings.comparing.compare import ShapeChange
from drawings.drawing import DrawingModel, RoleShape
from elements.engine.engine import Evaluation

#: computes the indicators of a drawing set; with a trace (what each value was computed from) or without
Evaluate = Callable[[Sequence[DrawingModel], bool], Evaluation]
Positioned = Sequence[tuple[int, DrawingModel]]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one changed shape did to an indicator.

    Attributes:
        change: number of the change in the comparison, from 1. delta: after minus without it; None where the indicator
            cannot be computed without the change (``decides``).
    """

    change: int
    delta: Decimal | None
    decides: bool = False


@dataclass(frozen=True, slots=True)
class InputDelta:
    """An element the indicator is computed from, in both revisions, as displayed; empty where 无法判定."""

    code: str
    name: str
    name_en: str
    before: str
    after: str
    unit: str


@dataclass(frozen=True, slots=True)
class IndicatorChange:
    """One indicator that differs.

    Attributes:
        before, after: as displayed, empty where 无法判定. delta: of the exact values; None if one is undecided.
        outcome_before, outcome_after: of its conclusion, None without one.
        inputs: which of the elements it is computed from differ. causes: contributions, the greatest first.
        rest: delta minus the contributions; None where it cannot be said.
        measured: False if there were too many changes or the time was up: then no causes were worked out.
    """

    code: str
    name: str
    name_en: str
    unit: str
    before: str
    after: str
    delta: Decimal | None
    outcome_before: str | None
    outcome_after: str | None
    inputs: tuple[InputDelta, ...]
    causes: tuple[Contribution, ...]
    rest: Decimal | None
    measured: bool


def indicator_changes(
    evaluate: Evaluate,
    before: Positioned,
    after: Positioned,
    changes: Sequence[ShapeChange],
    *,
    most: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[IndicatorChange]:
    """Indicators that differ between two revisions, with their causes.

    Args:
        before, after: (file position, drawing). changes: the comparison's, in its order.
        most: with more changes no causes are worked out. seconds: time for working them out.
    """
    old, new = evaluate([m for _, m in before], True), evaluate([m for _, m in after], True)
    codes = _differing(old, new)
    if not codes:
        return []
    without: dict[int, Evaluation] = {}
    measured = len(changes) <= most
    until = clock() + seconds
    for number, change in enumerate(changes, 1):
        if not measured or clock() > until:
            measured = False
            break
        without[number] = evaluate([m for _, m in reverted(after, change)], False)
    if not measured:
        without = {}
    return [_change(code, old, new, without, measured) for code in codes]


def _differing(old: Evaluation, new: Evaluation) -> list[str]:
    """Indicators with a number that differ in value, or whose conclusion does; those that are judged come first."""
    verdicts_old, verdicts_new = _verdicts(old), _verdicts(new)
    out: list[str] = []
    for code, found in new.elements.items():
        was = old.elements.get(code)
        if found.kind != "指标" or was is None:
            continue
        numbers = isinstance(found.value, (Decimal, int)) or isinstance(was.value, (Decimal, int))
        if numbers and (was.value != found.value or verdicts_old.get(code) != verdicts_new.get(code)):
            out.append(code)
    return sorted(out, key=lambda c: c not in verdicts_new)


def _verdicts(evaluation: Evaluation) -> dict[str, str]:
    """Indicator → outcome of the conclusion that is drawn from it alone."""
    out: dict[str, str] = {}
    for found in evaluation.conclusions():
        for code in found.inputs[:1]:
            if found.outcome is not None:
                out.setdefault(code, found.outcome.value)
    return out


def reverted(after: Positioned, change: ShapeChange) -> list[tuple[int, DrawingModel]]:
    """The later drawings with one shape as it was before."""
    place = change.file if change.file is not None else change.file_before
    out: list[tuple[int, DrawingModel]] = []
    for position, model in after:
        if position == place:
            kept = tuple(s for s in model.shapes if s is not change.after)
            model = replace(model, shapes=_with(kept, change))
        out.append((position, model))
    return out


def _with(kept: tuple[RoleShape, ...], change: ShapeChange) -> tuple[RoleShape, ...]:
    if change.before is None:
        return kept
    parent = change.after.parent if change.after is not None else change.before.parent
    return (*kept, replace(change.before, parent=parent))


def _change(
    code: str, old: Evaluation, new: Evaluation, without: Mapping[int, Evaluation], measured: bool
) -> IndicatorChange:
    was, now = old[code], new[code]
    verdicts = (_verdicts(old).get(code), _verdicts(new).get(code))
    whole = _minus(now.value, was.value)
    causes: list[Contribution] = []
    for number, other in without.items():
        value = other[code].value
        if value == now.value:
            continue
        delta = _minus(now.value, value)
        causes.append(Contribution(number, delta, decides=delta is None))
    causes.sort(key=lambda c: (not c.decides, -abs(c.delta or Decimal(0))))
    told = [c.delta for c in causes if c.delta is not None]
    exact = whole is not None and len(told) == len(causes) and measured
    return IndicatorChange(
        code,
        now.name,
        now.name_en,
        now.unit,
        "" if was.value is None else was.display,
        "" if now.value is None else now.display,
        whole,
        *verdicts,
        tuple(_inputs(code, old, new)),
        tuple(causes),
        whole - sum(told, Decimal(0)) if exact and whole is not None else None,
        measured,
    )


def _minus(a: object, b: object) -> Decimal | None:
    if isinstance(a, (Decimal, int)) and isinstance(b, (Decimal, int)):
        return Decimal(a) - Decimal(b)
    return None


def _inputs(code: str, old: Evaluation, new: Evaluation) -> list[InputDelta]:
    """Elements with one value below an indicator that differ, the nearest first."""
    out: dict[str, InputDelta] = {}
    waiting = list(new[code].inputs)
    while waiting:
        below = waiting.pop(0).removesuffix("?")
        a, b = old.elements.get(below), new.elements.get(below)
        if below in out or b is None or a is None or a.value == b.value:
            continue
        waiting += b.inputs
        if isinstance(b.value, (Decimal, int, str)) or isinstance(a.value, (Decimal, int, str)):
            shown = ["" if e.value is None else e.display or str(e.value) for e in (a, b)]
            out[below] = InputDelta(below, b.name, b.name_en, shown[0], shown[1], b.unit)
    return list(out.values())
