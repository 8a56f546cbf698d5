"""What the commands over elements share: options for inputs, rule day and output, and reading them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from elements.engine import Catalogue, load_catalogue
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import BadInput

OUTCOMES = {
    "pass": "[green]✓ 符合[/green]",
    "fail": "[red]✕ 不符合[/red]",
    "note": "[yellow]· 提示[/yellow]",
    "undecided": "[magenta]? 无法判定[/magenta]",
}
BusinessArgument = Annotated[
    str,
    typer.Argument(
        help="业务代码或中文名，如 land-price、fees、竣工规划核实 (business code or Chinese name)"
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="输入：代码或中文名=值，可带单位（面积=3.5公顷），可重复 (input, repeatable)",
    ),
]
FileOption = Annotated[
    Path | None, typer.Option("--inputs", help="JSON 文件 {代码: 值}，与 --set 合并 (inputs as a JSON file)")
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="YYYY-MM-DD", help="按哪一天的规则和费率 (day whose rules apply)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


@dataclass(frozen=True)
class Asked:
    """What the options of a command come to: the catalogue, the day whose rules apply, the raw inputs."""

    catalogue: Catalogue
    day: dt.date
    inputs: dict[str, Any]


def asked(sets: list[str] | None = None, file: Path | None = None, at: str | None = None) -> Asked:
    """The options ``--set``, ``--inputs`` and ``--at`` read.

    Raises:
        BadInput: a malformed option. CatalogueError: the installed catalogue is broken.
    """
    inputs, day = parse_sets(sets, file), parse_day(at)
    return Asked(load_catalogue(), day, inputs)


def parse_sets(pairs: list[str] | None, file: Path | None = None) -> dict[str, Any]:
    """``KEY=VALUE`` options and a JSON file as one mapping; an option stands over the file.

    Raises:
        BadInput: not KEY=VALUE, a key given twice, or an unreadable file.
    """
    out: dict[str, Any] = dict(_from_file(file)) if file is not None else {}
    seen: set[str] = set()
    for pair in pairs or []:
        key, mark, value = (part.strip() for part in pair.partition("="))
        if not mark or not key:
            raise BadInput(
                f"“{pair[:60]}”应写作 KEY=VALUE", f"{pair[:60]!r}: KEY=VALUE expected", place=pair[:60]
            )
        if key.upper() in seen:
            raise BadInput(f"“{key}”给了两次", f"{key} given twice", place=key)
        seen.add(key.upper())
        for other in [k for k in out if k.upper() == key.upper()]:
            del out[other]
        out[key] = value
    return out


def _from_file(file: Path) -> Mapping[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"输入文件无法读取：{file.name}", f"{file}: {error}", place=str(file)) from error
    if not isinstance(loaded, dict):
        raise BadInput(
            f"输入文件应是一个 JSON 对象：{file.name}", f"{file}: object expected", place=str(file)
        )
    return {k: v for k, v in loaded.items() if v is not None}


def parse_day(text: str | None) -> dt.date:
    """``--at`` or today (in China).

    Raises:
        BadInput: not a date.
    """
    if text is None:
        return china_today()
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"“{text[:40]}”不是日期，应如 2026-06-03", "ISO date expected", place="--at"
        ) from error
