"""The plain text of an MTEXT: formatting removed, escapes decoded, one line per paragraph."""

from __future__ import annotations

import re

from ezdxf.tools.text import escape_dxf_line_endings
from ezdxf.tools.text import plain_mtext as _without_formatting

from drawings.cad.source import decode_escapes

_FORMATTED = re.compile(r"[\\{}^%]")
#: a stack whose lower or upper half is empty (m²): the caret stands right before the end of the stack
_HALF_STACK = re.compile(r"\\S([^;^#/\\]*)[\^#/]\s*;|\\S\s*[\^#/]([^;^#/\\]*);")
_RAISED = str.maketrans("23", "²³")


def plain_mtext(raw: str) -> str:
    r"""Content of an MTEXT.

    Character escapes (``\U+FF1A``) are decoded first: a formatting reader would take their backslash for a command and
    lose what follows.
    """
    text = decode_escapes(raw)
    if "\\S" in text:
        text = _HALF_STACK.sub(lambda m: (m.group(1) or m.group(2) or "").strip().translate(_RAISED), text)
    if _FORMATTED.search(text):
        text = str(_without_formatting(escape_dxf_line_endings(text)))
    return text.replace("\xa0", " ")
