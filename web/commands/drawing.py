"""``project-box drawing``: check a drawing before it is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web import cli_support

_MARKS = {"error": "[red]✕ 错误[/red]", "warning": "[yellow]▲ 警告[/yellow]", "info": "[dim]· 提示[/dim]"}


def drawing(
    file: Annotated[
        Path, typer.Argument(help="DXF 文件（R12–R2018，ASCII 或二进制）或 DWG 文件（R2000–R2018）")
    ],
    standard: Annotated[
        str | None,
        typer.Option("--standard", "-s", help="制图标准代码；不写则按图层自动识别 (project-box, …)"),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", "-u", help="确认图形单位 (m, mm, cm …);不写则由文件头与图形大小判断"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 文档")] = False,
) -> None:
    """读取并检查一张图纸:图层、角色、面积、标注和带位置的问题。

    Reads a drawing, prints layers, roles, areas, dimensions and coded issues with place and remedy.
    Exit code 1 when an error-level issue was found, 2 when the file cannot be read at all.
    """
    from drawings.cad import read
    from drawings.interpret import interpret
    from drawings.reading import reading
    from drawings.report import drawing_report
    from drawings.standards import get_standard
    from project_box.kernel.errors import BadInput, NotFound

    with cli_support.explained(as_json=as_json):
        chosen = get_standard(standard) if standard else None
        known = reading().units.metres
        if unit is not None and unit not in known:
            raise BadInput(
                f"不认识的单位“{unit}”",
                f"unknown unit {unit!r}",
                place="--unit",
                remedy="可选：" + "、".join(known),
            )
        if not file.is_file():
            raise NotFound(f"没有文件 {file}", f"no file {file}", place=str(file), remedy="检查路径")
        try:
            cad = read(file, unit=unit)
        except OSError as error:
            raise BadInput(f"文件无法打开：{file}", f"{file}: {error}", place=str(file)) from error
        model = interpret(cad, chosen)
    report = drawing_report(model)
    if as_json:
        cli_support.emit_json(report)
    else:
        _print(report)
    if not model.readable:
        raise typer.Exit(cli_support.UNUSABLE)
    if model.has_errors:
        raise typer.Exit(cli_support.FAILED_CHECK)


def _print(report: dict[str, object]) -> None:
    from typing import Any, cast

    data = cast(dict[str, Any], report)
    out = cli_support.out
    standard = data["standard"]["name"] if data["standard"] else "未识别"
    kind = {"site_plan": "总平面图", "building": "单体图"}.get(data["kind"], "未识别")
    units = data["units"]
    out.print(
        f"[bold]{data['file']}[/bold]  {data['format']} {data['version']}  {kind}  制图标准：{standard}",
        highlight=False,
    )
    out.print(
        f"单位 {units['unit']}({units['source']};{';'.join(units['evidence'])})", highlight=False, style="dim"
    )
    if data["roles"]:
        rows = [
            (r["name"], code, r["count"], f"{r['area_m2']:,.2f}" if r["area_m2"] is not None else None)
            for code, r in data["roles"].items()
        ]
        cli_support.table("角色", ["角色", "代码", "数量", "面积 ㎡"], rows, right=(2, 3))
    layers = [
        (layer["name"], layer["role"], layer["entities"]) for layer in data["layers"] if layer["entities"]
    ]
    if layers:
        cli_support.table("图层", ["图层", "角色", "实体"], layers, right=(2,))
    edited = [d for d in data["dimensions"] if d["edited"]]
    if edited:
        rows = [(d["handle"], d["kind"], d["text"], f"{d['measured']:.2f}") for d in edited]
        cli_support.table("被改写的标注", ["句柄", "类型", "显示", "实测"], rows, right=(2, 3))
    for issue in data["issues"]:
        place = " ".join(
            part
            for part in (
                f"第 {issue['line']} 行" if issue["line"] else "",
                f"句柄 {issue['handle']}" if issue["handle"] else "",
                f"图层 {issue['layer']}" if issue["layer"] else "",
                f"({issue['at'][0]:.3f}, {issue['at'][1]:.3f})" if issue["at"] else "",
            )
            if part
        )
        out.print(_MARKS[issue["level"]], end=" ")
        out.print(f"{issue['code']}  {issue['message']}", highlight=False, markup=False)
        if place:
            out.print(f"    位置：{place}", highlight=False, markup=False, style="dim")
        if issue["remedy"] and issue["level"] != "info":
            out.print(f"    怎么办：{issue['remedy']}", highlight=False, markup=False, style="dim")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drawing")(drawing)
