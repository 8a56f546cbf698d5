"""Compiled polynomials of two variables, for many points.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from project_box.kernel.compiled import KernelSet

compiled = KernelSet(Path(__file__).parent, ("nearly_kernel",)).kernel

#: points at a time: what is worked on stays in the processor's nearest cache
_AT_ONCE = 256


@compiled
def move(points: Any, middle: Any, half: Any, there: Any, factors: Any, degree: int, moved: Any) -> None:
    """Points in a box onto polynomials of their place in it, by Horner's scheme; equal points get equal places.

    Args:
        points: (n, 2), as ``moved``, which is written.
        middle, half: of the box, which is taken from -1 to 1 both ways.
        there: what is added to each axis.
        factors: of each axis: of the powers of y, for each power of x up to ``degree``.
    """
    x, y = np.empty(_AT_ONCE), np.empty(_AT_ONCE)
    total, inner = np.empty(_AT_ONCE), np.empty(_AT_ONCE)
    for start in range(0, len(points), _AT_ONCE):
        count = min(_AT_ONCE, len(points) - start)
        for n in range(count):
            x[n] = (points[start + n, 0] - middle[0]) / half[0]
            y[n] = (points[start + n, 1] - middle[1]) / half[1]
        for axis in range(2):
            total[:] = 0.0
            last = factors.shape[1]
            for terms in range(1, degree + 2):  # of the highest power of x there is one term
                inner[:] = factors[axis, last - 1]
                for k in range(last - 2, last - terms - 1, -1):
                    for n in range(count):
                        inner[n] = inner[n] * y[n] + factors[axis, k]
                last -= terms
                for n in range(count):
                    total[n] = total[n] * x[n] + inner[n]
            for n in range(count):
                moved[start + n, axis] = total[n] + there[axis]
