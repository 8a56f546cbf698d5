"""``project-box sunlight`` on a drawing of two buildings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ezdxf.filemanagement import new
from typer.testing import CliRunner

from web.cli import app

EAST, NORTH = 486_000, 3_116_400


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    document = new("R2010")
    document.units = 6
    space = document.modelspace()
    for layer, y, texts in (
        ("用地红线", None, ()),
        ("建筑基底", 20, ("楼号=S", "建筑高度=60", "用途=住宅")),
        ("建筑基底", 60, ("楼号=N", "建筑高度=18", "用途=住宅")),
    ):
        if layer not in document.layers:
            document.layers.add(layer)
        x, low, w, h = (0, 0, 120, 100) if y is None else (20, y, 40, 12)
        ring = [(x, low), (x + w, low), (x + w, low + h), (x, low + h)]
        space.add_lwpolyline(
            [(EAST + a, NORTH + b) for a, b in ring], close=True, dxfattribs={"layer": layer}
        )
        for n, text in enumerate(texts):
            where = (EAST + x + 2, NORTH + low + 1 + 1.5 * n)
            space.add_text(text, dxfattribs={"layer": layer, "height": 1, "insert": where})
    target = tmp_path / "例-总平图.dxf"
    document.saveas(target)
    return target


def test_every_unit_with_hours(plan: Path) -> None:
    found = CliRunner().invoke(
        app,
        [
            "sunlight",
            str(plan),
            "--crs",
            "4547",
            "--zone",
            "Ⅲ",
            "--city",
            "50万以上",
            "--case",
            "住宅",
            "--json",
        ],
    )
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    assert {u["unit"]: u["outcome"] for u in report["units"]} == {"N": "undecided", "S": "pass"}
    assert not report["verified"]
    assert {b["building"] for b in report["plan"]} == {"N", "S"}


def test_unusable_input_names_the_place(plan: Path) -> None:
    for arguments in (
        ["nothing.dxf", "--crs", "4547"],
        [str(plan), "--crs", "4326"],
        [str(plan), "--crs", "4547", "--zone", "Ⅸ"],
    ):
        found = CliRunner().invoke(app, ["sunlight", *arguments])
        assert found.exit_code == 2
        assert "Traceback" not in found.output
