"""Attributes of a delivery against the layer's: which column is which field, and its values in our words. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gis.deliveries.columns import Columns
from gis.deliveries.source_place import note
from gis.layers.layer import FieldDefinition, LayerDefinition
from project_box.kernel.errors import BadInput

_CLOSEST = 0.5
#: by field: what the delivery writes to what the layer knows
Codes = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """How the columns of a delivery were understood.

    Attributes:
        names: column to field, for those that are known.
        missing: fields no column was found for, each with the column nearest by name (or None).
        unknown: columns that belong to no field (they are kept under their own name).
    """

    names: Mapping[str, str]
    missing: tuple[tuple[str, str | None], ...]
    unknown: tuple[str, ...]

    def lines(self, definition: LayerDefinition) -> list[dict[str, Any]]:
        """Expected, found and closest, one line a field."""
        found = {field: column for column, field in self.names.items()}
        closest = dict(self.missing)
        return [
            {
                "field": name,
                "name": d.name,
                "name_en": d.name_en,
                "required": d.required,
                "column": found.get(name),
                "closest": closest.get(name),
            }
            for name, d in definition.fields.items()
        ]


def match_fields(
    definition: LayerDefinition, columns: Sequence[str], stated: Mapping[str, str] | None = None
) -> FieldMatch:
    """Find the columns of a layer's fields: as stated, by name, alias or Chinese name (case does not matter).

    Args:
        stated: field to column, where the person importing says so; "" for a field that no column is.

    Raises:
        BadInput: ``unknown_field`` for a stated field or column that is not there; ``FIELDS-MISSING`` when a required
            field is not found.
    """
    names: dict[str, str] = {}
    none = {field for field, column in (stated or {}).items() if not column}
    for field, column in (stated or {}).items():
        if field in definition.fields and not column:
            continue
        if field not in definition.fields or column not in columns:
            wrong, known = (field, definition.fields) if field not in definition.fields else (column, columns)
            raise BadInput(
                f"没有字段 {wrong[:40]}",
                f"no field {wrong[:40]}",
                code="unknown_field",
                place="fields",
                remedy=f"可用：{'、'.join(list(known)[:40])}",
                remedy_en=f"there are {', '.join(list(known)[:40])}",
            )
        names[column] = field
    for column, field in definition.rename([c for c in columns if c not in names]).items():
        if field not in names.values() and field not in none:
            names[column] = field
    unknown = tuple(c for c in columns if c not in names)
    missing = tuple(
        (f, _closest(f, d, unknown)) for f, d in definition.fields.items() if f not in names.values()
    )
    found = FieldMatch(names, missing, unknown)
    lost = [f for f, _ in missing if definition.fields[f].required]
    if lost:
        raise BadInput(
            f"{definition.name}缺少必需的字段：{_wanted(definition, dict(missing), lost)}；"
            f"文件里的字段：{_list(columns)}",
            f"{definition.code} needs the fields {', '.join(lost)}; the file has {', '.join(columns[:40]) or 'none'}",
            code="FIELDS-MISSING",
            place=lost[0],
            remedy="在“字段对照”（命令行 --map）写明 字段=列名，或在图层的 YAML 里给字段加别名（aliases）",
            remedy_en="say FIELD=COLUMN under Fields (--map on the command line), or add aliases to its YAML",
            details={"fields": found.lines(definition), "unknown": list(unknown)},
        )
    return found


def field_notes(definition: LayerDefinition, match: FieldMatch) -> list[dict[str, Any]]:
    """What the import report says about fields: expected, found and closest; nothing when all were found."""
    if not match.missing:
        return []
    closest = dict(match.missing)
    lost = [f for f, _ in match.missing]
    entry = note(
        "FIELDS",
        f"没有找到字段：{_wanted(definition, closest, lost)}；未对应的列：{_list(match.unknown)}",
        f"fields not found: {', '.join(f + (f' (closest {c})' if (c := closest[f]) else '') for f in lost)}; "
        f"columns without a field: {', '.join(match.unknown[:40]) or 'none'}",
    )
    return [entry | {"fields": match.lines(definition), "unknown": list(match.unknown)}]


def _wanted(definition: LayerDefinition, closest: Mapping[str, str | None], fields: Sequence[str]) -> str:
    return "、".join(
        f"{f} {definition.fields[f].name}" + (f"(最接近的列 {near})" if (near := closest.get(f)) else "")
        for f in fields
    )


def _list(columns: Sequence[str]) -> str:
    return "、".join(columns[:40]) or "无"


def _closest(field: str, definition: FieldDefinition, columns: Sequence[str]) -> str | None:
    folded = {c.casefold(): c for c in columns}
    best: tuple[float, str] | None = None
    for known in (field, *definition.aliases, definition.name, definition.name_en):
        for near in difflib.get_close_matches(known.casefold(), list(folded), n=1, cutoff=_CLOSEST):
            score = difflib.SequenceMatcher(None, known.casefold(), near).ratio()
            if best is None or score > best[0]:
                best = (score, folded[near])
    return best[1] if best else None


class Values:
    """Attributes of a delivery under the layer's field names, with its words and numbers.

    Texts that should be numbers and are none stay as they came and are counted in ``odd``.

    Args:
        codes: by field what the delivery writes to what the layer knows, beside the table in the layer's YAML.
    """

    def __init__(self, definition: LayerDefinition, match: FieldMatch, codes: Codes | None = None) -> None:
        self._names = dict(match.names)
        self._convert: dict[str, Callable[[Any], Any]] = {}
        self.odd: dict[str, int] = {}
        for name in match.names.values():
            field = definition.fields[name]
            table = {**field.values, **(codes or {}).get(name, {})}
            if table:
                self._convert[name] = _mapped(table)
            elif field.type == "number":
                self._convert[name] = self._number(name)

    def __call__(self, columns: Columns) -> Columns:
        """The attributes of some features."""
        named = {self._names.get(k, k): v for k, v in columns.items()}
        for name, convert in self._convert.items():
            if name in named:
                named[name] = [None if v is None else convert(v) for v in named[name]]
        return named

    def notes(self, definition: LayerDefinition) -> list[dict[str, Any]]:
        """Fields whose values were no numbers."""
        return [
            note(
                "NOT-A-NUMBER",
                f"字段 {f} {definition.fields[f].name}有 {n} 个值不是数字，照原样保留",
                f"{n} values of field {f} are no numbers and were kept as they came",
            )
            for f, n in self.odd.items()
        ]

    def _number(self, name: str) -> Callable[[Any], Any]:
        def convert(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            plain = value.strip().replace(",", "")
            if not plain:
                return None
            try:
                number = float(plain)
            except ValueError:
                number = float("nan")
            if number - number != 0:
                self.odd[name] = self.odd.get(name, 0) + 1
                return value
            return number

        return convert


def as_code(value: Any) -> str:
    """A value as codes are compared: without blanks around it, whole numbers without decimals."""
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    return str(plain).strip()


def _mapped(table: Mapping[str, str]) -> Callable[[Any], Any]:
    known = {k.strip().casefold(): v for k, v in table.items()}

    def convert(value: Any) -> Any:
        return known.get(as_code(value).casefold(), value)

    return convert


def stated_fields(entries: Iterable[str]) -> dict[str, str]:
    """Field to column, from entries ``FIELD=COLUMN``.

    Raises:
        BadInput: an entry is none.
    """
    pairs = [text.partition("=") for text in entries]
    wrong = next(("".join(p) for p in pairs if not (p[0].strip() and p[2].strip())), None)
    if wrong is not None:
        raise BadInput(
            f"“{wrong[:40]}”应写成 字段=列名",
            "write FIELD=COLUMN",
            code="malformed_option",
            place="fields",
            remedy="例如 DKBH=PLOT_NO",
            remedy_en="such as DKBH=PLOT_NO",
        )
    return {field.strip(): column.strip() for field, _, column in pairs}


def stated_codes(entries: Iterable[str]) -> dict[str, dict[str, str]]:
    """Codes by field, from entries ``FIELD:WRITTEN=MEANT``.

    Raises:
        BadInput: an entry is none.
    """
    codes: dict[str, dict[str, str]] = {}
    for entry in entries:
        field, _, pair = entry.partition(":")
        written, _, meant = pair.rpartition("=")
        if not (field.strip() and written.strip() and meant.strip()):
            raise BadInput(
                f"“{entry[:40]}”应写成“字段:文件里的值=图层的代码”",
                "write FIELD:WRITTEN=MEANT",
                code="malformed_option",
                place="codes",
                remedy="例如 YDDM:R2=07",
                remedy_en="such as YDDM:R2=07",
            )
        codes.setdefault(field.strip(), {})[written.strip()] = meant.strip()
    return codes


def checked_codes(definition: LayerDefinition, codes: Codes) -> Codes:
    """Codes of fields the layer has.

    Raises:
        BadInput: ``unknown_field``.
    """
    wrong = next((f for f in codes if f not in definition.fields), None)
    if wrong is not None:
        raise BadInput(
            f"没有字段 {wrong[:40]}",
            f"no field {wrong[:40]}",
            code="unknown_field",
            place="codes",
            remedy=f"可用：{'、'.join(list(definition.fields)[:40])}",
            remedy_en=f"there are {', '.join(list(definition.fields)[:40])}",
        )
    return codes
