"""The sheet as the viewer draws it: every entity of model space in columns, and the same as GeoJSON.

Columns because a sheet may hold several hundred thousand entities: they are stored packed
(:mod:`drawings.sheets.sheet_pack`) and handed to the browser as typed arrays. Coordinates are drawing units rounded
to a tenth of a millimetre.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import Curve
from drawings.cad.model import CadEntity, CadFile
from drawings.drawing import DrawingModel
from drawings.sheets.local_crs import local_crs
from project_box.kernel.catalogue import uncollected

_DISPLAY_TOLERANCE_M = 0.02
_LONGEST_TEXT = 500
#: share of the items outside of which a stray line does not shrink the whole sheet to a dot
_STRAY = 0.005
_FEW = 200

#: flags of an item
FILLED, DOT, TEXT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing's model space in columns; items are ordered as they are painted: fills, lines and points, texts.

    Attributes:
        header: ``name, unit, metres_per_unit, extent, home`` (box of what matters), ``layers, kinds, roles``.
        coords: x, y by vertex, drawing units. bulge: of the segment that starts there, tan(angle / 4), 0 if straight;
            arcs stay arcs, so that they are smooth however near one looks and few numbers however large.
        part_start: first vertex of each part (one more than parts). item_part: first part of each item (one more).
        layer, kind: index into ``layers`` and ``kinds``. role: index into ``roles`` plus one, 0 for none.
        color: 0xRRGGBB. flags: ``FILLED | DOT | TEXT``.
        handles: by item. texts: of the text items, which come last; height and rotation (degrees) likewise.
    """

    header: dict[str, Any]
    coords: npt.NDArray[np.float64]
    bulge: npt.NDArray[np.float32]
    part_start: npt.NDArray[np.uint32]
    item_part: npt.NDArray[np.uint32]
    layer: npt.NDArray[np.uint16]
    kind: npt.NDArray[np.uint8]
    role: npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]
    color: npt.NDArray[np.uint32]
    height: npt.NDArray[np.float32]
    rotation: npt.NDArray[np.float32]
    handles: list[str]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.handles)


class _Numbers(dict[str, int]):
    """Names numbered in order of appearance."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


@dataclass(slots=True)
class _Columns:
    """Sheet items of one rank while they are collected."""

    coords: array[float] = field(default_factory=lambda: array("d"))
    bulges: array[float] = field(default_factory=lambda: array("f"))
    part_sizes: array[int] = field(default_factory=lambda: array("L"))
    parts: array[int] = field(default_factory=lambda: array("L"))
    facts: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    sizes: list[tuple[float, float]] = field(default_factory=list)

    def add(self, handle: str, facts: tuple[int, int, int, int, int], parts: Sequence[Curve]) -> None:
        """``facts``: layer, kind, role, flags, colour."""
        for curve in parts:
            points, bulges = curve.points, curve.bulges
            size = len(points)
            self.coords.extend(chain.from_iterable(points))
            self.bulges.extend(repeat(0.0, size) if bulges is None else bulges)
            if curve.closed:
                self.coords.extend(points[0])
                self.bulges.append(0.0)
                size += 1
            elif bulges is not None:
                self.bulges[-1] = 0.0
            self.part_sizes.append(size)
        self.parts.append(len(parts))
        self.facts.append(facts)
        self.handles.append(handle)


def build_sheet(cad: CadFile, model: DrawingModel) -> Sheet:
    """All entities of model space."""
    with uncollected():
        return _built(cad, model)


def _built(cad: CadFile, model: DrawingModel) -> Sheet:
    scale = cad.units.metres_per_unit
    decimals = _decimals(scale)
    roles = {layer.name: layer.role for layer in model.layers}
    shape_of = {member: s.role for s in model.shapes for member in s.members}
    layers, kinds, role_names = _Numbers(), _Numbers(), _Numbers()
    for use in model.layers:
        _ = layers[use.name]
    fills, lines, texts = _Columns(), _Columns(), _Columns()
    for entity in cad.entities:
        role = shape_of.get(entity.handle) or roles.get(entity.layer)
        number = role_names[role] + 1 if role is not None and role != "reference" else 0
        facts = (layers[entity.layer], kinds[entity.kind], number, 0, int(entity.color[1:], 16))
        parts = [c for c in entity.curves if len(c.points) + c.closed >= 2]
        if parts:
            filled = entity.filled and all(_encloses(c) for c in parts)
            target = fills if filled else lines
            target.add(entity.handle, (*facts[:3], FILLED if filled else 0, facts[4]), parts)
        _anchor(entity, facts, bool(parts), lines, texts)
    return _assemble(cad, model, decimals, (layers, kinds, role_names), (fills, lines, texts))


def _decimals(metres_per_unit: float) -> int:
    """Places of a tenth of a millimetre."""
    return max(0, min(9, 4 + round(math.log10(metres_per_unit)))) if metres_per_unit > 0 else 4


def _encloses(curve: Curve) -> bool:
    corners = len(curve.points) + curve.closed
    return corners >= 4 or (curve.bulges is not None and corners >= 3)


def _anchor(
    entity: CadEntity, facts: tuple[int, int, int, int, int], drawn: bool, lines: _Columns, texts: _Columns
) -> None:
    if entity.at is None:
        return
    if entity.text:
        texts.add(entity.handle, (*facts[:3], TEXT, facts[4]), [Curve((entity.at,))])
        texts.texts.append(entity.text[:_LONGEST_TEXT])
        texts.sizes.append((entity.height, entity.rotation))
    elif not drawn and entity.kind == "POINT":
        lines.add(entity.handle, (*facts[:3], DOT, facts[4]), [Curve((entity.at,))])


def _assemble(
    cad: CadFile,
    model: DrawingModel,
    decimals: int,
    names: tuple[_Numbers, _Numbers, _Numbers],
    ranks: tuple[_Columns, _Columns, _Columns],
) -> Sheet:
    def sums(counts: list[array[int]]) -> npt.NDArray[np.uint32]:
        every = np.concatenate([np.asarray(c, np.int64) for c in counts])
        return np.concatenate(([0], np.cumsum(every))).astype(np.uint32)

    coords = np.concatenate([np.frombuffer(c.coords, np.float64) for c in ranks]).round(decimals)
    part_start, item_part = sums([c.part_sizes for c in ranks]), sums([c.parts for c in ranks])
    facts = np.array([f for c in ranks for f in c.facts], np.int64).reshape(-1, 5)
    sizes = np.array(ranks[2].sizes, np.float64).reshape(-1, 2)
    uses = {u.name: u for u in model.layers}
    header = {
        "name": cad.name,
        "unit": cad.units.unit,
        "metres_per_unit": cad.units.metres_per_unit,
        "extent": list(cad.extents) if cad.extents else None,
        "home": _home(coords, part_start, item_part),
        "layers": [
            {"name": u.name, "color": u.color, "role": u.role, "entities": u.entities, "visible": u.visible}
            if (u := uses.get(name)) is not None
            else {"name": name, "color": "#ffffff", "role": None, "entities": 0, "visible": True}
            for name in names[0]
        ],
        "kinds": list(names[1]),
        "roles": list(names[2]),
        "crs": model.crs_hint,
    }
    return Sheet(
        header,
        coords,
        np.concatenate([np.frombuffer(c.bulges, np.float32) for c in ranks]),
        part_start,
        item_part,
        facts[:, 0].astype(np.uint16),
        facts[:, 1].astype(np.uint8),
        facts[:, 2].astype(np.uint8),
        facts[:, 3].astype(np.uint8),
        facts[:, 4].astype(np.uint32),
        sizes[:, 0].round(decimals).astype(np.float32),
        sizes[:, 1].astype(np.float32),
        [h for c in ranks for h in c.handles],
        ranks[2].texts,
    )


def _home(
    coords: npt.NDArray[np.float64], part_start: npt.NDArray[np.uint32], item_part: npt.NDArray[np.uint32]
) -> list[float] | None:
    """The box that holds all but half a percent of the items on either side."""
    if not coords.size:
        return None
    first = part_start[item_part[:-1]].astype(np.int64)
    xy = coords.reshape(-1, 2)
    low, high = np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)
    share = 0.0 if len(first) < _FEW else _STRAY
    return [float(v) for v in (*np.quantile(low, share, axis=0), *np.quantile(high, 1 - share, axis=0))]


class _Flat:
    """Vertices of a part with its arcs turned into chords."""

    def __init__(self, sheet: Sheet, tolerance: float, decimals: int) -> None:
        self._points = sheet.coords.reshape(-1, 2).tolist()
        self._bulges = sheet.bulge.astype(np.float64).tolist()
        self._arcs = np.concatenate(([0], np.cumsum(sheet.bulge != 0))).tolist()
        self._tolerance, self._decimals = tolerance, decimals

    def __call__(self, first: int, end: int) -> list[list[float]]:
        points: list[list[float]] = self._points[first:end]
        if self._arcs[end] == self._arcs[first]:
            return points
        curve = Curve(tuple((x, y) for x, y in points), tuple(self._bulges[first:end]))
        return [
            [round(x, self._decimals), round(y, self._decimals)] for x, y in curve.flatten(self._tolerance)
        ]


def sheet_to_geojson(sheet: Sheet) -> dict[str, Any]:
    """The sheet as a FeatureCollection.

    Returns:
        ``features``: properties ``handle, kind, layer, role, color, text, height, rotation, fill``; coordinates in
        drawing units, which ``crs`` names as a local system. Beside them ``layers``, ``extent``, ``unit``,
        ``metres_per_unit``.
    """
    head = sheet.header
    scale = float(head["metres_per_unit"])
    flat = _Flat(sheet, _DISPLAY_TOLERANCE_M / scale, _decimals(scale))
    starts, parts = sheet.part_start.tolist(), sheet.item_part.tolist()
    layers = [layer["name"] for layer in head["layers"]]
    first_text = len(sheet) - len(sheet.texts)
    features: list[dict[str, Any]] = []
    columns = zip(
        sheet.layer.tolist(), sheet.kind.tolist(), sheet.role.tolist(), sheet.flags.tolist(), sheet.color.tolist(),
        strict=True,
    )  # fmt: skip
    for i, (layer, kind, role, flags, color) in enumerate(columns):
        properties: dict[str, Any] = {
            "handle": sheet.handles[i],
            "kind": head["kinds"][kind],
            "layer": layers[layer],
            "color": f"#{color:06x}",
        }
        if role:
            properties["role"] = head["roles"][role - 1]
        lines = [flat(starts[p], starts[p + 1]) for p in range(parts[i], parts[i + 1])]
        if flags & TEXT:
            k = i - first_text
            properties |= {
                "text": sheet.texts[k],
                "height": round(float(sheet.height[k]), 6),
                "rotation": round(float(sheet.rotation[k]), 2),
            }
        if flags & (TEXT | DOT):
            geometry: dict[str, Any] = {"type": "Point", "coordinates": lines[0][0]}
        elif flags & FILLED:
            properties["fill"] = True
            geometry = {"type": "Polygon", "coordinates": lines}
        elif len(lines) == 1:
            geometry = {"type": "LineString", "coordinates": lines[0]}
        else:
            geometry = {"type": "MultiLineString", "coordinates": lines}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    facts = {key: head[key] for key in ("name", "unit", "metres_per_unit", "extent", "layers")}
    return {"type": "FeatureCollection", **facts, "crs": local_crs((scale,)), "features": features}


def sheet_geojson(cad: CadFile, model: DrawingModel) -> dict[str, Any]:
    """The drawing as GeoJSON; see :func:`sheet_to_geojson`."""
    return sheet_to_geojson(build_sheet(cad, model))
