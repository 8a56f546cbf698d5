"""Boundary points in XML of no common schema (勘测定界, 报件, exports of cadastral systems), and LandXML.

An element is a point when its children or attributes are named like the headings of a table of points (X and Y, 北坐标
and 东坐标, 纬度 and 经度 …); all of them become one table, which :mod:`gis.boundaries.table` reads. What the other
elements say stands above it as a title does, so that coordinate system and area are found there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from gis.boundaries.angles import Row
from gis.boundaries.arcs import Point, arc_points, with_arcs
from gis.boundaries.parcel import Parcel, ring_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.shapes import crs_of_source
from gis.boundaries.table import has_headings, read_tables
from gis.boundaries.text import half_width, number
from gis.remarks import error, warning
from project_box.kernel.finding import Issue

#: elements that are a ring of a parcel and not a parcel of their own
_RING = re.compile(r"圈|环|边界|ring|loop|boundary|exterior|interior|points?$|界址点", re.IGNORECASE)
_MOST_TITLES = 200
_SQUARE_FOOT = 0.3048**2
#: ㎡ of the units of area of LandXML
_AREA_UNITS = {
    "squareMeter": 1.0,
    "hectare": 10_000.0,
    "squareFoot": _SQUARE_FOOT,
    "squareMiles": _SQUARE_FOOT * 5280**2,
    "acre": _SQUARE_FOOT * 43_560,
    "squareKilometer": 1e6,
}


def read_xml_points(text: str, *, crs: int | None = None) -> BoundaryReading | None:
    """Read LandXML or points in other XML; None when there are none."""
    root = _parsed(text)
    if root is None:
        return None
    if _local(root.tag) == "LandXML":
        return _read_landxml(root, crs)
    rows = _rows(root)
    return read_tables([("", rows)], "XML", crs=crs) if rows else None


def _parsed(text: str) -> ElementTree.Element | None:
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return None  # entities can make a small file a large one
    plain = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        return ElementTree.fromstring(plain)
    except (ElementTree.ParseError, RecursionError):
        return None


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _rows(root: ElementTree.Element) -> list[Row]:
    """The table of points with what stands around it; empty when no element is a point."""
    parents = {child: parent for parent in root.iter() for child in parent}
    points = [(e, cells) for e in root.iter() if (cells := _cells(e)) and has_headings([(1, list(cells))])]
    if len(points) < 3:
        return []
    inside = {child for element, _ in points for child in element.iter()}
    said = ((_local(e.tag), (e.text or "").strip()) for e in root.iter() if e not in inside and not len(e))
    above = [f"{name}:{value}" for name, value in said if value][:_MOST_TITLES]
    above += [f"{k}:{v}" for e in root.iter() if e not in inside for k, v in e.attrib.items()][:_MOST_TITLES]
    names = list(dict.fromkeys(name for _, cells in points for name in cells))
    rows: list[Row] = [(n, [half_width(title)]) for n, title in enumerate(above, start=1)]
    rows.append((len(rows) + 1, ["地块", "圈号", *names]))
    rings: dict[ElementTree.Element, str] = {}
    parcels: dict[ElementTree.Element, str] = {}
    for element, cells in points:
        ring = parents.get(element, root)
        owner = ring
        while _RING.search(_local(owner.tag)) and owner in parents:
            owner = parents[owner]
        which = [
            parcels.setdefault(owner, str(len(parcels) + 1)),
            rings.setdefault(ring, str(len(rings) + 1)),
        ]
        rows.append((len(rows) + 1, [*which, *(cells.get(name, "") for name in names)]))
    return rows


def _cells(element: ElementTree.Element) -> Mapping[str, str]:
    """Attributes and childless children of an element, as texts by name."""
    cells = {str(k): half_width(v).strip() for k, v in element.attrib.items()}
    for child in element:
        if not len(child):
            cells.setdefault(_local(child.tag), half_width(child.text or "").strip())
    numbers = sum(number(value) is not None for value in cells.values())
    return cells if numbers >= 2 else {}


# --- LandXML ---------------------------------------------------------------------------------------------------------


def _read_landxml(root: ElementTree.Element, crs: int | None) -> BoundaryReading:
    """The parcels of a LandXML file, of lines and curves between points written north first."""
    issues: list[Issue] = []
    named = {
        e.get("name", ""): e.text or "" for e in root.iter() if _local(e.tag) == "CgPoint" and e.get("name")
    }
    parcels, curved = [], False
    area_unit = next((unit for e in root.iter() if (unit := e.get("areaUnit"))), "squareMeter")
    for element in root.iter():
        if _local(element.tag) != "Parcel":
            continue
        rings = []
        for course in element:
            if _local(course.tag) == "CoordGeom":
                rings.append(ring_of(list(_course(course, named))))
                curved |= any(_local(part.tag) == "Curve" for part in course)
                issues += [_spiral()] if any(_local(part.tag) == "Spiral" for part in course) else []
        if rings:
            parcels.append(Parcel(rings, declared=_landxml_area(element.get("area"), area_unit)))
    if not parcels or not any(len(r.vertices) > 2 for p in parcels for r in p.rings):
        return failed(
            "LandXML",
            error(
                "NO-AREA",
                "LandXML 里没有宗地（Parcel）的边界线",
                "the LandXML holds no parcel with a course of lines",
                "导出时勾选宗地（Parcels）",
                "export it with its parcels",
            ),
        )
    if len(parcels) > 1:
        for position, parcel in enumerate(parcels, start=1):
            parcel.label = f"地块{position}"
    found = crs_of_source(crs, _landxml_crs(root), "", issues)
    reading = finish(parcels, found, issues, format_name="LandXML")
    return with_arcs(reading) if curved else reading


def _landxml_area(area: str | None, unit: str) -> str | None:
    """The area of a parcel as a text with its unit; None where it has none or the unit is unknown."""
    if not area or (factor := _AREA_UNITS.get(unit)) is None:
        return None
    value = number(area)
    return f"{value * factor:.4f}平方米" if value is not None else None


def _spiral() -> Issue:
    return warning(
        "LANDXML-SPIRAL",
        "边界含缓和曲线（Spiral），已按起点到终点的直线读取，面积因此不准",
        "the boundary holds a spiral, which was read as the straight line between its ends",
        "在软件中把缓和曲线加密为折线点后重新导出",
        "turn the spiral into points along it and export again",
    )


def _landxml_crs(root: ElementTree.Element) -> str | None:
    for element in root.iter():
        if _local(element.tag) == "CoordinateSystem":
            code = element.get("epsgCode")
            return f"EPSG:{code}" if code else element.get("ogcWktCode") or element.get("desc")
    return None


def _course(course: ElementTree.Element, named: Mapping[str, str]) -> Iterator[Point]:
    """The points along lines and curves; the end of each is where the next begins."""
    last: Point | None = None
    for part in course:
        ends = {_local(e.tag): _point(e, named) for e in part}
        start, end, center = ends.get("Start"), ends.get("End"), ends.get("Center")
        listed = _listed(part, named)
        if start is None or end is None:
            start, end = (listed[0], listed[-1]) if listed else (None, None)
        if start is None or end is None:
            continue
        if last is None or math.dist(last, start) > 1e-6:
            yield start
        yield from (p for p in listed if min(math.dist(p, start), math.dist(p, end)) > 1e-6)
        if center is not None:
            yield from arc_points(start, end, center, clockwise=part.get("rot") == "cw")
        yield end
        last = end


def _point(element: ElementTree.Element, named: Mapping[str, str]) -> Point | None:
    text = (element.text or "").strip() or named.get(element.get("pntRef", ""), "")
    return _pair(text)


def _pair(text: str) -> Point | None:
    """A north and an east as (east, north)."""
    numbers = [number(t) for t in text.split()]
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
        return None
    return numbers[1], numbers[0]


def _listed(part: ElementTree.Element, named: Mapping[str, str]) -> list[Point]:
    """The points of an irregular line or a chain: north and east one after the other, with heights or without, or
    names of points."""
    if _local(part.tag) == "Chain":
        return [p for name in (part.text or "").split() if (p := _pair(named.get(name, ""))) is not None]
    for child in part:
        size = {"PntList2D": 2, "PntList3D": 3}.get(_local(child.tag))
        if size is not None:
            values = (child.text or "").split()
            pairs = (_pair(" ".join(values[n : n + 2])) for n in range(0, len(values) - 1, size))
            return [p for p in pairs if p is not None]
    return []
