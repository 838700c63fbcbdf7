"""The two distances of the Pose Flow paper: poses of one frame, and poses of neighbouring ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..geometry import boxes_around, overlapping
from ..poses import Poses
from ..similarity import joined_points

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def sizes(poses: Poses) -> FloatArray:
    """(N,) pixels, the longer side of each box: the unit of both distances."""
    return np.asarray((poses.boxes[:, 2:] - poses.boxes[:, :2]).max(axis=1, initial=0.0))


def keypoint_weights(poses: Poses) -> FloatArray:
    """(N, K) scores; 1 where the estimator gives none, 0 where the keypoint is missing."""
    scores = np.where(np.isnan(poses.keypoint_scores), 1.0, poses.keypoint_scores)
    return np.where(np.isnan(poses.keypoints[..., 0]), 0.0, scores)


def confidences(poses: Poses) -> FloatArray:
    """(N,) s = score of the pose + mean + max of its keypoints' scores, in [0, 3] (the paper's)."""
    weights = keypoint_weights(poses)
    own = np.where(np.isnan(poses.scores), 1.0, poses.scores)
    return np.asarray(own + weights.mean(axis=1) + weights.max(axis=1, initial=0.0))


def pose_distance(a: Poses, b: Poses, near: float, balance: float = 1.7) -> FloatArray:
    """(A, B) the paper's d_f = 1 / K + balance / H between poses of one frame; inf = far apart.

    K adds tanh(c) · tanh(c') over the keypoints of which the second lies in a box around the
    first, H adds exp(−d² / 2.65) over all, d in tenths of the first pose's size. The constants are
    those that its authors published with RMPE (σ1 = 1, σ2 = 2.65, λ = 1.7).

    Args:
        a: A poses.
        b: B poses of the same frame.
        near: of a pose's size, the side of the box around a keypoint; 0.1 in the paper.
        balance: λ.
    """
    unit = np.maximum(sizes(a), 1e-9)
    i, j = _near(a.keypoints, near * unit, b.keypoints)
    apart = (a.keypoints.take(i, axis=0) - b.keypoints.take(j, axis=0)) / unit[i, None, None]
    square = np.vecdot(apart, apart)
    inside = (np.abs(apart) <= near / 2).all(axis=2)
    weights = np.tanh(keypoint_weights(a)).take(i, axis=0)
    weights *= np.tanh(keypoint_weights(b)).take(j, axis=0)
    k_sim = np.where(inside, weights, 0.0).sum(axis=1)
    h_sim = np.where(np.isnan(square), 0.0, np.exp(-100.0 * square / 2.65)).sum(axis=1)
    distances = np.full((len(a), len(b)), np.inf)
    with np.errstate(divide="ignore", over="ignore"):
        distances[i, j] = 1.0 / k_sim + balance / h_sim
    return distances


def joint_squares(poses: Poses, share: float) -> FloatArray:
    """(N, K, 4) x0 y0 x1 y1, a square around each keypoint, its side `share` of the pose's size."""
    half = share / 2 * sizes(poses)[:, None, None]
    return np.concatenate([poses.keypoints - half, poses.keypoints + half], axis=2)


def points_in_squares(squares: FloatArray, per_side: int = 3) -> FloatArray:
    """(P, 2) a grid of points in each square (N, K, 4) that is there."""
    steps = (np.arange(per_side) + 0.5) / per_side
    share = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    known = squares[~np.isnan(squares[..., 0])]
    low, high = known[:, None, :2], known[:, None, 2:]
    return np.asarray((low + share * (high - low)).reshape(-1, 2))


def shared_points(
    source: FloatArray, target: FloatArray, a: FloatArray, b: FloatArray
) -> FloatArray:
    """(A, B) the paper's d_c: Σ over joints of m / f, in [0, K]; larger is more alike.

    f correspondences start in a joint's square of the first pose, m of them end in the same
    joint's square of the second.

    Args:
        source: (C, 2) pixels in the earlier frame.
        target: (C, 2) pixels in the later frame.
        a: (A, K, 4) squares of the earlier frame's poses; nan = no such joint.
        b: (B, K, 4) of the later frame's.
    """
    joined, starting, _ = joined_points(source, target, a, b)
    return np.asarray((joined / np.maximum(starting, 1)[:, None]).sum(axis=2))


def _near(a: FloatArray, margin: FloatArray, b: FloatArray) -> tuple[IntArray, IntArray]:
    """Which point sets (A, K, 2) and (B, K, 2) may have points within a margin (A,) of each other.

    Most of a crowd are far apart, and have nothing to compare. (P,) and (P,) indices.
    """
    low, high = np.split(boxes_around(a).T, 2)
    near = overlapping(low - margin, high + margin, boxes_around(b).T)
    i, j = near.nonzero()
    return i, j
