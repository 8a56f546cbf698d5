"""Changing one item of a catalogue file in its text, so that everything else, comments too, stays as it was."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from project_box.kernel.errors import BadInput

_LoaderOf: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: fields that are dates in the files
_DATES = ("valid_from", "valid_to", "at")
_WIDTH = 116


def load_text(text: str) -> dict[str, Any]:
    """The content of a catalogue file's text."""
    loaded = yaml.load(text, Loader=_LoaderOf)  # a SafeLoader
    return loaded if isinstance(loaded, dict) else {}


def dump_item(item: Mapping[str, Any]) -> str:
    """An item of a list as YAML text without its dash: short things in one line, dates as dates."""
    text = yaml.dump(
        _dated(dict(item)),
        Dumper=yaml.SafeDumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=None,
        width=_WIDTH,
    )
    return str(text).rstrip("\n")


def _dated(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _dated(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_dated(v) for v in value]
    if key in _DATES and isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value  # the loader says what is wrong with it
    return value


def replace_item(text: str, key: str, index: int, item: Mapping[str, Any]) -> str:
    """The file's text with item ``index`` of the list under ``key`` replaced."""
    return _edit(text, key, index, item)


def append_item(text: str, key: str, item: Mapping[str, Any]) -> str:
    """The file's text with one more item at the end of the list under ``key``."""
    return _edit(text, key, None, item)


def _edit(text: str, key: str, index: int | None, item: Mapping[str, Any]) -> str:
    sequence = _sequence(text, key)
    lines = text.splitlines()
    if sequence.flow_style or not sequence.value:
        return _rewritten(text, lines, sequence, key, index, item)
    column = sequence.start_mark.column
    starts = [_dash_line(lines, node, column) for node in sequence.value]
    ends = [*starts[1:], _end_of(lines, starts[-1], column)]
    block = _indented(item, column)
    if index is None:
        at = _without_tail(lines, starts[-1], ends[-1], column)
        changed = [*lines[:at], *block, *lines[at:]]
    else:
        stop = _without_tail(lines, starts[index], ends[index], column)
        changed = [*lines[: starts[index]], *block, *lines[stop:]]
    return "\n".join(changed) + "\n"


def _sequence(text: str, key: str) -> Any:
    root = yaml.compose(text, Loader=_LoaderOf)
    if isinstance(root, yaml.MappingNode):
        for name, node in root.value:
            if name.value == key and isinstance(node, yaml.SequenceNode):
                return node
    raise BadInput(f"文件中没有列表 {key}", f"no list {key!r} in the file", place=key)


def _dash_line(lines: Sequence[str], node: Any, column: int) -> int:
    """Line of the dash that opens an item; its content may begin on a later line."""
    line = int(node.start_mark.line)
    while line > 0 and not lines[line][column:].startswith("-"):
        line -= 1
    return line


def _end_of(lines: Sequence[str], start: int, column: int) -> int:
    """First line after the last item: the next one that is no deeper than the dash and not a comment or blank."""
    for n in range(start + 1, len(lines)):
        stripped = lines[n].strip()
        if stripped and not stripped.startswith("#") and len(lines[n]) - len(lines[n].lstrip()) <= column:
            return n
    return len(lines)


def _without_tail(lines: Sequence[str], start: int, end: int, column: int) -> int:
    """``end`` without the blank lines and comments that belong to what follows."""
    while end > start + 1:
        stripped = lines[end - 1].strip()
        indent = len(lines[end - 1]) - len(lines[end - 1].lstrip())
        if stripped and not (stripped.startswith("#") and indent <= column):
            break
        end -= 1
    return end


def _indented(item: Mapping[str, Any], column: int) -> list[str]:
    lines = dump_item(item).splitlines()
    margin = " " * column
    return [f"{margin}- {lines[0]}", *(f"{margin}  {line}" if line else "" for line in lines[1:])]


def _rewritten(
    text: str, lines: Sequence[str], sequence: Any, key: str, index: int | None, item: Mapping[str, Any]
) -> str:
    """A list written as ``[…]`` (an empty one, mostly) becomes a block list."""
    items: list[Any] = list(load_text(text).get(key) or [])
    if index is None:
        items.append(item)
    else:
        items[index] = item
    first, last = sequence.start_mark, sequence.end_mark
    block = [line for one in items for line in _indented(one, 2)]
    head = lines[first.line][: first.column].rstrip()
    tail = lines[last.line][last.column :].rstrip() if last.line < len(lines) else ""
    changed = [*lines[: first.line], head + (f"  {tail.strip()}" if tail.strip() else ""), *block]
    return "\n".join([*changed, *lines[last.line + 1 :]]) + "\n"


def line_of_field(text: str, key: str, index: int, field: str) -> int:
    """1-based line of a field of an item; of the item where the field is not written."""
    sequence = _sequence(text, key)
    if index >= len(sequence.value):
        return int(sequence.start_mark.line) + 1
    node = sequence.value[index]
    for step in field.split("."):
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == step), None)
        if found is None:
            break
        node = found[1]
        line = int(found[0].start_mark.line) + 1
    else:
        return line
    return int(sequence.value[index].start_mark.line) + 1


def difference(old: str, new: str, name: str) -> str:
    """Unified diff of a file's text, as ``patch -p1`` and ``git apply`` read it."""
    path = f"elements/catalogue/{name}"
    return "".join(
        difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            f"a/{path}",
            f"b/{path}",
        )
    )


def diff_lines(old: str, new: str) -> list[dict[str, str]]:
    """Old and new text line by line: ``kind`` is same, old or new."""
    out: list[dict[str, str]] = []
    matcher = difflib.SequenceMatcher(a=old.splitlines(), b=new.splitlines(), autojunk=False)
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        if tag == "equal":
            out += [{"kind": "same", "text": line} for line in old.splitlines()[a0:a1]]
            continue
        out += [{"kind": "old", "text": line} for line in old.splitlines()[a0:a1]]
        out += [{"kind": "new", "text": line} for line in new.splitlines()[b0:b1]]
    return out
