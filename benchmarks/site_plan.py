"""The drawing of the benchmarks: a site plan in DXF that grows with the number of its entities, written tag by tag."""

from __future__ import annotations

import io
import math
import random
from pathlib import Path
from typing import Any

from ezdxf.filemanagement import new as new_drawing

X0, Y0 = 388_000.0, 3_120_000.0
AREA_PER_ENTITY = 200.0  # ㎡ of the plan: more entities make a larger plan, not a denser one
LAYERS = ("用地红线", "道路红线", "建筑基底", "建筑轮廓", "绿地", "道路", "机动车位", "TEXT", "填充", "0")  # fmt: skip


def generate(path: Path, count: int, odd: float = 0.0, seed: int = 5) -> None:
    """Write an R2013 site plan of ``count`` model space entities, a share ``odd`` of them splines and dimensions."""
    rng = random.Random(seed)
    document = new_drawing("R2013", setup=True, units=6)
    for number, name in enumerate(LAYERS[:-1]):
        document.layers.add(name, color=number + 1)
    tree = document.blocks.new("TREE")
    tree.add_circle((0, 0), 1.5, dxfattribs={"layer": "0"})
    tree.add_line((-1, 0), (1, 0), dxfattribs={"layer": "绿地"})
    tree.add_line((0, -1), (0, 1), dxfattribs={"layer": "绿地", "color": 0})
    car = document.blocks.new("CAR", base_point=(0, 0))
    car.add_lwpolyline([(0, 0), (2.5, 0), (2.5, 5), (0, 5, 0.4)], format="xyb", close=True)
    car.add_attdef("NO", (0.5, 2), height=0.5)
    car.add_attdef("KIND", (0.5, 1), height=0.5)
    stream = io.StringIO()
    document.write(stream)
    text = stream.getvalue()
    start = text.index("  2\nENTITIES\n") + len("  2\nENTITIES\n")
    owner = document.modelspace().layout_key
    writer = _Writer(rng, owner, 0x10000, math.sqrt(AREA_PER_ENTITY * count))
    with path.open("w", encoding="utf-8") as out:
        out.write(text[:start])
        for _ in range(count):
            out.write(writer.odd() if rng.random() < odd else writer.entity())
        out.write(text[start:])


class _Writer:
    """Writes entities as tags."""

    def __init__(self, rng: random.Random, owner: str, handle: int, side: float) -> None:
        self.rng = rng
        self.owner = owner
        self.next_handle = handle
        self.side = side

    def handle(self) -> str:
        self.next_handle += 1
        return f"{self.next_handle:X}"

    def head(self, kind: str, layer: str, subclass: str, owner: str | None = None) -> list[Any]:
        tags: list[Any] = [0, kind, 5, self.handle(), 330, owner or self.owner, 100, "AcDbEntity", 8, layer]
        if self.rng.random() < 0.2:
            tags += [62, self.rng.randrange(1, 256)]
        return [*tags, 100, subclass]

    def place(self) -> tuple[float, float]:
        return X0 + self.rng.uniform(0, self.side), Y0 + self.rng.uniform(0, self.side)

    @staticmethod
    def text(tags: list[Any]) -> str:
        lines = [f"{a:>3}\n{b}" for a, b in zip(tags[::2], tags[1::2], strict=True)]
        return "\n".join(lines) + "\n"

    def entity(self) -> str:
        rng = self.rng
        choice = rng.random()
        x, y = self.place()
        if choice < 0.28:
            layer = rng.choice(LAYERS[:7])
            closed = rng.random() < 0.7
            corners = rng.randrange(4, 12)
            bulged = rng.random() < 0.25
            tags = [*self.head("LWPOLYLINE", layer, "AcDbPolyline"), 90, corners, 70, int(closed), 43, 0.0]
            radius = rng.uniform(2, 40)
            for k in range(corners):
                turn = 2 * math.pi * k / corners
                tags += [10, x + radius * math.cos(turn), 20, y + radius * math.sin(turn)]
                if bulged and rng.random() < 0.5:
                    tags += [42, rng.uniform(-0.6, 0.6)]
            return self.text(tags)
        if choice < 0.60:
            tags = self.head("LINE", rng.choice(LAYERS), "AcDbLine")
            return self.text(
                [
                    *tags,
                    10,
                    x,
                    20,
                    y,
                    30,
                    0.0,
                    11,
                    x + rng.uniform(-9, 9),
                    21,
                    y + rng.uniform(-9, 9),
                    31,
                    0.0,
                ]
            )
        if choice < 0.66:
            tags = [*self.head("ARC", "道路", "AcDbCircle"), 10, x, 20, y, 30, 0.0, 40, rng.uniform(1, 30)]
            return self.text([*tags, 100, "AcDbArc", 50, rng.uniform(0, 360), 51, rng.uniform(0, 360)])
        if choice < 0.71:
            return self.text(
                [*self.head("CIRCLE", "绿地", "AcDbCircle"), 10, x, 20, y, 30, 0.0, 40, rng.uniform(1, 9)]
            )
        if choice < 0.75:
            tags = [
                *self.head("HATCH", "填充", "AcDbHatch"),
                10,
                0.0,
                20,
                0.0,
                30,
                0.0,
                210,
                0.0,
                220,
                0.0,
                230,
                1.0,
            ]
            tags += [2, "SOLID", 70, 1, 71, 0, 91, 1, 92, 3, 72, 0, 73, 1, 93, 5]
            for k in range(5):
                tags += [10, x + 9 * math.cos(1.25 * k), 20, y + 9 * math.sin(1.25 * k)]
            return self.text([*tags, 97, 0, 75, 0, 76, 1, 98, 0])
        if choice < 0.87:
            return self.reference(x, y)
        if choice < 0.95:
            tags = [*self.head("TEXT", "TEXT", "AcDbText"), 10, x, 20, y, 30, 0.0, 40, 2.5]
            words = rng.choice(("层数=18", "楼号=3#", "H=54.30m", "%%c200", "人行道"))
            return self.text([*tags, 1, words, 50, rng.uniform(0, 90), 100, "AcDbText"])
        if choice < 0.98:
            tags = [
                *self.head("MTEXT", "TEXT", "AcDbMText"),
                10,
                x,
                20,
                y,
                30,
                0.0,
                40,
                2.5,
                41,
                30.0,
                71,
                1,
                72,
                5,
            ]
            return self.text(
                [*tags, 1, rng.choice(("总平面图\\P1:500", "{\\fSimSun|b0;经济技术指标}", "绿地率 35"))]
            )
        if choice < 0.99:
            tags = [
                *self.head("ELLIPSE", "绿地", "AcDbEllipse"),
                10,
                x,
                20,
                y,
                30,
                0.0,
                11,
                5.0,
                21,
                1.0,
                31,
                0.0,
            ]
            return self.text([*tags, 210, 0.0, 220, 0.0, 230, 1.0, 40, 0.5, 41, 0.0, 42, 2 * math.pi])
        return self.text([*self.head("POINT", "0", "AcDbPoint"), 10, x, 20, y, 30, 0.0])

    def reference(self, x: float, y: float) -> str:
        rng = self.rng
        with_attributes = rng.random() < 1 / 3
        tags = self.head("INSERT", "机动车位" if with_attributes else "绿地", "AcDbBlockReference")
        own = tags[3]
        if with_attributes:
            tags += [66, 1]
        scale = rng.choice((1.0, 1.0, 0.8, 1.3))
        tags += [
            2,
            "CAR" if with_attributes else "TREE",
            10,
            x,
            20,
            y,
            30,
            0.0,
            41,
            scale,
            42,
            scale,
            43,
            scale,
        ]
        tags += [50, rng.uniform(0, 360)]
        if with_attributes:
            for name, value in (("NO", str(rng.randrange(2000))), ("KIND", "地上")):
                tags += [
                    *self.head("ATTRIB", "TEXT", "AcDbText", own),
                    10,
                    x,
                    20,
                    y,
                    30,
                    0.0,
                    40,
                    0.5,
                    1,
                    value,
                ]
                tags += [100, "AcDbAttribute", 2, name, 70, 0]
            tags += [0, "SEQEND", 5, self.handle(), 330, own, 100, "AcDbEntity", 8, "0"]
        return self.text(tags)

    def odd(self) -> str:
        rng = self.rng
        x, y = self.place()
        if rng.random() < 0.5:
            tags = [*self.head("SPLINE", "道路", "AcDbSpline"), 70, 8, 71, 3, 72, 8, 73, 4, 74, 0]
            for knot in (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0):
                tags += [40, knot]
            for k in range(4):
                tags += [10, x + 5 * k, 20, y + rng.uniform(-5, 5), 30, 0.0]
            return self.text(tags)
        tags = [
            *self.head("DIMENSION", "TEXT", "AcDbDimension"),
            10,
            x,
            20,
            y,
            30,
            0.0,
            11,
            x,
            21,
            y,
            31,
            0.0,
            70,
            33,
        ]
        tags += [1, "<>", 71, 5, 3, "Standard", 100, "AcDbAlignedDimension"]
        return self.text([*tags, 13, x, 23, y, 33, 0.0, 14, x + rng.uniform(1, 30), 24, y, 34, 0.0])
