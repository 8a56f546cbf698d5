"""Named functions of 不动产登记: parties and documents, co-owners' shares, restrictions, chain of title."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from elements.calculators import sharing
from elements.engine.functions import function
from elements.engine.rounding import round_to
from elements.engine.trace import Rows, num, verdict
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import comparable, day_of, number_of
from project_box.codes import normal
from project_box.kernel.errors import BadInput


@function("reg.same_text", "两处记载的文字一致（不计全半角、空格、括号形式）")
def same_text(a: str, b: str) -> Computed:
    """Whether names or document numbers of two sources are the same text, ignoring spaces and bracket forms."""
    ok = comparable(a) == comparable(b)
    return Computed(verdict(ok), substituted=f"“{a}” {'=' if ok else '≠'} “{b}”")


def _fractions(shares: Mapping[str, Any]) -> dict[str, Fraction]:
    out: dict[str, Fraction] = {}
    for name, raw in shares.items():
        text = str(raw).strip()
        try:
            value = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
        except (ValueError, ZeroDivisionError) as error:
            raise BadInput(
                f"{name} 的份额“{text[:20]}”应写作 1/3、0.5 或 50%", f"share of {name} unreadable", place=name
            ) from error
        if value <= 0:
            raise BadInput(f"{name} 的份额应大于 0", f"share of {name} must be positive", place=name)
        out[name] = value
    return out


@function("reg.share_total", "Σ 份额 × 100%")
def share_total(shares: dict[str, Any]) -> Computed:
    """Sum of co-owners' shares in %, exact for fractions (three thirds are 100 %)."""
    total = sum(_fractions(shares).values(), Fraction(0)) * 100
    with localcontext() as context:
        context.prec = 28
        value = Decimal(total.numerator) / Decimal(total.denominator)
    return Computed(value, substituted=" + ".join(f"{k} {v}" for k, v in shares.items()))


@function("reg.share_areas", "各方面积 = 面积 × 份额（0.01 ㎡，闭合于总面积）")
def share_areas(area: Decimal, shares: dict[str, Any]) -> Computed:
    """Area ㎡ of each co-owner by share, to 0.01 ㎡, closing on the whole; the shares must add up to 1."""
    own = _fractions(shares)
    if sum(own.values(), Fraction(0)) != 1:
        raise BadInput("共有份额合计不是 100%，不能分摊面积", "shares do not add up to the whole")
    with localcontext() as context:
        context.prec = 40
        weights = {k: Decimal(v.numerator) / Decimal(v.denominator) for k, v in own.items()}
    result = sharing.share(weights, area)
    return Computed(
        {k: format(v, "f") for k, v in result.shares.items()},
        substituted=" + ".join(format(v, "f") for v in result.shares.values())
        + f" = {num(round_to(area, 2))}",
    )


@function("reg.size", "记录（名称）的个数")
def size(items: dict[str, Any] | list[Any]) -> Computed:
    """Number of entries of a mapping or records of a list."""
    return Computed(Decimal(len(items)), substituted=f"{len(items)} 项")


def _holds(row: Mapping[str, Any], column: str, value: str | None) -> bool:
    raw = row.get(column)
    if value is not None:
        return str(raw) == value
    return raw is True or str(raw).strip() in ("是", "true", "True", "1")


@function("reg.count", "满足条件的记录数")
def count(rows: Rows, column: str, value: str | None = None, column2: str | None = None) -> Computed:
    """Records whose ``column`` equals ``value`` (without it: is 是), and whose ``column2``, if named, is 是 too."""
    own = [r for r in rows if _holds(r, column, value) and (column2 is None or _holds(r, column2, None))]
    return Computed(Decimal(len(own)), substituted=f"{len(rows)} 条中 {len(own)} 条")


@function("reg.unique", "各记录的值互不重复且不为空")
def unique(rows: Rows, column: str) -> Computed:
    """Whether every record has a value in ``column`` and no two have the same."""
    if not rows:
        raise Undecided(Missing(column, column, "没有记录", "no records"))
    seen: dict[str, int] = {}
    for row in rows:
        text = normal(str(row.get(column) or ""))
        seen[text] = seen.get(text, 0) + 1
    bad = [k or "（空）" for k, v in seen.items() if v > 1 or not k]
    return Computed(
        verdict(not bad),
        substituted=f"重复或为空：{'、'.join(bad[:5])}" if bad else f"{len(rows)} 个互不相同",
    )


def _in_force(rows: Rows, at: dt.date, kinds: Iterable[str] | None) -> list[Mapping[str, Any]]:
    wanted = set(kinds) if kinds is not None else None
    out = []
    for row in rows:
        if wanted is not None and row.get("kind") not in wanted:
            continue
        start = day_of(row.get("from"), "限制起始日")
        end = day_of(row["to"], "限制终止日") if row.get("to") else dt.date.max
        lifted = day_of(row["lifted"], "解除日") if row.get("lifted") else dt.date.max
        if start <= at <= end and at < lifted:
            out.append(row)
    return out


@function("reg.in_force", "某日有效的限制或权利个数")
def in_force(rows: Rows, at: dt.date, kinds: list[str] | None = None) -> Computed:
    """Entries ``{kind, number, from, to?, lifted?}`` in force on a day (the last day counts, the lifting day not)."""
    own = _in_force(rows, at, kinds)
    return Computed(
        Decimal(len(own)),
        substituted="、".join(f"{r.get('kind', '')} {r.get('number', '')}" for r in own)
        or f"{at} 无有效记录",
    )


@function("reg.in_force_sum", "Σ 某日有效各项的数额")
def in_force_sum(rows: Rows, at: dt.date, column: str, kinds: list[str] | None = None) -> Computed:
    """Sum of a column over the entries in force on a day."""
    own = _in_force(rows, at, kinds)
    values = [number_of(r, column, "限制或权利") for r in own]
    return Computed(sum(values, Decimal(0)), substituted=" + ".join(num(v) for v in values) or "0")


@function("reg.chain", "每一手的取得人即下一手的让与人，日期依次，末手为现权利人")
def chain(links: Rows, holder: str) -> Computed:
    """Whether the chain of title ``{from, to, date, document}`` is continuous up to the present holder."""
    if not links:
        raise Undecided(Missing("links", "权属来源", "没有权属来源记录", "no chain of title"))
    faults, steps = [], []
    for number, link in enumerate(links, 1):
        day = day_of(link.get("date"), f"第 {number} 手日期")
        steps.append(Step(f"第 {number} 手", f"{link.get('from')} → {link.get('to')}", day.isoformat()))
        if not str(link.get("document") or "").strip():
            faults.append(f"第 {number} 手没有来源文件")
    for number, (a, b) in enumerate(itertools.pairwise(links), 2):
        if comparable(str(a.get("to"))) != comparable(str(b.get("from"))):
            faults.append(f"第 {number} 手的让与人 {b.get('from')} 不是上一手的取得人 {a.get('to')}")
        if day_of(a.get("date"), "日期") > day_of(b.get("date"), "日期"):
            faults.append(f"第 {number} 手的日期早于上一手")
    if comparable(str(links[-1].get("to"))) != comparable(holder):
        faults.append(f"末手取得人 {links[-1].get('to')} 不是申请人 {holder}")
    return Computed(
        verdict(not faults),
        substituted=";".join(faults) or f"{len(links)} 手，依次相接",
        steps=tuple(steps),
    )


@function("reg.all_named", "各共有人均在签署人之中")
def all_named(holders: dict[str, Any], signers: str) -> Computed:
    """Whether every holder is among the names of a text list (separated by 、, or ;)."""
    signed = {comparable(s) for s in re.split(r"[、,，;；]", signers)}
    lacking = [h for h in holders if comparable(h) not in signed]
    return Computed(
        verdict(not lacking),
        substituted=f"未签署：{'、'.join(lacking)}" if lacking else f"{len(holders)} 人均已签署",
    )
