"""What is drawn where: pixels whose colour is known, never a picture of our own making."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.poses import Poses
from poseflow.render import NOBODY, Renderer, line_width
from poseflow.skeletons import SKELETONS, skeleton

COCO = skeleton("coco-17")
LEFT_HIP, LEFT_KNEE = 11, 13


def canvas(width: int = 400, height: int = 300, value: int = 60) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def thigh(x: float, y: float, size: float = 200.0) -> tuple[int, int]:
    """Row and column of the middle of the left thigh, where there is a limb and no joint."""
    points = person(x, y, size)
    column, row = (points[LEFT_HIP] + points[LEFT_KNEE]) / 2
    return round(row), round(column)


def test_a_limb_has_its_persons_colour_and_keeps_it():
    renderer = Renderer(COCO, trail=0)
    poses = frame_of(person(200, 150, 200), scores=1.0).with_track_ids([7])
    first = renderer.draw(canvas(), poses)[thigh(200, 150)]
    for _ in range(100):
        renderer.draw(canvas(), frame_of())
    again = renderer.draw(canvas(), poses)[thigh(200, 150)]
    assert first.tolist() == again.tolist()
    assert np.abs(first.astype(int) - 60).max() > 60


def test_neighbours_differ_in_colour():
    renderer = Renderer(COCO, trail=0)
    people = [person(60 + 90 * i, 150, 200) for i in range(8)]
    poses = frame_of(*people, scores=1.0).with_track_ids(range(1, 9))
    image = renderer.draw(canvas(800), poses)
    colors = [image[thigh(60 + 90 * i, 150)].astype(float) for i in range(8)]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(colors) for b in colors[:i]]
    assert min(apart) > 60


def test_a_pose_without_id_is_gray():
    image = Renderer(COCO, trail=0).draw(canvas(), frame_of(person(200, 150, 200), scores=1.0))
    row, column = thigh(200, 150)
    drawn = image[row, column - 2 : column + 3].max(axis=0)
    assert np.ptp(drawn) == 0
    assert 60 < drawn[0] <= max(NOBODY)


def test_the_arguments_are_left_as_they_are():
    image, poses = canvas(), frame_of(person(200, 150)).with_track_ids([1])
    before = image.copy()
    Renderer(COCO).draw(image, poses)
    np.testing.assert_array_equal(image, before)


def test_a_frame_without_people_is_the_image():
    np.testing.assert_array_equal(Renderer(COCO).draw(canvas(), frame_of()), canvas())


def test_gray_images_become_colour():
    assert Renderer(COCO).draw(canvas()[..., 0], frame_of()).shape == (300, 400, 3)


def test_missing_keypoints_draw_nothing():
    nothing = Poses.from_keypoints(np.full((1, 17, 2), np.nan), track_ids=[1])
    np.testing.assert_array_equal(Renderer(COCO).draw(canvas(), nothing), canvas())


def test_a_limb_without_one_end_is_not_drawn():
    points = person(200, 150, 200)
    points[LEFT_KNEE] = np.nan
    poses = frame_of(points, scores=1.0).with_track_ids([1])
    image = Renderer(COCO, trail=0).draw(canvas(), poses)
    assert image[thigh(200, 150)].tolist() == [60, 60, 60]


def test_unsure_joints_are_nearer_to_the_background():
    def strength(score):
        poses = frame_of(person(200, 150, 200), scores=score).with_track_ids([1])
        pixel = Renderer(COCO, trail=0).draw(canvas(), poses)[thigh(200, 150)]
        return np.abs(pixel.astype(int) - 60).max()

    assert 0 < strength(0.1) < strength(0.5) < strength(1.0)


def test_lines_are_as_wide_as_people_are_large():
    widths = [line_width(h) for h in (0, 40, 200, 500, 5000)]
    assert widths == sorted(widths)
    assert widths[0] >= 1
    assert widths[-1] > widths[1]


def test_the_trail_lies_where_the_person_was_and_fades():
    renderer = Renderer(COCO, trail=10)
    for t in range(8):
        poses = frame_of(person(60 + 30 * t, 150), scores=1.0).with_track_ids([1])
        image = renderer.draw(canvas(), poses)
    # The middle of `person` is the mean of its keypoints, a little above its y.
    row = round(float(person(0, 150)[:, 1].mean()))
    on_the_way = np.abs(image[row - 2 : row + 3, 110:140].astype(int) - 60).max()
    assert on_the_way > 30
    for _ in range(11):
        image = renderer.draw(canvas(), frame_of())
    np.testing.assert_array_equal(image, canvas())


@pytest.mark.parametrize("where", [(-500, 150), (1e9, -1e9), (395, 298)])
def test_people_outside_the_image_do_no_harm(where):
    poses = frame_of(person(*where)).with_track_ids([123456])
    assert Renderer(COCO).draw(canvas(), poses).shape == (300, 400, 3)


def test_a_tiny_image_holds_no_tag_and_does_not_fail():
    poses = frame_of(person(2, 2)).with_track_ids([1])
    assert Renderer(COCO).draw(canvas(4, 4), poses).shape == (4, 4, 3)


@pytest.mark.parametrize("name", SKELETONS)
def test_any_skeleton_is_drawn(name):
    kind = skeleton(name)
    rng = np.random.default_rng(0)
    poses = Poses.from_keypoints(rng.uniform(50, 250, (2, len(kind), 2)), track_ids=[1, 2])
    image = Renderer(kind, trail=0).draw(canvas(), poses)
    for x, y in poses.keypoints.reshape(-1, 2):
        around = image[int(y) - 1 : int(y) + 3, int(x) - 1 : int(x) + 3].astype(int)
        assert np.abs(around - 60).max() > 20


def test_the_same_poses_give_the_same_pixels():
    poses = frame_of(person(100, 150), person(160, 150)).with_track_ids([4, 9])
    one, other = (Renderer(COCO).draw(canvas(), poses) for _ in range(2))
    np.testing.assert_array_equal(one, other)
