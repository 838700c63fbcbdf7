"""All people and their keypoints at one look: RTMO, as MMDeploy exports it to ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..frames import ImageArray
from ..poses import Poses
from ..skeletons import Skeleton
from .sessions import input_size, looks_like, open_session, output_names
from .skeleton_of import skeleton_of
from .warping import as_planes, letterboxed


class RTMO:
    """An `Estimator` of one step.

    Args:
        path: an ONNX file with outputs `dets` (1, N, 5), boxes and scores after its own
            non-maximum suppression, and `keypoints` (1, N, K, 3).
        skeleton: what its keypoints are; None = the one we ship for their number.
        device: one of `sessions.PROVIDERS`.
        sure: score in [0, 1] from which a person is one.

    Raises:
        InputError: the file is no such model, or has another number of keypoints.
    """

    def __init__(
        self, path: Path, skeleton: Skeleton | None = None, device: str = "cpu", sure: float = 0.3
    ) -> None:
        self._session = open_session(path, device)
        if not is_rtmo(self._session):
            raise InputError(
                f"{path}: expected RTMO, outputs dets and keypoints; got "
                f"{looks_like(self._session)}"
            )
        first, size = self._session.get_inputs()[0], input_size(self._session)
        if size is None:
            raise InputError(f"{path}: expected an input of one size, got {first.shape}")
        self._input: str = first.name
        self._size = size
        self._sure = sure
        shapes = {output.name: output.shape for output in self._session.get_outputs()}
        self.skeleton = skeleton_of(int(shapes["keypoints"][2]), skeleton, str(path))

    def __call__(self, image: ImageArray) -> Poses:
        """The poses in an image (H, W, 3) uint8 BGR."""
        canvas, scale = letterboxed(image, self._size)
        planes = as_planes(canvas[None], None, None)
        found, keypoints = self._session.run(["dets", "keypoints"], {self._input: planes})
        return surest(found[0], keypoints[0], scale, self._sure)


def is_rtmo(session: Any) -> bool:
    """Whether a model tells people and keypoints together."""
    return {"dets", "keypoints"} <= set(output_names(session))


def surest(found: Any, keypoints: Any, scale: float, sure: float) -> Poses:
    """The people with at least that score, in the image's pixels.

    Args:
        found: (N, 5) x0 y0 x1 y1 in the canvas's pixels, and scores.
        keypoints: (N, K, 3) x, y in the canvas's pixels, and scores.
        scale: the canvas's pixels for one of the image's.
        sure: in [0, 1].
    """
    chosen = found[:, 4] >= sure
    boxes = np.asarray(found[chosen], dtype=np.float64)
    points = np.asarray(keypoints[chosen], dtype=np.float64)
    return Poses.from_keypoints(
        points[..., :2] / scale,
        np.clip(points[..., 2], 0.0, 1.0),
        np.clip(boxes[:, 4], 0.0, 1.0),
        boxes[:, :4] / scale,
    )
