"""Layer data that is damaged, states what is not so or spans the world; and an import that is killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from gis import service
from gis.deliveries import batches
from gis.deliveries.source import open_source
from project_box.kernel.errors import BadInput

from .conftest import rectangle, write_layer

pytestmark = pytest.mark.integration
DAY = dt.date(2026, 1, 1)
ROOT = Path(__file__).resolve().parents[3]


def squares(count):
    """Squares of 8 m, 40 in a row."""
    return [(rectangle(10 * (n % 40), 10 * (n // 40), 10 * (n % 40) + 8, 10 * (n // 40) + 8), {"MC": str(n)})
            for n in range(count)]  # fmt: skip


def edited(path, *statements):
    """A GeoPackage after SQL that knows nothing of GeoPackages, as simple programs write them."""
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


def imported(session, path, code="LX"):
    return service.import_layer(session, code, path, version="odd", valid_from=DAY)


def test_a_file_that_states_too_small_a_number_of_features_is_read_whole(session, tmp_path):
    path = edited(write_layer(tmp_path, "a", squares(30)), "UPDATE gpkg_ogr_contents SET feature_count = 2")
    assert imported(session, path).feature_count == 30


@pytest.mark.parametrize("column", ["fid", "Nr", 'fi""d'])
def test_numbers_of_features_may_have_gaps_and_be_negative(session, tmp_path, column):
    """More than one batch, so that the second begins by number or, where the column's name is odd, by counting."""
    path = edited(
        write_layer(tmp_path, "a", squares(1_500)),
        "DELETE FROM a WHERE fid % 7 = 3",
        "UPDATE a SET fid = 1000 * (fid - 900) WHERE fid < 900",
        "UPDATE a SET fid = 1000000 * fid WHERE fid > 900",
        f'ALTER TABLE a RENAME COLUMN fid TO "{column}"',
    )
    row = imported(session, path)
    assert row.feature_count == 1_500 - len(range(3, 1_501, 7)) and row.area_m2 == 64 * row.feature_count


def test_lists_and_objects_in_attributes_become_text(session, tmp_path):
    values = {"MC": "a", "l": [1, 2, 3], "words": ["甲", None], "o": {"k": [1]}, "mc": "b"}
    shape = shapely.geometry.mapping(rectangle(0, 0, 10, 10))
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    feature = {"type": "Feature", "properties": values, "geometry": shape}
    (tmp_path / "a.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]})
    )
    row = imported(session, tmp_path / "a.geojson")
    (kept,) = session.scalars(text("SELECT attributes FROM gis.feature WHERE version_id = :v"), {"v": row.id})
    assert (kept["MC"], kept["l"], kept["mc"]) == ("a", "1, 2, 3", "b") and '"k"' in kept["o"]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-180, -90, 180, 90),
        shapely.box(100, 60, 120, 90),
        shapely.MultiPolygon([shapely.box(179, -1, 180, 1), shapely.box(-180, -1, -179, 1)]),
        shapely.box(20, 20, 130, 50),
    ],
)
def test_what_spans_the_world_is_refused_since_its_area_would_be_nonsense(session, tmp_path, shape):
    path = write_layer(tmp_path, "a", [(shape, {"MC": "a"})], crs=4326)
    with pytest.raises(BadInput) as wrong:
        imported(session, path)
    assert wrong.value.code == "CRS-OUT-OF-RANGE" and wrong.value.place and wrong.value.remedy


def test_what_spans_a_country_is_not(session, tmp_path):
    row = imported(
        session, write_layer(tmp_path, "a", [(shapely.box(75, 20, 134, 53), {"MC": "a"})], crs=4490)
    )
    assert row.feature_count == 1 and row.area_m2 > 0


_KILLED = """
import datetime as dt, os, pathlib, signal, sys
from gis import service
from gis.deliveries import batches
from project_box.kernel.db import Database
batches.FIRST_BATCH, batches.BATCH, batches.AT_ONCE = 50, 50, 50

def progress(now):
    if now.read > 600:
        os.kill(os.getpid(), signal.SIGKILL)

with Database(sys.argv[1]).transaction() as session:
    service.import_layer(session, "LX", pathlib.Path(sys.argv[2]), version="killed",
                         valid_from=dt.date(2026, 1, 1), progress=progress)
"""


def test_an_import_that_is_killed_leaves_nothing(database, tmp_path):
    path = write_layer(tmp_path, "a", squares(1_200))
    url = database.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, url, str(path)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, capture_output=True,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-500:]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM gis.layer_version WHERE version = 'killed'")) == 0
        for table in ("feature", "piece"):
            left = (
                f"SELECT count(*) FROM gis.{table} WHERE version_id NOT IN (SELECT id FROM gis.layer_version)"
            )
            assert session.scalar(text(left)) == 0
        row = service.import_layer(session, "LX", path, version="killed", valid_from=DAY)
        assert row.feature_count == 1_200
        session.rollback()


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr writes the arcs (apt package gdal-bin)")
@pytest.mark.parametrize(
    ("driver", "name", "kind"), [("OpenFileGDB", "a.gdb", "CURVEPOLYGON"), ("GPKG", "a.gpkg", "GEOMETRY")]
)
def test_arcs_of_single_features_are_told(tmp_path, driver, name, kind):
    arc = "(500000 3200000, 500050 3200050, 500100 3200000)"
    written = tmp_path / "a.csv"
    written.write_text(
        f'id,WKT\n1,"CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING{arc},(500100 3200000, 500000 3200000)))"\n'
        '2,"POLYGON((500200 3200000,500300 3200000,500300 3200100,500200 3200000))"\n'
    )
    how = ["-oo", "GEOM_POSSIBLE_NAMES=WKT", "-nlt", kind, "-a_srs", "EPSG:4547"]
    subprocess.run(["ogr2ogr", "-f", driver, tmp_path / name, written, *how], check=True)
    with open_source(tmp_path / name) as source:
        areas = np.concatenate(
            [shapely.area(b.geometries) for b in batches.read_batches(source, buffered=False)]
        )
    assert [(n["code"], n["message_en"].split()[0]) for n in source.notes] == [("CURVES", "1")]
    assert areas == pytest.approx([np.pi * 50**2 / 2, 5_000], rel=1e-4)
