"""The sample city: every layer there, valid, consistent, and the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import Polygon

from gis.layers.layer import layer_catalogue
from web.seed import sites
from web.seed.city import CODES, MAP, City, build_city, write_city


@pytest.fixture(scope="module")
def city() -> City:
    return build_city()


def shapes(city: City, code: str) -> list[shapely.MultiPolygon]:
    return [shapely.MultiPolygon(shapely.get_parts(g)) for g, _ in city[code].features]


def overlap(a: shapely.Geometry, b: shapely.Geometry) -> float:
    return float(shapely.intersection(a, b, grid_size=0.001).area)


def test_every_layer_of_the_catalogue_is_there_and_has_features(city: City) -> None:
    assert set(city.layers) == set(CODES) == set(layer_catalogue().layers)
    assert all(layer.features for layer in city.layers.values())
    assert 3_000 < sum(len(layer.features) for layer in city.layers.values()) < 15_000


def test_geometries_are_valid_inside_the_map_and_on_the_millimetre(city: City) -> None:
    for code in CODES:
        found = np.array(shapes(city, code), dtype=object)
        assert shapely.is_valid(found).all(), code
        xmin, ymin, xmax, ymax = shapely.total_bounds(found)
        assert xmin >= sites.EXTENT[0] and ymin >= sites.EXTENT[1], code
        assert xmax <= sites.EXTENT[2] and ymax <= sites.EXTENT[3], code
        xy = shapely.get_coordinates(found)
        assert np.abs(xy - np.round(xy, 3)).max() < 1e-6, code


def test_features_of_a_layer_have_the_same_fields(city: City) -> None:
    for code, layer in city.layers.items():
        assert len({tuple(a) for _, a in layer.features}) == 1, code


def test_present_use_covers_the_map_once(city: City) -> None:
    faces = [p for g in shapes(city, "DLTB") for p in g.geoms]
    assert sum(f.area for f in faces) == pytest.approx(MAP.area, abs=0.01)
    assert bool(shapely.coverage_is_valid(np.array(faces, dtype=object)))


def test_plots_roads_and_water_do_not_overlap(city: City) -> None:
    plots = [p for g in shapes(city, "KG_DK") for p in g.geoms]
    roads = [p for g in shapes(city, "DLHX") for p in g.geoms]
    surface = shapely.union_all(roads)
    assert surface.area == pytest.approx(sum(r.area for r in roads), rel=2e-6)
    assert shapely.union_all(plots).area == pytest.approx(sum(p.area for p in plots), rel=2e-6)
    assert overlap(shapely.union_all(plots), surface) < 1.0
    river = next(g for g, a in city["LX"].features if a["MC"] == "样江蓝线")
    assert overlap(shapely.union_all(plots), river) < 1.0


def test_farmland_lies_outside_the_city_and_off_the_roads(city: City) -> None:
    farmland = shapely.union_all(shapes(city, "YJJBNT"))
    for code in ("CZKFBJ", "KG_DK", "DLHX"):
        assert overlap(farmland, city[code].union()) < 1.0, code
    assert farmland.area > 1e7


def test_land_grades_cover_the_map_once_for_every_use(city: City) -> None:
    uses = {str(a["YT"]) for _, a in city["JZDJ"].features}
    assert {"居住", "商业服务业", "工矿"} <= uses
    for use in uses:
        own = [(g, a) for g, a in city["JZDJ"].features if a["YT"] == use]
        assert sorted(int(a["JB"]) for _, a in own) == [1, 2, 3, 4, 5]
        assert sum(g.area for g, _ in own) == pytest.approx(MAP.area, abs=1.0)


def test_nested_safety_zones_do_not_overlap(city: City) -> None:
    for code in ("HLFX", "JCJK", "DZDL", "YYSY"):
        found = shapes(city, code)
        assert shapely.union_all(found).area == pytest.approx(sum(g.area for g in found), abs=1.0), code


def test_sample_sites_stand_where_their_stories_need_them(city: City) -> None:
    a = Polygon(sites.A_FRAME.ring(sites.A_SITE))
    b = Polygon(sites.B_FRAME.ring(sites.B_SITE))
    c = Polygon(sites.C_FRAME.ring(sites.C_SITE))
    assert (a.area, b.area) == (43_000.0, 42_000.0)
    assert c.area == pytest.approx(15_000.0, abs=1e-6)
    for site, number in ((a, "YL-03-05"), (c, "YL-04-02")):
        plot = next(g for g, at in city["KG_DK"].features if at["DKBH"] == number)
        assert overlap(site, plot) == pytest.approx(site.area, abs=1e-3)
        for code in ("YJJBNT", "STBHHX", "ZRBHD", "DLHX", "LVX", "LX", "WWBH", "YYSY"):
            assert overlap(site, city[code].union()) == 0, (number, code)
        assert overlap(site, city["CZKFBJ"].union()) == pytest.approx(site.area, abs=1e-3)
    for code in ("DZZH", "STBC", "YFK"):
        assert overlap(a, city[code].union()) > 0.9 * a.area, code
    assert overlap(b, city["DLHX"].union()) == pytest.approx(9_000.0, abs=1e-3)
    for code in ("YJJBNT", "STBHHX", "LINDI", "STBC"):
        assert overlap(b, city[code].union()) > 1_000, code


def test_city_is_the_same_each_time(city: City) -> None:
    again = build_city()
    assert {c: layer.digest() for c, layer in again.layers.items()} == {
        c: layer.digest() for c, layer in city.layers.items()
    }


def test_written_layers_read_back(city: City, tmp_path: Path) -> None:
    paths = write_city(tmp_path, city)
    assert set(paths) == set(CODES)
    for code in ("KG_DK", "JCJK"):
        frame = pyogrio.read_dataframe(paths[code])
        assert len(frame) == len(city[code].features)
        assert frame.crs.to_epsg() == 4547
        first = city[code].features[0][1]
        assert {k: frame.iloc[0][k] for k in first} == first
