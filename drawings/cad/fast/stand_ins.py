"""Rows that stand for what other readers made of odd entities, and which rows every place draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from drawings.cad import dxf_entities
from drawings.cad.curve import Curve
from drawings.cad.dxf_entities import Insert
from drawings.cad.fast import columns
from drawings.cad.fast.columns import (
    AT,
    BYBLOCK,
    BYLAYER,
    COLOR,
    CURVE0,
    CURVE1,
    EMIT,
    ENTRY,
    FILLED,
    FLAGS,
    HEIGHT,
    KIND,
    MEMBER,
    NOWHERE,
    ODD,
    PLACE,
    REFERENCE,
    ROTATION,
    WORDS,
    XDATA0,
    Rows,
    X,
    Y,
    Z,
)
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.tags import Ints, Longs
from drawings.cad.model import CadEntity


@dataclass(slots=True)
class Names:
    """Texts numbered in the order they are met."""

    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        """Number of a text."""
        return self.numbers.setdefault(text, len(self.numbers))

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(slots=True)
class _Additions:
    """Rows made from what the careful reader returned, to be appended to the columns."""

    ints: list[list[int]] = field(default_factory=list)
    floats: list[list[float]] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    layers: list[int] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    matrices: list[tuple[float, ...]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


def take_in(
    rows: Rows,
    row_layer: Ints,
    row_name: Ints,
    items: Mapping[int, Sequence[CadEntity | Insert]],
    layer_names: Names,
    block_names: Names,
    foreign: dict[int, CadEntity],
    replaced: dict[int, list[int]],
) -> tuple[Rows, Ints, Ints, tuple[Ints, Ints], npt.NDArray[np.float64]]:
    """Append what other readers made of the odd rows.

    Args:
        items: what stands for each odd row. layer_names, block_names: added to.
        foreign, replaced: filled: entities by new row, new rows by odd row.
    """
    added = _Additions()
    first_row = len(rows.ints)
    curve_count = len(rows.curve_flags)

    def append(entity: CadEntity, place: int, extra: int, name: int) -> int:
        line = [0] * columns.INT_COLUMNS
        line[KIND], line[PLACE], line[XDATA0], line[ENTRY] = -1, place, -1, -1
        line[COLOR] = (
            BYLAYER if entity.color == dxf_entities.BYLAYER
            else BYBLOCK if entity.color == dxf_entities.BYBLOCK
            else int(entity.color[1:], 16)
        )  # fmt: skip
        line[FLAGS] = (
            EMIT | extra | (AT if entity.at is not None else 0) | (WORDS if entity.text is not None else 0)
            | (FILLED if entity.filled else 0)
        )  # fmt: skip
        line[CURVE0] = curve_count + len(added.curves)
        added.curves += entity.curves
        line[CURVE1] = curve_count + len(added.curves)
        numbers = [0.0] * columns.FLOAT_COLUMNS
        if entity.at is not None:
            numbers[X], numbers[Y] = entity.at
        numbers[Z], numbers[HEIGHT], numbers[ROTATION] = entity.z, entity.height, entity.rotation
        added.ints.append(line)
        added.floats.append(numbers)
        added.layers.append(layer_names.add(entity.layer))
        added.names.append(name)
        added.spans.append((0, 0))
        row = first_row + len(added.ints) - 1
        foreign[row] = entity
        return row

    for row, made in items.items():
        place = int(rows.ints[row, PLACE])
        stand_in: list[int] = []
        for item in made:
            if isinstance(item, CadEntity):
                stand_in.append(append(item, place, 0, 0))
                continue
            start = len(added.matrices)
            added.matrices += item.matrices
            insert = append(item.proto, place, REFERENCE, block_names.add(item.block))
            added.spans[-1] = (start, len(added.matrices))
            for part in item.parts:
                append(part, NOWHERE, MEMBER, 0)
            stand_in.append(insert)
        replaced[row] = stand_in
    count = first_row + len(added.ints)
    begin, finish = np.zeros(count, np.int32), np.zeros(count, np.int32)
    if added.ints:
        spans = np.array(added.spans, np.int32).reshape(-1, 2)
        begin[first_row:], finish[first_row:] = spans[:, 0], spans[:, 1]
        starts = [int(rows.curve_start[-1])]
        flags: list[int] = []
        xs: list[float] = []
        ys: list[float] = []
        bs: list[float] = []
        for curve in added.curves:
            xs += [p[0] for p in curve.points]
            ys += [p[1] for p in curve.points]
            bs += curve.bulges if curve.bulges is not None else [0.0] * len(curve.points)
            starts.append(starts[0] + len(xs))
            flags.append((CLOSED if curve.closed else 0) | (BULGED if curve.bulges is not None else 0))
        rows = Rows(
            np.concatenate((rows.ints, np.array(added.ints, np.int32))),
            np.concatenate((rows.floats, np.array(added.floats))),
            rows.references,
            np.concatenate((rows.curve_start, np.array(starts[1:], np.int32))),
            np.concatenate((rows.curve_flags, np.array(flags, np.uint8))),
            np.concatenate((rows.x, xs)),
            np.concatenate((rows.y, ys)),
            np.concatenate((rows.bulge, bs)),
            rows.blocks,
        )
        row_layer = np.concatenate((row_layer, np.array(added.layers, np.int32)))
        row_name = np.concatenate((row_name, np.array(added.names, np.int32)))
    matrices = np.array(added.matrices or [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)], np.float64)
    return rows, row_layer, row_name, (begin, finish), matrices


def places_of(rows: Rows, blocks: int, replaced: dict[int, list[int]]) -> tuple[Longs, Ints]:
    """Rows to draw of every place, in order (place k at index k + 1)."""
    drawn = rows.ints[:, FLAGS] & (EMIT | REFERENCE) != 0
    drawn &= rows.ints[:, FLAGS] & MEMBER == 0
    own = np.ones(len(rows.ints), bool)
    own[[r for stand_in in replaced.values() for r in stand_in]] = False  # they come where the odd row stood
    odd = np.zeros(len(rows.ints), bool)
    odd[list(replaced)] = True
    candidates = np.flatnonzero((drawn & own & (rows.ints[:, FLAGS] & ODD == 0)) | odd)
    places = rows.ints[candidates, PLACE] + 1
    order = np.argsort(places, kind="stable")
    sorted_rows, sorted_places = candidates[order], places[order]
    if replaced:
        counts = np.ones(sorted_rows.size, np.int64)
        is_odd = odd[sorted_rows]
        counts[is_odd] = [len(replaced[r]) for r in sorted_rows[is_odd].tolist()]
        final = np.repeat(sorted_rows, counts)
        slots = np.flatnonzero(odd[final])
        final[slots] = [s for r in sorted_rows[is_odd].tolist() for s in replaced[r]]
        sorted_rows, sorted_places = final, np.repeat(sorted_places, counts)
    starts = np.searchsorted(sorted_places, np.arange(blocks + 4)).astype(np.int64)
    return starts, sorted_rows.astype(np.int32)
