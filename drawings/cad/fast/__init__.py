"""Reading large ASCII DXF files fast, with the same outcome as the careful reader (``drawings.cad.dxf``).

The way of a file: ``tags`` cuts it into tags in one compiled pass; ``rows`` reads the entities into columns;
``skeleton`` has ezdxf read the odd entities; ``expand`` draws the blocks; ``table`` hands the entities out, as objects
when asked for, or as shapely geometries in bulk; ``reader`` puts it all together.

A file the fast pass cannot vouch for (broken tags, sequences, structure) is given back: ``reader.read_fast`` returns
None and the careful reader takes over, which names the fault or repairs it.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drawings.cad.model import CadFile
    from drawings.reading import Reading

#: files below this size go to the careful reader, which needs no compiled kernels
FAST_FROM_BYTES = 2_000_000
#: while no compiled kernels are cached, compiling them costs more than reading a file below this size
COLD_FROM_BYTES = 40_000_000
#: file in the cache folder that says all kernels are there
READY = "ready"


def is_ready() -> bool:
    """True once all kernels are compiled and cached; a compilation under way in another process does not count."""
    from drawings.cad.fast.jit import KERNELS

    folder = KERNELS.cache_folder
    return folder is not None and (folder / READY).exists()


def read_large(data: bytes, name: str, settings: Reading, unit: str | None) -> CadFile | None:
    """Read a DXF fast if that pays and works; None if the careful reader has to read it.

    Small files are left to the careful reader, which needs no compiled kernels; so are middling ones while no kernels
    are compiled (``python -m drawings.cad.fast`` compiles them), because compiling takes most of a minute.
    """
    if len(data) < FAST_FROM_BYTES or importlib.util.find_spec("numba") is None:
        return None
    if len(data) < COLD_FROM_BYTES and not is_ready():
        return None
    from drawings.cad.fast.reader import read_fast

    return read_fast(data, name, settings, unit)
