"""Items of the catalogue, as pages and API show them."""

from __future__ import annotations

from typing import Any

from approval import service
from approval.item import Item, ItemVersion
from project_box.kernel.errors import NotFound
from project_box.stage import Stage


def item_row(version: ItemVersion) -> dict[str, Any]:
    """One line of the item finder."""
    item = version.item
    limits = item.limits
    return {
        "code": item.code,
        "name": item.name,
        "name_en": item.name_en,
        "version": item.version,
        "hash": version.hash,
        "stage": str(item.stage),
        "stage_name": item.stage.zh,
        "stage_name_en": item.stage.en,
        "department": item.department,
        "department_en": item.department_en,
        "themes": [{"zh": t.zh, "en": t.en} for t in item.themes],
        "summary": {"zh": item.summary.zh, "en": item.summary.en},
        "committed": {"days": limits.committed.days, "unit": limits.committed.unit.value},
        "statutory": {"days": limits.statutory.days, "unit": limits.statutory.unit.value},
    }


def items_view(*, stage: str = "", department: str = "", theme: str = "", q: str = "") -> dict[str, Any]:
    """The item finder: items that match, and what can be chosen."""
    versions = list(service.load_items().values())

    def fits(item: Item) -> bool:
        text = " ".join(
            [
                item.name,
                item.name_en,
                item.code,
                item.department,
                item.summary.zh,
                item.summary.en,
                item.result.name,
            ]
            + [t.zh for t in item.themes]
        ).lower()
        return (
            (not stage or item.stage == stage)
            and (not department or item.department == department)
            and (not theme or theme in {t.zh for t in item.themes})
            and all(word in text for word in q.lower().split())
        )

    themes = {t.zh: t.en for v in versions for t in v.item.themes}
    departments = {v.item.department: v.item.department_en for v in versions}
    return {
        "items": [item_row(v) for v in versions if fits(v.item)],
        "stages": [{"code": s.value, "zh": s.zh, "en": s.en} for s in Stage],
        "departments": [{"zh": zh, "en": en} for zh, en in departments.items()],
        "themes": [{"zh": zh, "en": en} for zh, en in themes.items()],
        "filter": {"stage": stage, "department": department, "theme": theme, "q": q},
    }


def steps_plain(version: ItemVersion) -> list[dict[str, Any]]:
    """Steps of a process in drawing order."""
    return [
        {
            "id": node.id,
            "name": node.name,
            "name_en": version.item.steps[node.id].name_en,
            "role": version.item.steps[node.id].role.value,
            "role_name": version.item.steps[node.id].role.zh,
            "waits": node.message is not None,
            "days": version.item.steps[node.id].days,
            "actions": [a.value for a in version.item.steps[node.id].actions],
            "gates": list(version.item.steps[node.id].gates),
        }
        for node in version.process.steps
    ]


def item_view(code: str) -> dict[str, Any]:
    """The guide of one item.

    Raises:
        NotFound: no such item.
    """
    version = service.load_items().get(code)
    if version is None:
        raise NotFound("没有这个事项", f"no item {code[:60]!r}")
    return {"item": {**version.definition, **item_row(version)}, "steps": steps_plain(version)}
