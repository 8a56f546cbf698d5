"""Use cases of the GIS room, in one place for the rooms above; each module says what it does. Never commits."""

from __future__ import annotations

from gis.browsing import (
    Tile,
    identify,
    layer_plain,
    layer_tile,
    list_layers,
    show_layer,
    tile_etag,
    version_plain,
)
from gis.checking import check_geometry, run_conflict_check, today
from gis.importing import activate_version, import_layer
from gis.markers import rounded_geojson
from gis.recording import (
    export_boundary,
    latest_boundary,
    record_boundary,
    record_drawn_boundary,
    refuse,
)

__all__ = [
    "Tile",
    "activate_version",
    "check_geometry",
    "export_boundary",
    "identify",
    "import_layer",
    "latest_boundary",
    "layer_plain",
    "layer_tile",
    "list_layers",
    "record_boundary",
    "record_drawn_boundary",
    "refuse",
    "rounded_geojson",
    "run_conflict_check",
    "show_layer",
    "tile_etag",
    "today",
    "version_plain",
]
