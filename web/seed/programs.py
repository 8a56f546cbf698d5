"""The three sample projects as plain numbers: what is drawn, and what must come out.

A *program* says everything a design firm decided: plot, buildings, floors, green, parking, in the plot's own axes
(metres). ``expected`` adds the figures up with ``Decimal`` and nothing else: rectangles are width × height, floors are
multiplied by how often they occur. It shares no code with the rooms that read the drawings, so agreement means
something. The drawings are made from the same program by :mod:`web.seed.projects`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from web.seed import sites
from web.seed.drawing_writer import Carrier, Naming

Local = tuple[float, float]


def _d(value: float) -> Decimal:
    return Decimal(str(value))


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle in the plot's (or the floor's) own axes, metres."""

    u0: float
    v0: float
    u1: float
    v1: float

    @property
    def area(self) -> Decimal:
        """Width × height, ㎡."""
        return (_d(self.u1) - _d(self.u0)) * (_d(self.v1) - _d(self.v0))

    @property
    def corners(self) -> list[Local]:
        """Counter-clockwise."""
        return [(self.u0, self.v0), (self.u1, self.v0), (self.u1, self.v1), (self.u0, self.v1)]


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor frame: which storeys it stands for and what is drawn in it.

    Attributes:
        name: 层名; ``levels`` 起止层 as written; ``times`` how many storeys that is; ``height`` 层高 m.
        area: the outer line, (0, 0) at its lower left corner.
        balconies: outside the main structure, open (counted half).
        bays: bay windows with a high sill (not counted).
        units: dwellings (套内); ``shared`` cores; ``stalls`` car parking drawn in the frame.
        outlines: full-area lines where the floor has several (roof rooms); overrides ``area``.
    """

    name: str
    levels: str
    times: int
    height: str
    usage: str
    area: Rect
    standard: str = "否"
    balconies: tuple[Rect, ...] = ()
    bays: tuple[Rect, ...] = ()
    units: tuple[Rect, ...] = ()
    shared: tuple[Rect, ...] = ()
    stalls: int = 0
    outlines: tuple[Rect, ...] = ()

    @property
    def below(self) -> bool:
        """Below ground."""
        return self.levels.startswith("-")

    @property
    def counted(self) -> Decimal:
        """建筑面积 of all its storeys: full lines + half of open outer balconies."""
        full = sum((r.area for r in self.outlines or (self.area,)), Decimal(0))
        half = sum((r.area for r in self.balconies), Decimal(0)) / 2
        return (full + half) * self.times


@dataclass(frozen=True, slots=True)
class Building:
    """One building: where it stands (None for a basement without a footprint of its own) and its floors."""

    number: str
    usage: str
    footprint: Rect | None
    height: str
    storeys: int
    floors: tuple[Floor, ...]

    @property
    def stalls(self) -> int:
        """Car stalls drawn in its floors."""
        return sum(f.stalls for f in self.floors)


@dataclass(frozen=True, slots=True)
class Program:
    """One sample project.

    Attributes:
        key: A, B or C; ``title`` project name; ``story`` what it shows.
        frame, site: plot axes and ring.
        zone: whether the boundary file carries the zone prefix 38; ``variant`` its header variant.
        plot, limits: number of the plot in the detailed plan and its conditions (None and empty outside the plan).
        bikes: sheds for bicycles and how many each holds.
        convex: rectangles that make up the site, when it is not one rectangle itself.
    """

    key: str
    title: str
    location: str
    summary: str
    story: str
    frame: sites.Frame
    site: list[Local]
    land_use: str
    land_use_name: str
    zone: bool
    variant: str
    version: str
    naming: Naming
    carrier: Carrier
    buildings: tuple[Building, ...]
    basement: Rect | None
    greens: tuple[Rect, ...]
    stall_rows: tuple[tuple[float, float, int], ...]
    dedicated_green: Rect | None
    control: list[Local]
    roads: tuple[tuple[Local, Local], ...]
    plot: str | None
    limits: dict[str, tuple[str, str]] = field(default_factory=dict)
    bikes: tuple[tuple[Rect, int], ...] = ()
    convex: tuple[Rect, ...] = ()

    @property
    def ring(self) -> list[sites.Point]:
        """The plot's corners (E, N), EPSG:4547."""
        return self.frame.ring(self.site)

    @property
    def convex_rings(self) -> list[list[sites.Point]]:
        """The site cut into convex parts (E, N)."""
        return [self.frame.ring(r.corners) for r in self.convex] or [self.ring]

    @property
    def surface_stalls(self) -> int:
        """Stalls on the site plan."""
        return sum(count for _, _, count in self.stall_rows)


def polygon_area(ring: list[tuple[Decimal, Decimal]]) -> Decimal:
    """Shoelace formula, exact."""
    total = Decimal(0)
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        total += x0 * y1 - x1 * y0
    return abs(total) / 2


def _two(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


def expected(program: Program) -> dict[str, Any]:
    """The figures that must come out of the chain, as strings with two decimals (counts without).

    Rules behind them: 建筑面积 GB/T 50353-2013 (open balconies outside the main structure 1/2, bay windows with a
    sill of 0.60 m 0, storeys of at least 2.20 m 1); 计容: storey heights below every doubling threshold, so
    计容 = 地上; green areas lie 1 m and more from every wall and off roads, basements and stalls, so they count fully.
    """
    ring = [(_d(x), _d(y)) for x, y in program.ring]
    total = polygon_area(ring)
    net = total - (program.dedicated_green.area if program.dedicated_green else 0)
    above = sum((f.counted for b in program.buildings for f in b.floors if not f.below), Decimal(0))
    below = sum((f.counted for b in program.buildings for f in b.floors if f.below), Decimal(0))
    foot = sum((b.footprint.area for b in program.buildings if b.footprint), Decimal(0))
    green = sum((g.area for g in program.greens), Decimal(0))
    stalls = program.surface_stalls + sum(b.stalls for b in program.buildings)
    heights = [Decimal(b.height) for b in program.buildings if b.footprint]
    households = sum(len(f.units) * f.times for b in program.buildings for f in b.floors)
    values = {
        "ZYD": _two(total),
        "JYD": _two(net),
        "JDMJ": _two(foot),
        "DSJZ": _two(above),
        "DXJZ": _two(below),
        "ZJZ": _two(above + below),
        "JRJZ": _two(above),
        "RJL": _two(above / net),
        "JZMD": _two(foot / net * 100),
        "LDMJ": _two(green),
        "LDL": _two(green / net * 100),
        "JZGD": _two(max(heights)),
        "CS": str(max(b.storeys for b in program.buildings)),
        "TCW": str(stalls),
    }
    if program.bikes:
        values["FJDC"] = str(sum(count for _, count in program.bikes))
    if households:
        values["HS"] = str(households)
    return {"indicators": values, "unrounded": {"RJL": str(above / net), "LDL": str(green / net * 100)}}


# ── A 通过: housing ──────────────────────────────────────────────────────────────────────────────────────────


def _slab(number: str, u: float, v: float) -> Building:
    """A slab of 66 m × 16 m with 16 storeys of six flats; per storey six balconies 4.0 m × 1.5 m, six bay windows."""
    outer = Rect(0, 0, 66, 16)
    balconies = tuple(Rect(11 * i + 3.5, -1.5, 11 * i + 7.5, 0) for i in range(6))
    bays = tuple(Rect(11 * i + 8.5, -0.6, 11 * i + 10.3, 0) for i in range(6))
    units = tuple(Rect(11 * i + 0.2, 0.2, 11 * i + 10.8, 12.5) for i in range(6))
    cores = tuple(Rect(22 * i + 7.0, 12.7, 22 * i + 15.0, 15.8) for i in range(3))
    roof = (Rect(8, 10, 14, 15), Rect(52, 10, 58, 15))
    return Building(
        number, "住宅", Rect(u, v, u + 66, v + 16), "49.5", 16,
        (
            Floor("一层", "1", 1, "3.0", "住宅", outer, "否", balconies, bays, units, cores),
            Floor("标准层", "2-16", 15, "3.0", "住宅", outer, "是", balconies, bays, units, cores),
            Floor("机房层", "屋面", 1, "3.0", "住宅", outer, "否", outlines=roof),
        ),
    )  # fmt: skip


PROJECT_A = Program(
    key="A", title="样例花园", location="样例新区文昌街以南、样例路以西",
    summary="新建 4 栋 16 层住宅、1 栋 2 层配套商业及地下车库",
    story="通过：在住宅地块 YL-03-05 内，各项指标符合规划条件；位于地灾易发区与水土流失重点治理区，须做两项评估",
    frame=sites.A_FRAME, site=sites.A_SITE, land_use="070102", land_use_name="二类城镇住宅用地",
    zone=True, variant="A", version="R2010", naming="zh", carrier="block",
    buildings=(
        _slab("1#", 30, 134), _slab("2#", 144, 134), _slab("3#", 30, 75), _slab("4#", 144, 75),
        Building("5#", "商业", Rect(90, 22, 150, 37), "9.9", 2, (
            Floor("一层", "1", 1, "4.5", "商业", Rect(0, 0, 60, 15), "否", shared=(Rect(2, 2, 8, 8),)),
            Floor("二层", "2", 1, "4.5", "商业", Rect(0, 0, 60, 15), "否", shared=(Rect(2, 2, 8, 8),)),
        )),
        Building("DK", "地下车库", None, "0", 0, (
            Floor("地下一层", "-1", 1, "3.9", "车库", Rect(0, 0, 200, 51), "否", stalls=290),
        )),
    ),
    basement=Rect(20, 40, 220, 91),
    greens=(Rect(20, 104, 220, 131), Rect(20, 158, 215, 178), Rect(2, 20, 12, 175), Rect(228, 20, 238, 155),
            Rect(20, 15, 85, 38), Rect(155, 15, 220, 38)),
    stall_rows=((30, 43, 55), (30, 56, 55)),
    dedicated_green=Rect(0, 0, 240, 12.5),
    control=[(8, 20), (232, 20), (232, 162), (212, 162), (212, 172), (8, 172)],
    roads=(((13, 14), (13, 157)), ((18, 14), (18, 153)), ((222, 14), (222, 153)), ((227, 14), (227, 157)),
           ((13, 157), (227, 157)), ((18, 153), (222, 153)), ((18, 96), (222, 96)), ((18, 102), (222, 102))),
    plot="YL-03-05", bikes=((Rect(170, 56, 210, 60), 480), (Rect(170, 64, 210, 68), 480)),
    convex=(Rect(0, 0, 240, 170), Rect(0, 170, 220, 180)),
    limits={"RJL": ("between", "1.0–2.2"), "JZMD": ("<=", "22"), "LDL": (">=", "35"), "JZGD": ("<=", "54"),
            "TCW": (">=", "384")},
)  # fmt: skip


# ── B 冲突: a factory in the wrong place ─────────────────────────────────────────────────────────────────────

PROJECT_B = Program(
    key="B", title="样例西环加工厂", location="样例新区西环快速路两侧", summary="新建 1 栋 3 层厂房、1 栋 5 层研发楼",
    story="冲突：用地压占永久基本农田、生态保护红线、林地和西环快速路道路红线，且在城镇开发边界外，没有控规地块",
    frame=sites.B_FRAME, site=sites.B_SITE, land_use="100101", land_use_name="一类工业用地",
    zone=False, variant="D", version="R2000", naming="pinyin", carrier="text",
    buildings=(
        Building("1#", "工业", Rect(20, 40, 110, 110), "19.2", 3, (
            Floor("一层", "1", 1, "6.0", "工业", Rect(0, 0, 90, 70), "否"),
            Floor("二至三层", "2-3", 2, "6.0", "工业", Rect(0, 0, 90, 70), "是"),
        )),
        Building("2#", "办公", Rect(232, 45, 262, 95), "22.2", 5, (
            Floor("一层", "1", 1, "4.5", "办公", Rect(0, 0, 30, 50), "否", shared=(Rect(12, 20, 18, 28),)),
            Floor("标准层", "2-5", 4, "4.2", "办公", Rect(0, 0, 30, 50), "是", shared=(Rect(12, 20, 18, 28),)),
        )),
    ),
    basement=None,
    greens=(Rect(5, 5, 145, 25), Rect(225, 5, 275, 35)),
    stall_rows=((20, 120, 30), (20, 132, 30)),
    dedicated_green=None,
    control=[(10, 10), (270, 10), (270, 140), (10, 140)],
    roads=(((5, 30), (150, 30)), ((5, 36), (150, 36)), ((222, 40), (222, 110)), ((228, 40), (228, 110))),
    plot=None,
)  # fmt: skip


# ── C 突破条件: too much office ──────────────────────────────────────────────────────────────────────────────

_TOWER, _WING = Rect(0, 0, 40, 30), Rect(0, 0, 48, 25)
PROJECT_C = Program(
    key="C", title="样例商务中心", location="样例新区样例大道南侧",
    summary="新建 22 层、12 层办公楼各 1 栋及两层地下车库",
    story="突破条件：在商务地块 YL-04-02 内，不压控制线，但容积率、建筑高度超出、绿地率不足",
    frame=sites.C_FRAME, site=sites.C_SITE, land_use="0902", land_use_name="商务金融用地",
    zone=True, variant="B", version="R2013", naming="a", carrier="xdata",
    buildings=(
        Building("1#", "办公", Rect(20, 45, 60, 75), "88.8", 22, (
            Floor("大堂层", "1", 1, "5.1", "办公", _TOWER, "否", shared=(Rect(14, 10, 26, 20),)),
            Floor("标准层", "2-22", 21, "3.9", "办公", _TOWER, "是", shared=(Rect(14, 10, 26, 20),)),
        )),
        Building("2#", "办公", Rect(90, 45, 138, 70), "48.9", 12, (
            Floor("一层", "1", 1, "4.5", "办公", _WING, "否", shared=(Rect(18, 8, 30, 17),)),
            Floor("标准层", "2-12", 11, "3.9", "办公", _WING, "是", shared=(Rect(18, 8, 30, 17),)),
        )),
        Building("DK", "地下车库", None, "0", 0, (
            Floor("地下一层", "-1", 1, "4.2", "车库", Rect(0, 0, 130, 38), "否", stalls=140),
            Floor("地下二层", "-2", 1, "3.9", "车库", Rect(0, 0, 130, 38), "否", stalls=160),
        )),
    ),
    basement=Rect(15, 5, 145, 43),
    greens=(Rect(5, 85, 145, 97), Rect(2, 5, 12, 80), Rect(65, 45, 85, 72)),
    stall_rows=((25, 20, 40),),
    dedicated_green=None,
    control=[(8, 10), (142, 10), (142, 90), (8, 90)],
    roads=(((13, 30), (148, 30)), ((13, 37), (148, 37)), ((14, 43), (14, 82)), ((142, 43), (142, 82))),
    plot="YL-04-02", bikes=((Rect(100, 38, 140, 42), 400),),
    limits={"RJL": ("between", "1.0–2.5"), "JZMD": ("<=", "40"), "LDL": (">=", "30"), "JZGD": ("<=", "60"),
            "TCW": (">=", "327")},
)  # fmt: skip

PROGRAMS = (PROJECT_A, PROJECT_B, PROJECT_C)
