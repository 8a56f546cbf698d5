"""Measured lengths and areas: on the plane of the CRS, and on the ellipsoid beside it."""

from __future__ import annotations

import pyproj
import pytest

from gis.maps.map_measure import measure
from project_box.kernel.errors import BadInput

X, Y = 485_000.0, 3_115_000.0


def test_a_rectangle():
    found = measure([[X, Y], [X + 300, Y], [X + 300, Y + 400], [X, Y + 400]], 4547, closed=True)
    assert found["area_m2"] == 120_000
    assert found["segments_m"] == [300, 400, 300, 400] and found["length_m"] == 1400
    # 15 km west of the meridian the plane enlarges by (x / R)² / 2 in each direction: nearly nothing
    assert found["ellipsoidal_area_m2"] == pytest.approx(120_000, rel=1e-5)
    assert found["simple"] is True


def test_the_ellipsoid_differs_far_from_the_meridian():
    line = [[650_000.0, Y], [660_000.0, Y]]
    found = measure(line, 4547, closed=False)
    lon, lat = pyproj.Transformer.from_crs(4547, 4490, always_xy=True).transform([650_000, 660_000], [Y, Y])
    geodesic = pyproj.Geod(ellps="GRS80").line_length(lon, lat)
    assert found["length_m"] == 10_000 and found["area_m2"] is None
    assert found["ellipsoidal_length_m"] == pytest.approx(geodesic, abs=0.01)
    assert found["length_m"] - found["ellipsoidal_length_m"] > 2


def test_a_line_that_crosses_itself_is_said():
    found = measure([[X, Y], [X + 10, Y + 10], [X + 10, Y], [X, Y + 10]], 4547, closed=True)
    assert found["simple"] is False


@pytest.mark.parametrize(
    ("points", "crs", "closed", "code"),
    [
        ([[X, Y]], 4547, False, "measure_points"),
        ([[X, Y], [X, Y + 1]], 4547, True, "measure_points"),
        ([[X, Y, 3.0], [X, Y]], 4547, False, "measure_points"),
        ([[113.0, 28.0], [113.1, 28.0]], 4490, False, "measure_crs"),
        ([[X, float("nan")], [X, Y]], 4547, False, "COORD-NAN"),
        ([[X, Y], [X, Y + 1]], 999999, False, "CRS-INVALID"),
    ],
)
def test_what_cannot_be_measured(points, crs, closed, code):
    with pytest.raises(BadInput) as refused:
        measure(points, crs, closed=closed)
    assert refused.value.code == code
