"""States and actions of a case."""

from __future__ import annotations

import uuid

import pytest

from approval.case import RULES, Action, CaseState, action_of, allowed_actions, check_action, check_separation
from approval.clock import ClockKind
from project_box.kernel.errors import BadInput, Conflict, Forbidden
from project_box.kernel.identity import Role


def check(action: Action, state: CaseState, role: Role, opinion: str = "理由", corrections: int = 1) -> None:
    check_action(action, state, {role}, opinion=opinion, corrections=corrections)


def test_return_withdraw_and_correction_are_never_behind_a_gate() -> None:
    for action in (
        Action.RETURN,
        Action.WITHDRAW,
        Action.CORRECT,
        Action.REFUSE,
        Action.DENY,
        Action.DISAGREE,
    ):
        assert not RULES[action].forward
    assert {a for a in Action if RULES[a].forward} == {Action.ACCEPT, Action.AGREE, Action.APPROVE}


def test_withdrawal_is_open_until_the_decision() -> None:
    for state in (
        CaseState.SUBMITTED,
        CaseState.CORRECTION,
        CaseState.REVIEW,
        CaseState.SPECIAL,
        CaseState.DEFERRED,
    ):
        check(Action.WITHDRAW, state, Role.DEVELOPER, "")
    for state in (CaseState.DECIDED, CaseState.CLOSED, CaseState.DELIVERED, CaseState.RETURNED):
        with pytest.raises(Conflict):
            check(Action.WITHDRAW, state, Role.DEVELOPER)


def test_roles_are_kept_apart() -> None:
    with pytest.raises(Forbidden):
        check(Action.APPROVE, CaseState.REVIEW, Role.HANDLER)
    with pytest.raises(Forbidden):
        check(Action.ACCEPT, CaseState.SUBMITTED, Role.DEVELOPER)
    assert not RULES[Action.APPROVE].roles & RULES[Action.AGREE].roles


def test_reasons_and_lists_are_asked_for() -> None:
    with pytest.raises(BadInput) as error:
        check(Action.DENY, CaseState.REVIEW, Role.SIGNER, "  ")
    assert error.value.place == "opinion"
    with pytest.raises(BadInput) as error:
        check(Action.CORRECT, CaseState.SUBMITTED, Role.WINDOW, "", 0)
    assert error.value.place == "corrections"


def test_excluded_time_pauses_the_clock_and_is_told() -> None:
    for action in (Action.SPECIAL, Action.DEFER):
        rule = RULES[action]
        assert [kind for _, kind in rule.clock] == [ClockKind.PAUSE]
        assert rule.notice


def test_names() -> None:
    assert action_of("sign") is Action.APPROVE
    with pytest.raises(BadInput):
        action_of("fly")
    assert {s.zh for s in CaseState} >= {
        "待受理",
        "补正",
        "受理",
        "审查",
        "特别程序",
        "缓办",
        "决定",
        "办结",
        "送达",
        "退件",
        "撤回",
    }
    offered = allowed_actions(
        CaseState.SPECIAL, {Role.HANDLER}, [Action.AGREE, Action.RESUME, Action.CORRECT]
    )
    assert offered == [Action.RESUME]


def test_one_person_one_role() -> None:
    me, other = uuid.uuid4(), uuid.uuid4()
    check_separation(me, Role.REVIEWER, [(other, Role.HANDLER), (me, Role.REVIEWER)])
    with pytest.raises(Forbidden):
        check_separation(me, Role.SIGNER, [(me, Role.HANDLER)])
