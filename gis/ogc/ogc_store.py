"""SQL of the feature service; sources are limited to what the actor may see, conditions come from gis.ogc.cql2."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError, OperationalError
from sqlalchemy.orm import Session

from gis.models import LayerVersion
from gis.ogc.cql2 import Condition
from gis.ogc.filter_text import PLACE
from gis.repository import current_versions
from project_box.kernel.errors import BadInput

__all__ = [
    "Row",
    "Source",
    "count",
    "counted",
    "current_versions",
    "layer_source",
    "number",
    "one",
    "page",
    "result_crs",
    "result_source",
    "words",
]

#: milliseconds a query may take; a filter that needs more is refused
_PATIENCE = 30_000
_NUMERIC = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*$"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a collection's features are: FROM and WHERE with alias ``f``, the column that numbers them, parameters."""

    table: str
    where: str
    id_type: str
    columns: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A feature as stored; label, class and area are empty for project results."""

    id: str | int
    geometry: bytes
    attributes: dict[str, Any]
    label: str
    class_key: str | None
    area_m2: float
    moment: dt.datetime


def _quoted(name: str) -> str:
    """A field name of the catalogue as an SQL literal."""
    return "'" + name.replace("'", "''").replace(":", "\\:") + "'"


def words(name: str) -> str:
    """SQL of an attribute as text."""
    return f"(f.attributes ->> {_quoted(name)})"


def number(name: str) -> str:
    """SQL of an attribute as a number; what is none is NULL."""
    value = words(name)
    return f"(CASE WHEN {value} ~ '{_NUMERIC}' THEN CAST({value} AS float8) END)"


def layer_source(version_id: int, moment: dt.datetime) -> Source:
    """The features of a layer version."""
    return Source(
        table="gis.feature f",
        where="f.version_id = :version_id",
        id_type="int",
        columns="f.fid AS id, ST_AsBinary(f.geom), f.attributes, f.label, f.class_key, f.area_m2, "
        "CAST(:moment AS timestamptz)",
        parameters={"version_id": version_id, "moment": moment},
    )


_RESULTS = """(
  SELECT {newest} r.id AS fid, ST_Transform(ST_SetSRID(r.geometry, r.crs), {storage}) AS geom, r.created_at,
    jsonb_build_object('project_code', p.code, 'project_name', p.name, 'kind', r.kind, 'stage', r.stage,
      'title', r.title, 'version', r.version) AS attributes
  FROM box.result r JOIN box.project p ON p.id = r.project_id
  WHERE r.project_id = ANY(:projects) AND r.geometry IS NOT NULL AND r.crs = ANY(:codes) {only}
  {order}
) f"""


def result_source(
    projects: Sequence[uuid.UUID], codes: Sequence[int], storage: int, kind: str | None
) -> Source:
    """Results with a geometry of these projects, in ``storage``; of one kind only the newest of each project."""
    words = (
        {"newest": "", "only": "", "order": ""}
        if kind is None
        else {
            "newest": "DISTINCT ON (r.project_id)",
            "only": "AND r.kind = :kind",
            "order": "ORDER BY r.project_id, r.version DESC",
        }
    )
    return Source(
        table=_RESULTS.format(storage=int(storage), **words),
        where="true",
        id_type="uuid",
        columns="CAST(f.fid AS text) AS id, ST_AsBinary(f.geom), f.attributes, '', NULL, 0.0, f.created_at",
        parameters={"projects": list(projects), "codes": list(codes)} | ({"kind": kind} if kind else {}),
    )


def result_crs(session: Session) -> list[int]:
    """The CRS project results are in, as far as the database knows them."""
    rows = session.execute(
        text(
            "SELECT DISTINCT r.crs FROM box.result r JOIN spatial_ref_sys s ON s.srid = r.crs "
            "WHERE r.geometry IS NOT NULL"
        )
    )
    return [int(crs) for (crs,) in rows]


def count(session: Session, source: Source, condition: Condition) -> int:
    """Features that meet a condition."""
    sql = f"SELECT count(*) FROM {source.table} WHERE {source.where} AND ({condition.sql})"
    return int(_run(session, sql, {**source.parameters, **condition.parameters})[0][0])


#: by database; features of a version never change, so what was counted once holds for every further page
_COUNTED: weakref.WeakKeyDictionary[Any, OrderedDict[bytes, int]] = weakref.WeakKeyDictionary()
#: how many counts are remembered for a database
_MANY = 2_000


def counted(session: Session, version: LayerVersion, source: Source, condition: Condition) -> int:
    """Features of a layer version that meet a condition; remembered, as clients ask for one page after the other."""
    asked = version.id, version.imported_at, condition.sql, sorted(condition.parameters.items())
    key = hashlib.blake2b(repr(asked).encode(), digest_size=16).digest()
    kept = _COUNTED.setdefault(session.get_bind().engine, OrderedDict())
    number = kept.get(key)
    if number is None:
        number = kept[key] = count(session, source, condition)
        if len(kept) > _MANY:
            kept.popitem(last=False)
    return number


def page(
    session: Session, source: Source, condition: Condition, after: str | None, offset: int, limit: int
) -> list[Row]:
    """The next features in the order of their numbers."""
    parameters = {**source.parameters, **condition.parameters, "limit": limit, "offset": offset}
    behind = ""
    if after is not None:
        parameters["after"] = _number(after, source)
        behind = f"AND f.fid > CAST(:after AS {source.id_type})"
        if parameters["after"] is None:
            raise BadInput(
                f"翻页参数 after 有误：{after[:60]}",
                f"after={after[:60]}",
                code="page_invalid",
                place="after",
            )
    sql = (
        f"SELECT {source.columns} FROM {source.table} WHERE {source.where} AND ({condition.sql}) {behind} "
        "ORDER BY f.fid LIMIT :limit OFFSET :offset"
    )
    return [_row(r) for r in _run(session, sql, parameters)]


def one(session: Session, source: Source, name: str) -> list[Row]:
    """The feature of a number, in a list of none or one."""
    known = _number(name, source)
    if known is None:
        return []
    sql = (
        f"SELECT {source.columns} FROM {source.table} "
        f"WHERE {source.where} AND f.fid = CAST(:wanted AS {source.id_type})"
    )
    return [_row(r) for r in _run(session, sql, {**source.parameters, "wanted": known})]


def _number(name: str, source: Source) -> str | int | None:
    if source.id_type == "int":
        return int(name) if re.fullmatch(r"-?[0-9]{1,9}", name, re.ASCII) else None
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return None


def _row(values: Sequence[Any]) -> Row:
    name, geometry, attributes, label, key, area, moment = values
    return Row(name, bytes(geometry), attributes, label, key, float(area), moment)


def _run(session: Session, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """Rows of a query; what the database cannot compute with the values of a filter is the client's error."""
    session.execute(text(f"SET LOCAL statement_timeout = {_PATIENCE}"))
    try:
        rows: Sequence[Sequence[Any]] = [tuple(r) for r in session.execute(text(sql), dict(parameters))]
    except (DataError, InternalError) as error:
        raise BadInput(
            "筛选条件无法计算", f"the filter cannot be computed: {error.orig}"[:300], code="filter_failed",
            place=PLACE, remedy="检查筛选条件里的数值和图形",
            remedy_en="check numbers and geometries of the filter",
        ) from error  # fmt: skip
    except OperationalError as error:
        if "timeout" not in str(error.orig):
            raise
        raise BadInput(
            "查询用时过长", "the query takes too long", code="filter_slow", place=PLACE,
            remedy="缩小 bbox 或筛选范围",
            remedy_en="narrow bbox or filter",
        ) from error  # fmt: skip
    session.execute(text("SET LOCAL statement_timeout = 0"))
    return rows
