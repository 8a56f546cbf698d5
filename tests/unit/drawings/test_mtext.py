"""Formatting of MTEXT is removed as ezdxf removes it."""

from __future__ import annotations

import pytest
from ezdxf.tools.text import plain_mtext as by_ezdxf
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.cad.mtext import plain_mtext

_COMMANDS = (
    r"\P|\N|\X|\~|{|}|\{|\}|\\|\H0.7x;|\H2.5|\W|\Q-15;|\T1.1;|\C1;|\c255|\A1;|\fSimSun,b0,c134;|\Ftxt|\pxqc;|\pi1,l2,t3;"
    r"|\L|\l|\O|\o|\K|\k|^I|^M|^ |^|%%c|%%D|%%%p|%%|%|;|x|1|.5|e3|甲|\m|\z|\S1#2;|\S1\;#3;"
)
_PIECES = st.sampled_from([*_COMMANDS.split("|"), "\t", "\a", " ", "\r"])


@given(st.lists(_PIECES, max_size=9))
@settings(max_examples=400, deadline=None)
def test_formatting_is_removed_as_ezdxf_removes_it(pieces: list[str]) -> None:
    raw = "{" + "".join(pieces)  # without any sign of formatting nothing is looked at
    assert plain_mtext(raw) == by_ezdxf(raw.replace("\r", ""))


@pytest.mark.parametrize(
    "raw, shown",
    [
        (r"m\S2^ ;", "m²"),
        (r"\U+9762\U+79EF: 12\P", "面积: 12"),
        ("a\\", "a "),
        (r"\Sa" + "\\", "a"),  # a stack that breaks off: ezdxf raises
        (r"\A", ""),
    ],
)
def test_what_ezdxf_cannot_read_or_reads_as_a_limit(raw: str, shown: str) -> None:
    assert plain_mtext(raw) == shown
