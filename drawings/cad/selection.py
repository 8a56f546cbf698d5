"""Entities wanted of a drawing; those of a large file that are not wanted need not be made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from drawings.cad.curve import Array
from drawings.cad.curve_batch import Bools, CurveBatch, Longs
from drawings.cad.model import CadEntity

#: kinds that are drawn as lines and never hold a text
OUTLINES = frozenset(
    {"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE", "HATCH", "POINT", "SOLID", "TRACE",
     "3DFACE"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entities are wanted; None where it does not matter.

    Attributes:
        layers: names. kinds: DXF types. without: DXF types that are not wanted.
        under: handles of block references the entity lies in one of, at any depth. beside: of those it lies in none of.
    """

    layers: Collection[str] | None = None
    kinds: Collection[str] | None = None
    without: Collection[str] = ()
    under: Collection[str] | None = None
    beside: Collection[str] = ()

    def holds_kind(self, kind: str) -> bool:
        """True if entities of a DXF type may be wanted."""
        return (self.kinds is None or kind in self.kinds) and kind not in self.without

    def holds(self, entity: CadEntity) -> bool:
        """True if an entity is wanted."""
        return (
            (self.layers is None or entity.layer in self.layers)
            and self.holds_kind(entity.kind)
            and (self.under is None or any(p in self.under for p in prefixes(entity.handle)))
            and not (self.beside and any(p in self.beside for p in prefixes(entity.handle)))
        )


EVERYTHING = Wanted()


@dataclass(slots=True)
class Outlines:
    """What entities of one layer draw, in columns; the entities are made when they are asked for.

    Attributes:
        curves: all their curves. owner: number of the entity of each curve. z, in_block: of each entity.
        make: makes entities (by number, rising) without their curves.
    """

    layer: str
    curves: CurveBatch
    owner: Longs
    z: Array
    in_block: Bools
    make: Callable[[Longs], list[CadEntity]]
    _made: dict[int, CadEntity] = field(default_factory=dict)

    def entity(self, number: int) -> CadEntity:
        """One entity, without its curves."""
        found = self._made.get(number)
        if found is None:
            found = self._made[number] = self.make(np.array([number]))[0]
        return found

    def entities(self, numbers: Longs) -> list[CadEntity]:
        """Many entities, without their curves; each is the same object whenever it is asked for."""
        known, wanted = self._made, numbers.tolist()
        new = sorted({n for n in wanted if n not in known})
        if new:
            known.update(zip(new, self.make(np.array(new)), strict=True))
        return [known[n] for n in wanted]


@runtime_checkable
class Pickable(Protocol):
    """A sequence of entities that can make only some of them."""

    def pick(self, wanted: Wanted) -> Iterator[CadEntity]:
        """The wanted ones in drawing order."""

    def outlines(self, wanted: Wanted, *, with_texts: bool) -> Iterator[Outlines]:
        """What the wanted ones draw, layer by layer, first drawn first."""

    def kinds_by_layer(self) -> dict[str, dict[str, int]]:
        """How many entities of each type lie on each layer, layers and those of blocks too, first drawn first."""

    def layers_drawn(self, wanted: Wanted) -> list[str]:
        """Layers of wanted entities (and perhaps of others), first drawn first."""

    def entities_by_layer(self) -> dict[str, int]:
        """How many entities lie on each layer, those of blocks too."""


def picked(entities: Sequence[CadEntity], wanted: Wanted) -> Iterator[CadEntity]:
    """The wanted entities in drawing order."""
    return entities.pick(wanted) if isinstance(entities, Pickable) else filter(wanted.holds, entities)


def layers_drawn(entities: Sequence[CadEntity], wanted: Wanted = EVERYTHING) -> list[str]:
    """Layers of the wanted entities (of a large file perhaps of others too), first drawn first."""
    if isinstance(entities, Pickable):
        return entities.layers_drawn(wanted)
    return list(dict.fromkeys(e.layer for e in entities if wanted.holds(e)))


def entities_by_layer(entities: Sequence[CadEntity]) -> dict[str, int]:
    """How many entities lie on each layer, those of blocks too."""
    return (
        entities.entities_by_layer() if isinstance(entities, Pickable) else Counter(e.layer for e in entities)
    )


def kinds_by_layer(entities: Sequence[CadEntity]) -> dict[str, dict[str, int]]:
    """How many entities of each type lie on each layer, those of blocks too; layers first drawn on first."""
    if isinstance(entities, Pickable):
        return entities.kinds_by_layer()
    out: dict[str, dict[str, int]] = defaultdict(Counter)
    for entity in entities:
        out[entity.layer][entity.kind] += 1
    return out


def outlines(
    entities: Sequence[CadEntity], wanted: Wanted, *, with_texts: bool = False
) -> Iterator[Outlines]:
    """What the wanted entities draw, one layer after the other, in the order they are first drawn on.

    Args:
        with_texts: take what texts draw too.
    """
    if isinstance(entities, Pickable):
        yield from entities.outlines(wanted, with_texts=with_texts)
        return
    by_layer: dict[str, list[CadEntity]] = defaultdict(list)
    for entity in filter(wanted.holds, entities):
        if with_texts or entity.text is None:
            by_layer[entity.layer].append(entity)
    for name, found in by_layer.items():
        bare = [e.without_curves() for e in found]
        yield Outlines(
            name,
            CurveBatch([c for e in found for c in e.curves]),
            np.repeat(np.arange(len(found)), [len(e.curves) for e in found]),
            np.array([e.z for e in found]),
            np.array([e.in_block for e in found], np.bool_),
            partial(_some, bare),
        )


def _some(entities: Sequence[CadEntity], numbers: Longs) -> list[CadEntity]:
    return [entities[n] for n in numbers.tolist()]


def prefixes(handle: str) -> list[str]:
    """Handles of the inserts an entity lies in, outermost first."""
    parts = handle.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]
