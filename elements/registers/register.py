"""台账: the register of each business, one line per recorded review or decided case; pure part.

The columns are chosen in the business's file (``register:``). A line keeps what was found and decided on its day.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from elements.engine.element import Kind, Type
from elements.engine.engine import Catalogue
from project_box.kernel.errors import BadInput, CatalogueError
from project_box.kernel.finding import Outcome

#: what an officer may decide on a recorded review: Chinese and English word
DECISIONS = {"approved": ("同意", "Approved"), "denied": ("不同意", "Denied")}
#: columns every register can be sorted by, besides its own elements
SORTS = ("serial", "day", "project", "applicant", "outcome", "decision", "handler")
#: lines on a page, and the most one page may show
PAGE, MAX_PAGE = 50, 500
_WEIGHT = {Outcome.FAIL: 3, Outcome.UNDECIDED: 2, Outcome.PASS: 1, Outcome.NOTE: 0}
_MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A key element of a register; ``total`` when its values add up, ``numeric`` when they sort as numbers."""

    code: str
    name: str
    name_en: str
    unit: str
    precision: int | None
    numeric: bool
    date: bool
    total: bool


def columns(catalogue: Catalogue, business: str, at: dt.date) -> list[Column]:
    """The columns of a business's register in the order of its file.

    Raises:
        NotFound: no such business.
        CatalogueError: a column is not on the business's table, or is to be added up and is no number.
    """
    rules = catalogue.at(at)
    reached = set(rules.closure(catalogue.codes_of(business, at)))
    out = []
    for column in catalogue.business(business).register_columns:
        entry = rules.entries.get(column.code)
        if entry is None or column.code not in reached:
            raise CatalogueError(
                f"业务 {business} 的台账列 {column.code} 不在该业务的要素中",
                f"register of {business}: {column.code} is not on its table",
                place=column.code,
            )
        spec = entry.spec
        numeric = spec.type in (Type.NUMBER, Type.INTEGER)
        if column.total and not numeric:
            raise CatalogueError(
                f"业务 {business} 的台账列 {column.code} 不是数值，不能合计",
                f"register of {business}: {column.code} is no number and cannot be added up",
                place=column.code,
            )
        out.append(
            Column(
                spec.code, spec.name, spec.name_en, spec.unit, spec.precision, numeric, spec.type is Type.DATE,
                column.total,
            )
        )  # fmt: skip
    return out


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """What a line as a whole comes to: 不符合 before 无法判定 before 符合; 提示 when nothing was concluded."""
    return max(outcomes, key=_WEIGHT.__getitem__, default=Outcome.NOTE)


def key_elements(columns: Sequence[Column], rows: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The register's columns as a line keeps them, from rows of :func:`elements.report.element_row` by code."""
    out = []
    for column in columns:
        row = rows.get(column.code)
        known = row is not None and row["value"] is not None
        out.append(
            {
                "code": column.code,
                "name": column.name,
                "name_en": column.name_en,
                "unit": column.unit,
                "value": row["value"] if row is not None and known else None,
                "display": row["display"] if row is not None and known else "",
                "verified": bool(row["verified"]) if row is not None else True,
                "missing": [m["reason"] for m in row["missing"]][:3] if row is not None else [],
            }
        )
    return out


def numbers(columns: Sequence[Column], elements: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Numeric columns as shown (rounded to the element's precision), so that totals add up what stands on the page."""
    numeric = {c.code for c in columns if c.numeric}
    out = {}
    for element in elements:
        if element["code"] not in numeric or element["value"] is None:
            continue
        try:
            out[str(element["code"])] = format(Decimal(str(element["display"]).replace(",", "")), "f")
        except InvalidOperation:
            continue
    return out


def conclusions(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The conclusions among rows of a table, as a line keeps them."""
    return [
        {k: r[k] for k in ("code", "name", "name_en", "outcome", "limit", "text", "text_en", "clause")}
        for r in rows
        if r["kind"] == Kind.CONCLUSION.value
    ]


def count(found: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Number of conclusions per outcome."""
    outcomes = [c["outcome"] for c in found]
    return {o.value: outcomes.count(o.value) for o in Outcome}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines of a register to show, and in which order.

    Attributes:
        start, end: first and last day.
        outcome: worst outcome of the line. ``undecided``: lines with any conclusion 无法判定.
        decision: ``approved``, ``denied`` or ``none``.
        text: in serial, project code or name, applicant, object.
        replaced: also lines a later one replaces.
        sort: one of ``SORTS`` or an element's code; a leading ``-`` turns it round.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    outcome: str = ""
    undecided: bool = False
    decision: str = ""
    handler: str = ""
    text: str = ""
    project: uuid.UUID | None = None
    replaced: bool = False
    sort: str = "-serial"
    page: int = 1
    size: int = PAGE

    @property
    def descending(self) -> bool:
        """True when the order is turned round."""
        return self.sort.startswith("-")

    @property
    def key(self) -> str:
        """What is sorted by."""
        return self.sort.removeprefix("-")


def read_filter(raw: Mapping[str, str], columns: Sequence[Column]) -> Filter:
    """A filter from what an address holds; empty fields do not filter.

    Raises:
        BadInput: a field cannot be used; ``place`` names it.
    """
    typed = {k: v.strip() for k, v in raw.items() if v.strip()}
    start, end = _day(typed, "start"), _day(typed, "end")
    if start is not None and end is not None and end < start:
        raise BadInput(
            f"止日 {end} 早于起日 {start}", "the period ends before it begins", place="end",
            remedy="更正起止日期后再筛选",
            remedy_en="correct the dates and filter again",
        )  # fmt: skip
    sort = typed.get("sort", "-serial")
    _one_of("sort", sort.removeprefix("-"), (*SORTS, *(c.code for c in columns)))
    outcome = _one_of("outcome", typed.get("outcome", ""), ("", *(o.value for o in Outcome)))
    decision = _one_of("decision", typed.get("decision", ""), ("", "none", *DECISIONS))
    for name in ("handler", "text"):
        if len(typed.get(name, "")) > _MAX_TEXT:
            raise BadInput(f"筛选文字超过 {_MAX_TEXT} 个字符", "filter text too long", place=name)
    return Filter(
        start=start, end=end, outcome=outcome, undecided=_truth(typed, "undecided"), decision=decision,
        handler=typed.get("handler", ""), text=typed.get("text", ""), project=_id(typed, "project"),
        replaced=_truth(typed, "replaced"), sort=sort, page=_count(typed, "page", 1, 1_000_000),
        size=_count(typed, "size", PAGE, MAX_PAGE),
    )  # fmt: skip


def _day(typed: Mapping[str, str], name: str) -> dt.date | None:
    if name not in typed:
        return None
    try:
        return dt.date.fromisoformat(typed[name])
    except ValueError as error:
        raise BadInput(
            f"“{typed[name][:20]}”不是日期，应如 2026-06-03", "ISO date expected", place=name
        ) from error


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        words = "、".join(a for a in allowed if a)
        raise BadInput(
            f"没有“{value[:40]}”这个选项，可用：{words}",
            f"{name}: one of {list(allowed)} expected",
            place=name,
        )
    return value


def _truth(typed: Mapping[str, str], name: str) -> bool:
    return _one_of(name, typed.get(name, "0").lower(), ("0", "1", "false", "true", "on")) in (
        "1",
        "true",
        "on",
    )


def _id(typed: Mapping[str, str], name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed[name]) if name in typed else None
    except ValueError as error:
        raise BadInput("项目编号格式不对", "project id expected", place=name) from error


def _count(typed: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = typed.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= most or len(text) > 9:
        raise BadInput(f"“{text[:20]}”应为 1 到 {most} 的整数", f"{name}: 1 to {most} expected", place=name)
    return int(text)


def filter_words(chosen: Filter) -> list[tuple[str, str]]:
    """The filter as people read it, field by field (Chinese)."""
    outcomes = {o.value: o.zh for o in Outcome}
    decisions = {k: zh for k, (zh, _) in DECISIONS.items()} | {"none": "未决定"}
    pairs = [
        ("起日", str(chosen.start or "")),
        ("止日", str(chosen.end or "")),
        ("结论", outcomes.get(chosen.outcome, "")),
        ("含无法判定", "是" if chosen.undecided else ""),
        ("决定", decisions.get(chosen.decision, "")),
        ("经办人", chosen.handler),
        ("查找", chosen.text),
        ("项目", str(chosen.project or "")),
        ("含已被替代的记录", "是" if chosen.replaced else ""),
    ]
    return [(name, value) for name, value in pairs if value]
