"""总平面示意图: a drawing-like SVG of a site (red line, footprints, green, roads …) at a round scale.

Black on white, the red line bold red, land-use colours pale; with north arrow, scale bar, legend and the
coordinates of the frame's corners. Coordinates are metres in one projected CRS, east to the right, north up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from project_box.kernel.errors import BadInput

#: drawing frame on paper, mm
WIDTH, HEIGHT = 166.0, 205.0
_LEGEND = 16.0
#: scale denominators a site plan may have
_SCALES: tuple[int, ...] = tuple(m * 10**e for e in range(2, 7) for m in (1, 2, 5))
#: role → (name on the legend, fill, stroke, stroke width mm, dash); painted in this order
STYLES: dict[str, tuple[str, str, str, float, str]] = {
    "road": ("道路", "#eeeeee", "#777777", 0.18, ""),
    "green": ("绿地", "#d5e8c8", "#6b9a4c", 0.15, ""),
    "dedicated_road": ("代征道路", "#f3ead9", "#8a6d3b", 0.2, "1.2 0.8"),
    "dedicated_green": ("代征绿地", "#e3f0d9", "#6b9a4c", 0.2, "1.2 0.8"),
    "adjacent": ("相邻建筑", "#f4f4f4", "#999999", 0.18, ""),
    "basement": ("地下室轮廓", "none", "#444444", 0.22, "1.6 1"),
    "footprint": ("建筑基底", "#d9d9d9", "#000000", 0.35, ""),
    "outline": ("建筑轮廓", "none", "#000000", 0.2, "0.8 0.6"),
    "parking_car": ("机动车位", "#ffffff", "#555555", 0.1, ""),
    "control_line": ("建筑控制线", "none", "#1f5fa8", 0.25, "2.5 0.8 0.6 0.8"),
    "road_red_line": ("道路红线", "none", "#c0392b", 0.25, "3 0.8"),
    "boundary": ("用地红线", "none", "#d01212", 0.7, ""),
}


@dataclass(frozen=True, slots=True)
class PlanShape:
    """One shape: role (a key of :data:`STYLES`), geometry (shapely or GeoJSON, metres), label."""

    role: str
    geometry: Any
    label: str = ""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What the sketch shows.

    Attributes:
        boundary: 用地红线, shapely or GeoJSON polygon(s).
        shapes: everything else; dicts ``{"role", "geometry", "label"}`` are accepted.
        crs: EPSG code of the coordinates.
        title: title of the drawing.
    """

    boundary: Any
    shapes: Sequence[PlanShape | dict[str, Any]] = field(default_factory=tuple)
    crs: int | None = None
    title: str = ""

    @property
    def crs_name(self) -> str:
        """``EPSG:4547``, or 未给出."""
        return f"EPSG:{self.crs}" if self.crs else "未给出"


def _geometry(value: Any) -> BaseGeometry:
    try:
        geometry = value if isinstance(value, BaseGeometry) else shape(value)
        if geometry.is_empty or not all(math.isfinite(v) for v in geometry.bounds):
            raise ValueError("empty or not finite")
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise BadInput(
            "附图的图形无法读取", f"unusable geometry for the site plan: {error}", place="site_plan"
        ) from error
    return geometry


def round_scale(width_m: float, height_m: float, width_mm: float, height_mm: float) -> int:
    """Smallest round scale denominator at which the extent (metres) fits the paper (mm)."""
    needed = max(width_m * 1000 / width_mm, height_m * 1000 / height_mm)
    return next((scale for scale in _SCALES if scale >= needed), _SCALES[-1])


def _path(geometry: BaseGeometry, to_paper: Any) -> str:
    """SVG path data of lines and polygons; points give nothing."""
    parts: list[str] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "GeometryCollection":
            parts.append(_path(part, to_paper))
        elif part.geom_type == "Polygon":
            parts += [_ring(ring.coords, to_paper, True) for ring in (part.exterior, *part.interiors)]
        elif part.geom_type in ("LineString", "LinearRing"):
            parts.append(_ring(part.coords, to_paper, part.is_ring))
    return " ".join(p for p in parts if p)


def _ring(coordinates: Any, to_paper: Any, closed: bool) -> str:
    points = [to_paper(c[0], c[1]) for c in coordinates]
    if closed and len(points) > 1:
        points = points[:-1]
    return "M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in points) + (" Z" if closed else "")


def _text(
    x: float, y: float, text: str, size: float = 2.6, anchor: str = "middle", halo: bool = False
) -> str:
    body = escape("".join(c for c in text if c >= " "))
    common = (
        f'x="{x:.2f}" y="{y:.2f}" font-size="{size}" text-anchor="{anchor}" font-family="Noto Sans CJK SC"'
    )
    back = (
        f'<text {common} stroke="#ffffff" stroke-width="0.7" stroke-linejoin="round">{body}</text>'
        if halo
        else ""
    )
    return back + f"<text {common}>{body}</text>"


def site_plan_svg(plan: SitePlan) -> str:
    """The sketch as SVG, ``WIDTH`` × ``HEIGHT`` mm.

    Raises:
        BadInput: a geometry is unusable.
    """
    boundary = _geometry(plan.boundary)
    shapes = [PlanShape("boundary", boundary)]
    for item in plan.shapes:
        entry = PlanShape(**item) if isinstance(item, dict) else item
        if entry.role in STYLES:
            shapes.append(PlanShape(entry.role, _geometry(entry.geometry), entry.label))
    min_x, min_y, max_x, max_y = boundary.bounds
    for entry in shapes:
        if entry.role in ("footprint", "basement"):
            x0, y0, x1, y1 = entry.geometry.bounds
            min_x, min_y, max_x, max_y = min(min_x, x0), min(min_y, y0), max(max_x, x1), max(max_y, y1)
    room_w, room_h = WIDTH - 16, HEIGHT - _LEGEND - 22
    scale = round_scale(max(max_x - min_x, 1e-6), max(max_y - min_y, 1e-6), room_w, room_h)
    per_metre = 1000 / scale
    middle_x, middle_y = (min_x + max_x) / 2, (min_y + max_y) / 2
    paper_x, paper_y = WIDTH / 2, (HEIGHT - _LEGEND) / 2

    def to_paper(x: float, y: float) -> tuple[float, float]:
        return paper_x + (x - middle_x) * per_metre, paper_y - (y - middle_y) * per_metre

    frame_h = HEIGHT - _LEGEND
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<defs><clipPath id="frame"><rect x="0" y="0" width="{WIDTH}" height="{frame_h}"/></clipPath></defs>',
        f'<rect x="0.3" y="0.3" width="{WIDTH - 0.6}" height="{HEIGHT - 0.6}" '
        'fill="#ffffff" stroke="#000000" stroke-width="0.4"/>',
        f'<line x1="0.3" y1="{frame_h}" x2="{WIDTH - 0.3}" y2="{frame_h}" stroke="#000000" stroke-width="0.25"/>',
        '<g clip-path="url(#frame)">',
    ]
    order = list(STYLES)
    for entry in sorted(shapes, key=lambda s: order.index(s.role)):
        _, fill, stroke, width, dash = STYLES[entry.role]
        closed = "none" if entry.geometry.geom_type.endswith("LineString") else fill
        dashes = f" stroke-dasharray={quoteattr(dash)}" if dash else ""
        data = _path(entry.geometry, to_paper)
        if data:
            out.append(
                f'<path d="{data}" fill="{closed}" fill-rule="evenodd" '
                f'stroke="{stroke}" stroke-width="{width}"{dashes}/>'
            )
    for entry in shapes:
        if entry.label:
            spot = entry.geometry.representative_point()
            x, y = to_paper(spot.x, spot.y)
            lines = entry.label.splitlines()
            out += [
                _text(x, y + (i - (len(lines) - 1) / 2) * 3 + 0.9, line[:24], halo=True)
                for i, line in enumerate(lines[:3])
            ]
    out.append("</g>")
    out += _furniture(plan, shapes, scale, middle_x, middle_y, per_metre, frame_h)
    return "".join([*out, "</svg>"])


def _furniture(
    plan: SitePlan,
    shapes: list[PlanShape],
    scale: int,
    middle_x: float,
    middle_y: float,
    per_metre: float,
    frame_h: float,
) -> list[str]:
    """North arrow, scale bar, legend, corner coordinates."""
    out = [
        # north arrow
        f'<g transform="translate({WIDTH - 12} 16)"><circle r="6" fill="#ffffff" stroke="#000000" stroke-width="0.2"/>'
        '<path d="M0 -6 L2.2 4.6 L0 2.6 Z" fill="#000000"/>'
        '<path d="M0 -6 L-2.2 4.6 L0 2.6 Z" fill="#ffffff" stroke="#000000" stroke-width="0.2"/></g>',
        _text(WIDTH - 12, 8.6, "北", 3),
    ]
    # scale bar: a round length about 40 mm long
    length = next((s for s in (m * 10**e for e in range(0, 6) for m in (1, 2, 5)) if s * per_metre >= 25), 1)
    bar, left, top = length * per_metre, 6.0, frame_h - 6
    out.append(
        f'<rect x="{left}" y="{top}" width="{bar:.2f}" height="1.2" '
        'fill="#ffffff" stroke="#000000" stroke-width="0.2"/>'
        f'<rect x="{left}" y="{top}" width="{bar / 2:.2f}" height="1.2" fill="#000000"/>'
    )
    out += [
        _text(left, top - 1, "0", 2.2),
        _text(left + bar / 2, top - 1, f"{length / 2:g}", 2.2),
        _text(left + bar, top - 1, f"{length:g} m", 2.2),
    ]
    out.append(_text(WIDTH - 6, frame_h - 4.8, f"比例 1:{scale}", 3, "end"))
    # coordinates of two frame corners, in the plan's CRS
    half_w, half_h = WIDTH / 2 / per_metre, frame_h / 2 / per_metre
    out.append(_text(2, 4, f"N {middle_y + half_h:.2f}  E {middle_x - half_w:.2f}", 2, "start"))
    out.append(
        _text(
            WIDTH - 2,
            frame_h - 1.4,
            f"N {middle_y - half_h:.2f}  E {middle_x + half_w:.2f}  {plan.crs_name}",
            2,
            "end",
        )
    )
    # legend
    used = [role for role in reversed(STYLES) if any(s.role == role for s in shapes)]
    columns, x0, y0 = 5, 20.0, frame_h + 5.2
    out.append(_text(4, frame_h + 6, "图 例", 3, "start"))
    for index, role in enumerate(used):
        name, fill, stroke, width, dash = STYLES[role]
        x, y = x0 + (index % columns) * 29, y0 + (index // columns) * 4.6
        dashes = f" stroke-dasharray={quoteattr(dash)}" if dash else ""
        out.append(
            f'<rect x="{x}" y="{y - 2.2:.2f}" width="7" height="2.8" fill="{fill}" '
            f'stroke="{stroke}" stroke-width="{width}"{dashes}/>'
        )
        out.append(_text(x + 8.5, y, name, 2.5, "start"))
    return out
