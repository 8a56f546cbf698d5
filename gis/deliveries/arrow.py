"""Features column by column: Arrow's C stream, as GDAL gives it, without pyarrow.

Reading a feature at a time, as :mod:`pyogrio.raw` does, holds up all other threads and takes three times as long.
What the structures mean stands in Arrow's C data and C stream interface.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyogrio
from pyogrio.errors import DataSourceError

from gis.deliveries.source import Source

Values = npt.NDArray[Any]
#: geometry types a layer may declare: no arcs among them, which GDAL would have to make chords of
_STRAIGHT = ("Polygon", "MultiPolygon", "2.5D Polygon", "2.5D MultiPolygon", "Polygon Z", "MultiPolygon Z")


class Part(NamedTuple):
    """Some features: names of the columns, WKB of each feature, columns."""

    names: list[str]
    blobs: npt.NDArray[np.object_]
    columns: list[Values]


class _Schema(Structure):
    """ArrowSchema."""


class _Array(Structure):
    """ArrowArray."""


class _Stream(Structure):
    """ArrowArrayStream."""


_Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_Schema))),
    ("dictionary", POINTER(_Schema)),
    ("release", CFUNCTYPE(None, POINTER(_Schema))),
    ("private_data", c_void_p),
]
_Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(_Array))),
    ("dictionary", POINTER(_Array)),
    ("release", CFUNCTYPE(None, POINTER(_Array))),
    ("private_data", c_void_p),
]
_Stream._fields_ = [
    ("get_schema", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Schema))),
    ("get_next", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Array))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(_Stream))),
    ("release", CFUNCTYPE(None, POINTER(_Stream))),
    ("private_data", c_void_p),
]


def parts(source: Source, size: int) -> Iterator[Part] | None:
    """All features of a GeoPackage's layer, ``size`` at a time; None where it has to be read in another way.

    That is where the driver keeps no columns, or the layer has arcs, or columns of other kinds than texts and numbers.
    """
    if source.numbered is None or source.where is not None or source.encoding is not None:
        return None
    info = pyogrio.read_info(source.path, layer=source.layer)
    if info["geometry_type"] not in _STRAIGHT or not set(info["ogr_types"]) <= _KINDS:
        return None
    return _read(source, size, info["geometry_name"] or "wkb_geometry")


def _read(source: Source, size: int, geometry: str) -> Iterator[Part]:
    with pyogrio.raw.open_arrow(source.path, layer=source.layer, batch_size=size) as (_, opened):
        capsule = opened.__arrow_c_stream__()
        stream = ctypes.cast(_pointer(capsule, b"arrow_array_stream"), POINTER(_Stream))
        schema = _Schema()
        _checked(stream, stream.contents.get_schema(stream, byref(schema)))
        fields = [schema.children[n].contents for n in range(schema.n_children)]
        names, forms = [f.name.decode() for f in fields], [f.format.decode() for f in fields]
        schema.release(byref(schema))
        place = names.index(geometry)
        while True:
            array = _Array()
            _checked(stream, stream.contents.get_next(stream, byref(array)))
            if not array.release:
                return
            values = [
                _READERS[form](array.children[n].contents, array.length) for n, form in enumerate(forms)
            ]
            array.release(byref(array))
            blobs = values.pop(place)
            yield Part(names[:place] + names[place + 1 :], blobs, values)


def _pointer(capsule: Any, name: bytes) -> Any:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    return get(capsule, name)


def _checked(stream: Any, code: int) -> None:
    if code:
        said = stream.contents.get_last_error(stream)
        raise DataSourceError(said.decode("utf-8", "replace") if said else f"error {code}")


# --- columns ---------------------------------------------------------------------------------------------------------


def _block(column: _Array, number: int, kind: Any, count: int) -> Values:
    """A copy of the first ``count`` values of a buffer."""
    size = count * np.dtype(kind).itemsize
    return np.frombuffer(ctypes.string_at(column.buffers[number], size) if size else b"", kind)


def _present(column: _Array, count: int) -> npt.NDArray[np.bool_] | None:
    """Which values there are; None where none is missing."""
    if column.null_count == 0 or not column.buffers[0]:
        return None
    return _bits(column, 0, count)


def _bits(column: _Array, number: int, count: int) -> npt.NDArray[np.bool_]:
    end = column.offset + count
    bits = np.unpackbits(_block(column, number, np.uint8, (end + 7) // 8), bitorder="little")
    return bits[column.offset : end].astype(bool)


def _without(values: Values, present: npt.NDArray[np.bool_] | None) -> Values:
    if present is None or present.all():
        return values
    if values.dtype.kind == "f":
        return np.where(present, values, np.nan)
    kept = values.astype(object)
    kept[~present] = None
    return kept


def _numbers(kind: Any) -> Callable[[_Array, int], Values]:
    def read(column: _Array, count: int) -> Values:
        values = _block(column, 1, kind, column.offset + count)[column.offset :]
        return _without(values, _present(column, count))

    return read


def _flags(column: _Array, count: int) -> Values:
    return _without(_bits(column, 1, count), _present(column, count))


def _values(column: _Array, count: int) -> tuple[bytes, list[tuple[int, int]]]:
    """The bytes of values of any length, and where each begins and ends."""
    ends = _block(column, 1, np.int32, column.offset + count + 1)[column.offset :]
    first, last = int(ends[0]), int(ends[-1])
    data = ctypes.string_at(column.buffers[2] + first, last - first) if last > first else b""
    return data, list(pairwise((ends - first).tolist()))


def _objects(values: list[Any], column: _Array) -> Values:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return _without(made, _present(column, len(values)))


def _bytes(column: _Array, count: int) -> Values:
    data, places = _values(column, count)
    return _objects([data[a:b] for a, b in places], column)


def _texts(column: _Array, count: int) -> Values:
    data, places = _values(column, count)
    if data.isascii():
        text = data.decode()
        return _objects([text[a:b] for a, b in places], column)
    return _objects([data[a:b].decode() for a, b in places], column)


_READERS: dict[str, Callable[[_Array, int], Values]] = {
    "b": _flags,
    "s": _numbers(np.int16),
    "i": _numbers(np.int32),
    "l": _numbers(np.int64),
    "f": _numbers(np.float32),
    "g": _numbers(np.float64),
    "u": _texts,
    "z": _bytes,
}
#: the same kinds in GDAL's words; bytes are the geometry only
_KINDS = {"OFTInteger", "OFTInteger64", "OFTReal", "OFTString"}
