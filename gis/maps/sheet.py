"""A map sheet 图幅: paper, frame, scale and what it shows. Pure.

Coordinates are metres in one projected CRS, east to the right, grid north up; everything on paper is in millimetres
from the upper left corner of the sheet. One metre is ``1000 / scale`` mm on paper, nothing is fitted or stretched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from gis.layers.layer import Symbol
from gis.maps.sheet_words import ZH, Words

#: ISO 216, portrait: width, height in mm
PAPERS: dict[str, tuple[float, float]] = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
#: scale denominators that are offered; 图件 are drawn at round scales
SCALES: tuple[int, ...] = (500, 1000, 2000, 5000, 10_000, 20_000, 25_000, 50_000)
#: mm: around everything, the title's and the lower band's height, room of the grid's figures
MARGIN, TITLE, BAND, LABELS = 12.0, 14.0, 50.0, 5.0
RED_LINE = "#c8161d"


@dataclass(frozen=True, slots=True)
class SheetShape:
    """One feature on the sheet, in the sheet's CRS."""

    geometry: BaseGeometry
    legend: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class SheetLayer:
    """A plan layer as the sheet draws it.

    Attributes:
        name, version: as the legend says them.
        symbol: from the layer's catalogue file.
        classes: legend entries by key: (name, fill).
        opacity: 0 to 1, as set on the map.
        missing: why nothing of it is drawn, for the legend.
    """

    name: str
    version: str
    symbol: Symbol
    shapes: Sequence[SheetShape] = ()
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    opacity: float = 1.0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet shows.

    Attributes:
        x, y: coordinates of the middle of the map frame.
        scale: denominator, 1000 for 1:1000.
        paper: a key of :data:`PAPERS`.
        layers: in tree order; the first is drawn on top.
        boundary: 用地红线, drawn above everything.
        sealed_by: authority whose seal stands on the sheet.
        words: the language of everything that is not data.
    """

    title: str
    x: float
    y: float
    crs: int
    crs_name: str
    scale: int
    printed_on: dt.date
    paper: str = "A4"
    landscape: bool = False
    layers: Sequence[SheetLayer] = ()
    boundary: BaseGeometry | None = None
    author: str = ""
    sealed_by: str = ""
    words: Words = ZH

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the paper, mm."""
        width, height = PAPERS[self.paper]
        return (height, width) if self.landscape else (width, height)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """The map frame on paper: left, top, width, height in mm."""
        width, height = self.size
        left, top = MARGIN + LABELS, MARGIN + TITLE + LABELS
        return left, top, width - 2 * left, height - top - LABELS - BAND - MARGIN

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """What the frame shows: west, south, east, north in metres."""
        _, _, width, height = self.frame
        half_x, half_y = width * self.scale / 2000, height * self.scale / 2000
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    @property
    def seal_place(self) -> tuple[float, float, float]:
        """Where the seal stands: left, top, size in mm."""
        width, height = self.size
        return width - MARGIN - 44.0, height - MARGIN - BAND + 4.0, 42.0

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates on the ground to millimetres on paper."""
        left, top, _, _ = self.frame
        west, _, _, north = self.extent
        return left + (x - west) * 1000 / self.scale, top + (north - y) * 1000 / self.scale
