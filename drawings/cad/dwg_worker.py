"""Takes a DWG apart in a process of its own, so that a hostile file can cost neither memory nor time nor the server.

Run as a script: ``dwg_worker.py INPUT OUTPUT MEMORY_BYTES OUTPUT_BYTES CPU_SECONDS CHORD``. It imports nothing of the
platform. OUTPUT gets JSON: a line of tables (``{"error": "…"}`` when nothing could be read), then a line for each
feature.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: tables read beside the entities: name in the output → function of ``ezdwg.raw``
_TABLES = {
    "header": "decode_header_variables",
    "layer_names": "decode_layer_names",
    "layer_states": "decode_layer_states",
    "layer_colors": "decode_layer_colors",
    "dimensions": "decode_dimension_entities",
    "inserts": "decode_insert_minsert_entities",
}


def _reason(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:300]


def take_apart(source: Path, chord: float) -> dict[str, Any]:
    """Entities of model space by ``dwg2geo``; header, layer table, dimensions and block references by ``ezdwg``."""
    import dwg2geo  # type: ignore[import-untyped]  # native module without stubs
    from ezdwg import raw

    try:
        found = dict(dwg2geo.convert_file(str(source), curve_tolerance=chord))
    except MemoryError:
        raise
    except BaseException as error:  # native code: a panic is not an Exception
        return {"error": _reason(error)}
    found["features"] = json.loads(found.pop("geojson"))["features"]
    tables: dict[str, Any] = {}
    for name, function in _TABLES.items():
        tables[name] = _table(getattr(raw, function), str(source))
    tables["elevations"] = _elevations(raw, str(source), tables["inserts"])
    handles = [row[0] for part in tables["inserts"] or () for row in part]
    handles += [row[1][0] for row in tables["dimensions"] or ()]
    if handles:
        tables["layer_of"] = _table(raw.decode_object_entity_layer_handles, str(source), handles)
    return {**found, "tables": tables}


def _elevations(raw: Any, source: str, inserts: Any) -> list[tuple[int, float]]:
    """Handle and height of outlines and block references that do not lie at 0."""
    rows = [(row[0], row[3]) for row in _table(raw.decode_write_geometry, source) or ()]
    rows += [(row["handle"], row["elevation"]) for row in _table(raw.decode_write_polylines, source) or ()]
    for part in (*(_table(raw.decode_line_arc_circle_entities, source) or ()), *(inserts or ())):
        rows += [(row[0], row[3]) for row in part]
    return [(int(handle), float(z)) for handle, z in rows if z]


def _table(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function gives, None if it fails: the entities do not depend on it."""
    try:
        return function(*arguments)
    except MemoryError:
        raise
    except BaseException:
        return None


def main(arguments: list[str]) -> int:
    """Entry of the process."""
    source, target, memory, size, seconds, chord = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = take_apart(Path(source), float(chord))
    with Path(target).open("w", encoding="utf-8", errors="replace") as stream:
        features = found.pop("features", ())
        stream.write(json.dumps(found, default=str) + "\n")
        stream.writelines(json.dumps(feature, default=str) + "\n" for feature in features)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
