"""A rule change over many projects: evaluate them all on several processes, in order, with progress.

Each project is evaluated on its own, so that the split into chunks cannot change a byte of the result. The processes
are forked and so share the catalogue and the projects in memory; where forking is not possible one does all the work.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elements.engine.engine import Catalogue, evaluate, load_catalogue
from elements.engine.values import ElementValue
from project_box.kernel.finding import Outcome

Inputs = Mapping[str, ElementValue]
#: projects a process takes at once
CHUNK = 100

#: for text, lists and None, which is all a line holds, this is canonical JSON
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_WORD = {None: None} | {outcome: outcome.value for outcome in Outcome}


@dataclass(frozen=True)
class Job:
    """What to evaluate: codes of the catalogue on a day."""

    codes: tuple[str, ...]
    at: dt.date


def outcome_line(catalogue: Catalogue, job: Job, inputs: Inputs) -> bytes:
    """One project's shown values, outcomes and missing inputs as canonical JSON."""
    found = evaluate(catalogue, inputs, job.at, job.codes, trace=False)
    rows: list[list[Any]] = [
        [e.code, e.display, _WORD[e.outcome], [m.code for m in e.missing]]
        for e in map(found.elements.__getitem__, job.codes)
    ]
    return _json([found.rule_version, rows]).encode()


@dataclass(frozen=True)
class _Shared:
    """What every process of a re-run has at hand."""

    catalogue: Catalogue
    job: Job
    projects: Sequence[Inputs]

    def lines(self, part: slice) -> list[bytes]:
        """The lines of one chunk."""
        return [outcome_line(self.catalogue, self.job, p) for p in self.projects[part]]


_shared: list[_Shared] = []


def _begin() -> None:
    gc.freeze()  # catalogue and projects stay; no need to look at them again and again
    gc.set_threshold(100_000)  # evaluating leaves next to no cycles behind


def _work(part: slice) -> list[bytes]:
    return _shared[0].lines(part)


def rerun(
    job: Job,
    projects: Sequence[Inputs],
    *,
    catalogue: Catalogue | None = None,
    processes: int = 2,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
) -> list[bytes]:
    """Evaluate all projects; one line per project, in their order, whatever the number of processes.

    Args:
        catalogue: the changed rules; the installed ones when left out.
        chunk: projects a process takes at once.
        progress: called with (done, total) after each chunk.
    """
    shared = _Shared(catalogue or load_catalogue(), job, projects)
    shared.catalogue.at(job.at).closure(job.codes)  # before the processes part, so that they share it
    tasks = [slice(start, start + chunk) for start in range(0, len(projects), chunk)]
    out: list[bytes] = []

    def collect(parts: Iterable[list[bytes]]) -> None:
        for part in parts:
            out.extend(part)
            if progress is not None:
                progress(len(out), len(projects))

    if processes <= 1 or len(tasks) <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        collect(map(shared.lines, tasks))
        return out
    _shared[:] = [shared]
    try:
        with multiprocessing.get_context("fork").Pool(min(processes, len(tasks)), _begin) as pool:
            collect(pool.imap(_work, tasks))
            pool.close()
            pool.join()
    finally:
        _shared.clear()
    return out
