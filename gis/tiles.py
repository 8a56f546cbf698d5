"""Vector tiles 矢量瓦片 of plan layers: what is drawn at which zoom, entity tags, cache. Never commits.

Below zoom :data:`DETAIL` a large layer is drawn from *overviews*: outlines thinned for a quarter of a pixel, features
smaller than two pixels merged into squares of the class that prevails there. Overviews are made by the worker after an
import; until then, and for small layers, tiles come from the features themselves.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from gis import repository, tile_store
from gis.layer import layer_catalogue
from gis.models import LayerVersion
from gis.tile_cache import TileCache
from project_box.kernel.errors import NotFound
from project_box.kernel.settings import get_settings

#: from this zoom on features are drawn as delivered, with labels
DETAIL = 14
#: zooms at which overviews are kept, finest first; each serves itself and the zoom below
LEVELS = (13, 11, 9, 7, 5)
#: layers with fewer features need no overviews
SMALL = 5_000
MAX_ZOOM = 22
#: changes when tiles are drawn differently, so that no old one is served from a cache
PICTURE = 2
_WORLD = 40_075_016.685578488
#: pixels of a tile's edge on the screen
_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Tile:
    """A vector tile, compressed as it is stored and sent (empty where there is nothing), and its entity tag."""

    gzipped: bytes
    etag: str

    @property
    def data(self) -> bytes:
        """The tile itself (MVT 2)."""
        return gzip.decompress(self.gzipped) if self.gzipped else b""


def pixel(zoom: int) -> float:
    """Metres of Web Mercator a pixel covers at a zoom."""
    return _WORLD / float(2**zoom * _PIXELS)


def level_of(zoom: int) -> int | None:
    """The overview a zoom is drawn from; None from :data:`DETAIL` on."""
    if zoom >= DETAIL:
        return None
    return min(level for level in LEVELS if level >= zoom)


def extent_of(zoom: int) -> int:
    """Tile units of a tile's edge: eight a pixel in detail, four in overviews."""
    return 4096 if zoom >= DETAIL else 2048


def tile_etag(
    session: Session, code: str, z: int, x: int, y: int, named: int | None = None
) -> tuple[LayerVersion | None, str]:
    """The version a tile would be drawn from (the one ``named``, else the current one), and the tile's entity tag.

    Raises:
        NotFound: no such layer or tile.
    """
    definition = layer_catalogue().get(code)
    _check_address(z, x, y)
    row = tile_store.version(session, definition.code, named) if named is not None else None
    row = row or repository.current_version(session, definition.code)
    return row, f'"{definition.code}-{_stamp(row, z) if row else 0}-{z}-{x}-{y}"'


def _check_address(z: int, x: int, y: int) -> None:
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound("没有这个瓦片", "no such tile", code="tile_not_found")


def _stamp(row: LayerVersion, z: int) -> str:
    """Names everything a tile depends on: the version, how it is drawn, and whether overviews are there."""
    source = "o" if row.overviews and z < DETAIL else "f"
    moment = int(row.imported_at.timestamp() * 1e6)
    return f"{row.id}.{moment:x}.{PICTURE}{source}"


def layer_tile(session: Session, code: str, z: int, x: int, y: int) -> Tile:
    """One vector tile of the current version; empty where there is nothing.

    Raises:
        NotFound: no such layer or tile.
    """
    row, etag = tile_etag(session, code, z, x, y)
    return tile_of(session, row, z, x, y, etag)


def tile_of(session: Session, row: LayerVersion | None, z: int, x: int, y: int, etag: str) -> Tile:
    """The tile whose version and entity tag :func:`tile_etag` has told."""
    if row is None:
        return Tile(b"", etag)
    folder, name = f"{row.layer_code}-{_stamp(row, z)}", f"{z}-{x}-{y}"
    kept = _cache().get(folder, name)
    if kept is None:
        kept = draw(session, row, z, x, y)
        _cache().put(folder, name, kept)
    return Tile(kept, etag)


def draw(session: Session, row: LayerVersion, z: int, x: int, y: int) -> bytes:
    """One tile of a version, made now and compressed."""
    level = level_of(z)
    if level is not None and row.overviews:
        data = tile_store.overview_tile(session, row, level, z, x, y, extent=extent_of(z))
    else:
        smallest = pixel(z) ** 2 if level is not None and row.feature_count > SMALL else 0.0
        data = tile_store.feature_tile(
            session, row, z, x, y, extent=extent_of(z), smallest=smallest, labels=level is None
        )
    return gzip.compress(data, 1, mtime=0) if data else b""


@lru_cache
def _cache() -> TileCache:
    settings = get_settings()
    return TileCache(settings.var_dir / "tiles", settings.tile_cache_bytes)


def make_overviews(session: Session) -> LayerVersion | None:
    """Make the overviews of one current version that is large and has none; None when nothing is left to do.

    Overviews of versions that are no longer current are dropped.
    """
    tile_store.drop_stale_overviews(session)
    row = tile_store.without_overviews(session, SMALL)
    if row is not None:
        build_overviews(session, row)
    return row


def build_overviews(session: Session, row: LayerVersion) -> None:
    """Overviews of a version, each level from the finer one."""
    finer: int | None = None
    for level in LEVELS:
        tile_store.build_level(session, row, level, finer, pixel=pixel(level))
        finer = level
    row.overviews = True
    session.flush()
