"""The fast reader against the careful one (ezdxf): entity by entity, on drawings of every kind."""

from __future__ import annotations

import io
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ezdxf.document import Drawing
from ezdxf.filemanagement import new

from drawings.cad.dxf import read_dxf
from drawings.cad.fast.reader import read_fast
from drawings.cad.model import CadEntity, CadFile
from drawings.reading import reading

SHARED = Path(__file__).parents[4] / "shared" / "data" / "drawings"
VERSIONS = ("R12", "R2000", "R2004", "R2007", "R2010", "R2013", "R2018")


def saved(document: Drawing, *, line_end: str = "\n", encoding: str | None = None) -> bytes:
    stream = io.StringIO()
    document.write(stream)
    text = stream.getvalue()
    codec = encoding or document.output_encoding
    return text.replace("\n", line_end).encode(codec, "dxfreplace" if codec != "utf-8" else "strict")


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9)


def differences(fast: CadEntity, slow: CadEntity) -> list[str]:
    out = []
    for name in (
        "handle", "kind", "layer", "color", "filled", "text", "attributes", "xdata", "block", "in_block",
    ):  # fmt: skip
        a, b = getattr(fast, name), getattr(slow, name)
        if a != b:
            out.append(f"{name}: {a!r} != {b!r}")
    for name in ("height", "rotation", "z"):
        if not close(getattr(fast, name), getattr(slow, name)):
            out.append(f"{name}: {getattr(fast, name)} != {getattr(slow, name)}")
    if (fast.at is None) != (slow.at is None) or (fast.at and not all(map(close, fast.at, slow.at or ()))):
        out.append(f"at: {fast.at} != {slow.at}")
    if len(fast.curves) != len(slow.curves):
        return [*out, f"curves: {len(fast.curves)} != {len(slow.curves)}"]
    for f, s in zip(fast.curves, slow.curves, strict=True):
        if f.closed != s.closed or len(f.points) != len(s.points) or (f.bulges is None) != (s.bulges is None):
            out.append(f"curve: {f} != {s}")
        elif not all(
            close(p[0], q[0]) and close(p[1], q[1]) for p, q in zip(f.points, s.points, strict=True)
        ):
            out.append(f"points: {f.points} != {s.points}")
        elif f.bulges is not None and s.bulges is not None:
            last = len(f.bulges) - (0 if f.closed else 1)
            if not all(map(close, f.bulges[:last], s.bulges[:last])):
                out.append(f"bulges: {f.bulges} != {s.bulges}")
    return out


def assert_same(fast: CadFile | None, slow: CadFile, *, handles: bool = True) -> None:
    assert fast is not None, "given back to the careful reader"
    for name in (
        "name",
        "sha256",
        "format",
        "version",
        "release",
        "encoding",
        "readable",
        "layers",
        "blocks",
        "geodata",
    ):
        assert getattr(fast, name) == getattr(slow, name), name
    assert replace(fast.units, size=None) == replace(slow.units, size=None)
    assert (fast.units.size is None) == (slow.units.size is None)
    # a difference of national coordinates: exact to what numbers of that size can tell
    assert (fast.units.size or 0.0) == pytest.approx(slow.units.size or 0.0, rel=1e-9, abs=1e-8)
    assert sorted(fast.sheets, key=str) == sorted(slow.sheets, key=str)
    assert len(fast.entities) == len(slow.entities)
    for a, b in zip(fast.entities, slow.entities, strict=True):
        found = differences(a, b)
        if not handles:
            found = [d for d in found if not d.startswith("handle")]
        assert not found, (b.kind, b.handle, found)
    assert (fast.extents is None) == (slow.extents is None)
    if fast.extents and slow.extents:
        assert all(map(close, fast.extents, slow.extents))
    assert Counter(map(repr, fast.dimensions)) == Counter(map(repr, slow.dimensions))
    if handles:
        assert Counter(fast.issues) == Counter(slow.issues)
    else:
        assert Counter((i.code, i.message) for i in fast.issues) == Counter(
            (i.code, i.message) for i in slow.issues
        )


def both(data: bytes, *, handles: bool = True) -> CadFile:
    settings = reading()
    slow = read_dxf(data, "a.dxf", settings, None)
    fast = read_fast(data, "a.dxf", settings, None)
    assert_same(fast, slow, handles=handles)
    assert fast is not None
    return fast


# --- drawings with every kind of entity --------------------------------------------------------------------


def everything(version: str, seed: int = 1) -> Drawing:
    """A drawing with each entity type the version has, several times, in model space and in nested blocks."""
    rng = random.Random(seed)
    document = new(version, setup=True)
    r12 = version == "R12"
    document.header["$INSUNITS"] = 6
    names = ["用地红线", "JZJD", "绿地", "DLHX", "0", "Layer with blanks"]
    for k, name in enumerate(names[:4]):
        layer = document.layers.add(name, color=k + 1)
        if not r12 and k == 2:
            layer.rgb = (10, 20, 30)
    document.layers.get("DLHX").off()
    document.layers.get("JZJD").freeze()

    def attribs() -> dict:
        out: dict = {"layer": rng.choice(names)}
        choice = rng.random()
        if choice < 0.2:
            out["color"] = rng.choice([0, 1, 7, 30, 255, 256])
        elif choice < 0.3 and version not in ("R12", "R2000"):
            out["true_color"] = rng.randrange(1 << 24)
        return out

    def xy() -> tuple[float, float]:
        return 500_000 + rng.uniform(-100, 100), 4_000_000 + rng.uniform(-100, 100)

    def local() -> tuple[float, float]:
        return rng.uniform(-5, 5), rng.uniform(-5, 5)

    def fill(space, at: Callable[[], tuple[float, float]], blocks: list[str]) -> None:
        flip = {"extrusion": (0, 0, -1)}
        tilt = {"extrusion": (0.3, 0.2, 0.9)}
        for _ in range(2 if blocks else 1):
            space.add_line(at(), at(), dxfattribs=attribs())
            space.add_line((*at(), 3.5), (*at(), 1), dxfattribs=attribs())
            space.add_circle(at(), rng.uniform(0.1, 9), dxfattribs=attribs())
            space.add_circle((*at(), 2), rng.uniform(0.1, 9), dxfattribs={**attribs(), **flip})
            space.add_circle(at(), 2, dxfattribs={**attribs(), **tilt})
            for first, last in ((0, 90), (350, 20), (10.5, 10.5), (-30, 400), (180, 360)):
                space.add_arc(at(), rng.uniform(1, 5), first, last, dxfattribs=attribs())
            space.add_arc(at(), 4, 20, 300, dxfattribs={**attribs(), **flip})
            space.add_text("Text ä", height=2.5, rotation=33, dxfattribs=attribs()).set_placement(at())
            space.add_text("%%u下划线%%d %%c ^I", height=1, dxfattribs={**attribs(), "insert": at()})
            space.add_text(
                "right", height=1, dxfattribs={**attribs(), "insert": at(), "align_point": at(), "halign": 2}
            )
            space.add_text(
                "top",
                height=1,
                dxfattribs={**attribs(), **flip, "insert": at(), "align_point": at(), "valign": 3},
            )
            space.add_point((*at(), 7), dxfattribs=attribs())
            space.add_solid([at(), at(), at(), at()], dxfattribs=attribs())
            space.add_solid([at(), at(), at()], dxfattribs={**attribs(), **flip})
            space.add_trace([at(), at(), at(), at()], dxfattribs=attribs())
            space.add_3dface([at(), at(), at(), at()], dxfattribs=attribs())
            space.add_3dface([at(), at(), at()], dxfattribs=attribs())
            space.add_polyline2d(
                [(*at(), 0, 0, rng.choice([0, 0.4, -1])) for _ in range(5)],
                format="xyseb",
                dxfattribs=attribs(),
            )
            space.add_polyline2d(
                [at() for _ in range(4)], close=True, dxfattribs={**attribs(), "elevation": (0, 0, 4)}
            )
            space.add_polyline2d(
                [(*at(), 0.5) for _ in range(4)],
                format="xyb",
                close=True,
                dxfattribs={**attribs(), **flip, "elevation": (0, 0, 4)},
            )
            space.add_polyline2d(
                [(*at(), 0.5) for _ in range(4)], format="xyb", dxfattribs={**attribs(), **tilt}
            )
            space.add_polyline3d(
                [(*at(), rng.random()) for _ in range(4)], close=rng.random() < 0.5, dxfattribs=attribs()
            )
            if not r12:
                space.add_lwpolyline([at() for _ in range(6)], close=True, dxfattribs=attribs())
                space.add_lwpolyline(
                    [(*at(), rng.choice([0, 0.3, -0.7])) for _ in range(6)],
                    format="xyb",
                    close=rng.random() < 0.5,
                    dxfattribs={**attribs(), "elevation": 2.5},
                )
                space.add_lwpolyline(
                    [(*at(), 0.3) for _ in range(3)],
                    format="xyb",
                    close=True,
                    dxfattribs={**attribs(), **flip, "elevation": 2.5},
                )
                space.add_lwpolyline(
                    [(*at(), 0.3) for _ in range(3)],
                    format="xyb",
                    close=True,
                    dxfattribs={**attribs(), **tilt, "elevation": 2.5},
                )
                space.add_lwpolyline(
                    [(*at(), 0.5, 0.2) for _ in range(3)],
                    format="xyse",
                    dxfattribs={**attribs(), "const_width": 0.1},
                )
                space.add_mtext(
                    "Absatz\\P{\\fSimSun|b0;二层} \\A1;x^I%%d",
                    dxfattribs={**attribs(), "insert": at(), "char_height": 3, "rotation": 12},
                )
                space.add_mtext(
                    "plain", dxfattribs={**attribs(), "insert": at(), "text_direction": (1, 1, 0)}
                )
                space.add_mtext("long 长文本 " * 60, dxfattribs={**attribs(), "insert": at()})
                space.add_ellipse(at(), (3, 1), 0.4, dxfattribs=attribs())
                space.add_ellipse(at(), (3, -1), 0.4, 0.3, 4, dxfattribs=attribs())
                space.add_ellipse(at(), (3, -1), 1.0, 5, 1, dxfattribs={**attribs(), **flip})
                space.add_ellipse(at(), (3, -1), 0.5, dxfattribs={**attribs(), **tilt})
                space.add_spline([(*at(), 0) for _ in range(5)], dxfattribs=attribs())
                space.add_leader([at(), at(), at()], dxfattribs=attribs())
                space.add_mline([at(), at()], dxfattribs=attribs())
                space.add_ray(at(), (1, 0), dxfattribs=attribs())
                hatch = space.add_hatch(color=2, dxfattribs=attribs())
                hatch.paths.add_polyline_path([at() for _ in range(5)], is_closed=True)
                hatch.paths.add_polyline_path([(*at(), 0.5) for _ in range(3)], is_closed=True, flags=16)
                hatch = space.add_hatch(dxfattribs={**attribs(), **flip, "elevation": (0, 0, 2)})
                hatch.set_pattern_fill("ANSI31", scale=0.5)
                path = hatch.paths.add_edge_path()
                p, q, r = at(), at(), at()
                path.add_line(p, q)
                path.add_line(r, q)
                path.add_line(r, p)
                hatch = space.add_hatch(dxfattribs=attribs())
                path = hatch.paths.add_edge_path()
                x, y = at()
                path.add_line((x - 1, y), (x - 1, y + 3))
                path.add_arc((x, y + 3), 1, 0, 180, ccw=rng.random() < 0.5)
                path.add_line((x + 1, y + 3), (x + 1, y))
                path.add_arc((x, y), 1, 180, 360, ccw=rng.random() < 0.5)
                path = hatch.paths.add_edge_path()
                path.add_arc((x, y), 0.2, 0, 360)
                hatch = space.add_hatch(dxfattribs=attribs())
                path = hatch.paths.add_edge_path()
                path.add_ellipse(at(), (2, 0), 0.5, 0, 360)
                path = hatch.paths.add_edge_path()
                path.add_spline(control_points=[at() for _ in range(5)], degree=3)
                mpolygon = space.add_mpolygon(dxfattribs=attribs())
                mpolygon.paths.add_polyline_path([at() for _ in range(4)])
                if version != "R2000":
                    pass
            line = space.add_line(at(), at(), dxfattribs=attribs())
            line.set_xdata("PROJECT_BOX", [(1000, "建筑高度=54.3"), (1040, 1.5), (1070, 3), (1071, 70000)])
            for name in blocks:
                insert = space.add_blockref(
                    name, at(), dxfattribs={**attribs(), "rotation": rng.uniform(0, 360)}
                )
                insert.add_auto_attribs({"HS": "12", "TCW": "%%u3"}) if name == "B1" else None
                space.add_blockref(name, at(), dxfattribs={**attribs(), "xscale": 2, "yscale": 2})
                space.add_blockref(
                    name, at(), dxfattribs={**attribs(), "xscale": -1, "yscale": 1, "rotation": 30}
                )
                space.add_blockref(
                    name, at(), dxfattribs={**attribs(), "xscale": 2, "yscale": 0.5, "rotation": 30}
                )
                space.add_blockref(name, at(), dxfattribs={**attribs(), **flip, "rotation": 30})
                space.add_blockref(name, at(), dxfattribs={**attribs(), **tilt, "rotation": 30})
            if blocks:
                space.add_blockref(
                    blocks[0],
                    at(),
                    dxfattribs={
                        **attribs(), "row_count": 2, "column_count": 3, "row_spacing": 5, "column_spacing": 7,
                        "rotation": 15,
                    },
                )  # fmt: skip

    document.appids.add("PROJECT_BOX")
    first = document.blocks.new("B1", base_point=(1, 2))
    fill(first, local, [])
    for tag, place in (("HS", (0, 0)), ("TCW", (1, 1)), ("无", (2, 2))):
        first.add_attdef(tag, place, dxfattribs={"layer": "0", "flags": 1 if tag == "TCW" else 0})
    second = document.blocks.new("块二")
    fill(second, local, ["B1"])
    fill(document.modelspace(), xy, ["B1", "块二"])
    document.modelspace().add_blockref("NO SUCH BLOCK", (0, 0))
    for render in (True, False):
        dim = document.modelspace().add_linear_dim(base=(500_000, 4_000_000), p1=xy(), p2=xy(), angle=20)
        if render:
            dim.render()
        document.modelspace().add_aligned_dim(
            p1=xy(), p2=xy(), distance=2, text="3.500" if render else "<>"
        ).render()
    document.modelspace().add_radius_dim(center=xy(), radius=3, angle=45).render()
    document.modelspace().add_angular_dim_3p(base=xy(), center=xy(), p1=xy(), p2=xy()).render()
    document.layout().add_line((0, 0), (1, 1))
    return document


@pytest.mark.parametrize("version", VERSIONS)
def test_every_entity_type(version):
    read = both(saved(everything(version)))
    kinds = {e.kind for e in read.entities}
    assert {
        "LINE",
        "CIRCLE",
        "ARC",
        "TEXT",
        "POINT",
        "SOLID",
        "TRACE",
        "3DFACE",
        "POLYLINE",
        "INSERT",
        "ATTRIB",
    } <= kinds
    if version != "R12":
        assert {"LWPOLYLINE", "MTEXT", "ELLIPSE", "SPLINE", "HATCH", "LEADER", "DIMENSION", "MLINE"} <= kinds


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends(line_end):
    both(saved(everything("R2010", 2), line_end=line_end))


@pytest.mark.parametrize("version", ["R12", "R2000", "R2004"])
def test_chinese_code_page(version):
    document = everything(version, 3)
    document.encoding = "cp936"
    read = both(saved(document, encoding="gb18030"))
    assert read.encoding == "gb18030"
    assert "用地红线" in read.layers


@pytest.mark.parametrize(
    "path", sorted(SHARED.rglob("*.dxf")) or [None], ids=lambda p: p.name if p else "none"
)
def test_shared_drawings(path):
    if path is None:
        pytest.skip("the shared drawings are not there")
    data = path.read_bytes()
    settings = reading()
    fast = read_fast(data, path.name, settings, None)
    slow = read_dxf(data, path.name, settings, None)
    if fast is None:  # only where the careful reader finds the file broken
        assert {i.code for i in slow.issues} & {
            "DXF-BAD-TAG",
            "DXF-BAD-VALUE",
            "DXF-STRUCTURE",
            "DXF-REPAIRED",
        }
    else:
        assert_same(fast, slow)
