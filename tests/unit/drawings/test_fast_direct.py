"""Splines and dimensions read without ezdxf: what ezdxf makes of them, point by point and value by value."""

from __future__ import annotations

import math

import pytest
from ezdxf.filemanagement import new
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drawings.cad.fast import reader
from drawings.cad.fast.skeleton import Odd
from tests.unit.drawings.test_fast_oracle import both, saved

number = st.integers(-4000, 4000).map(lambda v: v / 16)
point = st.tuples(number, number, st.sampled_from([0.0, 0.0, 2.5]))
somewhere = st.sampled_from([(0.0, 0.0), (500_000.0, 4_000_000.0)])
QUIET = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture
def no_ezdxf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if ezdxf has to read an entity."""

    def convert(self: Odd, handle: str, row: int, missing: bool) -> None:
        raise AssertionError(f"ezdxf was asked for {handle}")

    monkeypatch.setattr(Odd, "convert", convert)
    monkeypatch.setattr(reader, "Unfit", AssertionError)


@st.composite
def splines(draw: st.DrawFn) -> dict:
    degree = draw(st.integers(1, 5))
    points = draw(st.lists(point, min_size=degree + 1, max_size=degree + 6))
    weights = draw(st.one_of(st.none(), st.just([draw(st.integers(1, 9)) / 2.0 for _ in points])))
    steps = [draw(st.integers(0, 3)) for _ in range(len(points) - degree - 1)]
    inner, at = [], 0.0
    for step in steps:
        at += step
        inner.append(at)
    top = at + draw(st.integers(1, 3))
    first = draw(st.sampled_from([0.0, 10.0]))
    bottom = [first] * (degree + 1)
    knots = [*bottom, *(first + v for v in inner), *([first + top] * (degree + 1))]
    return {
        "degree": degree,
        "points": points,
        "weights": weights,
        "knots": knots,
        "closed": draw(st.booleans()),
    }


@given(st.lists(splines(), min_size=1, max_size=6), somewhere)
@QUIET
def test_splines(found, place):
    document = new("R2010")
    model = document.modelspace()
    for one in found:
        spline = model.add_spline(degree=one["degree"])
        spline.control_points = [(x + place[0], y + place[1], z) for x, y, z in one["points"]]
        spline.knots = one["knots"]
        if one["weights"]:
            spline.weights = one["weights"]
        spline.closed = one["closed"]
    both(saved(document))


def test_splines_as_drawn_need_no_ezdxf(no_ezdxf):
    document = new("R2013")
    model = document.modelspace()
    corners = [(0, 0), (4, 7), (9, -3), (15, 6), (22, 1)]
    model.add_open_spline(corners)
    model.add_rational_spline(corners, weights=[1, 2, 1, 0.5, 1])
    block = document.blocks.new("B")
    block.add_open_spline(corners, dxfattribs={"layer": "0", "color": 0})
    model.add_blockref("B", (5, 5), dxfattribs={"xscale": -2, "yscale": 1, "rotation": 30, "layer": "绿地"})
    read = both_fast(document)
    assert [e.kind for e in read if e.curves] == ["SPLINE", "SPLINE", "SPLINE"]


def both_fast(document):
    from drawings.cad.fast.reader import read_fast
    from drawings.reading import reading

    read = read_fast(saved(document), "a.dxf", reading(), None)
    assert read is not None
    return read.entities


@given(
    st.lists(st.tuples(point, point, point, st.integers(0, 360)), min_size=1, max_size=4),
    st.sampled_from(["<>", "", "3.500", "<> 见图", "{\\fSimSun;12.0}"]),
    st.booleans(),
    st.sampled_from([1.0, 1000.0, 0.5]),
)
@QUIET
def test_dimensions(found, text, drawn, factor):
    document = new("R2010", setup=True)
    document.dimstyles.get("EZDXF").dxf.dimlfac = factor
    model = document.modelspace()
    for a, b, c, angle in found:
        made = [model.add_linear_dim(base=c, p1=a, p2=b, angle=angle, text=text, dimstyle="EZDXF")]
        if math.dist(a[:2], b[:2]) > 1:
            made.append(model.add_aligned_dim(p1=a, p2=b, distance=2, text=text))
            made.append(model.add_ordinate_x_dim(b, (1, 3), origin=a))
            made.append(model.add_ordinate_y_dim(b, (1, 3), origin=a))
            made.append(model.add_radius_dim(center=a, mpoint=b))
            made.append(model.add_diameter_dim(center=a, mpoint=b))
            if min(math.dist(a[:2], c[:2]), math.dist(b[:2], c[:2])) > 1:
                made.append(model.add_angular_dim_3p(base=(1, 1), center=c, p1=a, p2=b))
        for dimension in made:
            if drawn:
                dimension.render()
    both(saved(document))


def test_dimensions_as_drawn_need_no_ezdxf(no_ezdxf):
    document = new("R2013", setup=True)
    model = document.modelspace()
    model.add_linear_dim(base=(0, 5), p1=(1, 1), p2=(9, 2)).render()
    model.add_aligned_dim(p1=(1, 1), p2=(9, 2), distance=2, text="8.00").render()
    kinds = [(e.kind, bool(e.text), len(e.curves) >= 3) for e in both_fast(document)]
    assert kinds == [("DIMENSION", True, True)] * 2
