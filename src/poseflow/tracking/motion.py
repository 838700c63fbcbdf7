"""Where a person will be: velocity from what was seen, damped over what was not."""

from __future__ import annotations

from math import isnan

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def displacement(before: FloatArray, after: FloatArray, weights: FloatArray) -> FloatArray:
    """(P, 2) how far each person moved as a whole: the weighted mean over common keypoints.

    A mean, because a left-right swap of the estimator leaves it where it is.

    Args:
        before: (P, K, 2) pixels; nan = missing.
        after: (P, K, 2) pixels; nan = missing.
        weights: (P, K); nan = the estimator gives no scores, counts as 1.

    Returns:
        0 for a person without a common keypoint.
    """
    moved = after - before
    # A keypoint scored 0 by the estimator still says more than nothing.
    weights = weights + 1e-6
    # Rarely is anything missing: it shows in one product sooner than in many keypoints.
    summed = (weights[:, None] @ moved)[:, 0]
    total = np.add.reduce(weights, axis=1)
    if isnan(np.vdot(summed, summed)):
        absent = np.isnan(moved[..., 0])
        weights = np.where(absent, 0.0, np.where(np.isnan(weights), 1.0, weights))
        summed = (weights[:, None] @ np.where(absent[..., None], 0.0, moved))[:, 0]
        total = np.maximum(np.add.reduce(weights, axis=1), 1e-12)
    return np.asarray(summed / total[:, None])


def smoothed(
    velocity: FloatArray, measured: FloatArray, hits: IntArray, gain: float = 0.4
) -> FloatArray:
    """(P, 2) velocity in pixels a frame after another measurement.

    Args:
        velocity: (P, 2) before.
        measured: (P, 2) the displacement a frame since the track was last seen.
        hits: (P,) frames in which it was seen before this one; 0 = not measured now.
        gain: of a measurement, in (0, 1]; the first one counts whole.
    """
    gains = np.array([0.0, 1.0, gain]).take(hits, mode="clip")
    return velocity + gains[:, None] * (measured - velocity)


def damped_frames(frames: IntArray, damping: float) -> FloatArray:
    """Frames' worth of motion in a gap in which each frame moves `damping` × the one before.

    1 + d + d² + … over `frames` terms: people turn and stop, so a velocity is believed less the
    longer nobody confirmed it.
    """
    return np.asarray((1.0 - damping**frames) / (1.0 - damping))
