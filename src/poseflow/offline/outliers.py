"""Keypoints that jump away for a moment: a limb taken for the other, or for a neighbour's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_CHUNK = 2000
"""Rows that are compared with their neighbours at a time."""


def without_outliers(values: FloatArray, around: int, most: float = 2.5) -> FloatArray:
    """Series of points (T, S, 2) over time with the outliers put on the line between the others.

    Beyond the first and the last of the others, at these.

    Args:
        values: without nan.
        around: see `outliers`.
        most: see `outliers`.
    """
    if not len(values):
        return values
    out = outliers(values, around, most)
    # Were all of a series out, there would be no line to put them on.
    out &= ~out.all(axis=0)
    own = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(out, -1, own), axis=0)
    coming = np.minimum.accumulate(np.where(out, len(values), own)[::-1], axis=0)[::-1]
    last, coming = (
        np.where(last < 0, coming, last),
        np.where(coming == len(values), last, coming),
    )
    share = (own - last) / np.maximum(coming - last, 1)
    before, after = (np.take_along_axis(values, i[..., None], axis=0) for i in (last, coming))
    return np.where(out[..., None], before + share[..., None] * (after - before), values)


def outliers(values: FloatArray, around: int, most: float = 2.5) -> BoolArray:
    """(T, S) which points are far from where they were just before and are just after.

    Hampel's identifier (Davies and Gather, JASA 88, 1993) on a moving window: farther from the
    median of the window than `most` times the distance within which two thirds of the window lie.
    Hampel takes half of it; but then a point that goes to and fro from one frame to the next would
    be an outlier in every frame. Of points with normal noise one in a thousand is one by chance.

    Args:
        values: (T, S, 2), without nan.
        around: how many neighbours on each side make the window; fewer at the ends.
        most: of those distances.
    """
    n = len(values)
    place = np.arange(n)
    count = np.minimum(place, around) + np.minimum(n - 1 - place, around) + 1
    steps = np.arange(-around, around + 1)
    out = np.zeros(values.shape[:2], dtype=np.bool_)
    for start in range(0, n, _CHUNK):
        rows = place[start : start + _CHUNK]
        at = rows[:, None] + steps
        window = values[np.clip(at, 0, n - 1)]
        window[(at < 0) | (at >= n)] = np.nan
        c = count[rows]
        # nan is sorted to the end.
        ordered = np.sort(window, axis=1)
        middle = (_nth(ordered, (c - 1) // 2) + _nth(ordered, c // 2)) / 2
        away = np.linalg.norm(window - middle[:, None], axis=-1)
        usual = _nth(np.sort(away, axis=1), -(-2 * c // 3) - 1)
        out[rows] = away[:, around] > most * usual
    return out


def _nth(ordered: FloatArray, n: IntArray) -> FloatArray:
    """The n-th (R,) of the W things in each row of (R, W, …)."""
    return np.asarray(ordered[np.arange(len(ordered)), n])
