"""Dimensions of a DWG: what they measure and what they say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drawings.cad.dwg_arcs import point
from drawings.cad.model import CadDimension

_DIMENSIONS = {
    "LINEAR": "linear",
    "ALIGNED": "aligned",
    "ANG2LN": "angular",
    "ANG3PT": "angular",
    "RADIUS": "radius",
    "DIAMETER": "diameter",
    "ORDINATE": "ordinate",
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def dimensions(rows: Iterable[Any], layer_of: Mapping[str, str]) -> tuple[CadDimension, ...]:
    """Dimensions of the reader's table; rows that cannot be read are left out.

    Args:
        layer_of: handle → layer.
    """
    out: list[CadDimension] = []
    for row in rows:
        try:
            out.append(_dimension(str(row[0]), row[1], layer_of))
        except (TypeError, ValueError, IndexError):
            continue
    return tuple(out)


def _dimension(type_name: str, row: Sequence[Any], layer_of: Mapping[str, str]) -> CadDimension:
    kind = _DIMENSIONS.get(type_name, "linear")
    first, second = point(row[3]), point(row[4])
    measured: float | None
    if kind == "aligned":
        measured = math.dist(first, second)
    elif kind == "linear":
        turn = float(row[8][3])
        measured = abs((second[0] - first[0]) * math.cos(turn) + (second[1] - first[1]) * math.sin(turn))
    else:
        stored = float(row[9][1])
        measured = math.degrees(stored) if kind == "angular" else abs(stored)
    if not math.isfinite(measured):
        measured = None
    typed = str(row[1] or "").strip()
    text = None if typed in ("", "<>") else typed
    points = (first, second) if kind in ("linear", "aligned", "ordinate") else (point(row[2]), first)
    if not all(math.isfinite(v) for p in points for v in p):
        raise ValueError("not finite")
    handle = f"{int(row[0]):X}"
    at = point(row[5]) if row[5] is not None else None
    return CadDimension(
        handle,
        layer_of.get(handle, "0"),
        kind,
        measured,
        factor_of(text, measured) if kind != "angular" else 1.0,
        text,
        at,
        points,
    )


def factor_of(text: str | None, measured: float | None) -> float:
    """Display factor of a dimension: its style's is not read from DWG, so a typed number that is the measured one
    in another decimal unit is taken as shown with that factor, and not as an edited dimension."""
    number = _NUMBER.search(text or "")
    if number is None or not measured:
        return 1.0
    shown = float(number.group().replace(",", "."))
    for factor in (1000.0, 100.0, 10.0, 0.1, 0.01, 0.001):
        if shown and abs(measured * factor / shown - 1) < 0.005:
            return factor
    return 1.0
