"""What is drawn where: pixels whose colour is known, never a picture of our own making."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from conftest import frame_of, person
from poseflow import render
from poseflow.errors import InputError
from poseflow.poses import Poses
from poseflow.render import PALETTE, Renderer
from poseflow.skeletons import SKELETONS, Skeleton, skeleton

COCO = skeleton("coco-17")
NOSE = COCO.keypoints.index("nose")
HIPS = [COCO.keypoints.index(name) for name in ("left_hip", "right_hip")]
STICK = Skeleton("stick", ("a", "b"), ((0, 1),), np.arange(2), np.full(2, 0.1))
GROUND = 60


def ground(width: int = 400, height: int = 300, value: int = GROUND) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def stick(*ends: tuple[float, ...], ids: tuple[int, ...] = (1,), **scores: object) -> Poses:
    """Sticks from each first to each second end."""
    return Poses.from_keypoints(np.reshape(ends, (-1, 2, 2)), track_ids=ids, **scores)


def people(*places: tuple[float, float], ids: list[int], size: float = 200.0) -> Poses:
    return frame_of(*(person(x, y, size) for x, y in places), scores=1.0).with_track_ids(ids)


def between_hips(x: float, y: float, size: float = 200.0) -> tuple[int, int]:
    """Row and column of a limb in the middle of the body, far from joints."""
    column, row = person(x, y, size)[HIPS].mean(axis=0)
    return round(row), round(column)


def changed(image: np.ndarray) -> np.ndarray:
    """(H, W) where an image is not the ground."""
    return (image != GROUND).any(axis=2)


def hue_of(pixel: np.ndarray) -> int:
    """The place in the palette of a pixel that has one of its colours."""
    (place,) = np.flatnonzero((pixel == PALETTE).all(axis=1))
    return int(place)


def around(a: int, b: int) -> int:
    """Steps between two hues around the circle, at most half the palette."""
    return min((a - b) % len(PALETTE), (b - a) % len(PALETTE))


# Colours


def test_a_limb_has_a_colour_of_the_palette_and_keeps_it_through_the_clip():
    renderer = Renderer(COCO, trail=0)
    poses = people((200, 150), ids=[7])
    first = renderer.draw(ground(), poses)[between_hips(200, 150)]
    for t in range(100):
        renderer.draw(ground(), people((100 + t, 150), ids=[t + 8]))
    again = renderer.draw(ground(), poses)[between_hips(200, 150)]
    assert hue_of(first) == hue_of(again)


def test_two_people_have_opposite_hues():
    image = Renderer(COCO).draw(ground(), people((100, 150), (250, 150), ids=[1, 2]))
    one, other = (hue_of(image[between_hips(x, 150)]) for x in (100, 250))
    assert around(one, other) == 6


def test_eight_people_in_a_row_have_eight_hues_and_no_neighbours_similar_ones():
    places = [(60 + 90 * i, 150) for i in range(8)]
    image = Renderer(COCO).draw(ground(800), people(*places, ids=list(range(1, 9))))
    hues = [hue_of(image[between_hips(*place)]) for place in places]
    assert len(set(hues)) == 8
    assert min(around(a, b) for a, b in pairwise(hues)) >= 2


def test_in_a_crowd_it_is_the_far_ones_who_look_alike():
    renderer = Renderer(COCO, trail=0)
    # Twelve in a row have all hues; the thirteenth stands beside the first.
    row = [(100 + 150 * i, 150) for i in range(12)]
    image = renderer.draw(ground(2000), people(*row, ids=list(range(1, 13)), size=100))
    hues = [hue_of(image[between_hips(*place, 100)]) for place in row]
    assert sorted(hues) == list(range(12))
    image = renderer.draw(ground(2000), people(*row, (40, 150), ids=[*range(1, 13), 13], size=100))
    new = hue_of(image[between_hips(40, 150, 100)])
    assert new not in hues[:6]


def test_colours_are_chosen_by_where_people_are_now():
    renderer = Renderer(COCO, trail=0)
    row = [(100 + 150 * i, 150) for i in range(12)]
    image = renderer.draw(ground(2000), people(*row, ids=list(range(1, 13)), size=100))
    hues = [hue_of(image[between_hips(*place, 100)]) for place in row]
    # All change places with their opposites, and the new one is the first in the list.
    poses = people((40, 150), *row[::-1], ids=[13, *range(1, 13)], size=100)
    new = hue_of(renderer.draw(ground(2000), poses)[between_hips(40, 150, 100)])
    assert new not in hues[6:]


def test_somebody_new_differs_from_somebody_who_just_left():
    renderer = Renderer(COCO, trail=0)
    before = renderer.draw(ground(), people((200, 150), ids=[1]))
    after = renderer.draw(ground(), people((200, 150), ids=[2]))
    hues = [hue_of(image[between_hips(200, 150)]) for image in (before, after)]
    assert around(*hues) == 6


def test_colours_of_the_palette_are_told_apart():
    import cv2

    lab = cv2.cvtColor((PALETTE[None] / 255).astype(np.float32), cv2.COLOR_BGR2LAB)[0]
    apart = np.linalg.norm(lab[:, None] - lab, axis=2) + 1000.0 * np.eye(len(lab))
    # CIE76: about 2.3 is just noticeable side by side; ten times that is seen at a glance.
    assert apart.min() > 23


def test_two_renderers_do_not_know_each_other():
    poses = people((200, 150), ids=[5])
    busy, fresh = Renderer(COCO, trail=0), Renderer(COCO, trail=0)
    for i in range(1, 5):
        busy.draw(ground(), people((100, 100), ids=[i]))
    busy.draw(ground(), poses)
    expected = Renderer(COCO, trail=0).draw(ground(), poses)
    np.testing.assert_array_equal(fresh.draw(ground(), poses), expected)


# Bodies


def test_a_pose_without_id_is_gray_and_thin_and_has_no_tag():
    renderer = Renderer(COCO)
    for _ in range(3):
        image = renderer.draw(ground(), frame_of(person(200, 150, 200), scores=1.0))
    assert changed(image)[between_hips(200, 150)]
    np.testing.assert_array_equal(np.ptp(image, axis=2), 0)
    top = person(200, 150, 200)[:, 1].min()
    assert not changed(image)[: int(top) - 4].any()
    with_id = Renderer(COCO).draw(ground(), people((200, 150), ids=[1]))
    body = slice(int(top) + 20, None)
    assert changed(image)[body].sum() < 0.8 * changed(with_id)[body].sum()


def test_missing_keypoints_draw_nothing():
    nothing = Poses.from_keypoints(np.full((2, 17, 2), np.nan), track_ids=[1, -1])
    np.testing.assert_array_equal(Renderer(COCO).draw(ground(), nothing), ground())


def test_a_limb_without_one_end_is_not_drawn_and_the_rest_is():
    points = person(200, 150, 200)
    points[HIPS[0]] = np.nan
    image = Renderer(COCO, trail=0).draw(ground(), frame_of(points).with_track_ids([1]))
    assert not changed(image)[between_hips(200, 150)]
    shin = points[[13, 15]].mean(axis=0)
    assert changed(image)[round(shin[1]), round(shin[0])]


@pytest.mark.parametrize("value", [0, 60, 255])
def test_the_less_sure_a_joint_the_nearer_to_the_background(value):
    def strength(score: float) -> float:
        poses = stick((50, 150), (350, 150), keypoint_scores=[[score, score]])
        image = Renderer(STICK).draw(ground(value=value), poses).astype(float)
        return float(np.linalg.norm(image[150, 350] - value))

    strengths = [strength(score) for score in (0.0, 0.1, 0.3, 0.6, 1.0)]
    assert strengths[0] == 0
    assert (np.diff(strengths) > 5).all()
    assert strength(np.nan) == strengths[-1]


def test_a_limb_is_as_sure_as_its_weaker_end():
    def middle(*scores: float) -> list[int]:
        poses = stick((50, 150), (350, 150), keypoint_scores=[scores])
        return Renderer(STICK).draw(ground(), poses)[150, 200].tolist()

    assert middle(1.0, 0.2) == middle(0.2, 1.0) == middle(0.2, 0.2) != middle(1.0, 1.0)


def test_the_left_of_a_body_is_lighter_and_the_right_darker():
    def sides(track_id: int) -> tuple[float, float, float]:
        image = Renderer(COCO, trail=0).draw(ground(), people((200, 150), ids=[track_id]))
        left, right = (person(200, 150, 200)[[hip, hip + 2]].mean(axis=0) for hip in HIPS)
        middle = between_hips(200, 150)[::-1]
        return tuple(int(image[round(y), round(x)].sum()) for x, y in (left, middle, right))

    left, middle, right = sides(1)
    assert left - 25 > middle > right + 25
    assert len(set(sides(-1))) == 1


def test_lines_are_as_wide_as_people_are_large():
    def width(size: float) -> int:
        """From the axis downwards; the tag is above it."""
        image = Renderer(STICK).draw(ground(1000, 100), stick((50, 50), (50 + size, 50)))
        # OpenCV's thinnest lines are not wholly opaque.
        off = np.abs(image[50:, round(50 + size / 3)] - PALETTE[0]).max(axis=1)
        return int((off < 64).sum())

    widths = [width(size) for size in (20, 120, 300, 600, 900)]
    assert widths[0] == 1
    assert (np.diff(widths) > 0).all()


def test_a_limb_is_seen_before_its_own_colour():
    image = np.full((300, 400, 3), PALETTE[0], dtype=np.uint8)
    drawn = Renderer(STICK).draw(image, stick((50, 150), (350, 150)))[140:161, 100].sum(axis=1)
    assert drawn[10] == PALETTE[0].sum()
    assert min(drawn[:10].min(), drawn[11:].min()) < 0.7 * drawn[10]


def test_lines_do_not_swell_from_one_frame_to_the_next():
    small, large = stick((50, 150), (150, 150)), stick((50, 150), (950, 150))

    def width(renderer: Renderer) -> int:
        return int(changed(renderer.draw(ground(1000), large))[:, 100].sum())

    used = Renderer(STICK, trail=0)
    used.draw(ground(1000), small)
    assert width(used) < width(Renderer(STICK, trail=0))


def test_details_are_drawn_finer():
    def drawn(sigma: float) -> int:
        fine = Skeleton("stick", ("a", "b"), ((0, 1),), np.arange(2), np.full(2, sigma))
        image = Renderer(fine).draw(ground(1000, 200), stick((50, 150), (950, 150)))
        return int(changed(image)[:, 200].sum())

    assert 1 <= drawn(0.01) < drawn(0.04) < drawn(0.08) == drawn(0.1)


@pytest.mark.parametrize("first", [0, 1])
def test_who_stands_lower_is_in_front_whatever_the_order(first):
    upright, lying = (200, 100, 200, 200), (100, 150, 300, 150)
    poses = stick(upright, lying, ids=(1, 2))[[first, 1 - first]]
    image = Renderer(STICK).draw(ground(), poses)
    assert image[150, 200].tolist() == image[180, 200].tolist() != image[150, 140].tolist()


@pytest.mark.parametrize("first", [0, 1])
def test_those_without_an_id_are_behind(first):
    upright, lying = (200, 100, 200, 200), (100, 150, 300, 150)
    poses = stick(upright, lying, ids=(-1, 2))[[first, 1 - first]]
    image = Renderer(STICK).draw(ground(), poses)
    assert image[150, 200].tolist() == image[150, 140].tolist() == PALETTE[0].tolist()


@pytest.mark.parametrize("name", SKELETONS)
def test_every_keypoint_of_any_skeleton_is_drawn(name):
    kind = skeleton(name)
    rng = np.random.default_rng(0)
    poses = Poses.from_keypoints(rng.uniform(50, 250, (2, len(kind), 2)), track_ids=[1, 2])
    image = Renderer(kind, trail=0).draw(ground(), poses)
    x, y = np.rint(poses.keypoints).astype(int).reshape(-1, 2).T
    assert changed(image)[y, x].all()


# The image's edges, and beyond


@pytest.mark.parametrize("where", [(-500, 150), (200, 900), (1e9, -1e9), (-1e300, 1e300)])
def test_people_outside_the_image_are_not_drawn(where):
    poses = frame_of(person(*where)).with_track_ids([123])
    np.testing.assert_array_equal(Renderer(COCO).draw(ground(), poses), ground())


@pytest.mark.parametrize("far", [1e4, 1e9, 1e300])
def test_a_limb_that_leaves_the_image_leads_where_it_should(far):
    image = Renderer(STICK).draw(ground(), stick((50, 25), (far, far / 2)))
    # From (50, 25) along (2, 1): through (250, 125), and nowhere near (250, 60).
    assert changed(image)[125, 250]
    assert not changed(image)[60, 250]
    # It is not the limb of a giant: that of somebody as large as the image has 6 pixels.
    assert changed(image)[:, 250].sum() < 12


def test_infinite_coordinates_count_as_missing():
    image = Renderer(STICK).draw(ground(), stick((np.inf, 5), (-np.inf, np.inf)))
    np.testing.assert_array_equal(image, ground())


@pytest.mark.parametrize("shape", [(4, 4, 3), (1, 1, 3), (1, 7)])
def test_a_tiny_image_does_not_fail(shape):
    poses = frame_of(person(2, 2)).with_track_ids([12345])
    image = Renderer(COCO).draw(np.zeros(shape, dtype=np.uint8), poses)
    assert image.shape == (*shape[:2], 3)


# Tags


def tag_area(image: np.ndarray, hue: int) -> int:
    """Pixels in the pure colour; noses alone are drawn in a lighter one."""
    return int((image == PALETTE[hue]).all(axis=2).sum())


def noses(*places: tuple[float, float], ids: list[int]) -> Poses:
    points = np.full((len(places), 17, 2), np.nan)
    points[:, NOSE] = places
    return Poses.from_keypoints(points, track_ids=ids)


@pytest.mark.parametrize("place", [(0, 0), (399, 0), (0, 299), (399, 299)])
def test_a_tag_is_kept_inside_the_image(place):
    free = tag_area(Renderer(COCO).draw(ground(), noses((200, 150), ids=[88])), 0)
    assert free > 100
    held = tag_area(Renderer(COCO).draw(ground(), noses(place, ids=[88])), 0)
    assert held >= free - 12


def test_tags_of_neighbours_do_not_hide_each_other():
    alone = tag_area(Renderer(COCO).draw(ground(), noses((200, 150), ids=[88])), 0)
    close = [(200, 150), (204, 152), (198, 147), (190, 151)]
    image = Renderer(COCO).draw(ground(), noses(*close, ids=[88, 89, 98, 99]))
    areas = sorted(tag_area(image, hue) for hue in range(len(PALETTE)))[-4:]
    # Other digits take other room in the same tag.
    assert areas[0] > 0.85 * alone


def test_letters_stand_out_from_every_colour():
    def luminance(bgr: np.ndarray) -> float:
        linear = np.where(bgr <= 10, bgr / 3294, ((bgr / 255 + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.0722, 0.7152, 0.2126])

    for colour in PALETTE:
        # WCAG 2, contrast of normal text.
        assert (luminance(colour) + 0.05) / (luminance(render.INK) + 0.05) >= 4.5


# Trails


def walk(renderer: Renderer, columns: list[int | None]) -> np.ndarray:
    """The last image of one upright stick that is at these columns, or nowhere, frame by frame."""
    for x in columns:
        poses = Poses.empty(2) if x is None else stick((x, 130), (x, 170))
        image = renderer.draw(ground(), poses)
    return image


def test_the_trail_lies_where_the_person_was_and_fades_with_age():
    image = walk(Renderer(STICK, trail=10), list(range(20, 380, 20)))
    strength = np.abs(image[150].astype(float) - GROUND).sum(axis=1)
    # The stick is at 360; 10 frames of 20 pixels reach back to 160.
    old, middle, young = strength[190], strength[240], strength[310]
    assert 0 < old < middle < young
    assert not changed(image)[:, :150].any()


def test_the_trail_has_the_persons_hue():
    image = walk(Renderer(STICK, trail=30), list(range(100, 300, 20))).astype(float)
    added = image[150, 230] - GROUND
    own = PALETTE[0] - GROUND
    assert added @ own / np.linalg.norm(added) / np.linalg.norm(own) > 0.99


def test_the_trail_of_somebody_who_left_fades_away():
    renderer = Renderer(STICK, trail=10)
    walk(renderer, list(range(100, 300, 20)))
    assert changed(walk(renderer, 5 * [None])).any()
    assert not changed(walk(renderer, 5 * [None])).any()


@pytest.mark.parametrize(("away", "seen"), [(4, True), (5, False)], ids=["short", "long"])
def test_a_trail_is_broken_by_a_long_absence(away, seen):
    image = walk(Renderer(STICK), [60, 80, 100, *away * [None], 300, 320, 340])
    assert changed(image)[150, 200] == seen
    assert changed(image)[150, 310]


def test_who_stands_still_leaves_no_scribble():
    trembling = [200, 201, 199, 200, 198, 200, 201, 200]
    with_trail = walk(Renderer(STICK, trail=30), trembling)
    np.testing.assert_array_equal(with_trail, walk(Renderer(STICK, trail=0), trembling))
    # Nor does anybody, if no trail is wanted.
    assert not changed(walk(Renderer(STICK, trail=0), [100, 150, 200]))[:, :180].any()


def test_a_trail_is_calmer_than_the_estimates():
    renderer = Renderer(STICK)
    for t in range(12):
        y = 150 + (6 if t % 2 else -6)
        image = renderer.draw(ground(), stick((80 + 20 * t, y - 20), (80 + 20 * t, y + 20)))
    rows = np.flatnonzero(changed(image)[:, 130:230].any(axis=1))
    assert 147 <= rows.min() <= rows.max() <= 153


def test_trails_of_two_people_have_nothing_to_do_with_each_other():
    one, both = Renderer(STICK), Renderer(STICK)
    for t in range(10):
        walker, other = ((x, 100, x, 140) for x in (50 + 10 * t, 390 - 5 * t))
        image = both.draw(ground(), stick(walker, other, ids=(1, 2)))
        alone = one.draw(ground(), stick(walker, ids=(1,)))
    np.testing.assert_array_equal(image[:, :250], alone[:, :250])


def test_a_trail_follows_the_hips_and_goes_on_without_them():
    renderer = Renderer(COCO)
    for t in range(10):
        points = person(100 + 20 * t, 150, 100)
        if t > 5:
            points[HIPS] = np.nan
        image = renderer.draw(ground(), frame_of(points).with_track_ids([1]))
    row = round(person(0, 150, 100)[HIPS, 1].mean())
    assert changed(image)[row - 2 : row + 3, 140:180].any(axis=0).all()
    assert changed(image)[row - 30 : row + 5, 230:260].any(axis=0).all()


# What is given, and what is kept


def test_the_arguments_are_left_as_they_are():
    image, poses = ground(), people((200, 150), ids=[1])
    before = poses.keypoints.copy()
    drawn = Renderer(COCO).draw(image, poses)
    np.testing.assert_array_equal(image, ground())
    np.testing.assert_array_equal(poses.keypoints, before)
    assert not np.shares_memory(drawn, image)


def test_a_frame_without_people_is_the_image_and_a_new_one():
    image = ground()
    drawn = Renderer(COCO).draw(image, Poses.empty(17))
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_gray_images_become_colour():
    poses = people((200, 150), ids=[1])
    np.testing.assert_array_equal(
        Renderer(COCO).draw(ground()[..., 0], poses), Renderer(COCO).draw(ground(), poses)
    )


def test_an_image_may_be_a_view():
    poses = people((100, 150), ids=[1])
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (600, 400, 3), dtype=np.uint8)[::-2, ::-1]
    np.testing.assert_array_equal(
        Renderer(COCO).draw(image, poses), Renderer(COCO).draw(image.copy(), poses)
    )


def test_poses_of_another_skeleton_are_refused():
    with pytest.raises(InputError, match="expected the 2 keypoints of stick, got 17"):
        Renderer(STICK).draw(ground(), people((200, 150), ids=[1]))


@pytest.mark.parametrize(("shape", "kind"), [((4, 4, 4), np.uint8), ((4, 4, 3), np.float64)])
def test_what_is_no_image_is_refused(shape, kind):
    with pytest.raises(InputError, match="image: expected uint8"):
        Renderer(COCO).draw(np.zeros(shape, dtype=kind), Poses.empty(17))


def test_the_same_poses_give_the_same_pixels():
    frames = [people((100 + 5 * t, 150), (260 - 5 * t, 140), ids=[4, 9]) for t in range(12)]
    one, other = Renderer(COCO), Renderer(COCO)
    for poses in frames:
        np.testing.assert_array_equal(one.draw(ground(), poses), other.draw(ground(), poses))


def test_memory_does_not_grow_with_the_clip(monkeypatch):
    monkeypatch.setattr(render, "_MOST_COLOURS", 200)
    renderer, small = Renderer(STICK, trail=5), np.zeros((9, 9, 3), dtype=np.uint8)
    for t in range(500):
        renderer.draw(small, stick((1, 1), (7, 7), (2, 1), (2, 7), ids=(1, t + 2)))
    assert len(renderer._people) < 100
    assert max(len(p.path) for p in renderer._people.values()) <= 6
    assert len(renderer._hues) <= 200


@given(
    points=arrays(np.float64, (3, 17, 2), elements=st.floats()),
    scores=arrays(np.float64, (3, 17), elements=st.floats(0, 1) | st.just(np.nan)),
    ids=st.lists(st.integers(-1, 3), min_size=3, max_size=3),
)
def test_no_numbers_make_it_fail(points, scores, ids):
    renderer = Renderer(COCO)
    poses = Poses.from_keypoints(points, scores, np.zeros(3), track_ids=ids)
    for _ in range(2):
        image = renderer.draw(ground(40, 30), poses)
    assert image.shape == (30, 40, 3)
    assert image.dtype == np.uint8


def test_importing_does_not_load_opencv():
    code = "import sys, poseflow.render; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_sketched_in_order_may_be_painted_in_any():
    moments = [people((100 + 5 * t, 150), (300 - 5 * t, 160), ids=[1, 2]) for t in range(6)]
    drawing, sketching = Renderer(COCO), Renderer(COCO)
    drawn = [drawing.draw(ground(), poses) for poses in moments]
    sketches = [sketching.sketch(ground().shape, poses) for poses in moments]
    painted = [sketch.on(ground()) for sketch in reversed(sketches)]
    np.testing.assert_array_equal(painted[::-1], drawn)
