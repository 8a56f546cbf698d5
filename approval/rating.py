"""好差评: how satisfied the applicant was, once per case, after it has ended.

Five levels of 国办发〔2019〕51号 (政务服务“好差评”制度): 非常满意, 满意, 基本满意, 不满意, 非常不满意;
the last two are 差评.
"""

from __future__ import annotations

from enum import StrEnum

from approval.case import CaseState
from project_box.kernel.errors import BadInput, Conflict


class Satisfaction(StrEnum):
    """满意度, best first."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    FAIR = "fair"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """English word."""
        return _NAMES[self][1]

    @property
    def poor(self) -> bool:
        """True for 差评."""
        return self in (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)


_NAMES = {
    Satisfaction.VERY_SATISFIED: ("非常满意", "Very satisfied"),
    Satisfaction.SATISFIED: ("满意", "Satisfied"),
    Satisfaction.FAIR: ("基本满意", "Fairly satisfied"),
    Satisfaction.DISSATISFIED: ("不满意", "Dissatisfied"),
    Satisfaction.VERY_DISSATISFIED: ("非常不满意", "Very dissatisfied"),
}

#: states in which a case has ended by the bureau's work; a case the applicant took back is not rated
RATED_STATES = frozenset({CaseState.CLOSED, CaseState.DELIVERED, CaseState.RETURNED})


def satisfaction_of(word: str) -> Satisfaction:
    """The level called ``word`` (its code or its Chinese name).

    Raises:
        BadInput: there is no such level.
    """
    wanted = word.strip()
    for level in Satisfaction:
        if wanted in (level.value, level.zh):
            return level
    raise BadInput(
        "请选择满意程度" if not wanted else f"没有“{wanted[:20]}”这个满意程度",
        "choose one of the five levels of satisfaction", code="no_such_level", place="level",
        remedy="从 " + "、".join(level.zh for level in Satisfaction) + " 中选择",
        remedy_en="choose one of " + ", ".join(level.value for level in Satisfaction),
        details={"levels": [level.value for level in Satisfaction]},
    )  # fmt: skip


def check_rateable(state: CaseState, *, rated: bool) -> None:
    """A case is rated once, after it has ended.

    Raises:
        Conflict: it has not ended, or is rated already.
    """
    if state not in RATED_STATES:
        raise Conflict(
            f"办件处于“{state.zh}”状态，办结后才能评价", f"case is {state}, it is rated after it has ended",
            code="not_ended",
        )  # fmt: skip
    if rated:
        raise Conflict("本件已经评价过，每件只能评价一次", "the case is rated already", code="rated")
