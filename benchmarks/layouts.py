"""Layouts of the table of pieces, measured side by side: vertices a piece, TOAST storage, index, partitions.

Every layout answers the same sites in turn, by the bare SQL (overlaps in the server) and by the fetch the platform's
check makes; the areas must agree. Tables are made in the province's database and dropped afterwards.

    .venv/bin/python benchmarks/layouts.py --polygons 100000
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import shapely

from benchmarks import province
from gis.layers.pieces import cut


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to keep pieces."""

    name: str
    vertices: int = 128
    storage: str = "MAIN"
    index: str = "USING gist (geom)"
    with_options: str = ""
    partitions: bool = False
    hilbert: bool = True


LAYOUTS = (
    Layout("128, as known (EXTENDED)", storage="EXTENDED"),
    Layout("128 MAIN"),
    Layout("128 EXTERNAL", storage="EXTERNAL"),
    Layout("128 PLAIN", storage="PLAIN"),
    Layout("32 MAIN", vertices=32),
    Layout("64 MAIN", vertices=64),
    Layout("256 MAIN", vertices=256, with_options="WITH (toast_tuple_target = 8160)"),
    Layout("128 not in Hilbert order", hilbert=False),
    Layout("128 SP-GiST", index="USING spgist (geom)"),
    Layout("128 BRIN", index="USING brin (geom) WITH (pages_per_range = 4)"),
    Layout("128 covering", index="USING gist (geom) INCLUDE (version_id, fid)"),
    Layout("128 partitions by layer", partitions=True),
)
BARE = """
SELECT sum(ST_Area(ST_Intersection(p.geom, s.g))) FROM {table} p, (SELECT ST_GeomFromEWKB(%s) g) s
WHERE ST_Intersects(p.geom, s.g)
"""


def build(cursor: Any, table: str, layout: Layout, polygons: int) -> None:
    """Make a table of pieces in this layout."""
    cursor.execute(
        f"CREATE TABLE {table} (id bigint, version_id bigint, fid int, geom geometry) "
        + ("PARTITION BY LIST (version_id)" if layout.partitions else layout.with_options)
    )
    rng = np.random.default_rng(1)
    frames = province.frames(polygons)
    for number in range(len(frames)):
        if layout.partitions:
            cursor.execute(f"CREATE TABLE {table}_{number} PARTITION OF {table} FOR VALUES IN ({number})")
            cursor.execute(f"ALTER TABLE {table}_{number} ALTER geom SET STORAGE {layout.storage}")
    if not layout.partitions:
        cursor.execute(f"ALTER TABLE {table} ALTER geom SET STORAGE {layout.storage}")
    for number, shapes in enumerate(frames):
        pieces, owners = cut(shapes, np.arange(1, len(shapes) + 1), layout.vertices)
        order = np.arange(len(pieces)) if layout.hilbert else rng.permutation(len(pieces))
        blobs = shapely.to_wkb(shapely.set_srid(pieces[order], province.CRS), hex=True, include_srid=True)
        rows = (
            f"{k}\t{number}\t{o}\t{b}\n" for k, (o, b) in enumerate(zip(owners[order], blobs, strict=True))
        )
        cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO("".join(rows)))
    cursor.execute(f"CREATE INDEX ON {table} {layout.index}")
    cursor.execute(f"ANALYZE {table}")


def main() -> int:
    """Build, measure, print a table; exit code 1 when areas differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    shapes = province.sites(options.polygons, options.sites)
    blobs = [
        bytes(b) for b in shapely.to_wkb(shapely.set_srid(np.array(shapes), province.CRS), include_srid=True)
    ]
    names = [f"layout_{n}" for n in range(len(LAYOUTS))]
    with province.database(options.polygons) as database, database.transaction() as session:
        cursor: Any = session.connection().connection.cursor()
        for name, layout in zip(names, LAYOUTS, strict=True):
            started = time.perf_counter()
            build(cursor, name, layout, options.polygons)
            print(
                f"built {layout.name} in {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True
            )
        bare = np.empty((len(LAYOUTS), options.sites, options.repeats))
        fetch = np.empty_like(bare)
        areas = np.zeros((len(LAYOUTS), options.sites))
        for turn in range(-1, options.repeats):
            for site, blob in enumerate(blobs):
                for number, name in enumerate(names):
                    started = time.perf_counter()
                    cursor.execute(BARE.format(table=name), (blob,))
                    areas[number, site] = cursor.fetchone()[0] or 0.0
                    middle = time.perf_counter()
                    cursor.execute(
                        f"SELECT id, version_id, fid, geom FROM {name} WHERE geom && ST_GeomFromEWKB(%s)",
                        (blob,),
                    )
                    cursor.fetchall()
                    if turn >= 0:
                        bare[number, site, turn] = (middle - started) * 1000
                        fetch[number, site, turn] = (time.perf_counter() - middle) * 1000
        same = bool(np.allclose(areas, areas[0], rtol=1e-9, atol=1e-3))
        print(
            "| layout | pieces | table MB | index MB | bare p50 | p95 ms | fetch p50 | p95 ms |\n|"
            + "---|" * 8
        )
        for number, (name, layout) in enumerate(zip(names, LAYOUTS, strict=True)):
            cursor.execute(
                "SELECT sum(c.reltuples), sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid)) FROM pg_class c "
                "WHERE c.relkind = 'r' AND c.relname ~ %s",
                (f"^{name}(_[0-9]+)?$",),
            )
            count, size, index = cursor.fetchone()
            best = [np.percentile(kind[number].min(axis=1), q) for kind in (bare, fetch) for q in (50, 95)]
            print(
                f"| {layout.name} | {int(count):,} | {int(size) / 1e6:,.0f} | {int(index) / 1e6:,.1f} | "
                + " | ".join(f"{v:.2f}" for v in best)
                + " |"
            )
        session.rollback()
    print(f"areas agree: {same}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
