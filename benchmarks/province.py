"""The made province all GIS benchmarks share: N polygons over 20 layers, and databases that hold them.

Some polygons have thousands of vertices (up to 60,000), one layer leaves no gaps, the density is that of 2 million
polygons on 320 × 320 km at every size. Data is made once and kept under ``var/benchmarks``, as are its databases, in a
cluster of their own.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1])
)  # before this folder, whose scripts bear rooms' names

from sqlalchemy import text

from gis import repository
from gis.layer import LayerDefinition, layer_catalogue
from gis.models import LayerVersion
from gis.pieces import Geometries, cut
from project_box.kernel import embedded
from project_box.kernel.db import Database

CRS = 4547
FOLDER = Path(__file__).resolve().parents[1] / "var" / "benchmarks"
SIZES = (100_000, 500_000, 2_000_000)
SEED = 7
#: that make and load data
PROCESSES = 2
ORIGIN = np.array([440_000.0, 3_060_000.0])
_SIDE, _FULL = 320_000.0, 2_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """How one layer is made: its share of all polygons, vertices of each, and the part of the province it covers."""

    share: float
    vertices: tuple[int, int]
    cover: float = 0.2
    least: int = 5


#: layer 0 is a tessellation, 1 to 3 are few and large (red lines, reserves, rivers), the others plots and zones
LAYERS = (
    Made(0.30, (0, 0), 1.0),
    Made(0.00045, (2_000, 60_000), 0.25, 40),
    Made(0.000125, (3_000, 40_000), 0.1, 10),
    Made(0.004, (300, 4_000), 0.1, 50),
    Made(0.195, (12, 250)),
    Made(0.1, (12, 250)),
    Made(0.08, (12, 250)),
    *[Made(0.0247, (12, 250), 0.1)] * 13,
)


def side_of(polygons: int) -> float:
    """Edge of the province in metres, so that its density is the same at every size."""
    return float(_SIDE * np.sqrt(polygons / _FULL))


def layers() -> list[LayerDefinition]:
    """The layers of the platform's own catalogue that are filled, in the order of :data:`LAYERS`.

    The one without gaps is the present land cover; the others follow the tree.
    """
    known = layer_catalogue().layers
    first = next(d for d in known.values() if d.covers_area)
    return [first, *[d for d in known.values() if d is not first]][: len(LAYERS)]


def _blobs(rng: np.random.Generator, count: int, side: float, how: Made) -> Geometries:
    """Star-shaped polygons with coast-like outlines: bends of all sizes, the smallest about as long as a segment."""
    radius = side * np.sqrt(how.cover / max(count, 1) / np.pi)
    low, high = (float(v) for v in np.log(how.vertices))
    sizes = np.exp(rng.uniform(low, high, count)).astype(int)
    sizes[: min(count, 1)] = how.vertices[1]
    made = np.empty(count, dtype=object)
    for n in np.unique(sizes):  # all polygons of a size at once
        (which,) = np.nonzero(sizes == n)
        angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
        wave = np.zeros((len(which), n))
        frequency = 2
        while frequency < n / 3:
            amplitude = 0.35 / frequency**1.1
            wave += amplitude * np.sin(frequency * angles + rng.uniform(0, 2 * np.pi, (len(which), 1)))
            frequency = int(frequency * 1.7) + 1
        radii = radius * np.clip(1 + wave, 0.3, 1.9) * rng.uniform(0.7, 1.3, (len(which), 1))
        middle = ORIGIN + rng.uniform(0, side, (len(which), 1, 2))
        rings = middle + radii[:, :, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        made[which] = shapely.polygons(rings)
    return made


def _tessellation(rng: np.random.Generator, count: int, side: float) -> Geometries:
    """Cells with shared, bent edges that leave no gaps."""
    n = int(np.ceil(np.sqrt(count)))
    step = side / n
    per = 12
    line = np.linspace(0, side, n * per + 1)
    waves = [(rng.uniform(0.5, 3) / step, rng.uniform(0, 6.28), step * 0.12) for _ in range(3)]

    def bent(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        dx = sum(a * np.sin(k * y + p) for k, p, a in waves)
        dy = sum(a * np.cos(k * x + p) for k, p, a in waves)
        return np.stack([x + dx, y + dy], axis=-1)

    rows = np.arange(n)
    t = np.arange(per)
    coords = []
    for row in rows:
        south, north = line[row * per], line[(row + 1) * per]
        west = rows[:, None] * per
        bottom = bent(line[west + t], np.full((n, per), south))
        right = bent(
            np.broadcast_to(line[west + per], (n, per)), np.broadcast_to(line[row * per + t], (n, per))
        )
        top = bent(line[west + per - t], np.full((n, per), north))
        left = bent(
            np.broadcast_to(line[west], (n, per)), np.broadcast_to(line[(row + 1) * per - t], (n, per))
        )
        coords.append(np.concatenate([bottom, right, top, left], axis=1))
    rings = ORIGIN + np.concatenate(coords).reshape(-1, 2)
    numbers = np.repeat(np.arange(n * n), 4 * per)
    return np.asarray(shapely.polygons(shapely.linearrings(rings, indices=numbers)), dtype=object)


def _make(polygons: int, number: int) -> None:
    """Make one layer and keep it as a file."""
    how, rng, side = LAYERS[number], np.random.default_rng([SEED, number]), side_of(polygons)
    count = max(int(how.share * polygons), how.least)
    shapes = _tessellation(rng, count, side) if number == 0 else _blobs(rng, count, side, how)
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    shapes[broken] = shapely.buffer(shapes[broken], 0)
    blobs = shapely.to_wkb(shapes[~shapely.is_empty(shapes)])
    folder = _folder(polygons)
    np.save(folder / f"{number}-lengths.npy", np.array([len(b) for b in blobs], dtype=np.int64))
    (folder / f"{number}.wkb").write_bytes(b"".join(blobs))


def _folder(polygons: int) -> Path:
    return FOLDER / f"province-{polygons}"


def _in_parallel(act: Callable[..., None], tasks: Sequence[tuple[Any, ...]]) -> None:
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("forkserver")) as pool:
        for done in [pool.submit(act, *task) for task in tasks]:
            done.result()


def _ensure_made(polygons: int) -> Path:
    folder = _folder(polygons)
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _in_parallel(_make, [(polygons, number) for number in range(len(LAYERS))])
        (folder / "done").touch()
    return folder


def frames(polygons: int) -> list[Geometries]:
    """Polygons of every layer, made once and then read from ``var/benchmarks``."""
    folder = _ensure_made(polygons)
    return [_read(folder, number) for number in range(len(LAYERS))]


def _read(folder: Path, number: int) -> Geometries:
    ends = np.cumsum(np.load(folder / f"{number}-lengths.npy"))
    data = (folder / f"{number}.wkb").read_bytes()
    starts = np.concatenate([[0], ends[:-1]])
    return np.asarray(
        shapely.from_wkb(np.array([data[a:b] for a, b in zip(starts, ends, strict=True)], dtype=object)),
        dtype=object,
    )


def sites(polygons: int, count: int, seed: int = 11) -> list[shapely.Polygon]:
    """Sites of 1 to 50 ha and 20 to 200 vertices, scattered over the province."""
    rng = np.random.default_rng(seed)
    side = side_of(polygons)
    made = []
    for _ in range(count):
        n = int(rng.integers(20, 201))
        angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
        wave = sum(0.25 / k * np.sin(k * angles + rng.uniform(0, 6.28)) for k in (1, 2, 3, 5))
        radius = np.sqrt(np.exp(rng.uniform(np.log(1e4), np.log(5e5))) / np.pi)
        middle = ORIGIN + rng.uniform(0.03 * side, 0.97 * side, 2)
        ring = middle + (radius * (1 + wave))[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        made.append(shapely.Polygon(ring))
    return made


def attributes_of(definition: LayerDefinition, number: int) -> dict[str, Any]:
    """Attributes of a made feature, in the layer's own fields."""
    return {
        name: float(number % 97) if field.type == "number" else f"{name}{number % 1009}"
        for name, field in definition.fields.items()
    }


def _load(url: str, polygons: int, number: int) -> None:
    """Write a layer as an import does: version, features, pieces."""
    definition, shapes = layers()[number], _read(_folder(polygons), number)
    numbers = np.arange(1, len(shapes) + 1, dtype=np.int64)
    opened = Database(url, pool_size=1)
    with opened.transaction() as session:
        row = LayerVersion(
            layer_code=definition.code,
            version="benchmark",
            valid_from=dt.date(2026, 1, 1),
            current=True,
            source_name="made",
            source_crs=CRS,
            check_crs=CRS,
            feature_count=len(shapes),
            extent_lonlat=[70.0, 0.0, 140.0, 60.0],
            issues=[],
            imported_at=dt.datetime.now(dt.UTC),
        )
        session.add(row)
        session.flush()
        for part in np.array_split(np.arange(len(shapes)), max(len(shapes) // 20_000, 1)):
            attributes = [attributes_of(definition, int(n)) for n in numbers[part]]
            repository.copy_features(
                session,
                row.id,
                numbers=[int(n) for n in numbers[part]],
                labels=[definition.label_of(a) for a in attributes],
                classes=[definition.class_of(a) for a in attributes],
                attributes=attributes,
                geometries=shapes[part],
                crs=CRS,
                tiles=np.full(len(part), None, dtype=object),
                areas=shapely.area(shapes[part]),
                repaired=[False] * len(part),
            )
        pieces, owners = cut(shapes, numbers)
        row.piece_count = len(pieces)
        for part in np.array_split(np.arange(len(pieces)), max(len(pieces) // 50_000, 1)):
            repository.copy_pieces(session, row.id, pieces[part], owners[part], CRS)
    opened.dispose()


def _load_all(opened: Database, polygons: int) -> None:
    """All layers, several at a time; spatial indexes are made when everything is there."""
    with opened.transaction() as session:
        indexes = session.execute(
            text(
                "SELECT format('%I.%I', schemaname, indexname), indexdef FROM pg_indexes "
                "WHERE schemaname = 'gis' AND tablename IN ('piece', 'feature') AND indexdef LIKE '%USING gist%'"
            )
        ).all()
        for name, _ in indexes:
            session.execute(text(f"DROP INDEX {name}"))
    _ensure_made(polygons)
    largest = sorted(range(len(LAYERS)), key=lambda n: -LAYERS[n].share)
    _in_parallel(_load, [(str(opened.url), polygons, number) for number in largest])
    with opened.transaction() as session:
        session.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        for _, definition in indexes:
            session.execute(text(definition))


@contextmanager
def database(polygons: int) -> Iterator[Database]:
    """The province in a migrated database; made when it is missing (delete ``var/benchmarks`` to make it anew)."""
    from web.migrate import upgrade

    server = embedded.ensure_running(FOLDER)
    name = f"province_{polygons}"
    mark = FOLDER / f"{name}.loaded"
    if not mark.exists():
        embedded.drop_database(server, name)
        opened = Database(embedded.create_database(server, name))
        started = time.perf_counter()
        try:
            upgrade(opened)
            _load_all(opened, polygons)
            with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            mark.write_text(f"{time.perf_counter() - started:.1f} s\n")
        finally:
            opened.dispose()
    url = str(server).rsplit("?", 1)
    opened = Database(f"{url[0].rsplit('/', 1)[0]}/{name}?{url[1]}")
    try:
        upgrade(opened)  # made by an older version of the platform
        yield opened
    finally:
        opened.dispose()
