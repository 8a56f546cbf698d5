"""The drawing as planners see it: shapes with roles and attributes, in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry import Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from project_box.kernel.catalogue import uncollected
from project_box.kernel.finding import Issue, Level
from project_box.kernel.plain import to_plain

Value = str | float


@dataclass(frozen=True, slots=True)
class RoleShape:
    """One shape with its role 角色.

    Attributes:
        role: code of ``catalogue/roles.yaml`` (``site_boundary``, ``footprint`` …).
        geometry: shapely geometry, metres, drawing coordinates. Rings are polygons with holes cut out; arcs are chords
            that enclose the arcs' exact area, so ``geometry.area`` is exact too.
        attributes: canonical key → text, or float for keys that hold numbers (metres, ㎡, counts).
        handle: CAD handle (``insert/entity`` for parts of blocks). layer: its layer.
        text: free text inside the ring on its own layer, lines joined by newlines.
        area_m2: exact area (arcs as arcs, holes subtracted), ㎡; None for lines and points.
        parent: handle of the floor frame it lies in, None if it lies in none.
        sources: attribute key → where it came from: ``xdata``, ``block``, ``text``, ``layer``, ``table``.
        members: handles of all entities the shape was made of (chained lines, holes).
        valid: False if the ring crosses itself (its geometry was repaired to be computable; the issue is an error).
    """

    role: str
    geometry: BaseGeometry
    attributes: dict[str, Value] = field(default_factory=dict)
    handle: str = ""
    layer: str = ""
    text: str = ""
    area_m2: float | None = None
    parent: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    valid: bool = True


@dataclass(frozen=True, slots=True)
class LayerUse:
    """A layer as the standard sees it: ``role`` None if the standard does not know it."""

    name: str
    color: str
    entities: int
    role: str | None
    visible: bool = True


@dataclass(frozen=True, slots=True)
class DimensionCheck:
    """A dimension with what it shows and what it measures.

    Attributes:
        measured: drawing units times the style's factor, or degrees. measured_m: metres; None for angles.
        shown: number in the typed text; None if it shows its measurement (or holds no number).
        edited: the typed number is not the measured one.
    """

    handle: str
    layer: str
    kind: str
    measured: float | None
    measured_m: float | None
    text: str | None
    shown: float | None
    edited: bool
    at: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A layout of the file or a print or floor frame in model space (``frame``; with its handle and label)."""

    name: str
    kind: str
    entities: int
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class DrawingModel:
    """One drawing file, interpreted.

    Attributes:
        name, sha256: of the file.
        standard: code of the drawing standard used; None if no standard fits.
        kind: ``site_plan`` 总平面图, ``building`` 单体图 or ``unknown``.
        units: ``{"unit", "metres_per_unit", "source", "header", "evidence"}``.
        crs_hint: EPSG code if the file itself says so, else None (drawing coordinates are taken as the project's).
        attributes: what the drawing says about itself (图纸信息).
        georeference: what is known of the drawing's place (``drawings.interpreting.georeference.locate``).
        repairs: what was done or could be done to make rings (``drawings.shapes.repairs.repair_to_plain``).
        readable: False if nothing could be read; then only ``issues`` count.
    """

    name: str
    sha256: str
    standard: str | None
    kind: str
    units: dict[str, Any]
    crs_hint: int | None = None
    shapes: tuple[RoleShape, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    layers: tuple[LayerUse, ...] = ()
    dimensions: tuple[DimensionCheck, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    readable: bool = True
    format: str = "dxf"
    version: str = ""
    georeference: dict[str, Any] | None = None
    repairs: tuple[dict[str, Any], ...] = ()

    def by_role(self, *wanted: str) -> list[RoleShape]:
        """Shapes of the given roles, in drawing order."""
        return [s for s in self.shapes if s.role in wanted]

    @property
    def has_errors(self) -> bool:
        """True if an error-level issue was found."""
        return any(i.level is Level.ERROR for i in self.issues)


def model_to_plain(model: DrawingModel) -> dict[str, Any]:
    """JSON form; geometries as GeoJSON with full precision."""
    with uncollected():
        plain: dict[str, Any] = to_plain({**_fields(model), "shapes": [], "repairs": []})
        plain["repairs"] = list(model.repairs)  # plain already
        geometries = geojson_of([s.geometry for s in model.shapes])
        plain["shapes"] = [
            {**_fields(s), "geometry": geometry, "members": list(s.members), **_copies(s)}
            for s, geometry in zip(model.shapes, geometries, strict=True)
        ]
    return plain


def _copies(item: RoleShape) -> dict[str, Any]:
    return {"attributes": dict(item.attributes), "sources": dict(item.sources)}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def geojson_of(geometries: Sequence[BaseGeometry]) -> list[dict[str, Any]]:
    """GeoJSON of many geometries; polygons without holes and lines, which are most, all at once."""
    out: list[dict[str, Any]] = [{}] * len(geometries)
    simple: list[int] = []
    for k, geometry in enumerate(geometries):
        whole = isinstance(geometry, Polygon) and not len(geometry.interiors)
        if (whole or geometry.geom_type == "LineString") and not geometry.has_z:
            simple.append(k)
        else:
            out[k] = to_plain(mapping(geometry))
    chosen = [geometries[k] for k in simple]
    points = shapely.get_coordinates(chosen).tolist()
    start = 0
    for k, size in zip(simple, shapely.get_num_coordinates(chosen).tolist(), strict=True):
        line = points[start : start + size]
        start += size
        kind = geometries[k].geom_type
        out[k] = {"type": kind, "coordinates": [line] if kind == "Polygon" and line else line}
    return out


def model_from_plain(plain: dict[str, Any]) -> DrawingModel:
    """The model of :func:`model_to_plain`'s JSON form."""

    def point(value: Any) -> tuple[float, float] | None:
        return (value[0], value[1]) if value is not None else None

    shapes = tuple(
        RoleShape(**{**s, "geometry": shape(s["geometry"]), "members": tuple(s["members"])})
        for s in plain["shapes"]
    )
    return DrawingModel(
        **{
            **plain,
            "shapes": shapes,
            "repairs": tuple(plain.get("repairs", ())),
            "sheets": tuple(Sheet(**s) for s in plain["sheets"]),
            "layers": tuple(LayerUse(**s) for s in plain["layers"]),
            "dimensions": tuple(DimensionCheck(**{**d, "at": point(d["at"])}) for d in plain["dimensions"]),
            "issues": tuple(
                Issue(**{**i, "level": Level(i["level"]), "at": point(i["at"])}) for i in plain["issues"]
            ),
        }
    )
