"""Events of the intermediaries room."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from project_box.kernel.events import Event


@dataclass(frozen=True, slots=True)
class CaseTouched(Event):
    """A use case is about to change the lines of a case, and has taken no lock yet.

    The room that owns cases locks its case row now, so that everybody locks in one order: case, lines, audit chain.
    """

    case_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class EngagementsDispatched(Event):
    """Triggers were evaluated and tasks sent out; ``open`` is the number of lines that still owe a delivery."""

    project_id: uuid.UUID
    case_id: uuid.UUID
    open: int


@dataclass(frozen=True, slots=True)
class EngagementDelivered(Event):
    """An agency handed in a sealed report; it lies in the box as ``result_id``."""

    project_id: uuid.UUID
    case_id: uuid.UUID
    engagement_id: uuid.UUID
    code: str
    result_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class AllEngagementsDelivered(Event):
    """No line of the case owes a delivery any more (delivered, shared, dropped)."""

    project_id: uuid.UUID
    case_id: uuid.UUID
