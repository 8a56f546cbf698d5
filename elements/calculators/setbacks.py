"""Setback limits 退让 of planning conditions: which distance holds for which side, read from a map or a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine.limits import NoLimit, read_limit
from elements.engine.values import Missing, Undecided

ALL = "各边"
#: sides by where the road is, as conditions name them
FACES = {"front": "前侧", "rear": "后侧", "left": "左侧", "right": "右侧"}
_FACE_WORDS = {"临路侧": "前侧", "临街侧": "前侧", "前界": "前侧", "后界": "后侧"}
_LINES = ("道路红线", "建筑控制线", "绿线", "蓝线")
_TOKEN = re.compile(
    "(?P<below>地下)|(?P<line>道路红线|建筑控制线|(?:城市)?绿线|(?:河道|城市)?蓝线)"
    "|(?P<face>临路侧|临街侧|前侧|后侧|左侧|右侧|前界|后界)"
    "|(?P<side>东北|东南|西北|西南|东|南|西|北)|(?P<all>各边|各侧|四周|周边|用地红线|用地边界)"
)


@dataclass(frozen=True, slots=True)
class SetbackLimit:
    """One demand: the side or line it is about (``各边`` for all), basements or buildings, and the limit (m)."""

    side: str
    below: bool
    limit: Mapping[str, Any]
    text: str

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether a measured side is meant: by its compass word, by where the road is, by the line it runs along, or as
        one of all."""
        if self.side == ALL:
            return True
        face = FACES.get(str(row.get("position") or ""), "")
        return self.side in (str(row["side"]), str(row.get("adjacent") or ""), face)


def read_setback_limits(given: Mapping[str, Any]) -> list[SetbackLimit]:
    """Demands from a limit record with words, or from a plain map side → distance.

    ``东=5,道路红线≥10``, ``北侧不小于10m；南侧≥15m``, ``退让≥8m``, ``地下室各边≥3``, ``{"东": 5}``. A bare
    distance is the least one.

    Raises:
        Undecided: a part that cannot be read.
    """
    if "operator" not in given:
        return [demand for key, value in given.items() for demand in _read(f"{key}:{value}")]
    operator = str(given.get("operator"))
    if operator == "none":
        return []
    text = str(given.get("text") or given.get("value") or "")
    if operator not in ("text", "in", "="):
        named = _TOKEN.search(text)
        if named is None:
            return [SetbackLimit(ALL, False, _least(dict(given)), text)]
    out: list[SetbackLimit] = []
    waiting = ""
    for part in re.split(r"[;；,，。、\n]+", text):
        if not part.strip():
            continue
        waiting = f"{waiting}{part.strip()}"
        if re.search(r"\d", waiting):
            out += _read(waiting)
            waiting = ""
    if waiting or not out:
        raise _unread(waiting or text)
    return out


def _unread(text: str) -> Undecided:
    return Undecided(
        Missing(
            "TJ_TR", "退让要求", f"退让要求“{text[:60]}”不能识别", f"setback {text[:60]!r} cannot be read"
        )
    )


def _least(limit: dict[str, Any]) -> dict[str, Any]:
    return {**limit, "operator": ">="} if limit.get("operator") in ("bare", "=") else limit


def _read(text: str) -> list[SetbackLimit]:
    number = re.search(r"[<>=≤≥]*\s*\d", text)
    before = text[: number.start()] if number is not None else text
    try:
        limit = _least(read_limit(text, "m"))
    except NoLimit as error:
        raise _unread(text) from error
    if limit.get("value") is None or Decimal(limit["value"]) < 0:
        raise _unread(text)
    below = False
    sides: list[str] = []
    for match in _TOKEN.finditer(before):
        below = below or match.group("below") is not None
        line = match.group("line")
        word = next((w for w in _LINES if line and line.endswith(w)), None) or match.group("side")
        face = match.group("face")
        word = word or (_FACE_WORDS.get(face, face) if face else None)
        if word is not None:
            sides.append(word)
    named = sides or [ALL]
    if ALL not in named and len(named) > 1 and any(n in _LINES for n in named):
        named = [n for n in named if n in _LINES]  # 北侧退让道路红线: the line is what counts
    return [SetbackLimit(side, below, limit, text) for side in dict.fromkeys(named)]
