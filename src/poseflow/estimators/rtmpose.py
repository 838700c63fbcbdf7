"""The keypoints of a person in a box: RTMPose, whose head (SimCC) tells x and y apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..frames import ImageArray
from .sessions import input_size, looks_like, open_session, output_names
from .warping import as_planes, crops, framed

FloatArray = NDArray[np.float64]

# RGB, of the images that RTMPose learnt from, the part of a box it is shown, and SimCC's bins for a
# pixel of its input (its configurations in MMPose).
_MEAN = np.array([123.675, 116.28, 103.53])
_DEVIATION = np.array([58.395, 57.12, 57.375])
_MARGIN = 1.25
_BINS = 2.0


class RTMPose:
    """Finds the keypoints of people whose boxes are known.

    Args:
        path: an ONNX file with outputs `simcc_x` (N, K, 2 W) and `simcc_y` (N, K, 2 H).
        device: one of `sessions.PROVIDERS`.

    Raises:
        InputError: the file is no such model.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        self._session = open_session(path, device)
        if not is_rtmpose(self._session):
            raise InputError(
                f"{path}: expected RTMPose, outputs simcc_x and simcc_y; got "
                f"{looks_like(self._session)}"
            )
        first, size = self._session.get_inputs()[0], input_size(self._session)
        if size is None:
            raise InputError(f"{path}: expected an input of one size, got {first.shape}")
        self._input: str = first.name
        self._size = size
        # Some exports hold one person at a time.
        self._one_by_one = first.shape[0] == 1
        self.n_keypoints = int(self._session.get_outputs()[0].shape[1])

    def __call__(self, image: ImageArray, boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Keypoints (N, K, 2) in pixels of the image and their scores (N, K) in [0, 1].

        Args:
            image: (H, W, 3) uint8 BGR.
            boxes: (N, 4) x0 y0 x1 y1; N may be 0.
        """
        places = framed(boxes, self._size, _MARGIN)
        inputs = as_planes(crops(image, places, self._size)[..., ::-1], _MEAN, _DEVIATION)
        parts = np.split(inputs, len(inputs)) if self._one_by_one and len(inputs) else [inputs]
        if not len(inputs):
            return np.empty((0, self.n_keypoints, 2)), np.empty((0, self.n_keypoints))
        told = [self._session.run(["simcc_x", "simcc_y"], {self._input: part}) for part in parts]
        across, down = (np.concatenate(bins) for bins in zip(*told, strict=True))
        points, scores = decoded(across, down)
        points = (
            places[:, None, :2] + points / self._size * (places[:, 2:] - places[:, :2])[:, None]
        )
        return points, scores


def is_rtmpose(session: Any) -> bool:
    """Whether a model tells keypoints as SimCC does."""
    return {"simcc_x", "simcc_y"} <= set(output_names(session))


def decoded(across: Any, down: Any) -> tuple[FloatArray, FloatArray]:
    """The surest bin of each keypoint, in pixels of the network's input, and its score.

    The score is the smaller of both directions' largest values, as MMPose has it (rtmlib takes
    their mean), within [0, 1]: some models overshoot by a little. Where it is not positive there
    is no keypoint.

    Args:
        across: (N, K, 2 W), a value for each half pixel.
        down: (N, K, 2 H).

    Returns:
        (N, K, 2) and (N, K).
    """
    points = np.stack([across.argmax(axis=2), down.argmax(axis=2)], axis=2) / _BINS
    scores = np.minimum(across.max(axis=2), down.max(axis=2)).astype(np.float64)
    return np.where(scores[..., None] > 0, points, np.nan), np.clip(scores, 0.0, 1.0)
