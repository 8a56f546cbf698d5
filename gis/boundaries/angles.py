"""Angles of lists of points in two more ways of writing: degrees, minutes and seconds in columns of their own, and
packed into one number (``dd.mmssss``: 28.091523 is 28°09′15.23″). Pure.

A packed number looks like a decimal one, so it is one only where the file says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gis.boundaries.parcel import Parcel
from gis.boundaries.topology import Vertex, place
from gis.remarks import error, info
from project_box.kernel.finding import Issue

#: row number and the texts of its cells
Row = tuple[int, list[str]]
#: what a file calls packed angles: dd.mmss, ddd.mmssss, 度.分秒
PACKED = re.compile(r"(?<![a-z])d{1,3}\.?m{2}s{1,9}(?:\.s+)?(?![a-z])|度\.分秒", re.IGNORECASE)
_PART = (
    re.compile(r"[度°]$|\bd$|\bdeg(rees?)?$", re.IGNORECASE),
    re.compile(r"[分′']$|\bm$|\bmin(utes?)?$", re.IGNORECASE),
    re.compile(r"[秒″\"]$|\bs$|\bsec(onds?)?$", re.IGNORECASE),
)
_SIDES = (
    ("经度", re.compile(r"经|經|^lon|^lng|^e", re.IGNORECASE)),
    ("纬度", re.compile(r"纬|緯|^lat|^n", re.IGNORECASE)),
)
#: how far down the headings may stand
_LOOK_AT = 60


def packed(header: Mapping[str, str]) -> bool:
    """Whether a header or title says that angles are packed into one number."""
    return any(PACKED.search(text) for pair in header.items() for text in pair)


def unpack(parcels: Sequence[Parcel], issues: list[Issue]) -> None:
    """Packed angles as degrees, in place; a number that is none is reported with its line."""
    for parcel in parcels:
        for ring in parcel.rings:
            for vertex in ring.vertices:
                if _degrees(vertex.x) is None or _degrees(vertex.y) is None:
                    issues.append(_not_packed(vertex))
                    return
            ring.vertices = [
                replace(v, x=_degrees(v.x) or 0.0, y=_degrees(v.y) or 0.0) for v in ring.vertices
            ]
    issues.append(
        info(
            "ANGLES-PACKED",
            "坐标按文件注明的“度.分秒”（dd.mmss）读取",
            "the angles were read as degrees.minutes-seconds, as the file says",
        )
    )


def _degrees(value: float) -> float | None:
    whole = round(abs(value) * 1e13)  # a float of three digits before the point is exact to 1e-13
    degrees, rest = divmod(whole, 10**13)
    minutes, rest = divmod(rest, 10**11)
    seconds = rest / 10**9
    if minutes >= 60 or seconds >= 60:
        return None
    return (degrees + minutes / 60 + seconds / 3600) * (-1 if value < 0 else 1)


def _not_packed(vertex: Vertex) -> Issue:
    return error(
        "ANGLES-NOT-PACKED",
        f"{place(vertex)}的坐标不是文件注明的“度.分秒”（dd.mmss）：分或秒大于 60",
        "the file says dd.mmss, but minutes or seconds of this point are above 60",
        "核对角度的写法；若是十进制度，请改正说明",
        "check how angles are written; if they are decimal degrees, correct what the file says",
        line=vertex.line,
    )


def joined_columns(rows: Iterable[Row]) -> list[Row]:
    """Rows in which degrees, minutes and seconds in three columns have become one angle in the first of them."""
    listed = list(rows)
    for number, (_, cells) in enumerate(listed[:_LOOK_AT]):
        triples = [n for n in range(len(cells) - 2) if _is_triple(cells[n : n + 3])]
        names = [_side(cells, listed[number - 1][1] if number else [], n) for n in triples]
        if len(triples) >= 2 and all(names):
            return [
                *listed[:number],
                (listed[number][0], _put(cells, dict(zip(triples, names, strict=True)))),
                *((line, _put(values, _angles(values, triples))) for line, values in listed[number + 1 :]),
            ]
    return listed


def _is_triple(cells: Sequence[str]) -> bool:
    return all(pattern.search(cell) for pattern, cell in zip(_PART, cells, strict=True))


def _side(cells: Sequence[str], above: Sequence[str], column: int) -> str:
    """经度 or 纬度, by the heading itself or the merged one above it; empty when neither says."""
    before = next((c for c in reversed(above[: column + 1]) if c), "")
    for text in (cells[column], before):
        for name, pattern in _SIDES:
            if pattern.search(text.strip()) and not _PART[0].fullmatch(text):
                return name
    return ""


def _angles(cells: Sequence[str], triples: Sequence[int]) -> dict[int, str]:
    """Column and angle of the triples that are filled in a row."""
    return {
        n: f"{cells[n]}°{cells[n + 1]}′{cells[n + 2]}″" for n in triples if n + 2 < len(cells) and cells[n]
    }


def _put(cells: Sequence[str], angles: Mapping[int, str]) -> list[str]:
    """Cells with an angle in the first of its three columns, the other two empty."""
    found = list(cells)
    for column, text in angles.items():
        found[column : column + 3] = [text, "", ""]
    return found
