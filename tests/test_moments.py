"""How frames are joined: who is a candidate to follow whom, and who is carried over."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.frames import Correspondences
from poseflow.poses import Poses
from poseflow.tracking.default import default
from poseflow.tracking.flows import FlowTracker
from poseflow.tracking.moments import Moment, moment

nan = np.nan


def following(
    before: Moment | None,
    poses: Poses,
    known: Correspondences | None = None,
    *,
    candidate: float = 2.0,
    square: float = 0.1,
) -> Moment:
    return moment(
        before,
        poses,
        known,
        is_cut=False,
        square=square,
        candidate=candidate,
        fading=0.5,
        patience=4,
        variances=np.full(poses.n_keypoints, 0.01),
        motion=default(),
        fps=25.0,
    )


def few(x: float, seen: int, k: int) -> Poses:
    """A person 100 pixels tall at (x, 100), of whose k keypoints an estimator sees the first."""
    keypoints = np.full((1, k, 2), nan)
    keypoints[0, :seen, 0], keypoints[0, :seen, 1] = x, 100 + 80 * (np.arange(seen) / 10 - 0.3)
    return Poses.from_keypoints(
        keypoints, np.where(np.isnan(keypoints[..., 0]), 0, 0.9), [0.9], [[x - 20, 50, x + 20, 150]]
    )


@pytest.mark.parametrize(
    ("seen", "k"), [(1, 1), (2, 2), (3, 3), (1, 17)], ids=["one", "two", "three", "one-of-17"]
)
@pytest.mark.parametrize("images", [False, True])
def test_who_has_few_keypoints_keeps_an_id(seen, k, images):
    def moved(points):
        return Correspondences(points, points + np.array([2.0, 0.0]))

    tracker, final = FlowTracker(), []
    for t in range(25):
        known = moved if images else None
        final += tracker.update(few(100 + 2 * t, seen, k), correspondences=known)
    assert [f.poses.track_ids.tolist() for f in final + tracker.finish()] == [[1]] * 25


@pytest.mark.parametrize(
    ("seen", "of_each", "follows"),
    [
        # Half of one keypoint, of two, of three; of four and more, the two that all others need.
        (1, 2, True),  # 1 / 2
        (1, 3, False),
        (2, 2, True),  # 2 / 2
        (2, 3, False),
        (3, 2, True),  # 3 / 2
        (3, 3, False),
        (4, 2, True),  # 4 / 2
        (4, 3, False),
        (8, 4, True),  # 8 / 4
        (8, 5, False),
    ],
)
def test_half_of_what_a_pose_has_is_enough_to_follow_it(seen, of_each, follows):
    # Of so many points of each square one goes along; the others end nowhere near.
    pose = few(100, seen, 17)
    source = np.repeat(pose.keypoints[0, :seen], of_each, axis=0)
    target = source + [[300.0, 0.0]] * (np.arange(len(source)) % of_each > 0)[:, None]
    now = following(following(None, pose), pose, Correspondences(source, target), square=0.05)
    assert now.edges[0, 0] == pytest.approx(seen / of_each)
    assert now.bars.tolist() == [min(2, seen / 2)]
    assert now.hits[0] == (2 if follows else 1)


@pytest.mark.parametrize(("k", "bar"), [(1, 1 / 2), (2, 2 / 2), (3, 3 / 2), (4, 2), (17, 2)])
def test_without_images_half_of_the_skeleton_is_enough(k, bar):
    pose = few(100, 1, k)
    assert following(following(None, pose), pose).bars.tolist() == [bar]


def test_who_has_no_keypoint_is_followed_by_nobody():
    nobody = Poses.from_keypoints(np.full((1, 17, 2), nan), None, [0.9], [[80, 50, 120, 150]])
    everywhere = np.mgrid[80:120:5, 50:150:5].reshape(2, -1).T.astype(float)
    here = Correspondences(everywhere, everywhere)
    now = following(following(None, nobody), frame_of(person(100, 100)), here)
    assert now.hits.tolist() == [1]


def test_who_was_seen_once_is_not_carried_over_and_who_was_seen_twice_is():
    once = following(None, frame_of(person(100, 100)))
    assert len(following(once, frame_of()).poses) == 0
    twice = following(once, frame_of(person(103, 100)))
    now = following(twice, frame_of())
    assert np.allclose(now.poses.keypoints, [person(106, 100)])
    # Half of .9, for one frame that nobody saw; a step to it shares all of 17 points.
    assert np.allclose(now.poses.keypoint_scores, 0.5 * 0.9)
    assert now.poses.scores.tolist() == [0.5 * 0.9]
    assert now.edges.tolist() == [[17]]
    assert (now.hits.tolist(), now.unseen.tolist()) == ([3], [1])
