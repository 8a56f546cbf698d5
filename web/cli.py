"""``project-box``: one command, every module of ``web.commands`` adds subcommands.

Only the module of the command that is asked for is imported where its name tells (``project-box fee`` is
``web.commands.fee``): the others bring libraries of maps and drawings that a fee does not need.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Sequence

import typer

import web.commands
from project_box.kernel.catalogue import uncollected

#: the modules of commands, by name
MODULES = tuple(sorted(m.name for m in pkgutil.iter_modules(web.commands.__path__)))
#: groups to which other modules add commands: those modules, and the commands that need none of them
_EXTENDED = {
    "layers": (
        ("layer_comparisons",),
        ("list", "import", "show", "pack", "activate", "end", "valid-on", "sld"),
    ),
    "elements": (("rules",), ("list", "run", "explain", "diff", "template", "import", "coverage")),
}


def build(names: Iterable[str] = MODULES) -> typer.Typer:
    """The command line with the subcommands of the named modules."""
    made = typer.Typer(
        name="project-box",
        help="项目盒 Project Box: 工程建设项目审批平台 (approval platform for construction projects).",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_root)  # subcommands keep their names even where there is only one
    with uncollected():
        for name in names:
            importlib.import_module(f"web.commands.{name}").register(made)
    return made


def _root() -> None:
    """项目盒 Project Box: 工程建设项目审批平台 (approval platform for construction projects)."""


def __getattr__(name: str) -> typer.Typer:
    """``app``: the whole command line, made when it is first asked for."""
    if name == "app":
        globals()["app"] = made = build()
        return made
    raise AttributeError(name)


def needed(words: Sequence[str]) -> tuple[str, ...]:
    """The modules that the words of a command line need."""
    if not words or words[0] not in MODULES:
        return MODULES
    others, own = _EXTENDED.get(words[0], ((), ()))
    return (words[0],) if words[1:] and words[1] in own else (words[0], *others)


def main() -> None:
    """Entry point of ``project-box``."""
    build(needed(sys.argv[1:]))()


if __name__ == "__main__":
    main()
