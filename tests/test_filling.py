"""Gaps in tracks, filled: where, with what score, and what is left open."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.offline.filling import fill
from poseflow.poses import Origin, Poses, Sequence
from tracks import PAIR, assert_same_poses, clip, of


def walk(t: float) -> list[list[float]]:
    """To the right, 3 pixels a frame; the foot 10 pixels below the head."""
    return [[3 * t, 50], [3 * t, 60]]


def back(t: float) -> list[list[float]]:
    return [[30 - 3 * t, 50], [30 - 3 * t, 70]]


def test_a_gap_on_a_straight_path_is_filled_on_it():
    scores = np.array([0.8, 0.8, 0.8, 0, 0, 0, 0.6, 0.9])
    seen = clip({4: walk}, 8, absent={(4, 3), (4, 4), (4, 5)}, scores=scores)
    filled = fill(seen, 3)
    np.testing.assert_allclose(of(filled, 4), [walk(t) for t in range(8)])
    for t in (3, 4, 5):
        pose = filled.frames[t]
        assert pose.origins.tolist() == [Origin.FILLED]
        # Half of the lower of 0.8 and 0.6.
        np.testing.assert_allclose(pose.keypoint_scores, 0.3)
        np.testing.assert_allclose(pose.scores, 0.3)
        np.testing.assert_allclose(pose.boxes, [[3 * t, 50, 3 * t, 60]])
        assert np.isnan(pose.raw_keypoints).all()
    assert [p.origins.tolist() for p in filled.frames[:3]] == [[0]] * 3


def test_where_the_estimator_tells_no_scores_a_filled_pose_has_half_of_the_best():
    seen = clip({1: walk}, 3, absent={(1, 1)}, scores=np.nan)
    pose = fill(seen, 1).frames[1]
    assert (pose.scores.tolist(), pose.keypoint_scores.tolist()) == ([0.5], [[0.5, 0.5]])


def test_a_longer_gap_stays():
    seen = clip({4: walk}, 8, absent={(4, 3), (4, 4), (4, 5)})
    assert [len(poses) for poses in fill(seen, 2).frames] == [1, 1, 1, 0, 0, 0, 1, 1]


def test_on_a_curve_it_is_the_chord():
    # y = t²: from (2, 4) to (6, 36) the chord rises by 8 a frame.
    seen = clip({1: lambda t: [[t, t * t], [t, 0]]}, 8, absent={(1, 3), (1, 4), (1, 5)})
    np.testing.assert_allclose(of(fill(seen, 5), 1)[3:6, 0], [[3, 12], [4, 20], [5, 28]])


def test_a_keypoint_missing_in_a_pose_is_put_in_and_can_be_told():
    scores = np.array([0.8, 0.5, 0.5, 0.4, 0.8])
    seen = clip({1: walk}, 5, missing={(1, 1, 1), (1, 2, 1)}, scores=scores)
    filled = fill(seen, 2)
    np.testing.assert_allclose(of(filled, 1), [walk(t) for t in range(5)])
    pose = filled.frames[2]
    assert pose.origins.tolist() == [Origin.DETECTED]
    np.testing.assert_allclose(pose.keypoint_scores, [[0.5, 0.2]])
    assert pose.scores.tolist() == [0.5]
    np.testing.assert_array_equal(pose.raw_keypoints, [[[6, 50], [np.nan, np.nan]]])
    # The box was that of the keypoints, and still is.
    np.testing.assert_allclose(pose.boxes, [[6, 50, 6, 60]])


def test_what_has_only_one_side_stays_missing():
    missing = {(1, 0, 1), (1, 1, 1), (1, 5, 1)}
    seen = clip({1: walk}, 6, absent={(1, 2)}, missing=missing)
    filled = of(fill(seen, 3), 1)
    assert np.isnan(filled[[0, 1, 2, 5], 1]).all()
    np.testing.assert_allclose(filled[2, 0], [6, 50])


def test_a_keypoint_missing_for_longer_than_the_person_stays_missing():
    # The person is away in frames 2 and 3, the foot from 1 to 4.
    seen = clip({1: walk}, 6, absent={(1, 2), (1, 3)}, missing={(1, 1, 1), (1, 4, 1)})
    filled = of(fill(seen, 3), 1)
    np.testing.assert_allclose(filled[2:4, 0], [[6, 50], [9, 50]])
    assert np.isnan(filled[1:5, 1]).all()
    np.testing.assert_allclose(of(fill(seen, 4), 1), [walk(t) for t in range(6)])


def test_a_person_of_whom_no_keypoint_can_be_told_is_not_put_in():
    missing = {(1, 1, 0), (1, 3, 1)}
    seen = clip({1: walk}, 5, absent={(1, 2)}, missing=missing)
    one_each = clip({1: walk}, 5, absent={(1, 2)}, missing=missing | {(1, 0, 0), (1, 4, 1)})
    assert len(fill(seen, 3).frames[2]) == 1
    assert len(fill(one_each, 3).frames[2]) == 0


def test_people_who_cross_do_not_mix():
    absent = {(1, 4), (1, 5), (2, 5), (2, 6)}
    filled = fill(clip({1: walk, 2: back}, 11, absent=absent), 2)
    np.testing.assert_allclose(of(filled, 1), [walk(t) for t in range(11)])
    np.testing.assert_allclose(of(filled, 2), [back(t) for t in range(11)])


def test_between_two_ids_nothing_is_filled():
    absent = {(1, t) for t in range(3, 8)} | {(2, t) for t in range(5)}
    filled = fill(clip({1: walk, 2: walk}, 8, absent=absent), 5)
    assert [len(poses) for poses in filled.frames] == [1, 1, 1, 0, 0, 1, 1, 1]


def test_poses_without_id_stay_and_stay_first():
    seen = clip({1: walk, -1: back}, 5, absent={(1, 2)})
    filled = fill(seen, 1)
    assert filled.frames[2].track_ids.tolist() == [-1, 1]
    # Two poses without id are not a track.
    seen = clip({-1: walk}, 5, absent={(-1, 2)})
    assert [len(poses) for poses in fill(seen, 3).frames] == [1, 1, 0, 1, 1]


def test_time_counts_where_it_is_known():
    # Frame 2 was taken late: three quarters of the way from frame 1 to frame 3.
    times = np.array([0.0, 1.0, 2.5, 3.0])
    seen = clip({1: walk}, 4, absent={(1, 2)}, times=times)
    np.testing.assert_allclose(of(fill(seen, 1), 1)[2, 0], [3 + 0.75 * 6, 50])


def test_a_detectors_box_is_put_between_its_boxes():
    seen = clip({1: walk}, 3, absent={(1, 1)})
    boxes = {0: [[-5, 40, 5, 70]], 2: [[1, 40, 15, 80]]}
    frames = [
        dataclasses.replace(p, boxes=np.array(boxes[t], dtype=float)) if t in boxes else p
        for t, p in enumerate(seen.frames)
    ]
    (box,) = fill(seen.with_frames(frames), 1).frames[1].boxes
    np.testing.assert_allclose(box, [-2, 40, 10, 75])


def test_a_box_around_the_keypoints_is_around_those_put_in():
    # Head and foot change sides: 20 pixels apart before and after the gap, in it they meet.
    seen = clip({1: lambda t: [[10 * t, 0], [20 - 10 * t, 5]]}, 3, absent={(1, 1)})
    np.testing.assert_allclose(fill(seen, 1).frames[1].boxes, [[10, 0, 10, 5]])


def test_a_detectors_box_alone_is_nobody():
    seen = clip({1: walk}, 3, absent={(1, 1)}, missing={(1, 0, 0), (1, 2, 1)})
    boxed = seen.with_frames(
        dataclasses.replace(p, boxes=np.full((len(p), 4), 9.0)) for p in seen.frames
    )
    assert [len(poses) for poses in fill(boxed, 1).frames] == [1, 0, 1]


def test_a_pose_without_a_keypoint_gets_none():
    missing = {(1, 2, 0), (1, 2, 1)}
    filled = fill(clip({1: walk}, 5, missing=missing), 3)
    assert np.isnan(of(filled, 1)[2]).all()
    assert filled.frames[2].origins.tolist() == [Origin.DETECTED]


def test_of_an_id_that_a_frame_has_twice_the_first_pose_counts():
    seen = clip({1: walk}, 4, absent={(1, 1)})
    twice = Poses.from_keypoints(np.array([walk(2), back(2)]), track_ids=[1, 1])
    filled = fill(seen.with_frames([*seen.frames[:2], twice, seen.frames[3]]), 1)
    np.testing.assert_allclose(filled.frames[1].keypoints, [walk(1)])
    assert [len(poses) for poses in filled.frames] == [1, 1, 2, 1]


@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_nobody_and_hardly_anybody(n_frames):
    for paths in ({}, {1: walk}):
        seen = clip(paths, n_frames)
        assert_same_poses(fill(seen, 5).original(), seen)
        assert [len(p) for p in fill(seen, 5).frames] == [len(p) for p in seen.frames]


def test_gaps_of_nothing_and_of_less():
    seen = clip({1: walk}, 4, absent={(1, 1)}, missing={(1, 2, 0)})
    np.testing.assert_array_equal(of(fill(seen, 0), 1), of(seen, 1))
    with pytest.raises(InputError, match="fill: expected a number of frames, 0 or more, got -1"):
        fill(seen, -1)


@st.composite
def tracked(draw: st.DrawFn) -> Sequence:
    """A few people on straight ways, who and whose keypoints are missed at random."""
    n = draw(st.integers(0, 12))
    numbers = st.integers(-20, 20)
    ways = draw(st.dictionaries(st.integers(1, 4), st.tuples(*[numbers] * 4), max_size=3))

    def path(x: int, y: int, dx: int, dy: int):
        return lambda t: [[x + dx * t, y + dy * t], [x + dx * t + 4, y + dy * t + 9]]

    cells = [(i, t) for i in ways for t in range(n)]
    some = st.sets(st.sampled_from(cells)) if cells else st.just(set())
    absent = draw(some)
    missing = {(*cell, draw(st.integers(0, 1))) for cell in draw(some)}
    return clip({i: path(*way) for i, way in ways.items()}, n, absent, missing)


@given(tracked(), st.integers(0, 6))
def test_all_short_gaps_are_filled_and_no_others_and_all_of_it_goes_again(seen, gap):
    filled = fill(seen, gap)
    assert_same_poses(filled.original(), seen)
    for track_id in range(1, 5):
        before, after = of(seen, track_id), of(filled, track_id)
        for k in range(2):
            known = np.flatnonzero(~np.isnan(before[:, k, 0]))
            expected = before[:, k].copy()
            for start, stop in pairwise(known.tolist()):
                if stop - start - 1 <= gap:
                    ends = before[[start, stop], k]
                    share = np.linspace(0, 1, stop - start + 1)[:, None]
                    expected[start : stop + 1] = ends[0] + share * (ends[1] - ends[0])
            np.testing.assert_allclose(after[:, k], expected, atol=1e-9)


@given(tracked(), st.integers(0, 6), st.randoms(use_true_random=False))
def test_the_order_of_people_in_a_frame_does_not_matter(seen, gap, random):
    orders = [random.sample(range(len(poses)), len(poses)) for poses in seen.frames]
    turned = seen.with_frames(
        poses[np.array(order, dtype=int)] for poses, order in zip(seen.frames, orders, strict=True)
    )
    for track_id in range(1, 5):
        np.testing.assert_array_equal(
            of(fill(turned, gap), track_id), of(fill(seen, gap), track_id)
        )


def test_a_clip_is_not_touched():
    seen = clip({1: walk}, 5, absent={(1, 2)}, missing={(1, 3, 0)})
    before = of(seen, 1)
    list(fill(seen, 3).frames)
    np.testing.assert_array_equal(of(seen, 1), before)
    assert seen.skeleton is PAIR
