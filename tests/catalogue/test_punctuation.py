"""Chinese sentences of code and screens are punctuated as Chinese is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("project_box", "gis", "drawings", "elements", "intermediaries", "approval", "web")
_HALF = re.compile(r"[一-鿿][,;:!][一-鿿]")
#: what is quoted is how something is to be written
_QUOTED = re.compile(r"“[^”]*”|``[^`]*``")


def _sentences(path: Path) -> list[str]:
    if path.suffix != ".py":
        return re.findall(r'_\("([^"]*)"', path.read_text(encoding="utf-8"))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_half_width_mark_stands_between_two_characters(room):
    files = [p for kind in ("*.py", "*.html") for p in (ROOT / room).rglob(kind)]
    half = [
        f"{path.relative_to(ROOT)}: {sentence[:60]}"
        for path in files
        for sentence in _sentences(path)
        if _HALF.search(_QUOTED.sub("“”", sentence))
    ]
    assert files and not half
