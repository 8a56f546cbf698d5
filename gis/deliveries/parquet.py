"""GeoParquet, for which GDAL as pyogrio brings it has no driver, as a GeoPackage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas
import pandas
import pyarrow
import pyogrio

from gis.deliveries.columns import plain_value
from project_box.kernel.errors import BadInput

#: how a Parquet file begins
MAGIC = b"PAR1"


def to_geopackage(path: Path, folder: Path) -> Path:
    """The features of a GeoParquet file (its primary geometry) with their columns; records become JSON, lists text.

    The CRS is the file's own; one that states none lies in longitude and latitude, as the specification has it.

    Raises:
        BadInput: damaged, or a table without geometry.
    """
    try:
        frame = geopandas.read_parquet(path)
    except (ValueError, OSError, pyarrow.ArrowException) as error:
        raise BadInput(
            f"读不了 {path.name}：不是 GeoParquet，或文件损坏",
            f"cannot read {path.name}: {error}",
            code="unreadable_layer",
            place=path.name,
            remedy="核对文件里有几何列（GeoParquet 1.0 以上），或另存为 GPKG 后再导入",
            remedy_en="see that it has a geometry column (GeoParquet 1.0 or later), or save it as GPKG and import that",
        ) from error
    target = folder / f"parquet-{path.stem}.gpkg"
    written = frame.assign(
        **{str(name): _plain(frame[name]) for name in frame.columns.drop(frame.geometry.name)}
    )
    pyogrio.write_dataframe(written, target, layer=path.stem, driver="GPKG")
    return target


def _plain(values: pandas.Series[Any]) -> pandas.Series[Any]:
    """Values as a GeoPackage can hold them."""
    return values.map(_record) if values.dtype == object else values


def _record(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps({k: plain_value(v) for k, v in value.items()}, ensure_ascii=False)
    return plain_value(value)
