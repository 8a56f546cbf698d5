"""A rule change over many projects: evaluate them all on several processes, in order, with progress.

Each project is evaluated on its own, so that the split into chunks cannot change a byte of the result.
"""

from __future__ import annotations

import datetime as dt
import gc
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elements.engine import Catalogue, evaluate, load_catalogue
from elements.values import ElementValue
from project_box.kernel.plain import canonical_json

Inputs = Mapping[str, ElementValue]
#: projects handed to a process at once
CHUNK = 100


@dataclass(frozen=True)
class Job:
    """What to evaluate: codes of the catalogue on a day."""

    codes: tuple[str, ...]
    at: dt.date


def outcome_line(catalogue: Catalogue, job: Job, inputs: Inputs) -> bytes:
    """One project's values and outcomes as canonical JSON."""
    found = evaluate(catalogue, inputs, job.at, job.codes)
    rows: list[list[Any]] = [
        [e.code, e.display, e.outcome.value if e.outcome is not None else None, [m.code for m in e.missing]]
        for e in (found[c] for c in job.codes)
    ]
    return canonical_json([found.rule_version, rows])


@dataclass
class _Shared:
    """What every process of a re-run has at hand."""

    job: Job
    projects: Sequence[Inputs]


_shared: list[_Shared] = []


def _begin(job: Job, projects: Sequence[Inputs]) -> None:
    _shared[:] = [_Shared(job, projects)]
    load_catalogue()
    gc.freeze()  # catalogue and projects stay; no need to look at them again and again


def _work(start: int) -> list[bytes]:
    catalogue, shared = load_catalogue(), _shared[0]
    return [outcome_line(catalogue, shared.job, p) for p in shared.projects[start : start + CHUNK]]


def rerun(
    job: Job,
    projects: Sequence[Inputs],
    *,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[bytes]:
    """Evaluate all projects; one line per project, in their order, whatever the number of processes.

    Args:
        progress: called with (done, total) after each chunk.
    """
    load_catalogue()  # before the processes part, so that they share it
    tasks = range(0, len(projects), CHUNK)
    out: list[bytes] = []

    def collect(parts: Iterator[list[bytes]]) -> None:
        for part in parts:
            out.extend(part)
            if progress is not None:
                progress(len(out), len(projects))

    if processes <= 1:
        _shared[:] = [_Shared(job, projects)]
        collect(map(_work, tasks))
        _shared.clear()
        return out
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with multiprocessing.get_context(method).Pool(processes, _begin, (job, projects)) as pool:
        collect(pool.imap(_work, tasks))
    return out
