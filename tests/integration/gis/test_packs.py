"""Packed pieces: checks give the same bytes from packs as from the database."""

from __future__ import annotations

import datetime as dt
import os
import shutil

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gis import service
from gis.check import checking, lookup
from gis.check.checking import canonical_answers
from gis.check.overlay import kernel
from gis.check.packs import Pack, Packs, folder_of, name_of
from gis.models import LayerVersion
from project_box.kernel.plain import canonical_json
from project_box.kernel.settings import get_settings

from .conftest import X, Y, rectangle, write_layer

pytestmark = pytest.mark.integration
ON = dt.date(2026, 3, 1)


def star(rng, vertices, radius, *, spread=900.0):
    """An outline with bends; small radii give specks."""
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radii = radius * (1 + 0.3 * rng.uniform(-1, 1, vertices))
    middle = np.array([X, Y]) + rng.uniform(0, spread, 2)
    return shapely.Polygon(middle + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]))


def features(rng, count):
    """Stars, some with holes, specks of a centimetre, collinear vertices, rectangles that share edges."""
    shapes = [star(rng, int(rng.integers(3, 400)), rng.uniform(0.01, 300)) for _ in range(count)]
    holed = [s.difference(star(rng, 20, 60)) for s in shapes[: count // 3]]
    grid = [rectangle(100 * n, 0, 100 * n + 100, 300).segmentize(7.0) for n in range(8)]
    whole = [s for s in (*shapes[count // 3 :], *holed, *grid) if s.is_valid and s.geom_type == "Polygon"]
    return whole


@pytest.fixture(scope="module")
def plans(database, tmp_path_factory):
    """Layers in two check CRS, committed and packed; afterwards all is as it was."""
    folder, rng = tmp_path_factory.mktemp("packs"), np.random.default_rng(8)
    with database.transaction() as session:
        for code, field in (
            ("YJJBNT", "YJJBNTTBBH"),
            ("KG_DK", "DKBH"),
            ("CZKFBJ", "GHFQMC"),
            ("DLTB", "DLBM"),
        ):
            rows = [(s, {field: f'{code}"\\\n{n}中'}) for n, s in enumerate(features(rng, 60))]
            path = write_layer(folder, code, rows)
            service.import_layer(session, code, path, version="packs", valid_from=ON)
        far = [(shapely.box(500_000, 5_000_000, 501_000, 5_001_000), {"HXMC": "远"})]
        path = write_layer(folder, "STBHHX", far, crs=4544)
        service.import_layer(session, "STBHHX", path, version="packs", valid_from=ON)
    pack(database)
    yield
    with database.transaction() as session:
        session.execute(delete(LayerVersion).where(LayerVersion.version == "packs"))
    shutil.rmtree(folder_of(str(database.engine.url.database)))


def pack(database):
    more = True
    while more:
        with database.transaction() as session:
            more = service.make_packs(session) is not None


def answers(database, sites, crs, *, packed):
    """Canonical answers to all sites together, and to each alone, from packs or from the database."""
    heads = [{"site": n} for n in range(len(sites))]
    with pytest.MonkeyPatch.context() as patch, database.transaction() as session:
        if not packed:
            patch.setattr(Packs, "opened", lambda *_: None)
        checking._LOADED.clear()
        together = list(canonical_answers(session, sites, crs, heads, on=ON))
        alone = [
            next(canonical_answers(session, [s], crs, [h], on=ON)) for s, h in zip(sites, heads, strict=True)
        ]
        kept = checking._LOADED[session.connection().engine]
        assert (kept.packs is not None) == packed
    checking._LOADED.clear()
    return together, alone


def random_sites(seed):
    """Sites of all kinds: specks, with holes, of several parts, long and thin (looked for in many boxes), far away."""
    rng = np.random.default_rng(seed)
    sites = [star(rng, int(rng.integers(3, 300)), np.exp(rng.uniform(-3, 6))) for _ in range(6)]
    sites += [s.difference(star(rng, 9, 50)) for s in sites[:2]]
    sites += [shapely.union_all([star(rng, 8, 30), star(rng, 8, 30)]), rectangle(-5e3, 10, 9e3, 11)]
    sites += [
        shapely.LineString([(X - 4e3, Y - 3e3), (X + 3e3, Y + 4e3)]).buffer(2),
        rectangle(100, 0, 200, 300),
    ]
    sites += [rectangle(4e5, 0, 4e5 + 9, 9), rectangle(199.97, 300.02, 260, 360)]
    return [s for s in sites if s.is_valid and s.area > 0]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_bytes_from_packs_and_from_the_database(database, plans, seed):
    sites = random_sites(seed)
    packed = answers(database, sites, 4547, packed=True)
    assert packed == answers(database, sites, 4547, packed=False)
    assert packed[0] == packed[1]  # nor does it matter what is checked together


def test_sites_in_another_grid_and_markers(database, plans):
    zone = [shapely.transform(s, lambda c: c + np.array([38e6, 0])) for s in random_sites(3)]
    assert answers(database, zone, 4526, packed=True) == answers(database, zone, 4526, packed=False)
    with database.transaction() as session:
        reports = []
        for opened in (Packs.opened, lambda *_: None):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Packs, "opened", opened)
                checking._LOADED.clear()
                reports.append([service.check_geometry(session, s, 4547, on=ON) for s in random_sites(4)])
    checking._LOADED.clear()
    assert [r.payload() for r in reports[0]] == [r.payload() for r in reports[1]]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_boxes_find_what_the_index_finds(database, plans, seed):
    rng = np.random.default_rng(seed)
    corners = np.array([X, Y]) + np.sort(rng.uniform(-200, 1200, (20, 2, 2)), axis=1)
    boxes = [(n, tuple(c.ravel().tolist())) for n, c in enumerate(corners)]
    with database.transaction() as session:
        packs = packs_of(session)
        for some in (boxes, boxes[:1]):
            there, here = lookup.around_many(session.connection(), some).pieces, packs.around(some)
            assert pieces(here) == pieces(there)
        fids = {(v, f) for _, _, v, f in here.numbers.tolist()}
        told = packs.described(fids)
        described = {fid: told[fid] for fid in fids}
        assert described == lookup.described(session.connection(), fids)
        assert all(canonical_json(a) == a.text.encode() for _, _, a in described.values())


def pieces(found):
    """Pieces in an order of their own, with their bytes."""
    ends = {
        start: start + kernel("wkb").size(np.frombuffer(found.data, np.uint8), start)
        for start in found.starts
    }
    rows = zip(found.numbers.tolist(), found.starts.tolist(), strict=True)
    return sorted((row, found.data[start : ends[start]]) for row, start in rows)


def packs_of(session):
    words = lookup.current(session.connection())
    folder = folder_of(str(session.connection().engine.url.database))
    packs = Packs.opened(folder, dict(w.split(":") for w in words.split()))
    assert packs is not None
    return packs


def test_a_new_version_is_checked_at_once_and_its_pack_used_when_it_is_there(
    database, plans, tmp_path, monkeypatch
):
    monkeypatch.setattr(checking, "_LOOK_AGAIN_S", 0.0)
    site = rectangle(2000, 2000, 2010, 2010)

    def area(session):
        layers = service.check_geometry(session, site, 4547, on=ON, markers=False).layers
        return next(e.overlap_m2 for e in layers if e.code == "YJJBNT")

    with database.transaction() as session:
        engine = session.connection().engine
        assert area(session) == 0
        assert checking._LOADED[engine].packs is not None
        path = write_layer(tmp_path, "YJJBNT", [(rectangle(2000, 2000, 2005, 2010), {"YJJBNTTBBH": "新"})])
        service.import_layer(session, "YJJBNT", path, version="packs-2", valid_from=ON)
        assert area(session) == 50
        assert checking._LOADED[engine].packs is None
        assert service.make_packs(session).version == "packs-2"
        assert area(session) == 50
        assert checking._LOADED[engine].packs is not None
        service.activate_version(session, None, "YJJBNT", "packs", reason="试")
        assert area(session) == 0
        assert checking._LOADED[engine].packs is None  # its pieces were made anew
        session.rollback()


def test_what_is_not_whole_is_not_used(database, plans, tmp_path):
    with database.transaction() as session:
        version, key = lookup.current(session.connection()).split()[0].split(":")
        folder = folder_of(str(session.connection().engine.url.database)) / name_of(key)
    assert Pack.opened(folder, int(version)) is not None
    for name in ("tree", "data", "begins"):
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        column = np.load(copy / f"{name}.npy")
        np.save(copy / f"{name}.npy", column[:-1])
        assert Pack.opened(copy, int(version)) is None
        (copy / f"{name}.npy").write_bytes(b"")
        assert Pack.opened(copy, int(version)) is None
        (copy / f"{name}.npy").unlink()
        assert Pack.opened(copy, int(version)) is None


def test_packs_nobody_needs_go_and_the_limit_is_kept(database, plans, monkeypatch):
    folder = folder_of(str(database.engine.url.database))
    old, young = folder / "old", folder / "young"
    for stray in (old, young):
        stray.mkdir()
    os.utime(old, (0, 0))
    kept = {p.name for p in folder.iterdir()} - {"old"}
    with database.transaction() as session:
        assert service.make_packs(session) is None
        assert {p.name for p in folder.iterdir()} == kept
        young.rmdir()
        one = next(folder.iterdir())
        aside = one.rename(folder.parent / f"{folder.name}-aside")
        monkeypatch.setattr(get_settings(), "pack_bytes", 0)
        assert service.make_packs(session) is None
        aside.rename(one)
