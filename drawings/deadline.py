"""A bound on the time that understanding one drawing may take, looked at wherever content can make work longer."""

from __future__ import annotations

import time

_PATIENCE = (
    1.5  # on the clock, of what is allowed: other work may keep the processor busy, but a minute is a minute
)
_PAUSE = 0.02  # seconds between two looks at the processor's clock, which takes longer to read than the one on the wall


class OutOfTimeError(Exception):
    """The time allowed is over."""


class Deadline:
    """``seconds`` of this thread's processor time from now on, or half as many again on the clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()
        self._end = time.thread_time() + seconds
        self._end_of_patience = self._begun + _PATIENCE * seconds
        self._look = self._begun

    @property
    def left(self) -> float:
        """Seconds that are left, negative once they are over; while others keep the processor busy they last longer."""
        on_the_clock = (self._end_of_patience - time.monotonic()) / _PATIENCE
        return min(self._end - time.thread_time(), on_the_clock)

    def check(self) -> None:
        """Go on.

        Raises:
            OutOfTimeError: the time is over.
        """
        now = time.monotonic()
        if now < self._look:
            return
        if time.thread_time() > self._end or now > self._end_of_patience:
            raise OutOfTimeError
        self._look = now + _PAUSE
