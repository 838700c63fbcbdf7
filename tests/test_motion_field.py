from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.frames import Correspondences
from poseflow.motion_field import carry, carry_people

nan = np.nan


def moves(*rows: tuple[float, float, float, float]) -> Correspondences:
    """Correspondences from rows of a source and its displacement."""
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return Correspondences(table[:, :2], table[:, :2] + table[:, 2:])


def test_a_point_moves_by_the_median_of_its_five_nearest():
    # x: 1, 2, 3, 4, 100 -> 3;  y: 5, -7, 0, 2, 1 -> 1.  The sixth is farther and is not asked.
    given_moves = moves(
        (1, 0, 1, 5), (0, 2, 2, -7), (-3, 0, 3, 0), (0, -4, 4, 2), (5, 0, 100, 1), (6, 0, -50, -50)
    )

    carried = carry(np.array([[0.0, 0.0]]), given_moves, radius=10.0)

    np.testing.assert_array_equal(carried, [[0 + 3, 0 + 1]])


def test_two_within_reach_give_their_mean_and_one_gives_itself():
    given_moves = moves((1, 0, 2, 0), (2, 0, 4, 8), (50, 0, 9, 9))

    carried = carry(np.array([[0.0, 0.0], [51.0, 0.0]]), given_moves, radius=10.0)

    np.testing.assert_array_equal(carried, [[(2 + 4) / 2, (0 + 8) / 2], [51 + 9, 0 + 9]])


def test_each_point_has_its_own_radius_and_a_match_on_it_counts():
    given_moves = moves((3, 4, 1, 1))
    points = np.zeros((4, 2))

    carried = carry(points, given_moves, radius=np.array([5.0, 4.99, 100.0, nan]))

    np.testing.assert_array_equal(carried, [[1, 1], [nan, nan], [1, 1], [nan, nan]])


def test_a_missing_point_stays_missing():
    points = np.array([[nan, nan], [0.0, 0.0], [nan, 3.0]])

    carried = carry(points, moves((0, 0, 7, -2)), radius=1.0)

    np.testing.assert_array_equal(carried, [[nan, nan], [7, -2], [nan, nan]])


def test_fewer_correspondences_than_are_asked_for():
    given_moves = moves((0, 0, 1, 2), (1, 0, 3, 6))

    carried = carry(np.zeros((1, 2)), given_moves, radius=np.inf, n_nearest=5)

    np.testing.assert_array_equal(carried, [[(1 + 3) / 2, (2 + 6) / 2]])


@pytest.mark.parametrize(
    ("points", "given_moves"),
    [
        pytest.param(np.empty((0, 2)), moves((0, 0, 1, 1)), id="no-points"),
        pytest.param(np.zeros((3, 2)), Correspondences.none(), id="no-correspondences"),
        pytest.param(np.empty((0, 2)), Correspondences.none(), id="nothing"),
        pytest.param(np.full((3, 2), nan), moves((0, 0, 1, 1)), id="all-missing"),
    ],
)
def test_nothing_to_ask_or_nobody_to_answer(points, given_moves):
    carried = carry(points, given_moves, radius=10.0)

    assert carried.shape == points.shape
    assert carried.dtype == np.float64
    assert np.isnan(carried).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    n_points=st.integers(1, 8),
    n_moves=st.integers(1, 30),
    radius=st.floats(1.0, 60.0),
    n_nearest=st.integers(1, 7),
)
def test_equals_the_definition(seed, n_points, n_moves, radius, n_nearest):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (n_points, 2))
    source, shift = rng.uniform(0, 100, (n_moves, 2)), rng.normal(0, 20, (n_moves, 2))

    carried = carry(points, (source, source + shift), radius=radius, n_nearest=n_nearest)

    for point, got in zip(points, carried, strict=True):
        distance = np.linalg.norm(source - point, axis=1)
        nearest = [i for i in np.argsort(distance)[:n_nearest] if distance[i] <= radius]
        expected = point + np.median(shift[nearest], axis=0) if nearest else [nan, nan]
        np.testing.assert_allclose(got, expected, atol=1e-9)


def test_of_those_equally_near_the_same_are_asked_in_any_order():
    # Twelve at a distance of 5, each going elsewhere, and no room for more than five.
    around = [(x, y) for x in range(-5, 6) for y in range(-5, 6) if x**2 + y**2 == 5**2]
    rows = [(x, y, 2.0**i, 3.0**i) for i, (x, y) in enumerate(around)]
    assert len(rows) == 12
    orders = [np.random.default_rng(seed).permutation(12) for seed in range(20)]
    carried = [
        carry(np.zeros((1, 2)), moves(*(rows[i] for i in order)), radius=5.0) for order in orders
    ]
    for one in carried:
        np.testing.assert_array_equal(one, carried[0])


def test_the_arguments_are_left_as_they_were():
    points, given_moves = np.array([[0.0, 0.0], [nan, nan]]), moves((0, 1, 2, 3))
    before = points.copy(), given_moves.source.copy(), given_moves.target.copy()

    carry(points, given_moves, radius=5.0)

    for was, now in zip(before, (points, *given_moves), strict=True):
        np.testing.assert_array_equal(was, now)


def test_a_person_moves_by_the_median_of_their_keypoints():
    # Three keypoints 50 apart of a person 100 large: each asks what is up to 10 pixels away.
    keypoints = np.array([[[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]]])
    given_moves = moves((1, 0, 4, 1), (52, 0, 6, -1), (109, 0, 11, 0), (70, 0, 900, 900))

    carried, moved = carry_people(keypoints, np.zeros((1, 2)), np.array([100.0]), given_moves)

    np.testing.assert_array_equal(carried, [[[4, 1], [56, -1], [111, 0]]])
    np.testing.assert_array_equal(moved, [[6, 0]])


@pytest.mark.parametrize(
    ("velocity", "picture", "told"),
    [(0.0, 0.0, False), (50.0, 0.0, True), (300.0, 0.0, False), (0.0, 50.0, True)],
)
def test_what_leads_a_keypoint_a_whole_person_astray_is_not_believed(velocity, picture, told):
    # It goes 120 pixels; a person 100 large may, who already goes 50 or whose picture does.
    keypoints = np.array([[[0.0, 0.0], [500.0, 0.0]]])
    far = moves((0, 0, 120, 0), (900, 0, picture, 0), (900, 9, picture, 0))

    carried, moved = carry_people(keypoints, np.array([[velocity, 0.0]]), np.array([100.0]), far)

    expected = [120, 0] if told else [nan, nan]
    np.testing.assert_array_equal(carried, [[expected, [nan, nan]]])
    np.testing.assert_array_equal(moved, [expected])


def test_nobody_is_carried_nowhere():
    carried, moved = carry_people(
        np.empty((0, 17, 2)), np.empty((0, 2)), np.empty(0), moves((0, 0, 1, 1))
    )
    assert carried.shape == (0, 17, 2)
    assert moved.shape == (0, 2)
