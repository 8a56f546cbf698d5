"""Events of the GIS room."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from project_box.kernel.events import Event


@dataclass(frozen=True, slots=True)
class BoundaryRecorded(Event):
    """A project has a new boundary in the box."""

    project_id: uuid.UUID
    result_id: uuid.UUID
    version: int


@dataclass(frozen=True, slots=True)
class ConflictChecked(Event):
    """A project's boundary has been checked against the plan layers."""

    project_id: uuid.UUID
    result_id: uuid.UUID
    version: int


@dataclass(frozen=True, slots=True)
class LayerImported(Event):
    """A layer has a new current version."""

    code: str
    version_id: int
