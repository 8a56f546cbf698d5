"""好差评: five levels, only after the end, only once."""

from __future__ import annotations

import pytest

from approval.case import CaseState
from approval.rating import RATED_STATES, Satisfaction, check_rateable, satisfaction_of
from project_box.kernel.errors import BadInput, Conflict


def test_levels_by_code_and_by_name():
    names = [level.zh for level in Satisfaction]
    assert names == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    for level in Satisfaction:
        assert satisfaction_of(level.value) is satisfaction_of(f" {level.zh} ") is level
    assert [level.poor for level in Satisfaction] == [False, False, False, True, True]


@pytest.mark.parametrize("word", ["", "  ", "5", "还行", "VERY_SATISFIED", "x" * 500])
def test_other_words_are_refused(word):
    with pytest.raises(BadInput) as refused:
        satisfaction_of(word)
    assert refused.value.place == "level"
    assert len(refused.value.zh) < 60


@pytest.mark.parametrize("state", list(CaseState))
def test_only_ended_cases_and_only_once(state):
    if state in RATED_STATES:
        check_rateable(state, rated=False)
        with pytest.raises(Conflict, match="rated already"):
            check_rateable(state, rated=True)
    else:
        with pytest.raises(Conflict, match="after it has ended"):
            check_rateable(state, rated=False)
