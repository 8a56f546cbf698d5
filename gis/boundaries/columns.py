"""Which column of a list of points is north and which east, and the CRS its header and digits tell.

Shared by the exchange text file and coordinate tables. Chinese plane coordinates tell themselves apart: north has 7
digits, east 6, or 8 when the zone number stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gis import crs as crs_module
from gis.boundaries.angles import packed, unpack
from gis.boundaries.header import (
    family_of,
    geographic_of,
    meridian_of,
    said_about_crs,
    width_written,
    zone_of,
)
from gis.boundaries.parcel import Parcel, bad_number, bounds_of, coordinate_issue, swap_axes
from gis.boundaries.topology import Vertex, place
from gis.crs import Family
from gis.remarks import crs_overridden, crs_unknown, error, warning
from gis.rules import boundary_rules
from gis.source_crs import SourceCrs
from project_box.kernel.finding import Issue


@dataclass(slots=True)
class PointList:
    """Points as read, x and y as their columns stand, with what the file says about them.

    Attributes:
        header: 坐标系, 几度分带, 带号, 中央经线 … as written; ``header_lines`` where.
        cut_line: the last line, when the file may break off in it.
        headed: the columns have headings, so that their order is told and not taken from habit.
        lettered: these are X and Y, which name other axes in other countries.
    """

    parcels: list[Parcel] = field(default_factory=list)
    header: dict[str, str] = field(default_factory=dict)
    header_lines: dict[str, int] = field(default_factory=dict)
    cut_line: int | None = None
    headed: bool = False
    lettered: bool = False

    @property
    def vertices(self) -> list[Vertex]:
        """Every point."""
        return [v for p in self.parcels for r in p.rings for v in r.vertices]


def notice_crs(text: str, line: int, points: PointList, *, name: bool = False) -> None:
    """Keep what a title, a remark or a system's ``name`` says about the coordinate system, unless it was said before.

    A name that is a code (``EPSG:4547``) is put in words.
    """
    for key, said in said_about_crs(text).items():
        if key not in points.header or (name and key == "坐标系" and family_of(text) is None):
            points.header[key] = said
            points.header_lines[key] = line


def numbers_usable(points: PointList, issues: list[Issue]) -> bool:
    """False, with what is wrong reported, when a coordinate is no number or beyond any CRS."""
    rules = boundary_rules()
    bad = 0
    for vertex in points.vertices:
        code = bad_number(vertex.x, rules.coordinate_limit) or bad_number(vertex.y, rules.coordinate_limit)
        if code is None:
            continue
        bad += 1
        if bad <= rules.places_listed:
            issues.append(
                coordinate_issue(code, vertex, _why_huge(vertex) if code == "COORD-HUGE" else ("", ""))
            )
    return bad == 0


def _why_huge(vertex: Vertex) -> tuple[str, str]:
    """What people do that makes a coordinate huge, when it can be recognised: millimetres, a zone number too many."""
    if complementary(vertex.x / 1000, vertex.y / 1000):
        return "，像是以毫米为单位", "; it looks like millimetres"
    for value in (vertex.x, vertex.y):
        whole = f"{value:.0f}"
        if value > 0 and len(whole) in (9, 10) and crs_module.zone_width(int(whole[:2])) is not None:
            twice = len(whole) == 10 and whole[:2] == whole[2:4]
            if twice:
                return (
                    f"，东坐标前的带号 {whole[:2]} 写了两次",
                    f"; zone {whole[:2]} stands twice before the easting",
                )
            if len(whole) == 9:
                return (
                    f"，像是把带号 {whole[:2]} 写在了北坐标前",
                    f"; zone {whole[:2]} stands before the northing",
                )
    return "", ""


def kind_of(value: float) -> str:
    """What a Chinese grid coordinate can be by its size: ``prefixed`` east, ``north`` (7 digits), ``east`` (6)."""
    if 13_000_000 <= value < 46_000_000:
        return "prefixed"
    if 1_000_000 <= value < 10_000_000:
        return "north"
    if 100_000 <= value < 1_000_000:
        return "east"
    return "other"


def complementary(first: float, second: float) -> bool:
    """Whether two numbers can be a north and an east of a Chinese grid, in either order."""
    kinds = {kind_of(first), kind_of(second)}
    return "north" in kinds and bool(kinds & {"prefixed", "east"})


def settle_columns(points: PointList, stated: int | None, issues: list[Issue]) -> int | None:
    """Put every vertex into (east, north) and find the CRS; None (reported) when the file does not tell."""
    vertices = points.vertices
    pairs = [(kind_of(v.x), kind_of(v.y)) for v in vertices]
    straight = [a == "north" and b in ("prefixed", "east") for a, b in pairs]
    turned = [b == "north" and a in ("prefixed", "east") for a, b in pairs]
    most = max(sum(straight), sum(turned))
    north_first = sum(straight) >= sum(turned)
    if most * 2 <= len(pairs) or (not north_first and _elsewhere(points, stated)):
        return _foreign(points, stated, issues)
    if most < len(pairs):
        fitting = straight if north_first else turned
        for vertex, fits in zip(vertices, fitting, strict=True):
            if not fits:
                issues.append(_outlier(vertex, points.cut_line))
    elif not north_first:
        issues.append(
            warning(
                "AXIS-SWAPPED",
                "X、Y 两列颠倒（X 应为北坐标，7 位），已对调后读取",
                "the columns X (north) and Y (east) are exchanged",
                "X 列写北坐标，Y 列写东坐标",
                "write north in X and east in Y",
                line=vertices[0].line,
            )
        )
    if north_first:
        swap_axes(points.parcels)
    return _crs_of_header(points, _prefix(points, issues), stated, issues)


def _elsewhere(points: PointList, stated: int | None) -> bool:
    """Whether the stated CRS is another country's and takes north and east as the columns stand: there digits tell
    nothing (Moscow's eastings have seven)."""
    if stated is None or crs_module.gauss_kruger(stated) is not None:
        return False
    if isinstance(stated, SourceCrs):
        return int(stated) == crs_module.WGS84 and stated.grid.kind == "projection"
    south, west, north, east = bounds_of(points.parcels)
    return crs_module.fit((west, south, east, north), stated) is crs_module.Fit.INSIDE


def _outlier(vertex: Vertex, cut_line: int | None) -> Issue:
    if vertex.line is not None and vertex.line == cut_line:
        return error(
            "TXT-CUT",
            f"文件在第 {vertex.line} 行中断，内容不完整",
            f"the file breaks off in line {vertex.line}",
            "重新导出完整的文件",
            "export the whole file again",
            line=vertex.line,
        )
    return error(
        "TXT-COORD-OUTLIER",
        f"{place(vertex)}的坐标位数与其他界址点不一致",
        "the coordinate has other digits than the rest",
        "核对该点的 X、Y",
        "check X and Y of the point",
        line=vertex.line,
    )


def _prefix(points: PointList, issues: list[Issue]) -> int | None:
    """The zone number most eastings begin with; those that begin otherwise are reported."""
    vertices = [v for v in points.vertices if kind_of(v.x) in ("prefixed", "east")]
    zones = [int(v.x // 1_000_000) if kind_of(v.x) == "prefixed" else None for v in vertices]
    if not zones:
        return None
    usual = max(set(zones), key=lambda zone: (zones.count(zone), zone or 0))
    if usual is None and len(set(zones)) > 1:  # as many or more without: those with a prefix say more
        usual = max((z for z in zones if z is not None), key=zones.count)
    for vertex, zone in zip(vertices, zones, strict=True):
        if zone != usual:
            issues.append(
                error(
                    "TXT-ZONE-MIXED",
                    f"{place(vertex)}的带号与其他界址点（{usual} 带）不一致",
                    f"the easting's zone differs from the others' ({usual})",
                    "核对该点的东坐标",
                    "check the easting",
                    line=vertex.line,
                )
            )
    return usual


def _foreign(points: PointList, stated: int | None, issues: list[Issue]) -> int | None:
    """Coordinates that are not of a Chinese national grid: degrees, a city's own grid, another country."""
    degrees = all(abs(v.x) <= 180 and abs(v.y) <= 180 for v in points.vertices)
    if degrees and packed(points.header):
        unpack(points.parcels, issues)
    named = geographic_of(points.header) if degrees and stated is None else None
    if named is not None:
        swap_axes(points.parcels)  # latitude comes first; finish() turns it when only that fits
        return named
    if stated is None:
        issues.append(
            crs_unknown(
                "坐标像经纬度" if degrees else "坐标不是国家坐标系的格式，可能是独立坐标系",
                "the numbers look like degrees" if degrees else "not a national grid",
            )
        )
        if not degrees or any(abs(v.y) > 90 for v in points.vertices):
            swap_axes(points.parcels)  # north, or latitude, came first
        return None
    crs_module.crs(stated)
    if not (points.lettered and crs_module.x_is_east(stated)):
        swap_axes(points.parcels)  # the trade's order is north, east; finish() turns it when only that fits
        if not points.headed and not isinstance(stated, SourceCrs):
            _judge_order(points, stated, issues)
    return stated


def _judge_order(points: PointList, crs: int, issues: list[Issue]) -> None:
    """Say that columns nobody headed were taken as north and east, where the other order would fit the CRS as well."""
    west, south, east, north = bounds_of(points.parcels)
    orders = ((west, south, east, north), (south, west, north, east))
    if all(crs_module.fit(box, crs) is crs_module.Fit.INSIDE for box in orders):
        issues.append(
            warning(
                "AXIS-ASSUMED",
                "两列坐标没有表头，哪一列是北坐标都说得通；按先北后东读取",
                "the columns have no headings and either could be north; read as north, then east",
                "在坐标前加一行表头，例如“点号 北坐标 东坐标”",
                "head the columns: point north east",
                line=points.vertices[0].line,
            )
        )


def _judge_unit(content: PointList, issues: list[Issue]) -> None:
    """The coordinates have the digits of metres; a header that says otherwise is wrong and is told so."""
    unit = content.header.get("计量单位", "").strip()
    if unit and unit.lower() not in ("米", "m", "meter", "metre", "公尺"):
        issues.append(
            warning(
                "TXT-UNIT",
                f"文件头计量单位写作“{unit[:10]}”，而坐标的位数是米；按米读取",
                f"the header says the unit is {unit[:10]}, the digits are those of metres; read as metres",
                "计量单位应写“米”",
                "write 计量单位=米",
                line=content.header_lines.get("计量单位"),
            )
        )


def _own_meridian(header: Mapping[str, str]) -> Issue | None:
    """The question for a file whose central meridian belongs to no zone: it needs a definition of its own."""
    meridian = meridian_of(header)
    if meridian is None or (meridian.is_integer() and meridian % 3 == 0):
        return None
    proj = f"+proj=tmerc +lat_0=0 +lon_0={meridian:g} +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m"
    return error(
        "CRS-UNKNOWN",
        f"中央经线 {meridian:g}° 不是 3 度带或 6 度带的中央经线，属自定义投影",
        f"central meridian {meridian:g} belongs to no 3 or 6 degree zone",
        f'请用 --crs 给出投影定义，例如 --crs "{proj}"（2000国家大地坐标系可写 WGS84）',
        f'state the projection: --crs "{proj}"',
    )


def _crs_of_header(
    content: PointList, prefix: int | None, stated: int | None, issues: list[Issue]
) -> int | None:
    """EPSG from 坐标系, 几度分带, 带号 and the zone prefix of the eastings."""
    header = content.header
    text = header.get("坐标系", "").strip()
    family = family_of(text)
    _judge_unit(content, issues)
    zone = _zone(content, prefix, issues)
    local = bool(text) and family is None
    found: int | None = None
    width = crs_module.zone_width(zone) if zone is not None and not local else None
    if zone is not None and width is not None:
        _judge_width(content, zone, width, issues)
        found = crs_module.zone_epsg(
            family or Family.CGCS2000, zone, width=width, prefixed=prefix is not None
        )
    if stated is not None:
        crs_module.crs(stated)
        if found is not None and found != stated and family is not None:
            issues.append(crs_overridden(found, stated))
        return stated
    if found is None:
        hint = f"坐标系写作“{text[:30]}”" if local else "没有带号" if zone is None else ""
        own = _own_meridian(header) if prefix is None and not local else None
        issues.append(own or crs_unknown(hint, "no zone" if zone is None else ""))
        return None
    if family is None:
        issues.append(
            warning(
                "CRS-DATUM-ASSUMED",
                "文件头没有写坐标系，按2000国家大地坐标系读取",
                "the header names no datum; read as CGCS2000",
                "在文件头写明“坐标系=2000国家大地坐标系”；若是西安80或北京54，请用 --crs 指明",
                "write 坐标系 in the header, or state the CRS",
            )
        )
    return found


def _zone(content: PointList, prefix: int | None, issues: list[Issue]) -> int | None:
    """The zone the eastings carry, else the one of the header; where the two differ the eastings are right."""
    written = zone_of(content.header)
    if prefix is not None and written is not None and prefix != written:
        issues.append(
            warning(
                "CRS-ZONE-MISMATCH",
                f"文件头带号是 {written}，而东坐标的带号是 {prefix}；按坐标的 {prefix} 带读取",
                f"the header says zone {written}, the eastings zone {prefix}; the eastings were followed",
                "改正文件头的带号",
                "correct 带号 in the header",
                line=content.header_lines.get("带号"),
            )
        )
    return prefix if prefix is not None else written


def _judge_width(content: PointList, zone: int, width: int, issues: list[Issue]) -> None:
    """A zone's number tells its width; a header that says another is told so."""
    written = width_written(content.header)
    if written in (3, 6) and written != width:
        issues.append(
            warning(
                "CRS-WIDTH-MISMATCH",
                f"文件头写 {written} 度分带，但 {zone} 带是 {width} 度带",
                f"zone {zone} is a {width}-degree zone, the header says {written}",
                "改正几度分带",
                "correct 几度分带",
                line=content.header_lines.get("几度分带"),
            )
        )
