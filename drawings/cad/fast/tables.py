"""Layer table and layouts straight from the tags, for drawings in which ezdxf has nothing else to read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ezdxf.colors import aci2rgb, int2rgb

from drawings.cad.fast.tags import Tags
from drawings.cad.model import CadLayer
from drawings.cad.source import decode_escapes


def entries(tags: Tags, span: tuple[int, int], wanted: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    """Entries of a section whose kind is wanted: kind, first tag, tag after the last one."""
    starts = np.flatnonzero(tags.codes[span[0] : span[1]] == 0) + span[0]
    lengths = tags.ends[starts] - tags.starts[starts]
    sizes = {len(w) for w in wanted}
    candidates = np.flatnonzero(np.isin(lengths, list(range(min(sizes), max(sizes) + 4)))).tolist()
    for k in candidates:
        if k + 1 < starts.size and (kind := tags.text(int(starts[k])).strip()) in wanted:
            yield kind, int(starts[k]), int(starts[k + 1])


def layers(tags: Tags, span: tuple[int, int] | None, encoding: str) -> dict[str, CadLayer]:
    """Layers by name, with the two that every drawing has."""
    by_key: dict[str, CadLayer] = {}
    found = entries(tags, span, frozenset({"LAYER"})) if span else iter(())
    for _, first, last in found:
        name, color, true_color, flags, linetype = "", 7, -1, 0, ""
        for t in range(first + 1, last):
            code = int(tags.codes[t])
            if code == 2:
                name = tags.text(t, encoding)
            elif code == 6:
                linetype = tags.text(t, encoding)
            elif code in (62, 70, 420) and abs(tags.numbers[t]) < 2**40:
                number = int(tags.numbers[t])
                color = number if code == 62 else color
                flags = number if code == 70 else flags
                true_color = number if code == 420 else true_color
            elif code == 1001:
                break
        if not name:
            continue
        try:
            rgb = int2rgb(true_color) if true_color >= 0 else aci2rgb(abs(color))
            shown = f"#{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"
        except (IndexError, TypeError, ValueError):
            shown = "#ffffff"
        by_key[name.lower()] = CadLayer(
            decode_escapes(name),
            shown,
            visible=color >= 0,
            frozen=bool(flags & 1),
            locked=bool(flags & 4),
            linetype=decode_escapes(linetype),
        )
    for name in ("0", "Defpoints"):
        by_key.setdefault(name.lower(), CadLayer(name, "#ffffff"))
    return {layer.name: layer for layer in by_key.values()}


def block_records(tags: Tags, span: tuple[int, int] | None, encoding: str) -> dict[str, int]:
    """Handles of the block records by lower-case name; -1 where a handle is none."""
    out: dict[str, int] = {}
    if span is None:
        return out
    for _, first, last in entries(tags, span, frozenset({"BLOCK_RECORD"})):
        name, handle = "", -1
        for t in range(first + 1, last):
            code = int(tags.codes[t])
            if code == 2:
                name = tags.text(t, encoding)
            elif code == 5:
                try:
                    handle = int(tags.text(t), 16)
                except ValueError:
                    handle = -1
            elif code == 1001:
                break
        out[name.lower()] = handle
    return out


def layouts(
    tags: Tags, span: tuple[int, int] | None, records: dict[str, int], encoding: str, *, r12: bool
) -> list[tuple[str, str]] | None:
    """Names of the layouts with their blocks (lower case); None where only ezdxf can tell (missing or odd objects)."""
    if r12:
        return [("Model", "*model_space"), ("Layout1", "*paper_space")]
    if span is None:
        return None
    block_of = {handle: name for name, handle in records.items() if handle >= 0}
    out: list[tuple[str, str]] = []
    for kind, first, last in entries(tags, span, frozenset({"LAYOUT", "GEODATA"})):
        if kind == "GEODATA":
            return None
        name, record, inside = "", -1, False
        for t in range(first + 1, last):
            code = int(tags.codes[t])
            if code == 100:
                inside = tags.text(t).strip() == "AcDbLayout"
            elif code == 1001:
                break
            elif not inside:
                continue
            elif code == 1:
                name = tags.text(t, encoding)
            elif code == 330:
                try:
                    record = int(tags.text(t), 16)
                except ValueError:
                    record = -1
        if not name or record not in block_of:
            return None
        out.append((name, block_of[record]))
    keys = {name.lower() for name, _ in out}
    paper = any(block == "*paper_space" for _, block in out)
    if (
        len(keys) != len(out)
        or ("model", "*model_space") not in {(n.lower(), b) for n, b in out}
        or not paper
    ):
        return None
    return out
