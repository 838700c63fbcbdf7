"""Average precision of joints: who is found as whom in a frame, and the curve over scores.

As PoseTrack's evaluator has it (Andriluka et al., *PoseTrack*, CVPR 2018): PCKh@0.5, a greedy
pairing of poses that does not look at scores, and the all-point area of PASCAL VOC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clips import Clip
from .scores import CORRECT_WITHIN, Precision

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Grades:
    """Every predicted joint of a clip, right or wrong.

    Attributes:
        scores: (M, J); nan = the joint is not predicted.
        correct: (M, J) whether it is a joint of the person its pose was paired with, near enough.
        objects: (J,) int64, joints in the truth.
    """

    scores: FloatArray
    correct: BoolArray
    objects: IntArray


def grade(clip: Clip, distances: FloatArray) -> Grades:
    """Every predicted joint of a clip, right or wrong.

    Args:
        clip: what is judged.
        distances: (Q, J) of `clip.distances()`.
    """
    true, predicted = clip.pairs()
    near = distances <= CORRECT_WITHIN
    present = ~np.isnan(clip.truth.keypoints[..., 0])
    share = near.sum(axis=1) / present.sum(axis=1)[true]
    pair = _paired(true, predicted, share, len(clip.predictions))
    correct = np.zeros(clip.predictions.scores.shape, dtype=np.bool_)
    correct[predicted[pair]] = near[pair]
    there = ~np.isnan(clip.predictions.keypoints[..., 0])
    scores = np.where(there, clip.predictions.scores, np.nan)
    return Grades(scores, correct, present.sum(axis=0))


def _paired(true: IntArray, predicted: IntArray, share: FloatArray, n: int) -> IntArray:
    """Which of Q pairs are taken: each prediction chooses a person, then each person a prediction.

    Both take the largest share of the person's joints that are correct, the first of several. (Of
    a share of 0 nothing is correct, whoever takes it.)
    """
    # The best person of each prediction: by share, then by order of the true row.
    order = np.lexsort((true, -share, predicted))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(predicted[order]) != 0
    chosen = order[first]
    order = chosen[np.lexsort((predicted[chosen], -share[chosen], true[chosen]))]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(true[order]) != 0
    return order[first]


def average_precision(grades: Sequence[Grades]) -> Precision:
    """Of all clips together: their joints in one order of falling score.

    Of equal scores the earlier clip, frame and person comes first; the reference's order is
    undefined there.
    """
    objects = np.stack([g.objects for g in grades]).sum(axis=0)
    scores = np.concatenate([g.scores for g in grades])
    correct = np.concatenate([g.correct for g in grades])
    n_joints = scores.shape[1]
    ap, precision, recall = (np.full(n_joints, np.nan) for _ in range(3))
    curves = []
    for joint in range(n_joints):
        there = np.flatnonzero(~np.isnan(scores[:, joint]))
        order = there[np.argsort(-scores[there, joint], kind="stable")]
        right = np.cumsum(correct[order, joint])
        along = right / max(int(objects[joint]), 1), right / np.arange(1, len(order) + 1)
        curves.append(along)
        end = [curve[-1] if len(order) else 0.0 for curve in along]
        if objects[joint]:
            ap[joint], recall[joint] = area(*along), end[0]
        if objects[joint] or len(order):
            precision[joint] = end[1]
    return Precision(ap, precision, recall, tuple(curves))


def area(recall: FloatArray, precision: FloatArray) -> float:
    """Under the curve (P,): each step of recall times the best precision from there on.

    PASCAL VOC's since 2010 (Everingham et al., IJCV 2010).
    """
    steps = np.diff(recall, prepend=0.0)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((steps * best).sum())
