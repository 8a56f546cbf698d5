"""Boxes in a tree that is searched in machine code: which one lies closest around another, which ones meet.

A box is a point of four coordinates (x0, y0, -x1, -y1): it holds another one if none of its coordinates is greater. The
tree divides these points, so boxes of one place and nearly one size are neighbours, and a thousand boxes in each other
are no crowd: of those around a box only the closest is looked at, of those in a hole of a shape none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.fast.jit import kernel
from drawings.cad.fast.tags import Floats, Longs

_LEAF = 16
_DEEPEST = 64


class BoxTree:
    """A tree over boxes (x0, y0, x1, y1); boxes that are not finite hold nothing and meet nothing."""

    def __init__(self, boxes: Floats) -> None:
        count = len(boxes)
        depth = max(0, int(np.ceil(np.log2(max(1, count) / _LEAF))))
        corners = np.full((count + 1, 4), np.inf)
        corners[:count] = boxes * (1.0, 1.0, -1.0, -1.0)
        corners[~np.isfinite(corners).all(axis=1)] = np.inf
        order = np.full((1, _LEAF << depth), count)
        order[0, :count] = np.arange(count)
        for level in range(depth):
            half = order.shape[1] // 2
            cut = np.argpartition(corners[order, level % 4], half, axis=1)
            order = np.take_along_axis(order, cut, axis=1).reshape(-1, half)
        self._count = count
        self._corners = corners
        self._order = order.ravel()
        self._low = self._gathered(corners[order].min(axis=1), np.minimum)
        self._first = self._gathered(order.min(axis=1), np.minimum)
        self._last = self._gathered(np.where(order < count, order, -1).max(axis=1), np.maximum)

    @staticmethod
    def _gathered(leaves: Any, how: Any) -> Any:
        """Values of all nodes from those of the leaves: the root at 1, the children of n at 2n and 2n + 1."""
        levels = [leaves]
        while len(levels[-1]) > 1:
            levels.append(how(levels[-1][::2], levels[-1][1::2]))
        return np.concatenate((levels[-1], *levels[::-1]))

    def around(self, asked: Longs, before: Longs) -> Longs:
        """Of each box asked about the last one that holds it among the first ``before`` ones; -1 where none does."""
        out = np.full(asked.size, -1, np.int64)
        _around(self._corners, self._order, self._low, self._first, self._last, asked, before, out)
        return out

    def meeting(self, asked: Longs, clear: Floats) -> tuple[Longs, Longs]:
        """Pairs (one asked about, a later one) whose boxes meet, unless one lies in what the other leaves ``clear``.

        Args:
            clear: of every box a box of its own kind inside of which it has nothing; NaN where there is none.
        """
        free = np.full((self._count + 1, 4), np.inf)  # nothing lies in there
        free[:-1] = clear * (1.0, 1.0, -1.0, -1.0)
        free[np.isnan(free).any(axis=1)] = np.inf
        leaves = free[self._order].reshape(-1, _LEAF, 4).max(axis=1)
        tightest = self._gathered(leaves, np.maximum)
        room = 64 * asked.size
        while True:
            left, right = np.empty(room, np.int64), np.empty(room, np.int64)
            found = _meeting(
                self._corners, self._order, self._low, self._last, free, tightest, asked, left, right
            )
            if found <= room:
                return left[:found], right[:found]
            room = found


@kernel
def _around(
    corners: Any, order: Any, low: Any, first: Any, last: Any, asked: Any, before: Any, out: Any
) -> None:
    stack = np.empty(_DEEPEST, np.int64)
    leaves = low.shape[0] // 2
    for q in range(asked.size):
        a, b, c, d = corners[asked[q]]
        best = -1
        stack[0] = 1
        waiting = 1 if a < np.inf else 0
        while waiting:
            waiting -= 1
            node = stack[waiting]
            if last[node] <= best or first[node] >= before[q]:
                continue
            if low[node, 0] > a or low[node, 1] > b or low[node, 2] > c or low[node, 3] > d:
                continue
            if node < leaves:
                later = 2 * node + (last[2 * node + 1] > last[2 * node])
                stack[waiting] = 4 * node + 1 - later
                stack[waiting + 1] = later
                waiting += 2
                continue
            for k in range((node - leaves) * _LEAF, (node - leaves + 1) * _LEAF):
                j = order[k]
                if not best < j < before[q]:
                    continue
                if corners[j, 0] <= a and corners[j, 1] <= b and corners[j, 2] <= c and corners[j, 3] <= d:
                    best = j
        out[q] = best


@kernel
def _meeting(
    corners: Any, order: Any, low: Any, last: Any, free: Any, tightest: Any, asked: Any, left: Any, right: Any
) -> Any:
    """Fill the pairs, as many as there is room for; returns how many there are."""
    stack = np.empty(_DEEPEST, np.int64)
    leaves = low.shape[0] // 2
    found = 0
    for q in range(asked.size):
        i = asked[q]
        a, b, c, d = corners[i]
        e, f, g, h = free[i]
        stack[0] = 1
        waiting = 1 if a < np.inf else 0
        while waiting:
            waiting -= 1
            node = stack[waiting]
            x0, y0, x1, y1 = low[node]
            if last[node] <= i or x0 > -c or y0 > -d or -x1 < a or -y1 < b:
                continue  # all are earlier ones, or lie elsewhere
            if e <= x0 and f <= y0 and g <= x1 and h <= y1:
                continue  # all lie in what this one leaves clear
            x0, y0, x1, y1 = tightest[node]
            if x0 <= a and y0 <= b and x1 <= c and y1 <= d:
                continue  # this one lies in what all of them leave clear
            if node < leaves:
                stack[waiting], stack[waiting + 1] = 2 * node, 2 * node + 1
                waiting += 2
                continue
            for k in range((node - leaves) * _LEAF, (node - leaves + 1) * _LEAF):
                j = order[k]
                x0, y0, x1, y1 = corners[j]
                if j <= i or x0 > -c or y0 > -d or -x1 < a or -y1 < b:
                    continue
                if e <= x0 and f <= y0 and g <= x1 and h <= y1:
                    continue
                if free[j, 0] <= a and free[j, 1] <= b and free[j, 2] <= c and free[j, 3] <= d:
                    continue
                if found < left.size:
                    left[found], right[found] = i, j
                found += 1
    return found
