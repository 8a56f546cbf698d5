"""What an administrator types into the editor, as the changed item; and the item as the editor shows it.

Faults are collected and named by field, so that the form can show each beside its field.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from elements.engine.tariffs import Edition, Table
from elements.rulesets.amendment import Change, bad_fields
from project_box.kernel.errors import BadInput
from project_box.kernel.plain import to_plain

#: fields of an element in the order of the files; how each is typed
ELEMENT_FIELDS: dict[str, str] = {
    "name": "line",
    "name_en": "line",
    "unit": "line",
    "precision": "integer",
    "rounding": "line",
    "carry": "line",
    "formula": "formula",
    "function": "line",
    "args": "yaml",
    "tariff": "yaml",
    "formula_text": "line",
    "minimum": "number",
    "maximum": "number",
    "options": "list",
    "text.pass": "line",
    "text.fail": "line",
    "text.undecided": "line",
    "text.note": "line",
    "clause": "line",
    "unsourced": "line",
    "evidence": "line",
    "verified": "flag",
    "valid_from": "date",
    "valid_to": "date",
    "note": "line",
}
EDITION_FIELDS: dict[str, str] = {
    "jurisdiction": "line",
    "doc_no": "line",
    "title": "line",
    "clause": "line",
    "valid_from": "date",
    "valid_to": "date",
    "verified": "flag",
    "evidence": "line",
    "source": "line",
    "note": "line",
}
#: longest text of a field
MAX_TEXT = 4000
#: rows of a table that can be sent at once
MAX_ROWS = 5000


class _Faults:
    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    def add(self, place: str, zh: str, en: str) -> None:
        """Remember one fault."""
        self.found.append({"place": place, "message": zh, "message_en": en})

    def raise_any(self) -> None:
        """BadInput with all faults, when there are any."""
        if self.found:
            raise bad_fields(self.found)


# ---------------------------------------------------------------- one value


def _typed(kind: str, field: str, raw: Any, faults: _Faults) -> Any:
    """A field's value as the files write it; None for an empty field."""
    if kind == "flag":
        return raw is True or str(raw).strip().lower() in ("true", "1", "on", "yes", "是")
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if not isinstance(raw, (str, int, float, bool, list, dict)) or len(str(raw)) > MAX_TEXT:
        faults.add(field, f"{field}：内容过长或类型不符", f"{field}: too long, or of the wrong type")
        return None
    text = str(raw).strip()
    if kind == "integer":
        if re.fullmatch(r"\d{1,2}", text):
            return int(text)
        faults.add(field, f"“{text[:20]}”应为 0–99 的整数", f"{field}: integer expected")
        return None
    if kind == "number":
        value = plain_number_of(text)
        if value is None:
            faults.add(field, f"“{text[:20]}”不是数值", f"{field}: number expected")
        return value
    if kind == "date":
        try:
            return dt.date.fromisoformat(text).isoformat()
        except ValueError:
            faults.add(field, f"“{text[:20]}”不是日期，应如 2027-01-01", f"{field}: ISO date expected")
            return None
    if kind == "list":
        items = raw if isinstance(raw, list) else re.split(r"[、\n]", text)
        return [str(i).strip() for i in items if str(i).strip()]
    if kind == "yaml":
        return raw if isinstance(raw, dict) else _yaml(field, text, faults)
    return text


def _yaml(field: str, text: str, faults: _Faults) -> Any:
    try:
        loaded = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.add(field, f"第 {line} 行格式错误：{error.problem}", f"{field}, line {line}: {error.problem}")
        return None
    except (yaml.YAMLError, ValueError) as error:
        faults.add(field, f"格式错误：{str(error)[:80]}", f"{field}: {str(error)[:80]}")
        return None
    if not isinstance(loaded, dict):
        faults.add(field, "应为 名称：值 的列表", f"{field}: mapping expected")
        return None
    return to_plain(loaded)


def plain_number_of(text: str) -> int | float | None:
    """A number the files can hold exactly (at most 15 digits); None for anything else."""
    clean = text.strip().replace(",", "")
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?", clean) or len(re.sub(r"\D", "", clean).lstrip("0")) > 15:
        return None
    return float(clean) if "." in clean else int(clean)


# ---------------------------------------------------------------- elements


def element_form(item: Mapping[str, Any]) -> dict[str, Any]:
    """An element's definition as the editor shows it: text by field."""
    out: dict[str, Any] = {}
    for field, kind in ELEMENT_FIELDS.items():
        value = _dig(item, field)
        if kind == "flag":
            out[field] = value if isinstance(value, bool) else True
        elif value is None:
            out[field] = ""
        elif kind == "yaml":
            out[field] = "\n".join(_one_line(k, v) for k, v in value.items())
        elif kind == "list":
            out[field] = "、".join(str(v) for v in value)
        else:
            out[field] = str(value)
    return out


def _one_line(key: str, value: Any) -> str:
    """One argument as a line of YAML."""
    text = yaml.safe_dump([value], allow_unicode=True, sort_keys=False, width=10_000, default_flow_style=True)
    return f"{key}: {str(text).strip()[1:-1]}"


def _dig(item: Mapping[str, Any], field: str) -> Any:
    value: Any = item
    for step in field.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def changed_element(change: Change, fields: Mapping[str, Any]) -> Change:
    """The change with an element's fields as typed; fields that are not given stay.

    Raises:
        BadInput: unknown fields, or values that cannot be what they should; all faults are listed.
    """
    faults = _Faults()
    flat = {k: v for k, v in fields.items() if k != "text"}
    for key, value in (fields.get("text") or {}).items() if isinstance(fields.get("text"), dict) else ():
        flat[f"text.{key}"] = value
    item: dict[str, Any] = {k: dict(v) if k == "text" else v for k, v in (change.before or {}).items()}
    for field, raw in flat.items():
        kind = ELEMENT_FIELDS.get(field)
        if kind is None:
            faults.add(field[:60], f"要素没有可改的字段“{field[:40]}”", f"no editable field {field[:40]!r}")
            continue
        value = _typed(kind, field, raw, faults)
        holder, name = (
            (item.setdefault("text", {}), field[5:]) if field.startswith("text.") else (item, field)
        )
        if value is None or value == []:
            holder.pop(name, None)
        elif not (field == "verified" and value is True and name not in holder):
            holder[name] = value
    if not item.get("text"):
        item.pop("text", None)
    faults.raise_any()
    return _with(change, _in_order(item, ELEMENT_FIELDS))


def _in_order(item: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Known keys where the files write them; keys that were there keep their place."""
    order = ["code", "name", "name_en", "kind", "type", *dict.fromkeys(f.partition(".")[0] for f in fields)]
    added = [k for k in order if k in item]
    rest = [k for k in item if k not in added]
    return {k: item[k] for k in [*added, *rest]}


def _with(change: Change, after: dict[str, Any]) -> Change:
    if to_plain(after) == change.before:
        raise BadInput(
            "内容没有改动",
            "nothing has changed",
            code="no_change",
            remedy="修改一项后再保存，或放弃编辑",
            remedy_en="change something before saving, or give the edit up",
        )
    return Change(
        change.kind, change.target, change.file, change.name, change.replaces, change.before, to_plain(after)
    )


# ---------------------------------------------------------------- tables


def column_kinds(table: Table) -> dict[str, str]:
    """What the cells of each column are in the editions there are: number, text, flag, list, mixed."""
    kinds: dict[str, set[str]] = {c: set() for c in (*table.keys, *table.columns)}
    for edition in table.editions:
        for row in edition.rows:
            for column, value in row.items():
                if value is not None:
                    kinds[column].add(_kind_of(value))
    return {c: found.pop() if len(found) == 1 else "mixed" for c, found in kinds.items()}


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    return "list" if isinstance(value, list) else "text"


def cell_text(value: Any) -> str:
    """A cell as the editor shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(str(v) for v in value) if isinstance(value, list) else str(value)


def _cell(kind: str, place: str, raw: Any, before: Any, faults: _Faults) -> Any:
    if not isinstance(raw, str):
        if raw is not None and kind == "number" and _kind_of(raw) != "number":
            faults.add(place, f"“{str(raw)[:20]}”不是数值", f"{place}: number expected")
        return raw
    text = raw.strip()
    if text == cell_text(before):
        return before
    if kind == "number":
        if not text:
            return None
        value = plain_number_of(text)
        if value is None:
            faults.add(place, f"“{text[:20]}”不是数值（最多 15 位有效数字）", f"{place}: number expected")
        return value
    if kind == "flag":
        if text not in ("是", "否", "true", "false"):
            faults.add(place, f"“{text[:20]}”应为 是 或 否", f"{place}: yes or no expected")
        return text in ("是", "true")
    if kind == "list":
        return [part.strip() for part in text.split("、") if part.strip()]
    if kind == "mixed":
        if not text:
            return None
        number = plain_number_of(text)
        if isinstance(before, list) or (number is None and "、" in text):
            return [part.strip() for part in text.split("、") if part.strip()]
        return text if number is None or isinstance(before, str) else number
    return text


def changed_edition(
    change: Change, table: Table, fields: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] | None
) -> Change:
    """The change with an edition's fields and rows as typed; a row of empty cells is left out.

    Args:
        rows: all rows of the edition, cells as text or as JSON values; None keeps those there are.

    Raises:
        BadInput: unknown fields or columns, or values that cannot be what they should; all faults are listed.
    """
    faults = _Faults()
    item: dict[str, Any] = dict(change.before or {})
    for field, raw in fields.items():
        kind = EDITION_FIELDS.get(field)
        if kind is None:
            faults.add(field[:60], f"版本没有字段“{field[:40]}”", f"no field {field[:40]!r}")
            continue
        value = _typed(kind, field, raw, faults)
        if value is None:
            item.pop(field, None)
        else:
            item[field] = value
    for field in ("jurisdiction", "doc_no", "valid_from", "evidence"):
        if not item.get(field):
            faults.add(field, f"缺少{_FIELD_ZH[field]}", f"{field} is missing")
    item.setdefault("verified", False)
    if rows is not None:
        item["rows"] = _rows(change, table, rows, faults)
        if not item["rows"]:
            faults.add("rows", "至少应有一行", "at least one row expected")
    faults.raise_any()
    order = [*EDITION_FIELDS, "rows"]
    return _with(change, {k: item[k] for k in order if k in item})


_FIELD_ZH = {
    "jurisdiction": "适用地区",
    "doc_no": "文号",
    "valid_from": "生效日期",
    "evidence": "证据类别",
}


def _rows(
    change: Change, table: Table, rows: Sequence[Mapping[str, Any]], faults: _Faults
) -> list[dict[str, Any]]:
    kinds, columns = column_kinds(table), [*table.keys, *table.columns]
    if len(rows) > MAX_ROWS:
        faults.add("rows", f"最多 {MAX_ROWS} 行", f"at most {MAX_ROWS} rows")
        return []
    before = list((change.before or {}).get("rows") or [])
    out = []
    for n, row in enumerate(rows):
        odd = [str(c)[:40] for c in row if c not in columns]
        if odd:
            faults.add(
                f"row-{n}", f"第 {n + 1} 行有未知的列 {'、'.join(odd)}", f"row {n + 1}: unknown columns"
            )
            continue
        if all(v is None or (isinstance(v, str) and not v.strip()) for v in row.values()):
            continue
        old = before[n] if n < len(before) else {}
        out.append({c: _cell(kinds[c], f"row-{n}-{c}", row.get(c), old.get(c), faults) for c in columns})
    return out


def edition_form(item: Mapping[str, Any]) -> dict[str, Any]:
    """An edition's fields as the editor shows them."""
    out: dict[str, Any] = {
        f: item.get(f) is True if k == "flag" else str(item.get(f) or "") for f, k in EDITION_FIELDS.items()
    }
    return out


def new_edition(table: Table, jurisdiction: str, begins: dt.date) -> dict[str, Any]:
    """A proposal for a new edition: the newest one of the place, to begin on a day; document and clause are open."""
    known = [e for e in table.editions if e.jurisdiction == jurisdiction]
    last: Edition | None = max(known, key=lambda e: e.valid_from) if known else None
    return {
        "jurisdiction": jurisdiction,
        "doc_no": "",
        "valid_from": begins.isoformat(),
        "verified": False,
        "evidence": "S",
        "rows": to_plain(last.rows) if last is not None else [],
    }
