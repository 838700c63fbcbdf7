"""Comparing pairs of a frame's tracks and poses, of which there are many: which, and how alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses import Poses
from ..similarity import oks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ALIKE = 0.8
"""OKS from which a track explains a pose with left and right where the estimator put them."""


def near(sides: FloatArray, extent: FloatArray, n_tracks: int) -> IntArray:
    """Which pairs are worth comparing; most in a crowd are far apart.

    A track and a pose if their boxes overlap, or would if the track's were a quarter wider on each
    side. A pose and another in whose box its middle lies: twins have as much in common.

    Args:
        sides: (2, 2, T + N) −x0 −y0 and x1 y1 of the tracks, then of the poses.
        extent: (2, T + N) their widths and heights.
        n_tracks: T.

    Returns:
        (P,) in order, cells of a table of T + N rows, the tracks and then the poses, and N columns.
    """
    n_poses = sides.shape[2] - n_tracks
    margin = -0.5 * extent
    margin[:, :n_tracks] *= -0.5
    wide = sides + margin
    beyond = wide[..., None] > -sides[::-1, :, None, n_tracks:]
    near = np.logical_and.reduce(beyond.reshape(4, -1))
    # No pose is its own twin.
    near[n_tracks * n_poses :: n_poses + 1] = False
    cells: IntArray = near.nonzero()[0]
    return cells


def alike_either_way(
    keypoints: FloatArray,
    poses: Poses,
    spread: FloatArray,
    variances: FloatArray,
    mirror: IntArray | None,
    i: IntArray,
    j: IntArray,
    n: int,
) -> FloatArray:
    """(P,) the OKS of keypoints i and poses j, if need be with left and right exchanged.

    Estimators take one for the other. A pose that no track explains as it is is compared turned
    round as well, and the better counts.

    Args:
        keypoints: (T + N, K, 2) of the tracks, where they should be now, and of the poses.
        poses: N.
        spread: (T + N,) square pixels, for a person's area.
        variances: (K,) squared falloffs, of a pose of unit area.
        mirror: (K,) the keypoint on the other side; None = nothing is known of sides.
        i: (P,).
        j: (P,).
        n: so many pairs, the first, are of a track and a pose; the others of two poses.
    """
    found = poses.keypoints, poses.keypoint_scores
    alike = _alike(keypoints, *found, spread, variances, i, j)
    if mirror is None:
        return alike
    explained = np.zeros(len(poses), dtype=bool)
    explained[j[:n][alike[:n] >= _ALIKE]] = True
    if np.count_nonzero(explained) == len(poses):
        return alike
    some = (np.logical_not(explained.take(j)) & (alike < _ALIKE)).nonzero()[0]
    turned = poses.keypoints.take(mirror, axis=1), poses.keypoint_scores.take(mirror, axis=1)
    other = _alike(keypoints, *turned, spread, variances, i[some], j[some])
    alike[some] = np.maximum(alike[some], other)
    return alike


def _alike(
    keypoints: FloatArray,
    others: FloatArray,
    weights: FloatArray,
    spread: FloatArray,
    variances: FloatArray,
    i: IntArray,
    j: IntArray,
    most: int = 512,
) -> FloatArray:
    """(P,) the OKS of keypoints i of (T + N, K, 2), spread over so many pixels², and others j.

    `most` pairs are compared at a time: more of a crowd than a processor keeps at hand are slow.
    """
    if len(i) > most:
        parts = [slice(at, at + most) for at in range(0, len(i), most)]
        return np.concatenate(
            [_alike(keypoints, others, weights, spread, variances, i[p], j[p]) for p in parts]
        )
    return oks(
        # Of arrays of more than one axis, take() is thrice as fast as [].
        keypoints.take(i, axis=0),
        others.take(j, axis=0),
        spread.take(i)[:, None] * variances,
        weights.take(j, axis=0),
    )


def iou(sides: FloatArray, area: FloatArray, i: IntArray, k: IntArray) -> FloatArray:
    """(P,) the IoU of boxes i and k of (B, 4) −x0 −y0 x1 y1, and (B,) areas."""
    # What two boxes have in common ends, on each side, where the first of them does.
    first = np.minimum(sides.take(i, axis=0), sides.take(k, axis=0))
    extent = np.maximum(first[:, :2] + first[:, 2:], 0.0)
    common = extent[:, 0] * extent[:, 1]
    return np.asarray(common / (area.take(i) + area.take(k) - common))
