"""Overlap area of every site and layer by another engine, on the same pieces; batch.py calls it.

Usage: rivals.py duckdb|sedonadb FOLDER, where the folder holds pieces.wkb, sites.wkb and their lengths. Prints one JSON
document: seconds to load, seconds of the query on the clock and of the processor, and the area by site and layer.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2
#: site, layer and area in common
Areas = list[tuple[int, int, float]]


def table(folder: Path, name: str, keys: tuple[str, ...]) -> Any:
    """Numbers and WKB of one kind of shape."""
    lengths = np.load(folder / f"{name}-lengths.npy")
    data = (folder / f"{name}.wkb").read_bytes()
    ends = np.cumsum(lengths)
    blobs = [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    columns: dict[str, Any] = {k: np.load(folder / f"{name}-{k}.npy") for k in keys}
    pa: Any = importlib.import_module("pyarrow")
    return pa.table(columns | {"wkb": pa.array(blobs, type=pa.binary())})


def duckdb(pieces: Any, sites: Any) -> tuple[float, float, float, Areas]:
    """DuckDB's spatial join."""
    engine: Any = importlib.import_module("duckdb")

    connection = engine.connect(config={"threads": THREADS, "allow_unsigned_extensions": True})
    try:
        connection.execute("LOAD spatial")
    except engine.Error:  # not in the engine's own folder: take the one of the package
        packaged: Any = importlib.import_module("duckdb_extension_spatial")
        (extension,) = Path(packaged.__file__).parent.rglob("spatial.duckdb_extension")
        connection.execute(f"LOAD '{extension}'")
    started = time.perf_counter()
    connection.register("p", pieces)
    connection.register("s", sites)
    connection.execute("CREATE TABLE pieces AS SELECT layer, ST_GeomFromWKB(wkb) AS geom FROM p")
    connection.execute("CREATE TABLE sites AS SELECT site, ST_GeomFromWKB(wkb) AS geom FROM s")
    loaded, processor = time.perf_counter(), time.process_time()
    rows = connection.execute(
        "SELECT site, layer, sum(ST_Area(ST_Intersection(p.geom, s.geom))) FROM pieces p JOIN sites s "
        "ON ST_Intersects(p.geom, s.geom) GROUP BY ALL"
    ).fetchall()
    return loaded - started, time.perf_counter() - loaded, time.process_time() - processor, rows


def sedonadb(pieces: Any, sites: Any) -> tuple[float, float, float, Areas]:
    """SedonaDB's spatial join."""
    session: Any = importlib.import_module("sedonadb").connect()
    started = time.perf_counter()
    for name, given in (("pieces", pieces), ("sites", sites)):
        key = "layer" if name == "pieces" else "site"
        session.create_data_frame(given).to_view(f"raw_{name}")
        made = session.sql(f"SELECT {key}, ST_GeomFromWKB(wkb) AS geom FROM raw_{name}").to_memtable()
        made.to_view(name)
    loaded, processor = time.perf_counter(), time.process_time()
    rows = session.sql(
        "SELECT s.site, p.layer, sum(ST_Area(ST_Intersection(p.geom, s.geom))) AS area FROM pieces p JOIN sites s "
        "ON ST_Intersects(p.geom, s.geom) GROUP BY s.site, p.layer"
    ).to_arrow_table()
    seconds, processor = time.perf_counter() - loaded, time.process_time() - processor
    columns = [rows.column(k).to_pylist() for k in range(3)]
    return loaded - started, seconds, processor, list(zip(*columns, strict=True))


def main() -> int:
    """Run one engine."""
    engine, folder = {"duckdb": duckdb, "sedonadb": sedonadb}[sys.argv[1]], Path(sys.argv[2])
    pieces, sites = table(folder, "pieces", ("layer",)), table(folder, "sites", ("site",))
    load, seconds, processor, rows = engine(pieces, sites)
    areas = [[int(a), int(b), c] for a, b, c in rows]
    print(json.dumps({"load_s": load, "query_s": seconds, "processor_s": processor, "areas": areas}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
