"""Estimate the poses of a video with two small models, one row a person in AlphaPose's list format.

    python examples/estimate_demo_poses.py demo.mp4 --detector rtmdet-nano.onnx \
        --pose-model movenet-lightning.onnx --out poses.json

RTMDet-nano finds the people, MoveNet Lightning the 17 COCO keypoints of each. Frames know nothing
of each other and poses get no ids: that is what poseflow is for. Needs onnxruntime besides.

The poses that `poseflow demo` runs on were made so.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from poseflow.files import whole_file
from poseflow.video import open_video, read_frames

Array = NDArray[np.float64]

# The pixel statistics that RTMDet was trained with, BGR (its configuration in MMDetection).
MEAN = np.array([103.53, 116.28, 123.675], dtype=np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], dtype=np.float32)
PERSON = 0
# What MoveNet Lightning looks at: a square of so many pixels.
SIDE = 192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--detector", type=Path, required=True, help="RTMDet as ONNX")
    parser.add_argument("--pose-model", type=Path, required=True, help="MoveNet Lightning as ONNX")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--least", type=float, default=0.25, help="least score of a box, 0 to 1")
    parser.add_argument("--side", type=int, default=640, help="longer side the detector sees")
    parser.add_argument(
        "--margin", type=float, default=1.1, help="side of the crop per longer side of the box"
    )
    args = parser.parse_args()

    detector, pose_model = session(args.detector), session(args.pose_model)
    rows = []
    for frame in read_frames(open_video(args.video), color=True):
        boxes, scores = find_people(detector, frame.image, args.side, args.least)
        for box, score in zip(boxes, scores, strict=True):
            keypoints = find_keypoints(pose_model, frame.image, box, args.margin)
            rows.append(as_row(frame.index, keypoints, box, score))
    with whole_file(args.out) as temporary:
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        temporary.write_text(f"[\n{lines}\n]\n")
    print(f"{args.out}: {len(rows)} poses")


def session(path: Path) -> Any:
    """A model that lets go of the processor while it waits: two that spin slow each other down."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def find_people(
    detector: Any, image: NDArray[np.uint8], side: int, least: float
) -> tuple[Array, Array]:
    """Boxes (N, 4) x0 y0 x1 y1 in pixels of the image (H, W, 3) BGR, and their scores (N,)."""
    scale = side / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    below, right = (-length % 32 for length in small.shape[:2])
    # RTMDet's own filling.
    canvas = cv2.copyMakeBorder(
        small, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(114, 114, 114)
    )
    planes = ((canvas - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
    found, labels = detector.run(["dets", "labels"], {"input": planes})
    people = found[0][(labels[0] == PERSON) & (found[0][:, 4] >= least)].astype(np.float64)
    height, width = image.shape[:2]
    boxes = np.clip(people[:, :4] / scale, 0, [width, height, width, height])
    return boxes, people[:, 4]


def find_keypoints(pose_model: Any, image: NDArray[np.uint8], box: Array, margin: float) -> Array:
    """(17, 3) x and y in pixels of the image and the score in [0, 1], of the person in the box."""
    middle = (box[:2] + box[2:]) / 2
    side = margin * float(max(box[2:] - box[:2]))
    corner = middle - side / 2
    crop = square(image, corner, side)
    found = pose_model.run(None, {"input": crop[None, :, :, ::-1].astype(np.int32)})[0]
    y, x, score = found[0, 0].astype(np.float64).T
    return np.stack([corner[0] + x * side, corner[1] + y * side, score], axis=1)


def square(image: NDArray[np.uint8], corner: Array, side: float) -> NDArray[np.uint8]:
    """The square from that corner on, (SIDE, SIDE, 3); black where it leaves the image."""
    scale = SIDE / side
    # Centres of pixels on centres of pixels.
    shift = scale * (0.5 - corner) - 0.5
    onto = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    if scale < 1:
        # Blurred to the coarser grid first, or thin limbs fall between its points.
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
    return np.asarray(cv2.warpAffine(image, onto, (SIDE, SIDE), flags=cv2.INTER_LINEAR))


def as_row(index: int, keypoints: Array, box: Array, box_score: float) -> dict[str, Any]:
    """One person in AlphaPose's words; its pose score is box + mean + 1.25 · max."""
    scores = keypoints[:, 2]
    rounded = [(round(x, 1), round(y, 1), round(s, 3)) for x, y, s in keypoints.tolist()]
    x0, y0, x1, y1 = box.tolist()
    return {
        "image_id": f"{index}.jpg",
        "category_id": 1,
        "keypoints": [value for point in rounded for value in point],
        "score": round(float(box_score + scores.mean() + 1.25 * scores.max()), 3),
        "box": [round(value, 1) for value in (x0, y0, x1 - x0, y1 - y0)],
    }


if __name__ == "__main__":
    main()
