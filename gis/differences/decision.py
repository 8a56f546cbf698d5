"""The decision list of 差异图斑: what an editor may decide, and to which polygon an earlier decision belongs. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

#: outlines no farther apart than this (m) are the same polygon, delivered with other rounding
SAME_OUTLINE_M = 0.05


class Verdict(StrEnum):
    """What is to happen where two plans contradict each other."""

    KEEP_A = "keep_a"
    KEEP_B = "keep_b"
    AMEND = "amend"
    TOLERATED = "tolerated"
    REOPENED = "reopened"

    @property
    def zh(self) -> str:
        """Chinese words on the screen."""
        return {
            "keep_a": "以 A 为准",
            "keep_b": "以 B 为准",
            "amend": "两者均需修改",
            "tolerated": "允许保留",
            "reopened": "撤回决定",
        }[self.value]

    @property
    def en(self) -> str:
        """English words on the screen."""
        return {
            "keep_a": "Keep A",
            "keep_b": "Keep B",
            "amend": "To be amended",
            "tolerated": "Tolerated",
            "reopened": "Reopened",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the log.

    Attributes:
        number: position in the log.
        polygon: code of the polygon it was made for.
        geometry: that polygon, in the CRS of layer A's pieces at the time.
        version_a, version_b: layer versions it was made on.
    """

    number: int
    polygon: str
    verdict: Verdict
    reason: str
    by: str
    at: dt.datetime
    version_a: str
    version_b: str
    geometry: BaseGeometry


def standing(
    log: Sequence[Decision], found: Sequence[tuple[str, BaseGeometry]]
) -> tuple[dict[str, Decision], list[Decision]]:
    """The decision that stands for each polygon found now, and decisions whose polygon is gone.

    A decision stands for the polygon of the same code; else for one whose outline is the same within
    :data:`SAME_OUTLINE_M`. The newest entry counts; a reopened polygon has none.

    Args:
        log: all entries of the comparison, oldest first.
        found: (code, Polygon) in the CRS the log's polygons are in.
    """
    newest = {entry.polygon: entry for entry in log}
    codes = {code for code, _ in found}
    by_polygon: dict[str, Decision] = {c: e for c, e in newest.items() if c in codes}
    waiting = [e for c, e in newest.items() if c not in codes]
    free = [(code, shape) for code, shape in found if code not in by_polygon]
    gone = []
    if waiting and free:
        shapes = np.array([s for _, s in free], dtype=object)
        tree = shapely.STRtree(shapes)
        for entry in waiting:
            near = [int(i) for i in tree.query(entry.geometry) if free[int(i)][0] not in by_polygon]
            same = next((i for i in near if _same(entry.geometry, shapes[i])), None)
            if same is None:
                gone.append(entry)
            else:
                by_polygon[free[same][0]] = entry
    else:
        gone = waiting
    kept = {c: e for c, e in by_polygon.items() if e.verdict is not Verdict.REOPENED}
    return kept, [e for e in gone if e.verdict is not Verdict.REOPENED]


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    if abs(one.area - other.area) > SAME_OUTLINE_M * max(one.length, other.length):
        return False
    return bool(shapely.hausdorff_distance(one.boundary, other.boundary) <= SAME_OUTLINE_M)
