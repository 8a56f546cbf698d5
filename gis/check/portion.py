"""A portion of a batch 批量核查: what one process is given, and how it checks it."""

from __future__ import annotations

import ctypes
import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import text

from gis import kernels
from gis.check.canonical import Answer
from gis.check.checking import canonical_answers
from gis.layers.layer import layer_catalogue
from project_box.kernel.catalogue import uncollected
from project_box.kernel.db import Database
from project_box.kernel.finding import Outcome

#: of each answer of a portion, its outcome and how many bytes it has
Lengths = list[tuple[Outcome | None, int]]
#: options of mallopt, and a size that is not met
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ALWAYS = -1, -3, 1 << 30


@dataclass(frozen=True, slots=True)
class Portion:
    """Some sites of a batch: numbers as in the file, areas as WKB in ``crs``, and what is asked about them."""

    url: str
    crs: int
    numbers: tuple[int, ...]
    shapes: tuple[bytes, ...]
    repaired: frozenset[int]
    on: dt.date


def load() -> None:
    """Load all that checks need, so that a process forked from this one starts with it."""
    _keep_memory()
    kernels.compile_checks()
    layer_catalogue()


def _keep_memory() -> None:
    """Have the C library keep memory that is given back: every portion needs as much as the one before, and to have
    it from the system again, page by page, takes up to a tenth of a batch."""
    keep = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's
    if keep is not None:
        keep(_TRIM_THRESHOLD, _ALWAYS)
        keep(_MMAP_THRESHOLD, _ALWAYS)


@lru_cache(maxsize=4)
def _database(url: str, process: int) -> Database:
    """The connection of a process; a forked one does not use its parent's."""
    return Database(url, pool_size=1)


def check(portion: Portion) -> list[Answer]:
    """The answers of one portion, from one snapshot."""
    return list(_answers(portion))


def check_into(portion: Portion, path: Path) -> Lengths:
    """The answers of one portion, each left in a file as soon as it is there; outcome and length of each.

    What else the file holds, from a portion before, stays: memory of the system that is used again costs less.
    """
    told: Lengths = []
    path.touch()
    with path.open("r+b") as file:
        for answer in _answers(portion):
            told.append((answer.outcome, file.write(answer.json)))
    return told


def _answers(portion: Portion) -> Iterator[Answer]:
    heads = [{"site": number, "repaired": number in portion.repaired} for number in portion.numbers]
    shapes = shapely.from_wkb(np.array(portion.shapes, dtype=object))
    with uncollected(), _database(portion.url, os.getpid()).transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield from canonical_answers(session, list(shapes), portion.crs, heads, on=portion.on)
