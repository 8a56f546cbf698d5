"""Where the coordinates of a delivery lie, against the CRS that is stated for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis import crs as crs_module
from gis.boundaries.placing import suggest_zone
from gis.crs import Fit
from gis.layers.pieces import Geometries
from gis.source_crs import SourceCrs
from project_box.kernel.errors import BadInput

#: a plan may reach this far (degrees) over the edge of its zone; a single feature farther
_NEAR, _FAR = 3.0, 3.0
#: (m) from the false easting at which a coordinate no longer belongs to a zone
_ZONE_REACH = 499_000.0


@dataclass(frozen=True, slots=True)
class Placement:
    """How coordinates are put right: converted from a declared system, or with their axes exchanged."""

    crs: int
    declared: SourceCrs | None = None
    swapped: bool = False

    def apply(self, shapes: Geometries) -> Geometries:
        """Shapes in ``crs``, east (or longitude) first; missing ones stay missing."""
        moved = shapes
        if self.declared is not None:
            moved = np.asarray(shapely.transform(moved, self.declared.convert), dtype=object)
        if self.swapped:
            moved = np.asarray(shapely.transform(moved, lambda c: c[:, ::-1]), dtype=object)
        return moved

    def notes(self, near: bool) -> list[dict[str, Any]]:
        """What the import report says about the coordinates."""
        found = []
        if self.declared is not None:
            grid = self.declared.grid
            error = f"，换算误差约 {grid.error_m:g} m" if grid.error_m else ""
            error_en = f"; stated error {grid.error_m:g} m" if grid.error_m else ""
            found.append(
                note(
                    "CRS-CONVERTED",
                    f"坐标由{grid.name}换算为 EPSG:{self.crs}{error}",
                    f"coordinates were converted from {grid.name_en} to EPSG:{self.crs}{error_en}",
                )
            )
        if self.swapped:
            found.append(
                note(
                    "AXIS-SWAPPED",
                    "坐标的东、北（X、Y）次序颠倒，已对调后读取",
                    "east and north stand in the wrong order and were exchanged",
                )
            )
        if near:
            area = crs_module.area_of_use(self.crs)
            found.append(
                note(
                    "CRS-NEAR-EDGE",
                    f"数据略超出 EPSG:{self.crs} 的适用范围（{area[0]}），请核对带号",
                    f"the data lie slightly outside the area of EPSG:{self.crs} ({area[1]}); check the zone",
                )
            )
        return found


def note(code: str, zh: str, en: str) -> dict[str, Any]:
    """An entry of the import report that concerns the whole delivery."""
    return {"fid": None, "action": "note", "code": code, "message": zh, "message_en": en}


def place(
    shapes: Geometries, crs: int, declared: SourceCrs | None, name: str
) -> tuple[Placement, list[dict[str, Any]]]:
    """Judge the first features of a delivery by the middle of their positions, so that a stray one does not matter.

    Raises:
        BadInput: ``CRS-UNKNOWN``, ``CRS-OUTSIDE-AREA``: they do not lie where the CRS is used.
    """
    straight = Placement(crs, declared)
    middle = _middle(straight.apply(shapes))
    if middle is None:
        return straight, straight.notes(near=False)
    east, north = middle
    fit = crs_module.fit((east, north, east, north), crs, near_degrees=_NEAR)
    if declared is not None and declared.grid.bounds is not None and fit is not Fit.OUTSIDE:
        fit = _within(middle, crs, declared.grid.bounds)
    if fit is not Fit.OUTSIDE:
        return straight, straight.notes(near=fit is Fit.NEAR)
    if declared is None and crs_module.fit((north, east, north, east), crs) is not Fit.OUTSIDE:
        turned = Placement(crs, None, swapped=True)
        return turned, turned.notes(near=False)
    raise _outside(middle, crs, declared, name)


def _outside(middle: tuple[float, float], crs: int, declared: SourceCrs | None, name: str) -> BadInput:
    where = f"({middle[0]:.3f}, {middle[1]:.3f})"
    if crs_module.is_geographic(crs) and declared is None and max(map(abs, middle)) > 360:
        return BadInput(
            f"{name}：坐标 {where} 不是经纬度，与 EPSG:{crs} 不符",
            f"{name}: coordinates {where} are not longitude and latitude",
            code="CRS-UNKNOWN",
            place=name,
            remedy="在“坐标系”（命令行 --crs）指明，例如 4547",
            remedy_en="name the coordinate system (--crs on the command line), such as 4547",
        )
    area = crs_module.area_of_use(crs)
    hint = suggest_zone(middle, crs)
    if not crs_module.is_geographic(crs) and abs(middle[0]) <= 180 and abs(middle[1]) <= 90:
        hint = ("；坐标像是经纬度，可能是 EPSG:4490", "; they look like longitude and latitude: EPSG:4490?")
    system, system_en = (
        (declared.grid.name, declared.grid.name_en)
        if declared is not None
        else (f"{crs_module.name(crs)}(EPSG:{crs}，适用范围 {area[0]})", f"EPSG:{crs}, {area[1]}")
    )
    return BadInput(
        f"{name}：坐标 {where} 与坐标系 {system}不相符{hint[0]}",
        f"{name}: coordinates {where} do not lie in the area of {system_en}{hint[1]}",
        code="CRS-OUTSIDE-AREA",
        place=name,
        remedy="核对坐标系与带号，在“坐标系”（命令行 --crs）指明正确的",
        remedy_en="check coordinate system and zone; name the right one (--crs on the command line)",
    )


def _middle(shapes: Geometries) -> tuple[float, float] | None:
    boxes = shapely.bounds(shapes)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return None
    east, north = np.median((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)
    return float(east), float(north)


def _within(middle: tuple[float, float], crs: int, area: tuple[float, float, float, float]) -> Fit:
    spot = crs_module.transform_array(np.array([shapely.Point(middle)], dtype=object), crs, crs_module.WGS84)[
        0
    ]
    inside = spot is not None and area[0] <= spot.x <= area[2] and area[1] <= spot.y <= area[3]
    return Fit.INSIDE if inside else Fit.OUTSIDE


def strays(shapes: Geometries, crs: int) -> npt.NDArray[np.bool_]:
    """Which features lie so far from where the CRS is used that their coordinates must be wrong."""
    boxes = shapely.bounds(shapes)
    finite = np.isfinite(boxes).all(axis=1)
    lost = np.zeros(len(shapes), dtype=bool)
    if crs_module.is_geographic(crs):
        lost[finite] = (np.abs(boxes[finite][:, 1::2]) > 90).any(axis=1) | (
            np.abs(boxes[finite][:, ::2]) > 360
        ).any(axis=1)
        return lost
    zone = crs_module.gauss_kruger(crs)
    if zone is not None:
        lost[finite] = (np.abs(boxes[finite][:, ::2] - zone.false_easting) > _ZONE_REACH).any(axis=1)
    area = crs_module.lonlat_bounds(crs)
    if area is None or area[2] < area[0]:
        return lost
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    known = np.flatnonzero(finite & ~lost)
    placed = crs_module.transform_coordinates(centres[known], crs, crs_module.WGS84)
    west, south, east, north = area
    with np.errstate(invalid="ignore"):
        near = (
            (placed[:, 0] >= west - _FAR)
            & (placed[:, 0] <= east + _FAR)
            & (placed[:, 1] >= south - _FAR)
            & (placed[:, 1] <= north + _FAR)
        )
    lost[known[~near]] = True
    return lost
