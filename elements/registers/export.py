"""A register as an Excel workbook (typed cells, frozen header, totals, the filter on a second sheet) and as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from elements.registers.models import RegisterLine
from elements.registers.register import DECISIONS, Column, Filter, filter_words
from elements.registers.repository import Totals
from project_box.kernel.errors import TooLarge
from project_box.kernel.finding import Outcome

#: most lines of one workbook; the CSV has no such limit
MAX_LINES = 50_000
_HEAD = ("流水号", "日期", "项目代码", "项目名称", "申请单位", "办理对象")
_TAIL = (
    "结论", "符合项", "不符合项", "无法判定项", "不符合和无法判定的事项", "决定", "决定日期", "经办人", "来源",
    "规则日期", "规则版本", "内容校验值",
)  # fmt: skip
_WIDTHS = {
    "流水号": 30,
    "项目代码": 26,
    "项目名称": 34,
    "申请单位": 28,
    "不符合和无法判定的事项": 60,
    "内容校验值": 20,
}
_ORIGINS = {"run": "审查", "import": "导入", "case": "办件"}
_FILL = PatternFill("solid", fgColor="FFE8EEF5")
_RULE = Border(top=Side(style="medium"))
#: Excel's numbers have 15 digits; a longer one stays text so that nothing is lost
_DIGITS = 15
#: characters that make a spreadsheet take text for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(columns: Sequence[Column]) -> list[str]:
    """Column titles, units in brackets."""
    own = [f"{c.name}（{c.unit}）" if c.unit else c.name for c in columns]
    return [*_HEAD, *own, *_TAIL]


def cells(line: RegisterLine, columns: Sequence[Column]) -> list[Any]:
    """A line's values in the order of the header: text, int, Decimal, date or None."""
    by_code = {e["code"]: e for e in line.elements}
    own = [_value(c, line, by_code.get(c.code)) for c in columns]
    open_ = [c["name"] for c in line.conclusions if c["outcome"] in ("fail", "undecided")]
    return [
        line.serial, line.day, line.project_code, line.project_name, line.applicant, line.subject or None, *own,
        Outcome(line.outcome).zh, line.counts["pass"], line.counts["fail"], line.counts["undecided"],
        "；".join(open_)[:30_000] or None, DECISIONS[line.decision][0] if line.decision else None, line.decided_on,
        line.handler, _ORIGINS[line.origin], line.rules_at, line.rule_hash, line.content_hash[:16],
    ]  # fmt: skip


def _value(column: Column, line: RegisterLine, element: dict[str, Any] | None) -> Any:
    if element is None or element["value"] is None:
        return None
    if column.numeric and column.code in line.numbers:
        return Decimal(line.numbers[column.code])
    if column.date:
        try:
            return dt.date.fromisoformat(str(element["value"]))
        except ValueError:
            return str(element["display"])
    return str(element["display"])


def total_row(columns: Sequence[Column], totals: Totals) -> list[Any]:
    """Sums under the columns that add up, and the number of lines and outcomes."""
    own = [totals.sums.get(c.code) if c.total else None for c in columns]
    counted = "、".join(f"{Outcome(o).zh} {n}" for o, n in totals.outcomes.items() if n)
    return [
        "合计",
        f"{totals.lines} 件",
        *[None] * (len(_HEAD) - 2),
        *own,
        counted or None,
        *[None] * (len(_TAIL) - 1),
    ]


def workbook(
    title: str,
    columns: Sequence[Column],
    lines: Iterable[RegisterLine],
    totals: Totals,
    chosen: Filter,
    *,
    by: str,
    at: dt.datetime,
) -> bytes:
    """The register as .xlsx: typed numbers and dates, frozen header with filters, totals row, sheet 筛选条件.

    Raises:
        TooLarge: more lines than ``MAX_LINES``.
    """
    if totals.lines > MAX_LINES:
        raise TooLarge(
            f"符合条件的记录有 {totals.lines} 条，一个工作簿最多 {MAX_LINES} 条",
            f"{totals.lines} lines, a workbook holds {MAX_LINES}",
            code="too_many_lines",
            remedy="缩短起止日期后分次导出，或导出 CSV",
            remedy_en="export shorter periods one by one, or export CSV",
        )
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("台账")
    titles = header(columns)
    formats = [None] * len(_HEAD) + [_format(c) for c in columns] + [None] * len(_TAIL)
    sheet.freeze_panes = "B2"
    for number, word in enumerate(titles, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(
            word, max(12, min(30, len(word) * 2))
        )
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(titles))}{totals.lines + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.append([_titled(sheet, word) for word in titles])
    for line in lines:
        sheet.append([_cell(sheet, v, f) for v, f in zip(cells(line, columns), formats, strict=True)])
    sheet.append([_summed(sheet, v, f) for v, f in zip(total_row(columns, totals), formats, strict=True)])
    _second_sheet(book, title, totals, chosen, columns, by=by, at=at)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _second_sheet(
    book: Workbook,
    title: str,
    totals: Totals,
    chosen: Filter,
    columns: Sequence[Column],
    *,
    by: str,
    at: dt.datetime,
) -> None:
    sheet: Any = book.create_sheet("筛选条件")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 40
    pairs = [
        ("台账", title),
        ("导出人", by),
        ("导出时间", at.strftime("%Y-%m-%d %H:%M")),
        ("记录数", totals.lines),
    ]
    pairs += filter_words(chosen) or [("筛选", "无（全部记录）")]
    pairs.append(("排序", _sort_words(chosen, columns)))
    for name, value in pairs:
        sheet.append([_titled(sheet, name), _cell(sheet, value, None)])
    sheet.append([])
    added = [c for c in columns if c.total]
    sheet.append(
        [_titled(sheet, w) for w in ("月份", "件数", *(o.zh for o in Outcome), *_added_titles(added))]
    )
    for month in totals.months:
        sums = [_cell(sheet, month["sums"].get(c.code), _format(c)) for c in added]
        sheet.append([month["month"], month["lines"], *(month["outcomes"][o.value] for o in Outcome), *sums])


def _added_titles(columns: Sequence[Column]) -> list[str]:
    return [f"{c.name}合计（{c.unit}）" if c.unit else f"{c.name}合计" for c in columns]


def _sort_words(chosen: Filter, columns: Sequence[Column]) -> str:
    names = {
        "serial": "流水号", "day": "日期", "project": "项目名称", "applicant": "申请单位", "outcome": "结论",
        "decision": "决定", "handler": "经办人", **{c.code: c.name for c in columns},
    }  # fmt: skip
    return f"{names[chosen.key]}{'（降序）' if chosen.descending else '（升序）'}"


def _format(column: Column) -> str | None:
    if not column.numeric:
        return None
    if column.precision is None:
        return "General"
    return "#,##0" + ("." + "0" * column.precision if column.precision else "")


def _titled(sheet: Any, word: str) -> Any:
    cell = WriteOnlyCell(sheet, value=word)
    cell.font, cell.fill = Font(bold=True), _FILL
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    return cell


def _cell(sheet: Any, value: Any, number_format: str | None) -> Any:
    """A typed cell; text never becomes a formula, a number of more than 15 digits stays text."""
    if isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > _DIGITS:
        value = format(value, "f")
    cell = WriteOnlyCell(sheet, value=float(value) if isinstance(value, Decimal) else value)
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, dt.date):
        cell.number_format = "yyyy-mm-dd"
    elif number_format is not None and value is not None:
        cell.number_format = number_format
    return cell


def _summed(sheet: Any, value: Any, number_format: str | None) -> Any:
    cell = _cell(sheet, value, number_format)
    cell.font, cell.border = Font(bold=True), _RULE
    return cell


def csv_lines(columns: Sequence[Column], lines: Iterable[RegisterLine]) -> Iterator[str]:
    """The register as CSV text with a byte order mark; text that looks like a formula gets an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(header(columns))
    for line in lines:
        writer.writerow([_csv(v) for v in cells(line, columns)])
        if buffer.tell() > 64_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _csv(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA) and not _number(value):
        return "'" + value
    if isinstance(value, Decimal):
        return format(value, "f")
    return value


def _number(text: str) -> bool:
    try:
        Decimal(text)
    except InvalidOperation:
        return False
    return True
