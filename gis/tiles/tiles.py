"""Vector tiles 矢量瓦片 of plan layers: what is drawn at which zoom, and what names a drawing. Never commits.

Below zoom :data:`DETAIL` a large layer is drawn from *overviews*: outlines thinned for a quarter of a pixel, features
smaller than two pixels merged into squares of the class that prevails there. Overviews are made by the worker after an
import; until then, and for small layers, tiles come from the features themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from isal import isal_zlib
from sqlalchemy.orm import Session

from gis import repository
from gis.layers.layer import layer_catalogue
from gis.models import LayerVersion
from gis.tiles import tile_store
from gis.tiles.mvt import Grid, encode
from gis.tiles.tile_store import Reader
from project_box.kernel.errors import NotFound

#: from this zoom on features are drawn as delivered, with labels
DETAIL = 14
#: zooms at which overviews are kept, finest first; each serves itself and the zoom below
LEVELS = (13, 11, 9, 7, 5)
#: layers with fewer features need no overviews
SMALL = 5_000
MAX_ZOOM = 22
#: changes when tiles are drawn differently, so that no old one is served from a cache
PICTURE = 3
#: a window of 32 KiB in a gzip frame
_GZIP = 31
_WORLD = 40_075_016.685578488
#: pixels of a tile's edge on the screen
_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Source:
    """The version of a layer tiles are drawn from.

    Attributes:
        code: the layer.
        version: number of the version; None when the layer has no data.
        imported: when, in microseconds: a number may come again in a restored database.
        overviews: whether they are there.
        features: how many there are.
    """

    code: str
    version: int | None = None
    imported: int = 0
    overviews: bool = False
    features: int = 0

    def drawing(self, z: int) -> str:
        """Names everything the tiles of a zoom depend on besides their address: a folder of the cache."""
        kind = "o" if self.overviews and z < DETAIL else "f"
        return f"{self.code}-{self.version or 0}.{self.imported:x}.{PICTURE}{kind}"

    def etag(self, z: int, x: int, y: int) -> str:
        """The entity tag of a tile, with its quotes."""
        return f'"{self.drawing(z)}-{z}-{x}-{y}"'


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


def exists(z: int, x: int, y: int) -> bool:
    """Whether there is a tile of this address."""
    return 0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z


def source(session: Session, code: str, named: int | None = None) -> Source:
    """The version of a layer to draw from: the one ``named``, else the current one.

    Raises:
        NotFound: no such layer.
    """
    definition = layer_catalogue().get(code)
    row = tile_store.version(session, definition.code, named) if named is not None else None
    row = row or repository.current_version(session, definition.code)
    if row is None:
        return Source(definition.code)
    moment = int(row.imported_at.timestamp() * 1e6)
    return Source(definition.code, row.id, moment, row.overviews, row.feature_count)


def layer_tile(session: Session, code: str, z: int, x: int, y: int) -> bytes:
    """One vector tile of the current version, uncompressed; empty where there is nothing.

    Raises:
        NotFound: no such layer or tile.
    """
    found = source(session, code)
    check_address(z, x, y)
    return draw(tile_store.session_reader(session), found, z, x, y)


def check_address(z: int, x: int, y: int) -> None:
    """Raises NotFound when there is no tile of this address."""
    if not exists(z, x, y):
        raise NotFound("没有这个瓦片", "no such tile", code="tile_not_found")


def draw(read: Reader, source: Source, z: int, x: int, y: int) -> bytes:
    """One tile of a version, made now; empty where there is nothing."""
    if source.version is None:
        return b""
    level = level_of(z)
    if level is not None and source.overviews:
        found = tile_store.overview(read, source.version, level, z, x, y)
    else:
        smallest = pixel(z) ** 2 if level is not None and source.features > SMALL else 0.0
        found = tile_store.delivered(read, source.version, z, x, y, smallest=smallest, labels=level is None)
    size = _WORLD / float(2**z)
    grid = Grid(x * size - _WORLD / 2, _WORLD / 2 - y * size, size, extent_of(z))
    return encode(source.code, found, grid) if found is not None else b""


def compressed(tile: bytes) -> bytes:
    """A tile as it is kept and sent: gzip, or nothing when it is empty."""
    return isal_zlib.compress(tile, 1, wbits=_GZIP) if tile else b""


def plain(kept: bytes) -> bytes:
    """A compressed tile as it was."""
    return isal_zlib.decompress(kept, wbits=_GZIP) if kept else b""


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
