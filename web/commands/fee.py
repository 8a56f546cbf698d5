"""``project-box fee``: one fee with its trace."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer
from rich.markup import escape

from elements.engine.engine import Catalogue
from elements.engine.rounding import round_to
from elements.fees import FeeLine, fee_codes, fee_fields, find_fee, run_fee
from project_box.kernel.plain import to_plain
from web.cli_elements import (
    AtOption,
    FileOption,
    InForceOption,
    JsonOption,
    RulesOption,
    SetOption,
    asked,
)
from web.cli_support import emit_json, explained, out, table


def fee(
    code: Annotated[
        str | None,
        typer.Argument(
            help="费用代码或名称，如 TDCRJ、YHS、GDZYS、契税；不写则列出全部 (list all when left out)"
        ),
    ] = None,
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    in_force: InForceOption = False,
    rules: RulesOption = None,
    listed: Annotated[bool, typer.Option("--list", help="列出全部费用及其输入 (list the fees)")] = False,
    as_json: JsonOption = False,
) -> None:
    """测算一项规费 (compute one fee, with rate document and every factor).

    Without CODE the fees are listed; without --set what CODE can be given is listed. A fee whose rate or input is
    missing is 无法判定 and says which; a rate the platform does not hold may be handed in (自带费率), marked so.
    Keys are codes or Chinese names; a short name serves where only one input fits. Numbers may carry their own unit
    (26680.2㎡) or another of the same dimension. Exit code 2 on unusable input (unknown key, wrong unit).

    Example: project-box fee YHS --set HT_PRICE=120000000

    Example: project-box fee 耕地占用税 --set JURISDICTION=湖南省 --set 占用面积=13340 --set 占用地类=耕地

    Example: project-box fee QS --set HT_PRICE=1000000 --set QS_RATE=4

    Without --in-force or --rules the catalogue that came with the platform is used, without a database.
    """
    with explained(as_json=as_json):
        given = asked(sets, inputs, at, in_force=in_force, rules=rules)
        catalogue, day = given.catalogue, given.day
        if code is None or listed:
            _list(catalogue, day, as_json=as_json)
            return
        found = find_fee(catalogue, code, day)
        line = run_fee(found, given.inputs, day, catalogue)
        fields = fee_fields(catalogue, found, day)
    if as_json:
        emit_json({**plain_line(line, fields), "rule_hash": catalogue.version, "at": day})
    else:
        _print(line, fields)


def _list(catalogue: Catalogue, day: dt.date, *, as_json: bool) -> None:
    entries = catalogue.at(day).entries
    rows: list[dict[str, Any]] = [
        {
            "code": c,
            "name": entries[c].spec.name,
            "name_en": entries[c].spec.name_en,
            "clause": entries[c].spec.clause or entries[c].spec.unsourced,
            "inputs": fee_fields(catalogue, c, day),
        }
        for c in fee_codes(catalogue, day)
    ]
    if as_json:
        emit_json({"rule_hash": catalogue.version, "fees": rows})
        return
    table(
        "规费",
        ["代码", "名称", "输入 (--set)", "可自带", "依据"],
        [
            [
                r["code"],
                r["name"],
                ", ".join(f["code"] for f in r["inputs"] if not f["own"]),
                ", ".join(f["code"] for f in r["inputs"] if f["own"]),
                r["clause"],
            ]
            for r in rows
        ],
    )


def plain_line(line: FeeLine, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """The fee as one JSON document: line, values, what is 无法判定, trace."""
    plain: dict[str, Any] = to_plain(line)
    trace = plain.pop("steps")
    return {
        **plain,
        "values": {
            s["code"]: {"name": s["name"], "value": s["value"], "unit": s["unit"]}
            for s in trace
            if not s["missing"]
        },
        "undecided": [
            {"code": s["code"], "name": s["name"], "missing": s["missing"]} for s in trace if s["missing"]
        ],
        "inputs": fields,
        "trace": trace,
    }


def _print(line: FeeLine, fields: list[dict[str, Any]]) -> None:
    shown = (
        "[magenta]无法判定[/magenta]"
        if line.amount is None
        else f"[bold]{round_to(line.amount, 2):,}[/bold] 元"
    )
    out.print(
        f"{line.code} {line.name}: {shown}" + ("" if line.verified else "  [yellow]※ 费率未核实[/yellow]")
    )
    for missing in line.missing:
        out.print(f"  缺 {missing.reason}", style="magenta", highlight=False, markup=False)
    if line.substituted:
        out.print(f"  {line.formula}\n  = {line.substituted}", highlight=False, markup=False)
    if line.quantity is not None:
        rate = (
            f"{line.rate} {line.rate_unit}（{line.rate_doc or '见过程'}）"
            if line.rate is not None
            else "见过程"
        )
        out.print(
            f"  计费基数 {line.basis} {line.quantity} {line.unit} · 标准 {rate} · {line.rounding}",
            highlight=False,
            markup=False,
        )
    if line.doc_no:
        out.print(f"  文号 {line.doc_no} · {line.tag}", highlight=False, markup=False)
    for note in line.notes:
        out.print(f"  注 {note}", style="yellow", highlight=False, markup=False)
    steps = [s for s in line.steps if s["code"] != line.code]
    if steps:
        table(
            "过程",
            ["代码", "名称", "值", "单位", "代入 / 缺少", "文号"],
            [
                [
                    s["code"] + ("" if s["verified"] else " ※"),
                    s["name"],
                    s["value"],
                    s["unit"],
                    escape(s["substituted"] or ";".join(s["missing"])),
                    ";".join(s["documents"]),
                ]
                for s in steps
            ],
            right=[2],
        )
    if line.amount is None:
        table(
            "可以填写 (--set)",
            ["代码", "名称", "单位", "可选值", "说明"],
            [
                [
                    f["code"] + (" *" if f["own"] else ""),
                    f["name"],
                    f["unit"],
                    "、".join(f["options"]),
                    f["note"],
                ]
                for f in fields
            ],
        )
        out.print("* 费率和系数，不填则查表", style="dim")


def register(app: typer.Typer) -> None:
    """Add ``fee``."""
    app.command("fee")(fee)
