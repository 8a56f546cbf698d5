"""Present use: a tessellation of the whole map, farmland and cadastral parcels taken from it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from web.seed import sites
from web.seed.city.ground import (
    MAP,
    City,
    Ground,
    cells,
    minus,
)
from web.seed.terrain import GRID, polygons, waves


def _faces(parts: Iterable[BaseGeometry]) -> list[Polygon]:
    """Faces of the drawing made by all boundaries together, slivers joined to the neighbour they touch most."""
    lines = shapely.union_all([MAP.boundary, *[p.boundary for p in parts]], grid_size=GRID)
    faces = [f for f in polygons(shapely.polygonize(list(shapely.get_parts(lines)))) if f.area > 0]
    faces.sort(key=lambda f: (round(f.centroid.y, 2), round(f.centroid.x, 2)))
    for _ in range(6):
        thin = [
            i
            for i, f in enumerate(faces)
            if f.area < 90 or (f.area < 1500 and 4 * np.pi * f.area / f.length**2 < 0.012)
        ]
        if not thin:
            break
        tree = STRtree(faces)
        gone: set[int] = set()
        for i in thin:
            if i in gone:
                continue
            best, longest = -1, 0.0
            for j in tree.query(faces[i], predicate="intersects"):
                if j == i or j in gone:
                    continue
                shared = shapely.intersection(faces[i].boundary, faces[j].boundary).length
                if shared > longest:
                    best, longest = int(j), shared
            if best >= 0:
                merged = shapely.union(faces[best], faces[i])
                if isinstance(merged, Polygon):
                    faces[best] = merged
                    gone.add(i)
        faces = [f for i, f in enumerate(faces) if i not in gone]
        if not gone:
            break
    return faces


#: 三调工作分类 names of present uses (scheme named in field DLBZ: 0601 is industry here, a farm road in 234号文)
_DLBM = {
    "0101": "水田", "0103": "旱地", "0201": "果园", "0202": "茶园", "0301": "乔木林地", "0305": "灌木林地",
    "0404": "其他草地", "0601": "工业用地", "0701": "城镇住宅用地", "0702": "农村宅基地",
    "05H1": "商业服务业设施用地", "08H1": "机关团体新闻出版用地", "08H2": "科教文卫用地",
    "0809": "公用设施用地", "0810": "公园与绿地", "1003": "公路用地", "1004": "城镇村道路用地",
    "1005": "交通服务场站用地", "1101": "河流水面", "1104": "坑塘水面", "1201": "空闲地",
}  # fmt: skip
_PRESENT = {
    "07": "0701", "08": "08H2", "09": "05H1", "10": "0601", "11": "0601", "12": "1005", "13": "0809", "14": "0810",
}  # fmt: skip


def _crop(height: float, luck: float) -> str:
    """What grows on open land: rice in the plain, dry fields above, orchards, tea and grass on the slopes."""
    if height < 0.18:
        return "0101"
    if height < 0.42:
        return "0103"
    return "0201" if luck < 0.5 else "0202" if luck < 0.7 else "0404"


def present_use(city: City, g: Ground) -> None:
    """DLTB over the whole map, YJJBNT from its farmland, ZD from its built plots."""
    settled = shapely.union_all([g.built, g.road_surface, g.water, g.forest], grid_size=GRID)
    open_land = minus(MAP, settled)
    fields = cells(g.rng, open_land, 235.0)
    faces = _faces(
        [
            g.road_surface,
            g.water,
            *[p.shape for p in g.plots],
            *[f for f, _ in city["LINDI"].features],
            *fields,
        ]
    )
    uses = {id(p): a for p, (_, a) in zip(g.plots, city["KG_DK"].features, strict=True)}
    plot_tree = STRtree([p.shape for p in g.plots])
    forest_tree = STRtree([f for f, _ in city["LINDI"].features])
    urban = city["CZKFBJ"].union()
    for shape in (g.road_surface, g.water, urban, g.built):
        shapely.prepare(shape)
    mood = waves(g.rng, 10, 400, 1700)
    land, base = city.layer("DLTB", "地类图斑"), city.layer("YJJBNT", "永久基本农田")
    parcels = city.layer("ZD", "宗地")
    b_site = Polygon(sites.B_FRAME.ring(sites.B_SITE))
    for number, face in enumerate(faces, start=1):
        point = face.representative_point()
        x, y = np.array(point.x), np.array(point.y)
        luck = float(g.rng.random())
        in_plot = plot_tree.query(point, predicate="within")
        in_forest = forest_tree.query(point, predicate="within")
        if g.water.contains(point):
            code = "1101"
        elif g.road_surface.contains(point):
            code = "1004" if urban.contains(point) else "1003"
        elif len(in_plot):
            plot = g.plots[int(in_plot[0])]
            attributes = uses[id(plot)]
            done = luck < 0.62 + 0.25 * float(mood(x, y)) and not plot.fixed
            code = _PRESENT[str(attributes["YDDM"])[:2]] if done else "1201"
        elif len(in_forest):
            code = str(city["LINDI"].features[int(in_forest[0])][1]["DLBM"])
            code = "0301" if code == "0302" else code
        elif face.area < 4_200 and luck < 0.35:
            code = "1104"
        elif float(mood(x, y)) > 0.95 and not face.intersects(b_site):
            code = "0702"
        else:
            code = _crop(float(g.hills(x, y)), luck)
        quality = 4 if code == "0101" else 6
        mark = f"{number:05d}"
        state_owned = code[:2] in ("05", "06", "07", "08", "10", "11", "12") and code != "0702"
        land.add(
            face, TBBH=mark, DLBM=code, DLMC=_DLBM[code], DLBZ="三调工作分类",
            QSXZ="20" if state_owned else "30", ZLDWMC="样例新区", TBMJ=round(face.area, 2),
        )  # fmt: skip
        farm = code in ("0101", "0103") and not urban.intersects(face) and face.area > 2_000
        if farm and (luck < 0.8 or face.intersects(b_site)):
            base.add(
                face, YJJBNTTBBH=f"4399010{mark}", DLBM=code, DLMC=_DLBM[code], GDPDJB=str(quality),
                MJ=round(face.area, 2),
            )  # fmt: skip
        if len(in_plot) and code != "1201" and code != "0810":
            district = int(uses[id(g.plots[int(in_plot[0])])]["BSM"]) % 90 + 1
            parcels.add(
                face, ZDDM=f"439901001{district:03d}GB{len(parcels.features) + 1:05d}",
                QLR=_OWNERS[int(g.rng.integers(len(_OWNERS)))], YT=_DLBM[code], MJ=round(face.area, 2),
            )  # fmt: skip


_OWNERS = (
    "样例新区城市建设投资有限公司", "样例新区土地储备中心", "样例置业有限公司",
    "麓景房地产开发有限公司", "样江实业集团有限公司",
    "样例新区教育局", "样例新区第一人民医院", "银杏物业管理有限公司", "科创产业园运营有限公司", "文昌商业管理有限公司",
)  # fmt: skip
