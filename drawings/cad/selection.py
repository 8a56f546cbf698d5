"""Entities wanted of a drawing; those of a large file that are not wanted need not be made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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
        under: handles of block references the entity lies in one of, at any depth.
    """

    layers: Collection[str] | None = None
    kinds: Collection[str] | None = None
    without: Collection[str] = ()
    under: Collection[str] | None = None

    def holds(self, entity: CadEntity) -> bool:
        """True if an entity is wanted."""
        return (
            (self.layers is None or entity.layer in self.layers)
            and (self.kinds is None or entity.kind in self.kinds)
            and entity.kind not in self.without
            and (self.under is None or any(p in self.under for p in prefixes(entity.handle)))
        )


EVERYTHING = Wanted()


@runtime_checkable
class Pickable(Protocol):
    """A sequence of entities that can make only some of them."""

    def pick(self, wanted: Wanted) -> Iterator[CadEntity]:
        """The wanted ones in drawing order."""

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


def layer_by_layer(entities: Sequence[CadEntity], wanted: Wanted) -> Iterator[tuple[str, list[CadEntity]]]:
    """The wanted entities of one layer after the other, in the order the layers are first drawn on."""
    if isinstance(entities, Pickable):
        for name in entities.layers_drawn(wanted):
            found = list(entities.pick(Wanted([name], wanted.kinds, wanted.without, wanted.under)))
            if found:
                yield name, found
        return
    by_layer: dict[str, list[CadEntity]] = defaultdict(list)
    for entity in filter(wanted.holds, entities):
        by_layer[entity.layer].append(entity)
    yield from by_layer.items()


def prefixes(handle: str) -> list[str]:
    """Handles of the inserts an entity lies in, outermost first."""
    parts = handle.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]
