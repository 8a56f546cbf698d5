"""Events of the drawings room."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from project_box.kernel.events import Event


@dataclass(frozen=True, slots=True)
class RevisionSubmitted(Event):
    """A new revision of a project's drawings is in the box."""

    project_id: uuid.UUID
    revision_id: uuid.UUID
    number: int


@dataclass(frozen=True, slots=True)
class JointReviewOpened(Event):
    """Disciplines have been asked for their opinions."""

    case_id: uuid.UUID
    review_id: uuid.UUID
    project_id: uuid.UUID
    revision_id: uuid.UUID
    disciplines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkAdded(Event):
    """A reviewer has marked a spot."""

    case_id: uuid.UUID
    review_id: uuid.UUID
    mark_id: uuid.UUID
    discipline: str


@dataclass(frozen=True, slots=True)
class OpinionGiven(Event):
    """A discipline has given (or renewed) its verdict."""

    case_id: uuid.UUID
    review_id: uuid.UUID
    discipline: str
    verdict: str


@dataclass(frozen=True, slots=True)
class JointReviewClosed(Event):
    """The opinions have been merged; ``verdict`` is ``agree``, ``modify`` or ``disagree``."""

    case_id: uuid.UUID
    review_id: uuid.UUID
    verdict: str
