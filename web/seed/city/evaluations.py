"""Land price sections and area-wide evaluations."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from web.seed import sites
from web.seed.city.ground import (
    CENTRE,
    MAP,
    OLD_TOWN,
    City,
    Ground,
    around,
    minus,
    within,
)
from web.seed.terrain import GRID, Array, Field, region, tidy, waves


def prices(city: City, g: Ground) -> None:
    """JZDJ: for each use five nested levels that cover the map; lower level number = dearer land."""
    layer = city.layer("JZDJ", "基准地价级别")
    cuts = {
        "商业服务业": (620, 1_450, 2_500, 4_000), "居住": (900, 2_050, 3_100, 4_600),
        "公共管理与公共服务": (950, 2_050, 3_200, 4_700),
        "工矿": (1_500, 2_600, 3_700, 5_200), "仓储": (1_500, 2_700, 3_800, 5_300),
        "公用设施": (1_100, 2_200, 3_400, 5_000),
    }  # fmt: skip
    for use, limits in cuts.items():
        noise = waves(g.rng, 8, 1500, 5000)

        def near(x: Array, y: Array, noise: Field = noise) -> Array:
            old = np.hypot((x - OLD_TOWN[0]) * 1.1, (y - OLD_TOWN[1]) * 1.3) + 500
            new = np.hypot(x - CENTRE[0], (y - CENTRE[1]) * 1.15)
            soft = -np.log(np.exp(-old / 700) + np.exp(-new / 700)) * 700
            nearness: Array = -(soft + 190 * noise(x, y))
            return nearness

        inner: BaseGeometry = Polygon()
        for level, limit in enumerate(limits, start=1):
            shape = region(near, -float(limit), sites.EXTENT, step=100, smallest=120_000)
            shape = tidy(shapely.union(shape, inner, grid_size=GRID)) if not inner.is_empty else shape
            layer.add(
                minus(shape, inner) if not inner.is_empty else shape, YT=use, JB=level, JZRQ="2026-01-01"
            )
            inner = shape
        layer.add(minus(MAP, inner), YT=use, JB=5, JZRQ="2026-01-01")


def shared_evaluations(city: City, g: Ground) -> None:
    """QYPG: evaluations made once for a whole district; one has run out and helps nobody."""
    layer = city.layer("QYPG", "区域评估")
    grid = shapely.union_all([around(b, 18) for b in g.blocks]).buffer(20).buffer(-25)

    def district(x0: float, y0: float, x1: float, y1: float) -> MultiPolygon:
        return within(grid, Polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))

    core = district(484_900, 3_115_600, 488_000, 3_118_400)
    east = district(488_300, 3_113_000, 491_000, 3_118_600)
    south = district(483_000, 3_112_500, 488_300, 3_114_600)
    for shape, kind, name, number, until in (
        (core, "YFK", "核心片区压覆矿产资源区域评估", "样自然资评〔2024〕3号", "2029-12-31"),
        (core, "STBC", "核心片区水土保持区域评估(已到期)", "样水保评〔2019〕7号", "2024-12-31"),
        (east, "DZZH", "东部产业园地质灾害危险性区域评估", "样自然资评〔2025〕8号", "2030-06-30"),
        (east, "STBC", "东部产业园水土保持区域评估", "样水保评〔2025〕2号", "2030-06-30"),
        (east, "YFK", "东部产业园压覆矿产资源区域评估", "样自然资评〔2025〕9号", "2030-06-30"),
        (south, "HLFX", "滨江片区洪水影响区域评估", "样水评〔2023〕5号", "2028-12-31"),
        (south, "DXWW", "滨江片区考古勘探区域评估", "样文考〔2025〕1号", "2030-12-31"),
    ):
        layer.add(shape, PGLX=kind, PGMC=name, BGH=number, YXQZ=until)
