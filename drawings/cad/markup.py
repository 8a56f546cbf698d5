"""Review marks as CAD: written into a copy of the drawing, on layers of their own, one for each discipline.

The copy keeps what ezdxf keeps of the drawing. What cannot be opened as DXF (a DWG, a damaged or very large file) gives
a drawing of the marks alone in the same coordinates, to be laid over it as a reference.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ezdxf.document import Drawing
from ezdxf.filemanagement import new as new_drawing

from drawings.cad.dxf import load
from drawings.cad.source import open_source
from drawings.issues import Collector

#: a larger drawing is not loaded object by object only to be copied
COPY_UP_TO_BYTES = 25_000_000
APPLICATION = "PROJECT_BOX_REVIEW"
LAYER_PREFIX = "审图_"
_COLORS = {"mandatory": 1, "general": 30, "advice": 5}
_INSUNITS = {"m": 6, "mm": 4, "cm": 5, "km": 7, "in": 1, "ft": 2}


@dataclass(frozen=True, slots=True)
class MarkupItem:
    """One mark as it is written.

    Attributes:
        number: as on the review page. layer: name of the discipline. kind: ``point line area cloud text``.
        severity: ``mandatory general advice``. label: the text beside it.
        geometry: GeoJSON in drawing coordinates. facts: kept as extended data.
    """

    number: int
    layer: str
    kind: str
    severity: str
    label: str
    geometry: dict[str, Any]
    facts: tuple[str, ...] = ()


def write_markup(
    source: bytes, items: Sequence[MarkupItem], *, unit: str, metres_per_unit: float
) -> tuple[bytes, bool]:
    """DXF with the marks.

    Args:
        source: bytes of the drawing. unit: of its coordinates; ``metres_per_unit`` the factor to metres.

    Returns:
        (DXF, True if it is a copy of the whole drawing and not of the marks alone).
    """
    document = _open(source)
    if document is not None:
        try:
            return _written(document, items, metres_per_unit), True
        except Exception:  # a damaged document may load and not be written: the marks are given alone
            pass
    return _written(new_drawing("R2010", units=_INSUNITS.get(unit, 6)), items, metres_per_unit), False


def _written(document: Drawing, items: Sequence[MarkupItem], metres_per_unit: float) -> bytes:
    """The document with the marks drawn into it."""
    if document.dxfversion < "AC1021":  # text before R2007 is in a code page that may lack Chinese
        document.dxfversion = "AC1024"
    if APPLICATION not in document.appids:
        document.appids.add(APPLICATION)
    size = 1.5 / metres_per_unit
    for item in items:
        layer = LAYER_PREFIX + _safe(item.layer)
        if layer not in document.layers:
            document.layers.add(layer, color=1)
        _draw(document, item, layer, size)
    stream = io.StringIO()
    document.write(stream)
    return stream.getvalue().encode(document.output_encoding, errors="dxfreplace")


def _open(source: bytes) -> Drawing | None:
    if len(source) > COPY_UP_TO_BYTES or source[:4] == b"AC10":
        return None
    issues = Collector(10)
    try:
        opened = open_source(source, issues, COPY_UP_TO_BYTES)
        return load(opened, issues) if opened is not None else None
    except Exception:  # whatever a damaged file provokes in the parser: the marks are given alone
        return None


def _safe(name: str) -> str:
    return "".join("_" if c in '<>/\\":;?*|=,`' or not c.isprintable() else c for c in name)[:60] or "0"


def _points(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        coordinates = [coordinates]
    elif kind == "Polygon":
        coordinates = coordinates[0][:-1]
    return [(float(p[0]), float(p[1])) for p in coordinates]


def _draw(document: Drawing, item: MarkupItem, layer: str, size: float) -> None:
    space = document.modelspace()
    points = _points(item.geometry)
    style = {"layer": layer, "color": _COLORS.get(item.severity, 30)}
    entities: list[Any] = []
    if len(points) == 1:
        if item.kind != "text":
            entities.append(space.add_circle(points[0], size / 2, dxfattribs=style))
    elif item.kind == "cloud":
        entities.append(
            space.add_lwpolyline(_cloud(points, 2 * size), format="xyb", close=True, dxfattribs=style)
        )
    else:
        entities.append(
            space.add_lwpolyline(points, close=item.geometry["type"] == "Polygon", dxfattribs=style)
        )
    x, y = points[0]
    text = f"{item.number}. {item.label}".replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    entities.append(
        space.add_mtext(
            text.replace("\r\n", "\n").replace("\n", "\\P"),
            dxfattribs={**style, "insert": (x + size, y), "char_height": size / 2, "width": 30 * size},
        )
    )
    for entity in entities:
        entity.set_xdata(APPLICATION, [(1000, fact[:250]) for fact in item.facts])


def _cloud(points: list[tuple[float, float]], step: float) -> list[tuple[float, float, float]]:
    """The outline in bows that bulge outwards."""
    turns = list(zip(points, [*points[1:], points[0]], strict=True))
    area = sum(p[0] * q[1] - q[0] * p[1] for p, q in turns)
    bulge = 0.5 if area > 0 else -0.5
    out: list[tuple[float, float, float]] = []
    for (ax, ay), (bx, by) in turns:
        count = min(400, max(1, round(math.dist((ax, ay), (bx, by)) / step)))
        out += [(ax + (bx - ax) * k / count, ay + (by - ay) * k / count, bulge) for k in range(count)]
    return out
