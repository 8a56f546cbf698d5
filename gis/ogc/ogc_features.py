"""Collections of OGC API – Features: plan layers and project results, each limited to what the actor may see.

Without an actor only layers marked ``public`` in the catalogue exist. Features are read in the storage CRS and moved by
:mod:`gis.crs`, which refuses what cannot be transformed honestly. Never commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import dateline
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.models import LayerVersion
from gis.ogc import ogc_store, query_geometry
from gis.ogc.cql2 import Condition, Kind, Property, Queryables, compile_filter, equals, instant
from gis.ogc.filter_text import parse
from gis.ogc.ogc_store import Source
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound, NotSignedIn
from project_box.kernel.identity import Actor

#: features in one answer when the client does not say, and at most
DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
#: features read and written at a time
BATCH = 500
GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection.

    Attributes:
        id, title, title_en, description: what it is called.
        storage: EPSG of the stored geometry.
        extent: west, south, east, north in degrees; None when unknown.
        begins: since when its data holds; None without data.
        count: features in all; None when it is not known without counting.
        public: shown without sign-in.
        layer: the plan layer and its version; None for project collections.
    """

    id: str
    title: str
    title_en: str
    description: str
    storage: int
    queryables: Queryables
    source: Source
    extent: tuple[float, float, float, float] | None = None
    begins: dt.datetime | None = None
    count: int | None = None
    public: bool = False
    layer: tuple[LayerDefinition, LayerVersion] | None = None

    @property
    def crs(self) -> list[query_geometry.Crs]:
        """Every CRS its features are given in: CRS84, the storage CRS, and those it can be moved to."""
        wanted = [crs_module.WGS84, crs_module.CGCS2000_GEOGRAPHIC, crs_module.WEB_MERCATOR, *_CGCS2000_ZONES]
        codes = [self.storage, *(c for c in wanted if c != self.storage)]
        able = [query_geometry.by_epsg(c) for c in codes if crs_module.can_transform(self.storage, c)]
        return [query_geometry.CRS84, *able] if self._has_degrees else able

    @property
    def _has_degrees(self) -> bool:
        return crs_module.can_transform(self.storage, crs_module.WGS84)


#: the 3° zones with and without prefix, and the 6° zones of CGCS2000
_CGCS2000_ZONES = (*range(4513, 4555), *range(4491, 4513))


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a collection; all parts are optional and hold together.

    Attributes:
        bbox, bbox_crs: box and the URI of its CRS (CRS84 when None).
        datetime: instant or interval as RFC 3339, open ends ``..``.
        filter, filter_language, filter_crs: CQL2.
        equal: properties that must have a value.
        limit, offset, after: page; ``after`` is the number of the last feature of the page before.
    """

    bbox: Sequence[float] = ()
    bbox_crs: str | None = None
    datetime: str | None = None
    filter: str | None = None
    filter_language: str = "cql2-text"
    filter_crs: str | None = None
    equal: dict[str, str] = field(default_factory=dict)
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A feature, its geometry as GeoJSON text in the CRS asked for."""

    id: str | int
    geometry: str
    properties: dict[str, Any]


# --- which collections there are -------------------------------------------------------------------------------------


def collections(session: Session, actor: Actor | None) -> list[Collection]:
    """Every collection the actor may see, in tree order; only layers that have data."""
    current = ogc_store.current_versions(session)
    found = [
        _layer_collection(d, current[d.code])
        for d in layer_catalogue().layers.values()
        if d.code in current and (d.public or actor is not None)
    ]
    return found + (_project_collections(session, actor) if actor is not None else [])


def collection(session: Session, actor: Actor | None, name: str) -> Collection:
    """One collection.

    Raises:
        NotFound: there is none of this name, or it has no data.
        NotSignedIn: it is not public, and nobody is signed in.
    """
    if name in PROJECT_COLLECTIONS:
        if actor is None:
            raise NotSignedIn("请先登录", "sign in first")
        return next(c for c in _project_collections(session, actor) if c.id == name)
    definition = visible_layer(actor, name)
    row = ogc_store.current_versions(session).get(definition.code)
    if row is None:
        raise NotFound(f"{definition.name}还没有数据", f"{definition.code} has no data", code="no_data")
    return _layer_collection(definition, row)


def visible_layer(actor: Actor | None, name: str) -> LayerDefinition:
    """A plan layer the actor may see, by its code as written in the catalogue.

    Raises:
        NotFound: no such layer.
        NotSignedIn: it is not public, and nobody is signed in.
    """
    definition = layer_catalogue().layers.get(name)
    if definition is None:
        raise NotFound(f"没有图层 {name[:40]}", f"no collection {name[:40]}", code="collection_not_found")
    if not definition.public and actor is None:
        raise NotSignedIn(f"{definition.name}不公开，请先登录", f"{name} is not public: sign in first")
    return definition


def _layer_collection(definition: LayerDefinition, row: LayerVersion) -> Collection:
    geometry = Property(Kind.GEOMETRY, "f.geom", "几何", "geometry")
    properties = {
        GEOMETRY: geometry,
        "label": Property(Kind.TEXT, "f.label", "名称", "label"),
        "class": Property(Kind.TEXT, "f.class_key", "图例类别", "legend class"),
        "area_m2": Property(Kind.NUMBER, "f.area_m2", "面积", "area", "㎡"),
        "valid_from": Property(Kind.TIME, "CAST(:moment AS timestamptz)", "生效日期", "valid from"),
    }
    for name, stated in definition.fields.items():
        known = (
            Property(Kind.NUMBER, ogc_store.number(name), stated.name, stated.name_en, stated.unit)
            if stated.type == "number"
            else Property(Kind.TEXT, ogc_store.words(name), stated.name, stated.name_en, stated.unit)
        )
        properties.setdefault(name, known)
    moment = dt.datetime.combine(row.valid_from, dt.time(), dt.UTC)
    return Collection(
        id=definition.code,
        title=definition.name,
        title_en=definition.name_en,
        description=f"{definition.clause.text} · {row.version}",
        storage=row.source_crs,
        queryables=Queryables(properties, row.source_crs, "f.geom_3857"),
        source=ogc_store.layer_source(row.id, moment),
        extent=_extent(row.extent_lonlat),
        begins=moment,
        count=row.feature_count,
        public=definition.public,
        layer=(definition, row),
    )


def _extent(values: Sequence[float]) -> tuple[float, float, float, float] | None:
    return (values[0], values[1], values[2], values[3]) if len(values) == 4 else None


#: project collections: title, English title, result kinds (None: all), only the newest version of each
PROJECT_COLLECTIONS: dict[str, tuple[str, str, str | None]] = {
    "project_boundaries": ("项目用地红线", "Project boundaries", "boundary"),
    "project_results": ("项目成果", "Project results", None),
}
_PROJECT_FIELDS = {
    "project_code": (Kind.TEXT, "项目代码", "project code"),
    "project_name": (Kind.TEXT, "项目名称", "project name"),
    "kind": (Kind.TEXT, "成果类型", "kind of result"),
    "stage": (Kind.TEXT, "阶段", "stage"),
    "title": (Kind.TEXT, "标题", "title"),
    "version": (Kind.NUMBER, "版本", "version"),
}


def _project_collections(session: Session, actor: Actor) -> list[Collection]:
    projects = [p.id for p in box.list_projects(session, actor)]
    storage = crs_module.CGCS2000_GEOGRAPHIC
    codes = [c for c in ogc_store.result_crs(session) if crs_module.can_transform(c, storage)]
    properties = {
        GEOMETRY: Property(Kind.GEOMETRY, "f.geom", "几何", "geometry"),
        "created_at": Property(Kind.TIME, "f.created_at", "形成时间", "created"),
        **{
            name: Property(kind, (ogc_store.number if kind is Kind.NUMBER else ogc_store.words)(name), zh, en)
            for name, (kind, zh, en) in _PROJECT_FIELDS.items()
        },
    }
    return [
        Collection(
            id=name,
            title=zh,
            title_en=en,
            description="您可以查看的项目",
            storage=storage,
            queryables=Queryables(properties, storage),
            source=ogc_store.result_source(projects, codes, storage, kind),
        )
        for name, (zh, en, kind) in PROJECT_COLLECTIONS.items()
    ]


# --- reading ---------------------------------------------------------------------------------------------------------


def condition(asked: Collection, query: Query) -> Condition:
    """The condition of a query.

    Raises:
        BadInput: a part of it cannot be used; names the parameter.
    """
    found = Condition()
    if query.bbox:
        given = query_geometry.crs_of(query.bbox_crs, place="bbox-crs")
        shape = query_geometry.box(query.bbox, given, asked.storage, place="bbox")
        found = found & _meets(shape, asked)
    if query.datetime is not None:
        found = found & _during(query.datetime, asked)
    for position, (name, value) in enumerate(query.equal.items()):
        found = found & equals(name, value, asked.queryables, prefix=f"e{position}_")
    if query.filter is not None:
        tree = parse(query.filter, query.filter_language)
        found = found & compile_filter(tree, asked.queryables, crs=query.filter_crs)
    return found


def _meets(shape: Any, asked: Collection) -> Condition:
    if shape.is_empty:
        return Condition("false")
    sql = f"ST_Intersects(f.geom, ST_GeomFromWKB(:bbox_shape, {int(asked.storage)}))"
    parameters: dict[str, Any] = {"bbox_shape": query_geometry.wkb(shape)}
    picture = query_geometry.picture_box(shape, asked.storage) if asked.queryables.picture else None
    if picture is not None:
        sql = f"{asked.queryables.picture} && ST_MakeEnvelope(:bbox_w, :bbox_s, :bbox_e, :bbox_n, 3857) AND {sql}"
        parameters |= dict(zip(("bbox_w", "bbox_s", "bbox_e", "bbox_n"), picture, strict=True))
    return Condition(sql, parameters)


def _during(written: str, asked: Collection) -> Condition:
    """Plan layers hold from their valid_from on; results are of the moment they were made."""
    ends = written.split("/")
    if len(ends) > 2 or written in ("", "/", "..", "../.."):
        raise BadInput(
            f"时间写法有误：{written[:60]}", f"datetime {written[:60]}", code="time_invalid", place="datetime",
            remedy="写成 2026-01-31、2026-01-01/2026-12-31 或 2026-01-01/..",
            remedy_en="write 2026-01-31, 2026-01-01/2026-12-31 or 2026-01-01/..",
        )  # fmt: skip
    open_ends = ("", "..")
    begin = None if ends[0] in open_ends else instant(ends[0], place="datetime")
    end = None if ends[-1] in open_ends else instant(ends[-1], place="datetime")
    if end is not None and "T" not in ends[-1].upper():
        end += dt.timedelta(days=1, microseconds=-1)
    if begin is not None and end is not None and begin > end:
        raise BadInput(
            "起始时间晚于结束时间",
            "the interval ends before it begins",
            code="time_invalid",
            place="datetime",
        )
    parts, parameters = ["true"], {}
    moment = asked.queryables.properties["valid_from" if asked.layer else "created_at"].sql
    if end is not None:
        parts.append(f"{moment} <= :time_end")
        parameters["time_end"] = end
    if begin is not None and asked.layer is None:
        parts.append(f"{moment} >= :time_begin")
        parameters["time_begin"] = begin
    return Condition(" AND ".join(parts), parameters)


def matched(session: Session, asked: Collection, query: Query) -> int:
    """How many features a query finds in all, whatever the page."""
    found = condition(asked, query)
    if found.sql == "true" and asked.count is not None:
        return asked.count
    if asked.layer is not None:
        return ogc_store.counted(session, asked.layer[1], asked.source, found)
    return ogc_store.count(session, asked.source, found)


def read(
    session: Session, asked: Collection, query: Query, target: query_geometry.Crs
) -> Iterator[list[Item]]:
    """The features of a page in order of their numbers, some hundred at a time, in the CRS asked for.

    Raises:
        BadInput: the query cannot be used; raised before the first batch.
    """
    found = condition(asked, query)
    left, offset, after = query.limit, query.offset, query.after
    while left > 0:
        rows = ogc_store.page(session, asked.source, found, after, offset, min(left, BATCH))
        if rows:
            yield _items(rows, asked, target)
        if len(rows) < min(left, BATCH):
            return
        left, offset, after = left - len(rows), 0, str(rows[-1].id)


def feature(session: Session, asked: Collection, number: str, target: query_geometry.Crs) -> Item:
    """One feature.

    Raises:
        NotFound: there is none of this number.
    """
    rows = ogc_store.one(session, asked.source, number)
    if not rows:
        raise NotFound(f"没有要素 {number[:60]}", f"no feature {number[:60]}", code="feature_not_found")
    return _items(rows, asked, target)[0]


def target_crs(asked: Collection, uri: str | None) -> query_geometry.Crs:
    """The CRS to answer in: what ``crs`` names, CRS84 by default (the storage CRS where that has no way to degrees).

    Raises:
        BadInput: the collection is not given in it.
    """
    offered = asked.crs
    if uri is None:
        return offered[0]
    wanted = query_geometry.crs_of(uri, place="crs")
    if wanted not in offered:
        raise BadInput(
            f"该图层不提供坐标系 {uri[:120]}", f"not offered in {uri[:120]}", code="crs_not_offered",
            place="crs", remedy="使用该图层 crs 列出的 URI",
            remedy_en="use a URI the collection lists under crs",
        )  # fmt: skip
    return wanted


def _items(rows: Sequence[ogc_store.Row], asked: Collection, target: query_geometry.Crs) -> list[Item]:
    shapes = np.asarray(shapely.from_wkb([r.geometry for r in rows]), dtype=object)
    shapes = crs_module.transform_array(shapes, asked.storage, target.epsg)
    digits = 9 if crs_module.is_geographic(target.epsg) else 4
    if crs_module.is_geographic(target.epsg):
        shapes = dateline.cut_at_dateline(shapes, dateline.DEGREES)

    def written(coordinates: Any) -> Any:
        return np.round(coordinates[:, ::-1] if target.north_first else coordinates, digits)

    turned = shapely.orient_polygons(shapely.force_2d(shapes))
    texts = shapely.to_geojson(shapely.transform(turned, written))
    return [
        Item(row.id, text or "null", _properties(row, asked)) for row, text in zip(rows, texts, strict=True)
    ]


def _properties(row: ogc_store.Row, asked: Collection) -> dict[str, Any]:
    if asked.layer is None:
        return {**row.attributes, "created_at": row.moment.isoformat()}
    own = {
        "label": row.label,
        "class": row.class_key,
        "area_m2": round(row.area_m2, 2),
        "valid_from": asked.layer[1].valid_from.isoformat(),
    }
    return {**own, **row.attributes}
