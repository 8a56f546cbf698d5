"""The computing of 差异图斑 for two layer versions, a few thousand pieces at a time. Never commits."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis.differences import difference_store
from gis.differences.differences import (
    Parts,
    Pieces,
    Relation,
    common,
    joined,
    remainder,
    shape_codes,
    slivers,
)
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.models import DifferenceRun
from project_box.kernel.errors import Conflict
from project_box.service import now

#: pieces of A compared at a time, and pieces of B held beside them
CHUNK, BESIDE = 4_000, 20_000
_NONE = np.array([], dtype=np.int64)


def class_field(definition: LayerDefinition) -> str | None:
    """The attribute a layer's classes come from."""
    return definition.classes.field if definition.classes is not None else None


class Run:
    """One run in progress: what a worker keeps in memory between its transactions.

    A feature in several pieces is put together when its last piece has been compared.
    """

    def __init__(self, session: Session, row: DifferenceRun) -> None:
        self.number = row.id
        self.relation = Relation(row.relation)
        self.a, self.b = (v.id for v in difference_store.versions_of(session, row))
        version_a, version_b = difference_store.versions_of(session, row)
        self.crs, self.crs_b = version_a.check_crs, version_b.check_crs
        catalogue = layer_catalogue()
        one, other = catalogue.get(version_a.layer_code), catalogue.get(version_b.layer_code)
        self.fields = (class_field(one), class_field(other))
        self.scope = scope_of(one.code, other.code, self.relation)
        self.only_b = difference_store.values_matching(session, self.b, self.fields[1], row.classes_b)
        self.cut_a = difference_store.cut_features(session, self.a)
        self.cut_b = (
            {} if self.relation is Relation.OUTSIDE else difference_store.cut_features(session, self.b)
        )
        self.after = 0
        self.waiting: dict[int, list[Parts]] = defaultdict(list)
        difference_store.clear(session, row)
        row.state, row.done, row.total = "running", 0, version_a.piece_count
        row.error, row.finished_at, row.touched_at = None, None, now()

    def advance(self, session: Session) -> bool:
        """Compare the next pieces and keep what is complete; False when all are done.

        Raises:
            Conflict: another version of a layer became current meanwhile.
        """
        row = difference_store.run(session, self.number, lock=True)
        if row is None or not difference_store.still_current(session, self.a, self.b):
            raise Conflict(
                "图层已换了版本，比对停止",
                "a layer has another version now",
                code="version_superseded",
                remedy="重新比对现行版本",
                remedy_en="compare the versions in force again",
            )
        mine, self.after = difference_store.pieces(
            session, self.a, self.after, CHUNK, classes=self.relation is Relation.MISMATCH
        )
        if len(mine):
            self._compare(session, row, mine)
            row.done += len(mine)
            row.touched_at = now()
            return True
        difference_store.number(session, row)
        row.state, row.done, row.finished_at = "done", row.total, now()
        return False

    def _compare(self, session: Session, row: DifferenceRun, mine: Pieces) -> None:
        ready: list[Parts] = []
        rest = mine
        after, bounds = 0, self._bounds(mine)
        while True:
            beside, last = difference_store.pieces(
                session,
                self.b,
                after,
                BESIDE,
                classes=self.relation is Relation.MISMATCH,
                within=(bounds, self.crs_b),
                values=self.only_b,
                field=self.fields[1],
            )
            if not len(beside):
                break
            after = last
            beside = self._here(beside)
            if self.relation is Relation.OUTSIDE:
                rest = remainder(rest, beside)
            else:
                ready.append(
                    self._sort_out(common(mine, beside, mismatch=self.relation is Relation.MISMATCH))
                )
        if self.relation is Relation.OUTSIDE:
            ready.append(self._sort_out(Parts(rest.fids, np.zeros(len(rest), dtype=np.int64), rest.shapes)))
        for fid, count in zip(*np.unique(mine.fids, return_counts=True), strict=True):
            if int(fid) in self.cut_a:
                self.cut_a[int(fid)] -= int(count)
                if not self.cut_a[int(fid)]:
                    ready += self.waiting.pop(int(fid), [])
        self._keep(session, row, joined(ready))

    def _sort_out(self, found: Parts) -> Parts:
        """What is complete with this chunk; the parts of features whose other pieces come later wait."""
        later = np.array([int(f) in self.cut_a for f in found.fids_a], dtype=bool)
        for fid in np.unique(found.fids_a[later]):
            these = found.fids_a == fid
            self.waiting[int(fid)].append(
                Parts(found.fids_a[these], found.fids_b[these], found.shapes[these])
            )
        return Parts(found.fids_a[~later], found.fids_b[~later], found.shapes[~later])

    def _bounds(self, mine: Pieces) -> tuple[float, float, float, float]:
        """Bounds of pieces of A in the check CRS of B."""
        shapes = mine.shapes
        if self.crs != self.crs_b:
            outline = shapely.box(*shapely.total_bounds(shapes)).segmentize(1_000)
            return crs_module.transform(outline, self.crs, self.crs_b).buffer(1).bounds
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        return west, south, east, north

    def _here(self, beside: Pieces) -> Pieces:
        """Pieces of B in the check CRS of A."""
        if self.crs == self.crs_b:
            return beside
        moved = crs_module.transform_array(beside.shapes, self.crs_b, self.crs)
        there = np.array([shape is not None for shape in moved], dtype=bool)
        return Pieces(beside.fids[there], beside.classes[there], moved[there])

    def _keep(self, session: Session, row: DifferenceRun, parts: Parts) -> None:
        if not len(parts.shapes):
            return
        areas, small = slivers(parts.shapes, minimum_m2=row.minimum_m2, tolerance_m=row.tolerance_m)
        difference_store.add(
            session,
            row,
            parts,
            codes=shape_codes(parts.shapes, self.scope),
            areas=areas.tolist(),
            small=small.tolist(),
            srid=self.crs,
            fields=self.fields,
        )


def scope_of(code_a: str, code_b: str, relation: Relation) -> str:
    """What a difference is a difference of."""
    return f"{code_a}|{code_b}|{relation.value}"
