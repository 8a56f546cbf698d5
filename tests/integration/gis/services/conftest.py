"""A small town of three layers, one of them public, served over HTTP."""

from __future__ import annotations

import base64
import datetime as dt
import os
import secrets

import geopandas
import pytest
import shapely
from fastapi.testclient import TestClient
from shapely.geometry.base import BaseGeometry

from gis import service
from project_box.kernel import embedded
from project_box.kernel.db import Database
from tests.conftest import TEST_VAR
from web.app import create_app
from web.migrate import upgrade
from web.seed.people import seed_people

X, Y = 440000.0, 3120000.0


def epsg(code):
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"


def made(folder, code, features):
    """A delivery of (shape, attributes) in EPSG:4547."""
    place = folder / f"{code}.gpkg"
    columns = {k: [a.get(k) for _, a in features] for k in features[0][1]}
    geopandas.GeoDataFrame(columns, geometry=[g for g, _ in features], crs=4547).to_file(place)
    return place


def plots_of_town():
    """Forty plots between roads: every use, some without a limit, one of two parts, one with a hole."""
    uses = ["0701", "0702", "0901", "1001", "1401"]
    for n in range(40):
        x, y = X + 130 * (n % 8), Y + 130 * (n // 8)
        shape: BaseGeometry = shapely.box(x, y, x + 100, y + 110 - n)
        if n == 7:
            shape = shape.difference(shapely.box(x + 20, y + 20, x + 50, y + 50))
        if n == 8:
            shape = shapely.union(shape, shapely.box(x, y + 700, x + 30, y + 730))
        limit = None if n % 9 == 4 else 1 + n % 5 * 0.5
        yield (
            shape,
            {
                "DKBH": f"{'Aa'[n % 2]}-{n:02}",
                "YDDM": uses[n % 5],
                "YDMC": "用地",
                "RJL_MAX": limit,
                "RJL_MIN": None,
            },
        )


def land_cover():
    """60 by 60 fields of 20 m without gaps."""
    for n in range(3600):
        x, y = X + 20 * (n % 60), Y + 20 * (n // 60)
        yield shapely.box(x, y, x + 20, y + 20), {"DLBM": ["0101", "0301", "0702"][n % 7 % 3], "DLMC": "地"}


@pytest.fixture(scope="package")
def town(tmp_path_factory):
    """A database with the demo people and three layers, of which one is public."""
    folder = tmp_path_factory.mktemp("layers")
    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(TEST_VAR)
    name = f"test_maps_{secrets.token_hex(6)}"
    opened = Database(embedded.create_database(server, name))
    plot = shapely.box(X, Y, X + 300, Y + 300)
    layers = {
        "KG_DK": list(plots_of_town()),
        "DLTB": list(land_cover()),
        "ZD": [(plot, {"ZDDM": "1", "QLR": "某某"})],
    }
    try:
        upgrade(opened)
        for code, features in layers.items():
            with opened.transaction() as session:
                if code == "KG_DK":
                    seed_people(session)
                day = dt.date(2026, 1, 1)
                service.import_layer(
                    session, code, made(folder, code, features), version="2026", valid_from=day
                )
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@pytest.fixture(scope="package")
def client(town):
    with TestClient(create_app(town), follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


def basic(username, password=None):
    pair = f"{username}:{password or 'demo-' + username}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture(scope="package")
def developer():
    return basic("developer")


def get(client, path, headers=None, **query):
    answer = client.get(f"/ogc{path}", params=query, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="package")
def plots(client):
    return get(client, "/collections/KG_DK/items", limit=10_000)["features"]
