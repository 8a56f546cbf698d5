"""A portion of a batch 批量核查: what one process is given, and how it checks it."""

from __future__ import annotations

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
    kernels.compile_checks()
    layer_catalogue()


@lru_cache(maxsize=4)
def _database(url: str, process: int) -> Database:
    """The connection of a process; a forked one does not use its parent's."""
    return Database(url, pool_size=1)


def check(portion: Portion) -> list[Answer]:
    """The answers of one portion, from one snapshot."""
    return list(_answers(portion))


def check_into(portion: Portion, path: Path) -> list[tuple[Outcome | None, int]]:
    """The answers of one portion, each left in a file as soon as it is there; outcome and length of each.

    What else the file holds, from a portion before, stays: memory of the system that is used again costs less.
    """
    told: list[tuple[Outcome | None, int]] = []
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
