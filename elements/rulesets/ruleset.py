"""规则版本 rule set: the text of a whole catalogue as one hashed snapshot, and the catalogue made of it again.

A snapshot maps ``<class>/<file>.yaml`` to the file's text. Its hash is that of the catalogue it gives (definitions,
tables, jurisdictions and the versions of the named functions), so that comments and spacing do not count. The same
loader reads a snapshot and the files of the installation; a fault names file and line within the snapshot.
"""

from __future__ import annotations

import hashlib
import inspect
import tempfile
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from elements.engine.engine import CATALOGUE_DIR, Catalogue, load_catalogue
from elements.engine.functions import REGISTRY
from project_box.kernel.errors import BadInput, CatalogueError
from project_box.kernel.plain import canonical_json

#: text by ``<class>/<file>.yaml``
Files = Mapping[str, str]
#: the loader itself, without its cache: a snapshot's folder exists only while it is read
_load = cast("Callable[[Path], Catalogue]", inspect.unwrap(load_catalogue))
#: catalogues kept in memory
_KEPT = 6


@dataclass(frozen=True)
class Snapshot:
    """A stored rule set.

    Attributes:
        hash: the rule hash it had when it was stored; evaluations carry it.
        content: packed text, see :func:`pack`.
        functions: versions of the named functions then.
    """

    hash: str
    content: bytes
    functions: Mapping[str, Any]


def read_files(folder: Path = CATALOGUE_DIR) -> dict[str, str]:
    """The catalogue of a folder as text, line ends as ``\\n``.

    Raises:
        CatalogueError: a file cannot be read as UTF-8 text.
    """
    out: dict[str, str] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        try:
            out[f"{path.parent.name}/{path.name}"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CatalogueError(
                f"目录文件无法读取：{path.name}", f"{path}: {error}", place=str(path)
            ) from error
    return out


def pack(files: Files) -> bytes:
    """Canonical, compressed bytes of a snapshot's text."""
    return zlib.compress(canonical_json(dict(files)), 9)


def unpack(content: bytes) -> dict[str, str]:
    """The text of a snapshot."""
    import json

    return {str(k): str(v) for k, v in json.loads(zlib.decompress(content)).items()}


def digest(content: bytes) -> str:
    """SHA-256 (hex) of a snapshot's text, whatever the compression."""
    return hashlib.sha256(zlib.decompress(content)).hexdigest()


def function_versions() -> dict[str, Any]:
    """Version and rule of every named function, as the rule hash counts them."""
    return {f.name: [f.version, f.formula] for f in sorted(REGISTRY.values(), key=lambda f: f.name)}


class _Shelf:
    """Catalogues by a hash, the least used one leaves first. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Catalogue] = OrderedDict()

    def get(self, key: str, make: Callable[[], Catalogue]) -> Catalogue:
        """The catalogue of a key, made when it is not there."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            found = self._held[key] = make()
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
            return found

    def find(self, key: str) -> Catalogue | None:
        """The catalogue of a key if it is here."""
        with self._lock:
            return self._held.get(key)

    def put(self, catalogue: Catalogue) -> None:
        """Keep a catalogue that was just made."""
        self.get(catalogue.version, lambda: catalogue)


shelf = _Shelf()
_texts = _Shelf()


def build(files: Files) -> Catalogue:
    """The catalogue of a snapshot's text, checked like the files of the installation (the last ones are remembered).

    Raises:
        CatalogueError: the first fault; ``place`` is ``<class>/<file>.yaml:<line>``.
        BadInput: a name that is no catalogue file.
    """
    return _texts.get(hashlib.sha256(canonical_json(dict(files))).hexdigest(), lambda: _read(files))


def _read(files: Files) -> Catalogue:
    with tempfile.TemporaryDirectory(prefix="project-box-rules-") as name:
        folder = Path(name)
        for key, text in files.items():
            parts = Path(key).parts
            if len(parts) != 2 or ".." in parts or not key.endswith(".yaml"):
                raise BadInput(
                    f"“{key[:60]}”不是要素目录文件", f"{key[:60]!r} is no catalogue file", place=key
                )
            path = folder / key
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        try:
            return _load(folder)
        except CatalogueError as error:
            inside = f"{folder}/"
            raise CatalogueError(
                error.zh.replace(inside, ""),
                error.en.replace(inside, ""),
                code=error.code,
                place=error.place.replace(inside, "") if error.place else None,
                remedy=error.remedy,
                remedy_en=error.remedy_en,
                details=error.details,
            ) from error


def open_snapshot(snapshot: Snapshot) -> Catalogue:
    """The catalogue of a stored rule set, kept in memory by hash.

    Its version is the stored hash as long as the named functions are those of then; if one has changed since, the
    version is that of the combination, so that nobody takes other figures for the old ones.

    Raises:
        CatalogueError: the present platform can no longer read it.
    """

    def make() -> Catalogue:
        catalogue = build(unpack(snapshot.content))
        if catalogue.version == snapshot.hash or dict(snapshot.functions) != function_versions():
            return catalogue
        return replace(catalogue, version=snapshot.hash, _rules={})

    return shelf.get(snapshot.hash, make)


def functions_changed(snapshot: Snapshot) -> list[str]:
    """Named functions that are other than when the rule set was stored."""
    now = function_versions()
    return sorted(n for n, v in snapshot.functions.items() if now.get(n) != list(v))
