"""The fast reader: from bytes to :class:`~drawings.cad.model.CadFile`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from ezdxf.colors import DXF_DEFAULT_COLORS

from drawings.cad import dxf_entities
from drawings.cad.curve import Curve
from drawings.cad.dxf_entities import SILENT as NO_DRAWING
from drawings.cad.dxf_entities import VIRTUAL, Insert
from drawings.cad.fast import expand as placing
from drawings.cad.fast import rows as columns
from drawings.cad.fast import tables
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.direct import DirectReader
from drawings.cad.fast.expand import Instances, boxes, expand
from drawings.cad.fast.rows import (
    AT,
    BYBLOCK,
    BYLAYER,
    BYTE0,
    BYTE1,
    COLOR,
    COLUMNS,
    CURVE0,
    CURVE1,
    EMIT,
    ENTRY,
    FILLED,
    FIRST_BLOCK,
    FLAGS,
    HANDLE0,
    HANDLE1,
    HEIGHT,
    KIND,
    KNOWN,
    LAYER0,
    LAYER1,
    MEMBER,
    MODEL,
    MTEXT,
    NAME0,
    NAME1,
    NOWHERE,
    ODD,
    ODDKIND,
    OTHER,
    PAPER,
    PLACE,
    REFERENCE,
    ROTATION,
    ROWS,
    SILENT,
    UNSUPPORTED,
    WORDS,
    XDATA0,
    Rows,
    X,
    Y,
    Z,
    collect,
    release,
)
from drawings.cad.fast.skeleton import Block, Layout, Odd, block_called, handles_of, skeleton
from drawings.cad.fast.table import _LINE_END, EntityTable, Words
from drawings.cad.fast.tags import Ints, Longs, Tags, Unfit, foreign_text, intern, line_ends, scan
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer, CadSheet
from drawings.cad.source import (
    RELEASES,
    Source,
    _encoding,
    _is_whole,
    _looks_like_dxf,
    decode_escapes,
    header_value,
    open_source,
)
from drawings.cad.units import weigh
from drawings.issues import Collector
from drawings.reading import Reading, reading

_ODD_KINDS = VIRTUAL | {"SPLINE", "DIMENSION", "LEADER", "MPOLYGON"}
_ACI = np.array([DXF_DEFAULT_COLORS[i] & 0xFFFFFF for i in range(256)], np.int32)
_RINGS = 16  # outlines looked at for the unit: more than units.characteristic_size uses
_UNIT_WORDS = ("unit", "单位", "единиц")
_SAMPLE = 200_000  # bytes of text looked at for the encoding, as the careful reader does


def read_fast(
    data: bytes, name: str, settings: Reading, unit: str | None, clock: Callable[[], float] = time.monotonic
) -> CadFile | None:
    """Read DXF bytes; None if the careful reader has to look at them.

    The outcome equals that of ``drawings.cad.dxf.read_dxf``; ``entities`` is an
    :class:`~drawings.cad.fast.table.EntityTable`. Memory stays below about six times the file.
    """
    issues = Collector(settings.limits.issues_per_code, file=name)
    source = _open(data, issues, settings.limits.file_bytes)
    if source is None or issues.counts["DXF-NO-EOF"]:
        return None
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(lambda: hashlib.sha256(data).hexdigest())
        try:
            return _Fast(source, settings, issues, clock() + settings.limits.seconds, clock).read(
                name, digest, unit
            )
        except Unfit:
            return None
        except Exception:  # whatever a hostile file provokes here, the careful reader turns it into an issue
            return None


def warm_up() -> None:
    """Run every kernel once on a tiny drawing, so that all are compiled and in the cache."""
    tags = (
        *(0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, "AC1009", 0, "ENDSEC"),
        *(0, "SECTION", 2, "ENTITIES", 0, "CIRCLE", 5, "A", 8, "0", 10, 0, 20, 0, 40, 5),
        *(0, "LINE", 5, "B", 8, "0", 10, 0, 20, 0, 11, 9, 21, 9, 0, "RAY", 5, "C", 8, "0"),
        *(0, "TEXT", 5, "D", 8, "0", 10, 0, 20, 0, 40, 1, 1, "é", 0, "ENDSEC", 0, "EOF"),
    )
    data = "".join(f"{tag}\n" for tag in tags).encode()
    read = read_fast(data, "warm-up.dxf", reading(), None)
    if read is None or not isinstance(read.entities, EntityTable):
        raise RuntimeError("the fast reader does not read its own sample")
    read.entities.geometries(0.01)


def _open(data: bytes, issues: Collector, limit: int) -> Source | None:
    """As ``open_source``, without its slow search for text of other alphabets in what is plainly an ASCII DXF."""
    plain = 0 < len(data) <= limit and (data[:1].isspace() or data[:1].isdigit())
    if not plain or not _looks_like_dxf(data):
        return open_source(data, issues, limit)
    if not _is_whole(data, issues):
        return None
    version = header_value(data, b"$ACADVER") or "AC1009"
    foreign = foreign_text(data, _SAMPLE)
    if version >= "AC1021" and _is_utf8(foreign):  # as declared, nothing to weigh
        return Source(data, "dxf", version, "utf-8")
    code_page = (header_value(data, b"$DWGCODEPAGE") or "").encode("ascii", "replace")
    sample = b"  9\n$DWGCODEPAGE\n  3\n" + code_page + b"\n" + foreign
    return Source(data, "dxf", version, _encoding(sample, version, issues))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Names:
    """Texts numbered in the order they are met."""

    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(slots=True)
class _Additions:
    """Rows made from what the careful reader returned, to be appended to the columns."""

    ints: list[list[int]] = field(default_factory=list)
    floats: list[list[float]] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    layers: list[int] = field(default_factory=list)
    names: list[int] = field(default_factory=list)
    matrices: list[tuple[float, ...]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


class _Fast:
    """One reading."""

    def __init__(
        self,
        source: Source,
        settings: Reading,
        issues: Collector,
        deadline: float,
        clock: Callable[[], float],
    ) -> None:
        self.source = source
        self.settings = settings
        self.issues = issues
        self.deadline = deadline
        self.clock = clock
        self.tags: Tags = scan(source.data)
        self.layer_names = _Names()
        self.block_names = _Names()
        self.foreign: dict[int, CadEntity] = {}
        self.replaced: dict[int, list[int]] = {}
        self.dimensions: list[CadDimension] = []
        self.odd_items: dict[int, Sequence[CadEntity | Insert]] = {}

    def read(self, name: str, digest: Future[str], unit: str | None) -> CadFile:
        """Everything."""
        tags, source, limits = self.tags, self.source, self.settings.limits
        layout, entries, closes, kinds, sections = self._structure()
        r12 = source.version <= "AC1009"
        records = tables.block_records(tags, layout.sections.get("TABLES"), source.encoding)
        owners = records.get("*model_space", -1), records.get("*paper_space", -1)
        rows, status, _ = collect(
            tags, entries, closes, kinds, sections, r12=r12, owners=owners, aci=_ACI
        )  # fmt: skip
        if status != columns.GOOD:
            raise Unfit(f"structure {status}")
        layout.blocks = self._blocks(rows, entries, closes, kinds)
        self._columns_of_text(rows)
        row_layer = self._layers_of(rows)
        row_name = self._names_of(rows)
        block_of_key: dict[str, int] = {}
        for number, block in enumerate(layout.blocks):
            if block_of_key.setdefault(block.name.lower(), number) != number:
                raise Unfit("block defined twice")
        self._bound_arrays(rows)
        reached = self._reached(rows, row_name, block_of_key)
        sheets = tables.layouts(tags, layout.sections.get("OBJECTS"), records, source.encoding, r12=r12)
        odd_rows = self._odd_rows(rows, reached)
        if not r12:
            direct = DirectReader(
                tags, rows, row_layer, list(self.layer_names.numbers), block_of_key,
                layout.sections.get("TABLES"), source.encoding,
            )  # fmt: skip
            odd_rows = self._read_directly(direct, rows, odd_rows)
            self.dimensions += direct.dimensions
        odd = self._read_odd(layout, rows, odd_rows, block_of_key, needed=sheets is None)
        if odd is None:
            table_layers = tables.layers(tags, layout.sections.get("TABLES"), source.encoding)
        else:
            table_layers = odd.reader.layers
            sheets = _sheets_of(odd)
        rows, row_layer, row_name, spans, matrices = self._take_in(rows, row_layer, row_name)
        place_start, place_rows = self._places(rows, len(layout.blocks), self.replaced)
        layer_list = list(self.layer_names.numbers)
        tints = np.array(
            [int(table_layers[n].color[1:], 16) if n in table_layers else placing.WHITE for n in layer_list],
            np.int32,
        )
        base = np.array([b.base for b in layout.blocks] or [(0.0, 0.0)])
        block_of_name = np.array(
            [block_of_key.get(n.lower(), -1) for n in self.block_names.numbers] or [-1], np.int32
        )
        instances = expand(
            rows, row_layer=row_layer, row_name=row_name, place_start=place_start, place_rows=place_rows,
            block_of_name=block_of_name, base=base, matrices=matrices, matrix_start=spans[0], matrix_end=spans[1],
            layer_colors=tints, max_entities=limits.entities, max_vertices=limits.vertices,
            max_depth=limits.block_depth,
        )  # fmt: skip
        release(rows, tags)
        words = Words(source.data, source.encoding, rows, self.foreign)
        del self.tags, tags
        shown = np.arange(len(instances.ints), dtype=np.int64)
        table = EntityTable(words, instances, layer_list, shown)
        self._tell_events(words, instances, layer_list, layout, table)
        self._tell_unsupported(words, instances, odd)
        dimensions = (*self.dimensions, *(odd.reader.dimensions if odd is not None else ()))
        if not len(table) and not dimensions:
            self.issues.add("DXF-EMPTY")
        bounds = boxes(instances)
        units = weigh(
            self._header_unit(),
            rings=self._largest_rings(instances, bounds, rows),
            extents=_extents(instances, bounds, shown),
            middle=_middle(instances, bounds),
            texts=list(self._unit_texts(table)),
            rules=self.settings.units,
            issues=self.issues,
            confirmed=unit,
        )
        kept = self._near(instances, units.metres_per_unit, table)
        if kept.size < shown.size:
            table = EntityTable(words, instances, layer_list, kept)
        return CadFile(
            name,
            digest.result(),
            source.format,
            version=source.version,
            release=RELEASES.get(source.version, source.version),
            encoding=source.encoding,
            readable=True,
            units=units,
            extents=_extents(instances, bounds, kept),
            layers=self._layer_table(table_layers, table, instances, rows, layer_list, kept),
            entities=table,
            dimensions=dimensions,
            sheets=self._sheets(sheets or [], rows, block_of_key),
            blocks={
                n: int(instances.uses[k]) for n, k in self.block_names.numbers.items() if instances.uses[k]
            },
            geodata=odd.reader.geodata() if odd is not None else {},
            issues=self.issues.finish(),
        )

    # --- structure -----------------------------------------------------------------------------------------

    def _structure(self) -> tuple[Layout, Longs, Longs, Ints, npt.NDArray[np.uint8]]:
        """Sections, and the entities of BLOCKS and ENTITIES: first tag, tag after the last one, kind, section."""
        tags = self.tags
        starts_at = np.flatnonzero(tags.codes[: tags.count] == 0)
        if not starts_at.size or starts_at[0] != 0:
            raise Unfit("tags before the first section")
        ids, first = intern(tags.buffer, tags.starts[starts_at], tags.ends[starts_at])
        names = [tags.text(int(starts_at[k])).strip() for k in first]
        marks = {
            word: np.isin(ids, [i for i, n in enumerate(names) if n == word])
            for word in ("SECTION", "ENDSEC", "EOF")
        }
        begins, finishes = np.flatnonzero(marks["SECTION"]), np.flatnonzero(marks["ENDSEC"])
        if (
            begins.size != finishes.size
            or not begins.size
            or np.any(begins >= finishes)
            or np.any(finishes[:-1] + 1 != begins[1:])
            or begins[0] != 0
            or np.count_nonzero(marks["EOF"]) != 1
            or finishes[-1] + 2 != starts_at.size
        ):
            raise Unfit("sections")
        spans: dict[str, tuple[int, int]] = {}
        picked: list[tuple[int, int, int]] = []
        for a, b in zip(begins.tolist(), finishes.tolist(), strict=True):
            opening = int(starts_at[a])
            name = tags.text(opening + 1) if tags.codes[opening + 1] == 2 else ""
            if not name or name in spans or name != name.strip():
                raise Unfit("section name")
            spans[name] = (opening, int(starts_at[b]) + 1)
            if name in ("BLOCKS", "ENTITIES"):
                picked.append((a + 1, b, int(name == "ENTITIES")))
        if "ENTITIES" not in spans:
            raise Unfit("no ENTITIES")
        kind_of = np.array([self._kind(n) for n in names], np.int32)
        parts = sorted(picked, key=lambda p: p[2])
        entries = np.concatenate([starts_at[a:b] for a, b, _ in parts])
        closes = np.concatenate([starts_at[a + 1 : b + 1] for a, b, _ in parts])
        kinds = np.concatenate([kind_of[ids[a:b]] for a, b, _ in parts])
        sections = np.concatenate([np.full(b - a, s, np.uint8) for a, b, s in parts])
        return Layout(spans, []), entries, closes, kinds, sections

    @staticmethod
    def _kind(name: str) -> int:
        if name in KNOWN:
            return KNOWN[name]
        if name in NO_DRAWING:
            return SILENT
        return ODDKIND if name in _ODD_KINDS or name.endswith("_DIMENSION") else OTHER

    def _blocks(self, rows: Rows, entries: Longs, closes: Longs, kinds: Ints) -> list[Block]:
        tags, encoding = self.tags, self.source.encoding
        heads = rows.blocks.tolist()
        is_head = np.isin(entries, rows.blocks)
        is_tail = (kinds == columns.ENDBLK) & (entries < (entries[is_head].max() if heads else 0) + (1 << 62))
        after = dict(zip(entries[is_head].tolist(), closes[is_head].tolist(), strict=True))
        tails = [(a, b) for a, b in zip(entries[is_tail].tolist(), closes[is_tail].tolist(), strict=True)]
        out: list[Block] = []
        position = 0
        for head in heads:
            while position < len(tails) and tails[position][0] < head:
                position += 1
            if position == len(tails):
                raise Unfit("block without end")
            name, x, y, flags = "", 0.0, 0.0, 0
            for t in range(head + 1, after[head]):
                code = tags.codes[t]
                if code == 2:
                    name = tags.text(t, encoding)
                elif code == 10:
                    x, y = float(tags.numbers[t]), float(tags.numbers[t + 1])
                elif code == 70 and abs(tags.numbers[t]) < 1e6:
                    flags = int(tags.numbers[t])
                elif code == 1001:
                    break
            if not name or not (abs(x) < 1e60 and abs(y) < 1e60):
                raise Unfit("block head")
            out.append(Block(name, (head, after[head]), tails[position], (x, y), bool(flags & 12)))
        return out

    # --- columns -------------------------------------------------------------------------------------------

    def _columns_of_text(self, rows: Rows) -> None:
        """Texts in columns are spread over several MTEXT, which only the careful reader can tell."""
        is_mtext = rows.ints[:, KIND] == MTEXT
        if np.any(is_mtext & (rows.ints[:, XDATA0] >= 0)) and b"ACAD_MTEXT_COLUMN" in self.source.data:
            rows.ints[is_mtext, FLAGS] = (rows.ints[is_mtext, FLAGS] & columns.HIDDEN) | ODD
            hidden = is_mtext & (rows.ints[:, FLAGS] & columns.HIDDEN != 0)
            rows.ints[hidden, FLAGS] = columns.HIDDEN

    def _numbered(self, rows: Rows, first: int, last: int, names: _Names, chosen: Longs) -> Ints:
        """Numbers of the texts in two columns of the chosen rows."""
        ids, examples = intern(
            self.tags.buffer,
            np.ascontiguousarray(rows.ints[chosen, first]),
            np.ascontiguousarray(rows.ints[chosen, last]),
        )
        numbers = np.empty(examples.size, np.int32)
        for k, example in enumerate(examples.tolist()):
            line = rows.ints[chosen[example]]
            raw = self.tags.data[line[first] : line[last]].decode(self.source.encoding, "surrogateescape")
            numbers[k] = names.add(decode_escapes(raw) if first == LAYER0 else raw)
        found: Ints = numbers[ids]
        return found

    def _layers_of(self, rows: Rows) -> Ints:
        self.layer_names.add("0")
        out = np.zeros(len(rows.ints), np.int32)
        named = np.flatnonzero(rows.ints[:, LAYER1] > 0)
        out[named] = self._numbered(rows, LAYER0, LAYER1, self.layer_names, named)
        return out

    def _names_of(self, rows: Rows) -> Ints:
        out = np.zeros(len(rows.ints), np.int32)
        named = np.flatnonzero(
            (rows.ints[:, FLAGS] & REFERENCE != 0) & (rows.ints[:, NAME1] > rows.ints[:, NAME0])
        )
        out[named] = self._numbered(rows, NAME0, NAME1, self.block_names, named)
        return out

    def _bound_arrays(self, rows: Rows) -> None:
        limit = self.settings.limits.entities
        references = rows.references
        for k in np.flatnonzero(~(references[:, ROWS] * references[:, COLUMNS] <= limit)).tolist():
            self.issues.add("DXF-TOO-MANY", what="图块阵列", what_en="block copies", limit=limit)
            references[k, ROWS] = references[k, COLUMNS] = 1.0

    def _reached(self, rows: Rows, row_name: Ints, block_of_key: dict[str, int]) -> set[int]:
        """Numbers of the blocks that model space draws, directly or through others."""
        block_of_name = np.array(
            [block_of_key.get(n.lower(), -1) for n in self.block_names.numbers] or [-1], np.int64
        )
        refers = np.flatnonzero(
            (rows.ints[:, FLAGS] & REFERENCE != 0) & (rows.ints[:, NAME1] > rows.ints[:, NAME0])
        )
        pairs = np.stack((rows.ints[refers, PLACE].astype(np.int64), block_of_name[row_name[refers]]), axis=1)
        edges: dict[int, list[int]] = {}
        for place, block in np.unique(pairs, axis=0).tolist() if pairs.size else []:
            if block >= 0:
                edges.setdefault(place, []).append(block)
        reached: set[int] = set()
        queue = list(edges.get(MODEL, ()))
        while queue:
            block = queue.pop()
            if block not in reached:
                reached.add(block)
                queue += edges.get(FIRST_BLOCK + block, ())
        return reached

    # --- odd entities --------------------------------------------------------------------------------------

    def _odd_rows(self, rows: Rows, reached: set[int]) -> list[int]:
        """Odd rows that are drawn, model space first."""
        odd = np.flatnonzero((rows.ints[:, FLAGS] & ODD != 0) & (rows.ints[:, FLAGS] & MEMBER == 0))
        places = rows.ints[odd, PLACE]
        drawn = (places == MODEL) | np.isin(places - FIRST_BLOCK, list(reached))
        odd = odd[drawn]
        chosen: list[int] = odd[np.argsort(places[drawn], kind="stable")].tolist()
        return chosen

    def _read_directly(self, direct: DirectReader, rows: Rows, odd_rows: list[int]) -> list[int]:
        """Read the splines and dimensions among odd rows; the rows that are left."""
        left: list[int] = []
        for count, row in enumerate(odd_rows):
            late = count % 500 == 499 and self.clock() > self.deadline
            items = direct.read(row) if rows.ints[row, KIND] == ODDKIND and not late else None
            if items is None:
                left.append(row)
            else:
                self.odd_items[row] = items
        return left

    def _read_odd(
        self, layout: Layout, rows: Rows, odd_rows: list[int], block_of_key: dict[str, int], *, needed: bool
    ) -> Odd | None:
        """Have ezdxf read the tables and odd entities; None if there are none and it need not."""
        encoding = self.source.encoding
        wanted: dict[int, list[int]] = {}
        whole: set[int] = set()
        for row in odd_rows:
            place = int(rows.ints[row, PLACE])
            wanted.setdefault(place - FIRST_BLOCK if place >= FIRST_BLOCK else -1, []).append(row)
            if rows.ints[row, KIND] == ODDKIND:
                used = block_of_key.get(block_called(self.tags, rows, row, encoding).lower())
                if used is not None:
                    whole.add(used)
            elif rows.ints[row, FLAGS] & REFERENCE:
                used = block_of_key.get(block_called(self.tags, rows, row, encoding).lower())
                if used is not None:
                    wanted.setdefault(used, [])
        if not odd_rows and not needed:
            return None
        handles, put_in = handles_of(self.tags, rows, odd_rows, encoding)
        data = skeleton(self.tags, layout, rows, wanted, whole, put_in)
        odd = Odd(data, self.source, self.settings, self.issues, self.deadline, self.clock)
        for count, row in enumerate(odd_rows):
            if count % 500 == 499 and self.clock() > self.deadline:
                self.issues.add("DXF-TIME", seconds=self.settings.limits.seconds)
                break
            self.odd_items[row] = odd.convert(handles[row], row, row in put_in)
        return odd

    def _take_in(
        self, rows: Rows, row_layer: Ints, row_name: Ints
    ) -> tuple[Rows, Ints, Ints, tuple[Ints, Ints], npt.NDArray[np.float64]]:
        """Append what the careful reader made of the odd rows; ``replaced``: the rows that stand for each of them."""
        added = _Additions()
        first_row = len(rows.ints)
        curve_count = len(rows.curve_flags)

        def append(entity: CadEntity, place: int, extra: int, name: int) -> int:
            line = [0] * columns.INT_COLUMNS
            line[KIND], line[PLACE], line[XDATA0], line[ENTRY] = -1, place, -1, -1
            line[COLOR] = (
                BYLAYER if entity.color == dxf_entities.BYLAYER
                else BYBLOCK if entity.color == dxf_entities.BYBLOCK
                else int(entity.color[1:], 16)
            )  # fmt: skip
            line[FLAGS] = (
                EMIT | extra | (AT if entity.at is not None else 0) | (WORDS if entity.text is not None else 0)
                | (FILLED if entity.filled else 0)
            )  # fmt: skip
            line[CURVE0] = curve_count + len(added.curves)
            added.curves += entity.curves
            line[CURVE1] = curve_count + len(added.curves)
            numbers = [0.0] * columns.FLOAT_COLUMNS
            if entity.at is not None:
                numbers[X], numbers[Y] = entity.at
            numbers[Z], numbers[HEIGHT], numbers[ROTATION] = entity.z, entity.height, entity.rotation
            added.ints.append(line)
            added.floats.append(numbers)
            added.layers.append(self.layer_names.add(entity.layer))
            added.names.append(name)
            added.spans.append((0, 0))
            row = first_row + len(added.ints) - 1
            self.foreign[row] = entity
            return row

        for row, items in self.odd_items.items():
            place = int(rows.ints[row, PLACE])
            stand_in: list[int] = []
            for item in items:
                if isinstance(item, CadEntity):
                    stand_in.append(append(item, place, 0, 0))
                    continue
                start = len(added.matrices)
                added.matrices += item.matrices
                insert = append(item.proto, place, REFERENCE, self.block_names.add(item.block))
                added.spans[-1] = (start, len(added.matrices))
                for part in item.parts:
                    append(part, NOWHERE, MEMBER, 0)
                stand_in.append(insert)
            self.replaced[row] = stand_in
        count = first_row + len(added.ints)
        begin, finish = np.zeros(count, np.int32), np.zeros(count, np.int32)
        if added.ints:
            spans = np.array(added.spans, np.int32).reshape(-1, 2)
            begin[first_row:], finish[first_row:] = spans[:, 0], spans[:, 1]
            starts = [int(rows.curve_start[-1])]
            flags: list[int] = []
            xs: list[float] = []
            ys: list[float] = []
            bs: list[float] = []
            for curve in added.curves:
                xs += [p[0] for p in curve.points]
                ys += [p[1] for p in curve.points]
                bs += curve.bulges if curve.bulges is not None else [0.0] * len(curve.points)
                starts.append(starts[0] + len(xs))
                flags.append((CLOSED if curve.closed else 0) | (BULGED if curve.bulges is not None else 0))
            rows = Rows(
                np.concatenate((rows.ints, np.array(added.ints, np.int32))),
                np.concatenate((rows.floats, np.array(added.floats))),
                rows.references,
                np.concatenate((rows.curve_start, np.array(starts[1:], np.int32))),
                np.concatenate((rows.curve_flags, np.array(flags, np.uint8))),
                np.concatenate((rows.x, xs)),
                np.concatenate((rows.y, ys)),
                np.concatenate((rows.bulge, bs)),
                rows.blocks,
            )
            row_layer = np.concatenate((row_layer, np.array(added.layers, np.int32)))
            row_name = np.concatenate((row_name, np.array(added.names, np.int32)))
        matrices = np.array(added.matrices or [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)], np.float64)
        return rows, row_layer, row_name, (begin, finish), matrices

    def _places(self, rows: Rows, blocks: int, replaced: dict[int, list[int]]) -> tuple[Longs, Ints]:
        """Rows to draw of every place, in order (place k at index k + 1)."""
        drawn = rows.ints[:, FLAGS] & (EMIT | REFERENCE) != 0
        drawn &= rows.ints[:, FLAGS] & MEMBER == 0
        own = np.ones(len(rows.ints), bool)
        own[[r for stand_in in replaced.values() for r in stand_in]] = (
            False  # they come where the odd row stood
        )
        odd = np.zeros(len(rows.ints), bool)
        odd[list(replaced)] = True
        candidates = np.flatnonzero((drawn & own & (rows.ints[:, FLAGS] & ODD == 0)) | odd)
        places = rows.ints[candidates, PLACE] + 1
        order = np.argsort(places, kind="stable")
        sorted_rows, sorted_places = candidates[order], places[order]
        if replaced:
            counts = np.ones(sorted_rows.size, np.int64)
            is_odd = odd[sorted_rows]
            counts[is_odd] = [len(replaced[r]) for r in sorted_rows[is_odd].tolist()]
            final = np.repeat(sorted_rows, counts)
            slots = np.flatnonzero(odd[final])
            final[slots] = [s for r in sorted_rows[is_odd].tolist() for s in replaced[r]]
            sorted_rows, sorted_places = final, np.repeat(sorted_places, counts)
        starts = np.searchsorted(sorted_places, np.arange(blocks + 4)).astype(np.int64)
        return starts, sorted_rows.astype(np.int32)

    # --- what is told --------------------------------------------------------------------------------------

    def _tell_events(
        self, words: Words, instances: Instances, layers: Sequence[str], layout: Layout, table: EntityTable
    ) -> None:
        limits, issues = self.settings.limits, self.issues
        for code in range(placing.EVENT_CODES):
            count = int(instances.events[code])
            for k in range(min(count, placing.EVENTS_KEPT)):
                _, row, path, layer = instances.kept[code * placing.EVENTS_KEPT + k].tolist()
                if code in (placing.TOO_MANY, placing.TOO_MANY_VERTICES, placing.TOO_LONG):
                    break
                handle = table._prefix(path) + words.handle(row)
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
                    handle=table._prefix(path) + words.handle(row - 1),
                    layer=layers[layer],
                )

    def _block_name(self, words: Words, row: int) -> str:
        if row in self.foreign:
            return self.foreign[row].block or ""
        line = words.rows.ints[row]
        return words.raw(line[NAME0], line[NAME1])

    def _tell_unsupported(self, words: Words, instances: Instances, odd: Odd | None) -> None:
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
                kind = _LINE_END.split(words.data[line[BYTE0] : line[BYTE1]], maxsplit=1)[0]
                found[kind.decode(words.encoding, "surrogateescape").strip()] = (
                    int(counts[k]), words.raw(line[HANDLE0], line[HANDLE1]), layer,
                )  # fmt: skip
        for kind, (count, entity) in (odd.reader.converter.unsupported if odd is not None else {}).items():
            before = found.get(kind, (0, entity.handle, entity.layer))
            found[kind] = (before[0] + count, before[1], before[2])
        for kind, (count, handle, layer) in found.items():
            self.issues.add("DXF-UNSUPPORTED", kind=kind, count=count, handle=handle, layer=layer, at=None)

    def _header_unit(self) -> int | None:
        text = header_value(self.source.data, b"$INSUNITS")
        return int(text) if text and text.lstrip("+-").isdigit() else None

    def _largest_rings(
        self, instances: Instances, bounds: npt.NDArray[np.float64], rows: Rows
    ) -> list[Curve]:
        """The closed outlines that decide the size of the drawing."""
        diagonal = np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
        diagonal[(instances.curve_flags & CLOSED) == 0] = -1.0
        for k in np.flatnonzero(
            np.isin(
                instances.ints[:, placing.ROW], [r for r, e in self.foreign.items() if e.kind == "DIMENSION"]
            )
        ).tolist():
            diagonal[instances.ints[k, placing.FIRST] : instances.ints[k, placing.LAST]] = -1.0
        diagonal[~np.isfinite(diagonal)] = -1.0
        largest = np.argsort(-diagonal, kind="stable")[:_RINGS]
        out: list[Curve] = []
        for k in largest[diagonal[largest] > 0].tolist():
            x0, y0, x1, y1 = bounds[k].tolist()
            out.append(Curve(((x0, y0), (x1, y1)), None, True))  # only its bounds are looked at
        return out

    def _unit_texts(self, table: EntityTable) -> Sequence[str]:
        return [t for t in table.texts_with(_UNIT_WORDS, 3) if len(t) < 200]

    def _near(self, instances: Instances, metres_per_unit: float, table: EntityTable) -> Longs:
        """Instances within the bound of coordinates that can be; an issue for each of the others."""
        bound = self.settings.limits.coordinate_m / metres_per_unit
        far_vertex = (np.abs(instances.vx) > bound) | (np.abs(instances.vy) > bound)
        with np.errstate(invalid="ignore"):
            far = (np.abs(instances.x) > bound) | (np.abs(instances.y) > bound)
        if not far_vertex.any() and not far.any():
            return np.arange(len(instances.ints), dtype=np.int64)
        before = np.concatenate(([0], np.cumsum(far_vertex)))
        ends = before[instances.curve_start]  # far vertices before every curve
        far |= ends[instances.ints[:, placing.LAST]] > ends[instances.ints[:, placing.FIRST]]
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

    def _layer_table(
        self,
        table_layers: dict[str, CadLayer],
        table: EntityTable,
        instances: Instances,
        rows: Rows,
        names: Sequence[str],
        kept: Longs,
    ) -> dict[str, CadLayer]:
        """The layer table with counts of what lies on each layer in model space itself."""
        lines = instances.ints[kept]
        kinds = rows.ints[lines[:, placing.ROW], KIND]
        counted = (lines[:, placing.PATH] < 0) & (kinds != columns.ATTRIB)
        members = [r for r, e in self.foreign.items() if e.kind == "ATTRIB"]
        if members:
            counted &= ~np.isin(lines[:, placing.ROW], members)
        counts = np.bincount(lines[counted, placing.LAYER], minlength=len(names)).tolist()
        by_name = {name: counts[k] for k, name in enumerate(names) if counts[k]}
        out = dict(table_layers)
        for name in by_name:
            if name not in out:
                out[name] = CadLayer(name, "#ffffff")
        return {n: replace(layer, entities=by_name.get(n, 0)) for n, layer in out.items()}

    def _sheets(
        self, sheets: Sequence[tuple[str, str]], rows: Rows, block_of_key: dict[str, int]
    ) -> tuple[CadSheet, ...]:
        """Model space and the paper sheets with the number of their entities."""
        places = rows.ints[:, PLACE]
        native = rows.ints[:, KIND] >= 0  # stand-ins of odd rows are not counted again
        counts = np.bincount(places[native & (places >= 0)], minlength=FIRST_BLOCK + len(block_of_key) + 1)
        out: list[CadSheet] = []
        for name, block in sheets:
            number = block_of_key.get(block)
            count = int(counts[FIRST_BLOCK + number]) if number is not None else 0
            if block == "*model_space":
                count += int(counts[MODEL])
            elif block == "*paper_space":
                count += int(counts[PAPER])
            out.append(CadSheet(decode_escapes(name), "model" if name.lower() == "model" else "paper", count))
        return tuple(sorted(out, key=lambda s: s.kind != "model"))


def _sheets_of(odd: Odd) -> list[tuple[str, str]]:
    """Layouts as ezdxf sees them: name, block (lower case)."""
    return [(sheet.name, sheet.block_record.dxf.name.lower()) for sheet in odd.document.layouts]


def _extents(
    instances: Instances, bounds: npt.NDArray[np.float64], shown: Longs
) -> tuple[float, float, float, float] | None:
    """Bounds of the shown instances: of their curves, of the anchor where there are none."""
    everything = shown.size == len(instances.ints)
    lines = instances.ints if everything else instances.ints[shown]
    first, last = lines[:, placing.FIRST], lines[:, placing.LAST]
    if everything:
        used = bounds
    else:
        mark = np.zeros(len(bounds) + 1, np.int64)
        np.add.at(mark, first, 1)
        np.add.at(mark, last, -1)
        used = bounds[np.cumsum(mark)[:-1] > 0]
    x, y = (instances.x, instances.y) if everything else (instances.x[shown], instances.y[shown])
    bare = (first == last) & ~np.isnan(x)
    lows_x, lows_y = np.concatenate((used[:, 0], x[bare])), np.concatenate((used[:, 1], y[bare]))
    highs_x, highs_y = np.concatenate((used[:, 2], x[bare])), np.concatenate((used[:, 3], y[bare]))
    if not lows_x.size:
        return None
    return float(lows_x.min()), float(lows_y.min()), float(highs_x.max()), float(highs_y.max())


def _middle(instances: Instances, bounds: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """Median of the middles of all curves and bare anchors."""
    bare = (instances.ints[:, placing.FIRST] == instances.ints[:, placing.LAST]) & ~np.isnan(instances.x)
    xs = np.concatenate(((bounds[:, 0] + bounds[:, 2]) / 2, instances.x[bare]))
    ys = np.concatenate(((bounds[:, 1] + bounds[:, 3]) / 2, instances.y[bare]))
    return (float(np.median(xs)), float(np.median(ys))) if xs.size else None
