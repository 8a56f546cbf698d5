"""What happens in a joint review, live: server-sent events that take up a broken line where it broke.

An open line also says who looks on: it renews its owner's row, tells who else is there whenever that changes (event
``presence``), and takes the row away when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.exc import OperationalError

from drawings import service
from drawings.review.review_feed import CHANNEL
from project_box import accounts
from project_box.kernel.errors import NotSignedIn, PlatformError
from web.deps import ActorDep
from web.feed import Feed
from web.views import joint_review as views

api = APIRouter(prefix="/api/v1", tags=["joint review"])
#: a waiting stream looks after itself this often even if nobody wakes it
PATIENCE_S = 20.0


class _Line:
    """One open line of events: whose it is, of which review, what has been told on it."""

    def __init__(self, request: Request, review_id: uuid.UUID, after: int, file: int | None = None) -> None:
        self.request, self.review_id, self.last, self.file = request, review_id, after, file
        self.owner: uuid.UUID | None = None
        self.others: list[dict[str, Any]] = []

    def read(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What has happened since, and who else is there; as the person who asked, if they are still signed in."""
        with self.request.app.state.database.transaction() as session:
            found = accounts.find_session(session, self.request.state.token)
            if found is None:
                raise NotSignedIn("请先登录", "sign in first")
            actor = accounts.actor_of(found.user)
            events = service.events_after(session, actor, self.review_id, self.last)
            if self.file is not None:
                service.here(session, actor, self.review_id, self.file)
                self.owner = actor.user_id
            others = service.others_here(session, actor, self.review_id)
            return [views.event_plain(e) for e in events], [views.onlooker_plain(o) for o in others]

    def leave(self) -> None:
        """Nobody looks on by this line any more."""
        if self.owner is not None and self.file is not None:
            with self.request.app.state.database.transaction() as session:
                service.gone(session, self.owner, self.review_id, self.file)


@api.get("/joint-reviews/{review_id}/events", response_model=None)
async def events(
    request: Request,
    actor: ActorDep,
    review_id: uuid.UUID,
    after: Annotated[int, Query(ge=0, description="number of the last event seen")] = 0,
    file: Annotated[
        int | None,
        Query(ge=0, le=1000, description="the file one has before one, 0 for none: others are told"),
    ] = None,
) -> Response | dict[str, Any]:
    """What happens in a review, live.

    With ``Accept: text/event-stream`` a stream of events that goes on; ``Last-Event-ID`` (or ``after``) says where it
    starts. Otherwise what has happened after ``after`` and who else looks on, as one document.
    """
    last = request.headers.get("last-event-id", "")
    start = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else after
    streamed = "text/event-stream" in request.headers.get("accept", "")
    line = _Line(request, review_id, start, file if streamed else None)
    first, others = await run_in_threadpool(line.read)
    if not streamed:
        return {"events": first, "last": first[-1]["id"] if first else start, "others": others}
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(line), media_type="text/event-stream", headers=headers)


async def _stream(line: _Line) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    try:
        async for _ in feed_of(line.request.app).changes(str(line.review_id), PATIENCE_S):
            if await line.request.is_disconnected():
                return
            try:
                found, others = await run_in_threadpool(line.read)
            except PlatformError as error:
                yield f"event: end\ndata: {json.dumps({'code': error.code})}\n\n"
                return
            except OperationalError:  # the database is gone for now: the browser comes back by itself
                return
            for event in found:
                line.last = event["id"]
                yield f"id: {line.last}\n" + _told(event["kind"], event)
            if others != line.others:
                line.others = others
                yield _told("presence", {"kind": "presence", "others": others})
            elif not found:
                yield ": still here\n\n"
    finally:
        with contextlib.suppress(OperationalError):
            await asyncio.shield(run_in_threadpool(line.leave))


def _told(kind: str, data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def feed_of(app: FastAPI) -> Feed:
    """The process's one listener on reviews."""
    found = getattr(app.state, "review_feed", None)
    if found is None:
        found = app.state.review_feed = Feed(app.state.database.url, CHANNEL)
    feed: Feed = found
    return feed
