"""Imported once by the process that helpers of a batch are forked from, so that they start with all that is needed."""

from __future__ import annotations

from gis import kernels
from gis.check import batch
from gis.layers import layer

__all__ = ["batch"]

kernels.compile_all()
layer.layer_catalogue()
