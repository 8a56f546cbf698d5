"""How far an import 导入 has come, as it is told to whoever waits for it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What an import is at: features are read, repaired and written at a time; then the last ones are only written."""

    READING = "reading"
    WRITING = "writing"
    CLOSING = "closing"  # the version is made current


@dataclass(frozen=True, slots=True)
class Progress:
    """Numbers of features so far; ``total`` as the file states it."""

    stage: Stage
    total: int
    read: int = 0
    repaired: int = 0
    dropped: int = 0
    written: int = 0

    def seconds_left(self, seconds: float) -> float | None:
        """How long it will still take after ``seconds``; None while there is nothing to go by."""
        kept = max(self.total - self.dropped, 0)
        if self.written == 0 or kept < self.written:
            return None
        return seconds * (kept - self.written) / self.written


#: called now and then; what it raises ends the import, which then leaves nothing
Tell = Callable[[Progress], None]
