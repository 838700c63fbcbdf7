"""Whether somebody new may be somebody who was lost: by place and size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..geometry import areas

FloatArray = NDArray[np.float64]


def nearness(lost: FloatArray, boxes: FloatArray, reach: FloatArray) -> FloatArray:
    """(T, N) 1 = where and as large as they were, 0 = as far away as people get, or farther.

    Nobody becomes twice as large, or half; of that, the logarithm counts as the distance does.

    Args:
        lost: (T, 4) x0 y0 x1 y1, the boxes of people when they were last seen.
        boxes: (N, 4) of the people of this frame.
        reach: (T,) how far they get, in their own size (the root of the box's area), above 0.
    """
    far, grown = _apart(lost, boxes)
    return np.asarray(np.fmax(1.0 - np.fmax(far / reach[:, None], grown), 0.0))


def closeness(lost: FloatArray, boxes: FloatArray) -> FloatArray:
    """(T, N) in (0, 1]: the same where anybody may be anywhere; boxes of nan are at 1e-9."""
    far, grown = _apart(lost, boxes)
    return np.asarray(np.fmax(1.0 / (1.0 + far + grown), 1e-9))


def _apart(lost: FloatArray, boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(T, N) distances in sizes of the first, and how often one would double to be the other."""
    size, now = (np.sqrt(np.maximum(areas(b), 1e-9)) for b in (lost, boxes))
    middles = (lost[:, None, :2] + lost[:, None, 2:] - boxes[:, :2] - boxes[:, 2:]) / 2
    far = np.hypot(middles[..., 0], middles[..., 1]) / size[:, None]
    return far, np.abs(np.log2(now / size[:, None]))
