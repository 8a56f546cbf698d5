"""Rule sets, amendments by two people, and pins: what holds on which day, and for whom."""

from __future__ import annotations

import datetime as dt
import subprocess
import uuid
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from elements.engine.engine import CATALOGUE_DIR, load_catalogue
from elements.fees import run_fee
from elements.rulesets import amendment_service as amendments
from elements.rulesets import ruleset_service as rules
from elements.rulesets.ruleset import build, pack, read_files, unpack
from elements.rulesets.ruleset_models import RuleForce, RuleSet
from elements.rulesets.ruleset_service import CaseOfProject, today
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor

People = dict[str, Actor]
TOMORROW = today() + dt.timedelta(days=1)
LATER = today() + dt.timedelta(days=40)
CODE, FORMULA = "JYD", "ZYD - DZDL - DZLD - 1"


def stamp_rate(
    session: Session, actor: Actor, value: str, day: dt.date = TOMORROW, number: int | None = None
):
    """An amendment that gives stamp duty another rate from a day on."""
    rows = [dict(r) for r in load_catalogue().tariffs.tables["stamp-duty"].editions[-1].rows]
    return amendments.write_edition(
        session,
        actor,
        "stamp-duty",
        jurisdiction="全国",
        replaces=None,
        fields={
            "doc_no": "试验〔2026〕1号",
            "clause": "第一条",
            "valid_from": day.isoformat(),
            "evidence": "S",
        },
        rows=[{**r, "value": value} for r in rows],
        reason="税率调整",
        effective_from=day,
        number=number,
    )


def agreed(session: Session, people: People, number: int) -> None:
    amendments.submit(session, people["admin"], number)
    amendments.approve(session, people["admin2"], number, "同意")


def duty(session: Session, day: dt.date) -> str:
    line = run_fee("YHS", {"HT_PRICE": 1_000_000}, day, rules.in_force(session, day))
    return str(line.amount)


def test_a_snapshot_gives_the_same_catalogue() -> None:
    files = read_files()
    assert unpack(pack(files)) == files
    assert build(files).version == load_catalogue().version


def test_the_shipped_catalogue_is_registered_once(session: Session) -> None:
    shipped = rules.register_shipped(session)
    assert rules.register_shipped(session) == shipped == load_catalogue().version
    assert session.get(RuleSet, shipped).origin == "shipped"
    assert rules.in_force(session) is load_catalogue()
    assert build(rules.files_of(session, shipped)).version == shipped


def test_a_future_rate_changes_nothing_before_its_day(session: Session, actors: People) -> None:
    found = stamp_rate(session, actors["admin"], "0.1", LATER)
    before = duty(session, today())
    assert duty(session, LATER) == before
    agreed(session, actors, found.number)
    assert duty(session, today()) == before
    assert duty(session, LATER - dt.timedelta(days=1)) == before
    assert duty(session, LATER) == "1000.00" != before
    assert rules.in_force(session, today()) is load_catalogue()
    assert rules.in_force(session, LATER).version == found.result


def test_nobody_approves_their_own(session: Session, actors: People) -> None:
    found = stamp_rate(session, actors["admin"], "0.1")
    with pytest.raises(Conflict):
        amendments.approve(session, actors["admin2"], found.number)
    amendments.submit(session, actors["admin"], found.number)
    with pytest.raises(Forbidden) as refused:
        amendments.approve(session, actors["admin"], found.number)
    assert refused.value.code == "same_person"
    for who in ("signer", "developer"):
        with pytest.raises(Forbidden):
            amendments.approve(session, actors[who], found.number)
    with pytest.raises(BadInput):
        amendments.reject(session, actors["admin2"], found.number, " ")
    amendments.reject(session, actors["admin2"], found.number, "缺少文件")
    assert found.state == "rejected" and found.decision == "缺少文件"
    again = stamp_rate(session, actors["admin"], "0.2", number=found.number)
    assert again.number == found.number and again.state == "draft"
    amendments.withdraw(session, actors["admin"], found.number)
    with pytest.raises(Conflict):
        amendments.submit(session, actors["admin"], found.number)


@pytest.mark.parametrize(
    ("fields", "place", "word"),
    [
        ({"formula": "ZYD - NOWHERE"}, "formula", "NOWHERE"),
        ({"formula": "ZYD - ("}, "formula", ""),
        ({"formula": "RJL + 1"}, "formula", "循环"),
        ({"formula": "__import__('os')"}, "formula", ""),
        ({"precision": "two"}, "precision", "two"),
        ({"clause": ""}, "clause", "依据"),
        ({"valid_to": "gestern"}, "valid_to", "gestern"),
        ({"kind": "结论"}, "kind", "kind"),
    ],
)
def test_what_the_loader_refuses_is_refused_at_its_field(
    session: Session, actors: People, fields: dict[str, str], place: str, word: str
) -> None:
    with pytest.raises(BadInput) as refused:
        amendments.write_element(session, actors["admin"], CODE, fields, reason="试", effective_from=today())
    assert refused.value.place == place
    assert word in refused.value.zh
    if place == "formula":
        line = refused.value.details["line"]
        assert refused.value.details["file"] == "planning/planning-permit.yaml"
        text = (CATALOGUE_DIR / "planning/planning-permit.yaml").read_text(encoding="utf-8")
        assert text.splitlines()[line - 1].strip().startswith(("formula:", "- code:"))
    assert not amendments.list_amendments(session, actors["admin"])


def test_a_rate_must_be_a_number_and_editions_may_not_overlap(session: Session, actors: People) -> None:
    with pytest.raises(BadInput) as refused:
        stamp_rate(session, actors["admin"], "万分之五")
    assert refused.value.place == "row-0-value"
    with pytest.raises(BadInput) as early:
        amendments.write_edition(
            session, actors["admin"], "stamp-duty", jurisdiction="全国", replaces=None,
            fields={"doc_no": "x", "valid_from": "2022-01-01", "evidence": "S"},
            rows=[dict(r) for r in load_catalogue().tariffs.tables["stamp-duty"].editions[-1].rows],
            reason="试", effective_from=today(),
        )  # fmt: skip
    assert early.value.place == "valid_from" and "重叠" in early.value.zh


def test_two_amendments_of_one_thing_do_not_swallow_each_other(session: Session, actors: People) -> None:
    one = amendments.write_element(
        session, actors["admin"], CODE, {"formula": FORMULA}, reason="试", effective_from=today()
    )
    two = amendments.write_element(
        session, actors["admin"], CODE, {"clause": "另一条"}, reason="试", effective_from=today()
    )
    agreed(session, actors, one.number)
    amendments.submit(session, actors["admin"], two.number)
    with pytest.raises(Conflict) as stale:
        amendments.approve(session, actors["admin2"], two.number)
    assert stale.value.code == "amendment_stale"
    assert rules.in_force(session).at(today()).entries[CODE].spec.formula == FORMULA


def test_an_amendment_is_laid_over_the_next_shipped_catalogue(
    session: Session, actors: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(session, actors, stamp_rate(session, actors["admin"], "0.1", LATER).number)
    files = read_files()
    name = "planning/planning-permit.yaml"
    files[name] = files[name].replace("formula: ZYD - DZDL - DZLD\n", f"formula: {FORMULA}\n", 1)
    newer = build(files)
    assert newer.version != load_catalogue().version
    monkeypatch.setattr(rules, "load_catalogue", lambda: newer)
    monkeypatch.setattr(rules, "read_files", lambda: files)
    held = rules.in_force(session, LATER)
    assert held.at(LATER).entries[CODE].spec.formula == FORMULA
    assert duty(session, LATER) == "1000.00"
    assert rules.in_force(session, today()) is newer


def test_the_export_is_a_patch_that_gives_the_same_rules(
    session: Session, actors: People, tmp_path: Path
) -> None:
    one = stamp_rate(session, actors["admin"], "0.1", today())
    agreed(session, actors, one.number)
    two = amendments.write_element(
        session, actors["admin"], CODE, {"formula": FORMULA}, reason="试", effective_from=today()
    )
    agreed(session, actors, two.number)
    for path, text in read_files().items():
        target = tmp_path / "elements" / "catalogue" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    patch = amendments.export_patch(session, actors["admin"])
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    patched = build(read_files(tmp_path / "elements" / "catalogue"))
    assert patched.version == rules.in_force(session).version == two.result
    with pytest.raises(NotFound):
        amendments.export_patch(session, actors["admin"], [10**6])


def test_a_pinned_project_keeps_its_rules(session: Session, actors: People, project_of) -> None:
    project = project_of("A")
    case = CaseOfProject(uuid.uuid4(), today())
    known = list(rules._lookups)
    rules.tell_cases_by(lambda _, asked: case if asked == project.id else None)
    try:
        first = rules.project_rules(session, project.id)
        assert first.pinned_by == case.case_id and first.day == today()
        agreed(session, actors, stamp_rate(session, actors["admin"], "0.1", today()).number)
        again = rules.project_rules(session, project.id)
        other = rules.project_rules(session, uuid.uuid4())
        assert again.catalogue.version == first.catalogue.version != other.catalogue.version
        assert other.pinned_by is None
    finally:
        rules._lookups[:] = known


def test_every_step_is_in_the_audit_chain(session: Session, actors: People) -> None:
    from project_box import repository
    from project_box.service import verify_audit

    found = stamp_rate(session, actors["admin"], "0.1")
    agreed(session, actors, found.number)
    kinds = [e.kind for e in repository.audit_events(session, limit=20, newest_first=True)]
    for step in ("saved", "previewed", "submitted", "approved"):
        assert f"rules.amendment_{step}" in kinds
    assert verify_audit(session) is None
    assert session.query(RuleForce).count() >= 2
