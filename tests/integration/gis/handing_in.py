"""Layer data as the tests of deliveries make and read it."""

from __future__ import annotations

import geopandas
import pytest

from gis.deliveries.batches import read_batches
from gis.deliveries.source import open_source
from project_box.kernel.errors import BadInput

from .conftest import rectangle


def frame(names=("样江", "石溪"), crs=4547):
    shapes = [rectangle(60 + 300 * n, 0, 200 + 300 * n, 80) for n in range(len(names))]
    made = geopandas.GeoDataFrame({"MC": list(names)}, geometry=shapes, crs=4547)
    return made if crs == 4547 else made.to_crs(crs)


def read(path, **how):
    with open_source(path, **how) as source:
        return source, list(read_batches(source, buffered=False))


def said(batches):
    return {i["code"] for b in batches for i in b.issues if "code" in i}


def refused(path, **how):
    with pytest.raises(BadInput) as wrong:
        read(path, **how)
    assert wrong.value.remedy and wrong.value.zh and wrong.value.en
    return wrong.value
