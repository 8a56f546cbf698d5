"""A set of drawings as it is handed in: what may be in it, each file read once, and what they say together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from drawings.cad import CadFile, read
from drawings.deadline import Deadline
from drawings.drawing import DrawingModel
from drawings.interpreting.interpret import interpret
from drawings.interpreting.proposal import proposal_for
from drawings.interpreting.table import is_table, read_table
from drawings.model_pack import pack_model
from drawings.reading import reading
from drawings.report import drawing_report, issue_to_plain
from drawings.shapes.repairs import Acceptance
from drawings.sheets.sheet import build_sheet
from drawings.sheets.sheet_pack import pack
from drawings.standards.standards import Standard, get_standard
from project_box import service as box
from project_box.kernel.errors import BadInput, TooLarge
from project_box.kernel.finding import Issue, Level
from project_box.kernel.plain import to_plain

MAX_FILES = 60


class Phase(StrEnum):
    """How far one file has come; large ones stay minutes in each."""

    READING = "reading"
    SHAPES = "shapes"
    FIGURES = "figures"
    SHEET = "sheet"
    STORING = "storing"


#: called with (files read, their number, name of the file being read, how far it has come)
Progress = Callable[[int, int, str, Phase], None]
#: told how far the file being read has come
_Told = Callable[[Phase], None]
#: entries of one list of a report that are kept with a revision, and repairs kept with their geometry
MOST_LISTED, MOST_DRAWN = 2000, 500
_LISTS = ("areas", "dimensions", "texts")
_MEDIA_TYPES = {"dwg": "image/vnd.dwg", "ifc": "application/x-step"}


@dataclass(frozen=True, slots=True)
class ReadDrawing:
    """One drawing as it is kept: its report, and model and sheet packed. What was read is let go: it may be large."""

    name: str
    data: bytes
    media_type: str
    readable: bool
    kind: str
    standard: str | None
    issues: tuple[Issue, ...]
    areas: dict[str, float]
    report: dict[str, Any]
    model: bytes
    sheet: bytes


@dataclass(frozen=True, slots=True)
class HowToRead:
    """Standard (the best-fitting one for each file if None), unit and repairs a person confirmed, side table."""

    standard: Standard | None = None
    unit: str | None = None
    table: dict[str, dict[str, str]] | None = None
    acceptance: Acceptance | None = None


def read_set(
    named: Sequence[tuple[str, bytes]],
    *,
    standard: Standard | None,
    unit: str | None,
    acceptance: Acceptance | None,
    progress: Progress | None,
) -> list[ReadDrawing]:
    """Read the drawings of a set; the side table in it, if any, speaks for all of them.

    Raises:
        BadInput: a file cannot be read at all; ``details["issues"]`` says why.
    """
    tables = [(name, data) for name, data in named if is_table(name)]
    how = HowToRead(standard, unit, read_table(*tables[0]) if tables else None, acceptance)
    out: list[ReadDrawing] = []
    for number, (name, data) in enumerate(named):
        if not is_table(name):
            out.append(_read_one(name, data, how, partial(_tell, progress, number, len(named), name)))
    _require_readable(out)
    return out


def _tell(progress: Progress | None, number: int, total: int, name: str, stage: Phase) -> None:
    if progress is not None:
        progress(number, total, name, stage)


def _read_one(name: str, data: bytes, how: HowToRead, tell: _Told) -> ReadDrawing:
    """One drawing within its bound on time: what one step leaves of it the next one gets."""
    clock = Deadline(reading().limits.total_seconds)
    tell(Phase.READING)
    cad = read(data, name, unit=how.unit)
    settings = reading().within(clock.left)
    tell(Phase.SHAPES)
    model = interpret(cad, how.standard, table=how.table, settings=settings, acceptance=how.acceptance)
    tell(Phase.FIGURES)
    report = _report(cad, model, how.standard, clock) if model.readable else {}
    tell(Phase.SHEET)
    return ReadDrawing(
        name,
        data,
        _MEDIA_TYPES.get(cad.format, "image/vnd.dxf"),
        model.readable,
        model.kind if model.kind in ("site_plan", "building") else "other",
        model.standard,
        model.issues,
        _areas(model),
        report,
        pack_model(model) if model.readable else b"",
        pack(build_sheet(cad, model)) if model.readable else b"",
    )


def _report(cad: CadFile, model: DrawingModel, standard: Standard | None, clock: Deadline) -> dict[str, Any]:
    base = standard or (get_standard(model.standard) if model.standard else None)
    report = drawing_report(model, standard=standard, settings=reading().within(clock.left))
    proposal = proposal_for(cad, model, reading().within(clock.left), base)
    return shortened(to_plain(report | {"proposal": proposal}))


def shortened(report: dict[str, Any]) -> dict[str, Any]:
    """A report as it is kept and shown: ``left_out`` counts what long lists lose; the command line gives all of it."""
    left_out = {name: len(report[name]) - MOST_LISTED for name in _LISTS if len(report[name]) > MOST_LISTED}
    drawn = report["repairs"][:MOST_DRAWN]
    bare = [{**repair, "before": None, "after": None} for repair in report["repairs"][MOST_DRAWN:]]
    lists = {name: report[name][:MOST_LISTED] for name in left_out}
    return {**report, **lists, "repairs": drawn + bare, "left_out": left_out}


def _require_readable(drawings: Iterable[ReadDrawing]) -> None:
    bad = [d for d in drawings if not d.readable]
    if not bad:
        return
    issues = [issue_to_plain(i) for d in bad for i in d.issues if i.level is Level.ERROR]
    names = "、".join(d.name for d in bad)
    raise BadInput(
        f"图纸无法读取：{names}。没有保存任何文件",
        f"unreadable drawings: {names}; nothing was stored",
        code="drawing_unreadable",
        place="files",
        remedy=issues[0]["remedy"] if issues else None,
        remedy_en=issues[0]["remedy_en"] if issues else None,
        details={"issues": issues},
    )


def check_set(files: Sequence[tuple[str, bytes]], limit: int) -> list[tuple[str, bytes]]:
    """The files under safe names.

    Args:
        limit: bytes of all of them together.

    Raises:
        BadInput: nothing, two files of one name, two side tables, or a table alone. TooLarge: too many files or bytes.
    """
    if not files:
        raise BadInput(
            "没有选择图纸文件",
            "no files",
            code="no_files",
            place="files",
            remedy="选择总平图和各单体图（DXF、DWG 或 IFC）",
            remedy_en="choose the site plan and the drawings of the buildings (DXF, DWG or IFC)",
        )
    if len(files) > MAX_FILES:
        raise TooLarge(
            f"一次最多提交 {MAX_FILES} 个文件",
            f"at most {MAX_FILES} files",
            code="too_many_files",
            place="files",
        )
    if sum(len(data) for _, data in files) > limit:
        raise TooLarge(
            f"一次提交的文件合计超过 {limit // 1_000_000} MB",
            "files too large together",
            code="too_large",
            place="files",
        )
    named = [(box.safe_name(name), data) for name, data in files]
    seen: set[str] = set()
    for name, _ in named:
        if name.casefold() in seen:
            raise BadInput(
                f"有两个文件同名：{name}", f"two files named {name}", code="same_name", place="files",
                remedy="改名后再提交",
                remedy_en="rename one and submit again",
            )  # fmt: skip
        seen.add(name.casefold())
    if sum(is_table(name) for name, _ in named) > 1:
        raise BadInput(
            "一次只能提交一个属性表（XLSX）", "more than one side table", code="two_tables", place="files"
        )
    if all(is_table(name) for name, _ in named):
        raise BadInput("没有图纸，只有属性表", "only a table, no drawing", code="no_files", place="files")
    return named


def summarise(drawings: Sequence[ReadDrawing]) -> dict[str, Any]:
    """Counts of issues, files by kind and areas by role (㎡) over a set of drawings."""
    levels = Counter(i.level for d in drawings for i in d.issues)
    areas: dict[str, float] = {}
    for drawing in drawings:
        for role, area in drawing.areas.items():
            areas[role] = round(areas.get(role, 0.0) + area, 4)
    return {
        "errors": levels[Level.ERROR],
        "warnings": levels[Level.WARNING],
        "infos": levels[Level.INFO],
        "site_plans": sum(d.kind == "site_plan" for d in drawings),
        "buildings": sum(d.kind == "building" for d in drawings),
        "areas": areas,
    }


def _areas(model: DrawingModel) -> dict[str, float]:
    areas: dict[str, float] = {}
    for shape in model.shapes:
        if shape.area_m2 is not None:
            areas[shape.role] = round(areas.get(shape.role, 0.0) + shape.area_m2, 4)
    return areas
