"""Facts about a project for the triggers, from what lies in the box and what was stated.

Every fact of ``catalogue/_facts.yaml`` gets a value or None (not known). A layer that was not checked gives None,
never "clear".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from intermediaries.trigger_catalogue import Catalogue, Fact, catalogue
from project_box.kernel.errors import BadInput

_YES = frozenset({"true", "1", "yes", "on", "是", "有", "需要", "要求"})
_NO = frozenset({"false", "0", "no", "off", "否", "无", "不需要", "不要求"})
_NONE = frozenset({"", "无", "none", "均不涉及", "不涉及"})


def build(
    conflict_report: Mapping[str, Any] | None = None,
    indicators: Mapping[str, Any] | None = None,
    boundary: Mapping[str, Any] | None = None,
    form: Mapping[str, Any] | None = None,
    *,
    strict: bool = True,
    of: Catalogue | None = None,
) -> dict[str, Any]:
    """Facts by name.

    Args:
        conflict_report: payload of the latest ``conflict_report`` (layers with status, features, overlap in ㎡).
        indicators: payload of the latest ``indicator_table``.
        boundary: payload of the latest ``boundary``.
        form: what applicant or officer stated, by a fact's name or form keys; ``special_works`` answers its group.
            What was measured or computed goes before what was stated.
        strict: False takes a malformed statement as not known instead of refusing it.

    Returns:
        every fact of the catalogue, plus ``regional_evaluations`` (list) and, if stated, ``date``.

    Raises:
        BadInput: a stated value is not a number, or not yes or no; ``place`` names the key.
    """
    known = (of or catalogue()).facts
    layers = {str(layer.get("code")): layer for layer in (conflict_report or {}).get("layers", ())}
    elements = {str(element.get("code")): element for element in (indicators or {}).get("elements", ())}
    stated = dict(form or {})
    facts: dict[str, Any] = {}
    for name, fact in known.items():
        value = _found(name, fact, layers, elements, conflict_report or {}, boundary or {})
        if value is None:
            try:
                value = _stated(name, fact, stated)
            except BadInput:
                if strict:
                    raise
        facts[name] = value
    zones = (conflict_report or {}).get("zones") or {}
    regional = zones.get("regional_evaluations") or stated.get("regional_evaluations") or ()
    facts["regional_evaluations"] = [dict(entry) for entry in regional]
    if stated.get("date"):
        facts["date"] = str(stated["date"])
    return facts


def _found(
    name: str,
    fact: Fact,
    layers: Mapping[str, Any],
    elements: Mapping[str, Any],
    report: Mapping[str, Any],
    boundary: Mapping[str, Any],
) -> Any:
    layer = layers.get(fact.code)
    checked = layer is not None and layer.get("status") in ("hit", "touch", "clear")
    match fact.source:
        case "layer":
            return layer["status"] if layer is not None and checked else None
        case "overlap":
            if layer is None or not checked:
                return None
            return _number(layer.get("overlap_m2")) if layer["status"] == "hit" else 0.0
        case "attribute":
            if layer is None or not checked:
                return None
            values = [
                str((f.get("attributes") or {}).get(fact.field) or "") for f in layer.get("features") or ()
            ]
            ranked = [v for v in values if v in fact.order]
            return max(ranked, key=fact.order.index) if ranked else next((v for v in values if v), None)
        case "indicator":
            return _number((elements.get(fact.code) or {}).get("value"))
        case "box" if name == "site_area_m2":
            for value in (boundary.get("area_m2"), report.get("site_area_m2")):
                number = _number(value)
                if number is not None:
                    return number
            return None
        case _:
            return None


def _number(value: Any) -> float | None:
    """A finite number, or None."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(str(value).replace(",", "").strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _stated(name: str, fact: Fact, form: Mapping[str, Any]) -> Any:
    for key in dict.fromkeys((name, *fact.form)):
        value = form.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        return parse_value(fact, value, key)
    answer = form.get(fact.group) if fact.group else None
    if answer is not None and (not isinstance(answer, str) or answer.strip()):  # left open is not "none"
        return name in _codes(answer)
    return None


def _codes(value: Any) -> set[str]:
    items: Iterable[Any] = (
        value if isinstance(value, (list, tuple, set)) else str(value).replace("、", ",").split(",")
    )
    return {str(item).strip() for item in items if str(item).strip().lower() not in _NONE}


def parse_value(fact: Fact, value: Any, key: str) -> Any:
    """A stated value in the fact's type.

    Raises:
        BadInput: it is not of that type.
    """
    if fact.type == "number":
        number = _number(value)
        if number is None or number < 0:
            raise BadInput(
                f"{fact.name}应填不小于 0 的数字",
                f"{key}: not a number ≥ 0",
                code="not_a_number",
                place=key,
                remedy=f"填写以{fact.unit or '数字'}计的数值",
                remedy_en=f"give a number in {fact.unit}" if fact.unit else "give a number",
            )
        return number
    if fact.type == "bool":
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in _YES or word in _NO:
            return word in _YES
        raise BadInput(
            f"{fact.name}应填是或否",
            f"{key}: neither yes nor no",
            code="not_yes_or_no",
            place=key,
            remedy="填写“是”或“否”",
            remedy_en="answer 是 (yes) or 否 (no)",
        )
    return str(value).strip()
