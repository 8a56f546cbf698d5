"""Items and processes: what is shipped loads; what is wrong is refused with file and line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from approval import form
from approval.item import CATALOGUE, build, from_definition, load_item, load_items
from approval.process import RunningProcess
from approval.process_file import read_process
from project_box.kernel.errors import BadInput, CatalogueError, Conflict

PERMIT = CATALOGUE / "planning-permit"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "planning-permit"
    shutil.copytree(PERMIT, target)
    return target


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_shipped_items_load_and_keep_their_hash() -> None:
    items = load_items()
    assert list(items) == ["planning-permit", "construction-permit"]
    for version in items.values():
        again = from_definition(version.definition, version.process.bpmn, version.hash)
        assert build(again.item, again.process).hash == version.hash
        assert re.fullmatch(r"[0-9a-f]{64}", version.hash)
        assert not version.item.result.numbering.verified


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("item.yaml", "stage: design", "stage: nowhere", "stage"),
        ("item.yaml", "gates: [materials], days: 5", "gates: [weather], days: 5", "unknown gates"),
        ("item.yaml", "validator: phone", "validator: telepathy", "unknown validator"),
        ("item.yaml", "{seq:07d}", "{seq.__class__}", "seq.__class__"),
        ("item.yaml", "GG{seq:07d}", "GG", "needs {seq}"),
        ("item.yaml", "  deliver: {role: window", "  hand_over: {role: window", "differ"),
        ("item.yaml", "actions: [accept, correct, refuse]", "actions: [accept, correct, approve]", "not for window"),
        ("item.yaml", "code: planning-permit", "code: other-permit", "folder"),
        ("item.yaml", "code: authorization", "code: land_right", "twice"),
        ("item.yaml", "evaluations: true", "evaluations: false", "engagements_delivered"),
        ("item.yaml", "version: \"2026.1\"", "version: \"2026.1\"\nversion: \"2026.2\"", "duplicate key"),
        ("process.bpmn", "action == 'return'", "__import__('os').system('id')", "is not a comparison"),
        ("process.bpmn", 'name="joint_review_closed"', 'name="moon_rise"', "unknown message"),
        ("process.bpmn", 'messageRef="message_joint_review"', "", "names no message"),
        ("process.bpmn", 'sourceRef="deliver" targetRef="end"', 'sourceRef="deliver" targetRef="deliver"', ""),
        ("process.bpmn", "<bpmn:process", "<bpmn:prozess", "XML"),
        ("process.bpmn", "<bpmn:incoming>f1<", "<bpmn:inbound /><bpmn:incoming>f1<", "BPMN"),
        ("process.bpmn", "</bpmn:definitions>", "", "XML"),
    ],
)  # fmt: skip
def test_faults_are_refused_and_named(folder: Path, name: str, old: str, new: str, says: str) -> None:
    change(folder, name, old, new)
    with pytest.raises(CatalogueError) as error:
        load_item(folder)
    assert says in error.value.en or says in error.value.zh
    assert name in (error.value.place or "") or "item.yaml" in (error.value.place or "")


def test_any_change_changes_the_hash(folder: Path) -> None:
    before = load_item(folder).hash
    change(folder, "item.yaml", "committed: {days: 10", "committed: {days: 9")
    assert load_item(folder).hash != before


def test_a_stored_definition_of_older_code_still_loads_under_its_hash() -> None:
    version = load_items()["planning-permit"]
    older = {k: v for k, v in version.definition.items() if k != "notice_series"}
    kept = from_definition(older, version.process.bpmn, "0" * 64)
    assert kept.hash == "0" * 64
    assert kept.item.notice_series == ""


def test_scripts_in_a_process_are_refused() -> None:
    text = (PERMIT / "process.bpmn").read_text(encoding="utf-8")
    script = text.replace('<bpmn:userTask id="sign" name="签发">', '<bpmn:scriptTask id="sign" name="签发">')
    script = re.sub(
        r'(id="sign".*?)</bpmn:userTask>', r"\1</bpmn:scriptTask>", script, count=1, flags=re.DOTALL
    )
    with pytest.raises(CatalogueError) as error:
        read_process(script)
    assert "scriptTask is not supported" in error.value.en


def test_entities_in_xml_are_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    with pytest.raises(CatalogueError):
        read_process(bomb)


def test_a_process_survives_being_stored_between_all_steps() -> None:
    model = load_items()["planning-permit"].process
    running = RunningProcess.start(model)

    def stored() -> RunningProcess:
        return RunningProcess.load(running.dump())

    assert running.ready() == ["accept"]
    with pytest.raises(Conflict):
        running.complete("sign", "approve")
    running.complete("accept", "accept")
    running = stored()
    assert (running.ready(), sorted(running.waiting())) == (["handle"], ["engagements", "joint_review"])
    assert not running.send("nobody_waits_for_this")
    assert running.send("engagements_delivered")
    running = stored()
    assert not running.send("engagements_delivered")
    running.complete("handle", "agree")
    assert running.ready() == []
    running = stored()
    assert running.send("joint_review_closed")
    for step, action in (
        ("review", "return"), ("recheck", "agree"), ("review", "agree"), ("sign", "return"), ("recheck", "disagree"),
        ("review", "disagree"), ("sign", "deny"), ("deliver", "deliver"),
    ):  # fmt: skip
        running = stored()
        assert running.ready() == [step]
        running.complete(step, action)
    assert running.finished


def test_form_is_prefilled_and_checked_by_field() -> None:
    item = load_items()["planning-permit"].item
    known = {
        "project": {"name": "样例花园", "code": "2601-430104-04-01-000001"},
        "indicator": {"ZJZ": "100.50"},
    }
    values = form.prefill(item, known)
    assert (values["project_name"], values["gfa"], values["phone"]) == ("样例花园", "100.50", "")
    faults = {f.code: f.message for f in form.check(item, values, known) if f.outcome == "fail"}
    assert "form.phone" in faults
    assert "form.gfa" not in faults
    differs = {f.code: f.outcome for f in form.check(item, {**values, "gfa": "99"}, known)}
    assert differs["form.gfa"] == "note"
    for bad in ({"nope": "1"}, {"phone": ["1"]}, {"phone": "1" * 21}, {"applicant": "a\x00b"}):
        with pytest.raises(BadInput):
            form.accept(item, bad)
    gfa = next(f for f in item.fields if f.code == "gfa")
    for wrong in ("NaN", "一百", "-1", "1e999999"):
        fault = form.check_field(gfa, wrong)
        assert wrong == "1e999999" or (fault is not None and "数字" in fault[0])
