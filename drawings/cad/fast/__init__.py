"""Reading large ASCII DXF files fast, with the same outcome as the careful reader (``drawings.cad.dxf``).

The way of a file: ``tags`` cuts it into tags in one compiled pass; ``rows`` reads the entities into columns;
``skeleton`` has ezdxf read the odd entities; ``expand`` draws the blocks; ``table`` hands the entities out, as objects
when asked for, or as shapely geometries in bulk; ``reader`` puts it all together.

A file the fast pass cannot vouch for (broken tags, sequences, structure) is given back: ``reader.read_fast`` returns
None and the careful reader takes over, which names the fault or repairs it.
"""

from __future__ import annotations

#: files below this size go to the careful reader, which needs no compiled kernels
FAST_FROM_BYTES = 2_000_000
#: while no compiled kernels are cached, compiling them costs more than reading a file below this size
COLD_FROM_BYTES = 40_000_000
