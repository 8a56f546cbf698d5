"""Answers that are files."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from fastapi.responses import Response

_MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "sld": "application/vnd.ogc.sld+xml",
}


def download(data: bytes, kind: str, name: str) -> Response:
    """A file of a kind (its extension) under a name."""
    return Response(
        data,
        media_type=_MEDIA[kind],
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "cache-control": "private, no-store",
        },
    )


def geojson(plain: dict[str, Any], name: str) -> Response:
    """GeoJSON as a file; ``name`` without extension."""
    return download(json.dumps(plain, ensure_ascii=False).encode(), "geojson", f"{name}.geojson")
