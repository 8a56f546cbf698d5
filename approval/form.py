"""一张表单: prefilled from what the platform knows, checked field by field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from approval.item import FormField, Item
from project_box.codes import VALIDATORS
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Finding, Outcome


def look_up(known: Mapping[str, Any], path: str) -> str:
    """The value at a dotted path as text; empty when there is none."""
    value: Any = known
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            return ""
    return str(value)


def prefill(item: Item, known: Mapping[str, Any]) -> dict[str, str]:
    """Values of the form as far as the platform knows them."""
    return {f.code: look_up(known, f.prefill) if f.prefill else "" for f in item.fields}


def accept(item: Item, data: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, as texts without blanks around; nothing unknown, nothing over-long.

    Raises:
        BadInput: unknown field, a value that is no text or number, or one that is too long (``place`` names it).
    """
    fields = {f.code: f for f in item.fields}
    out: dict[str, str] = {}
    for code, value in data.items():
        if code not in fields:
            raise BadInput(
                f"本事项没有表单项“{str(code)[:40]}”", f"no field {str(code)[:40]!r}", place="form"
            )
        if value is not None and not isinstance(value, (str, int, float, Decimal)):
            raise BadInput(f"{fields[code].name}应为文字", f"{code} must be a text", place=code)
        text = "" if value is None else str(value).strip()
        if len(text) > fields[code].max_length:
            raise BadInput(
                f"{fields[code].name}最多 {fields[code].max_length} 个字符，实为 {len(text)} 个",
                f"{code} is longer than {fields[code].max_length} characters",
                place=code,
                code="too_long",
            )
        if any(ord(c) < 32 and c not in "\r\n\t" for c in text):
            raise BadInput(
                f"{fields[code].name}含有不可见的控制字符", f"{code} holds control characters", place=code
            )
        out[code] = text
    return out


def check_field(field: FormField, text: str) -> tuple[str, str] | None:
    """What is wrong with a value (Chinese and English sentence), or None."""
    name, english = field.name, field.name_en
    if not text:
        return (f"请填写{name}", f"{english} is missing") if field.required else None
    if field.type == "number":
        try:
            number = Decimal(text.replace(",", ""))
        except InvalidOperation:
            return f"{name}应为数字", f"{english} must be a number"
        if not number.is_finite() or number < 0:
            return f"{name}应为不小于 0 的数字", f"{english} must be a number not below 0"
    if field.type == "date":
        try:
            dt.date.fromisoformat(text)
        except ValueError:
            return f"{name}应为日期，如 2026-03-02", f"{english} must be a date like 2026-03-02"
    if field.type == "choice" and text not in field.choices:
        return f"{name}应从列出的选项中选择", f"{english} must be one of the choices"
    if field.validator is not None:
        try:
            VALIDATORS[field.validator](text)
        except BadInput as error:
            return error.zh, f"{english}: {error.en.split(': ', 1)[-1]}"
    return None


def check(item: Item, data: Mapping[str, str], known: Mapping[str, Any]) -> list[Finding]:
    """One 不符合 per wrong field; 提示 where a number differs from what the box holds.

    Args:
        data: values by field code.
        known: as for :func:`prefill`.
    """
    out: list[Finding] = []
    for field in item.fields:
        text = data.get(field.code, "")
        fault = check_field(field, text)
        if fault is not None:
            out.append(
                Finding(
                    f"form.{field.code}", field.name, Outcome.FAIL, fault[0], field.name_en, fault[1],
                    measured=text or None,
                )
            )  # fmt: skip
            continue
        stored = look_up(known, field.prefill) if field.prefill else ""
        if field.type == "number" and text and stored:
            try:
                differs = Decimal(text.replace(",", "")) != Decimal(stored)
            except InvalidOperation:
                continue
            if differs:
                out.append(
                    Finding(
                        f"form.{field.code}", field.name, Outcome.NOTE,
                        f"{field.name}填报 {text} {field.unit}，项目盒中为 {stored} {field.unit}", field.name_en,
                        f"declared {text}, the box holds {stored}", measured=text, limit=stored, unit=field.unit,
                    )
                )  # fmt: skip
    if not any(f.outcome is Outcome.FAIL for f in out):
        out.insert(0, Finding("form", "申请信息", Outcome.PASS, "申请信息填写完整", "Form", "complete"))
    return out
