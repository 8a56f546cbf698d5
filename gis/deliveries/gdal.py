"""How GDAL is set up, once per process, before it opens anything.

Set for good rather than around each call: GDAL's options belong to the process, and requests run in threads.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pyogrio

#: a missing .shx is rebuilt; closed DXF lines become areas, blocks are resolved (each entity of one keeps its own
#: layer), names come as raw bytes;
#: areas are written to DXF as closed polylines; rows of a sheet are texts, headings among them;
#: arcs become chords of half a degree, 0.0013 % less area of a circle; a GeoPackage is read by the thread that asks
OPTIONS = {
    "SHAPE_RESTORE_SHX": "YES",
    "DXF_CLOSED_LINE_AS_POLYGON": "YES",
    "DXF_INLINE_BLOCKS": "TRUE",
    "DXF_MERGE_BLOCK_GEOMETRIES": "FALSE",
    "DXF_ENCODING": "ISO-8859-1",
    "DXF_WRITE_HATCH": "NO",
    "OGR_XLSX_HEADERS": "DISABLE",
    "OGR_XLSX_FIELD_TYPES": "STRING",
    "OGR_ODS_HEADERS": "DISABLE",
    "OGR_ODS_FIELD_TYPES": "STRING",
    "OGR_ARC_STEPSIZE": "0.5",
    "OGR_GPKG_NUM_THREADS": "1",
    "GML_DOWNLOAD_SCHEMA": "NO",
}
pyogrio.set_gdal_config_options(OPTIONS)


@contextmanager
def quietly() -> Iterator[None]:
    """Without GDAL's remarks on odd files: geometry is checked and reported feature by feature."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
