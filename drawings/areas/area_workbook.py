"""The 建筑面积统计表 as an Excel workbook: a summary, floors by use, and a table of all lines."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from drawings.areas.area_table import AreaTable

_LINE = Side(style="thin", color="FF999999")
_EDGE = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="FFE8EDF3")
_COLUMNS = ("楼号", "层名", "起止层", "层数", "层高（m）", "用途", "类别", "面积（㎡/层）", "系数", "计算面积（㎡/层）",
            "合计（㎡）", "依据", "说明", "句柄")  # fmt: skip
_PARTS = {"above": "地上", "below": "地下", "roof": "屋顶"}
_UNDECIDED = "无法判定"
#: characters at the start of a text that a spreadsheet would take for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_RANGE = re.compile(r"-?\d[\d,~-]*\s*[层F]?")  # basement floors


def area_workbook(table: AreaTable, title: str) -> bytes:
    """XLSX bytes; numbers are numbers with two decimals, what is undecided says 无法判定.

    Args:
        title: project and revision, printed on top.
    """
    book = Workbook()
    first = book.worksheets[0]
    first.title = "汇总"
    _summary(_Writer(first), table, title)
    _by_floor(_Writer(book.create_sheet("分层汇总")), table)
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
        (book["分层汇总"], (9, 14, 14, 7)),
        (second, (9, 12, 12, 7, 9, 14, 14, 14, 8, 16, 14, 12, 30, 24)),
    ):
        for column in range(1, sheet.max_column + 1):
            width = widths[column - 1] if column <= len(widths) else 16
            sheet.column_dimensions[get_column_letter(column)].width = width
    book["分层汇总"].freeze_panes = "E2"
    second.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _summary(summary: _Writer, table: AreaTable, title: str) -> None:
    """Totals by building, by use, by building and use, by kind; what is undecided."""
    summary.row(["建筑面积统计表", title], bold=True)
    summary.row(["计算依据", f"{table.doc_no} {table.title}", "" if table.verified else "系数表未经核验"])
    summary.row([])
    summary.row(["楼号", "地上（㎡）", "地下（㎡）", "合计（㎡）", "文件"], head=True)
    for building in table.buildings:
        summary.row([building.name, building.above, building.below, building.total, building.file])
    summary.row(["合计", table.above, table.below, table.total, ""], bold=True)
    uses = list(table.by_use)
    summary.row([])
    summary.row(["用途", "计算面积（㎡）"], head=True)
    for use, area in table.by_use.items():
        summary.row([use, area])
    if len(table.buildings) > 1 and uses:
        summary.row([])
        summary.row(["楼号", *(f"{use}（㎡）" for use in uses)], head=True)
        for name, own in table.by_building_use.items():
            summary.row([name, *(own.get(use, "") for use in uses)])
    summary.row([])
    summary.row(["类别", "计算面积（㎡）"], head=True)
    for kind, area in table.by_kind.items():
        summary.row([kind, area])
    if table.undecided:
        summary.row([])
        summary.row([_UNDECIDED], head=True)
        for text in table.undecided:
            summary.row([text])


def _by_floor(floors: _Writer, table: AreaTable) -> None:
    """One row a floor, for all storeys it stands for, one column a use."""
    uses = list(table.by_use)
    floors.row(["楼号", "层名", "起止层", "层数", *(f"{use}（㎡）" for use in uses), "合计（㎡）"], head=True)
    for building in table.buildings:
        for floor in building.floors:
            own = {use: [x.total for x in floor.lines if x.use == use] for use in uses}
            cells = [
                None
                if None in totals
                else sum((t for t in totals if t is not None), Decimal(0))
                if totals
                else ""
                for totals in own.values()
            ]
            floors.row([
                building.name, floor.name, floor.floors or _PARTS[floor.part], floor.storeys, *cells, floor.total
            ])  # fmt: skip
        whole = table.by_building_use[building.name]
        floors.row(
            [building.name, "小计", "", "", *(whole.get(u, "") for u in uses), building.total], bold=True
        )
    floors.row(["总计", "", "", "", *(table.by_use[u] for u in uses), table.total], bold=True)


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
