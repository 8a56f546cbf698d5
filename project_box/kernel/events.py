"""Events: how a lower room tells an upper one, without importing it.

A room defines its events as frozen dataclasses derived from :class:`Event` and calls :func:`publish`; upper rooms
subscribe in their service modules. Handlers run at once in the publisher's transaction; a failing handler
fails the transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Subclasses carry ids and plain facts, never ORM rows."""


E = TypeVar("E", bound=Event)
_handlers: dict[type[Event], list[Callable[[Session, Any], None]]] = defaultdict(list)


def subscribe(kind: type[E]) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
    """Decorator: call the function for every published event of ``kind`` (exact type)."""

    def register(handler: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
        if handler not in _handlers[kind]:
            _handlers[kind].append(handler)
        return handler

    return register


def publish(session: Session, event: Event) -> None:
    """Call every handler of the event's type, in order of subscription."""
    for handler in list(_handlers[type(event)]):
        handler(session, event)
