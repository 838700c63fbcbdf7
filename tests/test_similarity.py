from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.similarity import (
    box_iou,
    correspondence_iou,
    mean_of_largest,
    oks,
    square_iou,
)


def test_box_iou_known_answers():
    a = np.array([0.0, 0, 10, 10])
    b = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [np.nan] * 4])
    # half of each overlaps: 50 / (100 + 100 - 50); touching edges are no overlap
    np.testing.assert_allclose(box_iou(a, b), [1, 1 / 3, 0, 0])


def test_box_iou_counts_the_last_pixel_where_told():
    a, b = np.array([0.0, 0, 9, 9]), np.array([5.0, 0, 14, 9])
    # ten by ten pixels each, five by ten of them shared
    assert box_iou(a, b, pixel=1) == pytest.approx(50 / 150)


def test_square_iou_is_box_iou_of_the_squares():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 100, (4, 1, 5, 2)), rng.uniform(0, 100, (1, 6, 5, 2))
    around = [np.concatenate([p - 30, p + 30], axis=-1) for p in (a, b)]
    np.testing.assert_allclose(square_iou(a, b, 30, pixel=1), box_iou(*around, pixel=1))
    assert square_iou(a * np.nan, b, 30).max() == 0


def test_square_iou_of_squares_far_apart_is_0():
    # 61 - 122 by 61 - 183 is as much as two squares of 61: a union of 0, were it an overlap
    assert square_iou(np.zeros(2), np.array([122.0, 183]), 30, pixel=1) == 0


def test_oks_is_cocos():
    a = np.array([[0.0, 0], [10, 0], [np.nan, np.nan]])
    b = np.array([[3.0, 4], [10, 0], [7, 7]])
    variances = np.array([50.0, 50, 50])
    # d² = 25 -> exp(-25 / 100); d = 0 -> 1; the third is missing in one of the two
    expected = (np.exp(-0.25) + 1) / 2
    assert oks(a, b, variances, np.ones(3)) == pytest.approx(expected)


def test_oks_weighs_keypoints():
    a, b = np.zeros((2, 2)), np.array([[0.0, 0], [1e6, 0]])
    assert oks(a, b, np.ones(2), np.array([3.0, 1])) == pytest.approx(3 / 4)


def test_oks_counts_keypoints_without_scores_as_1():
    a, b = np.zeros((2, 2)), np.array([[0.0, 0], [1e6, 0]])
    assert oks(a, b, np.ones(2), np.full(2, np.nan)) == pytest.approx(1 / 2)


def test_oks_of_poses_without_a_common_keypoint_is_0():
    a, b = np.array([[np.nan, np.nan], [0, 0]]), np.array([[0, 0], [np.nan, np.nan]])
    assert oks(a, b, np.ones(2), np.ones(2)) == 0


def correspondence_iou_by_definition(source, target, a, b):
    def holds(box, points):
        return ((points >= box[:2]) & (points <= box[2:])).all(axis=1)

    expected = np.zeros((len(a), len(b), a.shape[1]))
    for i, j, k in np.ndindex(expected.shape):
        leaves, arrives = holds(a[i, k], source), holds(b[j, k], target)
        expected[i, j, k] = (leaves & arrives).sum() / ((leaves | arrives).sum() + 1e-5)
    return expected


def table_of(pairs, n_a, n_b):
    """(T, N, K) of the shares of some pairs."""
    i, j, shares = pairs
    table = np.zeros((n_a, n_b, shares.shape[1]))
    table[i, j] = shares
    assert np.count_nonzero(table.any(axis=2)) == len(i)
    return table


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 40), st.integers(0, 99))
def test_correspondence_iou_is_the_definition(n_a, n_b, n_points, seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (2, 5, 3, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0, 40, corner.shape)], axis=-1)
    a, b = boxes[0, :n_a], boxes[1, :n_b]
    a[:1, :1] = np.nan
    world = *rng.uniform(0, 100, (2, n_points, 2)), a, b
    found = table_of(correspondence_iou(*world), n_a, n_b)
    np.testing.assert_array_equal(found, correspondence_iou_by_definition(*world))


def test_correspondence_iou_of_a_heap_of_people_in_little_memory():
    rng = np.random.default_rng(0)
    # 40 by 40 people on one spot, all of whom 900 points join: 1.4 million triples
    corner = rng.uniform(0, 20, (2, 40, 2, 2))
    a, b = np.concatenate([corner, corner + 60], axis=-1)
    source = rng.uniform(20, 60, (900, 2))
    world = source, source + rng.normal(0, 5, source.shape), a, b
    tracemalloc.start()
    found = correspondence_iou(*world)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    table = table_of(found, 40, 40)
    np.testing.assert_array_equal(table, correspondence_iou_by_definition(*world))
    assert table.min() > 0.2
    assert peak < 70e6  # All at once they take 130 MB.


def test_mean_of_largest():
    assert mean_of_largest(np.array([1.0, 9, 4, 5]), 2) == 7
    assert mean_of_largest(np.array([1.0, 3]), 7) == 2
