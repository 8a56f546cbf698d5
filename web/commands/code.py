"""``project-box code`` and ``project-box workdays``: codes of the trade and working days, checked on the spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from project_box import codes
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput, PlatformError
from web.cli_elements import JsonOption, parse_day
from web.cli_support import FAILED_CHECK, emit_json, explained, out

#: kinds of codes: what they are called and how they are checked
KINDS: dict[str, tuple[str, Callable[[str], str]]] = {
    "credit": ("统一社会信用代码", codes.check_credit_code),
    "id": ("居民身份证号码", codes.check_id_card),
    "project": ("项目代码", codes.check_project_code),
    "parcel": ("宗地代码", codes.check_parcel_code),
    "unit": ("不动产单元号", codes.check_property_unit),
}


def _named(kind: str) -> str:
    """A kind by its code or Chinese name (or a part of it: ``身份证``)."""
    word = kind.strip()
    return next((k for k, (name, _) in KINDS.items() if len(word) > 1 and word in name), word)


def kind_of(text: str) -> str:
    """Which kind of code a text looks like, by its length and marks.

    Raises:
        BadInput: none.
    """
    plain = codes.normal(text)
    if "-" in plain:
        return "project"
    if len(plain) == 18:
        return "id" if plain[:17].isdigit() and plain[6:8] in ("18", "19", "20") else "credit"
    by_length = {19: "parcel", 28: "unit"}
    if len(plain) not in by_length:
        raise BadInput(
            f"“{text[:40]}”看不出是哪一种编码",
            f"{text[:40]!r} looks like no known code",
            place=text[:40],
            remedy=f"用 --kind 说明：{'、'.join(f'{k} {name}' for k, (name, _) in KINDS.items())}",
            remedy_en=f"say which by --kind: {', '.join(KINDS)}",
        )
    return by_length[len(plain)]


def code(
    text: Annotated[
        str,
        typer.Argument(help="信用代码、身份证号、项目代码、宗地代码或不动产单元号 (the code to check)"),
    ],
    kind: Annotated[
        str | None,
        typer.Option("--kind", "-k", help="credit | id | project | parcel | unit，不写则按样子判断"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """校验一个编码 (check digit, structure); exit code 1 when it is not valid.

    Example: project-box code 91350100M000100Y43
    """
    with explained(as_json=as_json):
        found = _named(kind) if kind else kind_of(text)
        if found not in KINDS:
            raise BadInput(
                f"没有“{found[:20]}”这种编码",
                f"no kind {found[:20]!r}",
                place="--kind",
                remedy=f"可用：{'、'.join(f'{k} {name}' for k, (name, _) in KINDS.items())}",
                remedy_en=f"there are {', '.join(KINDS)}",
            )
        name, check = KINDS[found]
    plain: dict[str, Any] = {
        "code": codes.normal(text),
        "kind": found,
        "name": name,
        "valid": True,
        "reason": "",
    }
    try:
        check(text)
    except PlatformError as fault:
        plain |= {"valid": False, "reason": fault.zh, "reason_en": fault.en}
    if as_json:
        emit_json(plain)
    else:
        mark = "[green]✓ 有效[/green]" if plain["valid"] else "[red]✕ 无效[/red]"
        out.print(f"{name} {plain['code']} {mark} {plain['reason']}".rstrip(), highlight=False)
    if not plain["valid"]:
        raise typer.Exit(FAILED_CHECK)


def workdays(
    start: Annotated[str, typer.Argument(help="起日（不计入）年-月-日 (start day, not counted)")],
    number: Annotated[int | None, typer.Argument(help="工作日数 (how many working days)", min=0)] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="改为数到这一天（计入） (count up to this day)")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """按国务院放假安排推算工作日 (deadline, or working days between two days); a year without a notice is an error.

    Example: project-box workdays 2026-09-30 20
    """
    with explained(as_json=as_json):
        first = parse_day(start)
        if (number is None) == (until is None):
            raise BadInput("工作日数与 --until 应给一个", "give a number of days or --until", place="--until")
        calendar = load_calendar()
        if number is not None:
            end = calendar.add(first, number)
        else:
            end = parse_day(until)
            number = calendar.between(first, end)
    if as_json:
        emit_json({"start": first, "working_days": number, "end": end})
    else:
        out.print(f"{first} + {number} 个工作日 = {end}", highlight=False)


def register(app: typer.Typer) -> None:
    """Add ``code`` and ``workdays``."""
    app.command("code")(code)
    app.command("workdays")(workdays)
