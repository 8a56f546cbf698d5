"""Reading large ASCII DXF files fast, with the same outcome as the careful reader (``drawings.cad.dxf``).

The way of a file: :mod:`~drawings.cad.fast.tags` cuts it into tags in one compiled pass; :mod:`~drawings.cad.fast.rows`
reads the entities into columns; :mod:`~drawings.cad.fast.skeleton` has ezdxf read the tables and the odd entities;
:mod:`~drawings.cad.fast.expand` draws the blocks; :mod:`~drawings.cad.fast.table` hands the entities out, as objects when asked
for, or as shapely geometries in bulk.

A file the fast pass cannot vouch for (broken tags, sequences, structure) is given back: :func:`read_fast` returns None and
the careful reader takes over, which names the fault or repairs it.
"""

from __future__ import annotations

#: files below this size go to the careful reader, which needs no compiled kernels
FAST_FROM_BYTES = 2_000_000
#: while no compiled kernels are cached, compiling them costs more than reading a file below this size
COLD_FROM_BYTES = 40_000_000
