"""The multi-plan check of sites against all plan layers; that of a project is in :mod:`gis.project_check`."""

from __future__ import annotations

import datetime as dt
import time
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.check import lookup
from gis.check.canonical import Answer
from gis.check.conflict import ConflictReport, Intent, LoadedVersion
from gis.check.judging import Settled, judge
from gis.check.lines import Judgement
from gis.check.lookup import Surroundings
from gis.check.measuring import measured as measured_facts
from gis.check.measuring import wanted
from gis.check.overlay import Key
from gis.check.packs import Box, Packs, folder_of
from gis.check.surroundings import Case, Features, Plan, boxes_of, case_of, facts_of, laid_over, plan_for
from gis.layers.layer import LayerCatalogue, layer_catalogue
from gis.layers.pieces import dissolved, polygonal
from project_box.kernel.errors import BadInput
from project_box.kernel.plain import canonical_json

#: seconds after which packs are looked for again
_LOOK_AGAIN_S = 10.0
CHINA_TIME = dt.timezone(dt.timedelta(hours=8))


def today() -> dt.date:
    """The present day in China."""
    return dt.datetime.now(CHINA_TIME).date()


@dataclass(slots=True)
class _Loaded:
    """The current versions, as every check needs them.

    Attributes:
        current: tells whether they are still current (:func:`gis.check.lookup.current`).
        plans: how sites meet the layers, by their CRS and the plane they are measured in.
        packs: the packed pieces of all of them, once they are there; looked for at ``look_again`` (monotonic).
    """

    catalogue: LayerCatalogue
    current: str
    versions: dict[str, LoadedVersion]
    settled: Settled
    plans: dict[tuple[int, int | None], Plan] = field(default_factory=dict)
    packs: Packs | None = None
    look_again: float = 0.0

    def plan(self, crs: int, plane: int | None) -> Plan:
        """How sites in this CRS, measured in a plane of their own or not, meet the layers; made once for each."""
        found = self.plans.get((crs, plane))
        if found is None:
            made = plan_for(crs, plane, self.versions, self.settled.clear, self.catalogue)
            found = self.plans[crs, plane] = made
        return found

    def surroundings(self, connection: Connection, boxes: Sequence[Box]) -> Surroundings:
        """What lies in some boxes: from packs where they are there, else from the database."""
        if self.packs is None and time.monotonic() >= self.look_again:
            keys = dict(words.split(":") for words in self.current.split())
            self.packs = Packs.opened(folder_of(str(connection.engine.url.database)), keys)
            self.look_again = time.monotonic() + _LOOK_AGAIN_S
        if self.packs is not None:
            return Surroundings(lookup.current(connection), self.packs.around(boxes), None)
        if len(boxes) == 1:
            return lookup.around(connection, boxes[0])
        return lookup.around_many(connection, boxes)

    def described(self, connection: Connection, keys: Collection[Key]) -> Features:
        """Label, legend key and attributes of features found so."""
        return self.packs.described(keys) if self.packs is not None else lookup.described(connection, keys)


#: by database; a check sees in its one statement whether the versions are still these
_LOADED: weakref.WeakKeyDictionary[Any, _Loaded] = weakref.WeakKeyDictionary()


def _loaded(
    session: Session,
    connection: Connection,
    catalogue: LayerCatalogue,
    current: str | None = None,
) -> _Loaded:
    """The current versions; those kept in memory unless ``current`` says that they are others now."""
    engine = connection.engine
    kept = _LOADED.get(engine)
    if kept is not None and kept.catalogue is catalogue and current in (None, kept.current):
        return kept
    rows = repository.current_versions(session)
    periods = repository.periods(session)
    versions = {
        code: LoadedVersion(
            row.id,
            row.version,
            row.valid_from,
            row.check_crs,
            tuple(row.extent_lonlat),
            row.valid_to,
            tuple(p for number, p in periods[code].items() if number != row.id),
        )
        for code, row in rows.items()
        if code in catalogue.layers
    }
    known = sorted((row.id, row.pieces_key) for row in rows.values())
    words = " ".join(f"{number}:{key}" for number, key in known)
    made = _Loaded(catalogue, words, versions, Settled(catalogue, versions))
    _LOADED[engine] = made
    return made


def check_geometry(
    session: Session,
    geom: BaseGeometry,
    crs: int,
    *,
    height_m: float | None = None,
    intent: Intent | None = None,
    on: dt.date | None = None,
    markers: bool = True,
    catalogue: LayerCatalogue | None = None,
) -> ConflictReport:
    """Check a site against every plan layer.

    Args:
        geom: valid Polygon or MultiPolygon in ``crs``; longitude/latitude is measured in the zone chosen for it.
        height_m: elevation of the highest point of the buildings, for airport surfaces; else that of ``intent``.
        intent: what is to be built: height above ground, ground elevation, uses.
        on: day of the check; today when not given.
        markers: also make the geometry of every overlap (else areas, statuses and findings only).

    Raises:
        BadInput: not an area, or an unknown CRS.
    """
    (report,) = check_geometries(
        session, [geom], crs, height_m=height_m, intent=intent, on=on, markers=markers, catalogue=catalogue
    )
    if isinstance(report, BadInput):
        raise report
    return report


def check_geometries(
    session: Session,
    geoms: Sequence[BaseGeometry],
    crs: int,
    *,
    height_m: float | None = None,
    intent: Intent | None = None,
    on: dt.date | None = None,
    markers: bool = False,
    catalogue: LayerCatalogue | None = None,
) -> list[ConflictReport | BadInput]:
    """Check several sites with one query; one that cannot be checked has its error in the list."""
    asked = _Asked(on or today(), catalogue or layer_catalogue(), markers, height_m, intent)
    reports: list[ConflictReport | BadInput] = []
    for judged, timings in _judged(session, geoms, crs, asked):
        if isinstance(judged, BadInput):
            reports.append(judged)
        else:
            report = judged.report()
            report.timings.update(timings)
            reports.append(report)
    return reports


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about all sites: see :func:`check_geometry`."""

    on: dt.date
    catalogue: LayerCatalogue
    markers: bool = False
    height_m: float | None = None
    intent: Intent | None = None


def _judged(
    session: Session, geoms: Sequence[BaseGeometry], crs: int, asked: _Asked
) -> Iterator[tuple[Judgement | BadInput, dict[str, float]]]:
    """Sites judged one after the other, so that none has to be kept until all are; and the milliseconds it took."""
    started = time.perf_counter()
    connection = session.connection()
    loaded = _loaded(session, connection, asked.catalogue)
    while True:
        cases = [_case(geom, crs, loaded) for geom in geoms]
        sites = [c for c in cases if isinstance(c, Case)]
        boxes = boxes_of(sites)
        found = loaded.surroundings(connection, boxes)
        if found.current == loaded.current:
            break
        loaded = _loaded(session, connection, asked.catalogue, found.current)
    laid = laid_over(sites, found.pieces)
    features: Features | None = found.features
    if features is None:
        near = {(v, n.fid) for case in laid for a in case for v, nears in a.near.items() for n in nears}
        features = loaded.described(connection, near)
    share = (time.perf_counter() - started) * 1000 / len(cases)
    arounds = iter(laid)
    for case in cases:
        if isinstance(case, BadInput):
            yield case, {}
            continue
        begun = time.perf_counter()
        facts = facts_of(case, next(arounds), features, markers=asked.markers)
        if pairs := wanted(facts, loaded.settled.widened):
            shapes = repository.shapes_of(session, pairs)
            facts = measured_facts(facts, case.site, case.crs, shapes, asked.catalogue)
        measured = time.perf_counter()
        judged = judge(
            case.area,
            case.crs,
            facts,
            asked.catalogue,
            on=asked.on,
            height_m=asked.height_m,
            intent=asked.intent,
            settled=loaded.settled,
        )
        ended = time.perf_counter()
        yield (
            judged,
            {
                "fetch_ms": share,
                "overlap_ms": (measured - begun) * 1000,
                "judge_ms": (ended - measured) * 1000,
                "total_ms": share + (ended - begun) * 1000,
            },
        )


def _case(geom: BaseGeometry, crs: int, loaded: _Loaded) -> Case | BadInput:
    shape = polygonal(geom)
    shape = dissolved(shape) if shape is not None else None
    if shape is None or not shape.is_valid:
        return BadInput("用地范围不是有效的面", "the site is not a valid area", code="POLYGON-INVALID")
    try:
        site, site_crs = crs_module.local_to_metres(shape, crs)
        plane = crs_module.own_plane(shape, crs)
        area = float(site.area) if plane is None else crs_module.planar_area(shape, crs)
        return case_of(site, site_crs, area, loaded.plan(site_crs, plane))
    except BadInput as error:
        return error


def canonical_answers(
    session: Session,
    geoms: Sequence[BaseGeometry],
    crs: int,
    heads: Sequence[dict[str, Any]],
    *,
    on: dt.date,
) -> Iterator[Answer]:
    """Canonical JSON of each site's check, with ``heads`` merged in; an error stands where a site has no answer."""
    connection, catalogue = session.connection(), layer_catalogue()
    asked = _Asked(on, catalogue)
    for head, (judged, _) in zip(heads, _judged(session, geoms, crs, asked), strict=True):
        if isinstance(judged, BadInput):
            yield Answer(None, canonical_json(head | {"error": judged.to_plain()}))
        else:
            fragments = _loaded(session, connection, catalogue).settled.fragments
            yield Answer(judged.outcome, fragments.report(judged, head))
