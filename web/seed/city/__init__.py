"""The sample city 样例新区: plan layers with believable shapes, made from one fixed seed.

``build_city()`` returns every layer in memory, ``write_city(folder)`` writes one GeoPackage per layer code.
CRS EPSG:4547 (CGCS2000, 3° zone, central meridian 114° E, no zone prefix); all coordinates on the millimetre.
Nothing here is a real place. Rules the layers keep (checked by ``tests/unit/seed``): geometries are valid; road
surfaces do not overlap each other or plots; farmland lies outside the built area, the river and the roads;
DLTB covers the whole map without gaps or overlaps.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio

from web.seed import sites
from web.seed.city.detailed_plan import detailed_plan
from web.seed.city.evaluations import prices, shared_evaluations
from web.seed.city.ground import MAP, City, lay_ground
from web.seed.city.nature import growth_boundary, nature
from web.seed.city.present_use import present_use
from web.seed.city.protection import corridors, heritage

__all__ = ["CODES", "MAP", "VALID_FROM", "VERSION", "City", "build_city", "write_city"]

VERSION = "2026.1"
VALID_FROM = "2026-01-01"
#: codes of all layers, as in the layer catalogue
CODES = (
    "KG_DK", "DLHX", "LVX", "HX", "CZKFBJ", "STBHHX", "ZRBHD", "LINDI", "DZZH", "STBC", "LX", "HLFX", "YYSY", "DLTB",
    "YJJBNT", "ZD", "ZX", "WWBH", "JKDD", "DXWW", "GYZL", "GDBH", "DZDL", "JCJK", "YFK", "JZDJ", "QYPG", "PDFJ",
    "ZGYT",
)  # fmt: skip


def build_city() -> City:
    """All layers of the sample city, the same every time."""
    city = City()
    g = lay_ground()
    detailed_plan(city, g)
    urban = growth_boundary(city, g)
    nature(city, g, urban)
    present_use(city, g)
    heritage(city, g)
    corridors(city, g)
    prices(city, g)
    shared_evaluations(city, g)
    return city


def write_city(folder: Path, city: City | None = None) -> dict[str, Path]:
    """Write ``<folder>/<CODE>.gpkg`` for every layer; returns the paths by layer code."""
    city = city or build_city()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for code, layer in city.layers.items():
        path = folder / f"{code}.gpkg"
        path.unlink(missing_ok=True)
        frame = gpd.GeoDataFrame(
            [attributes for _, attributes in layer.features],
            geometry=[shape for shape, _ in layer.features],
            crs=f"EPSG:{sites.CRS}",
        )
        pyogrio.write_dataframe(frame, path, layer=code, driver="GPKG", geometry_type="MultiPolygon")
        paths[code] = path
    return paths
