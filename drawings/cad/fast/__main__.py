"""``python -m drawings.cad.fast``: compile the kernels of the fast reader, so that no drawing has to wait for it."""

from __future__ import annotations

import shutil
import time

from drawings.cad.fast import READY
from drawings.cad.fast.jit import KERNELS
from drawings.cad.fast.warming import warm_up


def main() -> None:
    """Compile what is not compiled yet and delete what older code has left."""
    start = time.perf_counter()
    was_warm = KERNELS.is_warm()
    warm_up()
    folder = KERNELS.cache_folder
    if folder is not None:
        (folder / READY).touch()
        for old in folder.parent.glob("kernels-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    state = "ready" if was_warm else "compiled"
    print(f"drawing kernels {state} in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
