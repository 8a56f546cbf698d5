"""Real and made files with bytes changed, lost, repeated or swapped: the way to the report ends in coded issues.

A run takes seconds. For a long one set ``PROJECT_BOX_FUZZ_SECONDS`` (for each sort of file) and, to go on elsewhere,
``PROJECT_BOX_FUZZ_SEED``; what fails is kept under the temporary folder of the test and named in the message.
"""

from __future__ import annotations

import io
import os
import random
import time
from pathlib import Path

import pytest

from tests.unit.drawings.build import new, site_plan, text
from tests.unit.drawings.ifc_build import Model, rectangle
from tests.unit.drawings.test_fuzz import through

_SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "drawings"
_SECONDS = float(os.environ.get("PROJECT_BOX_FUZZ_SECONDS", "0"))
_SEED = int(os.environ.get("PROJECT_BOX_FUZZ_SEED", "1"))
_LARGEST = 3_000_000
#: numbers that make a reader count, add or reserve too much
_TELLING = (
    b"\x00",
    b"\xff",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"-1",
    b"999999999",
    b"1e308",
    b"nan",
    b"\n",
    b"{",
    b"%%",
)


def _binary(version: str) -> bytes:
    stream = io.BytesIO()
    doc = site_plan() if version == "R2010" else new(version)
    if version != "R2010":
        doc.modelspace().add_polyline2d(
            [(0, 0), (9, 0), (9, 9)], close=True, dxfattribs={"layer": "用地红线"}
        )
        text(doc, "绿地", "类型=草坪", 1, 1)
    doc.write(stream, fmt="bin")
    return stream.getvalue()


def _ifc() -> bytes:
    model = Model()
    model.add_site(rectangle(0, 0, 20_000, 20_000))
    model.slab(model.storey("首层", 0.0), rectangle(0, 0, 5000, 5000), 0)
    return model.bytes()


def _samples(suffix: str) -> list[tuple[str, bytes]]:
    found = sorted(p for p in _SHARED.rglob(f"*.{suffix}") if p.stat().st_size <= _LARGEST)
    return [(p.name, p.read_bytes()) for p in found]


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The bytes with one to a few hundred places changed."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 5, 20, 200))):
        at = chance.randrange(len(data)) if data else 0
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([data[at] ^ (1 << chance.randrange(8))]) if data else b""
            case 2:
                piece = chance.choice(_TELLING)
                data[at : at + len(piece)] = piece
            case 3:
                del data[at : at + chance.choice((1, 2, 7, 100, 5000))]
            case 4:
                other = chance.randrange(len(data)) if data else 0
                data[at:at] = data[other : other + chance.choice((1, 4, 60, 2000))]
            case _:
                lines = bytes(data[max(0, at - 400) : at + 400]).split(b"\n")
                chance.shuffle(lines)
                data[max(0, at - 400) : at + 400] = b"\n".join(lines)
    return bytes(data[: chance.randrange(len(data) + 1)] if chance.random() < 0.05 else data)


@pytest.mark.parametrize(
    ("sort", "count"), [("dxf", 8), ("binary", 12), ("dwg", 4), ("ifc", 4)], ids=lambda v: str(v)
)
def test_changed_files(sort: str, count: int, tmp_path: Path) -> None:
    made = {
        "binary": [(f"{v}.dxf", _binary(v)) for v in ("R12", "R2000", "R2010")],
        "ifc": [("a.ifc", _ifc())],
    }
    samples = made.get(sort) or _samples(sort)
    if not samples:
        pytest.skip("no sample drawings in ../shared/data")
    chance = random.Random(_SEED)
    done, until = 0, time.monotonic() + _SECONDS
    while done < count or time.monotonic() < until:
        name, raw = chance.choice(samples)
        data = mutated(raw, chance)
        try:
            through(data, name)
        except Exception as error:
            kept = tmp_path / name
            kept.write_bytes(data)
            raise AssertionError(f"{type(error).__name__} with {kept} (seed {_SEED}, file {done})") from error
        done += 1
