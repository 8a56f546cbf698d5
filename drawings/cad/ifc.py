"""IFC → :class:`~drawings.cad.model.CadFile`, a first step: site, storeys, spaces, areas, heights, georeference, units.

``ifcopenshell`` reads in a child process with bounded memory and time (:mod:`drawings.cad.ifc_worker`). Outlines of
spaces, slabs and the site become entities on layers named by their class; coordinates come in metres. What the file
says of itself is kept in ``CadFile.ifc`` and turned into shapes with roles by
:mod:`drawings.interpreting.building_model`.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from drawings.cad import ifc_worker
from drawings.cad.bounded import PATIENCE
from drawings.cad.curve import Curve
from drawings.cad.model import CadEntity, CadFile, CadLayer, Units
from drawings.issues import Collector, quotable
from drawings.reading import Limits, Reading
from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge, members

_MEMORY_BYTES = 2_000_000_000
_OUTPUT_BYTES = 300_000_000
_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", re.IGNORECASE)
_SCHEMAS = ("IFC2X3", "IFC4")
_COLORS = {"IfcSite": "#ff0000", "IfcSpace": "#00a0c0", "IfcSlab": "#808080"}


def is_ifc(data: bytes) -> bool:
    """True if the bytes begin like a STEP file, as IFC does."""
    return data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"ISO-10303-21")


def unzipped(data: bytes, most_bytes: int) -> bytes | None:
    """The IFC in an archive (``.ifczip``); None if there is not exactly one, or it is larger than allowed."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            found = [entry for entry, path in members(opened) if path.casefold().endswith(".ifc")]
            if len(found) != 1:
                return None
            return b"".join(Budget(most_bytes).take(opened, found[0]))
    except (UnpacksTooLarge, *UNREADABLE):
        return None


def read_ifc(data: bytes, name: str, settings: Reading) -> CadFile:
    """Read IFC bytes; every fault becomes an issue, nothing is raised for bad content."""
    issues = Collector(settings.limits.issues_per_code, file=name)
    named = _SCHEMA.search(data[:20_000])
    schema = named.group(1).decode("ascii", "replace").upper() if named else ""
    bare = CadFile(
        name, hashlib.sha256(data).hexdigest(), "ifc", version=schema, release=schema, encoding="utf-8"
    )
    try:
        found = _take_apart(data, settings.limits, issues, schema)
        if found is not None:
            return _file(bare, found, issues)
    except (RecursionError, MemoryError, ValueError, KeyError, TypeError) as error:
        issues.add("IFC-UNREADABLE", reason=quotable(error))
    return replace(bare, issues=issues.finish())


def _take_apart(data: bytes, limits: Limits, issues: Collector, schema: str) -> dict[str, Any] | None:
    """What the worker gives, None (with an error among the issues) when that is nothing."""
    if len(data) > limits.file_bytes:
        issues.add("DXF-TOO-LARGE", size=round(len(data) / 1e6), limit=round(limits.file_bytes / 1e6))
        return None
    if not schema.startswith(_SCHEMAS):
        issues.add("IFC-SCHEMA", schema=quotable(schema) or "—")
        return None
    if not data.rstrip(b"\x00\x1a \t\r\n").endswith(b"END-ISO-10303-21;"):
        issues.add("IFC-CUT", line=data.count(b"\n") + 1)
        return None
    with tempfile.TemporaryDirectory(prefix="ifc-") as folder:
        source, target = Path(folder, "in.ifc"), Path(folder, "out.json")
        source.write_bytes(data)
        command = [sys.executable, "-I", ifc_worker.__file__, str(source), str(target)]
        command += [str(_MEMORY_BYTES), str(_OUTPUT_BYTES), str(math.ceil(limits.seconds))]
        try:
            ended = subprocess.run(
                command, capture_output=True, timeout=PATIENCE * limits.seconds, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired:
            issues.add("IFC-BOUND", seconds=limits.seconds)
            return None
        if ended.returncode != 0 or not target.is_file():
            last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            if ended.returncode in (-9, -24, -25) or any(
                "MemoryError" in t or "bad_alloc" in t for t in last
            ):
                issues.add("IFC-BOUND", seconds=limits.seconds)
            else:
                issues.add("IFC-UNREADABLE", reason=quotable(last[0] if last else f"exit {ended.returncode}"))
            return None
        found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    if "error" in found:
        issues.add("IFC-UNREADABLE", reason=quotable(str(found["error"])))
        return None
    return found


def _file(bare: CadFile, found: dict[str, Any], issues: Collector) -> CadFile:
    if not found["projects"]:
        issues.add("IFC-NO-PROJECT")
    if found["unit"] is None:
        issues.add("IFC-NO-UNITS")
    if found["cut_short"]:
        issues.add("IFC-BOUND-PART", count=len(found["products"]))
    entities: list[CadEntity] = []
    for product in found["products"]:
        if "shape_error" in product:
            issues.add(
                "IFC-SHAPE",
                handle=product["guid"],
                layer=product["class"],
                reason=quotable(product["shape_error"]),
            )
        curves = tuple(
            Curve(tuple((float(x), float(y)) for x, y in ring[:-1]), None, True)
            for polygon in product.get("rings", ())
            for ring in polygon
            if len(ring) > 3
        )
        if curves:
            entities.append(
                CadEntity(
                    product["guid"],
                    product["class"],
                    product["class"],
                    _COLORS.get(product["class"], "#000000"),
                    curves,
                    at=curves[0].start,
                    z=float(product.get("bottom", 0.0)),
                    attributes={"名称": product["name"]} if product["name"] else {},
                )
            )
    counts = Counter(e.layer for e in entities)
    boxes = [c.bounds() for e in entities for c in e.curves]
    unit = found["unit"]
    return replace(
        bare,
        readable=True,
        units=Units(
            "m",
            1.0,
            "header" if unit else "assumed",
            (unit or "").lower() or None,
            (f"项目单位是 {unit}，已换算为米",) if unit else (),
            (f"the project's unit is {unit}; converted to metres",) if unit else (),
            confidence=1.0 if unit else 0.0,
        ),
        extents=(
            min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)
        ) if boxes else None,
        layers={n: CadLayer(n, _COLORS.get(n, "#000000"), entities=c) for n, c in counts.items()},
        entities=tuple(entities),
        ifc=found,
        issues=issues.finish(),
    )  # fmt: skip
