"""Worked examples drawn as DXF files and sent through the whole chain: file in, indicators out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.acceptance.conftest import Caller, new_project
from web.seed import sites
from web.seed.drawing_writer import Drawing, rectangle
from web.seed.programs import PROJECT_B, Building, Floor, Program, Rect
from web.seed.projects import boundary_text, project_files

Sign = Callable[[str], Caller]


def _tower(number: str, u: float, storeys: int) -> Building:
    """600 ㎡ a storey and one roof room of 40 ㎡."""
    outer = Rect(0, 0, 30, 20)
    return Building(
        number, "住宅", Rect(u, 10, u + 30, 30), f"{storeys * 3 + 1.5}", storeys,
        (
            Floor("一层", "1", 1, "3.0", "住宅", outer),
            Floor("标准层", f"2-{storeys}", storeys - 1, "3.0", "住宅", outer, "是"),
            Floor("机房层", "屋面", 1, "3.0", "住宅", outer, outlines=(Rect(2, 2, 10, 7),)),
        ),
    )  # fmt: skip


#: a 100 m × 80 m site, A 18 storeys at (10,10)-(40,30), B 11 storeys at (60,10)-(90,30)
SIMPLE_SITE: Program = replace(
    PROJECT_B,
    key="W", title="简单场地", frame=sites.Frame((485_100.0, 3_116_100.0)), site=[(0, 0), (100, 0), (100, 80), (0, 80)],
    buildings=(_tower("A#", 10, 18), _tower("B#", 60, 11)), greens=(Rect(5, 50, 95, 70),), stall_rows=((5, 36, 20),),
    control=[(5, 5), (95, 5), (95, 75), (5, 75)], roads=(((0, 45), (100, 45)),), zone=True, variant="A",
    version="R2013", naming="zh", carrier="text",
)  # fmt: skip


def run(developer: Caller, boundary: bytes, drawings: dict[str, bytes]) -> dict[str, Any]:
    """Elements by code."""
    project = new_project(developer)
    developer.done("POST", f"/projects/{project}/boundary", files={"file": ("site.txt", boundary)})
    files = [("files", (name, data)) for name, data in drawings.items()]
    revision = developer.done("POST", f"/projects/{project}/drawings", files=files)
    assert [i for i in revision["issues"] if i["level"] == "error"] == []
    table = developer.done("POST", f"/projects/{project}/indicators", json={"inputs": {}})
    return {e["code"]: e for e in table["elements"]}


def test_simple_site(sign: Sign) -> None:
    files = project_files(SIMPLE_SITE)
    drawings = {n: d for n, d in files.items() if n.endswith(".dxf")}
    found = run(sign("developer"), boundary_text(SIMPLE_SITE), drawings)
    shown = {code: found[code]["display"] for code in ("ZYD", "JDMJ", "JZMD", "DSJZ", "RJL", "JZJJ", "TR")}
    assert shown == {
        "ZYD": "8000.00",
        "JDMJ": "1200.00",
        "JZMD": "15.00",
        "DSJZ": "17480.00",
        "RJL": "2.19",
        "JZJJ": "20.00",
        "TR": "10.00",
    }
    assert found["RJL"]["value"].rstrip("0") == "2.185"  # the unrounded value is kept beside the shown one


def test_low_basement_and_canopy_count_half(sign: Sign) -> None:
    """1,219.26 ㎡ × 10 storeys + a basement of 2.1 m (half) + a canopy on columns of 14.4 ㎡ (half) = 12,809.43 ㎡."""
    plan = Drawing(version="R2013", naming="zh", carrier="text")
    storeys = (("地下一层", "-1", "2.1"), ("一层", "1", "3.3"), ("标准层", "2-10", "3.0"))
    for index, (name, levels, height) in enumerate(storeys):
        x = 120.0 * index
        attributes = {"楼号": "1#", "层名": name, "起止层": levels, "层高": height, "用途": "办公"}
        plan.ring("floor_frame", rectangle(x, 0, x + 100, 60), attributes, note_at=(x + 2, 58))
        plan.ring("area_full", rectangle(x + 10, 10, x + 70.963, 30))  # 60.963 × 20 = 1,219.26
        if name == "一层":
            canopy = rectangle(x + 10, 34, x + 16, 36.4)  # 6.0 × 2.4 = 14.4
            plan.ring("area_half", canopy, {"类别": "有柱雨篷"}, note_at=(x + 11, 36))
    found = run(sign("developer"), boundary_text(SIMPLE_SITE), {"办公楼-1#-单体图.dxf": plan.to_bytes()})
    assert found["ZJZ"]["display"] == "12809.43"
    assert (found["DSJZ"]["display"], found["DXJZ"]["display"]) == ("12199.80", "609.63")
