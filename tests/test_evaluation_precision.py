"""Average precision: the pairing one pair at a time, and curves by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judged import BODY, N_JOINTS, clip, crowd, people
from poseflow.evaluation.clips import Clip, People
from poseflow.evaluation.precision import Grades, area, average_precision, grade
from poseflow.evaluation.scores import CORRECT_WITHIN

SEEDS = st.integers(0, 2**32 - 1)


def graded(judged: Clip) -> Grades:
    return grade(judged, judged.distances())


def with_scores(side: People, scores) -> People:
    """The people with one score for all joints of each."""
    return dataclasses.replace(side, scores=np.tile(np.c_[scores].astype(float), N_JOINTS))


def paired_in_turn(judged: Clip) -> set[tuple[int, int]]:
    """True and predicted rows that belong together, found by looking at one pair at a time."""
    pairs = set()
    for frame in range(len(judged.frame_names)):
        true = np.flatnonzero(judged.truth.frames == frame)
        choices: dict[int, list[tuple[float, int]]] = {}
        for column in np.flatnonzero(judged.predictions.frames == frame):
            shares = []
            for row in true:
                apart = judged.truth.keypoints[row] - judged.predictions.keypoints[column]
                apart = np.linalg.norm(apart, axis=1) / judged.head_sizes[row]
                n_joints = np.count_nonzero(~np.isnan(judged.truth.keypoints[row, :, 0]))
                shares.append(np.count_nonzero(apart <= CORRECT_WITHIN) / n_joints)
            if shares and max(shares) > 0:
                best = true[shares.index(max(shares))]
                choices.setdefault(best, []).append((max(shares), column))
        for row, candidates in choices.items():
            most = max(share for share, _ in candidates)
            pairs.add((row, next(column for share, column in candidates if share == most)))
    return pairs


@given(seed=SEEDS, apart=st.sampled_from([0.0, 3.0, 8.0, 40.0]))
def test_joints_are_right_if_their_pair_is_and_they_are_near(seed, apart):
    judged = crowd(seed, apart=apart)
    expected = np.zeros((len(judged.predictions), N_JOINTS), dtype=bool)
    for row, column in paired_in_turn(judged):
        off = judged.truth.keypoints[row] - judged.predictions.keypoints[column]
        expected[column] = np.linalg.norm(off, axis=1) / judged.head_sizes[row] <= CORRECT_WITHIN
    assert np.array_equal(graded(judged).correct, expected)


def three_and_a_duplicate(score: float) -> Clip:
    """Three people found exactly, with 0.5 to 0.7, and the first once more with another score."""
    bodies = np.stack([BODY, BODY + 500.0, BODY + 1000.0])
    predictions = people([0] * 4, [*bodies, BODY], range(4))
    predictions = with_scores(predictions, [0.5, 0.6, 0.7, score])
    return clip(people([0] * 3, bodies, range(3)), predictions, 1)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        pytest.param(0.4, 1.0, id="lower-is-free"),
        # Precision is 1/2, 2/3 and 3/4 where the three are right: 3/4 is the best from there on.
        pytest.param(0.8, 0.75, id="higher-costs-all"),
        # Right, wrong, right, right: 1/3 · 1, and 3/4 for the rest.
        pytest.param(0.65, 1 / 3 + 2 / 3 * 0.75, id="between"),
    ],
)
def test_a_duplicate_is_wrong_whatever_its_score(score, expected):
    result = average_precision([graded(three_and_a_duplicate(score))])
    assert result.ap == pytest.approx(np.full(N_JOINTS, expected))
    assert result.precision == pytest.approx(np.full(N_JOINTS, 3 / 4))
    assert result.recall.tolist() == [1.0] * N_JOINTS


def test_of_a_person_in_two_halves_the_larger_is_right():
    halves = np.stack([BODY, BODY])
    halves[0, :7], halves[1, 7:] = np.nan, np.nan
    predictions = with_scores(people([0, 0], halves, [1, 2]), [0.5, 0.9])
    result = average_precision([graded(clip(people([0], BODY, [1]), predictions, 1))])
    assert result.ap.tolist() == [0.0] * 7 + [1.0] * 8
    assert result.precision.tolist() == [0.0] * 7 + [1.0] * 8


def test_a_joint_that_the_person_lacks_is_wrong():
    body = BODY.copy()
    body[3] = np.nan
    both = people([0, 0], [body, BODY + 500.0], [1, 2])
    predictions = with_scores(people([0, 0], [BODY, BODY + 500.0], [1, 2]), [0.9, 0.5])
    result = average_precision([graded(clip(both, predictions, 1))])
    assert result.ap[3] == 0.5
    assert np.delete(result.ap, 3).tolist() == [1.0] * (N_JOINTS - 1)


def test_joints_that_never_occur():
    body = BODY.copy()
    body[[3, 4]] = np.nan
    guess = BODY.copy()
    guess[[4, 5]] = np.nan
    predictions = with_scores(people([0], guess, [1]), [0.5])
    result = average_precision([graded(clip(people([0], body, [1]), predictions, 1))])
    # 3: not in the truth; 4: nowhere; 5: not predicted.
    assert [str(x) for x in result.ap[3:6]] == ["nan", "nan", "0.0"]
    assert [str(x) for x in result.recall[3:6]] == ["nan", "nan", "0.0"]
    assert [str(x) for x in result.precision[3:6]] == ["0.0", "nan", "0.0"]


def test_joints_of_all_clips_are_in_one_order():
    # Found, 0.3; made up, 0.6: which is 1/2 together, though either clip alone is 1 or 0.
    found = clip(people([0], BODY, [1]), with_scores(people([0], BODY, [1]), [0.3]), 1)
    nobody = people([], np.empty((0, N_JOINTS, 2)), [])
    made_up = clip(nobody, with_scores(people([0], BODY, [1]), [0.6]), 1)
    result = average_precision([graded(found), graded(made_up)])
    assert result.ap.tolist() == [0.5] * N_JOINTS
    recall, precision = result.curves[0]
    assert (recall.tolist(), precision.tolist()) == ([0.0, 1.0], [0.0, 0.5])


def test_the_area_takes_the_best_precision_from_there_on():
    recall, precision = np.array([0.25, 0.25, 0.5, 0.75]), np.array([1.0, 0.5, 2 / 3, 0.75])
    # A quarter at 1, two at 0.75, and the last is never reached.
    assert area(recall, precision) == pytest.approx(0.25 + 0.5 * 0.75)


def test_nobody_at_all():
    nobody = people([], np.empty((0, N_JOINTS, 2)), [])
    result = average_precision([graded(clip(nobody, nobody, 1))])
    assert np.isnan([result.ap, result.precision, result.recall]).all()
