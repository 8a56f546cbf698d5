"""``project-box elements``: the catalogue, running a business, explaining a value, what-if, workbooks, coverage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from elements import compare as comparing
from elements import run as runs
from elements.coverage import coverage, coverage_markdown
from elements.engine.engine import load_catalogue, read_inputs
from project_box.kernel.errors import BadInput
from web.cli_elements import (
    OUTCOMES,
    AtOption,
    BusinessArgument,
    FileOption,
    InForceOption,
    JsonOption,
    RulesOption,
    SetOption,
    asked,
    catalogue_of,
    parse_sets,
)
from web.cli_support import FAILED_CHECK, emit_json, explained, out, table

group = typer.Typer(
    help="要素目录与求值 (elements: list, run, explain, diff, template, import).", no_args_is_help=True
)


@group.command("list")
def list_(
    business: Annotated[
        str | None, typer.Option("--business", "-b", help="只列一个业务 (one business only)")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="基础 | 指标 | 结论")] = None,
    at: AtOption = None,
    in_force: InForceOption = False,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出要素 (list the elements with unit, source and clause)."""
    with explained(as_json=as_json):
        given = asked(at=at, in_force=in_force, rules=rules)
        catalogue, day = given.catalogue, given.day
        if business is not None:
            business = catalogue.business(business).business
        if kind is not None and kind not in ("基础", "指标", "结论"):
            raise BadInput(
                f"没有“{kind[:20]}”这一类，只有 基础、指标、结论",
                "kind is 基础, 指标 or 结论",
                place="--kind",
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
    business: BusinessArgument,
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    in_force: InForceOption = False,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """求一个业务的全部要素 (evaluate a business); exit code 1 when a conclusion is 不符合, 2 on unusable input."""
    with explained(as_json=as_json):
        given = asked(sets, inputs, at, in_force=in_force, rules=rules)
        plain = runs.run_plain(given.catalogue, business, given.inputs, given.day)
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
    in_force: InForceOption = False,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """展开一个要素的来历 (how a value comes about: formula, numbers, clause, inputs); without --set its definition."""
    with explained(as_json=as_json):
        given = asked(sets, inputs, at, in_force=in_force, rules=rules)
        catalogue, day = given.catalogue, given.day
        definition = runs.describe_element(catalogue, code, day)
        tree = runs.explain_plain(catalogue, code, given.inputs, day)
    if as_json:
        emit_json({"definition": definition, "explain": tree, "rule_hash": catalogue.version, "at": day})
        return
    out.print(
        f"[bold]{definition['code']} {definition['name']}[/bold] {definition['name_en']} · {definition['kind']}"
    )
    drawn = Tree(_label(tree))
    _grow(drawn, tree)
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


def _grow(branch: Tree, node: dict[str, Any]) -> None:
    for step in node["steps"]:
        branch.add(
            f"[dim]{escape(step['name'])}: {escape(step['expression'])} = {escape(step['value'])}[/dim]"
        )
    for child in node["inputs"]:
        if child["repeated"]:
            branch.add(f"{child['code']} {child['name']}（见上）")
            continue
        _grow(branch.add(_label(child)), child)


@group.command("diff")
def diff_(
    business: BusinessArgument,
    sets: SetOption = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            "-a",
            metavar="KEY=VALUE",
            help="另一次运行改动的输入，可重复；at=日期，rules=规则版本或目录 (the other run's changes)",
        ),
    ] = None,
    each: Annotated[
        str | None,
        typer.Option("--each", help="对一个要素的每个可选值各算一次，如 AREA_RULES (one run per option)"),
    ] = None,
    inputs: FileOption = None,
    at: AtOption = None,
    in_force: InForceOption = False,
    all_rows: Annotated[bool, typer.Option("--all", help="也列出相同的行 (equal rows too)")] = False,
    as_json: JsonOption = False,
) -> None:
    """两次或多次运行并排对照 (what-if: other inputs, day, rule set or catalogue, side by side).

    Example: project-box elements diff area-calculator --set PT_AREA=100 --set PT_OBJECT=自然层
    --set PT_HEIGHT=2.1 --against AREA_RULES=AREA_55031_2022
    """
    with explained(as_json=as_json):
        given = asked(sets, inputs, at, in_force=in_force)
        base = comparing.Variant("基准", given.catalogue, given.inputs, given.day)
        variants = [base]
        if each is not None:
            variants = comparing.each_option(base, each)
        changes = parse_sets(against)
        rules = changes.pop("rules", None)
        if changes or rules is not None:
            other = catalogue_of(rules, given.day) if rules is not None else None
            label = "、".join(against or [])
            variants.append(comparing.against(base, changes, label, other))
        if len(variants) < 2:
            raise BadInput(
                "没有给出要对照的另一次运行", "nothing to compare with", place="--against",
                remedy="加 --against KEY=VALUE、--against at=日期 或 --each 要素",
                remedy_en="add --against KEY=VALUE, --against at=DATE or --each ELEMENT",
            )  # fmt: skip
        plain = comparing.side_by_side(business, variants)
    if not all_rows:
        plain["rows"] = [r for r in plain["rows"] if r["changed"]]
    if as_json:
        emit_json(plain)
        return
    labels = [f"{r['label']}\n{r['at']} · {r['rule_hash'][:8]}" for r in plain["runs"]]
    table(
        f"{plain['name']} · {plain['counts']['changed']} 项不同，其中结论 {plain['counts']['conclusions_changed']} 项",
        ["代码", "名称", "单位", *labels, "差"],
        [
            [r["code"], r["name"], r["unit"], *(_shown(c) for c in r["cells"]), r["delta"]]
            for r in plain["rows"]
        ],
        right=list(range(3, 4 + len(labels))),
    )
    out.print("※ 用到未核实的数值", style="dim")


def _shown(cell: dict[str, Any]) -> str:
    if not cell["defined"]:
        return "—"
    text = OUTCOMES[cell["outcome"]] if cell["outcome"] else escape(cell["display"])
    return text + ("" if cell["verified"] else " ※")


@group.command("template")
def template_(
    business: BusinessArgument,
    file: Annotated[Path, typer.Argument(help="写到哪个 .xlsx 文件 (file to write)")],
    sets: SetOption = None,
    inputs: FileOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """生成一个业务的 Excel 导入模板 (workbook of a business's inputs, filled with what --set gives)."""
    from elements.workbooks import workbook as workbooks

    with explained(as_json=as_json):
        given = asked(sets, inputs, at)
        catalogue, day = given.catalogue, given.day
        business = catalogue.business(business).business
        typed = read_inputs(catalogue, given.inputs, day)
        values = {c: v.value for c, v in typed.items() if v.value is not None}
        data = workbooks.write_template(catalogue, business, day, values)
        try:
            file.write_bytes(data)
        except OSError as error:
            raise BadInput(f"无法写入 {file}", f"{file}: {error}", place=str(file)) from error
        codes = workbooks.input_codes(catalogue, business, day)
    if as_json:
        emit_json(
            {"business": business, "file": str(file), "inputs": codes, "filled": sorted(values),
             "rule_hash": catalogue.version}
        )  # fmt: skip
    else:
        out.print(f"{file} · {len(codes)} 个可填要素，已填 {len(values)} 个", highlight=False)


@group.command("import")
def import_(
    business: BusinessArgument,
    file: Annotated[Path, typer.Argument(help="填好的 .xlsx 文件 (filled workbook)")],
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """导入填好的模板并求值 (import a workbook and evaluate; faults by cell); exit code 1 or 2 as of run."""
    from elements.workbooks import workbook as workbooks
    from elements.workbooks.file import MAX_BYTES

    with explained(as_json=as_json):
        given = asked(at=at)
        catalogue, day = given.catalogue, given.day
        business = catalogue.business(business).business
        try:
            if file.stat().st_size > MAX_BYTES:
                raise BadInput(f"文件过大：{file.name}", f"{file}: too large", place=str(file))
            data = file.read_bytes()
        except OSError as error:
            raise BadInput(f"文件无法读取：{file.name}", f"{file}: {error}", place=str(file)) from error
        reading = workbooks.read_workbook(catalogue, business, data, day)
        if not reading.ok and not as_json:
            table(
                f"{file.name}",
                ["单元格", "问题", "怎么办"],
                [[i.file, escape(i.message), escape(i.remedy)] for i in reading.issues],
            )
        reading.refuse()
        plain = runs.import_plain(catalogue, business, reading, day)
    if as_json:
        emit_json(plain)
    else:
        table(
            f"{plain['name']} · {plain['at']} · 导入 {len(plain['inputs'])} 个要素",
            ["代码", "名称", "值", "单位", "限值", "结论", "缺少"],
            [
                [r["code"], r["name"], escape(r["display"]), r["unit"], r["limit"],
                 OUTCOMES.get(r["outcome"] or "", ""), escape(";".join(m["reason"] for m in r["missing"]))]
                for r in plain["review"]
            ],
            right=[2],
        )  # fmt: skip
    if plain["failed"]:
        raise typer.Exit(FAILED_CHECK)


@group.command("coverage")
def coverage_(
    write: Annotated[
        Path | None,
        typer.Option("--write", help="写到这个 Markdown 文件 (write the page, docs/reference/elements.md)"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """目录覆盖情况 (what the catalogue covers: counts per class, business and kind; verified, sourced)."""
    with explained(as_json=as_json):
        plain = coverage(load_catalogue(), asked().day)
        if write is not None:
            try:
                write.write_text(coverage_markdown(plain), encoding="utf-8")
            except OSError as error:
                raise BadInput(f"无法写入 {write}", f"{write}: {error}", place=str(write)) from error
    if as_json:
        emit_json(plain)
        return
    table(
        f"要素 {plain['totals']['elements']} 个 · 规则版本 {plain['rule_hash']}",
        ["类", "业务", "要素", "基础", "指标", "结论", "已核实", "未核实", "无依据"],
        [
            [b["class_name"], f"{b['name']} ({b['business']})", b["elements"], b["kinds"]["基础"],
             b["kinds"]["指标"], b["kinds"]["结论"], b["verified"], b["unverified"], b["unsourced"]]
            for b in plain["businesses"]
        ],
        right=list(range(2, 9)),
    )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add ``elements``."""
    app.add_typer(group, name="elements")
