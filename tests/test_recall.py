"""Who was lost and comes back: by place, by size, and where the number of people is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.poses import NO_ID, Poses
from poseflow.tracking import Tracker, default, published
from poseflow.tracking.recall import closeness, nearness
from standing import COCO, people_at


def tracked(frames: list[Poses], rule: default | None = None, fps: float = 25.0):
    tracker = Tracker(COCO, rule, fps=fps)
    return [tracker.update(poses).track_ids.tolist() for poses in frames]


def test_nearness_falls_with_distance_and_with_the_logarithm_of_the_size():
    lost = np.array([[0.0, 0.0, 10.0, 40.0]])  # of size 20; its middle is at (5, 20)
    now = np.array(
        [[0, 0, 10, 40], [40, 0, 50, 40], [90, 0, 100, 40], [-5, -20, 15, 60], [0, 0, np.nan, 1]]
    )
    # Where it was; 2 sizes away of 4; 4.5 away; in the same place and twice as large.
    np.testing.assert_allclose(nearness(lost, now, np.array([4.0])), [[1, 0.5, 0, 0, 0]])
    np.testing.assert_allclose(closeness(lost, now), [[1, 1 / 3, 1 / 5.5, 1 / 2, 1e-9]])


@pytest.mark.parametrize(
    ("distance", "ids"),
    [pytest.param(150.0, {1}, id="near"), pytest.param(300.0, {1, 2}, id="far")],
)
def test_somebody_new_is_who_was_lost_nearby(distance, ids):
    # A person's box is 44 × 98, of size 66: four sizes, which a second is enough for, are 263.
    frames = [people_at((100, 200))] * 10 + [people_at()] * 30
    frames += [people_at((100 + distance, 200))] * 5
    assert {i for of_frame in tracked(frames) for i in of_frame} == ids


def test_nobody_gets_far_at_once():
    # Two frames later, at 3.75 sizes a second: 3 · 0.04 · 3.75 = 0.45 sizes, 30 pixels.
    frames = [people_at((100, 200))] * 10 + [people_at()] * 2 + [people_at((250, 200))]
    assert tracked(frames)[-1] == [2]


def test_who_stands_in_view_keeps_the_id_against_who_is_new():
    frames = [people_at((100, 200), (160, 200))] * 10 + [people_at((100, 200))] * 20
    frames += [people_at((100, 200), (200, 200))] * 3
    assert tracked(frames)[-1] == [1, 2]


def test_times_are_seconds_at_any_rate_of_frames():
    def frames(fps: int) -> list[Poses]:
        there, away = people_at((100, 200)), people_at()
        return [there] * fps + [away] * (4 * fps) + [there] * fps

    for fps in (5, 25, 100):
        assert tracked(frames(fps), fps=fps)[-1] == [2]
        assert tracked(frames(fps), default(memory=5.0), fps=fps)[-1] == [1]


def test_where_people_are_known_nobody_is_forgotten_and_somebody_new_is_who_was_lost():
    frames = [people_at((100, 200), (400, 200))] * 10 + [people_at((100, 200))] * 500
    frames += [people_at((100, 200), (900, 500))] * 2
    assert tracked(frames)[-1] == [1, 3]
    assert tracked(frames, default(people=2))[-1] == [1, 2]


def test_where_all_are_in_view_one_more_is_nobody():
    frames = [people_at((100, 200), (400, 200))] * 10
    frames += [people_at((100, 200), (400, 200), (700, 200))] * 20
    assert tracked(frames, default(people=2))[-1] == [1, 2, NO_ID]


def test_of_too_many_at_once_the_surest_are_taken():
    sure, less = people_at((100, 200), (400, 200)), people_at((700, 200), score=0.6)
    frame = Poses.from_keypoints(
        np.concatenate([less.keypoints, sure.keypoints]),
        np.concatenate([less.keypoint_scores, sure.keypoint_scores]),
        np.concatenate([less.scores, sure.scores]),
    )
    assert tracked([frame] * 3, default(people=2)) == [[NO_ID, 1, 2]] * 3


def test_who_is_believed_after_a_while_takes_the_last_place_before_who_comes_just_then():
    # One is known, a weak one goes on for five frames, and in the fifth a sure one comes.
    known, weak, sure = (
        people_at((x, 200), score=s) for x, s in ((100, 0.9), (400, 0.45), (700, 0.9))
    )

    def together(*people: Poses) -> Poses:
        parts = [(p.keypoints, p.keypoint_scores, p.scores) for p in people]
        return Poses.from_keypoints(*map(np.concatenate, zip(*parts, strict=True)))

    frames = [together(known, weak)] * 4 + [together(known, weak, sure)] * 3
    ids = tracked(frames, default(people=2))
    assert ids == [[1, NO_ID]] * 4 + [[1, 2, NO_ID]] * 3
    assert tracked(frames)[4] == [1, 2, 3]


def test_nobody_cannot_be_counted():
    with pytest.raises(InputError, match="people: expected at least 1, got 0"):
        default(people=0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_people_is_a_limit_at_once_and_in_all(seed, people):
    rng = np.random.default_rng(seed)
    frames = [
        people_at(*rng.uniform(0, 600, (rng.integers(0, 6), 2)), score=rng.uniform(0.3, 1))
        for _ in range(rng.integers(1, 30))
    ]
    ids = tracked(frames, default(people=people))
    named = [[i for i in of_frame if i != NO_ID] for of_frame in ids]
    assert {i for of_frame in named for i in of_frame} <= set(range(1, people + 1))
    assert all(len(set(of_frame)) == len(of_frame) for of_frame in named)


def test_the_published_rule_counts_frames_at_any_rate():
    assert published(link=100).remembers(25.0) == published(link=100).remembers(50.0) == 99


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_is_refused(fps):
    with pytest.raises(InputError, match="fps: expected a number of frames a second above 0"):
        Tracker(COCO, fps=fps)
