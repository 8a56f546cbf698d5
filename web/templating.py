"""Jinja environment of the pages."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from project_box.accounts import csrf_of
from project_box.kernel.identity import Role
from project_box.stage import Stage
from web.i18n import bi, current_locale, gettext, ngettext

_HERE = Path(__file__).parent
#: China has one time zone; times are stored in UTC and shown in it
CHINA = ZoneInfo("Asia/Shanghai")


def number(value: Any, places: int = 2) -> str:
    """A number with thousands separators and fixed decimals (half up); a dash for None, text as it is."""
    if value is None or value == "":
        return "—"
    try:
        quantum = Decimal(1).scaleb(-places)
        return f"{Decimal(str(value)).quantize(quantum, ROUND_HALF_UP):,}"
    except InvalidOperation:
        return str(value)


def moment(value: dt.datetime | str | None) -> str:
    """A time in China's time zone, to the minute."""
    if not value:
        return "—"
    parsed = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def day(value: dt.date | str | None) -> str:
    """A date, ISO."""
    return "—" if not value else str(value)[:10]


@lru_cache
def environment() -> Environment:
    """The environment; undefined names are errors."""
    env = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(["html"], default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=False)  # type: ignore[attr-defined] # added by the extension
    env.globals.update(_=gettext, bi=bi, Role=Role, Stage=Stage, locale=current_locale.get)
    env.filters.update(number=number, moment=moment, day=day)
    return env


def render(request: Request, template: str, /, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a page. ``actor``, ``csrf_field()`` and ``path`` are always there."""
    token: str | None = getattr(request.state, "token", None)

    def csrf_field() -> Markup:
        value = csrf_of(token) if token else ""
        return Markup('<input type="hidden" name="csrf_token" value="{}">').format(value)

    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            actor=getattr(request.state, "actor", None),
            csrf_field=csrf_field,
            csrf_token=csrf_of(token) if token else "",
            path=request.url.path,
            query=request.url.query,
            **context,
        )
    )
    return HTMLResponse(html, status_code=status)
