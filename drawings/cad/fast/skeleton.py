"""The part of a drawing that ezdxf reads: header, tables, objects, and the entities the fast pass does not read itself.

The bytes of those entities are cut out and put into a small DXF around the file's own header and tables. ezdxf parses
it and the careful reader converts it, so odd entities come out exactly as they would from the whole file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from ezdxf.document import Drawing
from ezdxf.filemanagement import read

from drawings.cad.dxf import DxfReader
from drawings.cad.dxf_entities import Insert
from drawings.cad.fast.columns import HANDLE0, HANDLE1, NAME0, NAME1, TAG0, TAG1, Rows
from drawings.cad.fast.tags import Tags, Unfit
from drawings.cad.job import Job
from drawings.cad.model import CadEntity

_VERBATIM = ("HEADER", "CLASSES", "TABLES")
_OBJECT_BYTES = 1_000_000  # larger OBJECTS sections are thinned
_OBJECTS_KEPT = frozenset(
    {"DICTIONARY", "ACDBDICTIONARYWDFLT", "ACDBPLACEHOLDER", "LAYOUT", "GEODATA", "MLINESTYLE", "MLEADERSTYLE",
     "TABLESTYLE", "DICTIONARYVAR"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A block definition: its name, tag range of its BLOCK entity and of all up to and with its ENDBLK."""

    name: str
    head: tuple[int, int]
    tail: tuple[int, int]
    base: tuple[float, float]
    xref: bool


@dataclass(slots=True)
class Layout:
    """Where the sections are: section name → (tag index of its SECTION, tag index after its ENDSEC)."""

    sections: dict[str, tuple[int, int]]
    blocks: list[Block]


def given_handle(row: int) -> str:
    """Handle of an entity that has none in the file."""
    return f"{0x40000000 + row:X}"


class Cutter:
    """Cuts byte ranges of whole tags out of a file."""

    def __init__(self, tags: Tags) -> None:
        self.tags = tags

    def _after(self, tag: int) -> int:
        """First byte of the line after a tag's value."""
        data, end = self.tags.data, int(self.tags.ends[tag])
        return end + 2 if data[end : end + 2] == b"\r\n" else end + 1

    def cut(self, first: int, last: int) -> bytes:
        """Bytes of the tags from ``first`` up to but without ``last``."""
        start = self._after(first - 1) if first > 0 else 0
        piece = self.tags.data[start : self._after(last - 1)]
        return piece if piece.endswith((b"\n", b"\r")) else piece + b"\n"


def skeleton(
    tags: Tags,
    layout: Layout,
    rows: Rows,
    wanted: dict[int, list[int]],
    whole: set[int],
    renamed: dict[int, str],
) -> bytes:
    """A small DXF of the header, the tables and some entities.

    Args:
        wanted: rows by block number; those of model space under -1.
        whole: numbers of blocks to take with all their content.
        renamed: handles for rows that have none of their own.
    """
    cutter = Cutter(tags)
    out = [cutter.cut(*layout.sections[name]) for name in _VERBATIM if name in layout.sections]

    def entity(row: int) -> bytes:
        first, last = int(rows.ints[row, TAG0]), int(rows.ints[row, TAG1])
        if row not in renamed:
            return cutter.cut(first, last)
        head = cutter.cut(first, first + 1)
        rest = list(range(first + 1, last))
        own = next((t for t in rest[:60] if tags.codes[t] == 5), None)
        body = (
            cutter.cut(first + 1, last)
            if own is None
            else (cutter.cut(first + 1, own) if own > first + 1 else b"") + cutter.cut(own + 1, last)
            if own + 1 < last
            else cutter.cut(first + 1, own)
        )
        return head + b"  5\n" + renamed[row].encode() + b"\n" + body

    out.append(b"  0\nSECTION\n  2\nBLOCKS\n")
    for number, block in enumerate(layout.blocks):
        is_layout = block.name.lower().startswith(
            ("*model_space", "*paper_space", "$model_space", "$paper_space")
        )
        if number in whole:
            out.append(cutter.cut(block.head[0], block.tail[1]))
        elif is_layout or number in wanted:
            out.append(cutter.cut(*block.head))
            out += [entity(row) for row in wanted.get(number, ())]
            out.append(cutter.cut(*block.tail))
    out.append(b"  0\nENDSEC\n  0\nSECTION\n  2\nENTITIES\n")
    out += [entity(row) for row in wanted.get(-1, ())]
    out.append(b"  0\nENDSEC\n")
    if "OBJECTS" in layout.sections:
        out.append(_objects(tags, cutter, layout.sections["OBJECTS"]))
    out.append(b"  0\nEOF\n")
    return b"".join(out)


def _objects(tags: Tags, cutter: Cutter, span: tuple[int, int]) -> bytes:
    """The OBJECTS section, without the bulk that nothing here reads if it is large."""
    whole = cutter.cut(*span)
    if len(whole) <= _OBJECT_BYTES:
        return whole
    entries = np.flatnonzero(tags.codes[span[0] : span[1]] == 0) + span[0]
    bounds = [*entries.tolist(), span[1]]
    kept = [cutter.cut(bounds[0], bounds[1])]
    for first, last in pairwise(bounds[1:-1]):
        if tags.text(first).strip() in _OBJECTS_KEPT:
            kept.append(cutter.cut(first, last))
    return b"".join([*kept, b"  0\nENDSEC\n"])


class Odd:
    """ezdxf's reading of a skeleton.

    Attributes:
        document: the small drawing.
        reader: the careful reader on it; it gathers dimensions and unsupported kinds.
    """

    def __init__(self, data: bytes, job: Job) -> None:
        try:
            self.document: Drawing = read(
                io.TextIOWrapper(io.BytesIO(data), job.source.encoding, errors="surrogateescape")
            )
        except (RecursionError, MemoryError):
            raise
        except Exception as error:  # the careful reader repairs or names the fault
            raise Unfit(f"skeleton: {type(error).__name__}") from error
        self.reader = DxfReader(self.document, job)
        self.reader.read_layers()

    def convert(self, handle: str, row: int, missing: bool) -> Sequence[CadEntity | Insert]:
        """What the careful reader makes of one entity.

        Raises:
            Unfit: the entity is not there.
        """
        entity = self.document.entitydb.get(handle)
        if entity is None or not entity.is_alive:
            raise Unfit(f"entity {handle}")
        items = list(self.reader.converter.convert([entity]))
        if not missing:
            return items
        name = given_handle(row)
        return [
            replace(item, handle=name)
            if isinstance(item, CadEntity)
            else Insert(replace(item.proto, handle=name), item.block, item.matrices, item.parts, item.color)
            for item in items
        ]


def handles_of(
    tags: Tags, rows: Rows, chosen: Sequence[int], encoding: str
) -> tuple[dict[int, str], dict[int, str]]:
    """Handles to look chosen rows up by, and those of them to put in: the file has none or uses one twice."""
    known: dict[int, str] = {}
    put_in: dict[int, str] = {}
    seen: set[str] = set()
    for row in chosen:
        first, last = int(rows.ints[row, HANDLE0]), int(rows.ints[row, HANDLE1])
        text = tags.data[first:last].decode(encoding, "surrogateescape") if last > first else ""
        try:
            usable = bool(text) and int(text, 16) > 0 and text == text.strip()
        except ValueError:
            usable = False
        if not usable or text in seen:
            text = given_handle(row)
            put_in[row] = text
        seen.add(text)
        known[row] = text
    return known, put_in


def block_called(tags: Tags, rows: Rows, row: int, encoding: str) -> str:
    """Name in the row's group 2."""
    first, last = int(rows.ints[row, NAME0]), int(rows.ints[row, NAME1])
    return tags.data[first:last].decode(encoding, "surrogateescape")
