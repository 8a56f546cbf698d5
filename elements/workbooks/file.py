"""Reading a workbook nobody has vouched for: bounded in bytes, sheets, rows and cells; nothing in it is run.

Only values are taken. Anything that makes a workbook more than a table (macros, external links, embedded objects,
encryption, document type definitions) is refused with the part's name.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.utils.exceptions import InvalidFileException

from project_box.kernel.errors import BadInput, TooLarge

MAX_BYTES = 5_000_000
MAX_UNPACKED = 40_000_000
MAX_PARTS = 2_000
MAX_SHEETS = 400
MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELLS = 400_000
_MERGES = re.compile(rb'<mergeCell\s[^>]*ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_MAX_MERGES = 10_000
_REMEDY = "在 Excel 中另存为“Excel 工作簿（.xlsx）”，只保留模板中的工作表和数值"
_REMEDY_EN = "save it in Excel as a workbook (.xlsx) with nothing but the sheets and values of the template"
_FOREIGN = (
    ("vbaproject", "宏", "macros"),
    ("externallinks/", "外部链接", "external links"),
    ("embeddings/", "嵌入对象", "embedded objects"),
    ("activex/", "ActiveX 控件", "ActiveX controls"),
    ("connections.xml", "外部数据连接", "external data connections"),
    ("querytables/", "外部数据查询", "external queries"),
)


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell: 1-based row and column, value as Excel stores it."""

    sheet: str
    row: int
    column: int
    value: Any
    formula: bool = False
    error: bool = False
    epoch: dt.datetime = WINDOWS_EPOCH

    @property
    def place(self) -> str:
        """``sheet!B7``."""
        return f"{self.sheet}!{get_column_letter(self.column)}{self.row}"


class Sheet:
    """Cells that hold something, by row.

    Attributes:
        epoch: the day from which the workbook counts its dates.
        merged: merged areas as (first row, first column, last row, last column).
    """

    def __init__(self, name: str, epoch: dt.datetime = WINDOWS_EPOCH) -> None:
        self.name = name
        self.epoch = epoch
        self.merged: list[tuple[int, int, int, int]] = []
        self._rows: dict[int, list[SheetCell]] = {}

    def merge_at(self, row: int, column: int) -> str | None:
        """The merged area (``E5:E7``) of more than one row that covers a cell, or None."""
        for top, left, bottom, right in self.merged:
            if top < bottom and top <= row <= bottom and left <= column <= right:
                return f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}"
        return None

    def add(self, cell: SheetCell) -> None:
        """Put a cell at its place; cells come in reading order."""
        self._rows.setdefault(cell.row, []).append(cell)

    def row(self, number: int) -> list[SheetCell]:
        """Cells of a row, from the left."""
        return self._rows.get(number, [])

    def numbers(self, first: int) -> list[int]:
        """Rows that hold anything, from ``first`` on."""
        return sorted(n for n in self._rows if n >= first)


def read_sheets(data: bytes) -> dict[str, Sheet]:
    """All sheets by name.

    Raises:
        TooLarge: more bytes, rows, columns or cells than a filled template can have.
        BadInput: not an .xlsx workbook, or one with macros, links, embedded objects.
    """
    check_package(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl warns about extensions it drops; values are all we take
            return _read(data)
    except (BadInput, TooLarge):
        raise
    except (
        InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, TypeError,
        IndexError, AttributeError, EOFError, OSError, RecursionError, OverflowError, NotImplementedError,
        AssertionError,
    ) as error:  # fmt: skip
        raise _unreadable(f"{type(error).__name__}: {str(error)[:120]}") from error


def _unreadable(why: str) -> BadInput:
    return BadInput(
        "文件不是可以读取的 Excel 工作簿（.xlsx）",
        f"not a readable .xlsx workbook ({why})",
        code="bad_workbook",
        remedy=_REMEDY,
        remedy_en=_REMEDY_EN,
    )


def check_package(data: bytes) -> None:
    """Look at the zip package before anything is unpacked.

    Raises:
        TooLarge, BadInput: as :func:`read_sheets`.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"工作簿超过 {MAX_BYTES // 1_000_000} MB",
            "workbook too large",
            remedy="删除多余的工作表和行",
            remedy_en="delete sheets and rows that are not needed",
        )
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise BadInput(
            "工作簿是旧版 .xls 或已加密，不能读取",
            "an old .xls or an encrypted workbook",
            code="bad_workbook",
            remedy="取消密码，另存为 .xlsx",
            remedy_en="remove the password and save as .xlsx",
        )
    if data[:2] != b"PK":
        _refuse_text(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check_parts(package)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as e:
        raise _unreadable(str(e)[:120]) from e


def _refuse_text(data: bytes) -> None:
    """Say so when the file is text under a workbook's name (CSV, web page)."""
    head = data[:4000]
    if b"\x00" in head or not head.strip():
        return
    web = head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table"))
    if not web and b"," not in head and b"\t" not in head:
        return
    raise BadInput(
        "文件是网页，不是 Excel 工作簿" if web else "文件是文本（CSV），不是 Excel 工作簿",
        "a web page under a workbook's name" if web else "text (CSV), not a workbook",
        code="bad_workbook",
        remedy="用 Excel 打开导入模板，粘贴数值后存为“Excel 工作簿（.xlsx）”",
        remedy_en="open the template in Excel, paste the values and save an Excel workbook (.xlsx)",
    )


def _check_parts(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
        raise TooLarge(
            f"工作簿解压后超过 {MAX_UNPACKED // 1_000_000} MB 或部件过多",
            "workbook unpacks to too much",
            code="zip_bomb",
            remedy="删除多余的工作表、行和图片；疑似压缩炸弹的文件不读取",
            remedy_en="delete sheets, rows and pictures not needed; what may be a zip bomb is not read",
        )
    names = [p.filename.lower() for p in parts]
    if len(set(names)) != len(names):
        raise _unreadable("a part stands twice")
    for mark, zh, en in _FOREIGN:
        found = next((n for n in names if mark in n), None)
        if found is not None:
            raise BadInput(
                f"工作簿含有{zh}({found[:60]}),不能导入",
                f"the workbook has {en}",
                code="bad_workbook",
                place=found[:60],
                remedy=_REMEDY,
                remedy_en=_REMEDY_EN,
            )
    if "[content_types].xml" not in names:
        raise _unreadable("no content types")
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        text = package.read(part)  # bounded: zipfile gives no more than the size counted above
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text[:200]:
            raise BadInput(
                f"工作簿部件 {part.filename[:60]} 含有文档类型定义或编码异常，不能导入",
                f"{part.filename[:60]} has a document type definition or an odd encoding",
                code="bad_workbook",
                place=part.filename[:60],
                remedy=_REMEDY,
                remedy_en=_REMEDY_EN,
            )


def _read(data: bytes) -> dict[str, Sheet]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        if len(book.worksheets) > MAX_SHEETS:
            raise TooLarge(
                f"工作表超过 {MAX_SHEETS} 张",
                "too many sheets",
                remedy="删除多余的工作表",
                remedy_en="delete sheets that are not needed",
            )
        out: dict[str, Sheet] = {}
        count, formulas = 0, False
        for worksheet in book.worksheets:
            sheet = Sheet(worksheet.title, book.epoch)
            sheet.merged = _merged(data, worksheet)
            worksheet.reset_dimensions()
            for cell in _cells(worksheet):
                count += 1
                if count > MAX_CELLS:
                    raise TooLarge(f"工作簿的单元格超过 {MAX_CELLS} 个", "too many cells")
                sheet.add(cell)
                formulas |= cell.formula
            out[worksheet.title] = sheet
    finally:
        book.close()
    return _with_results(data, out) if formulas else out


def _merged(data: bytes, worksheet: Any) -> list[tuple[int, int, int, int]]:
    """Merged areas of a sheet; a read-only worksheet does not tell them."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        text = package.read(worksheet._worksheet_path)
    found = []
    for match in _MERGES.finditer(text):
        left, top, right, bottom = range_boundaries(match.group(1).decode())
        if None in (left, top, right, bottom):
            continue
        found.append((int(top or 0), int(left or 0), int(bottom or 0), int(right or 0)))
        if len(found) >= _MAX_MERGES:
            break
    return found


def _with_results(data: bytes, sheets: dict[str, Sheet]) -> dict[str, Sheet]:
    """The sheets with the result Excel stored beside each formula in its place; nothing is calculated here.

    A formula without a stored result stays marked as a formula.
    """
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    out: dict[str, Sheet] = {}
    try:
        for worksheet in book.worksheets:
            worksheet.reset_dimensions()
            results = {(c.row, c.column): c for c in _cells(worksheet)}
            before = sheets[worksheet.title]
            sheet = out[worksheet.title] = Sheet(before.name, before.epoch)
            sheet.merged = before.merged
            for number in before.numbers(1):
                for cell in before.row(number):
                    sheet.add(results.get((cell.row, cell.column), cell) if cell.formula else cell)
    finally:
        book.close()
    return out


def _cells(worksheet: Any) -> Iterator[SheetCell]:
    name = worksheet.title
    for number, row in enumerate(worksheet.iter_rows(), start=1):
        if number > MAX_ROWS:
            raise TooLarge(
                f"工作表“{name}”超过 {MAX_ROWS} 行",
                f"sheet {name!r} has more than {MAX_ROWS} rows",
                code="too_many_rows",
                place=f"{name}!A{MAX_ROWS + 1}",
                remedy="删除有格式而无内容的行，或分次导入",
                remedy_en="delete rows that are formatted but empty, or import in parts",
            )
        if len(row) > MAX_COLUMNS:
            raise TooLarge(
                f"工作表“{name}”第 {number} 行超过 {MAX_COLUMNS} 列",
                f"sheet {name!r}, row {number}: too many columns",
                place=f"{name}!{get_column_letter(MAX_COLUMNS + 1)}{number}",
                remedy="删除多余的列",
                remedy_en="delete columns that are not needed",
            )
        for cell in row:
            if cell.value is not None:
                yield SheetCell(
                    name,
                    cell.row,
                    cell.column,
                    cell.value,
                    formula=cell.data_type == "f",
                    error=cell.data_type == "e",
                    epoch=worksheet.parent.epoch,
                )
