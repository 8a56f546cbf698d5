"""Versions, uploads and numbers a case is kept by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from approval import repository, service
from project_box.kernel.db import Database
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from web.views.cases import case_view

from .case_steps import (
    PDF,
    Actors,
    Neighbours,
    NewProject,
    handed_in,
)

pytestmark = pytest.mark.integration


def test_a_case_keeps_the_item_version_it_began_with(
    session: Session,
    actors: Actors,
    new_project: NewProject,
    rooms: Neighbours,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from approval import item

    case = handed_in(session, actors, new_project())
    present = item.load_items()["planning-permit"]
    newer = present.item.model_copy(
        update={
            "version": "2027.1",
            "limits": present.item.limits.model_copy(
                update={"committed": present.item.limits.committed.model_copy(update={"days": 3})}
            ),
        }
    )
    changed = item.build(newer, present.process)
    assert changed.hash != present.hash
    for module in ("casefile", "filing"):
        monkeypatch.setattr(f"approval.{module}.load_items", lambda: {"planning-permit": changed})
    session.expire_all()
    kept = service.item_version(case)
    assert kept.hash == present.hash
    assert kept.item.limits.committed.days == 10


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("证.pdf", b"", "空文件"),
        ("证.exe", PDF, "只接受"),
        ("证.pdf", b"not a pdf at all", "内容不是 PDF"),
        ("长" * 300 + ".pdf", PDF, "200"),
    ],
)
def test_bad_uploads_are_refused_and_nothing_is_kept(
    session: Session, actors: Actors, new_project: NewProject, name: str, data: bytes, says: str
) -> None:
    case = service.start_case(session, actors["developer"], new_project().id, "planning-permit")
    with pytest.raises(BadInput) as refused:
        service.attach_material(session, actors["developer"], case.id, "land_right", name, data)
    assert says in refused.value.zh
    assert not repository.materials(session, case.id)


def test_serials_are_unique_and_in_order(session: Session) -> None:
    numbers = [repository.next_number(session, "serial:1999") for _ in range(5)]
    assert numbers == [1, 2, 3, 4, 5]


def test_numbers_are_never_given_twice(database: Database) -> None:
    def take(_: int) -> int:
        with database.transaction() as session:
            return repository.next_number(session, "serial:1998")

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(take, range(60)))
    assert sorted(numbers) == list(range(1, 61))


def test_a_finding_is_contested_in_words_and_stays(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    case = handed_in(session, actors, new_project(far="2.40", far_outcome="fail"))
    with pytest.raises(BadInput) as refused:
        service.contest(session, actors["developer"], case.id, "plan.STBHHX", "没有这一条")
    assert refused.value.code == "unknown_finding", "what is 符合 is not contested"
    service.contest(session, actors["developer"], case.id, "planning.RJL", "架空层不应计容，见附图")
    for who in ("developer", "handler"):
        view = case_view(session, actors[who], case.id)
        assert [c["text"] for c in view["contests"]] == ["对“容积率”提出异议：架空层不应计容，见附图"]
    found = next(f for f in view["gates"]["findings"] if f["code"] == "planning.RJL")
    assert found["outcome"] == "fail", "the finding stays"
    with pytest.raises((Forbidden, NotFound)):
        service.contest(session, actors["handler"], case.id, "planning.RJL", "不是申请人")
    service.withdraw(session, actors["developer"], case.id)
    with pytest.raises(Conflict):
        service.contest(session, actors["developer"], case.id, "planning.RJL", "已撤回")
