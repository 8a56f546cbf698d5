"""Reading a filled import template: typed values, and every fault by ``sheet!cell`` with its remedy."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter

from elements.engine.element import ElementSpec, Type
from elements.engine.engine import Catalogue, parse_value
from elements.engine.values import Value
from elements.workbooks.file import Sheet, SheetCell, read_sheets
from elements.workbooks.template import (
    FIRST_ROW,
    JSON_COLUMN,
    MAIN,
    MAP_COLUMNS,
    NONE_WORD,
    OPTIONS,
    PREFIX,
    SEE_WORD,
    TABLE_TYPES,
    TYPE_WORDS,
    allowed_text,
    input_codes,
    made_up,
    sheet_name,
)
from elements.workbooks.words import (
    counted_date,
    grouped_number,
    plain_words,
    same_option,
    typed_date,
)
from elements.workbooks.words import (
    plain_number as plain_digits,
)
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level


@dataclass
class Reading:
    """What a workbook says.

    Attributes:
        business: as the workbook names it; ``rule_hash`` of the catalogue it was made from.
        inputs: raw values by code, each of which :func:`elements.engine.engine.parse_value` accepts.
        values: the same, typed.
        issues: what is wrong, each with ``sheet!cell`` in ``file`` and a remedy.
        places: ``sheet!cell`` by code.
    """

    business: str
    rule_hash: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when nothing stops the values from being used."""
        return not any(i.level is Level.ERROR for i in self.issues)

    def fault(self, code: str, place: str, zh: str, en: str, remedy: str, remedy_en: str) -> None:
        """Note a fault of a cell."""
        self.issues.append(
            Issue(code, Level.ERROR, f"{place}:{zh}", f"{place}: {en}", remedy, remedy_en, file=place)
        )

    def refuse(self) -> None:
        """Raise the faults as one error.

        Raises:
            BadInput: every fault in ``details["issues"]``.
        """
        if self.ok:
            return
        faults = [i for i in self.issues if i.level is Level.ERROR]
        raise BadInput(
            f"工作簿有 {len(faults)} 处错误，没有导入",
            f"{len(faults)} faults in the workbook, nothing imported",
            code="bad_workbook",
            place=faults[0].file,
            remedy="按单元格逐处更正后重新导入",
            remedy_en="correct the cells listed and import again",
            details={
                "issues": [
                    {
                        "code": i.code,
                        "level": i.level.value,
                        "message": i.message,
                        "message_en": i.message_en,
                        "remedy": i.remedy,
                        "remedy_en": i.remedy_en,
                        "line": None,
                        "handle": None,
                        "at": None,
                        "file": i.file,
                    }
                    for i in faults[:500]
                ]
            },
        )


def read_workbook(catalogue: Catalogue, business: str, data: bytes, at: dt.date) -> Reading:
    """Read a filled workbook of a business.

    Raises:
        NotFound: no such business.
        BadInput, TooLarge: the file is not a usable workbook (see :mod:`elements.workbooks.file`).
    """
    codes = input_codes(catalogue, business, at)
    entries = catalogue.at(at).entries
    sheets = read_sheets(data)
    reading = Reading(business)
    main = sheets.get(MAIN)
    if main is None:
        reading.fault(
            "XLSX-NO-SHEET", MAIN, f"没有工作表“{MAIN}”", f"no sheet {MAIN}", "请使用本业务的导入模板",
            "use the template of this business",
        )  # fmt: skip
        return reading
    _check_mark(reading, main, business)
    header = _header(reading, main)
    if header is None:
        return reading
    wanted = {c: entries[c].spec for c in codes}
    asked = _asked(reading, main, header, wanted)
    for code, spec in wanted.items():
        value = asked.get(code)
        if spec.type in TABLE_TYPES:
            _take_table(reading, spec, value, sheets.get(sheet_name(code)))
        elif value is not None and value.value is not None:
            _take(reading, spec, value.place, _raw(reading, spec, value))
    _strange_sheets(reading, sheets, wanted)
    return reading


def _header(reading: Reading, main: Sheet) -> dict[str, int] | None:
    """Columns by title; None, with a fault, when the two that are needed do not stand there once each."""
    titles = [plain_words(str(c.value)) for c in main.row(FIRST_ROW - 1) if c.value is not None]
    header = {plain_words(str(c.value)): c.column for c in main.row(FIRST_ROW - 1) if c.value is not None}
    if titles.count("代码") != 1 or titles.count("值") != 1:
        reading.fault(
            "XLSX-HEADER", f"{MAIN}!A{FIRST_ROW - 1}", "表头的“代码”“值”两列缺少或重复",
            "columns 代码 and 值 are needed, once each",
            "请恢复模板的表头", "restore the template's header",
        )  # fmt: skip
        return None
    return header


def _asked(
    reading: Reading, main: Sheet, header: dict[str, int], wanted: Mapping[str, ElementSpec]
) -> dict[str, SheetCell | None]:
    """The cell of the value of every element that has a row of its own; other rows are faults."""
    asked: dict[str, SheetCell | None] = {}
    for number in main.numbers(FIRST_ROW):
        cells = {c.column: c for c in main.row(number)}
        name = cells.get(header["代码"])
        value = cells.get(header["值"])
        if name is None or name.value is None:
            if value is not None and value.value is not None:
                reading.fault(
                    "XLSX-NO-CODE", value.place, "这一行没有要素代码", "no element code in this row",
                    "填写代码，或删除该值", "give the code or remove the value",
                )  # fmt: skip
            continue
        code = str(name.value).strip().upper()
        if code not in wanted:
            if value is not None and value.value is not None:
                reading.fault(
                    "XLSX-CODE", name.place, f"本业务没有可填的要素“{code[:40]}”", f"no input {code[:40]!r}",
                    "请用最新模板中的代码", "use the codes of the current template",
                )  # fmt: skip
            continue
        if code in asked:
            reading.fault(
                "XLSX-TWICE", name.place, f"{code} 出现两次", f"{code} stands twice", "保留一行",
                "keep one row",
            )  # fmt: skip
            continue
        asked[code] = value
        if value is not None and value.value is not None:
            _check_unit(reading, wanted[code], cells.get(header.get("单位", 0)))
        _check_merge(reading, main, number, header["值"])
    return asked


def _check_unit(reading: Reading, spec: ElementSpec, cell: SheetCell | None) -> None:
    """The unit column may be emptied, but not say another unit: values are never converted."""
    said = plain_words(str(cell.value)) if cell is not None and cell.value is not None else ""
    if cell is None or not said or spec.type not in (Type.NUMBER, Type.INTEGER):
        return
    try:
        same = parse_value(spec.model_copy(update={"minimum": None, "maximum": None}), f"1{said}") == 1
    except BadInput:
        same = False
    if not same:
        own = f"“{spec.unit}”" if spec.unit else "没有单位"
        reading.fault(
            "XLSX-UNIT", cell.place, f"单位“{said[:20]}”不符，本要素的单位应为{own}",
            f"unit {said[:20]!r} where {spec.unit or 'none'} is expected",
            f"按{spec.unit or '无单位'}换算后填写，恢复模板的单位",
            "convert the value and restore the template's unit",
        )  # fmt: skip


def _check_merge(reading: Reading, sheet: Sheet, row: int, column: int) -> None:
    """A cell merged over several rows would give its value to the first row only."""
    area = sheet.merge_at(row, column)
    if area is not None:
        reading.fault(
            "XLSX-MERGED", f"{sheet.name}!{get_column_letter(column)}{row}",
            f"单元格在合并区域 {area} 内，看不出每行的值",
            f"the cell lies in the merged area {area}", "取消合并，每行各填一个值", "unmerge and fill every row",
        )  # fmt: skip


def _check_mark(reading: Reading, main: Sheet, business: str) -> None:
    first = {c.column: c.value for c in main.row(1)}
    named = str(first.get(2) or "").strip()
    reading.rule_hash = str(first.get(5) or "").strip()
    if named and named != business:
        reading.fault(
            "XLSX-BUSINESS", f"{MAIN}!B1", f"这是业务“{named[:40]}”的模板，不是“{business}”的",
            f"template of {named[:40]!r}, not of {business!r}", "选择对应的业务，或下载本业务的模板",
            "choose the business of the template",
        )  # fmt: skip


def _strange_sheets(reading: Reading, sheets: Mapping[str, Sheet], wanted: Iterable[str]) -> None:
    known = {MAIN, OPTIONS, *(sheet_name(c) for c in wanted)}
    for name in sheets:
        if name not in known:
            reading.issues.append(
                Issue(
                    "XLSX-EXTRA-SHEET",
                    Level.WARNING,
                    f"工作表“{name}”不在模板中，没有读取",
                    f"sheet {name!r} is not part of the template and was not read",
                    file=name,
                )
            )


_BAD = object()


def _raw(reading: Reading, spec: ElementSpec, cell: SheetCell) -> Any:
    """A cell's content as a raw value; faults are noted and give ``_BAD``."""
    value = _content(reading, cell)
    if value is _BAD:
        return _BAD
    if isinstance(value, dt.datetime) and value.year < 1900:
        reading.fault(
            "XLSX-VALUE", cell.place, "单元格的日期早于 1900 年", "a date before 1900", "按 年-月-日 填写文字",
            "write it as text, year-month-day",
        )  # fmt: skip
        return _BAD
    if isinstance(value, dt.datetime):
        value = value.date() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date) and spec.type is not Type.DATE:
        value = value.isoformat()
    if isinstance(value, bool) and spec.type is not Type.BOOL:
        value = "是" if value else "否"
    if spec.type is Type.DATE:
        return _date(value, cell)
    if not isinstance(value, str):
        return value
    if spec.type in (Type.NUMBER, Type.INTEGER):
        return plain_digits(value)
    if spec.type in (Type.BOOL, Type.LIMIT):
        return plain_words(value)
    return same_option(value.strip(), spec.options) if spec.options else value


def _date(value: Any, cell: SheetCell) -> Any:
    """A date however it stands in the cell: as a date, as text in any usual form, as a bare number."""
    found: dt.date | None = None
    if isinstance(value, str):
        found = typed_date(value)
    elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        found = counted_date(value, cell.epoch)
    return value if found is None else found


def _content(reading: Reading, cell: SheetCell) -> Any:
    """Number as int or Decimal (15 digits, as Excel shows), text decoded; ``_BAD`` for formulas and error values."""
    if cell.formula:
        reading.fault(
            "XLSX-FORMULA", cell.place, "单元格是公式，文件里没有它的计算结果",
            "a formula whose result the file does not hold",
            "在 Excel 中重新计算并保存，或“粘贴为数值”", "recalculate and save in Excel, or paste the value",
        )  # fmt: skip
        return _BAD
    if cell.error:
        reading.fault(
            "XLSX-ERROR", cell.place, f"单元格是错误值 {cell.value}", f"the cell holds {cell.value}",
            "改为正确的值或清空", "correct or clear it",
        )  # fmt: skip
        return _BAD
    value = cell.value
    if isinstance(value, float):
        return _short(Decimal(f"{value:.15g}"))
    if isinstance(value, str) and value.startswith(PREFIX):
        try:
            return json.loads(value.removeprefix(PREFIX), parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            reading.fault(
                "XLSX-JSON", cell.place, "JSON: 之后不是 JSON", "not JSON after JSON:",
                "去掉 JSON: 前缀或更正", "remove the prefix or correct it",
            )  # fmt: skip
            return _BAD
    return value


def _short(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _take(reading: Reading, spec: ElementSpec, place: str, raw: Any) -> None:
    if raw is _BAD:
        return
    try:
        value = parse_value(spec, raw)
    except BadInput as error:
        reading.fault(
            "XLSX-VALUE", place, error.zh, error.en, f"可填：{allowed_text(spec) or TYPE_WORDS[spec.type]}",
            f"sample: {made_up(spec)}",
        )  # fmt: skip
        return
    reading.inputs[spec.code] = raw
    reading.values[spec.code] = value
    reading.places[spec.code] = place


def _take_table(reading: Reading, spec: ElementSpec, word: SheetCell | None, sheet: Sheet | None) -> None:
    said = str(word.value).strip() if word is not None and word.value is not None else ""
    if word is not None and (word.formula or word.error):
        _content(reading, word)
        return
    rows = [n for n in sheet.numbers(3) if any(c.value is not None for c in sheet.row(n))] if sheet else []
    place = f"{sheet.name}!A3" if sheet is not None else word.place if word is not None else MAIN
    if said not in ("", NONE_WORD, SEE_WORD) and word is not None:
        _take(reading, spec, word.place, _raw(reading, spec, word))
        if rows:
            reading.fault(
                "XLSX-BOTH", word.place, "单元格与同名工作表都填了", "given in the cell and on its sheet",
                "只保留一处", "keep one of them",
            )  # fmt: skip
        return
    if said == NONE_WORD:
        if rows:
            reading.fault(
                "XLSX-NOT-EMPTY", f"{sheet_name(spec.code)}!A{rows[0]}", "写了“无”，但工作表有内容",
                "said to be empty, but the sheet has rows", "删除这些行，或清空该单元格", "remove the rows",
            )  # fmt: skip
            return
        _take(reading, spec, place, {} if spec.type is Type.MAP else [])
        return
    if not rows or sheet is None:
        if said == SEE_WORD and word is not None:
            reading.fault(
                "XLSX-NO-ROWS", word.place, "同名工作表没有内容", "the sheet of that name is empty",
                f"填写工作表 {sheet_name(spec.code)}，或写“无”", "fill the sheet or write 无",
            )  # fmt: skip
        return
    _take_rows(reading, spec, sheet, rows)


def _take_rows(reading: Reading, spec: ElementSpec, sheet: Sheet, rows: Sequence[int]) -> None:
    """A sheet of its own: records a row each, a map as 名称 and 值, or JSON in chunks."""
    heads = [c for c in sheet.row(2) if c.value is not None]
    names = [str(c.value).strip() for c in heads]
    if names == [JSON_COLUMN]:
        _take_chunks(reading, spec, sheet, rows)
        return
    before = len(reading.issues)
    _check_heads(reading, spec, sheet, heads, names)
    if len(reading.issues) > before:
        return
    by_column = {c.column: n for c, n in zip(heads, names, strict=True)}
    records = [_record(reading, sheet, number, by_column) for number in rows]
    if len(reading.issues) > before:
        return
    place = f"{sheet.name}!A3"
    if spec.type is Type.RECORDS:
        _take(reading, spec, place, records)
        return
    pairs = _pairs(reading, records, [f"{sheet.name}!A{number}" for number in rows])
    if pairs is not None:
        _take(reading, spec, place, pairs)


def _check_heads(
    reading: Reading, spec: ElementSpec, sheet: Sheet, heads: Sequence[SheetCell], names: Sequence[str]
) -> None:
    """Column names of row 2: each once, no formulas, those of a map for a map."""
    doubled = {n for n in names if names.count(n) > 1}
    for head in heads:
        if str(head.value).strip() in doubled or head.formula:
            reading.fault(
                "XLSX-COLUMN", head.place, f"列名“{str(head.value)[:40]}”重复或是公式", "bad column name",
                "每列一个不同的名称", "one name a column",
            )  # fmt: skip
    if spec.type is Type.MAP and set(names) != set(MAP_COLUMNS):
        reading.fault(
            "XLSX-COLUMN", f"{sheet.name}!A2", "列应为 名称、值", "columns 名称 and 值 are expected",
            "恢复模板的列名", "restore the template's columns",
        )  # fmt: skip


def _record(reading: Reading, sheet: Sheet, number: int, by_column: Mapping[int, str]) -> dict[str, Any]:
    """One row as typed, dates in ISO form, numbers without their grouping."""
    record: dict[str, Any] = {}
    for column in by_column:
        _check_merge(reading, sheet, number, column)
    for cell in sheet.row(number):
        if cell.value is None:
            continue
        if cell.column not in by_column:
            reading.fault(
                "XLSX-COLUMN", cell.place, "这一列没有列名", "this column has no name",
                "在第 2 行写列名，或清空", "name the column in row 2",
            )  # fmt: skip
            continue
        raw = _content(reading, cell)
        if isinstance(raw, str) and raw is cell.value:  # as typed, not out of JSON
            grouped = grouped_number(raw)
            raw = raw.strip() if grouped is None else _short(grouped)
        if isinstance(raw, dt.datetime):
            raw = raw.date().isoformat() if raw.time() == dt.time() else raw.isoformat(sep=" ")
        if raw is not _BAD:
            record[by_column[cell.column]] = raw.isoformat() if isinstance(raw, dt.date) else raw
    return record


def _pairs(
    reading: Reading, records: Sequence[Mapping[str, Any]], places: Sequence[str]
) -> dict[str, Any] | None:
    """Records of 名称 and 值 as a map; None (and a fault) when a name is missing or there twice."""
    pairs: dict[str, Any] = {}
    for record, place in zip(records, places, strict=True):
        name, value = record.get("名称"), record.get("值")
        if name is None or "值" not in record or str(name) in pairs:
            reading.fault(
                "XLSX-PAIR", place, "名称为空、没有值，或名称重复", "name or value missing, or name given twice",
                "每行一个不同的名称和它的值", "one name and its value a row",
            )  # fmt: skip
            return None
        pairs[str(name)] = value
    return pairs


def _take_chunks(reading: Reading, spec: ElementSpec, sheet: Sheet, rows: Sequence[int]) -> None:
    text = "".join(
        str(c.value).removeprefix(PREFIX) for n in rows for c in sheet.row(n) if c.column == 1 and c.value
    )
    joined = SheetCell(sheet.name, rows[0], 1, PREFIX + text)
    _take(reading, spec, joined.place, _content(reading, joined))
