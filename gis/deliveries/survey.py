"""Looking at a delivery before it is imported: its columns with samples, and the codes that stand in a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyogrio

from gis.deliveries.columns import plain_column
from gis.deliveries.fields import as_code
from gis.deliveries.source import FAILURES, Source
from gis.deliveries.source_files import cad_text
from project_box.kernel.errors import BadInput

#: features looked at for samples, samples of a column, characters of one
_LOOKED_AT, _SAMPLES, _LONGEST = 2_000, 3, 40
#: features read for codes, and codes told of a column
_READ, MOST_CODES = 3_000_000, 200


@dataclass(frozen=True, slots=True)
class FoundCodes:
    """Different values of a column, the most frequent first.

    Attributes:
        values: (value, features), at most :data:`MOST_CODES`.
        more: how many further ones there are.
    """

    values: tuple[tuple[str, int], ...]
    more: int


def samples(source: Source) -> dict[str, tuple[str, ...]]:
    """By column, the first different values of the first features.

    Raises:
        BadInput: the attributes cannot be read.
    """
    found = _read(source, list(source.columns), _LOOKED_AT)
    return {
        name: tuple(dict.fromkeys(as_code(v)[:_LONGEST] for v in found.get(name, ()) if _said(v)))[:_SAMPLES]
        for name in source.columns
    }


def codes(source: Source, columns: Sequence[str]) -> Mapping[str, FoundCodes]:
    """The different values of some columns, of all features.

    Raises:
        BadInput: the attributes cannot be read.
    """
    found = {}
    for name, values in (_read(source, list(columns), _READ) if columns else {}).items():
        counted = Counter(as_code(v) for v in values if _said(v)).most_common()
        found[name] = FoundCodes(tuple(counted[:MOST_CODES]), max(len(counted) - MOST_CODES, 0))
    return found


def _said(value: Any) -> bool:
    return value is not None and str(value).strip() != ""


def _read(source: Source, columns: list[str], most: int) -> dict[str, list[Any]]:
    """Values by column, of the first features."""
    if not columns:
        return {}
    try:
        meta, _, _, values = pyogrio.raw.read(
            source.path,
            layer=source.layer,
            encoding=source.encoding,
            columns=columns,
            where=source.where,
            max_features=most,
            read_geometry=False,
        )
    except FAILURES as error:
        raise BadInput(
            f"读不了 {source.name} 的属性，文件可能损坏",
            f"cannot read the attributes of {source.name}: {error}",
            code="unreadable_layer",
            place=source.name,
            remedy="用 GIS 软件打开核对，另存为 GPKG 后再导入",
            remedy_en="open it in a GIS program, save it as GPKG and import that",
        ) from error
    plain = {str(name): plain_column(column) for name, column in zip(meta["fields"], values, strict=True)}
    if source.cad:
        return {n: [cad_text(v) if isinstance(v, str) else v for v in c] for n, c in plain.items()}
    return plain
