"""Checks between shapes, and of dimensions and declared areas: coded issues, like a compiler's second pass."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from drawings.cad.model import AUDIT_PREFIX, CadFile
from drawings.deadline import Deadline
from drawings.drawing import DimensionCheck, RoleShape
from drawings.issues import Collector
from drawings.shapes.pairs import Geometries, area_beyond, array, overlapping, united
from drawings.standards.standards import Standard, Tolerances, roles
from drawings.standards.vocabulary import vocabulary
from project_box.kernel.finding import Level

#: a drawing without the whole site area states the net one (less roads and greens given up)
_DECLARED, _NET = "申报用地面积", "净用地面积"
APPROVED = "批准用地面积"
_FEET = re.compile(r"(?:(\d+(?:\.\d+)?)\s*')?\s*-?\s*(?:(\d+(?:\.\d+)?)\s*\")?")
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*[~-]\s*(\d{1,9}(?:\.\d{1,6})?)")
_TYPED_NUMBER = re.compile(r"[-+]?\d+(?:[,,]\d{3})*(?:\.\d+)?")


def audit(
    shapes: Sequence[RoleShape],
    drawing_attributes: dict[str, str],
    standard: Standard,
    kind: str,
    cad: CadFile,
    issues: Collector,
    deadline: Deadline,
) -> None:
    """All checks between shapes: missing roles, overlaps, outside the plot, declared areas, unit of the standard."""
    _missing(shapes, standard, kind, cad, issues)
    _overlaps(shapes, issues, cad, deadline)
    if standard.in_place or any(s.role == "site_boundary" for s in shapes):
        _outside(shapes, issues, cad, deadline, in_place=standard.in_place)
    _declared(shapes, drawing_attributes, issues, cad)
    if standard.units is not None and cad.units.unit != standard.units and cad.units.source != "assumed":
        issues.add("DXF-UNITS-STANDARD", wanted=standard.units, unit=cad.units.unit)
    for name, layer in sorted(cad.layers.items()):
        if layer.entities and standard.match(name) is None and not is_audit_layer(name):
            issues.add("DXF-LAYER-UNKNOWN", layer=name, count=layer.entities)


def is_audit_layer(name: str) -> bool:
    """True for a layer that an earlier audit has written its findings to."""
    return name.upper().startswith(AUDIT_PREFIX)


def _missing(
    shapes: Sequence[RoleShape], standard: Standard, kind: str, cad: CadFile, issues: Collector
) -> None:
    present = {s.role for s in shapes}
    rule = next((r for k, r in standard.kinds.items() if k == kind), None)
    if rule is None:
        rule = next(iter(standard.kinds.values()))
    if rule.any and any(r in present for r in rule.required):
        return
    for code in rule.required:
        if code not in present:
            role = roles().roles[code]
            drawn = [n for n, layer in cad.layers.items() if layer.entities and _is(standard, n, code)]
            empty = [n for n in cad.layers if _is(standard, n, code)]
            if empty and not drawn:
                issues.add("DXF-LAYER-EMPTY", level=Level.ERROR, layer=empty[0])
                continue
            if drawn:
                issues.add("DXF-LAYER-NO-RING", layer=drawn[0], role=role.zh, role_en=role.en)
                continue
            names = "、".join(standard.names_of(code)[:3])
            issues.add("DXF-LAYER-MISSING", role=role.zh, role_en=role.en, names=names)


def _is(standard: Standard, layer: str, role: str) -> bool:
    match = standard.match(layer)
    return match is not None and match.role == role


def _overlaps(shapes: Sequence[RoleShape], issues: Collector, cad: CadFile, deadline: Deadline) -> None:
    catalogue = roles()
    groups: dict[str, list[RoleShape]] = defaultdict(list)
    for shape in shapes:
        if catalogue.roles[shape.role].exclusive is not None and isinstance(
            shape.geometry, (Polygon, MultiPolygon)
        ):
            groups[shape.role].append(shape)
    scale = cad.units.metres_per_unit
    for code, group in groups.items():
        role = catalogue.roles[code]
        every = array([s.geometry for s in group])
        good = np.flatnonzero(shapely.is_valid(every))
        geometries = every[good]
        for i, j, area in _common(geometries, catalogue.tolerances.overlap_area, deadline):
            if issues.full("DXF-OVERLAP"):
                issues.more("DXF-OVERLAP", 1)
                continue
            one, other = group[int(good[i])], group[int(good[j])]
            spot = shapely.intersection(one.geometry, other.geometry).representative_point()
            issues.add(
                "DXF-OVERLAP",
                level=role.exclusive,
                handle=one.handle,
                layer=one.layer,
                at=(spot.x / scale, spot.y / scale),
                role=role.zh,
                role_en=role.en,
                other=other.handle,
                area=f"{area:.2f}",
            )


def _common(geometries: Geometries, least: float, deadline: Deadline) -> Iterator[tuple[int, int, float]]:
    """Pairs (first < second, in order) that share more than ``least`` ㎡, with the area."""
    for left, right in overlapping(geometries, deadline):
        areas = shapely.area(shapely.intersection(geometries[left], geometries[right]))
        for k in np.flatnonzero(areas > least).tolist():
            yield int(left[k]), int(right[k]), float(areas[k])


def _outside(
    shapes: Sequence[RoleShape], issues: Collector, cad: CadFile, deadline: Deadline, *, in_place: bool
) -> None:
    catalogue = roles()
    sites = [s.geometry for s in shapes if s.role == "site_boundary" and s.geometry.is_valid]
    if not sites:
        return
    site = united(array(sites), deadline)
    shapely.prepare(site)
    scale = cad.units.metres_per_unit
    wanted = [
        s
        for s in shapes
        if catalogue.roles[s.role].within_site is not None and isinstance(s.geometry, (Polygon, MultiPolygon))
    ]
    every = array([s.geometry for s in wanted])
    good = shapely.is_valid(every)
    if not in_place:
        good &= shapely.intersects(site, every)
    numbers = np.flatnonzero(good)
    beyond = area_beyond(every[numbers], site, deadline)
    for k in np.flatnonzero(beyond > catalogue.tolerances.outside_area).tolist():
        if issues.full("DXF-OUTSIDE-PLOT"):
            issues.more("DXF-OUTSIDE-PLOT", 1)
            continue
        shape = wanted[int(numbers[k])]
        role = catalogue.roles[shape.role]
        spot = shape.geometry.difference(site).representative_point()
        issues.add(
            "DXF-OUTSIDE-PLOT",
            level=role.within_site,
            handle=shape.handle,
            layer=shape.layer,
            at=(spot.x / scale, spot.y / scale),
            role=role.zh,
            role_en=role.en,
            area=f"{beyond[k]:.2f}",
        )


def _declared(
    shapes: Sequence[RoleShape], drawing_attributes: dict[str, str], issues: Collector, cad: CadFile
) -> None:
    """Declared and approved against drawn site area: each ring's own figure, else the drawing's against the sum."""
    sites = [s for s in shapes if s.role == "site_boundary" and s.area_m2 is not None]
    if not sites:
        return
    for key, code in ((_DECLARED, "DXF-AREA-DECLARED"), (APPROVED, "DXF-AREA-APPROVED")):
        stated_areas = _stated_areas(shapes, sites, key, drawing_attributes)
        if not stated_areas and key == _DECLARED:
            stated_areas = _stated_areas(shapes, sites, _NET, drawing_attributes)
        for stated, drawn, shape in stated_areas:
            _compare_areas(stated, drawn, shape, code, issues, cad.units.metres_per_unit)


def _dedicated(shapes: Sequence[RoleShape], sites: Sequence[RoleShape]) -> float:
    """Area of 代征 roads and greens that lie off the site, ㎡."""
    given = [s for s in shapes if s.role in ("dedicated_road", "dedicated_green") and s.valid]
    whole = [s.geometry for s in sites if s.valid]
    if not given or not whole:
        return 0.0
    site = shapely.union_all(whole)
    return sum(
        s.area_m2 or 0.0 for s in given if s.geometry.intersection(site).area <= 1e-3 * s.geometry.area
    )


def _stated_areas(
    shapes: Sequence[RoleShape], sites: Sequence[RoleShape], key: str, drawing_attributes: dict[str, str]
) -> list[tuple[float, float, RoleShape]]:
    own = [(s, s.attributes.get(key)) for s in sites]
    pairs = [(value, s.area_m2 or 0.0, s) for s, value in own if isinstance(value, float)]
    if not pairs and key in drawing_attributes:
        value = vocabulary().number(drawing_attributes[key], roles().number[key])
        if value is not None:
            drawn = sum(s.area_m2 or 0.0 for s in sites)
            given = drawn + _dedicated(shapes, sites)  # 总用地 holds what is given up beside the site
            near = min((drawn, given), key=lambda area: abs(area - value))
            pairs = [(value, near if abs(near - value) <= 0.005 else drawn, sites[0])]
    return pairs


def _compare_areas(
    stated: float, drawn: float, shape: RoleShape, code: str, issues: Collector, scale: float
) -> None:
    tolerances = roles().tolerances
    role = roles().roles["site_boundary"]
    difference = round(drawn, 2) - stated
    if abs(difference) < 0.005:
        return
    share = abs(difference) / stated if stated else 1.0
    level = Level.ERROR if share > tolerances.declared_error_share else (
        Level.WARNING if abs(difference) > tolerances.declared_warning else Level.INFO
    )  # fmt: skip
    spot = shape.geometry.representative_point()
    issues.add(
        code,
        level=level,
        handle=shape.handle,
        layer=shape.layer,
        at=(spot.x / scale, spot.y / scale),
        role=role.zh,
        role_en=role.en,
        declared=f"{stated:.2f}",
        drawn=f"{drawn:.2f}",
        difference=f"{difference:+.2f}",
        share=f"{share:.2%}",
    )


_FEET_MARK = re.compile(r"\d\s*['’′\"”″]")
_INCH = 0.0254


def check_dimensions(cad: CadFile, issues: Collector, tolerances: Tolerances) -> tuple[DimensionCheck, ...]:
    """Compare what dimensions say with what they measure.

    A typed number agrees if it equals the measured length in drawing units times the style's factor, in metres or in
    millimetres, within its own rounding (half of its last digit) or the catalogue's share.
    """
    out: list[DimensionCheck] = []
    scale = cad.units.metres_per_unit
    for dimension in cad.dimensions:
        angular = dimension.kind == "angular"
        measured = dimension.measured
        displayed = measured * dimension.factor if measured is not None and not angular else measured
        if displayed is None or not math.isfinite(displayed * max(1.0, scale * 1000)):
            measured = displayed = None
        in_metres = measured * scale if measured is not None and not angular else None
        shown, digits = _typed(dimension.text)
        edited = False
        if shown is not None and displayed is not None and measured is not None:
            candidates = [displayed] if angular else [displayed, measured * scale, measured * scale * 1000]
            if not angular and _FEET_MARK.search(dimension.text or ""):
                candidates.append(measured * scale / _INCH)
            slack = 0.5 * 10.0**-digits + 1e-9
            span = _span(dimension.text)
            low, high = span or (shown, shown)
            edited = all(
                max(low - c, c - high) > max(slack, tolerances.dimension_share * c) for c in candidates
            )
            if edited:
                unit = "°" if angular else ""
                issues.add(
                    "DXF-DIM-EDITED",
                    handle=dimension.handle,
                    layer=dimension.layer,
                    at=dimension.at,
                    shown=dimension.text,
                    measured=f"{displayed:.2f}{unit}",
                )
        out.append(
            DimensionCheck(
                dimension.handle,
                dimension.layer,
                dimension.kind,
                displayed,
                in_metres,
                dimension.text,
                shown,
                edited,
                dimension.at,
            )
        )
    return tuple(out)


def _span(text: str | None) -> tuple[float, float] | None:
    """From and to of a typed range (18000~20000)."""
    found = _SPAN.fullmatch(unicodedata.normalize("NFKC", text or "").strip())
    return (float(found.group(1)), float(found.group(2))) if found is not None else None


def _typed(text: str | None) -> tuple[float | None, int]:
    """Number in a typed dimension text and its decimal places; feet and inches come back as inches."""
    if text is None or "<>" in text:
        return None, 0
    plain = unicodedata.normalize("NFKC", text).strip()
    if "'" in plain or '"' in plain:
        feet = _FEET.fullmatch(plain)
        if feet is not None and (feet.group(1) or feet.group(2)):
            return float(feet.group(1) or 0) * 12 + float(feet.group(2) or 0), 0
        return None, 0
    found = _TYPED_NUMBER.search(plain)
    if found is None:
        return None, 0
    number = found.group().replace(",", "")
    shown = float(number)
    return (shown, len(number.partition(".")[2])) if math.isfinite(shown) else (None, 0)
