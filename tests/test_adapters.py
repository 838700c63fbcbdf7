"""What other packages answer, made into poses: their own classes, and stand-ins for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from poseflow import InputError
from poseflow.estimators import adapters

POINTS = np.arange(1.0, 69.0).reshape(2, 17, 2)
"""Two people; the second is without its third keypoint."""
SCORES = np.linspace(0.1, 0.9, 34).reshape(2, 17)
BOXES = np.array([[0.0, 0.0, 40.0, 40.0], [30.0, 30.0, 70.0, 70.0]])
SURE = np.array([0.8, 0.6])


def with_a_gap(missing: float) -> np.ndarray:
    points = POINTS.copy()
    points[1, 2] = missing
    return points


def expected(poses: Any, *, boxes: bool = True, sure: bool = True) -> None:
    """That these are the two people."""
    np.testing.assert_allclose(poses.keypoints, with_a_gap(np.nan), rtol=1e-6)
    scores = SCORES.copy()
    scores[1, 2] = 0
    np.testing.assert_allclose(poses.keypoint_scores, scores, rtol=1e-6)
    if boxes:
        np.testing.assert_allclose(poses.boxes, BOXES)
    if sure:
        np.testing.assert_allclose(poses.scores, SURE, rtol=1e-6)


class Tensor:
    """What a tensor on another device is: no array, before it was brought here."""

    def __init__(self, values: np.ndarray, steps: tuple[str, ...] = ("detach", "cpu", "numpy")):
        self._values, self._steps = values, steps

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not self._steps or name != self._steps[0]:
            raise AttributeError(name)
        rest = self._steps[1:]
        return lambda: Tensor(self._values, rest) if rest else self._values


# ------------------------------------------------------------------------------ Ultralytics


def ultralytics_table() -> np.ndarray:
    return np.concatenate([with_a_gap(0), SCORES[..., None]], axis=2)


def test_ultralytics_stand_in():
    result = SimpleNamespace(
        keypoints=SimpleNamespace(data=Tensor(ultralytics_table())),
        boxes=SimpleNamespace(conf=Tensor(SURE), xyxy=Tensor(BOXES)),
    )
    expected(adapters.from_ultralytics(result))


def test_ultralytics_nobody():
    for shape in ((0, 17, 3), (0, 0, 17), (0, 17)):
        result = SimpleNamespace(keypoints=SimpleNamespace(data=np.empty(shape)), boxes=None)
        assert len(adapters.from_ultralytics(result)) == 0


def test_ultralytics_without_scores():
    result = SimpleNamespace(
        keypoints=SimpleNamespace(data=POINTS), boxes=SimpleNamespace(conf=SURE, xyxy=BOXES)
    )
    poses = adapters.from_ultralytics(result)
    assert np.isnan(poses.keypoint_scores).all()
    assert poses.scores.tolist() == SURE.tolist()


def test_ultralytics_of_another_task():
    with pytest.raises(InputError, match="expected the result of a pose model"):
        adapters.from_ultralytics(SimpleNamespace(keypoints=None))


def test_ultralytics_own_class():
    pytest.importorskip("ultralytics", reason="ultralytics is not installed", exc_type=ImportError)
    from ultralytics.engine.results import Results

    boxes = np.concatenate([BOXES, SURE[:, None], np.zeros((2, 1))], axis=1)
    names, image = {0: "person"}, np.zeros((80, 80, 3), np.uint8)
    result = Results(image, "image.jpg", names, boxes=boxes, keypoints=ultralytics_table())
    expected(adapters.from_ultralytics(result))
    nobody = Results(image, "", names, boxes=boxes[:0], keypoints=ultralytics_table()[:0])
    assert adapters.from_ultralytics(nobody).keypoints.shape == (0, 17, 2)


# ------------------------------------------------------------------------------ supervision


def test_supervision_stand_in():
    key_points = SimpleNamespace(
        xy=with_a_gap(0), keypoint_confidence=SCORES, detection_confidence=SURE, visible=None
    )
    expected(adapters.from_supervision(key_points), boxes=False)


def test_supervision_before_it_told_two_confidences_apart():
    poses = adapters.from_supervision(SimpleNamespace(xy=with_a_gap(0), confidence=SCORES))
    expected(poses, boxes=False, sure=False)


def test_supervision_own_class():
    sv = pytest.importorskip("supervision", reason="supervision is not installed")
    key_points = sv.KeyPoints(
        xy=with_a_gap(0).astype(np.float32),
        keypoint_confidence=SCORES.astype(np.float32),
        detection_confidence=SURE.astype(np.float32),
    )
    expected(adapters.from_supervision(key_points), boxes=False)
    visible = np.ones((2, 17), bool)
    visible[0, 5] = False
    seen = sv.KeyPoints(xy=POINTS.astype(np.float32), visible=visible)
    assert np.isnan(adapters.from_supervision(seen).keypoints[0, 5]).all()
    assert len(adapters.from_supervision(sv.KeyPoints.empty())) == 0


# ------------------------------------------------------------------------------ MediaPipe


def landmarks(mark: Any) -> list[list[Any]]:
    """One person of 33 landmarks: number i at (i, 2 i) hundredths of the image's sides."""
    return [[mark(x=i / 100, y=i / 50, z=0.0, visibility=i / 33) for i in range(33)]]


def expected_landmarks(poses: Any) -> None:
    # 200 x 100 pixels: two for a hundredth across, and 2 i hundredths of 100 down.
    number = np.arange(33.0)
    np.testing.assert_allclose(poses.keypoints[0], np.stack([2 * number, 2 * number], axis=1))
    np.testing.assert_allclose(poses.keypoint_scores[0], number / 33)


def test_mediapipe_stand_ins():
    people = landmarks(SimpleNamespace)
    expected_landmarks(adapters.from_mediapipe(SimpleNamespace(pose_landmarks=people), 200, 100))
    before = SimpleNamespace(pose_landmarks=SimpleNamespace(landmark=people[0]))
    expected_landmarks(adapters.from_mediapipe(before, 200, 100))


@pytest.mark.parametrize("nobody", [[], None])
def test_mediapipe_nobody(nobody):
    result = SimpleNamespace(pose_landmarks=nobody)
    assert adapters.from_mediapipe(result, 200, 100).keypoints.shape == (0, 33, 2)


def test_mediapipe_own_classes():
    # Its import warns of what does not concern us.
    script = (
        "from mediapipe.tasks.python.components.containers.landmark import NormalizedLandmark\n"
        "from mediapipe.tasks.python.vision import PoseLandmark, PoseLandmarkerResult\n"
        "import test_adapters as t\n"
        "from poseflow import skeleton\n"
        "from poseflow.estimators import adapters\n"
        "result = PoseLandmarkerResult(t.landmarks(NormalizedLandmark), [], None)\n"
        "t.expected_landmarks(adapters.from_mediapipe(result, 200, 100))\n"
        "ours = [n.replace('left_mouth', 'mouth_left').replace('right_mouth', 'mouth_right')\n"
        "        for n in skeleton('mediapipe-33').keypoints]\n"
        "assert ours == [p.name.lower() for p in PoseLandmark]\n"
    )
    if subprocess.run([sys.executable, "-c", "import mediapipe"], capture_output=True).returncode:
        pytest.skip("mediapipe is not installed")
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr


# ------------------------------------------------------------------------------ MMPose


def test_mmpose_inferencer():
    # As `next(MMPoseInferencer("human")(image))` has it: lists, and boxes in a tuple of one.
    people = [
        {
            "keypoints": points.tolist(),
            "keypoint_scores": scores.tolist(),
            "bbox": (box.tolist(),),
            "bbox_score": sure,
        }
        for points, scores, box, sure in zip(
            with_a_gap(np.nan), SCORES, BOXES, SURE.tolist(), strict=True
        )
    ]
    expected(adapters.from_mmpose({"predictions": [people]}))
    expected(adapters.from_mmpose(people))
    assert len(adapters.from_mmpose({"predictions": [[]]})) == 0
    with pytest.raises(InputError, match="expected the people of one image, got 2"):
        adapters.from_mmpose({"predictions": [people, people]})


def test_mmpose_data_sample():
    found = SimpleNamespace(
        keypoints=with_a_gap(np.nan), keypoint_scores=SCORES, bboxes=BOXES, bbox_scores=Tensor(SURE)
    )
    expected(adapters.from_mmpose(SimpleNamespace(pred_instances=found)))
