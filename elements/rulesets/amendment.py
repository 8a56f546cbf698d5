"""规则修订: one change of an element's definition or of one edition of a table, laid over a catalogue's text.

A change is plain data (it is stored as JSON): what it aims at, how that stood before, how it shall stand. Applying it
gives the text of another catalogue, which the loader checks like any other; no file of the installation is touched.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from elements.engine.element import ElementSpec
from elements.engine.engine import Catalogue
from elements.engine.tariffs import Edition
from elements.rulesets.amendment_text import append_item, dump_item, line_of_field, load_text, replace_item
from elements.rulesets.ruleset import Files, build
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, NotFound
from project_box.kernel.plain import to_plain


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: ``element`` or ``edition``.
        target: element code or table code; ``file`` its ``<class>/<file>.yaml``.
        name: Chinese name of what is changed.
        replaces: key of the item that is replaced: ``{"code", "valid_from"}`` or ``{"jurisdiction", "valid_from"}``;
            None adds an edition, and the one in force before it ends the day before.
        before: the item as it stood (None when added); ``after``: as it shall stand.
    """

    kind: str
    target: str
    file: str
    name: str
    replaces: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        out: dict[str, Any] = to_plain(self)
        return out

    @property
    def key(self) -> str:
        """Name of the list in the file."""
        return "elements" if self.kind == "element" else "editions"


def stored_change(plain: Mapping[str, Any]) -> Change:
    """A change as it was stored."""
    return Change(
        kind=str(plain["kind"]),
        target=str(plain["target"]),
        file=str(plain["file"]),
        name=str(plain["name"]),
        replaces=plain["replaces"],
        before=plain["before"],
        after=dict(plain["after"]),
    )


@dataclass(frozen=True)
class Applied:
    """A change laid over a catalogue's text.

    Attributes:
        files: the whole catalogue afterwards; ``old`` and ``new`` the text of the file that changed.
        index: where the changed item stands in its list.
    """

    files: dict[str, str]
    old: str
    new: str
    index: int


# ---------------------------------------------------------------- where things stand


def locate_element(catalogue: Catalogue, files: Files, code: str, day: dt.date) -> Change:
    """The change that changes nothing yet: an element as it stands on a day.

    Raises:
        NotFound: no such element in force.
    """
    entry = catalogue.at(day).entries.get(code)
    if entry is None:
        raise NotFound(f"没有要素 {code[:40]}", f"no element {code[:40]!r}")
    file = f"{entry.path.parent.name}/{entry.path.name}"
    valid_from = to_plain(entry.spec.valid_from)
    key = {"code": code, "valid_from": valid_from}
    index = _index(files, file, "elements", key)
    item = to_plain(load_text(files[file])["elements"][index])
    return Change("element", code, file, entry.spec.name, key, item, item)


def locate_edition(
    catalogue: Catalogue, files: Files, table: str, jurisdiction: str, valid_from: str | None
) -> Change:
    """The change that changes nothing yet: an edition of a table, or a new one (``valid_from`` None).

    Raises:
        NotFound: no such table or edition.
    """
    found = catalogue.tariffs.tables.get(table)
    if found is None:
        raise NotFound(f"没有费率表 {table[:60]}", f"no table {table[:60]!r}")
    file = f"tariffs/{table}.yaml"
    if valid_from is None:
        return Change("edition", table, file, found.name, None, None, {})
    key = {"jurisdiction": jurisdiction, "valid_from": valid_from}
    try:
        index = _index(files, file, "editions", key)
    except Conflict as error:
        raise NotFound(error.zh, error.en) from error
    item = to_plain(load_text(files[file])["editions"][index])
    return Change("edition", table, file, found.name, key, item, item)


def _index(files: Files, file: str, key: str, wanted: Mapping[str, Any]) -> int:
    items = to_plain(load_text(files.get(file, "")).get(key) or [])
    for n, item in enumerate(items):
        if all(item.get(k) == v for k, v in wanted.items()):
            return n
    shown = "、".join(str(v) for v in wanted.values() if v)
    raise Conflict(
        f"{file} 中已没有 {shown}",
        f"{file}: {shown} is no longer there",
        code="amendment_stale",
        remedy="从现行规则重新编辑",
        remedy_en="edit anew from the rules in force",
    )


# ---------------------------------------------------------------- laying it over


def apply(files: Files, change: Change, *, strict: bool = True) -> Applied:
    """Lay a change over a catalogue's text.

    Args:
        strict: refuse when what it replaces no longer stands as it did when the change was written.

    Raises:
        Conflict: the target is gone, or (strict) has changed since.
    """
    old = files.get(change.file)
    if old is None:
        raise Conflict(f"目录中已没有 {change.file}", f"{change.file} is gone", code="amendment_stale")
    if change.replaces is None:
        closed, index = _close_before(old, change.after)
        text = append_item(closed, change.key, change.after)
        return Applied({**files, change.file: text}, old, text, index)
    index = _index(files, change.file, change.key, change.replaces)
    if strict and to_plain(load_text(old)[change.key][index]) != change.before:
        raise Conflict(
            f"{change.name}（{change.target}）在此期间已被另一修订改动",
            f"{change.target} has been changed since",
            code="amendment_stale",
            remedy="从现行规则重新编辑",
            remedy_en="edit anew from the rules in force",
        )
    text = replace_item(old, change.key, index, change.after)
    return Applied({**files, change.file: text}, old, text, index)


def _close_before(text: str, edition: Mapping[str, Any]) -> tuple[str, int]:
    """The open edition of the same place ends the day before the new one begins."""
    items = to_plain(load_text(text).get("editions") or [])
    begins = _day(edition.get("valid_from"))
    for n, item in enumerate(items):
        if begins is None or item.get("jurisdiction") != edition.get("jurisdiction"):
            continue
        starts, ends = _day(item.get("valid_from")), _day(item.get("valid_to"))
        if starts is not None and starts < begins and (ends is None or ends >= begins):
            closed = dict(item)
            closed["valid_to"] = (begins - dt.timedelta(days=1)).isoformat()
            text = replace_item(text, "editions", n, _ordered(closed))
    return text, len(items)


def _ordered(edition: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of an edition in the order in which the files write them."""
    order = (
        "jurisdiction",
        "doc_no",
        "title",
        "clause",
        "valid_from",
        "valid_to",
        "verified",
        "evidence",
        "source",
        "note",
        "rows",
    )
    return {k: edition[k] for k in order if k in edition}


def _day(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


# ---------------------------------------------------------------- checking


def check(files: Files, change: Change) -> tuple[Applied, Catalogue]:
    """Lay a change over a catalogue and check the whole with the loader.

    Raises:
        Conflict: see :func:`apply`.
        BadInput: the loader's fault; ``place`` is the field, ``details`` hold file and line.
    """
    _check_model(change)
    applied = apply(files, change)
    try:
        return applied, build(applied.files)
    except CatalogueError as error:
        raise _at_field(error, change, applied) from error


def _check_model(change: Change) -> None:
    """The item by itself, so that a fault names its field."""
    model = ElementSpec if change.kind == "element" else Edition
    try:
        model.model_validate(change.after)
    except ValidationError as error:
        faults = [
            {"place": _place(e, change), "message": _words(e), "message_en": str(e["msg"])}
            for e in error.errors()
        ]
        raise bad_fields(faults) from error


def bad_fields(faults: Sequence[Mapping[str, Any]]) -> BadInput:
    """One error for all faulty fields; ``details.faults`` lists them."""
    return BadInput(
        "；".join(str(f["message"]) for f in faults),
        "; ".join(str(f["message_en"]) for f in faults),
        code="bad_rule",
        place=str(faults[0]["place"]),
        details={"faults": list(faults)},
    )


_KNOWN_WORDS = {
    "a computed element has exactly one of formula, function, tariff": "计算的要素应有且只有公式、函数、查表之一",
    "an element that is handed in has no formula, function or tariff": "填报的要素不能有公式、函数或查表",
    "give a clause, or say honestly under unsourced why there is none": "请写明依据，或在“无依据说明”中写明原因",
    "carry: rounded needs a precision": "取整后参与计算的要素应有精度",
    "a recalled rule (evidence R) cannot be verified: true": "凭记忆录入的规则不能标为已核实",
    "valid_to lies before valid_from": "失效日期早于生效日期",
    "recalled numbers (evidence R) cannot be verified: true": "凭记忆录入的数值不能标为已核实",
}
_FIELD_OF_WORDS = {
    "a computed element": "formula",
    "an element that": "formula",
    "give a clause": "clause",
    "carry": "precision",
    "a recalled": "verified",
    "recalled": "verified",
    "valid_to": "valid_to",
}


def _words(error: Any) -> str:
    said = str(error["msg"]).removeprefix("Value error, ")
    field = ".".join(str(p) for p in error["loc"])
    return _KNOWN_WORDS.get(said) or (f"{field}：{said}" if field else said)


def _place(error: Any, change: Change) -> str:
    location = error["loc"]
    if not location:
        said = str(error["msg"]).removeprefix("Value error, ")
        return next(
            (field for words, field in _FIELD_OF_WORDS.items() if said.startswith(words)), "definition"
        )
    head = str(location[0])
    if change.kind == "edition" and head == "rows" and len(location) > 1:
        return f"row-{location[1]}" + (f"-{location[2]}" if len(location) > 2 else "")
    return ".".join(str(p) for p in location[:2]) if head == "text" else head


#: what the loader complains of → field of the editor
_FIELDS = (
    (r"text refers to", "text"),
    (r"fee refers", "fee"),
    (r"unknown table|unknown keys|keys or column", "tariff"),
    (r"arguments of|unknown function", "args"),
    (r"already defined|changes its type", "valid_from"),
    (r"not in force", "valid_from"),
    (r"overlap from", "valid_from"),
    (r"unknown jurisdiction", "jurisdiction"),
    (r"row fields", "rows"),
)


def _at_field(error: CatalogueError, change: Change, applied: Applied) -> BadInput:
    """The loader's complaint as a fault of a field, with file and line of that field."""
    field = next((f for pattern, f in _FIELDS if re.search(pattern, error.en)), "")
    if not field:
        field = "formula" if "formula" in change.after else "args" if "args" in change.after else "definition"
    if field == "tariff" and "tariff" not in change.after:
        field = "args"
    place = (error.place or "").rpartition(":")
    file, line = (place[0], int(place[2])) if place[2].isdigit() else (change.file, 0)
    if file == change.file:
        item = load_text(applied.new)[change.key][applied.index]
        if change.kind == "edition" or str(item.get("code")) in error.en:
            line = line_of_field(applied.new, change.key, applied.index, field)
    where = f"{file}:{line}"
    return BadInput(
        f"{error.zh}（{where}）",
        error.en if error.en.startswith(file) else f"{where}: {error.en}",
        code="bad_rule",
        place=field,
        remedy="改正后再保存；规则未作任何改动",
        remedy_en="correct it and save again; the rules are unchanged",
        details={
            "file": file,
            "line": line,
            "faults": [{"place": field, "message": f"{error.zh}（{where}）", "message_en": error.en}],
        },
    )


def item_texts(change: Change, applied: Applied) -> tuple[str, str]:
    """Old and new text of what is changed, for the difference on the page."""
    old = dump_item(change.before) if change.before is not None else ""
    return old, dump_item(load_text(applied.new)[change.key][applied.index])
