"""Events of the box."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from project_box.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ResultRecorded(Event):
    """A result went into the box."""

    project_id: uuid.UUID
    result_id: uuid.UUID
    kind: str
    version: int


@dataclass(frozen=True, slots=True)
class SessionsEnded(Event):
    """Somebody has signed out, has another password, or may no longer sign in: what was remembered of who may see
    what has to be asked again."""
