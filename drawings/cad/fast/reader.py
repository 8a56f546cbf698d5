"""The fast reader: from bytes to :class:`~drawings.cad.model.CadFile`."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from ezdxf.colors import DXF_DEFAULT_COLORS

from drawings.cad.dxf_entities import Insert
from drawings.cad.fast import columns, tables
from drawings.cad.fast.columns import (
    COLUMNS,
    FIRST_BLOCK,
    FLAGS,
    KIND,
    LAYER0,
    LAYER1,
    MEMBER,
    MODEL,
    MTEXT,
    NAME0,
    NAME1,
    ODD,
    ODDKIND,
    PLACE,
    REFERENCE,
    ROWS,
    TAG0,
    TAG1,
    XDATA0,
    Rows,
    release,
)
from drawings.cad.fast.direct import DirectReader
from drawings.cad.fast.expand import expand
from drawings.cad.fast.flattening import boxes
from drawings.cad.fast.instances import WHITE, Instances
from drawings.cad.fast.nesting import BoxTree
from drawings.cad.fast.rows import collect
from drawings.cad.fast.skeleton import Layout, Odd, block_called, handles_of, skeleton
from drawings.cad.fast.splines import spline_curve
from drawings.cad.fast.stand_ins import Names, places_of, take_in
from drawings.cad.fast.structure import blocks_of, structure
from drawings.cad.fast.summary import extents_of, largest_rings, layer_table, middle_of, sheet_list, sheets_of
from drawings.cad.fast.table import EntityTable
from drawings.cad.fast.tags import Ints, Longs, Tags, Unfit, foreign_text, intern, scan
from drawings.cad.fast.telling import Teller
from drawings.cad.fast.words import Words
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer
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

_ACI = np.array([DXF_DEFAULT_COLORS[i] & 0xFFFFFF for i in range(256)], np.int32)
_PARTS_OF_ENTITIES = 5  # vertices, attributes and ends of sequences are entities of the file too
_UNIT_WORDS = ("unit", "单位", "единиц")
_BLOCK_HANDLES = (341, 344)  # group codes of a multi-leader's block
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{1,16}")
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
    points = (10, 0, 20, 0, 30, 0, 10, 1, 20, 2, 30, 0, 10, 3, 20, 0, 30, 0)
    tags = (
        *(0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, "AC1009", 0, "ENDSEC"),
        *(0, "SECTION", 2, "ENTITIES", 0, "CIRCLE", 5, "A", 8, "0", 10, 0, 20, 0, 40, 5),
        *(0, "LINE", 5, "B", 8, "0", 10, 0, 20, 0, 11, 9, 21, 9, 0, "RAY", 5, "C", 8, "0"),
        *(0, "TEXT", 5, "D", 8, "0", 10, 0, 20, 0, 40, 1, 1, "é", 0, "ENDSEC", 0, "EOF"),
    )
    spline = (
        *(0, "SPLINE", 100, "AcDbEntity", 100, "AcDbSpline", 70, 8, 71, 2),
        *(v for knot in (0, 0, 0, 1, 1, 1) for v in (40, knot)),
        *(*points, 0, "EOF"),
    )
    read = read_fast(_lines(tags), "warm-up.dxf", reading(), None)
    found = scan(_lines(spline))
    curve = spline_curve(found, 0, found.count - 1)
    if read is None or not isinstance(read.entities, EntityTable) or curve is None:
        raise RuntimeError("the fast reader does not read its own sample")
    read.entities.geometries(0.01)
    tree = BoxTree(np.array([(0.0, 0.0, 2.0, 2.0), (0.0, 0.0, 1.0, 1.0)]))
    tree.around(np.arange(2), np.arange(2))
    tree.meeting(np.arange(2), np.full((2, 4), np.nan))


def _lines(tags: Sequence[object]) -> bytes:
    return "".join(f"{tag}\n" for tag in tags).encode()


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
class _Drawn:
    """What model space draws, and what is needed to tell of it.

    Attributes:
        layers: names by number. block_of_key: block number by lower name. table_layers: as the layer table has them.
    """

    rows: Rows
    instances: Instances
    layers: list[str]
    layout: Layout
    block_of_key: dict[str, int]
    table_layers: dict[str, CadLayer]
    sheets: list[tuple[str, str]]
    odd: Odd | None


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
        self.layer_names = Names()
        self.block_names = Names()
        self.foreign: dict[int, CadEntity] = {}
        self.replaced: dict[int, list[int]] = {}
        self.dimensions: list[CadDimension] = []
        self.odd_items: dict[int, Sequence[CadEntity | Insert]] = {}
        self._odd_vertices = 0

    def read(self, name: str, digest: Future[str], unit: str | None) -> CadFile:
        """Everything."""
        tags, source, limits = self.tags, self.source, self.settings.limits
        most = _PARTS_OF_ENTITIES * limits.entities
        if np.count_nonzero(tags.codes[: tags.count] == 0) > most:
            return self._refused(name, digest, most)
        built = structure(tags)
        layout = built.layout
        r12 = source.version <= "AC1009"
        records = tables.block_records(tags, layout.sections.get("TABLES"), source.encoding)
        owners = records.get("*model_space", -1), records.get("*paper_space", -1)
        rows, status, _ = collect(
            tags, built.entries, built.closes, built.kinds, built.sections, r12=r12, owners=owners, aci=_ACI
        )  # fmt: skip
        if status != columns.GOOD:
            raise Unfit(f"structure {status}")
        layout.blocks = blocks_of(tags, source.encoding, rows, built)
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
        if int((rows.ints[odd_rows, TAG1] - rows.ints[odd_rows, TAG0]).sum(dtype=np.int64)) > 4 * most:
            return self._refused(
                name, digest, 4 * most, what=("零散图元的组码", "group codes of odd entities")
            )
        if not r12:
            direct = DirectReader(
                tags, rows, row_layer, list(self.layer_names.numbers), block_of_key,
                layout.sections.get("TABLES"), source.encoding,
            )  # fmt: skip
            odd_rows = self._read_directly(direct, rows, odd_rows)
            self.dimensions += direct.dimensions
        shown = self._blocks_by_handle(
            rows, odd_rows, {h: block_of_key.get(n, -1) for n, h in records.items()}
        )
        odd = self._read_odd(layout, rows, odd_rows, block_of_key, shown, needed=sheets is None)
        if odd is None:
            table_layers = tables.layers(tags, layout.sections.get("TABLES"), source.encoding)
        else:
            table_layers = odd.reader.layers
            sheets = sheets_of(odd)
        rows, row_layer, row_name, spans, matrices = take_in(
            rows,
            row_layer,
            row_name,
            self.odd_items,
            self.layer_names,
            self.block_names,
            self.foreign,
            self.replaced,
        )
        place_start, place_rows = places_of(rows, len(layout.blocks), self.replaced)
        layer_list = list(self.layer_names.numbers)
        tints = np.array(
            [int(table_layers[n].color[1:], 16) if n in table_layers else WHITE for n in layer_list],
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
        del self.tags, tags
        drawn = _Drawn(rows, instances, layer_list, layout, block_of_key, table_layers, sheets or [], odd)
        return self._file(drawn, name, digest, unit)

    def _refused(
        self,
        name: str,
        digest: Future[str],
        limit: int,
        what: tuple[str, str] = ("文件中的图元", "entities in the file"),
    ) -> CadFile:
        """A file of more than can be held."""
        source = self.source
        self.issues.add("DXF-TOO-MANY", what=what[0], what_en=what[1], limit=limit)
        return CadFile(
            name,
            digest.result(),
            source.format,
            version=source.version,
            release=RELEASES.get(source.version, source.version),
            encoding=source.encoding,
            issues=self.issues.finish(),
        )

    def _file(self, drawn: _Drawn, name: str, digest: Future[str], unit: str | None) -> CadFile:
        """What was drawn, with what is told of it and its unit."""
        source, odd, instances = self.source, drawn.odd, drawn.instances
        words = Words(source.data, source.encoding, drawn.rows, self.foreign)
        shown = np.arange(len(instances.ints), dtype=np.int64)
        table = EntityTable(words, instances, drawn.layers, shown)
        teller = Teller(self.issues, self.settings.limits, self.foreign, self.replaced)
        teller.events(words, instances, drawn.layers, drawn.layout, table)
        teller.unsupported(words, instances, odd)
        dimensions = (*self.dimensions, *(odd.reader.dimensions if odd is not None else ()))
        if not len(table) and not dimensions:
            self.issues.add("DXF-EMPTY")
        bounds = boxes(instances)
        units = weigh(
            self._header_unit(),
            rings=largest_rings(self.foreign, instances, bounds),
            extents=extents_of(instances, bounds, shown),
            middle=middle_of(instances, bounds),
            texts=[t for t in table.texts_with(_UNIT_WORDS, 3) if len(t) < 200],
            rules=self.settings.units,
            confirmed=unit,
        )
        kept = teller.near(instances, units.metres_per_unit, table)
        if kept.size < shown.size:
            table = EntityTable(words, instances, drawn.layers, kept)
        return CadFile(
            name,
            digest.result(),
            source.format,
            version=source.version,
            release=RELEASES.get(source.version, source.version),
            encoding=source.encoding,
            readable=True,
            units=units,
            extents=extents_of(instances, bounds, kept),
            layers=layer_table(self.foreign, drawn.table_layers, instances, drawn.rows, drawn.layers, kept),
            entities=table,
            dimensions=dimensions,
            sheets=sheet_list(drawn.sheets, drawn.rows, drawn.block_of_key),
            blocks={
                n: int(instances.uses[k]) for n, k in self.block_names.numbers.items() if instances.uses[k]
            },
            geodata=odd.reader.geodata() if odd is not None else {},
            issues=self.issues.finish(),
        )

    # --- columns -------------------------------------------------------------------------------------------

    def _columns_of_text(self, rows: Rows) -> None:
        """Texts in columns are spread over several MTEXT, which only the careful reader can tell."""
        is_mtext = rows.ints[:, KIND] == MTEXT
        if np.any(is_mtext & (rows.ints[:, XDATA0] >= 0)) and b"ACAD_MTEXT_COLUMN" in self.source.data:
            rows.ints[is_mtext, FLAGS] = (rows.ints[is_mtext, FLAGS] & columns.HIDDEN) | ODD
            hidden = is_mtext & (rows.ints[:, FLAGS] & columns.HIDDEN != 0)
            rows.ints[hidden, FLAGS] = columns.HIDDEN

    def _numbered(self, rows: Rows, first: int, last: int, names: Names, chosen: Longs) -> Ints:
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
        owners = np.flatnonzero(rows.ints[:, columns.ENTRY] >= 0)  # in the order of the references
        for k in np.flatnonzero(~(references[:, ROWS] * references[:, COLUMNS] <= limit)).tolist():
            line = rows.ints[owners[k]].tolist()
            layer = self.tags.data[line[LAYER0] : line[LAYER1]].decode(
                self.source.encoding, "surrogateescape"
            )
            self.issues.add(
                "DXF-TOO-MANY",
                what="图块阵列",
                what_en="block copies",
                limit=limit,
                handle=self.tags.data[line[columns.HANDLE0] : line[columns.HANDLE1]].decode(
                    "ascii", "replace"
                )
                or None,
                layer=decode_escapes(layer) or "0",
                at=(float(references[k, columns.PX]), float(references[k, columns.PY])),
            )
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
                self._keep(row, items)
        return left

    def _keep(self, row: int, items: Sequence[CadEntity | Insert]) -> None:
        """Note what stands for an odd row.

        Raises:
            Unfit: they have more vertices than can be held here; the careful reader has a process of its own.
        """
        self.odd_items[row] = items
        self._odd_vertices += sum(len(c.points) for e in items if isinstance(e, CadEntity) for c in e.curves)
        if self._odd_vertices > self.settings.limits.vertices // 2:
            raise Unfit("vertices of odd entities")

    def _blocks_by_handle(self, rows: Rows, odd_rows: list[int], block_of_handle: dict[int, int]) -> set[int]:
        """Numbers of the blocks that multi-leaders show: they name them by the handle of their record."""
        found: set[int] = set()
        for row in odd_rows:
            first, last = rows.ints[row, TAG0], rows.ints[row, TAG1]
            if self.tags.text(first).strip() in ("MULTILEADER", "MLEADER"):
                named = np.flatnonzero(np.isin(self.tags.codes[first:last], _BLOCK_HANDLES)) + first
                for text in map(self.tags.text, named.tolist()):
                    handle = int(text, 16) if _HEXADECIMAL.fullmatch(text.strip()) else -1
                    found.add(block_of_handle.get(handle, -1))
        return found - {-1}

    def _read_odd(
        self,
        layout: Layout,
        rows: Rows,
        odd_rows: list[int],
        block_of_key: dict[str, int],
        whole: set[int],
        *,
        needed: bool,
    ) -> Odd | None:
        """Have ezdxf read the tables and odd entities; None if there are none and it need not.

        Args:
            whole: numbers of blocks that odd entities show, beside those they name.
        """
        encoding = self.source.encoding
        wanted: dict[int, list[int]] = {}
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
            self._keep(row, odd.convert(handles[row], row, row in put_in))
        return odd

    def _header_unit(self) -> int | None:
        text = header_value(self.source.data, b"$INSUNITS")
        return int(text) if text and text.lstrip("+-").isdigit() else None
