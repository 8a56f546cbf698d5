"""Who acts: roles and the actor every service call takes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may be in the process."""

    DEVELOPER = "developer"
    WINDOW = "window"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    SIGNER = "signer"
    DISCIPLINE = "discipline"
    INTERMEDIARY = "intermediary"
    ADMIN = "admin"

    @property
    def zh(self) -> str:
        """Chinese name of the role."""
        return {
            "developer": "建设单位",
            "window": "窗口",
            "handler": "经办",
            "reviewer": "审核",
            "signer": "签发",
            "discipline": "联审专业",
            "intermediary": "中介机构",
            "admin": "系统管理员",
        }[self.value]


#: roles of the approving bureau itself
OFFICER_ROLES = frozenset({Role.WINDOW, Role.HANDLER, Role.REVIEWER, Role.SIGNER})


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, as services see them.

    Attributes:
        user_id: id in ``box.user``.
        name: display name.
        roles: what they may be.
        organisation_id: their organisation (建设单位, 中介机构 or the bureau).
        discipline: for 联审专业: the discipline they review (``planning``, ``architecture``, ``fire`` …).
    """

    user_id: uuid.UUID
    name: str
    roles: frozenset[Role]
    organisation_id: uuid.UUID
    discipline: str | None = None
    organisation_name: str = ""

    @property
    def is_officer(self) -> bool:
        """True for 窗口 / 经办 / 审核 / 签发."""
        return bool(self.roles & OFFICER_ROLES)

    def has(self, *roles: Role) -> bool:
        """True if the actor holds any of ``roles``."""
        return bool(self.roles & set(roles))
