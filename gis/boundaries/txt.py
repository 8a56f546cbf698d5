"""The exchange text file of parcel boundaries, 界址点 TXT (国土/报部 TXT).

All variants of reference 4.1 are read: headers of 8 to 13 fields, point names J1 / J01 / 1, swapped columns, eastings
with and without zone prefix, rings closed or not, holes and parts by containment, GBK / UTF-8 / UTF-16 with or without
byte order mark, full-width punctuation, wrong point counts, areas in ha, ㎡, with unit or blank, several parcels.
Columns are ``点号,圈号,X,Y`` with X = north and Y = east.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gis.boundaries.columns import PointList, notice_crs, numbers_usable, settle_columns
from gis.boundaries.declared_area import parse_declared
from gis.boundaries.header import header_word, same_said
from gis.boundaries.parcel import Parcel
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.rings import RingBuilder
from gis.boundaries.text import decode_text, half_width, number, split_row
from gis.boundaries.txt_rows import holds_angles, holds_point, is_comment, is_parcel_row, parcel_of, vertex_of
from gis.remarks import error, info, warning
from project_box.kernel.finding import Issue, Level

_PAIR_OF_NUMBERS = re.compile(r"\d+\.\d+,\d+\.\d+(,-?\d+(\.\d+)?)?")
_NAMED_PAIRS = re.compile(
    r"(?:([^\W\d]{0,4}\d{1,5})[^\dXYxy]{0,4})?X\s*[=:]\s*(\d+(?:\.\d+)?)\s*[,;\s]\s*Y\s*[=:]\s*(\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_PAIR = re.compile(r"^([^\d,=:][^,=:]*)\s*[=:](.*)$")


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
                "文件不是文本，读不出界址点",
                "the file is not text",
                "请提供界址点 TXT（GBK 或 UTF-8 编码）",
                "hand in a text file (GBK or UTF-8)",
            ),
        )
    text, encoding = decoded
    issues: list[Issue] = []
    scanner = _Scanner(text, issues)
    content = scanner.content
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
                    "检查文件是否完整，坐标应在 [地块坐标] 之后",
                    "check that the file is complete",
                )
            )
        return replace(failed("TXT", *issues), attributes=attributes)
    if not numbers_usable(content, issues):
        return replace(failed("TXT", *issues), attributes=attributes)
    found = settle_columns(content, crs, issues)
    reading = finish(content.parcels, found, issues, format_name="TXT", attributes=attributes)
    return _judge_counts(scanner.counts, content.parcels, scanner.last_line, reading)


class _Scanner:
    """Goes through the lines of a file.

    Attributes:
        content: header and parcels, before any geometry is made.
        counts: declared point count of each parcel and its line.
        last_line: the last one with anything on it.
    """

    def __init__(self, text: str, issues: list[Issue]) -> None:
        self.content = PointList()
        self.counts: list[tuple[str, int]] = []
        self.issues = issues
        self._section = ""
        self._rings: RingBuilder | None = None
        self._columns = 0
        self._title = PointList()
        rows = (
            text.replace("\r\n", "\n").replace("\r", "\n").replace("\x1a", "").replace("\f", "\n").split("\n")
        )
        self.last_line = max((n for n, row in enumerate(rows, start=1) if row.strip()), default=0)
        self.content.cut_line = self.last_line if rows and rows[-1].strip() else None
        for line, raw in enumerate(rows, start=1):
            row = half_width(raw).strip().strip("\ufeff").strip()
            if row.startswith("(") and row.endswith(")"):
                row = row[1:-1]
            if row:
                self._row(row, line)
        self._finish()

    def _row(self, row: str, line: int) -> None:
        if row.startswith("[") and "]" in row:
            self._section = row[1 : row.index("]")].strip()
            return
        pairs = [pair for pair in re.split(r"[\s;|]+", row) if pair]
        if len(pairs) > 2 and all(map(_PAIR_OF_NUMBERS.fullmatch, pairs)):
            for pair in pairs:  # all points of a ring in one line: 3115000.1,485900.2 3115010.3,485950.4; …
                self._point(pair.split(",")[:2], line)
            return
        named = list(_NAMED_PAIRS.finditer(row))
        if len(named) > 1:  # a sentence: J1 X=3115000.1 Y=485900.2；J2 X=…
            notice_crs(row, line, self._title)
            for point in named:
                self._point([point[1] or "", "", point[2], point[3]], line)
            return
        fields = split_row(row)
        if is_comment(row, fields):
            return
        if is_parcel_row(fields):
            self._begin(parcel_of(fields, line, self.issues), fields[0], line)
        elif not self._header(row, fields, line) and not self._title_says(row, fields, line):
            self._point(fields, line)

    def _title_says(self, row: str, fields: list[str], line: int) -> bool:
        """Whether a row above the points is a title that names a coordinate system; a header says it better."""
        if self.content.parcels or holds_point(fields):
            return False
        before = len(self._title.header)
        notice_crs(row, line, self._title)
        return len(self._title.header) > before

    def _header(self, row: str, fields: list[str], line: int) -> bool:
        pair = _PAIR.match(row)
        if pair is not None and (holds_point(fields) or holds_angles(fields)):
            return False  # labelled coordinates: J1 X:3115000 Y:485900
        if pair is not None and len(pair[1].strip()) > 1 and "弧" not in pair[1]:
            key, value = pair[1].strip(), pair[2].strip()
        elif len(fields) >= 2 and header_word(fields[0], ",".join(fields[1:])) is not None:
            key, value = fields[0], ",".join(fields[1:]).strip(",")
        else:
            return False
        word = header_word(key, value)
        key = word or key
        earlier, before = self.content.header.get(key, value), self.content.header_lines.get(key, line)
        if word is not None and not same_said(word, earlier, value):
            self.issues.append(
                error(
                    "TXT-HEADER-DIFFERS",
                    f"第 {line} 行的“{key}”是“{value[:20]}”，第 {before} 行却是“{earlier[:20]}”",
                    f"line {line} says {key} is {value[:20]}, line {before} {earlier[:20]}",
                    "一个文件只能用一个坐标系，不同坐标系的地块分成几个文件提交",
                    "hand in parcels of different systems as separate files",
                    line=line,
                )
            )
        self.content.header[key] = value
        self.content.header_lines[key] = line
        return True

    def _point(self, fields: list[str], line: int) -> None:
        last = line == self.content.cut_line
        filled = len([f for f in fields if f])
        vertex = vertex_of(fields, line, last, last and filled < self._columns, self._section, self.issues)
        if vertex is None:
            return
        self._columns = max(self._columns, filled)
        if self._rings is None:
            self._begin(Parcel(), "", line)
            self.issues.append(
                warning(
                    "TXT-NO-PARCEL-ROW",
                    "界址点之前没有地块说明行",
                    "no parcel row stands before the points",
                    "补上“界址点数,地块面积,…,@”一行",
                    "add the parcel row",
                    line=line,
                )
            )
        assert self._rings is not None
        self._rings.add(*vertex)

    def _begin(self, parcel: Parcel, count: str, line: int) -> None:
        if self._rings is not None:
            self._rings.finish()
        self.content.parcels.append(parcel)
        self.counts.append((count, line))
        self._rings = RingBuilder(parcel, self.issues)

    def _finish(self) -> None:
        for key, value in self._title.header.items():
            if key not in self.content.header:
                self.content.header[key] = value
                self.content.header_lines[key] = self._title.header_lines[key]
        for key in ("坐标系", "投影类型"):  # CGCS2000_3_Degree_GK_Zone_38
            if key in self.content.header:
                notice_crs(self.content.header[key], self.content.header_lines[key], self.content, name=True)
        if self._rings is not None:
            self._rings.finish()
        for position, parcel in enumerate(self.content.parcels, start=1):
            name = parcel.attributes.get("地块名称") or parcel.attributes.get("地块编号") or ""
            several = len(self.content.parcels) > 1
            parcel.label = f"地块{position}{f'（{name}）' if name else ''}" if several else ""
            for ring in parcel.rings:
                ring.label = f"{parcel.label}第 {ring.number or 1} 圈"
            if not parcel.attributes:
                parcel.declared = None


def _no_points(parcel: Parcel, line: int) -> Issue:
    return error(
        "TXT-PARCEL-EMPTY",
        f"第 {line} 行的{parcel.label or '地块'}下面没有界址点，文件可能不完整",
        f"no points follow the parcel row in line {line}; the file may be incomplete",
        "补上该地块的界址点，或删去该地块的说明行",
        "add the points of the parcel, or remove its row",
        line=line,
    )


def _judge_counts(
    counts: list[tuple[str, int]], parcels: list[Parcel], last_line: int, reading: BoundaryReading
) -> BoundaryReading:
    """Add what the declared point counts tell: a wrong count is a warning; with an open end it means a cut file."""
    more: list[Issue] = []
    mismatch = any(i.code == "AREA-MISMATCH" for i in reading.issues)
    already = any(i.code == "TXT-CUT" for i in reading.issues)
    for index, (parcel, (count, line)) in enumerate(zip(parcels, counts, strict=True)):
        rows = sum(len(r.vertices) for r in parcel.rings)
        if not rows:
            if not already:
                more.append(_no_points(parcel, line))
            continue
        closed = sum(1 for r in parcel.rings if len(r.vertices) > 3 and r.vertices[0].at == r.vertices[-1].at)
        open_ends = len(parcel.rings) - closed
        if open_ends:
            more.append(_open_ring(parcel, open_ends, closed, line))
        if not count:
            continue
        declared = number(count)
        if declared is None or declared not in range(rows - closed, rows + open_ends + 1):
            cut = (
                declared is not None
                and declared > rows + open_ends
                and open_ends > 0
                and index == len(parcels) - 1
                and (mismatch or parse_declared(parcel.declared or "") is None)
            )
            more.append(
                _cut(count, rows, last_line) if cut and not already else _miscounted(count, rows, line)
            )
    if not more:
        return reading
    rank = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
    merged = sorted([*reading.issues, *more], key=lambda i: (rank[i.level], i.line or 0))
    return replace(reading, issues=tuple(merged))


def _open_ring(parcel: Parcel, open_ends: int, closed: int, line: int) -> Issue:
    """Rings that do not return to their first point: worth a warning where others of the parcel do."""
    if not closed:
        return info(
            "TXT-RING-OPEN",
            "末点没有重复起点，已按闭合读取",
            "the last point does not repeat the first; closed",
            line=line,
        )
    return warning(
        "TXT-RING-OPEN",
        f"{parcel.label}有 {open_ends} 圈没有回到起点，已自动闭合",
        f"{open_ends} rings are not closed in the file and were closed",
        "每圈末行重复起点",
        "repeat the first point at the end of each ring",
        line=line,
    )


def _cut(count: str, rows: int, last_line: int) -> Issue:
    return error(
        "TXT-CUT",
        f"应有 {count} 个界址点，只有 {rows} 个且未闭合，文件可能不完整",
        f"{count} points are declared, {rows} found and the ring is open: the file seems cut",
        "重新导出完整的文件；若确为全部界址点，请改正点数并闭合",
        "export the whole file again",
        line=last_line,
    )


def _miscounted(count: str, rows: int, line: int) -> Issue:
    return warning(
        "TXT-COUNT",
        f"界址点数写作 {count[:20]}，实际 {rows} 行",
        f"{count} declared, {rows} rows",
        "改正界址点数",
        "correct the count",
        line=line,
    )
