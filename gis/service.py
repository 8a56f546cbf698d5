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
    boundary_repairs,
    export_boundary,
    file_repairs,
    keep_attempt,
    latest_boundary,
    record_boundary,
    record_drawn_boundary,
    record_repaired,
    refuse,
)

__all__ = [
    "Tile",
    "activate_version",
    "boundary_repairs",
    "check_geometry",
    "export_boundary",
    "file_repairs",
    "identify",
    "import_layer",
    "latest_boundary",
    "keep_attempt",
    "layer_plain",
    "layer_tile",
    "list_layers",
    "record_boundary",
    "record_drawn_boundary",
    "record_repaired",
    "refuse",
    "rounded_geojson",
    "run_conflict_check",
    "show_layer",
    "tile_etag",
    "today",
    "version_plain",
]
