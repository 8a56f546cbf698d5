"""``project-box agency``: qualifications of intermediary agencies, on any database."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from elements.service import today
from intermediaries import agency_service as agencies
from project_box.organisations import by_name_or_code, organisations
from web.cli_support import database, emit_json, explained, out, table

group = typer.Typer(
    help="中介机构资质 (qualifications of agencies): list, kinds, qualify, withdraw.", no_args_is_help=True
)
OrganisationArgument = Annotated[str, typer.Argument(help="单位名称或统一社会信用代码 (name or credit code)")]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


def plain(session: Session, text: str) -> dict[str, Any]:
    """An agency as programs read it."""
    row = by_name_or_code(session, text)
    return {
        "organisation": row.name,
        "credit_code": row.credit_code,
        "kind": row.kind,
        "qualifications": agencies.held(session, None, row.id, today()),
    }


@group.command("kinds")
def kinds(as_json: JsonOption = False) -> None:
    """可登记的资质 (what an agency may be qualified for)."""
    with explained(as_json=as_json):
        known = agencies.qualification_kinds()
    if as_json:
        emit_json(
            {"qualifications": [{"code": c, "name": zh, "name_en": en} for c, (zh, en) in known.items()]}
        )
        return
    table("资质", ["代码", "名称", "English"], [[c, zh, en] for c, (zh, en) in known.items()])


@group.command("list")
def list_(as_json: JsonOption = False) -> None:
    """中介机构及其资质 (agencies and their qualifications)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        names = [o.name for o, _ in organisations(session, None) if o.kind == "agency"]
        rows = [plain(session, name) for name in names]
    if as_json:
        emit_json({"agencies": rows})
        return
    table(
        "中介机构",
        ["单位", "资质", "等级", "证书编号", "有效期至"],
        [
            [r["organisation"], q["name"], q["level"], q["certificate_no"], q["valid_until"]]
            for r in rows
            for q in r["qualifications"]
            or [{"name": "", "level": "", "certificate_no": "", "valid_until": ""}]
        ],
    )


@group.command("qualify")
def qualify(
    organisation: OrganisationArgument,
    code: Annotated[str, typer.Option("--code", help="资质代码，见 agency kinds")],
    certificate: Annotated[str, typer.Option("--certificate", help="证书编号 (certificate number)")],
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="有效期至 (last day)")],
    level: Annotated[str, typer.Option("--level", help="等级，如 甲级")] = "",
    as_json: JsonOption = False,
) -> None:
    """登记或更新一项资质 (register a qualification or bring it up to date)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        row = by_name_or_code(session, organisation)
        agencies.qualify(
            session, None, row.id, code=code, level=level, certificate_no=certificate, valid_until=until
        )
        made = plain(session, row.name)
    _say(made, "已登记 registered", as_json)


@group.command("withdraw")
def withdraw(
    organisation: OrganisationArgument,
    code: Annotated[str, typer.Option("--code", help="资质代码")],
    reason: Annotated[str, typer.Option("--reason", help="理由 (why)")],
    as_json: JsonOption = False,
) -> None:
    """注销一项资质 (take a qualification off the list)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        row = by_name_or_code(session, organisation)
        agencies.withdraw(session, None, row.id, code, reason)
        made = plain(session, row.name)
    _say(made, "已注销 withdrawn", as_json)


def _say(row: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        emit_json(row)
    else:
        out.print(f"{what}: {row['organisation']}", highlight=False, markup=False)


def register(app: typer.Typer) -> None:
    """Add ``agency``."""
    app.add_typer(group, name="agency")
