"""A re-identification network of the user's own, behind the same door as colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..frames import ImageArray
from ..poses import Appearance, Poses

FloatArray = NDArray[np.float64]

# Of ImageNet's pixels in [0, 1], red, green, blue; what such networks are trained with.
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def embeddings(session: Any) -> Appearance:
    """What a network says of the image in each person's box.

    Args:
        session: an `onnxruntime.InferenceSession`: in, (n or 1, 3, height, width) float32 RGB,
            normalised as ImageNet is; out, first, (n, D).

    Returns:
        (image, N poses) -> (N, D); nan of a pose whose box does not meet the image.

    Raises:
        InputError: the network takes something else.
    """
    given = session.get_inputs()[0]
    batch, channels, height, width = given.shape if len(given.shape) == 4 else (None,) * 4
    if channels != 3 or not isinstance(height, int) or not isinstance(width, int):
        raise InputError(
            "re-identification model: expected an input of shape (n, 3, height, width), "
            f"got {tuple(given.shape)}"
        )

    def run(crops: NDArray[np.float32]) -> FloatArray:
        # Networks exported for one image at a time say so in their shape.
        pieces = np.split(crops, len(crops)) if batch == 1 else [crops]
        rows = [session.run(None, {given.name: piece})[0] for piece in pieces]
        return np.concatenate(rows).reshape(len(crops), -1).astype(np.float64)

    def look(image: ImageArray, poses: Poses) -> FloatArray:
        crops, there = _crops(image, poses.boxes, (width, height))
        # What D is, a network says only when it runs.
        told = run(crops if there.any() else np.zeros((1, 3, height, width), np.float32))
        looks = np.full((len(poses), told.shape[1]), np.nan)
        looks[there] = told[: there.sum()]
        return looks

    return look


def _crops(
    image: ImageArray, boxes: FloatArray, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(M, 3, height, width) the inputs, of the boxes (N, 4) that meet the image, (N,)."""
    import cv2

    if image.ndim == 2:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    limits = np.tile(image.shape[1::-1], 2)
    clipped = np.clip(np.where(np.isnan(boxes), 0.0, boxes), 0, limits).round().astype(np.int64)
    there = np.asarray((clipped[:, 2:] > clipped[:, :2]).all(axis=1))
    crops = [cv2.resize(image[y0:y1, x0:x1], size) for x0, y0, x1, y1 in clipped[there].tolist()]
    stack = np.array(crops, dtype=np.float32).reshape(-1, size[1], size[0], 3)[..., ::-1]
    normalised = (stack / 255.0 - MEAN) / DEVIATION
    return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2), dtype=np.float32), there
