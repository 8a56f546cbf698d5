"""``project-box layers``: list, import and show plan layers."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gis import service
from gis.deliveries.fields import stated_codes, stated_fields
from gis.differences import decision_service
from gis.layers import sld
from gis.layers.layer import layer_catalogue
from gis.layers.progress import Progress as Import
from gis.layers.progress import Stage
from gis.source_crs import parse_crs
from project_box.kernel.errors import BadInput
from web.cli_support import database, emit_json, err, explained, table

_STAGES = {Stage.READING: "读取", Stage.WRITING: "已读完", Stage.CLOSING: "设为现行"}

layers = typer.Typer(help="规划图层 (plan layers): list, import, show, activate.", no_args_is_help=True)


@layers.command("list")
def list_layers(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """所有图层及其现行版本 (all layers and their current versions)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        rows = service.list_layers(session)
    if as_json:
        emit_json({"layers": rows})
        return
    table(
        "规划图层",
        ["类别", "代码", "名称", "管控方式", "版本", "生效", "图斑", "修复", "坐标系"],
        [
            [
                r["family_name"],
                r["code"],
                r["name"],
                r["policy_name"],
                *(
                    [
                        v["version"],
                        v["valid_from"],
                        f"{v['features']:,}",
                        v["repaired"] or "",
                        v["source_crs"],
                    ]
                    if (v := r["version"])
                    else ["[magenta]无数据[/magenta]", "", "", "", ""]
                ),
            ]
            for r in rows
        ],
        right=[6, 7],
    )


@layers.command("import")
def import_layer(
    code: Annotated[str, typer.Argument(help="图层代码，如 YJJBNT (layer code)")],
    file: Annotated[
        Path, typer.Argument(help="矢量数据：GPKG、SHP（可压缩）、GeoJSON、TopoJSON、GML、FileGDB …")
    ],
    version: Annotated[str, typer.Option("--version", help="版本名，每个图层唯一 (name of the version)")],
    valid_from: Annotated[str, typer.Option("--valid-from", metavar="YYYY-MM-DD", help="生效日期")] = "",
    valid_to: Annotated[
        str,
        typer.Option("--valid-to", metavar="YYYY-MM-DD", help="失效日期，最后一天 (last day; default: open)"),
    ] = "",
    crs: Annotated[
        str,
        typer.Option(
            "--crs", metavar="EPSG", help="文件没有写明时的坐标系；或 gcj02、地方坐标系（YAML）、PROJ、WKT"
        ),
    ] = "",
    layer: Annotated[
        str | None,
        typer.Option("--layer", help="文件里的图层名，* 为全部 (when the file has several; * takes all)"),
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="字段对应的列，可多次 (which column a field is)"),
    ] = None,
    coded: Annotated[
        list[str] | None,
        typer.Option(
            "--code",
            metavar="FIELD:WRITTEN=MEANT",
            help="代码对照，可多次，如 YDDM:R2=07 (what a code means)",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """导入一个版本并设为现行 (import a version and make it current)."""
    with explained(as_json=as_json):
        day = _day(valid_from)
        last_day = _day(valid_to, "--valid-to") if valid_to else None
        stated = parse_crs(crs, files=True)
        fields, codes = stated_fields(mapped or []), stated_codes(coded or [])
        bar, started = _progress_bar(as_json), time.monotonic()
        with database() as opened, opened.transaction() as session, bar:
            task = bar.add_task(f"导入 {code}", total=None)

            def told(now: Import) -> None:
                words = f"导入 {code}：{_STAGES[now.stage]} {now.read:,}，修复 {now.repaired:,}，写入"
                bar.update(task, completed=now.written, total=now.total - now.dropped, description=words)

            row = service.import_layer(
                session,
                code,
                file,
                version=version,
                valid_from=day,
                valid_to=last_day,
                crs=stated,
                layer=layer,
                fields=fields,
                codes=codes,
                progress=told,
            )
            plain = service.version_plain(row) | {"code": row.layer_code, "issues": row.issues}
    if as_json:
        emit_json(plain)
    else:
        _print_version(plain, time.monotonic() - started)


class _Speed(ProgressColumn):
    """Features a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} 个/秒" if task.speed else "")


def _progress_bar(hidden: bool) -> Progress:
    """Features, time, what is left and speed, on the error output where that is a terminal; gone when all is done."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        _Speed(),
        console=err,
        transient=True,
        disable=hidden or not err.is_terminal,
    )


def _day(text: str, place: str = "--valid-from") -> dt.date:
    if not text:
        return service.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"日期“{text}”应写成 2026-01-01", f"not a date: {text}", code="bad_date", place=place
        ) from error


def _print_version(plain: dict[str, Any], seconds: float | None = None) -> None:
    table(
        f"{plain['code']} {plain['version']}",
        ["项", "值"],
        [
            ["有效期", f"{plain['valid_from']} – {plain['valid_to'] or ''}"],
            ["图斑", f"{plain['features']:,}"],
            ["切片", f"{plain['pieces']:,}"],
            ["面积 ㎡", f"{plain['area_m2']:,.2f}"],
            ["原坐标系", f"EPSG:{plain['source_crs']}"],
            ["核查坐标系", f"EPSG:{plain['check_crs']}"],
            ["修复", plain["repaired"]],
            ["未导入", plain["dropped"]],
            ["来源", plain["source_name"]],
            *(
                [["用时", f"{seconds:,.1f} 秒，每秒 {plain['features'] / seconds:,.0f} 个"]]
                if seconds
                else []
            ),
        ],
    )
    if plain["issues"]:
        table(
            "修复与略过",
            ["图斑", "说明"],
            [["" if i["fid"] is None else i["fid"], i["message"]] for i in plain["issues"][:40]],
            right=[0],
        )


@layers.command("show")
def show(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """一个图层的规则、字段与各版本 (rules, fields and versions of a layer)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = service.show_layer(session, code)
    if as_json:
        emit_json(plain)
        return
    clause = plain["clause"]
    table(
        f"{plain['code']} {plain['name']}",
        ["项", "值"],
        [
            ["类别", plain["family_name"]],
            ["管控方式", plain["policy_name"]],
            ["依据", f"{clause['text']}{'' if clause['verified'] else '(待核对原文)'}"],
            ["触发评估", plain["trigger"]],
            ["字段", "、".join(f"{k} {f['name']}" for k, f in plain["fields"].items())],
        ],
    )
    table(
        "版本",
        ["版本", "现行", "生效", "失效", "图斑", "切片", "修复", "来源", "导入时间"],
        [
            [
                v["version"],
                "✓" if v["current"] else "",
                v["valid_from"],
                v["valid_to"],
                v["features"],
                v["pieces"],
                v["repaired"],
                v["source_name"],
                v["imported_at"][:16],
            ]
            for v in plain["versions"]
        ],
        right=[4, 5, 6],
    )


@layers.command("pack")
def pack(
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """把现行版本打包供快速核查 (pack current versions for fast checks, as the worker does after an import)."""
    packed: list[str] = []
    with explained(as_json=as_json), database() as opened:
        more = True
        while more:
            with opened.transaction() as session:
                row = service.make_packs(session)
                more = row is not None
                packed += [row.layer_code] if row is not None else []
    if as_json:
        emit_json({"packed": packed})
    else:
        err.print(f"已打包：{'、'.join(packed)}" if packed else "没有需要打包的图层", highlight=False)


@layers.command("activate")
def activate(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    version: Annotated[str, typer.Argument(help="要恢复的版本 (version to make current)")],
    reason: Annotated[
        str, typer.Option("--reason", help="理由，记入审计 (why; kept in the audit chain)")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """把已导入的版本设为现行 (make an imported version current, e.g. to roll back)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        row = service.activate_version(session, None, code, version, reason=reason.strip())
        plain = service.version_plain(row) | {"code": row.layer_code, "issues": row.issues}
    if as_json:
        emit_json(plain)
    else:
        _print_version(plain)


@layers.command("end")
def end(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    version: Annotated[str, typer.Argument(help="版本 (version that ends)")],
    reason: Annotated[str, typer.Option("--reason", help="理由，记入审计 (why; kept in the audit chain)")],
    valid_to: Annotated[
        str, typer.Option("--valid-to", metavar="YYYY-MM-DD", help="最后一天 (last day; default: yesterday)")
    ] = "",
    is_open: Annotated[
        bool, typer.Option("--open", help="取消失效日期 (take an end back: no last day is known)")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """给已导入的版本设定或取消失效日期 (say until which day an imported version holds)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        last = _day(valid_to, "--valid-to") if valid_to else service.today() - dt.timedelta(days=1)
        row = service.end_version(session, None, code, version, None if is_open else last, reason=reason)
        plain = service.version_plain(row) | {"code": row.layer_code, "issues": row.issues}
    if as_json:
        emit_json(plain)
    else:
        _print_version(plain)


@layers.command("valid-on")
def valid_on(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="日期 (day)")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """某日有效的版本 (which version was valid on a day)."""
    with explained(as_json=as_json), database() as opened, opened.transaction() as session:
        plain = decision_service.version_on(session, code, _day(day))
    if as_json:
        emit_json(plain)
    else:
        table(
            plain["code"],
            ["日期", "版本", "生效", "失效"],
            [[plain["on"], plain["version"], plain["valid_from"], plain["valid_to"]]],
        )


@layers.command("sld")
def sld_document(
    code: Annotated[str, typer.Argument(help="图层代码 (layer code)")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="写入文件 (default: print)")] = None,
    version: Annotated[str, typer.Option("--sld-version", help="1.0.0 或 1.1.0")] = "1.0.0",
) -> None:
    """图层样式导出为 OGC SLD (the layer's symbols as SLD)."""
    with explained(as_json=False):
        if version not in ("1.0.0", "1.1.0"):
            raise BadInput(
                f"没有 SLD 版本 {version[:20]}",
                "SLD 1.0.0 or 1.1.0",
                code="unknown_version",
                place="--sld-version",
                remedy="填写 1.0.0 或 1.1.0",
                remedy_en="give 1.0.0 or 1.1.0",
            )
        data = sld.document(layer_catalogue().get(code), "1.1.0" if version == "1.1.0" else "1.0.0")
        if output is not None:
            write_file(output, data)
    if output is None:
        typer.echo(data.decode())


def write_file(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(
            f"写不了文件 {path}",
            f"cannot write {path}: {error}",
            code="file_unwritable",
            place=str(path),
            remedy="核对文件夹是否存在、是否可写",
            remedy_en="check that the folder exists and can be written",
        ) from error


def register(app: typer.Typer) -> None:
    """Add ``layers``."""
    app.add_typer(layers, name="layers")
