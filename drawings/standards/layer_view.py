"""A small picture of every layer of a sheet, with what lies on it: for whoever gives layers their roles. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drawings.sheets.sheet import Sheet
from drawings.standards.guess import Contents

#: size of a picture; all layers of a sheet share its frame, so that one sees where they lie
WIDTH, HEIGHT = 96, 64
_MARGIN = 3
_MOST_VERTICES = 240  # of one picture
_MOST_TEXTS = 3
_LONGEST_TEXT = 24


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer.

    Attributes:
        path: its largest curves as an SVG path within WIDTH × HEIGHT. dots: places of texts, as a path of points.
        rings: closed curves; largest_m2: area of the largest, arcs as their chords. open_curves, inserts: their number.
        texts: their number; samples: some of them, the most frequent kind of line first.
    """

    path: str
    dots: str
    rings: int
    largest_m2: float | None
    open_curves: int
    inserts: int
    texts: int
    samples: tuple[str, ...]

    @property
    def contents(self) -> Contents:
        """For guessing the layer's role."""
        return Contents(self.rings, self.open_curves, self.texts, self.inserts)


def layer_views(sheet: Sheet) -> dict[str, LayerView]:
    """Layer → its picture and contents; layers without anything drawn are left out."""
    if not len(sheet):
        return {}
    frame = _Frame(sheet)
    size, closed, area = _curves(sheet)
    lines = len(sheet) - len(sheet.texts)
    scale = float(sheet.header["metres_per_unit"]) ** 2
    out: dict[str, LayerView] = {}
    for number, layer in enumerate(sheet.header["layers"]):
        items = np.flatnonzero(sheet.layer == number)
        if not len(items):
            continue
        curves, texts = items[items < lines], items[items >= lines]
        rings = curves[closed[curves]]
        words = [sheet.texts[i - lines].strip() for i in texts.tolist()]
        spoken = Counter(w.split("\n")[0][:_LONGEST_TEXT] for w in words if w)
        out[layer["name"]] = LayerView(
            frame.path(curves[np.argsort(-size[curves], kind="stable")]),
            frame.dots(texts),
            len(rings),
            float(area[rings].max()) * scale if len(rings) else None,
            len(curves) - len(rings),
            len({sheet.handles[i].split("/")[0] for i in curves.tolist() if "/" in sheet.handles[i]}),
            len(texts),
            tuple(word for word, _ in spoken.most_common(_MOST_TEXTS)),
        )
    return out


def _curves(
    sheet: Sheet,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Of every item: size, whether its only curve is closed, area within it (drawing units)."""
    xy = sheet.coords.reshape(-1, 2)
    starts = sheet.part_start.astype(np.int64)
    first, stop = starts[sheet.item_part[:-1]], starts[sheet.item_part[1:]]
    low, high = np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)
    one = np.diff(sheet.item_part.astype(np.int64)) == 1
    closed = one & (stop - first >= 3) & (xy[first] == xy[stop - 1]).all(axis=1)
    near = xy - (xy.min(axis=0) + xy.max(axis=0)) / 2  # large coordinates would cost precision
    cross = np.zeros(len(near))
    cross[:-1] = near[:-1, 0] * near[1:, 1] - near[1:, 0] * near[:-1, 1]
    cross[stop - 1] = 0.0
    return (high - low).max(axis=1), closed, np.abs(np.add.reduceat(cross, first)) / 2


class _Frame:
    """Drawing coordinates → picture."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        x0, y0, x1, y1 = sheet.header["home"] or (0.0, 0.0, 1.0, 1.0)
        self.scale = min(
            (WIDTH - 2 * _MARGIN) / max(x1 - x0, 1e-9), (HEIGHT - 2 * _MARGIN) / max(y1 - y0, 1e-9)
        )
        self.middle = ((x0 + x1) / 2, (y0 + y1) / 2)

    def path(self, items: npt.NDArray[np.int64]) -> str:
        """Curves of the items, as many as a picture holds."""
        out: list[str] = []
        left = _MOST_VERTICES
        for i in items.tolist():
            for part in range(int(self.sheet.item_part[i]), int(self.sheet.item_part[i + 1])):
                a, b = int(self.sheet.part_start[part]), int(self.sheet.part_start[part + 1])
                points = self._points(a, b, max(1, (b - a) // 60))
                left -= len(points)
                if left < 0:
                    return "".join(out)
                out.append("M" + "L".join(points))
        return "".join(out)

    def dots(self, items: npt.NDArray[np.int64]) -> str:
        """Places of the items, as lines of no length."""
        spots = [int(self.sheet.part_start[self.sheet.item_part[i]]) for i in items[:_MOST_VERTICES].tolist()]
        return "".join(f"M{self._points(v, v + 1, 1)[0]}h0" for v in spots)

    def _points(self, first: int, stop: int, step: int) -> list[str]:
        xy = self.sheet.coords.reshape(-1, 2)
        chosen = xy[first:stop:step]
        if step > 1:
            chosen = np.vstack([chosen, xy[stop - 1]])
        across = WIDTH / 2 + (chosen[:, 0] - self.middle[0]) * self.scale
        down = HEIGHT / 2 - (chosen[:, 1] - self.middle[1]) * self.scale
        return [
            f"{x:g} {y:g}"
            for x, y in zip(
                across.clip(-WIDTH, 2 * WIDTH).round(1).tolist(),
                down.clip(-HEIGHT, 2 * HEIGHT).round(1).tolist(),
                strict=True,
            )
        ]
