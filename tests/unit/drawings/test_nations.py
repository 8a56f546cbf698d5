"""Site plans as firms of several countries draw them: proposed roles, labels and figures known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from ezdxf.document import Drawing

from drawings.cad import read
from drawings.drawing import DrawingModel
from drawings.interpreting.interpret import interpret
from drawings.interpreting.measures import measures
from drawings.interpreting.proposal import proposal
from drawings.interpreting.survey import survey
from drawings.reading import reading
from drawings.standards.guess import accepted, proposed
from drawings.standards.vocabulary import vocabulary
from tests.unit.drawings import build

FOOT = 0.3048


@dataclass(frozen=True)
class Plan:
    """A drawing and its truth: areas by role ㎡, the first building's attributes, setbacks m, declared site area ㎡."""

    draw: Callable[[], Drawing]
    areas: dict[str, float]
    says: dict[str, object]
    setbacks: list[float]
    declared: float | None = None
    above: float | None = None
    encoding: str | None = None
    cars: int = 0
    absent: tuple[str, ...] = field(default=())


def _sheet(
    version: str, unit: int, rings: list[tuple[str, tuple]], texts: list[tuple[str, str, float, float]], k=1.0
) -> Drawing:
    doc = build.new(version, unit=unit)
    for layer, (x, y, w, h) in rings:
        build.box(doc, layer, x * k, y * k, w * k, h * k)
    for layer, words, x, y in texts:
        build.text(doc, layer, words, x * k, y * k, 0.5 * k)
    return doc


def korea() -> Drawing:
    return _sheet(
        "R2004",
        6,
        [
            ("대지경계선", (0, 0, 40, 30)),
            ("건축한계선", (2, 2, 36, 26)),
            ("건축물", (5, 4, 20, 15)),
            ("조경면적", (28, 4, 10, 5)),
            ("인접건물", (45, 0, 10, 10)),
            *(("주차구획", (5 + 2.5 * i, 22, 2.5, 5)) for i in range(6)),
        ],
        [
            ("문자", "101동", 8, 8),
            ("문자", "지상 5층 / 지하 1층", 8, 10),
            ("문자", "높이: 17.5m", 8, 12),
            ("문자", "대지면적 : 1,200.00㎡", 60, 20),
        ],
    )


def russia() -> Drawing:
    return _sheet(
        "R2000",
        6,
        [
            ("Граница земельного участка", (0, 0, 90, 70)),
            ("Граница зоны допустимого размещения", (3, 3, 84, 64)),
            ("Пятно застройки", (10, 10, 50, 20)),
            ("Озеленение", (10, 40, 40, 20)),
            ("Существующие здания", (100, 0, 20, 10)),
            ("Парковка", (60, 40, 2.5, 5.3)),
        ],
        [
            ("Подписи", "поз. 1", 20, 15),
            ("Подписи", "9-ти этажный жилой дом", 20, 18),
            ("Подписи", "Высота здания 28,5 м", 20, 21),
            ("ТЭП", "Площадь участка: 6 300,00 кв.м", -80, 20),
        ],
    )


def germany() -> Drawing:
    return _sheet(
        "R2010",
        6,
        [
            ("Grundstücksgrenze", (0, 0, 41, 30)),
            ("Baugrenze", (3, 3, 34, 24)),
            ("GEB", (10, 8, 15, 10)),
            ("Abstandsflächen", (10, 5, 15, 3)),
            ("Grünfläche", (5, 20, 20, 5)),
            ("Bestandsgebäude", (50, 0, 10, 10)),
            ("Stellplätze", (30, 8, 2.5, 5)),
        ],
        [
            ("GEB", "HOEHE=9,5", 12, 10),
            ("Text", "Haus A", 12, 12),
            ("Text", "II+D", 12, 14),
            ("Text", "Grundstücksfläche: 1.230,00 m²", 60, 20),
        ],
    )


def india() -> Drawing:
    return _sheet(
        "R2007",
        2,
        [
            ("PLOT", (0, 0, 40, 60)),
            ("BLDG FOOTPRINT", (5, 10, 30, 40)),
            ("FRONT MARGIN", (5, 0, 30, 10)),
            ("CAR PARKING", (36, 5, 2.5, 5)),
        ],
        [
            ("TEXT", "BLOCK A", 10, 20),
            ("TEXT", "G+2", 10, 24),
            ("TEXT", "HEIGHT = 33'-6\"", 10, 28),
            ("TEXT", "PLOT AREA = 2400 SQFT", 60, 20),
        ],
        k=1.0,
    )


def america() -> Drawing:
    return _sheet(
        "R2018",
        2,
        [
            ("C-PROP-LINE", (0, 0, 200, 150)),
            ("C-PROP-STBK", (20, 20, 160, 110)),
            ("A-BLDG-OTLN", (40, 30, 100, 60)),
            ("L-PLNT-TURF", (0, 0, 20, 150)),
            *(("C-PKNG-STRP", (40 + 9 * i, 100, 9, 18)) for i in range(10)),
        ],
        [("G-ANNO-TEXT", "4 STORIES", 60, 50), ("G-ANNO-TEXT", "BLDG HEIGHT: 48'-0\"", 60, 60)],
    )


def japan() -> Drawing:
    return _sheet(
        "R2010",
        6,
        [("敷地境界線", (0, 0, 20, 15)), ("建物", (3, 3, 10, 8)), ("緑地", (3, 12, 10, 2))],
        [("文字", "3階建", 5, 5), ("文字", "敷地面積 300.00㎡", -20, 0)],
    )


def china() -> Drawing:
    """Layers of no standard, labels on a text layer, an underground garage, a podium with a tower."""
    return _sheet(
        "R2004",
        6,
        [
            ("0-规划-用地红线", (0, 0, 100, 80)),
            ("0-规划-建筑退线", (5, 5, 90, 70)),
            ("0-规划-建筑", (10, 10, 40, 30)),
            ("0-规划-建筑", (15, 15, 20, 15)),
            ("0-规划-地下车库范围", (8, 8, 60, 60)),
            ("0-规划-绿地", (70, 10, 20, 50)),
        ],
        [
            ("0-规划-文字", "裙房 3F", 40, 12),
            ("0-规划-文字", "1#楼 18F", 20, 20),
            ("0-规划-文字", "地下2层", 60, 60),
            ("0-规划-文字", "用地面积：8000.00㎡", 120, 20),
        ],
    )


PLANS = {
    "korea": Plan(
        korea,
        {
            "site_boundary": 1200,
            "control_line": 936,
            "footprint": 300,
            "green": 50,
            "adjacent": 100,
            "parking_car": 75,
        },
        {"楼号": "101동", "层数": 5.0, "地下层数": 1.0, "建筑高度": 17.5},
        [4, 5, 11, 15],
        1200,
        1500,
        "cp949",
        6,
    ),
    "russia": Plan(
        russia,
        {"site_boundary": 6300, "control_line": 84 * 64, "footprint": 1000, "green": 800, "adjacent": 200},
        {"楼号": "поз. 1", "层数": 9.0, "建筑高度": 28.5},
        [10, 10, 30, 40],
        6300,
        9000,
        "cp1251",
        1,
    ),
    "germany": Plan(
        germany,
        {"site_boundary": 1230, "control_line": 34 * 24, "footprint": 150, "green": 100, "adjacent": 100},
        {"楼号": "Haus A", "层数": 2.0, "建筑高度": 9.5},
        [8, 10, 12, 16],
        1230,
        300,
        "cp1252",
        1,
        ("setback",),
    ),
    "india": Plan(
        india,
        {"site_boundary": 2400 * FOOT**2, "footprint": 1200 * FOOT**2},
        {"楼号": "BLOCK A", "层数": 3.0, "建筑高度": 10.2108},
        [5 * FOOT, 5 * FOOT, 10 * FOOT, 10 * FOOT],
        2400 * FOOT**2,
        3600 * FOOT**2,
        None,
        1,
        ("control_line",),
    ),
    "america": Plan(
        america,
        {
            "site_boundary": 30000 * FOOT**2,
            "control_line": 17600 * FOOT**2,
            "outline": 6000 * FOOT**2,
            "green": 3000 * FOOT**2,
        },
        {"层数": 4.0, "建筑高度": 14.6304},
        [30 * FOOT, 40 * FOOT, 60 * FOOT, 60 * FOOT],
        None,
        24000 * FOOT**2,
        None,
        10,
    ),
    "japan": Plan(
        japan,
        {"site_boundary": 300, "footprint": 80, "green": 20},
        {"层数": 3.0},
        [3, 3, 4, 7],
        300,
        240,
    ),
    "china": Plan(
        china,
        {"site_boundary": 8000, "control_line": 6300, "basement": 3600, "green": 1000, "outline": 1500},
        {"层数": 3.0},
        [10, 10, 40, 50],
        8000,
        1200 * 3 + 300 * 15,
        "cp936",
    ),
}


def _read(plan: Plan) -> tuple[DrawingModel, dict]:
    cad = read(build.data(plan.draw(), encoding=plan.encoding), "plan.dxf")
    facts = survey(cad)
    preview = proposal(cad, facts, reading())
    assert preview is not None
    model = interpret(cad, accepted(proposed(facts.guesses())))
    return model, preview


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_of_another_country(name: str) -> None:
    plan = PLANS[name]
    model, preview = _read(plan)
    areas: dict[str, float] = {}
    for shape in model.shapes:
        areas[shape.role] = areas.get(shape.role, 0.0) + (shape.area_m2 or 0.0)
    assert {role: areas.get(role) for role in plan.areas} == pytest.approx(plan.areas)
    assert not set(plan.absent) & set(areas)
    building = model.by_role("footprint", "outline")[0]
    assert {k: building.attributes.get(k) for k in plan.says} == plan.says
    found = measures(model)
    to_site = sorted(
        r["distance_m"]
        for r in found["setbacks"]
        if r["handle"] == building.handle and r["to"] == "site_boundary"
    )
    assert to_site == pytest.approx(plan.setbacks, abs=1e-3)
    assert found["estimate"]["above_m2"] == pytest.approx(plan.above, abs=1e-3)
    assert sum(p["count"] for p in found["parking"] if p["role"] == "parking_car") == plan.cars
    if plan.declared is not None:
        said = vocabulary().number(model.attributes["申报用地面积"], "㎡")
        assert said == pytest.approx(plan.declared)
    assert preview["measures"]["estimate"]["above_m2"] == found["estimate"]["above_m2"]
