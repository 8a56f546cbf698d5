"""Writing a site boundary 红线 in every format it can be read from; what is written reads back to the millimetre.

TXT, DXF, GeoJSON, GPKG and SHP keep the boundary's own CRS. KML knows only WGS 84, so a boundary whose datum has no
published transformation (西安80, 北京54) is refused there rather than shifted by tens of metres.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape

import numpy as np
import pyogrio
import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from gis import crs as crs_module
from gis.boundaries.txt_write import write_txt
from gis.deliveries.gdal import quietly
from project_box.kernel.errors import BadInput

#: layer of the red line in a drawing; the drawing standard's own name
DXF_LAYER = "用地红线"
#: decimals of longitude and latitude in KML: 1e-11 degrees are a micrometre
_DEGREE_DECIMALS = 11
#: a zip's members carry a fixed time, so that the same boundary gives the same bytes
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Export:
    """One written boundary: file name ending, media type and bytes."""

    format: str
    extension: str
    media_type: str
    data: bytes


def export_boundary(
    geometry: BaseGeometry, crs: int, format_name: str, *, name: str = "", code: str = ""
) -> Export:
    """Write a boundary.

    Args:
        geometry: Polygon or MultiPolygon, (east, north) or (lon, lat), in ``crs``.
        crs: EPSG.
        format_name: one of :data:`FORMATS`, in any case.
        name: 地块名称.
        code: 地块编号.

    Raises:
        BadInput: unknown format (``EXPORT-FORMAT``), not an area, or the CRS has no place in the format.
    """
    key = format_name.strip().lower().lstrip(".")
    found = FORMATS.get(_ALIASES.get(key, key))
    if found is None:
        raise BadInput(
            f"不能导出为“{format_name[:20]}”",
            f"unknown export format {format_name[:20]}",
            code="EXPORT-FORMAT",
            place="format",
            remedy=f"可用的格式：{'、'.join(FORMATS)}",
            remedy_en=f"formats: {', '.join(FORMATS)}",
        )
    polygons = _polygons(geometry)
    values = {"地块编号": code, "地块名称": name}
    label, extension, media_type, write = found
    return Export(label, extension, media_type, write(polygons, crs, values))


def format_of(path: Path) -> str:
    """The export format a file name asks for: its ending (``.zip`` is a shapefile)."""
    return path.suffix.lower().lstrip(".")


def _polygons(geometry: BaseGeometry) -> MultiPolygon:
    parts = [geometry] if isinstance(geometry, Polygon) else list(getattr(geometry, "geoms", []))
    if not parts or not all(isinstance(p, Polygon) and not p.is_empty for p in parts):
        raise BadInput("只有面才能导出为红线", "only areas can be exported", code="EXPORT-NOT-AREA")
    return MultiPolygon([orient(p, 1.0) for p in parts])


def _txt(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    return write_txt(polygons, crs, parcel=values)


def _geojson(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    """GeoJSON in the boundary's own CRS, named by the ``crs`` member (2008); WGS 84 needs none (RFC 7946)."""
    document: dict[str, object] = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": dict(values), "geometry": mapping(_single(polygons))},
        ],
    }
    if crs != crs_module.WGS84:
        urn = f"urn:ogc:def:crs:EPSG::{crs}"
        document["crs"] = {"type": "name", "properties": {"name": urn}}
    return json.dumps(document, ensure_ascii=False).encode()


def _single(polygons: MultiPolygon) -> BaseGeometry:
    return polygons.geoms[0] if len(polygons.geoms) == 1 else polygons


def _gpkg(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "site.gpkg"
        _gdal(path, "GPKG", [polygons], crs, values, kind="MultiPolygon", layer="用地红线")
        return path.read_bytes()


def _shp(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "YDHX.shp"
        _gdal(path, "ESRI Shapefile", [polygons], crs, values, kind="Polygon", encoding="UTF-8")
        with zipfile.ZipFile(buffer, "w") as archive:
            for part in sorted(Path(folder).iterdir()):
                entry = zipfile.ZipInfo(part.name, _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, part.read_bytes())
    return buffer.getvalue()


def _dxf(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    """One closed LWPOLYLINE a ring, Chinese text in the code page Chinese CAD expects (ANSI_936).

    The release is the one GDAL writes (R2004, AC1018); relabelling it as R2000 would not make it one.
    """
    if crs_module.is_geographic(crs):
        raise BadInput(
            "DXF 只能写平面坐标，不能写经纬度",
            "a drawing holds plane coordinates, not degrees",
            code="EXPORT-CRS",
            remedy="先转换到 3 度带坐标系",
            remedy_en="transform to a 3-degree zone first",
        )
    rings: list[BaseGeometry] = [
        Polygon(r) for polygon in polygons.geoms for r in (polygon.exterior, *polygon.interiors)
    ]
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "site.dxf"
        _gdal(path, "DXF", rings, None, {"Layer": DXF_LAYER}, kind="Polygon")
        text = path.read_bytes().decode("utf-8")
    return text.replace("ANSI_1252", "ANSI_936").encode("gb18030")


def _gdal(
    path: Path,
    driver: str,
    shapes: list[BaseGeometry],
    crs: int | None,
    values: Mapping[str, str],
    *,
    kind: str,
    layer: str | None = None,
    encoding: str | None = None,
) -> None:
    names = {"地块编号": "DKBH", "地块名称": "DKMC"}
    with quietly():
        pyogrio.raw.write(
            path,
            np.array(shapely.to_wkb(np.array(shapes, dtype=object)), dtype=object),
            [np.array([value] * len(shapes), dtype=object) for value in values.values()],
            [names.get(key, key) for key in values],
            geometry_type=kind,
            crs=f"EPSG:{crs}" if crs is not None else None,
            driver=driver,
            layer=layer,
            encoding=encoding,
        )


def _kml(polygons: MultiPolygon, crs: int, values: Mapping[str, str]) -> bytes:
    moved = _there_and_back(polygons, crs, crs_module.WGS84)

    def ring(line: shapely.LinearRing) -> str:
        points = " ".join(f"{x:.{_DEGREE_DECIMALS}f},{y:.{_DEGREE_DECIMALS}f}" for x, y in line.coords)
        return f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"

    areas = "".join(
        f"<Polygon><outerBoundaryIs>{ring(p.exterior)}</outerBoundaryIs>"
        + "".join(f"<innerBoundaryIs>{ring(h)}</innerBoundaryIs>" for h in p.interiors)
        + "</Polygon>"
        for p in shapely.get_parts(moved)
    )
    title = escape(" ".join(v for v in values.values() if v) or DXF_LAYER)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Placemark><name>{title}</name><MultiGeometry>{areas}</MultiGeometry></Placemark></Document></kml>\n"
    ).encode()


def _there_and_back(geometry: BaseGeometry, crs: int, target: int) -> BaseGeometry:
    """``geometry`` in ``target`` such that moving it back gives it again.

    The seven parameters between some datums are not exactly inverted by PROJ (1 mm in Switzerland, 6 mm in Czechia);
    what is missing after the way back is added before the way there.
    """
    there = crs_module.transform(geometry, crs, target)
    back = crs_module.transform_unchecked(there, target, crs)
    missing = shapely.get_coordinates(geometry) - shapely.get_coordinates(back)
    return crs_module.transform(shapely.transform(geometry, lambda c: c + missing), crs, target)


_Writer = Callable[[MultiPolygon, int, Mapping[str, str]], bytes]
#: format key → (name, file name ending, media type, writer)
FORMATS: Mapping[str, tuple[str, str, str, _Writer]] = MappingProxyType(
    {
        "txt": ("TXT", "txt", "text/plain; charset=gbk", _txt),
        "dxf": ("DXF", "dxf", "image/vnd.dxf", _dxf),
        "geojson": ("GeoJSON", "geojson", "application/geo+json", _geojson),
        "gpkg": ("GPKG", "gpkg", "application/geopackage+sqlite3", _gpkg),
        "shp": ("SHP", "zip", "application/zip", _shp),
        "kml": ("KML", "kml", "application/vnd.google-earth.kml+xml", _kml),
    }
)
_ALIASES = {"zip": "shp", "json": "geojson"}
