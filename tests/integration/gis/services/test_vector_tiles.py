"""Vector tiles of the town: features where they are, entity tags, empty tiles, overviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import shapely

from gis import repository
from gis.tiles import tile_store, tiles

from .conftest import get

pytestmark = pytest.mark.integration


def tile_at(place, z):
    lon, lat = place
    n = 2**z
    return int((lon + 180) / 360 * n), int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n)


def decoded(data, z, x, y, tmp_path):
    place = tmp_path / f"{z}-{x}-{y}.mvt"
    place.write_bytes(data)
    return pyogrio.read_dataframe(f"MVT:{place}", X=x, Y=y, Z=z)


@pytest.fixture(scope="module")
def spot(client):
    west, south, east, north = get(client, "/collections/KG_DK")["extent"]["spatial"]["bbox"][0]
    return (west + east) / 2, (south + north) / 2


def tile(client, z, x, y, **headers):
    return client.get(f"/ogc/collections/KG_DK/tiles/WebMercatorQuad/{z}/{y}/{x}", headers=headers)


def test_tiles_hold_the_features_where_they_are(client, plots, spot, tmp_path):
    x, y = tile_at(spot, 14)
    answer = tile(client, 14, x, y, **{"accept-encoding": "gzip"})
    assert answer.status_code == 200 and answer.headers["content-encoding"] == "gzip"
    assert tile(client, 14, x, y, **{"accept-encoding": "identity"}).content == answer.content
    frame = decoded(answer.content, 14, x, y, tmp_path)
    assert set(frame.columns) <= {"mvt_id", "label", "class", "geometry"}
    by_number = {f["id"]: f for f in plots}
    for row in frame.to_crs(4326).itertuples():
        there = shapely.geometry.shape(by_number[row.mvt_id]["geometry"])
        assert row.label == by_number[row.mvt_id]["properties"]["label"]
        assert row.geometry.difference(there.buffer(2e-5)).area < 1e-12
    n = 2**14
    west, east = x / n * 360 - 180, (x + 1) / n * 360 - 180
    south, north = (float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * k / n))))) for k in (y + 1, y))
    edge = shapely.box(west, south, east, north)
    drawn = shapely.union_all(frame.to_crs(4326).geometry.values)
    meant = shapely.union_all([shapely.geometry.shape(f["geometry"]) for f in plots]).intersection(edge)
    assert meant.difference(drawn.buffer(6e-6)).area < 1e-6 * edge.area  # no holes, up to the very edge


def test_entity_tags_empty_tiles_and_addresses(client, spot):
    x, y = tile_at(spot, 12)
    first = tile(client, 12, x, y)
    tag = first.headers["etag"]
    assert tile(client, 12, x, y, **{"if-none-match": tag}).status_code == 304
    assert tile(client, 12, x, y, **{"if-none-match": f'"other", W/{tag}'}).status_code == 304
    assert tile(client, 12, x, y, **{"if-none-match": '"other"'}).status_code == 200
    plain = tile(client, 12, x, y, **{"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.headers["etag"] != tag
    assert tile(client, 12, x, y, **{"accept-encoding": "identity", "if-none-match": tag}).status_code == 200
    assert tile(client, 12, 0, 0).status_code == 204
    assert tile(client, 12, 5000, 0).status_code == 404
    assert tile(client, 23, 0, 0).status_code == 404
    assert tile(client, 3, -1, 0).status_code == 404


def test_overviews_keep_the_picture_and_lose_the_weight(town, spot, tmp_path):
    z = 11
    x, y = tile_at(spot, z)
    with town.transaction() as session:
        row, level = repository.current_version(session, "DLTB"), tiles.level_of(z)
        assert row is not None and level is not None
        read, plain = tile_store.session_reader(session), tiles.source(session, "DLTB")
        assert not plain.overviews
        before = tiles.draw(read, replace(plain, features=0), z, x, y)
        tiles.build_overviews(session, row)
        thinned = tiles.source(session, "DLTB")
        after = tiles.draw(read, thinned, z, x, y)
        assert thinned.overviews and thinned.etag(z, x, y) != plain.etag(z, x, y)
        session.rollback()
    assert len(after) < len(before)
    (tmp_path / "a").mkdir()
    whole = shapely.union_all(decoded(before, z, x, y, tmp_path).geometry.make_valid().values)
    thin = shapely.union_all(decoded(after, z, x, y, tmp_path / "a").geometry.make_valid().values)
    cell = 2 * tiles.pixel(
        z
    )  # at most one cell is missing or too much anywhere along the border, and no hole inside
    assert whole.buffer(cell * 1.5).covers(thin)
    assert thin.covers(whole.buffer(-cell * 1.5))
