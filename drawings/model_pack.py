"""A drawing model as bytes: what was interpreted, kept with its revision and read back exactly.

``PBM1`` and a zlib stream of: length of a JSON head (8 bytes), the head, and per kind of geometry its coordinates and
offsets. Coordinates are kept bit by bit as differences of their 64-bit patterns, byte planes apart, which packs well. A
large drawing has millions of vertices: as JSON they would not fit into a row of the database.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from drawings.drawing import DrawingModel, RoleShape, model_from_plain, model_to_plain
from project_box.kernel.catalogue import uncollected
from project_box.kernel.errors import TooLarge
from project_box.kernel.plain import to_plain

_MAGIC = b"PBM1"
_LEVEL = 1
#: numbers that are turned into planes at once
_BLOCK = 1 << 20
#: bytes a row of the database takes with room to spare
MOST_BYTES = 400_000_000
_KINDS = (shapely.GeometryType.POINT, shapely.GeometryType.LINESTRING, shapely.GeometryType.POLYGON)


def pack_model(model: DrawingModel) -> bytes:
    """The model as bytes.

    Raises:
        TooLarge: it has more vertices than can be kept.
    """
    with uncollected():
        head, arrays = _parts(model)
    packer = zlib.compressobj(_LEVEL)
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    out = [_MAGIC, packer.compress(len(text).to_bytes(8, "little")), packer.compress(text)]
    out += [packer.compress(block) for array in arrays for block in _planes(array)]
    packed = b"".join([*out, packer.flush()])
    if len(packed) > MOST_BYTES:
        raise TooLarge(
            f"图纸“{model.name}”图形过多，无法保存：{len(model.shapes)} 个图形",
            f"drawing {model.name} has too many vertices to be kept ({len(model.shapes)} shapes)",
            code="drawing_too_large",
            place="files",
            remedy="按楼栋或分区拆成几个文件提交",
            remedy_en="split it by building or area and hand in several files",
        )
    return packed


def unpack_model(packed: bytes) -> DrawingModel:
    """The model of :func:`pack_model`; also of the JSON that earlier versions of the platform kept."""
    if not packed.startswith(_MAGIC):
        return model_from_plain(json.loads(packed))
    data = memoryview(zlib.decompress(memoryview(packed)[len(_MAGIC) :]))
    size = int.from_bytes(data[:8], "little")
    head = json.loads(bytes(data[8 : 8 + size]))
    with uncollected():
        geometries = _geometries(head, data[8 + size :])
        shapes = tuple(
            RoleShape(**{**fields, "geometry": geometry, "members": tuple(fields["members"])})
            for fields, geometry in zip(head["shapes"], geometries, strict=True)
        )
    return replace(model_from_plain({**head["model"], "shapes": []}), shapes=shapes)


def _parts(model: DrawingModel) -> tuple[dict[str, Any], list[npt.NDArray[Any]]]:
    """The head, and the arrays in the order it names them."""
    geometries = np.array([None, *(s.geometry for s in model.shapes)], dtype=object)[1:]
    kinds = shapely.get_type_id(geometries)
    plain = ~shapely.has_z(geometries) & ~shapely.is_empty(geometries)
    groups: list[dict[str, Any]] = []
    arrays: list[npt.NDArray[Any]] = []
    other = np.ones(len(geometries), dtype=np.bool_)
    for kind in _KINDS:
        own = plain & (kinds == int(kind))
        if not own.any():
            continue
        other &= ~own
        _, coordinates, offsets = shapely.to_ragged_array(geometries[own])
        arrays += [coordinates, *(o.astype(np.int64) for o in offsets)]
        groups.append({"kind": int(kind), "points": len(coordinates), "offsets": [len(o) for o in offsets]})
    rest = {str(i): shapely.to_wkb(geometries[i], hex=True) for i in np.flatnonzero(other).tolist()}
    head = {
        "model": model_to_plain(replace(model, shapes=())),
        "shapes": [to_plain(_facts(s)) for s in model.shapes],
        "kinds": [-1 if o else k for k, o in zip(kinds.tolist(), other.tolist(), strict=True)],
        "groups": groups,
        "rest": rest,
    }
    return head, arrays


def _facts(shape: RoleShape) -> dict[str, Any]:
    facts = {name: getattr(shape, name) for name in shape.__dataclass_fields__ if name != "geometry"}
    return {**facts, "attributes": dict(shape.attributes), "sources": dict(shape.sources)}


def _planes(array: npt.NDArray[Any]) -> Iterator[bytes]:
    """Column after column, block by block: differences of 64-bit patterns, all first bytes, then all second ones, …"""
    patterns = np.ascontiguousarray(array.T).reshape(-1).view(np.int64)
    for start in range(0, len(patterns), _BLOCK):
        steps = np.diff(patterns[start : start + _BLOCK], prepend=np.int64(0))
        yield np.ascontiguousarray(steps.view(np.uint8).reshape(-1, 8).T).tobytes()


def _from_planes(data: memoryview, count: int) -> npt.NDArray[np.int64]:
    out = np.empty(count, dtype=np.int64)
    for start in range(0, count, _BLOCK):
        block = out[start : start + _BLOCK]
        planes = np.frombuffer(data, np.uint8, 8 * len(block), 8 * start).reshape(8, -1)
        np.cumsum(np.ascontiguousarray(planes.T).reshape(-1).view(np.int64), out=block)
    return out


def _geometries(head: dict[str, Any], data: memoryview) -> npt.NDArray[np.object_]:
    out = np.empty(len(head["shapes"]), dtype=object)
    kinds = np.array(head["kinds"], dtype=np.int64)
    for i, wkb in head["rest"].items():
        out[int(i)] = shapely.from_wkb(wkb)
    at = 0

    def take(count: int) -> npt.NDArray[np.int64]:
        nonlocal at
        found = _from_planes(data[at : at + 8 * count], count)
        at += 8 * count
        return found

    for group in head["groups"]:
        coordinates = take(2 * group["points"]).view(np.float64).reshape(2, -1).T
        offsets = tuple(take(count) for count in group["offsets"])
        out[kinds == group["kind"]] = shapely.from_ragged_array(
            shapely.GeometryType(group["kind"]), np.ascontiguousarray(coordinates), offsets or None
        )
    return out
