"""The sample projects: same bytes each time, figures by hand, drawings that follow the built-in standard."""

from __future__ import annotations

from decimal import Decimal

import ezdxf
import pytest
import shapely
from shapely import Polygon

from drawings import cad
from drawings.interpreting.interpret import interpret
from drawings.standards.standards import load_standards
from project_box.kernel.finding import Level
from web.seed.programs import PROGRAMS, PROJECT_A, Program, Rect, expected
from web.seed.projects import boundary_text, overlap_area, project_files


def keys(program: Program) -> str:
    return program.key


@pytest.fixture(scope="module", params=PROGRAMS, ids=keys)
def program(request: pytest.FixtureRequest) -> Program:
    found: Program = request.param
    return found


def test_expected_figures_by_pencil() -> None:
    # A: 4 slabs × 16 storeys × (66 × 16 + 6 × 4.0 × 1.5 / 2) + 4 × 2 × 6 × 5 on the roof + 2 × 60 × 15
    above = Decimal(4) * 16 * (66 * 16 + Decimal("6.0") * 6 / 2) + 4 * 60 + 2 * 900
    figures = expected(PROJECT_A)["indicators"]
    assert figures["ZYD"] == "43000.00"
    assert figures["JYD"] == "40000.00"  # − 240 × 12.5
    assert figures["DSJZ"] == f"{above:.2f}" == "70776.00"
    assert figures["DXJZ"] == "10200.00"
    assert (figures["RJL"], figures["JZMD"], figures["LDL"]) == ("1.77", "12.81", "37.98")
    assert (figures["JZGD"], figures["TCW"], figures["HS"]) == ("49.50", "400", "384")


def test_stories_hold_against_the_conditions() -> None:
    broken = {}
    for program in PROGRAMS:
        figures = {k: Decimal(v) for k, v in expected(program)["indicators"].items()}
        broken[program.key] = {
            code
            for code, (operator, limit) in program.limits.items()
            if (operator == ">=" and figures[code] < Decimal(limit))
            or (operator == "<=" and figures[code] > Decimal(limit))
            or (operator == "between" and figures[code] > Decimal(limit.split("–")[1]))
        }
    assert broken == {"A": set(), "B": set(), "C": {"RJL", "JZGD", "LDL"}}


def test_files_are_the_same_each_time(program: Program) -> None:
    assert project_files(program) == project_files(program)


def test_site_plan_and_at_least_two_buildings(program: Program) -> None:
    names = list(project_files(program))
    assert f"{program.title}-总平图.dxf" in names
    assert sum(name.endswith("-单体图.dxf") for name in names) >= 2


def test_drawings_have_no_audit_errors_for_ezdxf(program: Program, tmp_path) -> None:
    for name, data in project_files(program).items():
        if name.endswith(".dxf"):
            path = tmp_path / name
            path.write_bytes(data)
            auditor = ezdxf.readfile(path).audit()  # type: ignore[attr-defined] # not re-exported by ezdxf
            assert not auditor.errors, (name, auditor.errors[:3])


def test_drawings_follow_the_standard(program: Program) -> None:
    standard = load_standards()["project-box"]
    for name, data in project_files(program).items():
        if not name.endswith(".dxf"):
            continue
        model = interpret(cad.read(data, name), standard)
        assert model.kind == ("site_plan" if "总平图" in name else "building")
        assert model.units["unit"] == "m"
        assert [i for i in model.issues if i.level is not Level.INFO] == [], name
        for shape in model.by_role("footprint"):
            assert {"楼号", "建筑高度", "层数", "用途"} <= set(shape.attributes)


def test_drawn_areas_equal_the_program(program: Program) -> None:
    name = f"{program.title}-总平图.dxf"
    model = interpret(cad.read(project_files(program)[name], name), load_standards()["project-box"])
    figures = expected(program)["indicators"]
    for role, code in (("site_boundary", "ZYD"), ("footprint", "JDMJ"), ("green", "LDMJ")):
        assert sum(s.area_m2 or 0 for s in model.by_role(role)) == pytest.approx(
            float(figures[code]), abs=0.005
        )


def test_boundary_file_is_gbk_with_crlf(program: Program) -> None:
    data = boundary_text(program)
    text = data.decode("gbk")
    assert "[地块坐标]" in text and program.title in text
    assert data.count(b"\r\n") == data.count(b"\n")
    rows = [line.split(",") for line in text.splitlines() if line.count(",") == 3]
    assert {len(row[3].split(".")[0]) for row in rows} == ({8} if program.zone else {6})
    assert all(len(row[2].split(".")[0]) == 7 for row in rows)


def test_clipping_by_hand_agrees_with_geos() -> None:
    concave = Polygon([(0, 0), (10, 0), (10, 10), (5, 3), (0, 10)], [[(4, 1), (6, 1), (6, 2), (4, 2)]])
    window = Rect(2, 1, 8, 9).corners
    found = overlap_area(concave, window)
    assert found == pytest.approx(shapely.intersection(concave, Polygon(window)).area, abs=1e-9)
    assert overlap_area(concave, Rect(20, 20, 21, 21).corners) == 0.0
