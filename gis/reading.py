"""What reading a boundary gives, and the checks every format goes through.

A format reader (TXT, GeoJSON, GDAL) delivers parcels of rings and what it knows of the CRS; :func:`finish` turns them
into one validated geometry with areas and issues. Areas are ㎡; coordinates (east, north) or (lon, lat).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon

from gis import crs as crs_module
from gis.crs import Fit
from gis.faults import faults
from gis.rules import boundary_rules
from gis.source_crs import SourceCrs
from gis.topology import (
    Ring,
    Vertex,
    assemble,
    clean_ring,
    join_parts,
    place,
    polygon_from_declared_rings,
    report_crossings,
)
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level

#: ㎡ per unit of a declared area
UNIT_M2 = {
    "ha": Decimal(10000),
    "m2": Decimal(1),
    "mu": Decimal(10000) / Decimal(15),
    "km2": Decimal(1000000),
}
UNIT_ZH = {"ha": "公顷", "m2": "平方米", "mu": "亩", "km2": "平方公里"}
_UNIT_WORDS = (
    (("平方公里", "平方千米", "km2", "km²", "㎢"), "km2"),
    (("公顷", "hm2", "hm²", "ha"), "ha"),
    (("平方米", "㎡", "m2", "m²", "平米", "平方"), "m2"),
    (("亩", "mu"), "mu"),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """An area as a file states it.

    Attributes:
        text: as written; ``value`` the number in it; ``unit`` ha, m2, mu or km2.
        unit_written: the unit stands in the text (else it was inferred from the computed area, or is the usual ha).
        line: line in the file.
    """

    text: str
    value: Decimal
    unit: str
    unit_written: bool
    line: int | None = None

    @property
    def area_m2(self) -> float:
        """The declared area in ㎡."""
        return float(self.value * UNIT_M2[self.unit])

    @property
    def half_digit_m2(self) -> float:
        """Half a unit of the last written digit, in ㎡."""
        exponent = self.value.as_tuple().exponent
        return float(Decimal(10) ** (exponent if isinstance(exponent, int) else 0) / 2 * UNIT_M2[self.unit])


@dataclass(slots=True)
class Parcel:
    """One 地块 of a boundary file.

    Attributes:
        rings: its rings; ``hole`` on each is None where containment decides.
        label: what to call it in messages.
        declared: text of the declared area, or None.
        attributes: what the file says about it, by the Chinese field name.
        polygons: rings grouped by the format itself (outer first); used instead of containment when given.
    """

    rings: list[Ring] = field(default_factory=list)
    label: str = ""
    declared: str | None = None
    declared_line: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    grouped: bool = False


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
        if self.geometry is None or self.crs is None:
            return None
        return crs_module.measuring_crs(self.geometry, self.crs)

    @cached_property
    def area_m2(self) -> float | None:
        """Planar area in ``area_crs``, ㎡, 2 decimals; None without geometry or CRS."""
        if self.geometry is None or self.crs is None:
            return None
        return round(crs_module.planar_area(self.geometry, self.crs), 2)

    @cached_property
    def ellipsoidal_area_m2(self) -> float | None:
        """Area on the ellipsoid of the CRS's datum, ㎡, 2 decimals; None without geometry or CRS."""
        if self.geometry is None or self.crs is None:
            return None
        return round(crs_module.ellipsoidal_area(self.geometry, self.crs), 2)

    @cached_property
    def area_difference(self) -> dict[str, Any] | None:
        """Why planar and ellipsoidal area differ, in numbers and words; None without geometry or CRS."""
        if self.geometry is None or self.crs is None or self.geometry.is_empty:
            return None
        return crs_module.area_difference(self.geometry, self.crs)


def failed(format_name: str, *issues: Issue) -> BoundaryReading:
    """A reading without geometry."""
    return BoundaryReading(None, None, _sorted(issues), format_name)


def error(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """An error-level issue."""
    return Issue(code, Level.ERROR, message, message_en, remedy, remedy_en, **where)


def warning(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """A warning-level issue."""
    return Issue(code, Level.WARNING, message, message_en, remedy, remedy_en, **where)


def info(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """An info-level issue."""
    return Issue(code, Level.INFO, message, message_en, remedy, remedy_en, **where)


def crs_unknown(hint: str = "", hint_en: str = "") -> Issue:
    """The question every file without a CRS is answered with."""
    return error(
        "CRS-UNKNOWN",
        f"文件没有说明坐标系{f'({hint})' if hint else ''}",
        f"the file does not say its coordinate system{f' ({hint_en})' if hint_en else ''}",
        "请指明坐标系(命令行用 --crs,网页在“坐标系”中选择),例如 4547、4526、4490",
        "state the coordinate system (--crs on the command line), e.g. 4547, 4526, 4490",
    )


def parse_declared(text: str, line: int | None = None) -> Declared | None:
    """The area in a text such as ``1.2247``, ``0.7655公顷``, ``8,000㎡``; None when there is no number in it.

    Without a unit the value is taken as 公顷, the unit of the format (reference 4.1), until :func:`compare_area`
    finds that another unit fits.
    """
    cleaned = text.strip().replace(",", "").replace(" ", "")
    number = re.search(r"[-+]?\d+(?:\.\d+)?|[-+]?\.\d+", cleaned)
    if number is None:
        return None
    try:
        value = Decimal(number.group())
    except InvalidOperation:
        return None
    rest = (cleaned[: number.start()] + cleaned[number.end() :]).lower()
    for words, unit in _UNIT_WORDS:
        if any(word in rest for word in words):
            return Declared(text.strip(), value, unit, True, line)
    return Declared(text.strip(), value, "ha", False, line)


def compare_area(declared: Declared, computed_m2: float, label: str, issues: list[Issue]) -> Declared:
    """Compare a declared with the computed area (WE-45) and report; returns it with the unit that fits.

    公顷 fits: nothing to say. ㎡ or 亩 fits though no unit is written: warning. Nothing fits: error.
    """
    who = f"{label}:" if label else ""

    def fits(candidate: Declared) -> bool:
        allowed = max(candidate.half_digit_m2, boundary_rules().area_tolerance_share * computed_m2)
        return abs(candidate.area_m2 - computed_m2) <= allowed + 1e-9

    if fits(declared):
        return declared
    if not declared.unit_written:
        for unit, code in (("m2", "AREA-UNIT-M2"), ("mu", "AREA-UNIT-MU")):
            other = replace(declared, unit=unit)
            if fits(other):
                issues.append(
                    warning(
                        code,
                        f"{who}面积 {declared.text} 的单位是{UNIT_ZH[unit]},应为公顷",
                        f"declared area {declared.text} is in {unit}, hectares expected",
                        f"改写为 {computed_m2 / 10000:.4f}(公顷)",
                        f"write {computed_m2 / 10000:.4f} (hectares)",
                        line=declared.line,
                    )
                )
                return other
    issues.append(
        error(
            "AREA-MISMATCH",
            f"{who}申报面积 {declared.text}{'' if declared.unit_written else '(公顷)'} = {declared.area_m2:.2f} ㎡,"
            f"按界址点计算为 {computed_m2:.2f} ㎡,相差 {declared.area_m2 - computed_m2:+.2f} ㎡",
            f"declared area {declared.area_m2:.2f} m2 differs from the computed {computed_m2:.2f} m2",
            "核对申报面积与界址点",
            "check the declared area and the points",
            line=declared.line,
        )
    )
    return declared


def bad_number(value: float, limit: float) -> str | None:
    """Code of what is wrong with a coordinate, or None."""
    if not math.isfinite(value):
        return "COORD-NAN"
    return "COORD-HUGE" if abs(value) > limit else None


def check_coordinates(parcels: Sequence[Parcel], issues: list[Issue]) -> bool:
    """Report coordinates that are no numbers or beyond any CRS; False when there are such."""
    rules = boundary_rules()
    bad = 0
    for parcel in parcels:
        for ring in parcel.rings:
            for vertex in ring.vertices:
                code = bad_number(vertex.x, rules.coordinate_limit) or bad_number(
                    vertex.y, rules.coordinate_limit
                )
                if code is None:
                    continue
                bad += 1
                if bad <= rules.places_listed:
                    issues.append(coordinate_issue(code, vertex))
    return bad == 0


def coordinate_issue(code: str, vertex: Vertex) -> Issue:
    """``COORD-NAN`` or ``COORD-HUGE`` at a vertex."""
    if code == "COORD-NAN":
        return error(
            code,
            f"{place(vertex)}的坐标不是有效数字",
            "a coordinate is not a number",
            "改正该坐标",
            "correct the coordinate",
            line=vertex.line,
        )
    return error(
        code,
        f"{place(vertex)}的坐标大得不合理",
        "a coordinate is absurdly large",
        "核对坐标与单位(应为米)",
        "check the coordinate and its unit (metres)",
        line=vertex.line,
    )


def bounds_of(parcels: Sequence[Parcel]) -> tuple[float, float, float, float]:
    """West, south, east, north of all vertices.

    Raises:
        ValueError: no vertices.
    """
    xs = [v.x for p in parcels for r in p.rings for v in r.vertices]
    ys = [v.y for p in parcels for r in p.rings for v in r.vertices]
    return min(xs), min(ys), max(xs), max(ys)


def swap_axes(parcels: Sequence[Parcel]) -> None:
    """Exchange x and y of every vertex, in place."""
    for parcel in parcels:
        for ring in parcel.rings:
            ring.vertices = [replace(v, x=v.y, y=v.x) for v in ring.vertices]


def settle_axes(parcels: Sequence[Parcel], crs: int, issues: list[Issue]) -> None:
    """See whether the coordinates suit the CRS; swap x and y when only that makes them fit (reported)."""
    west, south, east, north = bounds_of(parcels)
    straight = crs_module.fit((west, south, east, north), crs)
    if straight is Fit.OUTSIDE and crs_module.fit((south, west, north, east), crs) is not Fit.OUTSIDE:
        swap_axes(parcels)
        issues.append(
            warning(
                "AXIS-SWAPPED",
                "坐标的东、北(X、Y)次序颠倒,已对调后读取",
                "east and north stand in the wrong order and were exchanged",
                "核对坐标列的次序",
                "check the order of the coordinate columns",
            )
        )
        return
    if straight is Fit.INSIDE:
        return
    middle = ((west + east) / 2, (south + north) / 2)
    where = f"({middle[0]:.3f}, {middle[1]:.3f})"
    suggestion = suggest_zone(middle, crs)
    area = crs_module.area_of_use(crs)
    if straight is Fit.NEAR:
        issues.append(
            warning(
                "CRS-NEAR-EDGE",
                f"坐标 {where} 略超出 {crs_module.name(crs)}(EPSG:{crs})的适用范围({area[0]})",
                f"the coordinates lie slightly outside the area of EPSG:{crs}",
                "核对带号",
                "check the zone",
                at=middle,
            )
        )
    else:
        issues.append(
            error(
                "CRS-OUTSIDE-AREA",
                f"坐标 {where} 与坐标系 {crs_module.name(crs)}(EPSG:{crs},适用范围 {area[0]})不相符{suggestion[0]}",
                f"the coordinates do not lie in the area of EPSG:{crs}, {area[1]}{suggestion[1]}",
                "核对坐标系、带号与坐标",
                "check the coordinate system, zone and coordinates",
                at=middle,
            )
        )


def report_measure(parcels: Sequence[Parcel], crs: int, issues: list[Issue]) -> None:
    """Say when the CRS is no measure of area at this place (Web Mercator), so that areas are taken elsewhere."""
    if crs_module.is_geographic(crs) or any(i.code == "CRS-OUTSIDE-AREA" for i in issues):
        return
    west, south, east, north = bounds_of(parcels)
    scale = crs_module.areal_scale((west + east) / 2, (south + north) / 2, crs)
    if scale is None or abs(scale - 1) <= boundary_rules().areal_scale_limit:
        return
    issues.append(
        warning(
            "CRS-NOT-FOR-AREA",
            f"{crs_module.name(crs)}(EPSG:{crs})在此处把面积放大为 {scale:.3f} 倍,面积改按 3 度带(或 UTM)量算",
            f"EPSG:{crs} multiplies areas by {scale:.3f} here; areas are measured in the local zone instead",
            "请提供 2000 国家大地坐标系 3 度带坐标",
            "hand in coordinates of the local CGCS2000 zone",
        )
    )


def convert(parcels: Sequence[Parcel], crs: SourceCrs, issues: list[Issue]) -> None:
    """Convert every vertex from the declared system to its target, in place, and say so with the stated error."""
    grid, target = crs.grid, int(crs)
    issues[:] = [i for i in issues if i.code not in ("CRS-OVERRIDDEN", "AXIS-SWAPPED")]
    rings = [ring for parcel in parcels for ring in parcel.rings]
    points = np.array([v.at for ring in rings for v in ring.vertices], dtype=float)
    moved = crs.convert(points)
    if _placed(moved, crs) is not Fit.INSIDE:
        turned = crs.convert(points[:, ::-1])
        if _placed(turned, crs) is Fit.INSIDE:
            moved = turned
            issues.append(
                warning(
                    "AXIS-SWAPPED",
                    "坐标的东、北(X、Y)次序颠倒,已对调后读取",
                    "east and north stand in the wrong order and were exchanged",
                    "核对坐标列的次序",
                    "check the order of the coordinate columns",
                )
            )
    start = 0
    for ring in rings:
        stop = start + len(ring.vertices)
        ring.vertices = [
            replace(v, x=float(x), y=float(y))
            for v, (x, y) in zip(ring.vertices, moved[start:stop], strict=True)
        ]
        start = stop
    said = f"换算误差约 {grid.error_m:g} 米" if grid.error_m is not None else "没有注明换算误差"
    said_en = f"stated error about {grid.error_m:g} m" if grid.error_m is not None else "no stated error"
    issues.append(
        warning(
            "CRS-GCJ02" if grid.kind == "gcj02" else "CRS-CONVERTED",
            f"坐标按声明的{grid.name}读取,已换算为 {crs_module.name(target)}(EPSG:{target}),{said}"
            + ("" if grid.verified else ",参数未经核实"),
            f"read as {grid.name_en} as declared and converted to EPSG:{target}; {said_en}"
            + ("" if grid.verified else "; parameters not verified"),
            "正式报件请提供 2000 国家大地坐标系的实测界址点",
            "hand in surveyed CGCS2000 points for a formal filing",
        )
    )
    if _placed(moved, crs) is Fit.OUTSIDE:
        west, south, east, north = grid.bounds or (None,) * 4
        area = (
            (f"经度 {west:g}°~{east:g}°、纬度 {south:g}°~{north:g}°",) * 2
            if grid.bounds
            else crs_module.area_of_use(target)
        )
        issues.append(
            error(
                "CRS-OUTSIDE-AREA",
                f"坐标与声明的{grid.name}不相符,换算后不在其适用范围({area[0]})之内",
                f"the coordinates do not lie in the area of {grid.name_en} ({area[1]})",
                "核对声明的坐标系与坐标",
                "check the declared system and the coordinates",
            )
        )


def _placed(moved: npt.NDArray[np.float64], crs: SourceCrs) -> Fit:
    """Whether converted coordinates lie where the declared system is used."""
    if not np.isfinite(moved).all():
        return Fit.OUTSIDE
    low, high = moved.min(axis=0), moved.max(axis=0)
    bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    found = crs_module.fit(bounds, int(crs))
    if found is Fit.OUTSIDE or crs.grid.bounds is None:
        return found
    try:
        west, south, east, north = crs_module.transform_unchecked(
            shapely.box(*bounds), int(crs), crs_module.WGS84
        ).bounds
    except BadInput:
        return Fit.OUTSIDE
    area = crs.grid.bounds
    inside = area[0] <= west and area[1] <= south and east <= area[2] and north <= area[3]
    return Fit.INSIDE if inside else Fit.OUTSIDE


def suggest_zone(middle: tuple[float, float], crs: int) -> tuple[str, str]:
    """A CRS of the same family whose zone prefix the easting carries, worded; empty when there is none."""
    given = crs_module.gauss_kruger(crs)
    if given is None:
        return "", ""
    zone = int(middle[0] // 1_000_000)
    width = crs_module.zone_width(zone)
    other = width and crs_module.zone_epsg(given.family, zone, width=width, prefixed=True)
    if other and other != crs:
        return (
            f";东坐标带有带号 {zone},可能是 EPSG:{other}",
            f"; the easting carries zone {zone}: EPSG:{other}?",
        )
    if zone == 0 and given.prefixed:
        plain = crs_module.zone_epsg(given.family, given.zone, width=given.width, prefixed=False)
        return f";东坐标没有带号,可能是 EPSG:{plain}", f"; the easting has no zone prefix: EPSG:{plain}?"
    return "", ""


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
    rules = boundary_rules()
    if not any(parcel.rings for parcel in parcels):
        return BoundaryReading(None, crs, _sorted(issues), format_name, attributes=attributes or {})
    if not check_coordinates(parcels, issues):
        return BoundaryReading(None, crs, _sorted(issues), format_name, attributes=attributes or {})
    if isinstance(crs, SourceCrs):
        convert(parcels, crs, issues)
        if not check_coordinates(parcels, issues):
            return BoundaryReading(None, int(crs), _sorted(issues), format_name, attributes=attributes or {})
        attributes = (attributes or {}) | {"declared_crs": crs.grid.code}
        crs = int(crs)
    elif crs is not None:
        settle_axes(parcels, crs, issues)
        report_measure(parcels, crs, issues)
    degrees = crs_module.is_geographic(crs) if crs is not None else _looks_like_degrees(bounds_of(parcels))
    polygons: list[Polygon] = []
    labels: list[str] = []
    declared: list[Declared] = []
    complete = True
    broken = any(issue.code == "CRS-OUTSIDE-AREA" for issue in issues)
    for number, parcel in enumerate(parcels, start=1):
        label = parcel.label or (f"第 {number} 个地块" if len(parcels) > 1 else "")
        mine = _parcel_polygons(parcel, degrees, issues)
        polygons += mine
        labels += [label or "地块"] * len(mine)
        stated = _declared(parcel, label, issues)
        if stated is None:
            complete = False
        elif crs is not None and not broken and mine and all(p.is_valid for p in mine):
            computed = sum(crs_module.planar_area(p, crs) for p in mine)
            declared.append(compare_area(stated, computed, label, issues))
        else:
            declared.append(stated)
    before = len(issues)
    geometry = join_parts(polygons, labels, issues)
    if geometry is not None and crs is not None and not broken and len(issues) == before:
        for number, polygon in enumerate(geometry.geoms, start=1):
            if not polygon.is_valid:
                continue  # its crossing has been reported, and an area has no meaning
            area = crs_module.planar_area(polygon, crs)
            if area < rules.area_small_m2:
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
        issues += faults(geometry, degrees)
    return BoundaryReading(
        geometry,
        crs,
        _sorted(issues),
        format_name,
        declared_area_m2=round(sum(d.area_m2 for d in declared), 2) if declared and complete else None,
        attributes=attributes or {},
        declared=tuple(declared),
    )


def _looks_like_degrees(bounds: tuple[float, float, float, float]) -> bool:
    return bounds[0] >= -180 and bounds[2] <= 180 and bounds[1] >= -90 and bounds[3] <= 90


def _declared(parcel: Parcel, label: str, issues: list[Issue]) -> Declared | None:
    text = (parcel.declared or "").strip()
    who = f"{label}:" if label else ""
    if not text:
        if parcel.declared is not None:
            issues.append(
                info(
                    "AREA-BLANK",
                    f"{who}没有填写面积,以计算面积为准",
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
                f"{who}面积“{text[:40]}”不是有效数字,未作比较",
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
    return assemble(cleaned, issues)


def _sorted(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    rank = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
    return tuple(sorted(issues, key=lambda i: (rank[i.level], i.line or 0)))
