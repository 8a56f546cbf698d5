"""Writing a boundary as the exchange text file 界址点 TXT; :mod:`gis.boundaries.txt` reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.boundaries.points import boundary_points
from project_box.kernel.errors import BadInput


def write_txt(
    geometry: BaseGeometry,
    crs: int,
    *,
    parcel: Mapping[str, str] | None = None,
    header: Mapping[str, str] | None = None,
    encoding: str = "gbk",
    decimals: int = 3,
) -> bytes:
    """A boundary as 界址点 TXT: one parcel, outer rings clockwise from the north-west corner, holes counter-clockwise.

    Args:
        geometry: Polygon or MultiPolygon, (east, north), in ``crs``.
        crs: EPSG of a Chinese Gauss-Krüger zone.
        parcel: values of the parcel row by field name (地块编号, 地块名称, 图幅号, 地块用途, 地类编码).
        header: further header lines; they win over the derived ones.
        encoding: of the file.
        decimals: of the coordinates; 3 is a millimetre.

    Returns:
        bytes with CRLF line ends; the area is written in 公顷 with 4 decimals.

    Raises:
        BadInput: the CRS has no place in this format, or the geometry is not an area.
    """
    zone = crs_module.gauss_kruger(crs)
    if zone is None:
        raise BadInput(
            f"EPSG:{crs} 不能写成界址点 TXT，只能是高斯克吕格投影的国家坐标系",
            f"EPSG:{crs} cannot be written as a boundary text file",
            code="TXT-CRS",
            remedy="先转换到 3 度带或 6 度带坐标系",
            remedy_en="transform to a 3-degree or 6-degree zone first",
        )
    polygons = [geometry] if isinstance(geometry, Polygon) else list(getattr(geometry, "geoms", []))
    if not polygons or not all(isinstance(p, Polygon) and not p.is_empty for p in polygons):
        raise BadInput("只有面才能写成界址点 TXT", "only areas can be written", code="TXT-NOT-AREA")
    lines = {
        "格式版本号": "1.01",
        "坐标系": zone.family.zh,
        "几度分带": str(zone.width),
        "投影类型": "高斯克吕格",
        "计量单位": "米",
        "带号": str(zone.zone),
        "精度": format(10.0**-decimals, f".{decimals}f"),
        "转换参数": ",,,,,,",
    } | dict(header or {})
    rows = _point_rows(MultiPolygon(polygons), decimals)
    values = {key: _plain(value) for key, value in (parcel or {}).items()}
    area = MultiPolygon(polygons).area / 10000
    first = [str(len(rows)), f"{area:.4f}", values.get("地块编号", ""), values.get("地块名称", ""), "面"]
    rest = [values.get(key, "") for key in ("图幅号", "地块用途", "地类编码")]
    text = ["[属性描述]", *(f"{k}={_plain(v, commas=True)}" for k, v in lines.items()), "[地块坐标]"]
    text += [",".join([*first, *rest, "@"]), *rows, ""]
    return "\r\n".join(text).encode(encoding, errors="replace")


def _point_rows(geometry: MultiPolygon, decimals: int) -> list[str]:
    """Every ring's points, the first once more at its end."""
    rows: list[str] = []
    for _, ring in groupby(boundary_points(geometry), key=lambda p: p.ring):
        points = list(ring)
        rows += [
            f"{p.label},{p.ring},{p.north:.{decimals}f},{p.east:.{decimals}f}" for p in (*points, points[0])
        ]
    return rows


def _plain(value: str, *, commas: bool = False) -> str:
    """A value that cannot break the line or the fields."""
    flat = " ".join(value.split()).replace("@", "")
    return flat if commas else flat.replace(",", " ").replace("\uff0c", " ")
