"""The plain text of an MTEXT: formatting removed, escapes decoded, one line per paragraph."""

from __future__ import annotations

from ezdxf.tools.text import escape_dxf_line_endings
from ezdxf.tools.text import plain_mtext as _without_formatting

from drawings.cad.source import decode_escapes


def plain_mtext(raw: str) -> str:
    r"""Content of an MTEXT.

    Character escapes (``\U+FF1A``) are decoded first: a formatting reader would take their backslash for a command and
    lose what follows.
    """
    text = decode_escapes(raw)
    if any(c in text for c in "\\{}^%"):
        text = str(_without_formatting(escape_dxf_line_endings(text)))
    return text.replace("\xa0", " ")
