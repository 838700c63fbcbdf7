from __future__ import annotations

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton


def test_what_an_estimator_does_not_tell_is_filled_in():
    points = [[[0, 0], [4, 3], [np.nan, 7]]]
    poses = Poses.from_keypoints(points, [[0.5, 0.9, 0.8]])
    assert np.isnan(poses.keypoints[0, 2]).all()  # half a keypoint is none
    assert poses.keypoint_scores[0].tolist() == [0.5, 0.9, 0.0]
    assert poses.scores[0] == pytest.approx(0.7)  # of the two that were detected
    assert poses.boxes[0].tolist() == [0, 0, 4, 3]
    assert poses.track_ids.tolist() == poses.rows.tolist() == [-1]


def test_a_given_box_is_kept_and_a_missing_one_made():
    points = np.array([[[0.0, 0], [4, 3]]] * 2)
    poses = Poses.from_keypoints(points, boxes=[[9, 9, 10, 10], [np.nan] * 4])
    assert poses.boxes.tolist() == [[9, 9, 10, 10], [0, 0, 4, 3]]


def test_no_scores_are_nan_and_not_a_number_of_their_own():
    poses = Poses.from_keypoints([[[0, 0], [np.nan, np.nan]]])
    assert np.isnan(poses.keypoint_scores[0, 0])
    assert poses.keypoint_scores[0, 1] == 0
    assert np.isnan(poses.scores[0])


def test_some_of_the_poses():
    poses = Poses.from_keypoints(np.arange(12.0).reshape(3, 2, 2), track_ids=[7, 8, 9])
    assert poses[np.array([True, False, True])].track_ids.tolist() == [7, 9]
    assert poses[[2, 0]].track_ids.tolist() == [9, 7]
    assert poses[1].track_ids.tolist() == poses[1:2].track_ids.tolist() == [8]
    assert len(poses[np.zeros(3, dtype=bool)]) == 0


def test_ids_make_a_new_object():
    poses = Poses.from_keypoints(np.zeros((2, 1, 2)))
    assert poses.with_track_ids([3, 4]).track_ids.tolist() == [3, 4]
    assert poses.track_ids.tolist() == [-1, -1]


def test_an_empty_frame():
    poses = Poses.empty(17)
    assert len(poses) == 0
    assert poses.n_keypoints == 17


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        pytest.param("keypoints", np.zeros((2, 3)), r"\(N, K, 2\), got \(2, 3\)", id="flat"),
        pytest.param("keypoint_scores", np.zeros((2, 4)), r"\(2, 3\), got \(2, 4\)", id="scores"),
        pytest.param("scores", np.zeros(3), r"scores: expected shape \(2,\), got \(3,\)", id="one"),
        pytest.param("track_ids", [1], r"track_ids: expected shape \(2,\), got \(1,\)", id="ids"),
    ],
)
def test_a_wrong_shape_says_expected_and_got(field, value, message):
    given = {"keypoints": np.zeros((2, 3, 2)), field: value}
    with pytest.raises(InputError, match=message):
        Poses.from_keypoints(**given)


def test_ids_are_put_into_frames_when_they_are_looked_at():
    frames = [Poses.from_keypoints(np.zeros((n, 17, 2))) for n in (2, 0, 1)]
    clip = Sequence(skeleton("coco-17"), frames, ("a", "b", "c"))
    tracked = clip.with_track_ids([[1, 2], [], [2]])
    assert [p.track_ids.tolist() for p in tracked.frames] == [[1, 2], [], [2]]
    assert [len(p) for p in tracked.frames[1:]] == [0, 1]
    with pytest.raises(InputError, match="3 frames, got 1"):
        clip.with_track_ids([[1, 2]])


def test_every_frame_has_an_image_name():
    with pytest.raises(InputError, match="each of the 1 frames, got 0"):
        Sequence(skeleton("coco-17"), [Poses.empty(17)], ())
