"""``project-box check``: one boundary file against every plan layer."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from gis import service
from gis.boundaries.boundary import read_boundary, summary
from gis.check import report as map_report
from gis.check.batch import check_sites
from gis.check.conflict import Intent
from gis.check.site_file import read_sites
from gis.check.use_rules import parse_uses
from gis.source_crs import SourceCrs, parse_crs
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome
from web.cli_support import FAILED_CHECK, database, emit_json, err, explained, out, table
from web.commands.site import print_issues, read_input

COLOUR = {"hit": "red", "touch": "yellow", "clear": "green", "not_checked": "magenta"}
OUTCOME = {
    "pass": "[green]符合[/green]",
    "fail": "[red]不符合[/red]",
    "note": "[yellow]提示[/yellow]",
    "undecided": "[magenta]无法判定[/magenta]",
}


def check(
    file: Annotated[Path, typer.Argument(help="界址文件 (boundary file, any format of `site`)")],
    crs: Annotated[
        str | None, typer.Option("--crs", metavar="CRS", help="文件没有写明时的坐标系 (as for `site`)")
    ] = None,
    height: Annotated[
        float | None,
        typer.Option("--height", metavar="M", help="建筑顶部海拔 (top elevation, m), 用于机场净空"),
    ] = None,
    building: Annotated[
        float | None, typer.Option("--building", metavar="M", help="最高建筑高度 (building height, m)")
    ] = None,
    ground: Annotated[
        float | None, typer.Option("--ground", metavar="M", help="地面高程 (ground elevation, m)")
    ] = None,
    use: Annotated[
        str, typer.Option("--use", metavar="CODES", help="拟建用途，如 0701:90;0901:10 (intended uses, %)")
    ] = "",
    html: Annotated[Path | None, typer.Option("--html", help="另存可离线打开的地图报告 (map report)")] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="文件里每个面都是一个用地，逐个核查 (every area is a site)")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="批量核查的进程数 (processes)")
    ] = 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://…", help="在 Dask 集群上批量核查")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """多规合一检查 (check a site against all plan layers); exit code 1 for a finding 不符合 or 无法判定.

    With --batch every area of the file is a site; --json then prints one line of JSON for each.
    """
    if batch:
        _batch(file, crs, workers, scheduler, as_json)
        return
    with explained(as_json=as_json):
        intent = Intent(building, ground, parse_uses(use))
        reading = read_boundary(file.name, read_input(file), crs=parse_crs(crs, files=True))
        if not reading.ok or reading.geometry is None or reading.crs is None:
            plain = summary(reading)
            if as_json:
                emit_json(plain)
            else:
                print_issues(plain["issues"])
                out.print("[red]✕ 红线不能使用，未做检查[/red]")
            raise typer.Exit(FAILED_CHECK)
        with database() as opened, opened.transaction() as session:
            report = service.check_geometry(
                session, reading.geometry, reading.crs, height_m=height, intent=intent
            )
        payload = report.payload()
        if html is not None:
            html.write_bytes(
                map_report.folium_report(payload, reading.geometry, crs=reading.crs, title=file.name)
            )
            if not as_json:
                err.print(f"地图报告：{html}", highlight=False)
    if as_json:
        emit_json(payload | {"boundary": summary(reading)})
    else:
        _print(file.name, payload, report.timings["total_ms"])
    if report.outcome in (Outcome.FAIL, Outcome.UNDECIDED):
        raise typer.Exit(FAILED_CHECK)


def _batch(file: Path, crs: str | None, workers: int, scheduler: str | None, as_json: bool) -> None:
    """Check every area of a file; JSON lines in the order of the file, or the number of sites by conclusion."""
    totals: Counter[str] = Counter()
    with explained(as_json=as_json):
        stated = parse_crs(crs)
        if isinstance(stated, SourceCrs):
            raise BadInput(
                "批量核查的文件须使用有 EPSG 代码的坐标系",
                "a batch needs a CRS with an EPSG code",
                code="CRS-INVALID",
                place="--crs",
            )
        sites = read_sites(file, crs=stated)
        started = time.perf_counter()
        with database() as opened:
            for answer in check_sites(
                opened.url, sites, on=service.today(), workers=workers, scheduler=scheduler
            ):
                totals[answer.outcome or "error"] += 1
                if as_json:
                    sys.stdout.buffer.write(answer.json + b"\n")
    seconds = time.perf_counter() - started
    err.print(f"{len(sites.numbers):,} 个用地，{seconds:.1f} 秒", highlight=False)
    if not as_json:
        table(
            f"批量核查 {file.name}",
            ["结论", "用地"],
            [[OUTCOME.get(k, "[red]出错[/red]"), n] for k, n in sorted(totals.items())],
            right=[1],
        )
    if set(totals) - {"pass", "note"}:
        raise typer.Exit(FAILED_CHECK)


def _print(name: str, payload: dict[str, Any], milliseconds: float) -> None:
    table(
        f"多规合一检查 {name} · {payload['site_area_m2']:,.2f} ㎡ · EPSG:{payload['crs']} · {milliseconds:.0f} ms",
        ["代码", "图层", "状态", "结论", "面积 ㎡", "说明"],
        [
            [
                line["code"],
                line["name"],
                _status(line),
                OUTCOME[line["outcome"]],
                f"{line['overlap_m2']:,.2f}" if line["status"] == "hit" else "",
                line["message"] if line["outcome"] != "pass" or line["status"] == "hit" else "",
            ]
            for line in payload["layers"]
        ],
        right=[4],
    )
    outcomes = [finding["outcome"] for finding in payload["findings"]]
    out.print(" · ".join(f"{words} {outcomes.count(key)}" for key, words in OUTCOME.items()))
    planning = payload["planning"]
    if planning is not None and planning["conditions"]:
        table(
            f"规划条件（{planning['reason']}）",
            ["代码", "条件", "依据"],
            [[c["code"], c["text"], c["clause"]] for c in planning["conditions"]],
        )
    out.print(f"结论：{OUTCOME[payload['outcome']]}")


def _status(line: dict[str, Any]) -> str:
    """The status word; what an overlap means depends on the policy, so only a forbidden one is red."""
    colour = COLOUR[line["status"]]
    if line["status"] == "hit" and line["outcome"] != "fail":
        colour = "green" if line["outcome"] == "pass" else "yellow"
    return f"[{colour}]{line['status_name']}[/{colour}]"


def register(app: typer.Typer) -> None:
    """Add ``check``."""
    app.command("check")(check)
