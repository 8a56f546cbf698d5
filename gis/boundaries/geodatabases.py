"""Site boundaries in Esri's databases: file geodatabases (.gdb) and personal ones (.mdb)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyogrio

from gis.boundaries.arcs import with_arcs
from gis.boundaries.gdal_formats import GDAL_ERRORS, read_source
from gis.boundaries.reading import BoundaryReading, failed, sorted_issues
from gis.boundaries.shapes import several
from gis.deliveries.gdal import quietly
from gis.deliveries.personal import to_geopackage
from gis.remarks import error
from project_box.kernel.errors import BadInput


def read_geodatabase(members: Mapping[str, bytes], *, crs: int | None = None) -> BoundaryReading:
    """Read the one ``.gdb`` folder (文件地理数据库) among the members of a zip, or its files without the folder."""
    folders = sorted({name.rpartition("/")[0] for name in members if name.lower().endswith(".gdbtable")})
    if len(folders) > 1:
        return failed("FileGDB", several(f"压缩包里有 {len(folders)} 个数据库"))
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / "site.gdb"
        path.mkdir()
        for name, content in members.items():
            folder_name, _, inner = name.rpartition("/")
            if folder_name == folders[0]:
                (path / inner).write_bytes(content)
        reading = read_source(path, "FileGDB", crs=crs, issues=[])
        return with_arcs(reading) if _has_curves(path, reading.attributes.get("layer")) else reading


def _has_curves(path: Path, layer: str | None) -> bool:
    """Whether a layer of a file geodatabase holds arcs; GDAL itself hands out their chords."""
    kinds = (
        "OGR_GEOMETRY IN ('CURVEPOLYGON', 'MULTISURFACE', 'COMPOUNDCURVE', 'MULTICURVE', 'CIRCULARSTRING')"
    )
    try:
        with quietly():
            return len(pyogrio.raw.read(path, layer=layer, where=kinds, columns=[])[2]) > 0
    except GDAL_ERRORS:
        return False


def read_personal(name: str, data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read a personal geodatabase (个人地理数据库, .mdb)."""
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        source, target = Path(folder) / "site.mdb", Path(folder) / "site.gpkg"
        source.write_bytes(data)
        try:
            classes = to_geopackage(source, target, name)
        except BadInput as refused:
            remedy, remedy_en = refused.remedy or "", refused.remedy_en or ""
            return failed("MDB", error(refused.code, refused.zh, refused.en, remedy, remedy_en))
        reading = read_source(target, "MDB", crs=crs, issues=[])
    used = next((c for c in classes if c.name == reading.attributes.get("layer")), None)
    if used is None:
        return reading
    if used.unreadable:
        issue = error(
            "SHAPE-UNREADABLE",
            f"要素类 {used.name} 有 {len(used.unreadable)} 个要素的图形读不了（第 {used.unreadable[0]} 个）",
            f"{len(used.unreadable)} shapes of {used.name} cannot be read (feature {used.unreadable[0]})",
            "在 ArcGIS 中修复几何，或另存为文件地理数据库（.gdb）",
            "repair the geometry in ArcGIS, or save it as a file geodatabase (.gdb)",
        )
        reading = replace(reading, issues=sorted_issues([*reading.issues, issue]))
    curved = used.arcs or used.flattened
    return with_arcs(reading, other_curves=used.flattened) if curved else reading
