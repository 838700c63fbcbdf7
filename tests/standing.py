"""People who stand where they are put: the smallest world to track in."""

from __future__ import annotations

import numpy as np

from poseflow.poses import Poses
from poseflow.skeletons import skeleton

COCO = skeleton("coco-17")
# A standing person about (0, 0), 100 pixels tall.
SHAPE = np.stack(
    [
        [0, -3, 3, -6, 6, -15, 15, -20, 20, -22, 22, -9, 9, -10, 10, -10, 10],
        [-45, -48, -48, -46, -46, -30, -30, -10, -10, 8, 8, 5, 5, 28, 28, 50, 50],
    ],
    axis=1,
).astype(float)


def people_at(*centres: tuple[float, float], score: float = 0.9) -> Poses:
    points = np.array(centres, dtype=float).reshape(-1, 1, 2) + SHAPE
    return Poses.from_keypoints(
        points, np.full(points.shape[:2], score), np.full(len(points), score)
    )
