"""Plain (JSON) forms and content hashes.

``to_plain`` turns dataclasses, enums, Decimals, dates and geometries into JSON types; ``canonical_json``
is the one byte form used for hashes, so that equal content gives equal hashes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Hashable, Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

_ATOMS = frozenset({type(None), str, bool, int, float})


def to_plain(value: Any) -> Any:
    """JSON types for ``value``: Decimal → str, date/time → ISO 8601, UUID → str, geometry → GeoJSON, set → sorted list.

    Raises:
        TypeError: for a type that has no plain form.
    """
    kind: type = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {k if type(k) is str else str(to_plain(k)): to_plain(v) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [to_plain(v) for v in value]
    names = _field_names(kind)
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Enum):  # before str: a StrEnum is both
        return to_plain(value.value)
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(to_plain(k)): to_plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((to_plain(v) for v in value), key=str)
    if hasattr(value, "__geo_interface__"):
        return to_plain(value.__geo_interface__)
    if hasattr(value, "item"):  # numpy scalar
        return to_plain(value.item())
    raise TypeError(f"no plain form for {type(value).__name__}")


@lru_cache(maxsize=1024)
def _field_names(kind: Hashable) -> tuple[str, ...] | None:
    """Names of the fields of a dataclass; None for any other type."""
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; the same content always gives the same bytes."""
    return canonical_text(to_plain(value)).encode()


#: canonical JSON of a value that is plain already, as text
canonical_text = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def content_hash(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
