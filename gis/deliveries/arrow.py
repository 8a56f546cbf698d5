"""Features column by column, as GDAL gives them through Arrow.

Reading a feature at a time, as :mod:`pyogrio.raw` does without it, holds up all other threads and takes three times as
long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow
import pyogrio

from gis.deliveries.source import Source

Values = npt.NDArray[Any]
#: geometry types a layer may declare: no arcs among them, which GDAL would have to make chords of
_STRAIGHT = ("Polygon", "MultiPolygon", "2.5D Polygon", "2.5D MultiPolygon", "Polygon Z", "MultiPolygon Z")
#: kinds of columns, in GDAL's words
_KINDS = {"OFTInteger", "OFTInteger64", "OFTReal", "OFTString"}


class Part(NamedTuple):
    """Some features: names of the columns, WKB of each feature, columns."""

    names: list[str]
    blobs: npt.NDArray[np.object_]
    columns: list[Values]


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
    with pyogrio.raw.open_arrow(source.path, layer=source.layer, batch_size=size) as (_, stream):
        for batch in pyarrow.RecordBatchReader.from_stream(stream):
            names: list[str] = list(batch.schema.names)
            place = names.index(geometry)
            values = [_values(column) for column in batch.columns]
            blobs = values.pop(place)
            yield Part(names[:place] + names[place + 1 :], blobs, values)


def _values(column: Any) -> Values:
    """The values of a column; a missing one is None, among numbers with a point NaN."""
    if column.null_count and (pyarrow.types.is_integer(column.type) or pyarrow.types.is_boolean(column.type)):
        made = np.empty(len(column), dtype=object)
        made[:] = column.to_pylist()
        return made
    found: Values = column.to_numpy(zero_copy_only=False)
    return found
