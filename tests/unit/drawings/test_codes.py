"""The table of codes: complete, documented, and true about where an issue points."""

from __future__ import annotations

import re
from pathlib import Path

from drawings.issues import issue, reference, templates

_ROOT = Path(__file__).parents[3]
_CODE = re.compile(r"\"((?:DXF|DWG|IFC)-[A-Z]+(?:-[A-Z]+)*)\"")


def test_every_code_used_is_in_the_table_and_every_code_in_the_table_is_used() -> None:
    sources = [p.read_text(encoding="utf-8") for p in (_ROOT / "drawings").rglob("*.py")]
    used = {code for text in sources for code in _CODE.findall(text)}
    assert used == set(templates())


def test_the_reference_page_is_the_table() -> None:
    page = (_ROOT / "docs/reference/drawing-codes.md").read_text(encoding="utf-8")
    assert page == reference(), "run python -m drawings.issues"
    named = set(re.findall(r"`((?:DXF|DWG|IFC)-[A-Z-]+)`", page))
    assert named == set(templates())


def test_both_languages_take_the_same_fields() -> None:
    for code, known in templates().items():
        fields = [set(re.findall(r"{(\w+)}", t)) for t in (known.zh, known.en)]
        extra = {f for group in fields for f in group if not f.endswith("_en")}
        assert all({f.removesuffix("_en") for f in group} == extra for group in fields), code


def test_names_of_megabytes_are_not_repeated_in_sentences() -> None:
    found = issue("DXF-LAYER-UNKNOWN", layer="层" * 1_000_000, count=1)
    assert len(found.message) < 300 and len(found.layer or "") == 200
