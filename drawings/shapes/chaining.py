"""Rings of loose lines and arcs: chains that close, cells of what crosses, gaps that are accepted; the rest is told.

Everything done to what was drawn is entered in the ledger of repairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString

from drawings.cad.curve import Curve
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity
from drawings.cad.selection import Outlines
from drawings.shapes.cells import Cell, cells
from drawings.shapes.pairs import Longs
from drawings.shapes.rings import Run, Tangle, joined_batch, runs, twins
from drawings.shapes.work import Ring, Work
from drawings.standards.standards import Match


@dataclass(frozen=True, slots=True)
class Closed:
    """Closed curves that become rings, with the entity that each is named after; ``members``: handles of each ring's
    entities, empty if every ring is made of its entity alone."""

    curves: CurveBatch
    entities: Sequence[CadEntity]
    members: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One closed curve that becomes a ring."""

    entity: CadEntity
    curve: Curve
    members: tuple[str, ...]


class Chainer:
    """Makes rings of the loose curves of one layer."""

    def __init__(self, work: Work, match: Match, found: Outlines, batch: CurveBatch) -> None:
        """``batch``: the curves of ``found``, those closed whose ends coincide."""
        self.work = work
        self.match = match
        self.found = found
        self.batch = batch
        self.kept: Longs = np.zeros(0, np.int64)  # numbers of the loose curves, each drawn once
        self.curves = CurveBatch(())  # these curves
        self.used: set[int] = set()
        self.out: list[Ring | Drawn] = []

    def rings(self, loose: Longs) -> tuple[Closed, list[Ring | Drawn]]:
        """Chains that close; and what else encloses something."""
        self.work.deadline.check()
        self._keep_each_once(loose)
        chains, tangles = runs(
            self.curves.ends(), self.work.tolerances.chain / self.work.scale, self.work.deadline
        )
        # a row of spaces drawn as a frame with lines across: the frame alone is no space
        crossed = self.work.role(self.match).geometry == "ring_or_block" and (
            bool(tangles) or not all(run.closed for run in chains)
        )
        whole = [run for run in chains if run.closed and not crossed]
        left: list[Run | Tangle] = [run for run in chains if crossed or not run.closed]
        left += tangles
        closed = self._chained(whole)
        if left:
            self._crossing(left)
            self._leftover(left)
        return closed, self.out

    def _entity(self, number: int) -> CadEntity:
        """Entity of a kept curve."""
        return self.found.entity(int(self.found.owner[self.kept[number]]))

    def _entities(self, numbers: Sequence[int] | Longs) -> list[CadEntity]:
        return self.found.entities(self.found.owner[self.kept[np.asarray(numbers, np.int64)]])

    def _tell(self, code: str, number: int, **values: object) -> None:
        """An issue about the entity of a kept curve."""
        if self.work.issues.full(code):
            self.work.issues.more(code, 1)
        else:
            self.work.tell(code, self.match, self._entity(number), **values)

    def _keep_each_once(self, loose: Longs) -> None:
        curves = self.batch.subset(loose)
        first = twins(curves, self.work.tolerances.duplicate / self.work.scale)
        again = first != np.arange(loose.size)
        self.kept = loose
        for number, twin in zip(np.flatnonzero(again).tolist(), first[again].tolist(), strict=True):
            if self.work.issues.full("DXF-DUPLICATE"):
                self.work.issues.more("DXF-DUPLICATE", 1)
            else:
                self._tell("DXF-DUPLICATE", number, other=self._entity(twin).handle)
            if self.work.ledger.passed("duplicate", "tolerances.duplicate") is None:
                self.work.enter(
                    "duplicate", self.match, [self._entity(number)], [curves.curve(number)], None,
                    rule="tolerances.duplicate",
                )  # fmt: skip
        self.kept = loose[~again]
        self.curves = curves.subset(np.flatnonzero(~again)) if again.any() else curves

    def _chained(self, whole: Sequence[Run]) -> Closed:
        """Chains that close, each told."""
        joined = joined_batch(self.curves, whole)
        sizes = [len(run.ends) for run in whole]
        parts = self._entities(np.fromiter((e // 2 for run in whole for e in run.ends), np.int64, sum(sizes)))
        handles = [e.handle for e in parts]
        firsts: list[CadEntity] = []
        members: list[tuple[str, ...]] = []
        begin = 0
        for number, (run, size) in enumerate(zip(whole, sizes, strict=True)):
            end = begin + size
            firsts.append(parts[begin])
            members.append(tuple(handles[begin:end]))
            self._tell("DXF-CHAINED", run.ends[0] // 2, count=size)
            if self.work.ledger.passed("chain", "tolerances.chain") is None:
                before = [self.curves.curve(n) for n in run.members]
                self.work.enter(
                    "chain", self.match, parts[begin:end], before, joined.curve(number),
                    rule="tolerances.chain",
                )  # fmt: skip
            begin = end
        return Closed(joined, firsts, members)

    def _crossing(self, left: Sequence[Run | Tangle]) -> None:
        """What did not chain: cells of lines that cross, ends that run on or stop short.

        Cells are taken by rule where three or more ends meet (as parking spaces are drawn) and where nothing has to be
        cut or added on a layer of spaces; everything else is proposed.
        """
        numbers = np.unique(np.fromiter((n for piece in left for n in piece.members), np.int64))
        lines = list(self.curves.subset(numbers).lines(self.work.chord, self.work.scale))
        found = cells(lines, self.work.tolerances.propose, 1e-6, self.work.deadline) if len(lines) > 1 else []
        if found is None:
            self._tell("DXF-CROSSINGS", int(numbers[0]), count=len(numbers))
            found = []
        tangled = {i for piece in left if isinstance(piece, Tangle) for i in piece.members}
        self._entities(numbers[np.unique([i for cell in found for i in cell.members]).astype(np.int64)])
        open_ = {
            frozenset(r.members) for r in left if isinstance(r, Run) and not r.closed and len(r.members) > 1
        }
        for cell in found:
            whole = frozenset(numbers[list(cell.members)].tolist())
            if whole in open_ and cell.cut.length <= self.work.tolerances.chain and not cell.added.is_empty:
                continue  # one chain with a gap between its ends
            if cell.members:
                before = [lines[i] for i in cell.members]
                self._cell(cell, numbers[list(cell.members)].tolist(), before, tangled)

    def _cell(self, cell: Cell, members: list[int], lines: Sequence[LineString], tangled: set[int]) -> None:
        branch = not tangled.isdisjoint(members)
        rule: str | None
        if branch and cell.added.is_empty:
            kind, rule = "cells", "branches"
        elif cell.cut.is_empty and cell.added.is_empty:
            spaces = self.work.role(self.match).geometry == "ring_or_block"
            kind, rule = "cells", "spaces" if spaces else None
        else:
            kind, rule = "overshoot" if cell.added.is_empty else "undershoot", None
        applied = self.work.ledger.passed(kind, rule)
        if applied is None:
            applied = self._propose(cell, members, lines, kind, rule)
        if applied:
            entities = self._entities(members)
            handles = tuple(dict.fromkeys(e.handle for e in entities))
            self.out.append(Ring(self.match, entities[0], cell.ring, cell.ring.area, handles))
            self.used.update(members)
        elif kind != "cells":
            code = "DXF-OVERSHOOT" if kind == "overshoot" else "DXF-UNDERSHOOT"
            self._tell(
                code, members[0], at=self._spot(cell), size=f"{cell.size:.3f}", area=f"{cell.ring.area:.2f}"
            )
            self.used.update(members)

    def _spot(self, cell: Cell) -> tuple[float, float]:
        spot = cell.ring.representative_point()
        return spot.x / self.work.scale, spot.y / self.work.scale

    def _propose(
        self, cell: Cell, members: list[int], lines: Sequence[LineString], kind: str, rule: str | None
    ) -> bool:
        """Enter the repair a cell stands for; True if it is to be applied."""
        entities = self._entities(members)
        return self.work.ledger.enter(
            kind,
            role=self.match.role,
            layer=self.found.layer,
            handles=[e.handle for e in entities],
            at=self._spot(cell),
            size_m=cell.size,
            before=shapely.MultiLineString(lines),
            after=cell.ring,
            area_before=None,
            area_after=cell.ring.area,
            rule=rule,
        )

    def _leftover(self, left: Sequence[Run | Tangle]) -> None:
        """Open chains: a small gap is a proposal, the others are errors; tangles are told."""
        open_ = [piece for piece in left if isinstance(piece, Run)]
        joined = joined_batch(self.curves, open_)
        ends, sizes = joined.ends().tolist(), joined.sizes.tolist()
        lengths = (joined.lengths() * self.work.scale).tolist()
        for number, run in enumerate(open_):
            first = run.ends[0] // 2
            if self.used and not self.used.isdisjoint(run.members):
                continue
            if run.closed:
                self.out.append(Drawn(self._entity(first), joined.curve(number), self._handles(run)))
            elif sizes[number] < 3:
                if self.work.issues.full("DXF-WRONG-KIND"):
                    self.work.issues.more("DXF-WRONG-KIND", 1)
                else:
                    (x, y), kind = ends[number][0], self._entity(first).kind
                    self._tell("DXF-WRONG-KIND", first, kind=kind, at=(x, y))
            else:
                (ax, ay), (bx, by) = ends[number]
                middle = ((ax + bx) / 2, (ay + by) / 2)
                self._gap(run, joined, number, lengths[number], middle)
        for piece in left:
            if isinstance(piece, Tangle):
                self._tell("DXF-BRANCH", piece.members[0], at=piece.at)

    def _handles(self, run: Run) -> tuple[str, ...]:
        return tuple([e.handle for e in self._entities(run.members)])

    def _gap(
        self, run: Run, joined: CurveBatch, number: int, length: float, middle: tuple[float, float]
    ) -> None:
        first = run.ends[0] // 2
        ends = joined.xy[[joined.start[number], joined.start[number + 1] - 1]]
        gap = float(np.hypot(*(ends[1] - ends[0]))) * self.work.scale
        if gap <= max(self.work.tolerances.propose, self.work.tolerances.propose_share * length):
            rule = self._gap_rule(gap)
            applied = self.work.ledger.passed("gap", rule)
            curve = joined.curve(number)
            closed = Curve(curve.points, curve.bulges, closed=True)
            if applied is None:
                before = [self.curves.curve(n) for n in run.members]
                applied = self.work.enter(
                    "gap", self.match, self._entities(run.members), before, closed, rule=rule, at=middle,
                    size=gap,
                )  # fmt: skip
            if applied:
                self._tell("DXF-GAP-CLOSED", first, gap=f"{gap:.3f}", at=middle)
                self.out.append(Drawn(self._entity(first), closed, self._handles(run)))
                return
        self._tell("DXF-NOT-CLOSED", first, gap=f"{gap:.3f}", at=middle)

    def _gap_rule(self, gap: float) -> str | None:
        """The standard's rule that accepts a gap of this width, if it has one."""
        standard = self.work.standard
        if standard is not None and standard.healing.gap >= gap > 0:
            return f"{standard.code}.healing.gap"
        return None
