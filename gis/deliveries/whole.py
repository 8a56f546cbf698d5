"""All layers of areas of a delivery as one (folders of a KML, sheets of a map), where somebody asks for ``*``."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pandas
import pyogrio

from project_box.kernel.errors import BadInput

#: what stands for all layers where one is named
ALL = "*"
#: the column that keeps the name of the layer a feature came from
LAYER_COLUMN = "图层"


def as_one(path: Path, folder: Path, name: str) -> Path:
    """A GeoPackage of all layers with areas, one below the other; columns by name, empty where a layer has none.

    Raises:
        BadInput: the layers stand in several coordinate systems, or there is none.
    """
    kinds = {str(n): str(kind) for n, kind in pyogrio.list_layers(path) if kind}
    areas = [n for n, kind in kinds.items() if "Polygon" in kind or "Surface" in kind]
    layers = areas or list(kinds)
    frames = [
        f for n in layers if len(f := pyogrio.read_dataframe(path, layer=n).assign(**{LAYER_COLUMN: n}))
    ]
    if not frames:
        raise BadInput(
            f"{name} 里没有面图层",
            f"{name} has no layer of areas",
            code="no_data",
            place=name,
            remedy="核对文件，导入含面图形的数据",
            remedy_en="check the file; import data with areas",
        )
    if len({str(f.crs) for f in frames}) > 1:
        raise BadInput(
            f"{name} 的各图层坐标系不同，不能合并导入",
            f"the layers of {name} are in several coordinate systems",
            code="several_layers",
            place=name,
            remedy="逐个图层导入（命令行 --layer）",
            remedy_en="import one layer at a time (--layer)",
            details={"layers": layers},
        )
    target = folder / "all.gpkg"
    joined = geopandas.GeoDataFrame(pandas.concat(frames, ignore_index=True), crs=frames[0].crs)
    pyogrio.write_dataframe(joined, target, layer="all", driver="GPKG", geometry_type="Unknown")
    return target
