"""Registry of named functions: what a formula cannot say.

A function is pure: typed values in, :class:`~elements.engine.values.Computed` out. It raises
:class:`~elements.engine.values.Undecided` when something is missing and
:class:`~project_box.kernel.errors.BadInput` when a value is not usable. Arguments come by keyword as the
catalogue's ``args`` say; a table argument arrives as a list of rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from elements.engine.values import Computed

Body = Callable[..., Computed]


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A registered function.

    Attributes:
        name: as the catalogue writes it.
        formula: the rule in words and symbols, shown as the formula text.
        version: raised whenever results change; part of the rule set's hash.
        arguments: argument names; ``required`` those without default.
        summary: first line of the docstring.
    """

    name: str
    formula: str
    version: int
    body: Body
    arguments: tuple[str, ...]
    required: tuple[str, ...]
    summary: str
    documentation: str


REGISTRY: dict[str, NamedFunction] = {}


def function(name: str, formula: str, *, version: int = 1) -> Callable[[Body], Body]:
    """Decorator: register a function under ``name``."""

    def register(body: Body) -> Body:
        if name in REGISTRY:
            raise ValueError(f"function {name} registered twice")
        parameters = inspect.signature(body).parameters
        text = inspect.getdoc(body) or ""
        REGISTRY[name] = NamedFunction(
            name=name,
            formula=formula,
            version=version,
            body=body,
            arguments=tuple(parameters),
            required=tuple(p.name for p in parameters.values() if p.default is inspect.Parameter.empty),
            summary=text.split("\n", 1)[0],
            documentation=text,
        )
        return body

    return register


def describe() -> list[dict[str, Any]]:
    """Every function with its documented signature."""
    return [
        {
            "name": f.name,
            "arguments": list(f.arguments),
            "formula": f.formula,
            "version": f.version,
            "doc": f.documentation,
        }
        for f in sorted(REGISTRY.values(), key=lambda f: f.name)
    ]
