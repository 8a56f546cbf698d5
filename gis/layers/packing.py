"""Making packs of plan layers (:mod:`gis.check.packs`) and removing those nobody needs. Never commits.

The worker packs a version within a minute of its import, ``project-box layers pack`` at once. A pack is written beside
its place and renamed, so that nobody sees half of one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from gis import repository
from gis.check import lookup
from gis.check.overlay import kernel
from gis.check.packs import folder_of, name_of, outwards, tiled, tree_of, words_of
from gis.layers.pieces import MAX_VERTICES
from gis.models import LayerVersion
from project_box.kernel.settings import get_settings

#: most bytes of a packed piece: vertices, and what else is kept of it
_MOST_BYTES = 16 * MAX_VERTICES + 128
#: seconds after which what was left by others is taken away
_OLD_S = 3600.0


def make_packs(session: Session) -> LayerVersion | None:
    """Pack one current version that has no pack, and remove packs of versions that are no longer current.

    Returns:
        the version; None when nothing is left to do, or all together would exceed ``PROJECT_BOX_PACK_BYTES``.
    """
    folder = folder_of(str(session.connection().engine.url.database))
    rows = sorted(repository.current_versions(session).values(), key=lambda row: row.id)
    _remove_others(folder, {name_of(row.pieces_key) for row in rows})
    if sum(row.piece_count for row in rows) * _MOST_BYTES > get_settings().pack_bytes:
        return None
    for row in rows:
        if not (folder / name_of(row.pieces_key)).exists() and _make(session, row, folder):
            return row
    return None


def _remove_others(folder: Path, wanted: set[str]) -> None:
    """Remove packs nobody needs; not at once, as a check that began before an import may be about to open one."""
    if not folder.exists():
        return
    for entry in folder.iterdir():
        if entry.name not in wanted and entry.stat().st_mtime < time.time() - _OLD_S:
            shutil.rmtree(entry, ignore_errors=True)


def _make(session: Session, row: LayerVersion, folder: Path) -> bool:
    """Make the pack of a version; False when its pieces have gone meanwhile, or another process was faster."""
    with _beside(folder) as made:
        if not (_pack_pieces(session, row, made) and _pack_features(session, row, made)):
            return False
        try:
            made.rename(folder / name_of(row.pieces_key))
        except OSError:
            return False
    return True


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder to work in, which is gone afterwards unless it was renamed."""
    made = folder / f".{secrets.token_hex(6)}"
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _pack_pieces(session: Session, row: LayerVersion, made: Path) -> bool:
    copied = made / "copied"
    with copied.open("wb") as out:
        lookup.copy_version(session.connection(), row.id, out)
    raw = np.asarray(np.memmap(copied, dtype=np.uint8, mode="r"))
    numbers, at = kernel("wkb").copied(raw)
    if len(numbers) != row.piece_count:
        return False
    boxes, sizes = kernel("pack").outlines(raw, at)
    order = tiled(boxes)
    tree, levels = tree_of(outwards(boxes[order]))
    starts = np.concatenate([[0], np.cumsum(sizes[order])])
    _save(made, "tree", tree)
    _save(made, "levels", levels)
    _save(made, "ids", numbers[order, 1])
    _save(made, "fids", numbers[order, 3].astype(np.int32))
    _save(made, "starts", starts)
    data = np.lib.format.open_memmap(made / "data.npy", mode="w+", dtype=np.uint8, shape=(int(starts[-1]),))
    kernel("pack").put(raw, at[order], starts, data)
    data.flush()
    copied.unlink()
    return True


def _pack_features(session: Session, row: LayerVersion, made: Path) -> bool:
    known: list[int] = []
    sizes = [0]
    with (made / "words").open("wb") as out:
        for fid, described in lookup.every_described(session.connection(), row.id):
            known.append(fid)
            sizes.append(out.write(words_of(described)))
    if len(known) != row.feature_count:
        return False
    _save(made, "known", np.array(known, dtype=np.int64))
    _save(made, "begins", np.cumsum(sizes, dtype=np.int64))
    _save(made, "words", np.fromfile(made / "words", dtype=np.uint8))
    (made / "words").unlink()
    return True


def _save(made: Path, name: str, column: npt.NDArray[Any]) -> None:
    """Write a column and wait until it is on the disk."""
    with (made / f"{name}.npy").open("wb") as out:
        np.save(out, column)
        out.flush()
        os.fsync(out.fileno())
