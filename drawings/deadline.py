"""A bound on the time that understanding one drawing may take, looked at wherever content can make work longer."""

from __future__ import annotations

import time

_PATIENCE = 3.0  # on the clock, of what is allowed: other work may keep the processor busy


class OutOfTimeError(Exception):
    """The time allowed is over."""


class Deadline:
    """``seconds`` of this thread's processor time from now on, or three times as many on the clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()
        self._end = time.thread_time() + seconds
        self._end_of_patience = time.monotonic() + _PATIENCE * seconds

    @property
    def left(self) -> float:
        """Seconds on the clock that are left of ``seconds``, negative once they are over."""
        return self.seconds - (time.monotonic() - self._begun)

    def check(self) -> None:
        """Go on.

        Raises:
            OutOfTimeError: the time is over.
        """
        if time.thread_time() > self._end or time.monotonic() > self._end_of_patience:
            raise OutOfTimeError
