"""Packs 切片包: pieces and features of a layer version as columns in files, mapped into memory for checks.

A pack holds what a check would ask the database for, bit by bit the same: the EWKB of the pieces under a packed R-tree
of their boxes, and label, legend key and attributes of the features. It is named by the version's ``pieces_key``,
which changes whenever pieces are made, and never changes itself. :mod:`gis.layers.packing` makes packs; where one is
missing, checks ask the database. ADR 0013 tells why.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis.check.conflict import Attributes
from gis.check.overlay import Key, Pieces, kernel
from project_box.kernel.plain import canonical_text
from project_box.kernel.settings import get_settings

#: entries of a node of the tree
FAN = 16
#: changes when packs are written differently, so that none of another release is read
FORMAT = 1
#: columns of the pieces: boxes, where each level of the tree begins, numbers, features, where each EWKB begins, bytes
PIECES = ("tree", "levels", "ids", "fids", "starts", "data")
#: columns of the features: numbers, where the words of each begin, the words
FEATURES = ("known", "begins", "words")
#: request number; west, south, east, north in a check CRS
Box = tuple[int, tuple[float, float, float, float]]


def name_of(key: object) -> str:
    """The folder of a pack, by the key of its pieces."""
    return f"{key}.{FORMAT}"


def folder_of(database: str) -> Path:
    """Where the packs of a database's layers are kept, a folder for each."""
    return get_settings().var_dir / "packs" / database


#: label, legend key and attributes of a feature
Described = tuple[str, str | None, Mapping[str, Any]]


def outwards(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Boxes in single precision that hold the given ones, rounded as PostGIS rounds the boxes its index compares."""
    near = boxes.astype(np.float32)
    low, high = near[:, :2], near[:, 2:]
    low = np.where(low > boxes[:, :2], np.nextafter(low, np.float32(-np.inf)), low)
    high = np.where(high < boxes[:, 2:], np.nextafter(high, np.float32(np.inf)), high)
    return np.ascontiguousarray(np.concatenate([low, high], axis=1))


def tiled(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """An order in which neighbours stand together: upright strips, each from south to north."""
    count = len(boxes)
    strips = max(math.ceil(math.sqrt(count / FAN)), 1)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")] = np.arange(count)
    return np.lexsort((boxes[:, 1] + boxes[:, 3], rank * strips // max(count, 1)))


def tree_of(boxes: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """A tree over boxes in order: theirs, then those of the nodes of each level; and where the levels begin."""
    parts, levels = [boxes], [0, len(boxes)]
    while len(parts[-1]) > 1:
        below = parts[-1]
        nodes = np.arange(0, len(below), FAN)
        low, high = np.minimum.reduceat(below[:, :2], nodes), np.maximum.reduceat(below[:, 2:], nodes)
        parts.append(np.concatenate([low, high], axis=1))
        levels.append(levels[-1] + len(nodes))
    return np.ascontiguousarray(np.concatenate(parts)), np.array(levels, dtype=np.int64)


def words_of(described: Described) -> bytes:
    """A feature as its pack keeps it: attributes and legend key as canonical JSON (no key: nothing), and the label.

    There is no line break in canonical JSON.
    """
    label, key, attributes = described
    known = "" if key is None else canonical_text(key)
    return f"{canonical_text(attributes)}\n{known}\n{label}".encode()


@dataclass(frozen=True, slots=True)
class Pack:
    """The columns of one version."""

    version: int
    pieces: tuple[npt.NDArray[Any], ...]
    features: tuple[npt.NDArray[Any], ...]

    @classmethod
    def opened(cls, folder: Path, version: int) -> Pack | None:
        """The pack in a folder; None when it is not there or not whole."""
        try:
            tree, levels, ids, fids, starts, data = (_column(folder, name) for name in PIECES)
            known, begins, words = (_column(folder, name) for name in FEATURES)
        except (OSError, ValueError, EOFError):
            return None
        count = len(ids)
        whole = (
            (len(fids), len(starts), levels[1], starts[-1]) == (count, count + 1, count, len(data))
            and (tree.shape, len(begins), begins[-1]) == ((levels[-1], 4), len(known) + 1, len(words))
            and [c.dtype for c in (tree, levels, ids, fids, starts, data)] == [np.dtype(t) for t in _TYPES]
        )
        return (
            cls(version, (tree, levels, ids, fids, starts, data), (known, begins, words)) if whole else None
        )

    def words(self, fids: Sequence[int]) -> Iterator[memoryview]:
        """The words of some features, as :func:`words_of` wrote them."""
        known, begins, words = self.features
        rows = np.searchsorted(known, fids)
        told = memoryview(words.data)
        for start, stop in zip(begins[rows].tolist(), begins[rows + 1].tolist(), strict=True):
            yield told[start:stop]


_TYPES = (np.float32, np.int64, np.int64, np.int32, np.int64, np.uint8)


def _column(folder: Path, name: str) -> npt.NDArray[Any]:
    column: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return np.asarray(column)


class Packs:
    """The packs of all current versions that have pieces."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = {pack.version: pack for pack in packs}
        self._table = np.array(
            [
                (p.version, len(p.pieces[2]), len(p.pieces[1]), *(c.ctypes.data for c in p.pieces))
                for p in packs
            ],
            dtype=np.int64,
        ).reshape(-1, 3 + len(PIECES))

    @classmethod
    def opened(cls, folder: Path, keys: Mapping[str, str]) -> Packs | None:
        """The packs of versions (numbers and keys in words); None when one of them is missing."""
        packs: list[Pack] = []
        for version, key in keys.items():
            pack = Pack.opened(folder / name_of(key), int(version))
            if pack is None:
                return None
            packs.append(pack)
        return cls(packs)

    def around(self, boxes: Sequence[Box]) -> Pieces:
        """Pieces whose box meets one of some boxes: those that the database would find."""
        if not boxes:
            return Pieces.of((), ())
        numbers, starts, data = kernel("pack").around(
            self._table,
            np.array([number for number, _ in boxes], dtype=np.int64),
            outwards(np.array([box for _, box in boxes], dtype=np.float64)),
        )
        return Pieces(numbers, starts, data.data)

    def described(self, keys: Collection[Key]) -> Told:
        """Features by version and number."""
        wanted: dict[int, list[int]] = {}
        for version, fid in keys:
            wanted.setdefault(version, []).append(fid)
        words: dict[Key, memoryview] = {}
        for version, fids in wanted.items():
            words.update(zip(zip(repeat(version), fids), self._packs[version].words(fids), strict=False))
        return Told(words)


class Told:
    """Features by version and number, whose words are read when one is asked for: its values are then used at once."""

    def __init__(self, words: Mapping[Key, memoryview]) -> None:
        self._words = words

    def __getitem__(self, key: Key) -> Described:
        attributes, known, label = str(self._words[key], "utf-8").split("\n", 2)
        return label, _legend_key(known), Attributes(attributes)


@lru_cache(maxsize=4096)
def _legend_key(text: str) -> str | None:
    """A legend key from its JSON; there are few of them."""
    found: str | None = json.loads(text) if text else None
    return found
