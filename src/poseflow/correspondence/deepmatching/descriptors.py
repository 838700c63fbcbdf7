"""What a pixel, and a patch of 4×4 pixels, looks like: histograms of gradient orientations.

Orientations and not gray levels, so that light may change; saturated, so that one strong edge does
not count for more than all that is faint around it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...frames import ImageArray

Features = NDArray[np.float32]
Indices = NDArray[np.intp]

SIDE = 4
"""Pixels of the smallest patches, the paper's atomic ones."""

N_ORIENTATIONS = 8
SMOOTHING = 1.0
"""Pixels, the deviation of the blurs before, between and after the steps; as the next two, from the
paper's section on pixel descriptors."""
STEEPNESS = 0.2
"""A response of r gray levels a pixel becomes 2 / (1 + exp(−steepness · r)) − 1."""
FLATNESS = 0.3
"""The ninth number of every pixel. It outweighs gradients that are hardly more than noise, so that
flat patches are like flat ones and unlike all others."""

_QUARTERS = [(0, 0), (0, 2), (2, 0), (2, 2)]


class Description(NamedTuple):
    """What an image (H, W) looks like everywhere.

    Attributes:
        cells: (H - 1, W - 1, 9), sums over 2×2 pixels, by their top left.
        scale: (H - 3, W - 3), what makes a unit vector of the four cells of the patch with this top
            left.
    """

    cells: Features
    scale: Features


def describe(image: ImageArray) -> Description:
    """Gradients (H, W) gray by orientation, and a number for there being none, in cells of 2×2.

    The paper compares 4×4 patches by the products of all their pixels, 144 numbers. Ours are 36,
    the sums of four cells: a quarter of the work.
    """
    import cv2

    planes = _orientations(image)
    length = 1 / np.sqrt(_squares(planes) + np.float32(FLATNESS**2))
    cells = [_cells(plane * length) for plane in planes] + [_cells(np.float32(FLATNESS) * length)]
    power = _squares(cells)
    patch = power[:-2, :-2] + power[:-2, 2:] + power[2:, :-2] + power[2:, 2:]
    return Description(np.asarray(cv2.merge(cells)), 1 / np.sqrt(patch))


def _orientations(image: ImageArray) -> list[Features]:
    """(H, W) each: how strong the gradient is towards 0, 45, …, 315 degrees, from 0 to 1."""
    import cv2

    def blurred(plane: Features) -> Features:
        # Three deviations to each side; OpenCV's own choice is four, and takes half as long again.
        return np.asarray(cv2.GaussianBlur(plane, (7, 7), SMOOTHING))

    smooth = blurred(image.astype(np.float32))
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *along, ksize=1, scale=0.5) for along in ((1, 0), (0, 1)))
    planes = []
    for k in range(N_ORIENTATIONS):
        angle = 2 * math.pi * k / N_ORIENTATIONS
        towards = np.float32(math.cos(angle)) * x + np.float32(math.sin(angle)) * y
        response = blurred(np.maximum(towards, 0, out=towards))
        response *= -STEEPNESS
        np.exp(response, out=response)
        response += 1
        saturated = np.divide(2, response, out=response)
        saturated -= 1
        planes.append(blurred(saturated))
    return planes


def _cells(plane: Features) -> Features:
    """(H - 1, W - 1) sums of 2×2."""
    rows = plane[:-1] + plane[1:]
    return rows[:, :-1] + rows[:, 1:]


def _squares(planes: list[Features]) -> Features:
    """The sum of the planes' squares."""
    total = planes[0] * planes[0]
    for plane in planes[1:]:
        total += plane * plane
    return total


def every_patch(description: Description, step: int = 1) -> Features:
    """(R, C, 36) unit vectors of the patches at every step-th pixel of every step-th row."""
    cells, scale = description
    height, width = scale.shape
    quarters = [
        cells[down : down + height : step, right : right + width : step]
        for down, right in _QUARTERS
    ]
    return np.concatenate(quarters, axis=2) * scale[::step, ::step, None]


def patches_at(description: Description, row: Indices, column: Indices) -> Features:
    """(P, 36) unit vectors of the patches whose top left pixels are these (P,)."""
    cells, scale = description
    width, n_numbers = cells.shape[1:]
    # A cell as one item of as many bytes: NumPy copies these several times faster than rows.
    items = cells.reshape(-1, n_numbers).view(np.dtype((np.void, cells.itemsize * n_numbers)))[:, 0]
    quarters = [down * width + right for down, right in _QUARTERS]
    chosen = items[(row * width + column)[:, None] + quarters]
    patches: Features = chosen.view(np.float32)
    patches *= scale[row, column, None]
    return patches


def likeness(a: Features, b: Features) -> Features:
    """(…) how alike patches (…, 36) are, at most 1."""
    return np.asarray(np.einsum("...i,...i->...", a, b))
