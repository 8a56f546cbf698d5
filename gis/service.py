"""Use cases of the GIS room, in one place for the rooms above; each module says what it does. Never commits."""

from __future__ import annotations

from gis.boundaries.recording import (
    boundary_repairs,
    export_boundary,
    file_repairs,
    keep_attempt,
    latest_boundary,
    present_boundary,
    record_boundary,
    record_drawn_boundary,
    record_repaired,
    refuse,
)
from gis.check.checking import check_geometry, today
from gis.layers.browsing import (
    identify,
    layer_plain,
    list_layers,
    show_layer,
    version_plain,
)
from gis.layers.importing import import_layer
from gis.layers.name_store import note_names
from gis.layers.packing import make_packs
from gis.layers.versions import activate_version, end_version
from gis.markers import rounded_geojson
from gis.project_check import run_conflict_check
from gis.tiles.tiles import layer_tile, make_overviews

__all__ = [
    "activate_version",
    "boundary_repairs",
    "check_geometry",
    "end_version",
    "export_boundary",
    "file_repairs",
    "identify",
    "import_layer",
    "keep_attempt",
    "latest_boundary",
    "layer_plain",
    "layer_tile",
    "list_layers",
    "make_overviews",
    "make_packs",
    "note_names",
    "present_boundary",
    "record_boundary",
    "record_drawn_boundary",
    "record_repaired",
    "refuse",
    "rounded_geojson",
    "run_conflict_check",
    "show_layer",
    "today",
    "version_plain",
]
