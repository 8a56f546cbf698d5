"""``project-box site``: read and validate one boundary file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from shapely.geometry.base import BaseGeometry

from gis.boundaries.boundary import BoundaryReading, load_file, read_boundary, summary
from gis.boundaries.export import export_boundary, format_of
from gis.boundaries.repair import proposals, repair
from gis.crs import is_geographic, local_to_metres
from gis.crs import name as crs_name
from gis.source_crs import parse_crs
from project_box.kernel.errors import BadInput
from web.cli_support import FAILED_CHECK, emit_json, err, explained, out, table

LEVELS = {"error": "[red]错误[/red]", "warning": "[yellow]警告[/yellow]", "info": "说明"}


def read_input(path: Path) -> bytes:
    """Bytes of a file named on the command line.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        return load_file(path)
    except OSError as error:
        raise BadInput(
            f"读不到文件 {path}",
            f"cannot read {path}: {error.strerror}",
            code="file_unreadable",
            remedy="检查文件名与权限",
            remedy_en="check the name of the file and its rights",
        ) from error


def print_issues(issues: list[dict[str, Any]]) -> None:
    """A table of issues, when there are any."""
    if issues:
        table(
            "问题 Issues",
            ["级别", "代码", "行", "说明", "怎么办"],
            [[LEVELS[i["level"]], i["code"], i["line"], i["message"], i["remedy"]] for i in issues],
            right=[2],
        )


def site(
    file: Annotated[
        Path,
        typer.Argument(
            help="界址文件：TXT、Excel 坐标表、CSV、GeoJSON、SHP、GPKG、KML、GML、DXF、MapInfo、WKT … (boundary file)"
        ),
    ],
    crs: Annotated[
        str | None,
        typer.Option(
            "--crs",
            metavar="CRS",
            help="文件没有写明时的坐标系：EPSG 代码如 4547、gcj02、bd09、已登记的城市坐标系、参数 YAML、PROJ 或 WKT",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="OUT", help="另存为 .txt .dxf .geojson .gpkg .zip(SHP) .kml"),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="ID",
            help="接受一条修复建议（可多次），all 为全部推荐的 (accept a repair proposal)",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """读取并校验用地红线 (read and validate a site boundary); exit code 1 when there are errors."""
    with explained(as_json=as_json):
        reading = read_boundary(file.name, read_input(file), crs=parse_crs(crs, files=True))
        reading = repair(reading, accept or [])
        if export is not None and reading.ok:
            _export(reading, export, file.stem)
    plain = summary(reading) | {
        "repairs": [p.plain() for p in proposals(reading)],
        "repaired": reading.attributes.get("repairs", []),
    }
    if as_json:
        emit_json(plain)
    else:
        _print(file, plain)
        if export is not None and reading.ok:
            err.print(f"已导出：{export}", highlight=False)
    if not reading.ok:
        raise typer.Exit(FAILED_CHECK)


def _export(reading: BoundaryReading, path: Path, name: str) -> None:
    """Write a usable boundary in the format the file name asks for.

    Raises:
        BadInput: the format or its CRS does not suit, or the file cannot be written.
    """
    assert reading.geometry is not None and reading.crs is not None
    geometry: BaseGeometry = reading.geometry
    format_name, epsg = format_of(path), reading.crs
    if format_name in ("txt", "dxf") and is_geographic(epsg):
        geometry, epsg = local_to_metres(geometry, epsg)
        err.print(
            f"{format_name.upper()} 只能写平面坐标，按 EPSG:{epsg} {crs_name(epsg)} 导出", highlight=False
        )
    written = export_boundary(geometry, epsg, format_name, name=name)
    try:
        path.write_bytes(written.data)
    except OSError as error:
        raise BadInput(
            f"写不了文件 {path}",
            f"cannot write {path}: {error.strerror}",
            code="file_unwritable",
            place="--export",
            remedy="检查文件夹与权限",
            remedy_en="check the folder and its rights",
        ) from error


def _print(file: Path, plain: dict[str, Any]) -> None:
    area = plain["area_m2"]
    rows: list[list[Any]] = [
        ["格式 Format", plain["format"]],
        ["坐标系 CRS", f"EPSG:{plain['crs']} {plain['crs_name']}" if plain["crs"] else None],
        ["平面面积 Area", f"{area:,.2f} ㎡" if area is not None else None],
        [
            "椭球面积 Ellipsoidal",
            f"{plain['ellipsoidal_area_m2']:,.2f} ㎡" if plain["ellipsoidal_area_m2"] is not None else None,
        ],
        [
            "申报面积 Declared",
            f"{plain['declared']:,.2f} ㎡ ({plain['declared_text']})" if plain["declared"] else None,
        ],
        ["地块 / 内圈 Parts / holes", f"{plain['parts']} / {plain['holes']}"],
    ]
    if plain["area_crs"] not in (None, plain["crs"]):
        rows.insert(3, ["面积坐标系 Measured in", f"EPSG:{plain['area_crs']} {crs_name(plain['area_crs'])}"])
    if plain["area_difference"]:
        rows.append(["两者之差 Difference", plain["area_difference"]["text"]])
    table(f"用地红线 {file.name}", ["项", "值"], rows)
    print_issues(plain["issues"])
    if plain["repairs"]:
        table(
            "修复建议 Proposed repairs",
            ["编号（--accept）", "说明", "位置", "推荐"],
            [
                [
                    r["id"],
                    r["message"],
                    f"({r['at'][0]:.3f}, {r['at'][1]:.3f})",
                    "是" if r["recommended"] else "二选一",
                ]
                for r in plain["repairs"]
            ],
        )
    out.print("[green]✓ 可以使用[/green]" if plain["ok"] else "[red]✕ 不能使用[/red]")


def register(app: typer.Typer) -> None:
    """Add ``site``."""
    app.command("site")(site)
