"""Reading DXF: the fast reader against GDAL's driver and ``ezdxf.readfile``: same file, one process, results compared.

    python benchmarks/drawings.py                 # 5,000, 50,000 and 300,000 entities
    python benchmarks/drawings.py 5000 50000      # other sizes
    python benchmarks/drawings.py --json out.json
    python benchmarks/drawings.py --odd 0.02      # 2 % of the entities are splines and dimensions, which ezdxf reads

What is timed, from the file's path on:

* *ours*: bytes → :class:`~drawings.cad.model.CadFile` with layers, units and issues → one shapely geometry per entity
  (blocks drawn, arcs as equal-area chords) → by layer → by role of the platform's drawing standard;
* *audited*: the same file through ``drawings.interpreting.interpret``: rings closed and chained, holes cut, attributes
  gathered, repairs proposed, overlaps and shapes beyond the site found, as a hand-in does it (no other reader does);
* *GDAL*: ``pyogrio.read_dataframe`` → by layer; and, where pyarrow is installed, ``pyogrio.read_arrow`` →
  ``shapely.from_wkb`` → by layer;
* *ezdxf*: ``ezdxf.readfile`` only, with no geometry made.

The drawings are generated first (not timed): site plans with polylines (some with arcs), lines, arcs, circles,
ellipses, hatches, block references (a third with attributes), texts. After timing, the entities are compared one by
one with ezdxf's and with GDAL's.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from ezdxf.filemanagement import readfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.site_plan import generate
from drawings.cad import read
from drawings.cad.fast.reader import read_fast
from drawings.cad.fast.table import EntityTable
from drawings.cad.model import CadFile
from drawings.interpreting.interpret import interpret
from drawings.reading import reading
from drawings.standards.standards import get_standard

# --- the readers -------------------------------------------------------------------------------------------


def ours(path: Path) -> tuple[CadFile, dict[str, Any], dict[str, Any]]:
    """Geometries by layer and by role."""
    settings = reading()
    cad = read_fast(path.read_bytes(), path.name, settings, None)
    if cad is None or not isinstance(cad.entities, EntityTable):
        raise RuntimeError("the fast reader gave the file back")
    by_layer = cad.entities.by_layer(settings.chord_tolerance_m / cad.units.metres_per_unit)
    standard = get_standard("project-box")
    by_role: dict[str, Any] = {}
    for layer, geometries in by_layer.items():
        match = standard.match(layer)
        by_role.setdefault(match.role if match else "other", []).append(geometries)
    return cad, by_layer, by_role


def audited(path: Path) -> int:
    """Shapes with roles, attributes, repairs and coded issues; their number."""
    settings = reading()
    settings = settings.model_copy(
        update={"limits": settings.limits.model_copy(update={"interpret_seconds": 3600.0})}
    )
    model = interpret(read(path, settings=settings), settings=settings)
    if not model.readable:
        raise RuntimeError("the drawing was not understood")
    return len(model.shapes)


def gdal_frame(path: Path) -> dict[str, Any]:
    """GeoDataFrames by layer."""
    frame = pyogrio.read_dataframe(path)
    return {str(layer): part for layer, part in frame.groupby("Layer")}


def gdal_arrow(path: Path) -> dict[str, Any]:
    """Geometries by layer through Arrow."""
    _, table = pyogrio.read_arrow(path)
    geometries = shapely.from_wkb(table.column("wkb_geometry").to_numpy(zero_copy_only=False))
    layers = np.asarray(table.column("Layer").to_numpy(zero_copy_only=False), dtype=object)
    names, numbers = np.unique(layers.astype(str), return_inverse=True)
    return {str(name): geometries[numbers == k] for k, name in enumerate(names)}


# --- measuring ---------------------------------------------------------------------------------------------


def peak_reset() -> None:
    """Forget the process's greatest memory use so far (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(field: str) -> float:
    """A line of /proc/self/status in bytes; NaN elsewhere."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    return math.nan


class Measured:
    """Best wall and processor seconds of a function, memory it added at its peak the first time, last result."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.wall = self.cpu = math.inf
        self.memory = math.nan
        self.result: Any = None

    def run(self) -> None:
        """Run it once more."""
        first = math.isinf(self.wall)
        self.result = None
        gc.collect()
        if first:
            peak_reset()
            before = memory("VmRSS")
        wall, cpu = time.perf_counter(), time.process_time()
        self.result = self.function()
        self.wall = min(self.wall, time.perf_counter() - wall)
        self.cpu = min(self.cpu, time.process_time() - cpu)
        if first:
            self.memory = memory("VmHWM") - before


# --- comparing ---------------------------------------------------------------------------------------------


def compare_with_ezdxf(cad: CadFile, document: Any) -> tuple[int, int]:
    """(entities compared, entities that differ): coordinates, layer, text of model space entities by handle."""
    own = {e.handle: e for e in cad.entities if not e.in_block}
    compared = different = 0

    def near(a: Any, b: Any) -> bool:
        return all(math.isclose(p, q, rel_tol=1e-12, abs_tol=1e-9) for p, q in zip(a, b, strict=True))

    def xy(vector: Any) -> tuple[float, float]:
        return vector.x, vector.y

    for entity in document.modelspace():
        kind, dxf = entity.dxftype(), entity.dxf
        mine = own.get(dxf.handle)
        compared += 1
        if mine is None or mine.kind != kind or mine.layer != dxf.layer:
            different += 1
            continue
        points = mine.curves[0].points if mine.curves else ()
        good = True
        if kind == "LINE":
            good = near(points[0], xy(dxf.start)) and near(points[1], xy(dxf.end))
        elif kind == "LWPOLYLINE":
            rows = list(entity.get_points("xyb"))
            bulges = mine.curves[0].bulges or (0.0,) * len(points)
            good = len(rows) == len(points) and mine.curves[0].closed == entity.closed
            good = good and all(near(r, (*p, b)) for r, p, b in zip(rows, points, bulges, strict=True))
        elif kind == "CIRCLE":
            good = near(points[0], (dxf.center.x - dxf.radius, dxf.center.y))
            good = good and math.isclose(mine.curves[0].area(), math.pi * dxf.radius**2, rel_tol=1e-9)
        elif kind == "ARC":
            good = near(points[0], xy(entity.start_point)) and near(points[-1], xy(entity.end_point))
        elif kind == "ELLIPSE":
            exact = math.pi * dxf.major_axis.magnitude**2 * dxf.ratio
            good = math.isclose(mine.curves[0].area(), exact, rel_tol=1e-7)
        elif kind == "HATCH":
            good = all(near(r[:2], p) for r, p in zip(entity.paths[0].vertices, points, strict=True))
        elif kind in ("TEXT", "MTEXT"):
            good = near(mine.at or (), xy(dxf.insert)) and mine.text == entity.plain_text()
        elif kind == "INSERT":
            good = near(mine.at or (), xy(dxf.insert)) and mine.block == dxf.name
            good = good and mine.attributes == {a.dxf.tag: a.dxf.text for a in entity.attribs}
        elif kind == "POINT":
            good = near(mine.at or (), xy(dxf.location))
        different += not good
    return compared, different + abs(
        len(own) - compared - sum(len(e.attribs) for e in document.modelspace().query("INSERT"))
    )


def unmangled(text: str) -> str:
    """GDAL reads the UTF-8 of R2007 and later in the code page of the header (here Latin)."""
    try:
        return text.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text.encode("cp1252", "replace").decode("utf-8", "replace")


def compare_with_gdal(cad: CadFile, path: Path, tolerance: float) -> tuple[int, int]:
    """(entities compared, entities that differ): lines, arcs, circles, points by handle, within GDAL's 4° chords."""
    frame = pyogrio.read_dataframe(path, columns=["EntityHandle", "Layer"])
    theirs = dict(
        zip(frame["EntityHandle"], zip(frame.geometry.values, frame["Layer"], strict=True), strict=True)
    )
    assert isinstance(cad.entities, EntityTable)
    compared = different = 0
    for entity, geometry in zip(cad.entities, cad.entities.geometries(tolerance), strict=True):
        if entity.in_block or entity.kind not in ("LINE", "LWPOLYLINE", "ARC", "CIRCLE", "POINT"):
            continue
        found = theirs.get(entity.handle)
        compared += 1
        if found is None or unmangled(found[1]) != entity.layer:
            different += 1
            continue
        line = geometry.exterior if geometry.geom_type == "Polygon" else geometry
        bounds = line.bounds
        # GDAL's chords span up to 4°: 6.1e-4 of the radius off, 1e-3 of the length lost; ours swap length for area
        radius = max(
            (
                math.dist(p, q) * (1 + b * b) / (4 * abs(b))
                for c in entity.curves
                for p, q, b in c.segments()
                if b
            ),
            default=0.0,
        )
        off = 1e-9 + 6.2e-4 * radius + reading().chord_tolerance_m
        same = abs(found[0].length - line.length) <= 2e-3 * line.length + 1e-9
        same = same and all(abs(a - b) <= off for a, b in zip(found[0].bounds, bounds, strict=True))
        if entity.kind in ("LINE", "POINT"):
            same = bool(shapely.equals_exact(shapely.force_2d(found[0]), geometry, 0.0))
        different += not same
    return compared, different


def run(count: int, folder: Path, odd: float) -> dict[str, Any]:
    """Measure one size: the readers in turn, several rounds, so that other work on the machine hits all alike."""
    path = folder / f"{count}.dxf"
    generate(path, count, odd)
    size = path.stat().st_size
    readers = {"ours": Measured(lambda: ours(path)), "gdal": Measured(lambda: gdal_frame(path))}
    if importlib.util.find_spec("pyarrow") is not None:
        readers["arrow"] = Measured(lambda: gdal_arrow(path))
    for _ in range(7 if count <= 5000 else 5 if count <= 50_000 else 3):
        for reader in readers.values():
            reader.run()
            if reader is not readers["ours"]:
                reader.result = len(reader.result)
    cad, by_layer, by_role = readers["ours"].result
    readers["audited"] = Measured(lambda: audited(path))
    readers["audited"].run()
    readers["ezdxf"] = Measured(lambda: readfile(path))
    readers["ezdxf"].run()
    out: dict[str, Any] = {
        "entities": count,
        "bytes": size,
        "drawn": len(cad.entities),
        "geometries": sum(len(v) for v in by_layer.values()),
        "roles": sorted(by_role),
    }
    out["shapes"] = readers["audited"].result
    for name, reader in readers.items():
        out[name] = {"wall": reader.wall, "cpu": reader.cpu, "memory": reader.memory}
    document = readers["ezdxf"].result
    out["compared_ezdxf"], out["different_ezdxf"] = compare_with_ezdxf(cad, document)
    del document
    readers.clear()
    gc.collect()
    out["compared_gdal"], out["different_gdal"] = compare_with_gdal(cad, path, reading().chord_tolerance_m)
    path.unlink()
    return out


def show(rows: list[dict[str, Any]]) -> None:
    """Print the tables: seconds (wall; processor), ratios to ours, memory, entities that agree."""
    names = [n for n in ("ours", "gdal", "arrow", "ezdxf") if n in rows[0]]
    print(
        f"{'entities':>9} {'MB':>6} "
        + "".join(f"{n + ' s (cpu)':>17}" for n in names)
        + f" {'memory/file':>12}"
    )
    for r in rows:
        times = "".join(f"{r[n]['wall']:>9.3f} ({r[n]['cpu']:>5.2f})" for n in names)
        print(
            f"{r['entities']:>9,} {r['bytes'] / 1e6:>6.1f} {times} {r['ours']['memory'] / r['bytes']:>12.1f}"
        )
    print(f"\n{'entities':>9} " + "".join(f"{'× ' + n + ' (cpu)':>18}" for n in names[1:])
          + f" {'same as ezdxf':>18} {'same as GDAL':>18}")  # fmt: skip
    for r in rows:
        own = r["ours"]
        ratios = "".join(
            f"{r[n]['wall'] / own['wall']:>9.1f} ({r[n]['cpu'] / own['cpu']:>6.1f})" for n in names[1:]
        )
        print(
            f"{r['entities']:>9,} {ratios} {r['compared_ezdxf'] - r['different_ezdxf']:>9,}/{r['compared_ezdxf']:<8,} "
            f"{r['compared_gdal'] - r['different_gdal']:>9,}/{r['compared_gdal']:<8,}"
        )


def main() -> int:
    """Run; 1 if an entity differs or a goal is missed."""
    parser = argparse.ArgumentParser(description="DXF reading against GDAL and ezdxf")
    parser.add_argument("sizes", nargs="*", type=int, default=None)
    parser.add_argument("--odd", type=float, default=0.0, help="share of splines and dimensions")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    sizes = arguments.sizes or [5_000, 50_000, 300_000]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "warm.dxf", 500)
        start = time.perf_counter()
        ours(folder / "warm.dxf")  # loads (or the first time compiles) the kernels
        print(f"first call in this process: {time.perf_counter() - start:.2f} s (kernels loaded)")
        rows = [run(size, folder, arguments.odd) for size in sizes]
    show(rows)
    print("\nwith rings made, attributes, repairs and audit (no other reader does this):")
    for r in rows:
        whole = r["audited"]
        print(
            f"{r['entities']:>9,} {whole['wall']:>9.3f} s ({whole['cpu']:.2f}) {r['shapes']:>9,} shapes with roles, "
            f"memory {whole['memory'] / r['bytes']:.1f} × the file"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    wrong = sum(r["different_ezdxf"] + r["different_gdal"] for r in rows)
    missed = [f"{r['entities']}: slower than {n}" for r in rows for n in ("gdal", "arrow")
              if n in r and r[n]["wall"] < r["ours"]["wall"]]  # fmt: skip
    missed += [f"{r['entities']}: less than 15 × ezdxf" for r in rows
               if r["entities"] >= 300_000 and r["ezdxf"]["wall"] < 15 * r["ours"]["wall"]]  # fmt: skip
    missed += [f"{r['entities']}: more than 8 × the file in memory" for r in rows
               if r["ours"]["memory"] > 8 * r["bytes"]]  # fmt: skip
    if wrong or missed:
        print(f"entities that differ: {wrong}; goals missed: {'; '.join(missed) or 'none'}")
    return 1 if wrong or missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
