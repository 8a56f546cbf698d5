"""Compiled kernels: a typed door to numba, and where the machine code is kept.

Numba keeps compiled code beside the source or in a cache folder, and looks only at the source file of the outer
function to tell whether it is stale. Kernels call helpers of sibling modules, so the cache folder carries a digest of
all the modules of a set (and of the versions of numba and Python): changed code never meets old machine code."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from project_box.kernel.settings import get_settings


def _numba() -> Any:
    return importlib.import_module("numba")


class KernelSet:
    """Modules whose compiled functions may call one another.

    Args:
        home: folder of the modules.
        modules: their names; a change in any of them compiles all anew.
    """

    def __init__(self, home: Path, modules: Sequence[str]) -> None:
        self._home = home
        self._sources = [home / f"{name}.py" for name in modules]

    @cached_property
    def cache_folder(self) -> Path | None:
        """Folder of the compiled kernels: beside the source, else under ``var``; None if neither can be written.

        The environment variable ``NUMBA_CACHE_DIR`` overrides both.
        """
        digest = hashlib.sha256(sys.version.encode())
        for part in (
            str(_numba().__version__).encode(),
            *(s.read_bytes() for s in [Path(__file__), *self._sources]),
        ):
            digest.update(part)
        wanted = os.environ.get("NUMBA_CACHE_DIR")
        beside = [self._home / "__pycache__", get_settings().var_dir / "cache" / "numba"]
        for base in [Path(wanted)] if wanted else beside:
            folder = base / f"kernels-{digest.hexdigest()[:16]}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            if os.access(folder, os.W_OK) or any(folder.rglob("*.nbi")):
                return folder
        return None

    def is_warm(self) -> bool:
        """True if compiled kernels are in the cache, so that a first call costs tenths of a second, not many."""
        return self.cache_folder is not None and any(self.cache_folder.rglob("*.nbi"))

    def kernel(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function on its first call, without the GIL, cached on disk; float errors give inf and NaN."""
        numba, folder = _numba(), self.cache_folder
        before = numba.config.CACHE_DIR
        if folder is not None:
            numba.config.CACHE_DIR = str(folder)
        try:
            compiled: Callable[..., Any] = numba.njit(
                cache=folder is not None, nogil=True, error_model="numpy"
            )(function)
            return compiled
        finally:
            numba.config.CACHE_DIR = before


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that only kernels call; it is part of their machine code and has no cache entry of its own."""
    compiled: Callable[..., Any] = _numba().njit(nogil=True, error_model="numpy")(function)
    return compiled
