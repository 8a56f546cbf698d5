"""The fast reader: from bytes to :class:`~drawings.cad.model.CadFile`."""

from __future__ import annotations

import hashlib
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
    MODEL,
    MTEXT,
    NAME0,
    NAME1,
    ODD,
    PLACE,
    REFERENCE,
    ROWS,
    TAG0,
    TAG1,
    XDATA0,
    Rows,
    release,
)
from drawings.cad.fast.expand import expand
from drawings.cad.fast.flattening import boxes
from drawings.cad.fast.instances import WHITE, Instances
from drawings.cad.fast.odd import OddEntities
from drawings.cad.fast.rows import collect
from drawings.cad.fast.skeleton import Layout, Odd
from drawings.cad.fast.stand_ins import Names, places_of, take_in
from drawings.cad.fast.structure import Structure, blocks_of, structure
from drawings.cad.fast.summary import extents_of, largest_rings, layer_table, middle_of, sheet_list, sheets_of
from drawings.cad.fast.table import EntityTable
from drawings.cad.fast.tags import Ints, Longs, Tags, Unfit, foreign_text, intern, scan
from drawings.cad.fast.telling import Teller
from drawings.cad.fast.words import Words
from drawings.cad.job import Job, begun
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
from drawings.reading import Reading

_ACI = np.array([DXF_DEFAULT_COLORS[i] & 0xFFFFFF for i in range(256)], np.int32)
_PARTS_OF_ENTITIES = 5  # vertices, attributes and ends of sequences are entities of the file too
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
            return _Fast(begun(source, settings, issues, clock)).read(name, digest, unit)
        except Unfit:
            return None
        except Exception:  # whatever a hostile file provokes here, the careful reader turns it into an issue
            return None


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


@dataclass(slots=True)
class _Columns:
    """What was read of the entities: ``row_layer``, ``row_name`` number of layer and block of every row."""

    rows: Rows
    row_layer: Ints
    row_name: Ints
    layout: Layout
    block_of_key: dict[str, int]


def _numbered_blocks(layout: Layout) -> dict[str, int]:
    """Number of every block by its name in lower case.

    Raises:
        Unfit: two have the same.
    """
    out: dict[str, int] = {}
    for number, block in enumerate(layout.blocks):
        if out.setdefault(block.name.lower(), number) != number:
            raise Unfit("block defined twice")
    return out


class _Fast:
    """One reading."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.source, self.settings, self.issues = job.source, job.settings, job.issues
        self.tags: Tags = scan(job.source.data)
        self.layer_names = Names()
        self.block_names = Names()
        self.foreign: dict[int, CadEntity] = {}
        self.replaced: dict[int, list[int]] = {}
        self.dimensions: tuple[CadDimension, ...] = ()

    def read(self, name: str, digest: Future[str], unit: str | None) -> CadFile:
        """Everything."""
        tags, limits, encoding = self.tags, self.settings.limits, self.source.encoding
        most = _PARTS_OF_ENTITIES * limits.entities
        if np.count_nonzero(tags.codes[: tags.count] == 0) > most:
            return self._refused(name, digest, most)
        built = structure(tags)
        layout = built.layout
        table_span = layout.sections.get("TABLES")
        r12 = self.source.version <= "AC1009"
        records = tables.block_records(tags, table_span, encoding)
        rows = self._rows(built, records, r12=r12)
        row_layer = self._layers_of(rows)
        row_name = self._names_of(rows)
        block_of_key = _numbered_blocks(layout)
        self._bound_arrays(rows)
        sheets = tables.layouts(tags, layout.sections.get("OBJECTS"), records, encoding, r12=r12)
        others = OddEntities(tags, rows, layout, block_of_key, self.job)
        odd_rows = others.drawn(self._reached(rows, row_name, block_of_key))
        if int((rows.ints[odd_rows, TAG1] - rows.ints[odd_rows, TAG0]).sum(dtype=np.int64)) > 4 * most:
            return self._refused(
                name, digest, 4 * most, what=("零散图元的组码", "group codes of odd entities")
            )
        if not r12:
            odd_rows = others.read_directly(odd_rows, row_layer, list(self.layer_names.numbers))
        odd = others.read_by_ezdxf(odd_rows, records, needed=sheets is None)
        self.dimensions = (*others.dimensions, *(odd.reader.dimensions if odd is not None else ()))
        read = _Columns(rows, row_layer, row_name, layout, block_of_key)
        table_layers = tables.layers(tags, table_span, encoding) if odd is None else odd.reader.layers
        rows, instances = self._placed(read, others.items, table_layers)
        release(rows, tags)
        del self.tags, tags, others, read
        drawn = _Drawn(
            rows, instances, list(self.layer_names.numbers), layout, block_of_key, table_layers,
            sheets_of(odd) if odd is not None else sheets or [], odd,
        )  # fmt: skip
        return self._file(drawn, name, digest, unit)

    def _rows(self, built: Structure, records: dict[str, int], *, r12: bool) -> Rows:
        """All entities in columns; the layout is given its blocks.

        Raises:
            Unfit: the structure is broken.
        """
        owners = records.get("*model_space", -1), records.get("*paper_space", -1)
        rows, status, _ = collect(
            self.tags, built.entries, built.closes, built.kinds, built.sections, r12=r12, owners=owners, aci=_ACI
        )  # fmt: skip
        if status != columns.GOOD:
            raise Unfit(f"structure {status}")
        built.layout.blocks = blocks_of(self.tags, self.source.encoding, rows, built)
        self._columns_of_text(rows)
        return rows

    def _placed(
        self,
        read: _Columns,
        items: dict[int, Sequence[CadEntity | Insert]],
        table_layers: dict[str, CadLayer],
    ) -> tuple[Rows, Instances]:
        """The rows with what stands for odd ones, and what they draw in model space."""
        limits = self.settings.limits
        rows, row_layer, row_name, spans, matrices = take_in(
            read.rows, read.row_layer, read.row_name, items, self.layer_names, self.block_names, self.foreign,
            self.replaced,
        )  # fmt: skip
        place_start, place_rows = places_of(rows, len(read.layout.blocks), self.replaced)
        tints = np.array(
            [
                int(table_layers[n].color[1:], 16) if n in table_layers else WHITE
                for n in self.layer_names.numbers
            ],
            np.int32,
        )
        base = np.array([b.base for b in read.layout.blocks] or [(0.0, 0.0)])
        block_of_name = np.array(
            [read.block_of_key.get(n.lower(), -1) for n in self.block_names.numbers] or [-1], np.int32
        )
        instances = expand(
            rows, row_layer=row_layer, row_name=row_name, place_start=place_start, place_rows=place_rows,
            block_of_name=block_of_name, base=base, matrices=matrices, matrix_start=spans[0], matrix_end=spans[1],
            layer_colors=tints, max_entities=limits.entities, max_vertices=limits.vertices,
            max_depth=limits.block_depth,
        )  # fmt: skip
        return rows, instances

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
        if not len(table) and not self.dimensions:
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
            dimensions=self.dimensions,
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

    def _header_unit(self) -> int | None:
        text = header_value(self.source.data, b"$INSUNITS")
        return int(text) if text and text.lstrip("+-").isdigit() else None
