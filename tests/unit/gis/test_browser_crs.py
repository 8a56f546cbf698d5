"""The PROJ text given to browsers leads to where the platform itself has a place."""

from __future__ import annotations

import itertools

import numpy as np
import pyproj
import pytest

from gis import crs as crs_module
from gis.maps.browser_crs import browser_text, helmert

#: of each system a place where it is used; datums moved by parameters, by grids, from another meridian and in grads
_PLACES = {
    4547: (113.9, 28.1), 32619: (-71.1, 42.4), 25832: (9.0, 50.0), 2193: (174.7, -41.2), 6677: (139.7, 35.7),
    27700: (-0.1, 51.5), 28992: (4.9, 52.3), 31467: (9.0, 50.0), 21781: (7.4, 46.9), 5514: (14.4, 50.1),
    30161: (130.0, 33.0), 29193: (-46.6, -23.5), 2249: (-71.1, 42.4), 26786: (-71.1, 42.4), 27572: (2.3, 46.8),
}  # fmt: skip


@pytest.mark.parametrize(("epsg", "place"), list(_PLACES.items()))
def test_a_place_has_the_same_coordinates_in_browser_and_server(epsg, place):
    lon, lat = place
    text = browser_text(epsg, (lon - 0.03, lat - 0.02, lon + 0.03, lat + 0.02))
    assert "+nadgrids" not in text and "+datum=NAD27" not in text  # a browser has no grids
    shown = pyproj.Transformer.from_crs(
        "+proj=longlat +datum=WGS84 +no_defs", text.replace(" +type=crs", ""), always_xy=True
    )
    for dx, dy in itertools.product((-0.08, 0.0, 0.08), repeat=2):
        east, north = crs_module.transform_point(lon + dx, lat + dy, 4326, epsg)
        assert np.hypot(*np.subtract(shown.transform(lon + dx, lat + dy), (east, north))) < 0.01


def test_a_datum_that_coincides_needs_no_shift_and_one_without_parameters_gets_none():
    assert "towgs84" not in browser_text(4547, (113.0, 28.0, 114.0, 29.0))
    assert "towgs84" not in browser_text(2349)  # 西安80: not public
    assert "towgs84" in browser_text(27700)  # around the middle of where it is used
    assert browser_text(27700, (113.0, 28.0, 114.0, 29.0)) == browser_text(27700)  # nobody reads China in it


def test_helmert_finds_the_parameters_points_were_moved_by():
    rng = np.random.default_rng(7)
    own = rng.normal(0, 4e6, (30, 3))
    moved = own * (1 + 2e-6) + np.array([100.0, -50.0, 20.0])
    found = helmert(own, moved)
    assert np.allclose(found, [100, -50, 20, 0, 0, 0, 2], atol=1e-4)
