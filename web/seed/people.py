"""The demo organisations and people of 样例新区.

Passwords follow a public pattern; they exist only in a database that was seeded for demonstration or tests and are
printed only for the embedded demo database.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from project_box.accounts import create_organisation, create_user
from project_box.kernel.identity import Role
from project_box.models import Organisation, User


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One demo account."""

    username: str
    name: str
    roles: tuple[Role, ...]
    organisation: str
    discipline: str | None = None

    @property
    def password(self) -> str:
        """The demo password."""
        return f"demo-{self.username}"


BUREAU = "样例新区行政审批局"
#: name, 统一社会信用代码 (made up, check character right), kind
ORGANISATIONS = (
    ("样例置业有限公司", "91430104MA4TAMP0EU", "developer"),
    ("邻居置业有限公司", "91430104MA4TAMP1F0", "developer"),
    (BUREAU, "12430104MB1BUR0U08", "bureau"),
    ("样例地质勘察院有限公司", "91430104MA4DHKC008", "agency"),
    ("样例水保交通咨询有限公司", "91430104MA4JTRB00G", "agency"),
)
PEOPLE = (
    DemoPerson("developer", "刘建设", (Role.DEVELOPER,), "样例置业有限公司"),
    DemoPerson("developer2", "邻家明", (Role.DEVELOPER,), "邻居置业有限公司"),
    DemoPerson("window", "王受理", (Role.WINDOW,), BUREAU),
    DemoPerson("handler", "陈经办", (Role.HANDLER,), BUREAU),
    DemoPerson("reviewer", "赵审核", (Role.REVIEWER,), BUREAU),
    DemoPerson("signer", "周签发", (Role.SIGNER,), BUREAU),
    DemoPerson("planner", "孙规划", (Role.DISCIPLINE,), BUREAU, "planning"),
    DemoPerson("architect", "李建筑", (Role.DISCIPLINE,), BUREAU, "architecture"),
    DemoPerson("fire", "吴消防", (Role.DISCIPLINE,), BUREAU, "fire"),
    DemoPerson("agency", "郑地质", (Role.INTERMEDIARY,), "样例地质勘察院有限公司"),
    DemoPerson("agency2", "冯水保", (Role.INTERMEDIARY,), "样例水保交通咨询有限公司"),
    DemoPerson("admin", "管理员", (Role.ADMIN,), BUREAU),
    DemoPerson("admin2", "何复核", (Role.ADMIN,), BUREAU),
)


def seed_people(session: Session) -> None:
    """Register what is missing of the demo organisations and people."""
    organisations = {o.name: o for o in session.scalars(select(Organisation))}
    for name, credit_code, kind in ORGANISATIONS:
        if name not in organisations:
            organisations[name] = create_organisation(session, name=name, credit_code=credit_code, kind=kind)
    known = set(session.scalars(select(User.username)))
    for person in PEOPLE:
        if person.username not in known:
            create_user(
                session,
                username=person.username,
                password=person.password,
                name=person.name,
                roles=person.roles,
                organisation=organisations[person.organisation],
                discipline=person.discipline,
            )
