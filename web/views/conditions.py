"""Departments' conditions 策划生成: the page with what its forms offer, and what they say."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings.review.disciplines import disciplines
from gis.planning import condition_rounds as rounds
from gis.planning.department_conditions import INDICATORS
from intermediaries.trigger_catalogue import catalogue as evaluation_catalogue
from project_box import organisations
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.organisations import KINDS
from web.views.projects import project_plain

FIELDS = ("working_days", "department", "code", "operator", "value", "clause", "object")
#: rows for departments that answer under a name of their own
OWN_ROWS = 3
_BY_DISCIPLINE, _BY_ORGANISATION = "discipline:", "organisation:"


def page_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    values: Mapping[str, str],
    chosen: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Rounds of a project, and what its forms offer; ``values`` and ``chosen`` are what was typed and ticked."""
    project = box.get_project(session, actor, project_id)
    last = box.latest_result(session, actor, project_id, "planning_conditions")
    names = list(chosen.get("own_name", ())) + [""] * OWN_ROWS
    whom = list(chosen.get("own_who", ())) + [""] * OWN_ROWS
    return {
        "project": project_plain(project),
        "values": dict.fromkeys(FIELDS, "") | dict(values),
        "ticked": {name: set(chosen.get(name, ())) for name in ("invite", "evaluations")},
        "own_rows": list(zip(names, whom, strict=False))[: max(OWN_ROWS, len(chosen.get("own_name", ())))],
        "rounds": rounds.rounds_plain(session, actor, project_id),
        "may": actor.is_officer or project.organisation_id == actor.organisation_id,
        "indicators": [
            {"code": k, "name": n, "name_en": e, "unit": u} for k, (n, e, u) in INDICATORS.items()
        ],
        "evaluations": evaluations_offered(),
        "invitable": invitable(session),
        "planning": last.payload if last is not None else None,
    }


def evaluations_offered() -> list[dict[str, str]]:
    """Evaluations a department may ask for."""
    return [
        {"code": code, "name": e.name, "name_en": e.name_en}
        for code, e in evaluation_catalogue().evaluations.items()
    ]


def invitable(session: Session) -> list[dict[str, Any]]:
    """Who may be asked for conditions: disciplines of the bureau, and organisations by kind."""
    groups: list[dict[str, Any]] = [
        {
            "name": "联审专业",
            "name_en": "Disciplines",
            "people": [
                {"who": f"{_BY_DISCIPLINE}{code}", "name": d.zh, "name_en": d.en}
                for code, d in disciplines().disciplines.items()
            ],
        }
    ]
    kinds: dict[str, list[dict[str, str]]] = {}
    for each in organisations.offices(session):
        kinds.setdefault(each.kind, []).append(
            {"who": f"{_BY_ORGANISATION}{each.name}", "name": each.name, "name_en": each.name}
        )
    english = {"bureau": "Authorities", "agency": "Intermediaries"}
    groups += [
        {"name": KINDS[kind], "name_en": english[kind], "people": people} for kind, people in kinds.items()
    ]
    return groups


def invitations(chosen: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Whom a form invites: those ticked, and departments under a name of their own with who answers for them.

    Raises:
        BadInput: a name without anybody who answers.
    """
    found = [_invitation("", who) for who in chosen.get("invite", ())]
    for name, who in zip(chosen.get("own_name", ()), chosen.get("own_who", ()), strict=False):
        if not name and not who:
            continue
        if not who:
            raise BadInput(
                f"请选择由谁代表{name[:40]}答复",
                "choose who answers",
                code="required",
                place="own_who",
                remedy="在该部门右侧选择答复的专业或单位",
                remedy_en="choose who answers beside the department",
            )
        found.append(_invitation(name, who))
    return found


def _invitation(name: str, who: str) -> dict[str, str]:
    if who.startswith(_BY_DISCIPLINE):
        code = who.removeprefix(_BY_DISCIPLINE)
        known = disciplines().disciplines.get(code)
        return {"name": name or (known.zh if known else code), "role": "discipline", "discipline": code}
    organisation = who.removeprefix(_BY_ORGANISATION)
    return {"name": name or organisation, "organisation": organisation}


def known_evaluations(codes: Sequence[Any]) -> list[str]:
    """Codes of evaluations a condition asks for.

    Raises:
        BadInput: one is not in the catalogue.
    """
    known = evaluation_catalogue().evaluations
    for code in codes:
        if code not in known:
            raise BadInput(
                f"没有评估“{str(code)[:40]}”",
                "no such evaluation",
                code="unknown_evaluation",
                place="evaluations",
                remedy=f"可选：{'、'.join(f'{c} {e.name}' for c, e in known.items())}",
                remedy_en=f"choose one of {', '.join(known)}",
            )
    return [str(code) for code in codes]
