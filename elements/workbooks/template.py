"""Import templates: an Excel workbook of a business's inputs, empty or filled."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from elements.engine.element import ElementSpec, Type
from elements.engine.engine import Catalogue, parse_limit
from elements.engine.rounding import plain_number
from elements.engine.values import Value
from elements.workbooks.file import MAX_ROWS
from elements.workbooks.words import grouped_number
from project_box.kernel.errors import BadInput

MAIN = "要素"
OPTIONS = "选项"
HEADER = ("代码", "名称", "单位", "类型", "值", "样例", "可填内容", "依据", "说明")
MARK = "项目盒要素导入模板"
FIRST_ROW = 4
VALUE_COLUMN = 5
MAP_COLUMNS = ("名称", "值")
JSON_COLUMN = "JSON"
PREFIX = "JSON:"
NONE_WORD = "无"
SEE_WORD = "见同名工作表"
TYPE_WORDS = {
    Type.NUMBER: "数值",
    Type.INTEGER: "整数",
    Type.TEXT: "文字",
    Type.BOOL: "是否",
    Type.DATE: "日期",
    Type.RECORDS: "记录表",
    Type.MAP: "名称与值",
    Type.LIMIT: "限值",
}
_HOW_TO_FILL = "只填“值”一列；记录表和名称与值填在与代码同名的工作表。单元格中不要写公式，空着即未提供。"
TABLE_TYPES = (Type.RECORDS, Type.MAP)
#: longest text put into one cell (Excel's own limit is 32,767)
_CHUNK = 30_000
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_HEAD_FILL = PatternFill("solid", fgColor="FFE8EEF5")
_INPUT_FILL = PatternFill("solid", fgColor="FFFFFBE6")


def input_codes(catalogue: Catalogue, business: str, at: dt.date) -> list[str]:
    """Inputs of a business: its own and those its computed elements rest on, in file order first.

    Raises:
        NotFound: no such business.
    """
    codes = catalogue.codes_of(business, at)
    rules = catalogue.at(at)
    reached = dict.fromkeys([*codes, *rules.closure(codes)])
    return [c for c in reached if not rules.entries[c].spec.computed]


def write_template(
    catalogue: Catalogue, business: str, at: dt.date, values: Mapping[str, Value] | None = None
) -> bytes:
    """The business's workbook, empty or filled with typed values by code.

    Raises:
        NotFound: no such business. BadInput: a value for an element the business does not ask for.
    """
    file = catalogue.business(business)
    codes = input_codes(catalogue, business, at)
    given = dict(values or {})
    strangers = sorted(set(given) - set(codes))
    if strangers:
        raise BadInput(
            f"业务“{file.name}”没有这些要素：{'、'.join(strangers)}", f"not inputs of {business}: {strangers}"
        )
    entries = catalogue.at(at).entries
    samples = _samples(catalogue)
    book = Workbook()
    main = book.worksheets[0]
    main.title = MAIN
    for column, word in enumerate(
        (MARK, file.business, file.name, at.isoformat(), catalogue.version), start=1
    ):
        _put(main, 1, column, word, bold=column == 1)
    _put(main, 2, 1, _HOW_TO_FILL)
    for column, word in enumerate(HEADER, start=1):
        _put(main, FIRST_ROW - 1, column, word, bold=True).fill = _HEAD_FILL
    choices = book.create_sheet(OPTIONS)
    for row, code in enumerate(codes, start=FIRST_ROW):
        spec = entries[code].spec
        _describe(main, row, code, spec, samples.get(code) or made_up(spec))
        if spec.type in TABLE_TYPES:
            sheet = book.create_sheet(sheet_name(code))
            _write_table(sheet, spec, given.get(code), samples_of(catalogue, code))
        _write_cell(main, choices, row, spec, given.get(code))
    for letter, width in zip("ABCDEFGHI", (20, 34, 9, 10, 26, 26, 28, 40, 40), strict=True):
        main.column_dimensions[letter].width = width
    main.freeze_panes = f"E{FIRST_ROW}"
    main.protection.sheet = True
    choices.sheet_state = "hidden"
    choices.protection.sheet = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _describe(main: Worksheet, row: int, code: str, spec: ElementSpec, sample: str) -> None:
    """What is asked for, beside the cell for its value."""
    texts = (
        code, spec.name, spec.unit, TYPE_WORDS[spec.type], "", sample,
        allowed_text(spec), spec.clause or spec.unsourced, spec.note,
    )  # fmt: skip
    for column, text in enumerate(texts, start=1):
        if column != VALUE_COLUMN:
            _put(main, row, column, text)


def _write_cell(
    main: Worksheet, choices: Worksheet, row: int, spec: ElementSpec, value: Value | None
) -> None:
    """The one cell of a row that can be written into, with its value if there is one and what it may hold."""
    cell: Any = main.cell(row, VALUE_COLUMN)
    cell.protection = Protection(locked=False)
    cell.fill = _INPUT_FILL
    if spec.type in TABLE_TYPES:
        if value is not None:
            _set(cell, SEE_WORD if value else NONE_WORD)
        _drop_down(main, choices, cell.coordinate, [SEE_WORD, NONE_WORD])
        return
    if spec.type is Type.TEXT or spec.type is Type.LIMIT:
        cell.number_format = "@"
    if spec.type is Type.DATE:
        cell.number_format = "yyyy-mm-dd"
    if value is not None:
        _write_value(cell, spec, value)
    if spec.options or spec.type is Type.BOOL:
        _drop_down(main, choices, cell.coordinate, spec.options or ["是", "否"])
    elif spec.type in (Type.NUMBER, Type.INTEGER):
        _number_rule(main, cell.coordinate, spec)


def _put(sheet: Worksheet, row: int, column: int, text: str, *, bold: bool = False) -> Cell:
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError("a cell of a fresh sheet is not merged")
    _set(cell, text)
    if bold:
        cell.font = Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _set(cell: Any, value: Any) -> None:
    """Write a value as itself: text that begins with ``=`` stays text."""
    cell.value = value if value != "" else None
    if isinstance(value, str) and value:
        cell.data_type = "s"


def _write_value(cell: Any, spec: ElementSpec, value: Value) -> None:
    if spec.type is Type.BOOL:
        _set(cell, "是" if value else "否")
    elif spec.type is Type.LIMIT and isinstance(value, dict):
        _set(cell, _limit_words(spec, value))
    else:
        _set(cell, _cell_value(value))


def _limit_words(spec: ElementSpec, value: dict[str, Any]) -> str:
    text = str(value.get("text") or "")
    try:
        if text and not _needs_json(text) and parse_limit(text, spec) == value:
            return text
    except BadInput:
        pass
    return PREFIX + dump_json(value)


def _cell_value(value: Any) -> Any:
    """What a cell holds for a value: number, truth, date, text, or ``JSON:…`` where none of these is exact."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        if len(number.normalize().as_tuple().digits) <= 15 and abs(number.adjusted()) <= 15:
            return int(number) if number == number.to_integral_value() else float(number)
        return PREFIX + dump_json(value)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day) if value.year >= 1901 else value.isoformat()
    if isinstance(value, str) and value and not _needs_json(value):
        return value
    return PREFIX + dump_json(value)


def _needs_json(text: str) -> bool:
    return (
        text.startswith(PREFIX)
        or text != text.strip()
        or len(text) > _CHUNK
        or grouped_number(text) is not None
        or _UNSAFE.search(text) is not None
    )


def dump_json(value: Any) -> str:
    """JSON text with decimals as number literals, ASCII only, so that nothing is lost on the way."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(k))}:{dump_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dump_json(v) for v in value) + "]"
    if isinstance(value, dt.date):
        return json.dumps(value.isoformat())
    return json.dumps(value)


def _write_table(sheet: Worksheet, spec: ElementSpec, value: Any, columns: Sequence[str]) -> None:
    records: list[dict[str, Any]]
    if spec.type is Type.MAP:
        columns = MAP_COLUMNS
        records = [{"名称": k, "值": v} for k, v in (value or {}).items()]
    else:
        records = list(value or [])
        columns = list(dict.fromkeys([*(k for r in records for k in r), *columns]))
    for column, word in enumerate((f"{spec.code} {spec.name}", spec.note), start=1):
        _put(sheet, 1, column, word, bold=column == 1)
    if not _tabular(records, columns):
        _head(sheet, [JSON_COLUMN])
        text = dump_json(value)
        for number, start in enumerate(range(0, len(text), _CHUNK)):
            _set(sheet.cell(3 + number, 1), PREFIX + text[start : start + _CHUNK])
        return
    _head(sheet, columns)
    for number, record in enumerate(records):
        for column, key in enumerate(columns, start=1):
            if key in record:
                _set(sheet.cell(3 + number, column), _cell_value(record[key]))


def _head(sheet: Worksheet, columns: Sequence[str]) -> None:
    for column, word in enumerate(columns, start=1):
        _put(sheet, 2, column, word, bold=True).fill = _HEAD_FILL
        sheet.column_dimensions[get_column_letter(column)].width = 18


def _tabular(records: Sequence[dict[str, Any]], columns: Sequence[str]) -> bool:
    """Whether rows and columns can say it: plain keys, no empty record, not too wide or long."""
    words = [c.strip() for c in columns]
    plain = all(
        w and w == c and w not in (JSON_COLUMN,) and len(w) <= 200 and not _needs_json(w)
        for w, c in zip(words, columns, strict=True)
    )
    return (
        plain
        and len(set(words)) == len(words) <= 100
        and len(records) <= MAX_ROWS - 10
        and all(records)
        and all(len(str(_cell_value(v))) <= 32_000 for r in records for v in r.values())
    )


def sheet_name(code: str) -> str:
    """Excel allows 31 characters; codes beyond that are cut and marked."""
    return code if len(code) <= 31 else code[:30] + "~"


def _drop_down(main: Worksheet, choices: Worksheet, where: str, options: Sequence[str]) -> None:
    """A list in the hidden sheet, shared by all cells with the same options."""
    column = 1
    while choices.cell(1, column).value is not None:
        known = [choices.cell(r, column).value for r in range(1, len(options) + 2)]
        if known == [*options, None]:
            break
        column += 1
    for row, option in enumerate(options, start=1):
        _set(choices.cell(row, column), option)
    letter = get_column_letter(column)
    rule = DataValidation(
        type="list",
        formula1=f"'{OPTIONS}'!${letter}$1:${letter}${len(options)}",
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="不在可选值中",
        error="请从下拉列表中选择",
    )
    rule.add(where)
    main.add_data_validation(rule)


def _number_rule(main: Worksheet, where: str, spec: ElementSpec) -> None:
    low = spec.minimum if spec.minimum is not None else -1e18
    high = spec.maximum if spec.maximum is not None else 1e18
    rule = DataValidation(
        type="whole" if spec.type is Type.INTEGER else "decimal",
        operator="between",
        formula1=f"{low:g}",
        formula2=f"{high:g}",
        allow_blank=True,
        showErrorMessage=False,
        showInputMessage=True,
        promptTitle=spec.code,
        prompt=allowed_text(spec)[:200],
    )
    rule.add(where)
    main.add_data_validation(rule)


def allowed_text(spec: ElementSpec) -> str:
    """What may be entered, in words."""
    if spec.options:
        return "、".join(spec.options)
    words = {
        Type.BOOL: "是 或 否",
        Type.DATE: "年-月-日",
        Type.LIMIT: "如 <=2.5、>=35、1.0..2.0",
        Type.RECORDS: f"在工作表 {sheet_name(spec.code)} 每行一条；一条也没有写“{NONE_WORD}”",
        Type.MAP: f"在工作表 {sheet_name(spec.code)} 每行一项；一项也没有写“{NONE_WORD}”",
    }.get(spec.type, "")
    bounds = [
        f"≥{spec.minimum:g}" if spec.minimum is not None else "",
        f"≤{spec.maximum:g}" if spec.maximum is not None else "",
    ]
    unit = f"以 {spec.unit} 计的数" if spec.unit else "数" if spec.type is Type.NUMBER else ""
    unit = unit if spec.type in (Type.NUMBER, Type.INTEGER) else ""
    return ",".join(w for w in (words, unit, *bounds) if w)


def _samples(catalogue: Catalogue) -> dict[str, str]:
    """Shown sample per input: the first value the catalogue's own examples give it."""
    out: dict[str, str] = {}
    for entry in catalogue.entries:
        for example in entry.spec.examples:
            for code, value in example.given.items():
                if not isinstance(value, (list, dict)):
                    shown = ("是" if value else "否") if isinstance(value, bool) else str(value)
                    out.setdefault(code, shown)
    return out


def samples_of(catalogue: Catalogue, code: str) -> list[str]:
    """Columns of a record list as the catalogue's examples and its note name them."""
    columns: dict[str, None] = {}
    for entry in catalogue.entries:
        for example in entry.spec.examples:
            value = example.given.get(code)
            if isinstance(value, list):
                columns |= dict.fromkeys(k for r in value if isinstance(r, dict) for k in r)
        if entry.spec.code == code and "记录" in entry.spec.note:
            columns |= dict.fromkeys(re.findall(r"\b([a-z][a-z0-9_]*)(?=[((])", entry.spec.note))
    return list(columns)


def made_up(spec: ElementSpec) -> str:
    """A sample for an input the catalogue's examples do not use."""
    if spec.options:
        return spec.options[0]
    if spec.type in (Type.NUMBER, Type.INTEGER):
        low = Decimal(str(spec.minimum)) if spec.minimum is not None else Decimal(0)
        high = Decimal(str(spec.maximum)) if spec.maximum is not None else None
        number = low + 100 if high is None or low + 100 <= high else high
        return plain_number(number) + spec.unit
    return {
        Type.BOOL: "是",
        Type.DATE: "2026-06-03",
        Type.LIMIT: "<=2.5",
        Type.RECORDS: SEE_WORD,
        Type.MAP: SEE_WORD,
    }.get(spec.type, spec.name)
