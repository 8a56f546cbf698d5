"""What is told of a drawn file: issues met on the way, kinds that are not computed with, entities far away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from drawings.cad.fast import expand as placing
from drawings.cad.fast.columns import (
    BYTE0,
    BYTE1,
    FIRST_BLOCK,
    FLAGS,
    HANDLE0,
    HANDLE1,
    LAYER0,
    LAYER1,
    MODEL,
    NAME0,
    NAME1,
    PAPER,
    PLACE,
    UNSUPPORTED,
)
from drawings.cad.fast.instances import FIRST, LAST, Instances
from drawings.cad.fast.skeleton import Layout, Odd
from drawings.cad.fast.table import EntityTable
from drawings.cad.fast.tags import Longs, intern, line_ends
from drawings.cad.fast.words import LINE_END, Words
from drawings.cad.model import CadEntity
from drawings.cad.source import (
    decode_escapes,
)
from drawings.cad.unsupported import tell_unsupported
from drawings.issues import Collector
from drawings.reading import Limits


class Teller:
    """Tells of one reading.

    Args:
        foreign: entities made by other readers, by row. replaced: rows that stand for an odd one.
    """

    def __init__(
        self,
        issues: Collector,
        limits: Limits,
        foreign: Mapping[int, CadEntity],
        replaced: Mapping[int, Sequence[int]],
    ) -> None:
        self.issues = issues
        self.limits = limits
        self.foreign = foreign
        self.replaced = replaced

    def events(
        self, words: Words, instances: Instances, layers: Sequence[str], layout: Layout, table: EntityTable
    ) -> None:
        limits, issues = self.limits, self.issues
        for code in range(placing.EVENT_CODES):
            count = int(instances.events[code])
            for k in range(min(count, placing.EVENTS_KEPT)):
                _, row, path, layer = instances.kept[code * placing.EVENTS_KEPT + k].tolist()
                if code in (placing.TOO_MANY, placing.TOO_MANY_VERTICES, placing.TOO_LONG):
                    break
                handle = table.prefix(path) + words.handle(row)
                own = layers[layer]
                if code == placing.RECURSION:
                    issues.add(
                        "DXF-BLOCK-RECURSION", name=self._block_name(words, row), handle=handle, layer=own
                    )
                elif code == placing.DEEP:
                    name = self._block_name(words, row)
                    issues.add("DXF-BLOCK-DEPTH", name=name, limit=limits.block_depth, handle=handle)
                elif code == placing.MISSING:
                    issues.add(
                        "DXF-BLOCK-MISSING", name=self._block_name(words, row), handle=handle, layer=own
                    )
                else:
                    issues.add("DXF-NONFINITE", handle=handle, layer=own)
            name_of = {placing.RECURSION: "DXF-BLOCK-RECURSION", placing.DEEP: "DXF-BLOCK-DEPTH",
                       placing.MISSING: "DXF-BLOCK-MISSING", placing.NONFINITE: "DXF-NONFINITE"}  # fmt: skip
            if code in name_of and count > placing.EVENTS_KEPT:
                issues.counts[name_of[code]] += count - placing.EVENTS_KEPT
        last = table[len(table) - 1] if len(table) else None
        stopped = {} if last is None else {"handle": last.handle, "layer": last.layer, "at": last.at}
        if instances.events[placing.TOO_MANY]:
            issues.add("DXF-TOO-MANY", what="实体", what_en="entities", limit=limits.entities, **stopped)
        if instances.events[placing.TOO_MANY_VERTICES]:
            issues.add("DXF-TOO-MANY", what="顶点", what_en="vertices", limit=limits.vertices, **stopped)
        if instances.events[placing.TOO_LONG]:
            issues.add("DXF-TIME", seconds=limits.seconds, **stopped)
        for number, block in enumerate(layout.blocks):
            if block.xref and instances.visited[number, 0]:
                row, path, layer = instances.visited[number].tolist()
                issues.add(
                    "DXF-XREF",
                    name=decode_escapes(block.name),
                    handle=table.prefix(path) + words.handle(row - 1),
                    layer=layers[layer],
                )

    def _block_name(self, words: Words, row: int) -> str:
        if row in self.foreign:
            return self.foreign[row].block or ""
        line = words.rows.ints[row]
        return words.raw(line[NAME0], line[NAME1])

    def unsupported(self, words: Words, instances: Instances, odd: Odd | None) -> None:
        """One line for every kind that is drawn but not computed with."""
        ints = words.rows.ints
        visited = np.zeros(len(instances.visited) + FIRST_BLOCK + 1, bool)
        visited[MODEL] = True
        visited[FIRST_BLOCK : FIRST_BLOCK + len(instances.visited)] = instances.visited[:, 0] > 0
        places = ints[:, PLACE]
        rows = np.flatnonzero((ints[:, FLAGS] & UNSUPPORTED != 0) & (places >= 0) & (places != PAPER))
        rows = rows[visited[places[rows]]]
        found: dict[str, tuple[int, str, str]] = {}
        if rows.size:  # in the order of drawing: where each kind is met first
            inside = places[rows] >= FIRST_BLOCK
            block = np.where(inside, places[rows] - FIRST_BLOCK, 0)
            top = instances.visited[block, 3]
            origin = {s: r for r, stand_ins in self.replaced.items() for s in stand_ins}
            top = np.array([origin.get(r, r) for r in top.tolist()])
            order = np.lexsort(
                (rows, np.where(inside, instances.visited[block, 4], 0), np.where(inside, top, rows))
            )
            rows = rows[order]
            buffer = np.frombuffer(words.data, np.uint8)
            starts = np.ascontiguousarray(ints[rows, BYTE0])
            ids, first = intern(buffer, starts, line_ends(buffer, starts))
            counts = np.bincount(ids)
            for k, example in enumerate(first.tolist()):
                row = int(rows[example])
                line = ints[row]
                layer = decode_escapes(words.raw(line[LAYER0], line[LAYER1])) if line[LAYER1] else "0"
                kind = LINE_END.split(words.data[line[BYTE0] : line[BYTE1]], maxsplit=1)[0]
                found[kind.decode(words.encoding, "surrogateescape").strip()] = (
                    int(counts[k]), words.raw(line[HANDLE0], line[HANDLE1]), layer,
                )  # fmt: skip
        for kind, (count, entity) in (odd.reader.converter.unsupported if odd is not None else {}).items():
            before = found.get(kind, (0, entity.handle, entity.layer))
            found[kind] = (before[0] + count, before[1], before[2])
        for kind, (count, handle, layer) in found.items():
            tell_unsupported(self.issues, kind, count=count, handle=handle, layer=layer, at=None)

    def near(self, instances: Instances, metres_per_unit: float, table: EntityTable) -> Longs:
        """Instances within the bound of coordinates that can be; an issue for each of the others."""
        bound = self.limits.coordinate_m / metres_per_unit
        far_vertex = (np.abs(instances.vx) > bound) | (np.abs(instances.vy) > bound)
        with np.errstate(invalid="ignore"):
            far = (np.abs(instances.x) > bound) | (np.abs(instances.y) > bound)
        if not far_vertex.any() and not far.any():
            return np.arange(len(instances.ints), dtype=np.int64)
        before = np.concatenate(([0], np.cumsum(far_vertex)))
        ends = before[instances.curve_start]  # far vertices before every curve
        far |= ends[instances.ints[:, LAST]] > ends[instances.ints[:, FIRST]]
        numbers = np.flatnonzero(far)
        for k in numbers[: self.issues.limit].tolist():
            entity = table[k]
            values = [abs(v) for c in entity.curves for p in (c.start, c.end) for v in p if abs(v) > bound]
            if not values:
                values = [abs(v) for c in entity.curves for p in c.points for v in p if abs(v) > bound]
            values += [abs(v) for v in entity.at or () if abs(v) > bound]
            self.issues.add(
                "DXF-HUGE", handle=entity.handle, layer=entity.layer, at=entity.at, value=f"{max(values):.3g}"
            )
        self.issues.counts["DXF-HUGE"] += max(0, numbers.size - self.issues.limit)
        return np.flatnonzero(~far)
