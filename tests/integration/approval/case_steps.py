"""The steps of a case as its tests take them; the rooms below are played by :class:`Neighbours`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from approval import lower_rooms, repository, service
from approval.case import CaseState, TaskState
from approval.gates import EngagementFact
from approval.models import Case, Task
from approval.neighbours import ReviewFacts
from project_box.kernel.identity import Actor
from project_box.models import Project

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PHONE = "0731-88880000"
DISCIPLINES = ("planning", "architecture", "fire")
NewProject = Callable[..., Project]
Actors = dict[str, Actor]


class Neighbours:
    """Joint review and evaluations as the test wants them."""

    def __init__(self) -> None:
        self.review = ReviewFacts()
        self.engagements: list[EngagementFact] = []
        self.rounds: list[uuid.UUID] = []

    def open_review(self, *_: Any) -> uuid.UUID:
        self.review = ReviewFacts(revision=self.review.revision or 1, open=True)
        self.rounds.append(uuid.uuid4())
        return self.rounds[-1]

    def verdicts(self, session: Session, case: Case, **words: str) -> None:
        for discipline in DISCIPLINES:
            lower_rooms.on_opinion(session, self.rounds[-1], discipline, words.get(discipline, "agree"))
        found: dict[str, tuple[str | None, str, str]] = {
            d: (words.get(d, "agree"), "", "某人") for d in DISCIPLINES
        }
        self.review = ReviewFacts(self.review.revision, False, found)
        worst = "agree" if set(words.values()) <= {"agree"} else "modify"
        lower_rooms.on_review_closed(session, case.id, worst)


class Calendar:
    """Moves the day of the approval room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
        for module in ("casefile", "filing", "handling", "issuing", "projection"):
            monkeypatch.setattr(f"approval.{module}.now", lambda: self.moment)
            monkeypatch.setattr(f"approval.{module}.today", lambda: self.moment.date())

    def go(self, day: str) -> None:
        self.moment = dt.datetime.fromisoformat(f"{day}T02:00:00+00:00")


def in_state(case: Case, state: CaseState) -> bool:
    return case.state is state


def fill(session: Session, developer: Actor, case: Case) -> None:
    service.save_form(session, developer, case.id, {"phone": PHONE})
    for line in service.materials(session, developer, case.id):
        if line.status == "missing":
            service.attach_material(session, developer, case.id, line.code, f"{line.code}.pdf", PDF)


def handed_in(session: Session, actors: Actors, project: Project, item: str = "planning-permit") -> Case:
    case = service.start_case(session, actors["developer"], project.id, item)
    fill(session, actors["developer"], case)
    return service.submit(session, actors["developer"], case.id)


def open_task(session: Session, case: Case, step: str) -> Task:
    return next(
        t
        for t in repository.case_tasks(session, case.id)
        if t.step == step and t.discipline is None and t.state is not TaskState.DONE
    )


def act(session: Session, actor: Actor, case: Case, step: str, action: str, **more: Any) -> Case:
    return service.act(session, actor, open_task(session, case, step).id, action, **more)


def to_signature(session: Session, actors: Actors, rooms: Neighbours, case: Case) -> None:
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree")
