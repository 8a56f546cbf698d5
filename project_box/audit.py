"""The audit chain: every event's hash covers its content and the hash before it, so no event can be changed or
taken out without breaking every later link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from project_box.kernel.plain import content_hash

#: hash before the first event
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """One event as it is hashed; ``at`` is UTC."""

    seq: int
    at: dt.datetime
    actor: str
    kind: str
    subject: str
    payload: dict[str, Any]
    previous_hash: str

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of all fields."""
        return content_hash(
            {
                "seq": self.seq,
                "at": self.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
                "actor": self.actor,
                "kind": self.kind,
                "subject": self.subject,
                "payload": self.payload,
                "previous": self.previous_hash,
            }
        )


def first_break(links: Iterable[tuple[Link, str]], *, previous: str = GENESIS, seq: int = 0) -> int | None:
    """The sequence number at which the chain breaks, or None.

    Args:
        links: events in order, each with the hash that is stored for it.
        previous: hash before the first of them.
        seq: sequence number before the first of them.
    """
    for link, stored in links:
        if link.seq != seq + 1 or link.previous_hash != previous or link.hash != stored:
            return link.seq
        previous, seq = stored, link.seq
    return None
