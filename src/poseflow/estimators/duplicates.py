"""Two poses of one person, of which the surer counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..geometry import areas, boxes_around
from ..poses import Poses
from ..similarity import oks
from ..skeletons import Skeleton

BoolArray = NDArray[np.bool_]

SAME = 0.5
"""Keypoint similarity above which two poses are one person, unless a caller says otherwise."""


def seen_twice(poses: Poses, skeleton: Skeleton, same: float) -> BoolArray:
    """(N,) which poses are somebody of whom there is a surer one, or an earlier one as sure.

    Args:
        poses: of one frame.
        skeleton: of their keypoints.
        same: keypoint similarity (OKS, 0 to 1) above which two poses are one person.
    """
    points, scores = poses.keypoints, np.nan_to_num(poses.keypoint_scores, nan=1.0)
    size = np.nan_to_num(areas(boxes_around(points)))
    # By the larger of the two: a box around a part of somebody gives a small pose of them.
    larger = np.maximum(np.maximum(size[:, None], size[None]), 1.0)
    variances = larger[..., None] * (2 * skeleton.sigmas) ** 2
    similarity = oks(points[:, None], points[None], variances, scores[:, None] * scores[None])
    rank = np.empty(len(poses), dtype=np.int64)
    rank[np.argsort(-poses.scores, kind="stable")] = np.arange(len(poses))
    return np.asarray(((similarity > same) & (rank[None] < rank[:, None])).any(axis=1))
