"""Site selection for page, API, command and workbook: one plain answer for all."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from shapely.geometry import shape
from sqlalchemy.orm import Session

from gis import service as gis
from gis.planning import site_selection_service as selection
from gis.planning.site_selection import NAMES, Search
from project_box.kernel.errors import BadInput
from web.views.gis import lonlat, map_config

#: fields of the form
FIELDS = (
    "area_min", "area_max", "uses", "far_min", "far_max", "layer", "layer_most", "layer_least", "point",
    "point_most", "slope_max", "forbidden_share", "compactness_min", "cell_m", "extent", "limit",
    *(f"weight_{k}" for k in NAMES),
)  # fmt: skip
_OUTCOMES = {"pass": "候选", "undecided": "无法判定", "fail": "已排除"}
_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def search_of(typed: Mapping[str, str]) -> Search:
    """The search a form or query string asks for.

    Raises:
        BadInput: a field is not a number, or the search makes no sense; ``place`` names the field.
    """
    document: dict[str, Any] = {}
    for name in ("area_min", "area_max", "far_min", "far_max", "compactness_min", "cell_m"):
        if (value := _number(typed, name)) is not None:
            document[name] = value
    for name in ("slope_max", "limit"):
        if (value := _number(typed, name)) is not None:
            document[name] = int(value)
    if (share := _number(typed, "forbidden_share")) is not None:
        document["forbidden_share"] = share / 100
    uses = [u for u in re.split(r"[;；,，、\s]+", typed.get("uses", "")) if u]
    if uses:
        document["uses"] = uses
    near: list[dict[str, Any]] = []
    if layer := typed.get("layer", "").strip():
        near.append(
            {"layer": layer, "most_m": _number(typed, "layer_most"), "least_m": _number(typed, "layer_least")}
        )
    if typed.get("point", "").strip():
        near.append({"point": _numbers(typed, "point", 2), "most_m": _number(typed, "point_most")})
    if near:
        document["distances"] = near
    if typed.get("extent", "").strip():
        document["extent"] = _numbers(typed, "extent", 4)
    weights = {k: w for k in NAMES if (w := _number(typed, f"weight_{k}")) is not None}
    if weights:
        document["weights"] = weights
    return selection.read_search(document)


def _number(typed: Mapping[str, str], name: str) -> float | None:
    text = typed.get(name, "").strip().replace(",", "")
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(
            f"“{text[:20]}”不是数字", f"{name}: not a number", code="not_a_number", place=name,
            remedy="填写数字，或留空",
            remedy_en="give a number, or leave it empty",
        ) from error  # fmt: skip


def _numbers(typed: Mapping[str, str], name: str, count: int) -> list[float]:
    parts = [p for p in re.split(r"[,，;；\s]+", typed[name].strip()) if p]
    try:
        if len(parts) != count:
            raise ValueError
        return [float(p) for p in parts]
    except ValueError as error:
        raise BadInput(
            f"应填 {count} 个数，用逗号分开", f"{name}: {count} numbers", code="not_numbers", place=name,
            remedy="如 485000,3115000" if count == 2 else "如 484000,3114000,486000,3116000",
            remedy_en="such as 485000,3115000" if count == 2 else "such as 484000,3114000,486000,3116000",
        ) from error  # fmt: skip


def page_view(session: Session, typed: Mapping[str, str], answer: dict[str, Any] | None) -> dict[str, Any]:
    """The page: form, ranked table, excluded ones, and all of them on the map."""
    config = map_config(session, visible=("KG_DK", "DLHX"))
    if answer is not None:
        config["search"] = True
        shown = [*answer["candidates"], *answer["excluded"][:50]]
        config["findings"] = [
            {
                "code": c["key"],
                "title": c["label"],
                "title_en": c["label"],
                "outcome": c["outcome"],
                "marker": lonlat(shape(c["geometry"]), answer["crs"]),
            }
            for c in shown
        ]
        framed = [f for f in config["findings"] if f["outcome"] != "fail"] or config["findings"]
        markers = [shape(f["marker"]).bounds for f in framed if f["marker"]]
        if markers:
            config["extent"] = [
                min(b[0] for b in markers), min(b[1] for b in markers),
                max(b[2] for b in markers), max(b[3] for b in markers),
            ]  # fmt: skip
    return {
        "answer": answer,
        "values": {k: typed.get(k, "") for k in FIELDS},
        "layers": [
            {"code": entry["code"], "name": entry["name"], "name_en": entry["name_en"]}
            for entry in gis.list_layers(session)
            if entry["version"]
        ],
        "criteria": [{"code": k, "name": n, "name_en": e} for k, (n, e) in NAMES.items()],
        "map": config,
    }


def workbook(answer: Mapping[str, Any]) -> bytes:
    """Candidates and excluded ones as .xlsx, one column a criterion; areas in ㎡, points 0 to 1."""
    book = Workbook(write_only=True)
    for title, rows in (("候选", answer["candidates"]), ("已排除", answer["excluded"])):
        sheet = book.create_sheet(title)
        columns = list(dict.fromkeys(m["name"] for c in rows for m in c["criteria"]))
        head = ["名次", "候选", "结论", "得分", "面积㎡", "用地代码", "容积率上限", "理由"]
        sheet.append(
            [_cell(sheet, t, bold=True) for t in [*head, *(t for c in columns for t in (c, f"{c}分值"))]]
        )
        for c in rows:
            marks = {m["name"]: m for m in c["criteria"]}
            line: list[Any] = [
                c["rank"], c["label"], _OUTCOMES[c["outcome"]], c["score"], c["area_m2"], c["use"], c["far"],
                "；".join(c["reasons"]),
            ]  # fmt: skip
            for column in columns:
                mark = marks.get(column)
                line += [mark["value"], mark["points"]] if mark else [None, None]
            sheet.append([_cell(sheet, value) for value in line])
    sheet = book.create_sheet("条件与权重")
    for name, value in answer["search"].items():
        sheet.append([_cell(sheet, name), _cell(sheet, "" if value is None else str(value))])
    for name, value in answer["weights"].items():
        sheet.append([_cell(sheet, f"权重 {NAMES[name][0]}"), _cell(sheet, value)])
    for name, value in answer["versions"].items():
        sheet.append([_cell(sheet, f"图层版本 {name}"), _cell(sheet, value)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    made = WriteOnlyCell(sheet, value=_BAD.sub("", value)[:32_000] if isinstance(value, str) else value)
    if isinstance(value, str):
        made.data_type = "s"  # a text that begins with "=" is a text
    if bold:
        made.font = Font(bold=True)
    return made
