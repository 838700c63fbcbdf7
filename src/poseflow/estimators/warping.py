"""Pixels cut out of an image and scaled, as networks want them.

All of it bilinear and with the first pixel's middle on the first pixel's middle, which is how the
networks' own projects (MMDetection, MMPose, YOLOX) prepared the images that they learnt from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..frames import ImageArray

FloatArray = NDArray[np.float64]

# The gray with which both RTMDet and YOLOX were trained to fill up (their configurations).
_FILLING = 114


def letterboxed(image: ImageArray, size: tuple[int, int]) -> tuple[ImageArray, float]:
    """The whole image in the upper left of a canvas, as large as it fits.

    Args:
        image: (H, W, 3).
        size: width and height of the canvas.

    Returns:
        The canvas (height, width, 3), and the scale: its pixels for one of the image's.
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, int(width * scale)), max(1, int(height * scale))
    small = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    canvas = np.full((size[1], size[0], 3), _FILLING, dtype=np.uint8)
    canvas[: inner[1], : inner[0]] = small
    return canvas, scale


def framed(boxes: FloatArray, size: tuple[int, int], margin: float) -> FloatArray:
    """(N, 4) boxes about the same middles, `margin` times larger and of the shape of the size.

    The side that is too short for the shape grows; nothing of the larger box is cut off.

    Args:
        boxes: (N, 4) x0 y0 x1 y1.
        size: width and height; only their ratio counts.
        margin: 1 = as tight as the shape allows.
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    extent = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0) * margin
    shape = np.asarray(size, dtype=np.float64)
    # The same number of the image's pixels for one of the crop's in both directions.
    half = (extent / shape).max(axis=1, keepdims=True) * shape / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def crops(image: ImageArray, boxes: FloatArray, size: tuple[int, int]) -> ImageArray:
    """(N, height, width, 3) what lies in the boxes, scaled to one size; black beyond the image.

    Args:
        image: (H, W, 3).
        boxes: (N, 4) x0 y0 x1 y1, of the shape of the size (`framed`).
        size: width and height of a crop.
    """
    import cv2

    made = np.empty((len(boxes), size[1], size[0], 3), dtype=np.uint8)
    for crop, (x0, y0, x1, y1) in zip(made, boxes.tolist(), strict=True):
        across, down = size[0] / (x1 - x0), size[1] / (y1 - y0)
        onto = np.array([[across, 0.0, -x0 * across], [0.0, down, -y0 * down]])
        cv2.warpAffine(image, onto, size, dst=crop, flags=cv2.INTER_LINEAR)
    return made


def as_planes(
    images: ImageArray, mean: FloatArray | None, deviation: FloatArray | None
) -> NDArray[np.float32]:
    """(N, 3, H, W) float32 of images (N, H, W, 3) in the same order of colours.

    Args:
        images: uint8.
        mean: (3,) that is taken off, and
        deviation: (3,) by which is divided after; None = pixels as they are.
    """
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    if mean is not None and deviation is not None:
        planes -= mean.astype(np.float32)[:, None, None]
        planes /= deviation.astype(np.float32)[:, None, None]
    return planes
