"""The made province all GIS benchmarks share: N polygons over 20 layers, and databases that hold them.

The density is that of 2 million polygons on 320 × 320 km at every size. What the layers are like stands in ``LAYERS``,
and why in benchmarks/README.md. Data is made once and kept under ``var/benchmarks``, as are its databases, in a cluster
of their own; both carry the recipe they were made by, and are made anew when it is another.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
import multiprocessing
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1])
)  # before this folder, whose scripts bear rooms' names

from sqlalchemy import text

from gis.deliveries.columns import document
from gis.layers import copying
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.layers.packing import make_packs
from gis.layers.pieces import Geometries, cut
from gis.models import LayerVersion
from project_box.kernel import embedded
from project_box.kernel.db import Database

CRS = 4547
FOLDER = Path(__file__).resolve().parents[1] / "var" / "benchmarks"
SEED = 7
#: that make and load data
PROCESSES = 2
ORIGIN = np.array([440_000.0, 3_060_000.0])
_SIDE, _FULL = 320_000.0, 2_000_000
#: metres between the vertices of a river's bank
_BANK_STEP = 10.0


class Shape(StrEnum):
    """What the polygons of a layer look like."""

    CELL = "cell"  # tessellation: shared, bent edges, no gaps
    PATCH = "patch"  # coast-like outline, up to four times as long as wide
    BELT = "belt"  # winding band along mountains or coasts, three to eight times as long as wide
    RIVER = "river"  # winding band of some ten metres


@dataclass(frozen=True, slots=True)
class Made:
    """How one layer is made: share of all polygons, vertices of each, part of the province they cover."""

    code: str
    share: float
    vertices: tuple[int, int]
    cover: float
    shape: Shape = Shape.PATCH
    least: int = 5


LAYERS = (
    Made("DLTB", 0.30, (48, 48), 1.0, Shape.CELL),
    Made("STBHHX", 0.00045, (2_000, 60_000), 0.3, Shape.BELT, 40),
    Made("ZRBHD", 0.000125, (3_000, 40_000), 0.18, Shape.BELT, 10),
    Made("LX", 0.004, (300, 4_000), 0.05, Shape.RIVER, 50),
    Made("YJJBNT", 0.195, (12, 200), 0.2),
    Made("LINDI", 0.1, (12, 200), 0.25),
    Made("ZD", 0.08, (12, 200), 0.1),
    *(
        Made(code, 0.0247, (12, 200), 0.1)
        for code in (
            "CZKFBJ", "KG_DK", "ZGYT", "DLHX", "LVX", "ZX", "HX", "GYZL", "DZZH", "YFK", "HLFX", "WWBH", "YYSY",
        )
    ),
)  # fmt: skip


def side_of(polygons: int) -> float:
    """Edge of the province in metres, so that its density is the same at every size."""
    return float(_SIDE * np.sqrt(polygons / _FULL))


def definition_of(number: int) -> LayerDefinition:
    """The layer of the platform's catalogue that a made layer fills."""
    return layer_catalogue().get(LAYERS[number].code)


def _sizes(rng: np.random.Generator, count: int, how: Made) -> npt.NDArray[np.int64]:
    """Numbers of vertices; one polygon has the most there may be."""
    low, high = (float(v) for v in np.log(how.vertices))
    sizes = np.exp(rng.uniform(low, high, count)).astype(np.int64)
    sizes[:1] = how.vertices[1]
    return sizes


def _turned(rng: np.random.Generator, rings: npt.NDArray[Any], side: float) -> npt.NDArray[Any]:
    """Rings around the origin (one a row), each turned by any angle and put anywhere."""
    turn = rng.uniform(0, 2 * np.pi, len(rings))
    turning = np.stack([np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)], axis=-1).reshape(-1, 2, 2)
    placed: npt.NDArray[Any] = rings @ turning + ORIGIN + rng.uniform(0, side, (len(rings), 1, 2))
    return placed


def _patches(rng: np.random.Generator, count: int, side: float, how: Made) -> Geometries:
    """Patches with bends of all sizes, the smallest about as long as a segment.

    Vertices lie equally far apart in a layer, as digitised ones do, so that a patch with more of them is larger.
    """
    sizes = _sizes(rng, count, how)
    which = [np.flatnonzero(sizes == n) for n in np.unique(sizes)]  # all of a size at once
    made = []
    for mine in which:
        n = int(sizes[mine[0]])
        angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
        wave = np.zeros((len(mine), n))
        frequency = 2
        while frequency < n / 3:
            amplitude = 0.35 / frequency**1.1
            wave += amplitude * np.sin(frequency * angles + rng.uniform(0, 2 * np.pi, (len(mine), 1)))
            frequency = int(frequency * 1.7) + 1
        radii = n * np.clip(1 + wave, 0.3, 1.9) * rng.uniform(0.7, 1.3, (len(mine), 1))
        stretch = np.exp(rng.uniform(0, np.log(4) / 2, (len(mine), 1)))
        made.append(np.stack([radii * stretch * np.cos(angles), radii / stretch * np.sin(angles)], axis=-1))
    covered = sum(float(shapely.area(shapely.polygons(rings)).sum()) for rings in made)
    scale = side * np.sqrt(how.cover / covered)
    shapes = np.empty(count, dtype=object)
    for mine, rings in zip(which, made, strict=True):
        shapes[mine] = shapely.polygons(_turned(rng, rings * scale, side))
    return shapes


def _waves(rng: np.random.Generator, rows: int, x: npt.NDArray[Any], least: float, most: float) -> Any:
    """Bends of all lengths between two, the longer the deeper."""
    wave, length = np.zeros((rows, len(x))), least
    while length < most:
        wave += 0.06 * length * np.sin(2 * np.pi * x / length + rng.uniform(0, 2 * np.pi, (rows, 1)))
        length *= 2.1
    return wave


def _bands(rng: np.random.Generator, count: int, side: float, how: Made) -> Geometries:
    """Winding bands with coast-like banks: belts three to eight times as long as wide, or rivers of the same width."""
    sizes = _sizes(rng, count, how) // 2 * 2
    lengths, area = sizes / 2, how.cover * side**2
    if how.shape is Shape.RIVER:
        step = _BANK_STEP
        widths = rng.uniform(0.5, 1.5, count) * area / (lengths.sum() * step)
    else:
        slender = rng.uniform(3, 8, count)
        step = float(np.sqrt(area / (lengths**2 / slender).sum()))
        widths = lengths * step / slender
    shapes = np.empty(count, dtype=object)
    for n in np.unique(sizes):
        (mine,) = np.nonzero(sizes == n)
        x, width = (np.arange(n // 2) - n / 4) * step, widths[mine, None]
        middle = _waves(rng, len(mine), x, 10 * step, n * step)
        banks = [
            middle + way * (width / 2 + _waves(rng, len(mine), x, 3 * step, float(width.min())))
            for way in (-1, 1)
        ]
        y = np.concatenate([banks[0], banks[1][:, ::-1]], axis=1)
        rings = np.stack([np.broadcast_to(np.concatenate([x, x[::-1]]), y.shape), y], axis=-1)
        shapes[mine] = shapely.polygons(_turned(rng, rings, side))
    return shapes


def _cells(rng: np.random.Generator, count: int, side: float, how: Made) -> Geometries:
    """Cells with shared, bent edges that leave no gaps."""
    n = int(np.ceil(np.sqrt(count)))
    step = side / n
    per = how.vertices[0] // 4
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


_MAKERS: dict[Shape, Callable[..., Geometries]] = {
    Shape.CELL: _cells,
    Shape.PATCH: _patches,
    Shape.BELT: _bands,
    Shape.RIVER: _bands,
}


def recipe() -> str:
    """What data is made by, in short; other code or other numbers give another."""
    acts: list[Callable[..., Any]] = [_sizes, _turned, *_MAKERS.values(), attributes_of]
    source = "".join(inspect.getsource(act) for act in acts)
    return hashlib.sha256(f"{LAYERS}{SEED}{_BANK_STEP}{source}".encode()).hexdigest()[:16]


def _make(polygons: int, number: int) -> None:
    """Make one layer and keep it as a file."""
    how, rng = LAYERS[number], np.random.default_rng([SEED, number])
    count = max(int(how.share * polygons), how.least)
    shapes = _MAKERS[how.shape](rng, count, side_of(polygons), how)
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
    done = folder / "done"
    if not done.exists() or done.read_text() != recipe():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _in_parallel(_make, [(polygons, number) for number in range(len(LAYERS))])
        done.write_text(recipe())
    return folder


def frame(polygons: int, number: int) -> Geometries:
    """Polygons of a layer, made once and then read from ``var/benchmarks``."""
    return _read(_ensure_made(polygons), number)


def frames(polygons: int) -> list[Geometries]:
    """Polygons of every layer."""
    return [frame(polygons, number) for number in range(len(LAYERS))]


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
    definition, shapes = definition_of(number), _read(_folder(polygons), number)
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
        connection = session.connection().connection
        for part in np.array_split(np.arange(len(shapes)), max(len(shapes) // 20_000, 1)):
            attributes = [attributes_of(definition, int(n)) for n in numbers[part]]
            rows = copying.feature_rows(
                row.id,
                numbers=numbers[part],
                labels=[definition.label_of(a) for a in attributes],
                classes=[definition.class_of(a) for a in attributes],
                documents=[document(a) for a in attributes],
                originals=copying.Column.shapes(shapes[part], CRS),
                pictures=copying.Column.of([None] * len(part)),
                areas=shapely.area(shapes[part]),
                repaired=np.zeros(len(part), bool),
            )
            copying.copy_features(connection, rows)
        pieces, owners = cut(shapes, numbers)
        row.piece_count = len(pieces)
        for part in np.array_split(np.arange(len(pieces)), max(len(pieces) // 50_000, 1)):
            rows = copying.piece_rows(row.id, owners[part], copying.Column.shapes(pieces[part], CRS))
            copying.copy_pieces(connection, rows)
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
    """The province in a migrated database; made when it is missing or was made by another recipe."""
    from web.migrate import upgrade

    server = embedded.ensure_running(FOLDER)
    name = f"province_{polygons}"
    mark = FOLDER / f"{name}.loaded"
    if not mark.exists() or mark.read_text() != recipe():
        mark.unlink(missing_ok=True)
        embedded.drop_database(server, name)
        opened = Database(embedded.create_database(server, name))
        try:
            upgrade(opened)
            _load_all(opened, polygons)
            with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            mark.write_text(recipe())
        finally:
            opened.dispose()
    url = str(server).rsplit("?", 1)
    opened = Database(f"{url[0].rsplit('/', 1)[0]}/{name}?{url[1]}")
    try:
        upgrade(opened)  # made by an older version of the platform
        yield opened
    finally:
        opened.dispose()


def pack(database: Database) -> float:
    """Have all layers packed, as the worker does after an import; seconds it took."""
    started = time.perf_counter()
    more = True
    while more:
        with database.transaction() as session:
            more = make_packs(session) is not None
    return time.perf_counter() - started
