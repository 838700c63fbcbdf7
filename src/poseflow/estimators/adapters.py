"""What other packages' pose models answer, as `Poses`. The packages themselves are not needed.

    model = YOLO("yolo11n-pose.pt")

    def estimator(image):
        return adapters.from_ultralytics(model(image, verbose=False)[0])

Each takes the answer for one image. Coordinates that are a package's word for "not there" become
nan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import Poses

FloatArray = NDArray[np.float64]


def from_ultralytics(result: Any) -> Poses:
    """The poses of an `ultralytics.engine.results.Results` of a pose model.

    Its keypoints are mostly COCO's 17. A keypoint at (0, 0) is not there; where the model gives no
    scores of keypoints there are none (nan), and pose scores are those of the boxes.

    Raises:
        InputError: it has no keypoints: the model is no pose model.
    """
    if result.keypoints is None:
        raise InputError("ultralytics: expected the result of a pose model, got no keypoints")
    data = _array(result.keypoints.data)
    # Nobody found is (0, 0, K) or (0, K, 3), from version to version.
    if data.ndim != 3 or not len(data):
        return Poses.empty(data.shape[1] if data.ndim == 3 and data.shape[1] else 17)
    points = _without_origin(data[..., :2])
    return Poses.from_keypoints(
        points,
        data[..., 2] if data.shape[2] > 2 else None,
        _array(result.boxes.conf),
        _array(result.boxes.xyxy),
    )


def from_mediapipe(result: Any, width: int, height: int) -> Poses:
    """The poses of a MediaPipe `PoseLandmarkerResult`, or of what `solutions.pose` gave before it.

    33 keypoints a person (skeleton mediapipe-33). A keypoint's score is its visibility. Landmarks
    beyond the image's edges, which MediaPipe guesses, stay.

    Args:
        result: with `pose_landmarks`.
        width: of the image in pixels; the landmarks are shares of it.
        height: the same.
    """
    people = result.pose_landmarks
    if people is None:
        people = []
    elif hasattr(people, "landmark"):
        people = [people.landmark]
    if not len(people):
        return Poses.empty(33)
    table = np.array(
        [[(mark.x, mark.y, mark.visibility) for mark in person] for person in people], np.float64
    )
    return Poses.from_keypoints(table[..., :2] * [width, height], np.clip(table[..., 2], 0, 1))


def from_supervision(key_points: Any) -> Poses:
    """The poses of a `supervision.KeyPoints`; (0, 0) is a keypoint that is not there.

    Older versions call the keypoints' scores `confidence`. Without people it does not know
    how many keypoints they have; COCO's 17 are taken.
    """
    xy = np.asarray(key_points.xy, dtype=np.float64)
    if xy.ndim != 3 or not len(xy):
        return Poses.empty(xy.shape[1] if xy.ndim == 3 and xy.shape[1] else 17)
    points = _without_origin(xy)
    if (visible := getattr(key_points, "visible", None)) is not None:
        points = np.where(np.asarray(visible, dtype=bool)[..., None], points, np.nan)
    # Where there are both, the older name warns.
    old = not hasattr(key_points, "keypoint_confidence")
    scores = key_points.confidence if old else key_points.keypoint_confidence
    return Poses.from_keypoints(
        points, _clipped(scores), _clipped(getattr(key_points, "detection_confidence", None))
    )


def from_mmpose(result: Any) -> Poses:
    """The poses that MMPose gives: a `PoseDataSample`, or what its `MMPoseInferencer` yields.

    Args:
        result: with `pred_instances`; or a dict with `predictions`, a list for each of its images,
            of which this must be one; or that list itself.

    Raises:
        InputError: it holds several images, or nobody, of whom nothing tells the keypoints.
    """
    if hasattr(result, "pred_instances"):
        found = result.pred_instances
        boxes, box_scores = getattr(found, "bboxes", None), getattr(found, "bbox_scores", None)
        return Poses.from_keypoints(
            _array(found.keypoints),
            _clipped(_array(found.keypoint_scores)),
            None if box_scores is None else _clipped(_array(box_scores)),
            None if boxes is None else _array(boxes),
        )
    people = _one_image(result["predictions"] if isinstance(result, Mapping) else result)
    if not people:
        return Poses.empty(17)
    # A box comes as [[x0, y0, x1, y1]] or ([x0, y0, x1, y1],), from version to version.
    boxed = all("bbox" in person for person in people)
    scored = all("bbox_score" in person for person in people)
    return Poses.from_keypoints(
        [person["keypoints"] for person in people],
        _clipped([person["keypoint_scores"] for person in people]),
        _clipped([person["bbox_score"] for person in people]) if scored else None,
        np.reshape([person["bbox"] for person in people], (-1, 4)) if boxed else None,
    )


def _one_image(predictions: Sequence[Any]) -> Sequence[Any]:
    if predictions and isinstance(predictions[0], Sequence):
        if len(predictions) > 1:
            raise InputError(f"mmpose: expected the people of one image, got {len(predictions)}")
        (people,) = predictions
        return list(people)
    return predictions


def _array(values: Any) -> FloatArray:
    """An array of a NumPy array, a list, or a tensor on any device."""
    for step in ("detach", "cpu", "numpy"):
        values = getattr(values, step)() if hasattr(values, step) else values
    return np.asarray(values, dtype=np.float64)


def _clipped(scores: Any) -> FloatArray | None:
    return None if scores is None else np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)


def _without_origin(points: FloatArray) -> FloatArray:
    return np.where((points == 0).all(axis=-1, keepdims=True), np.nan, points)
