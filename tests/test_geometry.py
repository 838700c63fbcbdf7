from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from poseflow.geometry import areas, boxes_around, expand, overlapping, points_in_boxes, widen

coordinates = st.floats(-50, 50).map(lambda x: round(x, 1))


def test_boxes_around_skip_missing_keypoints():
    keypoints = np.array([[[1, 2], [np.nan, np.nan], [5, -4]], np.full((3, 2), np.nan)])
    boxes = boxes_around(keypoints)
    np.testing.assert_array_equal(boxes[0], [1, -4, 5, 2])
    assert np.isnan(boxes[1]).all()


@pytest.mark.parametrize("shape", [(0, 17, 2), (0, 0, 2), (3, 0, 2)])
def test_boxes_around_nothing(shape):
    assert np.isnan(boxes_around(np.empty(shape))).sum() == 4 * shape[0]


def test_widen_moves_each_side_by_a_share_of_the_extent():
    np.testing.assert_allclose(widen(np.array([[10.0, 0, 20, 40]]), 0.1), [[9, -4, 21, 44]])


def test_areas():
    np.testing.assert_array_equal(areas(np.array([[1.0, 2, 4, 6]])), [12])


@given(
    arrays(np.float64, st.tuples(st.integers(0, 30), st.just(2)), elements=coordinates),
    arrays(np.float64, st.tuples(st.integers(0, 12), st.just(4)), elements=coordinates),
)
def test_points_in_boxes_are_those_of_the_definition(points, boxes):
    inside = (
        (points[:, None, 0] >= boxes[None, :, 0])
        & (points[:, None, 0] <= boxes[None, :, 2])
        & (points[:, None, 1] >= boxes[None, :, 1])
        & (points[:, None, 1] <= boxes[None, :, 3])
    )
    point, box = points_in_boxes(points, boxes)
    assert sorted(zip(point, box, strict=True)) == sorted(zip(*np.nonzero(inside), strict=True))


def test_a_box_of_nan_holds_nothing():
    point, _ = points_in_boxes(np.zeros((3, 2)), np.array([[np.nan, 0, 1, 1]]))
    assert len(point) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=8))
def test_expand_writes_the_runs_one_after_another(runs):
    starts = np.array([s for s, _ in runs], dtype=np.int64)
    counts = np.array([c for _, c in runs], dtype=np.int64)
    owner, number = expand(starts, counts)
    assert number.tolist() == [s + i for s, c in runs for i in range(c)]
    assert owner.tolist() == [k for k, (_, c) in enumerate(runs) for _ in range(c)]


def test_overlapping_boxes_share_more_than_an_edge():
    boxes = np.array([[0.0, 0, 2, 2], [2, 0, 4, 2], [1, 1, 3, 3], [np.nan] * 4])
    corners = boxes.T
    assert overlapping(corners[:2], corners[2:], corners).tolist() == [
        [True, False, True, False],
        [False, True, True, False],
        [True, True, True, False],
        [False, False, False, False],
    ]


def test_a_point_overlaps_the_boxes_it_lies_in():
    boxes = np.array([[0.0, 0, 2, 2], [1, 0, 4, 2]])
    point = np.array([[1.0], [1.0]])
    assert overlapping(point, point, boxes.T).tolist() == [[True, False]]
