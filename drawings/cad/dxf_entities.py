"""DXF entities of ezdxf → :class:`~drawings.cad.model.CadEntity`, one by one, in the coordinates they are in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ezdxf.colors import int2rgb
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFTagStorage
from ezdxf.lldxf.const import DXFError
from ezdxf.math import Vec3

from drawings.cad.colours import of_index
from drawings.cad.curve import Affine, Curve, apply, arc, circle, compose, ellipse
from drawings.cad.dxf_shapes import RELATIVE_TOLERANCE, hatch, ocs, spline, xdata, xy
from drawings.cad.model import CadDimension, CadEntity
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import decode_escapes
from drawings.issues import Collector, quotable
from drawings.reading import Limits

BYLAYER, BYBLOCK = "bylayer", "byblock"
#: kinds that are no drawing and need no mention
SILENT = frozenset({"ATTDEF", "VIEWPORT", "SEQEND", "LIGHT", "SUN"})
#: kinds that ezdxf takes apart into simpler ones
VIRTUAL = frozenset({"MLINE", "MULTILEADER", "MLEADER", "ACAD_TABLE", "ACAD_PROXY_ENTITY", "TOLERANCE"})
#: what the number of a dimension's type means
DIMENSION_KINDS = {
    0: "linear",
    1: "aligned",
    2: "angular",
    3: "diameter",
    4: "radius",
    5: "angular",
    6: "ordinate",
}
_MOST_PARTS = 20_000  # of one entity that is taken apart
#: how ezdxf fails on such entities
_DAMAGED = (
    DXFError,
    TypeError,
    ValueError,
    AttributeError,
    NotImplementedError,  # what ezdxf says of kinds it does not take apart
)


#: what a dimension's block shows: its curves, and the text
Picture = tuple[tuple[Curve, ...], CadEntity | None]


class Stop(Exception):
    """A bound was reached; what was read so far is kept."""


@dataclass(frozen=True, slots=True)
class Insert:
    """A block reference, kept unexpanded until it is drawn.

    Attributes:
        proto: the reference itself. matrices: one for each copy. parts: visible ATTRIBs. color: for BYBLOCK.
    """

    proto: CadEntity
    block: str
    matrices: list[Affine]
    parts: list[CadEntity]
    color: str


class Converter:
    """Entities of one document.

    Attributes:
        dimensions: met so far. unsupported: kind → how many, the first of them.
    """

    def __init__(
        self,
        document: Drawing,
        limits: Limits,
        issues: Collector,
        deadline: float,
        clock: Callable[[], float],
    ) -> None:
        self.document = document
        self.limits = limits
        self.issues = issues
        self.deadline = deadline
        self.clock = clock
        self.dimensions: list[CadDimension] = []
        self.unsupported: dict[str, tuple[int, CadEntity]] = {}
        self._copies = 0  # of references in rows and columns
        self._pictures: dict[str, Picture] = {}
        self._in_picture = False
        self._kinds: dict[str, Callable[[CadEntity, Any], Iterator[CadEntity | Insert]]] = {
            "LINE": self._line,
            "LWPOLYLINE": self._lwpolyline,
            "POLYLINE": self._polyline,
            "ARC": self._arc,
            "CIRCLE": self._circle,
            "ELLIPSE": self._ellipse,
            "SPLINE": self._spline,
            **dict.fromkeys(("HATCH", "MPOLYGON"), self._hatch),
            **dict.fromkeys(("SOLID", "TRACE", "3DFACE"), self._corners),
            **dict.fromkeys(("TEXT", "ATTRIB"), self._text_line),
            "MTEXT": self._mtext,
            "INSERT": self._reference,
            "LEADER": self._leader,
            "POINT": self._point,
            **dict.fromkeys(VIRTUAL, self._virtual),
        }

    def convert(self, entities: Iterable[Any]) -> Iterator[CadEntity | Insert]:
        """What is drawn of the entities; an odd one becomes an issue.

        Raises:
            Stop: the time is over.
        """
        for index, entity in enumerate(entities):
            if index % 500 == 499 and self.clock() > self.deadline:
                self.issues.add("DXF-TIME", seconds=self.limits.seconds)
                raise Stop
            kind = entity.dxftype()
            if kind in SILENT:
                continue
            try:
                if (
                    isinstance(entity, DXFTagStorage) and kind not in VIRTUAL
                ):  # nobody knows it; it may lack every attribute
                    self._note_unsupported(entity, kind)
                    continue
                if entity.dxf.get("invisible", 0):
                    continue
                yield from self._one(entity, kind)
            except Stop:
                raise
            except Exception as error:  # one odd entity must not cost the drawing
                self.issues.add(
                    "DXF-BAD-ENTITY",
                    kind=kind,
                    reason=quotable(error),
                    handle=str(entity.dxf.get("handle", "")),
                    layer=decode_escapes(str(entity.dxf.get("layer", "0"))),
                )

    def _base(self, entity: Any, kind: str) -> CadEntity:
        dxf = entity.dxf
        if dxf.hasattr("true_color"):
            color = "#{:02x}{:02x}{:02x}".format(*int2rgb(dxf.true_color))
        else:
            index = dxf.get("color", 256)
            if index == 256:
                color = BYLAYER
            elif index == 0:
                color = BYBLOCK
            else:
                color = of_index(abs(index) if 1 <= abs(index) <= 255 else 7)
        return CadEntity(
            handle=decode_escapes(str(dxf.get("handle") or "")),
            kind=kind,
            layer=decode_escapes(str(dxf.get("layer", "0"))),
            color=color,
            xdata=xdata(entity),
        )

    def _note_unsupported(self, entity: Any, kind: str) -> None:
        count, first = self.unsupported.get(kind, (0, None))
        if first is None:
            if isinstance(
                entity, DXFTagStorage
            ):  # a kind nobody knows; it may lack the attributes that all have
                layer = next((t.value for part in entity.xtags.subclasses for t in part if t.code == 8), "0")
                handle = str(entity.dxf.get("handle") or "")
                first = CadEntity(handle, kind, decode_escapes(str(layer)), BYLAYER)
            else:
                first = self._base(entity, kind)
        self.unsupported[kind] = (count + 1, first)

    def _one(self, entity: Any, kind: str) -> Iterator[CadEntity | Insert]:
        method = self._kinds.get(kind)
        if method is not None:
            yield from method(self._base(entity, kind), entity)
        elif kind == "DIMENSION" or kind.endswith("_DIMENSION"):
            yield from self._dimension(self._base(entity, kind), entity)
        else:
            self._note_unsupported(entity, kind)

    def _line(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        start, end = entity.dxf.start, entity.dxf.end
        yield self._shape(base, Curve((xy(start), xy(end))), z=start.z)

    def _lwpolyline(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        matrix, dz = ocs(entity.dxf, entity.dxf.get("elevation", 0.0))
        rows = entity.get_points("xyb")
        bulges = tuple(float(r[2]) for r in rows)
        curve = Curve(
            tuple((float(r[0]), float(r[1])) for r in rows),
            bulges if any(bulges) else None,
            bool(entity.closed),
        )
        yield self._shape(base, curve.transformed(matrix), z=dz)

    def _arc(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        dxf = entity.dxf
        matrix, dz = ocs(dxf, dxf.center.z)
        start_angle, end_angle = math.radians(dxf.start_angle), math.radians(dxf.end_angle)
        curve = arc(xy(dxf.center), dxf.radius, start_angle, end_angle)
        yield self._shape(base, curve.transformed(matrix), z=dz)

    def _circle(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        matrix, dz = ocs(entity.dxf, entity.dxf.center.z)
        curve = circle(xy(entity.dxf.center), entity.dxf.radius)
        yield self._shape(base, curve.transformed(matrix), z=dz)

    def _ellipse(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        dxf = entity.dxf
        major, minor = dxf.major_axis, entity.minor_axis
        size = max(major.magnitude, minor.magnitude)
        tolerance = size * RELATIVE_TOLERANCE
        curve = ellipse(xy(dxf.center), xy(major), xy(minor), dxf.start_param, dxf.end_param, tolerance)
        yield self._shape(base, curve, z=dxf.center.z)

    def _spline(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        yield self._shape(base, spline(entity), z=0.0)

    def _hatch(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        dxf = entity.dxf
        matrix, dz = ocs(dxf, dxf.elevation.z if dxf.hasattr("elevation") else 0.0)
        curves = tuple(c.transformed(matrix) for c in hatch(entity))
        if curves:
            yield replace(base, curves=curves, filled=True, at=curves[0].start, z=dz)

    def _corners(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        corners = entity.wcs_vertices()
        points = tuple(xy(v) for v in corners)
        if len(points) >= 3:
            curve = Curve(points, None, True)
            yield replace(base, curves=(curve,), filled=True, at=points[0], z=corners[0].z)

    def _text_line(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        yield self._text(base, entity)

    def _mtext(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        dxf = entity.dxf
        rotation = dxf.get("rotation", 0.0)
        if dxf.hasattr("text_direction"):
            rotation = math.degrees(math.atan2(dxf.text_direction.y, dxf.text_direction.x))
        yield replace(
            base,
            text=plain_mtext(entity.text),
            at=xy(dxf.insert),
            height=float(dxf.get("char_height", 1.0)),
            rotation=float(rotation),
            z=dxf.insert.z,
        )

    def _reference(self, base: CadEntity, entity: Any) -> Iterator[Insert]:
        yield self._insert(base, entity)

    def _leader(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        points = tuple(xy(v) for v in entity.vertices)
        if len(points) >= 2:
            yield self._shape(base, Curve(points), z=0.0)

    def _point(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        yield replace(base, at=xy(entity.dxf.location), z=entity.dxf.location.z)

    def _shape(self, base: CadEntity, curve: Curve, *, z: float) -> CadEntity:
        return replace(
            base, curves=(curve,) if curve.points else (), at=curve.start if curve.points else None, z=z
        )

    def _polyline(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        vertices = [v for v in entity.vertices if not v.dxf.get("flags", 0) & 16]  # spline frame points
        if entity.is_poly_face_mesh or entity.is_polygon_mesh:
            self._note_unsupported(entity, "POLYLINE (mesh)")
            return
        points = tuple(xy(v.dxf.location) for v in vertices)
        if not points:
            return
        z = float(vertices[0].dxf.location.z)
        if entity.is_3d_polyline:
            yield self._shape(base, Curve(points, None, bool(entity.is_closed)), z=z)
            return
        elevation = entity.dxf.elevation.z if entity.dxf.hasattr("elevation") else z
        matrix, dz = ocs(entity.dxf, elevation)
        bulges = tuple(float(v.dxf.get("bulge", 0.0)) for v in vertices)
        curve = Curve(points, bulges if any(bulges) else None, bool(entity.is_closed))
        yield self._shape(base, curve.transformed(matrix), z=dz)

    def _text(self, base: CadEntity, entity: Any) -> CadEntity:
        dxf = entity.dxf
        aligned = (dxf.get("halign", 0) or dxf.get("valign", 0)) and dxf.hasattr("align_point")
        anchor = dxf.align_point if aligned else dxf.insert
        matrix, dz = ocs(dxf, anchor.z)
        lines = getattr(entity, "has_embedded_mtext_entity", False)  # an attribute of several lines
        return replace(
            base,
            text=plain_mtext(entity.virtual_mtext_entity().text)
            if lines
            else decode_escapes(entity.plain_text()),
            at=apply(matrix, xy(anchor)),
            height=float(dxf.get("height", 1.0)),
            rotation=float(dxf.get("rotation", 0.0)),
            z=dz,
        )

    def _insert(self, base: CadEntity, entity: Any) -> Insert:
        dxf = entity.dxf
        name = str(dxf.get("name", ""))
        outer, dz = ocs(dxf, dxf.insert.z)
        block: Any = self.document.blocks.get(name)  # None for an unknown name
        origin = (
            xy(block.block.dxf.base_point) if block is not None and block.block is not None else (0.0, 0.0)
        )
        angle = math.radians(dxf.get("rotation", 0.0))
        cosine, sine = math.cos(angle), math.sin(angle)
        sx, sy = float(dxf.get("xscale", 1.0)), float(dxf.get("yscale", 1.0))
        linear: Affine = (cosine * sx, sine * sx, -sine * sy, cosine * sy, 0.0, 0.0)
        to_origin: Affine = (1.0, 0.0, 0.0, 1.0, -origin[0], -origin[1])
        rows = max(1, int(dxf.get("row_count", 1)))
        columns = max(1, int(dxf.get("column_count", 1)))
        self._copies += rows * columns - 1
        if self._copies > self.limits.entities:  # of all references together: their maps are kept
            self._copies -= rows * columns - 1
            self.issues.add(
                "DXF-TOO-MANY",
                what="图块阵列",
                what_en="block copies",
                limit=self.limits.entities,
                handle=base.handle,
                layer=base.layer,
                at=xy(dxf.insert),
            )
            rows = columns = 1
        across, up = float(dxf.get("column_spacing", 0.0)), float(dxf.get("row_spacing", 0.0))
        matrices: list[Affine] = []
        for row in range(rows):
            for column in range(columns):
                x, y = column * across, row * up
                place: Affine = (
                    1.0, 0.0, 0.0, 1.0,
                    dxf.insert.x + cosine * x - sine * y,
                    dxf.insert.y + sine * x + cosine * y,
                )  # fmt: skip
                matrices.append(compose(outer, compose(place, compose(linear, to_origin))))
        attributes: dict[str, str] = {}
        parts: list[CadEntity] = []
        for attrib in entity.attribs:
            text = self._text(self._base(attrib, "ATTRIB"), attrib)
            attributes[decode_escapes(str(attrib.dxf.get("tag", "")))] = (text.text or "").strip()
            if not attrib.is_invisible:
                parts.append(text)
        proto = replace(
            base, at=apply(outer, xy(dxf.insert)), attributes=attributes, block=decode_escapes(name), z=dz
        )
        return Insert(proto, name, matrices, parts, base.color)

    def _dimension(self, base: CadEntity, entity: Any) -> Iterator[CadEntity | Insert]:
        dxf = entity.dxf
        kind = (
            "arc"
            if base.kind == "ARC_DIMENSION"
            else DIMENSION_KINDS.get(int(dxf.get("dimtype", 0)) & 15, "linear")
        )
        base = replace(base, kind="DIMENSION")
        points = [
            xy(dxf.get(name))
            for name in ("defpoint", "defpoint2", "defpoint3", "defpoint4")
            if dxf.hasattr(name)
        ]
        measured: float | None = None
        try:
            value = entity.get_measurement()
            if isinstance(value, Vec3):
                value = value.x if int(dxf.get("dimtype", 0)) & 64 else value.y
            measured = abs(float(value)) if math.isfinite(float(value)) else None
        except (DXFError, TypeError, ValueError, AttributeError, ZeroDivisionError):
            measured = None
        factor = 1.0
        if kind not in ("angular",):
            try:
                factor = float(entity.override().get("dimlfac", 1.0)) or 1.0
            except (DXFError, TypeError, ValueError, AttributeError):
                factor = 1.0
        typed = str(dxf.get("text", "") or "")
        text = (
            None
            if typed.strip() in ("", "<>")
            else plain_mtext(typed.replace("<>", "\x01")).replace("\x01", "<>").strip()
        )
        middle = dxf.get("text_midpoint") or dxf.get("defpoint")
        at = xy(middle) if middle is not None else (points[0] if points else None)
        ends = [xy(dxf.get(n)) for n in ("defpoint2", "defpoint3") if dxf.hasattr(n)] if kind in (
            "linear", "aligned", "ordinate"
        ) else points  # fmt: skip
        if all(math.isfinite(v) for p in [*points, *([at] if at else [])] for v in p):
            self.dimensions.append(
                CadDimension(base.handle, base.layer, kind, measured, abs(factor), text, at, tuple(ends))
            )
        block = entity.get_geometry_block() if dxf.get("geometry") else None
        if block is None:
            if len(ends) >= 2:
                yield replace(base, curves=(Curve(tuple(ends[:2])),), at=at)
            else:
                yield replace(base, at=at)
            return
        curves, shown = self._picture(base, str(dxf.geometry), block)
        yield replace(
            base,
            curves=curves,
            at=at,
            text=shown.text if shown else None,
            height=shown.height if shown else 0.0,
            rotation=shown.rotation if shown else 0.0,
        )

    def _picture(self, base: CadEntity, name: str, block: Iterable[Any]) -> Picture:
        """Curves and text of the block that shows a dimension; its parts carry the dimension's handle."""
        if self._in_picture:  # dimensions that show dimensions: without end, or twice as many at every step
            self.issues.add(
                "DXF-BLOCK-RECURSION", name=decode_escapes(name), handle=base.handle, layer=base.layer
            )
            return (), None
        if name not in self._pictures:
            self._in_picture = True
            try:
                parts = [part for part in self.convert(block) if isinstance(part, CadEntity)]
            finally:
                self._in_picture = False
            shown = next((part for part in parts if part.text is not None), None)
            self._pictures[name] = tuple(c for part in parts for c in part.curves), shown
        return self._pictures[name]

    def _virtual(self, base: CadEntity, entity: Any) -> Iterator[CadEntity | Insert]:
        """Entities that ezdxf can take apart itself (multi-lines, tables, proxies with a picture)."""
        from ezdxf.protocols import virtual_entities

        kind = base.kind
        curves: list[Curve] = []
        texts: list[CadEntity] = []
        try:
            parts = list(virtual_entities(entity))
        except _DAMAGED:
            parts = []  # told as unsupported below
        for part in parts[:_MOST_PARTS]:
            if part.dxftype() == "ACAD_TABLE":
                continue  # no table holds another
            for item in self._one(part, part.dxftype()):
                if isinstance(
                    item, Insert
                ):  # the block of a multi-leader: what it says counts, not how it looks
                    texts += [replace(part, handle=base.handle, kind=kind) for part in item.parts]
                    continue
                curves += item.curves
                if item.text is not None:
                    texts.append(replace(item, handle=base.handle, kind=kind))
        if kind == "ACAD_PROXY_ENTITY" or not (curves or texts):
            self._note_unsupported(entity, kind)
        if curves:
            yield replace(base, curves=tuple(curves), at=curves[0].start)
        yield from texts
