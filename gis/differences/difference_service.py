"""Use cases: 差异图斑 of the current versions of two layers, computed once and kept. Never commits.

Small layers are compared at once; large ones by the worker, and whoever asked is told how far it has come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.differences import difference_pages, difference_store
from gis.differences.difference_pages import Filter
from gis.differences.difference_run import Run
from gis.differences.differences import Relation, as_shape, class_matches, named_classes
from gis.layers.layer import LayerCatalogue, LayerDefinition, layer_catalogue
from gis.markers import rounded_geojson
from gis.models import DifferenceRun, LayerVersion
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.jobs import defer
from project_box.service import now

#: the task the worker binds to comparing two layers
TASK = "gis.differences"
#: a run nobody has worked on for so long has lost its worker
LOST_AFTER = dt.timedelta(minutes=5)
#: a failed run is tried again when somebody asks later than this
RETRY_AFTER = dt.timedelta(minutes=1)
#: at most this many slivers are listed; all are counted
SLIVERS_LISTED = 500
#: pieces of both layers together that are compared while somebody waits
AT_ONCE = 12_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Two layers, what counts as a difference, and which classes of each.

    ``class_a``, ``class_b``: only features whose class field matches (``07*``, several by commas).
    """

    a: str
    b: str
    relation: Relation = Relation.OVERLAP
    class_a: str = ""
    class_b: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """What was asked, with definitions, current versions, and the run."""

    asked: Asked
    a: LayerDefinition
    b: LayerDefinition
    version_a: LayerVersion
    version_b: LayerVersion
    run: DifferenceRun

    @property
    def ready(self) -> bool:
        """Whether the polygons are there."""
        return self.run.state == "done"


def ask(
    session: Session,
    asked: Asked,
    *,
    wait: bool = False,
    again: bool = False,
    catalogue: LayerCatalogue | None = None,
) -> Pair:
    """The run of the current versions: one that is done, one under way, or a new one.

    Args:
        wait: do the run here and now however large the layers are; otherwise only up to :data:`AT_ONCE` pieces.
        again: try a run that failed once more at once.

    Raises:
        NotFound: no such layer, or no data.
        BadInput: the same layer twice, no published transformation between the two, too long a pattern.
    """
    catalogue = catalogue or layer_catalogue()
    a, b = catalogue.get(asked.a), catalogue.get(asked.b)
    version_a, version_b = _comparable(session, a, b)
    moment = now()
    row, new = difference_store.find_or_add(
        session,
        DifferenceRun(
            version_a_id=version_a.id,
            version_b_id=version_b.id,
            relation=asked.relation.value,
            classes_b=asked.class_b if asked.relation is Relation.OUTSIDE else "",
            minimum_m2=max(catalogue.minimum_area(a), catalogue.minimum_area(b)),
            tolerance_m=max(catalogue.tolerance(a), catalogue.tolerance(b)),
            state="waiting",
            done=0,
            total=version_a.piece_count,
            asked_at=moment,
            touched_at=moment,
        ),
    )
    pair = Pair(asked, a, b, version_a, version_b, row)
    _set_going(session, pair, new or (again and row.state == "failed"), wait)
    return pair


def _comparable(
    session: Session, a: LayerDefinition, b: LayerDefinition
) -> tuple[LayerVersion, LayerVersion]:
    """The current versions of two layers that can be compared."""
    if a.code == b.code:
        raise BadInput(
            "两个图层相同",
            "the same layer twice",
            code="same_layer",
            place="b",
            remedy="选择两个图层；比较同一图层的版本用“版本变化”",
            remedy_en="choose two layers; versions of one layer are compared under version changes",
        )
    versions = _current(session, a), _current(session, b)
    if not crs_module.can_transform(versions[0].check_crs, versions[1].check_crs):
        raise BadInput(
            f"{a.name}与{b.name}的坐标系之间没有公开的转换参数，不能比较",
            "no published transformation between the layers",
            code="CRS-NO-TRANSFORM",
        )
    return versions


def _set_going(session: Session, pair: Pair, new: bool, wait: bool) -> None:
    row = pair.run
    patience = RETRY_AFTER if row.state == "failed" else LOST_AFTER
    if row.state == "done" or not (new or wait or row.touched_at < now() - patience):
        return
    size = pair.version_a.piece_count + pair.version_b.piece_count
    if wait or size <= AT_ONCE:
        carry_out(session, row)
        return
    row.state, row.error, row.touched_at = "waiting", None, now()
    session.flush()
    defer(session, TASK, {"run": row.id}, lock=f"differences:{row.id}")


def carry_out(
    session: Session, row: DifferenceRun, progress: Callable[[int, int], None] | None = None
) -> None:
    """A whole run inside the caller's transaction."""
    work = Run(session, row)
    while work.advance(session):
        if progress is not None:
            progress(row.done, row.total)


def begin(session: Session, number: int) -> Run | None:
    """The worker's part: take up a run; None when there is nothing left to do."""
    row = difference_store.run(session, number, lock=True)
    if row is None or row.state == "done":
        return None
    return Run(session, row)


def fail(session: Session, number: int, error: PlatformError) -> None:
    """Note why a run could not be finished."""
    row = difference_store.run(session, number, lock=True)
    if row is None or row.state == "done":
        return
    difference_store.clear(session, row)
    row.state, row.touched_at = "failed", now()
    row.error = {
        "message": error.zh,
        "message_en": error.en,
        "remedy": error.remedy,
        "remedy_en": error.remedy_en,
    }


def state_of(pair: Pair) -> dict[str, Any]:
    """How far a run has come."""
    row = pair.run
    return {
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "error": row.error,
        "asked_at": row.asked_at.isoformat(),
        "computed_at": row.finished_at.isoformat() if row.finished_at else None,
    }


def wanted(session: Session, pair: Pair) -> Filter:
    """The classes that were asked for, as a filter."""
    outside = pair.asked.relation is Relation.OUTSIDE
    return Filter(
        _meant(session, pair, "a", pair.asked.class_a),
        None if outside else _meant(session, pair, "b", pair.asked.class_b),
    )


def _meant(session: Session, pair: Pair, side: str, pattern: str) -> tuple[str, ...] | None:
    """What the class field of one side says where a pattern means it; None without a pattern."""
    if not pattern:
        return None
    there = difference_pages.values_in(session, pair.run.id, side)
    return tuple(value for value in there if class_matches(value, pattern))


def head(session: Session, pair: Pair, chosen: Filter) -> dict[str, Any]:
    """What a comparison says as a whole: layers, versions, counts, areas by class, slivers.

    Areas covered by several features of one layer are counted for each.
    """
    classes = difference_store.totals(session, pair.run.id, sliver=False, wanted=chosen)
    small = difference_store.totals(session, pair.run.id, sliver=True, wanted=chosen)
    return {
        "relation": pair.asked.relation.value,
        "relation_name": pair.asked.relation.zh,
        "relation_name_en": pair.asked.relation.en,
        "crs": pair.version_a.check_crs,
        "a": _side(pair.a, pair.version_a, pair.asked.class_a),
        "b": _side(pair.b, pair.version_b, pair.asked.class_b),
        "count": sum(c for _, _, c, _ in classes),
        "area_m2": round(sum(m2 for *_, m2 in classes), 2),
        "by_class": named_classes(classes, class_words(pair.a), class_words(pair.b)),
        "slivers": {
            "count": sum(c for _, _, c, _ in small),
            "area_m2": round(sum(m2 for *_, m2 in small), 2),
            "minimum_m2": pair.run.minimum_m2,
            "tolerance_m": pair.run.tolerance_m,
        },
    } | state_of(pair)


def listed(
    session: Session, pair: Pair, chosen: Filter, *, most: int | None, skip: int = 0, geometry: bool = True
) -> list[dict[str, Any]]:
    """Differences, largest first."""
    rows = difference_store.polygons(
        session, pair.run.id, sliver=False, wanted=chosen, most=most, skip=skip, geometry=geometry
    )
    return [plain(r, pair.version_a.check_crs) for r in rows]


def listed_slivers(
    session: Session, pair: Pair, chosen: Filter, *, geometry: bool = True
) -> list[dict[str, Any]]:
    """The largest slivers."""
    rows = difference_store.polygons(
        session, pair.run.id, sliver=True, wanted=chosen, most=SLIVERS_LISTED, geometry=geometry
    )
    return [plain(r, pair.version_a.check_crs) for r in rows]


def diff_layers(
    session: Session,
    code_a: str,
    code_b: str,
    *,
    relation: Relation = Relation.OVERLAP,
    class_a: str | None = None,
    class_b: str | None = None,
    geometry: bool = True,
    most: int | None = None,
    catalogue: LayerCatalogue | None = None,
) -> dict[str, Any]:
    """Where the current versions of two layers contradict each other, computed now unless it is kept already.

    Args:
        relation: ``overlap``: areas both layers claim (永农 ∩ 开发边界); ``outside``: what of A lies outside all of B
            (residential plots of 控规 outside 城镇开发边界); ``mismatch``: where both lie but their classes differ (the
            land use of 控规 against 总规).
        geometry: with the shape of each difference (GeoJSON in ``crs``). most: differences listed; None: all.

    Returns:
        what :func:`head` gives, with ``differences``, largest first, and the slivers apart from them.

    Raises:
        NotFound, BadInput: as :func:`ask`.
    """
    asked = Asked(code_a, code_b, relation, class_a or "", class_b or "")
    pair = ask(session, asked, wait=True, catalogue=catalogue)
    chosen = wanted(session, pair)
    found = head(session, pair, chosen)
    found["differences"] = listed(session, pair, chosen, most=most, geometry=geometry)
    found["slivers"]["differences"] = listed_slivers(session, pair, chosen, geometry=geometry)
    return found


def plain(row: dict[str, Any], crs: int) -> dict[str, Any]:
    """A stored polygon as results show it."""
    second = row["fid_b"] is not None
    return {
        "number": row["number"],
        "code": row["code"],
        "area_m2": row["area_m2"],
        "a": {"fid": row["fid_a"], "label": row["label_a"], "class": row["class_a"]},
        "b": {"fid": row["fid_b"], "label": row["label_b"], "class": row["class_b"]} if second else None,
        "geometry": rounded_geojson(as_shape(row["geometry"]), crs) if row["geometry"] is not None else None,
    }


def class_words(definition: LayerDefinition) -> dict[str, str]:
    """Names of a layer's classes."""
    return {k: v.name for k, v in definition.classes.values.items()} if definition.classes else {}


def _side(definition: LayerDefinition, row: LayerVersion, pattern: str) -> dict[str, Any]:
    return {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "classes": pattern or None,
    }


def _current(session: Session, definition: LayerDefinition) -> LayerVersion:
    row = repository.current_version(session, definition.code)
    if row is None:
        raise NotFound(
            f"{definition.name}还没有数据",
            f"no data of {definition.code}",
            code="layer_without_data",
            remedy="先导入该图层",
            remedy_en="import that layer first",
        )
    return row
