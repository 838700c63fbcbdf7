"""Keypoints calmed: what is left of a movement, what comes late, and what is not mixed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.offline.filling import fill
from poseflow.offline.one_euro import OneEuro, smooth_online
from poseflow.offline.outliers import outliers, without_outliers
from poseflow.offline.smoothing import smooth, zero_phase
from poseflow.poses import Poses
from tracks import assert_same_poses, clip, of

RATE = 50.0


def wave(hertz: float, n: int = 400, rate: float = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(n) / rate)


def left_of(hertz: float, cutoff: float, rate: float = RATE) -> float:
    """What a Butterworth filter of second order, run twice, leaves of a sine."""
    ratio = np.tan(np.pi * hertz / rate) / np.tan(np.pi * cutoff / rate)
    return 1 / (1 + (np.sqrt(2) - 1) * ratio**4)


def waving(hertz: float, rate: float = RATE, n: int = 400):
    """Somebody whose head goes to and fro by 20 pixels, up to 20 times a second."""
    movement = 20 * wave(hertz, n, rate)
    return clip({1: lambda t: [[100 + movement[int(t)], 50], [100, 90]]}, n)


@pytest.mark.parametrize("hertz", [0.5, 1.0, 3.0, 6.0, 9.0, 12.0])
def test_a_sine_is_damped_by_the_filters_gain_and_not_delayed(hertz):
    middle = slice(100, 300)
    out = zero_phase(wave(hertz), RATE, 6.0)
    np.testing.assert_allclose(out[middle], left_of(hertz, 6.0) * wave(hertz)[middle], atol=2e-5)
    whole = of(smooth(waving(hertz), RATE), 1)[middle, 0, 0] - 100
    np.testing.assert_allclose(whole, 20 * left_of(hertz, 6.0) * wave(hertz)[middle], atol=5e-4)


def test_at_the_cutoff_half_of_the_power_is_left():
    assert left_of(6.0, 6.0) == pytest.approx(2**-0.5)
    assert left_of(1.0, 6.0) > 0.999
    assert left_of(12.0, 6.0) < 0.1


def test_trembling_as_fast_as_frames_can_show_is_not_taken_for_jumps():
    # 12 Hz at 25 frames a second: up and down from frame to frame.
    out = of(smooth(waving(12.0, rate=25.0), 25.0), 1)[100:300, 0, 0]
    np.testing.assert_allclose(out, 100, atol=0.01)


def test_forwards_and_backwards_are_the_same():
    noise = np.random.default_rng(5).normal(size=(60, 3))
    out = zero_phase(noise, RATE, 6.0)
    np.testing.assert_allclose(zero_phase(noise[::-1], RATE, 6.0)[::-1], out, atol=1e-6)


straight = st.tuples(*[st.floats(-50, 50)] * 4)


@given(straight, st.integers(0, 40), st.sampled_from([8.0, 25.0, 120.0]))
def test_rest_and_even_motion_stay_as_they_are(way, n, rate):
    x, y, dx, dy = way
    seen = clip({1: lambda t: [[x + dx * t, y + dy * t], [x, y]]}, n)
    smoothed = smooth(seen, rate, cutoff=3.0)
    np.testing.assert_allclose(of(smoothed, 1), of(seen, 1), atol=1e-9)
    assert_same_poses(smoothed.original(), seen)


@pytest.mark.parametrize("where", [1, 20, 38])
def test_a_jump_is_put_back_and_does_not_move_its_neighbours(where):
    def path(t):
        return [[3 * t, 50], [3 * t + (300 if t == where else 0), 90]]

    out = of(smooth(clip({1: path}, 40), 25.0), 1)
    np.testing.assert_allclose(out, [[[3 * t, 50], [3 * t, 90]] for t in range(40)], atol=1e-9)


@pytest.mark.parametrize("where", [0, 39])
def test_a_jump_at_an_end_is_put_where_the_nearest_frame_has_it(where):
    out = of(smooth(clip({1: lambda t: [[300 * (t == where), 50], [3 * t, 90]]}, 40), 25.0), 1)
    np.testing.assert_allclose(out[:, 0], [[0, 50]] * 40, atol=1e-9)


def test_outliers_are_told_by_their_neighbours():
    values = np.zeros((9, 2, 2))
    values[:, 0, 0] = 5 * np.arange(9)
    values[:, 1, 1] = [0, 1, 0, 1, 0, 1, 0, 1, 0]
    values[4, 0, 1] = 40
    found = outliers(values, around=2)
    assert np.argwhere(found).tolist() == [[4, 0]]
    put_back = without_outliers(values, around=2)
    np.testing.assert_array_equal(put_back[:, 0], np.stack([5 * np.arange(9), np.zeros(9)], axis=1))
    np.testing.assert_array_equal(put_back[:, 1], values[:, 1])
    assert without_outliers(values[:0], around=2).shape == (0, 2, 2)


def noisy(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, (n, 2, 2)).cumsum(axis=0)


def test_no_id_learns_from_another():
    one, two = noisy(1, 30), noisy(2, 30) + 500
    both = clip({1: lambda t: one[t], 2: lambda t: two[t]}, 30)
    alone = clip({2: lambda t: two[t]}, 30)
    np.testing.assert_array_equal(of(smooth(both, 25.0), 2), of(smooth(alone, 25.0), 2))
    # One body whose id changes in frame 15 is two.
    absent = {(1, t) for t in range(15, 30)} | {(2, t) for t in range(15)}
    changed = clip({1: lambda t: one[t], 2: lambda t: one[t]}, 30, absent=absent)
    first = clip({1: lambda t: one[t]}, 15)
    np.testing.assert_array_equal(of(smooth(changed, 25.0), 1)[:15], of(smooth(first, 25.0), 1))


def test_a_long_gap_parts_and_a_short_one_does_not():
    body = noisy(3, 40)
    # A fifth of a second at 25 frames a second: 5 frames.
    for gap, is_parted in ((5, False), (6, True)):
        absent = {(1, t) for t in range(15, 15 + gap)}
        seen = clip({1: lambda t: body[t]}, 40, absent=absent)
        out = of(smooth(seen, 25.0, bridge=0.2), 1)
        assert np.isnan(out[15 : 15 + gap]).all()
        before = of(smooth(clip({1: lambda t: body[t]}, 15), 25.0), 1)
        assert np.array_equal(out[:15], before) == is_parted


def test_a_keypoint_that_is_missing_stays_missing_and_others_go_on():
    body = noisy(4, 30)
    whole = clip({1: lambda t: body[t]}, 30)
    seen = clip({1: lambda t: body[t]}, 30, missing={(1, 9, 1), (1, 10, 1)})
    out, expected = of(smooth(seen, 25.0), 1), of(smooth(whole, 25.0), 1)
    assert np.isnan(out[9:11, 1]).all()
    assert not np.isnan(np.delete(out, [9, 10], axis=0)).any()
    np.testing.assert_array_equal(out[:, 0], expected[:, 0])


def test_poses_without_id_and_scores_are_left_alone():
    body = noisy(6, 20)
    seen = clip({-1: lambda t: body[t], 1: lambda t: body[t] + 50}, 20)
    out = smooth(seen, 25.0)
    np.testing.assert_array_equal(of(out, -1), of(seen, -1))
    assert all((poses.keypoint_scores == 0.8).all() for poses in out.frames)
    assert not np.allclose(of(out, 1), of(seen, 1))


def test_what_was_there_before_both_comes_back():
    body = noisy(7, 30)
    seen = clip({1: lambda t: body[t]}, 30, absent={(1, 8), (1, 9)}, missing={(1, 20, 0)})
    both = smooth(fill(seen, 3), 25.0)
    assert not np.isnan(of(both, 1)).any()
    assert_same_poses(both.original(), seen)
    again = smooth_online(fill(both, 3), 25.0)
    assert_same_poses(again.original(), seen)


def test_boxes_around_the_keypoints_follow_and_detectors_stay():
    body = noisy(8, 20)
    seen = clip({1: lambda t: body[t]}, 20)
    for poses in smooth(seen, 25.0).frames:
        low, high = poses.keypoints.min(axis=1), poses.keypoints.max(axis=1)
        np.testing.assert_array_equal(poses.boxes, np.concatenate([low, high], axis=1))
    detected = seen.with_frames(
        Poses.from_keypoints(p.keypoints, boxes=[[-99, -99, 99, 99]], track_ids=[1])
        for p in seen.frames
    )
    assert all((p.boxes == [[-99, -99, 99, 99]]).all() for p in smooth(detected, 25.0).frames)


def test_the_clips_own_times_tell_the_rate():
    body = noisy(9, 30)
    timed = clip({1: lambda t: body[t]}, 30, times=np.arange(30) / 50)
    plain = clip({1: lambda t: body[t]}, 30)
    np.testing.assert_allclose(of(smooth(timed, 25.0), 1), of(smooth(plain, 50.0), 1), atol=1e-9)


@pytest.mark.parametrize("n_frames", [0, 1, 2])
def test_nobody_and_hardly_anybody(n_frames):
    for paths in ({}, {1: lambda t: [[t * t, 1], [2, 3 * t * t]]}):
        seen = clip(paths, n_frames)
        for smoothed in (smooth(seen, 25.0), smooth_online(seen, 25.0)):
            assert_same_poses(smoothed.original(), seen)
        np.testing.assert_array_equal(of(smooth(seen, 25.0), 1), of(seen, 1))


@pytest.mark.parametrize("cutoff", [0.0, -1.0, 12.5, 30.0, float("nan")])
def test_a_cutoff_that_cannot_be(cutoff):
    with pytest.raises(InputError, match="smooth: expected a cut-off above 0 and below half of 25"):
        smooth(clip({}, 0), 25.0, cutoff)


# ---------------------------------------------------------------- online


def dot(x: float, track_id: int = 1) -> Poses:
    """One keypoint: a person of no extent, whose size counts as one pixel."""
    return Poses.from_keypoints([[[x, 0.0]]], track_ids=[track_id])


def x_of(poses: Poses) -> float:
    return float(poses.keypoints[0, 0, 0])


def alpha(cutoff: float, step: float) -> float:
    """The paper's smoothing factor: 1 / (1 + tau / step), tau = 1 / (2 pi cutoff)."""
    return 1 / (1 + 1 / (2 * np.pi * cutoff * step))


def test_one_euro_step_by_step():
    one_euro = OneEuro(cutoff=1.0, haste=0.05, speed_cutoff=1.0)
    assert x_of(one_euro.update(dot(0.0), 0.0)) == 0.0
    # 10 pixels in a tenth of a second, after rest: a speed of 100, of which alpha(1) is believed.
    speed = alpha(1.0, 0.1) * 100
    first = alpha(1.0 + 0.05 * speed, 0.1) * 10
    assert x_of(one_euro.update(dot(10.0), 0.1)) == pytest.approx(first)
    speed += alpha(1.0, 0.1) * ((10 - first) / 0.1 - speed)
    second = first + alpha(1.0 + 0.05 * speed, 0.1) * (10 - first)
    assert x_of(one_euro.update(dot(10.0), 0.2)) == pytest.approx(second)


def test_one_euro_in_numbers():
    # 2 pi · 1 · 0.1 = 0.628319, and 0.628319 / 1.628319 = 0.385869.
    one_euro = OneEuro(cutoff=1.0, haste=0.0)
    one_euro.update(dot(0.0), 0.0)
    assert x_of(one_euro.update(dot(10.0), 0.1)) == pytest.approx(3.85869, abs=1e-5)


def test_the_size_of_a_person_does_not_matter():
    body = noisy(1, 20)
    small = of(smooth_online(clip({1: lambda t: 10 + body[t]}, 20)), 1)
    large = of(smooth_online(clip({1: lambda t: 40 + 4 * body[t]}, 20)), 1)
    np.testing.assert_allclose(large, 4 * small, rtol=1e-9)


def test_rest_stays_and_trembling_shrinks():
    rest = clip({1: lambda t: [[5, 5], [5, 25]]}, 20)
    np.testing.assert_array_equal(of(smooth_online(rest), 1), of(rest, 1))
    noise = np.random.default_rng(1).normal(0, 0.2, (200, 2, 2))
    noise += np.array([[50, 50], [90, 120]])
    out = of(smooth_online(clip({1: lambda t: noise[t]}, 200)), 1)
    assert np.diff(out, axis=0).std() < 0.5 * np.diff(noise, axis=0).std()


def test_it_begins_anew_with_an_id_and_after_a_gap():
    one_euro = OneEuro(reach=0.5)
    one_euro.update(dot(0.0), 0.0)
    assert x_of(one_euro.update(dot(100.0, track_id=2), 0.1)) == 100.0
    assert x_of(one_euro.update(dot(10.0), 0.5)) < 10.0
    assert x_of(one_euro.update(dot(30.0), 1.01)) == 30.0


def test_a_missing_keypoint_is_remembered_and_stays_missing():
    one_euro = OneEuro()
    one_euro.update(dot(0.0), 0.0)
    missing = Poses.from_keypoints([[[np.nan, np.nan]]], track_ids=[1])
    assert np.isnan(one_euro.update(missing, 0.1).keypoints).all()
    assert 0.0 < x_of(one_euro.update(dot(10.0), 0.2)) < 10.0


def test_ids_that_cross_and_the_order_of_people():
    one, two = noisy(1, 25), noisy(2, 25)
    both = clip({1: lambda t: one[t], 2: lambda t: two[t]}, 25)
    turned = both.with_frames(p[::-1] if t % 2 else p for t, p in enumerate(both.frames))
    alone = clip({2: lambda t: two[t]}, 25)
    for seen in (both, turned):
        np.testing.assert_array_equal(of(smooth_online(seen), 2), of(smooth_online(alone), 2))


def test_people_without_id_stay_and_nobody_is_somebody():
    one_euro = OneEuro()
    unknown = Poses.from_keypoints([[[1.0, 2.0]], [[9.0, 9.0]]], track_ids=[-1, 3])
    for t in range(3):
        out = one_euro.update(unknown, t / 25)
        np.testing.assert_array_equal(out.keypoints, unknown.keypoints)
    assert len(one_euro.update(Poses.empty(1), 0.2)) == 0


def test_memory_is_of_those_seen_lately():
    one_euro, sizes = OneEuro(reach=0.5), []
    for t in range(400):
        one_euro.update(dot(1.0, track_id=1 + t // 2), t / 25)
        sizes.append(len(pickle.dumps(one_euro)))
    assert max(sizes[100:]) == max(sizes[50:100])


@pytest.mark.parametrize("wrong", [{"cutoff": 0.0}, {"haste": -1.0}, {"speed_cutoff": 0.0}])
def test_one_euro_of_frequencies_that_cannot_be(wrong):
    with pytest.raises(InputError, match="smooth: expected cut-offs above 0 Hz"):
        OneEuro(**wrong)
