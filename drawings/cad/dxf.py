"""DXF → :class:`~drawings.cad.model.CadFile` through ezdxf.

This is the replaceable part: a faster reader only has to fill the same dataclass. Blocks are exploded with affine maps
of our own (arcs stay arcs under similarities), so nesting costs no entity objects; depth, entities, vertices
and time are bounded.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from ezdxf import recover
from ezdxf.colors import aci2rgb, int2rgb
from ezdxf.document import Drawing
from ezdxf.filemanagement import read as read_strictly
from ezdxf.lldxf.const import DXFError, DXFStructureError
from ezdxf.math import OCS, Vec3

from drawings.cad.curve import IDENTITY, Affine, Curve, Point, apply, arc, circle, compose, ellipse, join
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer, CadSheet
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import RELEASES, Source, decode_escapes, first_bad_tag, header_value, open_source
from drawings.cad.units import weigh
from drawings.issues import Collector, quotable
from drawings.reading import Limits, Reading

logging.getLogger("ezdxf").setLevel(logging.CRITICAL)

_RELATIVE_TOLERANCE = 2e-5  # of the curve's own size, for ellipses and splines
_BYLAYER, _BYBLOCK = "bylayer", "byblock"
_SILENT = frozenset({"ATTDEF", "VIEWPORT", "SEQEND", "LIGHT", "SUN"})
_DIMENSION_KINDS = {
    0: "linear",
    1: "aligned",
    2: "angular",
    3: "diameter",
    4: "radius",
    5: "angular",
    6: "ordinate",
}
_VIRTUAL = frozenset({"MLINE", "MULTILEADER", "MLEADER", "ACAD_TABLE", "ACAD_PROXY_ENTITY", "TOLERANCE"})


class _Stop(Exception):
    """A bound was reached; what was read so far is kept."""


def read_dxf(
    data: bytes, name: str, settings: Reading, unit: str | None, clock: Callable[[], float] = time.monotonic
) -> CadFile:
    """Read DXF bytes; every fault becomes an issue, nothing is raised for bad content.

    Args:
        unit: the length unit a person has confirmed, None to weigh it.
        clock: seconds, for the time bound.
    """
    issues = Collector(settings.limits.issues_per_code, file=name)
    digest = hashlib.sha256(data).hexdigest()
    source = open_source(data, issues, settings.limits.file_bytes)
    if source is None:
        kind = "dwg" if data[:4] == b"AC10" else "unknown"
        return CadFile(name, digest, kind, issues=issues.finish())
    bare = CadFile(
        name,
        digest,
        source.format,
        version=source.version,
        release=RELEASES.get(source.version, source.version),
        encoding=source.encoding,
    )
    try:
        document = _load(source, issues)
        if document is None:
            return replace(bare, issues=issues.finish())
        return _Reader(document, source, settings, issues, clock() + settings.limits.seconds, clock).read(
            bare, unit
        )
    except (RecursionError, MemoryError) as error:
        issues.add("DXF-STRUCTURE", reason=type(error).__name__)
    except Exception as error:  # whatever a hostile file provokes in the parser is an issue of the file
        issues.add("DXF-STRUCTURE", reason=quotable(error))
    return replace(bare, issues=issues.finish())


def _load(source: Source, issues: Collector) -> Drawing | None:
    """Parse strictly; when that fails say where, and repair what can be repaired without losing content."""
    data = source.data
    if issues.counts["DXF-NO-EOF"]:
        data = data.rstrip() + b"\n  0\nEOF\n"
    try:
        return read_strictly(io.TextIOWrapper(io.BytesIO(data), source.encoding, errors="surrogateescape"))
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # the strict parser raises many kinds; the repairing one decides below
        strict = error
    bad = first_bad_tag(data, source.encoding)
    if bad is not None and bad[0] == "code":
        issues.add("DXF-BAD-TAG", line=bad[1], found=bad[2])
        return None
    try:
        document, audit = recover.read(io.BytesIO(data))
    except (DXFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        if bad is not None:
            issues.add("DXF-BAD-VALUE", line=bad[1], found=bad[2])
        else:
            reason = strict if isinstance(strict, DXFStructureError) else error
            issues.add("DXF-STRUCTURE", reason=quotable(reason))
        return None
    if bad is not None:
        issues.add("DXF-BAD-VALUE", line=bad[1], found=bad[2])
    faults = [*audit.errors, *audit.fixes]
    if faults:
        issues.add("DXF-REPAIRED", count=len(faults), first=quotable(faults[0].message))
    return document


def load_for_copy(data: bytes) -> Drawing | None:
    """The whole document of a DXF that has been read before, None if it cannot be loaded."""
    issues = Collector(1)
    source = open_source(data, issues, len(data) + 1)
    try:
        return _load(source, issues) if source is not None else None
    except Exception:  # as in read_dxf: whatever a hostile file provokes
        return None


class _Insert:
    """A block reference, kept unexpanded until it is drawn."""

    __slots__ = ("block", "color", "matrices", "parts", "proto")

    def __init__(
        self, proto: CadEntity, block: str, matrices: list[Affine], parts: list[CadEntity], color: str
    ) -> None:
        self.proto = proto
        self.block = block
        self.matrices = matrices
        self.parts = parts
        self.color = color


class _Reader:
    """One reading of one document."""

    def __init__(
        self,
        document: Drawing,
        source: Source,
        settings: Reading,
        issues: Collector,
        deadline: float,
        clock: Callable[[], float],
    ) -> None:
        self.document = document
        self.source = source
        self.settings = settings
        self.limits: Limits = settings.limits
        self.issues = issues
        self.deadline = deadline
        self.clock = clock
        self.entities: list[CadEntity] = []
        self.dimensions: list[CadDimension] = []
        self.vertices = 0
        self.blocks: dict[str, list[CadEntity | _Insert]] = {}
        self.inserted: Counter[str] = Counter()
        self.unsupported: dict[str, tuple[int, CadEntity]] = {}
        self.missing: set[str] = set()
        self.recursive: set[str] = set()
        self.layers: dict[str, CadLayer] = {}

    def read(self, bare: CadFile, unit: str | None) -> CadFile:
        """Everything of model space, layers, sheets."""
        self._read_layers()
        model = self.document.modelspace()
        try:
            for item in self._convert(model):
                self._draw(item, IDENTITY, None, None, "", 0, ())
        except _Stop:
            pass
        for kind, (count, first) in self.unsupported.items():
            self.issues.add(
                "DXF-UNSUPPORTED", kind=kind, count=count, handle=first.handle, layer=first.layer, at=first.at
            )
        if not self.entities and not self.dimensions:
            self.issues.add("DXF-EMPTY")
        extents, middle = self._extents()
        header_units = header_value(self.source.data, b"$INSUNITS")
        rings = [c for e in self.entities if e.kind != "DIMENSION" for c in e.curves if c.closed]
        units = weigh(
            int(header_units) if header_units and header_units.lstrip("+-").isdigit() else None,
            rings=rings,
            extents=extents,
            middle=middle,
            texts=[e.text for e in self.entities if e.text and len(e.text) < 200],
            rules=self.settings.units,
            issues=self.issues,
            confirmed=unit,
        )
        self._drop_far(units.metres_per_unit)
        counts = Counter(e.layer for e in self.entities if not e.in_block and e.kind != "ATTRIB")
        for name in set(counts) - set(self.layers):
            self.layers[name] = CadLayer(name, "#ffffff")
        return replace(
            bare,
            readable=True,
            units=units,
            extents=self._extents()[0],
            layers={n: replace(layer, entities=counts.get(n, 0)) for n, layer in self.layers.items()},
            entities=tuple(self.entities),
            dimensions=tuple(self.dimensions),
            sheets=self._sheets(),
            blocks=dict(self.inserted),
            geodata=self._geodata(),
            issues=self.issues.finish(),
        )

    # --- tables ------------------------------------------------------------------------------------------------------

    def _read_layers(self) -> None:
        for layer in self.document.layers:
            name = decode_escapes(layer.dxf.name)
            try:
                rgb = (
                    int2rgb(layer.dxf.true_color)
                    if layer.dxf.hasattr("true_color")
                    else aci2rgb(abs(layer.dxf.color))
                )
                color = "#{:02x}{:02x}{:02x}".format(*rgb)
            except (IndexError, TypeError, ValueError):
                color = "#ffffff"
            self.layers[name] = CadLayer(
                name,
                color,
                visible=not layer.is_off(),
                frozen=layer.is_frozen(),
                locked=layer.is_locked(),
                linetype=decode_escapes(str(layer.dxf.get("linetype", ""))),
            )

    def _sheets(self) -> tuple[CadSheet, ...]:
        out = []
        for layout in self.document.layouts:
            out.append(
                CadSheet(
                    decode_escapes(layout.name), "model" if layout.is_modelspace else "paper", len(layout)
                )
            )
        return tuple(sorted(out, key=lambda s: s.kind != "model"))

    def _geodata(self) -> dict[str, str]:
        geodata = self.document.modelspace().get_geodata()
        if geodata is None:
            return {}
        facts = {
            name: str(geodata.dxf.get(name))
            for name in ("design_point", "reference_point", "coordinate_type")
        }
        facts["coordinate_system"] = str(geodata.coordinate_system_definition)[:4000]
        return facts

    def _extents(self) -> tuple[tuple[float, float, float, float] | None, Point | None]:
        xs: list[float] = []
        ys: list[float] = []
        box: tuple[float, float, float, float] | None = None
        for entity in self.entities:
            for curve in entity.curves:
                x0, y0, x1, y1 = curve.bounds()
                box = (x0, y0, x1, y1) if box is None else (
                    min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1)
                )  # fmt: skip
                xs.append((x0 + x1) / 2)
                ys.append((y0 + y1) / 2)
            if not entity.curves and entity.at is not None:
                x, y = entity.at
                box = (x, y, x, y) if box is None else (
                    min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)
                )  # fmt: skip
                xs.append(x)
                ys.append(y)
        return box, (statistics.median(xs), statistics.median(ys)) if xs else None

    def _drop_far(self, metres_per_unit: float) -> None:
        bound = self.limits.coordinate_m / metres_per_unit
        kept: list[CadEntity] = []
        for entity in self.entities:
            far = [abs(v) for c in entity.curves for p in (c.start, c.end) for v in p if abs(v) > bound]
            far += (
                [abs(v) for c in entity.curves for p in c.points for v in p if abs(v) > bound]
                if not far
                else []
            )
            if entity.at is not None:
                far += [abs(v) for v in entity.at if abs(v) > bound]
            if far:
                self.issues.add(
                    "DXF-HUGE",
                    handle=entity.handle,
                    layer=entity.layer,
                    at=entity.at,
                    value=f"{max(far):.3g}",
                )
            else:
                kept.append(entity)
        self.entities = kept

    # --- drawing blocks and entities into world coordinates ---------------------------------------------

    def _draw(
        self,
        item: CadEntity | _Insert,
        matrix: Affine,
        layer: str | None,
        color: str | None,
        prefix: str,
        depth: int,
        stack: tuple[str, ...],
    ) -> None:
        if isinstance(item, CadEntity):
            self._emit(item, matrix, layer, color, prefix)
            return
        proto = item.proto
        own_layer = layer if layer is not None and proto.layer == "0" else proto.layer
        own_color = self._color(item.color, own_layer, color)
        self._emit(proto, matrix, layer, color, prefix)
        for part in item.parts:  # ATTRIBs are in the space of the reference
            self._emit(part, matrix, own_layer, own_color, prefix)
        name = item.block
        if name in stack:
            if name not in self.recursive:
                self.recursive.add(name)
                self.issues.add(
                    "DXF-BLOCK-RECURSION", name=name, handle=prefix + proto.handle, layer=own_layer
                )
            return
        if depth >= self.limits.block_depth:
            self.issues.add(
                "DXF-BLOCK-DEPTH", name=name, limit=self.limits.block_depth, handle=prefix + proto.handle
            )
            return
        content = self._block(name, prefix + proto.handle, own_layer)
        if not content:
            return
        self.inserted[name] += len(item.matrices)
        inner = prefix + proto.handle + "/"
        for own in item.matrices:
            combined = compose(matrix, own)
            for child in content:
                self._draw(child, combined, own_layer, own_color, inner, depth + 1, (*stack, name))

    def _emit(
        self, entity: CadEntity, matrix: Affine, layer: str | None, color: str | None, prefix: str
    ) -> None:
        if len(self.entities) >= self.limits.entities:
            self.issues.add("DXF-TOO-MANY", what="实体", what_en="entities", limit=self.limits.entities)
            raise _Stop
        if len(self.entities) % 500 == 0 and self.clock() > self.deadline:
            self.issues.add("DXF-TIME", seconds=self.limits.seconds)
            raise _Stop
        own_layer = layer if layer is not None and entity.layer == "0" else entity.layer
        own_color = self._color(entity.color, own_layer, color)
        curves = entity.curves
        at, height, rotation = entity.at, entity.height, entity.rotation
        if matrix != IDENTITY:
            try:
                curves = tuple(c.transformed(matrix) for c in curves)
            except (ValueError, OverflowError, ZeroDivisionError):
                curves = ()
            if at is not None:
                at = apply(matrix, at)
            if entity.text is not None:
                a, b, c, d, _, _ = matrix
                height *= math.sqrt(abs(a * d - b * c))
                rotation += math.degrees(math.atan2(b, a))
        finite = (at is None or (math.isfinite(at[0]) and math.isfinite(at[1]))) and all(
            c.is_finite() for c in curves
        )
        if not finite or not math.isfinite(height) or not math.isfinite(rotation):
            self.issues.add("DXF-NONFINITE", handle=prefix + entity.handle, layer=own_layer)
            return
        self.vertices += sum(len(c.points) for c in curves)
        if self.vertices > self.limits.vertices:
            self.issues.add("DXF-TOO-MANY", what="顶点", what_en="vertices", limit=self.limits.vertices)
            raise _Stop
        if prefix or layer is not None or own_color != entity.color or matrix != IDENTITY:
            entity = replace(
                entity,
                handle=prefix + entity.handle,
                layer=own_layer,
                color=own_color,
                curves=curves,
                at=at,
                height=height,
                rotation=rotation,
                in_block=bool(prefix),
            )
        self.entities.append(entity)

    def _color(self, color: str, layer: str, inherited: str | None) -> str:
        if color == _BYBLOCK:
            return inherited or "#ffffff"
        if color == _BYLAYER:
            found = self.layers.get(layer)
            return found.color if found else "#ffffff"
        return color

    def _block(self, name: str, handle: str, layer: str) -> list[CadEntity | _Insert]:
        if name in self.blocks:
            return self.blocks[name]
        block: Any = self.document.blocks.get(name)  # None for an unknown name
        if block is None:
            if name not in self.missing:
                self.missing.add(name)
                self.issues.add("DXF-BLOCK-MISSING", name=name, handle=handle, layer=layer)
            self.blocks[name] = []
            return []
        head = block.block
        if head is not None and (head.is_xref or head.is_xref_overlay):
            self.issues.add("DXF-XREF", name=decode_escapes(name), handle=handle, layer=layer)
        self.blocks[name] = list(self._convert(block))
        return self.blocks[name]

    # --- entity by entity -------------------------------------------------------------------------------

    def _convert(self, entities: Iterable[Any]) -> Iterator[CadEntity | _Insert]:
        for index, entity in enumerate(entities):
            if index % 500 == 499 and self.clock() > self.deadline:
                self.issues.add("DXF-TIME", seconds=self.limits.seconds)
                raise _Stop
            kind = entity.dxftype()
            if kind in _SILENT or entity.dxf.get("invisible", 0):
                continue
            if kind == "DXFTAGSTORAGE" or type(entity).__name__ == "DXFTagStorage":
                self._note_unsupported(entity, kind)
                continue
            try:
                yield from self._one(entity, kind)
            except _Stop:
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
                color = _BYLAYER
            elif index == 0:
                color = _BYBLOCK
            else:
                color = "#{:02x}{:02x}{:02x}".format(*aci2rgb(abs(index) if 1 <= abs(index) <= 255 else 7))
        return CadEntity(
            handle=decode_escapes(str(dxf.get("handle") or "")),
            kind=kind,
            layer=decode_escapes(str(dxf.get("layer", "0"))),
            color=color,
            xdata=_xdata(entity),
        )

    def _note_unsupported(self, entity: Any, kind: str) -> None:
        count, first = self.unsupported.get(kind, (0, self._base(entity, kind)))
        self.unsupported[kind] = (count + 1, first)

    def _one(self, entity: Any, kind: str) -> Iterator[CadEntity | _Insert]:
        base = self._base(entity, kind)
        dxf = entity.dxf
        if kind == "LINE":
            start, end = dxf.start, dxf.end
            yield self._shape(base, Curve((_xy(start), _xy(end))), z=start.z)
        elif kind == "LWPOLYLINE":
            matrix, dz = _ocs(dxf, dxf.get("elevation", 0.0))
            rows = entity.get_points("xyb")
            bulges = tuple(float(r[2]) for r in rows)
            curve = Curve(
                tuple((float(r[0]), float(r[1])) for r in rows),
                bulges if any(bulges) else None,
                bool(entity.closed),
            )
            yield self._shape(base, curve.transformed(matrix), z=dz)
        elif kind == "POLYLINE":
            yield from self._polyline(base, entity)
        elif kind == "ARC":
            matrix, dz = _ocs(dxf, dxf.center.z)
            start_angle, end_angle = math.radians(dxf.start_angle), math.radians(dxf.end_angle)
            yield self._shape(
                base, arc(_xy(dxf.center), dxf.radius, start_angle, end_angle).transformed(matrix), z=dz
            )
        elif kind == "CIRCLE":
            matrix, dz = _ocs(dxf, dxf.center.z)
            yield self._shape(base, circle(_xy(dxf.center), dxf.radius).transformed(matrix), z=dz)
        elif kind == "ELLIPSE":
            major, minor = dxf.major_axis, entity.minor_axis
            size = max(major.magnitude, minor.magnitude)
            curve = ellipse(
                _xy(dxf.center),
                _xy(major),
                _xy(minor),
                dxf.start_param,
                dxf.end_param,
                size * _RELATIVE_TOLERANCE,
            )
            yield self._shape(base, curve, z=dxf.center.z)
        elif kind == "SPLINE":
            yield self._shape(base, _spline(entity), z=0.0)
        elif kind in ("HATCH", "MPOLYGON"):
            matrix, dz = _ocs(dxf, dxf.elevation.z if dxf.hasattr("elevation") else 0.0)
            curves = tuple(c.transformed(matrix) for c in _hatch(entity))
            if curves:
                yield replace(base, curves=curves, filled=True, at=curves[0].start, z=dz)
        elif kind in ("SOLID", "TRACE", "3DFACE"):
            corners = entity.wcs_vertices()
            points = tuple(_xy(v) for v in corners)
            if len(points) >= 3:
                yield replace(
                    base, curves=(Curve(points, None, True),), filled=True, at=points[0], z=corners[0].z
                )
        elif kind in ("TEXT", "ATTRIB"):
            yield self._text(base, entity)
        elif kind == "MTEXT":
            text = plain_mtext(entity.text)
            rotation = math.degrees(math.atan2(dxf.text_direction.y, dxf.text_direction.x)) if dxf.hasattr(
                "text_direction"
            ) else dxf.get("rotation", 0.0)  # fmt: skip
            yield replace(
                base,
                text=text,
                at=_xy(dxf.insert),
                height=float(dxf.get("char_height", 1.0)),
                rotation=float(rotation),
                z=dxf.insert.z,
            )
        elif kind == "INSERT":
            yield self._insert(base, entity)
        elif kind == "DIMENSION" or kind.endswith("_DIMENSION"):
            yield from self._dimension(base, entity)
        elif kind == "LEADER":
            points = tuple(_xy(v) for v in entity.vertices)
            if len(points) >= 2:
                yield self._shape(base, Curve(points), z=0.0)
        elif kind == "POINT":
            yield replace(base, at=_xy(dxf.location), z=dxf.location.z)
        elif kind in _VIRTUAL:
            yield from self._virtual(base, entity, kind)
        else:
            self._note_unsupported(entity, kind)

    def _shape(self, base: CadEntity, curve: Curve, *, z: float) -> CadEntity:
        return replace(
            base, curves=(curve,) if curve.points else (), at=curve.start if curve.points else None, z=z
        )

    def _polyline(self, base: CadEntity, entity: Any) -> Iterator[CadEntity]:
        vertices = [v for v in entity.vertices if not v.dxf.get("flags", 0) & 16]  # spline frame points
        if entity.is_poly_face_mesh or entity.is_polygon_mesh:
            self._note_unsupported(entity, "POLYLINE (mesh)")
            return
        points = tuple(_xy(v.dxf.location) for v in vertices)
        if not points:
            return
        z = float(vertices[0].dxf.location.z)
        if entity.is_3d_polyline:
            yield self._shape(base, Curve(points, None, bool(entity.is_closed)), z=z)
            return
        elevation = entity.dxf.elevation.z if entity.dxf.hasattr("elevation") else z
        matrix, dz = _ocs(entity.dxf, elevation)
        bulges = tuple(float(v.dxf.get("bulge", 0.0)) for v in vertices)
        curve = Curve(points, bulges if any(bulges) else None, bool(entity.is_closed))
        yield self._shape(base, curve.transformed(matrix), z=dz)

    def _text(self, base: CadEntity, entity: Any) -> CadEntity:
        dxf = entity.dxf
        aligned = (dxf.get("halign", 0) or dxf.get("valign", 0)) and dxf.hasattr("align_point")
        anchor = dxf.align_point if aligned else dxf.insert
        matrix, dz = _ocs(dxf, anchor.z)
        return replace(
            base,
            text=decode_escapes(entity.plain_text()),
            at=apply(matrix, _xy(anchor)),
            height=float(dxf.get("height", 1.0)),
            rotation=float(dxf.get("rotation", 0.0)),
            z=dz,
        )

    def _insert(self, base: CadEntity, entity: Any) -> _Insert:
        dxf = entity.dxf
        name = str(dxf.get("name", ""))
        outer, dz = _ocs(dxf, dxf.insert.z)
        block: Any = self.document.blocks.get(name)  # None for an unknown name
        origin = (
            _xy(block.block.dxf.base_point) if block is not None and block.block is not None else (0.0, 0.0)
        )
        angle = math.radians(dxf.get("rotation", 0.0))
        cosine, sine = math.cos(angle), math.sin(angle)
        sx, sy = float(dxf.get("xscale", 1.0)), float(dxf.get("yscale", 1.0))
        linear: Affine = (cosine * sx, sine * sx, -sine * sy, cosine * sy, 0.0, 0.0)
        to_origin: Affine = (1.0, 0.0, 0.0, 1.0, -origin[0], -origin[1])
        rows = max(1, int(dxf.get("row_count", 1)))
        columns = max(1, int(dxf.get("column_count", 1)))
        if rows * columns > self.limits.entities:
            self.issues.add(
                "DXF-TOO-MANY", what="图块阵列", what_en="block copies", limit=self.limits.entities
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
            base, at=apply(outer, _xy(dxf.insert)), attributes=attributes, block=decode_escapes(name), z=dz
        )
        return _Insert(proto, name, matrices, parts, base.color)

    def _dimension(self, base: CadEntity, entity: Any) -> Iterator[CadEntity | _Insert]:
        dxf = entity.dxf
        kind = (
            "arc"
            if base.kind == "ARC_DIMENSION"
            else _DIMENSION_KINDS.get(int(dxf.get("dimtype", 0)) & 15, "linear")
        )
        base = replace(base, kind="DIMENSION")
        points = [
            _xy(dxf.get(name))
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
        at = _xy(middle) if middle is not None else (points[0] if points else None)
        ends = [_xy(dxf.get(n)) for n in ("defpoint2", "defpoint3") if dxf.hasattr(n)] if kind in (
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
        # the picture of the dimension is a block of its own; its parts carry the dimension's handle
        curves: list[Curve] = []
        shown: CadEntity | None = None
        for part in self._convert(block):
            if isinstance(part, CadEntity):
                if part.text is not None and shown is None:
                    shown = part
                curves += part.curves
        yield replace(
            base,
            curves=tuple(curves),
            at=at,
            text=shown.text if shown else None,
            height=shown.height if shown else 0.0,
            rotation=shown.rotation if shown else 0.0,
        )

    def _virtual(self, base: CadEntity, entity: Any, kind: str) -> Iterator[CadEntity | _Insert]:
        """Entities that ezdxf can take apart itself (multi-lines, tables, proxies with a picture)."""
        from ezdxf.protocols import virtual_entities

        curves: list[Curve] = []
        texts: list[CadEntity] = []
        try:
            parts = list(virtual_entities(entity))
        except (DXFError, TypeError, ValueError, AttributeError, NotImplementedError):
            parts = []
        for part in parts[:20_000]:
            for item in self._one(part, part.dxftype()):
                if isinstance(item, CadEntity):
                    curves += item.curves
                    if item.text is not None:
                        texts.append(replace(item, handle=base.handle, kind=kind))
        if kind == "ACAD_PROXY_ENTITY" or not (curves or texts):
            self._note_unsupported(entity, kind)
        if curves:
            yield replace(base, curves=tuple(curves), at=curves[0].start)
        yield from texts


def _xy(vector: Any) -> Point:
    return float(vector[0]), float(vector[1])


def _ocs(dxf: Any, elevation: float) -> tuple[Affine, float]:
    """Plane map from object to world coordinates, and the world elevation of the object's origin."""
    if not dxf.hasattr("extrusion"):
        return IDENTITY, float(elevation)
    extrusion = Vec3(dxf.extrusion)
    if extrusion.isclose((0, 0, 1)) or not all(math.isfinite(v) for v in extrusion.xyz) or extrusion.is_null:
        return IDENTITY, float(elevation)
    ocs = OCS(extrusion)
    ux, uy, uz = ocs.ux, ocs.uy, ocs.uz
    lift = uz * elevation
    return (ux.x, ux.y, uy.x, uy.y, lift.x, lift.y), float(lift.z)


def _xdata(entity: Any) -> dict[str, tuple[str, ...]]:
    found = getattr(entity, "xdata", None)
    if found is None:
        return {}
    out: dict[str, tuple[str, ...]] = {}
    for name, tags in found.data.items():
        if name == "ACAD":
            continue
        out[name] = tuple(
            decode_escapes(str(tag.value))
            for tag in tags[1:]
            if tag.code in (1000, 1040, 1041, 1042, 1070, 1071)
        )
    return out


def _spline(entity: Any) -> Curve:
    controls = list(entity.control_points) or list(entity.fit_points)
    points = [_xy(p) for p in controls]
    if not points:
        return Curve(())
    if not all(math.isfinite(v) for p in points for v in p):
        return Curve(((math.nan, math.nan),) * 2)  # reported as not finite by the caller
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    size = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    if size == 0 or len(points) > 20_000:
        return Curve(tuple(points), None, bool(entity.closed))
    flat = [_xy(p) for p in entity.flattening(size * _RELATIVE_TOLERANCE, segments=4)]
    closed = bool(entity.closed) or math.dist(flat[0], flat[-1]) <= size * 1e-9
    if closed and len(flat) > 2 and math.dist(flat[0], flat[-1]) <= size * 1e-6:
        flat.pop()
    return Curve(tuple(flat), None, closed)


def _hatch(entity: Any) -> Iterator[Curve]:
    for path in entity.paths.paths:
        if hasattr(path, "vertices"):
            rows = path.vertices
            bulges = tuple(float(r[2]) for r in rows)
            if len(rows) >= 2:
                yield Curve(
                    tuple((float(r[0]), float(r[1])) for r in rows), bulges if any(bulges) else None, True
                )
            continue
        pieces: list[Curve] = []
        for edge in path.edges:
            kind = type(edge).__name__
            if kind == "LineEdge":
                piece = Curve((_xy(edge.start), _xy(edge.end)))
            elif kind == "ArcEdge":
                piece = arc(
                    _xy(edge.center),
                    float(edge.radius),
                    math.radians(edge.start_angle),
                    math.radians(edge.end_angle),
                )
                piece = piece if edge.ccw else piece.reversed()
            elif kind == "EllipseEdge":
                major = Vec3(edge.major_axis)
                minor = Vec3(-major.y, major.x) * float(edge.ratio)
                piece = ellipse(
                    _xy(edge.center),
                    _xy(major),
                    _xy(minor),
                    float(edge.start_param),
                    float(edge.end_param),
                    max(major.magnitude, 1e-12) * _RELATIVE_TOLERANCE,
                )
                if piece.closed:
                    piece = Curve((*piece.points, piece.points[0]))
                piece = piece if edge.ccw else piece.reversed()
            else:
                tool = edge.construction_tool()
                points = [_xy(p) for p in edge.control_points]
                xs, ys = [p[0] for p in points], [p[1] for p in points]
                size = math.hypot(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
                piece = Curve(tuple(_xy(p) for p in tool.flattening(size * _RELATIVE_TOLERANCE, segments=4)))
            if pieces and math.dist(pieces[-1].end, piece.start) > math.dist(pieces[-1].end, piece.end):
                piece = piece.reversed()
            elif len(pieces) == 1 and math.dist(pieces[0].start, piece.start) < math.dist(
                pieces[0].end, piece.start
            ):
                pieces[0] = pieces[0].reversed()
            pieces.append(piece)
        if pieces:
            yield join(pieces, closed=True)
