"""DXF → :class:`~drawings.cad.model.CadFile` through ezdxf: the careful reader.

It loads a document (repairing what can be repaired) and reads what holds for the whole of it; entities are converted by
:mod:`drawings.cad.dxf_entities`, blocks drawn out by :mod:`drawings.cad.dxf_placing`. Depth, entities, vertices and
time are bounded.
"""

from __future__ import annotations

import hashlib
import io
import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from ezdxf import recover
from ezdxf.colors import aci2rgb, int2rgb
from ezdxf.document import Drawing
from ezdxf.filemanagement import read as read_strictly
from ezdxf.lldxf.const import DXFError, DXFStructureError

from drawings.cad.curve import Point
from drawings.cad.dxf_entities import Converter
from drawings.cad.dxf_placing import Placer
from drawings.cad.job import Job, begun
from drawings.cad.mending import (
    in_plain_letters,
    repeated_section,
    with_subclasses,
    with_true_version,
    without_bad_handles,
    without_kinds,
)
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer, CadSheet
from drawings.cad.source import (
    RELEASES,
    Source,
    decode_escapes,
    first_bad_code,
    first_bad_tag,
    header_value,
    open_source,
)
from drawings.cad.units import weigh
from drawings.cad.unsupported import DISPENSABLE, tell_unsupported
from drawings.issues import Collector, quotable
from drawings.reading import Reading

logging.getLogger("ezdxf").setLevel(logging.CRITICAL)


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
        document = load(source, issues)
        if document is None:
            return replace(bare, issues=issues.finish())
        return DxfReader(document, begun(source, settings, issues, clock)).read(bare, unit)
    except (RecursionError, MemoryError) as error:
        issues.add("DXF-STRUCTURE", reason=type(error).__name__)
    except Exception as error:  # whatever a hostile file provokes in the parser is an issue of the file
        issues.add("DXF-STRUCTURE", reason=quotable(error))
    return replace(bare, issues=issues.finish())


def load(source: Source, issues: Collector) -> Drawing | None:
    """Parse strictly; when that fails say where, and repair what can be repaired without losing content."""
    data = source.data if b"\n" in source.data else source.data.replace(b"\r", b"\n")
    if issues.counts["DXF-NO-EOF"]:
        data = data.rstrip() + b"\n  0\nEOF\n"
    wrong = first_bad_code(
        data, source.encoding
    )  # looked for first: a parser takes minutes to come to the end of 100 MB
    if wrong is not None:
        issues.add("DXF-BAD-TAG", line=wrong[0], found=wrong[1])
        return None
    twice = repeated_section(data)
    if twice is not None:
        issues.add("DXF-STRUCTURE", reason=f"section {twice} occurs twice")
        return None
    data = with_true_version(data, source.version)
    try:
        return _strictly(data, source.encoding)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # the strict parser raises many kinds; the repairing one decides below
        strict = error
    if "subclass" in str(strict):
        data = with_true_version(with_subclasses(data), source.version)
        issues.add("DXF-REPAIRED", count=1, first=quotable(strict))
    data, count, first = without_bad_handles(data)
    if count:
        issues.add("DXF-REPAIRED", count=count, first=quotable(f"handle {first}"))
    return _repaired(data, source, strict, issues)


def _strictly(data: bytes, encoding: str) -> Drawing:
    return read_strictly(io.TextIOWrapper(io.BytesIO(data), encoding, errors="surrogateescape"))


def _repaired(data: bytes, source: Source, strict: Exception, issues: Collector) -> Drawing | None:
    """What the repairing parser makes of a drawing that the strict one refuses."""
    bad = first_bad_tag(source.data, source.encoding)
    try:
        document, audit = recover.read(io.BytesIO(in_plain_letters(data, source.encoding)))
    except (DXFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        rest, count, kind = without_kinds(data, DISPENSABLE)
        if count and bad is None:
            issues.add("DXF-REPAIRED", count=count, first=quotable(f"{kind}: {error}"))
            return _strictly(rest, source.encoding)
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
        return load(source, issues) if source is not None else None
    except Exception:  # as in read_dxf: whatever a hostile file provokes
        return None


class DxfReader:
    """One reading of one document.

    Attributes:
        layers: the layer table, once :meth:`read_layers` has run. converter: makes the entities.
    """

    def __init__(self, document: Drawing, job: Job) -> None:
        self.document = document
        self.source, self.settings, self.issues = job.source, job.settings, job.issues
        self.converter = Converter(document, job.settings.limits, job.issues, job.deadline, job.clock)
        self.layers: dict[str, CadLayer] = {}
        self.entities: list[CadEntity] = []

    @property
    def dimensions(self) -> list[CadDimension]:
        """Dimensions met so far."""
        return self.converter.dimensions

    def read(self, bare: CadFile, unit: str | None) -> CadFile:
        """Everything of model space, layers, sheets."""
        self.read_layers()
        placer = Placer(self.converter, self.layers)
        placer.draw_all(self.document.modelspace())
        self.entities = placer.entities
        for kind, (count, first) in self.converter.unsupported.items():
            tell_unsupported(
                self.issues, kind, count=count, handle=first.handle, layer=first.layer, at=first.at
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
            confirmed=unit,
        )
        self._drop_far(units.metres_per_unit)
        counts = Counter(e.layer for e in self.entities if not e.in_block and e.kind != "ATTRIB")
        for name in {e.layer for e in self.entities} - set(self.layers):
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
            blocks=dict(placer.inserted),
            geodata=self.geodata(),
            issues=self.issues.finish(),
        )

    # --- tables ------------------------------------------------------------------------------------------------------

    def read_layers(self) -> None:
        """Fill :attr:`layers`."""
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

    def geodata(self) -> dict[str, str]:
        """Facts of the GEODATA object, empty without one."""
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
        bound = self.settings.limits.coordinate_m / metres_per_unit
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
