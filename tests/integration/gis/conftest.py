"""A tiny city of a few rectangles, imported layer by layer; coordinates in EPSG:4547, metres."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import box
from sqlalchemy import text

from gis import service

#: origin of the tiny city
X, Y = 485_000.0, 3_115_000.0


def rectangle(x0, y0, x1, y1):
    """A rectangle by offsets from the city's origin."""
    return box(X + x0, Y + y0, X + x1, Y + y1)


def write_layer(folder: Path, name: str, features: list[tuple[Any, dict[str, Any]]], crs: int = 4547) -> Path:
    """A GeoPackage of (geometry, attributes)."""
    path = folder / f"{name}.gpkg"
    frame = geopandas.GeoDataFrame([a for _, a in features], geometry=[g for g, _ in features], crs=crs)
    frame.to_file(path, layer=name)
    return path


@pytest.fixture
def load(session, tmp_path) -> Callable[..., Any]:
    """``load(code, [(geometry, attributes), …], crs=4547, version="1")`` imports a layer."""

    def loader(code, features, *, crs=4547, version="2026.1"):
        path = write_layer(tmp_path, f"{code}-{version}", features, crs)
        return service.import_layer(session, code, path, version=version, valid_from=dt.date(2026, 1, 1))

    return loader


@pytest.fixture
def project(session, actors):
    """A project of the developer."""
    from project_box import service as box_service

    return box_service.create_project(
        session, actors["developer"], code="2601-439901-04-01-777001", name="小城项目", location="样例新区"
    )


@pytest.fixture
def empty_layers(database):
    """No layers before and after: these tests commit."""

    def clear():
        with database.transaction() as session:
            session.execute(text("TRUNCATE gis.plan_decision"))
            session.execute(text("DELETE FROM gis.layer_version"))

    clear()
    yield
    clear()


def packed(rows):
    """The bytes of a GeoPackage of (geometry, attributes)."""
    frame = geopandas.GeoDataFrame([a for _, a in rows], geometry=[g for g, _ in rows], crs=4547)
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / "a.gpkg")
        return (Path(folder) / "a.gpkg").read_bytes()


def plots(width, *, more=()):
    """A detailed plan of one plot, and more."""
    return packed([(rectangle(0, 0, width, 100), {"DKBH": "A", "YDDM": "0701", "RJL_MAX": 2.0}), *more])


def post(client, headers, code, data, version, **form):
    """Import a version over HTTP."""
    return client.post(
        f"/api/v1/layers/{code}/versions",
        headers=headers,
        files={"file": ("图层.gpkg", data)},
        data={"version": version, **form},
    )


@pytest.fixture
def admin(client, sign_in, empty_layers):
    """Headers of an administrator, who has imported a detailed plan of one plot."""
    headers = sign_in(client, "admin")
    assert post(client, headers, "KG_DK", plots(100), "1", valid_from="2026-01-01").status_code == 201
    return headers
