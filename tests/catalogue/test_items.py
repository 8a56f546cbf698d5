"""Every item in the catalogue carries a dummy case through to its decision and its notices, granted and denied.

Nothing here names an item: a new folder under ``approval/catalogue/items`` is tested as it stands.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from approval import lower_rooms, neighbours, repository, service
from approval.case import Action, CaseState, Decision, TaskState
from approval.item import FormField, ItemVersion, load_items
from approval.materials import MaterialStatus
from approval.models import Case
from approval.neighbours import ReviewFacts
from approval.notice import TITLES
from project_box import service as box
from project_box.kernel.identity import Actor, Role
from project_box.stage import Stage

pytestmark = pytest.mark.integration
ITEMS = load_items()
#: first bytes that make a file what its name says
SAMPLES = {
    "pdf": b"%PDF-1.7\n%%EOF\n", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff\xe0", "zip": b"PK\x03\x04",
    "docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "txt": b"J1,1,0,0\n", "dxf": b"  0\nSECTION\n",
}  # fmt: skip
VALID = {
    "credit_code": "91430104MA4TAMP0EU", "id_card": "11010519491231002X", "phone": "13800138000",
    "project_code": "2601-430104-04-01-123456", "parcel_code": "450103001001GB00001",
    "property_unit": "450103001001GB00001F00010001",
}  # fmt: skip


def dummy(field: FormField) -> str:
    """A value the field accepts."""
    if field.validator:
        return VALID[field.validator]
    return {"number": "100", "date": "2026-06-01", "choice": next(iter(field.choices), "")}.get(
        field.type, "样例"
    )


@pytest.fixture(params=list(ITEMS))
def version(request: pytest.FixtureRequest) -> ItemVersion:
    return ITEMS[request.param]


@pytest.fixture(autouse=True)
def rooms(monkeypatch: pytest.MonkeyPatch, version: ItemVersion) -> None:
    """The rooms below agree to everything."""
    agreed: dict[str, tuple[str | None, str, str]] = {
        d.code: ("agree", "", "某人") for d in version.item.disciplines
    }
    monkeypatch.setattr(neighbours, "open_review", lambda *_: uuid.uuid4())
    monkeypatch.setattr(neighbours, "review_facts", lambda *_: ReviewFacts(1, False, agreed))
    monkeypatch.setattr(neighbours, "end_review", lambda *_: None)
    monkeypatch.setattr(neighbours, "dispatch", lambda *_: None)
    monkeypatch.setattr(neighbours, "engagement_facts", lambda *_: [])


@pytest.fixture
def case(session: Session, actors: dict[str, Actor], version: ItemVersion) -> Case:
    """A case of the item, handed in: needed results in the box, form filled, materials uploaded."""
    developer, item = actors["developer"], version.item
    project = box.create_project(session, developer, code="2601-430104-04-01-888888", name="目录测试项目")
    checks = list(item.findings_from)
    for kind in [n.kind for n in item.needs if n.kind not in checks] + checks:
        payload: dict[str, Any] = {"revision": 1, "elements": [], "findings": [], "conditions": []}
        box.put_result(
            session,
            developer,
            project.id,
            kind=kind,
            stage=Stage.DESIGN,
            title=kind,
            payload=payload,
            source={},
            trust="B",
        )
    made = service.start_case(session, developer, project.id, item.code)
    service.save_form(session, developer, made.id, {f.code: dummy(f) for f in item.fields})
    for line in service.materials(session, developer, made.id):
        if line.status is MaterialStatus.MISSING:
            ending = next(f for f in line.formats if f in SAMPLES)
            service.attach_material(session, developer, made.id, line.code, f"样例.{ending}", SAMPLES[ending])
    return service.submit(session, developer, made.id)


def forward(
    session: Session, people: dict[Role, Actor], case: Case, version: ItemVersion, end: Action
) -> None:
    """Walk the process by its forward actions; the signer ends with ``end``."""
    order = (Action.ACCEPT, Action.AGREE, end, Action.DELIVER)
    for _ in range(50):
        if version.item.disciplines and case.state is CaseState.REVIEW:
            lower_rooms.on_review_closed(session, case.id, "agree")
        ready = [
            t
            for t in repository.case_tasks(session, case.id)
            if t.state is not TaskState.DONE and t.message is None and t.discipline is None
        ]
        if not ready:
            return
        task = ready[0]
        action = next(a for a in order if a in version.item.steps[task.step].actions)
        opinion = "不符合条件。" if action is Action.DENY else ""
        service.act(session, people[task.role], task.id, action.value, opinion)
    pytest.fail("the process does not come to its end in 50 steps")


@pytest.fixture
def people(actors: dict[str, Actor]) -> dict[Role, Actor]:
    return {Role(name): actors[name] for name in ("window", "handler", "reviewer", "signer")}


def test_granted(session: Session, people: dict[Role, Actor], case: Case, version: ItemVersion) -> None:
    forward(session, people, case, version, Action.APPROVE)
    assert case.decision is Decision.APPROVED
    assert case.state is CaseState.DELIVERED
    licence = service.case_licence(session, case)
    assert licence is not None
    assert licence.kind == version.item.result.kind
    assert service.verify_code(session, licence.verify_code)[1].ok
    assert [n.kind for n in repository.notices(session, case.id)] == ["acceptance", "approval"]


def test_denied(session: Session, people: dict[Role, Actor], case: Case, version: ItemVersion) -> None:
    forward(session, people, case, version, Action.DENY)
    assert case.decision is Decision.DENIED
    assert service.case_licence(session, case) is None
    assert [n.kind for n in repository.notices(session, case.id)] == ["acceptance", "denial"]


def test_corrections_and_every_refusal_reason(
    session: Session, people: dict[Role, Actor], case: Case, version: ItemVersion
) -> None:
    task = next(t for t in repository.case_tasks(session, case.id) if t.role is Role.WINDOW)
    entries = [{"material": m.code, "text": "请核对"} for m in version.item.materials]
    entries += [{"field": f.code, "text": "请核对"} for f in version.item.fields]
    shown = service.preview_notice(session, people[Role.WINDOW], task.id, "correct", corrections=entries)
    assert shown is not None
    assert len(shown["entries"]) == len(entries)
    for reason in version.item.reasons:
        shown = service.preview_notice(
            session, people[Role.WINDOW], task.id, "refuse", "说明", {"reason_code": reason.code}
        )
        assert shown is not None
        assert reason.zh in "".join(shown["paragraphs"])
    service.act(
        session, people[Role.WINDOW], task.id, "refuse", "说明", {"reason_code": version.item.reasons[0].code}
    )
    assert case.state is CaseState.RETURNED
    assert repository.notices(session, case.id)[-1].title == TITLES["refusal"][0]


def test_chinese_and_english_stand_side_by_side(version: ItemVersion) -> None:
    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                if key.endswith("_en") or key == "en":
                    base = value.get(key[:-3] if key != "en" else "zh")
                    assert bool(part) or not base, f"{path}.{key} is empty"
                    assert not any("\u4e00" <= c <= "\u9fff" for c in part), f"{path}.{key} is not English"
                walk(part, f"{path}.{key}")
        elif isinstance(value, (list, tuple)):
            for i, part in enumerate(value):
                walk(part, f"{path}[{i}]")

    walk(version.definition, version.item.code)
