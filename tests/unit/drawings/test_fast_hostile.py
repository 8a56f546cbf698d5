"""The fast reader on hostile and broken files: never an exception, bounded, the same outcome as the careful one."""

from __future__ import annotations

import math
import random
import struct
import time

import numpy as np
import pytest
from ezdxf.filemanagement import new
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawings.cad.dxf import read_dxf
from drawings.cad.fast.reader import read_fast
from drawings.cad.fast.tags import Unfit, gather, intern, scan
from drawings.reading import Reading, reading
from tests.unit.drawings.test_fast_oracle import assert_same, both, everything, saved


def limited(**limits: float) -> Reading:
    whole = reading()
    return whole.model_copy(update={"limits": whole.limits.model_copy(update=limits)})


def tags_of(*values: object) -> bytes:
    return "".join(f"{v}\n" for v in values).encode()


def minimal(*entities: object, blocks: tuple[object, ...] = ()) -> bytes:
    """An R12 file of the given tags."""
    head = (0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, "AC1009", 9, "$INSUNITS", 70, 6, 0, "ENDSEC")
    inside = (0, "SECTION", 2, "BLOCKS", *blocks, 0, "ENDSEC") if blocks else ()
    return tags_of(*head, *inside, 0, "SECTION", 2, "ENTITIES", *entities, 0, "ENDSEC", 0, "EOF")


LINE = (0, "LINE", 5, "A1", 8, "0", 10, 0, 20, 0, 11, 9, 21, 9)


# --- tags --------------------------------------------------------------------------------------------------


def test_numbers_are_those_of_python():
    rng = random.Random(3)
    texts = [repr(rng.uniform(-1e7, 1e7)) for _ in range(3000)]
    texts += [f"{rng.uniform(-1e7, 1e7):.16f}" for _ in range(3000)]
    texts += [f"{rng.randrange(10 ** rng.randrange(1, 25))}e{rng.randrange(-320, 300)}" for _ in range(3000)]
    texts += [repr(v) for v in struct.unpack("<2000d", rng.randbytes(16000)) if math.isfinite(v)]
    texts += [
        "0",
        "-0.0",
        "+1",
        " 1.5 ",
        "1.",
        ".5",
        "-.5E+3",
        "5e-324",
        "2.2250738585072011e-308",
        "1e400",
        "nan",
        "inf",
    ]
    texts += ["9007199254740993", "1" * 25, "0." + "0" * 30 + "1", "123456789012345678.5", "8.5e22", "1e23"]
    found = scan(tags_of(0, "SECTION", *[v for t in texts for v in (40, t)], 0, "EOF"))
    for index, text in enumerate(texts):
        assert struct.pack("<d", found.numbers[index + 1]) == struct.pack("<d", float(text)), text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_comments_and_blanks(end):
    data = end.join(
        [
            b"  0",
            b"SECTION",
            b"999",
            b"a comment",
            b" 40 ",
            b" 1.5",
            b"\t70",
            b"3",
            b"1",
            b" text ",
            b"  0",
            b"EOF",
            b"x",
        ]
    )
    found = scan(data)
    assert found.codes[: found.count].tolist() == [0, 40, 70, 1, 0]
    assert found.numbers[1:3].tolist() == [1.5, 3.0]
    assert found.text(3) == " text "


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"0\nSECTION\n",
        b"x\nSECTION\n0\nEOF\n",
        b"0\nSECTION\n40\nabc\n0\nEOF\n",
        b"\xff\xfe0\n",
        b"1_0\n1\n0\nEOF\n",
    ],
)
def test_broken_tags_are_given_back(data):
    with pytest.raises(Unfit):
        scan(data)


def test_mixed_line_ends_find_room():
    data = b"0\r40\n" * 3000 + b"0\rEOF\n"
    assert scan(data).count == 3001


def test_equal_texts_get_equal_numbers():
    data = np.frombuffer(b"aabbaab", np.uint8)
    starts, ends = np.array([0, 2, 4, 6, 6], np.int32), np.array([2, 4, 6, 7, 6], np.int32)
    ids, first = intern(data, starts, ends)
    assert ids.tolist() == [0, 1, 0, 2, 3]
    assert first.tolist() == [0, 1, 3, 4]
    assert gather(data, starts, ends).tobytes() == b"aa\nbb\naa\nb\n"


# --- structure ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        minimal(*LINE)[:-8],
        minimal(*LINE).replace(b"ENDSEC\n0\nEOF", b"EOF"),
        minimal(0, "POLYLINE", 8, "0", 66, 1, 0, "VERTEX", 10, 0, 20, 0, *LINE),
        minimal(0, "POLYLINE", 8, "0", 66, 1, 0, "VERTEX", 10, 0, 20, 0),
        minimal(0, "INSERT", 8, "0", 2, "A", 66, 1, 10, 0, 20, 0, *LINE),
        minimal(0, "LINE", 8, "0", 10, 0, 30, 0, 11, 1, 21, 1),
        minimal(0, "LINE", 8, "0", 10, 0, 20, "x", 11, 1, 21, 1),
        minimal(*LINE, blocks=(0, "BLOCK", 2, "A", 10, 0, 20, 0, *LINE)),
        minimal(*LINE, blocks=(0, "ENDBLK",)),
        minimal(*LINE, blocks=(0, "BLOCK", 2, "A", 10, 0, 20, 0, 0, "BLOCK", 2, "B", 10, 0, 20, 0, 0, "ENDBLK")),
        minimal(*LINE).replace(b"ENTITIES", b"ENTITIEX"),
    ],
)  # fmt: skip
def test_broken_structure_is_given_back(data):
    assert read_fast(data, "a.dxf", reading(), None) is None


def test_handles_that_are_missing_or_used_twice():
    read = read_fast(
        minimal(0, "LINE", 8, "0", 10, 0, 20, 0, 11, 9, 21, 9, *LINE, *LINE), "a.dxf", reading(), None
    )
    assert read is not None
    assert [e.handle for e in read.entities][1:] == ["A1", "A1"]
    both(minimal(*LINE, *LINE))
    with_splines = new("R2010", units=6)
    for _ in range(3):
        spline = with_splines.modelspace().add_spline([(0, 0), (3, 4), (6, 0)])
    data = saved(with_splines).replace(f"  5\n{spline.dxf.handle}\n".encode(), b"  5\nABC\n")
    both(data)
    twice = read_fast(data.replace(b"  5\n2F\n", b"  5\nABC\n"), "a.dxf", reading(), None)
    assert twice is None or len(twice.entities) == 3


# --- geometry ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "1e309", "1e300", "1e12", "-1e150", "1e-320", "1e70"]
)
def test_absurd_coordinates(value):
    kinds = [
        (0, "LINE", 5, "B1", 8, "0", 10, value, 20, 0, 11, 9, 21, 9),
        (0, "CIRCLE", 5, "B2", 8, "0", 10, 0, 20, value, 40, 2),
        (0, "CIRCLE", 5, "B3", 8, "0", 10, 0, 20, 0, 40, value),
        (0, "ARC", 5, "B4", 8, "0", 10, 0, 20, 0, 40, 2, 50, value, 51, 4),
        (0, "TEXT", 5, "B5", 8, "0", 10, value, 20, 0, 40, 2, 1, "x"),
        (0, "TEXT", 5, "B6", 8, "0", 10, 0, 20, 0, 40, value, 1, "x"),
        (0, "POINT", 5, "B7", 8, "0", 10, 0, 20, value),
        (0, "INSERT", 5, "B8", 8, "0", 2, "A", 10, value, 20, 0),
        (0, "INSERT", 5, "B9", 8, "0", 2, "A", 10, 0, 20, 0, 41, value),
        (0, "SOLID", 5, "BA", 8, "0", 10, 0, 20, 0, 11, value, 21, 0, 12, 1, 22, 1, 13, 2, 23, 2),
        (0, "POLYLINE", 5, "BB", 8, "0", 66, 1, 0, "VERTEX", 5, "BC", 10, value, 20, 0,
         0, "VERTEX", 5, "BD", 10, 1, 20, 0, 42, 0.5, 0, "SEQEND", 5, "BE"),
    ]  # fmt: skip
    block = (
        0,
        "BLOCK",
        5,
        "C1",
        8,
        "0",
        2,
        "A",
        70,
        0,
        10,
        0,
        20,
        0,
        3,
        "A",
        *LINE,
        0,
        "ENDBLK",
        5,
        "C2",
        8,
        "0",
    )
    for kind in kinds:
        data = minimal(*LINE, *kind, blocks=block)
        fast = read_fast(data, "a.dxf", reading(), None)
        slow = read_dxf(data, "a.dxf", reading(), None)
        if fast is None:
            assert not slow.readable
            continue
        assert_same(fast, slow)
        if len(fast.entities):
            fast.entities.geometries(0.001)  # type: ignore[attr-defined]  # an EntityTable


def test_blocks_that_contain_themselves():
    document = new("R2010", units=6)
    a, b = document.blocks.new("A"), document.blocks.new("B")
    a.add_line((0, 0), (1, 1))
    a.add_blockref("B", (1, 0))
    b.add_blockref("A", (0, 1))
    b.add_circle((0, 0), 1)
    document.modelspace().add_blockref("A", (10, 10))
    document.modelspace().add_blockref("B", (20, 10))
    read = both(saved(document))
    assert any(i.code == "DXF-BLOCK-RECURSION" for i in read.issues)


def test_blocks_nested_too_deep():
    document = new("R2010", units=6)
    for k in range(30):
        block = document.blocks.new(f"N{k}")
        block.add_line((0, 0), (1, k))
        if k:
            block.add_blockref(f"N{k - 1}", (1, 0), dxfattribs={"xscale": 1.1, "yscale": 1.1})
    document.modelspace().add_blockref("N29", (0, 0))
    read = both(saved(document))
    assert any(i.code == "DXF-BLOCK-DEPTH" for i in read.issues)


def bomb(width: int, depth: int, *, empty: bool) -> bytes:
    document = new("R2010", units=6)
    for k in range(depth):
        block = document.blocks.new(f"N{k}")
        if k == 0 and not empty:
            block.add_line((0, 0), (1, 1))
        for n in range(width if k else 0):
            block.add_blockref(f"N{k - 1}", (n, 0))
    document.modelspace().add_blockref(f"N{depth - 1}", (0, 0))
    return saved(document)


@pytest.mark.parametrize("empty", [True, False])
def test_block_bombs_end_at_the_limit(empty):
    tight = limited(entities=5_000)
    data = bomb(20, 12, empty=empty)
    fast = read_fast(data, "a.dxf", tight, None)
    assert_same(fast, read_dxf(data, "a.dxf", tight, None))
    start = time.perf_counter()
    whole = read_fast(data, "a.dxf", reading(), None)
    assert whole is not None and len(whole.entities) == reading().limits.entities
    assert time.perf_counter() - start < 20


def test_arrays_of_blocks_beyond_the_limit():
    document = new("R2010", units=6)
    document.blocks.new("A").add_line((0, 0), (1, 1))
    document.modelspace().add_blockref("A", (0, 0), dxfattribs={"row_count": 30_000, "column_count": 30_000})
    read = both(saved(document))
    assert any(i.code == "DXF-TOO-MANY" for i in read.issues)


def test_bounds_on_vertices():
    document = new("R2010", units=6)
    for k in range(20):
        document.modelspace().add_lwpolyline([(n, k) for n in range(100)])
    data = saved(document)
    tight = limited(vertices=1_050)
    assert_same(read_fast(data, "a.dxf", tight, None), read_dxf(data, "a.dxf", tight, None))


def test_a_million_vertices():
    tags: list[object] = [0, "POLYLINE", 5, "B1", 8, "0", 66, 1, 70, 1]
    for k in range(1_000_000):
        tags += [0, "VERTEX", 10, k % 1000, 20, k // 1000]
    start = time.perf_counter()
    read = read_fast(minimal(*tags, 0, "SEQEND"), "a.dxf", reading(), None)
    assert read is not None and len(read.entities) == 1
    assert len(read.entities[0].curves[0].points) == 1_000_000
    assert time.perf_counter() - start < 30


def test_missing_blocks_and_layers():
    read = both(minimal(*LINE, 0, "INSERT", 5, "B1", 8, "no such layer", 2, "nowhere", 10, 0, 20, 0))
    assert any(i.code == "DXF-BLOCK-MISSING" for i in read.issues)
    assert "no such layer" in read.layers


def test_empty_model_space():
    read = read_fast(minimal(), "a.dxf", reading(), None)
    assert read is not None
    assert [i.code for i in read.issues if i.code == "DXF-EMPTY"]
    assert read.extents is None


# --- fuzzing -----------------------------------------------------------------------------------------------

_BASE = {version: saved(everything(version, 9)) for version in ("R12", "R2010")}
_VALUES = (
    "",
    "0",
    "1",
    "-1",
    "2",
    "3",
    "nan",
    "1e300",
    "-1e99",
    "abc",
    "FFFF",
    "1.5",
    "  7  ",
    "LINE",
    "INSERT",
    "SEQEND",
    "}",
    "{A",
)
_CODES = (
    *(
        0,
        1,
        2,
        5,
        8,
        10,
        11,
        20,
        30,
        40,
        41,
        42,
        50,
        60,
        62,
        66,
        67,
        70,
        72,
        73,
        91,
        92,
        93,
        97,
        100,
        101,
        102,
    ),
    *(210, 330, 420, 999, 1001, 1000, 5000),
)


def small(version: str) -> list[tuple[str, str]]:
    """Tags of a drawing with one of each entity."""
    lines = _BASE[version].decode("latin-1").split("\n")
    return list(zip(lines[::2], lines[1::2], strict=False))


_TAGS = {version: small(version) for version in _BASE}
_FIRST = {
    v: next(i for i, t in enumerate(tags) if t[1] in ("BLOCKS", "ENTITIES")) for v, tags in _TAGS.items()
}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_changed_tags_give_the_same_or_are_given_back(data):
    version = data.draw(st.sampled_from(sorted(_TAGS)))
    tags = list(_TAGS[version])
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(_FIRST[version], len(tags) - 2))
        match data.draw(st.integers(0, 4)):
            case 0:
                del tags[where]
            case 1:
                tags.insert(where, tags[where])
            case 2:
                tags[where] = (tags[where][0], data.draw(st.sampled_from(_VALUES)))
            case 3:
                tags[where] = (str(data.draw(st.sampled_from(_CODES))), tags[where][1])
            case _:
                tags.insert(
                    where, (str(data.draw(st.sampled_from(_CODES))), data.draw(st.sampled_from(_VALUES)))
                )
    raw = "".join(f"{a}\n{b}\n" for a, b in tags).encode("latin-1", "replace")
    fast = read_fast(raw, "a.dxf", reading(), None)
    if fast is not None:
        for entity in fast.entities:
            assert entity.kind


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.data())
def test_changed_bytes_never_raise(data):
    raw = bytearray(_BASE[data.draw(st.sampled_from(sorted(_BASE)))])
    for _ in range(data.draw(st.integers(1, 6))):
        where = data.draw(st.integers(0, len(raw) - 1))
        raw[where] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    fast = read_fast(bytes(raw), "a.dxf", reading(), None)
    if fast is not None:
        list(fast.entities)
        fast.entities.geometries(0.01)  # type: ignore[attr-defined]  # an EntityTable


def test_random_bytes_never_raise():
    rng = random.Random(8)
    for size in (0, 1, 7, 100, 5000):
        noise = rng.randbytes(size)
        for head in (b"", b"0\nSECTION\n2\nENTITIES\n", b"  0\r\nSECTION\r\n"):
            assert read_fast(head + noise, "a.dxf", reading(), None) is None


def test_dimensions_that_share_a_long_picture_are_left_to_the_careful_reader() -> None:
    document = new("R2010")
    space = document.modelspace()
    first = space.add_linear_dim((5, 9), (1, 1), (8, 1)).render().dimension
    document.blocks.get(first.dxf.geometry).add_lwpolyline([(k % 7, k % 5) for k in range(100)])
    for _ in range(20):
        space.add_entity(first.copy())
    data = saved(document)
    found = read_fast(data, "图.dxf", reading(), None)
    assert found is not None and sum(len(e.curves) for e in found.entities) > 20 * 3
    assert read_fast(data, "图.dxf", limited(vertices=2000), None) is None
    assert "DXF-TOO-MANY" in {i.code for i in read_dxf(data, "图.dxf", limited(vertices=2000), None).issues}


def test_more_entities_in_the_file_than_can_be_held_are_refused_before_they_are_looked_at() -> None:
    bounds = reading()
    few = bounds.model_copy(update={"limits": bounds.limits.model_copy(update={"entities": 4})})
    body = "".join(f"  0\nPOINT\n  5\n{k + 16:X}\n  8\n0\n 10\n{k}.0\n 20\n0.0\n" for k in range(30))
    file = f"  0\nSECTION\n  2\nENTITIES\n{body}  0\nENDSEC\n  0\nEOF\n".encode()
    cad = read_fast(file, "many.dxf", few, None)
    assert cad is not None and not cad.readable and [i.code for i in cad.issues] == ["DXF-TOO-MANY"]
