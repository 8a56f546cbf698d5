"""完整性检查: what is needed by item and discipline, and what of it is there."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drawings.report import drawing_report
from drawings.review.completeness import (
    CompletenessList,
    Drawn,
    Requirement,
    State,
    check,
    completeness_list,
    decided,
    drawn,
)
from tests.unit.drawings import build

LIST = CompletenessList(
    doc_no=None,
    verified=False,
    lines=(
        Requirement(code="plan", zh="总平面图", en="Site plan", kind="site_plan"),
        Requirement(code="green", zh="绿地", en="Green", role="green", disciplines=("planning",)),
        Requirement(code="fire", zh="消防图", en="Fire", sheet="消防", disciplines=("fire",)),
        Requirement(code="table", zh="指标表", en="Table", result="indicator_table", items=("permit",)),
        Requirement(code="stamp", zh="签章", en="Stamp", person=True, needed="advice"),
    ),
)


def states(models, results=(), *, item="permit", disciplines=("planning",)) -> dict[str, State]:
    found = check(models, results, item=item, disciplines=disciplines, wanted=LIST)
    return {line.code: line.state for line in found}


def test_lines_are_asked_by_item_and_discipline() -> None:
    read = build.model_of(build.site_plan())
    model = drawn(read.name, read.standard, drawing_report(read))
    assert states([model]) == {"plan": "there", "green": "there", "table": "missing", "stamp": "open"}
    assert states([model], ["indicator_table"], disciplines=("fire",)) == {
        "plan": "there", "fire": "missing", "table": "there", "stamp": "open",
    }  # fmt: skip
    assert "table" not in states([model], item="other")


def test_a_sheet_is_found_by_the_name_of_a_file_or_of_a_layout() -> None:
    plain = Drawn("a.dxf", "unknown", None)
    named = Drawn("b.dxf", "unknown", None, sheets=("消防总图",))
    assert states([plain], disciplines=("fire",))["fire"] is State.MISSING
    assert states([plain, named], disciplines=("fire",))["fire"] is State.THERE


def test_only_what_is_required_blocks() -> None:
    lines = check([], [], item="permit", disciplines=("planning",), wanted=LIST)
    assert [line.code for line in lines if line.blocks] == ["plan", "green", "table"]
    waived = decided(lines, {"plan": (State.WAIVED, "已有"), "green": (State.THERE, "")})
    assert [line.code for line in waived if line.blocks] == ["table"]


def test_the_shipped_list_is_sound_and_a_bad_line_is_refused() -> None:
    codes = [line.code for line in completeness_list().lines]
    assert len(codes) == len(set(codes))
    with pytest.raises(ValidationError, match="exactly one"):
        Requirement(code="x", zh="x", en="x")
    with pytest.raises(ValidationError, match="unknown role"):
        Requirement(code="x", zh="x", en="x", role="nothing")
