"""Chinese first, English by a switch. The message id is the Chinese sentence; English stands in ``locale/en/*.po``."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

#: locale of the request being served
current_locale: ContextVar[str] = ContextVar("current_locale", default="zh")
LOCALES = ("zh", "en")


@lru_cache
def _english() -> Mapping[str, str]:
    messages: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "locale" / "en").glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale="en"):
                if message.id and isinstance(message.string, str) and message.string:
                    messages[str(message.id)] = message.string
    return messages


def gettext(message: str, **values: Any) -> str:
    """The message in the request's language; ``%(name)s`` places are filled from ``values``."""
    text = _english().get(message, message) if current_locale.get() == "en" else message
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Plural form (English only has one rule; Chinese has none)."""
    return gettext(singular if n == 1 else plural, n=n, **values)


def bi(zh: str | None, en: str | None) -> str:
    """Pick the language of a text that comes in both."""
    return (en or zh or "") if current_locale.get() == "en" else (zh or en or "")
