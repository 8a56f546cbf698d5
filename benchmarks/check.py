"""Site check against many plans: the platform's own call, bare SQL on its pieces, naive SQL per layer, geopandas.

Makes N polygons over 20 layers in a database of its own (deleted afterwards), checks the same sites in every way,
compares the answers (overlap area by layer), and prints p50, p95 and ratios.

    .venv/bin/python benchmarks/check.py --polygons 100000 --sites 200
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import secrets
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gis import repository, service
from gis.layer import LayerDefinition, layer_catalogue
from gis.models import LayerVersion
from gis.pieces import cut
from project_box.kernel import embedded
from project_box.kernel.db import Database

CRS = 4547
LAYERS = 20
ORIGIN = np.array([440_000.0, 3_060_000.0])
#: how many of N polygons each layer holds; the first is a tessellation, the second few and jagged
WEIGHTS = np.array([30, 0.1, 0.4, 20, 10, 8, *[2.25] * (LAYERS - 6)])


def blobs(
    rng: np.random.Generator, count: int, side: float, vertices: tuple[int, int]
) -> np.ndarray[Any, Any]:
    """Star-shaped polygons scattered over a square, sized so that a layer covers about a fifth of it."""
    radius = side * np.sqrt(0.2 / max(count, 1) / np.pi)
    shapes = []
    for _ in range(count):
        n = int(np.exp(rng.uniform(*np.log(vertices))))
        angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
        wave = np.cumsum(rng.normal(0, 0.3, n))
        wave -= np.linspace(wave[0], wave[-1], n)
        radii = radius * np.clip(
            1 + 0.15 * wave / max(np.abs(wave).max(), 1e-9) + rng.normal(0, 0.01, n), 0.5, 1.6
        )
        middle = ORIGIN + rng.uniform(0, side, 2)
        shapes.append(
            shapely.polygons(middle + radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]))
        )
    return np.array(shapes, dtype=object)


def tessellation(count: int, side: float) -> np.ndarray[Any, Any]:
    """A grid whose cells share edges."""
    n = int(np.ceil(np.sqrt(count)))
    steps = np.linspace(0, side, n + 1)
    x, y = (g.ravel() for g in np.meshgrid(steps[:-1], steps[:-1]))
    step = steps[1]
    cells = shapely.box(*(ORIGIN[:, None] + [x, y]), *(ORIGIN[:, None] + [x + step, y + step]))
    return np.asarray(shapely.segmentize(cells, step / 8))


def load(session: Session, definition: LayerDefinition, shapes: np.ndarray[Any, Any]) -> LayerVersion:
    """Write a layer as an import does: features, pieces, version."""
    numbers = np.arange(1, len(shapes) + 1, dtype=np.int64)
    pieces, owners = cut(shapes, numbers)
    row = LayerVersion(
        layer_code=definition.code,
        version="benchmark",
        valid_from=dt.date(2026, 1, 1),
        current=True,
        source_name="made",
        source_crs=CRS,
        check_crs=CRS,
        feature_count=len(shapes),
        piece_count=len(pieces),
        extent_lonlat=[70.0, 0.0, 140.0, 60.0],
        issues=[],
        imported_at=dt.datetime.now(dt.UTC),
    )
    session.add(row)
    session.flush()
    repository.copy_features(
        session,
        row.id,
        numbers=[int(n) for n in numbers],
        labels=[f"{definition.code} {n}" for n in numbers],
        classes=[None] * len(shapes),
        attributes=[{}] * len(shapes),
        geometries=shapes,
        crs=CRS,
        tiles=np.full(len(shapes), None, dtype=object),
        areas=shapely.area(shapes),
        repaired=[False] * len(shapes),
    )
    repository.copy_pieces(session, row.id, pieces, owners, CRS)
    return row


BARE = """
SELECT p.version_id, sum(ST_Area(ST_Intersection(p.geom, s.g)))
FROM gis.piece p, (SELECT ST_GeomFromEWKB(:site) g) s WHERE ST_Intersects(p.geom, s.g) GROUP BY 1
"""


def timed(
    act: Callable[[Any], dict[str, float]], sites: list[Any]
) -> tuple[list[float], list[dict[str, float]]]:
    """Milliseconds and answers; every site is asked once before, so that all ways run warm."""
    for site in sites:
        act(site)
    times, answers = [], []
    for site in sites:
        started = time.perf_counter()
        answers.append(act(site))
        times.append((time.perf_counter() - started) * 1000)
    return times, answers


def same(mine: list[dict[str, float]], theirs: list[dict[str, float]]) -> bool:
    """Whether overlap areas agree to 0.01 ㎡ and a millionth."""
    return all(
        np.isclose(a.get(code, 0.0), b.get(code, 0.0), rtol=1e-6, atol=0.02)
        for a, b in zip(mine, theirs, strict=True)
        for code in a | b
    )


def main() -> int:
    """Run everything; exit code 1 when answers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--overlay-sites", type=int, default=2)
    parser.add_argument("--var", type=Path, default=Path("var/test"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    server = embedded.ensure_running(options.var.resolve())
    name = f"bench_{secrets.token_hex(4)}"
    opened = Database(embedded.create_database(server, name))
    try:
        from web.migrate import upgrade

        upgrade(opened)
        outcome = run(opened, options)
    finally:
        opened.dispose()
        embedded.drop_database(server, name)
    print(json.dumps(outcome, ensure_ascii=False, indent=2) if options.json else table(outcome))
    return 0 if outcome["same_answers"] else 1


def run(opened: Database, options: argparse.Namespace) -> dict[str, Any]:
    """Make the data and measure."""
    rng = np.random.default_rng(7)
    side = 320_000 * np.sqrt(options.polygons / 2_000_000)
    counts = np.maximum((WEIGHTS / WEIGHTS.sum() * options.polygons).astype(int), 5)
    catalogue = layer_catalogue()
    chosen = list(catalogue.layers.values())[:LAYERS]
    frames: dict[str, np.ndarray[Any, Any]] = {}
    made = time.perf_counter()
    for number, (definition, count) in enumerate(zip(chosen, counts, strict=True)):
        vertices = (2_000, 60_000) if number in (1, 2) else (12, 250)
        shapes = tessellation(count, side) if number == 0 else blobs(rng, int(count), side, vertices)
        broken = ~shapely.is_valid(shapes)
        shapes[broken] = shapely.buffer(shapes[broken], 0)
        frames[definition.code] = shapes
    loading = time.perf_counter()
    codes: dict[int, str] = {}
    with opened.transaction() as session:
        for definition in chosen:
            row = load(session, definition, frames[definition.code])
            codes[row.id] = definition.code
        for definition in chosen:
            session.execute(
                text(
                    f"CREATE TABLE gis.naive_{definition.code.lower()} AS SELECT fid, "
                    f"ST_SetSRID(geom, {CRS}) AS geom FROM gis.feature f JOIN gis.layer_version v "
                    "ON v.id = f.version_id WHERE v.layer_code = :c"
                ),
                {"c": definition.code},
            )
            session.execute(text(f"CREATE INDEX ON gis.naive_{definition.code.lower()} USING gist (geom)"))
    with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        pieces = connection.execute(text("SELECT count(*) FROM gis.piece")).scalar_one()
    loaded = time.perf_counter()
    radii = np.sqrt(rng.uniform(1e4, 5e5, options.sites) / np.pi)
    middles = ORIGIN + rng.uniform(0.02 * side, 0.98 * side, (options.sites, 2))
    sites = list(shapely.buffer(shapely.points(middles), radii, quad_segs=12))
    naive_sql = " UNION ALL ".join(
        f"SELECT '{d.code}', sum(ST_Area(ST_Intersection(t.geom, s.g))) FROM gis.naive_{d.code.lower()} t, s "
        "WHERE ST_Intersects(t.geom, s.g)"
        for d in chosen
    )
    with opened.transaction() as session:

        def ewkb(site: Any) -> bytes:
            return bytes(shapely.to_wkb(shapely.set_srid(site, CRS), include_srid=True))

        parts: list[dict[str, float]] = []

        def platform(site: Any) -> dict[str, float]:
            report = service.check_geometry(session, site, CRS, on=dt.date(2026, 3, 1), markers=False)
            parts.append(report.timings)
            return {
                line.code: sum(f.overlap_m2 for f in line.features) for line in report.layers if line.features
            }

        def bare(site: Any) -> dict[str, float]:
            rows = session.execute(text(BARE), {"site": ewkb(site)}).all()
            return {codes[v]: a for v, a in rows}

        def naive(site: Any) -> dict[str, float]:
            rows = session.execute(
                text(f"WITH s AS (SELECT ST_GeomFromEWKB(:site) g) {naive_sql}"), {"site": ewkb(site)}
            ).all()
            return {c: a or 0.0 for c, a in rows}

        layers = {c: geopandas.GeoDataFrame(geometry=list(g), crs=CRS) for c, g in frames.items()}

        def overlay(site: Any) -> dict[str, float]:
            mine = geopandas.GeoDataFrame(geometry=[site], crs=CRS)
            return {c: float(geopandas.overlay(f, mine).area.sum()) for c, f in layers.items()}

        ways = {"platform": platform, "bare SQL on pieces": bare, "naive SQL per layer": naive}
        measured: dict[str, list[float]] = {}
        answers: dict[str, list[dict[str, float]]] = {}
        for way, act in ways.items():
            measured[way], answers[way] = timed(act, sites)
        some = sites[: options.overlay_sites]
        if some:
            measured["geopandas.overlay"], answers["geopandas.overlay"] = timed(overlay, some)
    agreed = {w: same(answers["bare SQL on pieces"][: len(a)], a) for w, a in answers.items()}

    def spread(values: list[float]) -> dict[str, float]:
        ordered = sorted(values)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        return {
            "p50_ms": round(statistics.median(ordered), 2),
            "p95_ms": round(p95, 2),
            "sites": len(ordered),
        }

    ms = {w: spread(v) for w, v in measured.items()}
    mine = ms["platform"]
    return {
        "polygons": int(sum(len(f) for f in frames.values())),
        "vertices": int(sum(shapely.get_num_coordinates(f).sum() for f in frames.values())),
        "pieces": int(pieces),
        "make_s": round(loading - made, 1),
        "load_s": round(loaded - loading, 1),
        "ways": ms,
        "platform_parts_p50_ms": {
            k: round(statistics.median(p[k] for p in parts), 2) for k in (parts[0] if parts else {})
        },
        "ratios": {
            "platform p95 / bare p95": round(mine["p95_ms"] / ms["bare SQL on pieces"]["p95_ms"], 2),
            "naive p50 / platform p50": round(ms["naive SQL per layer"]["p50_ms"] / mine["p50_ms"], 2),
            **(
                {"overlay p50 / platform p50": round(ms["geopandas.overlay"]["p50_ms"] / mine["p50_ms"], 1)}
                if "geopandas.overlay" in ms
                else {}
            ),
        },
        "agreed_with_bare": agreed,
        "same_answers": all(agreed.values()),
    }


def table(outcome: dict[str, Any]) -> str:
    """The outcome for people."""
    lines = [
        f"{outcome['polygons']:,} polygons, {outcome['vertices']:,} vertices, {outcome['pieces']:,} pieces "
        f"(made in {outcome['make_s']} s, loaded in {outcome['load_s']} s)"
    ]
    lines += [
        f"{way:22} p50 {v['p50_ms']:9.2f} ms   p95 {v['p95_ms']:9.2f} ms   {v['sites']} sites"
        for way, v in outcome["ways"].items()
    ]
    lines.append(f"platform, parts (p50 ms): {outcome['platform_parts_p50_ms']}")
    lines += [f"{what}: {ratio}" for what, ratio in outcome["ratios"].items()]
    lines.append(
        "same answers: " + ("yes" if outcome["same_answers"] else f"NO {outcome['agreed_with_bare']}")
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
