"""How long a sunlight check takes: ``python benchmarks/sunlight.py``.

Prints, on one core, the time for 20 buildings × 500 window points on 大寒日 (8-16 h true solar time; the intervals
are exact, a minute-by-minute method would cast 500 × 480 rays), for a district of 100 buildings × 5,000 points, for the
shadow lines of a day, for the share of a green outside the shadow line, and for a whole check with two days and
neighbours. Exits with 1 when the first one takes a second or more.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shapely import affinity  # noqa: E402 - numpy reads the environment set above
from shapely.geometry import Polygon, box  # noqa: E402 - numpy reads the environment set above

from elements.engine.engine import load_catalogue  # noqa: E402 - numpy reads the environment set above
from elements.sunlight.check import check, subject_of_facades  # noqa: E402 - numpy reads the environment set above
from elements.sunlight.hours import exposure, sun_path  # noqa: E402 - numpy reads the environment set above
from elements.sunlight.rules import sun_rules  # noqa: E402 - numpy reads the environment set above
from elements.sunlight.scene import (  # noqa: E402 - numpy reads the environment set above
    Block,
    Scene,
    Window,
    facades,
    site_at,
    windows_along,
)
from elements.sunlight.shadow import shadow_sheaf, sunny_share  # noqa: E402 - numpy reads the environment set above

X, Y, EPSG = 540_000.0, 3_120_000.0, 4547
LIMIT = 1.0


def district(columns: int, rows: int, seed: int = 1) -> list[Block]:
    """Slab blocks on a grid, each turned a little, of different heights."""
    rng = random.Random(seed)
    blocks = []
    for i in range(columns):
        for j in range(rows):
            x, y = X + i * 62, Y + j * 44
            plan = affinity.rotate(box(x, y, x + 42, y + 13), rng.uniform(-15, 15))
            if not isinstance(plan, Polygon):
                raise TypeError("a turned rectangle is a polygon")
            blocks.append(Block(f"{i * rows + j + 1}#", plan, 0.0, rng.uniform(18, 80)))
    return blocks


def points_on(blocks: list[Block], count: int) -> list[Window]:
    """``count`` window points spread over all facades."""
    site = site_at(X, Y, EPSG)
    walls = [f for b in blocks for f in facades(b.name, b.footprint, site)]
    spacing = sum(f.length for f in walls) / count * 0.9
    found = [w for f in walls for w in windows_along(f, site, spacing, 0.9)]
    return random.Random(2).sample(found, count)


def best(work: Callable[[], object], runs: int = 3) -> float:
    """Least seconds of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Run and print; 1 when the promised time is not kept."""
    site = site_at(X, Y, EPSG)
    path = sun_path(site, -20.11, 8.0, 16.0)
    small, large = district(5, 4), district(10, 10)
    few, many = points_on(small, 500), points_on(large, 5000)
    first = best(lambda: exposure(few, small, path))
    print(f"20 buildings x 500 points, one day      {first * 1000:9.1f} ms   (limit {LIMIT * 1000:.0f} ms)")
    second = best(lambda: exposure(many, large, path), 2)
    print(f"100 buildings x 5,000 points, one day   {second * 1000:9.1f} ms")
    third = best(lambda: shadow_sheaf(small, path, every=30.0))
    print(f"shadow lines of 20 buildings, 17 times  {third * 1000:9.1f} ms")
    green = box(X + 44, Y + 15, X + 60, Y + 160)
    fourth = best(lambda: sunny_share(green, small, path, 2.0, threshold=1 / 3))
    print(f"share of a green outside the line       {fourth * 1000:9.1f} ms")
    rules = sun_rules(
        load_catalogue().tariffs, "样例新区", dt.date(2026, 6, 1), zone="Ⅲ", city="50万以上", case="住宅"
    )
    subjects = [subject_of_facades(b.name, b.footprint, site, 0.9, own=n < 16) for n, b in enumerate(small)]
    scene = Scene(site, tuple(small))
    before = scene.without(b.name for b in small[:16])
    count = sum(len(s.windows) for s in subjects)
    fifth = best(lambda: check(scene, subjects, rules, before=before), 2)
    print(f"whole check: 2 days, before and after, {count} points, 20 units {fifth * 1000:9.1f} ms")
    return 0 if first < LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
