"""What every use case of the room stands on: the day, reasons, who may act, the lock of a case."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from intermediaries import repository
from intermediaries.events import (
    CaseTouched,
)
from project_box import service as box
from project_box.kernel.errors import Forbidden
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor

#: China has one time zone; a working day is a day there
_CHINA = ZoneInfo("Asia/Shanghai")


MAX_REASON, MAX_CONCLUSION = 1000, 8000


def today() -> dt.date:
    """The day it is in China."""
    return box.now().astimezone(_CHINA).date()


def clean_reason(text: str, label: str = "理由", field: str = "reason") -> str:
    """A written reason, as it is kept."""
    return box.clean_text(text, field=field, label=label, limit=MAX_REASON)


def require_officer(actor: Actor) -> None:
    """Refuse who is not an officer."""
    if not actor.is_officer:
        raise Forbidden("只有审批人员可以这样做", "only officers may do this")


def lock_case(session: Session, case_id: uuid.UUID) -> None:
    """Lock a case's lines, after whoever owns the case has locked it."""
    publish(session, CaseTouched(case_id))
    repository.lock_case(session, case_id)
