"""Who looks on: which people have which file of a review before them just now. Never commits.

The open line of events (:mod:`web.routes.review_events`) renews the row of who holds it, and takes it away when it
ends; a row whose server was stopped is too old after :data:`FRESH`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from drawings.models import Presence
from drawings.review.review_feed import CHANNEL
from drawings.review.review_service import get_review
from project_box.kernel.identity import Actor
from project_box.service import now

#: a row that was renewed longer ago than this is nobody's; a line renews it every 20 s
FRESH = dt.timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody else, and the files they have before them."""

    name: str
    discipline: str | None
    files: tuple[int, ...]


def here(session: Session, actor: Actor, review_id: uuid.UUID, file: int) -> None:
    """The actor has a file of a review before them (0: the page without a sheet); who comes is told to the others.

    Raises:
        NotFound: no such review for this person.
    """
    get_review(session, actor, review_id)
    session.execute(delete(Presence).where(Presence.review_id == review_id, Presence.seen_at < now() - FRESH))
    row = insert(Presence).values(review_id=review_id, user_id=actor.user_id, file=file, seen_at=now())
    came = session.scalar(
        row.on_conflict_do_update(
            index_elements=[Presence.review_id, Presence.user_id, Presence.file],
            set_={"seen_at": row.excluded.seen_at},
        ).returning(text("xmax = 0"))
    )
    if came:
        _wake(session, review_id)


def gone(session: Session, user_id: uuid.UUID, review_id: uuid.UUID, file: int) -> None:
    """A line of events has ended."""
    session.execute(
        delete(Presence).where(
            Presence.review_id == review_id, Presence.user_id == user_id, Presence.file == file
        )
    )
    _wake(session, review_id)


def _wake(session: Session, review_id: uuid.UUID) -> None:
    session.execute(
        text("SELECT pg_notify(:channel, :review)"), {"channel": CHANNEL, "review": str(review_id)}
    )


def others_here(session: Session, actor: Actor, review_id: uuid.UUID) -> list[Onlooker]:
    """Everybody else who looks on, in order of their names.

    Raises:
        NotFound: no such review for this person.
    """
    get_review(session, actor, review_id)
    rows = session.scalars(
        select(Presence).where(
            Presence.review_id == review_id,
            Presence.user_id != actor.user_id,
            Presence.seen_at >= now() - FRESH,
        )
    ).all()
    people = {row.user_id: row.person for row in rows}
    return sorted(
        (
            Onlooker(p.name, p.discipline, tuple(sorted(r.file for r in rows if r.user_id == i and r.file)))
            for i, p in people.items()
        ),
        key=lambda o: o.name,
    )
