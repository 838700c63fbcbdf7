"""The paper's measures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from poseflow.poses import Poses
from poseflow.tracking.distances import (
    confidences,
    joint_squares,
    points_in_squares,
    pose_distance,
    shared_points,
    sizes,
)

nan = np.nan


def test_a_pose_is_worth_its_score_and_the_mean_and_the_largest_of_its_keypoints():
    poses = Poses.from_keypoints(
        [[[0, 0], [1, 0], [2, 0], [nan, nan]]] * 2, [[0.2, 0.4, 0.9, 0.0]] * 2, [0.5, nan]
    )
    # The one missing counts 0 in the mean, the score that is not known 1.
    mean = (0.2 + 0.4 + 0.9 + 0) / 4
    assert confidences(poses).tolist() == pytest.approx([0.5 + mean + 0.9, 1 + mean + 0.9])


def test_keypoints_without_scores_are_worth_one():
    poses = Poses.from_keypoints([[[0, 0], [1, 0], [nan, nan]]], None, [0.5])
    assert confidences(poses).tolist() == pytest.approx([0.5 + 2 / 3 + 1])


def test_the_square_of_a_joint_is_a_share_of_the_longer_side():
    pose = Poses.from_keypoints([[[50, 60], [nan, nan]]], None, [0.9], [[0, 0, 80, 200]])
    assert sizes(pose).tolist() == [200]
    squares = joint_squares(pose, 0.1)
    # A tenth of 200, so 10 to each side.
    assert squares[0, 0].tolist() == [50 - 10, 60 - 10, 50 + 10, 60 + 10]
    assert np.isnan(squares[0, 1]).all()


def test_points_stand_evenly_in_a_square():
    points = points_in_squares(np.array([[[0.0, 0, 6, 6], [nan] * 4]]))
    assert sorted(points.tolist()) == [[x, y] for x in (1, 3, 5) for y in (1, 3, 5)]


def test_shared_points_are_shares_of_those_that_start_summed_over_the_joints():
    squares = np.array([[[0.0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]]])
    # 3 of 4 end in the first joint's square; of the second, 1 of 2, and the other ends in the
    # first's; none starts in the third.
    source = np.array([[1.0, 1], [2, 1], [3, 1], [4, 1], [21, 1], [22, 1], [90, 90]])
    target = np.array([[1.0, 9], [2, 9], [3, 9], [4, 99], [21, 9], [2, 9], [45, 5]])
    elsewhere = squares + 500
    shared = shared_points(source, target, squares, np.concatenate([elsewhere, squares]))
    assert shared.tolist() == [[0, 3 / 4 + 1 / 2]]


def test_the_distance_of_two_poses_of_a_frame():
    # 100 pixels large. The second joint is 3 pixels off, 0.3 tenths; the third 6, and so not in the
    # square around the first's, 5 to each side.
    one = Poses.from_keypoints([[[0, 0], [0, 50], [0, 100]]], [[0.9, 0.7, 0.5]], [0.9])
    other = Poses.from_keypoints([[[0, 0], [3, 50], [6, 100]]], [[0.3, 0.2, 0.1]], [0.9])
    k = np.tanh(0.9) * np.tanh(0.3) + np.tanh(0.7) * np.tanh(0.2)
    h = 1 + np.exp(-(0.3**2) / 2.65) + np.exp(-(0.6**2) / 2.65)
    assert pose_distance(one, other, near=0.1)[0, 0] == pytest.approx(1 / k + 1.7 / h)
