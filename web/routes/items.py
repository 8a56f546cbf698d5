"""Items of the catalogue: list, guide page, process."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from approval import service
from project_box.kernel.errors import NotFound
from web.deps import render
from web.views import items as items_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])


@api.get("/items")
def list_items(stage: str = "", department: str = "", theme: str = "", q: str = "") -> dict[str, Any]:
    """What can be applied for."""
    return items_views.items_view(stage=stage, department=department, theme=theme, q=q)


@api.get("/items/{code}")
def show_item(code: str) -> dict[str, Any]:
    """The guide of one item."""
    return items_views.item_view(code)


def bpmn(text: str) -> Response:
    """A process as a BPMN file."""
    return Response(text, media_type="application/xml", headers={"cache-control": "private, max-age=300"})


@api.get("/items/{code}/process.bpmn")
def item_process(code: str) -> Response:
    """The item's process as BPMN 2.0."""
    version = service.load_items().get(code)
    if version is None:
        raise NotFound("没有这个事项", f"no item {code[:60]!r}")
    return bpmn(version.process.bpmn)


@pages.get("/items")
def items_page(
    request: Request, stage: str = "", department: str = "", theme: str = "", q: str = ""
) -> Response:
    """Find an item by stage, department, theme or words."""
    return render(
        request,
        "approval/items.html",
        **items_views.items_view(stage=stage, department=department, theme=theme, q=q),
    )


@pages.get("/items/{code}")
def item_page(request: Request, code: str) -> Response:
    """The guide page."""
    return render(request, "approval/item.html", **items_views.item_view(code))
