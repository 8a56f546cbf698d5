"""Batch check: the same bytes whatever the number of workers, and the same answer as one check."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import sys
from pathlib import Path

import geopandas
import pytest
import shapely

from gis import service
from gis.check import batch, helper
from gis.check.canonical import Answer
from gis.check.portion import Portion
from gis.check.site_file import read_sites
from gis.models import LayerVersion
from project_box.kernel.errors import BadInput
from project_box.kernel.plain import canonical_json

from .conftest import rectangle, write_layer

pytestmark = pytest.mark.integration
ON = dt.date(2026, 3, 1)


@pytest.fixture(scope="module")
def plans(database, tmp_path_factory):
    """Layers, committed, so that other processes see them; two farmland features overlap each other."""
    folder = tmp_path_factory.mktemp("batch")
    farmland = [(rectangle(n * 40, 0, n * 40 + 50, 500), {"YJJBNTTBBH": f"N{n}"}) for n in range(30)]
    with database.transaction() as session:
        path = write_layer(folder, "YJJBNT", farmland)
        service.import_layer(session, "YJJBNT", path, version="batch", valid_from=ON)
        parcels = [(rectangle(0, 0, 60, 500), {"ZDDM": "1"}), (rectangle(50, 0, 100, 500), {"ZDDM": "2"})]
        path = write_layer(folder, "ZD", parcels)
        service.import_layer(session, "ZD", path, version="batch", valid_from=ON)
    yield
    from sqlalchemy import delete

    with database.transaction() as session:
        session.execute(delete(LayerVersion).where(LayerVersion.version == "batch"))


@pytest.fixture
def sites(tmp_path):
    shapes = [rectangle(n * 7, n, n * 7 + 60, n + 45) for n in range(12)]
    path = tmp_path / "sites.gpkg"
    geopandas.GeoDataFrame(geometry=shapes, crs=4547).to_file(path)
    return path


def test_same_bytes_for_any_number_of_workers(database, plans, sites, monkeypatch):
    monkeypatch.setattr(batch, "PORTION", 4)
    read = read_sites(sites)
    url = database.engine.url.render_as_string(hide_password=False)
    one = list(batch.check_sites(url, read, on=ON))
    assert len(one) == 12
    assert list(batch.check_sites(url, read, on=ON, workers=2)) == one
    assert list(batch.check_sites(url, read, on=ON, workers=3)) == one


class Slow(helper.Helper):
    """A helper that takes whatever it is asked for, and brings the first few portions only."""

    def __init__(self, brings):
        self.brings, self.asked = brings, []

    def may_be_asked(self):
        return len(self.asked) < 20

    def ask(self, number):
        promise = Brought(number, Path(), [], [] if len(self.asked) < self.brings else None)
        self.asked.append(number)
        return promise


class Brought(helper.Promise):
    def answers(self):
        return [Answer(None, b"%d" % self.number)]


@pytest.mark.parametrize("brings", [0, 1, 7, 30])
def test_nothing_is_lost_and_little_is_kept_when_a_helper_is_late(monkeypatch, brings):
    here: list[int] = []

    def check(portion):
        here.extend(portion.numbers)
        return [Answer(None, b"%d" % number) for number in portion.numbers]

    monkeypatch.setattr(batch, "check", check)
    portions = [Portion("", 4547, (n,), (b"",), frozenset(), ON) for n in range(100)]
    slow, given = Slow(brings), []
    for answer in batch._in_turn(portions, [slow]):
        given.append(int(answer.json))
        assert len({*here, *slow.asked}) - len(given) < 40  # not all at once, for a caller who takes his time
    assert given == list(range(100))
    assert sorted(here) == sorted(set(range(100)) - set(slow.asked[:brings]))


def test_what_a_helper_fails_with_is_raised_where_it_was_asked(tmp_path):
    broken = Portion("postgresql+psycopg://nobody@127.0.0.1:9/none", 4547, (1,), (b"",), frozenset(), ON)
    one = helper.Helper(multiprocessing.get_context("fork"), [broken], tmp_path, "0")
    try:
        one.ask(0)
        with pytest.raises(shapely.errors.GEOSException):
            while one.may_be_asked():
                pass
    finally:
        one.stop()


def test_answers_are_those_of_single_checks(database, plans, sites):
    read = read_sites(sites)
    answers = batch.check_sites(database.engine.url.render_as_string(hide_password=False), read, on=ON)
    with database.transaction() as session:
        for number, blob, answer in zip(read.numbers, read.shapes, answers, strict=True):
            report = service.check_geometry(session, shapely.from_wkb(blob), 4547, on=ON, markers=False)
            plain = {"site": number, "repaired": False} | report.payload()
            assert answer == (report.outcome, canonical_json(plain))


def test_same_bytes_on_a_dask_cluster_of_two_processes(database, plans, sites, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="the extra for Dask is not installed")
    monkeypatch.setattr(batch, "PORTION", 4)
    read = read_sites(sites)
    url = database.engine.url.render_as_string(hide_password=False)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        there = list(batch.check_sites(url, read, on=ON, scheduler=cluster.scheduler_address))
    assert there == list(batch.check_sites(url, read, on=ON))


def test_a_scheduler_that_is_not_there_is_explained(database, sites):
    pytest.importorskip("distributed", reason="the extra for Dask is not installed")
    with pytest.raises(BadInput) as refused:
        list(batch.check_sites("", read_sites(sites), on=ON, scheduler="tcp://127.0.0.1:9"))
    assert refused.value.code == "scheduler_unreachable"


def test_a_site_that_cannot_be_checked_does_not_stop_the_others(database, plans):
    shapes = [rectangle(0, 0, 60, 45), rectangle(4e7, 0, 4e7 + 60, 45), rectangle(7, 0, 60, 45)]
    read = batch.Sites(4547, (1, 2, 3), tuple(shapely.to_wkb(shapes)), frozenset(), ())
    url = database.engine.url.render_as_string(hide_password=False)
    answers = [json.loads(a.json) for a in batch.check_sites(url, read, on=ON)]
    assert [a["site"] for a in answers] == [1, 2, 3]
    assert all("outcome" in answers[k] for k in (0, 2))


def test_areas_are_those_of_a_single_check(database, plans):
    with database.transaction() as session:
        site = rectangle(30, 0, 70, 40)
        full = service.check_geometry(session, site, 4547, on=ON)
        quick = service.check_geometry(session, site, 4547, on=ON, markers=False)
    areas = {line.code: line.overlap_m2 for line in full.layers}
    assert areas["YJJBNT"] == 1600  # 20 + 30 wide and 10 of it twice
    assert areas["ZD"] == 1600  # 30 + 20 wide and 10 of it twice: a layer that only informs counts alike
    assert {line.code: line.overlap_m2 for line in quick.layers} == areas


def test_scheduler_without_the_package_is_explained(database, sites, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput) as refused:
        list(batch.check_sites("", read_sites(sites), on=ON, scheduler="tcp://127.0.0.1:1"))
    assert refused.value.code == "package_missing" and "distributed" in refused.value.zh
