"""A ring on its way to becoming a shape, and what every step of an interpretation shares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.cad.curve import Curve
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import OUTLINES, Wanted, entities_by_layer, layers_drawn, picked
from drawings.deadline import Deadline
from drawings.issues import Collector
from drawings.reading import Reading
from drawings.shapes.repairs import Ledger
from drawings.standards.attributes import Gathered
from drawings.standards.guess import spoken
from drawings.standards.standards import Match, Role, Roles, Standard, roles
from drawings.standards.vocabulary import Vocabulary, vocabulary


@dataclass(slots=True)
class Ring:
    """A ring or line on its way to becoming a shape."""

    match: Match
    entity: CadEntity
    geometry: BaseGeometry
    area: float | None
    members: tuple[str, ...]
    valid: bool = True
    hatch: bool = False
    gathered: Gathered = field(default_factory=Gathered)
    free_text: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    speaks: bool = False  # a text in it speaks of a building
    holes: list[Ring] = field(default_factory=list)
    role: str = field(init=False)

    def __post_init__(self) -> None:
        self.role = self.match.role


class OutOfRoomError(Exception):
    """More chords than fit into memory."""


class Work:
    """What every step of an interpretation shares."""

    def __init__(
        self,
        cad: CadFile,
        standard: Standard | None,
        issues: Collector,
        settings: Reading,
        ledger: Ledger,
        deadline: Deadline,
    ) -> None:
        self.cad = cad
        self.standard = standard
        self.settings = settings
        self.issues = issues
        self.ledger = ledger
        self.deadline = deadline
        self.scale = cad.units.metres_per_unit
        self.chord = settings.chord_tolerance_m / self.scale
        self.chords_left = settings.limits.chords
        self.limit_vertices = settings.limits.ring_vertices
        self.elevation = settings.limits.elevation_m
        self.catalogue: Roles = roles()
        self.tolerances = self.catalogue.tolerances
        self.words = Vocabulary(standard.attributes, self._spoken) if standard is not None else vocabulary()
        self.drawing_attributes: dict[str, str] = {}
        self.told_at: dict[
            str, tuple[str, str, tuple[float, float] | None]
        ] = {}  # layer, handle, place of the text
        self.matches: dict[str, Match | None] = {}
        if standard is not None:
            drawn = {d.layer for d in cad.dimensions} | set(layers_drawn(cad.entities))
            names = set(cad.layers) | drawn
            for number, name in enumerate(names):
                if number % 1000 == 0:
                    deadline.check()
                self.matches[name] = standard.match(name)

    def _spoken(self) -> frozenset[str]:
        return spoken(layers_drawn(self.cad.entities))

    @property
    def planned(self) -> int:
        """How many entities lie on layers with a role that is computed with."""
        counts = entities_by_layer(self.cad.entities)
        return sum(
            counts.get(n, 0) for n, m in self.matches.items() if m is not None and m.role != "reference"
        )

    def written(self) -> Iterator[CadEntity]:
        """Texts, block references and whatever else is not plainly an outline, in drawing order.

        Raises:
            OutOfTimeError: the time is over.
        """
        for number, entity in enumerate(picked(self.cad.entities, Wanted(without=OUTLINES))):
            if number % 1000 == 0:
                self.deadline.check()
            yield entity

    def make_room(self, curves: CurveBatch) -> None:
        """Count the chords that some curves become.

        Raises:
            OutOfRoomError: with those before they are too many.
        """
        self.chords_left -= curves.chords(self.chord)
        if self.chords_left < 0:
            raise OutOfRoomError

    def role(self, match: Match) -> Role:
        """The role a layer rule gives."""
        return self.catalogue.roles[match.role]

    def tell(self, code: str, match: Match, entity: CadEntity, **values: object) -> None:
        """An issue about an entity on a layer with a role."""
        role = self.role(match)
        values.setdefault("at", entity.at)
        values.setdefault("handle", entity.handle)
        self.issues.add(code, layer=entity.layer, role=role.zh, role_en=role.en, **values)

    def metres(self, point: tuple[float, float]) -> tuple[float, float]:
        """A drawing point in metres."""
        return point[0] * self.scale, point[1] * self.scale

    def line(self, curve: Curve) -> LineString:
        """A curve as a line in metres."""
        return LineString([self.metres(p) for p in curve.flatten(self.chord)])

    def enter(
        self,
        kind: str,
        match: Match,
        entities: Sequence[CadEntity],
        before: Sequence[Curve],
        after: Curve | None,
        *,
        rule: str | None,
        at: tuple[float, float] | None = None,
        size: float = 0.0,
    ) -> bool:
        """Enter a repair made of curves into the ledger; True if it is to be applied."""
        passed = self.ledger.passed(kind, rule)
        if passed is not None:
            return passed
        lines = CurveBatch([c for c in before if len(c.points) >= 2]).lines(self.chord, self.scale)
        ring: Polygon | None = None
        area: float | None = None
        if after is not None:
            points = CurveBatch([after]).flatten(self.chord).xy * self.scale
            ring = Polygon(points) if len(points) >= 3 else None
            area = abs(after.area()) * self.scale * self.scale
        if not size and len(before) == 1 and after is not None:
            size = math.dist(before[0].start, before[0].end) * self.scale
        return self.ledger.enter(
            kind,
            role=match.role,
            layer=entities[0].layer,
            handles=[e.handle for e in entities],
            at=at or entities[0].at,
            size_m=size,
            before=shapely.MultiLineString(list(lines)) if len(lines) != 1 else lines[0],
            after=ring,
            area_before=None,
            area_after=area,
            rule=rule,
        )
