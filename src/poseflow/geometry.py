"""Boxes and points: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_PART = 16384
"""So many points are looked at at a time: few enough for the cache, many enough for NumPy."""


def boxes_around(keypoints: FloatArray) -> FloatArray:
    """(N, 4) the tight boxes x0 y0 x1 y1 of keypoints (N, K, 2); nan where all K are nan."""
    # fmin and fmax skip nan and, unlike nanmin, neither warn nor fail where there is nothing else.
    low = np.fmin.reduce(keypoints, axis=1, initial=np.inf)
    high = np.fmax.reduce(keypoints, axis=1, initial=-np.inf)
    boxes = np.concatenate([low, high], axis=1)
    boxes[np.isinf(boxes).any(axis=1)] = np.nan
    return boxes


def boxes_following(boxes: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """Boxes (N, 4) of poses whose keypoints were changed: those around them follow, others stay.

    Args:
        boxes: x0 y0 x1 y1, pixels.
        before: (N, K, 2) the keypoints until now; nan = missing.
        after: (N, K', 2) the keypoints from now on.
    """
    return np.where(are_around(boxes, before)[:, None], boxes_around(after), boxes)


def are_around(boxes: FloatArray, keypoints: FloatArray) -> BoolArray:
    """(N,) whether boxes (N, 4) are the tight ones of keypoints (N, K, 2); not where nan."""
    # Files have widths and heights, and corners from those are not the keypoints' to every digit.
    return np.asarray((np.abs(boxes - boxes_around(keypoints)) < 1e-6).all(axis=1))


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


def points_in_boxes(
    points: FloatArray, boxes: FloatArray
) -> Iterator[tuple[slice, IntArray, IntArray, BoolArray]]:
    """Which points lie in which boxes, edges included, of groups of K boxes that stand together.

    A group is asked only about the points in the hull of its boxes: the cost is that of people's
    surroundings, never points × boxes.

    Args:
        points: (C, 2), pixels.
        boxes: (G, K, 4) x0 y0 x1 y1, pixels; a box with nan holds nothing.

    Yields:
        A few groups after the other, a slice of them; and for M pairs of a point and one of these
        whose hull holds it: the index of the point (M,), that of the group within the slice (M,),
        and which of its boxes hold the point (M, K). At least once, if with M = 0.
    """
    n_points = len(points)
    # Ranks take the place of pixels: they meet the edges as exactly, in a fraction of the time.
    small = np.min_scalar_type(n_points)
    by_x, by_y = np.argsort(points.T)
    rank_y = np.empty(n_points, dtype=small)
    rank_y[by_y] = np.arange(n_points)
    left, right = _run(points[by_x, 0], boxes[..., 0], boxes[..., 2])
    top, bottom = _run(points[by_y, 1], boxes[..., 1], boxes[..., 3])
    start, stop = left.min(axis=1, initial=n_points), right.max(axis=1, initial=0)
    first, end = top.min(axis=1, initial=n_points), bottom.max(axis=1, initial=0)
    counts = np.maximum(stop - start, 0)
    cuts = np.flatnonzero(np.diff(np.cumsum(counts) // _PART)) + 1
    for a, b in pairwise([0, *cuts, len(boxes)]):
        some = slice(a, b)
        group, x = expand(start[some], counts[some])
        y = rank_y[by_x[x]]
        near = np.flatnonzero((y >= first[some][group]) & (y < end[some][group]))
        group, x, y = group[near], x[near], y[near]
        inside = _in_run(x.astype(small), left[some], right[some], group)
        inside &= _in_run(y, top[some], bottom[some], group)
        yield some, by_x[x], group, inside


def _run(ordered: FloatArray, low: FloatArray, high: FloatArray) -> tuple[IntArray, IntArray]:
    """Where the numbers in [low, high] begin and end among the ordered ones; no run where nan."""
    start = np.searchsorted(ordered, low)
    return start, np.searchsorted(ordered, np.fmax(high, -np.inf), side="right")


def _in_run(
    rank: NDArray[np.unsignedinteger], start: IntArray, stop: IntArray, group: IntArray
) -> BoolArray:
    """(M, K) whether ranks (M,) are in [start, stop) of their group, one of (G, K)."""
    length = np.maximum(stop - start, 0)
    # Unsigned: a rank before the start wraps round to a number beyond every length.
    beyond = rank[:, None] - start.astype(rank.dtype).take(group, axis=0)
    return np.asarray(beyond < length.astype(rank.dtype).take(group, axis=0))


def points_in_polygon(points: FloatArray, polygon: FloatArray) -> BoolArray:
    """(C,) which points lie inside a polygon; on its boundary is outside, and nan is nowhere.

    By the number of edges to the right of the point, odd = inside (Shimrat, CACM 1962).

    Args:
        points: (C, 2), pixels.
        polygon: (V, 2) its corners in order; the last is joined to the first. V < 3 holds nothing.
    """
    if len(polygon) < 3:
        return np.zeros(len(points), dtype=np.bool_)
    x, y = points[:, :1], points[:, 1:]
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    # Which side of the edge the point is on; 0 = on its line.
    side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    right = crosses & ((side > 0) == (y1 > y0)) & (side != 0)
    within = (x >= np.minimum(x0, x1)) & (x <= np.maximum(x0, x1))
    within &= (y >= np.minimum(y0, y1)) & (y <= np.maximum(y0, y1))
    on_edge = ((side == 0) & within).any(axis=1)
    return np.asarray((right.sum(axis=1) % 2 == 1) & ~on_edge)


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
