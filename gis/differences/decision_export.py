"""The decision list as an Excel workbook and as a GeoPackage."""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from shapely.geometry import shape

_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = "#,##0.00"
_WIDTHS = (10, 16, 30, 12, 30, 12, 14, 14, 40, 14, 20)


def difference_rows(plain: dict[str, Any], *, slivers: bool = False) -> list[dict[str, Any]]:
    """One row a polygon, with its decision."""
    rows = []
    for number, each in enumerate(plain["slivers"]["differences"] if slivers else plain["differences"], 1):
        made = each.get("decision") or {}
        other = each["b"] or {}
        rows.append(
            {
                "序号": number,
                "编号": each["code"],
                "A 图斑": each["a"]["label"],
                "A 类别": each["a"]["class"],
                "B 图斑": other.get("label"),
                "B 类别": other.get("class"),
                "面积㎡": each["area_m2"],
                "决定": made.get("verdict_name", "" if slivers else "待决定"),
                "理由": made.get("reason"),
                "决定人": made.get("by"),
                "决定时间": made.get("at"),
            }
        )
    return rows


def workbook(plain: dict[str, Any]) -> bytes:
    """The list as .xlsx: polygons, statistics by class pair, the log of decisions, slivers. Areas in ㎡."""
    book = Workbook(write_only=True)
    title = (
        f"{plain['a']['name']}({plain['a']['version']}) / {plain['b']['name']}({plain['b']['version']}) "
        f"{plain['relation_name']}：{plain['count']} 个，{plain['area_m2']:.2f} ㎡，EPSG:{plain['crs']}"
    )
    _sheet(book, "差异图斑", title, difference_rows(plain))
    _sheet(
        book,
        "按类别统计",
        title,
        [
            {
                "A 类别": f"{r['class_a'] or ''} {r['class_a_name'] or ''}".strip(),
                "B 类别": f"{r['class_b'] or ''} {r['class_b_name'] or ''}".strip(),
                "图斑": r["count"],
                "面积㎡": r["area_m2"],
            }
            for r in plain["by_class"]
        ],
    )
    _sheet(
        book,
        "决定记录",
        title,
        [
            {
                "序号": e["number"],
                "编号": e["polygon"],
                "决定": e["verdict_name"],
                "理由": e["reason"],
                "决定人": e["by"],
                "决定时间": e["at"],
                "A 版本": e["version_a"],
                "B 版本": e["version_b"],
            }
            for e in plain["log"]
        ],
    )
    _sheet(book, "细碎图斑", title, difference_rows(plain, slivers=True))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Workbook, name: str, title: str, rows: Sequence[dict[str, Any]]) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A3"
    for column, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width

    def cell(value: Any, bold: bool = False) -> Any:
        plain = _BAD.sub("", value)[:32_000] if isinstance(value, str) else value
        made = WriteOnlyCell(sheet, value=plain)
        if isinstance(plain, str):
            made.data_type = "s"  # a text that begins with "=" is a text
        elif isinstance(plain, float):
            made.number_format = _NUMBER
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(title, bold=True)])
    if not rows:
        sheet.append([cell("(无)")])
        return
    sheet.append([cell(name, bold=True) for name in rows[0]])
    for row in rows:
        sheet.append([cell(v) for v in row.values()])


def geopackage(plain: dict[str, Any]) -> bytes:
    """The polygons as a GeoPackage in the check CRS of layer A: ``differences``, and ``slivers`` if there are any."""
    with tempfile.TemporaryDirectory(prefix="differences-") as folder:
        path = Path(folder) / "differences.gpkg"
        sets = (
            ("differences", plain["differences"], difference_rows(plain)),
            ("slivers", plain["slivers"]["differences"], difference_rows(plain, slivers=True)),
        )
        for name, differences, rows in sets:
            if not rows and name == "slivers":
                continue
            frame = geopandas.GeoDataFrame(
                {
                    column: [r[column] for r in rows]
                    for column in (rows[0] if rows else {"编号": None, "面积㎡": None})
                },
                geometry=[shape(d["geometry"]) for d in differences],
                crs=plain["crs"],
            )
            for column in frame.columns:
                if column not in ("geometry", "面积㎡", "序号"):
                    frame[column] = frame[column].astype("string")
            frame.to_file(path, layer=name, driver="GPKG", geometry_type="Polygon")
        return path.read_bytes()


def file_stem(plain: dict[str, Any], today: dt.date) -> str:
    """Name of a download, without extension."""
    return f"差异图斑-{plain['a']['code']}-{plain['b']['code']}-{plain['relation']}-{today.isoformat()}"
