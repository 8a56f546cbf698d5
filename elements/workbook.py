"""一键式导入: Excel workbooks of a business's inputs, generated from the catalogue and read back without loss.

The sheet 要素 has one row per input (code, name, unit, type, value, sample, what may be entered, clause); everything
but the values is locked. Lists of records and name-value lists have a sheet of their own, named by their code. What a
cell cannot hold exactly (more than 15 digits, control characters, nested values) stands as ``JSON:`` and JSON text.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from elements.element import ElementSpec, Type
from elements.engine import Catalogue, parse_limit, parse_value
from elements.rounding import plain_number
from elements.values import Value
from elements.workbook_file import MAX_ROWS, Sheet, SheetCell, read_sheets
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level

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
_TYPE_WORDS = {
    Type.NUMBER: "数值",
    Type.INTEGER: "整数",
    Type.TEXT: "文字",
    Type.BOOL: "是否",
    Type.DATE: "日期",
    Type.RECORDS: "记录表",
    Type.MAP: "名称与值",
    Type.LIMIT: "限值",
}
_TABLE_TYPES = (Type.RECORDS, Type.MAP)
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


# ---------------------------------------------------------------- writing


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
            f"业务“{file.name}”没有这些要素:{'、'.join(strangers)}", f"not inputs of {business}: {strangers}"
        )
    entries = catalogue.at(at).entries
    samples = _samples(catalogue)
    book = Workbook()
    main = book.worksheets[0]
    main.title = MAIN
    _put(main, 1, 1, MARK, bold=True)
    _put(main, 1, 2, file.business)
    _put(main, 1, 3, file.name)
    _put(main, 1, 4, at.isoformat())
    _put(main, 1, 5, catalogue.version)
    _put(main, 2, 1, "只填“值”一列;记录表和名称与值填在与代码同名的工作表。单元格中不要写公式,空着即未提供。")
    for column, word in enumerate(HEADER, start=1):
        _put(main, FIRST_ROW - 1, column, word, bold=True).fill = _HEAD_FILL
    choices = book.create_sheet(OPTIONS)
    for number, code in enumerate(codes):
        spec = entries[code].spec
        row = FIRST_ROW + number
        texts = (
            code, spec.name, spec.unit, _TYPE_WORDS[spec.type], "", samples.get(code) or _made_up(spec),
            _allowed(spec), spec.clause or spec.unsourced, spec.note,
        )  # fmt: skip
        for column, text in enumerate(texts, start=1):
            if column != VALUE_COLUMN:
                _put(main, row, column, text)
        cell: Any = main.cell(row, VALUE_COLUMN)
        cell.protection = Protection(locked=False)
        cell.fill = _INPUT_FILL
        value = given.get(code)
        if spec.type in _TABLE_TYPES:
            sheet = book.create_sheet(_sheet_name(code))
            _write_table(sheet, spec, value, samples_of(catalogue, code))
            if value is not None:
                _set(cell, SEE_WORD if value else NONE_WORD)
            _drop_down(main, choices, cell.coordinate, [SEE_WORD, NONE_WORD])
            continue
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
    for letter, width in zip("ABCDEFGHI", (20, 34, 9, 10, 26, 26, 28, 40, 40), strict=True):
        main.column_dimensions[letter].width = width
    main.freeze_panes = f"E{FIRST_ROW}"
    main.protection.sheet = True
    choices.sheet_state = "hidden"
    choices.protection.sheet = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


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


def _sheet_name(code: str) -> str:
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
        prompt=_allowed(spec)[:200],
    )
    rule.add(where)
    main.add_data_validation(rule)


def _allowed(spec: ElementSpec) -> str:
    if spec.options:
        return "、".join(spec.options)
    words = {
        Type.BOOL: "是 或 否",
        Type.DATE: "年-月-日",
        Type.LIMIT: "如 <=2.5、>=35、1.0..2.0",
        Type.RECORDS: f"在工作表 {_sheet_name(spec.code)} 每行一条;一条也没有写“{NONE_WORD}”",
        Type.MAP: f"在工作表 {_sheet_name(spec.code)} 每行一项;一项也没有写“{NONE_WORD}”",
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


def _made_up(spec: ElementSpec) -> str:
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


# ---------------------------------------------------------------- reading


@dataclass
class Reading:
    """What a workbook says.

    Attributes:
        business: as the workbook names it; ``rule_hash`` of the catalogue it was made from.
        inputs: raw values by code, each of which :func:`elements.engine.parse_value` accepts.
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
            f"工作簿有 {len(faults)} 处错误,没有导入",
            f"{len(faults)} faults in the workbook, nothing imported",
            code="bad_workbook",
            place=faults[0].file,
            remedy="按单元格逐处更正后重新导入",
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
        BadInput, TooLarge: the file is not a usable workbook (see :mod:`elements.workbook_file`).
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
    header = {str(c.value).strip(): c.column for c in main.row(FIRST_ROW - 1) if c.value is not None}
    if "代码" not in header or "值" not in header:
        reading.fault(
            "XLSX-HEADER", f"{MAIN}!A{FIRST_ROW - 1}", "表头缺少“代码”或“值”", "columns 代码 and 值 are needed",
            "请恢复模板的表头", "restore the template's header",
        )  # fmt: skip
        return reading
    wanted = {c: entries[c].spec for c in codes}
    asked: dict[str, SheetCell | None] = {}
    for number in main.numbers(FIRST_ROW):
        cells = {c.column: c for c in main.row(number)}
        name = cells.get(header["代码"])
        value = cells.get(header["值"])
        if name is None or name.value is None:
            if value is not None and value.value is not None:
                reading.fault(
                    "XLSX-NO-CODE", value.place, "这一行没有要素代码", "no element code in this row",
                    "填写代码,或删除该值", "give the code or remove the value",
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
    for code, spec in wanted.items():
        value = asked.get(code)
        if spec.type in _TABLE_TYPES:
            _take_table(reading, spec, value, sheets.get(_sheet_name(code)))
        elif value is not None and value.value is not None:
            _take(reading, spec, value.place, _raw(reading, spec, value))
    _strange_sheets(reading, sheets, wanted)
    return reading


def _check_mark(reading: Reading, main: Sheet, business: str) -> None:
    first = {c.column: c.value for c in main.row(1)}
    named = str(first.get(2) or "").strip()
    reading.rule_hash = str(first.get(5) or "").strip()
    if named and named != business:
        reading.fault(
            "XLSX-BUSINESS", f"{MAIN}!B1", f"这是业务“{named[:40]}”的模板,不是“{business}”的",
            f"template of {named[:40]!r}, not of {business!r}", "选择对应的业务,或下载本业务的模板",
            "choose the business of the template",
        )  # fmt: skip


def _strange_sheets(reading: Reading, sheets: Mapping[str, Sheet], wanted: Iterable[str]) -> None:
    known = {MAIN, OPTIONS, *(_sheet_name(c) for c in wanted)}
    for name in sheets:
        if name not in known:
            reading.issues.append(
                Issue(
                    "XLSX-EXTRA-SHEET",
                    Level.WARNING,
                    f"工作表“{name}”不在模板中,没有读取",
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
    if isinstance(value, dt.datetime):
        value = value.date() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date) and spec.type is not Type.DATE:
        value = value.isoformat()
    if isinstance(value, bool) and spec.type is not Type.BOOL:
        value = "是" if value else "否"
    return value


def _content(reading: Reading, cell: SheetCell) -> Any:
    """Number as int or Decimal (15 digits, as Excel shows), text decoded; ``_BAD`` for formulas and error values."""
    if cell.formula:
        reading.fault(
            "XLSX-FORMULA", cell.place, "单元格是公式", "the cell holds a formula",
            "复制后用“粘贴为数值”替换公式", "paste the formula's value instead",
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
        number = Decimal(f"{value:.15g}")
        return int(number) if number == number.to_integral_value() else number
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


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _take(reading: Reading, spec: ElementSpec, place: str, raw: Any) -> None:
    if raw is _BAD:
        return
    try:
        value = parse_value(spec, raw)
    except BadInput as error:
        reading.fault(
            "XLSX-VALUE", place, error.zh, error.en, f"可填:{_allowed(spec) or _TYPE_WORDS[spec.type]}",
            f"sample: {_made_up(spec)}",
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
                "XLSX-NOT-EMPTY", f"{_sheet_name(spec.code)}!A{rows[0]}", "写了“无”,但工作表有内容",
                "said to be empty, but the sheet has rows", "删除这些行,或清空该单元格", "remove the rows",
            )  # fmt: skip
            return
        _take(reading, spec, place, {} if spec.type is Type.MAP else [])
        return
    if not rows or sheet is None:
        if said == SEE_WORD and word is not None:
            reading.fault(
                "XLSX-NO-ROWS", word.place, "同名工作表没有内容", "the sheet of that name is empty",
                f"填写工作表 {_sheet_name(spec.code)},或写“无”", "fill the sheet or write 无",
            )  # fmt: skip
        return
    heads = [c for c in sheet.row(2) if c.value is not None]
    names = [str(c.value).strip() for c in heads]
    if names == [JSON_COLUMN]:
        _take_chunks(reading, spec, sheet, rows)
        return
    before = len(reading.issues)
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
    if len(reading.issues) > before:
        return
    by_column = {c.column: n for c, n in zip(heads, names, strict=True)}
    records: list[dict[str, Any]] = []
    where: list[str] = []
    for number in rows:
        record: dict[str, Any] = {}
        for cell in sheet.row(number):
            if cell.value is None:
                continue
            if cell.column not in by_column:
                reading.fault(
                    "XLSX-COLUMN", cell.place, "这一列没有列名", "this column has no name",
                    "在第 2 行写列名,或清空", "name the column in row 2",
                )  # fmt: skip
                continue
            raw = _content(reading, cell)
            if isinstance(raw, dt.datetime):
                raw = raw.date().isoformat() if raw.time() == dt.time() else raw.isoformat(sep=" ")
            if raw is not _BAD:
                record[by_column[cell.column]] = raw.isoformat() if isinstance(raw, dt.date) else raw
        records.append(record)
        where.append(f"{sheet.name}!A{number}")
    if len(reading.issues) > before:
        return
    if spec.type is Type.RECORDS:
        _take(reading, spec, place, records)
        return
    pairs: dict[str, Any] = {}
    for record, spot in zip(records, where, strict=True):
        name, value = record.get("名称"), record.get("值")
        if name is None or "值" not in record or str(name) in pairs:
            reading.fault(
                "XLSX-PAIR", spot, "名称为空、没有值,或名称重复", "name or value missing, or name given twice",
                "每行一个不同的名称和它的值", "one name and its value a row",
            )  # fmt: skip
            return
        pairs[str(name)] = value
    _take(reading, spec, place, pairs)


def _take_chunks(reading: Reading, spec: ElementSpec, sheet: Sheet, rows: Sequence[int]) -> None:
    text = "".join(
        str(c.value).removeprefix(PREFIX) for n in rows for c in sheet.row(n) if c.column == 1 and c.value
    )
    joined = SheetCell(sheet.name, rows[0], 1, PREFIX + text)
    _take(reading, spec, joined.place, _content(reading, joined))
