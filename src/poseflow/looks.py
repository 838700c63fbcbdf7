"""What is remembered of how people look, and who is known again by it: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import areas

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def likeness(remembered: FloatArray, looks: FloatArray) -> FloatArray:
    """(T, N) cosines between looks (T, D) and (N, D), over what both tell; nan where nothing is."""
    told, also = ~np.isnan(remembered), ~np.isnan(looks)
    a, b = np.where(told, remembered, 0.0), np.where(also, looks, 0.0)
    # Each of a pair counts by its length in the dimensions that the other tells too.
    lengths = np.sqrt((a**2 @ also.T) * (told @ (b**2).T))
    cosines = np.full(lengths.shape, np.nan)
    np.divide(a @ b.T, lengths, out=cosines, where=lengths > 0)
    return cosines


def alike_in_pairs(one: FloatArray, other: FloatArray) -> FloatArray:
    """(P,) the same of the pairs of looks (P, D) and (P, D)."""
    both = ~np.isnan(one) & ~np.isnan(other)
    a, b = np.where(both, one, 0.0), np.where(both, other, 0.0)
    lengths = np.sqrt(np.vecdot(a, a) * np.vecdot(b, b))
    cosines = np.full(len(a), np.nan)
    np.divide(np.vecdot(a, b), lengths, out=cosines, where=lengths > 0)
    return cosines


def clear(boxes: FloatArray, most: float = 0.2) -> BoolArray:
    """(N,) which people are seen by themselves: no other's box covers more than a share of theirs.

    Args:
        boxes: (N, 4) x0 y0 x1 y1 of the people of one frame.
        most: in [0, 1].
    """
    x0, y0, x1, y1 = boxes.T
    across = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    down = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    # fmax: a box of nan covers nobody.
    common = np.fmax(across, 0.0) * np.fmax(down, 0.0)
    np.fill_diagonal(common, 0.0)
    return np.asarray((common <= most * areas(boxes)[:, None]).all(axis=1))


def mixed(remembered: FloatArray, looks: FloatArray, gain: float = 0.1) -> FloatArray:
    """(P, D) what is remembered of each after another clear view; nan in the view tells nothing.

    Args:
        remembered: (P, D); nan = nothing so far.
        looks: (P, D) of the new view.
        gain: of the view, in (0, 1]; the first counts whole.
    """
    new = np.where(np.isnan(looks), remembered, looks)
    old = np.where(np.isnan(remembered), new, remembered)
    return np.asarray(old + gain * (new - old))
