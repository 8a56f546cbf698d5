"""界址点坐标表: tables of boundary points as surveyors send them, in Excel or CSV.

A table has a row of headings (点号, X, Y …, in one or two rows), perhaps several beside each other, a title with the
coordinate system above and the area below; points may stand on every other row with the lengths of the sides between
them. Several tables, sheets or values of 地块 are several parcels; a table that goes on where the last one stopped
(J21 after J20) continues its ring.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from openpyxl import load_workbook

from gis.boundaries.angles import Row, joined_columns
from gis.boundaries.columns import PointList, notice_crs, numbers_usable, settle_columns
from gis.boundaries.parcel import Parcel
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.rings import RingBuilder
from gis.boundaries.text import half_width, number, split_row
from gis.boundaries.topology import Vertex
from gis.boundaries.txt import read_txt
from gis.boundaries.txt_rows import holds_point
from gis.remarks import error
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue, Level

_SUM = re.compile(r"面积|周长|合计|总计")
_HEADINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("north", re.compile(r"[北纵]|north|^n$|^zzb$|hochwert")),
    ("east", re.compile(r"[东横]|^east|^e$|^hzb$|rechtswert")),
    ("lat", re.compile(r"纬|^lat")),
    ("lon", re.compile(r"经度|^lon|^lng")),
    ("x", re.compile(r"^(坐标)?x(坐标|值|zb)?(m|米)?$")),
    ("y", re.compile(r"^(坐标)?y(坐标|值|zb)?(m|米)?$")),
    ("ring", re.compile(r"^(圈号|环号|圈|ring|part)$")),
    ("parcel", re.compile(r"^(地块|宗地|图斑)(编?号|名称|代码)?$|^parcel|^plot")),
    ("name", re.compile(r"点号|点名|界址点|拐点|^(序号|编号|点|no\.?|id|name|point|fid)$")),
)
_PAIRS = (("north", "east"), ("lat", "lon"), ("x", "y"))
_LOOK_AT = 60
#: a point's name without a digit has at most so many characters
_LONG_NAME = 3
#: an area with its unit in brackets before the number, or behind it
_AREA = re.compile(
    r"面积\s*\((?:㎡|m2|m²|平方米|公顷|ha|hm2|hm²|亩|km2|km²|平方公里)\)[^\d]{0,12}\d[\d,]*\.?\d*"
    r"|(?:面积|(?<![A-Za-z])S\s*[=:])[^\d]{0,20}\d[\d,]*\.?\d*\s*[^\s\d,;()]{0,4}"
)


@dataclass(slots=True)
class _Columns:
    """Where one table's columns stand; x is north (or latitude, or the column headed X)."""

    x: int
    y: int
    name: int | None = None
    ring: int | None = None
    parcel: int | None = None
    lettered: bool = False


@dataclass(slots=True)
class _Block:
    """A table: the columns beside each other, and the rows below its headings."""

    columns: list[_Columns]
    title: str
    rows: list[Row] = field(default_factory=list)


def rows_of_text(text: str) -> list[Row]:
    """Rows of a CSV (or a text file with columns)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    listed = ((n, half_width(raw).strip().strip("\ufeff").strip()) for n, raw in enumerate(lines, start=1))
    return joined_columns((n, split_row(row)) for n, row in listed if row)


def has_headings(rows: Iterable[Row]) -> bool:
    """True when one of the first rows is a row of headings."""
    return any(_columns(cells, []) for _, cells in list(rows)[:_LOOK_AT])


def read_workbook(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read the tables on the visible sheets of an Excel workbook (.xlsx)."""
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [(s.title, joined_columns(_cells(s))) for s in book.worksheets if s.sheet_state == "visible"]
    except Exception as problem:  # openpyxl raises many kinds for malformed workbooks
        return failed(
            "XLSX",
            error(
                "FILE-BROKEN",
                "Excel 文件损坏或不完整，无法读取",
                f"openpyxl cannot read it: {type(problem).__name__}",
                "用 Excel 打开并另存为 .xlsx",
                "open it in Excel and save it as .xlsx again",
            ),
        )
    headed = [s for s in sheets if has_headings(s[1])]
    if not headed:
        reading = _without_headings(sheets, crs)
        if reading is not None:
            return reading
    return read_tables(headed, "XLSX", crs=crs)


def _without_headings(sheets: Sequence[tuple[str, Sequence[Row]]], crs: int | None) -> BoundaryReading | None:
    """The one sheet whose rows are points of a Chinese grid, read as the text file with the same rows; None if there
    is no such sheet."""
    pointed = [rows for _, rows in sheets if sum(holds_point(cells) for _, cells in rows) >= 3]
    if len(pointed) != 1:
        return None
    lines = dict(pointed[0])
    text = "\n".join(",".join(lines.get(n, [])) for n in range(1, max(lines) + 1))
    return replace(read_txt(f"{text}\n".encode(), crs=crs), format="XLSX")


def _cells(sheet: Any) -> Iterator[Row]:
    most = boundary_rules().limits.vertices
    for n, values in enumerate(sheet.iter_rows(max_row=most, max_col=60, values_only=True), start=1):
        cells = ["" if v is None else half_width(str(v)).strip() for v in values]
        if any(cells):
            yield n, cells


def read_tables(
    sheets: Sequence[tuple[str, Sequence[Row]]], format_name: str, *, crs: int | None = None
) -> BoundaryReading:
    """Read tables of points.

    Args:
        sheets: (name, rows) of each sheet.
        format_name: CSV or XLSX.
        crs: EPSG stated by the person who hands the file in.
    """
    issues: list[Issue] = []
    points = PointList()
    for title, rows in sheets:
        found = len(points.parcels)
        blocks = _blocks(rows, points, title if len(sheets) > 1 else "")
        for block in blocks:
            _read_block(block, points, issues)
        if len(points.parcels) == found + 1:
            lines = _point_lines(blocks)
            _declare(points.parcels[found], [row for row in rows if row[0] not in lines])
    if not points.vertices:
        if not any(i.level is Level.ERROR for i in issues):
            issues.append(
                error(
                    "TABLE-NO-POINTS",
                    "表里没有界址点坐标",
                    "the table holds no coordinates",
                    "表头写“点号、X、Y”（或“北坐标、东坐标”“经度、纬度”），下面逐行写坐标",
                    "head the columns with point, X, Y (or north/east, longitude/latitude)",
                )
            )
        return failed(format_name, *issues)
    if not numbers_usable(points, issues):
        return failed(format_name, *issues)
    for position, parcel in enumerate(points.parcels, start=1):
        parcel.label = parcel.label or (f"地块{position}" if len(points.parcels) > 1 else "")
        for ring in parcel.rings:
            ring.label = f"{parcel.label}第 {ring.number or 1} 圈"
    epsg = settle_columns(points, crs, issues)
    return finish(points.parcels, epsg, issues, format_name=format_name, attributes={"header": points.header})


def _blocks(rows: Sequence[Row], points: PointList, title: str) -> list[_Block]:
    """The tables of a sheet; texts outside them say which coordinate system it is."""
    blocks: list[_Block] = []
    above: list[str] = []
    titles: list[str] = []
    for line, cells in rows:
        columns = _columns(cells, above)
        if columns:
            named = re.search(r"(地块|宗地)[^\s,;:]*", " ".join(titles[-3:])) if blocks else None
            blocks.append(_Block(columns, named[0] if named else title))
            titles = []
        elif blocks and any(_numbers(cells, c) != (None, None) for c in blocks[-1].columns):
            blocks[-1].rows.append((line, cells))
        else:
            text = " ".join(c for c in cells if c)
            titles.append(text)
            notice_crs(text, line, points)
            if blocks:
                blocks[-1].rows.append((line, cells))
        above = cells
    return blocks


def _point_lines(blocks: Sequence[_Block]) -> set[int]:
    return {r[0] for b in blocks for r in b.rows if any(None not in _numbers(r[1], c) for c in b.columns)}


def _columns(cells: Sequence[str], before: Sequence[str]) -> list[_Columns]:
    """The tables a row of headings begins, side by side; empty when it is none.

    Args:
        before: the row above, which may hold the headings of merged cells (点号 over two rows).
    """
    tables: list[dict[str, int]] = [{}]
    for place, cell in enumerate(cells):
        role = _role(cell) or (_role(before[place]) if not cell and place < len(before) else None)
        if role is None:
            continue
        if role in tables[-1]:
            tables.append({})
        tables[-1][role] = place
    found = []
    for table in tables:
        pair = next((p for p in _PAIRS if p[0] in table and p[1] in table), None)
        if pair is not None:
            found.append(
                _Columns(
                    table[pair[0]], table[pair[1]], table.get("name"), table.get("ring"), table.get("parcel"),
                    pair == ("x", "y"),
                )
            )  # fmt: skip
    return found


def _role(cell: str) -> str | None:
    if not cell or len(cell) > 16 or number(cell) is not None:
        return None
    plain = re.sub(r"[(\[].*?[)\]]|[\s_*:]", "", cell).lower()
    named = re.sub(r"[\s_*:]", "", cell).lower()
    for role, pattern in _HEADINGS:
        if pattern.search(plain) or (role in ("north", "east") and pattern.search(named)):
            return role
    return None


def _numbers(cells: Sequence[str], columns: _Columns) -> tuple[float | None, float | None]:
    """The two coordinates of a row; none in one that sums up areas or lengths."""
    if any(_SUM.search(cell) for cell in cells):
        return None, None
    first, second = (number(cells[c]) if c < len(cells) else None for c in (columns.x, columns.y))
    return first, second


def _read_block(block: _Block, points: PointList, issues: list[Issue]) -> None:
    """Add the points of a table, column group by column group."""
    builder: RingBuilder | None = None
    parcel_name = ring_name = ""
    for columns in block.columns:
        points.headed = True
        points.lettered |= columns.lettered
        for line, cells in block.rows:
            first, second = _numbers(cells, columns)
            if first is None or second is None:
                _judge_row(line, cells, columns, issues)
                continue
            if columns.lettered and abs(first) <= 180 and abs(second) <= 180:
                first, second = second, first  # x and y of degrees are longitude and latitude
            wanted = _text(cells, columns.parcel) or parcel_name
            ring_name = _text(cells, columns.ring) or ring_name
            vertex = Vertex(first, second, _text(cells, columns.name), line)
            if builder is None and not wanted and _goes_on(points, vertex):
                builder = RingBuilder(points.parcels[-1], issues, go_on=True)
                if vertex.at == points.parcels[-1].rings[-1].vertices[-1].at:
                    continue  # a page begins with the last point of the one before
            elif builder is None or wanted != parcel_name:
                if builder is not None:
                    builder.finish()
                points.parcels.append(Parcel(label=wanted or block.title))
                builder = RingBuilder(points.parcels[-1], issues)
            parcel_name = wanted
            builder.add(ring_name, vertex)
    if builder is not None:
        builder.finish()


def _text(cells: Sequence[str], place: int | None) -> str:
    return cells[place].removesuffix(".0") if place is not None and place < len(cells) else ""


def _goes_on(points: PointList, vertex: Vertex) -> bool:
    """Whether a table begins with the last point of a ring that is still open, or with the one after it."""
    rings = points.parcels[-1].rings if points.parcels else []
    if not rings or rings[-1].vertices[0].at == rings[-1].vertices[-1].at:
        return False
    end = rings[-1].vertices[-1]
    if (end.name, end.at) == (vertex.name, vertex.at):
        return True
    last, this = (re.search(r"\d+$", v.name) for v in (end, vertex))
    return last is not None and this is not None and int(last[0]) + 1 == int(this[0])


def _judge_row(line: int, cells: Sequence[str], columns: _Columns, issues: list[Issue]) -> None:
    """Report a row that should hold a point: a name and something where a coordinate stands."""
    if any(_SUM.search(cell) for cell in cells):
        return
    texts = [cells[c] if c < len(cells) else "" for c in (columns.x, columns.y)]
    wrong = next((t for t in texts if t and number(t) is None), None)
    if not any(number(t) is not None for t in texts) and (wrong is None or not re.search(r"\d{3}", wrong)):
        return  # a title, a remark, the length of a side
    name = _text(cells, columns.name)
    if columns.name is not None and (not name or (len(name) > _LONG_NAME and not re.search(r"\d", name))):
        return  # 界线总长, 备注: words, no point
    issues.append(
        error(
            "TABLE-BAD-NUMBER",
            f"第 {line} 行的坐标“{wrong[:30]}”不是数字" if wrong else f"第 {line} 行缺一个坐标",
            f"row {line}: a coordinate is missing or not a number",
            "改正该行的 X、Y",
            "correct X and Y of the row",
            line=line,
        )
    )


def _declare(parcel: Parcel, rows: Sequence[Row]) -> None:
    """The area written beside the table of a single parcel."""
    for line, cells in rows:
        found = _AREA.search(" ".join(c for c in cells if c))
        if found is not None:
            parcel.declared, parcel.declared_line = found[0], line
            return
