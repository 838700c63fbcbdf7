"""Boxes first, then the keypoints in each: two networks as one estimator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..frames import ImageArray
from ..poses import Poses
from ..skeletons import Skeleton
from .answers import checked_boxes, checked_poses
from .duplicates import SAME, seen_twice

FloatArray = NDArray[np.float64]


class TwoStep:
    """A `TopDown` estimator of a detector and a pose model.

    Args:
        detector: image (H, W, 3) -> (N, 5) x0 y0 x1 y1 and scores in [0, 1]; also the unsure.
        pose_model: image and boxes (N, 4) -> keypoints (N, K, 2) in pixels, nan = not there, and
            their scores (N, K) in [0, 1].
        skeleton: what the K keypoints are.
        sure: score in [0, 1] from which a box holds a person. Lower: more people, and more coats
            on hooks.
        same: keypoint similarity (OKS, 0 to 1) above which two poses are one person, in two boxes
            of the detector's; the less sure goes. 1 = keep all.
    """

    def __init__(
        self,
        detector: Callable[[ImageArray], FloatArray],
        pose_model: Callable[[ImageArray, FloatArray], tuple[FloatArray, FloatArray]],
        skeleton: Skeleton,
        sure: float = 0.3,
        same: float = SAME,
    ) -> None:
        self._detector = detector
        self._pose_model = pose_model
        self.skeleton = skeleton
        self.sure = sure
        self.same = same

    def __call__(self, image: ImageArray) -> Poses:
        """The poses in the boxes of which the detector is sure, one of each person."""
        boxes = self.detect(image)
        poses = self.poses_in(image, boxes[boxes[:, 4] >= self.sure])
        return poses[~seen_twice(poses, self.skeleton, self.same)]

    def detect(self, image: ImageArray) -> FloatArray:
        """(N, 5) every box that the detector finds, also those below `sure`.

        Raises:
            InputError: it gives something else.
        """
        return checked_boxes(self._detector(image), "detector")

    def poses_in(self, image: ImageArray, boxes: FloatArray) -> Poses:
        """The N poses in boxes (N, 5), in their order.

        A pose's score is AlphaPose's, box + mean + 1.25 · largest keypoint score, divided by 3.25,
        the most it can be: what our trackers' thresholds were found on.

        Raises:
            InputError: the pose model gives something else than poses of the skeleton.
        """
        keypoints, scores = self._pose_model(image, boxes[:, :4])
        total = boxes[:, 4] + scores.mean(axis=1) + 1.25 * scores.max(axis=1, initial=0.0)
        poses = Poses.from_keypoints(keypoints, scores, total / 3.25, boxes[:, :4])
        return checked_poses(poses, self.skeleton, "pose model")
