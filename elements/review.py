"""一表式审查: the review table of one business, every element with value, limit, conclusion and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elements.engine.element import Kind
from elements.engine.engine import Catalogue, Evaluation
from elements.engine.values import ElementValue
from elements.report import indicator_rows
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

#: filters of the table: all rows; failed and undecided; failed; undecided
SHOWS = ("all", "open", "fail", "undecided")


def state_of(row: dict[str, Any], given: bool) -> str:
    """What a reviewer sees of a row: its outcome; ``undecided`` without a value, ``missing`` for data not handed in."""
    if row["outcome"] is not None:
        return str(row["outcome"])
    if row["missing"]:
        return "missing" if given else "undecided"
    return "value"


def review_rows(
    catalogue: Catalogue,
    evaluation: Evaluation,
    codes: Sequence[str],
    given: Mapping[str, ElementValue] | None = None,
) -> list[dict[str, Any]]:
    """Rows in the order of the business's file: value, limit, conclusion, evidence, and what is missing.

    ``given`` are the values handed in; a row says who entered its value, when, and in which cell of a workbook.
    """
    handed = given or {}
    entries = catalogue.at(evaluation.at).entries
    rows = indicator_rows(catalogue, evaluation, codes)
    by_code = {r["code"]: r for r in rows}
    out = []
    for row in rows:
        spec = entries[row["code"]].spec
        subject = by_code.get(row["of"]) if row["of"] else None
        shown = subject if row["kind"] == "结论" and subject is not None else row
        out.append(
            {
                "code": row["code"],
                "name": row["name"],
                "name_en": row["name_en"],
                "kind": row["kind"],
                "group": entries[row["code"]].business.name,
                "group_en": entries[row["code"]].business.name_en,
                "of": row["of"],
                "value": shown["value"],
                "display": "" if shown["missing"] else shown["display"] if shown["kind"] != "结论" else "",
                "unit": shown["unit"],
                "limit": row["limit"],
                "outcome": row["outcome"],
                "state": state_of(row, not spec.computed),
                "text": row["text"],
                "text_en": row["text_en"],
                "verified": row["verified"],
                "clause": row["clause"],
                "evidence": {
                    "source": row["source"],
                    "source_name": row["source_name"],
                    "formula": row["formula"],
                    "substituted": row["substituted"],
                    "documents": row["documents"],
                    "entities": row["entities"],
                    "inputs": row["inputs"],
                    "entered": entered(handed.get(row["code"])),
                },
                "missing": row["missing"],
            }
        )
    return out


def entered(value: ElementValue | None) -> dict[str, str] | None:
    """Who entered a value and where: ``by``, ``at``, ``cell``, ``file``; None for what nobody typed."""
    if value is None or value.value is None:
        return None
    known = {k: str(value.details[k]) for k in ("by", "at", "cell", "file") if value.details.get(k)}
    return known or None


def grouped(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as a reviewer reads them: conclusions, then indicators, then data by the business that defines it."""
    order = {Kind.CONCLUSION.value: 0, Kind.INDICATOR.value: 1, Kind.DATA.value: 2}
    groups: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows:
        data = row["kind"] == Kind.DATA.value
        key = (order[row["kind"]], row["group"] if data else "")
        group = groups.setdefault(
            key,
            {
                "kind": row["kind"],
                "name": row["group"] if data else "",
                "name_en": row["group_en"] if data else "",
                "rows": [],
            },
        )
        group["rows"].append(row)
    return [groups[k] for k in sorted(groups, key=lambda k: k[0])]


def counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many conclusions have which outcome, and how many rows are open (failed or undecided)."""
    verdicts = [r for r in rows if r["kind"] == "结论"]
    out = {o.value: sum(r["outcome"] == o.value for r in verdicts) for o in Outcome}
    out["open"] = len(filtered(rows, "open"))
    out["all"] = len(rows)
    return out


def filtered(rows: Sequence[dict[str, Any]], show: str) -> list[dict[str, Any]]:
    """The rows a filter keeps; ``undecided`` keeps data that is not handed in as well.

    Raises:
        BadInput: no such filter.
    """
    if show not in SHOWS:
        raise BadInput(
            f"没有筛选“{show[:20]}”，可用：{'、'.join(SHOWS)}", f"no filter {show[:20]!r}", place="show"
        )
    states = {
        "all": ("pass", "fail", "note", "undecided", "missing", "value"),
        "open": ("fail", "undecided", "missing"),
        "fail": ("fail",),
        "undecided": ("undecided", "missing"),
    }[show]
    return [r for r in rows if r["state"] in states]
