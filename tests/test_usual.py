"""What is usual in clips whose people are known to the pixel."""

from __future__ import annotations

import numpy as np
import pytest

from poseflow.offline.ends import ends
from poseflow.offline.tracklets import Tracklets, tracklets
from poseflow.offline.usual import Gaps, Usual, drifts, gaps, usual
from poseflow.poses import NO_ID, Poses
from standing import COCO, people_at


def walked(frames: list[Poses]) -> Tracklets:
    """A tracklet for each person, who are in the same order in every frame."""
    ids = [np.arange(1, len(poses) + 1) for poses in frames]
    return tracklets(frames, ids, ids, len(COCO), gap=3)


def crowd(way, frames: int = 60, people: int = 4) -> Tracklets:
    """People who stand a hundred pixels apart, each where `way(frame, person)` adds."""
    starts = 100.0 * np.arange(1, people + 1)
    return walked(
        [
            people_at(*((x + way(f, p)[0], 200.0 + way(f, p)[1]) for p, x in enumerate(starts)))
            for f in range(frames)
        ]
    )


def test_everybodys_way_is_the_sum_of_mean_steps_as_if_one_more_stood_still():
    clip = crowd(lambda f, p: (5 * f, -10 * f), frames=11)
    assert drifts(clip)[[0, 1, 10]] == pytest.approx(np.array([[0, 0], [4, -8], [40, -80]]))


def test_a_step_over_a_frame_unseen_is_shared_among_its_frames():
    seen = [people_at((100 + 6 * f, 200)) for f in range(5)]
    seen[2] = people_at()
    clip = walked(seen)
    assert drifts(clip)[:, 0] == pytest.approx([0, 3, 6, 9, 12])


def test_whoever_walks_straight_goes_all_of_the_way_at_their_velocity():
    # Half of them to the left, half to the right: together they go nowhere.
    clip = crowd(lambda f, p: (6 * f * (-1) ** p, 0))
    found = usual(clip, drifts(clip), fps=25.0)
    assert found.frames[:6].tolist() == [1, 2, 3, 5, 8, 13]
    # All of it but what a frame² of doubt takes from velocities, which the share gives back.
    assert found.going[:6] == pytest.approx(1.0)
    assert (found.missed[:3] < 0.05).all()


def test_whoever_stands_before_a_camera_that_jerks_goes_where_everybody_does():
    rng = np.random.default_rng(0)
    jerks = np.cumsum(rng.normal(0, 10, (60, 2)), axis=0)
    clip = crowd(lambda f, p: jerks[f], people=9)
    found = usual(clip, drifts(clip), fps=25.0)
    # Of nine and one who stands still, nine tenths are told.
    assert found.drift[:5] == pytest.approx(np.ones(5))
    size = np.sqrt(np.prod(np.ptp(people_at((0, 0)).boxes.reshape(2, 2), axis=0)))
    assert (found.missed[:3] < 0.15 * np.hypot(*jerks.std(axis=0)) / size).all()


def between(way, frames=10.0) -> Gaps:
    nothing = np.zeros((1, 2))
    zero = np.zeros(1)
    return Gaps(np.array([frames]), np.array([way]), nothing, nothing, zero, zero)


def test_surprise_grows_with_how_far_off_and_less_the_longer_the_gap():
    flat = np.ones(3)
    rule = Usual(np.array([1.0, 10, 100]), flat, flat, np.array([0.1, 1, 10]), flat, flat)
    near, far = (rule.surprise(between((x, 0.0)))[0] for x in (0.0, 3.0))
    # By the formula: 2.6 ln(1 + 3² / 1² / 3).
    assert far - near == pytest.approx(2.6 * np.log(4.0))
    # Ten times the way in ten times the time is as unusual, but less likely by the plane's size.
    later = rule.surprise(between((30.0, 0.0), 100.0))[0]
    assert later - far == pytest.approx(2 * np.log(10.0))


@pytest.mark.parametrize(
    ("changed", "nats"),
    [
        pytest.param("turned", 1.25 * np.log((0.3 + 4.0) / 0.3), id="turned"),
        pytest.param("grown", 0.6 * np.log(1 + 4.0 / 2), id="grown"),
    ],
)
def test_postures_and_sizes_surprise_by_how_far_beyond_the_usual_they_change(changed, nats):
    # By the formula, of twice what is usual.
    flat = np.ones(2)
    rule = Usual(np.array([1.0, 10]), flat, flat, flat, 3 * flat, 3 * flat)
    same = between((0.0, 0.0))
    other = same._replace(**{changed: np.array([6.0])})
    assert rule.surprise(other)[0] - rule.surprise(same)[0] == pytest.approx(nats)


def test_beyond_what_was_seen_people_are_as_much_farther_off():
    flat = np.ones(2)
    rule = Usual(np.array([1.0, 10]), flat, flat, np.array([0.1, 1]), flat, flat)
    at_last, beyond = (rule.surprise(between((x, 0.0), g))[0] for x, g in ((3.0, 10), (6.0, 20)))
    assert beyond - at_last == pytest.approx(2 * np.log(2.0))


def test_who_jumps_about_in_a_short_clip_is_farther_off_in_a_longer_gap_than_it_has():
    # A person's size and more from frame to frame; in ten frames, gaps up to five are told.
    rng = np.random.default_rng(0)
    jumps = rng.normal(0, 100, (10, 9, 2))
    clip = crowd(lambda f, p: jumps[f, p], frames=10, people=9)
    found = usual(clip, drifts(clip), fps=25.0)
    assert found.frames.tolist() == [1, 2, 3, 5, 20, 80]
    told = found.missed[3]
    assert told > 0.5
    assert found.missed[4:] == pytest.approx([told * 4, told * 16], rel=0.01)


def test_a_clip_that_tells_nothing_takes_what_is_usual_elsewhere_in_seconds():
    slow, fast = (
        usual(walked([people_at((100, 200))]), np.zeros((1, 2)), fps) for fps in (25.0, 50.0)
    )
    assert (2 * slow.frames).tolist() == fast.frames.tolist()
    assert slow.missed.tolist() == fast.missed.tolist()


def test_ends_are_looked_at_from_their_own_side():
    # Still for ten frames, then ten pixels a frame.
    clip = walked([people_at((100 + 10 * max(0, f - 9), 200), score=1.0) for f in range(20)])
    path, base = np.zeros(1, dtype=np.int64), np.array([9])
    assert ends(clip, path, base, -1, 4, 4).velocity[0] == pytest.approx([0, 0])
    # Five frames have 10 frames² about their mean, of which a frame² of doubt takes a share.
    assert ends(clip, path, base, 1, 4, 4).velocity[0] == pytest.approx([10 * 10 / 11, 0])


def test_keypoints_that_one_of_two_poses_lacks_pull_nothing():
    first, last = people_at((100, 200)), people_at((160, 200))
    keypoints = last.keypoints.copy()
    keypoints[0, :8] = np.nan
    less = Poses.from_keypoints(keypoints, last.keypoint_scores, last.scores)
    clip = tracklets([first, less], [np.array([1])] * 2, [np.array([NO_ID])] * 2, len(COCO), gap=3)
    at = np.zeros(1, dtype=np.int64)
    side = ends(clip, at, at, 1, 0, 0)
    way = gaps(clip, at, at + 1, side, side, np.array([60.0]), np.zeros((2, 2)))
    assert way.way[0] == pytest.approx([1, 0])
    assert way.turned[0] == pytest.approx(0, abs=1e-6)
