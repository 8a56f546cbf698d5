"""Splines and dimensions read from their own tags, entity by entity, without ezdxf parsing them.

What is unusual (no subclasses, tilted planes, several values of one group, pictures with odd content) is left to
ezdxf: ``read`` gives None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from ezdxf.entities.dimension import angle_between, linear_measurement
from ezdxf.math import Vec3

from drawings.cad.curve import Curve, Point
from drawings.cad.dxf_entities import BYBLOCK as BY_BLOCK
from drawings.cad.dxf_entities import BYLAYER as BY_LAYER
from drawings.cad.dxf_entities import DIMENSION_KINDS
from drawings.cad.fast.columns import (
    BYBLOCK,
    BYLAYER,
    COLOR,
    CURVE0,
    CURVE1,
    FIRST_BLOCK,
    FLAGS,
    HANDLE0,
    HANDLE1,
    HEIGHT,
    HIDDEN,
    MEMBER,
    NAME0,
    NAME1,
    ODD,
    PARTED,
    PLACE,
    ROTATION,
    TAG0,
    TAG1,
    UNSUPPORTED,
    XDATA0,
    Rows,
)
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.splines import spline_curve
from drawings.cad.fast.tables import entries
from drawings.cad.fast.tags import Ints, Longs, Tags
from drawings.cad.fast.words import Words
from drawings.cad.model import CadDimension, CadEntity
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import decode_escapes

_POINTS = {10: "defpoint", 13: "defpoint2", 14: "defpoint3", 15: "defpoint4"}
_ONCE = (1, 2, 3, 70, 10, 11, 13, 14, 15, 50)  # groups of a dimension that matter
_FACTOR = 144  # group of DIMLFAC
_FAR = 1e60
_NULL = 1e-9  # a point nearer than this to the origin may count as none

#: row of the text that a dimension's block shows, and its curves
Picture = tuple[int | None, tuple[Curve, ...] | None]


class DirectReader:
    """Reads odd rows of one file.

    Attributes:
        dimensions: those read so far.
    """

    def __init__(
        self,
        tags: Tags,
        rows: Rows,
        row_layer: Ints,
        layers: Sequence[str],
        block_of_key: Mapping[str, int],
        tables: tuple[int, int] | None,
        encoding: str,
    ) -> None:
        self.tags = tags
        self.rows = rows
        self.row_layer = row_layer
        self.layers = layers
        self.block_of_key = block_of_key
        self.encoding = encoding
        self.dimensions: list[CadDimension] = []
        self._words = Words(tags.data, encoding, rows, {})
        self._pictures: dict[int, Picture | None] = {}
        self._factors = self._styles(tables)
        self._order: Longs = np.argsort(rows.ints[:, PLACE], kind="stable")
        self._places = rows.ints[self._order, PLACE]

    def read(self, row: int) -> list[CadEntity] | None:
        """What one row draws; None if ezdxf has to read it."""
        first, last = int(self.rows.ints[row, TAG0]), int(self.rows.ints[row, TAG1])
        kind = self.tags.text(first).strip()
        if kind == "SPLINE":
            curve = spline_curve(self.tags, first, last)
            return [self._entity(row, kind, (curve,), curve.start)] if curve is not None else None
        return self._dimension(row, first, last) if kind == "DIMENSION" else None

    def _entity(
        self, row: int, kind: str, curves: tuple[Curve, ...], at: Point | None, shown: int | None = None
    ) -> CadEntity:
        """An entity with what the row says; ``shown``: the row of the text it shows."""
        line = self.rows.ints[row].tolist()
        color = line[COLOR]
        return CadEntity(
            self._words.raw(line[HANDLE0], line[HANDLE1]),
            kind,
            self.layers[int(self.row_layer[row])],
            BY_LAYER if color == BYLAYER else BY_BLOCK if color == BYBLOCK else f"#{color:06x}",
            curves,
            at=at,
            text=self._words.text(shown) if shown is not None else None,
            height=float(self.rows.floats[shown, HEIGHT]) if shown is not None else 0.0,
            rotation=float(self.rows.floats[shown, ROTATION]) if shown is not None else 0.0,
            xdata=self._xdata(line[XDATA0], line[TAG1]),
        )

    def _xdata(self, first: int, last: int) -> dict[str, tuple[str, ...]]:
        """Extended data at tags ``first`` to ``last``, by application."""
        out: dict[str, tuple[str, ...]] = {}
        name = "ACAD"
        values: list[str] = []
        for tag in range(first, last) if first >= 0 else ():
            code = int(self.tags.codes[tag])
            if code == 1001:
                out[name] = tuple(values)
                name, values = self.tags.text(tag, self.encoding), []
            elif code == 1000:
                values.append(decode_escapes(self.tags.text(tag, self.encoding)))
            elif code in (1040, 1041, 1042):
                values.append(str(float(self.tags.numbers[tag])))
            elif code in (1070, 1071):
                values.append(str(int(self.tags.numbers[tag])))
        out[name] = tuple(values)
        out.pop("ACAD", None)
        return out

    # --- dimensions ----------------------------------------------------------------------------------------

    def _dimension(self, row: int, first: int, last: int) -> list[CadEntity] | None:
        line = self.rows.ints[row].tolist()
        end = line[XDATA0] if line[XDATA0] >= 0 else last
        codes = self.tags.codes[first:end].tolist()
        markers = [k for k, code in enumerate(codes) if code == 100]
        if len(markers) < 3 or line[HANDLE1] <= line[HANDLE0]:
            return None
        place = {code: first + k for k, code in enumerate(codes[markers[1] :], markers[1])}
        own = codes[markers[1] :]
        if any(own.count(code) > 1 for code in _ONCE) or not self._upright(place.get(210)):
            return None
        found = {name: self._point(place[code]) for code, name in _POINTS.items() if code in place}
        middle = self._point(place[11]) if 11 in place else None
        if any(p is None for p in found.values()) or (11 in place and middle is None):
            return None
        points: dict[str, Vec3] = {name: p for name, p in found.items() if p is not None}
        sort = self._number(place.get(70), 0.0)
        typed = self.tags.text(place[1], self.encoding) if 1 in place else ""
        factor = self._factor(place.get(3), line[XDATA0], last)
        if sort is None or factor is None or "\\U+" in typed or "\\M+" in typed:
            return None
        kind = DIMENSION_KINDS.get(int(sort) & 15, "linear")
        measured = self._measured(int(sort), points, self._number(place.get(50), 0.0))
        anchor = middle if middle is not None and bool(middle) else points.get("defpoint")
        if measured is None or anchor is None:
            return None
        picture = self._picture(line[NAME0], line[NAME1])
        if picture is None:
            return None
        wanted = ("defpoint2", "defpoint3") if kind in ("linear", "aligned", "ordinate") else tuple(points)
        ends = tuple((points[n].x, points[n].y) for n in wanted if n in points)
        at = (anchor.x, anchor.y)
        text = None
        if typed.strip() not in ("", "<>"):
            text = plain_mtext(typed.replace("<>", "\x01")).replace("\x01", "<>").strip()
        shown, curves = picture
        if curves is None:
            curves = (Curve(ends[:2]),) if len(ends) >= 2 else ()
        entity = self._entity(row, "DIMENSION", curves, at, shown)
        if kind == "angular":
            factor = 1.0
        self.dimensions.append(
            CadDimension(entity.handle, entity.layer, kind, measured, abs(factor), text, at, ends)
        )
        return [entity]

    def _upright(self, tag: int | None) -> bool:
        """True if the direction that begins at a tag is that of the z axis, or is not given."""
        if tag is None:
            return True
        return bool(
            (self.tags.codes[tag : tag + 3] == (210, 220, 230)).all()
            and (self.tags.numbers[tag : tag + 3] == (0, 0, 1)).all()
        )

    def _number(self, tag: int | None, absent: float) -> float | None:
        """A sane number; None if it is none."""
        value = float(self.tags.numbers[tag]) if tag is not None else absent
        return value if abs(value) < 1e9 else None

    def _point(self, tag: int) -> Vec3 | None:
        """The point that begins at a tag; None if it is far, or so near to the origin that it may count as none."""
        code, codes = int(self.tags.codes[tag]), self.tags.codes
        x, y, z = self.tags.numbers[tag : tag + 3].tolist()
        z = z if codes[tag + 2] == code + 20 else 0.0
        if not all(abs(v) < _FAR for v in (x, y, z)) or max(abs(x), abs(y), abs(z)) < _NULL:
            return None
        return Vec3(x, y, z)

    @staticmethod
    def _measured(sort: int, points: Mapping[str, Vec3], angle: float | None) -> float | None:
        """What a dimension measures, as ezdxf computes it; None if a point is missing."""
        try:
            if sort & 15 == 0 and angle is not None:
                value = linear_measurement(points["defpoint2"], points["defpoint3"], math.radians(angle))
            elif sort & 15 == 1:
                value = (points["defpoint3"] - points["defpoint2"]).magnitude
            elif sort & 15 == 2:
                lines = points["defpoint3"] - points["defpoint2"], points["defpoint"] - points["defpoint4"]
                value = angle_between(*lines)
            elif sort & 15 in (3, 4):
                value = (points["defpoint4"] - points["defpoint"]).magnitude
            elif sort & 15 == 5:
                centre = points["defpoint4"]
                value = angle_between(points["defpoint2"] - centre, points["defpoint3"] - centre)
            elif sort & 15 == 6:
                away = points["defpoint2"] - points["defpoint"]
                value = away.x if sort & 64 else away.y
            else:
                return None
        except KeyError:
            return None
        return abs(float(value)) if math.isfinite(value) else None

    def _picture(self, first: int, last: int) -> Picture | None:
        """Row of the text and curves of a dimension's block; no curves (None) without one; None if it is odd."""
        number = self.block_of_key.get(self._words.raw(first, last).lower()) if last > first else None
        if number is None:
            return None, None
        if number not in self._pictures:
            self._pictures[number] = self._drawn(number)
        return self._pictures[number]

    def _drawn(self, number: int) -> Picture | None:
        low, high = np.searchsorted(self._places, [FIRST_BLOCK + number, FIRST_BLOCK + number + 1]).tolist()
        shown: int | None = None
        curves: list[Curve] = []
        for row in self._order[low:high].tolist():
            flags = int(self.rows.ints[row, FLAGS])
            if flags & (ODD | UNSUPPORTED | PARTED | MEMBER):
                return None
            if flags & HIDDEN:
                continue
            if shown is None and self._words.text(row) is not None:
                shown = row
            curves += self._curves(row)
        return shown, tuple(curves)

    def _curves(self, row: int) -> list[Curve]:
        rows = self.rows
        out: list[Curve] = []
        for k in range(int(rows.ints[row, CURVE0]), int(rows.ints[row, CURVE1])):
            a, b, flags = int(rows.curve_start[k]), int(rows.curve_start[k + 1]), int(rows.curve_flags[k])
            points = tuple(zip(rows.x[a:b].tolist(), rows.y[a:b].tolist(), strict=True))
            out.append(
                Curve(
                    points, tuple(rows.bulge[a:b].tolist()) if flags & BULGED else None, bool(flags & CLOSED)
                )
            )
        return out

    def _styles(self, span: tuple[int, int] | None) -> dict[str, float | None]:
        """Display factors of the dimension styles by lower-case name; None where that is no number."""
        out: dict[str, float | None] = {}
        for _, first, last in entries(self.tags, span, frozenset({"DIMSTYLE"})) if span else ():
            name, factor = "", 1.0
            for tag in range(first + 1, last):
                code = int(self.tags.codes[tag])
                if code == 2:
                    name = self.tags.text(tag, self.encoding)
                elif code == _FACTOR:
                    factor = float(self.tags.numbers[tag])
                elif code == 1001:
                    break
            out[name.lower()] = (factor or 1.0) if abs(factor) < _FAR else None
        return out

    def _factor(self, style: int | None, first: int, last: int) -> float | None:
        """Display factor of a dimension: its own, else its style's; None if only ezdxf can tell."""
        name = self.tags.text(style, self.encoding).lower() if style is not None else "standard"
        if first >= 0:
            codes = self.tags.codes[first:last].tolist()
            for k, code in enumerate(codes):
                if code == 1000 and self.tags.text(first + k).upper() == "DSTYLE":
                    if any(
                        c == 1070 and self.tags.numbers[first + j] == _FACTOR for j, c in enumerate(codes)
                    ):
                        return None
                    break
        return self._factors.get(name)
