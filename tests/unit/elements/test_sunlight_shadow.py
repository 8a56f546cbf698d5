"""Shadows on the ground: closed forms, and agreement with the hours of sun, which are computed another way."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import MultiPolygon, Point, Polygon, box

from elements.sunlight.hours import SunPath, exposure, sun_path
from elements.sunlight.scene import Block, Site, Window, gable_roof
from elements.sunlight.shadow import shadow, shadow_sheaf, sun_grid, sunny_share
from elements.sunlight.sun import horizontal
from project_box.kernel.errors import BadInput

SITE = Site(28.2)
GREAT_COLD = -20.11


def path_for(site: Site = SITE) -> SunPath:
    return sun_path(site, GREAT_COLD, 8.0, 16.0)


def test_length_and_direction_at_noon() -> None:
    """At true solar noon the shadow points due north and is height / tan(altitude) long."""
    found = shadow(Block("1", box(-5, -5, 5, 5), 0, 30), path_for(), 12.0)
    length = 30 / math.tan(math.radians(90 - 28.2 + GREAT_COLD))
    assert found.bounds == pytest.approx((-5, -5, 5, 5 + length))
    assert found.area == pytest.approx(10 * (10 + length))


@settings(deadline=None)
@given(st.floats(8.1, 15.9), st.floats(5, 60), st.floats(-1.5, 1.5))
def test_area_of_a_convex_shadow(hour: float, height: float, gamma: float) -> None:
    """Area = footprint + length × breadth across the sun."""
    path = path_for(Site(28.2, convergence=gamma))
    plan = box(0, 0, 30, 12)
    sun = horizontal(28.2, GREAT_COLD, (hour - 12) * 15)
    bearing = math.radians(sun.azimuth - gamma)
    breadth = 30 * abs(math.cos(bearing)) + 12 * abs(math.sin(bearing))
    length = height / math.tan(math.radians(sun.altitude))
    found = shadow(Block("1", plan, 0, height), path, hour)
    assert found.area == pytest.approx(30 * 12 + length * breadth, rel=1e-9)


def test_courtyard_bridge_and_ground_level() -> None:
    plan = Polygon(box(-40, -40, 40, 40).exterior, [box(-20, -20, 20, 20).exterior])
    low = shadow(Block("yard", plan, 0, 10), path_for(), 12.0)
    assert isinstance(low, Polygon)
    assert len(low.interiors) == 1
    reach = 10 / math.tan(math.radians(90 - 28.2 + GREAT_COLD))
    assert Polygon(low.interiors[0]).area == pytest.approx(40 * (40 - reach))
    bridge = shadow(Block("bridge", box(-10, -5, 10, 5), 10, 12), path_for(), 12.0)
    assert bridge.bounds[1] == pytest.approx(-5 + reach)
    raised = shadow(Block("1", box(-5, -5, 5, 5), 0, 30), path_for(), 12.0, ground=20.0)
    assert raised.bounds[3] == pytest.approx(5 + reach)
    assert shadow(Block("1", box(-5, -5, 5, 5), 0, 30), path_for(), 12.0, ground=30.0).is_empty


def test_roof_lengthens_the_shadow() -> None:
    plan = box(-20, -6, 20, 6)
    found = shadow(Block("1", plan, 0, 9, gable_roof(plan, 9, 13)), path_for(), 12.0)
    slope = math.tan(math.radians(90 - 28.2 + GREAT_COLD))
    assert found.bounds[3] == pytest.approx(max(13 / slope, 6 + 9 / slope))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000))
def test_shadow_and_hours_agree(seed: int) -> None:
    """A ground point lies in a shadow at an hour exactly when the hours say that it is dark then."""
    rng = random.Random(seed)
    path = path_for(Site(rng.uniform(20, 45), convergence=rng.uniform(-1.5, 1.5)))
    blocks = []
    for i in range(3):
        plan = affinity.rotate(box(0, 0, rng.uniform(8, 40), rng.uniform(8, 20)), rng.uniform(0, 180))
        plan = affinity.translate(plan, rng.uniform(-50, 50), rng.uniform(-50, 50))
        assert isinstance(plan, Polygon)
        base = rng.choice([0.0, 6.0])
        blocks.append(Block(str(i), plan, base, base + rng.uniform(5, 40)))
    points = [Window(rng.uniform(-60, 60), rng.uniform(-60, 90), 0.0) for _ in range(30)]
    found = exposure(points, blocks, path)
    hour = rng.uniform(8.2, 15.8)
    dark = shapely.union_all([shadow(b, path, hour) for b in blocks])
    for number, point in enumerate(points):
        spot = Point(point.x, point.y)
        if spot.distance(dark.boundary) < 0.05 or any(b.footprint.contains(spot) for b in blocks):
            continue
        lit = any(start < hour < end for start, end in found.lit(number))
        assert lit is not dark.contains(spot)


def test_sheaf() -> None:
    lines = shadow_sheaf([Block("1", box(0, 0, 20, 10), 0, 20)], path_for(), every=60)
    assert [line.hour for line in lines] == pytest.approx([8, 9, 10, 11, 12, 13, 14, 15, 16])
    assert (
        lines[0].area.centroid.x < 10 < lines[-1].area.centroid.x
    )  # west in the morning, east in the evening
    assert lines[0].area.area == pytest.approx(lines[-1].area.area)
    assert shadow_sheaf([], sun_path(Site(80.0), -23.4, 9, 15)) == []
    with pytest.raises(BadInput):
        shadow_sheaf([], path_for(), every=0)
    with pytest.raises(BadInput):
        shadow(Block("1", box(0, 0, 1, 1), 0, 5), path_for(), 20.0)


def test_grid() -> None:
    house = Block("1", box(0, 0, 20, 10), 0, 20)
    area = box(-30, -30, 50, 50)
    found = sun_grid(area, [house], path_for(), spacing=5)
    assert len(found.x) == 16 * 16
    south = found.hours[found.y < 0]
    assert south.min() > found.hours[(found.y > 10) & (found.y < 25) & (np.abs(found.x - 10) < 10)].max()
    assert found.hours[(found.x > 0) & (found.x < 20) & (found.y > 0) & (found.y < 10)].max() == 0
    with pytest.raises(BadInput):
        sun_grid(area, [house], path_for(), spacing=0.01)
    with pytest.raises(BadInput):
        sun_grid(area, [house], path_for(), spacing=0)
    assert len(sun_grid(Polygon(), [house], path_for(), spacing=1).x) == 0


def test_share_behind_a_long_wall() -> None:
    """Two hours of sun behind an endless wall begin at the distance where half of them is the wall's hour angle.

    From D (cos φ - x sin φ) … with h = 18 m: lit at 11 h when s_u / s_s ≥ h / D, so D = h s_s / s_u at H = 15°.
    """
    wall = Block("wall", box(-1e5, -12, 1e5, 0), 0, 18)
    phi, delta, hour = math.radians(28.2), math.radians(GREAT_COLD), math.radians(15)
    up = math.sin(delta) * math.sin(phi) + math.cos(delta) * math.cos(phi) * math.cos(hour)
    south = math.cos(delta) * math.sin(phi) * math.cos(hour) - math.sin(delta) * math.cos(phi)
    edge = 18 * south / up
    green = MultiPolygon([box(0, 0.5, 30, 60.5), box(40, 0.5, 60, 60.5)])
    share = sunny_share(green, [wall], path_for(), 2.0)
    exact = (60.5 - edge) / 60
    assert share.low - 1e-3 <= exact <= share.high + 1e-3
    assert share.high - share.low < 0.01
    quick = sunny_share(green, [wall], path_for(), 2.0, threshold=1 / 3)
    assert quick.cell > share.cell
    assert quick.low >= 1 / 3
    with pytest.raises(BadInput):
        sunny_share(Polygon(), [wall], path_for(), 2.0)
