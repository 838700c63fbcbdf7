"""Does a point look the same in both frames? What keeps matchers from inventing motion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frames import ImageArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SMALLEST_SIDE = 16
"""Pixels of the shorter side below which nothing can be told: two of the patches DIS compares."""

DETAIL_PIXELS = 230_400
"""640×360: of larger images a smaller copy is compared, so that a patch covers as much of a
person whatever the camera's resolution."""

LEAST_TEXTURE = 2.0
"""Gray levels, the standard deviation a patch must have; with less it could be anywhere. It costs
1 % of the points that flow followed within 3 px on real frames warped by known fields."""

LEAST_LIKENESS = 0.75
"""Of `alike`. On frames 1 and 3 apart of three real clips it keeps 95 % of the keypoints that flow
followed within 3 px, half of those that forward–backward flow at full resolution calls lost,
and 1 % of what flow finds between two clips; at 0.7 these are 96, 60 and 1.7 %."""

_SAMPLES, _SPACING = 7, 2.0

_MOST_ROWS = 16_384
"""OpenCV reads at most 32 766 rows of coordinates in one go."""


def shrink_step(image: ImageArray, pixels: int) -> int:
    """The whole number by which both sides must be divided to leave at most so many pixels."""
    return max(1, math.ceil(math.sqrt(image.size / pixels)))


def shrunk(image: ImageArray, step: int) -> ImageArray:
    """(H // step, W // step) means of step × step pixels; what is left at the edges is cut off."""
    import cv2

    height, width = image.shape[0] // step, image.shape[1] // step
    if step == 1 or not height or not width:
        return image[:height, :width]
    if step % 2 == 0 and step > 2:
        # Halving is all but free, any other step is not.
        return shrunk(shrunk(image, 2), step // 2)
    # A whole number takes OpenCV's short way, several times faster than a fraction near it.
    whole = image[: height * step, : width * step]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def to_shrunk(points: FloatArray, step: int) -> FloatArray:
    """(P, 2) where pixels of the full image lie in the shrunk one; whole pixels are centres."""
    return (points + 0.5) / step - 0.5


def to_full(points: FloatArray, step: int) -> FloatArray:
    """(P, 2) the other way round."""
    return (points + 0.5) * step - 0.5


def comparable(before: ImageArray, after: ImageArray) -> bool:
    """Whether two gray images have one size, and any that can be worked with."""
    return before.shape == after.shape and min(before.shape) >= SMALLEST_SIDE


def inside(points: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """(P,) whether points (P, 2) lie in an image of that (H, W); nan does not."""
    last = np.array([shape[1] - 1, shape[0] - 1])
    return np.asarray(((points >= 0) & (points <= last)).all(axis=1))


def sample(image: NDArray[Any], x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """(P, S[, C]) bilinear values of an image (H, W[, C]) at x, y (P, S); edges go on outside.

    They have the image's type, so gray levels are rounded.
    """
    import cv2

    x, y = x.astype(np.float32), y.astype(np.float32)
    pieces = [np.empty((0, *x.shape[1:], *image.shape[2:]), dtype=image.dtype)]
    for i in range(0, len(x), _MOST_ROWS):
        rows = slice(i, i + _MOST_ROWS)
        pieces.append(
            cv2.remap(image, x[rows], y[rows], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )
    return np.concatenate(pieces)


def alike(
    before: ImageArray,
    after: ImageArray,
    source: FloatArray,
    target: FloatArray,
    *,
    least: float = LEAST_LIKENESS,
) -> BoolArray:
    """(P,) whether the surroundings of source in before and of target in after are the same thing.

    Patches are compared by structural similarity (Wang et al., Image Quality Assessment, IEEE TIP
    2004) without its stabilising constants: 2 ab / (a² + b²) of the means times
    2 cov / (var + var), which asks for the same brightness, contrast and structure at once.
    A patch without texture is never like another, since nothing tells where it has gone.

    Args:
        before: (H, W) gray, the earlier frame, of at most `DETAIL_PIXELS`.
        after: (H, W) gray, the later frame.
        source: (P, 2), pixels in before; edges go on outside.
        target: (P, 2), pixels in after.
        least: the likeness there must be, at most 1. Higher: fewer false ones, and fewer of the
            true ones at people's edges.
    """
    a, b = _patches(before, source), _patches(after, target)
    mean_a, mean_b = _mean(a), _mean(b)
    variance_a, variance_b = _mean(a, a) - mean_a**2, _mean(b, b) - mean_b**2
    likeness = 4 * mean_a * mean_b * (_mean(a, b) - mean_a * mean_b)
    most = (mean_a**2 + mean_b**2) * (variance_a + variance_b)
    return np.asarray((likeness >= least * most) & (variance_a >= LEAST_TEXTURE**2))


def _patches(image: ImageArray, points: FloatArray) -> NDArray[np.float32]:
    """(P, 49) gray levels around points (P, 2), every second pixel of a square 13 wide."""
    along = (np.arange(_SAMPLES) - (_SAMPLES - 1) / 2) * _SPACING
    x, y = (offsets.ravel() for offsets in np.meshgrid(along, along))
    return sample(image, points[:, :1] + x, points[:, 1:] + y).astype(np.float32)


def _mean(a: NDArray[np.float32], b: NDArray[np.float32] | None = None) -> FloatArray:
    """(P,) means of a (P, S), or of a · b: exact, as sums of S whole numbers below 2^24 are."""
    total = a.sum(axis=1) if b is None else np.einsum("ij,ij->i", a, b)
    return np.asarray(total.astype(np.float64) / a.shape[1])
