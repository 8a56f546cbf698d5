"""Batch check of many sites: the platform with one and two workers and on Dask, against DuckDB and SedonaDB.

All ways work on the same pieces. The platform's answers are whole reports (JSON lines) and must be the same bytes in
every way; the overlap areas in them are compared with those of the rivals, which compute areas only. The rivals
are installed into an environment of their own under ``var/benchmarks`` and left out where that is not possible.

    .venv/bin/python benchmarks/batch.py --polygons 500000 --sites 10000
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import importlib
import json
import mmap
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import shapely
from sqlalchemy import text

from benchmarks import province
from gis.check.batch import Sites, check_sites
from project_box.kernel.db import Database

ON = dt.date(2026, 3, 1)
#: bytes that one answer may take, on average
ROOM = 60_000
RIVALS = {
    "duckdb": ("duckdb", "duckdb-extension-spatial", "pyarrow", "numpy"),
    "sedonadb": ("sedonadb", "geoarrow-pyarrow", "pyarrow", "numpy", "pandas"),
}


def export(database: Database, polygons: int, shapes: list[Any]) -> Path:
    """Pieces and sites as files the rivals read."""
    folder = province.FOLDER / f"province-{polygons}"
    lengths, layers = [], []
    with database.transaction() as session, (folder / "pieces.wkb").open("wb") as out:
        session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
        rows = session.execute(
            text("SELECT version_id, ST_AsBinary(geom) FROM gis.piece ORDER BY id"),
            execution_options={"yield_per": 20_000},
        )
        for layer, blob in rows:
            out.write(blob)
            lengths.append(len(blob))
            layers.append(layer)
    np.save(folder / "pieces-lengths.npy", np.array(lengths, dtype=np.int64))
    np.save(folder / "pieces-layer.npy", np.array(layers, dtype=np.int64))
    blobs = [bytes(b) for b in shapely.to_wkb(shapes)]
    (folder / "sites.wkb").write_bytes(b"".join(blobs))
    np.save(folder / "sites-lengths.npy", np.array([len(b) for b in blobs], dtype=np.int64))
    np.save(folder / "sites-site.npy", np.arange(1, len(blobs) + 1, dtype=np.int64))
    return folder


def rival(name: str, folder: Path) -> dict[str, Any] | str:
    """What another engine takes and finds, or why it could not be asked."""
    home = province.FOLDER / f"env-{name}"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        made = subprocess.run(
            [python, "-m", "pip", "install", "-q", *RIVALS[name]], capture_output=True, text=True, check=False
        )
        if made.returncode:
            return f"cannot be installed: {made.stderr.strip()[-200:]}"
    script = Path(__file__).with_name("rivals.py")
    asked = subprocess.run([python, script, name, folder], capture_output=True, text=True, check=False)
    if asked.returncode:
        return f"failed: {asked.stderr.strip()[-300:]}"
    answer: dict[str, Any] = json.loads(asked.stdout)
    return answer


@dataclass(frozen=True, slots=True)
class Way:
    """What one way of the platform takes (on the clock, and of this process and its own helpers) and gives.

    Answers are put into memory set aside before the clock, as they come, and their digest is taken afterwards.
    """

    seconds: float
    processor: float
    digest: str
    areas: dict[tuple[int, str], tuple[int, float]]


def platform(url: str, sites: Sites, *, read: bool = False, **how: Any) -> Way:
    """One way of the platform; ``read`` its answers for the overlap areas of layers, too."""
    kept = _memory(len(sites.numbers))
    kept.seek(0)
    before, started = os.times(), time.perf_counter()
    for answer in check_sites(url, sites, on=ON, **how):
        kept.write(answer.json)
        kept.write(b"\n")
    seconds, after = time.perf_counter() - started, os.times()
    with memoryview(kept)[: kept.tell()] as lines:
        digest = hashlib.sha256(lines).hexdigest()
    kept.seek(0)
    areas = areas_of(kept.readline() for _ in sites.numbers) if read else {}
    return Way(seconds, sum(after[:4]) - sum(before[:4]), digest, areas)


@lru_cache(maxsize=1)
def _memory(sites: int) -> mmap.mmap:
    """Memory for all answers, touched once; it is shared, so that a fork does not copy it."""
    kept = mmap.mmap(-1, sites * ROOM)
    kept.write(bytes(len(kept)))
    return kept


def areas_of(lines: Iterable[bytes]) -> dict[tuple[int, str], tuple[int, float]]:
    """By site and layer how many features there are, and the sum of their areas."""
    return {
        (answer["site"], layer["code"]): (
            len(layer["features"]),
            sum(f["overlap_m2"] for f in layer["features"]),
        )
        for answer in map(json.loads, lines)
        for layer in answer["layers"]
    }


def on_dask(url: str, sites: Sites) -> Way:
    """The same on a Dask cluster of two local worker processes, started before the clock."""
    cluster_of: Any = importlib.import_module("distributed").LocalCluster
    with cluster_of(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True
    ) as cluster:
        return platform(url, sites, scheduler=cluster.scheduler_address)


def same_areas(
    ours: dict[tuple[int, str], tuple[int, float]],
    versions: dict[int, str],
    found: list[tuple[int, int, float]],
) -> bool:
    """Whether the rival has the areas of the platform's features, to 0.02 ㎡ a layer and a millionth."""
    theirs = {(site, versions[layer]): area for site, layer, area in found}
    return all(
        abs(mine - theirs.pop(key, 0.0)) <= 0.01 * (features + 1) + 1e-6 * mine
        for key, (features, mine) in ours.items()
    ) and all(area <= 0.01 for area in theirs.values())


def main() -> int:
    """Run everything; exit code 1 when answers differ or an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, default=500_000)
    parser.add_argument("--sites", type=int, default=10_000)
    parser.add_argument("--without", nargs="*", default=[], choices=[*RIVALS, "dask"])
    options = parser.parse_args()
    shapes = province.sites(options.polygons, options.sites)
    blobs = tuple(bytes(b) for b in shapely.to_wkb(shapes))
    sites = Sites(province.CRS, tuple(range(1, len(blobs) + 1)), blobs, frozenset(), ())
    met = True
    with province.database(options.polygons) as database:
        url = database.url
        print(f"packing what is not packed yet: {province.pack(database):.1f} s")
        warmed = platform(url, sites, read=True)  # kernels compiled, packs in memory
        print(f"warming up (one worker, cold): {warmed.seconds:.1f} s")
        one, two = platform(url, sites), platform(url, sites, workers=2)
        ways = {"1 worker": one, "2 workers": two}
        if "dask" not in options.without:
            ways["Dask, 2 workers"] = on_dask(url, sites)
        for name, way in ways.items():
            print(
                f"platform, {name:16} {way.seconds:7.2f} s  {len(blobs) / way.seconds:7.0f} sites/s  "
                f"processor {way.processor:6.2f} s  sha256 {way.digest[:16]}"
            )
            met &= way.digest == warmed.digest
        print(f"same bytes in every way: {met}")
        gain = one.seconds / two.seconds
        print(f"two workers against one: {gain:.2f} times (aim 1.7)")
        met &= gain >= 1.7
        with database.transaction() as session:
            rows = session.execute(text("SELECT id, layer_code FROM gis.layer_version")).all()
            versions = {int(i): str(c) for i, c in rows}
        folder = export(database, options.polygons, shapes)
    for name in RIVALS:
        if name in options.without:
            continue
        answer = rival(name, folder)
        if isinstance(answer, str):
            print(f"{name}: {answer}")
            continue
        agreed = same_areas(warmed.areas, versions, answer["areas"])
        print(
            f"{name:26} {answer['query_s']:7.2f} s  processor {answer['processor_s']:6.2f} s  "
            f"(loading {answer['load_s']:.1f} s apart), areas agree: {agreed}; "
            f"platform / {name}: {two.seconds / answer['query_s']:.2f} (aim 1.0)"
        )
        met &= agreed and two.seconds <= answer["query_s"]
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
