"""Entities that are not computed with, told by what can be done about them."""

from __future__ import annotations

from typing import Any

from drawings.issues import Collector

#: shapes kept as a solid modeller keeps them (ACIS), encoded
_SOLIDS = frozenset({"REGION", "3DSOLID", "BODY", "SURFACE", "EXTRUDEDSURFACE", "LOFTEDSURFACE", "REVOLVEDSURFACE",
                     "SWEPTSURFACE", "PLANESURFACE", "NURBSURFACE"})  # fmt: skip
#: kinds that no figure comes from: a damaged one need not cost the drawing
DISPENSABLE = _SOLIDS | {"IMAGE", "WIPEOUT", "OLE2FRAME", "OLEFRAME", "PDFUNDERLAY", "DWFUNDERLAY", "DGNUNDERLAY",
                         "MESH", "HELIX", "RAY", "XLINE", "LIGHT", "SUN"}  # fmt: skip
#: what other programs add to a CAD file; only they can draw it
_CUSTOM = ("TCH_", "TDB", "AEC", "ACAD_PROXY_ENTITY", "ACAD_PROXY_OBJECT", "ZWTCH", "GCD_", "SW_")


def tell_unsupported(issues: Collector, kind: str, **where: Any) -> None:
    """An issue for a kind of entity; ``where``: how many, and handle, layer and place of the first one."""
    if kind.upper() in _SOLIDS:
        issues.add("DXF-SOLID", kind=kind, **where)
    elif kind.upper().startswith(_CUSTOM):
        issues.add("DXF-CUSTOM", kind=kind, **where)
    else:
        issues.add("DXF-UNSUPPORTED", kind=kind, **where)
