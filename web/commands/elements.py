"""``project-box elements``: the catalogue of elements, running a business, explaining a value."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from elements import run as runs
from elements.engine import load_catalogue
from elements.service import today
from project_box.kernel.errors import BadInput
from web.cli_support import FAILED_CHECK, emit_json, explained, out, table

OUTCOMES = {
    "pass": "[green]✓ 符合[/green]",
    "fail": "[red]✕ 不符合[/red]",
    "note": "[yellow]· 提示[/yellow]",
    "undecided": "[magenta]? 无法判定[/magenta]",
}
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="输入:代码或中文名=值,可重复 (input, repeatable)"),
]
FileOption = Annotated[
    Path | None, typer.Option("--inputs", help="JSON 文件 {代码: 值},与 --set 合并 (inputs as a JSON file)")
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="YYYY-MM-DD", help="按哪一天的规则和费率 (day whose rules apply)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


def parse_sets(pairs: list[str] | None, file: Path | None = None) -> dict[str, Any]:
    """``KEY=VALUE`` options and a JSON file as one mapping.

    Raises:
        BadInput: not KEY=VALUE, a key given twice, or an unreadable file.
    """
    out_: dict[str, Any] = {}
    if file is not None:
        import json
        from decimal import Decimal

        try:
            loaded = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
        except (OSError, ValueError) as error:
            raise BadInput(f"输入文件无法读取:{file.name}", f"{file}: {error}", place=str(file)) from error
        if not isinstance(loaded, dict):
            raise BadInput(
                f"输入文件应是一个 JSON 对象:{file.name}", f"{file}: object expected", place=str(file)
            )
        out_.update({k: v for k, v in loaded.items() if v is not None})
    seen: set[str] = set()
    for pair in pairs or []:
        key, mark, value = pair.partition("=")
        if not mark or not key.strip():
            raise BadInput(
                f"“{pair[:60]}”应写作 KEY=VALUE", f"{pair[:60]!r}: KEY=VALUE expected", place=pair[:60]
            )
        if key.strip().upper() in seen:
            raise BadInput(f"“{key.strip()}”给了两次", f"{key.strip()} given twice", place=key.strip())
        seen.add(key.strip().upper())
        out_[key.strip()] = value
    return out_


def parse_day(text: str | None) -> dt.date:
    """``--at`` or today.

    Raises:
        BadInput: not a date.
    """
    if text is None:
        return today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"“{text[:40]}”不是日期,应如 2026-06-03", "ISO date expected", place="--at") from error


group = typer.Typer(help="要素目录与求值 (elements: list, run, explain).", no_args_is_help=True)


@group.command("list")
def list_(
    business: Annotated[
        str | None, typer.Option("--business", "-b", help="只列一个业务 (one business only)")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="基础 | 指标 | 结论")] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出要素 (list the elements with unit, source and clause)."""
    with explained(as_json=as_json):
        day = parse_day(at)
        catalogue = load_catalogue()
        if business is not None:
            catalogue.business(business)
        if kind is not None and kind not in ("基础", "指标", "结论"):
            raise BadInput(
                f"没有“{kind[:20]}”这一类,只有 基础、指标、结论", "kind is 基础, 指标 or 结论", place="--kind"
            )
        rows = [
            e
            for e in runs.list_elements(catalogue, day)
            if (business is None or e["business"] == business) and (kind is None or e["kind"] == kind)
        ]
        if as_json:
            emit_json({"rule_hash": catalogue.version, "at": day, "elements": rows})
            return
        table(
            f"要素 {len(rows)} 个 · 规则版本 {catalogue.version} · {day}",
            ["代码", "名称", "类别", "业务", "单位", "来源", "依据"],
            [
                [
                    e["code"],
                    e["name"],
                    e["kind"],
                    e["business"],
                    e["unit"],
                    e["source_name"],
                    e["clause"] or e["unsourced"],
                ]
                for e in rows
            ],
        )


@group.command("run")
def run_(
    business: Annotated[
        str, typer.Argument(help="业务代码,如 planning-permit、land-price、fees、house-sharing")
    ],
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """求一个业务的全部要素 (evaluate a business); exit code 1 when a conclusion is 不符合, 2 on unusable input."""
    with explained(as_json=as_json):
        day = parse_day(at)
        catalogue = load_catalogue()
        plain = runs.run_plain(catalogue, business, parse_sets(sets, inputs), day)
    if as_json:
        emit_json(plain)
    else:
        table(
            f"{plain['name']} · {plain['at']} · 规则版本 {plain['rule_hash']}",
            ["代码", "名称", "值", "单位", "公式代入 / 缺少", "依据"],
            [
                [
                    row["code"] + ("" if row["verified"] else " ※"),
                    row["name"],
                    OUTCOMES[row["outcome"]] if row["outcome"] else row["display"],
                    row["unit"],
                    escape(row["substituted"] or ";".join(m["reason"] for m in row["missing"])),
                    row["clause"],
                ]
                for row in plain["trace"]
            ],
            right=[2],
        )
        out.print("※ 用到未核实的数值", style="dim")
    if plain["failed"]:
        raise typer.Exit(FAILED_CHECK)


@group.command("explain")
def explain_(
    code: Annotated[str, typer.Argument(help="要素代码或中文名 (code or Chinese name)")],
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """展开一个要素的来历 (how a value comes about: formula, numbers, clause, inputs); without --set its definition."""
    with explained(as_json=as_json):
        day = parse_day(at)
        catalogue = load_catalogue()
        given = parse_sets(sets, inputs)
        definition = runs.describe_element(catalogue, code, day)
        tree = runs.explain_plain(catalogue, code, given, day)
    if as_json:
        emit_json({"definition": definition, "explain": tree, "rule_hash": catalogue.version, "at": day})
        return
    out.print(
        f"[bold]{definition['code']} {definition['name']}[/bold] {definition['name_en']} · {definition['kind']}"
    )
    drawn = Tree(_label(tree))
    _grow(drawn, tree, set())
    out.print(drawn)


def _label(node: dict[str, Any]) -> str:
    text = f"[bold]{node['code']}[/bold] {node['name']} = "
    text += OUTCOMES[node["outcome"]] if node["outcome"] else f"[cyan]{node['value']}[/cyan]{node['unit']}"
    if node["formula"]:
        text += f"\n[dim]{escape(node['formula'])}[/dim]"
    if node["substituted"]:
        text += f"\n  {escape(node['substituted'])}"
    if node["clause"]:
        text += f"\n  [dim]依据 {escape(node['clause'])}[/dim]"
    if not node["verified"]:
        text += "  [yellow]※ 未核实[/yellow]"
    for missing in node["missing"]:
        text += f"\n  [magenta]缺 {escape(missing['reason'])}[/magenta]"
    return text


def _grow(branch: Tree, node: dict[str, Any], seen: set[str]) -> None:
    for step in node["steps"]:
        branch.add(
            f"[dim]{escape(step['name'])}: {escape(step['expression'])} = {escape(step['value'])}[/dim]"
        )
    for child in node["inputs"]:
        if child["code"] in seen:
            branch.add(f"{child['code']} {child['name']} (见上)")
            continue
        seen.add(child["code"])
        _grow(branch.add(_label(child)), child, seen)


def register(app: typer.Typer) -> None:
    """Add ``elements``."""
    app.add_typer(group, name="elements")
