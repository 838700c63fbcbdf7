"""People on known paths through the paper's setting: who they are, and which poses come out."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import frame_of, person
from poseflow.errors import InputError
from poseflow.frames import Correspondences
from poseflow.poses import Origin, Poses
from poseflow.skeletons import skeleton
from poseflow.tracking.distances import pose_distance
from poseflow.tracking.flows import FlowTracker, paper
from poseflow.tracking.fusion import fused
from poseflow.tracking.paths import Flow, claimed

nan = np.nan


def flowed(frames, setting=None, **options) -> list[Poses]:
    """The final poses of each frame; frames come out in order and once."""
    tracker = FlowTracker(skeleton("coco-17"), setting, **options)
    final = [frame for poses in frames for frame in tracker.update(poses)] + tracker.finish()
    assert [frame.frame for frame in final] == list(range(len(frames)))
    return [frame.poses for frame in final]


def ids_of(frames, setting=None, **options) -> list[list[int]]:
    return [poses.track_ids.tolist() for poses in flowed(frames, setting, **options)]


def walking(n_frames: int, *speeds: float) -> list[Poses]:
    """People side by side, 150 pixels apart, each with a speed of their own."""
    return [
        frame_of(*(person(100 + 150 * i + v * t, 200) for i, v in enumerate(speeds)))
        for t in range(n_frames)
    ]


def test_people_keep_their_ids_whatever_their_order():
    frames = walking(30, 2, -1)
    frames[1::2] = [poses[::-1] for poses in frames[1::2]]
    for poses, seen in zip(flowed(frames), frames, strict=True):
        assert sorted(poses.track_ids.tolist()) == [1, 2]
        first = poses.keypoints[poses.track_ids == 1][0]
        assert (first == seen.keypoints[seen.keypoints[:, 0, 0].argmin()]).all()


def test_what_needs_no_mending_comes_out_as_it_was():
    frames = walking(10, 2)
    for poses, seen in zip(flowed(frames), frames, strict=True):
        assert (poses.keypoints == seen.keypoints).all()
        assert (poses.keypoint_scores == seen.keypoint_scores).all()
        assert poses.origins.tolist() == [Origin.DETECTED]


@pytest.mark.parametrize("window", [3, 8])
def test_a_frame_is_final_exactly_window_frames_late(window):
    tracker = FlowTracker(skeleton("coco-17"), paper(window=window))
    for t, poses in enumerate(walking(30, 2)):
        out = [frame.frame for frame in tracker.update(poses)]
        assert out == ([t - window] if t >= window else [])
    assert [frame.frame for frame in tracker.finish()] == list(range(30 - window, 30))


def test_one_frame_and_no_frame():
    assert ids_of([frame_of(person(50, 90))]) == [[1]]
    assert ids_of([frame_of()]) == [[]]
    assert ids_of([]) == []


def test_nobody_for_a_hundred_frames():
    walk = walking(20, 2)
    ids = ids_of([*walk, *[frame_of()] * 100, *walk])
    assert ids[:20] == [[1]] * 20
    assert ids[20:120] == [[]] * 100
    assert len({one for frame in ids[120:] for one in frame}) == 1


def test_fifty_people():
    grid = [(60 + 90 * (i % 10), 80 + 130 * (i // 10)) for i in range(50)]
    speed = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    frames = [
        frame_of(
            *(person(x + u * t, y + v * t) for (x, y), (u, v) in zip(grid, speed, strict=True))
        )
        for t in range(12)
    ]
    for poses, seen in zip(flowed(frames), frames, strict=True):
        assert sorted(poses.track_ids.tolist()) == list(range(1, 51))
        by_id = poses.keypoints[np.argsort(poses.track_ids)]
        assert np.allclose(by_id, seen.keypoints)


def test_duplicates_of_every_detection_become_one_better_pose():
    # Two estimates of one person, 2 pixels to either side of the truth, equally sure.
    frames = [frame_of(person(98 + t, 200), person(102 + t, 200)) for t in range(25)]
    for t, poses in enumerate(flowed(frames)):
        assert poses.track_ids.tolist() == [1]
        assert poses.origins.tolist() == [Origin.FUSED]
        assert poses.rows.tolist() == [-1]
        assert np.allclose(poses.keypoints[0], person(100 + t, 200))


def test_fusing_weighs_keypoints_by_their_scores():
    two = Poses.from_keypoints(
        [[[0.0, 0], [40, 40], [np.nan, np.nan]], [[4.0, 0], [np.nan, np.nan], [np.nan, np.nan]]],
        [[0.9, 0.5, 0], [0.3, 0, 0]],
        [0.8, 0.4],
    )
    one = fused(two)
    # .9 · .8 is six times .3 · .4, and its fourth power 1296 times; the score is the mean over
    # those that have it.
    assert one.keypoints[0, 0].tolist() == pytest.approx([4 / 1297, 0])
    assert one.keypoints[0, 1].tolist() == pytest.approx([40, 40])
    assert np.isnan(one.keypoints[0, 2]).all()
    assert one.keypoint_scores[0].tolist() == pytest.approx([0.6, 0.5, 0])
    assert one.scores.tolist() == [0.8]


@pytest.mark.parametrize(
    ("scores", "keypoint_scores"),
    [
        pytest.param(0.0, 0.9, id="poses"),
        pytest.param(0.8, 0.0, id="keypoints"),
        pytest.param(0.0, 0.0, id="both"),
        # The fourth power of this is below what a float holds.
        pytest.param(1e-90, 0.9, id="next-to-nothing"),
    ],
)
def test_scores_of_nothing_count_alike(scores, keypoint_scores):
    two = Poses.from_keypoints(
        [[[0.0, 0], [40, 40], [nan, nan]], [[4.0, 0], [nan, nan], [nan, nan]]],
        np.full((2, 3), keypoint_scores),
        [scores] * 2,
        [[0.0, 0, 40, 40], [4, 0, 40, 40]],
    )
    one = fused(two)
    assert one.keypoints[0, :2].tolist() == [[(0 + 4) / 2, 0], [40, 40]]
    assert np.isnan(one.keypoints[0, 2]).all()
    assert one.boxes.tolist() == [[(0 + 4) / 2, 0, 40, 40]]
    assert one.keypoint_scores[0].tolist() == [keypoint_scores, keypoint_scores, 0]
    assert one.scores.tolist() == [scores]


def test_a_pose_of_no_score_does_not_move_one_that_has_some():
    two = Poses.from_keypoints([[[0.0, 0], [40, 40]], [[4.0, 0], [44, 40]]], None, [0.0, 0.5])
    assert (fused(two).keypoints == two.keypoints[1]).all()
    assert (fused(two).boxes == two.boxes[1]).all()


def test_people_found_twice_without_any_score_are_fused():
    frames = [
        Poses.from_keypoints(
            [person(98 + t, 200), person(102 + t, 200)], np.full((2, 17), 0.9), [0, 0]
        )
        for t in range(25)
    ]
    for t, poses in enumerate(flowed(frames)):
        assert np.allclose(poses.keypoints, person(100 + t, 200))
        assert np.isfinite(poses.boxes).all()


def test_fusing_leaves_out_a_joint_that_lies_elsewhere():
    # Sides were swapped in the less sure pose: its ankles are 60 pixels from the surer one's.
    body = [[0.0, 0], [100, 0], [0, 200], [60, 200]]
    swapped = [[2.0, 0], [100, 2], [60, 200], [0, 200]]
    one = fused(Poses.from_keypoints([body, swapped], [[0.8] * 4, [0.4] * 4], [0.8, 0.4]), 0.2)
    # A person is 200 pixels long: up to 40 apart is one joint. .8² is four times .4²: 256 to 1.
    assert np.allclose(one.keypoints[0], [[2 / 257, 0], [100, 2 / 257], [0, 200], [60, 200]])
    assert one.keypoint_scores[0].tolist() == pytest.approx([0.6, 0.6, 0.8, 0.8])


def test_a_person_missed_for_two_frames_is_carried_over():
    frames = walking(25, 3)
    frames[12] = frames[13] = frame_of()
    out = flowed(frames)
    assert [poses.track_ids.tolist() for poses in out] == [[1]] * 25
    for t in (12, 13):
        assert out[t].origins.tolist() == [Origin.PROPAGATED]
        # 3 pixels a frame as before; a step after one that nobody saw has lost what a velocity
        # loses in one of 25 frames a second, to 1/e in 0.15 of them.
        walked = 3 * t if t == 12 else 3 * 12 + 3 * np.exp(-1 / (25 * 0.15))
        assert np.allclose(out[t].keypoints[0], person(100 + walked, 200))
        assert out[t].scores[0] < 0.9


def test_who_has_left_is_not_carried_over():
    frames = [*walking(12, 3), *[frame_of()] * 12]
    assert ids_of(frames) == [[1]] * 12 + [[]] * 12


def test_nobody_is_carried_over_if_that_is_turned_off():
    frames = walking(25, 3)
    frames[12] = frame_of()
    assert ids_of(frames, paper(patience=0))[12] == []


def test_a_person_is_carried_over_for_patience_frames_and_no_longer():
    frames = walking(30, 1)
    frames[10:13] = [frame_of()] * 3
    assert ids_of(frames, paper(patience=3)) == [[1]] * 30
    assert ids_of(frames, paper(patience=2)) == [[1]] * 10 + [[]] * 3 + [[1]] * 17


def test_an_image_may_be_overwritten_by_the_next():
    compared = []

    def matcher(before, after):
        compared.append((int(before[0, 0]), int(after[0, 0])))
        return lambda points: Correspondences(points, points)

    tracker, image = FlowTracker(matcher=matcher), np.zeros((300, 300), np.uint8)
    for t in range(4):
        image[:] = t
        tracker.update(frame_of(person(100, 200)), image)
    assert compared == [(0, 1), (1, 2), (2, 3)]


def test_who_is_lost_for_a_thousand_frames_takes_no_more_memory():
    tracker, held, ids = FlowTracker(skeleton("coco-17")), [], set()
    for t in range(1100):
        # Every tenth frame somebody new comes into view, for six, and is never seen again.
        there = [person(600, 400)] + [person(2000 + 700 * (t // 10), 150)] * (t % 10 < 6)
        for frame in tracker.update(frame_of(*there)):
            ids |= set(frame.poses.track_ids.tolist())
        if t % 500 == 99:
            held.append(len(pickle.dumps(tracker)))
    assert len(ids) > 100
    assert max(held) < 1.02 * held[0]


def test_what_was_tracked_before_can_be_tracked_again():
    frames = [frame_of(person(98 + t, 200), person(102 + t, 200)) for t in range(25)]
    frames[12] = frame_of()
    once = flowed(frames)
    assert {one for poses in once for one in poses.origins.tolist()} == {
        Origin.FUSED,
        Origin.PROPAGATED,
    }
    strangers = [poses.with_track_ids(poses.track_ids + 6) for poses in once]
    for poses, again in zip(once, flowed(strangers), strict=True):
        assert again.track_ids.tolist() == [1]
        assert again.origins.tolist() == poses.origins.tolist()
        assert np.allclose(again.keypoints, poses.keypoints)


def test_a_piece_that_overlaps_two_joins_them():
    # The estimator finds the person twice for a while; each of the two flows breaks, not together.
    shifted = [frame_of(person(101 + t, 200)) for t in range(40)]
    frames = [frame_of(person(99 + t, 200)) for t in range(40)]
    for t in range(40):
        if 14 <= t < 18:
            frames[t] = frame_of(person(99 + t, 200), person(101 + t, 200))
        elif t >= 18:
            frames[t] = shifted[t]
    assert {one for frame in ids_of(frames) for one in frame} == {1}


def test_two_who_stand_partly_over_each_other_stay_two():
    # Half a body apart, and only an ankle of each is at the same place, where both are as sure:
    # K = tanh(.9)² = .513 and H = 1 and a little, d_f = 1.95 + 1.7 at most, far above 1 but finite.
    one, other = person(200, 200), person(240, 200)
    other[16] = one[16]
    a, b = frame_of(one), frame_of(other)
    assert 3 < pose_distance(a, b, near=0.1)[0, 0] < 1 / np.tanh(0.9) ** 2 + 1.7
    for poses in flowed([frame_of(one, other)] * 40):
        assert sorted(poses.track_ids.tolist()) == [1, 2]
        assert poses.origins.tolist() == [Origin.DETECTED] * 2
        assert (poses.keypoints[poses.track_ids.argsort()] == [one, other]).all()


def test_a_second_detection_of_somebody_known_is_no_rival():
    # Eight of a hundred pixels off: too far to be fused, near enough to go on for the person, and
    # the next detection lies nearer to it than to where the person was.
    frames = [frame_of(person(100, 200)) for _ in range(30)]
    frames[12] = frame_of(person(100, 200), person(108, 200))
    frames[13:] = [frame_of(person(107, 200))] * 17
    ids = ids_of(frames)
    assert ids[12] in ([1, -1], [-1, 1])
    assert ids[:12] + ids[13:] == [[1]] * 29


def flow(number: int, worth: float, one: int) -> Flow:
    return Flow(number, worth=worth, id=one)


@pytest.mark.parametrize(
    ("groups", "ids"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([[flow(1, 9, -1)], [flow(2, 9, 3)]], [-1, 3], id="no-id-yet"),
        pytest.param(
            [[flow(1, 20, 2), flow(3, 5, 1)], [flow(2, 18, 1)]],
            [2, 1],
            id="a-short-one-along-a-long-one-brings-no-id",
        ),
        pytest.param([[flow(1, 5, 1), flow(2, 20, 2)]], [2], id="the-long-one-has-its-own"),
        pytest.param(
            [[flow(1, 6, 1)], [flow(2, 4, 1), flow(3, 4, 1)]], [-1, 1], id="the-most-gathered"
        ),
        pytest.param(
            [[flow(1, 9, 1), flow(2, 8, 2)], [flow(3, 7, 1)]],
            # 8 + 7 is more than 9.
            [2, 1],
            id="as-much-as-can-be",
        ),
    ],
)
def test_a_group_goes_by_the_id_under_which_most_was_gathered(groups, ids):
    assert claimed(groups).tolist() == ids


def test_a_flash_is_nobody():
    frames = walking(20, 2)
    frames[9] = frame_of(person(118, 200), person(700, 400))
    assert sorted(ids_of(frames)[9]) == [-1, 1]


def test_correspondences_lead_where_velocity_does_not():
    # The camera jumps 80 pixels: no square around a joint meets its own, but the points tell.
    jump = 12
    frames = [frame_of(person(200 + (80 if t >= jump else 0), 200)) for t in range(24)]
    tracker = FlowTracker(skeleton("coco-17"))
    final = []
    for t, poses in enumerate(frames):
        shift = np.array([80.0 if t == jump else 0.0, 0.0])
        final += tracker.update(
            poses,
            correspondences=lambda points, shift=shift: Correspondences(points, points + shift),
        )
    assert [f.poses.track_ids.tolist() for f in final + tracker.finish()] == [[1]] * 24


def test_after_finish_comes_another_clip():
    tracker = FlowTracker(skeleton("coco-17"))
    for _ in range(2):
        final = [f for poses in walking(5, 1) for f in tracker.update(poses)] + tracker.finish()
        assert [(f.frame, f.poses.track_ids.tolist()) for f in final] == [
            (t, [1]) for t in range(5)
        ]


def test_another_number_of_keypoints_is_refused():
    tracker = FlowTracker()
    tracker.update(frame_of(person(0, 0)))
    with pytest.raises(InputError, match="expected 17 keypoints as in the frames before, got 3"):
        tracker.update(Poses.empty(3))
    with pytest.raises(InputError, match="expected the 17 keypoints of coco-17, got 3"):
        FlowTracker(skeleton("coco-17")).update(Poses.empty(3))


@pytest.mark.parametrize("fps", [0, -25, float("nan")])
def test_a_rate_that_is_none_is_refused(fps):
    with pytest.raises(InputError, match="fps: expected a number of frames a second above 0"):
        FlowTracker(fps=fps)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"ahead": 0}, "ahead: expected a whole number of at least 1, got 0"),
        ({"window": 2, "ahead": 4}, "window: expected at least ahead − 1 = 3 frames, got 2"),
        ({"window": 0, "ahead": 1}, "window: expected a whole number of at least 1, got 0"),
        ({"window": -1}, "window: expected a whole number of at least 1, got -1"),
        ({"candidate": -1.0}, "candidate: expected a finite number above 0, got -1"),
        ({"gain": float("nan")}, "gain: expected a finite number of at least 0, got nan"),
        ({"gain": float("inf")}, "gain: expected a finite number of at least 0, got inf"),
        ({"square": 0.0}, "square: expected a finite number above 0, got 0"),
        ({"distance": -0.1}, "distance: expected a finite number of at least 0, got -0.1"),
        ({"closeness": -2.0}, "closeness: expected a finite number of at least 0, got -2"),
        ({"fading": -1.0}, "fading: expected a number from 0 to 1, got -1"),
        ({"fading": 1.5}, "fading: expected a number from 0 to 1, got 1.5"),
        ({"patience": -1}, "patience: expected a whole number of at least 0, got -1"),
        ({"believed": 3.1}, "believed: expected a number from 0 to 3, got 3.1"),
        ({"least": 0}, "least: expected a whole number of at least 1, got 0"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused(parameters, said):
    with pytest.raises(InputError) as error:
        paper(**parameters)
    assert str(error.value) == said


@st.composite
def crowds(draw):
    """A few people who come, go and are missed; now and then twice."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(1, 4))
    start, speed = rng.uniform([80, 120], [500, 300], (n, 2)), rng.normal(0, 3, (n, 2))
    frames = []
    for t in range(draw(st.integers(1, 30))):
        seen = [i for i in range(n) for _ in range(rng.choice(3, p=[0.15, 0.75, 0.1]))]
        people = [person(*(start[i] + t * speed[i])) + rng.normal(0, 1, (17, 2)) for i in seen]
        frames.append(frame_of(*people, scores=rng.uniform(0.3, 1, len(people)).tolist()))
    return frames


@given(crowds())
def test_ids_are_unique_in_a_frame_and_frames_are_whole(frames):
    for poses, seen in zip(flowed(frames, paper(window=6)), frames, strict=True):
        ids = poses.track_ids[poses.track_ids != -1].tolist()
        assert len(set(ids)) == len(ids)
        assert all(one >= 1 for one in ids)
        detected = poses.origins == Origin.DETECTED
        # A detected pose is one of those given.
        for pose in poses.keypoints[detected]:
            assert (pose == seen.keypoints).all(axis=(1, 2)).any()
        assert detected.sum() <= len(seen)


@given(crowds(), st.integers(1, 5), st.integers(0, 6), st.sampled_from([0.0, 1.0]))
def test_every_pose_comes_out_once_by_itself_or_in_a_fused_one(frames, ahead, more, distance):
    setting = paper(window=max(1, ahead - 1) + more, ahead=ahead, distance=distance)
    for poses, seen in zip(flowed(frames, setting), frames, strict=True):
        seen_again = poses[poses.origins == Origin.DETECTED].keypoints
        itself = (seen_again[:, None] == seen.keypoints).all(axis=(2, 3))
        # Nobody is there twice, and what comes out is what came in.
        assert (itself.sum(axis=0) <= 1).all()
        assert (itself.sum(axis=1) == 1).all()
        gone = seen.keypoints[~itself.any(axis=0)]
        one = poses[poses.origins == Origin.FUSED].keypoints
        assert len(gone) >= 2 * len(one)
        # A person is 100 pixels long; who was fused by mistake in this frame, still is not far off.
        apart = np.linalg.norm(gone[:, None] - one, axis=3)
        assert (apart.mean(axis=2) < 50).any(axis=1).all()
        assert distance or not len(gone)


@pytest.mark.parametrize("images", [False, True])
@given(crowds(), st.integers(0, 99))
def test_the_order_of_people_in_a_frame_does_not_matter(images, frames, seed):
    def follow(points):
        # Where each point goes hangs on nothing but where it is.
        return Correspondences(points, points + 3 * np.sin(100 * points))

    def tracked(frames):
        tracker, known = FlowTracker(skeleton("coco-17")), follow if images else None
        final = [f for p in frames for f in tracker.update(p, correspondences=known)]
        return [f.poses for f in final + tracker.finish()]

    rng = np.random.default_rng(seed)
    mixed = [poses[rng.permutation(len(poses))] for poses in frames]
    for one, other in zip(tracked(frames), tracked(mixed), strict=True):
        a, b = (p.keypoints[np.lexsort(p.keypoints[:, 0].T)] for p in (one, other))
        assert a.shape == b.shape
        assert np.allclose(a, b)
