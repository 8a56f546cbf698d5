"""Every room's tables, imported in one place so that metadata is complete."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from project_box.kernel.db import metadata

#: rooms that own tables, lowest first
ROOMS = ("project_box", "gis", "drawings", "elements", "intermediaries", "approval")

for _room in ROOMS:
    if find_spec(_room) is not None and find_spec(f"{_room}.models") is not None:
        importlib.import_module(f"{_room}.models")

__all__ = ["ROOMS", "metadata"]
