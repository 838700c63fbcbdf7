"""A camera that pans: what nobody sees for a while moves with the scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import frame_of, person
from poseflow.correspondence import dis
from poseflow.frames import Correspondences
from poseflow.poses import Poses
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker, default, published
from poseflow.tracking.camera import camera_motion, moved_along, scene_points, steadied
from poseflow.tracking.tracks import Tracks

NOBODY = np.empty((0, 4))
GRID = np.stack(np.meshgrid(np.arange(20.0, 640, 50), np.arange(20.0, 360, 50)), -1).reshape(-1, 2)


def panned(points: np.ndarray, x: float, y: float = 0.0) -> Correspondences:
    return Correspondences(points, np.add(points, [x, y]))


def test_a_turn_a_zoom_and_a_shift_are_found_among_wrong_matches():
    # 1.1 times, turned by the angle whose cosine is 0.8 and sine 0.6, and shifted.
    a, b = 1.1 * 0.8, 1.1 * 0.6
    motion = np.array([[a, -b, 30.0], [b, a, -7.0]])
    target = GRID @ motion[:, :2].T + motion[:, 2]
    target[::5] += [200.0, -90.0]

    found = camera_motion(Correspondences(GRID, target), NOBODY)

    np.testing.assert_allclose(found, motion, atol=1e-4)


def test_people_tell_nothing_of_the_camera():
    # Two thirds of all points are on somebody who walks to the right; the camera pans by -4.
    walker = np.array([[0.0, 0.0, 420.0, 400.0]])
    on = (GRID[:, 0] < 420).astype(float)
    assert on.mean() > 0.6
    moves = Correspondences(GRID, GRID + np.stack([9 * on - 4 * (1 - on), 0 * on], axis=1))

    found = camera_motion(moves, walker)

    np.testing.assert_allclose(found, [[1, 0, -4], [0, 1, 0]], atol=1e-6)


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param(Correspondences.none(), id="nothing"),
        pytest.param(panned(GRID[:9], 5.0), id="nine-points"),
        pytest.param(panned(np.zeros((40, 2)), 5.0), id="one-place"),
        pytest.param(
            Correspondences(GRID, GRID + np.arange(len(GRID))[:, None] % 3 * [20.0, 0.0]),
            id="no-majority",
        ),
        pytest.param(
            Correspondences(GRID, np.random.default_rng(0).uniform(0, 640, GRID.shape)), id="a-cut"
        ),
    ],
)
def test_a_camera_is_not_guessed(moves):
    assert camera_motion(moves, NOBODY) is None


def test_everybody_is_taken_along_size_and_velocity_too():
    tracks = Tracks.started(frame_of(person(100, 200)))
    tracks = tracks.observed(np.array([[0, 0]]), frame_of(person(106, 200)))
    np.testing.assert_allclose(tracks.velocity, [[6.0, 0.0]])
    # A quarter turn, twice as near: (x, y) -> (-2 y + 5, 2 x + 7).
    motion = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]])

    moved = moved_along(tracks, motion)

    np.testing.assert_allclose(moved.velocity, [[0.0, 12.0]])
    x, y = tracks.keypoints[0].T
    np.testing.assert_allclose(moved.keypoints[0], np.stack([-2 * y + 5, 2 * x + 7], axis=1))
    # A box stays upright: it turns about its middle no more than a head does, and grows.
    x0, y0, x1, y1 = tracks.boxes[0]
    middle = np.array([-(y0 + y1) + 5, (x0 + x1) + 7])
    half = np.array([x1 - x0, y1 - y0])
    np.testing.assert_allclose(moved.boxes[0], [*(middle - half), *(middle + half)])


def test_what_stands_in_the_scene_does_not_move_once_the_camera_is_taken_out():
    motion = camera_motion(panned(GRID, 12.0, -5.0), NOBODY)
    source, target = steadied(panned(GRID, 12.0, -5.0), motion)
    np.testing.assert_allclose(source, target, atol=1e-6)


def test_the_scene_is_asked_where_nobody_is():
    everywhere = scene_points(NOBODY, (480, 640))
    assert everywhere.shape == (12 * 8, 2)
    # The left half is somebody's box.
    np.testing.assert_array_equal(
        scene_points(np.array([[0.0, 0.0, 320.0, 480.0]]), (480, 640)),
        everywhere[everywhere[:, 0] > 320],
    )
    assert not len(scene_points(np.array([[0.0, 0.0, 640.0, 480.0]]), (480, 640)))


@dataclass(frozen=True, kw_only=True)
class left_behind(default):
    follows_camera: ClassVar[bool] = False


def returning(rule: default, pan: float, hidden: int = 15) -> list[int]:
    """The ids of a person in two frames, hidden between them, while the camera pans."""
    tracker = Tracker(skeleton("coco-17"), rule)
    ids = []
    for t in range(hidden + 3):
        shown = frame_of() if 2 <= t < 2 + hidden else frame_of(person(100 + pan * t, 200))
        known = panned(GRID, pan) if t else None
        ids += tracker.update(shown, correspondences=known).track_ids.tolist()
    return ids


def test_a_hidden_person_is_expected_where_the_camera_went():
    # 16 frames of 20 pixels: more than three times as far as the person is tall.
    assert returning(default(), pan=20.0) == [1, 1, 1]
    assert returning(left_behind(), pan=20.0) == [1, 1, 2]


def test_a_person_in_view_is_not_moved_twice():
    assert returning(default(), pan=80.0, hidden=0) == [1, 1, 1]


@given(st.floats(-25, 25))
def test_whatever_the_camera_does_a_scene_that_stands_still_keeps_its_ids(pan):
    assert returning(default(), pan) == [1, 1, 1]


def textured(width: int, height: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX)


@pytest.mark.parametrize(("pan", "there"), [(12, [1, 1]), (0, [1, 2])])
def test_in_a_drawn_film_a_hidden_person_returns_where_the_pan_says(pan, there):
    # The camera pans by 12 pixels a frame over a textured ground, from which somebody 60 pixels
    # tall vanishes. After 10 frames somebody is 120 pixels to the left of that place in the
    # image: if the camera panned, it is the same place of the scene.
    ground = textured(320 + 12 * 12, 240)
    tracker = Tracker(skeleton("coco-17"), matcher=dis())
    ids = []
    for t in range(11):
        image = np.ascontiguousarray(ground[:, pan * t : pan * t + 320])
        poses = frame_of(person(200 - 12 * t, 120, height=60)) if t in (0, 10) else frame_of()
        ids += tracker.update(poses, image).track_ids.tolist()
    assert ids == there


def test_the_rule_of_2018_asks_and_learns_nothing_of_the_scene():
    asked = []

    def matcher(before, after):
        return lambda points: asked.append(points) or panned(points, 3.0)

    for rule in (published(), default()):
        tracker = Tracker(skeleton("coco-17"), rule, matcher=matcher)
        for _ in range(2):
            tracker.update(frame_of(person(100, 200)), np.zeros((240, 320), np.uint8))
    assert len(asked[0]) == 17 + 9
    assert len(asked[1]) > 17 + 9 + 50


def test_nobody_to_remember_asks_nothing():
    def matcher(before, after):
        raise AssertionError("nobody is there")

    tracker = Tracker(skeleton("coco-17"), matcher=matcher)
    for _ in range(3):
        assert not len(tracker.update(Poses.empty(17), np.zeros((48, 64), np.uint8)))
