"""Hours of sun against closed forms, symmetry and a ray test that shares no code with the implementation."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from elements.sunlight.hours import BEHIND, CUMULATIVE, Counting, Exposure, SunPath, exposure, sun_path
from elements.sunlight.scene import Block, Site, Triangle, Window, facades, gable_roof, windows_along
from elements.sunlight.sun import coordinates_at, horizontal, moment_of_solar_time
from project_box.kernel.errors import BadInput

GREAT_COLD = -20.11  # declination at 大寒, degrees
SOLSTICE = -23.44
CHANGSHA = Site(28.2)


def path_for(site: Site = CHANGSHA, declination: float = GREAT_COLD) -> SunPath:
    return sun_path(site, declination, 8.0, 16.0)


def hours_of(windows: Sequence[Window], blocks: Sequence[Block], path: SunPath) -> list[float]:
    return [float(h) for h in exposure(windows, blocks, path).hours()]


def south(x: float = 0.0, y: float = 0.0, z: float = 0.9) -> Window:
    return Window(x, y, z, facing=180.0)


# ---------------------------------------------------------------- nothing in the way


def test_open_ground_has_the_whole_window() -> None:
    found = exposure([Window(0, 0, 0)], [], path_for())
    assert found.lit(0) == [pytest.approx((8.0, 16.0), abs=1e-9)]
    assert found.dark(0) == []


def test_south_wall_has_the_whole_window_and_north_wall_nothing() -> None:
    house = Block("1", box(-20, 0, 20, 12), 0, 50)
    windows = [south(0, -0.01), Window(0, 12.01, 0.9, facing=0.0)]
    assert hours_of(windows, [house], path_for()) == pytest.approx([8.0, 0.0])


def test_east_wall_has_the_morning() -> None:
    """The sun leaves the plane of an east wall when it crosses the meridian."""
    house = Block("1", box(-10, -10, 0, 10), 0, 30)
    found = exposure([Window(0.01, 0, 0.9, facing=90.0)], [house], path_for())
    assert found.lit(0) == [pytest.approx((8.0, 12.0), abs=2e-3)]
    only_facing = exposure([Window(0.01, 0, 0.9, facing=90.0)], [], path_for())
    assert only_facing.lit(0) == [pytest.approx((8.0, 12.0), abs=1e-9)]
    assert {block for block, _, _ in only_facing.dark(0)} == {BEHIND}


def test_sunrise_and_sunset_cut_the_window() -> None:
    """At 60° N on the solstice the sun rises after nine: cos H = -tan φ tan δ."""
    path = sun_path(Site(60.0), SOLSTICE, 9.0, 15.0)
    half = math.degrees(math.acos(math.tan(math.radians(60)) * math.tan(math.radians(23.44)))) / 15
    assert half < 3
    assert hours_of([Window(0, 0, 0)], [], path) == pytest.approx([2 * half])
    assert hours_of([Window(0, 0, 0)], [], sun_path(Site(80.0), SOLSTICE, 9.0, 15.0)) == [0.0]


# ---------------------------------------------------------------- closed form: a long wall to the south


def wall_hours(height: float, distance: float, latitude: float, declination: float, window: float) -> float:
    """Hours of sun behind an endless east-west wall ``height`` m above the sill, ``distance`` m to the south.

    With s_u = sin δ sin φ + cos δ cos φ cos H (up) and s_s = cos δ sin φ cos H - sin δ cos φ (to the south), the ray
    passes over the wall when s_u / s_s ≥ height / distance, that is when
    cos H · cos δ (D cos φ - h sin φ) ≥ -sin δ (D sin φ + h cos φ).
    """
    phi, delta = math.radians(latitude), math.radians(declination)
    left = math.cos(delta) * (distance * math.cos(phi) - height * math.sin(phi))
    right = -math.sin(delta) * (distance * math.sin(phi) + height * math.cos(phi))
    if left <= 0 or right / left >= 1:
        return 0.0
    return min(2 * math.degrees(math.acos(right / left)) / 15, window)


@settings(deadline=None)
@given(st.floats(1, 100), st.floats(2, 200), st.floats(18, 50), st.sampled_from([GREAT_COLD, SOLSTICE]))
def test_long_wall(height: float, distance: float, latitude: float, declination: float) -> None:
    path = sun_path(Site(latitude), declination, 8.0, 16.0)
    wall = Block("wall", box(-1e5, -distance - 10, 1e5, -distance), 0, height + 0.9)
    found = exposure([south()], [wall], path)
    expected = wall_hours(height, distance, latitude, declination, path.length)
    assert float(found.hours()[0]) == pytest.approx(expected, abs=2e-3)  # 1e5 m is not endless
    if 0 < expected < path.length:
        ((start, end),) = found.lit(0)
        assert start + end == pytest.approx(24.0, abs=1e-6)


def test_the_critical_distance_of_a_long_wall() -> None:
    """At noon the sun stands at 90° - φ + δ: the wall takes all sun when it is nearer than height / tan of that."""
    altitude = math.radians(90 - 28.2 + GREAT_COLD)
    critical = 30 / math.tan(altitude)
    for distance, any_sun in ((critical * 0.999, False), (critical * 1.001, True)):
        wall = Block("wall", box(-1e5, -distance - 10, 1e5, -distance), 0, 30.9)
        assert (hours_of([south()], [wall], path_for())[0] > 0) is any_sun


def test_block_due_south_takes_the_time_of_its_azimuths() -> None:
    """A tower so tall that only its edges count: sun until its azimuth reaches the one edge, and after the other."""
    half, distance = 10.0, 40.0
    tower = Block("tower", box(-half, -distance - 20, half, -distance), 0, 3000)
    found = exposure([south()], [tower], path_for())
    (first, second) = found.lit(0)
    edge = 180.0 - math.degrees(math.atan2(half, distance))
    assert horizontal(28.2, GREAT_COLD, (first[1] - 12) * 15).azimuth == pytest.approx(edge, abs=1e-6)
    assert first[1] + second[0] == pytest.approx(24.0, abs=1e-6)
    ((block, start, end),) = found.dark(0)
    assert block == 0
    assert [start, end] == pytest.approx([first[1], second[0]])


def test_two_blocks_and_their_gap() -> None:
    """Blocks left and right of due south, mirror images: sun through the gap at noon, the same to both sides."""
    left, right = box(-60, -50, -5, -38), box(5, -50, 60, -38)
    blocks = [Block("w", left, 0, 60), Block("e", right, 0, 60)]
    found = exposure([south()], blocks, path_for())
    spans = found.lit(0)
    for start, end in spans:
        assert any(24 - end == pytest.approx(a, abs=1e-6) for a, _ in spans)
        assert any(24 - start == pytest.approx(b, abs=1e-6) for _, b in spans)
    assert any(start < 12 < end for start, end in spans)
    by_block = {block: end - start for block, start, end in found.dark(0)}
    assert by_block[0] == pytest.approx(by_block[1], abs=1e-6)


# ---------------------------------------------------------------- shapes


def test_courtyard_shades_its_own_windows() -> None:
    ring = Polygon(box(-30, -30, 30, 30).exterior, [box(-15, -15, 15, 15).exterior])
    house = Block("ring", ring, 0, 18)
    inside = south(0, 14.99)
    alone = wall_hours(17.1, 29.99, 28.2, GREAT_COLD, 8.0)
    hours = hours_of([inside], [house], path_for())[0]
    assert 0 < hours < alone  # the wings take more than the endless wall alone would
    assert hours == pytest.approx(brute_hours(inside, [house], path_for()), abs=0.03)


def test_sun_passes_under_a_bridge() -> None:
    bridge = Block("bridge", box(-200, -30, 200, -20), 28.5, 33.0)
    window = south(z=1.0)
    closed = Block("closed", box(-200, -30, 200, -20), 0.0, 33.0)
    under, shut = hours_of([window], [bridge], path_for())[0], hours_of([window], [closed], path_for())[0]
    assert under > shut
    assert under == pytest.approx(brute_hours(window, [bridge], path_for()), abs=0.03)


def test_a_balcony_above_takes_the_noon() -> None:
    """A slab over the window: sun under its edge only while the profile angle is below atan(height / depth)."""
    slab = Block("slab", box(-50, -1.5, 50, 0), 2.7, 2.8)
    window = south(0, -0.01, 0.9)
    found = exposure([window], [slab], path_for())
    assert found.hours()[0] == pytest.approx(brute_hours(window, [slab], path_for()), abs=0.03)
    profile = math.atan2(2.7 - 0.9, 1.5 - 0.01)
    noon = math.radians(90 - 28.2 + GREAT_COLD)
    assert (profile < noon) is any(start < 12 < end for _, start, end in found.dark(0))


def test_gable_roof_lies_between_eaves_and_ridge() -> None:
    plan = box(-200, -42, 200, -30)
    roofed = Block("roofed", plan, 0, 12, gable_roof(plan, 12, 18))
    results = [
        hours_of([south()], [block], path_for())[0]
        for block in (Block("low", plan, 0, 12), roofed, Block("high", plan, 0, 18))
    ]
    assert results == sorted(results, reverse=True)
    # the ridge runs along the middle of the plan: 6 m behind the front, 18 m high
    ridge = wall_hours(17.1, 36.0, 28.2, GREAT_COLD, 8.0)
    eaves = wall_hours(11.1, 30.0, 28.2, GREAT_COLD, 8.0)
    assert results[1] == pytest.approx(min(ridge, eaves), abs=0.02)
    assert roofed.summit == 18


def test_a_window_inside_a_building_is_dark_and_says_so() -> None:
    house = Block("1", box(-10, -10, 10, 10), 0, 30)
    found = exposure([Window(0, 0, 0.9), Window(0, 0, 31.0)], [house], path_for())
    assert found.inside.tolist() == [0, -1]
    assert found.hours().tolist() == pytest.approx([0.0, 8.0])


def test_full_window_needs_both_ends() -> None:
    tower = Block("tower", box(2, -60, 12, -40), 0, 3000)
    wide, left, right = (
        hours_spans([window], [tower])
        for window in (Window(0, 0, 0.9, 180.0, width=1.8), south(-0.9), south(0.9))
    )
    both = [(max(a, c), min(b, d)) for a, b in left for c, d in right if min(b, d) > max(a, c)]
    assert wide == [pytest.approx(span, abs=1e-6) for span in both]


def hours_spans(windows: Sequence[Window], blocks: Sequence[Block]) -> list[tuple[float, float]]:
    return exposure(windows, blocks, path_for()).lit(0)


def test_sweep_angle_cuts_grazing_sun() -> None:
    """With 15° only azimuths between 105° and 255° count on a south wall."""
    free = exposure([south()], [], path_for(), sweep=0.0).lit(0)
    cut = exposure([Window(0, 0, 0.9, facing=135.0)], [], path_for(), sweep=15.0).lit(0)
    assert free == [pytest.approx((8.0, 16.0))]
    ((_, end),) = cut
    assert horizontal(28.2, GREAT_COLD, (end - 12) * 15).azimuth == pytest.approx(135 + 75, abs=1e-6)
    with pytest.raises(BadInput):
        exposure([south()], [], path_for(), sweep=90.0)


# ---------------------------------------------------------------- north, place


@pytest.mark.parametrize("gamma", [-1.2, 0.35, 1.4, 30.0])
def test_convergence_is_a_turn_of_the_scene(gamma: float) -> None:
    """True azimuth = grid azimuth + γ: turned by γ on a grid whose north lies γ east of true north, nothing changes."""
    blocks = [Block("a", box(-30, -50, 5, -38), 0, 40), Block("b", box(12, -45, 40, -30), 0, 25)]
    straight = exposure([south()], blocks, path_for())
    turned_blocks = [
        Block(b.name, affinity.rotate(b.footprint, gamma, origin=(0, 0)), b.base, b.top) for b in blocks
    ]
    site = Site(28.2, convergence=gamma)
    turned = exposure([south()], turned_blocks, sun_path(site, GREAT_COLD, 8, 16))
    assert turned.lit(0) == [pytest.approx(span, abs=1e-6) for span in straight.lit(0)]


def test_far_from_the_origin_nothing_changes() -> None:
    blocks = [Block("a", box(-30, -50, 5, -38), 0, 40)]
    moved = [
        Block(b.name, affinity.translate(b.footprint, 38_500_000, 3_120_000), b.base, b.top) for b in blocks
    ]
    here = hours_of([south()], blocks, path_for())
    there = hours_of([south(38_500_000, 3_120_000)], moved, path_for())
    assert there == pytest.approx(here, abs=1e-6)


def test_constant_declination_costs_less_than_a_minute() -> None:
    """Minute by minute with the real sun of 2001-01-20 against the exact interval at noon's declination."""
    site = Site(28.2, longitude=112.94)
    day = dt.date(2001, 1, 20)
    noon = coordinates_at(moment_of_solar_time(day, 12.0, site.longitude)).declination
    wall = Block("wall", box(-1e5, -60, 1e5, -50), 0, 26.0)
    exact = hours_of([south()], [wall], sun_path(site, noon, 8, 16))[0]
    lit = 0
    for minute in range(480):
        hour = 8 + (minute + 0.5) / 60
        moving = coordinates_at(moment_of_solar_time(day, hour, site.longitude)).declination
        sun = horizontal(site.latitude, moving, (hour - 12) * 15)
        profile = math.tan(math.radians(sun.altitude)) / -math.cos(math.radians(sun.azimuth))
        lit += profile >= 25.1 / 50
    assert abs(lit / 60 - exact) < 1 / 60 + 1e-9


# ---------------------------------------------------------------- brute force


def brute_lit(window: Window, blocks: Sequence[Block], site: Site, declination: float, hour: float) -> bool:
    """One ray, by plan geometry and a triangle test: nothing of the implementation is used but the sun's direction."""
    sun = horizontal(site.latitude, declination, (hour - 12) * 15)
    if window.facing is not None and math.cos(math.radians(sun.azimuth - window.facing)) <= 0:
        return False
    bearing = math.radians(sun.azimuth - site.convergence)
    slope = math.tan(math.radians(sun.altitude)) / site.scale
    dx, dy = math.sin(bearing), math.cos(bearing)
    ray = LineString([(window.x, window.y), (window.x + 3000 * dx, window.y + 3000 * dy)])
    for block in blocks:
        for part in shapely.get_parts(ray.intersection(block.footprint)):
            along = [math.dist(c, (window.x, window.y)) for c in part.coords]
            if not along:
                continue
            if window.z + min(along) * slope < block.top and window.z + max(along) * slope > block.base:
                return False
        for face in block.roof:
            if _hits(np.array([window.x, window.y, window.z]), np.array([dx, dy, slope]), np.array(face)):
                return False
    return True


def _hits(origin: np.ndarray, ray: np.ndarray, face: np.ndarray) -> bool:
    """Solve origin + t ray = p + u (q-p) + v (r-p)."""
    matrix = np.column_stack([face[1] - face[0], face[2] - face[0], -ray])
    if abs(np.linalg.det(matrix)) < 1e-12:
        return False
    u, v, t = np.linalg.solve(matrix, origin - face[0])
    return bool(u >= 0 and v >= 0 and u + v <= 1 and t > 0)


def brute_hours(window: Window, blocks: Sequence[Block], path: SunPath, step: float = 1 / 60) -> float:
    count = round(path.length / step)
    return step * sum(
        brute_lit(window, blocks, path.site, path.declination, path.start + (i + 0.5) * step)
        for i in range(count)
    )


def random_scene(seed: int) -> tuple[list[Block], list[Window], SunPath]:
    rng = random.Random(seed)
    site = Site(rng.uniform(18, 50), convergence=rng.uniform(-1.5, 1.5), scale=rng.uniform(0.9997, 1.0003))
    blocks = []
    for i in range(rng.randint(1, 7)):
        x, y = rng.uniform(-90, 90), rng.uniform(-90, 60)
        width, depth, height = rng.uniform(8, 50), rng.uniform(8, 30), rng.uniform(3, 90)
        whole = box(x, y, x + width, y + depth)
        plan: BaseGeometry = whole
        kind = rng.choice(["plain", "yard", "bridge", "roof", "ell"])
        base, roof = 0.0, tuple[Triangle, ...]()
        if kind == "yard":
            plan = Polygon(
                whole.exterior,
                [box(x + width / 4, y + depth / 4, x + 3 * width / 4, y + 3 * depth / 4).exterior],
            )
        elif kind == "bridge":
            base = height / 2
        elif kind == "ell":
            plan = plan.difference(box(x, y, x + width / 2, y + depth / 2))
        plan = affinity.rotate(plan, rng.uniform(0, 180))
        assert isinstance(plan, Polygon)
        if kind == "roof":
            roof = gable_roof(plan, height, height + rng.uniform(1, 8))
        blocks.append(Block(str(i), plan, base, height, roof))
    windows = []
    for block in blocks:
        for facade in facades(block.name, block.footprint, site)[:6]:
            windows += windows_along(facade, site, 8.0, rng.choice([0.9, 4.0, 20.0]))[:2]
    windows += [Window(rng.uniform(-60, 60), rng.uniform(-60, 60), 0.0) for _ in range(3)]
    path = sun_path(site, rng.choice([GREAT_COLD, SOLSTICE]), *rng.choice([(8.0, 16.0), (9.0, 15.0)]))
    return blocks, windows, path


@pytest.mark.parametrize("seed", range(40))
def test_against_rays(seed: int) -> None:
    blocks, windows, path = random_scene(seed)
    found = exposure(windows, blocks, path)
    rng = random.Random(seed + 1000)
    checked = 0
    for number in rng.sample(range(len(windows)), min(8, len(windows))):
        window = windows[number]
        if found.inside[number] >= 0:
            assert found.hours()[number] == 0
            continue
        if any(shapely.contains_xy(b.footprint, window.x, window.y) for b in blocks):
            continue  # above or below a building: rays by plan geometry start inside it
        edges = [t for span in found.lit(number) for t in span]
        for _ in range(60):
            hour = rng.uniform(path.start, path.end)
            if any(abs(hour - edge) < 1e-4 for edge in edges):
                continue
            lit = any(start < hour < end for start, end in found.lit(number))
            assert lit is brute_lit(window, blocks, path.site, path.declination, hour), (number, hour)
            checked += 1
    assert checked or not blocks


# ---------------------------------------------------------------- properties


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_accounts_close(seed: int) -> None:
    """Lit and shaded intervals of a window fill the day without overlap; one more block never adds sun."""
    blocks, windows, path = random_scene(seed)
    assume(path.length > 0)
    found = exposure(windows, blocks, path)
    fewer = exposure(windows, blocks[1:], path)
    assert (found.hours() <= fewer.hours() + 1e-5).all()
    for number in range(len(windows)):
        spans = [(s, e, True) for s, e in found.lit(number)]
        spans += [(s, e, False) for _, s, e in found.dark(number)]
        marks = sorted({path.start, path.end, *(t for s, e, _ in spans for t in (s, e))})
        for a, b in pairwise(marks):
            if b - a < 1e-5:
                continue
            middle = (a + b) / 2
            kinds = {lit for s, e, lit in spans if s <= middle <= e}
            assert len(kinds) == 1, (number, middle, kinds)


def test_counting() -> None:
    def made(*spans: tuple[float, float]) -> Exposure:
        empty = np.zeros(0, dtype=np.int64)
        return Exposure(
            path_for(),
            2,
            np.zeros(len(spans), dtype=np.int64),
            np.array([s for s, _ in spans]),
            np.array([e for _, e in spans]),
            empty,
            empty,
            np.zeros(0),
            np.zeros(0),
            np.full(2, -1),
        )

    found = made((8.0, 8.05), (9.0, 10.0), (11.0, 11.5), (13.0, 14.25))
    assert found.hours(CUMULATIVE).tolist() == pytest.approx([2.8, 0.0])
    assert found.hours(Counting(least=5)).tolist() == pytest.approx([2.75, 0.0])
    assert found.hours(Counting(least=3)).tolist() == pytest.approx([2.8, 0.0])
    assert found.hours(Counting(longest=1)).tolist() == pytest.approx([1.25, 0.0])
    assert found.hours(Counting(longest=2)).tolist() == pytest.approx([2.25, 0.0])
    assert Counting(longest=1).text() == "连续"
    assert Counting(least=5, longest=2).text() == "最长 2 段累计，单段不少于 5 min"


def test_refusals() -> None:
    with pytest.raises(BadInput):
        sun_path(CHANGSHA, GREAT_COLD, 16.0, 8.0)
    with pytest.raises(BadInput):
        Block("1", box(0, 0, 1, 1), 5.0, 4.0)
    with pytest.raises(BadInput):
        Block("1", box(0, 0, 1, 1), 0.0, math.nan)
    with pytest.raises(BadInput):
        Site(95.0)
    with pytest.raises(BadInput):
        gable_roof(box(0, 0, 1, 1), 10, 9)
