"""Detailed plan 控规: plots with their conditions, road red lines, green and yellow lines; uses of the master plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from web.seed.city.ground import (
    CENTRE,
    MAP,
    City,
    Ground,
    around,
    minus,
    within,
)
from web.seed.terrain import GRID, Field, tidy, waves

_HOME, _SHOP, _WORKS = "机动车≥1.0车位/户", "机动车≥0.8车位/100㎡", "机动车≥0.3车位/100㎡"
_SCHOOL, _OFFICE, _CLINIC = "机动车≥0.5车位/100㎡", "机动车≥1.0车位/100㎡", "机动车≥1.2车位/100㎡"

#: 用地用海分类(自然资发〔2023〕234号): code → (name, FAR, density %, green %, height m, parking, compatible uses);
#: the numbers are the sample city's own plan, not a national rule
_USES: dict[str, tuple[str, list[float], list[int], list[int], list[int], str, str]] = {
    "070102": ("二类城镇住宅用地", [1.8, 2.0, 2.2, 2.5, 2.8], [20, 22, 25], [35], [54, 60, 80], _HOME, "0702;0901"),
    "0702": ("城镇社区服务设施用地", [1.2, 1.5], [35, 40], [30], [24], _SHOP, ""),
    "0801": ("机关团体用地", [1.5, 2.0], [30, 35], [35], [45], _OFFICE, "0802"),
    "0803": ("文化用地", [1.2, 1.5], [35, 40], [35], [30], _SHOP, "0805"),
    "080403": ("中小学用地", [0.8, 1.0], [25, 30], [35], [24], _SCHOOL, ""),
    "080404": ("幼儿园用地", [0.7, 0.8], [30], [35], [15], _SCHOOL, ""),
    "080601": ("医院用地", [1.8, 2.2], [28, 30], [35], [60], _CLINIC, ""),
    "0901": ("商业用地", [2.0, 2.5, 3.0, 3.5], [40, 45, 50], [20, 25], [50, 60, 80], _SHOP, "0902;0903"),
    "0902": ("商务金融用地", [2.5, 3.0, 3.5, 4.5], [35, 40, 45], [25, 30], [60, 80, 100, 120], _SHOP, "0901"),
    "100101": ("一类工业用地", [1.2, 1.5, 2.0], [40, 45, 50], [10, 15], [24, 30, 36], _WORKS, "110101"),
    "110101": ("一类物流仓储用地", [1.0, 1.5], [45, 50], [10, 15], [24], _WORKS, ""),
    "1302": ("排水用地", [0.5], [30], [30], [15], "", ""),
    "1303": ("供电用地", [0.8], [40], [20], [15], "", ""),
    "1208": ("交通场站用地", [0.8], [40], [15], [24], "", ""),
    "1401": ("公园绿地", [0.1], [5], [75], [9], "", ""),
    "1402": ("防护绿地", [0.0], [0], [90], [0], "", ""),
    "1403": ("广场用地", [0.2], [10], [35], [9], "", ""),
}  # fmt: skip

#: plots of the sample projects: use, FAR max and min, density, green, height, parking, compatible uses, number
_FIXED: dict[str, dict[str, Any]] = {
    "A": {"DKBH": "YL-03-05", "YDDM": "070102", "YDMC": "二类城镇住宅用地", "RJL_MAX": 2.2, "RJL_MIN": 1.0,
          "JZMD_MAX": 22.0, "LDL_MIN": 35.0, "XG_MAX": 54.0, "TCW_ZB": _HOME, "JRYT": "0702;0901"},
    "A-HX": {"DKBH": "YL-03-06", "YDDM": "1303", "YDMC": "供电用地", "RJL_MAX": 0.8, "RJL_MIN": 0.0,
             "JZMD_MAX": 40.0, "LDL_MIN": 20.0, "XG_MAX": 15.0, "TCW_ZB": "", "JRYT": ""},
    "C": {"DKBH": "YL-04-02", "YDDM": "0902", "YDMC": "商务金融用地", "RJL_MAX": 2.5, "RJL_MIN": 1.0,
          "JZMD_MAX": 40.0, "LDL_MIN": 30.0, "XG_MAX": 60.0, "TCW_ZB": _SHOP, "JRYT": "0901"},
}  # fmt: skip


def _use_of(rng: np.random.Generator, plot: Polygon, river: BaseGeometry, noise: Field) -> str:
    """A land use that fits the place: offices in the centre, industry in the east, parks along the river."""
    x, y = plot.centroid.x, plot.centroid.y
    centre = float(np.hypot(x - CENTRE[0], (y - CENTRE[1]) * 1.2))
    mood = float(noise(np.array(x), np.array(y)))
    luck = float(rng.random())
    thin = 4 * np.pi * plot.area / plot.length**2
    if thin < 0.33 or plot.area < 2_200:
        return "1402" if luck < 0.75 else "1403"
    if plot.distance(river) < 110 and luck < 0.72:
        return "1401"
    if x > 488_900 or (x > 488_300 and mood > 0.4):
        return "1208" if luck < 0.03 else "110101" if luck < 0.22 else "1303" if luck < 0.26 else "100101"
    if luck < 0.05:
        return "080403" if plot.area > 15_000 else "080404"
    if luck < 0.075:
        return "080601" if plot.area > 14_000 else "0702"
    if luck < 0.10:
        return "0801" if mood > 0 else "0803"
    if luck < 0.115:
        return "1303" if mood > 0 else "1302"
    if luck < 0.16:
        return "1401"
    if centre < 900 + 260 * mood:
        return "0902" if luck < 0.6 else "0901"
    if centre < 1_700 and luck > 0.82:
        return "0901"
    return "0702" if luck > 0.965 else "070102"


_MASTER_USES = {
    "07": "居住用地", "08": "公共管理与公共服务用地", "09": "商业服务业用地", "10": "工矿用地", "11": "仓储用地",
    "12": "交通运输用地", "13": "公用设施用地", "14": "绿地与开敞空间用地", "15": "特殊用地", "16": "留白用地",
}  # fmt: skip


def _master_plan(city: City) -> None:
    """ZGYT: the plots' uses by class; every fortieth plot, where residential, is commercial in the master plan."""
    by_class: dict[str, list[BaseGeometry]] = {}
    for number, (shape, row) in enumerate(city["KG_DK"].features):
        use = str(row["YDDM"])[:2]
        by_class.setdefault("09" if use == "07" and number % 40 == 39 else use, []).append(shape)
    master = city.layer("ZGYT", "总体规划用途")
    for use, shapes in sorted(by_class.items()):
        for part in tidy(shapely.union_all(shapes, grid_size=GRID)).geoms:
            master.add(part, YDDM=use, YDMC=_MASTER_USES.get(use, "其他用地"), MJ=round(part.area, 2))


def detailed_plan(city: City, g: Ground) -> None:
    """KG_DK, DLHX, LVX, HX from blocks and roads."""
    noise = waves(g.rng, 10, 1200, 4000)
    plan = city.layer("KG_DK", "控规地块")
    green, yellow = city.layer("LVX", "绿线"), city.layer("HX", "黄线")
    count: dict[int, int] = {}
    taken: set[str] = {str(f["DKBH"]) for f in _FIXED.values()}
    for plot in g.plots:
        if plot.fixed:
            row = dict(_FIXED[plot.fixed])
        else:
            use = _use_of(g.rng, plot.shape, g.river, noise)
            name, far, density, greenery, height, parking, compatible = _USES[use]
            count[plot.block] = count.get(plot.block, 0) + 1
            number = f"{'LC' if plot.shape.centroid.x < 484_700 else 'XQ'}-{plot.block:02d}-{count[plot.block]:02d}"
            top = float(g.rng.choice(far))
            row = {
                "DKBH": number, "YDDM": use, "YDMC": name, "RJL_MAX": top,
                "RJL_MIN": round(top * 0.5, 1) if use in ("070102", "0902", "100101") else 0.0,
                "JZMD_MAX": float(g.rng.choice(density)), "LDL_MIN": float(g.rng.choice(greenery)),
                "XG_MAX": float(g.rng.choice(height)), "TCW_ZB": parking, "JRYT": compatible,
            }  # fmt: skip
            if number in taken:
                raise AssertionError(f"two plots are called {number}")
            taken.add(number)
        plan.add(plot.shape, **row, MJ=round(plot.shape.area, 2), GHMC="样例新区控制性详细规划(2026年版)")
        if row["YDDM"] in ("1401", "1402"):
            green.add(
                plot.shape, MC=f"{row['YDMC']} {row['DKBH']}", LXDM=row["YDDM"], MJ=round(plot.shape.area, 2)
            )
        if row["YDDM"] in ("1302", "1303", "1208"):
            yellow.add(plot.shape, MC=f"{row['YDMC']} {row['DKBH']}", SSLX=row["YDMC"], DKBH=row["DKBH"])
    _master_plan(city)
    # the green belt on both banks, between river and plots
    belt = minus(within(around(g.river, 40), MAP), g.water, g.road_surface, g.built)
    for part in belt.geoms:
        if part.area > 1_500:
            green.add(part, MC="样江滨水绿带", LXDM="1402", MJ=round(part.area, 2))
    lines = city.layer("DLHX", "道路红线")
    for road, surface in g.roads:
        for part in surface.geoms:
            lines.add(part, DLMC=road.name, DLDJ=road.grade, HXKD=road.width)
    for corner in g.corners:
        lines.add(corner, DLMC="交叉口转弯", DLDJ="交叉口", HXKD=0.0)
