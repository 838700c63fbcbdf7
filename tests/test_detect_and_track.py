"""Detect-and-Track's rule: boxes, the previous frame, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from poseflow.poses import NO_ID, Poses
from poseflow.tracking import SETTINGS, Tracker, detect_and_track


def boxes(*corners: tuple[float, float], scores: list[float] | None = None) -> Poses:
    """Poses whose boxes are squares of 10 pixels at these corners."""
    low = np.array(corners, dtype=float).reshape(-1, 1, 2)
    points = np.concatenate([low, low + 10], axis=1)
    return Poses.from_keypoints(points, np.ones(points.shape[:2]), scores)


def ids_of(frames: list[Poses]) -> list[list[int]]:
    tracker = Tracker(rule=detect_and_track())
    return [tracker.update(poses).track_ids.tolist() for poses in frames]


def test_the_sum_of_overlaps_is_made_largest():
    # In a row: a at 0, b at 6; then one at 4 and one at 9.5. b overlaps the first by 8 of 10 and
    # the second by 6.5, a the first by 6 and the second by 0.5. IoU: b-first 2/3, a-first 3/7,
    # b-second 0.48, a-second 0.026; 3/7 + 0.48 is more than 2/3 + 0.026.
    frames = [boxes((0, 0), (6, 0)), boxes((4, 0), (9.5, 0))]
    assert ids_of(frames) == [[1, 2], [1, 2]]


def test_who_is_missed_once_is_somebody_else():
    assert ids_of([boxes((0, 0)), boxes(), boxes((0, 0))]) == [[1], [], [2]]


def test_boxes_that_only_touch_are_not_one_person():
    assert ids_of([boxes((0, 0)), boxes((10, 0))]) == [[1], [2]]


def test_only_confident_poses_take_part():
    frames = [boxes((0, 0), scores=[0.5]), boxes((0, 0), (1, 0), scores=[0.49, 0.9])]
    assert ids_of(frames) == [[1], [NO_ID, 1]]


def test_a_pose_without_score_is_confident():
    frames = [boxes((0, 0), scores=[np.nan])] * 2
    assert ids_of(frames) == [[1], [1]]


@pytest.mark.parametrize("frames", [[], [boxes()], [boxes(), boxes((0, 0))]])
def test_empty_frames_are_frames(frames):
    assert ids_of(frames) == [[1] * len(poses) for poses in frames]


def test_it_is_a_setting():
    assert SETTINGS["detect-and-track"] is detect_and_track
