"""What changed the indicators between two revisions: the shapes are found by computing without each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from ezdxf.entities.lwpolyline import LWPolyline

from drawings.cad import read
from drawings.comparing.compare import compare
from drawings.drawing import DrawingModel
from drawings.interpreting.interpret import interpret
from elements.engine.engine import Evaluation, evaluate
from elements.engine.loading import load_catalogue
from elements.indicator_changes import IndicatorChange, indicator_changes
from elements.project_inputs import BoxContents, planning_values
from elements.service import BUSINESS
from tests.unit.drawings import build

DAY = dt.date(2026, 6, 3)


def computed(models: Sequence[DrawingModel], trace: bool) -> Evaluation:
    catalogue = load_catalogue()
    values, _ = planning_values(catalogue, BoxContents(list(models), None, None, None, {}), {}, DAY)
    return evaluate(catalogue, values, DAY, catalogue.codes_of(BUSINESS, DAY), trace=trace)


def plan(*, greener: bool = False, wider: float = 0.0) -> DrawingModel:
    doc = build.site_plan()
    if greener:
        build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    if wider:
        foot = next(e for e in doc.modelspace() if e.dxf.layer == "建筑基底" and e.dxftype() == "LWPOLYLINE")
        assert isinstance(foot, LWPolyline)
        points = [(x + (wider if x > build.X + 50 else 0), y) for x, y in foot.get_points("xy")]
        foot.set_points(points, format="xy")
    return interpret(read(build.data(doc), "总平图.dxf"), None)


def found(before: DrawingModel, after: DrawingModel, *, most: int = 50) -> dict[str, IndicatorChange]:
    pairs = [(0, before)], [(0, after)]
    changes = compare(*pairs).changes
    return {c.code: c for c in indicator_changes(computed, *pairs, changes, most=most, seconds=60)}


def test_ratio_names_the_shape_and_the_way() -> None:
    changed = found(plan(), plan(greener=True))
    assert changed["LDMJ"].delta == Decimal(100)
    ratio = changed["LDL"]
    assert [(c.change, c.decides) for c in ratio.causes] == [(1, False)]
    assert ratio.causes[0].delta == ratio.delta
    assert ratio.rest == 0
    assert [i.code for i in ratio.inputs] == ["LDMJ"]
    assert "JDMJ" not in changed


def test_two_shapes_are_told_apart() -> None:
    before, after = plan(), plan(greener=True, wider=2.0)
    numbers = {c.role: n for n, c in enumerate(compare([(0, before)], [(0, after)]).changes, 1)}
    changed = found(before, after)
    assert [c.change for c in changed["LDL"].causes] == [numbers["green"]]
    assert [c.change for c in changed["JZMD"].causes] == [numbers["footprint"]]
    assert changed["JZMD"].causes[0].delta == changed["JZMD"].delta


def test_nothing_changed_is_nothing_told() -> None:
    assert found(plan(), plan()) == {}


def test_too_many_changes_are_not_looked_at_one_by_one() -> None:
    ratio = found(plan(), plan(greener=True, wider=2.0), most=1)["LDL"]
    assert not ratio.measured
    assert ratio.causes == ()
    assert ratio.rest is None
