"""What a drawn file is as a whole: its extents, layers, sheets and the outlines that decide its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import Curve
from drawings.cad.fast import columns
from drawings.cad.fast.columns import (
    FIRST_BLOCK,
    KIND,
    MODEL,
    PAPER,
    PLACE,
    Rows,
)
from drawings.cad.fast.curves import CLOSED
from drawings.cad.fast.instances import FIRST, LAST, LAYER, PATH, ROW, Instances
from drawings.cad.fast.skeleton import Odd
from drawings.cad.fast.tags import Longs
from drawings.cad.model import CadEntity, CadLayer, CadSheet
from drawings.cad.source import (
    decode_escapes,
)

_RINGS = 16  # outlines looked at for the unit: more than units.characteristic_size uses


def largest_rings(
    foreign: Mapping[int, CadEntity], instances: Instances, bounds: npt.NDArray[np.float64]
) -> list[Curve]:
    """The closed outlines that decide the size of the drawing."""
    diagonal = np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    diagonal[(instances.curve_flags & CLOSED) == 0] = -1.0
    for k in np.flatnonzero(
        np.isin(instances.ints[:, ROW], [r for r, e in foreign.items() if e.kind == "DIMENSION"])
    ).tolist():
        diagonal[instances.ints[k, FIRST] : instances.ints[k, LAST]] = -1.0
    diagonal[~np.isfinite(diagonal)] = -1.0
    largest = np.argsort(-diagonal, kind="stable")[:_RINGS]
    out: list[Curve] = []
    for k in largest[diagonal[largest] > 0].tolist():
        x0, y0, x1, y1 = bounds[k].tolist()
        out.append(Curve(((x0, y0), (x1, y1)), None, True))  # only its bounds are looked at
    return out


def layer_table(
    foreign: Mapping[int, CadEntity],
    table_layers: dict[str, CadLayer],
    instances: Instances,
    rows: Rows,
    names: Sequence[str],
    kept: Longs,
) -> dict[str, CadLayer]:
    """The layer table, and the layers drawn on without standing in it, each with the number of entities that lie on it
    in model space itself, not in blocks."""
    lines = instances.ints[kept]
    kinds = rows.ints[lines[:, ROW], KIND]
    counted = (lines[:, PATH] < 0) & (kinds != columns.ATTRIB)
    members = [r for r, e in foreign.items() if e.kind == "ATTRIB"]
    if members:
        counted &= ~np.isin(lines[:, ROW], members)
    counts = np.bincount(lines[counted, LAYER], minlength=len(names)).tolist()
    drawn = {names[k]: counts[k] for k in np.unique(lines[:, LAYER]).tolist()}
    named = {name: CadLayer(name, "#ffffff") for name in drawn} | table_layers
    return {n: replace(layer, entities=drawn.get(n, 0)) for n, layer in named.items()}


def sheet_list(
    sheets: Sequence[tuple[str, str]], rows: Rows, block_of_key: dict[str, int]
) -> tuple[CadSheet, ...]:
    """Model space and the paper sheets with the number of their entities."""
    places = rows.ints[:, PLACE]
    native = rows.ints[:, KIND] >= 0  # stand-ins of odd rows are not counted again
    counts = np.bincount(places[native & (places >= 0)], minlength=FIRST_BLOCK + len(block_of_key) + 1)
    out: list[CadSheet] = []
    for name, block in sheets:
        number = block_of_key.get(block)
        count = int(counts[FIRST_BLOCK + number]) if number is not None else 0
        if block == "*model_space":
            count += int(counts[MODEL])
        elif block == "*paper_space":
            count += int(counts[PAPER])
        out.append(CadSheet(decode_escapes(name), "model" if name.lower() == "model" else "paper", count))
    return tuple(sorted(out, key=lambda s: s.kind != "model"))


def sheets_of(odd: Odd) -> list[tuple[str, str]]:
    """Layouts as ezdxf sees them: name, block (lower case)."""
    return [(sheet.name, sheet.block_record.dxf.name.lower()) for sheet in odd.document.layouts]


def extents_of(
    instances: Instances, bounds: npt.NDArray[np.float64], shown: Longs
) -> tuple[float, float, float, float] | None:
    """Bounds of the shown instances: of their curves, of the anchor where there are none."""
    everything = shown.size == len(instances.ints)
    lines = instances.ints if everything else instances.ints[shown]
    first, last = lines[:, FIRST], lines[:, LAST]
    if everything:
        used = bounds
    else:
        mark = np.zeros(len(bounds) + 1, np.int64)
        np.add.at(mark, first, 1)
        np.add.at(mark, last, -1)
        used = bounds[np.cumsum(mark)[:-1] > 0]
    x, y = (instances.x, instances.y) if everything else (instances.x[shown], instances.y[shown])
    bare = (first == last) & ~np.isnan(x)
    lows_x, lows_y = np.concatenate((used[:, 0], x[bare])), np.concatenate((used[:, 1], y[bare]))
    highs_x, highs_y = np.concatenate((used[:, 2], x[bare])), np.concatenate((used[:, 3], y[bare]))
    if not lows_x.size:
        return None
    return float(lows_x.min()), float(lows_y.min()), float(highs_x.max()), float(highs_y.max())


def middle_of(instances: Instances, bounds: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """Median of the middles of all curves and bare anchors."""
    bare = (instances.ints[:, FIRST] == instances.ints[:, LAST]) & ~np.isnan(instances.x)
    xs = np.concatenate(((bounds[:, 0] + bounds[:, 2]) / 2, instances.x[bare]))
    ys = np.concatenate(((bounds[:, 1] + bounds[:, 3]) / 2, instances.y[bare]))
    return (float(np.median(xs)), float(np.median(ys))) if xs.size else None
