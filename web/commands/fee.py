"""``project-box fee``: one fee with its trace."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from elements import run as runs
from elements.engine import load_catalogue
from elements.fees import FeeLine, fee_codes, fee_inputs, find_fee, run_fee
from elements.rounding import round_to
from project_box.kernel.plain import to_plain
from web.cli_support import emit_json, explained, out, table
from web.commands.elements import AtOption, FileOption, JsonOption, SetOption, parse_day, parse_sets


def fee(
    code: Annotated[
        str | None,
        typer.Argument(help="费用代码或名称，如 TDCRJ、YHS、GDZYS;不写则列出全部 (list all when left out)"),
    ] = None,
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """测算一项规费 (compute one fee, with rate document and every factor).

    Without CODE the fees are listed; without --set the inputs of CODE are listed as missing. A fee whose rate or input
    is missing is 无法判定 and says which. Exit code 2 on unusable input (unknown key, wrong unit).

    Example: project-box fee YHS --set HT_PRICE=120000000
    """
    with explained(as_json=as_json):
        day = parse_day(at)
        catalogue = load_catalogue()
        if code is None:
            entries = catalogue.at(day).entries
            rows: list[dict[str, Any]] = [
                {
                    "code": c,
                    "name": entries[c].spec.name,
                    "name_en": entries[c].spec.name_en,
                    "clause": entries[c].spec.clause or entries[c].spec.unsourced,
                    "inputs": runs.form_fields(catalogue, fee_inputs(catalogue, c, day), day),
                }
                for c in fee_codes(catalogue, day)
            ]
            if as_json:
                emit_json({"rule_hash": catalogue.version, "fees": rows})
            else:
                table(
                    "规费",
                    ["代码", "名称", "输入 (--set)", "依据"],
                    [
                        [r["code"], r["name"], ", ".join(f["code"] for f in r["inputs"]), r["clause"]]
                        for r in rows
                    ],
                )
            return
        found = find_fee(catalogue, code, day)
        line = run_fee(found, parse_sets(sets, inputs), day, catalogue)
        fields = runs.form_fields(catalogue, fee_inputs(catalogue, found, day), day)
    if as_json:
        emit_json(plain_line(line, fields))
    else:
        _print(line, fields)


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
    if line.doc_no:
        out.print(f"  文号 {line.doc_no}", highlight=False, markup=False)
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
            ["代码", "名称", "单位", "可选值"],
            [[f["code"], f["name"], f["unit"], "、".join(f["options"])] for f in fields],
        )


def register(app: typer.Typer) -> None:
    """Add ``fee``."""
    app.command("fee")(fee)
