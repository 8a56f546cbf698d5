"""Reading CAD files. The only place (beside the sample generator) that imports ezdxf.

``read`` gives a :class:`CadFile` for any bytes: what can be read is in it, what cannot is a coded issue with place and
remedy. It never raises for bad content and stays within the time and memory bounds of ``catalogue/reading.yaml``.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

from drawings.cad.bounded import read_careful
from drawings.cad.clipping import with_clipped_told
from drawings.cad.curve import Curve
from drawings.cad.dwg import is_dwg, read_dwg
from drawings.cad.fast import read_large
from drawings.cad.ifc import is_ifc, read_ifc, unzipped
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer, CadSheet, Units
from drawings.cad.unit_evidence import second_look
from drawings.issues import Collector
from drawings.reading import Reading, reading

__all__ = ["CadDimension", "CadEntity", "CadFile", "CadLayer", "CadSheet", "Curve", "Units", "read"]


def read(
    source: Path | bytes, name: str | None = None, *, unit: str | None = None, settings: Reading | None = None
) -> CadFile:
    """Read a drawing.

    Args:
        source: a path or the bytes.
        name: file name for messages; the path's name if left out.
        unit: length unit confirmed by a person (``m``, ``mm``, …); None lets header and extents be weighed.
        settings: bounds and tolerances; the catalogue's if left out.

    Raises:
        OSError: the path cannot be read (bad *content* never raises).
    """
    settings = settings or reading()
    if isinstance(source, Path):
        name = name or source.name
        size = source.stat().st_size
        if size > settings.limits.file_bytes:  # do not load what will be refused
            with source.open("rb") as stream:
                data = stream.read(settings.limits.file_bytes + 1)
        else:
            data = source.read_bytes()
    else:
        data = source
    if is_dwg(data):
        return _looked_at(read_dwg(data, name or "drawing.dwg", settings, unit), settings)
    packed = unzipped(data, settings.limits.file_bytes)
    if packed is not None and is_ifc(packed):
        return replace(
            read_ifc(packed, name or "model.ifczip", settings), sha256=hashlib.sha256(data).hexdigest()
        )
    if is_ifc(data):
        return read_ifc(data, name or "model.ifc", settings)
    name = name or "drawing.dxf"
    started = time.monotonic()
    found = read_large(data, name, settings, unit)
    if found is None:
        left = settings.limits.seconds - (time.monotonic() - started)
        found = read_careful(data, name, settings.within(left), unit)
    return with_clipped_told(_looked_at(found, settings), data, settings)


def _looked_at(found: CadFile, settings: Reading) -> CadFile:
    """A file as read, its unit weighed again; one of more layers than anybody draws is refused: each layer is listed
    and asked for its meaning."""
    if len(found.layers) <= settings.limits.layers:
        return second_look(found, settings)
    issues = Collector(settings.limits.issues_per_code, file=found.name)
    issues.add("DXF-TOO-MANY", what="图层", what_en="layers", limit=settings.limits.layers)
    return CadFile(
        found.name,
        found.sha256,
        found.format,
        version=found.version,
        release=found.release,
        encoding=found.encoding,
        issues=issues.finish(),
    )
