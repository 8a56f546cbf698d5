"""The exchange text file of parcel boundaries, 界址点 TXT (国土/报部 TXT): reader and writer.

All variants of reference 4.1 are read: headers of 8 to 13 fields, point names J1 / J01 / 1, swapped columns, eastings
with and without zone prefix, rings closed or not, holes and parts by containment, GBK / UTF-8 / UTF-16 with or without
byte order mark, full-width punctuation, wrong point counts, areas in ha, ㎡, with unit or blank, several parcels.
Columns are ``点号,圈号,X,Y`` with X = north and Y = east.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.crs import Family
from gis.points import boundary_points
from gis.reading import (
    BoundaryReading,
    Parcel,
    bad_number,
    coordinate_issue,
    crs_unknown,
    error,
    failed,
    finish,
    info,
    parse_declared,
    swap_axes,
    warning,
)
from gis.rules import boundary_rules
from gis.topology import Ring, Vertex
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level

#: fields of a parcel's header row, in the order of the longest variant
HEADER_FIELDS = (
    "界址点数",
    "地块面积",
    "地块编号",
    "地块名称",
    "记录图形属性",
    "图幅号",
    "地块用途",
    "地类编码",
    "图斑类型",
    "地类",
    "改造前等别",
    "改造后等别",
    "备注",
)
_WIDE = str.maketrans(
    "0123456789,@.-+=:[]()JjＸＹ、;\u3000\u00a0【】〔〕", "0123456789,@.-+=:[]()JjXY,,  [][]"
)
_SHAPES = {"面": "area", "线": "line", "点": "point"}


def decode_text(data: bytes) -> tuple[str, str] | None:
    """Text and encoding name of a text file (UTF-8, UTF-16, GB 18030), or None when it is not text.

    A character cut in half at the very end does not make a file unreadable.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        for cut in range(4):
            try:
                text = data[: len(data) - cut].decode(encoding)
            except UnicodeDecodeError as problem:
                if problem.start < len(data) - 4:
                    break
                continue
            if any(ord(c) < 32 and c not in "\t\r\n\x1a\f" for c in text[:200_000]):
                break
            return text, encoding
    return None


@dataclass(slots=True)
class _File:
    """What the lines of a file say before any geometry is made."""

    header: dict[str, str] = field(default_factory=dict)
    header_lines: dict[str, int] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    counts: list[tuple[str, int]] = field(default_factory=list)
    last_line: int = 0
    columns: int = 0


def read_txt(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read a boundary text file.

    Args:
        data: the file's bytes.
        crs: EPSG stated by the person who hands the file in; wins over the header, with a warning where they differ.

    Returns:
        the reading; ``attributes`` holds ``header``, ``parcels`` (header row of each) and ``encoding``.
    """
    decoded = decode_text(data)
    if decoded is None:
        return failed(
            "TXT",
            error(
                "FILE-BINARY",
                "文件不是文本,读不出界址点",
                "the file is not text",
                "请提供界址点 TXT(GBK 或 UTF-8 编码)",
                "hand in a text file (GBK or UTF-8)",
            ),
        )
    text, encoding = decoded
    issues: list[Issue] = []
    content = _scan(text, issues)
    attributes: dict[str, Any] = {
        "encoding": encoding,
        "header": content.header,
        "parcels": [p.attributes for p in content.parcels if p.attributes],
    }
    if not any(p.rings for p in content.parcels):
        if not any(i.level is Level.ERROR for i in issues):
            issues.append(
                error(
                    "TXT-NO-POINTS",
                    "文件里没有界址点",
                    "the file holds no boundary points",
                    "检查文件是否完整,坐标应在 [地块坐标] 之后",
                    "check that the file is complete",
                )
            )
        return replace(failed("TXT", *issues), attributes=attributes)
    if not _numbers_usable(content.parcels, issues):
        return replace(failed("TXT", *issues), attributes=attributes)
    found = _settle_columns_and_crs(content, crs, issues)
    reading = finish(content.parcels, found, issues, format_name="TXT", attributes=attributes)
    return _judge_counts(content, reading)


def _scan(text: str, issues: list[Issue]) -> _File:
    content = _File()
    section = ""
    parcel: Parcel | None = None
    open_rings: dict[str, Ring] = {}
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x1a", "").replace("\f", "\n").split("\n")
    content.last_line = max((n for n, row in enumerate(lines, start=1) if row.strip()), default=0)
    cut_possible = bool(lines and lines[-1].strip())
    for number, raw in enumerate(lines, start=1):
        row = raw.translate(_WIDE).strip().strip("\ufeff").strip()
        if not row:
            continue
        if row.startswith("[") and "]" in row:
            section = row[1 : row.index("]")].strip()
            continue
        fields = _fields(row)
        if _is_parcel_row(fields):
            parcel = _parcel(fields, number)
            _judge_shape(parcel, number, issues)
            content.parcels.append(parcel)
            content.counts.append((fields[0], number))
            open_rings = {}
            continue
        pair = re.match(r"^([^\d,=:][^,=:]*)\s*[=:](.*)$", row)
        if pair is not None:
            content.header[pair.group(1).strip()] = pair.group(2).strip()
            content.header_lines[pair.group(1).strip()] = number
            continue
        last = number == content.last_line and cut_possible
        shorter = len([f for f in fields if f]) < content.columns
        vertex = _vertex(fields, number, last, last and shorter, section, issues)
        if vertex is None:
            continue
        content.columns = max(content.columns, len([f for f in fields if f]))
        if parcel is None:
            parcel = Parcel()
            content.parcels.append(parcel)
            content.counts.append(("", number))
            issues.append(
                warning(
                    "TXT-NO-PARCEL-ROW",
                    "界址点之前没有地块说明行",
                    "no parcel row stands before the points",
                    "补上“界址点数,地块面积,…,@”一行",
                    "add the parcel row",
                    line=number,
                )
            )
        _add(parcel, open_rings, vertex[0], vertex[1])
    for parcel_number, each in enumerate(content.parcels, start=1):
        name = each.attributes.get("地块名称") or each.attributes.get("地块编号") or ""
        several = len(content.parcels) > 1
        each.label = f"地块{parcel_number}{f'({name})' if name else ''}" if several else ""
        for ring in each.rings:
            ring.label = f"{each.label}第 {ring.number or 1} 圈"
            if not each.attributes:
                each.declared = None
    return content


def _fields(row: str) -> list[str]:
    if "," in row:
        return [f.strip() for f in row.split(",")]
    if ";" in row:
        return [f.strip() for f in row.split(";")]
    return row.split()


def _is_parcel_row(fields: Sequence[str]) -> bool:
    if len(fields) >= 3 and any(f.endswith("@") for f in fields[2:]):
        return True
    return len(fields) >= 6 and fields[4] in _SHAPES and not _number(fields[3])


def _parcel(fields: Sequence[str], line: int) -> Parcel:
    values = [f.removesuffix("@").strip() for f in fields]
    if len(values) > 2 and values[-1] == "":
        values = values[:-1]  # the field that held the @
    attributes = {
        key: value for key, value in zip(HEADER_FIELDS, values, strict=False) if value
    }  # a row shorter than the longest variant simply lacks the later fields
    extra = [v for v in values[len(HEADER_FIELDS) :] if v]
    if extra:
        attributes["其他"] = ",".join(extra)
    return Parcel(declared=values[1] if len(values) > 1 else "", declared_line=line, attributes=attributes)


def _judge_shape(parcel: Parcel, line: int, issues: list[Issue]) -> None:
    shape = parcel.attributes.get("记录图形属性", "面")
    if shape == "点":
        issues.append(
            error(
                "TXT-NOT-AREA",
                "该地块记录为点,不是面",
                "the parcel is recorded as points, not as an area",
                "提供面状界址点",
                "hand in an area",
                line=line,
            )
        )
    elif shape == "线":
        issues.append(
            warning(
                "TXT-NOT-AREA",
                "该地块记录为线,按闭合线读取为面",
                "recorded as a line, read as a closed area",
                "图形属性应写“面”",
                "write 面",
                line=line,
            )
        )


def _number(text: str) -> float | None:
    cleaned = text.replace("。", ".").replace(" ", "")
    if not re.fullmatch(
        r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf|infinity)", cleaned, re.IGNORECASE
    ):
        return None
    return float(cleaned)


def _vertex(
    fields: Sequence[str], line: int, last: bool, shorter: bool, section: str, issues: list[Issue]
) -> tuple[str, Vertex] | None:
    """(ring number, vertex with x = the X column, y = the Y column) of one row, or None with an issue."""
    values = list(fields)
    while values and not values[-1]:
        values.pop()
    if not any(re.search(r"\d", f) for f in values):
        if section.startswith("地块") or section == "":
            issues.append(
                warning(
                    "TXT-ROW-UNKNOWN",
                    f"第 {line} 行看不懂,已略过",
                    f"line {line} is not understood and was skipped",
                    "删去该行",
                    "remove the line",
                    line=line,
                )
            )
        return None
    if section and not section.startswith("地块") and len(values) < 4:
        return None  # a line of some other section
    ring = ""
    if len(values) >= 4:
        name, ring, first, second = values[0], values[1], _number(values[2]), _number(values[3])
    elif len(values) == 3:
        name, first, second = values[0], _number(values[1]), _number(values[2])
    elif len(values) == 2:
        name, first, second = "", _number(values[0]), _number(values[1])
    else:
        name, first, second = "", None, None
    bare = len(values) == 2 and first is not None and second is not None
    incomplete = (len(values) < 3 and not bare) or (
        len(values) == 3 and second is not None and abs(second) < 1000 <= abs(first or 0)
    )
    small_ring = len(values) == 3 and first is not None and second is not None and first < 1000 <= abs(second)
    if shorter or (last and (incomplete or small_ring or second is None)):
        issues.append(
            error(
                "TXT-CUT",
                f"文件在第 {line} 行中断,内容不完整",
                f"the file breaks off in line {line}",
                "重新导出完整的文件",
                "export the whole file again",
                line=line,
            )
        )
        return None
    if len(values) < 3 and not bare:
        issues.append(
            error(
                "TXT-ROW-SHORT",
                f"第 {line} 行不是“点号,圈号,X,Y”",
                f"line {line} is not 'name,ring,X,Y'",
                "补全该行",
                "complete the line",
                line=line,
            )
        )
        return None
    if first is None or second is None:
        wrong = values[2] if len(values) >= 4 and first is None else values[-1 if len(values) == 3 else 3]
        issues.append(
            error(
                "TXT-BAD-NUMBER",
                f"第 {line} 行的坐标“{wrong[:30]}”不是数字",
                f"line {line}: not a number",
                "改正该坐标",
                "correct the coordinate",
                line=line,
            )
        )
        return None
    return ring, Vertex(first, second, name, line)


def _add(parcel: Parcel, open_rings: dict[str, Ring], ring_number: str, vertex: Vertex) -> None:
    """Add a point to the open ring of its number; a point that repeats the ring's first closes the ring."""
    ring = open_rings.get(ring_number)
    if ring is None:
        ring = Ring([], ring_number)
        open_rings[ring_number] = ring
        parcel.rings.append(ring)
    ring.vertices.append(vertex)
    if len(ring.vertices) > 3 and vertex.at == ring.vertices[0].at:
        del open_rings[ring_number]


def _numbers_usable(parcels: Sequence[Parcel], issues: list[Issue]) -> bool:
    rules = boundary_rules()
    usable = True
    for vertex in (v for p in parcels for r in p.rings for v in r.vertices):
        code = bad_number(vertex.x, rules.coordinate_limit) or bad_number(vertex.y, rules.coordinate_limit)
        if code is not None:
            usable = False
            issues.append(coordinate_issue(code, vertex))
    return usable


def _kind(value: float) -> str:
    """What a Chinese grid coordinate can be by its size: ``prefixed`` east, ``north`` (7 digits), ``east`` (6)."""
    if 13_000_000 <= value < 46_000_000:
        return "prefixed"
    if 1_000_000 <= value < 10_000_000:
        return "north"
    if 100_000 <= value < 1_000_000:
        return "east"
    return "other"


def _settle_columns_and_crs(content: _File, stated: int | None, issues: list[Issue]) -> int | None:
    """Put every vertex into (east, north) and find the CRS; None (reported) when the file does not tell."""
    vertices = [v for p in content.parcels for r in p.rings for v in r.vertices]
    pairs = [(_kind(v.x), _kind(v.y)) for v in vertices]
    normal = sum(1 for a, b in pairs if a == "north" and b in ("prefixed", "east"))
    swapped = sum(1 for a, b in pairs if b == "north" and a in ("prefixed", "east"))
    if max(normal, swapped) * 2 > len(pairs) and max(normal, swapped) < len(pairs):
        usual = (normal >= swapped, "正常" if normal >= swapped else "颠倒")
        for vertex, (a, b) in zip(vertices, pairs, strict=True):
            fits = a == "north" and b in ("prefixed", "east")
            if not usual[0]:
                fits = b == "north" and a in ("prefixed", "east")
            if not fits:
                issues.append(
                    error(
                        "TXT-COORD-OUTLIER",
                        f"第 {vertex.line} 行的坐标位数与其他界址点不一致",
                        "the coordinate has other digits than the rest",
                        "核对该行的 X、Y",
                        "check X and Y of the line",
                        line=vertex.line,
                    )
                )
        if usual[0]:
            swap_axes(content.parcels)
        return _crs_of_header(content, None, stated, issues)
    if normal == len(pairs):
        swap_axes(content.parcels)  # X = north comes first in the file
    elif swapped == len(pairs):
        issues.append(
            warning(
                "AXIS-SWAPPED",
                "X、Y 两列颠倒(X 应为北坐标,7 位),已对调后读取",
                "the columns X (north) and Y (east) are exchanged",
                "X 列写北坐标,Y 列写东坐标",
                "write north in X and east in Y",
                line=vertices[0].line,
            )
        )
    else:
        return _foreign(content, vertices, stated, issues)
    easts = [v.x for p in content.parcels for r in p.rings for v in r.vertices]
    zones = {int(e // 1_000_000) for e in easts if _kind(e) == "prefixed"}
    has_plain = any(_kind(e) == "east" for e in easts)
    if len(zones) > 1 or (zones and has_plain):
        usual_zone = max(zones, key=lambda z: sum(1 for e in easts if e // 1_000_000 == z))
        for vertex in (v for p in content.parcels for r in p.rings for v in r.vertices):
            if vertex.x // 1_000_000 != usual_zone:
                issues.append(
                    error(
                        "TXT-ZONE-MIXED",
                        f"第 {vertex.line} 行的带号与其他界址点({usual_zone} 带)不一致",
                        f"the easting's zone differs from the others' ({usual_zone})",
                        "核对该行的东坐标",
                        "check the easting",
                        line=vertex.line,
                    )
                )
        return _crs_of_header(content, usual_zone, stated, issues)
    return _crs_of_header(content, next(iter(zones), None), stated, issues)


def _foreign(
    content: _File, vertices: Sequence[Vertex], stated: int | None, issues: list[Issue]
) -> int | None:
    """Coordinates that are not of a Chinese national grid: degrees, a city's own grid, another country."""
    degrees = all(abs(v.x) <= 180 and abs(v.y) <= 180 for v in vertices)
    if stated is None:
        issues.append(
            crs_unknown(
                "坐标像经纬度" if degrees else "坐标不是国家坐标系的格式,可能是独立坐标系",
                "the numbers look like degrees" if degrees else "not a national grid",
            )
        )
        if not degrees:
            swap_axes(content.parcels)
        return None
    crs_module.crs(stated)
    swap_axes(content.parcels)  # the format's order is north, east; finish() turns it when only that fits
    return stated


def _family_of(text: str) -> Family | None:
    words = text.replace(" ", "").lower()
    if any(w in words for w in ("独立", "地方", "城建", "城市", "local")):
        return None
    if "2000" in words or "cgcs" in words:
        return Family.CGCS2000
    if "西安" in words or "1980" in words or "xian" in words or words.startswith("80"):
        return Family.XIAN80
    if "北京" in words or "1954" in words or "beijing" in words or words.startswith("54"):
        return Family.BEIJING54
    return None


def _integer(text: str) -> int | None:
    chinese = {"三": "3", "六": "6"}
    match = re.search(r"\d+", "".join(chinese.get(c, c) for c in text))
    return int(match.group()) if match else None


def _header_zone(content: _File, width: int | None) -> int | None:
    """Zone number the header gives as 带号, or by its central meridian."""
    number = _integer(content.header.get("带号", ""))
    if number is not None and crs_module.zone_width(number) is not None:
        return number
    meridian = number if number is not None and number >= 72 else None
    for key in ("中央经线", "中央子午线", "中央子午线经度"):
        meridian = meridian or _integer(content.header.get(key, ""))
    return crs_module.zone_of_meridian(meridian, width) if meridian is not None and width in (3, 6) else None


def _crs_of_header(content: _File, prefix: int | None, stated: int | None, issues: list[Issue]) -> int | None:
    """EPSG from 坐标系, 几度分带, 带号 and the zone prefix of the eastings."""
    header = content.header
    text = header.get("坐标系", header.get("坐标系统", "")).strip()
    family = _family_of(text)
    width_written = _integer(header.get("几度分带", header.get("分带", "")))
    header_zone = _header_zone(content, width_written)
    if prefix is not None and header_zone is not None and prefix != header_zone:
        issues.append(
            warning(
                "CRS-ZONE-MISMATCH",
                f"文件头带号是 {header_zone},而东坐标的带号是 {prefix};按坐标的 {prefix} 带读取",
                f"the header says zone {header_zone}, the eastings zone {prefix}; the eastings were followed",
                "改正文件头的带号",
                "correct 带号 in the header",
                line=content.header_lines.get("带号"),
            )
        )
    found: int | None = None
    zone = prefix if prefix is not None else header_zone
    local = bool(text) and family is None
    if zone is not None and not local:
        width = crs_module.zone_width(zone)
        if width_written in (3, 6) and width is not None and width_written != width:
            issues.append(
                warning(
                    "CRS-WIDTH-MISMATCH",
                    f"文件头写 {width_written} 度分带,但 {zone} 带是 {width} 度带",
                    f"zone {zone} is a {width}-degree zone, the header says {width_written}",
                    "改正几度分带",
                    "correct 几度分带",
                    line=content.header_lines.get("几度分带"),
                )
            )
        if width is not None:
            found = crs_module.zone_epsg(
                family or Family.CGCS2000, zone, width=width, prefixed=prefix is not None
            )
    if stated is not None:
        crs_module.crs(stated)
        if found is not None and found != stated and family is not None:
            issues.append(
                warning(
                    "CRS-OVERRIDDEN",
                    f"文件本身是 EPSG:{found},按指定的 EPSG:{stated} 读取",
                    f"the file says EPSG:{found}; read as EPSG:{stated} as stated",
                    "核对指定的坐标系",
                    "check the stated coordinate system",
                )
            )
        return stated
    if found is None:
        hint = f"坐标系写作“{text[:30]}”" if local else "没有带号" if zone is None else ""
        issues.append(crs_unknown(hint, "no zone" if zone is None else ""))
        return None
    if family is None:
        issues.append(
            warning(
                "CRS-DATUM-ASSUMED",
                "文件头没有写坐标系,按2000国家大地坐标系读取",
                "the header names no datum; read as CGCS2000",
                "在文件头写明“坐标系=2000国家大地坐标系”;若是西安80或北京54,请用 --crs 指明",
                "write 坐标系 in the header, or state the CRS",
            )
        )
    return found


def _judge_counts(content: _File, reading: BoundaryReading) -> BoundaryReading:
    """Add what the declared point counts tell: a wrong count is a warning; with an open end it means a cut file."""
    more: list[Issue] = []
    mismatch = any(i.code == "AREA-MISMATCH" for i in reading.issues)
    already = any(i.code == "TXT-CUT" for i in reading.issues)
    for index, (parcel, (count, line)) in enumerate(zip(content.parcels, content.counts, strict=True)):
        rows = sum(len(r.vertices) for r in parcel.rings)
        closed = sum(1 for r in parcel.rings if len(r.vertices) > 3 and r.vertices[0].at == r.vertices[-1].at)
        open_ends = len(parcel.rings) - closed
        if parcel.rings and open_ends and closed:
            more.append(
                warning(
                    "TXT-RING-OPEN",
                    f"{parcel.label}有 {open_ends} 圈没有回到起点,已自动闭合",
                    f"{open_ends} rings are not closed in the file and were closed",
                    "每圈末行重复起点",
                    "repeat the first point at the end of each ring",
                    line=line,
                )
            )
        elif open_ends:
            more.append(
                info(
                    "TXT-RING-OPEN",
                    "末点没有重复起点,已按闭合读取",
                    "the last point does not repeat the first; closed",
                    line=line,
                )
            )
        if not count:
            continue
        declared = _number(count)
        if declared is None or declared not in range(rows - closed, rows + open_ends + 1):
            cut = (
                declared is not None
                and declared > rows + open_ends
                and open_ends > 0
                and index == len(content.parcels) - 1
                and (mismatch or parse_declared(parcel.declared or "") is None)
            )
            if cut and not already:
                more.append(
                    error(
                        "TXT-CUT",
                        f"应有 {count} 个界址点,只有 {rows} 个且未闭合,文件可能不完整",
                        f"{count} points are declared, {rows} found and the ring is open: the file seems cut",
                        "重新导出完整的文件;若确为全部界址点,请改正点数并闭合",
                        "export the whole file again",
                        line=content.last_line,
                    )
                )
            else:
                more.append(
                    warning(
                        "TXT-COUNT",
                        f"界址点数写作 {count[:20]},实际 {rows} 行",
                        f"{count} declared, {rows} rows",
                        "改正界址点数",
                        "correct the count",
                        line=line,
                    )
                )
    if not more:
        return reading
    rank = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
    merged = sorted([*reading.issues, *more], key=lambda i: (rank[i.level], i.line or 0))
    return replace(reading, issues=tuple(merged))


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
            f"EPSG:{crs} 不能写成界址点 TXT,只能是高斯克吕格投影的国家坐标系",
            f"EPSG:{crs} cannot be written as a boundary text file",
            code="TXT-CRS",
            remedy="先转换到 3 度带或 6 度带坐标系",
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
    rows: list[str] = []
    for _, ring in groupby(boundary_points(MultiPolygon(polygons)), key=lambda p: p.ring):
        points = list(ring)
        rows += [
            f"{p.label},{p.ring},{p.north:.{decimals}f},{p.east:.{decimals}f}" for p in (*points, points[0])
        ]
    values = {key: _plain(value) for key, value in (parcel or {}).items()}
    area = MultiPolygon(polygons).area / 10000
    first = [str(len(rows)), f"{area:.4f}", values.get("地块编号", ""), values.get("地块名称", ""), "面"]
    rest = [values.get(key, "") for key in ("图幅号", "地块用途", "地类编码")]
    text = ["[属性描述]", *(f"{k}={_plain(v, commas=True)}" for k, v in lines.items()), "[地块坐标]"]
    text += [",".join([*first, *rest, "@"]), *rows, ""]
    return "\r\n".join(text).encode(encoding, errors="replace")


def _plain(value: str, *, commas: bool = False) -> str:
    """A value that cannot break the line or the fields."""
    flat = " ".join(value.split()).replace("@", "")
    return flat if commas else flat.replace(",", " ").replace(",", " ")
