"""What a person is doing where a tracklet begins or ends: how fast, and how large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .tracklets import Tracklets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Ends(NamedTuple):
    """Of N poses, each looked at with those before it, or those after it, on its path.

    Attributes:
        velocity: (N, 2) pixels a frame.
        size: (N,) pixels, the geometric mean.
    """

    velocity: FloatArray
    size: FloatArray


def ends(
    tracklets: Tracklets, path: IntArray, base: IntArray, step: int, span: float, slack: float
) -> Ends:
    """The ends at the poses `base` (N,), of tracklets on paths (T,).

    Args:
        tracklets: T.
        path: (T,).
        base: poses.
        step: 1 = with those after it, -1 = with those before it.
        span: frames that count for the velocity.
        slack: frames that count for the size.
    """
    logs, count = np.zeros((2, len(base)))
    for there, counts, _ in _neighbours(tracklets, path, base, step, slack):
        logs += np.where(counts, np.log(tracklets.sizes[there]), 0.0)
        count += counts
    return Ends(velocities(tracklets, path, base, step, span), np.exp(logs / count))


def sizes(tracklets: Tracklets, path: IntArray) -> FloatArray:
    """(T,) the median size of a pose on each tracklet's path."""
    of_pose = np.repeat(path, np.diff(tracklets.bounds))
    order = np.lexsort((tracklets.sizes, of_pose))
    numbers, start, count = np.unique(of_pose[order], return_index=True, return_counts=True)
    by_path = tracklets.sizes[order]
    median = (by_path[start + (count - 1) // 2] + by_path[start + count // 2]) / 2
    return np.asarray(median[numbers.searchsorted(path)])


def velocities(
    tracklets: Tracklets, path: IntArray, base: IntArray, step: int, span: float
) -> FloatArray:
    """(N, 2) pixels a frame, the least-squares slope of all keypoints along each path.

    Each keypoint about its own mean, so that one that comes or goes pulls nothing. Arguments as in
    `ends`.
    """
    n, k = len(base), tracklets.keypoints.shape[1]
    w, wt, wtt = np.zeros((3, n, k))
    wx, wtx = np.zeros((2, n, k, 2))
    for there, counts, time in _neighbours(tracklets, path, base, step, span):
        weight = np.where(counts[:, None], tracklets.weights[there], 0.0)
        x = np.nan_to_num(tracklets.keypoints[there].astype(np.float64))
        w += weight
        wt += weight * time
        wtt += weight * time**2
        wx += weight[..., None] * x
        wtx += (weight * time)[..., None] * x
    mean = wx / np.maximum(w, 1e-9)[..., None]
    covariance = (wtx - wt[..., None] * mean).sum(axis=1)
    variance = (wtt - wt**2 / np.maximum(w, 1e-9)).sum(axis=1)
    # A frame² of doubt for a keypoint: a single pose has no velocity.
    doubt = np.maximum((w > 0).sum(axis=1), 1)
    return np.asarray(covariance / (variance + doubt)[:, None])


def _neighbours(
    tracklets: Tracklets, path: IntArray, base: IntArray, step: int, span: float
) -> Iterator[tuple[IntArray, BoolArray, FloatArray]]:
    """(N,) the poses themselves, then those a place on, and so forth; on the path and in the span.

    Yields:
        The poses, whether they count, and (N, 1) the frames from the pose to them.
    """
    of_pose = np.repeat(path, np.diff(tracklets.bounds))
    order = np.lexsort((tracklets.frames, of_pose))
    at, m = np.argsort(order)[base], len(order)
    for _ in range(int(span) + 1):
        there = order[np.clip(at, 0, m - 1)]
        time = (tracklets.frames[there] - tracklets.frames[base]).astype(np.float64)
        same = of_pose[there] == of_pose[base]
        yield there, (at >= 0) & (at < m) & same & (np.abs(time) <= span), time[:, None]
        at = at + step
