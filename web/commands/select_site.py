"""``project-box select-site``: candidates for a search, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gis.planning import site_selection_service as selection
from project_box.kernel.errors import BadInput
from web.cli_support import FAILED_CHECK, database, emit_json, explained, table

_WORDS = {
    "pass": "[green]候选[/green]",
    "undecided": "[magenta]无法判定[/magenta]",
    "fail": "[red]已排除[/red]",
}


def select_site(
    file: Annotated[
        Path | None, typer.Argument(help="选址条件 JSON 文件 (search), 同 POST /api/v1/selection")
    ] = None,
    area_min: Annotated[float | None, typer.Option(help="面积下限 ㎡")] = None,
    area_max: Annotated[float | None, typer.Option(help="面积上限 ㎡")] = None,
    use: Annotated[list[str] | None, typer.Option("--use", help="用地代码 (可重复)")] = None,
    far_min: Annotated[float | None, typer.Option(help="容积率上限不低于")] = None,
    slope_max: Annotated[int | None, typer.Option(help="坡度不高于 (1-5)")] = None,
    near: Annotated[
        list[str] | None, typer.Option("--near", metavar="LAYER:M", help="到图层不远于 (可重复)，如 DLHX:100")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """策划选址 (rank candidate sites with reasons); exit code 1 when there is no candidate."""
    with explained(as_json=as_json):
        document = _document(file)
        stated = {"area_min": area_min, "area_max": area_max, "far_min": far_min, "slope_max": slope_max}
        document |= {k: v for k, v in stated.items() if v is not None}
        if use:
            document["uses"] = use
        if near:
            document["distances"] = [_near(text) for text in near]
        search = selection.read_search(document)
        with database() as opened, opened.transaction() as session:
            answer = selection.select_sites(session, search)
    if as_json:
        emit_json(answer)
    else:
        counts = answer["counts"]
        table(
            f"看了 {counts['looked_at']:,} 处：候选 {counts['candidates']}，无法判定 {counts['undecided']}，"
            f"排除 {counts['excluded']}",
            ["名次", "候选", "结论", "得分", "面积 ㎡", "理由"],
            [
                [
                    c["rank"], c["label"], _WORDS[c["outcome"]], c["score"], f"{c['area_m2']:,.2f}",
                    "；".join(c["reasons"]),
                ]
                for c in answer["candidates"]
            ],
            right=[0, 3, 4],
        )  # fmt: skip
    if not answer["candidates"]:
        raise typer.Exit(FAILED_CHECK)


def _document(file: Path | None) -> dict[str, object]:
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(
            f"{file.name} 读不出 JSON", f"{file.name}: {error}", code="search_invalid", place=file.name
        ) from error
    if not isinstance(found, dict):
        raise BadInput(f"{file.name} 应为 JSON 对象", "not an object", code="search_invalid", place=file.name)
    return found


def _near(text: str) -> dict[str, object]:
    layer, _, metres = text.partition(":")
    try:
        return {"layer": layer, "most_m": float(metres)}
    except ValueError as error:
        raise BadInput(
            f"“{text[:30]}”应如 DLHX:100", "expected LAYER:METRES", code="search_invalid", place="--near"
        ) from error


def register(app: typer.Typer) -> None:
    """Add ``select-site``."""
    app.command("select-site")(select_site)
