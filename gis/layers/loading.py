"""Features of a version into the database while the next ones are read: three steps, each at its own pace.

The caller reads and checks features; two threads move, cut and encode them; another one sends them, in the order they
came, to the database, which only that thread talks to until :meth:`Loading.finish`. At most a few batches wait between
the steps, so memory does not grow with the delivery. Nothing is committed here: what fails leaves nothing behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from gis.layers import copying
from gis.layers.copying import Column
from gis.layers.pieces import MAX_VERTICES, Geometries, cut_up, hilbert_order

#: batches on their way at a time, and batches that are prepared at a time
UNDER_WAY, PREPARING = 3, 2
_POLYGON = 3


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces in Hilbert order: feature number and outline of each."""

    numbers: npt.NDArray[np.int64]
    shapes: Column

    def rows(self, version_id: int) -> bytes:
        """As :func:`gis.layers.copying.copy_pieces` writes them."""
        return copying.piece_rows(version_id, self.numbers, self.shapes)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one batch becomes: rows of features, with their area, and of pieces, with their number."""

    features: bytes
    feature_count: int
    area_m2: float
    pieces: bytes
    piece_count: int


def pieces_of(
    shapes: Geometries, numbers: npt.NDArray[np.int64], crs: int, known: Column | None = None
) -> Pieces:
    """Pieces of features in the check CRS; ``known``: their column, where there is one of them in this CRS."""
    whole = np.zeros(len(shapes), dtype=bool)
    if known is not None:
        whole = shapely.get_type_id(shapes) == _POLYGON
        whole &= shapely.get_num_coordinates(shapes) <= MAX_VERTICES
    parts, owners = cut_up(shapes[~whole], numbers[~whole])
    column = Column.shapes(parts, crs)
    if known is not None:
        column = known[whole].followed_by(column)
    order = hilbert_order(np.concatenate([shapely.bounds(shapes[whole]), shapely.bounds(parts)]))
    return Pieces(np.concatenate([numbers[whole], owners])[order], column[order])


class Loading(AbstractContextManager["Loading"]):
    """The load of one version.

    Args:
        session: its transaction takes the rows; nobody else may use it between :meth:`add` and :meth:`finish`.
        first: done by the writing thread over the DBAPI connection before all else, while the first features are read.

    Attributes:
        area_m2: of what is written so far, as ``feature_count`` and ``piece_count``; whole after :meth:`finish`.
    """

    def __init__(self, session: Session, first: Callable[[Any], None]) -> None:
        self._connection: Any = session.connection().connection
        self._preparing, self._writing = (
            ThreadPoolExecutor(PREPARING, "layer-prepare"),
            ThreadPoolExecutor(1, "layer-write"),
        )
        self._under_way = deque([self._writing.submit(first, self._connection)])
        self.area_m2, self.feature_count, self.piece_count = 0.0, 0, 0

    def add(self, prepare: Callable[[], Prepared]) -> None:
        """A batch: ``prepare`` runs in another thread, beside the one before it; then what it made is written."""
        while len(self._under_way) >= UNDER_WAY:
            self._under_way.popleft().result()
        ready = self._preparing.submit(prepare)
        self._under_way.append(self._writing.submit(lambda: self._write(ready.result())))

    def finish(self, tell: Callable[[], None]) -> None:
        """Wait until everything is written; ``tell`` is called after each batch."""
        while self._under_way:
            self._under_way.popleft().result()
            tell()

    def _write(self, made: Prepared) -> None:
        copying.copy_features(self._connection, made.features)
        copying.copy_pieces(self._connection, made.pieces)
        self.area_m2 += made.area_m2
        self.feature_count += made.feature_count
        self.piece_count += made.piece_count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was begun is ended before the transaction goes on: a COPY cannot be left half-way."""
        self._preparing.shutdown(cancel_futures=True)
        self._writing.shutdown(cancel_futures=True)
