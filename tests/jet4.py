"""Writes Access databases (Jet 4, .mdb) of known content, for tests of personal geodatabases.

No program that writes this format is free to ship, so the tests make their own files, as far as a reader looks:
header, table of contents, tables with their maps of pages, rows, long values on pages of their own, no indexes. The
layout is that of the notes on the format that mdbtools publishes (HACKING.md). Files made here were read the same by
mdbtools 1.0, access-parser 0.0.6 (Python) and mdb-reader 3.2 (JavaScript), three readers by different people.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAGE = 4096
#: kind of column → (code, bytes in the fixed part; None where the length varies)
KINDS: dict[str, tuple[int, int | None]] = {
    "bool": (1, 0),
    "short": (3, 2),
    "long": (4, 4),
    "double": (7, 8),
    "date": (8, 8),
    "text": (10, None),
    "ole": (11, None),
    "memo": (12, None),
}
_FORMATS = {"short": "<h", "long": "<i", "double": "<d"}
_EPOCH = dt.datetime(1899, 12, 30)
_CONTENTS = {
    "Id": "long", "ParentId": "long", "Name": "text", "Type": "short", "DateCreate": "date", "DateUpdate": "date",
    "Flags": "long", "LvProp": "ole",
}  # fmt: skip
_MADE = dt.datetime(2024, 1, 2)


@dataclass(frozen=True)
class Table:
    """A table: its columns with their kinds, and rows of values in that order (None for nothing)."""

    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]


def database(tables: Mapping[str, Table]) -> bytes:
    """The bytes of a database with these tables."""
    pages = [_header(), _data_page([], 0), b""]  # the third is the table of contents, always
    contents: list[tuple[Any, ...]] = []
    for name, table in tables.items():
        contents.append((_write(pages, table), 0x0F000001, name, 1, _MADE, _MADE, 0, None))
    contents.append((2, 0x0F000001, "MSysObjects", 1, _MADE, _MADE, -0x80000000, None))
    _write(pages, Table(_CONTENTS, contents), at=2)
    return b"".join(page.ljust(PAGE, b"\0") for page in pages)


def _header() -> bytes:
    plain = bytearray(128)
    plain[0x3C - 0x18 : 0x3E - 0x18] = struct.pack("<H", 1252)
    plain[0x6E - 0x18 : 0x72 - 0x18] = struct.pack("<I", 0x0409)
    head = struct.pack("<4s16sI", b"\0\1\0\0", b"Standard Jet DB\0", 1)
    return head + _rc4(struct.pack("<I", 0x6B39DAC7), bytes(plain))


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def _data_page(rows: Sequence[bytes], owner: int, *, long_values: bool = False) -> bytes:
    """A page of rows, the first at its end."""
    offsets, body, end = [], b"", PAGE
    for row in rows:
        end -= len(row)
        offsets.append(end)
        body = row + body
    mark = b"LVAL" if long_values else struct.pack("<I", owner)
    top = b"".join(struct.pack("<H", o) for o in offsets)
    free = PAGE - 14 - len(top) - len(body)
    head = struct.pack("<BBH4sIH", 1, 1, free, mark, 0, len(rows)) + top
    return head + bytes(free) + body


def _write(pages: list[bytes], table: Table, at: int | None = None) -> int:
    """Append a table's pages; the number of the page that defines it (``at``: a page kept free for it)."""
    definition = len(pages) if at is None else at
    if at is None:
        pages.append(b"")
    filled: list[list[bytes]] = [[]]
    for values in table.rows:
        row = _row(pages, table.columns, values)
        if sum(len(r) + 2 for r in filled[-1]) + len(row) + 2 > PAGE - 14:
            filled.append([])
        filled[-1].append(row)
    used = []
    for rows in filled:
        used.append(len(pages))
        pages.append(_data_page(rows, definition))
    maps = len(pages)
    assert maps < 512, "a map within its row knows 512 pages"
    bits = bytearray(64)
    for number in used:
        bits[number // 8] |= 1 << number % 8
    pages.append(_data_page([b"\0" * 5 + bytes(bits), b"\0" * 69], 0))
    pages[definition] = _definition(table, maps)
    return definition


def _definition(table: Table, maps: int) -> bytes:
    columns = list(table.columns.items())
    entries = names = b""
    fixed = variable = 0
    for number, (name, kind) in enumerate(columns):
        code, size = KINDS[kind]
        length = {"text": 510}.get(kind, size or 0)
        flags = 0x02 | (0x01 if size is not None else 0)
        entries += struct.pack(
            "<BIHHHHHBBIHH", code, 0x653, number, variable, number, 0x409, 0, flags, 1, 0, fixed, length
        )
        names += struct.pack("<H", 2 * len(name)) + name.encode("utf-16-le")
        fixed, variable = fixed + (size or 0), variable + (size is None)
    block = struct.pack("<IIII", 0, 0x653, len(table.rows), 0) + bytes([1]) + bytes(15)
    block += struct.pack("<BHHH", 0x4E, len(columns), variable, len(columns)) + struct.pack("<II", 0, 0)
    block += struct.pack("<II", maps << 8, maps << 8 | 1)
    text = block + entries + names + b"\xff\xff"
    text = struct.pack("<I", len(text) + 8) + text[4:]
    head = struct.pack("<BBHI", 2, 1, PAGE - 8 - len(text) - 8, 0)
    assert len(head + text) <= PAGE, "the definition must fit on one page"
    return head + text


def _row(pages: list[bytes], columns: Mapping[str, str], values: Sequence[Any]) -> bytes:
    fixed, parts, mask = b"", [], bytearray((len(columns) + 7) // 8)
    for number, (kind, value) in enumerate(zip(columns.values(), values, strict=True)):
        size = KINDS[kind][1]
        if value is not None and value is not False:
            mask[number // 8] |= 1 << number % 8
        if size is None:
            parts.append(b"" if value is None else _variable(pages, kind, value))
        elif size:
            fixed += bytes(size) if value is None else _fixed(kind, value)
    row = struct.pack("<H", len(columns)) + fixed
    ends = []
    for part in parts:
        ends.append(len(row))
        row += part
    row += struct.pack("<H", len(row)) + b"".join(struct.pack("<H", e) for e in reversed(ends))
    return row + struct.pack("<H", len(parts)) + bytes(mask)


def _fixed(kind: str, value: Any) -> bytes:
    if kind == "date":
        return struct.pack("<d", (value - _EPOCH).total_seconds() / 86_400)
    return struct.pack(_FORMATS[kind], value)


def _variable(pages: list[bytes], kind: str, value: Any) -> bytes:
    """The bytes in the row: of a long value its head, the value itself on pages of its own where it is large."""
    if kind == "text":
        return _text(value)
    data = value if kind == "ole" else _text(value)
    if len(data) <= 1024:
        return struct.pack("<III", len(data) | 0x80000000, 0, 0) + data
    if len(data) <= 4000:
        pages.append(_data_page([data], 0, long_values=True))
        return struct.pack("<III", len(data) | 0x40000000, (len(pages) - 1) << 8, 0)
    following = 0  # the last part first, as every part points at the one after it
    for start in reversed(range(0, len(data), 4000)):
        row = struct.pack("<I", following) + data[start : start + 4000]
        pages.append(_data_page([row], 0, long_values=True))
        following = (len(pages) - 1) << 8
    return struct.pack("<III", len(data), following, 0)


def _text(value: str) -> bytes:
    """UTF-16, or compressed where every character fits a byte."""
    try:
        plain = value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-16-le")
    return b"\xff\xfe" + plain if plain and 0 not in plain else value.encode("utf-16-le")


# --- personal geodatabases -------------------------------------------------------------------------------------------


def ring_shape(rings: Sequence[Sequence[tuple[float, float]]], *, kind: int = 5, tail: bytes = b"") -> bytes:
    """A shape of several points in parts, as Esri's shape buffer has it; ``tail``: what follows the points."""
    points = [p for ring in rings for p in ring]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    starts = [sum(map(len, rings[:n])) for n in range(len(rings))]
    head = struct.pack("<I4dII", kind, min(xs), min(ys), max(xs), max(ys), len(rings), len(points))
    return (
        head
        + struct.pack(f"<{len(rings)}I", *starts)
        + b"".join(struct.pack("<dd", *p) for p in points)
        + tail
    )


def geodatabase(classes: Mapping[str, tuple[int, str, Table]]) -> bytes:
    """A personal geodatabase: of each feature class the kind of shapes (1 point … 4 polygon), its CRS as WKT, and its
    table, in which the shapes are the column ``Shape``."""
    columns = [
        (name, "Shape", kind, number) for number, (name, (kind, _, _)) in enumerate(classes.items(), 1)
    ]
    systems = [(number, text, 0.0, 0.0, 1e4) for number, (_, text, _) in enumerate(classes.values(), 1)]
    kinds = {"TableName": "text", "FieldName": "text", "ShapeType": "long", "SRID": "long"}
    grid = {"SRID": "long", "SRTEXT": "memo", "FalseX": "double", "FalseY": "double", "XYUnits": "double"}
    own = {name: table for name, (_, _, table) in classes.items()}
    return database(
        {**own, "GDB_GeomColumns": Table(kinds, columns), "GDB_SpatialRefs": Table(grid, systems)}
    )
