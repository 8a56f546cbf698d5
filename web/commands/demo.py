"""``project-box demo``: the whole chain for three sample projects, headless."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from web.cli_support import FAILED_CHECK, database, emit_json, err, explained, out, table

_COLOURS = {"A": "green", "B": "red", "C": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo(
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print one JSON document")] = False,
        keep: Annotated[
            bool, typer.Option("--keep", help="地图报告也存入 var/demo · keep the map reports too")
        ] = False,
    ) -> None:
        """走通全流程 · walk three sample projects from site file to sealed permit through the HTTP API.

        Each run opens new projects and touches no existing one. One project is granted its permit (saved in var/demo
        and verified), two are refused with the reasons found. Exit code 1 when that is not how it ends.
        """
        from web import demo as chain  # late, so that --help stays quick

        def tell(key: str, step: str, text: str) -> None:
            status.stop()
            (err if as_json else out).print(
                f"[{_COLOURS[key]}]{key}[/] [bold]{step}[/] {escape(text)}", highlight=False, soft_wrap=True
            )

        status = err.status("样例新区：首次运行，生成规划图层 · making the sample city")

        def progress(step: int, steps: int, what: str) -> None:
            status.update(f"样例新区 {step}/{steps} {what}")

        with explained(as_json=as_json), database() as opened:
            status.start()
            try:
                report = chain.run(opened, tell=tell, progress=progress, keep=keep)
            finally:
                status.stop()
        if as_json:
            emit_json(report)
        else:
            _summary(report["projects"])
        granted, *refused = report["projects"]
        if not granted["permit"]["verified"] or any(p["permit"]["path"] for p in refused):
            raise typer.Exit(FAILED_CHECK)


def _summary(projects: list[dict[str, Any]]) -> None:
    rows = []
    for project in projects:
        permit = project["permit"]
        failed = [
            f["title"] for f in project["findings"] if f["outcome"] == "fail" and f["code"] != "decision"
        ]
        rows.append(
            (
                project["code"],
                project["name"],
                f"{project['boundary']['area_m2']:,.2f}",
                project["indicators"]["RJL"]["value"],
                f"{project['materials']['asked']} / {project['materials']['reused']}",
                "准予，印章有效" if permit["verified"] else "不予许可",
                "、".join(failed) or "—",
            )
        )
    table(
        "三个样例项目 · three sample projects",
        ("项目代码", "名称", "用地 ㎡", "容积率", "材料 需交/复用", "结果", "不符合项"),
        rows,
        right=(2, 3, 4),
    )
    for project in projects:
        if project["permit"]["path"]:
            out.print(
                f"许可证 permit: {project['permit']['path']}", highlight=False, soft_wrap=True, markup=False
            )
