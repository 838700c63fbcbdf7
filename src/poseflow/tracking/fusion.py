"""PF-NMS: which flows are one person, and one pose out of theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..poses import Origin, Poses
from .distances import keypoint_weights, sizes
from .moments import Moment

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def groups_of_flows(moments: Sequence[Moment], distance: float) -> list[list[int]]:
    """The numbers of the flows in some frames, each with those that are the same person.

    The flow that has gathered most takes in all that are close to it, then the next of those left:
    in a group, and among groups, the surest is first.

    Args:
        moments: at least one.
        distance: up to this median of d_f, over the frames with both, two flows are close.
    """
    numbers, which = np.unique(np.concatenate([m.flows for m in moments]), return_inverse=True)
    worth = np.bincount(which, np.concatenate([m.worth for m in moments]), len(numbers))
    order = np.lexsort((numbers, -worth))
    # From here on, flows are known by their rank.
    rank = np.argsort(order)[which]
    ranks = np.split(rank, np.cumsum([len(m.flows) for m in moments])[:-1])
    close = _apart(moments, ranks) <= distance
    numbers = numbers[order]
    free = numbers >= 0
    groups = []
    for i in range(len(order)):
        if free[i]:
            members = np.flatnonzero(close[i] & free)
            members = np.concatenate([[i], members[members != i]])
            free[members] = False
            groups.append(numbers[members].tolist())
    return groups


def _apart(moments: Sequence[Moment], ranks: Sequence[IntArray]) -> FloatArray:
    """(F, F) medians of d_f between flows; of each frame's poses, the flows they are on."""
    n = 1 + max((int(on.max()) for on in ranks if len(on)), default=-1)
    there = np.zeros((len(ranks), n))
    keys, apart = [], []
    for present, on, m in zip(there, ranks, moments, strict=True):
        present[on] = 1
        # Most are far apart, and inf.
        i, j = np.nonzero(m.apart < np.inf)
        keys.append(on[i] * n + on[j])
        apart.append(m.apart[i, j])
    together = (there.T @ there).astype(np.int64)
    return _medians(np.concatenate(keys), np.concatenate(apart), together.ravel()).reshape(n, n)


def _medians(keys: IntArray, values: FloatArray, counts: IntArray) -> FloatArray:
    """(U,) the median of each key's values; inf where no value was given.

    Args:
        keys: (P,) in [0, U), of each value.
        values: (P,) those that are finite.
        counts: (U,) how many values each key has; those not given are inf.
    """
    order = np.lexsort((values, keys))
    found, start, given = np.unique(keys[order], return_index=True, return_counts=True)
    ordered = np.append(values[order], np.inf)
    n = counts[found]
    low, high = (
        ordered[np.where(at < given, start + at, len(values))] for at in ((n - 1) // 2, n // 2)
    )
    medians = np.full(len(counts), np.inf)
    medians[found] = (low + high) / 2
    return medians


def fused(poses: Poses, reach: float = 0.15, power: float = 4.0) -> Poses:
    """One pose out of several of a person: the paper's score-weighted mean of each keypoint.

    A weight is a power of the keypoint's score times the pose's. (ours: the power) Scores that are
    all 0 tell nothing, and count as if all were as sure.

    The pose's score is that of the surest; those of keypoints are means over those that count.

    Args:
        poses: at least one.
        reach: of the largest one's size; a keypoint farther from the surest of its kind does not
            count: between a left and a right ankle there is none. (ours)
        power: of scores. More: a bad second pose spoils less, a good one mends less; 1 is the
            paper's mean, and at 4 a pose that tells nothing new does no harm.
    """
    scored = not np.isnan(poses.keypoint_scores).all()
    scores = np.where(np.isnan(poses.scores), 1.0, poses.scores)
    if not scores.any():
        scores = np.ones(len(poses))
    beliefs = keypoint_weights(poses)
    weights = (beliefs * scores[:, None]) ** power
    there = ~np.isnan(poses.keypoints[..., 0])
    weights = np.where(weights.any(axis=0), weights, there)
    surest = poses.keypoints[weights.argmax(axis=0), np.arange(poses.n_keypoints)]
    apart = np.linalg.norm(poses.keypoints - surest, axis=2)
    counted = (weights > 0) & (apart <= reach * sizes(poses).max())
    weights = np.where(counted, weights, 0.0)
    total = np.where(counted, beliefs, 0.0).sum(axis=0)
    places = np.where(counted[..., None], poses.keypoints, 0.0)
    with np.errstate(invalid="ignore"):
        keypoints = (weights[..., None] * places).sum(axis=0) / weights.sum(axis=0)[:, None]
    boxes = (scores[:, None] * poses.boxes).sum(axis=0) / scores.sum()
    return Poses.from_keypoints(
        keypoints[None],
        (total / np.maximum(counted.sum(axis=0), 1))[None] if scored else None,
        poses.scores.max(keepdims=True),
        boxes[None],
        origins=[Origin.FUSED],
    )
