"""Perfect association: each detection under its true person's id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judged import BODY, clip, crowd, people, with_ids
from poseflow.evaluation.hota import hota
from poseflow.evaluation.identity import identity, pose_similarity
from poseflow.evaluation.matching import follow, last_found
from poseflow.evaluation.oracle import perfect_ids

SEEDS = st.integers(0, 2**32 - 1)
FAR = np.array([200.0, 0.0])


def tracked(judged):
    rows = judged.truth.frames, judged.truth.track_ids, judged.predictions.track_ids
    return identity(*rows, *judged.pairs(), pose_similarity(judged))


def joint_errors(judged):
    """(2, 15) of each joint the switches, and the misses and false positives together."""
    distance = judged.distances()
    distance[distance > 0.5] = np.nan
    ids, predicted_ids = judged.truth.track_ids, judged.predictions.track_ids
    matched = follow(judged.truth.frames, ids, predicted_ids, *judged.pairs(), distance)
    last = last_found(ids, matched)
    again = (matched >= 0) & (last >= 0)
    switches = again & (predicted_ids[matched] != predicted_ids[last])
    joints = [
        np.count_nonzero(~np.isnan(p.keypoints[..., 0]), axis=0) for p in judged_sides(judged)
    ]
    found = np.count_nonzero(matched >= 0, axis=0)
    return np.array([switches.sum(axis=0), joints[0] + joints[1] - 2 * found])


def judged_sides(judged):
    return judged.truth, judged.predictions


def test_five_frames_by_hand():
    # Two people; found under ids that change hands in the third frame, and a third pose in the
    # fourth where nobody is. In the fifth frame one of them is missed.
    two = np.stack([BODY, BODY + FAR])
    truth = people(np.repeat(range(5), 2), np.concatenate([two] * 5), [4, 9] * 5)
    found = [*two, *two, *two[::-1], *two, BODY + 2 * FAR, two[1]]
    ids = [1, 2, 1, 2, 1, 2, 1, 2, 3, 5]
    judged = clip(truth, people([0, 0, 1, 1, 2, 2, 3, 3, 3, 4], found, ids), 5)
    perfect = perfect_ids(judged)
    assert perfect[[0, 1, 2, 3, 4, 5, 6, 7, 9]].tolist() == [4, 9, 4, 9, 9, 4, 4, 9, 9]
    assert perfect[8] not in (4, 9)
    real, oracle = tracked(judged).identity, tracked(with_ids(judged, perfect)).identity
    # Really: both persons switch in the third frame and back, and in the fifth one to id 5.
    assert (real.switches, oracle.switches) == (5, 0)
    # Person 4 has id 1 in three frames, person 9 id 2 in three; perfectly 4 and 5 of the 10 poses.
    assert (real.id_true_positives, oracle.id_true_positives) == (6, 9)
    assert oracle.idf1 == pytest.approx(2 * 9 / (10 + 10))
    # What is missed and made up stays.
    assert (oracle.misses, oracle.false_positives) == (real.misses, real.false_positives) == (1, 1)


def test_most_correct_joints_decide():
    # The first prediction has 10 joints of person 1 right and, where these are far off, 5 of 2.
    truth = people([0, 0], [BODY, BODY + FAR], [1, 2])
    mixed = BODY.copy()
    mixed[10:] += FAR
    judged = clip(truth, people([0], [mixed], [7]), 1)
    assert perfect_ids(judged).tolist() == [1]


def test_as_many_joints_as_possible_over_the_whole_frame():
    # Taken alone, the first prediction is person 1's by 15 joints to 14; but then the second, of
    # which only person 1 has joints right, is nobody's: 14 + 12 are more than 15.
    close = BODY + np.array([2.0, 0.0])
    mine = BODY.copy()
    mine[0] -= 4.0  # Within reach of person 1 only.
    other = BODY - np.array([4.0, 0.0])
    other[:3] = np.nan
    truth = people([0, 0], [BODY, close], [1, 2])
    judged = clip(truth, people([0, 0], [mine, other], [7, 8]), 1)
    correct = np.count_nonzero(judged.distances() <= 0.5, axis=1)
    assert correct.tolist() == [14, 12, 14, 0]
    assert perfect_ids(judged).tolist() == [2, 1]


def test_a_joint_outweighs_all_similarity():
    # Of three people in a ring each is met by two predictions: by one in 8, 7 and 7 joints, 29
    # pixels off and just correct, by the other in 7 exact ones. 22 joints are more than 21.
    bodies = np.stack([BODY, BODY + FAR, BODY + 2 * FAR])
    found = np.roll(bodies, -1, axis=0)
    found[:, :8] = bodies[:, :8] + np.array([29.0, 0.0])
    found[1:, 7] = np.nan
    judged = clip(people([0] * 3, bodies, [1, 2, 3]), people([0] * 3, found, [7, 8, 9]), 1, 60.0)
    correct = np.count_nonzero(judged.distances() <= 0.5, axis=1).reshape(3, 3)
    assert correct.tolist() == [[8, 0, 7], [7, 7, 0], [0, 7, 7]]
    alike = pose_similarity(judged).reshape(3, 3)
    assert np.trace(alike) + 22 < alike[[1, 2, 0], [0, 1, 2]].sum() + 21
    assert perfect_ids(judged).tolist() == [1, 2, 3]


def test_ties_go_to_the_more_similar():
    truth = people([0], [BODY], [1])
    near, nearer = BODY + np.array([3.0, 0.0]), BODY + np.array([1.0, 0.0])
    first, second = perfect_ids(clip(truth, people([0, 0], [near, nearer], [7, 8]), 1))
    assert second == 1
    assert first != 1


@given(seed=SEEDS, apart=st.sampled_from([2.0, 15.0, 200.0]))
def test_ids_are_of_nobody_else_and_know_nothing_of_the_given_ones(seed, apart):
    judged = crowd(seed, apart=apart)
    ids = perfect_ids(judged)
    assert len(ids) == len(judged.predictions)
    rows = np.stack([judged.predictions.frames, ids], axis=1)
    assert len(np.unique(rows, axis=0)) == len(rows)
    own = ids[~np.isin(ids, judged.truth.track_ids)]
    assert len(np.unique(own)) == len(own)
    assert perfect_ids(with_ids(judged, np.arange(len(ids)) + 5)).tolist() == ids.tolist()


@given(seed=SEEDS)
def test_people_apart_never_switch_and_lose_nothing(seed):
    # No joint is near to two people, so that what is found does not depend on ids.
    judged = crowd(seed, apart=200.0)
    oracle = with_ids(judged, perfect_ids(judged))
    real, perfect = tracked(judged).identity, tracked(oracle).identity
    assert perfect.switches == 0
    assert (perfect.misses, perfect.false_positives) == (real.misses, real.false_positives)
    assert perfect.id_true_positives >= real.id_true_positives
    (switches, wrong), (none, same) = joint_errors(judged), joint_errors(oracle)
    assert (none == 0).all()
    assert (same == wrong).all()
    assert (switches >= none).all()


@given(seed=SEEDS)
def test_a_crowd_gains_on_the_whole(seed):
    # Joints of neighbours may be taken for one another, whatever the ids: a single joint may lose.
    judged = crowd(seed, apart=15.0)
    oracle = with_ids(judged, perfect_ids(judged))
    assert joint_errors(oracle).sum() <= joint_errors(judged).sum()


def test_the_truth_is_perfect():
    judged = crowd(3, apart=200.0)
    itself = clip(judged.truth, judged.truth, 6)
    assert perfect_ids(itself).tolist() == judged.truth.track_ids.tolist()
    rows = judged.truth.frames, judged.truth.track_ids
    figures = hota(*rows, *rows, *itself.pairs(), pose_similarity(itself)).figures()
    assert figures == pytest.approx(dict.fromkeys(figures, 1.0))


@pytest.mark.parametrize(
    ("n_true", "n_predicted"),
    [
        pytest.param(1, 0, id="no-predictions"),
        pytest.param(0, 1, id="no-truth"),
        pytest.param(0, 0, id="nobody"),
    ],
)
def test_nothing_to_pair(n_true, n_predicted):
    sides = [people([0] * n, [BODY] * n, [1] * n) for n in (n_true, n_predicted)]
    assert len(perfect_ids(clip(*sides, 1))) == n_predicted
