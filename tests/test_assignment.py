from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from poseflow.assignment import assign, assign_allowed

matrices = arrays(
    np.float64,
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
    elements=st.floats(0, 1).map(lambda x: round(x, 2)),
)


def best_total(similarity: np.ndarray) -> float:
    """Of all pairings, tried one by one."""
    rows, columns = similarity.shape
    if rows > columns:
        return best_total(similarity.T)
    every = itertools.permutations(range(columns), rows)
    return max(sum(similarity[i, j] for i, j in enumerate(chosen)) for chosen in every)


@given(matrices)
def test_assign_finds_the_best_pairing_and_uses_each_once(similarity):
    pairs = assign(similarity)
    assert len(pairs) == min(similarity.shape)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    if len(pairs):
        total = similarity[pairs[:, 0], pairs[:, 1]].sum()
        assert total == pytest.approx(best_total(similarity))


@given(matrices, st.floats(0.05, 0.9))
def test_assign_allowed_pairs_only_what_is_allowed(similarity, gate):
    allowed = similarity > gate
    pairs = assign_allowed(similarity, allowed)
    assert allowed[pairs[:, 0], pairs[:, 1]].all()
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)


def test_what_is_not_allowed_goes_before_the_solver():
    # Refusing .29 after solving would leave row 0 with nobody or .4 with a row that lost .5.
    similarity = np.array([[0.5, 0.29], [0.4, 0.0]])
    assert assign_allowed(similarity, similarity > 0.3).tolist() == [[0, 0]]


def test_of_a_crowd_only_those_who_are_left_are_solved_and_the_answer_is_the_same():
    rng = np.random.default_rng(5)
    similarity = rng.uniform(0.1, 1, (100, 90))
    allowed = np.zeros((100, 90), dtype=np.bool_)
    few = rng.choice(100, 12, replace=False), rng.choice(90, 15, replace=False)
    allowed[np.ix_(*few)] = rng.random((12, 15)) < 0.4
    pairs = assign_allowed(similarity, allowed)
    assert allowed[tuple(pairs.T)].all()
    best = assign(np.where(allowed, similarity, 0.0))
    total = np.where(allowed, similarity, 0.0)[tuple(best.T)].sum()
    assert similarity[tuple(pairs.T)].sum() == pytest.approx(total)
    assert (np.diff(pairs[:, 0]) > 0).all()
