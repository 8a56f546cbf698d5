"""Side table of attributes (XLSX): one row per building, floor or entity, the least trusted source."""

from __future__ import annotations

import io
import zipfile

from openpyxl import load_workbook

from drawings.standards.vocabulary import vocabulary
from project_box.kernel.errors import BadInput

_MAX_ROWS, _MAX_COLUMNS = 5000, 60
_MAX_UNPACKED = 60_000_000
_HANDLE_NAMES = frozenset({"句柄", "HANDLE", "CAD句柄"})


def is_table(name: str) -> bool:
    """True if a handed-in file is meant as the side table."""
    return name.lower().endswith(".xlsx")


def read_table(name: str, data: bytes) -> dict[str, dict[str, str]]:
    """Attributes by CAD handle (column 句柄), by ``楼号/层名`` or by 楼号 (columns of these names); headers in row 1.

    Raises:
        BadInput: not a workbook, too large, or without a column that says what a row is about.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED:
                raise BadInput(
                    f"表格 {name} 解压后过大",
                    f"{name} is too large unpacked",
                    code="table_too_large",
                    place=name,
                )
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            ["" if v is None else str(v).strip() for v in row]
            for row in sheet.iter_rows(max_row=_MAX_ROWS, max_col=_MAX_COLUMNS, values_only=True)
        ]
    except BadInput:
        raise
    except Exception as error:  # openpyxl raises many kinds for malformed workbooks
        raise BadInput(
            f"表格 {name} 无法读取", f"{name}: {type(error).__name__}", code="table_unreadable", place=name,
            remedy="用 Excel 打开并另存为 .xlsx",
            remedy_en="open it in Excel and save it as .xlsx",
        ) from error  # fmt: skip
    if not rows:
        return {}
    headers = [vocabulary().key(h) if h else "" for h in rows[0]]
    handle_column = next((i for i, h in enumerate(headers) if h.upper() in _HANDLE_NAMES), None)
    building = headers.index("楼号") if "楼号" in headers else None
    floor = headers.index("层名") if "层名" in headers else None
    if handle_column is None and building is None:
        raise BadInput(
            f"表格 {name} 没有“楼号”或“句柄”列", f"{name} has neither a building nor a handle column",
            code="table_columns", place=name, remedy="第一行写列名，至少有“楼号”或“句柄”",
            remedy_en="the first row names the columns, at least 楼号 (building) or 句柄 (handle)",
        )  # fmt: skip
    out: dict[str, dict[str, str]] = {}
    for row in rows[1:]:
        values = {h: v for h, v in zip(headers, row, strict=False) if h and v}
        if handle_column is not None and row[handle_column]:
            key = row[handle_column].upper()
        elif building is not None and row[building]:
            key = f"{row[building]}/{row[floor]}" if floor is not None and row[floor] else row[building]
        else:
            continue
        out.setdefault(key, {}).update(values)
    return out
