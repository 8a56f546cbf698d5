"""Expressions that people write into drawing standards, in the syntax of RE2: matched in time that grows with the text
only, so that no expression and no layer name can make a reader stand still. RE2 knows neither look-around nor
back-references; who needs them is told when the standard is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import re2

_SPECIAL = re.compile(r"[\\[^]")
#: an expression longer than this is refused
MOST_CHARACTERS = 500
#: a compiled expression may take this much (bytes)
_MEMORY = 1 << 20
#: so may all of a vocabulary together
_MEMORY_OF_MANY = 1 << 26


@lru_cache(maxsize=4096)
def _compiled(expression: str, *, any_case: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = not any_case
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = _MEMORY
    return re2.compile(expression, options)


def check(expression: str) -> str:
    """The expression itself.

    Raises:
        ValueError: too long, malformed, or beyond what RE2 knows; says what.
    """
    if len(expression) > MOST_CHARACTERS:
        raise ValueError(f"expression of {len(expression)} characters, at most {MOST_CHARACTERS}")
    if not expression.isprintable():
        raise ValueError("expression with control characters")
    try:
        _compiled(expression, any_case=True)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        hint = " (look-around and back-references are not supported)" if _is_beyond(reason) else ""
        raise ValueError(f"not a regular expression: {reason}{hint}") from error
    return expression


def _is_beyond(reason: str) -> bool:
    return "perl operator" in reason or "escape sequence" in reason


def whole(expression: str, text: str, *, any_case: bool = False) -> Mapping[str, str | None] | None:
    """Named groups if the expression matches the whole text, else None."""
    found = _compiled(expression, any_case=any_case).fullmatch(_clean(text))
    return None if found is None else found.groupdict()


def opening(expression: str, text: str, start: int) -> tuple[int, Mapping[str, str | None]] | None:
    """Where a match that begins at ``start`` ends, and its named groups; None if there is none."""
    found = _compiled(expression, any_case=True).match(text, start)
    return None if found is None else (found.end(), found.groupdict())


class Openings:
    """Several expressions looked for together, where one pass over the text says which of them may begin at a place."""

    def __init__(self, expressions: Sequence[str]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.dot_nl = True
        options.log_errors = False
        options.max_mem = _MEMORY_OF_MANY
        self._expressions = expressions
        self._together = re2.Set.MatchSet(options)
        for expression in expressions:
            self._together.Add(expression)
        self._together.Compile()

    def at(self, text: str, start: int) -> Iterator[tuple[int, int, Mapping[str, str | None]]]:
        """Number of each expression that matches from ``start`` on, where its match ends, its named groups."""
        for number in sorted(self._together.Match(text[start:]) or ()):
            found = opening(self._expressions[number], text, start)
            if found is not None:
                yield number, *found


def names(expression: str) -> frozenset[str]:
    """Names of the groups of an expression."""
    return frozenset(_compiled(expression, any_case=True).groupindex)


def anywhere(expression: str, text: str) -> bool:
    """True if the expression matches somewhere in the text."""
    return _compiled(expression, any_case=False).search(_clean(text)) is not None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def wildcard(pattern: str) -> str:
    """The expression for a wildcard: ``*``, ``?``, ``[abc]``, ``[!abc]`` and alternatives ``(X|Y)``."""
    closing = _brackets(pattern)
    out: list[str] = []
    depth = 0
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "*":
            out.append(".*")
        elif character == "?":
            out.append(".")
        elif character == "(" and position in closing:
            out.append("(?:")
            depth += 1
        elif character == ")" and position in closing.values():
            out.append(")")
            depth -= 1
        elif character == "|" and depth:
            out.append("|")
        elif character == "[" and (end := pattern.find("]", position + 2)) > 0:
            out.append(_characters(pattern[position + 1 : end]))
            position = end
        else:
            out.append(re2.escape(character))
        position += 1
    return "".join(out)


def _characters(inside: str) -> str:
    """What stands between square brackets of a wildcard."""
    negated, inside = ("^", inside[1:]) if inside.startswith("!") else ("", inside)
    return "[" + negated + _SPECIAL.sub(r"\\\g<0>", inside) + "]"


def _brackets(pattern: str) -> dict[int, int]:
    """Places of round brackets that belong together: opening → closing."""
    open_at: list[int] = []
    pairs: dict[int, int] = {}
    for place, character in enumerate(pattern):
        if character == "(":
            open_at.append(place)
        elif character == ")" and open_at:
            pairs[open_at.pop()] = place
    return pairs
