"""How a file is built: its sections, where its entities begin and end, its block definitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawings.cad.dxf_entities import SILENT as NO_DRAWING
from drawings.cad.dxf_entities import VIRTUAL
from drawings.cad.fast.columns import ENDBLK, KNOWN, ODDKIND, OTHER, SILENT, Rows
from drawings.cad.fast.skeleton import Block, Layout
from drawings.cad.fast.tags import Bytes, Ints, Longs, Tags, Unfit, intern

_ODD_KINDS = VIRTUAL | {"SPLINE", "DIMENSION", "LEADER", "MPOLYGON"}


@dataclass(slots=True)
class Structure:
    """Sections, and of the entities of BLOCKS and ENTITIES first tag, tag after the last one, kind, section."""

    layout: Layout
    entries: Longs
    closes: Longs
    kinds: Ints
    sections: Bytes


def structure(tags: Tags) -> Structure:
    """Sections and entities of a file.

    Raises:
        Unfit: it is not built as DXF files are.
    """
    starts_at = np.flatnonzero(tags.codes[: tags.count] == 0)
    if not starts_at.size or starts_at[0] != 0:
        raise Unfit("tags before the first section")
    ids, first = intern(tags.buffer, tags.starts[starts_at], tags.ends[starts_at])
    names = [tags.text(int(starts_at[k])).strip() for k in first]
    marks = {
        word: np.isin(ids, [i for i, n in enumerate(names) if n == word])
        for word in ("SECTION", "ENDSEC", "EOF")
    }
    begins, finishes = np.flatnonzero(marks["SECTION"]), np.flatnonzero(marks["ENDSEC"])
    if (
        begins.size != finishes.size
        or not begins.size
        or np.any(begins >= finishes)
        or np.any(finishes[:-1] + 1 != begins[1:])
        or begins[0] != 0
        or np.count_nonzero(marks["EOF"]) != 1
        or finishes[-1] + 2 != starts_at.size
    ):
        raise Unfit("sections")
    spans: dict[str, tuple[int, int]] = {}
    picked: list[tuple[int, int, int]] = []
    for a, b in zip(begins.tolist(), finishes.tolist(), strict=True):
        opening = int(starts_at[a])
        name = tags.text(opening + 1) if tags.codes[opening + 1] == 2 else ""
        if not name or name in spans or name != name.strip():
            raise Unfit("section name")
        spans[name] = (opening, int(starts_at[b]) + 1)
        if name in ("BLOCKS", "ENTITIES"):
            picked.append((a + 1, b, int(name == "ENTITIES")))
    if "ENTITIES" not in spans:
        raise Unfit("no ENTITIES")
    kind_of = np.array([_kind(n) for n in names], np.int32)
    parts = sorted(picked, key=lambda p: p[2])
    entries = np.concatenate([starts_at[a:b] for a, b, _ in parts])
    closes = np.concatenate([starts_at[a + 1 : b + 1] for a, b, _ in parts])
    kinds = np.concatenate([kind_of[ids[a:b]] for a, b, _ in parts])
    sections = np.concatenate([np.full(b - a, s, np.uint8) for a, b, s in parts])
    return Structure(Layout(spans, []), entries, closes, kinds, sections)


def _kind(name: str) -> int:
    if name in KNOWN:
        return KNOWN[name]
    if name in NO_DRAWING:
        return SILENT
    return ODDKIND if name in _ODD_KINDS or name.endswith("_DIMENSION") else OTHER


def blocks_of(tags: Tags, encoding: str, rows: Rows, found: Structure) -> list[Block]:
    """The block definitions.

    Raises:
        Unfit: one has no name, no end or no place.
    """
    entries, closes, kinds = found.entries, found.closes, found.kinds
    heads = rows.blocks.tolist()
    is_head = np.isin(entries, rows.blocks)
    is_tail = (kinds == ENDBLK) & (entries < (entries[is_head].max() if heads else 0) + (1 << 62))
    after = dict(zip(entries[is_head].tolist(), closes[is_head].tolist(), strict=True))
    tails = [(a, b) for a, b in zip(entries[is_tail].tolist(), closes[is_tail].tolist(), strict=True)]
    out: list[Block] = []
    position = 0
    for head in heads:
        while position < len(tails) and tails[position][0] < head:
            position += 1
        if position == len(tails):
            raise Unfit("block without end")
        name, x, y, flags = "", 0.0, 0.0, 0
        for t in range(head + 1, after[head]):
            code = tags.codes[t]
            if code == 2:
                name = tags.text(t, encoding)
            elif code == 10:
                x, y = float(tags.numbers[t]), float(tags.numbers[t + 1])
            elif code == 70 and abs(tags.numbers[t]) < 1e6:
                flags = int(tags.numbers[t])
            elif code == 1001:
                break
        if not name or not (abs(x) < 1e60 and abs(y) < 1e60):
            raise Unfit("block head")
        out.append(Block(name, (head, after[head]), tails[position], (x, y), bool(flags & 12)))
    return out
