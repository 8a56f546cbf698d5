"""Entities made of columns when somebody asks for them; texts and references are kept once they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import Curve
from drawings.cad.fast.columns import FILLED, FLAGS, HANDLE0, HANDLE1, INSERT, KIND, KNOWN, WORDS, XDATA0, Z
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.instances import FIRST, LAST, ROW, Instances
from drawings.cad.fast.skeleton import given_handle
from drawings.cad.fast.tags import Longs
from drawings.cad.fast.words import Words
from drawings.cad.model import CadEntity

KIND_NAMES = {number: name for name, number in KNOWN.items()}
_ROOM = 500_000_000  # bytes that kept entities may take, about
_EACH = 450  # bytes of one without its text


class Maker:
    """Makes the entities of one drawing."""

    def __init__(self, words: Words, instances: Instances, layers: Sequence[str]) -> None:
        """``layers``: names by number."""
        self._words = words
        self._instances = instances
        self._layers = layers
        self._colors: dict[int, str] = {}
        self._prefixes: dict[int, str] = {-1: ""}
        self._known: npt.NDArray[np.object_] | None = None  # by number of the instance, None where not kept
        self._room = _ROOM

    def prefix(self, path: int) -> str:
        """What handles of entities on a path of block references begin with."""
        found = self._prefixes.get(path)
        if found is None:
            parent, row = self._instances.paths[path].tolist()
            found = self.prefix(parent) + self._words.handle(row) + "/"
            self._prefixes[path] = found
        return found

    def kept(self, numbers: Longs) -> list[CadEntity]:
        """Entities that many ask for (texts, references): made once, and kept as far as there is room."""
        if self._known is None:
            self._known = np.full(len(self._instances.ints), None, object)
        known = self._known[numbers]
        new = np.array([e is None for e in known.tolist()], np.bool_)
        if new.any():
            made = list(self.entities(numbers[new]))
            known[new] = made
            if self._room > 0:
                self._known[numbers[new]] = made
                self._room -= sum(_EACH + len(e.text or "") for e in made)
        found: list[CadEntity] = known.tolist()
        return found

    def entities(self, numbers: Longs, *, with_curves: bool = True) -> Iterator[CadEntity]:
        """Instances by number, as entities."""
        if not numbers.size:
            return
        instances, words = self._instances, self._words
        taken = instances.ints[numbers]
        curve_of = self._curves(taken) if with_curves else None
        sources = words.rows.ints[taken[:, ROW]].tolist()
        elevations = words.rows.floats[taken[:, ROW], Z].tolist()
        anchors = zip(
            instances.x[numbers].tolist(),
            instances.y[numbers].tolist(),
            instances.height[numbers].tolist(),
            instances.rotation[numbers].tolist(),
            strict=True,
        )
        raw, colors, layers = words.raw, self._colors, self._layers
        for line, own, z, (x, y, height, rotation) in zip(
            taken.tolist(), sources, elevations, anchors, strict=True
        ):
            row, path, layer, tint, first, last = line
            color = colors.get(tint) or colors.setdefault(tint, f"#{tint:06x}")
            curves = tuple([curve_of(k) for k in range(first, last)]) if curve_of is not None else ()
            at = (x, y) if x == x else None  # NaN: no anchor
            prefix = self.prefix(path) if path >= 0 else ""
            kind, flags = own[KIND], own[FLAGS]
            if kind < 0:
                foreign = words.foreign[row]
                yield replace(
                    foreign,
                    handle=prefix + foreign.handle,
                    layer=layers[layer],
                    color=color,
                    curves=curves,
                    at=at,
                    height=height,
                    rotation=rotation,
                    in_block=path >= 0,
                )
                continue
            insert = kind == INSERT
            yield CadEntity(
                prefix + (raw(own[HANDLE0], own[HANDLE1]) or given_handle(row)),
                KIND_NAMES[kind],
                layers[layer],
                color,
                curves,
                bool(flags & FILLED),
                at,
                (words.shared(row) if path >= 0 else words.text(row)) if flags & WORDS else None,
                height,
                rotation,
                words.attributes(row) if insert else {},
                words.xdata(row) if own[XDATA0] >= 0 else {},
                words.block(row) if insert else None,
                path >= 0,
                z,
            )

    def _curves(self, taken: npt.NDArray[np.int32]) -> Callable[[int], Curve]:
        """Maker of the curves (by number) of some instances; the vertices are turned into numbers in one go."""
        instances = self._instances
        first, last = int(taken[:, FIRST].min()), int(taken[:, LAST].max())
        if last - first > 4 * int((taken[:, LAST] - taken[:, FIRST]).sum()) + 64:  # far apart

            def single(number: int) -> Curve:
                a, b = instances.curve_start[number : number + 2].tolist()
                flags = int(instances.curve_flags[number])
                points = tuple(zip(instances.vx[a:b].tolist(), instances.vy[a:b].tolist(), strict=True))
                return Curve(
                    points,
                    tuple(instances.bulge[a:b].tolist()) if flags & BULGED else None,
                    bool(flags & CLOSED),
                )

            return single
        starts = instances.curve_start[first : last + 1]
        origin = int(starts[0])
        bounds = (starts - origin).tolist()
        kinds = instances.curve_flags[first:last].tolist()
        span = slice(origin, int(starts[-1]))
        points = list(zip(instances.vx[span].tolist(), instances.vy[span].tolist(), strict=True))
        bulges = instances.bulge[span].tolist()

        def one(number: int) -> Curve:
            k = number - first
            a, b, flags = bounds[k], bounds[k + 1], kinds[k]
            return Curve(
                tuple(points[a:b]), tuple(bulges[a:b]) if flags & BULGED else None, bool(flags & CLOSED)
            )

        return one
