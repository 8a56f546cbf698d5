"""Use cases of drawing standards an organisation builds from its own drawings. Never commits."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from drawings.models import BuiltStandard, RevisionFile
from drawings.standards import patterns
from drawings.standards.guess import accepted
from drawings.standards.standards import (
    Standard,
    get_standard,
    is_like,
    load_standard,
    load_standards,
    normal_layer,
    roles,
)
from project_box import service as box
from project_box.kernel.errors import BadInput, CatalogueError, Conflict, Forbidden, NotFound, PlatformError
from project_box.kernel.identity import Actor
from project_box.service import clean_text, now

_CODE = re.compile(r"[a-z][a-z0-9-]{2,40}")
_LARGEST = 200_000
_STOREYS = "起止层"
_BARE_TEXT = ".{1,40}"


@dataclass(frozen=True, slots=True)
class PatternRule:
    """Layers named by a wildcard or a regular expression (named groups are attributes).

    Attributes:
        how: ``pattern`` or ``regex``. attributes: constants. bare: key that a plain text inside the rings gives.
    """

    how: Literal["pattern", "regex"]
    expression: str
    role: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    bare: str = ""


@dataclass(frozen=True, slots=True)
class Writing:
    """How the drawings of a standard write attributes.

    Attributes:
        spellings: attribute key → own words for it. phrases: texts as they stand, attributes in braces.
        decimal: ``comma`` or ``point``; empty tells it from each number.
    """

    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    phrases: Sequence[str] = ()
    decimal: str = ""


def _written(writing: Writing) -> dict[str, Any]:
    out: dict[str, Any] = {
        "spellings": {k: [*v] for k, v in writing.spellings.items() if v},
        "phrases": [{"text": text} for text in writing.phrases],
        "decimal": writing.decimal,
    }
    return {key: value for key, value in out.items() if value}


def write_standard(
    *,
    code: str,
    name: str,
    units: str | None,
    layers: Mapping[str, str],
    bare: Mapping[str, str],
    rules_by_pattern: Sequence[PatternRule] = (),
    order: Sequence[str] = (),
    xdata_app: str = "",
    writing: Writing | None = None,
) -> str:
    """YAML of a standard from what a person has assigned.

    Args:
        units: unit of its drawings, None leaves it to the file. layers: layer → role.
        bare: layer → attribute key that a plain text inside its rings gives.
        rules_by_pattern: a layer that one of them gives the same role is left to it, with the attributes in its name.
        order: where attributes come from, most trusted first; the platform's order if empty. xdata_app: application
            name of the extended data; the platform's if empty. writing: own words for attributes.
    """
    assigned = {
        layer: role
        for layer, role in layers.items()
        if role
        and (bare.get(layer) or not any(r.role == role and _names(r, layer) for r in rules_by_pattern))
    }
    if not assigned and not rules_by_pattern:
        raise BadInput(
            "还没有给任何图层指定角色", "no layer has a role", code="standard", place="layers",
            remedy="在表中选择角色，或写一条按名称规律的规则",
            remedy_en="choose roles in the table, or write a rule by names",
        )  # fmt: skip
    model = accepted(assigned or {rules_by_pattern[0].expression: rules_by_pattern[0].role})
    made = model.model_dump(mode="json", exclude_none=True)
    if order:
        made["attributes"]["order"] = list(order)
    if xdata_app:
        made["attributes"]["xdata_app"] = xdata_app
    made["attributes"] |= _written(writing or Writing())
    rules: list[dict[str, Any]] = []
    for layer, role in assigned.items():
        key = bare.get(layer, "")
        fitting = next((r for r in rules if r["role"] == role and r.get("bare_text", "") == key), None)
        if fitting is not None:
            fitting["names"].append(layer)
        elif role:
            rules.append({"names": [layer], "role": role, **_bare_rule(key)})
    rules += [
        {
            rule.how: rule.expression,
            "role": rule.role,
            **({"attributes": dict(rule.attributes)} if rule.attributes else {}),
            **_bare_rule(rule.bare),
        }
        for rule in rules_by_pattern
    ]
    made |= {"code": code, "name": name, "name_en": name, "units": units, "doc_no": None, "verified": False}
    made["layers"] = rules
    made.pop("healing", None)
    for key in ("spellings", "phrases"):
        if not made["attributes"].get(key):
            made["attributes"].pop(key, None)
    return yaml.safe_dump(made, allow_unicode=True, sort_keys=False, width=110)


def _names(rule: PatternRule, layer: str) -> bool:
    """True if a rule names this layer; an expression that is none is told when the standard is checked."""
    plain = normal_layer(layer)
    if rule.how == "pattern":
        return is_like(plain, rule.expression)
    try:
        patterns.check(rule.expression)
    except ValueError:
        return False
    return patterns.whole(rule.expression, plain, any_case=True) is not None


def preview(standard: Standard, file: RevisionFile) -> dict[str, dict[str, Any]]:
    """What a standard makes of the layers of a file: layer → role and the attributes its name carries."""
    out: dict[str, dict[str, Any]] = {}
    for layer in file.report.get("layers", []):
        found = standard.match(layer["name"])
        if found is not None:
            out[layer["name"]] = {"role": found.role, "attributes": dict(found.attributes)}
    return out


def _bare_rule(key: str) -> dict[str, str]:
    """A storey range has a form of its own; any other key takes a short text of one line as it stands."""
    if not key or key == _STOREYS:
        return {"bare_text": key} if key else {}
    return {"bare_text": key, "bare_pattern": _BARE_TEXT}


def check_standard(source: str) -> Standard:
    """The standard a YAML text describes, validated by the loader of the shipped ones.

    Raises:
        BadInput: malformed; says line and field.
    """
    if len(source) > _LARGEST:
        raise BadInput("制图标准文件过大", "the standard is too large", code="standard", place="source")
    found = re.search(r"^code:\s*['\"]?([^\s'\"]+)", source, re.MULTILINE)
    code = found.group(1) if found else ""
    if not _CODE.fullmatch(code):
        raise BadInput(
            "标准代码须以小写字母开头，只含小写字母、数字和连字符，3 至 41 位",
            f"bad code {code[:60]!r}", code="standard", place="code", remedy="例如 our-institute",
            remedy_en="such as our-institute",
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{code}.yaml"
        path.write_text(source, encoding="utf-8")
        try:
            return load_standard(path)
        except CatalogueError as error:
            said = str(error.en).replace(f"{folder}/", "")
            raise BadInput(
                f"制图标准有误：{said}",
                said,
                code="standard",
                place="source",
                remedy="按提示修改后再保存",
                remedy_en="correct what is named and save again",
            ) from error


def save_standard(session: Session, actor: Actor, source: str) -> BuiltStandard:
    """Keep a standard as the next version of its code for the actor's organisation.

    Raises:
        Forbidden: the actor belongs to no organisation. BadInput: malformed. Conflict: the code is a shipped one's.
    """
    if actor.organisation_id is None:
        raise Forbidden("没有所属单位，不能保存制图标准", "no organisation")
    standard = check_standard(clean_text(source, field="source", label="制图标准", limit=_LARGEST))
    if standard.code in load_standards():
        raise Conflict(
            f"代码“{standard.code}”已用于平台自带的制图标准", "the code is a shipped standard's", code="code_taken",
            place="code", remedy="换一个代码",
            remedy_en="choose another code",
        )  # fmt: skip
    newest = session.scalar(
        select(func.max(BuiltStandard.version)).where(
            BuiltStandard.organisation_id == actor.organisation_id, BuiltStandard.code == standard.code
        )
    )
    row = BuiltStandard(
        organisation_id=actor.organisation_id,
        code=standard.code,
        version=(newest or 0) + 1,
        source=source,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    box.record_audit(
        session,
        actor,
        "drawings.standard_saved",
        f"standard:{row.code}",
        {"version": row.version, "source": source},
    )
    return row


def built_standards(session: Session, actor: Actor) -> list[BuiltStandard]:
    """Newest versions of the standards of the actor's organisation that are in use."""
    newest = (rows[0] for rows in standard_versions(session, actor).values())
    return [row for row in newest if row.withdrawn_at is None]


def standard_versions(session: Session, actor: Actor) -> dict[str, list[BuiltStandard]]:
    """All versions of the standards of the actor's organisation by code, the newest first."""
    statement = (
        select(BuiltStandard)
        .where(BuiltStandard.organisation_id == actor.organisation_id)
        .order_by(BuiltStandard.code, BuiltStandard.version.desc())
    )
    found: dict[str, list[BuiltStandard]] = {}
    for row in session.scalars(statement):
        found.setdefault(row.code, []).append(row)
    return found


def use_standard(session: Session, actor: Actor, code: str, *, in_use: bool) -> BuiltStandard:
    """Stop offering a standard of the actor's organisation, or offer it again. Its versions stay.

    Drawings that were read by it can still be read again by it; saving a new version offers it again.

    Raises:
        NotFound: there is none.
    """
    row = standard_source(session, actor, code)
    if (row.withdrawn_at is None) != in_use:
        row.withdrawn_at = None if in_use else now()
        session.flush()
        what = "offered" if in_use else "withdrawn"
        box.record_audit(
            session, actor, f"drawings.standard_{what}", f"standard:{code}", {"version": row.version}
        )
    return row


def named_standard(row: BuiltStandard) -> dict[str, str]:
    """``code, name, name_en`` of a built standard; the code where its source no longer passes."""
    try:
        own = check_standard(row.source)
    except PlatformError:
        return {"code": row.code, "name": row.code, "name_en": row.code}
    return {"code": row.code, "name": own.name, "name_en": own.name_en}


def find_standard(session: Session, actor: Actor, code: str) -> Standard:
    """The newest version of a standard of the actor's organisation, else the shipped one of that code.

    Raises:
        NotFound: there is none.
    """
    own = standard_versions(session, actor).get(code)
    return check_standard(own[0].source) if own else get_standard(code)


def standard_source(session: Session, actor: Actor, code: str, version: int | None = None) -> BuiltStandard:
    """One version (the newest if None) of a standard of the actor's organisation.

    Raises:
        NotFound: there is none.
    """
    statement = select(BuiltStandard).where(
        BuiltStandard.organisation_id == actor.organisation_id, BuiltStandard.code == code
    )
    if version is not None:
        statement = statement.where(BuiltStandard.version == version)
    found = session.scalar(statement.order_by(BuiltStandard.version.desc()).limit(1))
    if found is None:
        raise NotFound("没有这个制图标准", f"no built standard {code!r}")
    return found


def text_keys() -> list[str]:
    """Attribute keys a text inside a ring may give."""
    return sorted({key for role in roles().roles.values() for key in role.keys})
