"""SIMA (測量データ共通フォーマット), the exchange text of Japanese surveyors: points by number, parcels of numbers.

``A01,1,K1,-35367.500,-7012.200,,`` is point 1 with X (north) and Y (east); ``D00,1,1-1,1,`` begins a parcel whose
points follow as ``B01,1,K1,`` up to ``D99,``. The plane system (平面直角座標系) is not written and so is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gis.boundaries.parcel import Parcel
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.shapes import crs_of_source, no_area
from gis.boundaries.text import number
from gis.boundaries.topology import Ring, Vertex
from gis.remarks import error, warning
from project_box.kernel.finding import Issue

_FORMAT = "SIMA"


def is_sima(text: str) -> bool:
    """True when points and parcels stand in a text as SIMA writes them."""
    return all(re.search(rf"^{kind}\s*,", text, re.MULTILINE) for kind in ("A01", "D00", "B01"))


def read_sima(text: str, *, crs: int | None = None) -> BoundaryReading:
    """Read the parcels of a SIMA file."""
    issues: list[Issue] = []
    points: dict[str, Vertex] = {}
    parcels: list[Parcel] = []
    for line, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        kind, *values = [field.strip() for field in raw.split(",")]
        if kind == "A01" and len(values) >= 4:
            north, east = number(values[2]), number(values[3])
            if north is not None and east is not None:
                points[values[0]] = Vertex(east, north, values[1], line)
        elif kind == "D00":
            label = values[1] if len(values) > 1 else ""
            parcels.append(Parcel([Ring([], label=label)], label=label))
        elif kind == "B01" and parcels:
            _add(parcels[-1], points, values, line, issues)
        elif parcels and re.fullmatch(r"[BC]0[2-9]", kind):
            issues.append(_curve(line))
    found = [p for p in parcels if len(p.rings[0].vertices) > 2]
    if not found:
        return failed(_FORMAT, *issues, no_area(len(points)))
    if len(found) == 1:
        found[0].label = found[0].rings[0].label = ""
    return finish(found, crs_of_source(crs, None, "", issues), issues, format_name=_FORMAT)


def _add(
    parcel: Parcel, points: Mapping[str, Vertex], values: list[str], line: int, issues: list[Issue]
) -> None:
    vertex = points.get(values[0]) if values else None
    if vertex is not None:
        parcel.rings[0].vertices.append(vertex)
        return
    issues.append(
        error(
            "SIMA-NO-POINT",
            f"第 {line} 行引用的点“{values[0][:20] if values else ''}”没有坐标",
            f"line {line} names a point without coordinates",
            "补上该点的 A01 记录",
            "add the A01 record of the point",
            line=line,
        )
    )


def _curve(line: int) -> Issue:
    return warning(
        "SIMA-CURVE",
        f"第 {line} 行是曲线记录，已按直线读取",
        f"line {line} is a curve and was read as a straight line",
        "把曲线加密为折线点后重新导出",
        "turn the curve into points along it and export again",
        line=line,
    )
