"""Compiled kernels: a typed door to numba, and where the machine code is kept.

Numba keeps compiled code beside the source or in a cache folder and looks only at the source file of the outer function
to tell whether it is stale. The kernels here call helpers of sibling modules, so the cache folder carries a digest of
all modules with compiled code (and the versions of numba and Python): changed code never meets old machine code.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from project_box.kernel.settings import get_settings

_HERE = Path(__file__).parent
_COMPILED = ("jit", "decimal_to_double", "tags", "curves", "rows", "expand")


def _numba() -> Any:
    return importlib.import_module("numba")


@lru_cache
def _digest() -> str:
    total = hashlib.sha256(sys.version.encode())
    total.update(str(_numba().__version__).encode())
    for name in _COMPILED:
        total.update((_HERE / f"{name}.py").read_bytes())
    return total.hexdigest()[:16]


@lru_cache
def cache_folder() -> Path | None:
    """Folder of the compiled kernels: beside the source, else under ``var``; None if neither can be written.

    The environment variable ``NUMBA_CACHE_DIR`` overrides both.
    """
    wanted = os.environ.get("NUMBA_CACHE_DIR")
    bases = [Path(wanted)] if wanted else [_HERE / "__pycache__", get_settings().var_dir / "cache" / "numba"]
    for base in bases:
        folder = base / f"kernels-{_digest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK) or any(folder.rglob("*.nbi")):
            return folder
    return None


def is_warm() -> bool:
    """True if compiled kernels are in the cache, so that the first call costs tenths of a second, not many seconds."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("*.nbi"))


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function on its first call, without the GIL, cached on disk; floating point errors give inf and NaN."""
    numba = _numba()
    folder = cache_folder()
    before = numba.config.CACHE_DIR
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    try:
        compiled: Callable[..., Any] = numba.njit(cache=folder is not None, nogil=True, error_model="numpy")(
            function
        )
        return compiled
    finally:
        numba.config.CACHE_DIR = before


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only kernels call; it is part of their machine code and has no cache entry of its own."""
    compiled: Callable[..., Any] = _numba().njit(nogil=True, error_model="numpy")(function)
    return compiled
