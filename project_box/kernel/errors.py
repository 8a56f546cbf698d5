"""One family of errors for the whole platform.

Every error carries an HTTP status, a stable code, a Chinese sentence for the user and an English one for
the log; where it helps, the place (line, field, handle) and the remedy, both in both languages.
"""

from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """Something the platform can explain.

    Args:
        zh: sentence for the user.
        en: sentence for the log and the English screen; defaults to ``zh``.
        code: stable machine-readable code, overriding the class's.
        place: where it happened (``"第 12 行"``, a field name, a DXF handle).
        place_en: the place in English, where it is words and not a name.
        remedy: what the user can do about it. remedy_en: the same in English; every remedy has one.
        details: further machine-readable facts.
    """

    status = 500
    code = "platform_error"

    def __init__(
        self,
        zh: str,
        en: str | None = None,
        *,
        code: str | None = None,
        place: str | None = None,
        place_en: str | None = None,
        remedy: str | None = None,
        remedy_en: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(en or zh)
        self.zh = zh
        self.en = en or zh
        if code is not None:
            self.code = code
        self.place = place
        self.place_en = place_en or place
        self.remedy = remedy
        self.remedy_en = remedy_en or remedy
        self.details = details or {}

    def to_plain(self) -> dict[str, Any]:
        """JSON form, as every API error body carries it under ``error``."""
        return {
            "code": self.code,
            "message": self.zh,
            "message_en": self.en,
            "place": self.place,
            "place_en": self.place_en,
            "remedy": self.remedy,
            "remedy_en": self.remedy_en,
            "details": self.details,
        }


class BadInput(PlatformError):
    """What was handed in cannot be used as it is (422)."""

    status = 422
    code = "bad_input"


class NotSignedIn(PlatformError):
    """The request needs a signed-in person (401)."""

    status = 401
    code = "not_signed_in"


class Forbidden(PlatformError):
    """The person is known but may not do this (403)."""

    status = 403
    code = "forbidden"


class NotFound(PlatformError):
    """There is no such thing, or it is not for this person to see (404)."""

    status = 404
    code = "not_found"


class Conflict(PlatformError):
    """The thing is not in a state that allows this (409)."""

    status = 409
    code = "conflict"


class TooLarge(PlatformError):
    """What was handed in exceeds a limit (413)."""

    status = 413
    code = "too_large"


class CatalogueError(PlatformError):
    """A catalogue file (YAML, BPMN, template) is wrong; names file and line (500 at start-up)."""

    code = "catalogue_error"


class CalendarMissing(PlatformError):
    """A year's holiday notice has not been published or entered; working days cannot be counted (409)."""

    status = 409
    code = "calendar_missing"
