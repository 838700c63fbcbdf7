from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from poseflow.geometry import (
    areas,
    boxes_around,
    expand,
    overlapping,
    points_in_boxes,
    points_in_polygon,
    widen,
)

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


def held_by_definition(points, boxes):
    """(C, G, K) which points (C, 2) are in which boxes (G, K, 4)."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return ((points[:, None, None] >= low) & (points[:, None, None] <= high)).all(axis=-1)


def held(points, boxes):
    table = np.zeros((len(points), *boxes.shape[:2]), dtype=bool)
    seen = 0
    for some, point, group, inside in points_in_boxes(points, boxes):
        assert some.start == seen
        seen = some.stop
        assert len(set(zip(point, group, strict=True))) == len(point)
        table[:, some][point, group] = inside
    assert seen == len(boxes)
    return table


@given(
    arrays(np.float64, st.tuples(st.integers(0, 30), st.just(2)), elements=coordinates),
    arrays(
        np.float64,
        st.tuples(st.integers(0, 5), st.integers(0, 4), st.just(4)),
        elements=coordinates | st.just(np.nan),
    ),
)
def test_points_in_boxes_are_those_of_the_definition(points, boxes):
    np.testing.assert_array_equal(held(points, boxes), held_by_definition(points, boxes))


# Where the ranks of the points need one more byte.
@pytest.mark.parametrize("n_points", [255, 256, 65535, 65536])
def test_points_in_boxes_however_many_points(n_points):
    rng = np.random.default_rng(n_points)
    points = rng.integers(0, 50, (n_points, 2)).astype(float)
    corner = rng.integers(-10, 50, (3, 2, 2))
    boxes = np.concatenate([corner, corner + rng.integers(0, 30, corner.shape)], axis=2)
    boxes[0, 0] = [-1, -1, 50, 50]
    np.testing.assert_array_equal(held(points, boxes), held_by_definition(points, boxes))


def test_points_in_boxes_a_few_groups_at_a_time():
    points = np.tile([1.0, 2], (10000, 1))
    boxes = np.tile([0.0, 0, 5, 5], (9, 2, 1))
    parts = [some for some, *_ in points_in_boxes(points, boxes)]
    assert len(parts) > 3
    assert held(points, boxes).all()


def test_points_are_compared_with_the_groups_they_are_near_only():
    boxes = np.array([[[0.0, 0, 1, 1], [8, 8, 9, 9]], [[50, 50, 51, 51], [np.nan] * 4]])
    points = np.array([[5.0, 5], [20, 5], [5, 20], [50, 51]])
    [(_, point, group, inside)] = points_in_boxes(points, boxes)
    # the first is in the hull of two boxes and in neither; the next two are in no hull
    assert (point.tolist(), group.tolist()) == ([0, 3], [0, 1])
    assert inside.tolist() == [[False, False], [True, False]]


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


def test_points_in_a_polygon_and_on_its_boundary():
    # An L: the square from 0 to 4 without its upper right quarter.
    polygon = np.array([[0.0, 0], [4, 0], [4, 2], [2, 2], [2, 4], [0, 4]])
    inside, outside = [[1, 1], [3, 1], [1, 3]], [[3, 3], [5, 1], [-1, 2], [np.nan, np.nan]]
    boundary = [[0, 0], [4, 2], [2, 3], [3, 2], [0, 4], [2, 2]]
    for order in (polygon, polygon[::-1]):
        assert points_in_polygon(np.array(inside, float), order).all()
        assert not points_in_polygon(np.array(outside + boundary, float), order).any()


def test_a_polygon_of_less_than_three_corners_holds_nothing():
    assert not points_in_polygon(np.array([[1.0, 1]]), np.array([[0.0, 0], [2, 2]])).any()
