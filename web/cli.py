"""``project-box``: one command, every module of ``web.commands`` adds a subcommand."""

from __future__ import annotations

import importlib
import pkgutil

import typer

import web.commands

app = typer.Typer(
    name="project-box",
    help="项目盒 Project Box: 工程建设项目审批平台 (approval platform for construction projects).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _name in sorted(m.name for m in pkgutil.iter_modules(web.commands.__path__)):
    importlib.import_module(f"web.commands.{_name}").register(app)


def main() -> None:
    """Entry point of ``project-box``."""
    app()


if __name__ == "__main__":
    main()
