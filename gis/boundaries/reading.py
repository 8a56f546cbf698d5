"""What reading a boundary gives, and the checks every format goes through.

A format reader (TXT, GeoJSON, GDAL) delivers parcels of rings and what it knows of the CRS; :func:`finish` turns them
into one validated geometry with areas and issues. Areas are ㎡; coordinates (east, north) or (lon, lat).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.boundaries.declared_area import Declared, compare_area, parse_declared
from gis.boundaries.faults import faults
from gis.boundaries.parcel import Parcel, bounds_of, check_coordinates
from gis.boundaries.placing import convert, hint_zone, report_measure, settle_axes
from gis.boundaries.topology import (
    Ring,
    assemble,
    clean_ring,
    join_parts,
    polygon_from_declared_rings,
    report_crossings,
    without_repeated,
)
from gis.remarks import error, info, warning
from gis.rules import boundary_rules
from gis.source_crs import SourceCrs
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level


@dataclass(frozen=True)
class BoundaryReading:
    """A boundary as read from a file or drawn.

    Attributes:
        geometry: MultiPolygon in ``crs`` (outer rings counter-clockwise), or None when nothing could be read.
        crs: EPSG, or None when the file does not say.
        declared_area_m2: declared area of all parcels in ㎡, None when any parcel declares none.
        issues: coded remarks, errors first.
        format: TXT, GeoJSON, SHP, GPKG, KML, DXF or drawn.
        attributes: per-file facts: header fields, parcels, encoding, source layer.
        declared: the declared area of each parcel that has one.
    """

    geometry: MultiPolygon | None
    crs: int | None
    issues: tuple[Issue, ...] = ()
    format: str = ""
    declared_area_m2: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    declared: tuple[Declared, ...] = ()

    @property
    def ok(self) -> bool:
        """True when there is a geometry in a known CRS and no error-level issue."""
        return (
            self.geometry is not None
            and self.crs is not None
            and not any(issue.level is Level.ERROR for issue in self.issues)
        )

    @property
    def parts(self) -> int:
        """Number of separate polygons."""
        return 0 if self.geometry is None else len(self.geometry.geoms)

    @property
    def holes(self) -> int:
        """Number of inner rings."""
        return 0 if self.geometry is None else sum(len(p.interiors) for p in self.geometry.geoms)

    @cached_property
    def area_crs(self) -> int | None:
        """Projected CRS the planar area is measured in: the boundary's own, or the zone chosen for lon/lat."""
        if self.geometry is None or self.crs is None or self.area_m2 is None:
            return None
        return crs_module.measuring_crs(self.geometry, self.crs)

    @cached_property
    def area_m2(self) -> float | None:
        """Planar area in ``area_crs``, ㎡, 2 decimals; None without geometry, CRS or a fit of the two."""
        return self._measured(crs_module.planar_area)

    @cached_property
    def ellipsoidal_area_m2(self) -> float | None:
        """Area on the ellipsoid of the CRS's datum, ㎡, 2 decimals; None as for ``area_m2``."""
        return self._measured(crs_module.ellipsoidal_area)

    def _measured(self, measure: Callable[[BaseGeometry, int], float]) -> float | None:
        if self.geometry is None or self.crs is None:
            return None
        try:
            area = measure(self.geometry, self.crs)
        except BadInput:
            return None  # coordinates that the CRS cannot express; CRS-OUTSIDE-AREA has said so
        return round(area, 2) if math.isfinite(area) else None

    @cached_property
    def area_difference(self) -> dict[str, Any] | None:
        """Why planar and ellipsoidal area differ, in numbers and words; None without geometry or CRS."""
        if self.geometry is None or self.crs is None or self.geometry.is_empty:
            return None
        return crs_module.area_difference(self.geometry, self.crs)


def failed(format_name: str, *issues: Issue) -> BoundaryReading:
    """A reading without geometry."""
    return BoundaryReading(None, None, sorted_issues(issues), format_name)


def finish(
    parcels: Sequence[Parcel],
    crs: int | None,
    issues: list[Issue],
    *,
    format_name: str,
    attributes: dict[str, Any] | None = None,
) -> BoundaryReading:
    """Validate parcels and put them together; the coordinates must be numbers already.

    Args:
        parcels: rings as read; their axis order is settled against ``crs`` here.
        crs: EPSG or None when unknown (the caller has reported that).
        issues: what has been found so far; more are added.
    """

    def unusable() -> BoundaryReading:
        return BoundaryReading(None, crs, sorted_issues(issues), format_name, attributes=attributes or {})

    if not any(parcel.rings for parcel in parcels) or not check_coordinates(parcels, issues):
        return unusable()
    if isinstance(crs, SourceCrs):
        declared_crs, crs = crs, int(crs)
        convert(parcels, declared_crs, issues)
        if not check_coordinates(parcels, issues):
            return unusable()
        attributes = (attributes or {}) | {"declared_crs": declared_crs.grid.code}
    else:
        _settle(parcels, crs, issues)
    geometry, declared = _joined(parcels, crs, issues)
    known = tuple(d for d in declared if d is not None)
    return BoundaryReading(
        geometry,
        crs,
        sorted_issues(issues),
        format_name,
        declared_area_m2=round(sum(d.area_m2 for d in known), 2)
        if known and len(known) == len(declared)
        else None,
        attributes=attributes or {},
        declared=known,
    )


def _joined(
    parcels: Sequence[Parcel], crs: int | None, issues: list[Issue]
) -> tuple[MultiPolygon | None, list[Declared | None]]:
    """The areas of all parcels together, and what each declares; faults of theirs are reported."""
    degrees = crs_module.is_geographic(crs) if crs is not None else _looks_like_degrees(bounds_of(parcels))
    broken = _outside(issues)
    polygons: list[Polygon] = []
    labels: list[str] = []
    declared: list[Declared | None] = []
    for number, parcel in enumerate(parcels, start=1):
        label = parcel.label or (f"第 {number} 个地块" if len(parcels) > 1 else "")
        mine = _parcel_polygons(parcel, degrees, issues)
        polygons += mine
        labels += [label or "地块"] * len(mine)
        declared.append(_compared(parcel, label, mine, None if broken else crs, issues))
    before = len(issues)
    told = any(issue.code == "RINGS-OVERLAP" for issue in issues)
    geometry = join_parts(polygons, labels, [] if told else issues)
    if geometry is not None and crs is not None and not broken and len(issues) == before and not told:
        _report_tiny(geometry, crs, issues)
        issues += faults(geometry, degrees)
    return geometry, declared


def _settle(parcels: Sequence[Parcel], crs: int | None, issues: list[Issue]) -> None:
    """The coordinates against the CRS; where there is none, what they tell about it."""
    if crs is None:
        issues[:] = [hint_zone(i, bounds_of(parcels)) if i.code == "CRS-UNKNOWN" else i for i in issues]
        return
    settle_axes(parcels, crs, issues)
    report_measure(parcels, crs, issues)


def _outside(issues: list[Issue]) -> bool:
    """Whether the site lies outside its CRS; not said where wrong points put its middle elsewhere."""
    found = any(issue.code == "CRS-OUTSIDE-AREA" for issue in issues)
    if found and any(issue.code in _POINTS_LOST for issue in issues):
        issues[:] = [issue for issue in issues if issue.code != "CRS-OUTSIDE-AREA"]
    return found


def _compared(
    parcel: Parcel, label: str, polygons: Sequence[Polygon], crs: int | None, issues: list[Issue]
) -> Declared | None:
    """The declared area of a parcel, compared where its own can be measured: not where points of it were lost."""
    stated = _declared(parcel, label, issues)
    if any(i.code in _POINTS_LOST for i in issues):
        return stated
    if stated is None or crs is None or not polygons or not all(p.is_valid for p in polygons):
        return stated
    return compare_area(stated, sum(crs_module.planar_area(p, crs) for p in polygons), label, issues)


#: with one of these the points are not those of the file, so that an area of them says nothing
_POINTS_LOST = frozenset(
    {"TXT-BAD-NUMBER", "TXT-ROW-SHORT", "TXT-ARC", "TXT-COORD-OUTLIER", "TXT-ZONE-MIXED", "TABLE-BAD-NUMBER"}
)


def _report_tiny(geometry: MultiPolygon, crs: int, issues: list[Issue]) -> None:
    rules = boundary_rules()
    for number, polygon in enumerate(geometry.geoms, start=1):
        if not polygon.is_valid:
            continue  # its crossing has been reported, and an area has no meaning
        area = crs_module.planar_area(polygon, crs)
        if area >= rules.area_small_m2:
            continue
        spot = polygon.representative_point()
        make = error if area < rules.area_minimum_m2 else warning
        issues.append(
            make(
                "AREA-TINY",
                f"第 {number} 部分面积只有 {area:.3f} ㎡",
                f"part {number} has only {area:.3f} m2",
                "核对是否为碎面或单位错误",
                "check for slivers or a wrong unit",
                at=(spot.x, spot.y),
            )
        )


def _looks_like_degrees(bounds: tuple[float, float, float, float]) -> bool:
    return bounds[0] >= -180 and bounds[2] <= 180 and bounds[1] >= -90 and bounds[3] <= 90


def _declared(parcel: Parcel, label: str, issues: list[Issue]) -> Declared | None:
    text = (parcel.declared or "").strip()
    who = f"{label}：" if label else ""
    if not text:
        if parcel.declared is not None:
            issues.append(
                info(
                    "AREA-BLANK",
                    f"{who}没有填写面积，以计算面积为准",
                    "no declared area; the computed one counts",
                    line=parcel.declared_line,
                )
            )
        return None
    stated = parse_declared(text, parcel.declared_line)
    if stated is None or stated.value <= 0:
        issues.append(
            warning(
                "AREA-TEXT",
                f"{who}面积“{text[:40]}”不是有效数字，未作比较",
                "the declared area is not a number",
                "填写公顷数",
                "write the area in hectares",
                line=parcel.declared_line,
            )
        )
        return None
    return stated


def _parcel_polygons(parcel: Parcel, degrees: bool, issues: list[Issue]) -> list[Polygon]:
    cleaned: list[Ring] = []
    whole = True
    for ring in parcel.rings:
        kept = clean_ring(ring, degrees=degrees, issues=issues)
        if kept is None or report_crossings(kept, issues):
            whole = False
            if kept is None:
                continue
        cleaned.append(kept)
    if not cleaned:
        return []
    if parcel.grouped:
        outer = next((r for r in cleaned if not r.hole), None)
        if outer is None:
            return []
        inner = [r for r in cleaned if r.hole and r is not outer]
        if not whole:
            return [Polygon([v.at for v in outer.vertices], [[v.at for v in h.vertices] for h in inner])]
        return [polygon_from_declared_rings(outer, inner, issues)]
    if not whole:
        return [ring.polygon for ring in cleaned]
    return assemble(without_repeated(cleaned, issues) if len(cleaned) > 1 else cleaned, issues)


def sorted_issues(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    rank = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
    return tuple(sorted(issues, key=lambda i: (rank[i.level], i.line or 0)))
