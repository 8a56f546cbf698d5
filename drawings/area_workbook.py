"""The 建筑面积统计表 as an Excel workbook: one sheet for the summary and one table of all lines."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from drawings.area_table import AreaTable

_LINE = Side(style="thin", color="FF999999")
_EDGE = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="FFE8EDF3")
_COLUMNS = ("楼号", "层名", "起止层", "层数", "层高（m）", "用途", "类别", "面积（㎡/层）", "系数", "计算面积（㎡/层）",
            "合计（㎡）", "依据", "说明", "句柄")  # fmt: skip
_PARTS = {"above": "地上", "below": "地下", "roof": "屋顶"}
_UNDECIDED = "无法判定"
#: characters at the start of a text that a spreadsheet would take for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_RANGE = re.compile(r"-?\d[\d,-]*")  # basement floors


def area_workbook(table: AreaTable, title: str) -> bytes:
    """XLSX bytes; numbers are numbers with two decimals, what is undecided says 无法判定.

    Args:
        title: project and revision, printed on top.
    """
    book = Workbook()
    first = book.worksheets[0]
    first.title = "汇总"
    summary = _Writer(first)
    summary.row(["建筑面积统计表", title], bold=True)
    summary.row(["计算依据", f"{table.doc_no} {table.title}", "" if table.verified else "系数表未经核验"])
    summary.row([])
    summary.row(["楼号", "地上（㎡）", "地下（㎡）", "合计（㎡）", "文件"], head=True)
    for building in table.buildings:
        summary.row([building.name, building.above, building.below, building.total, building.file])
    summary.row(["合计", table.above, table.below, table.total, ""], bold=True)
    summary.row([])
    summary.row(["用途", "计算面积（㎡）"], head=True)
    for use, area in table.by_use.items():
        summary.row([use, area])
    if table.undecided:
        summary.row([])
        summary.row([_UNDECIDED], head=True)
        for text in table.undecided:
            summary.row([text])
    second: Worksheet = book.create_sheet("分层面积")
    lines = _Writer(second)
    lines.row(list(_COLUMNS), head=True)
    for building in table.buildings:
        for floor in building.floors:
            for line in floor.lines:
                lines.row([
                    building.name, floor.name, floor.floors or _PARTS[floor.part],
                    floor.storeys, floor.height, line.use,
                    line.kind, line.area, line.coefficient, line.counted, line.total, line.clause, line.why,
                    " ".join(line.handles),
                ])  # fmt: skip
        lines.row([building.name, "小计", *[""] * 8, building.total, "", "", ""], bold=True)
    lines.row(["总计", *[""] * 9, table.total, "", "", ""], bold=True)
    for sheet, widths in (
        (first, (22, 26, 18, 18, 40)),
        (second, (9, 12, 12, 7, 9, 14, 14, 14, 8, 16, 14, 12, 30, 24)),
    ):
        for column, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(column)].width = width
    second.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


class _Writer:
    """Writes rows below each other, empty ones too."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self.index = 0

    def row(
        self, values: Sequence[str | int | Decimal | None], *, head: bool = False, bold: bool = False
    ) -> None:
        """One row; None is an undecided figure."""
        self.index += 1
        for column, value in enumerate(values, 1):
            cell = self.sheet.cell(self.index, column)
            if value is None:
                value = _UNDECIDED
            elif isinstance(value, str) and value.startswith(_FORMULA) and not _RANGE.fullmatch(value):
                value = f"'{value}"
            cell.value = value
            cell.data_type = "s" if isinstance(value, str) else "n"
            if isinstance(value, Decimal):
                cell.number_format = "#,##0.00"
            cell.font = Font(bold=head or bold)
            if head:
                cell.fill = _HEAD
            cell.border = _EDGE
            cell.alignment = Alignment(vertical="center", wrap_text=isinstance(value, str))
