"""SQL of 差异图斑: pieces to compare, runs and their polygons. Plan layers are public to everyone who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from gis.differences import difference_pages
from gis.differences.difference_pages import Filter
from gis.differences.differences import Parts, Pieces, class_matches
from gis.models import DifferencePolygon, DifferenceRun, DifferenceTotal, LayerVersion, Piece

_VALUE = "coalesce({side}.attributes ->> :field_{name}, '')"
_CLASS = "coalesce({side}.class_key, '')"


# --- runs ------------------------------------------------------------------------------------------------------------


def run(session: Session, number: int, *, lock: bool = False) -> DifferenceRun | None:
    """A run by number."""
    return session.get(DifferenceRun, number, with_for_update=lock or None, populate_existing=lock)


def find_or_add(session: Session, wanted: DifferenceRun) -> tuple[DifferenceRun, bool]:
    """(the run of the same two versions and rules, whether it is new)."""
    what = ("version_a_id", "version_b_id", "relation", "classes_b", "minimum_m2", "tolerance_m")
    values = {
        name: getattr(wanted, name) for name in (*what, "state", "done", "total", "asked_at", "touched_at")
    }
    same = select(DifferenceRun).where(*(getattr(DifferenceRun, n) == values[n] for n in what))
    if (row := session.scalars(same).one_or_none()) is not None:
        return row, False
    made = session.scalar(
        insert(DifferenceRun).values(values).on_conflict_do_nothing().returning(DifferenceRun.id)
    )
    return session.scalars(same).one(), made is not None


def versions_of(session: Session, row: DifferenceRun) -> tuple[LayerVersion, LayerVersion]:
    """Both versions of a run."""
    return session.get_one(LayerVersion, row.version_a_id), session.get_one(LayerVersion, row.version_b_id)


def still_current(session: Session, *versions: int) -> bool:
    """Whether the pieces of all these versions are there."""
    found = session.scalar(select(func.count()).where(LayerVersion.id.in_(versions), LayerVersion.current))
    return found == len(set(versions))


def clear(session: Session, row: DifferenceRun) -> None:
    """Forget the polygons of a run."""
    for table in (DifferencePolygon, DifferenceTotal):
        session.execute(delete(table).where(table.run_id == row.id))


# --- pieces ----------------------------------------------------------------------------------------------------------


def cut_features(session: Session, version_id: int) -> dict[int, int]:
    """Pieces of each feature that has more than one."""
    statement = (
        select(Piece.fid, func.count())
        .where(Piece.version_id == version_id)
        .group_by(Piece.fid)
        .having(func.count() > 1)
    )
    return {int(fid): int(count) for fid, count in session.execute(statement)}


def values_matching(
    session: Session, version_id: int, field: str | None, pattern: str | None
) -> list[str] | None:
    """Values of the class field that a pattern means; None without a pattern."""
    if not pattern:
        return None
    value = (_VALUE if field else _CLASS).format(side="f", name="a")
    rows = session.scalars(
        text(f"SELECT DISTINCT {value} FROM gis.feature f WHERE f.version_id = :v"),
        {"v": version_id} | ({"field_a": field} if field else {}),
    )
    return [v for v in rows if class_matches(v, pattern)]


_PIECES = """
SELECT p.id, p.fid, {class_key}, ST_AsBinary(p.geom) FROM gis.piece p {join}
WHERE p.version_id = :v AND p.id > :after {only} ORDER BY p.id LIMIT :most
"""
_JOIN = "JOIN gis.feature f ON f.version_id = p.version_id AND f.fid = p.fid"


def pieces(
    session: Session,
    version_id: int,
    after: int,
    most: int,
    *,
    classes: bool = False,
    within: tuple[tuple[float, float, float, float], int] | None = None,
    values: Sequence[str] | None = None,
    field: str | None = None,
) -> tuple[Pieces, int]:
    """(the next pieces of a version in the order they are kept, number of the last one; ``after`` when none is left).

    Args:
        classes: with the legend class of each.
        within: bounds and their EPSG code; only pieces that meet them.
        values: only pieces of features whose class ``field`` says one of these.
    """
    only = ""
    params: dict[str, Any] = {"v": version_id, "after": after, "most": most}
    if within is not None:
        only += " AND p.geom && ST_MakeEnvelope(:w, :s, :e, :n, :srid)"
        params |= dict(zip("wsen", within[0], strict=True)) | {"srid": within[1]}
    if values is not None:
        only += f" AND {(_VALUE if field else _CLASS).format(side='f', name='a')} = ANY(:values)"
        params |= {"values": list(values)} | ({"field_a": field} if field else {})
    joined = classes or values is not None
    statement = _PIECES.format(
        class_key="f.class_key" if classes else "NULL", join=_JOIN if joined else "", only=only
    )
    rows = session.execute(text(statement), params).all()
    kinds = np.empty(len(rows), dtype=object)
    kinds[:] = [r[2] for r in rows]
    blobs = np.empty(len(rows), dtype=object)
    blobs[:] = [bytes(r[3]) for r in rows]
    found = Pieces(
        np.array([r[1] for r in rows], dtype=np.int64),
        kinds,
        np.asarray(shapely.from_wkb(blobs), dtype=object),
    )
    return found, int(rows[-1][0]) if rows else after


# --- polygons --------------------------------------------------------------------------------------------------------

_ADD = """
INSERT INTO gis.difference_polygon (run_id, sliver, code, fid_a, fid_b, label_a, label_b, class_a, class_b,
                                    value_a, value_b, area_m2, geom)
SELECT :run, n.sliver, n.code, n.fid_a, nullif(n.fid_b, 0), a.label, b.label, a.class_key, b.class_key,
       {value_a}, CASE WHEN b.fid IS NULL THEN NULL ELSE {value_b} END, n.area_m2,
       ST_SetSRID(ST_GeomFromWKB(n.blob), :srid)
FROM unnest(CAST(:fids_a AS int[]), CAST(:fids_b AS int[]), CAST(:codes AS text[]), CAST(:areas AS float8[]),
            CAST(:small AS bool[]), CAST(:blobs AS bytea[])) AS n(fid_a, fid_b, code, area_m2, sliver, blob)
JOIN gis.feature a ON a.version_id = :version_a AND a.fid = n.fid_a
LEFT JOIN gis.feature b ON b.version_id = :version_b AND b.fid = n.fid_b
"""


def add(
    session: Session,
    row: DifferenceRun,
    parts: Parts,
    *,
    codes: Sequence[str],
    areas: Sequence[float],
    small: Sequence[bool],
    srid: int,
    fields: tuple[str | None, str | None],
) -> None:
    """Keep polygons of a run, with labels and classes of their features; ``fields``: the class fields of A and B."""
    words = {
        f"value_{side}": (_VALUE if field else _CLASS).format(side=side, name=side)
        for side, field in zip("ab", fields, strict=True)
    }
    params = {f"field_{side}": field for side, field in zip("ab", fields, strict=True) if field}
    session.execute(
        text(_ADD.format(**words)),
        params
        | {
            "run": row.id,
            "srid": srid,
            "version_a": row.version_a_id,
            "version_b": row.version_b_id,
            "fids_a": parts.fids_a.tolist(),
            "fids_b": parts.fids_b.tolist(),
            "codes": list(codes),
            "areas": list(areas),
            "small": list(small),
            "blobs": list(shapely.to_wkb(parts.shapes)),
        },
    )


_COUNT = """
INSERT INTO gis.difference_total (run_id, sliver, class_a, class_b, value_a, value_b, count, area_m2)
SELECT run_id, sliver, class_a, class_b, value_a, value_b, count(*), sum(area_m2)
FROM gis.difference_polygon WHERE run_id = :run GROUP BY 1, 2, 3, 4, 5, 6
"""
_NUMBER = """
UPDATE gis.difference_polygon p
SET number = n.number, total_id = n.total_id, place = n.place,
    code = CASE WHEN n.nth = 1 THEN p.code ELSE p.code || '-' || n.nth END
FROM (
  SELECT p.id, t.id AS total_id, row_number() OVER (PARTITION BY p.sliver ORDER BY {order}) AS number,
         row_number() OVER (PARTITION BY t.id ORDER BY {order}) AS place,
         row_number() OVER (PARTITION BY p.sliver, code ORDER BY {order}) AS nth
  FROM gis.difference_polygon p JOIN gis.difference_total t ON t.run_id = p.run_id AND t.sliver = p.sliver
   AND ROW(t.class_a, t.class_b, t.value_a, t.value_b)::text = ROW(p.class_a, p.class_b, p.value_a, p.value_b)::text
  WHERE p.run_id = :run
) n WHERE p.id = n.id
"""
_ORDER = (
    'p.area_m2 DESC, code COLLATE "C", label_a COLLATE "C", coalesce(label_b, \'\') COLLATE "C", fid_a, fid_b'
)


def number(session: Session, row: DifferenceRun) -> None:
    """Count the polygons from the largest, all of them and those of each total; where several features share one
    shape, number their codes."""
    session.execute(text(_COUNT), {"run": row.id})
    session.execute(
        text("ANALYZE gis.difference_polygon, gis.difference_total")
    )  # else they are joined row by row
    session.execute(text(_NUMBER.format(order=_ORDER)), {"run": row.id})
    session.execute(text("ANALYZE gis.difference_polygon"))


_COLUMNS = "number, code, fid_a, fid_b, label_a, label_b, class_a, class_b, area_m2"


def polygons(
    session: Session,
    run_id: int,
    *,
    sliver: bool,
    wanted: Filter,
    most: int | None,
    skip: int = 0,
    geometry: bool = True,
) -> list[dict[str, Any]]:
    """Polygons of a run, largest first; ``geometry`` as WKB.

    Only those that are asked for by their codes are counted to find where a page begins; of the others it is known.
    """
    only, values = wanted.words()
    where = "OFFSET :skip"
    if wanted.codes is None:
        page = difference_pages.page_of(session, run_id, sliver=sliver, wanted=wanted, most=most, skip=skip)
        only, values, where = *page.words(), ""
    shape_sql = "ST_AsBinary(geom)" if geometry else "NULL"
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}, {shape_sql} AS geometry FROM gis.difference_polygon"
            f" WHERE run_id = :run AND sliver = :sliver AND {only} ORDER BY number LIMIT :most {where}"
        ),
        {"run": run_id, "sliver": sliver, "most": most, "skip": skip} | values,
    ).mappings()
    return [dict(r) for r in rows]


def totals(
    session: Session, run_id: int, *, sliver: bool, wanted: Filter
) -> list[tuple[str | None, str | None, int, float]]:
    """(legend keys of A and B, number, ㎡) of the polygons asked for.

    Only polygons that are asked for by their codes are looked at one by one, and those left out by theirs.
    """
    kept = "gis.difference_total"
    each = "(SELECT *, 1 AS count FROM gis.difference_polygon WHERE code = ANY(:these))"
    parts: list[tuple[str, int, tuple[str, ...]]] = (
        [(kept, 1, ())] if wanted.codes is None else [(each, 1, wanted.codes)]
    )
    if wanted.codes is None and wanted.without:
        parts.append((each, -1, wanted.without))
    only, values = replace(wanted, codes=None, without=()).words()
    found: dict[tuple[str | None, str | None], tuple[int, float]] = {}
    for table, sign, these in parts:
        rows = session.execute(
            text(
                f"SELECT class_a, class_b, sum(count), sum(area_m2) FROM {table} t"
                f" WHERE run_id = :run AND sliver = :sliver AND {only} GROUP BY 1, 2"
            ),
            {"run": run_id, "sliver": sliver, "these": list(these)} | values,
        )
        for a, b, count, area in rows:
            before = found.get((a, b), (0, 0.0))
            found[a, b] = before[0] + sign * int(count), before[1] + sign * float(area)
    return [(a, b, count, area) for (a, b), (count, area) in found.items() if count]


def near(session: Session, run_id: int, scope: str, reach: float) -> list[dict[str, Any]]:
    """Polygons that a decision of ``scope`` may be about: of the same code, or within ``reach`` (m) of its outline."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}, ST_AsBinary(geom) AS geometry FROM gis.difference_polygon WHERE run_id = :run"
            " AND NOT sliver AND id IN ("
            "SELECT p.id FROM gis.plan_decision d JOIN gis.difference_polygon p"
            " ON p.run_id = :run AND p.code = d.polygon WHERE d.scope = :scope UNION "
            "SELECT p.id FROM gis.plan_decision d JOIN gis.difference_polygon p"
            " ON p.run_id = :run AND ST_SRID(p.geom) = ST_SRID(d.geom) AND p.geom && ST_Expand(d.geom, :reach)"
            " WHERE d.scope = :scope) ORDER BY number"
        ),
        {"run": run_id, "scope": scope, "reach": reach},
    ).mappings()
    return [dict(r) for r in rows]
