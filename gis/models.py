"""Tables of the GIS room (schema ``gis``).

Originals are kept as delivered (``feature``); what checks run on is derived (``piece``): docs/explanation/gis.md.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.planning.planning_models import ConditionRound, DepartmentEntry, RegionalArea, RegionalQuery
from project_box.kernel.db import Base, Timestamp

__all__ = [
    "ConditionRound",
    "DepartmentEntry",
    "DifferencePolygon",
    "DifferenceRun",
    "DifferenceTotal",
    "Feature",
    "FeatureName",
    "LayerVersion",
    "Overview",
    "Piece",
    "PlanDecision",
    "RegionalArea",
    "RegionalQuery",
]
_SCHEMA = {"schema": "gis"}


class LayerVersion(Base):
    """One import of a plan layer. At most one version of a layer is current; its pieces are what checks use.

    ``pieces_key`` names these pieces wherever they are kept besides the database; made anew, they have another.
    ``mapping`` is what the person importing said about columns and codes of the delivery.
    """

    __tablename__ = "layer_version"
    __table_args__ = (
        UniqueConstraint("layer_code", "version"),
        Index("ix_layer_version_current", "layer_code", unique=True, postgresql_where="current"),
        _SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    layer_code: Mapped[str] = mapped_column(String(30))
    version: Mapped[str] = mapped_column(String(60))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    current: Mapped[bool] = mapped_column(default=False)
    source_name: Mapped[str]
    source_crs: Mapped[int]
    check_crs: Mapped[int]
    feature_count: Mapped[int] = mapped_column(default=0)
    piece_count: Mapped[int] = mapped_column(default=0)
    pieces_key: Mapped[uuid.UUID] = mapped_column(server_default=func.gen_random_uuid())
    repaired_count: Mapped[int] = mapped_column(default=0)
    dropped_count: Mapped[int] = mapped_column(default=0)
    area_m2: Mapped[float] = mapped_column(default=0.0)
    extent_lonlat: Mapped[list[Any]]
    issues: Mapped[list[Any]]
    imported_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    overviews: Mapped[bool] = mapped_column(default=False, server_default=false())
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))


class Feature(Base):
    """图斑 as delivered: geometry in the delivery's CRS, attributes; and its picture for tiles in EPSG:3857.

    Features and pieces have no foreign key, which would look at every row of an import; a trigger removes them with
    their version.
    """

    __tablename__ = "feature"
    __table_args__ = (
        Index("ix_feature_tile", "geom_3857", postgresql_using="gist"),
        _SCHEMA,
    )

    version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fid: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str]
    class_key: Mapped[str | None] = mapped_column(String(30))
    attributes: Mapped[dict[str, Any]]
    geom: Mapped[WKBElement] = mapped_column(Geometry(None, srid=-1, spatial_index=False))
    geom_3857: Mapped[WKBElement | None] = mapped_column(Geometry("GEOMETRY", srid=3857, spatial_index=False))
    area_m2: Mapped[float]
    repaired: Mapped[bool] = mapped_column(default=False)


class Piece(Base):
    """切片: a part of a feature of at most 128 vertices, in the version's check CRS; a batch in Hilbert order."""

    __tablename__ = "piece"
    __table_args__ = (
        Index("ix_piece_geom", "geom", postgresql_using="gist"),
        _SCHEMA,
    )

    version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    fid: Mapped[int]
    geom: Mapped[WKBElement] = mapped_column(Geometry(None, srid=-1, spatial_index=False))


class Overview(Base):
    """概览: a feature thinned for one zoom and the next lower one, or (without number) small ones merged; EPSG:3857."""

    __tablename__ = "overview"
    __table_args__ = (
        *(
            Index(f"ix_overview_{zoom}", "geom", postgresql_using="gist", postgresql_where=f"zoom = {zoom}")
            for zoom in (13, 11, 9, 7, 5)
        ),
        _SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("gis.layer_version.id", ondelete="CASCADE"), index=True
    )
    zoom: Mapped[int]
    fid: Mapped[int | None]
    class_key: Mapped[str | None] = mapped_column(String(30))
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=3857, spatial_index=False))


class FeatureName(Base):
    """A name that features of a version bear, for the search on the map: how many bear it, and one of them."""

    __tablename__ = "feature_name"
    __table_args__ = (
        Index(
            "ix_feature_name_label",
            "label",
            postgresql_using="gin",
            postgresql_ops={"label": "gin_trgm_ops"},
        ),
        _SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("gis.layer_version.id", ondelete="CASCADE"), index=True
    )
    label: Mapped[str]
    fid: Mapped[int]
    count: Mapped[int]


class PlanDecision(Base):
    """What an editor decided about one 差异图斑. Rows are only added: the newest one of a polygon counts.

    ``polygon`` is the polygon's code, ``geom`` the polygon itself in the CRS it was found in, so that a decision can
    be recognised when the outline comes again with other rounding.
    """

    __tablename__ = "plan_decision"
    __table_args__ = (Index("ix_plan_decision_polygon", "scope", "polygon"), _SCHEMA)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    scope: Mapped[str] = mapped_column(String(80))
    polygon: Mapped[str] = mapped_column(String(20))
    decision: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    version_a: Mapped[str] = mapped_column(String(60))
    version_b: Mapped[str] = mapped_column(String(60))
    label_a: Mapped[str]
    label_b: Mapped[str]
    area_m2: Mapped[float]
    geom: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=-1, spatial_index=False))
    decided_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("box.user.id"))
    decided_by_name: Mapped[str]


class DifferenceRun(Base):
    """One computation of 差异图斑: two versions, what counts as a difference, how far it has come, its sums.

    ``classes_b``: patterns of the classes of B that count, for what lies outside of them; empty otherwise. ``state``:
    waiting, running, done, failed. ``done`` of ``total`` pieces of A.
    """

    __tablename__ = "difference_run"
    __table_args__ = (
        UniqueConstraint(
            "version_a_id", "version_b_id", "relation", "classes_b", "minimum_m2", "tolerance_m",
            name="uq_difference_run_what",
        ),
        _SCHEMA,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    version_a_id: Mapped[int] = mapped_column(ForeignKey("gis.layer_version.id", ondelete="CASCADE"))
    version_b_id: Mapped[int] = mapped_column(
        ForeignKey("gis.layer_version.id", ondelete="CASCADE"), index=True
    )
    relation: Mapped[str] = mapped_column(String(10))
    classes_b: Mapped[str]
    minimum_m2: Mapped[float]
    tolerance_m: Mapped[float]
    state: Mapped[str] = mapped_column(String(10))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None]
    asked_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    touched_at: Mapped[dt.datetime] = mapped_column(Timestamp)
    finished_at: Mapped[dt.datetime | None] = mapped_column(Timestamp)


class DifferenceTotal(Base):
    """Number and ㎡ of the polygons of a run by classes, so that a list need not count them."""

    __tablename__ = "difference_total"
    __table_args__ = (_SCHEMA,)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("gis.difference_run.id", ondelete="CASCADE"), index=True)
    sliver: Mapped[bool]
    class_a: Mapped[str | None] = mapped_column(String(30))
    class_b: Mapped[str | None] = mapped_column(String(30))
    value_a: Mapped[str]
    value_b: Mapped[str | None]
    count: Mapped[int]
    area_m2: Mapped[float]


class DifferencePolygon(Base):
    """差异图斑 of a run, in the check CRS of A.

    ``number`` counts from the largest, slivers apart from the others, and ``place`` among those of the same total.
    ``value_a``, ``value_b``: what the class field says, by which a list is narrowed; ``class_*`` the legend's keys.
    """

    __tablename__ = "difference_polygon"
    __table_args__ = (
        Index("ix_difference_polygon_number", "run_id", "sliver", "number"),
        Index("ix_difference_polygon_code", "run_id", "code"),
        Index("ix_difference_polygon_place", "total_id", "number", postgresql_include=["place"]),
        Index("ix_difference_polygon_geom", "geom", postgresql_using="gist"),
        _SCHEMA,
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("gis.difference_run.id", ondelete="CASCADE"))
    sliver: Mapped[bool]
    number: Mapped[int | None]
    total_id: Mapped[int | None] = mapped_column(BigInteger)
    place: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(20))
    fid_a: Mapped[int]
    fid_b: Mapped[int | None]
    label_a: Mapped[str]
    label_b: Mapped[str | None]
    class_a: Mapped[str | None] = mapped_column(String(30))
    class_b: Mapped[str | None] = mapped_column(String(30))
    value_a: Mapped[str]
    value_b: Mapped[str | None]
    area_m2: Mapped[float]
    geom: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=-1, spatial_index=False))
