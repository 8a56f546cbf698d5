"""``project-box drawing``: the report, what is asked of it, refusals, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from drawings.reading import CATALOGUE, reading
from tests.unit.drawings.build import X, Y, box, new, text
from web.cli import app

RUNNER = CliRunner()


def run(*arguments: object, code: int = 0) -> Any:
    answer = RUNNER.invoke(app, ["drawing", *map(str, arguments), "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of 100 m by 50 m with a building, a layer that no standard knows, and a line that does not close."""
    document = new()
    box(document, "用地红线", X, Y, 100, 50)
    box(document, "建筑基底", X + 10, Y + 10, 20, 10)
    text(document, "建筑基底", "楼号=1#", X + 12, Y + 12)
    box(document, "ZIELENIEN", X + 50, Y + 10, 10, 10)
    document.modelspace().add_lwpolyline(
        [(X + 70, Y + 10), (X + 80, Y + 10), (X + 80, Y + 20), (X + 70, Y + 20), (X + 70, Y + 10.3)],
        dxfattribs={"layer": "建筑基底"},
    )
    path = tmp_path_factory.mktemp("plan") / "plan.dxf"
    document.saveas(path)
    return path


def test_report(plan: Path) -> None:
    found = run(plan, code=1)  # the open line is an error
    assert found["standard"]["code"] == "project-box" and found["roles"]["footprint"]["area_m2"] == 200.0
    assert "DXF-NOT-CLOSED" in {i["code"] for i in found["issues"] if i["level"] == "error"}
    assert RUNNER.invoke(app, ["drawing", str(plan)]).exit_code == 1


def test_a_drawing_beyond_doubt_is_read_unasked_and_marked(tmp_path: Path) -> None:
    document = new()
    box(document, "K1", X, Y, 100, 50)
    box(document, "K2", X + 10, Y + 10, 20, 10)
    text(document, "K3", "1#楼 6F", X + 12, Y + 14)
    for number, said in enumerate(("用地面积：5000.00㎡", "建筑基底面积：200.00㎡")):
        text(document, "K3", said, X + 120, Y + 40 - 4 * number)
    path = tmp_path / "codes.dxf"
    document.saveas(path)
    found = run(path)
    assert found["proposed"] and found["standard"] is None
    assert found["roles"]["site_boundary"]["area_m2"] == 5000.0 and len(found["measures"]["setbacks"]) == 4
    shown = RUNNER.invoke(app, ["drawing", str(path)]).stdout
    assert shown.count("总平面估算") == 1 and "没有角色的闭合线框" not in shown and "图形大小约" in shown
    why = {x["name"]: x["proposed"][0]["why"] for x in found["layers"] if x.get("proposed")}
    assert "用地面积" in why["K1"] and "DXF-ROLES-PROPOSED" in {i["code"] for i in found["issues"]}
    assert not run(path, "--accept-guesses")["proposed"]


def test_a_building_in_a_block_has_its_role_and_its_layer_although_no_table_names_it(tmp_path: Path) -> None:
    document = new()
    box(document, "用地红线", X, Y, 100, 50)
    house = document.blocks.new("HOUSE")
    house.add_lwpolyline([(0, 0), (20, 0), (20, 10), (0, 10)], close=True, dxfattribs={"layer": "建筑轮廓"})
    document.modelspace().add_blockref("HOUSE", (X + 10, Y + 10))
    path = tmp_path / "block.dxf"
    document.saveas(path)
    found = run(path, code=1)  # no footprint
    assert [(a["role"], a["area_m2"]) for a in found["areas"]] == [
        ("site_boundary", 5000.0),
        ("outline", 200.0),
    ]
    assert {"建筑轮廓": (0, 1)}.items() <= {
        y["name"]: (y["entities"], y.get("rings")) for y in found["layers"]
    }.items()


def test_what_a_person_gives(plan: Path, tmp_path: Path) -> None:
    copy = tmp_path / "audit.dxf"
    options = (
        "--layer",
        "ZIELENIEN=green",
        "--accept",
        "gap",
        "--accepted-by",
        "li",
        "--approved-area",
        "4000",
    )
    found = run(plan, *options, "--write-audit", copy, code=1)
    assert found["roles"]["green"]["area_m2"] == 100.0 and found["roles"]["footprint"]["area_m2"] == 300.0
    assert [r["by"] for r in found["repairs"]] == ["person:li"]
    assert "DXF-AREA-APPROVED" in {i["code"] for i in found["issues"]}
    assert "PB_AUDIT" in copy.read_text()


def test_fit(plan: Path) -> None:
    pairs = f"{X},{Y}=500000,4000000;{X + 100},{Y}=500100,4000000"
    fitted = run(plan, "--fit", pairs, code=1)["georeference"]["fit"]
    assert fitted["scale"] == pytest.approx(1.0) and fitted["rotation_deg"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (("--unit", "furlong"), "--unit"),
        (("--layer", "nothing"), "--layer"),
        (("--accept", "nothing"), "--accept"),
        (("--standard", "nothing"), None),
    ],
)
def test_refusals(plan: Path, options: tuple[str, ...], place: str | None) -> None:
    error = run(plan, *options, code=2)["error"]
    assert error["remedy"] and (place is None or error["place"] == place)


def test_a_file_that_is_not_there_or_not_a_drawing(tmp_path: Path, plan: Path) -> None:
    assert run(tmp_path / "none.dxf", code=2)["error"]["code"] == "not_found"
    text_file = tmp_path / "letter.dxf"
    text_file.write_text("Dear Sir")
    assert run(text_file, code=2)["readable"] is False
    assert run(plan, "--write-audit", plan, code=2)["error"]["place"] == "--write-audit"


def test_steps_share_one_time(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = reading()
    late = settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update={"total_seconds": 1e-9, "interpret_seconds": 1e-9})
        }
    )
    monkeypatch.setattr("drawings.reading.reading", lambda: late)
    found = run(plan, code=2)
    assert "DXF-BOUND" in {i["code"] for i in found["issues"]} and "proposal" not in found


def test_a_standard_from_a_file(plan: Path, tmp_path: Path) -> None:
    own = tmp_path / "our-office.yaml"
    shipped = (CATALOGUE / "standards" / "project-box.yaml").read_text(encoding="utf-8")
    own.write_text(shipped.replace("code: project-box", "code: our-office", 1), encoding="utf-8")
    found = run(plan, "--standard", own, code=1)
    assert found["standard"]["code"] == "our-office" and found["roles"]["footprint"]["area_m2"] == 200.0
    own.write_text("code: our-office\nlayers: 3\n", encoding="utf-8")
    for broken in (own, tmp_path / "none.yaml"):
        assert run(plan, "--standard", broken, code=2)["error"]["code"] == "standard"
