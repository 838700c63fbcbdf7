"""Where people are: RTMDet and YOLOX, as MMDeploy exports them to ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..frames import ImageArray
from .sessions import input_size, looks_like, open_session, output_names
from .warping import as_planes, letterboxed

FloatArray = NDArray[np.float64]

# BGR, of the images that RTMDet learnt from (its configuration in MMDetection). YOLOX takes pixels
# as they are.
_MEAN = np.array([103.53, 116.28, 123.675])
_DEVIATION = np.array([57.375, 57.12, 58.395])

_PERSON = 0


class Detector:
    """Finds people in images.

    Args:
        path: an ONNX file with outputs `dets` (1, N, 5), boxes and scores after its own
            non-maximum suppression, and `labels` (1, N), 0 = person. A file with "yolox" in its
            name is given pixels as they are, any other normalised ones, as RTMDet wants: nothing
            in the file itself tells.
        device: one of `sessions.PROVIDERS`.
        side: the longer side that it is shown, if the model takes images of any size. Larger:
            smaller people are found, in more time.

    Raises:
        InputError: the file is no such model.
    """

    def __init__(self, path: Path, device: str = "cpu", side: int = 640) -> None:
        self._session = open_session(path, device)
        if {"dets", "labels"} - set(output_names(self._session)):
            raise InputError(
                f"{path}: expected a detector, outputs dets and labels; got "
                f"{looks_like(self._session)}"
            )
        self._input: str = self._session.get_inputs()[0].name
        self._size = input_size(self._session)
        self._side = side
        self._plain = "yolox" in path.name.lower()

    def __call__(self, image: ImageArray) -> FloatArray:
        """(N, 5) boxes x0 y0 x1 y1 in pixels, within the image, and scores, the surest first.

        Args:
            image: (H, W, 3) uint8 BGR.
        """
        canvas, scale = letterboxed(image, self._size or _any_size(image, self._side))
        mean, deviation = (None, None) if self._plain else (_MEAN, _DEVIATION)
        planes = as_planes(canvas[None], mean, deviation)
        found, labels = self._session.run(["dets", "labels"], {self._input: planes})
        return people(found[0], labels[0], scale, image.shape[1], image.shape[0])


def people(found: Any, labels: Any, scale: float, width: int, height: int) -> FloatArray:
    """(N, 5) the boxes of persons in the image's pixels, the surest first.

    Args:
        found: (M, 5) x0 y0 x1 y1 in the canvas's pixels, and scores.
        labels: (M,) the class of each.
        scale: the canvas's pixels for one of the image's.
        width: of the image; boxes end with it.
        height: the same.
    """
    persons = np.asarray(found, dtype=np.float64)[np.asarray(labels) == _PERSON]
    persons[:, :4] = np.clip(persons[:, :4] / scale, 0, [width, height, width, height])
    persons = persons[(persons[:, 2:4] > persons[:, :2]).all(axis=1)]
    return np.asarray(persons[np.argsort(-persons[:, 4], kind="stable")])


def _any_size(image: ImageArray, side: int) -> tuple[int, int]:
    """Width and height of a canvas for the image; multiples of 32, the networks' coarsest grid."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    return _multiple(width * scale), _multiple(height * scale)


def _multiple(length: float) -> int:
    return max(32, -(-int(length) // 32) * 32)
