"""Strings of the rows, decoded when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ezdxf.tools.text import plain_text

from drawings.cad.fast.columns import (
    BYTE0,
    BYTE1,
    FLAGS,
    HANDLE0,
    HANDLE1,
    KIND,
    MEMBER,
    MTEXT,
    NAME0,
    NAME1,
    PARTED,
    TEXT0,
    TEXT1,
    WORDS,
    XDATA0,
    Rows,
)
from drawings.cad.fast.skeleton import given_handle
from drawings.cad.model import CadEntity
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import decode_escapes

_XDATA_FLOATS = frozenset((b"1040", b"1041", b"1042"))
_XDATA_INTS = frozenset((b"1070", b"1071"))
LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(slots=True)
class Words:
    """Strings of the rows, decoded on demand.

    Attributes:
        data: the file. The columns BYTE0, BYTE1 and XDATA0 of ``rows`` point into it.
        foreign: entities that the careful reader has made, by row.
    """

    data: bytes
    encoding: str
    rows: Rows
    foreign: dict[int, CadEntity]
    _texts: dict[int, str | None] = field(default_factory=dict)

    def raw(self, first: int, last: int) -> str:
        """Text of a byte range."""
        return self.data[first:last].decode(self.encoding, "surrogateescape")

    def handle(self, row: int) -> str:
        """Handle of a row."""
        if row in self.foreign:
            return self.foreign[row].handle
        line = self.rows.ints[row]
        return self.raw(line[HANDLE0], line[HANDLE1]) or given_handle(row)

    def text(self, row: int) -> str | None:
        """Content of a text row without formatting, None if the row is no text."""
        if row in self.foreign:
            return self.foreign[row].text
        return self._text(self.rows.ints[row].tolist())

    def shared(self, row: int) -> str | None:
        """As :meth:`text`, the same string for all copies of a block."""
        if row not in self._texts:
            self._texts[row] = self.text(row)
        return self._texts[row]

    def _text(self, line: list[int]) -> str | None:
        if not line[FLAGS] & WORDS:
            return None
        if line[KIND] != MTEXT:
            return plain(self.raw(line[TEXT0], line[TEXT1]))
        if not line[FLAGS] & PARTED:
            return plain_mtext(self.raw(line[TEXT0], line[TEXT1]))
        parts: list[str] = []
        tail = ""
        for code, value in self._tags(line[BYTE0], line[BYTE1]):
            if code == b"3":
                parts.append(value)
            elif code == b"1":
                tail = value
            elif code in (b"101", b"1001"):
                break
        return plain_mtext("".join([*parts, tail]))

    def _tags(self, first: int, last: int) -> Iterator[tuple[bytes, str]]:
        """Group codes and values of a byte range that starts with a value (its code is given as empty)."""
        lines = [b"", *LINE_END.split(self.data[first:last])]
        for code, value in zip(lines[::2], lines[1::2], strict=False):
            yield code.strip(), value.decode(self.encoding, "surrogateescape")

    def block(self, row: int) -> str:
        """Block name of an INSERT row."""
        line = self.rows.ints[row]
        return decode_escapes(self.raw(line[NAME0], line[NAME1]))

    def attributes(self, row: int) -> dict[str, str]:
        """Attribute tags and values of an INSERT row."""
        out: dict[str, str] = {}
        ints = self.rows.ints
        member = row + 1
        while member < len(ints) and (line := ints[member].tolist())[FLAGS] & MEMBER:
            name = decode_escapes(self.raw(line[NAME0], line[NAME1]))
            text = self.text(member) if member in self.foreign else self._text(line)
            out[name] = (text or "").strip()
            member += 1
        return out

    def xdata(self, row: int) -> dict[str, tuple[str, ...]]:
        """Extended data of a row by application."""
        line = self.rows.ints[row].tolist()
        if line[XDATA0] < 0:
            return {}
        out: dict[str, tuple[str, ...]] = {}
        name = ""
        values: list[str] = []
        for code, value in self._tags(line[XDATA0], line[BYTE1]):
            if not code:
                name = value
                continue
            if code == b"0":
                break
            if code == b"1001":
                out[name] = tuple(values)
                name, values = value, []
            elif code == b"1000":
                values.append(decode_escapes(value))
            elif code in _XDATA_FLOATS:
                values.append(str(float(value)))
            elif code in _XDATA_INTS:
                values.append(str(int(float(value))))
        out[name] = tuple(values)
        out.pop("ACAD", None)
        return out


def plain(raw: str) -> str:
    """Content of a TEXT or ATTRIB."""
    if "%%" in raw or "^" in raw:
        raw = plain_text(raw)
    return decode_escapes(raw)
