"""Conditions on a process's sequence flows: comparisons of a name with a text, joined by ``and`` / ``or``.

They are read by these few lines and never reach Python's ``eval``.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from project_box.kernel.errors import CatalogueError


@lru_cache(maxsize=256)
def compile_condition(expression: str) -> ast.expr:
    """Syntax tree of a condition.

    Raises:
        CatalogueError: anything but comparisons of a name with a text.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CatalogueError(
            f"流程条件无法读取：{expression[:80]}", f"unreadable condition {expression[:80]!r}"
        ) from None
    _check(tree, expression)
    return tree


def _check(node: ast.expr, expression: str) -> None:
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            _check(value, expression)
    elif not (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], (ast.Eq, ast.NotEq))
        and isinstance(node.left, ast.Name)
        and isinstance(node.comparators[0], ast.Constant)
        and isinstance(node.comparators[0].value, str)
    ):
        raise CatalogueError(
            f"流程条件只能写成 名称 == '文字':{expression[:80]}",
            f"condition {expression[:80]!r} is not a comparison",
        )


def truth(node: ast.expr, data: Mapping[str, Any]) -> bool:
    """Does a condition hold for the data of a task? A name that is not in it equals no text."""
    if isinstance(node, ast.BoolOp):
        results = [truth(value, data) for value in node.values]
        return all(results) if isinstance(node.op, ast.And) else any(results)
    assert isinstance(node, ast.Compare)  # compile_condition has seen to it
    name, constant = node.left, node.comparators[0]
    assert isinstance(name, ast.Name)
    assert isinstance(constant, ast.Constant)
    equal = data.get(name.id) == constant.value
    return equal if isinstance(node.ops[0], ast.Eq) else not equal
