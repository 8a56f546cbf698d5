"""Entities kept in columns and handed out as objects only when asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from drawings.cad.curve_batch import CurveBatch
from drawings.cad.fast.columns import (
    FLAGS,
    KIND,
    KNOWN,
    PARTED,
    TEXT0,
    TEXT1,
    WORDS,
    Z,
)
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.geometries import Geometries, geometries
from drawings.cad.fast.instances import FIRST, LAST, LAYER, PATH, ROW, Instances
from drawings.cad.fast.making import KIND_NAMES, Maker
from drawings.cad.fast.tags import Longs, gather
from drawings.cad.fast.words import Words
from drawings.cad.model import CadEntity
from drawings.cad.selection import OUTLINES, Outlines, Wanted
from project_box.kernel.catalogue import uncollected

_CHUNK = 4096  # entities made at once
_KEPT = 100_000  # more entities than this are made anew whenever they are looked at
#: what may stand between the letters of a word in formatted text
_FORMATTING = re.compile(r"\\[a-z][^;\\{}\n]*;|\\[^;\n]|[{}]")


class EntityTable(Sequence[CadEntity]):
    """The entities of a drawing as a sequence of :class:`CadEntity`, made when they are looked at.

    ``table[i]``, slices and iteration behave like a tuple's; those of a middling drawing are kept once somebody has
    iterated over all of them. :meth:`pick` makes only the entities asked for, :meth:`geometries` none.
    """

    def __init__(self, words: Words, instances: Instances, layers: Sequence[str], shown: Longs) -> None:
        """``layers``: names by number. ``shown``: numbers of the instances that count."""
        self._words = words
        self._instances = instances
        self._layers = list(layers)
        self._shown = shown
        self._maker = Maker(words, instances, self._layers)
        self._kept: tuple[CadEntity, ...] | None = None

    def __len__(self) -> int:
        return int(self._shown.size)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )  # lengths are equal

    __hash__ = None  # type: ignore[assignment]  # like a list: compared by content

    def __repr__(self) -> str:
        return f"<EntityTable of {len(self)} entities>"

    @overload
    def __getitem__(self, index: int) -> CadEntity: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CadEntity, ...]: ...
    def __getitem__(self, index: int | slice) -> CadEntity | tuple[CadEntity, ...]:
        if self._kept is not None:
            return self._kept[index]
        if isinstance(index, slice):
            return tuple(self._maker.entities(self._shown[index]))
        if index < -len(self) or index >= len(self):
            raise IndexError(index)
        return next(self._maker.entities(self._shown[index : index + 1 or None]))

    def __iter__(self) -> Iterator[CadEntity]:
        if self._kept is not None:
            yield from self._kept
            return
        made: list[CadEntity] = []
        for first in range(0, len(self), _CHUNK):
            with uncollected():
                lot = list(self._maker.entities(self._shown[first : first + _CHUNK]))
            if len(self) <= _KEPT:
                made += lot
            yield from lot
        if len(self) <= _KEPT:
            self._kept = tuple(made)

    # --- columns -------------------------------------------------------------------------------------------

    @property
    def layer_numbers(self) -> npt.NDArray[np.int32]:
        """Layer of every entity as an index into :attr:`layer_names`."""
        numbers: npt.NDArray[np.int32] = self._instances.ints[self._shown, LAYER]
        return numbers

    @property
    def layer_names(self) -> list[str]:
        """Layer names by number."""
        return list(self._layers)

    def pick(self, wanted: Wanted) -> Iterator[CadEntity]:
        """The wanted entities, in drawing order; most of the others are never made."""
        if self._kept is not None:
            yield from filter(wanted.holds, self._kept)
            return
        picked = self._picked(wanted)
        known = self._words.rows.ints[self._instances.ints[picked, ROW], KIND] >= 0
        make = self._maker.entities if any(map(wanted.holds_kind, OUTLINES)) else self._maker.kept
        for first in range(0, picked.size, _CHUNK):
            with uncollected():
                lot = list(make(picked[first : first + _CHUNK]))
            if known[first : first + _CHUNK].all():
                yield from lot
            else:
                yield from filter(wanted.holds, lot)

    def prefix(self, path: int) -> str:
        """What handles of entities on a path of block references begin with."""
        return self._maker.prefix(path)

    def layers_drawn(self, wanted: Wanted) -> list[str]:
        """Layers of the wanted entities, first drawn first."""
        numbers, first = np.unique(self._instances.ints[self._picked(wanted), LAYER], return_index=True)
        return [self._layers[k] for k in numbers[np.argsort(first)].tolist()]

    def entities_by_layer(self) -> dict[str, int]:
        """How many entities lie on each layer, those of blocks too."""
        counts = np.bincount(self.layer_numbers, minlength=len(self._layers)).tolist()
        return dict(zip(self._layers, counts, strict=False))

    def _picked(self, wanted: Wanted) -> Longs:
        """Instances that may be wanted: what only the entity itself tells is not looked at."""
        lines = self._instances.ints[self._shown]
        good = np.ones(len(lines), bool)
        if wanted.layers is not None:
            known = [number for number, name in enumerate(self._layers) if name in wanted.layers]
            good &= np.isin(lines[:, LAYER], known)
        kinds = self._words.rows.ints[lines[:, ROW], KIND]  # negative: only the entity itself tells
        if wanted.kinds is not None:
            good &= (kinds < 0) | np.isin(kinds, [KNOWN[k] for k in wanted.kinds if k in KNOWN])
        good &= ~np.isin(kinds, [KNOWN[k] for k in wanted.without if k in KNOWN])
        if wanted.under is not None:
            good &= self._inside(wanted.under)[lines[:, PATH]]
        if wanted.beside:
            good &= ~self._inside(wanted.beside)[lines[:, PATH]]
        return self._shown[good]

    def _inside(self, handles: Collection[str]) -> npt.NDArray[np.bool_]:
        """Of every path, whether it leads through one of these block references; the last one is model space itself."""
        inside = np.zeros(len(self._instances.paths) + 1, bool)
        for path, (parent, _) in enumerate(self._instances.paths.tolist()):
            inside[path] = inside[parent] or self._maker.prefix(path)[:-1] in handles
        return inside

    def kinds_by_layer(self) -> dict[str, dict[str, int]]:
        """How many entities of each type lie on each layer, layers and those of blocks too, first drawn first."""
        lines = self._instances.ints[self._shown]
        kinds = self._words.rows.ints[lines[:, ROW], KIND].astype(np.int64)
        names = dict(KIND_NAMES)
        for k in np.flatnonzero(kinds < 0).tolist():
            kind = self._words.foreign[int(lines[k, ROW])].kind
            number = KNOWN.get(kind) or next((n for n, name in names.items() if name == kind), None)
            kinds[k] = number if number is not None else len(KNOWN) + 64 + len(names)
            names.setdefault(int(kinds[k]), kind)
        pairs, first, counts = np.unique(lines[:, LAYER] + 1j * kinds, return_index=True, return_counts=True)
        out: dict[str, dict[str, int]] = {}
        for k in np.argsort(first).tolist():
            layer = out.setdefault(self._layers[int(pairs[k].real)], {})
            layer[names[int(pairs[k].imag)]] = int(counts[k])
        return out

    def outlines(self, wanted: Wanted, *, with_texts: bool = False) -> Iterator[Outlines]:
        """What the wanted entities draw, layer by layer, first drawn first; without what texts draw unless asked."""
        instances, rows = self._instances, self._words.rows
        picked = self._picked(wanted)
        lines = instances.ints[picked]
        foreign = self._words.foreign
        keep = np.ones(picked.size, np.bool_) if with_texts else rows.ints[lines[:, ROW], FLAGS] & WORDS == 0
        for k in np.flatnonzero(rows.ints[lines[:, ROW], KIND] < 0).tolist():
            made = foreign[int(lines[k, ROW])]
            keep[k] = (with_texts or made.text is None) and wanted.holds_kind(made.kind)
        picked, lines = picked[keep], lines[keep]
        numbers, first = np.unique(lines[:, LAYER], return_index=True)
        for number in numbers[np.argsort(first)].tolist():
            chosen = lines[:, LAYER] == number
            yield self._outlines_of(self._layers[number], picked[chosen])

    def _outlines_of(self, layer: str, numbers: Longs) -> Outlines:
        instances, rows = self._instances, self._words.rows
        lines = instances.ints[numbers]
        counts = (lines[:, LAST] - lines[:, FIRST]).astype(np.int64)
        owner = np.repeat(np.arange(numbers.size), counts)
        so_far = np.cumsum(counts) - counts
        curves = lines[owner, FIRST] + np.arange(owner.size) - so_far[owner]
        z = rows.floats[lines[:, ROW], Z].copy()
        for k in np.flatnonzero(rows.ints[lines[:, ROW], KIND] < 0).tolist():
            z[k] = self._words.foreign[int(lines[k, ROW])].z
        return Outlines(
            layer,
            self._batch(curves),
            owner,
            z,
            lines[:, PATH] >= 0,
            lambda wanted: list(self._maker.entities(numbers[wanted], with_curves=False)),
        )

    def _batch(self, curves: Longs) -> CurveBatch:
        """Curves by their numbers."""
        instances = self._instances
        first = instances.curve_start[curves].astype(np.int64)
        sizes = instances.curve_start[curves + 1] - first
        start = np.concatenate(([0], np.cumsum(sizes)))
        vertex = np.arange(start[-1]) + np.repeat(first - start[:-1], sizes)
        flags = instances.curve_flags[curves]
        bulge = instances.bulge[vertex]
        bulge[np.repeat(flags & BULGED == 0, sizes)] = 0.0
        xy = np.stack((instances.vx[vertex], instances.vy[vertex]), axis=1)
        return CurveBatch.of_columns(start, xy, bulge, (flags & CLOSED).astype(np.bool_))

    def geometries(self, tolerance: float) -> Geometries:
        """One shapely geometry per entity, in order.

        Args:
            tolerance: greatest distance between an arc and the chords that stand for it, drawing units. Areas are exact
                all the same (equal-area chords).

        Returns:
            polygons for closed curves of three vertices or more, lines for other curves, points for entities with an
            anchor only; filled entities of several curves are areas by the even-odd rule, other entities of several
            curves collections. None where there is nothing to draw.
        """
        with uncollected():
            every = geometries(self._instances, self._words.rows.ints[:, FLAGS], tolerance)
        return every if self._shown.size == every.size else every[self._shown]

    def by_layer(self, tolerance: float) -> dict[str, Geometries]:
        """The geometries of :meth:`geometries` by layer name, in drawing order within a layer."""
        found = self.geometries(tolerance)
        numbers = self.layer_numbers
        order = np.argsort(numbers, kind="stable")
        bounds = np.searchsorted(numbers[order], np.arange(len(self._layers) + 1))
        return {
            name: found[order[bounds[k] : bounds[k + 1]]]
            for k, name in enumerate(self._layers)
            if bounds[k + 1] > bounds[k]
        }

    # --- texts ---------------------------------------------------------------------------------------------

    def sample_of_texts(self, most: int) -> list[CadEntity]:
        """Up to ``most`` text entities, spread evenly over the drawing."""
        ints = self._words.rows.ints
        numbers = self._shown[(ints[self._instances.ints[self._shown, ROW], FLAGS] & WORDS) != 0]
        if numbers.size > most:
            numbers = numbers[np.linspace(0, numbers.size - 1, most).astype(np.int64)]
        return [e for e in self._maker.entities(numbers) if e.text]

    def texts_with(self, words: Collection[str], shortest: int = 0) -> Iterator[str]:
        """Contents of the texts that may hold one of the words (lower case), once however often they are drawn.

        Most texts are passed over without being decoded one by one.
        """
        ints = self._words.rows.ints
        drawn = np.zeros(len(ints), bool)
        drawn[self._instances.ints[self._shown, ROW]] = True
        rows = np.flatnonzero(drawn & ((ints[:, FLAGS] & WORDS) != 0))
        foreign = rows[ints[rows, KIND] < 0].tolist()
        yield from (t for r in foreign if (t := self._words.text(r)))
        rows = rows[(ints[rows, KIND] >= 0) & (ints[rows, TEXT1] - ints[rows, TEXT0] >= shortest)]
        if not rows.size:
            return
        joined = gather(
            np.frombuffer(self._words.data, np.uint8), ints[rows, TEXT0], ints[rows, TEXT1]
        ).tobytes()
        folded = unicodedata.normalize("NFKC", joined.decode(self._words.encoding, "replace")).lower()
        raws = _FORMATTING.sub("", folded).split("\n")
        if len(raws) != rows.size:  # a line end of another alphabet: look at each
            raws = list(words)[:1] * rows.size
        wanted = re.compile("|".join(map(re.escape, words)))
        parted = (ints[rows, FLAGS] & PARTED) != 0
        for row, raw, split in zip(rows.tolist(), raws, parted.tolist(), strict=True):
            if (split or wanted.search(raw)) and (text := self._words.text(row)):
                yield text
