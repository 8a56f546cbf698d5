"""Site check against 20 layers: the platform's own call, bare SQL on pieces, naive SQL per layer, geopandas.overlay.

Every way goes through the same sites, one after the other, as the measurements did that the aims come from; all ways
take turns several times (so that a busy machine hits them alike). Answers are compared (overlap area by layer), and
p50, p95, ratios and whether they meet the aims are printed; beside the time the processor time of both sides of the
connection, which a busy machine changes less.

    .venv/bin/python benchmarks/check.py --polygons 100000 500000 2000000
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import geopandas
import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import province
from gis import service

ON = dt.date(2026, 3, 1)
Answer = dict[str, float]
#: what the aims are stated against, on the layout that was known: pieces of at most 128 vertices, Hilbert order, GiST
BARE = """
SELECT p.version_id, count(DISTINCT p.fid), sum(ST_Area(ST_Intersection(p.geom, s.g)))
FROM gis.piece p, (SELECT ST_GeomFromEWKB(%s) g) s WHERE ST_Intersects(p.geom, s.g) GROUP BY 1
"""
#: (what, numerator, percentile, denominator, at most); the inverse of "times faster"
AIMS = (
    ("p95 / bare SQL", "platform", 95, "bare SQL on pieces", 1.3),
    ("p50 / naive SQL per layer", "platform", 50, "naive SQL per layer", 1 / 9),
    ("p50 / geopandas.overlay", "platform", 50, "geopandas.overlay", 1 / 1000),
)


def prepare_naive(session: Session) -> str:
    """A table with an index for every layer, as the layers were delivered; the query over all of them."""
    parts = []
    for code in session.scalars(text("SELECT layer_code FROM gis.layer_version ORDER BY 1")).all():
        table = f"gis.naive_{code.lower()}"
        if session.scalar(text("SELECT to_regclass(:t)"), {"t": table}) is None:
            session.execute(
                text(
                    f"CREATE TABLE {table} AS SELECT fid, ST_SetSRID(geom, {province.CRS}) AS geom FROM gis.feature f "
                    "JOIN gis.layer_version v ON v.id = f.version_id WHERE v.layer_code = :c"
                ),
                {"c": code},
            )
            session.execute(text(f"CREATE INDEX ON {table} USING gist (geom)"))
            session.execute(text(f"ANALYZE {table}"))
        parts.append(
            f"SELECT '{code}', sum(ST_Area(ST_Intersection(t.geom, s.g))) FROM {table} t, s "
            "WHERE ST_Intersects(t.geom, s.g)"
        )
    return f"WITH s AS (SELECT ST_GeomFromEWKB(%s) g) {' UNION ALL '.join(parts)}"


def ways(
    session: Session, polygons: int, naive_sql: str, *, overlay_wanted: bool
) -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Answer]]]:
    """The ways to ask, all through one connection: the call that is timed, and how to read what it gives."""
    rows = session.execute(text("SELECT id, layer_code FROM gis.layer_version")).all()
    codes = {int(i): str(c) for i, c in rows}
    cursor: Any = session.connection().connection.cursor()
    frames = {}
    if overlay_wanted:
        frames = {
            how.code: geopandas.GeoDataFrame(geometry=list(shapes), crs=province.CRS)
            for how, shapes in zip(province.LAYERS, province.frames(polygons), strict=True)
        }

    def asked(sql: str, site: Any) -> list[Any]:
        cursor.execute(sql, (bytes(shapely.to_wkb(shapely.set_srid(site, province.CRS), include_srid=True)),))
        found: list[Any] = cursor.fetchall()
        return found

    def overlay(site: Any) -> Answer:
        mine = geopandas.GeoDataFrame(geometry=[site], crs=province.CRS)
        return {c: float(geopandas.overlay(f, mine).area.sum()) for c, f in frames.items()}

    return {
        "platform": (
            lambda site: service.check_geometry(session, site, province.CRS, on=ON, markers=False),
            lambda report: {e.code: sum(f.overlap_m2 for f in e.features) for e in report.layers},
        ),
        "bare SQL on pieces": (
            lambda site: asked(BARE, site),
            lambda found: {codes[v]: area for v, _, area in found},
        ),
        "naive SQL per layer": (
            lambda site: asked(naive_sql, site),
            lambda found: {code: area or 0.0 for code, area in found},
        ),
        "geopandas.overlay": (overlay, dict),
    }


def agree(mine: Answer, theirs: Answer) -> bool:
    """Whether overlap areas agree to rounding (0.005 ㎡ a feature) and a millionth."""
    return all(
        np.isclose(mine.get(c, 0.0), theirs.get(c, 0.0), rtol=1e-6, atol=0.05) for c in mine.keys() | theirs
    )


def spent(backend: int) -> float:
    """Processor time of this thread and of the database's process so far, in ms."""
    there = int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6
    return time.thread_time() * 1e3 + there


def measure(polygons: int, sites: int, repeats: int, overlay_sites: int) -> dict[str, Any]:
    """Every way goes through all sites in turn, ``repeats`` times after one to warm up; a site's time is its median."""
    shapes = province.sites(polygons, sites)
    with province.database(polygons) as database, database.transaction() as session:
        province.pack(database)
        asked = ways(session, polygons, prepare_naive(session), overlay_wanted=overlay_sites > 0)
        session.commit()
        backend = int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())
        times = {way: np.full((sites, repeats), np.nan) for way in asked}
        work = {way: np.full((sites, repeats), np.nan) for way in asked}
        same = dict.fromkeys(asked, True)
        for turn in range(repeats + 1):
            answers: dict[str, list[Answer]] = {}
            for way, (act, read) in asked.items():
                answers[way] = []
                for number, site in enumerate(shapes):
                    if way == "geopandas.overlay" and (number >= overlay_sites or turn > 1):
                        break
                    before, started = spent(backend), time.perf_counter()
                    given = act(site)
                    ended = time.perf_counter()
                    if turn:
                        times[way][number, turn - 1] = (ended - started) * 1000
                        work[way][number, turn - 1] = spent(backend) - before
                    answers[way].append(read(given))
            for way, found in answers.items():
                same[way] &= all(agree(*both) for both in zip(answers["platform"], found, strict=False))
        counts = session.execute(
            text(
                "SELECT (SELECT sum(feature_count) FROM gis.layer_version), count(*), "
                "pg_table_size('gis.piece'), pg_indexes_size('gis.piece') FROM gis.piece"
            )
        ).one()
    result: dict[str, Any] = {
        "polygons": int(counts[0]),
        "pieces": int(counts[1]),
        "piece_bytes": int(counts[2]),
        "index_bytes": int(counts[3]),
        "ways": {},
        "aims": {},
        "same_answers": same,
    }
    spread = {}
    for way, values in times.items():
        there = values[~np.isnan(values).all(axis=1)]
        if not len(there):
            continue
        typical, best = np.nanmedian(there, axis=1), np.nanmin(there, axis=1)
        least = np.nanmin(work[way][: len(there)], axis=1)
        spread[way] = {50: float(np.percentile(typical, 50)), 95: float(np.percentile(typical, 95))}
        result["ways"][way] = {
            "sites": len(there),
            "p50_ms": round(spread[way][50], 2),
            "p95_ms": round(spread[way][95], 2),
            "mean_ms": round(float(typical.mean()), 2),
            "best_p50_ms": round(float(np.percentile(best, 50)), 2),
            "best_p95_ms": round(float(np.percentile(best, 95)), 2),
            "work_p50_ms": round(float(np.percentile(least, 50)), 2),
            "work_p95_ms": round(float(np.percentile(least, 95)), 2),
        }
    for what, ours, percentile, theirs, most in AIMS:
        if theirs in spread:
            ratio = spread[ours][percentile] / spread[theirs][percentile]
            result["aims"][what] = {"ratio": round(ratio, 5), "at_most": round(most, 5), "met": ratio <= most}
    return result


def table(result: dict[str, Any], *, judged: bool) -> str:
    """One size for people; aims are judged at the largest."""
    lines = [
        f"{result['polygons']:,} polygons, {result['pieces']:,} pieces "
        f"({result['piece_bytes'] / 1e6:,.0f} MB, index {result['index_bytes'] / 1e6:,.0f} MB)"
    ]
    for way, v in result["ways"].items():
        lines.append(
            f"  {way:20} p50 {v['p50_ms']:8.2f}  p95 {v['p95_ms']:8.2f} ms   quietest {v['best_p50_ms']:8.2f} "
            f"{v['best_p95_ms']:8.2f}   processor {v['work_p50_ms']:8.2f} {v['work_p95_ms']:8.2f}   {v['sites']} sites"
        )
    for what, aim in result["aims"].items():
        faster = f" = {1 / aim['ratio']:,.1f} times faster" if aim["ratio"] < 1 else ""
        verdict = ("met" if aim["met"] else "MISSED") if judged else "not judged at this size"
        lines.append(f"  {what}: {aim['ratio']}{faster} (aim: at most {aim['at_most']}): {verdict}")
    lines.append(
        "  same answers: "
        + ", ".join(f"{w} {'yes' if ok else 'NO'}" for w, ok in result["same_answers"].items())
    )
    return "\n".join(lines)


def main() -> int:
    """Run every size; exit code 1 when answers differ or an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, nargs="+", default=[100_000], help="100000 500000 2000000")
    parser.add_argument("--sites", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--overlay-sites", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for polygons in options.polygons:
        results.append(measure(polygons, options.sites, options.repeats, options.overlay_sites))
        if not options.json:
            print(table(results[-1], judged=polygons == max(options.polygons)), flush=True)
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=2))
    if len(results) > 1 and not options.json:
        growth = [f"{r['polygons']:,}: {r['ways']['platform']['p50_ms']}" for r in results]
        print(f"growth of the platform's p50 in ms: {', '.join(growth)}")
    largest = max(results, key=lambda r: int(r["polygons"]))
    met = all(a["met"] for a in largest["aims"].values())
    good = met and all(all(r["same_answers"].values()) for r in results)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
