"""MoveNet MultiPose as an estimator of one's own: up to six people at one look.

    export MOVENET_MULTIPOSE=movenet-multipose.onnx
    poseflow track match.mp4 --estimator movenet_multipose:estimator --out results/

Run it in the folder of this file. An estimator is a function from an image to poses; `skeleton`
tells what the keypoints are.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from poseflow import Poses
from poseflow.estimators.sessions import open_session
from poseflow.estimators.warping import letterboxed

SIDE = int(os.environ.get("MOVENET_SIDE", "512"))
"""The longer side that the network sees, a multiple of 32: 256 is fast, and blind to the small."""

SURE = 0.15
"""Score from which one of the six is a person."""

session = open_session(Path(os.environ.get("MOVENET_MULTIPOSE", "movenet-multipose.onnx")))


def estimator(image: np.ndarray) -> Poses:
    """The poses in an image (H, W, 3) uint8 BGR."""
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = tuple(-(-int(side * scale) // 32) * 32 for side in (width, height))
    canvas, scale = letterboxed(image, size)
    # Ten times as fast as [..., ::-1] before a change of type.
    red_first = cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB)
    found = session.run(None, {"input": red_first[None].astype(np.int32)})[0][0]
    found = found[found[:, 55] >= SURE].astype(np.float64)
    points = found[:, :51].reshape(-1, 17, 3)
    # MoveNet tells rows before columns, as shares of the canvas.
    pixels = np.array(size) / scale
    boxes = found[:, [52, 51, 54, 53]] * np.tile(pixels, 2)
    return Poses.from_keypoints(points[..., 1::-1] * pixels, points[..., 2], found[:, 55], boxes)


estimator.skeleton = "coco-17"
