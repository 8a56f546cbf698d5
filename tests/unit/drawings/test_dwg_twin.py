"""A DWG whose content is known: written by ezdwg (R2000, names of three alphabets), read by us, compared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ezdwg
import pytest

from drawings.cad import CadEntity, CadFile, read
from drawings.cad.curve import Curve

_POINTS = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (0.0, 50.0)]
_BULGES = [0.0, 1.0, 0.0, -0.5]
_RING = abs(Curve(tuple(_POINTS), tuple(_BULGES), True).area())
_CIRCLE = 25 * math.pi
#: scale, rotation, side from which the block is seen
_PLACED = [
    ((1, 1, 1), 0, 1), ((-1, 1, 1), 0, 1), ((1, -1, 1), 45, 1), ((2, 3, 1), 17, 1), ((2, 2, 2), 270, 1),
    ((1, 1, 1), 30, -1), ((-2, 3, 1), 0, -1),
]  # fmt: skip


def _written(folder: Path, layer: str, text: str, block: str) -> tuple[CadFile, dict[Any, str]]:
    drawing = ezdwg.new()
    drawing.header["insunits"] = 6
    drawing.layers[layer] = {}
    space = drawing.modelspace()
    inner = drawing.blocks.new(block, base_point=(1, 1))
    inner.add_lwpolyline(_POINTS, bulges=_BULGES, closed=True)
    inner.add_circle((10, 10), 5)
    drawing.blocks.new("OUT").add_blockref(block, (5, 5), scale=(-2, 2, 1), rotation=30)
    made: dict[Any, Any] = {
        "ring": space.add_lwpolyline(_POINTS, bulges=_BULGES, closed=True, layer=layer),
        "sides": space.add_lwpolyline(
            [(40 * math.cos(math.pi * i / 32), 40 * math.sin(math.pi * i / 32)) for i in range(64)],
            closed=True, layer=layer,
        ),
        "circle": space.add_circle((400000.5, 3000000.5), 5, layer=layer),
        "mirrored": space.add_circle((10, 10), 5, layer=layer, extrusion=(0, 0, -1)),
        "ellipse": space.add_ellipse((10, 10), (30, 10, 0), 0.4, layer=layer),
        "hatch": space.add_hatch([{"points": _POINTS, "bulges": _BULGES, "closed": True}], layer=layer),
        "polyline": space.add_polyline2d(_POINTS, closed=True, layer=layer, bulges=_BULGES),
        "arc": space.add_arc((10, 10), 5, 350, 80, layer=layer, extrusion=(0, 0, -1)),
        "text": space.add_text(text, (7, 8), 2, layer=layer, rotation=45),
        "dimension": space.add_aligned_dim((0, 0), (30, 40), 5, text="48", layer=layer),
        "nested": space.add_blockref("OUT", (3, 4), scale=(1.5, 0.5, 1), rotation=10, layer=layer),
    }  # fmt: skip
    for scale, turn, side in _PLACED:
        seen = {"extrusion": (0, 0, -1)} if side < 0 else {}
        made[scale, turn] = space.add_blockref(
            block, (20, 30), scale=scale, rotation=turn, layer=layer, **seen
        )
        space.add_attrib(made[scale, turn], "NO", text, (20, 30), 1)
    path = folder / "twin.dwg"
    drawing.save(str(path))
    return read(path), {what: f"{entity.handle:X}" for what, entity in made.items()}


def _area(entity: CadEntity) -> float:
    return sum(abs(c.area()) for c in entity.curves)


@pytest.mark.parametrize(
    ("layer", "text", "block"),
    [("建筑基底", "楼号=3", "内块"), ("Граница", "здание", "вход"), ("LAYER", "abc", "IN")],
)
def test_areas_places_texts_blocks_and_dimensions_are_the_ones_written(
    tmp_path: Path, layer: str, text: str, block: str
) -> None:
    cad, handles = _written(tmp_path, layer, text, block)
    assert cad.readable and (cad.units.unit, cad.release) == ("m", "R2000")
    found = {e.handle: e for e in cad.entities}
    own = {what: found[handle] for what, handle in handles.items()}
    for what, area in {
        "ring": _RING, "sides": 32 * 1600 * math.sin(math.pi / 32), "circle": _CIRCLE, "mirrored": _CIRCLE,
        "ellipse": math.pi * 400, "hatch": _RING, "polyline": _RING,
    }.items():  # fmt: skip
        assert _area(own[what]) == pytest.approx(area, rel=1e-6), what
    assert own["sides"].curves[0].bulges is None
    assert own["circle"].curves[0].flatten(1.0)[0][1] == pytest.approx(3000000.5, abs=5)
    ends = own["arc"].curves[0].start, own["arc"].curves[0].end
    turned = math.radians(350)
    assert min(math.dist(e, (-10 - 5 * math.cos(turned), 10 + 5 * math.sin(turned))) for e in ends) < 1e-6
    assert (own["text"].text, own["text"].at, own["text"].rotation) == (text, (7.0, 8.0), 45.0)
    (dimension,) = cad.dimensions
    assert (dimension.handle, dimension.measured, dimension.text) == (handles["dimension"], 50.0, "48")
    assert {e.layer for e in cad.entities} == {layer}
    for scale, turn, side in _PLACED:
        insert = own[scale, turn]
        assert (insert.at, insert.block, insert.attributes) == ((20.0 * side, 30.0), block, {"NO": text})
        _parts(cad, handles[scale, turn], abs(scale[0] * scale[1]))
    _parts(cad, handles["nested"], 4 * 1.5 * 0.5)


def _parts(cad: CadFile, handle: str, factor: float) -> None:
    parts = {e.kind: _area(e) for e in cad.entities if e.handle.startswith(handle + "/")}
    assert parts["LWPOLYLINE"] == pytest.approx(_RING * factor, rel=1e-5)
    assert parts["CIRCLE"] == pytest.approx(_CIRCLE * factor, rel=1e-5)


def test_elevations_of_outlines_and_references(tmp_path: Path) -> None:
    drawing = ezdwg.new()
    space = drawing.modelspace()
    ring = space.add_lwpolyline(_POINTS, closed=True, elevation=12.5)
    circle = space.add_circle((10, 10, 3.5), 5)
    drawing.blocks.new("B").add_lwpolyline(_POINTS, closed=True, elevation=1.0)
    placed = space.add_blockref("B", (5, 5, 2.0))
    path = tmp_path / "high.dwg"
    drawing.save(str(path))
    found = {e.handle: e.z for e in read(path).entities}
    assert found[f"{ring.handle:X}"] == 12.5 and found[f"{circle.handle:X}"] == 3.5
    assert found[f"{placed.handle:X}"] == 2.0
    assert [z for handle, z in found.items() if handle.startswith(f"{placed.handle:X}/")] == [3.0]
