"""Indicators, fees and the element catalogue, as pages and API show them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from drawings import service as drawings
from elements import compare as comparing
from elements import run as runs
from elements import service, what_if
from elements.engine.engine import Catalogue
from elements.fees import fee_codes, fee_fields, fee_inputs
from elements.rulesets.ruleset_service import project_rules
from elements.workbooks.workbook import read_workbook
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Result
from web.views.projects import project_plain
from web.views.sunlight import sun_lists, sun_picture

#: rows of the one table, in reading order; what is not listed follows
_ORDER = (
    "ZYD", "JYD", "ZJZ", "DSJZ", "DXJZ", "JRJZ", "RJL", "JDMJ", "JZMD", "LDMJ", "LDL", "JZGD", "CS", "HS", "TCW",
    "TCW_NEED", "FJDC", "JZJJ", "TR", "JDMJ_GS", "JZMD_GS", "DSJZ_GS", "RJL_GS",
)  # fmt: skip
#: fees whose inputs the statement's form asks for
_FORM_FEES = (
    "TDCRJ", "TDCRJ_LJ", "YHS", "QS", "RFYD", "SBBC", "PTF", "GDZYS", "GDKKF", "XZJSYDF", "SLJJ", "SBZH", "SLZBHF",
    "DJF", "XZF", "WYJ", "BJDJ", "HBBJ",
)  # fmt: skip


def _stamp(result: Result) -> dict[str, Any]:
    return {
        "result_id": str(result.id),
        "version": result.version,
        "created_at": result.created_at.isoformat(),
        "content_hash": result.content_hash,
    }


def indicators_plain(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest indicator table.

    Raises:
        NotFound: none has been computed yet (or the project is not visible).
    """
    box.get_project(session, actor, project_id)
    found = box.latest_result(session, actor, project_id, "indicator_table")
    if found is None:
        raise NotFound(
            "还没有核算指标",
            "no indicator table yet",
            code="no_indicators",
            remedy="上传图纸后在“指标”页点“核算指标”",
            remedy_en="upload drawings, then compute the indicators on their page",
        )
    return {**found.payload, **_stamp(found)}


#: what the sunlight form asks for
SUN_INPUTS = ("RZ_ZONE", "RZ_CITY", "RZ_CASE")


def sunlight_plain(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest sunlight table.

    Raises:
        NotFound: none has been computed yet (or the project is not visible).
    """
    box.get_project(session, actor, project_id)
    found = box.latest_result(session, actor, project_id, "sunlight_table")
    if found is None:
        raise NotFound(
            "还没有做日照分析",
            "no sunlight table yet",
            code="no_sunlight",
            remedy="上传总平面图后在“指标”页点“日照分析”",
            remedy_en="upload a site plan, then run the sunlight analysis on the page of indicators",
        )
    return {**found.payload, **_stamp(found)}


def sunlight_view(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """Sunlight on the indicators page: form fields, and the newest table with what each figure rests on."""
    rules = project_rules(session, project_id)
    catalogue, day = rules.catalogue, rules.day
    found = box.latest_result(session, actor, project_id, "sunlight_table")
    payload = {**found.payload, **_stamp(found)} if found is not None else None
    inputs = payload["inputs"] if payload is not None else {}
    fields = runs.form_fields(catalogue, SUN_INPUTS, day)
    view: dict[str, Any] = {
        "table": payload,
        "fields": [{**f, "value": inputs.get(f["code"], "")} for f in fields],
        "figures": [],
        "conclusions": [],
        "assumptions": [],
        "picture": None,
        "lists": sun_lists({}),
        "stale": False,
    }
    if payload is None:
        return view
    details = payload["details"]
    for row in payload["elements"]:
        if row["code"].startswith("RZ") and row["kind"] == "基础" and row["code"] not in SUN_INPUTS:
            view["figures"].append({**row, "detail": details.get(row["code"], {})})
    view["conclusions"] = [r for r in payload["elements"] if r["kind"] == "结论"]
    view["picture"], view["lists"] = sun_picture(payload), sun_lists(payload)
    view["assumptions"] = list(dict.fromkeys(a for d in details.values() for a in d.get("assumptions", [])))
    newest = box.latest_result(session, actor, project_id, "drawing_set")
    used = payload["sources"].get("drawing_set")
    view["stale"] = newest is not None and (used is None or used["id"] != str(newest.id))
    return view


def indicators_view(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The indicators page: project, table split by kind, sheets to light entities up on."""
    project = box.get_project(session, actor, project_id)
    found = box.latest_result(session, actor, project_id, "indicator_table")
    view: dict[str, Any] = {
        "project": project_plain(project),
        "table": None,
        "may_compute": actor.is_officer or project.organisation_id == actor.organisation_id,
        "has_drawings": drawings.current_revision(session, actor, project_id) is not None,
        "sunlight": sunlight_view(session, actor, project_id),
    }
    if found is None:
        return view
    payload = {**found.payload, **_stamp(found)}
    rows = payload["elements"]
    rank = {code: n for n, code in enumerate(_ORDER)}
    view["table"] = payload
    view["indicators"] = sorted(
        (r for r in rows if r["kind"] == "指标"), key=lambda r: rank.get(r["code"], 99)
    )
    view["conclusions"] = [r for r in rows if r["kind"] == "结论"]
    view["data"] = [r for r in rows if r["kind"] == "基础"]
    view["stale"] = _stale(session, actor, project_id, payload)
    view["pinned"] = found.source.get("pinned_by") is not None
    return view


def _stale(session: Session, actor: Actor, project_id: uuid.UUID, payload: dict[str, Any]) -> list[str]:
    """Kinds of results that are newer than those the table rests on."""
    out = []
    for kind in ("boundary", "planning_conditions", "drawing_set"):
        newest = box.latest_result(session, actor, project_id, kind)
        used = payload["sources"].get(kind)
        if newest is not None and (used is None or used["id"] != str(newest.id)):
            out.append(kind)
    return out


def trace_view(session: Session, actor: Actor, project_id: uuid.UUID, code: str) -> dict[str, Any]:
    """One row of the stored table with its trace, the rows it was computed from, and the sheets its entities lie on.

    Raises:
        NotFound: no table, or no such element in it.
    """
    project = box.get_project(session, actor, project_id)
    payload = indicators_plain(session, actor, project_id)
    rows = {r["code"]: r for r in payload["elements"]}
    if code not in rows:
        raise NotFound(f"指标表中没有 {code[:40]}", f"no element {code[:40]!r} in the table")
    row = rows[code]
    return {
        "project": project_plain(project),
        "row": row,
        "below": [rows[c] for c in row["inputs"] if c in rows],
        "judged": [r for r in payload["elements"] if r["of"] == code],
        "sheets": sheets_of(session, actor, payload, row["entities"]),
        "rule_hash": payload["rule_hash"],
        "at": payload["at"],
    }


def sheets_of(
    session: Session, actor: Actor, payload: dict[str, Any], entities: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """Entities grouped by the drawing file of the revision they were measured on, with the address of its sheet."""
    used = payload["sources"].get("revision")
    if not used or not entities:
        return []
    revision = drawings.get_revision(session, actor, uuid.UUID(used["id"]))
    out = []
    for file in revision.files:
        handles = list(dict.fromkeys(e["handle"] for e in entities if e["file"] == file.sha256))
        if handles:
            n = file.position + 1
            out.append(
                {
                    "n": n,
                    "name": file.name,
                    "handles": handles,
                    "sheet": f"/api/v1/revisions/{revision.id}/files/{n}/sheet.geojson",
                    "href": f"/projects/{revision.project_id}/drawings?revision={revision.number}&file={n}"
                    f"#handles={','.join(handles[:200])}",
                }
            )
    return out


# ---------------------------------------------------------------- fees


def fees_plain(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest fee statement.

    Raises:
        NotFound: none has been computed yet (or the project is not visible).
    """
    box.get_project(session, actor, project_id)
    found = box.latest_result(session, actor, project_id, "fee_statement")
    if found is None:
        raise NotFound(
            "还没有测算规费",
            "no fee statement yet",
            code="no_fees",
            remedy="在“规费”页填写后点“测算”",
            remedy_en="fill in the page of fees and compute",
        )
    return {**found.payload, **_stamp(found)}


def fees_view(
    session: Session, actor: Actor, project_id: uuid.UUID, typed: dict[str, str] | None = None
) -> dict[str, Any]:
    """The fees page: form fields (typed, from the last statement, or from the box) and the newest statement."""
    project = box.get_project(session, actor, project_id)
    found = box.latest_result(session, actor, project_id, "fee_statement")
    rules = project_rules(session, project_id)
    catalogue, day = rules.catalogue, rules.day
    known = service.fee_prefill(session, actor, project_id, day, catalogue)
    last = (found.payload["inputs"] if found is not None else {}) if typed is None else {}
    groups = []
    entries = catalogue.at(day).entries
    shown: set[str] = {"JURISDICTION"}
    for code in _FORM_FEES:
        fields = []
        for field in runs.form_fields(catalogue, fee_inputs(catalogue, code, day), day):
            if field["code"] in shown:
                continue
            shown.add(field["code"])
            fields.append({**field, **_field_value(field, known, last, typed)})
        rates = [f for f in fee_fields(catalogue, code, day) if f["own"] and f["code"] not in shown]
        shown.update(f["code"] for f in rates)
        if fields or rates:
            spec = entries[code].spec
            groups.append(
                {
                    "code": code,
                    "name": spec.name,
                    "name_en": spec.name_en,
                    "fields": fields,
                    "rates": [{**f, **_field_value(f, known, last, typed), "note": ""} for f in rates],
                }
            )
    statement = {**found.payload, **_stamp(found)} if found is not None else None
    return {
        "project": project_plain(project),
        "groups": groups,
        "region_factors": region_factors(catalogue, day, known, last, typed),
        "statement": statement,
        "may_compute": actor.is_officer or project.organisation_id == actor.organisation_id,
    }


def _field_value(
    field: dict[str, Any], known: dict[str, Any], last: dict[str, Any], typed: dict[str, str] | None
) -> dict[str, str]:
    code = field["code"]
    if typed is not None and typed.get(code):
        return {"value": typed[code], "from": ""}
    if code in last and last[code]["source"] == "填写":
        return {"value": text_of(last[code]["value"]), "from": ""}
    if code in known and known[code].value is not None:
        return {
            "value": "",
            "from": f"{text_of(to_plain(known[code].value))}{field['unit']}({known[code].source})",
        }
    return {"value": "", "from": ""}


def text_of(value: Any) -> str:
    """A plain value as a form field holds it."""
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items())
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)


def region_factors(
    catalogue: Catalogue,
    day: dt.date,
    known: dict[str, Any],
    last: dict[str, Any],
    typed: dict[str, str] | None,
) -> list[dict[str, Any]]:
    """Region factors of the parcel's use and grade with their grades and criteria, and what was chosen before."""
    from elements.engine.values import Undecided

    def value(code: str) -> str:
        if typed is not None and typed.get(code):
            return typed[code]
        if code in last and last[code]["source"] == "填写":
            return str(last[code]["value"])
        return str(known[code].value) if code in known and known[code].value is not None else ""

    try:
        keys = {"usage": value("LP_USAGE"), "level": value("LP_LEVEL")}
        rows = catalogue.tariffs.find("land-region-factors", keys, catalogue.tariffs.home, day).rows
    except Undecided:
        return []
    chosen = (last.get("LP_REGION") or {}).get("value") or {}
    out: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = str(row["factor"])
        picked = (typed or {}).get(f"region:{name}") or chosen.get(name, "")
        entry = out.setdefault(name, {"name": name, "grades": [], "value": picked})
        entry["grades"].append(
            {"grade": row["grade"], "criteria": row["criteria"], "value": to_plain(row["value"])}
        )
    return list(out.values())


def typed_inputs(form: dict[str, str]) -> dict[str, Any]:
    """Inputs of the fee form: filled fields, region factors gathered into LP_REGION."""
    inputs: dict[str, Any] = {
        k: v.strip() for k, v in form.items() if v.strip() and not k.startswith("region:")
    }
    grades = {
        k.removeprefix("region:"): v.strip() for k, v in form.items() if k.startswith("region:") and v.strip()
    }
    if grades:
        inputs["LP_REGION"] = grades
    inputs.pop("csrf_token", None)
    return inputs


# ---------------------------------------------------------------- catalogue


def catalogue_view(
    session: Session, business: str = "", kind: str = "", text: str = "", day: dt.date | None = None
) -> dict[str, Any]:
    """The catalogue in force, filtered by business, kind and words."""
    at = day or service.today()
    catalogue = service.in_force(session, at)
    rows = runs.list_elements(catalogue, at)
    counts = {k: sum(r["kind"] == k for r in rows) for k in ("基础", "指标", "结论")}
    businesses = [
        {"code": f.business, "name": f.name, "name_en": f.name_en, "class_name": f.class_name}
        for f in sorted(catalogue.businesses.values(), key=lambda f: (f.clas, f.business))
    ]
    wanted = text.strip().lower()
    shown = [
        r
        for r in rows
        if (not business or r["business"] == business)
        and (not kind or r["kind"] == kind)
        and (not wanted or wanted in f"{r['code']} {r['name']} {r['name_en']} {r['clause']}".lower())
    ]
    return {
        "elements": shown,
        "total": len(rows),
        "counts": counts,
        "businesses": businesses,
        "filter": {"business": business, "kind": kind, "q": text},
        "rule_hash": catalogue.version,
        "fees": fee_codes(catalogue, at),
        "at": at.isoformat(),
    }


def element_view(session: Session, code: str) -> dict[str, Any]:
    """One element's definition.

    Raises:
        NotFound: unknown code.
    """
    day = service.today()
    catalogue = service.in_force(session, day)
    if code not in catalogue.at(day).entries:
        raise NotFound(f"没有要素 {code[:40]}", f"no element {code[:40]!r}")
    return runs.describe_element(catalogue, code, day)


# ---------------------------------------------------------------- review table of a business


def run_plain(session: Session, business: str, inputs: dict[str, Any], at: dt.date | None) -> dict[str, Any]:
    """A business evaluated on given inputs by the rules in force: what the review page shows."""
    day = at or service.today()
    return runs.run_plain(service.in_force(session, day), business, inputs, day)


def import_plain(session: Session, business: str, data: bytes, at: dt.date | None) -> dict[str, Any]:
    """A business evaluated on an imported workbook.

    Raises:
        BadInput: faults, by cell.
    """
    day = at or service.today()
    catalogue = service.in_force(session, day)
    return runs.import_plain(catalogue, business, read_workbook(catalogue, business, data, day), day)


def compare_plain(
    session: Session,
    business: str,
    inputs: dict[str, Any],
    at: dt.date | None,
    against: list[dict[str, Any]],
    each: str,
) -> dict[str, Any]:
    """Runs side by side: the inputs as given, with each of ``against`` changed, or once per option of ``each``.

    Among the changes ``at`` is another day and ``rules`` another rule set.

    Raises:
        BadInput: nothing to compare with, or unusable inputs. NotFound: no such business or rule set.
    """
    others = []
    for changes in against:
        rest = {k: v for k, v in changes.items() if k.strip().lower() not in ("at", "rules")}
        special = {k.strip().lower(): str(v) for k, v in changes.items() if k not in rest}
        day = comparing.day_of(special["at"]) if special.get("at") else None
        others.append(what_if.Run("", rest, special.get("rules") or None, day))
    return what_if.compare_business(session, business, inputs, at, others, each)
