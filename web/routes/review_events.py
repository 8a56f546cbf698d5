"""What happens in a joint review, live: server-sent events that take up a broken line where it broke."""

from __future__ import annotations

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


def _happenings(request: Request, review_id: uuid.UUID, after: int) -> list[dict[str, Any]]:
    """What has happened since, read as the person who asked (who may have been signed out meanwhile)."""
    with request.app.state.database.transaction() as session:
        found = accounts.find_session(session, request.state.token)
        if found is None:
            raise NotSignedIn("请先登录", "sign in first")
        events = service.events_after(session, accounts.actor_of(found.user), review_id, after)
        return [views.event_plain(e) for e in events]


@api.get("/joint-reviews/{review_id}/events", response_model=None)
async def events(
    request: Request,
    actor: ActorDep,
    review_id: uuid.UUID,
    after: Annotated[int, Query(ge=0, description="number of the last event seen")] = 0,
) -> Response | dict[str, Any]:
    """What happens in a review, live.

    With ``Accept: text/event-stream`` a stream of events that goes on; ``Last-Event-ID`` (or ``after``) says where it
    starts. Otherwise what has happened after ``after``, as one document.
    """
    last = request.headers.get("last-event-id", "")
    start = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else after
    first = await run_in_threadpool(_happenings, request, review_id, start)
    if "text/event-stream" not in request.headers.get("accept", ""):
        return {"events": first, "last": first[-1]["id"] if first else start}
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        _stream(request, review_id, start), media_type="text/event-stream", headers=headers
    )


async def _stream(request: Request, review_id: uuid.UUID, last: int) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async for _ in feed_of(request.app).changes(str(review_id), PATIENCE_S):
        if await request.is_disconnected():
            return
        try:
            found = await run_in_threadpool(_happenings, request, review_id, last)
        except PlatformError as error:
            yield f"event: end\ndata: {json.dumps({'code': error.code})}\n\n"
            return
        except OperationalError:  # the database is gone for now: the browser comes back by itself
            return
        for event in found:
            last = event["id"]
            yield f"id: {last}\nevent: {event['kind']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        if not found:
            yield ": still here\n\n"


def feed_of(app: FastAPI) -> Feed:
    """The process's one listener on reviews."""
    found = getattr(app.state, "review_feed", None)
    if found is None:
        found = app.state.review_feed = Feed(app.state.database.url, CHANNEL)
    feed: Feed = found
    return feed
