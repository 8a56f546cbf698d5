"""A tiny city of a few rectangles, imported layer by layer; coordinates in EPSG:4547, metres."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import box

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
