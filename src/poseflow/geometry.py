"""Boxes and points: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def boxes_around(keypoints: FloatArray) -> FloatArray:
    """(N, 4) the tight boxes x0 y0 x1 y1 of keypoints (N, K, 2); nan where all K are nan."""
    # fmin and fmax skip nan and, unlike nanmin, neither warn nor fail where there is nothing else.
    low = np.fmin.reduce(keypoints, axis=1, initial=np.inf)
    high = np.fmax.reduce(keypoints, axis=1, initial=-np.inf)
    boxes = np.concatenate([low, high], axis=1)
    boxes[np.isinf(boxes).any(axis=1)] = np.nan
    return boxes


def widen(boxes: FloatArray, share: float) -> FloatArray:
    """Boxes (N, 4) x0 y0 x1 y1 with each side moved out by `share` of the box's extent."""
    margin = share * (boxes[:, 2:] - boxes[:, :2])
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)


def areas(boxes: FloatArray) -> FloatArray:
    """(N,) the areas of boxes (N, 4) in square pixels; nan where the box is."""
    extent = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(extent[:, 0] * extent[:, 1])


def overlapping(low: FloatArray, high: FloatArray, boxes: FloatArray) -> BoolArray:
    """(A, B) which of A boxes, given by their corners, overlap which of B; to touch is not enough.

    A box of nan overlaps nothing; a point, low = high, overlaps the boxes it lies in.

    Args:
        low: (2, A) x0 and y0.
        high: (2, A) x1 and y1.
        boxes: (4, B) x0, y0, x1, y1.
    """
    x0, y0, x1, y1 = boxes
    left, top = low[..., None]
    right, bottom = high[..., None]
    return np.asarray((right > x0) & (left < x1) & (bottom > y0) & (top < y1))


def points_in_boxes(points: FloatArray, boxes: FloatArray) -> tuple[IntArray, IntArray]:
    """Which points lie in which boxes, edges included, as pairs of indices.

    The plane is cut into rows about half as high as the boxes; the points of a row are ordered by
    x, so that of each row a box takes one run. The cost is that of the points in and just above
    and below the boxes, never points × boxes.

    Args:
        points: (C, 2), pixels.
        boxes: (B, 4) x0 y0 x1 y1, pixels; a box with nan holds nothing.

    Returns:
        Two arrays (M,), the index of a point and of a box that holds it, in order of box.
    """
    known = np.flatnonzero((boxes[:, 2:] >= boxes[:, :2]).all(axis=1))
    if not len(points) or not len(known):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    x, y = points.T
    x0, y0, x1, y1 = boxes[known].T
    top, bottom = y.min(), y.max()
    # At most 64 rows: a box may be of any height, and points anywhere.
    row_height = max(float(np.median(y1 - y0)) / 2, (bottom - top) / 64, 1e-9)
    by_x = np.argsort(x)
    row = ((y[by_x] - top) // row_height).astype(np.int64)
    # By row, and within a row by x: whole numbers, so that edges are met exactly.
    key = row * len(points) + np.arange(len(points))
    order = np.argsort(key)
    key, by_row = key[order], by_x[order]
    first = ((np.clip(y0, top, bottom) - top) // row_height).astype(np.int64)
    last = ((np.clip(y1, top, bottom) - top) // row_height).astype(np.int64)
    box, in_row = expand(first, last - first + 1)
    sorted_x = x[by_x]
    begin = in_row * len(points)
    start = np.searchsorted(key, begin + np.searchsorted(sorted_x, x0)[box])
    stop = np.searchsorted(key, begin + np.searchsorted(sorted_x, x1, side="right")[box])
    run, at = expand(start, stop - start)
    point, box = by_row[at], box[run]
    height = y[point]
    inside = (height >= y0[box]) & (height <= y1[box])
    return point[inside], known[box[inside]]


def expand(starts: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """The runs starts[i], starts[i] + 1, … of counts[i] numbers, one after another.

    Returns:
        Two arrays (sum of counts,): the i of each number, and the number.

    >>> expand(np.array([5, 0, 8]), np.array([2, 0, 1]))
    (array([0, 0, 2]), array([5, 6, 8]))
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - (before - starts)[owner]
