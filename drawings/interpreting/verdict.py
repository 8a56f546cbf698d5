"""All that speaks for the roles of layers and rings weighed together: names, declared areas, labels, legend, shapes.

A layer whose name says what it holds keeps that role; only what the drawing declares or explains goes before it. A
layer whose name says nothing takes the role of its rings if they have one; else every ring has its own (``Sorted``).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drawings.cad.model import CadFile
from drawings.cad.selection import Wanted, picked
from drawings.deadline import Deadline
from drawings.interpreting.claims import claims
from drawings.interpreting.clues import Clue, Clues, evidence, find_clues
from drawings.interpreting.scene import Drawn, Scene, strokes_of, texts_of
from drawings.interpreting.text_tables import read_tables
from drawings.issues import Collector
from drawings.reading import Reading
from drawings.shapes.repairs import Ledger
from drawings.shapes.work import Work
from drawings.standards.guess import Guess, guesses, words

#: layers that everything may lie on
_ANYTHING = frozenset({"0", "DEFPOINTS"})
#: what goes before the name of a layer
_BEFORE_NAMES = frozenset({"declared", "written", "legend", "line_named"})
_BEFORE_NOTES = frozenset({"declared", "written"})
#: roles of floor plans: their texts name storeys, not buildings
_OF_PLANS = frozenset({"floor_frame", "area_full", "area_half", "area_none", "area_deduct", "unit_inner"})
#: one building, whichever of them its layer names
_BUILDING = ("footprint", "outline", "adjacent")
_PARKING = ("parking_car", "parking_bike")
_SHARE = 0.3  # of a layer's rings that tell its role, from which on all of them have it


@dataclass(frozen=True, slots=True)
class Sorted:
    """A ring, line or block with a role that its layer as a whole does not have.

    ``members``: handles of its entities.
    """

    handle: str
    layer: str
    members: tuple[str, ...]
    guess: Guess


@dataclass(frozen=True, slots=True)
class Verdict:
    """Proposed roles of layers, the likeliest first, and of single rings of layers that hold several."""

    layers: Mapping[str, tuple[Guess, ...]]
    rings: tuple[Sorted, ...] = ()


def verdict(
    cad: CadFile, names: Mapping[str, tuple[Guess, ...]], drawn: Sequence[Drawn], settings: Reading
) -> Verdict:
    """Weigh what a drawing shows.

    Args:
        names: layer → what its name and the kinds of its entities say. drawn: its valid rings, each once.
    """
    most = evidence().most
    known = {
        n: g[0].role
        for n, g in names.items()
        if g and g[0].confidence >= words().accept_from and _says(n, g[0])
    }
    texts = texts_of(cad, most["texts"])
    few = len(cad.entities) <= most["entities"]
    strokes = strokes_of(cad, settings.chord_tolerance_m / cad.units.metres_per_unit) if few else []
    scene = Scene(sorted(drawn, key=lambda r: -r.area)[: most["rings"]], texts, strokes)
    work = Work(
        cad, None, Collector(0), settings, Ledger(None, 0), Deadline(settings.limits.interpret_seconds)
    )
    found = (
        claims(texts, read_tables(work), work.words, evidence().figures, evidence().written) if few else []
    )
    plans = not _OF_PLANS.isdisjoint(known.values())
    return _Weighing(scene, find_clues(scene, found, known, plans=plans), names, known, cad).verdict()


def _says(layer: str, guess: Guess) -> bool:
    return layer.upper() not in _ANYTHING


class _Weighing:
    def __init__(
        self,
        scene: Scene,
        clues: Clues,
        names: Mapping[str, tuple[Guess, ...]],
        known: Mapping[str, str],
        cad: CadFile,
    ) -> None:
        self.scene, self.clues, self.names, self.known, self.cad = scene, clues, names, known, cad
        self.by_layer: dict[str, list[int]] = defaultdict(list)
        for number, ring in enumerate(scene.rings):
            if number not in clues.samples:
                self.by_layer[ring.layer].append(number)

    def verdict(self) -> Verdict:
        layers: dict[str, tuple[Guess, ...]] = {}
        single: list[Sorted] = []
        for name, offers in self.names.items():
            layers[name], found = self._layer(name, offers)
            single += found
        single += self._blocks({m for s in single for m in s.members})
        return Verdict(layers, tuple(single))

    def _layer(self, name: str, offers: tuple[Guess, ...]) -> tuple[tuple[Guess, ...], list[Sorted]]:
        numbers = self.by_layer.get(name, [])
        role = self.known.get(name)
        own = {n: self._clues(n) for n in numbers}
        best = {n: g for n in numbers if (g := self._best(offers, own[n], role)) is not None}
        if role is not None:
            return self._named(name, role, offers, own, best)
        lines = self._lines(name, offers)
        told = Counter(g.role for g in best.values())
        if not best:
            return (lines, []) if lines else (offers, [])
        (first, count), *more = told.most_common()
        alone = first == "site_boundary" and count < len(numbers)
        if (
            name.upper() not in _ANYTHING
            and not more
            and not alone
            and not lines
            and count >= _SHARE * len(numbers)
        ):
            top = max(best.values(), key=lambda g: g.confidence)
            return (top, *(o for o in offers if o.role != first)), []
        out = [self._sorted(n, g) for n, g in best.items()]
        return (lines or offers), out + self._sorted_lines(name, lines)

    def _named(
        self,
        name: str,
        role: str,
        offers: tuple[Guess, ...],
        own: Mapping[int, Sequence[Clue]],
        best: Mapping[int, Guess],
    ) -> tuple[tuple[Guess, ...], list[Sorted]]:
        """A layer whose name tells a role: what supports it, and the rings of which the drawing says another."""
        single: list[Sorted] = []
        support: list[Clue] = list(self.clues.layers.get(name, ()))
        for number, found in own.items():
            other = best.get(number)
            before = _BEFORE_NOTES if role in ("reference", "plan_info") else _BEFORE_NAMES
            sorts = {c.sort for c in found if other is not None and _alike(c.role, other.role)}
            if other is not None and not _alike(other.role, role) and sorts & before:
                single.append(self._sorted(number, other))
            support += [c for c in found if _alike(c.role, role)]
        first = _weighed(role, offers[0], support)
        if len(single) == len(own) and len({s.guess.role for s in single}) == 1 and single:
            return (single[0].guess, *offers), []  # the name misleads
        return (first, *offers[1:]), single

    def _clues(self, number: int) -> list[Clue]:
        ring = self.scene.rings[number]
        return [
            *self.clues.rings.get(number, ()),
            *self.clues.pens.get((ring.layer, ring.color), ()),
            *self.clues.layers.get(ring.layer, ()),
        ]

    def _best(self, offers: Sequence[Guess], found: Sequence[Clue], known: str | None) -> Guess | None:
        """The role that most speaks for; None if it is not enough, or two are too near to each other."""
        building = known if known in _BUILDING else None
        clues = [_as(c, building) for c in found]
        if building is None and any(c.role == "footprint" for c in clues):
            clues = [_as(c, "footprint") for c in clues]
        named = {o.role: o for o in offers}
        weighed = [_weighed(r, named.get(r), clues) for r in {c.role for c in clues} | set(named)]
        ranked = sorted(weighed, key=lambda g: (-g.confidence, g.role))
        if not ranked or ranked[0].confidence < words().accept_from:
            return None
        if len(ranked) > 1 and ranked[0].confidence - ranked[1].confidence < evidence().margin:
            strong = {c.role for c in clues if c.sort in ("declared", "written")}
            return ranked[0] if strong == {ranked[0].role} else None
        return ranked[0]

    def _lines(self, name: str, offers: tuple[Guess, ...]) -> tuple[Guess, ...]:
        """The role that the legend or words on its lines give a layer of open lines."""
        pens = {s.color for s in self.scene.strokes if s.layer == name}
        found = [c for color in pens for c in self.clues.pens.get((name, color), ())]
        best = self._best(offers, found, None) if found else None
        return (best,) if best is not None else ()

    def _sorted(self, number: int, guess: Guess) -> Sorted:
        ring = self.scene.rings[number]
        members = ring.members
        if ring.in_block and guess.role in _PARKING:
            members = (ring.handle.split("/")[0],)
        return Sorted(ring.handle, ring.layer, members, guess)

    def _sorted_lines(self, name: str, lines: tuple[Guess, ...]) -> list[Sorted]:
        if not lines or name.upper() not in _ANYTHING:
            return []
        pens = {
            p
            for p, found in self.clues.pens.items()
            if p[0] == name and any(c.role == lines[0].role for c in found)
        }
        return [
            Sorted(s.handle, s.layer, (s.handle,), lines[0])
            for s in self.scene.strokes
            if (s.layer, s.color) in pens
        ]

    def _blocks(self, taken: set[str]) -> list[Sorted]:
        """Blocks whose name says that they are parking bays, on layers that say nothing or another sort of bay."""
        out: list[Sorted] = []
        bays = {name: offer for name in self.cad.blocks if (offer := _bay(name)) is not None}
        if not bays:
            return out
        for entity in picked(self.cad.entities, Wanted(kinds={"INSERT"})):
            role = self.known.get(entity.layer)
            offer = bays.get(entity.block or "")
            if offer is None or entity.handle in taken or offer.role == role:
                continue
            if role is not None and role not in _PARKING:
                continue
            why = f"图块名“{entity.block}”（{offer.why}）", f"block {entity.block!r} ({offer.why})"
            guess = Guess(offer.role, max(offer.confidence, evidence().weights["block"]), *why)
            out.append(Sorted(entity.handle, entity.layer, (entity.handle,), guess))
        return out


def _bay(block: str) -> Guess | None:
    """The role of a block whose name says that it is a parking bay."""
    offer = next(iter(guesses(block)), None)
    told = offer is not None and offer.role in _PARKING and offer.confidence >= words().accept_from
    return offer if told else None


def _alike(one: str, other: str) -> bool:
    return one == other or (one in _BUILDING and other in _BUILDING)


def _as(found: Clue, building: str | None) -> Clue:
    """A clue for a building as one for the sort of building that is named."""
    if building is None or found.role not in _BUILDING or found.role == building:
        return found
    return Clue(building, found.sort, found.weight, found.why, found.why_en)


def _weighed(role: str, named: Guess | None, found: Iterable[Clue]) -> Guess:
    """A role with all that speaks for it; clues of one sort count once."""
    by_sort: dict[str, Clue] = {}
    for one in found:
        if _alike(one.role, role):
            by_sort.setdefault(one.sort, one)
    against = math.prod(1 - c.weight for c in by_sort.values())
    if named is not None:
        against *= 1 - named.confidence
    why = [c.why for c in by_sort.values()]
    why_en = [c.why_en for c in by_sort.values()]
    if named is not None:
        why.insert(0, named.why)
        why_en.insert(0, named.why_en or named.why)
    return Guess(role, round(min(0.99, 1 - against), 2), "；".join(why), "; ".join(why_en))
