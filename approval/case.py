"""办件: the states of a case and the actions that move it, in the law's words.

A gate guards forward moves only: 退回, 撤回, 补正 and 不予受理 are always open (their rules have
``forward=False``), so a case with failing checks can always be given back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from approval.clock import ClockKind
from project_box.kernel.errors import BadInput, Conflict, Forbidden
from project_box.kernel.identity import Role


class CaseState(StrEnum):
    """办件状态."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CORRECTION = "correction"
    ACCEPTED = "accepted"
    REVIEW = "review"
    SPECIAL = "special"
    DEFERRED = "deferred"
    DECIDED = "decided"
    CLOSED = "closed"
    DELIVERED = "delivered"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return _STATE_NAMES[self][0]

    @property
    def en(self) -> str:
        """English word."""
        return _STATE_NAMES[self][1]

    @property
    def final(self) -> bool:
        """True when nothing more can happen."""
        return self in (CaseState.DELIVERED, CaseState.RETURNED, CaseState.WITHDRAWN)


_STATE_NAMES = {
    CaseState.DRAFT: ("草稿", "Draft"),
    CaseState.SUBMITTED: ("待受理", "Awaiting acceptance"),
    CaseState.CORRECTION: ("补正", "Awaiting corrections"),
    CaseState.ACCEPTED: ("受理", "Accepted"),
    CaseState.REVIEW: ("审查", "Under review"),
    CaseState.SPECIAL: ("特别程序", "Special procedure"),
    CaseState.DEFERRED: ("缓办", "Deferred"),
    CaseState.DECIDED: ("决定", "Decided"),
    CaseState.CLOSED: ("办结", "Closed"),
    CaseState.DELIVERED: ("送达", "Delivered"),
    CaseState.RETURNED: ("退件", "Not accepted"),
    CaseState.WITHDRAWN: ("撤回", "Withdrawn"),
}


class TaskState(StrEnum):
    """The five states of a task: "nobody looked" is not the same as "looked, incomplete"."""

    NOT_STARTED = "not_started"
    BLOCKED = "blocked"
    ACTIVE = "active"
    WAITING_CORRECTION = "waiting_correction"
    DONE = "done"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return _TASK_NAMES[self][0]

    @property
    def en(self) -> str:
        """English word."""
        return _TASK_NAMES[self][1]


_TASK_NAMES = {
    TaskState.NOT_STARTED: ("未开始", "Not started"),
    TaskState.BLOCKED: ("暂不可办", "Not yet possible"),
    TaskState.ACTIVE: ("办理中", "In progress"),
    TaskState.WAITING_CORRECTION: ("待补正", "Awaiting corrections"),
    TaskState.DONE: ("已完成", "Done"),
}


class Decision(StrEnum):
    """决定."""

    APPROVED = "approved"
    DENIED = "denied"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return {"approved": "准予许可", "denied": "不予许可"}[self.value]


class Action(StrEnum):
    """What can be done with a case."""

    SUBMIT = "submit"
    ACCEPT = "accept"
    CORRECT = "correct"
    REFUSE = "refuse"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"
    AGREE = "agree"
    DISAGREE = "disagree"
    RETURN = "return"
    SPECIAL = "special"
    DEFER = "defer"
    RESUME = "resume"
    EXTEND = "extend"
    APPROVE = "approve"
    DENY = "deny"
    DELIVER = "deliver"

    @property
    def zh(self) -> str:
        """The word on the button."""
        return RULES[self].zh

    @property
    def en(self) -> str:
        """English word on the button."""
        return RULES[self].en


class ClockName(StrEnum):
    """Which of a case's two clocks: until acceptance (5 working days), and from acceptance to decision."""

    ACCEPTANCE = "acceptance"
    HANDLING = "handling"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action needs and does.

    Attributes:
        zh, en: words on the button.
        sources: states in which it is allowed.
        target: state afterwards; None means unchanged (the process moves, the case does not).
        roles: who may do it.
        forward: True when gates guard it.
        needs: ``opinion`` (a written one) or ``corrections`` (at least one entry).
        clock: (clock, event) pairs it writes.
        notice: kind of notice it sends.
        basis: clause.
    """

    zh: str
    en: str
    sources: frozenset[CaseState]
    target: CaseState | None
    roles: frozenset[Role]
    forward: bool = False
    needs: frozenset[str] = frozenset()
    clock: tuple[tuple[ClockName, ClockKind], ...] = ()
    notice: str | None = None
    basis: str = ""


_S = CaseState
_HANDLING = frozenset({_S.REVIEW})
_OPEN = frozenset({_S.SUBMITTED, _S.CORRECTION, _S.REVIEW, _S.SPECIAL, _S.DEFERRED})
_REASON = frozenset({"opinion"})

RULES: dict[Action, Rule] = {
    Action.SUBMIT: Rule(
        "提交", "Submit", frozenset({_S.DRAFT}), _S.SUBMITTED, frozenset({Role.DEVELOPER}),
        clock=((ClockName.ACCEPTANCE, ClockKind.START),), basis="行政许可法第二十九条",
    ),
    Action.ACCEPT: Rule(
        "受理", "Accept", frozenset({_S.SUBMITTED}), _S.ACCEPTED, frozenset({Role.WINDOW}), forward=True,
        clock=((ClockName.ACCEPTANCE, ClockKind.STOP), (ClockName.HANDLING, ClockKind.START)),
        notice="acceptance", basis="行政许可法第三十二条第一款第（五）项",
    ),
    Action.CORRECT: Rule(
        "补正告知", "Ask for corrections", frozenset({_S.SUBMITTED, _S.REVIEW}), _S.CORRECTION,
        frozenset({Role.WINDOW, Role.HANDLER, Role.REVIEWER}), needs=frozenset({"corrections"}),
        notice="correction", basis="行政许可法第三十二条第一款第（四）项",
    ),
    Action.REFUSE: Rule(
        "不予受理", "Do not accept", frozenset({_S.SUBMITTED, _S.CORRECTION}), _S.RETURNED,
        frozenset({Role.WINDOW}), needs=_REASON, clock=((ClockName.ACCEPTANCE, ClockKind.STOP),),
        notice="refusal", basis="行政许可法第三十二条第一款第（一）（二）项",
    ),
    Action.RESUBMIT: Rule(
        "提交补正", "Hand in corrections", frozenset({_S.CORRECTION}), None, frozenset({Role.DEVELOPER}),
        basis="行政许可法第三十二条第一款第（五）项",
    ),
    Action.WITHDRAW: Rule(
        "撤回", "Withdraw", _OPEN, _S.WITHDRAWN, frozenset({Role.DEVELOPER}), basis="申请人自愿撤回",
    ),
    Action.AGREE: Rule(
        "同意", "Agree", _HANDLING, None, frozenset({Role.HANDLER, Role.REVIEWER}), forward=True,
    ),
    Action.DISAGREE: Rule(
        "拟不予许可", "Recommend denial", _HANDLING, None, frozenset({Role.HANDLER, Role.REVIEWER}), needs=_REASON,
        basis="行政许可法第三十八条第二款",
    ),
    Action.RETURN: Rule(
        "退回", "Return", _HANDLING, None, frozenset({Role.REVIEWER, Role.SIGNER}), needs=_REASON,
    ),
    Action.SPECIAL: Rule(
        "特别程序", "Special procedure", _HANDLING, _S.SPECIAL, frozenset({Role.HANDLER}), needs=_REASON,
        clock=((ClockName.HANDLING, ClockKind.PAUSE),), notice="special", basis="行政许可法第四十五条",
    ),
    Action.DEFER: Rule(
        "缓办", "Defer", _HANDLING, _S.DEFERRED, frozenset({Role.REVIEWER, Role.SIGNER}), needs=_REASON,
        clock=((ClockName.HANDLING, ClockKind.PAUSE),), notice="deferral",
    ),
    Action.RESUME: Rule(
        "恢复办理", "Resume", frozenset({_S.SPECIAL, _S.DEFERRED}), _S.REVIEW,
        frozenset({Role.HANDLER, Role.REVIEWER, Role.SIGNER}),
        clock=((ClockName.HANDLING, ClockKind.RESUME),),
    ),
    Action.EXTEND: Rule(
        "延长期限", "Extend the limit", _HANDLING, None, frozenset({Role.SIGNER}), needs=_REASON,
        clock=((ClockName.HANDLING, ClockKind.EXTEND),), notice="extension", basis="行政许可法第四十二条第一款",
    ),
    Action.APPROVE: Rule(
        "签发（准予许可）", "Sign (grant)", _HANDLING, _S.DECIDED, frozenset({Role.SIGNER}), forward=True,
        clock=((ClockName.HANDLING, ClockKind.STOP),), notice="approval",
        basis="行政许可法第三十八条第一款",
    ),
    Action.DENY: Rule(
        "不予许可", "Deny", _HANDLING, _S.DECIDED, frozenset({Role.SIGNER}), needs=_REASON,
        clock=((ClockName.HANDLING, ClockKind.STOP),), notice="denial", basis="行政许可法第三十八条第二款",
    ),
    Action.DELIVER: Rule(
        "送达", "Deliver", frozenset({_S.CLOSED}), _S.DELIVERED, frozenset({Role.WINDOW}),
        basis="行政许可法第四十四条",
    ),
}  # fmt: skip

#: other names under which programs may ask for an action
ALIASES = {"sign": Action.APPROVE, "reject": Action.REFUSE, "deliver_licence": Action.DELIVER}


def action_of(name: str) -> Action:
    """The action called ``name``.

    Raises:
        BadInput: there is no such action.
    """
    try:
        return ALIASES.get(name) or Action(name)
    except ValueError:
        raise BadInput(
            f"没有“{name[:40]}”这个操作", f"no action {name[:40]!r}", place="action",
            details={"actions": [a.value for a in Action]},
        ) from None  # fmt: skip


def check_action(
    action: Action, state: CaseState, roles: Iterable[Role], *, opinion: str, corrections: int
) -> Rule:
    """The rule of an action that is allowed here.

    Args:
        action: what is asked for.
        state: the case's state.
        roles: the actor's roles.
        opinion: written opinion or reason.
        corrections: number of correction entries given.

    Raises:
        Forbidden: not for these roles.
        Conflict: not in this state.
        BadInput: an opinion or corrections are needed.
    """
    rule = RULES[action]
    if not rule.roles & set(roles):
        who = "、".join(sorted(r.zh for r in rule.roles))
        raise Forbidden(f"“{rule.zh}”只能由{who}办理", f"{action} is for {', '.join(sorted(rule.roles))}")
    if state not in rule.sources:
        raise Conflict(f"办件处于“{state.zh}”状态，不能{rule.zh}", f"case is {state}, cannot {action}")
    if "opinion" in rule.needs and not opinion.strip():
        raise BadInput(f"{rule.zh}须写明理由", f"{action} needs a written reason", place="opinion")
    if "corrections" in rule.needs and corrections == 0:
        raise BadInput("补正告知须一次列出全部补正内容", "list at least one correction", place="corrections")
    return rule


def allowed_actions(state: CaseState, roles: Iterable[Role], offered: Iterable[Action]) -> list[Action]:
    """Those of ``offered`` that the roles may take in this state."""
    mine = set(roles)
    return [a for a in offered if state in RULES[a].sources and RULES[a].roles & mine]


def check_separation(person: uuid.UUID, role: Role, done: Iterable[tuple[uuid.UUID, Role]]) -> None:
    """Nobody signs off their own work: one person takes one role in a case.

    Args:
        person: who is about to act, in ``role``.
        done: (person, role) of the tasks of this case that are finished.

    Raises:
        Forbidden: the person has acted in this case in another role (窗口 excepted at 送达).
    """
    for other, other_role in done:
        if other == person and other_role is not role:
            raise Forbidden(
                f"您已以“{other_role.zh}”身份办理过本件，不能再以“{role.zh}”身份办理",
                f"already acted as {other_role} in this case, cannot act as {role}",
                code="separation_of_duties",
            )
