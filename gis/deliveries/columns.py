"""Attributes of a delivery, column by column: plain values, and the JSON they are kept as. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import numpy.typing as npt

#: values by column name, one a feature
Columns = dict[str, list[Any]]

_encoded = json.JSONEncoder(ensure_ascii=False).encode
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    float: float.__repr__,
    int: int.__repr__,
    type(None): lambda _: "null",
}


def plain_column(values: npt.NDArray[Any]) -> list[Any]:
    """JSON values of a column; NaN and missing become None, times become text."""
    plain: list[Any] = values.tolist()
    if values.dtype.kind in "biu":
        return plain
    if values.dtype.kind == "f":
        for position in np.flatnonzero(~np.isfinite(values)).tolist():
            plain[position] = None
        return plain
    return [v if type(v) is str and "\x00" not in v else plain_value(v) for v in values]


def plain_value(value: Any) -> Any:
    """A JSON value for an attribute; NaN and missing become None, times and lists become text."""
    if value is None:
        return None
    if isinstance(value, (list, np.ndarray)):
        return ", ".join("" if one is None else str(one) for one in map(plain_value, value))
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    if isinstance(plain, (bool, int)):
        return plain
    if isinstance(plain, bytes):
        return plain.hex()[:200]
    return str(plain).replace("\x00", "")


def rows_of(columns: Columns, count: int) -> list[dict[str, Any]]:
    """The attributes of each feature."""
    if not columns:
        return [{} for _ in range(count)]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def documents(columns: Columns, count: int) -> list[bytes]:
    """The attributes of each feature as a JSON object; values are plain ones."""
    if not columns:
        return [b"{}"] * count
    names = (_encoded(name).replace("%", "%%") for name in columns)
    template = "{" + ", ".join(f"{name}: %s" for name in names) + "}"
    return [(template % words).encode() for words in zip(*map(_words, columns.values()), strict=True)]


def document(values: dict[str, Any]) -> bytes:
    """The attributes of one feature as a JSON object."""
    return _encoded(values).encode()


def _words(column: Iterable[Any]) -> list[str]:
    return [_WRITERS.get(type(v), _encoded)(v) for v in column]
