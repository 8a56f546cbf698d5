"""Rows of the exchange text file 界址点 TXT: what stands before a parcel, and a point. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from gis.boundaries.columns import complementary
from gis.boundaries.parcel import Parcel
from gis.boundaries.text import number
from gis.boundaries.topology import Vertex
from gis.remarks import error, warning
from project_box.kernel.finding import Issue

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
_SHAPES = ("面", "线", "点")
_ARC = re.compile(r"圆弧|弧长|弧线|半径|圆心")
_COMMENT = re.compile(r"#|//|;|--|/\*|%|\*|'|rem\b", re.IGNORECASE)
#: a field that can be a point's name
_NAME = re.compile(r"[^\d\s]{0,4}\d+[^\d\s]?")
#: words of rows that sum up, and dates: their numbers are no coordinates
_SUM = re.compile(r"面积|周长|合计|总计|小计|距离|边长")
_DATE = re.compile(r"(19|20)\d{6}")


def is_parcel_row(fields: Sequence[str]) -> bool:
    """Whether a row describes a parcel: it ends in ``@``, says 面, or has words where points have numbers."""
    if fields[-1] == "@" and len(fields) in (4, 5) and complementary(*_pair_of(fields[-3:-1])):
        return False  # a writer that ends every row, points too, with @
    if len(fields) >= 3 and any(f.endswith("@") for f in fields[2:]):
        return True
    if len(fields) >= 6 and fields[4] in _SHAPES and not number(fields[3]):
        return True
    words = [f for f in fields[2:] if f]
    named = any(re.search(r"[\u4e00-\u9fff]", f) for f in words)
    return fields[0].isdigit() and named and not any(number(f) is not None or _ARC.search(f) for f in words)


def parcel_of(fields: Sequence[str], line: int, issues: list[Issue]) -> Parcel:
    """The parcel a row describes; one recorded as points or lines is reported."""
    values = [f.removesuffix("@").strip() for f in fields]
    if len(values) > 2 and values[-1] == "":
        values = values[:-1]  # the field that held the @
    attributes = {
        key: value for key, value in zip(HEADER_FIELDS, values, strict=False) if value
    }  # a row shorter than the longest variant simply lacks the later fields
    extra = [v for v in values[len(HEADER_FIELDS) :] if v]
    if extra:
        attributes["其他"] = ",".join(extra)
    parcel = Parcel(declared=values[1] if len(values) > 1 else "", declared_line=line, attributes=attributes)
    _judge_shape(parcel, line, issues)
    return parcel


def _judge_shape(parcel: Parcel, line: int, issues: list[Issue]) -> None:
    shape = parcel.attributes.get("记录图形属性", "面")
    if shape == "点":
        issues.append(
            error(
                "TXT-NOT-AREA",
                "该地块记录为点，不是面",
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
                "该地块记录为线，按闭合线读取为面",
                "recorded as a line, read as a closed area",
                "图形属性应写“面”",
                "write 面",
                line=line,
            )
        )


def vertex_of(
    fields: Sequence[str], line: int, last: bool, shorter: bool, section: str, issues: list[Issue]
) -> tuple[str, Vertex] | None:
    """(ring number, vertex with x = the X column, y = the Y column) of one row, or None with an issue.

    Args:
        last: the row is the file's last one and has no line end, so that the file may break off in it.
        shorter: and it has fewer fields than the rows before.
    """
    values = list(fields)
    while values and values[-1] in ("", "@"):
        values.pop()
    in_points = section == "" or any(word in section for word in ("地块", "坐标", "界址"))
    if in_points and any(_ARC.search(f) for f in values):
        issues.append(_arc(line))
        return None
    if not any(re.search(r"\d", f) for f in values):
        if in_points:
            issues.append(_not_understood(line))
        return None
    name, ring, first, second = read_point(values)
    found = first is not None and second is not None and complementary(first, second)
    if not found and not in_points and len(values) < 4:
        return None  # a line of some other section
    if not found and not _means_point(values, first, second):
        issues.append(_not_understood(line))
        return None
    if shorter or (last and _breaks_off(values, first, second)):
        issues.append(cut_off(line))
        return None
    bare = len(values) == 2 and first is not None and second is not None
    alone = len(values) == 3 and not found and first is not None and abs(first) < 1000 and _large(second)
    if (len(values) < 3 and not bare) or alone:
        issues.append(_short(line))
        return None
    if first is None or second is None:
        wrong = values[2] if len(values) >= 4 and first is None else values[-1 if len(values) == 3 else 3]
        issues.append(_no_number(wrong, line))
        return None
    return ring, Vertex(first, second, name, line)


def _short(line: int) -> Issue:
    return error(
        "TXT-ROW-SHORT",
        f"第 {line} 行不是“点号,圈号,X,Y”",
        f"line {line} is not 'name,ring,X,Y'",
        "补全该行",
        "complete the line",
        line=line,
    )


def _no_number(wrong: str, line: int) -> Issue:
    return error(
        "TXT-BAD-NUMBER",
        f"第 {line} 行的坐标“{wrong[:30]}”不是数字",
        f"line {line}: not a number",
        "改正该坐标",
        "correct the coordinate",
        line=line,
    )


def _large(value: float | None) -> bool:
    return value is not None and abs(value) >= 100_000


def _not_understood(line: int) -> Issue:
    return warning(
        "TXT-ROW-UNKNOWN",
        f"第 {line} 行看不懂，已略过",
        f"line {line} is not understood and was skipped",
        "删去该行",
        "remove the line",
        line=line,
    )


def is_comment(row: str, fields: Sequence[str]) -> bool:
    """Whether a row is a remark: it begins like one in some language, holds no point and speaks of no arc."""
    return _COMMENT.match(row) is not None and not _ARC.search(row) and not holds_point(fields)


def holds_point(fields: Sequence[str]) -> bool:
    """Whether a north and an east of a Chinese grid stand in a row."""
    _, _, first, second = read_point(fields)
    return first is not None and second is not None and complementary(first, second)


def holds_angles(fields: Sequence[str]) -> bool:
    """Whether two angles stand in a row that are parted by the sign behind a header's word (``28:09:08.5``)."""
    return sum(f.count(":") == 2 and number(f) is not None for f in fields) >= 2


def _means_point(values: Sequence[str], first: float | None, second: float | None) -> bool:
    """Whether a row without usable grid coordinates is meant as a point (of another grid, or damaged) and not as a
    remark, a sum or a date."""
    if first is not None and second is not None:
        return not _SUM.search(values[0])
    if any(re.search(r"\d{5}", v) and not _DATE.fullmatch(v) for v in values):
        return True
    if _SUM.search(" ".join(values)):
        return False
    named = _NAME.fullmatch(values[0]) is not None
    return named and (len(values) >= 3 or re.fullmatch(r"[A-Za-z]{1,3}\d+", values[0]) is not None)


def read_point(values: Sequence[str]) -> tuple[str, str, float | None, float | None]:
    """Name, ring number and the two coordinates.

    They stand in the third and fourth field, in the second and third where there is no ring number, or wherever two
    neighbours are a north and an east of a Chinese grid: behind a row number, or parted from each other by something
    else than the other fields (``J3,1,3115000.000 485900.000``), with a comma as decimal sign or with a field too many.
    """
    for fields in _ways_to_part(values):
        found = _grid_pair(fields)
        if found is not None:
            return found
    numbers = [*map(number, values), None, None, None, None]
    usual = {2: 0, 3: 1}.get(len(values), 2)
    if usual == 2 and len(values) > 4 and "." in values[1] and None not in numbers[1:3]:
        usual = 1  # no ring number has decimals: name, north, east, height, remark
    first, second = numbers[usual : usual + 2]
    return values[0] if usual else "", values[1] if usual == 2 and len(values) > 1 else "", first, second


def _ways_to_part(values: Sequence[str]) -> Iterator[Sequence[str]]:
    yield values
    parted = [part for v in values for part in re.split(r"[\s|;]+", v) if part]
    if parted != list(values):
        yield parted
    whole = [v for v in values if v]
    if len(whole) in (5, 6) and all(v.isdigit() for v in whole[-4:]):
        yield [*whole[:-4], f"{whole[-4]}.{whole[-3]}", f"{whole[-2]}.{whole[-1]}"]  # 3115000,123,485900,456


def _grid_pair(values: Sequence[str]) -> tuple[str, str, float, float] | None:
    numbers = [*map(number, values), None, None, None, None]
    usual = {2: 0, 3: 1}.get(len(values), 2)
    for start in (usual, *(n for n in range(len(values) - 1) if n != usual)):
        first, second = numbers[start : start + 2]
        if first is None or second is None or not complementary(first, second):
            continue
        before = [v for v in values[:start] if v] if start > 2 else values[:start]
        if len(before) > 2:
            before = before[-2:]  # a row number stands first
        behind = (v for v, n in zip(values[start + 2 :], numbers[start + 2 :], strict=False) if n is None)
        name = before[0] if before else next(behind, "")
        return name, before[1] if len(before) > 1 else "", first, second
    return None


def _pair_of(values: Sequence[str]) -> tuple[float, float]:
    """Two fields as numbers; nan where one is none."""
    first, second = (number(v) for v in values)
    return math.nan if first is None else first, math.nan if second is None else second


def _breaks_off(values: Sequence[str], first: float | None, second: float | None) -> bool:
    if second is None or len(values) < 2:
        return True
    if len(values) != 3 or first is None:
        return False
    return abs(second) < 1000 <= abs(first) or abs(first) < 1000 <= abs(second)


def cut_off(line: int) -> Issue:
    """The file ends in the middle of a row."""
    return error(
        "TXT-CUT",
        f"文件在第 {line} 行中断，内容不完整",
        f"the file breaks off in line {line}",
        "重新导出完整的文件",
        "export the whole file again",
        line=line,
    )


def _arc(line: int) -> Issue:
    return error(
        "TXT-ARC",
        f"第 {line} 行注明圆弧，界址点 TXT 只能表示折线",
        f"line {line} speaks of an arc; the format holds straight lines only",
        "把圆弧加密为折线点后逐点写入，或改交 DXF",
        "write the arc as points along it, or hand in DXF",
        line=line,
    )
