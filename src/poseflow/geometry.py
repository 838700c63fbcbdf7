"""Boxes and points: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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


def points_in_boxes(points: FloatArray, boxes: FloatArray) -> tuple[IntArray, IntArray]:
    """Which points lie in which boxes, edges included, as pairs of indices.

    The cost is that of the points in the vertical strips of the boxes, never points × boxes.

    Args:
        points: (C, 2), pixels.
        boxes: (B, 4) x0 y0 x1 y1, pixels; a box with nan holds nothing.

    Returns:
        Two arrays (M,), the index of a point and of a box that holds it, in order of box.
    """
    order = np.argsort(points[:, 0], kind="stable")
    x, y = points[order, 0], points[order, 1]
    known = ~np.isnan(boxes).any(axis=1)
    start = np.where(known, np.searchsorted(x, boxes[:, 0], side="left"), 0)
    stop = np.where(known, np.searchsorted(x, boxes[:, 2], side="right"), 0)
    box, place = expand(start, np.maximum(stop - start, 0))
    inside = (y[place] >= boxes[box, 1]) & (y[place] <= boxes[box, 3])
    return order[place[inside]], box[inside]


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
