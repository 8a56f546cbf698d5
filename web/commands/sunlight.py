"""``project-box sunlight``: hours of sun of every dwelling on a site plan, without a project."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from web import cli_support


def sunlight(
    files: Annotated[list[Path], typer.Argument(help="总平面图 DXF 或 DWG（可多张）(site plans)")],
    crs: Annotated[
        int, typer.Option("--crs", help="图纸坐标系 EPSG 代码，如 4547 (projected CRS of the drawing)")
    ],
    zone: Annotated[str | None, typer.Option("--zone", help="建筑气候区 Ⅰ–Ⅶ (climate zone)")] = None,
    city: Annotated[
        str | None, typer.Option("--city", help="城区常住人口：50万以上 | 50万以下 (size of the city)")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="住宅 | 旧区改建 (kind of project)")] = None,
    place: Annotated[
        str | None, typer.Option("--place", help="适用地区，默认本平台所在地区 (jurisdiction)")
    ] = None,
    least: Annotated[
        float | None,
        typer.Option("--least", help="可计入的最短连续时段（分钟），城市书面规定时填 (shortest interval)"),
    ] = None,
    longest: Annotated[
        int | None,
        typer.Option("--longest", help="只计最长的几段，1 为连续 (only so many of the longest intervals)"),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="YYYY-MM-DD", help="按哪一天的规则 (day)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """计算总平面图上各居住单元的日照时数 (hours of sun of every dwelling and neighbour).

    Exit code 1 when a unit falls short, 2 when the drawing cannot be used; 无法判定 alone is no failure.
    """
    with cli_support.explained(as_json=as_json):
        report = _study(files, crs, (zone, city, case), place, least, longest, at)
    if as_json:
        cli_support.emit_json(report)
    else:
        _show(report)
    if any(u["outcome"] == "fail" for u in report["units"]):
        raise typer.Exit(cli_support.FAILED_CHECK)


def _study(
    files: list[Path],
    crs: int,
    choice: tuple[str | None, str | None, str | None],
    place: str | None,
    least: float | None,
    longest: int | None,
    at: str | None,
) -> dict[str, Any]:
    from elements.engine.engine import load_catalogue
    from elements.engine.values import Undecided
    from elements.rulesets.ruleset_service import today
    from elements.sunlight.hours import Counting
    from elements.sunlight.rules import CITIES, DWELLING, RENEWAL, ZONES, sun_rules
    from elements.sunlight.sunlight import sunlight_study
    from elements.sunlight.table import facade_rows, plan_shapes, unit_rows, window_rows
    from project_box.kernel.errors import BadInput
    from project_box.kernel.plain import to_plain

    for option, value, allowed in zip(
        ("--zone", "--city", "--case"), choice, (ZONES, CITIES, (DWELLING, RENEWAL)), strict=True
    ):
        if value is not None and value not in allowed:
            raise BadInput(f"{option} 只能是：{'、'.join(allowed)}", f"{option}: {value!r}", place=option)
    try:
        day = dt.date.fromisoformat(at) if at else today()
    except ValueError as error:
        raise BadInput(
            f"“{at}”不是日期",
            f"{at!r} is no date",
            place="--at",
            remedy="写作 2026-06-03",
            remedy_en="write it like 2026-06-03",
        ) from error
    tariffs = load_catalogue().tariffs
    zone, city, case = choice
    counting = Counting(least or 0.0, longest) if least is not None or longest is not None else None
    try:
        rules = sun_rules(
            tariffs, place or tariffs.home, day, zone=zone, city=city, case=case, counting=counting
        )
    except Undecided as error:
        reason = error.missing[0]
        raise BadInput(reason.reason, reason.reason_en, place="--place") from error
    study = sunlight_study(_models(files), crs, rules)
    if study.report is None or study.situation is None:
        reason = next(m for v in study.values for m in v.missing)
        raise BadInput(reason.reason, reason.reason_en, place=str(files[0]))
    return {
        "at": day.isoformat(),
        "verified": study.report.verified,
        "documents": list(study.report.documents),
        "counting": study.report.counting,
        "assumptions": list(study.report.assumptions),
        "units": unit_rows(study.report),
        "windows": window_rows(study.report),
        "facades": facade_rows(study.report),
        "plan": plan_shapes(study.situation),
        "elements": {
            v.code: {"value": to_plain(v.value), "missing": [m.reason for m in v.missing]}
            for v in study.values
        },
    }


def _models(files: list[Path]) -> list[Any]:
    from drawings.cad import read
    from drawings.interpreting.interpret import interpret

    return [interpret(read(cli_support.existing(file)), None) for file in files]


def _show(report: dict[str, Any]) -> None:
    words = {"pass": "符合", "fail": "不符合", "undecided": "无法判定", "note": "提示"}
    cli_support.table(
        "日照",
        ["结论", "居住单元", "标准日", "时数", "标准", "遮挡建筑"],
        [
            [
                words[u["outcome"]],
                u["unit"],
                u["day"],
                u["shown"],
                f"≥{u['needed']:g} h" if u["needed"] else None,
                "、".join(u["shaded_by"]),
            ]
            for u in report["units"]
        ],
    )
    for line in report["assumptions"]:
        cli_support.out.print(f"· {line}")
    if not report["verified"]:
        cli_support.out.print("未核实：所用标准凭记忆录入，请对照规范原文")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sunlight)
