"""RTMDet-nano and MoveNet Lightning as an estimator of one's own: boxes first, then who is in them.

    export RTMDET=rtmdet-nano.onnx MOVENET_LIGHTNING=movenet-lightning.onnx
    poseflow track match.mp4 --estimator rtmdet_lightning:estimator --detect-every 3 --out results/

Run it in the folder of this file. Having two steps, it can be told where people are expected
(`--detect-every`).
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from poseflow import skeleton
from poseflow.estimators import Detector, TwoStep
from poseflow.estimators.sessions import open_session
from poseflow.estimators.warping import crops, framed

SIDE = 192
"""What Lightning looks at: a square of so many pixels."""

MARGIN = 1.2
"""Side of the square for each longer side of a box."""

lightning = open_session(Path(os.environ.get("MOVENET_LIGHTNING", "movenet-lightning.onnx")))


def keypoints(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (N, 17, 2) in pixels and their scores (N, 17), of the people in boxes (N, 4)."""
    squares = framed(boxes, (SIDE, SIDE), MARGIN)
    found = np.empty((len(boxes), 17, 3))
    for index, crop in enumerate(crops(image, squares, (SIDE, SIDE))):
        shown = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)[None].astype(np.int32)
        found[index] = lightning.run(None, {"input": shown})[0][0, 0]
    sides = (squares[:, 2:] - squares[:, :2])[:, None]
    return squares[:, None, :2] + found[..., 1::-1] * sides, found[..., 2]


detector = Detector(Path(os.environ.get("RTMDET", "rtmdet-nano.onnx")))
estimator = TwoStep(detector, keypoints, skeleton("coco-17"))
