"""The compiled modules of the fast reader, as one set (:mod:`project_box.kernel.compiled`)."""

from __future__ import annotations

from pathlib import Path

from project_box.kernel.compiled import KernelSet, helper

_MODULES = (
    "decimal_to_double", "tags", "curves", "columns", "vertices", "groups", "sequences", "hatches", "shapes", "rows",
    "splines", "instances", "expand", "flattening", "nesting",
)  # fmt: skip
KERNELS = KernelSet(Path(__file__).parent, _MODULES)

kernel = KERNELS.kernel

__all__ = ["KERNELS", "helper", "kernel"]
