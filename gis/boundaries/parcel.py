"""地块 of a boundary file as its reader delivers them, before anything is judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gis.boundaries.topology import Ring, Vertex, place
from gis.remarks import error
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue


@dataclass(slots=True)
class Parcel:
    """One 地块 of a boundary file.

    Attributes:
        rings: its rings; ``hole`` on each is None where containment decides.
        label: what to call it in messages.
        declared: text of the declared area, or None.
        attributes: what the file says about it, by the Chinese field name.
        polygons: rings grouped by the format itself (outer first); used instead of containment when given.
    """

    rings: list[Ring] = field(default_factory=list)
    label: str = ""
    declared: str | None = None
    declared_line: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    grouped: bool = False


def ring_of(points: Sequence[tuple[float, float]], *, hole: bool | None = None) -> Ring:
    """A ring of bare coordinates."""
    return Ring([Vertex(x, y) for x, y in points], hole=hole)


def grouped_parcel(rings: Sequence[Sequence[tuple[float, float]]]) -> Parcel:
    """A parcel whose format says which rings are holes: the outer one first."""
    return Parcel([ring_of(points, hole=number > 0) for number, points in enumerate(rings)], grouped=True)


def bounds_of(parcels: Sequence[Parcel]) -> tuple[float, float, float, float]:
    """West, south, east, north of all vertices.

    Raises:
        ValueError: no vertices.
    """
    xs = [v.x for p in parcels for r in p.rings for v in r.vertices]
    ys = [v.y for p in parcels for r in p.rings for v in r.vertices]
    return min(xs), min(ys), max(xs), max(ys)


def swap_axes(parcels: Sequence[Parcel]) -> None:
    """Exchange x and y of every vertex, in place."""
    for parcel in parcels:
        for ring in parcel.rings:
            ring.vertices = [replace(v, x=v.y, y=v.x) for v in ring.vertices]


def bad_number(value: float, limit: float) -> str | None:
    """Code of what is wrong with a coordinate, or None."""
    if not math.isfinite(value):
        return "COORD-NAN"
    return "COORD-HUGE" if abs(value) > limit else None


def check_coordinates(parcels: Sequence[Parcel], issues: list[Issue]) -> bool:
    """Report coordinates that are no numbers or beyond any CRS; False when there are such."""
    rules = boundary_rules()
    bad = 0
    for parcel in parcels:
        for ring in parcel.rings:
            for vertex in ring.vertices:
                code = bad_number(vertex.x, rules.coordinate_limit) or bad_number(
                    vertex.y, rules.coordinate_limit
                )
                if code is None:
                    continue
                bad += 1
                if bad <= rules.places_listed:
                    issues.append(coordinate_issue(code, vertex))
    return bad == 0


def coordinate_issue(code: str, vertex: Vertex, why: tuple[str, str] = ("", "")) -> Issue:
    """``COORD-NAN`` or ``COORD-HUGE`` at a vertex, with what seems to be the reason."""
    if code == "COORD-NAN":
        return error(
            code,
            f"{place(vertex)}的坐标不是有效数字",
            "a coordinate is not a number",
            "改正该坐标",
            "correct the coordinate",
            line=vertex.line,
        )
    return error(
        code,
        f"{place(vertex)}的坐标大得不合理{why[0]}",
        f"a coordinate is absurdly large{why[1]}",
        "核对坐标与单位（应为米）",
        "check the coordinate and its unit (metres)",
        line=vertex.line,
    )
