"""Whoever reads English is told what to do, too: every remedy and every place in words has its English beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import REPOSITORY

ROOMS = ("project_box", "gis", "elements", "drawings", "intermediaries", "approval", "web")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: words of a drawing or a form that an English remedy has to name as they are written there
NAMED = re.compile("楼号|句柄|是 |否 ")


def nodes(room: str) -> Iterator[tuple[str, ast.Call | ast.FunctionDef]]:
    for path in sorted((REPOSITORY / room).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "remedy" not in text and "place=" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Call, ast.FunctionDef)):
                yield f"{path.name}:{node.lineno}", node


def written(node: ast.AST) -> str:
    """All text that is written out in an expression."""
    return "".join(
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )


@pytest.mark.parametrize("room", ROOMS)
def test_every_remedy_has_its_english(room: str) -> None:
    lacking: list[str] = []
    for where, node in nodes(room):
        if isinstance(node, ast.Call):
            given = {k.arg: k.value for k in node.keywords}
            if "remedy" in given and "remedy_en" not in given:
                lacking.append(where)
            if "remedy_en" in given and CHINESE.search(NAMED.sub("", written(given["remedy_en"]))):
                lacking.append(f"{where} (Chinese)")
            if "place" in given and CHINESE.search(written(given["place"])) and "place_en" not in given:
                lacking.append(f"{where} (place)")
        else:
            named = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
            if "remedy" in named and "remedy_en" not in named and "_EN" not in ast.unparse(node):
                lacking.append(f"{where} ({node.name})")
    assert not lacking, lacking
