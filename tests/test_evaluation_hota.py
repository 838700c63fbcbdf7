"""HOTA: TrackEval's figures, and examples by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from judged import BODY, N_JOINTS, World, chance, clip, crowd, one_person, people
from poseflow.evaluation.hota import ALPHAS, Hota, as_printed, hota, joint_hota

SEEDS = st.integers(0, 2**32 - 1)
THEIRS = {
    "HOTA": "hota", "DetA": "det_a", "AssA": "ass_a", "LocA": "loc_a", "DetRe": "det_re",
    "DetPr": "det_pr", "AssRe": "ass_re", "AssPr": "ass_pr", "HOTA_TP": "true_positives",
    "HOTA_FN": "false_negatives", "HOTA_FP": "false_positives",
}  # fmt: skip


@pytest.fixture(scope="module")
def trackeval():
    return pytest.importorskip("trackeval.metrics").HOTA()


def assert_equal(ours: Hota, theirs: dict, *joint: int) -> None:
    for name, field in THEIRS.items():
        got = getattr(ours, field)[joint]
        np.testing.assert_allclose(got, theirs[name], rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@given(seed=SEEDS)
def test_is_trackevals(trackeval, seed):
    world = chance(seed)
    assert_equal(hota(*world.arrays), trackeval.eval_sequence(world.trackeval))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@given(seeds=st.lists(SEEDS, min_size=1, max_size=4), found=st.sampled_from([0.1, 0.8]))
def test_adds_up_as_trackeval_combines(trackeval, seeds, found):
    worlds = [chance(seed, found=found) for seed in seeds]
    total, *others = (hota(*world.arrays) for world in worlds)
    for other in others:
        total += other
    each = {str(i): trackeval.eval_sequence(w.trackeval) for i, w in enumerate(worlds)}
    assert_equal(total, trackeval.combine_sequences(each))


def test_five_frames_by_hand():
    # Id 1 finds the person in four of five frames, id 2 in the middle one.
    counted = hota(*one_person((1, 0.82), (1, 0.82), (2, 0.82), (1, 0.82), (1, 0.82)).arrays)
    # Id 1 has 4 of the person's 5 rows, and the two ids together 5 rows; id 2 has 1 of 5.
    association = (4 * 4 / 5 + 1 * 1 / 5) / 5
    # In pieces of 2, 1 and 2 frames.
    fragments = (2 * 2 / 5 + 1 * 1 / 5 + 2 * 2 / 5) / 5
    # 0.82 reaches 16 of the 19 alphas: 0.05 to 0.80.
    reached = 16 / 19
    figures = counted.figures()
    assert figures == pytest.approx(
        {
            "DetA": reached, "DetRe": reached, "DetPr": reached,
            "AssA": association * reached, "AssRe": association * reached, "AssPr": reached,
            "HOTA": association**0.5 * reached,
            "LocA": (16 * 0.82 + 3 * 1.0) / 19,
            "FragA": fragments * reached,
            "FA-HOTA": (association * fragments) ** 0.25 * reached,
        },
        abs=1e-12,
    )  # fmt: skip
    assert counted.true_positives.tolist() == [5] * 16 + [0] * 3


def test_a_miss_does_not_break_a_fragment():
    counted = hota(*one_person((1, 0.9), (1, 0.9), None, (1, 0.9), (1, 0.9)).arrays)
    # All four matches have 4 of the 5 rows in common, and are one piece.
    assert counted.ass_a[0] == pytest.approx(4 / 5)
    assert counted.frag_a[0] == pytest.approx(4 / 5)


def test_a_similarity_at_an_alpha_counts():
    counted = hota(*one_person(*[(1, alpha) for alpha in ALPHAS.tolist()]).arrays)
    assert counted.true_positives.tolist() == list(range(19, 0, -1))


def test_the_pairing_heeds_the_whole_clip():
    # In the third frame the two are a little more alike crosswise.
    straight, crosswise = np.array([[0.8, 0.0], [0.0, 0.8]]), np.array([[0.70, 0.74], [0.74, 0.70]])
    ids = [np.array([1, 2])] * 5
    counted = hota(*World(ids, ids, [straight, straight, crosswise, straight, straight]).arrays)
    assert counted.ass_a[0] == pytest.approx(1.0)
    assert counted.loc_a[0] == pytest.approx((8 * 0.8 + 2 * 0.7) / 10)


@pytest.mark.parametrize(
    ("n_true", "n_predicted"),
    [
        pytest.param(3, 0, id="no-predictions"),
        pytest.param(0, 2, id="no-truth"),
        pytest.param(0, 0, id="nobody"),
    ],
)
def test_nothing_to_match(n_true, n_predicted):
    world = World([np.arange(n_true)], [np.arange(n_predicted)], [np.empty((n_true, n_predicted))])
    counted = hota(*world.arrays)
    assert (counted.false_negatives == n_true).all()
    assert (counted.false_positives == n_predicted).all()
    assert (counted.hota == 0).all()
    assert (counted.loc_a == 1).all()
    assert bool(counted.occurs) is (n_true > 0)
    assert np.isnan(counted.figures()["HOTA"]) == (n_true == 0)


def right(body: np.ndarray, pixels: float) -> np.ndarray:
    return body + np.array([pixels, 0.0])


def slow_joint_hota(judged, trackeval, joint):
    """TrackEval's figures of the pairs that similarity alone takes: no others are left to it."""
    world = World([], [], [])
    for frame in range(len(judged.frame_names)):
        true, predicted = (
            p[(p.frames == frame) & ~np.isnan(p.keypoints[:, joint, 0])]
            for p in (judged.truth, judged.predictions)
        )
        apart = true.keypoints[:, None, joint] - predicted.keypoints[None, :, joint]
        distance = np.sqrt((apart**2).sum(axis=-1)) / 10.0
        alike = np.maximum(0.0, 1.0 - distance / 0.5001)
        taken = linear_sum_assignment(-alike)
        only = np.zeros_like(alike)
        only[taken] = alike[taken]
        world.true_ids.append(true.track_ids)
        world.predicted_ids.append(predicted.track_ids)
        world.similarities.append(only)
    return trackeval.eval_sequence(world.trackeval)


@pytest.mark.parametrize("apart", [pytest.param(200.0, id="sparse"), pytest.param(4.0, id="dense")])
@pytest.mark.parametrize("seed", range(6))
def test_joints_are_paired_by_similarity_and_counted_as_trackeval_does(trackeval, seed, apart):
    judged = crowd(seed, apart=apart)
    counted = joint_hota(judged)
    assert counted.hota.shape == (N_JOINTS, 19)
    for joint in range(N_JOINTS):
        assert_equal(counted, slow_joint_hota(judged, trackeval, joint), joint)


def test_joints_that_never_occur_are_left_out_of_the_mean():
    headless = BODY.copy()
    headless[12:] = np.nan
    truth = people([0, 1], [headless, headless], [1, 1])
    predictions = people([0, 1], [BODY, right(BODY, 100.0)], [1, 1])
    counted = joint_hota(clip(truth, predictions, 2))
    assert counted.occurs.tolist() == [True] * 12 + [False] * 3
    # One of two frames: DetA 1 / 3, AssA 1 / 3.
    assert counted.figures()["HOTA"] == pytest.approx(1 / 3)
    assert (counted.false_positives[12:] == 2).all()


def test_the_reach_of_a_joint():
    # One head is 10 pixels; at 5 pixels a joint is correct, and less than barely similar.
    truth = people([0], [BODY], [1])
    at = [joint_hota(clip(truth, people([0], [right(BODY, x)], [1]), 1)) for x in (0.0, 2.5, 5.0)]
    assert [counted.true_positives[3, 0] for counted in at] == [1, 1, 0]
    assert at[1].loc_a[3, 0] == pytest.approx(1 - 0.25 / 0.5001)


def test_posetrack21_counts_the_whole_clip_for_an_empty_frame():
    # Two people in frames 0 to 2, nobody in 3 and 4; predicted: both in 0 and 2, one in 3.
    two = np.stack([BODY, right(BODY, 200.0)])
    truth = people([0, 0, 1, 1, 2, 2], [*two, *two, *two], [1, 2] * 3)
    predictions = people([0, 0, 2, 2, 3], [*two, *two, BODY], [1, 2, 1, 2, 1])
    judged = clip(truth, predictions, 5)
    honest, quirk = joint_hota(judged), as_printed(joint_hota(judged), judged)
    assert (honest.false_negatives == 2).all()
    assert (honest.false_positives == 1).all()
    # Frame 1 is worth all six true joints; frames 3 and 4 all five predicted ones each.
    assert (quirk.false_negatives == 6).all()
    assert (quirk.false_positives == 10).all()
    assert (quirk.true_positives == honest.true_positives).all()


def test_posetrack21_counts_a_clip_without_predictions_once():
    judged = clip(people([0, 1], [BODY, BODY], [1, 1]), people([], [], []), 2)
    assert (as_printed(joint_hota(judged), judged).false_negatives == 2).all()
