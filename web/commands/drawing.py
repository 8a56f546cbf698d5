"""``project-box drawing``: check a drawing before it is handed in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from web import cli_drawing, cli_support

if TYPE_CHECKING:
    from drawings.cad import CadFile
    from drawings.deadline import Deadline
    from drawings.drawing import DrawingModel
    from drawings.interpreting.proposal import Applied
    from drawings.interpreting.survey import Survey
    from drawings.reading import Reading
    from drawings.standards.standards import Standard


def drawing(
    file: Annotated[
        Path, typer.Argument(help="DXF 文件（R12–R2018，ASCII 或二进制）、DWG 文件（R2000–R2018）或 IFC 文件")
    ],
    standard: Annotated[
        str | None,
        typer.Option(
            "--standard", "-s", help="制图标准代码或 YAML 文件；不写则按图层自动识别 (project-box, …)"
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", "-u", help="确认图形单位 (m, mm, cm …);不写则由文件头与图形迹象判断"),
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", "-l", help="给图层指定角色，可多次：--layer 대지경계선=site_boundary"),
    ] = None,
    accept_guesses: Annotated[
        bool, typer.Option("--accept-guesses", help="采纳按图层名提议的角色（把握足够的）")
    ] = False,
    fit: Annotated[
        str | None,
        typer.Option("--fit", help="按对应点定位：x1,y1=E1,N1;x2,y2=E2,N2（图上坐标=实地坐标）"),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", help="采纳修复建议：编号、类别（gap、overshoot、undershoot、cells）或 all；可多次"
        ),
    ] = None,
    accepted_by: Annotated[str, typer.Option("--accepted-by", help="采纳人，记在修复上")] = "cli",
    approved_area: Annotated[
        float | None, typer.Option("--approved-area", help="批准用地面积（㎡），与申报和图上面积三方核对")
    ] = None,
    write_audit: Annotated[
        Path | None,
        typer.Option("--write-audit", help="把问题画进图纸副本（DXF），放在 PB_AUDIT_ 开头的图层上"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 文档")] = False,
) -> None:
    """读取并检查一张图纸：图层、角色、面积、标注和带位置的问题。

    Reads a drawing, prints layers, roles, areas, dimensions and coded issues with place and remedy.
    Exit code 1 when an error-level issue was found, 2 when the file cannot be read at all.
    """
    with cli_support.explained(as_json=as_json):
        wanted = _Wanted(
            file,
            standard,
            unit,
            _layers_given(layer or []),
            accept_guesses,
            fit,
            accept or [],
            accepted_by,
            approved_area,
        )
        _known_unit(unit)
        report, cad, model = _report(wanted)
        if write_audit is not None and model.readable:
            _write_audit(write_audit, file, cad, model)
    _finish(report, model, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked about which drawing; ``layers``: layer → role as a person gives it."""

    file: Path
    standard: str | None
    unit: str | None
    layers: dict[str, str]
    accept_guesses: bool
    fit: str | None
    accept: list[str]
    accepted_by: str
    approved_area: float | None


def _report(wanted: _Wanted) -> tuple[dict[str, Any], CadFile, DrawingModel]:
    """Read, survey, interpret, measure: each step has the time that the ones before it have left."""
    from drawings.deadline import Deadline
    from drawings.interpreting.georeference import fit as fit_pairs
    from drawings.interpreting.georeference import fit_report, parse_pairs
    from drawings.interpreting.interpret import interpret
    from drawings.interpreting.proposal import mark_proposed
    from drawings.interpreting.survey import survey
    from drawings.reading import reading
    from drawings.report import drawing_report
    from drawings.shapes.repairs import Acceptance

    settings = reading()
    clock = Deadline(settings.limits.total_seconds)
    pairs = parse_pairs(wanted.fit) if wanted.fit else None
    cad = _read(wanted.file, wanted.unit, settings)
    facts = survey(cad, settings.within(clock.left / 2))
    chosen, taken = _standard(wanted.standard, wanted.layers, wanted.accept_guesses, cad, facts)
    evident = _evident(wanted, cad, facts)
    if evident is not None:
        chosen, taken = evident.standard, evident.cad
    model = interpret(
        taken,
        chosen,
        settings=settings.within(clock.left),
        guesses=facts.guesses(),
        acceptance=Acceptance(frozenset(wanted.accept), wanted.accepted_by),
        approved_area_m2=wanted.approved_area,
    )
    _known_repairs(wanted.accept, model)
    fitted = fit_pairs(pairs, cad.units.metres_per_unit) if pairs else None
    report = drawing_report(model, facts, standard=chosen, settings=settings.within(clock.left))
    report["proposed"] = evident is not None and model.readable
    if evident is not None:
        mark_proposed(report, facts, evident)
    elif model.readable:
        report["proposal"] = _proposal(cad, facts, model, chosen, settings, clock)
    if fitted is not None:
        report["georeference"] = {**(report["georeference"] or {}), "fit": fit_report(fitted, cad.extents)}
    return report, cad, model


def _evident(wanted: _Wanted, cad: CadFile, facts: Survey) -> Applied | None:
    """Roles so well borne out that they are computed with unasked; None where a person chose, or they are not."""
    from drawings.interpreting.proposal import applied, decided
    from drawings.standards.standards import detect

    if wanted.standard or wanted.layers or wanted.accept_guesses or not cad.readable or cad.ifc is not None:
        return None
    base = detect(name for name, layer in cad.layers.items() if layer.entities)
    taken = applied(cad, facts, base)
    return taken if taken is not None and decided(facts, taken, base) else None


def _read(file: Path, unit: str | None, settings: Reading) -> CadFile:
    from drawings.cad import read
    from project_box.kernel.errors import BadInput

    cli_support.existing(file)
    try:
        return read(file, unit=unit, settings=settings)
    except OSError as error:
        raise BadInput(
            f"文件无法打开：{file}",
            f"{file}: {error}",
            place=str(file),
            remedy="检查文件的权限，或换一个文件",
            remedy_en="check the rights of the file, or take another",
        ) from error


def _proposal(
    cad: CadFile,
    facts: Survey,
    model: DrawingModel,
    chosen: Standard | None,
    settings: Reading,
    clock: Deadline,
) -> dict[str, Any] | None:
    """Roles for the layers that are left, and what they would give; None once the drawing's time is over."""
    from drawings.interpreting.proposal import proposal
    from drawings.standards.standards import get_standard

    if clock.left <= 0:
        return None
    base = chosen or (get_standard(model.standard) if model.standard else None)
    return proposal(cad, facts, settings.within(clock.left), base)


def _known_unit(unit: str | None) -> None:
    from drawings.reading import reading
    from project_box.kernel.errors import BadInput

    known = reading().units.metres
    if unit is not None and unit not in known:
        raise BadInput(
            f"不认识的单位“{unit}”",
            f"unknown unit {unit!r}",
            place="--unit",
            remedy="可选：" + "、".join(known),
            remedy_en="choose one of " + ", ".join(known),
        )


def _write_audit(target: Path, file: Path, cad: CadFile, model: DrawingModel) -> None:
    from drawings.cad.audit_copy import audit_copy
    from drawings.shapes.repairs import repair_lines
    from project_box.kernel.errors import BadInput

    if target.resolve() == file.resolve():
        raise BadInput(
            "副本不能覆盖原图",
            "the copy must not replace the drawing",
            place="--write-audit",
            remedy="换一个文件名",
            remedy_en="choose another name of the file",
        )
    repairs = [
        (f"{r['id']} {r['message']}", repair_lines(r, cad.units.metres_per_unit))
        for r in model.repairs
        if not r["accepted"]
    ]
    try:
        target.write_bytes(audit_copy(file.read_bytes(), cad, model.issues, repairs))
    except OSError as error:
        raise BadInput(
            f"无法写入 {target}",
            f"{target}: {error}",
            place=str(target),
            remedy="检查路径",
            remedy_en="check the path",
        ) from error


def _known_repairs(wanted: list[str], model: DrawingModel) -> None:
    from drawings.shapes.repairs import KINDS
    from project_box.kernel.errors import BadInput

    known = {r["id"] for r in model.repairs} | set(KINDS) | {"all"}
    for name in wanted:
        if name not in known:
            offered = [r["id"] for r in model.repairs if not r["accepted"]]
            raise BadInput(
                f"没有修复建议“{name}”",
                f"no proposed repair {name!r}",
                place="--accept",
                remedy="可选：" + "、".join([*offered[:20], *KINDS, "all"]),
                remedy_en="choose from " + ", ".join([*offered[:20], *KINDS, "all"]),
            )


def _layers_given(texts: list[str]) -> dict[str, str]:
    """``NAME=role`` options as layer → role."""
    from drawings.standards.standards import roles
    from project_box.kernel.errors import BadInput

    out: dict[str, str] = {}
    for text in texts:
        name, sign, role = text.rpartition("=")
        if not sign or not name.strip() or role.strip() not in roles().roles:
            raise BadInput(
                f"“{text}”不是 图层=角色",
                f"{text!r} is not LAYER=ROLE",
                place="--layer",
                remedy="角色可选：" + "、".join(f"{code}（{r.zh}）" for code, r in roles().roles.items()),
                remedy_en="roles: " + ", ".join(roles().roles),
            )
        out[name.strip()] = role.strip()
    return out


def _standard(
    code: str | None, given: dict[str, str], accept: bool, cad: CadFile, facts: Survey
) -> tuple[Standard | None, CadFile]:
    """The standard asked for, with the layers a person has given roles to or whose guesses are accepted; and the
    drawing with the layers divided that hold several roles."""
    from drawings.interpreting.proposal import applied
    from drawings.standards.guess import accepted
    from drawings.standards.standards import detect

    base = _named_standard(code) if code else None
    if not given and not accept:
        return base, cad
    base = base or detect(name for name, layer in cad.layers.items() if layer.entities)
    taken = applied(cad, facts, base, given) if accept else None
    if taken is not None:
        return taken.standard, taken.cad
    return (accepted(given, base) if given else base), cad


def _named_standard(name: str) -> Standard:
    """A shipped standard by its code, or the one of a YAML file, such as the page of standards gives out."""
    from drawings.standards.standard_service import check_standard
    from drawings.standards.standards import get_standard
    from project_box.kernel.errors import BadInput

    path = Path(name)
    if path.suffix.lower() not in (".yaml", ".yml"):
        return get_standard(name)
    try:
        return check_standard(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"制图标准文件读不了：{name}", f"cannot read the standard {name}", code="standard", place=name,
            remedy="给出 UTF-8 编码的 YAML 文件", remedy_en="give a YAML file in UTF-8",
        ) from error  # fmt: skip


def _finish(report: dict[str, Any], model: DrawingModel, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(cli_drawing.as_json(report))
    else:
        cli_drawing.show(report)
    if not model.readable:
        raise typer.Exit(cli_support.UNUSABLE)
    if model.has_errors:
        raise typer.Exit(cli_support.FAILED_CHECK)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drawing")(drawing)
