"""Many sites against all plan layers: 批量核查, on one machine or on a Dask cluster.

Sites are cut into portions of a fixed size, each portion is checked at once, and the answers are put together in the
order of the sites. What a site's answer holds does not depend on who computed it, so the output is the same to the byte
for any number of workers. docs/scaling.md says what was measured.
"""

from __future__ import annotations

import datetime as dt
import importlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from gis.check.canonical import Answer
from gis.check.helper import Helper, Promise, helpers
from gis.check.portion import Portion, check, load
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

#: sites in one portion of work; not the number of workers, so that the portions are always the same
PORTION = 100
#: portions, for each process, that are kept until one before them is there
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites of a file: numbers as in the file, areas as WKB in ``crs``, and which had to be repaired or left out."""

    crs: int
    numbers: tuple[int, ...]
    shapes: tuple[bytes, ...]
    repaired: frozenset[int]
    issues: tuple[dict[str, Any], ...]


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
    else:
        load()
        with helpers(min(workers, len(portions)) - 1, portions) as others:
            yield from _in_turn(portions, others)


def _in_turn(portions: Sequence[Portion], others: Sequence[Helper]) -> Iterator[Answer]:
    """Answers in order; this process checks portions too, after giving its helpers enough to do.

    What a helper has promised it checks itself when nothing else is left, so that nobody waits for a late one, and when
    too much would have to be kept until the helper is ready.
    """
    waiting = deque(range(len(portions)))
    begun: deque[Promise | list[Answer]] = deque()
    most = _KEPT * (len(others) + 1)
    while waiting or begun:
        for other in others:
            while other.may_be_asked() and waiting:
                begun.append(other.ask(waiting.popleft()))
        if waiting and len(begun) < most:
            begun.append(check(portions[waiting.popleft()]))
        elif late := [(n, entry.number) for n, entry in enumerate(begun) if _is_late(entry)]:
            n, number = late[0 if waiting else -1]
            begun[n] = check(portions[number])
        while begun and not _is_late(begun[0]):
            first = begun.popleft()
            yield from first.answers() if isinstance(first, Promise) else first


def _is_late(entry: Promise | list[Answer]) -> TypeGuard[Promise]:
    return isinstance(entry, Promise) and entry.lengths is None


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
