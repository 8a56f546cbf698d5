"""The ``crs`` member of GeoJSON in drawing coordinates.

Programs (GDAL, QGIS, geopandas) take a missing ``crs`` and ``"crs": null`` for WGS 84 and would draw the sheet into the
Gulf of Guinea. A local system named in WKT they take for what it is.
"""

from __future__ import annotations

from collections.abc import Collection


def local_crs(metres_per_unit: Collection[float]) -> dict[str, object]:
    """The coordinates of drawings in units of so many metres; of drawings in several units the length is not known."""
    known = set(metres_per_unit)
    unit, metres = (
        ("drawing unit", known.pop()) if len(known) == 1 else ("drawing unit, differs by drawing", 1.0)
    )
    name = (
        'ENGCRS["drawing coordinates",EDATUM["drawing"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
        f'LENGTHUNIT["{unit}",{metres!r}]]'
    )
    return {"type": "name", "properties": {"name": name}}
