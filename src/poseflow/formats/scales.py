"""What the scores of a file are divided by: decided once, from the whole file.

Keypoint scores are in [0, 1], or in whatever unit they come. Pose scores are in the unit of the
keypoints, as means, products and scores of boxes are, or they are AlphaPose's sums.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .reading import is_number

FloatArray = NDArray[np.float64]

ScoreScale = float | tuple[float, float]
"""The largest keypoint score that the estimator can give, or this and the largest pose score."""

# Scores in [0, 1] exceed 1 by a rounding, or because a network is not held to it: SimCC's do, by up
# to a tenth. Whatever exceeds it by more is of another scale.
_ROUNDING, _OVERSHOOT = 1.001, 1.25
# A sum of box, mean and 1.25 × the largest is more than the last two, or a little less if somebody
# took keypoints away. Means, products, and boxes' scores of people seen well, are far below.
_NEARLY = 0.85
# A clip whose surest score is less than half of what can be is no clip of people; heatmaps without
# a limit reach 6, far from here.
_PERCENT = (50.0, 125.0)


class Scores(NamedTuple):
    """What is known of the scores of a file, or of a part of one.

    Attributes:
        keypoint: the largest keypoint score; nan = there is none.
        pose: the largest pose score; nan = there is none.
        told: poses that have a score, and a keypoint with one above 0.
        sums: those of them whose score is large enough to be AlphaPose's sum.
    """

    keypoint: float = np.nan
    pose: float = np.nan
    told: int = 0
    sums: int = 0

    @classmethod
    def of(cls, keypoint_scores: FloatArray, scores: FloatArray) -> Self:
        """Of N poses.

        Args:
            keypoint_scores: (N, K) as in the file, 0 of a missing keypoint; nan = unknown.
            scores: (N,) as in the file; nan = absent.
        """
        n, k = keypoint_scores.shape
        if not n or not k:
            return cls()
        best = np.fmax.reduce(keypoint_scores, axis=1)
        told = (best > 0) & ~np.isnan(scores)
        mean = np.where(np.isnan(keypoint_scores), 0.0, keypoint_scores).mean(axis=1)
        return cls(
            float(np.fmax.reduce(best)),
            float(np.fmax.reduce(scores)),
            int(np.count_nonzero(told)),
            int(np.count_nonzero(told & (scores > _NEARLY * (mean + 1.25 * best)))),
        )

    def and_also(self, others: Self) -> Self:
        """Of these poses and of others of the file."""
        return type(self)(
            float(np.fmax(self.keypoint, others.keypoint)),
            float(np.fmax(self.pose, others.pose)),
            self.told + others.told,
            self.sums + others.sums,
        )

    def scales(self, given: ScoreScale | None) -> tuple[float, float]:
        """What the scores of keypoints and of poses of the file are divided by.

        Keypoint scores by their largest if that exceeds 1, percentages by 100. AlphaPose's pose
        scores, if most are such and one exceeds 1, by what the sum of box, mean and 1.25 × the
        largest keypoint score cannot exceed. Others, if they exceed 1, by what keypoint scores are
        divided by; those that are hardly above 1 by their largest.

        Args:
            given: in place of the scale of the keypoints, or of both.

        Raises:
            InputError: `given` is not positive.
        """
        wanted: tuple[float, ...] = ()
        if given is not None:
            wanted = given if isinstance(given, tuple) else (given,)
        for scale in wanted:
            if not (is_number(scale) and scale > 0):
                raise InputError(f"score_scale: expected a positive number, got {scale}")
        pose = float(np.nan_to_num(self.pose))
        largest = max(0.0, float(np.nan_to_num(self.keypoint)))
        percent = _is_percent(largest) and pose > _OVERSHOOT
        of_keypoints = max(100.0 if percent else 1.0, largest)
        if wanted:
            of_keypoints = largest = float(wanted[0])
            percent = _is_percent(largest)
        if len(wanted) > 1:
            return of_keypoints, float(wanted[1])
        return of_keypoints, self._of_poses(pose, largest, of_keypoints, percent)

    def _of_poses(self, pose: float, largest: float, of_keypoints: float, percent: bool) -> float:
        """What pose scores up to `pose` are divided by."""
        if pose <= _ROUNDING:
            return 1.0
        ceiling = (100.0 if percent else 1.0) + 2.25 * largest
        if 2 * self.sums > self.told and pose <= _OVERSHOOT * ceiling:
            return max(ceiling, pose)
        if pose <= _OVERSHOOT:
            return pose
        if _is_percent(pose):
            return max(100.0, pose)
        return max(of_keypoints, pose)


def _is_percent(score: float) -> bool:
    return _PERCENT[0] < score <= _PERCENT[1]
