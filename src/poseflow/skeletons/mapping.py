"""From one skeleton to another: keypoints by name, and the few that can be derived.

Every rule is linear, so a mapping is one matrix (K', K) and its use one product.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from . import Skeleton

FloatArray = NDArray[np.float64]

DERIVED: Final[dict[str, dict[str, float]]] = {
    # OpenPose's definition, and Detect-and-Track's for PoseTrack's head_bottom. The "upper neck" of
    # MPII and PoseTrack is truly higher, about a fifth of the way from there to the head's top.
    "neck": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    # In MPII's annotations pelvis and thorax are these very midpoints.
    "pelvis": {"left_hip": 0.5, "right_hip": 0.5},
    "thorax": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    # COCO to PoseTrack (Detect-and-Track, Girdhar et al., CVPR 2018): as far beyond the nose as the
    # nose is from the middle of the shoulders.
    "head_top": {"nose": 2.0, "left_shoulder": -0.5, "right_shoulder": -0.5},
    # MPII to PoseTrack, as the public 2018 tracker exports it.
    "nose": {"neck": 0.5, "head_top": 0.5},
}
"""Keypoint -> the weights of its parents. Used where the source has all parents and not the
keypoint itself. Parents are the source's own keypoints, never derived ones: no rule feeds another.
"""


def map_keypoints(
    keypoints: ArrayLike, keypoint_scores: ArrayLike, source: Skeleton, target: Skeleton
) -> tuple[FloatArray, FloatArray]:
    """The same poses with the keypoints of another skeleton.

    A keypoint that both skeletons name is copied; one that `DERIVED` can make is made, with the
    mean of its parents' scores; the rest are missing.

    Args:
        keypoints: (N, K, 2), pixels; nan = not detected.
        keypoint_scores: (N, K); nan = the estimator gives none.
        source: of the keypoints given, K names.
        target: of the keypoints wanted, K' names.

    Returns:
        Keypoints (N, K', 2) and scores (N, K'). A missing keypoint, or one with a missing parent,
        is nan with score 0; a score with an unknown parent's is nan.

    Raises:
        InputError: a shape does not fit the source.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    scores = np.asarray(keypoint_scores, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (len(source), 2):
        raise InputError(
            f"keypoints: expected shape (N, {len(source)}, 2) for {source.name}, got {points.shape}"
        )
    if scores.shape != points.shape[:2]:
        raise InputError(f"keypoint_scores: expected shape {points.shape[:2]}, got {scores.shape}")
    weights = _weights(source, target)
    parents = weights != 0
    n_parents = parents.sum(axis=1)
    shares = parents / np.maximum(n_parents, 1)[:, None]

    # nan times 0 is nan: what is missing or unknown goes through as marks beside the numbers.
    missing = np.isnan(points.sum(axis=2))
    unknown = np.isnan(scores)
    mapped = weights @ np.where(missing[..., None], 0.0, points)
    marks = np.stack([missing, unknown, np.where(unknown, 0.0, scores)]) @ shares.T
    lost = (marks[0] > 0) | (n_parents == 0)
    mapped[lost] = np.nan
    mapped_scores = np.where(marks[1] > 0, np.nan, marks[2])
    mapped_scores[lost] = 0.0
    return mapped, mapped_scores


@lru_cache
def _weights(source: Skeleton, target: Skeleton) -> FloatArray:
    """(K', K) the weight of each source keypoint in each target keypoint."""
    index = {name: i for i, name in enumerate(source.keypoints)}
    weights = np.zeros((len(target), len(source)))
    for row, name in enumerate(target.keypoints):
        rule = {name: 1.0} if name in index else DERIVED.get(name, {})
        if rule.keys() <= index.keys():
            for parent, weight in rule.items():
                weights[row, index[parent]] = weight
    weights.flags.writeable = False
    return weights
