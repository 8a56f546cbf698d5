"""Coordinate systems: EPSG map of WE-37, identification, areas, honesty about datums."""

import numpy as np
import pyproj
import pytest
from shapely.geometry import Point, box

from gis import crs
from gis.crs import Family, Fit
from gis.crs_text import identify, parameters_of
from project_box.kernel.errors import BadInput


@pytest.mark.parametrize(
    ("zone", "width", "prefixed", "epsg", "meridian"),
    [
        (37, 3, True, 4525, 111),
        (38, 3, True, 4526, 114),
        (25, 3, True, 4513, 75),
        (45, 3, True, 4533, 135),
        (37, 3, False, 4546, 111),
        (38, 3, False, 4547, 114),
        (20, 6, True, 4498, 117),
    ],
)
def test_we_37_epsg_map(zone, width, prefixed, epsg, meridian):
    assert crs.zone_epsg(Family.CGCS2000, zone, width=width, prefixed=prefixed) == epsg
    found = crs.gauss_kruger(epsg)
    assert found is not None
    assert (found.zone, found.width, found.prefixed) == (zone, width, prefixed)
    assert found.central_meridian == meridian


@pytest.mark.parametrize("series", crs.SERIES, ids=lambda s: f"{s.family.value}-{s.width}-{s.prefixed}")
def test_every_zone_agrees_with_the_registry(series):
    for zone in range(series.first_zone, series.last_zone + 1):
        epsg = crs.zone_epsg(series.family, zone, width=series.width, prefixed=series.prefixed)
        assert epsg is not None
        mine = crs.gauss_kruger(epsg)
        assert mine is not None
        parameters = dict(parameters_of(pyproj.CRS.from_epsg(epsg)))
        assert parameters["lon"] == mine.central_meridian
        assert parameters["fe"] == mine.false_easting


def test_zone_number_tells_the_width():
    assert [crs.zone_width(z) for z in (12, 13, 23, 24, 25, 45, 46)] == [None, 6, 6, None, 3, 3, None]
    assert crs.zone_of_meridian(114, 3) == 38
    assert crs.zone_of_meridian(117, 6) == 20
    assert crs.zone_of_meridian(113, 3) is None


def test_prefix_is_a_pure_shift():
    site = box(383_000, 2_582_000, 383_100, 2_582_100)
    moved = crs.transform(site, 4547, 4526)
    assert moved.bounds == (38_383_000.0, 2_582_000.0, 38_383_100.0, 2_582_100.0)
    assert crs.same_grid(4547, 4526) == 38_000_000
    assert crs.same_grid(4547, 4546) is None
    assert crs.same_grid(4547, 2383) is None


def test_old_datums_are_not_overlaid_without_parameters():
    assert not crs.can_transform(2383, 4547)
    with pytest.raises(BadInput) as refused:
        crs.transform(Point(383_000, 2_582_000), 2383, 4547)
    assert refused.value.code == "CRS-NO-TRANSFORM"
    assert refused.value.remedy
    # PROJ knows parameters for a few regions of Beijing 1954 and would shift nothing elsewhere
    for old in (2383, 2435, 2413, 4214, 4610):
        assert not crs.can_transform(old, 4326) and not crs.can_transform(4326, old)
    assert crs.can_transform(2435, 2414)
    assert crs.can_transform(4326, 4547)
    assert crs.can_transform(4525, 4547)
    assert crs.can_transform(27700, 4326)


@pytest.mark.parametrize("code", [0, -1, 999_999, 10**30, 5703])
def test_bad_codes_are_explained(code):
    with pytest.raises(BadInput) as refused:
        crs.crs(code)
    assert refused.value.code == "CRS-INVALID"


def test_identify_reads_what_files_carry():
    assert identify("urn:ogc:def:crs:EPSG::4547") == 4547
    assert identify("urn:ogc:def:crs:OGC:1.3:CRS84") == 4326
    assert identify("no crs at all") is None
    for epsg in (4547, 4526, 4498, 2383, 2363, 2422, 27700, 4326):
        assert identify(pyproj.CRS.from_epsg(epsg).to_wkt("WKT1_ESRI")) == epsg


def test_identify_never_rounds_a_local_grid_to_a_zone():
    local = pyproj.CRS.from_epsg(4547).to_wkt("WKT1_ESRI").replace("114.0", "112.75")
    assert identify(local) is None


def test_area_zone():
    assert crs.area_zone(113.1, 28.0) == 4547
    assert crs.area_zone(111.9, 28.0) == 4546
    assert crs.area_zone(-0.11, 51.46) == 32630
    assert crs.area_zone(-58.4, -34.6) == 32721


def test_fit():
    assert crs.fit((383_000, 2_582_000, 383_100, 2_582_100), 4547) is Fit.INSIDE
    assert crs.fit((2_582_000, 383_000, 2_582_100, 383_100), 4547) is Fit.OUTSIDE
    assert crs.fit((38_383_000, 2_582_000, 38_383_100, 2_582_100), 4547) is Fit.OUTSIDE
    assert crs.fit((330_000, 2_582_000, 330_100, 2_582_100), 4547) is Fit.NEAR
    assert crs.fit((531_000, 175_000, 531_100, 175_100), 27700) is Fit.INSIDE


def test_ellipsoidal_area_of_a_degree_square():
    # WGS 84: 1° x 1° at the equator; reference value of geographiclib for geodesic edges
    assert crs.ellipsoidal_area(box(0, 0, 1, 1), 4326) == pytest.approx(12_308_778_361, abs=2)


@pytest.mark.parametrize(
    ("source", "corner", "extent"),
    [
        (4547, (440_000, 3_060_000), (30_000, 30_000)),
        (4547, (300_000, 2_900_000), (320_000, 320_000)),
        (4490, (104, 24), (9, 6)),
        (4326, (-180, -89), (360, 178)),
        (27700, (400_000, 200_000), (50_000, 50_000)),
        (4547, (500_000, 3_000_000), (0, 0)),
        (4547, (-1e9, -1e9), (2e9, 2e9)),
        (3857, (12_500_000, 3_200_000), (1_000, 1_000)),
    ],
)
def test_many_points_are_moved_to_within_a_millimetre(source, corner, extent):
    points = np.array(corner, dtype=float) + np.random.default_rng(4).random((5_000, 2)) * extent
    exact = crs.transform_coordinates(points, source, crs.WEB_MERCATOR)
    nearly = crs.transform_nearly(points, source, crs.WEB_MERCATOR, 0.001)
    known = np.isfinite(exact).all(axis=1)
    assert (np.isfinite(nearly).all(axis=1) == known).all()
    assert known.any() and np.abs(nearly[known] - exact[known]).max() <= 0.001
    few = crs.transform_nearly(points[:5], source, crs.WEB_MERCATOR, 0.001)
    assert (few == exact[:5])[known[:5]].all()


def test_equal_points_get_equal_places_wherever_they_stand_so_that_rings_stay_closed():
    points = np.array([300_000.0, 2_900_000.0]) + np.random.default_rng(4).random((20_000, 2)) * 320_000
    for count in range(8_997, 9_006):  # across blocks, with all remainders: products of matrices fail here
        twice = np.concatenate([points[:count], points[:count]])
        moved = crs.transform_nearly(twice, 4547, crs.WEB_MERCATOR, 0.001)
        assert np.array_equal(moved[:count], moved[count:])


def test_what_a_projection_breaks_is_not_smoothed_over():
    """Across the edge of a zone of the world the polynomial would be wrong; the formulas are asked."""
    points = np.column_stack([np.linspace(179, 181, 4_000), np.linspace(-10, 10, 4_000)])
    moved = crs.transform_nearly(points, crs.WGS84, 32660, 0.001)
    assert np.allclose(moved, crs.transform_coordinates(points, crs.WGS84, 32660), atol=0.001)


def test_web_mercator_by_way_of_longitude_and_latitude_is_what_proj_gives():
    for source, corner in ((4547, (450_000, 3_100_000)), (27700, (400_000, 200_000)), (4490, (114, 27))):
        points = np.array(corner, dtype=float) + np.random.default_rng(5).random((50, 2)) * (
            1 if source == 4490 else 9_000
        )
        direct = pyproj.Transformer.from_crs(source, crs.WEB_MERCATOR, always_xy=True).transform(*points.T)
        assert (
            np.abs(
                crs.transform_coordinates(points, source, crs.WEB_MERCATOR) - np.column_stack(direct)
            ).max()
            < 1e-6
        )
