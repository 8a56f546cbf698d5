"""Features of a version into the database while the next ones are read: three steps, each at its own pace.

The caller reads and checks features; a second thread moves, cuts and encodes them; a third one sends them to the
database, which only that thread talks to until :meth:`Loading.finish`. At most a few batches wait between the steps, so
memory does not grow with the delivery. Nothing is committed here: what fails leaves nothing behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from gis.layers import copying
from gis.layers.pieces import MAX_VERTICES, Geometries, cut_up, hilbert_order

#: bytes of pieces that are put in order together
PART_BYTES = 80_000_000
#: batches on their way at a time
UNDER_WAY = 3
_POLYGON = 3


@dataclass(slots=True)
class Pieces:
    """Pieces to be written: feature number, EWKB and box of each."""

    numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)
    shapes: list[bytes] = field(default_factory=list)
    boxes: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def add(
        self, numbers: npt.NDArray[np.int64], shapes: Iterable[bytes | None], geometries: Geometries
    ) -> None:
        """More of them."""
        self.numbers.append(numbers)
        self.shapes += [shape for shape in shapes if shape is not None]
        self.boxes.append(shapely.bounds(geometries))

    def extend(self, others: Pieces) -> None:
        """All of others."""
        self.numbers += others.numbers
        self.shapes += others.shapes
        self.boxes += others.boxes

    def rows(self, version_id: int) -> bytes:
        """As rows of COPY, in Hilbert order."""
        order = hilbert_order(np.concatenate(self.boxes))
        numbers = np.concatenate(self.numbers)[order].tolist()
        return copying.piece_rows(version_id, numbers, [self.shapes[n] for n in order.tolist()])


class PieceWriter:
    """Writes pieces in Hilbert order, as far as memory allows: a layer of more than ``PART_BYTES`` is written in parts,
    which are what lay together in the delivery.
    """

    def __init__(self, connection: Any, version_id: int) -> None:
        self._connection, self._version_id = connection, version_id
        self._waiting, self._size = Pieces(), 0
        self.count = 0

    def add(self, pieces: Pieces) -> None:
        """Pieces to be written now or later."""
        self._waiting.extend(pieces)
        self._size += sum(map(len, pieces.shapes))
        if self._size >= PART_BYTES:
            self.finish()

    def finish(self) -> None:
        """Write what is waiting."""
        if self._waiting.shapes:
            copying.copy_pieces(self._connection, self._waiting.rows(self._version_id))
        self.count += len(self._waiting.shapes)
        self._waiting, self._size = Pieces(), 0


@dataclass(slots=True)
class Prepared:
    """What one batch becomes: rows of features with their area, and their pieces."""

    rows: bytes
    area_m2: float
    pieces: Pieces


def pieces_of(
    shapes: Geometries, numbers: npt.NDArray[np.int64], crs: int, delivered: Sequence[bytes | None] = ()
) -> Pieces:
    """Pieces of features in the check CRS; ``delivered``: EWKB of those whose geometry is known in this form."""
    made = Pieces()
    known = (
        np.array([b is not None for b in delivered], dtype=bool) if delivered else np.zeros(len(shapes), bool)
    )
    whole = known & (shapely.get_type_id(shapes) == _POLYGON)
    whole &= shapely.get_num_coordinates(shapes) <= MAX_VERTICES
    made.add(
        numbers[whole], (b for b, fine in zip(delivered, whole.tolist(), strict=False) if fine), shapes[whole]
    )
    parts, owners = cut_up(shapes[~whole], numbers[~whole])
    made.add(owners, copying.ewkb(parts, crs), parts)
    return made


class Loading(AbstractContextManager["Loading"]):
    """The load of one version.

    Args:
        session: its transaction takes the rows; nobody else may use it between :meth:`add` and :meth:`finish`.
        version_id: of the version.

    Attributes:
        area_m2: of what was loaded, as ``piece_count``; right after :meth:`finish`.
    """

    def __init__(self, session: Session, version_id: int) -> None:
        self._connection: Any = session.connection().connection
        self._preparing, self._writing = (
            ThreadPoolExecutor(1, "layer-prepare"),
            ThreadPoolExecutor(1, "layer-write"),
        )
        self._under_way: deque[Future[None]] = deque()
        self._pieces = PieceWriter(self._connection, version_id)
        self.area_m2 = 0.0

    def add(self, prepare: Callable[[], Prepared]) -> None:
        """A batch: ``prepare`` runs in a thread of its own, then what it made is written."""
        while len(self._under_way) >= UNDER_WAY:
            self._under_way.popleft().result()
        ready = self._preparing.submit(prepare)
        self._under_way.append(self._writing.submit(lambda: self._write(ready.result())))

    def finish(self) -> None:
        """Wait until everything is written."""
        while self._under_way:
            self._under_way.popleft().result()
        self._pieces.finish()

    @property
    def piece_count(self) -> int:
        """Pieces written."""
        return self._pieces.count

    def _write(self, made: Prepared) -> None:
        copying.copy_features(self._connection, made.rows)
        self.area_m2 += made.area_m2
        self._pieces.add(made.pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was begun is ended before the transaction goes on: a COPY cannot be left half-way."""
        self._preparing.shutdown(cancel_futures=True)
        self._writing.shutdown(cancel_futures=True)
