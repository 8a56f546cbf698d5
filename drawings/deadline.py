"""A bound on the time that understanding one drawing may take, looked at wherever content can make work longer."""

from __future__ import annotations

import time


class OutOfTimeError(Exception):
    """The time allowed is over."""


class Deadline:
    """``seconds`` from now on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, negative once it is over."""
        return self._end - time.monotonic()

    def check(self) -> None:
        """Go on.

        Raises:
            OutOfTimeError: the time is over.
        """
        if time.monotonic() > self._end:
            raise OutOfTimeError
