"""What every command shares: the database, tables for people, JSON for programs, exit codes.

Exit codes: 0 fine, 1 a check failed, 2 the input or the environment cannot be used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from project_box.kernel.errors import NotFound, PlatformError
from project_box.kernel.plain import to_plain

if TYPE_CHECKING:
    from project_box.kernel.db import Database

out = Console()
err = Console(stderr=True)
FAILED_CHECK, UNUSABLE = 1, 2


@contextmanager
def database() -> Iterator[Database]:
    """The platform's database with its tables up to date; connections are closed afterwards."""
    from project_box.kernel.db import database_from_settings  # late: most commands need no database
    from web.migrate import upgrade

    opened = database_from_settings()
    try:
        upgrade(opened)
        yield opened
    finally:
        opened.dispose()


def emit_json(data: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(to_plain(data), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[int] = ()
) -> None:
    """Print a table; columns whose index is in ``right`` are right-aligned."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*("—" if v is None or v == "" else str(v) for v in row))
    out.print(drawn)


def existing(file: Path) -> Path:
    """The file itself.

    Raises:
        NotFound: there is none.
    """
    if not file.is_file():
        raise NotFound(
            f"没有文件 {file}",
            f"no file {file}",
            place=str(file),
            remedy="检查路径",
            remedy_en="check the path",
        )
    return file


def fail(error: PlatformError, *, as_json: bool, code: int = UNUSABLE) -> NoReturn:
    """End the command with an explained error (JSON on standard output, or sentences on standard error)."""
    if as_json:
        emit_json({"error": error.to_plain()})
    else:
        err.print(f"[red]✕[/red] {error.zh}", highlight=False)
        if error.en != error.zh:
            err.print(f"  {error.en}", style="dim", highlight=False, markup=False)
        if error.place:
            err.print(f"  位置： {error.place}", highlight=False, markup=False)
        if error.remedy:
            err.print(f"  怎么办： {error.remedy}", highlight=False, markup=False)
        if error.remedy_en and error.remedy_en != error.remedy:
            err.print(f"  {error.remedy_en}", style="dim", highlight=False, markup=False)
    raise typer.Exit(code)


@contextmanager
def explained(*, as_json: bool) -> Iterator[None]:
    """Turn a PlatformError inside the block into the command's end."""
    try:
        yield
    except PlatformError as error:
        fail(error, as_json=as_json)
