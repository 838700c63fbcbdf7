"""Boxes and points: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def boxes_around(keypoints: FloatArray) -> FloatArray:
    """(N, 4) the tight boxes x0 y0 x1 y1 of keypoints (N, K, 2); nan where all K are nan."""
    # fmin and fmax skip nan and, unlike nanmin, neither warn nor fail where there is nothing else.
    low = np.fmin.reduce(keypoints, axis=1, initial=np.inf)
    high = np.fmax.reduce(keypoints, axis=1, initial=-np.inf)
    boxes = np.concatenate([low, high], axis=1)
    boxes[np.isinf(boxes).any(axis=1)] = np.nan
    return boxes
