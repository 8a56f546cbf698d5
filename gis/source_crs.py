"""Coordinate systems without an EPSG code: GCJ-02, local city grids, PROJ or WKT text.

They are never found by the platform itself; somebody declares them. Coordinates are converted while a file is read,
before anything is validated, and the reading says so together with the error that is stated for the conversion.
A grid is a YAML file in ``catalogue/crs/`` (or any file named on the command line), with the city's own parameters.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pyproj
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pyproj.exceptions import CRSError

from gis import crs as crs_module
from gis.crs_text import datum_key, identify, parameters_of
from gis.rules import CATALOGUE
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import BadInput, CatalogueError

Coordinates = npt.NDArray[np.float64]
_STRICT = ConfigDict(extra="forbid", frozen=True)
_LONGEST = 4000
#: words of PROJ that open files or other definitions; text from outside may not hold them
_FORBIDDEN = re.compile(r"grids|\+init|\+file|pipeline|\+step|geoid|/|\\", re.IGNORECASE)
_FORBIDDEN_WKT = re.compile(r"grids|extension|\+init|\+file|pipeline|geoid", re.IGNORECASE)
_ARC_SECOND = math.pi / 648_000


class Gcj02(BaseModel):
    """Ellipsoid of the shift: semi-major axis (m) and first eccentricity squared."""

    model_config = _STRICT

    semi_major: float = Field(gt=6e6, lt=7e6)
    eccentricity_squared: float = Field(gt=0, lt=0.1)


class Bd09(BaseModel):
    """The further shift from GCJ-02 to BD-09: offsets (degrees) and the waves on radius and angle."""

    model_config = _STRICT

    longitude: float
    latitude: float
    radial: float = Field(ge=0, lt=1e-3)
    angular: float = Field(ge=0, lt=1e-3)
    waves_per_degree: float = Field(gt=0)


class FourParameters(BaseModel):
    """四参数, local (east, north) to ``target``: turn counter-clockwise, scale, shift.

    E = dx + (1 + scale_ppm/1e6)·(e·cos r - n·sin r); N = dy + (1 + scale_ppm/1e6)·(e·sin r + n·cos r).
    Shifts in metres, rotation in seconds of arc.
    """

    model_config = _STRICT

    dx: float
    dy: float
    rotation_seconds: float
    scale_ppm: float


class SevenParameters(BaseModel):
    """七参数 (Bursa-Wolf) from the local datum to CGCS2000: metres, seconds of arc, ppm.

    ``convention``: 国内 Bursa 模型 is ``coordinate_frame``; ISO 19111 and PROJ's towgs84 are ``position_vector``
    (rotations of the opposite sign).
    """

    model_config = _STRICT

    dx: float
    dy: float
    dz: float
    rx: float
    ry: float
    rz: float
    scale_ppm: float
    convention: Literal["position_vector", "coordinate_frame"]


class Grid(BaseModel):
    """One declared coordinate system.

    Attributes:
        target: EPSG coordinates are converted to.
        error_m: stated error of the conversion in metres; None when nobody states one.
        bounds: west, south, east, north (degrees) where it may be used.
        projection: PROJ string or WKT of the local projection (``seven``, ``projection``).
        datum: for ``projection``: which datum it is on; only CGCS2000 needs no parameters.
    """

    model_config = _STRICT

    code: str = Field(min_length=1, max_length=40)
    kind: Literal["gcj02", "bd09", "four", "seven", "projection"]
    name: str
    name_en: str
    doc_no: str
    verified: bool
    error_m: float | None = Field(default=None, gt=0)
    target: int
    bounds: tuple[float, float, float, float] | None = None
    aliases: tuple[str, ...] = ()
    gcj02: Gcj02 | None = None
    bd09: Bd09 | None = None
    four: FourParameters | None = None
    seven: SevenParameters | None = None
    projection: str | None = None
    datum: Literal["CGCS2000"] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "gcj02": self.gcj02,
            "bd09": self.bd09 and self.gcj02,
            "four": self.four,
            "seven": self.seven and self.projection,
            "projection": self.projection and self.datum,
        }
        if not needed[self.kind]:
            words = {
                "bd09": "bd09 and gcj02",
                "seven": "seven and projection",
                "projection": "projection and datum",
            }
            raise ValueError(f"kind {self.kind} needs {words.get(self.kind, self.kind)}")
        if self.projection is not None:
            if _refers_to_files(self.projection):
                raise ValueError("projection may not refer to files")
            try:
                pyproj.CRS.from_user_input(self.projection)
            except CRSError as error:
                raise ValueError(f"projection: {error}") from error
        try:
            crs_module.crs(self.target)
        except BadInput as error:
            raise ValueError(error.en) from error
        return self


@dataclass(frozen=True, slots=True)
class _Conversion:
    """Moves (east, north) or (lon, lat) of the declared system to the target."""

    grid: Grid

    def __call__(self, points: Coordinates) -> Coordinates:
        grid = self.grid
        if grid.gcj02 is not None and grid.kind in ("gcj02", "bd09"):
            shifted = points if grid.bd09 is None else bd09_to_gcj02(points, grid.bd09)
            return gcj02_to_wgs84(shifted, grid.gcj02)
        if grid.four is not None and grid.kind == "four":
            turn, scale = grid.four.rotation_seconds * _ARC_SECOND, 1 + grid.four.scale_ppm * 1e-6
            east, north = points[:, 0], points[:, 1]
            return np.column_stack(
                [
                    grid.four.dx + scale * (east * math.cos(turn) - north * math.sin(turn)),
                    grid.four.dy + scale * (east * math.sin(turn) + north * math.cos(turn)),
                ]
            )
        first, second = _transformers(grid)
        x, y = first.transform(points[:, 0], points[:, 1])
        if second is not None:
            x, y = second.transform(x, y)
        return np.column_stack([x, y])


class SourceCrs(int):
    """The EPSG code coordinates are converted *to*, knowing what they are converted *from*.

    Readers take it for the stated EPSG code; :func:`gis.boundaries.reading.finish` converts the coordinates.
    """

    grid: Grid

    def __new__(cls, grid: Grid) -> Self:
        """The target's code, with the declared system attached."""
        made = super().__new__(cls, grid.target)
        made.grid = grid
        return made

    def convert(self, points: Coordinates) -> Coordinates:
        """Coordinates in the target CRS; not finite where there is no conversion."""
        return _Conversion(self.grid)(points)


@lru_cache(maxsize=64)
def _transformers(grid: Grid) -> tuple[pyproj.Transformer, pyproj.Transformer | None]:
    """Local projection to the target: by seven parameters, or by the datum being CGCS2000 itself."""
    target = crs_module.crs(grid.target)
    local = pyproj.CRS.from_user_input(grid.projection)
    if grid.seven is not None and grid.kind == "seven":
        p = grid.seven
        sign = 1 if p.convention == "position_vector" else -1
        values = (p.dx, p.dy, p.dz, sign * p.rx, sign * p.ry, sign * p.rz, p.scale_ppm)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the PROJ string keeps projection and ellipsoid; the datum is ours
            words = local.to_proj4().split()
        plain = " ".join(w for w in words if not w.startswith(("+towgs84", "+type", "+datum")))
        bound = pyproj.CRS.from_proj4(f"{plain} +towgs84={','.join(map(repr, values))} +type=crs")
        return pyproj.Transformer.from_crs(bound, target, always_xy=True), None
    if local.is_bound:
        return pyproj.Transformer.from_crs(local, target, always_xy=True), None
    first = pyproj.Transformer.from_crs(local, local.geodetic_crs, always_xy=True)
    return first, pyproj.Transformer.from_crs(crs_module.crs(4490), target, always_xy=True)


def wgs84_to_gcj02(points: Coordinates, ellipsoid: Gcj02) -> Coordinates:
    """The shift in common use: sums of sines over the distance from 105°E 35°N."""
    x, y = points[:, 0] - 105.0, points[:, 1] - 35.0
    root, pi = np.sqrt(np.abs(x)), math.pi
    common = 20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)
    south_north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    south_north += (
        common
        + 20 * np.sin(pi * y)
        + 40 * np.sin(pi * y / 3)
        + 160 * np.sin(pi * y / 12)
        + 320 * np.sin(pi * y / 30)
    ) * (2 / 3)
    west_east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    west_east += (
        common
        + 20 * np.sin(pi * x)
        + 40 * np.sin(pi * x / 3)
        + 150 * np.sin(pi * x / 12)
        + 300 * np.sin(pi * x / 30)
    ) * (2 / 3)
    latitude = np.radians(points[:, 1])
    curvature = 1 - ellipsoid.eccentricity_squared * np.sin(latitude) ** 2
    meridian = ellipsoid.semi_major * (1 - ellipsoid.eccentricity_squared) / curvature**1.5
    normal = ellipsoid.semi_major / np.sqrt(curvature)
    return np.column_stack(
        [
            points[:, 0] + np.degrees(west_east / (normal * np.cos(latitude))),
            points[:, 1] + np.degrees(south_north / meridian),
        ]
    )


def gcj02_to_wgs84(points: Coordinates, ellipsoid: Gcj02) -> Coordinates:
    """The inverse of the shift, which changes by under 1 in 1000."""
    return _inverse(lambda p: wgs84_to_gcj02(p, ellipsoid), points)


def _inverse(shift: Callable[[Coordinates], Coordinates], points: Coordinates) -> Coordinates:
    """Where ``shift`` moves to ``points``, by fixed-point iteration to 1e-11 degrees."""
    found = np.array(points, dtype=float)
    for _ in range(50):
        wrong = shift(found) - points
        found = found - wrong
        if not np.abs(wrong).max(initial=0.0) > 1e-11:
            break
    return found


def gcj02_to_bd09(points: Coordinates, shift: Bd09) -> Coordinates:
    """The second shift of one web map: polar coordinates with small waves, moved by an offset."""
    longitude, latitude = points[:, 0], points[:, 1]
    turn = 2 * math.pi * shift.waves_per_degree
    radius = np.hypot(longitude, latitude) + shift.radial * np.sin(latitude * turn)
    angle = np.arctan2(latitude, longitude) + shift.angular * np.cos(longitude * turn)
    return np.column_stack(
        [radius * np.cos(angle) + shift.longitude, radius * np.sin(angle) + shift.latitude]
    )


def bd09_to_gcj02(points: Coordinates, shift: Bd09) -> Coordinates:
    """The inverse of the second shift."""
    return _inverse(lambda p: gcj02_to_bd09(p, shift), points)


@lru_cache
def grids() -> Mapping[str, Grid]:
    """Declared systems of the catalogue by code and alias (lower case).

    Raises:
        CatalogueError: a file is wrong, or two share a name.
    """
    found: dict[str, Grid] = {}
    for path in sorted((CATALOGUE / "crs").glob("*.yaml")):
        grid = parse(Grid, path)
        for word in (grid.code, *grid.aliases):
            if word.lower() in found:
                raise CatalogueError(f"{path.name}: {word} 重复", f"{path.name}: {word} is taken")
            found[word.lower()] = grid
    return MappingProxyType(found)


def parse_crs(text: str | None, *, files: bool = False) -> int | None:
    """A coordinate system as a person writes it; empty means "as the file says".

    Args:
        text: ``4547``, ``EPSG:4547``, ``gcj02``, a grid of the catalogue, a PROJ string or WKT.
        files: a path of a grid's YAML file may be given too (command line only).

    Raises:
        BadInput: ``CRS-INVALID`` for anything else, ``CRS-NO-TRANSFORM`` for a datum without parameters.
    """
    cleaned = (text or "").strip()
    code = cleaned.upper().removeprefix("EPSG:")
    if not code:
        return None
    if code.isascii() and code.isdigit() and len(code) <= 6:
        return int(code)
    grid = grids().get(cleaned.lower())
    if grid is None and files and cleaned.lower().endswith((".yaml", ".yml")):
        grid = _grid_file(Path(cleaned))
    if grid is not None:
        return SourceCrs(grid)
    if "=" in cleaned or "[" in cleaned:
        return _written(cleaned)
    raise BadInput(
        "坐标系应为 EPSG 代码",
        "the CRS must be an EPSG code, a declared grid, a PROJ string or WKT",
        code="CRS-INVALID",
        place="crs",
        remedy=f"填写数字（例如 4547）、已登记的坐标系（{'、'.join(sorted(grids()))}）、PROJ 字符串或 WKT",
        remedy_en=f"give a number (such as 4547), a known grid ({', '.join(sorted(grids()))}), PROJ or WKT",
    )


def _grid_file(path: Path) -> Grid:
    try:
        return parse(Grid, path)
    except OSError as error:
        raise BadInput(
            f"读不到文件 {path}", f"cannot read {path}", code="file_unreadable", place="--crs"
        ) from error
    except CatalogueError as error:
        raise BadInput(f"{path.name}:{error.zh}", error.en, code="CRS-INVALID", place="--crs") from error


def _refers_to_files(text: str) -> bool:
    """Whether a definition would make PROJ open something; names in WKT may hold a slash (CGCS2000 / 3-degree …)."""
    return (_FORBIDDEN_WKT if "[" in text else _FORBIDDEN).search(text) is not None


def _written(text: str) -> int:
    """A PROJ string or WKT: its EPSG code when it has one, else a system of its own, on a datum that is known."""
    if len(text) > _LONGEST or _refers_to_files(text):
        raise BadInput(
            "不接受这样的坐标系定义", "this definition is not accepted", code="CRS-INVALID", place="crs"
        )
    known = identify(text)
    if known is not None:
        crs_module.crs(known)
        return known
    try:
        given = pyproj.CRS.from_user_input(text)
    except (CRSError, ValueError) as error:
        raise BadInput(
            "读不懂这个坐标系定义",
            f"not a CRS: {str(error)[:200]}",
            code="CRS-INVALID",
            place="crs",
            remedy="提供 PROJ 字符串或 WKT",
            remedy_en="give a PROJ string or WKT",
        ) from error
    plain = given.source_crs if given.is_bound and given.source_crs is not None else given
    if not (plain.is_projected or plain.is_geographic):
        raise BadInput("不是平面或经纬度坐标系", "not a horizontal CRS", code="CRS-INVALID", place="crs")
    if not given.is_bound and datum_key(given) not in ("cgcs2000", "wgs84"):
        raise BadInput(
            "坐标系定义没有写明与2000国家大地坐标系的转换参数",
            "the definition names no datum tied to CGCS2000",
            code="CRS-NO-TRANSFORM",
            place="crs",
            remedy="写明 +towgs84= 七参数或 +datum=WGS84，或用含当地参数的 YAML 文件",
            remedy_en="add +towgs84= with seven parameters or +datum=WGS84, or use a YAML file with them",
        )
    return SourceCrs(
        Grid(
            code="custom",
            kind="projection",
            name=f"自定义坐标系（{plain.name[:40]}）",
            name_en=f"custom CRS ({plain.name[:40]})",
            doc_no="user",
            verified=False,
            target=_datum_at(plain),
            projection=text,
            datum="CGCS2000",
        )
    )


def _datum_at(given: pyproj.CRS) -> int:
    """CGCS2000 where a projection's central meridian is one of China's, WGS 84 elsewhere; both for degrees."""
    meridian = dict(parameters_of(given)).get("lon")
    west, _, east, _ = crs_module.CHINA_BOUNDS
    inside = meridian is None or west <= meridian <= east
    return crs_module.CGCS2000_GEOGRAPHIC if inside else crs_module.WGS84
