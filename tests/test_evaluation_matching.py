"""Matching rows in groups and along a clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from judged import chance
from poseflow.evaluation.matching import best_pairs, follow, last_found, runs

SEEDS = st.integers(0, 2**32 - 1)


@given(seeds=st.lists(SEEDS, min_size=1, max_size=3))
def test_each_joint_is_followed_by_itself(seeds):
    # The same rows with as many joints as seeds, every joint with distances of its own.
    frames, ids, _, predicted_ids, true_row, predicted_row, _ = chance(seeds[0]).arrays
    distances = []
    for seed in seeds:
        distance = np.random.default_rng(seed).random(len(true_row))
        distances.append(np.where(distance < 0.6, distance, np.nan)[:, None])
    rows = frames, ids, predicted_ids, true_row, predicted_row
    together = follow(*rows, np.concatenate(distances, axis=1))
    for joint, distance in enumerate(distances):
        assert together[:, joint].tolist() == follow(*rows, distance)[:, 0].tolist()


@given(seed=SEEDS, n_groups=st.integers(1, 3))
def test_best_pairs_are_the_best_in_every_group(seed, n_groups):
    draw = np.random.default_rng(seed)
    scores = draw.random((n_groups, 4, 3)) * (draw.random((n_groups, 4, 3)) < 0.5)
    edges = draw.permutation(np.argwhere(scores > 0))
    group, row, column = edges.T
    taken = best_pairs(group, row, column, scores[group, row, column])
    for ends in (row, column):
        kept = list(zip(group[taken], ends[taken], strict=True))
        assert len(kept) == len(set(kept))
    for one in range(n_groups):
        best = scores[one][linear_sum_assignment(-scores[one])].sum()
        assert scores[tuple(edges[taken].T)][group[taken] == one].sum() == pytest.approx(best)


def test_two_who_were_found_as_one_id():
    # Id 5 finds person 1, then person 2; where both are there again, the first row keeps it.
    frames, ids = np.array([0, 1, 2, 2]), np.array([1, 2, 2, 1])
    predicted_ids, near = np.array([5, 5, 5]), np.full((4, 1), 0.1)
    rows = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 2])
    assert follow(frames, ids, predicted_ids, *rows, near).tolist() == [[0], [1], [2], [-1]]


def test_what_was_last_found():
    ids = np.array([3, 8, 3, 8, 3, 3])
    matched = np.array([[0, -1], [1, 4], [-1, -1], [2, -1], [-1, 5], [3, -1]])
    assert last_found(ids, matched).tolist() == [
        [-1, -1], [-1, -1], [0, -1], [1, 4], [0, -1], [0, 5],
    ]  # fmt: skip


def test_nothing_was_found():
    none = np.empty((0, 15), dtype=np.int64)
    assert last_found(none[:, 0], none).shape == (0, 15)
    assert runs(none[:, 0]) == []


def test_runs():
    assert runs(np.array([4, 4, 2, 7, 7, 7])) == [(0, 2), (2, 3), (3, 6)]
