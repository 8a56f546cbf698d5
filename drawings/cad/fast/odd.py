"""The entities that the fast pass leaves to other readers: which are drawn, who reads them, what stands for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from drawings.cad.dxf_entities import Insert
from drawings.cad.fast.columns import (
    FIRST_BLOCK,
    FLAGS,
    KIND,
    MEMBER,
    MODEL,
    ODD,
    ODDKIND,
    PLACE,
    REFERENCE,
    TAG0,
    TAG1,
    Rows,
)
from drawings.cad.fast.direct import DirectReader
from drawings.cad.fast.skeleton import Layout, Odd, block_called, handles_of, skeleton
from drawings.cad.fast.tags import Ints, Tags, Unfit
from drawings.cad.job import Job
from drawings.cad.model import CadDimension, CadEntity

_BLOCK_HANDLES = (341, 344)  # group codes of a multi-leader's block
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{1,16}")
_LOT = 500  # entities between two looks at the clock


class OddEntities:
    """Odd entities of one reading.

    Attributes:
        items: what stands for each row. dimensions: those read directly.
    """

    def __init__(
        self,
        tags: Tags,
        rows: Rows,
        layout: Layout,
        block_of_key: Mapping[str, int],
        job: Job,
    ) -> None:
        """``block_of_key``: number of every block, by name in lower case."""
        self.tags = tags
        self.rows = rows
        self.layout = layout
        self.block_of_key = block_of_key
        self.job = job
        self.items: dict[int, Sequence[CadEntity | Insert]] = {}
        self.dimensions: list[CadDimension] = []
        self._vertices = 0

    def drawn(self, reached: set[int]) -> list[int]:
        """Odd rows that are drawn, model space first."""
        rows = self.rows
        odd = np.flatnonzero((rows.ints[:, FLAGS] & ODD != 0) & (rows.ints[:, FLAGS] & MEMBER == 0))
        places = rows.ints[odd, PLACE]
        drawn = (places == MODEL) | np.isin(places - FIRST_BLOCK, list(reached))
        odd = odd[drawn]
        chosen: list[int] = odd[np.argsort(places[drawn], kind="stable")].tolist()
        return chosen

    def read_directly(self, odd_rows: list[int], row_layer: Ints, layers: Sequence[str]) -> list[int]:
        """Read the splines and dimensions among odd rows; the rows that are left.

        Args:
            row_layer: number of the layer of every row. layers: names by number.
        """
        direct = DirectReader(
            self.tags, self.rows, row_layer, layers, self.block_of_key, self.layout.sections.get("TABLES"),
            self.job.source.encoding,
        )  # fmt: skip
        left: list[int] = []
        for count, row in enumerate(odd_rows):
            late = count % _LOT == _LOT - 1 and self.job.late
            items = direct.read(row) if self.rows.ints[row, KIND] == ODDKIND and not late else None
            if items is None:
                left.append(row)
            else:
                self._keep(row, items)
        self.dimensions += direct.dimensions
        return left

    def _keep(self, row: int, items: Sequence[CadEntity | Insert]) -> None:
        """Note what stands for an odd row.

        Raises:
            Unfit: they have more vertices than can be held here; the careful reader has a process of its own.
        """
        self.items[row] = items
        self._vertices += sum(len(c.points) for e in items if isinstance(e, CadEntity) for c in e.curves)
        if self._vertices > self.job.settings.limits.vertices // 2:
            raise Unfit("vertices of odd entities")

    def read_by_ezdxf(
        self, odd_rows: list[int], record_of_block: Mapping[str, int], *, needed: bool
    ) -> Odd | None:
        """Have ezdxf read the tables and odd entities; None if there are none and it need not.

        Args:
            record_of_block: handle of the record of every block, by name in lower case.
        """
        if not odd_rows and not needed:
            return None
        wanted: dict[int, list[int]] = {}
        for row in odd_rows:
            place = int(self.rows.ints[row, PLACE])
            wanted.setdefault(place - FIRST_BLOCK if place >= FIRST_BLOCK else -1, []).append(row)
        whole = self._shown_by_handle(odd_rows, record_of_block)
        for row in odd_rows:
            self._with_named_block(row, wanted, whole)
        handles, put_in = handles_of(self.tags, self.rows, odd_rows, self.job.source.encoding)
        data = skeleton(self.tags, self.layout, self.rows, wanted, whole, put_in)
        odd = Odd(data, self.job)
        for count, row in enumerate(odd_rows):
            if count % _LOT == _LOT - 1 and self.job.late:
                self.job.issues.add("DXF-TIME", seconds=self.job.settings.limits.seconds)
                break
            self._keep(row, odd.convert(handles[row], row, row in put_in))
        return odd

    def _with_named_block(self, row: int, wanted: dict[int, list[int]], whole: set[int]) -> None:
        """Take the block that an odd entity names: all of it where it is the entity's picture, else its head."""
        pictured = self.rows.ints[row, KIND] == ODDKIND
        if not pictured and not self.rows.ints[row, FLAGS] & REFERENCE:
            return
        name = block_called(self.tags, self.rows, row, self.job.source.encoding)
        used = self.block_of_key.get(name.lower())
        if used is not None and pictured:
            whole.add(used)
        elif used is not None:
            wanted.setdefault(used, [])

    def _shown_by_handle(self, odd_rows: list[int], record_of_block: Mapping[str, int]) -> set[int]:
        """Numbers of the blocks that multi-leaders show: they name them by the handle of their record."""
        block_of_handle = {h: self.block_of_key.get(n, -1) for n, h in record_of_block.items()}
        found: set[int] = set()
        for row in odd_rows:
            first, last = self.rows.ints[row, TAG0], self.rows.ints[row, TAG1]
            if self.tags.text(first).strip() in ("MULTILEADER", "MLEADER"):
                named = np.flatnonzero(np.isin(self.tags.codes[first:last], _BLOCK_HANDLES)) + first
                for text in map(self.tags.text, named.tolist()):
                    handle = int(text, 16) if _HEXADECIMAL.fullmatch(text.strip()) else -1
                    found.add(block_of_handle.get(handle, -1))
        return found - {-1}
