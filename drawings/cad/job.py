"""One reading of a DXF file: what is read, by which settings, what is told of it, and until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drawings.cad.source import Source
from drawings.issues import Collector
from drawings.reading import Reading


@dataclass(frozen=True, slots=True)
class Job:
    """What all parts of a reading share; ``deadline`` is a time of ``clock``, in seconds."""

    source: Source
    settings: Reading
    issues: Collector
    deadline: float
    clock: Callable[[], float]

    @property
    def late(self) -> bool:
        """True once its time is over."""
        return self.clock() > self.deadline


def begun(source: Source, settings: Reading, issues: Collector, clock: Callable[[], float]) -> Job:
    """A reading that begins now and has the seconds of its settings."""
    return Job(source, settings, issues, clock() + settings.limits.seconds, clock)
