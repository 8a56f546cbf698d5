"""Server-sent events: one PostgreSQL listener for each process wakes everybody who looks on.

A stream holds no thread and no database connection while it waits. What is sent is always read anew, as the person who
asked, so a sign-out or a withdrawn right ends the stream; and as a stream starts where the last one ended
(``Last-Event-ID``), nothing is lost when a line breaks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator

import psycopg

from project_box.kernel.jobs import connection_string

_LOG = logging.getLogger("project_box.feed")
_RETRY_S = 2.0


class Feed:
    """Wakes waiting streams when something happens under their topic on one notification channel."""

    def __init__(self, url: str, channel: str) -> None:
        self._conninfo = connection_string(url)
        self._channel = channel
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None

    def _wake(self, topic: str | None = None) -> None:
        for name, events in self._waiting.items():
            if topic is None or name == topic:
                for event in events:
                    event.set()

    async def _listen(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
                async with connection:
                    await connection.execute(f'LISTEN "{self._channel}"')
                    self._wake()  # something may have happened while nobody listened
                    async for notice in connection.notifies():
                        self._wake(notice.payload)
            except psycopg.Error as error:
                _LOG.warning("listening on %s broke off: %s", self._channel, error)
                await asyncio.sleep(_RETRY_S)

    async def changes(self, topic: str, patience_s: float) -> AsyncIterator[None]:
        """Yields at once, then whenever something happens under ``topic``, at the latest every ``patience_s``."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        event = asyncio.Event()
        self._waiting[topic].add(event)
        try:
            while True:
                event.clear()
                yield
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), patience_s)
        finally:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]
                if not self._waiting and self._listener is not None:
                    self._listener.cancel()
                    self._listener = None
