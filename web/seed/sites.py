"""Where the three sample projects stand in the sample city (EPSG:4547, metres).

Fixed by hand, so that areas can be checked with pencil and paper; streets, plots and zones are laid around them.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]

#: the sample city: xmin, ymin, xmax, ymax
EXTENT = (480_000.0, 3_110_000.0, 492_000.0, 3_120_000.0)
CRS = 4547


@dataclass(frozen=True, slots=True)
class Frame:
    """A site's own axes: ``origin`` and direction (cos, sin) of its u axis.

    The 3-4-5 direction (0.8, 0.6) keeps turned sites exact: whole metres in, tenths of a metre out.
    """

    origin: Point
    cos: float = 1.0
    sin: float = 0.0

    def at(self, u: float, v: float) -> Point:
        """(E, N) of the point (u, v) of this frame, on the millimetre."""
        x = self.origin[0] + self.cos * u - self.sin * v
        y = self.origin[1] + self.sin * u + self.cos * v
        return round(x, 3), round(y, 3)

    def ring(self, points: list[Point]) -> list[Point]:
        """(E, N) of a ring given in this frame."""
        return [self.at(u, v) for u, v in points]


#: A 通过: a housing plot between two streets; a 20 m × 10 m notch in its north-east corner holds a switching station
A_FRAME = Frame((486_000.0, 3_116_400.0))
A_SITE: list[Point] = [(0, 0), (240, 0), (240, 170), (220, 170), (220, 180), (0, 180)]

#: C 突破条件: an office plot on the oblique boulevard, turned by the 3-4-5 angle
C_FRAME = Frame((486_636.0, 3_116_644.0), 0.8, 0.6)
C_SITE: list[Point] = [(0, 0), (150, 0), (150, 100), (0, 100)]

#: B 冲突: a factory site that reaches across the western expressway into farmland and the ecological red line
B_FRAME = Frame((481_330.0, 3_116_800.0))
B_SITE: list[Point] = [(0, 0), (280, 0), (280, 150), (0, 150)]

#: centre lines that bound the sample sites; the rest of the street grid is drawn around them
X_FIXED = (485_868.0, 486_392.0, 486_872.0)
Y_FIXED = (3_116_385.0, 3_116_590.0, 3_117_032.0)
#: the street grid is straight within this distance of its middle and bends beyond
CORE = (486_400.0, 3_116_650.0)
CORE_RADIUS = 900.0
#: oblique boulevard 样例大道: start, direction, length, width
BOULEVARD = ((486_392.0, 3_116_611.0), (0.8, 0.6), 2_300.0, 40.0)
#: western expressway: x of its centre line and width
EXPRESSWAY_X, EXPRESSWAY_WIDTH = 481_520.0, 60.0
