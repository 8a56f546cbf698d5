"""Coordinates of a boundary against the CRS stated for them: axis order, area of use, declared systems converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely

from gis import crs as crs_module
from gis.boundaries.parcel import Parcel, bounds_of, swap_axes
from gis.crs import Fit
from gis.remarks import error, spot_text, warning
from gis.rules import boundary_rules
from gis.source_crs import SourceCrs
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue


def _swapped() -> Issue:
    return warning(
        "AXIS-SWAPPED",
        "坐标的东、北（X、Y）次序颠倒，已对调后读取",
        "east and north stand in the wrong order and were exchanged",
        "核对坐标列的次序",
        "check the order of the coordinate columns",
    )


def settle_axes(parcels: Sequence[Parcel], crs: int, issues: list[Issue]) -> None:
    """See whether the coordinates suit the CRS; swap x and y when only that makes them fit (reported)."""
    west, south, east, north = bounds_of(parcels)
    straight = crs_module.fit((west, south, east, north), crs)
    if straight is Fit.OUTSIDE and crs_module.fit((south, west, north, east), crs) is not Fit.OUTSIDE:
        swap_axes(parcels)
        issues.append(_swapped())
        return
    if straight is Fit.INSIDE:
        return
    middle = ((west + east) / 2, (south + north) / 2)
    where = spot_text(*middle)
    suggestion = suggest_zone(middle, crs)
    area = crs_module.area_of_use(crs)
    if straight is Fit.NEAR:
        issues.append(
            warning(
                "CRS-NEAR-EDGE",
                f"坐标 {where} 略超出 {crs_module.name(crs)}（EPSG:{crs}）的适用范围（{area[0]}）",
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
                f"坐标 {where} 与坐标系 {crs_module.name(crs)}（EPSG:{crs}，适用范围 {area[0]}）不相符{suggestion[0]}",
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
            f"{crs_module.name(crs)}（EPSG:{crs}）在此处把面积放大为 {scale:.3f} 倍，面积改按 3 度带（或 UTM）量算",
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
            issues.append(_swapped())
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
            "CRS-GCJ02" if grid.gcj02 is not None else "CRS-CONVERTED",
            f"坐标按声明的{grid.name}读取，已换算为 {crs_module.name(target)}（EPSG:{target}），{said}"
            + ("" if grid.verified else "，参数未经核实"),
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
                f"坐标与声明的{grid.name}不相符，换算后不在其适用范围（{area[0]}）之内",
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
            f"；东坐标带有带号 {zone}，可能是 EPSG:{other}",
            f"; the easting carries zone {zone}: EPSG:{other}?",
        )
    if zone == 0 and given.prefixed:
        plain = crs_module.zone_epsg(given.family, given.zone, width=given.width, prefixed=False)
        return f"；东坐标没有带号，可能是 EPSG:{plain}", f"; the easting has no zone prefix: EPSG:{plain}?"
    return "", ""


def hint_zone(issue: Issue, bounds: tuple[float, float, float, float]) -> Issue:
    """The question for a CRS with what the coordinates tell: the zone before an easting, in either order of axes."""
    west, south, east, north = bounds
    for low, high, other in ((west, east, south), (south, north, west)):
        zone = int(low // 1_000_000)
        if zone != int(high // 1_000_000) or not 1_000_000 <= other < 10_000_000:
            continue
        width = crs_module.zone_width(zone)
        code = width and crs_module.zone_epsg(crs_module.Family.CGCS2000, zone, width=width, prefixed=True)
        if code:
            return replace(
                issue,
                message=f"{issue.message}；东坐标带有带号 {zone}，若为2000国家大地坐标系则是 EPSG:{code}",
                message_en=f"{issue.message_en}; the eastings carry zone {zone}: EPSG:{code} if it is CGCS2000",
            )
    return issue
