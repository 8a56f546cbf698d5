"""The sample drawings' pen: writes DXF files the way a design firm hands them in, in the built-in standard.

Described in ``docs/reference/drawing-generator.md``. One :class:`Drawing` is one DXF file with 1 drawing unit = 1 m.
Roles are written on the layers of the platform's built-in drawing standard, under one of its three spellings
(Chinese, pinyin, ``A-…``), and carry their attributes in one of the three ways the standard knows (extended data,
block attributes, ``KEY=VALUE`` text), so that the samples exercise all of them. The output is the same byte for
byte every time.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from ezdxf._options import options
from ezdxf.document import Drawing as Document
from ezdxf.enums import TextEntityAlignment
from ezdxf.filemanagement import new as new_document

Point = tuple[float, float]
Naming = Literal["zh", "pinyin", "a"]
Carrier = Literal["xdata", "block", "text"]

XDATA_APP = "PROJECT_BOX"
#: role → (Chinese, pinyin, A- name, colour index, line type)
LAYERS: dict[str, tuple[str, str, str, int, str]] = {
    "site_boundary": ("用地红线", "YDHX", "A-REDL", 1, "CENTER"),
    "road_red_line": ("道路红线", "DLHX", "A-ROAD-RED", 11, "DASHED"),
    "control_line": ("建筑控制线", "JZKZX", "A-REDL-ARCH", 30, "DASHED"),
    "footprint": ("建筑基底", "JZJD", "JZJD", 4, "CONTINUOUS"),
    "outline": ("建筑轮廓", "JZLK", "A-MAST-ROOF", 6, "CONTINUOUS"),
    "basement": ("地下室轮廓", "DXS", "A-MAST-BASE", 253, "DASHED"),
    "green": ("绿地", "LD", "LD", 3, "CONTINUOUS"),
    "parking_car": ("机动车位", "JDCW", "JDCW", 151, "CONTINUOUS"),
    "parking_bike": ("非机动车位", "FJDCW", "FJDCW", 153, "CONTINUOUS"),
    "dedicated_road": ("代征道路", "DZDL", "DZDL", 32, "CONTINUOUS"),
    "dedicated_green": ("代征绿地", "DZLD", "DZLD", 94, "CONTINUOUS"),
    "adjacent": ("相邻建筑", "XLJZ", "A-MAST-NEAR", 8, "CONTINUOUS"),
    "road": ("道路", "DL", "A-ROAD", 9, "CONTINUOUS"),
    "floor_frame": ("楼层框", "LCK", "LCK", 7, "CONTINUOUS"),
    "area_full": ("MJX_全", "MJX_Q", "MJX_全", 1, "CONTINUOUS"),
    "area_half": ("MJX_半", "MJX_B", "MJX_半", 2, "CONTINUOUS"),
    "balcony": ("阳台", "YT", "YT", 5, "CONTINUOUS"),
    "bay_window": ("飘窗", "PC", "PC", 140, "CONTINUOUS"),
    "unit_inner": ("套内", "TN", "TN", 3, "DASHED"),
    "shared": ("共有", "GY", "GY", 33, "DASHED"),
    "plan_info": ("图纸信息", "TZXX", "TZXX", 7, "CONTINUOUS"),
    # reference layers: seen by people, not by the checks
    "dimension": ("标注", "A-ANNO-DIMS", "A-ANNO-DIMS", 3, "CONTINUOUS"),
    "text": ("文字", "A-ANNO-TEXT", "A-ANNO-TEXT", 7, "CONTINUOUS"),
    "frame": ("图框", "A-ANNO-TTLB", "A-ANNO-TTLB", 7, "CONTINUOUS"),
    "axis": ("轴线", "A-AXIS", "A-AXIS", 8, "CENTER"),
    "wall": ("建筑", "A-WALL", "A-WALL", 2, "CONTINUOUS"),
    "tree": ("A-MAST-TREE", "A-MAST-TREE", "A-MAST-TREE", 67, "CONTINUOUS"),
    "hatch": ("填充", "A-HATC-GRAS", "A-HATC-GRAS", 72, "CONTINUOUS"),
    "centre": ("A-ROAD-CENTER", "A-ROAD-CENTER", "A-ROAD-CENTER", 211, "CENTER"),
}
_LOCK = threading.Lock()


@contextmanager
def _fixed_metadata() -> Iterator[None]:
    """ezdxf writes fixed time stamps and identifiers inside this block (a process-wide switch, hence the lock)."""
    with _LOCK:
        before = options.write_fixed_meta_data_for_testing
        options.write_fixed_meta_data_for_testing = True
        try:
            yield
        finally:
            options.write_fixed_meta_data_for_testing = before


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """Corners of an upright rectangle, counter-clockwise."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


class Drawing:
    """One DXF file in the making (model space, metres).

    Args:
        version: DXF version, ``R2000`` (then written in GBK, as older Chinese CAD does) to ``R2018``.
        naming: which spelling of the layer names.
        carrier: how attributes of rings are attached.
        angle: direction of the drawing's own u axis in degrees (texts, blocks and dimensions turn with it).
    """

    def __init__(self, *, version: str, naming: Naming, carrier: Carrier, angle: float = 0.0) -> None:
        self.naming: Naming = naming
        self.carrier: Carrier = carrier
        self.angle = angle
        with _fixed_metadata():
            self.doc: Document = new_document(version, setup=["linetypes", "dimstyles"], units=6)
        self.doc.header["$MEASUREMENT"] = 1
        self.doc.header["$INSUNITS"] = 6  # metres
        self.doc.header["$LTSCALE"] = 5.0
        if version in ("R12", "R2000", "R2004"):
            self.doc.encoding = "gbk"
            self.doc.header["$DWGCODEPAGE"] = "ANSI_936"
        self.doc.appids.add(XDATA_APP)
        style = self.doc.styles.add("GHBZ", font="simsun.ttf")
        style.dxf.width = 0.8
        self.space = self.doc.modelspace()
        self._dimstyle()
        self._symbols()

    # --- set-up ------------------------------------------------------------------------------------------------------

    def _dimstyle(self) -> None:
        style = self.doc.dimstyles.add("GHBZ-1000")
        for name, value in (
            ("dimtxt", 2.5), ("dimasz", 1.2), ("dimexe", 1.0), ("dimexo", 1.0), ("dimgap", 0.6), ("dimdec", 2),
            ("dimtad", 1), ("dimdsep", 46),
            ("dimtih", 0), ("dimtoh", 0), ("dimlfac", 1.0), ("dimzin", 0), ("dimscale", 1.0),
        ):  # fmt: skip
            style.dxf.set(name, value)
        style.dxf.dimtxsty = "GHBZ"

    def _symbols(self) -> None:
        car = self.doc.blocks.new("车位2.5x5.3")
        car.add_lwpolyline(rectangle(0, 0, 2.5, 5.3), close=True, dxfattribs={"layer": "0"})
        car.add_line((0.4, 4.4), (2.1, 4.4), dxfattribs={"layer": "0"})
        tree = self.doc.blocks.new("乔木")
        tree.add_circle((0, 0), 2.0, dxfattribs={"layer": "0"})
        for x, y in ((1.4, 1.4), (-1.4, 1.4)):
            tree.add_line((-x, -y), (x, y), dxfattribs={"layer": "0"})
        north = self.doc.blocks.new("指北针")
        north.add_circle((0, 0), 6, dxfattribs={"layer": "0"})
        north.add_lwpolyline([(0, 6), (-1.2, -6), (0, -4), (1.2, -6)], close=True, dxfattribs={"layer": "0"})
        north.add_text("N", height=3, dxfattribs={"layer": "0", "style": "GHBZ"}).set_placement(
            (0, 8), align=TextEntityAlignment.CENTER
        )
        note = self.doc.blocks.new("建筑信息")
        for row, key in enumerate(("楼号", "建筑高度", "层数", "地下层数", "用途", "耐火等级")):
            definition = note.add_attdef(key, (0, -3.0 * row), dxfattribs={"height": 2.0, "style": "GHBZ"})
            definition.dxf.prompt = key

    def layer(self, role: str) -> str:
        """Name of the role's layer in this drawing's spelling; the layer is made on first use."""
        row = LAYERS[role]
        name = {"zh": row[0], "pinyin": row[1], "a": row[2]}[self.naming]
        if name not in self.doc.layers:
            self.doc.layers.add(name, color=row[3], linetype=row[4])
        return name

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def ring(
        self,
        role: str,
        points: Sequence[Point],
        attributes: Mapping[str, Any] | None = None,
        *,
        note_at: Point | None = None,
        carrier: Carrier | None = None,
    ) -> str:
        """A closed polyline of a role with its attributes; returns its handle.

        ``note_at`` is where text or the attribute block goes (inside the ring), by default its first corner's side.
        """
        layer = self.layer(role)
        line = self.space.add_lwpolyline(points, close=True, dxfattribs={"layer": layer})
        if attributes:
            at = note_at or (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))
            self._attach(line, layer, attributes, at, carrier or self.carrier)
        return str(line.dxf.handle)

    def _attach(
        self, line: Any, layer: str, attributes: Mapping[str, Any], at: Point, carrier: Carrier
    ) -> None:
        values = {k: str(v) for k, v in attributes.items()}
        if carrier == "xdata":
            line.set_xdata(XDATA_APP, [(1000, f"{k}={v}") for k, v in values.items()])
            return
        if carrier == "block" and set(values) <= {"楼号", "建筑高度", "层数", "地下层数", "用途", "耐火等级"}:
            block = self.space.add_blockref(
                "建筑信息", at, dxfattribs={"layer": layer, "rotation": self.angle}
            )
            block.add_auto_attribs(values)
            for attribute in block.attribs:
                attribute.dxf.layer = layer
            return
        text = self.space.add_mtext(
            "\\P".join(f"{k}={v}" for k, v in values.items()), dxfattribs={"layer": layer}
        )
        text.dxf.char_height, text.dxf.style, text.dxf.rotation = 0.8, "GHBZ", self.angle
        text.set_location(at)

    def path(self, role: str, points: Sequence[Point], *, close: bool = False) -> None:
        """An open or closed polyline without attributes."""
        self.space.add_lwpolyline(points, close=close, dxfattribs={"layer": self.layer(role)})

    def segment(self, role: str, start: Point, end: Point) -> None:
        """A single line."""
        self.space.add_line(start, end, dxfattribs={"layer": self.layer(role)})

    def text(self, role: str, text: str, at: Point, height: float = 2.5, *, centred: bool = False) -> None:
        """One line of text."""
        entity = self.space.add_text(
            text,
            height=height,
            dxfattribs={"layer": self.layer(role), "style": "GHBZ", "rotation": self.angle},
        )
        entity.set_placement(
            at, align=TextEntityAlignment.MIDDLE_CENTER if centred else TextEntityAlignment.LEFT
        )

    def dimension(self, start: Point, end: Point, offset: float) -> None:
        """An aligned dimension (a real dimension entity, text measured by CAD) ``offset`` metres beside the points."""
        self.space.add_aligned_dim(
            start, end, distance=offset, dimstyle="GHBZ-1000", dxfattribs={"layer": self.layer("dimension")}
        ).render()

    def stall(self, at: Point, attributes: Mapping[str, Any] | None = None) -> None:
        """One parking stall 2.5 m × 5.3 m as a block reference; ``at`` is its lower left corner."""
        block = self.space.add_blockref(
            "车位2.5x5.3", at, dxfattribs={"layer": self.layer("parking_car"), "rotation": self.angle}
        )
        if attributes:
            block.set_xdata(XDATA_APP, [(1000, f"{k}={v}") for k, v in attributes.items()])

    def tree(self, at: Point) -> None:
        """A tree symbol."""
        self.space.add_blockref("乔木", at, dxfattribs={"layer": self.layer("tree")})

    def north(self, at: Point) -> None:
        """The north arrow."""
        self.space.add_blockref("指北针", at, dxfattribs={"layer": self.layer("text")})

    def hatch(self, points: Sequence[Point]) -> None:
        """A grass hatch; on a reference layer, so that it is seen and not counted."""
        hatch = self.space.add_hatch(color=72, dxfattribs={"layer": self.layer("hatch")})
        hatch.set_pattern_fill("GRASS", scale=0.2)
        hatch.paths.add_polyline_path(list(points), is_closed=True)

    def title_block(self, corner: Point, width: float, rows: Sequence[tuple[str, str]]) -> None:
        """A title block: framed rows ``label: value`` upwards from ``corner``, as on every sheet."""
        x, y = corner
        height = 6.0
        top = y + height * len(rows)
        self.path("frame", rectangle(x, y, x + width, top), close=True)
        self.segment("frame", (x + width * 0.32, y), (x + width * 0.32, top))
        for i, (label, value) in enumerate(reversed(rows)):
            base = y + height * i
            if i:
                self.segment("frame", (x, base), (x + width, base))
            self._upright(label, (x + 1.5, base + 1.8), 2.2)
            self._upright(value, (x + width * 0.32 + 1.5, base + 1.8), 2.4)

    def _upright(self, text: str, at: Point, height: float) -> None:
        self.space.add_text(
            text, height=height, dxfattribs={"layer": self.layer("text"), "style": "GHBZ"}
        ).set_placement(at)

    def info(self, values: Mapping[str, Any], at: Point) -> None:
        """Facts about the whole drawing (project, declared areas) as ``KEY=VALUE`` text on layer 图纸信息."""
        for row, (key, value) in enumerate(values.items()):
            self.space.add_text(
                f"{key}={value}", height=2.0, dxfattribs={"layer": self.layer("plan_info"), "style": "GHBZ"}
            ).set_placement((at[0], at[1] - 3.2 * row))

    def to_bytes(self) -> bytes:
        """The DXF file."""
        out = io.StringIO()
        with _fixed_metadata():
            self.doc.write(out)
        return out.getvalue().encode(self.doc.output_encoding, errors="dxfreplace")
