"""Many sites against all plan layers: 批量核查, on one machine or on a Dask cluster.

Sites are cut into portions of a fixed size, each portion is checked at once, and the answers are put together in the
order of the sites. What a site's answer holds does not depend on who computed it, so the output is the same to the byte
for any number of workers. docs/scaling.md says what was measured.

Helpers on this machine leave their answers in files: megabytes of them would squeeze through a pipe only when this
process, which checks portions too, has time to read it.
"""

from __future__ import annotations

import datetime as dt
import importlib
import multiprocessing
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gis.check.canonical import Answer
from gis.check.portion import Portion, check, check_into, load
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

#: sites in one portion of work; not the number of workers, so that the portions are always the same
PORTION = 100
#: portions given to a helping process ahead
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites of a file: numbers as in the file, areas as WKB in ``crs``, and which had to be repaired or left out."""

    crs: int
    numbers: tuple[int, ...]
    shapes: tuple[bytes, ...]
    repaired: frozenset[int]
    issues: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Promise:
    """Answers a helper will leave in a file: outcome and length of each come by themselves."""

    lengths: AsyncResult[list[tuple[Outcome | None, int]]]
    path: Path

    def answers(self) -> list[Answer]:
        """Wait for them, and read them."""
        told = self.lengths.get()
        with self.path.open("rb") as file:
            return [Answer(outcome, file.read(length)) for outcome, length in told]


#: answers of a portion, or a helper's promise of them
_Begun = _Promise | list[Answer]


def check_sites(
    url: str, sites: Sites, *, on: dt.date, workers: int = 1, scheduler: str | None = None
) -> Iterator[Answer]:
    """One canonical JSON document for each site, in the order of the file.

    Args:
        url: SQLAlchemy URL of the database; every worker opens its own connection.
        on: day of the check, the same for all.
        workers: processes on this machine, this one among them.
        scheduler: address of a Dask scheduler (``tcp://…``) instead; its workers need the platform and the database.

    Raises:
        BadInput: the scheduler cannot be used.
    """
    portions = [
        Portion(
            url,
            sites.crs,
            sites.numbers[n : n + PORTION],
            sites.shapes[n : n + PORTION],
            sites.repaired,
            on,
        )
        for n in range(0, len(sites.numbers), PORTION)
    ]
    if scheduler is not None:
        yield from _on_dask(scheduler, portions)
    elif workers == 1 or len(portions) == 1:
        yield from _in_turn(portions, 0, None)
    else:
        helpers = min(workers, len(portions)) - 1
        with TemporaryDirectory(prefix="project-box-batch-") as folder, _context().Pool(helpers) as pool:
            yield from _in_turn(portions, helpers, pool, Path(folder))


def _context() -> BaseContext:
    """How helpers are started: forked, with all that is needed loaded, where no other thread of this process could be
    caught holding a lock; else from a process of their own that loads it first."""
    if sys.platform == "linux" and threading.active_count() == 1:
        load()
        return multiprocessing.get_context("fork")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gis.check.batch_worker"])
    return context


def _in_turn(
    portions: Sequence[Portion], helpers: int, pool: Pool | None, folder: Path = Path()
) -> Iterator[Answer]:
    """Answers in order; this process checks portions too, after giving its helpers enough to do.

    When nothing is left to give, it checks what a helper has not come to yet, so that nobody waits for a late one.
    Files that have been read are given to helpers again.
    """
    waiting = deque(portions)
    free: list[Path] = []
    begun: deque[tuple[Portion, _Begun]] = deque()
    while waiting or begun:
        late = [n for n, (_, answers) in enumerate(begun) if not _is_ready(answers)]
        if pool is not None:
            for _ in range(min(len(waiting), _AHEAD * helpers - len(late))):
                path = free.pop() if free else folder / str(len(waiting))
                lengths = pool.apply_async(check_into, (waiting[0], path))
                begun.append((waiting.popleft(), _Promise(lengths, path)))
        if waiting:
            begun.append((waiting[0], check(waiting.popleft())))
        elif late:
            portion, _ = begun[late[-1]]
            begun[late[-1]] = portion, check(portion)
        while begun and _is_ready(begun[0][1]):
            _, first = begun.popleft()
            if isinstance(first, _Promise):
                yield from first.answers()
                free.append(first.path)
            else:
                yield from first


def _is_ready(begun: _Begun) -> bool:
    return not isinstance(begun, _Promise) or begun.lengths.ready()


def _on_dask(address: str, portions: Sequence[Portion]) -> Iterator[Answer]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise BadInput(
            "没有安装 distributed 包，不能使用 --scheduler",
            'the package "distributed" is not installed',
            code="package_missing",
            place="--scheduler",
            remedy='执行 pip install "project-box[cluster]"，或改用 --workers',
            remedy_en='run pip install "project-box[cluster]", or use --workers',
        ) from error
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInput(
            f"连不上调度器 {address}",
            f"cannot reach the scheduler {address}: {error}",
            code="scheduler_unreachable",
            place="--scheduler",
        ) from error
    with client:
        for future in client.map(check, portions, pure=False):
            for outcome, answer in future.result():  # named tuples and enumerations arrive as plain ones
                yield Answer(None if outcome is None else Outcome(outcome), answer)
