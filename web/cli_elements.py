"""What the commands over elements share: options for inputs, rule day and output, and reading them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from elements.engine.engine import Catalogue, load_catalogue
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import BadInput
from web.cli_support import database

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
InForceOption = Annotated[
    bool,
    typer.Option(
        "--in-force",
        help="按本平台现行规则，含已批准的修订，须有数据库 (the rules in force here, with approved amendments)",
    ),
]
RulesOption = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="HASH|DIR",
        help="按一个留存的规则版本或一个目录文件夹 (a stored rule set, or a catalogue folder)",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


_CURRENT = ("current", "现行")
_RULE_SET = re.compile(r"[0-9a-f]{4,64}|" + "|".join(_CURRENT))


@dataclass(frozen=True)
class Asked:
    """What the options of a command come to: the catalogue, the day whose rules apply, the raw inputs."""

    catalogue: Catalogue
    day: dt.date
    inputs: dict[str, Any]


def asked(
    sets: list[str] | None = None,
    file: Path | None = None,
    at: str | None = None,
    *,
    in_force: bool = False,
    rules: str | None = None,
) -> Asked:
    """The options ``--set``, ``--inputs``, ``--at``, ``--in-force`` and ``--rules`` read.

    Raises:
        BadInput: a malformed option. CatalogueError: the installed catalogue is broken. NotFound: no such rule set.
    """
    inputs, day = parse_sets(sets, file), parse_day(at)
    if in_force and rules is not None:
        raise BadInput(
            "--in-force 与 --rules 只能用一个", "--in-force and --rules exclude each other", place="--rules"
        )
    if in_force:
        return Asked(_of_the_platform("", day), day, inputs)
    return Asked(load_catalogue() if rules is None else catalogue_of(rules, day), day, inputs)


def catalogue_of(text: str, day: dt.date) -> Catalogue:
    """A catalogue by what a person names it: a folder, a stored rule set's hash, or ``current`` for the day's rules.

    Raises:
        BadInput: no folder of a catalogue, or several rule sets begin so. NotFound: no such rule set.
    """
    path = Path(text)
    if not path.exists() and _RULE_SET.fullmatch(text):
        return _of_the_platform(text, day)
    if not (path / "tariffs" / "jurisdictions.yaml").is_file():
        raise BadInput(
            f"{text[:80]} 不是要素目录（缺少 tariffs/jurisdictions.yaml）",
            f"{text[:80]!r} is no catalogue folder",
            place="rules",
        )
    return load_catalogue(path.resolve())


def _of_the_platform(text: str, day: dt.date) -> Catalogue:
    from elements.rulesets.ruleset_service import (  # late: they need the database's library
        find_rule_set,
        in_force,
    )

    with database() as opened, opened.transaction() as session:
        return in_force(session, day) if text in ("", *_CURRENT) else find_rule_set(session, text)


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
