"""What people wear, and who is known again by it: drawn people of known colours."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.appearance import colours, embeddings
from poseflow.correspondence import MATCHERS
from poseflow.errors import InputError
from poseflow.looks import clear, likeness, mixed
from poseflow.poses import Poses
from poseflow.skeletons import Skeleton, skeleton
from poseflow.tracking import Tracker, default
from poseflow.tracking.rule import Told
from poseflow.tracking.tracks import Tracks
from textures import texture

nan = np.nan
COCO = skeleton("coco-17")
RED, BLUE, TEAL = (30, 30, 200), (200, 30, 30), (160, 160, 20)
GREEN = (30, 180, 30)  # As dark as red, and a channel of three is about brightness.
LOOK = colours(COCO)
LIMBS = [(5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16)]


def drawn(*people: tuple[float, tuple[int, int, int]], light: float = 1.0) -> np.ndarray:
    """(300, 600, 3) people at (x, 150) in one colour each, before a gray wall."""
    image = np.full((300, 600, 3), 110, np.uint8)
    for x, colour in people:
        points = person(x, 150).round().astype(int)
        cv2.fillConvexPoly(image, points[[5, 6, 12, 11]], colour)
        for a, b in LIMBS:
            cv2.line(image, points[a].tolist(), points[b].tolist(), colour, 9)
    return (image * light).astype(np.uint8)


def poses_at(*xs: float) -> Poses:
    return frame_of(*(person(x, 150) for x in xs))


def looks_of(*people, light: float = 1.0) -> np.ndarray:
    return colours(COCO)(drawn(*people, light=light), poses_at(*(x for x, _ in people)))


def test_the_same_clothes_are_alike_and_others_are_not():
    red, blue, again = looks_of((100, RED), (300, BLUE), (500, RED))
    assert likeness(red[None], again[None])[0, 0] > 0.99
    # Brightness is all that they have in common: one of three channels.
    assert likeness(red[None], blue[None])[0, 0] < 0.5


@pytest.mark.parametrize("light", [0.6, 1.25])
def test_the_light_does_not_matter(light):
    before, after = (looks_of((100, RED), (300, BLUE), light=k) for k in (1.0, light))
    np.testing.assert_array_less(0.98, np.diag(likeness(before, after)))


def test_every_part_is_looked_at_by_itself():
    poses = poses_at(100)
    hidden = poses.keypoints.copy()
    hidden[0, [15, 16]] = nan  # the ankles: no shins
    seen = colours(COCO)(drawn((100, RED)), Poses.from_keypoints(hidden))
    parts = np.isnan(seen.reshape(4, 3 * 8))
    np.testing.assert_array_equal(parts.all(axis=1), [False, False, False, True])
    np.testing.assert_array_equal(parts.any(axis=1), [False, False, False, True])
    # Each channel of a part is a histogram's root: it has length 1.
    lengths = np.linalg.norm(seen.reshape(4, 3, 8)[:3], axis=2)
    np.testing.assert_allclose(lengths, 1.0)


@pytest.mark.parametrize(
    ("image", "poses", "shape"),
    [
        pytest.param(drawn(), poses_at(-500), (1, 96), id="outside"),
        pytest.param(drawn()[..., 0], poses_at(100), (1, 96), id="gray"),
        pytest.param(drawn(), Poses.empty(17), (0, 96), id="nobody"),
    ],
)
def test_nothing_is_told_where_there_is_nothing_to_see(image, poses, shape):
    seen = colours(COCO)(image, poses)
    assert seen.shape == shape
    assert np.isnan(seen).all()


def test_a_skeleton_without_a_body_tells_nothing():
    hand = Skeleton("hand", ("wrist", "thumb"), ((0, 1),), np.arange(2), np.full(2, 0.05))
    poses = Poses.from_keypoints([[[9.0, 9.0], [20.0, 20.0]]])
    assert colours(hand)(drawn(), poses).shape == (1, 0)
    tracker = Tracker(hand, appearance=colours(hand))
    assert [tracker.update(poses, drawn()).track_ids.tolist() for _ in range(2)] == [[1], [1]]


def test_a_black_frame_is_ordinary():
    assert np.isfinite(looks_of((100, RED), light=0.0)).all()


def test_likeness_is_the_cosine_of_what_both_tell():
    remembered = np.array([[3.0, 4.0, nan], [nan, nan, nan]])
    seen = np.array([[4.0, 3.0, 9.0], [nan, 2.0, 1.0], [nan, nan, 1.0], [0.0, 0.0, 0.0]])
    expected = [[24 / 25, 1.0, nan, nan], [nan] * 4]
    np.testing.assert_allclose(likeness(remembered, seen), expected)


def test_who_is_covered_by_a_fifth_is_not_seen_clearly():
    boxes = [[0, 0, 10, 10], [8, 0, 28, 10], [7.9, 20, 18, 30], [16, 20, 26, 30], [nan] * 4]
    # 20 of 100 of the first, 20 of 200 of the second; 20 of 101 and of 100 of the next two.
    assert clear(np.array(boxes, float)).tolist() == [True, True, True, True, False]
    boxes[0][2] = 10.1
    assert clear(np.array(boxes, float)).tolist() == [False, True, True, True, False]


def test_what_is_remembered_changes_slowly():
    old = np.array([[1.0, nan, 2.0, nan]])
    new = np.array([[3.0, 5.0, nan, nan]])
    np.testing.assert_allclose(mixed(old, new, gain=0.25), [[1.5, 5.0, 2.0, nan]])


def ids_of(frames, appearance=LOOK, images=True, **parameters) -> list[list[int]]:
    """The ids of people in frames, each a list of (x, colour), and the light at the end or 1."""
    tracker = Tracker(COCO, default(**parameters), appearance=appearance)
    ids = []
    for *people, light in frames:
        image = drawn(*people, light=light) if images else None
        ids.append(tracker.update(poses_at(*(x for x, _ in people)), image).track_ids.tolist())
    return ids


APART = [[(180, RED), (420, BLUE), 1.0]] * 3


@pytest.mark.parametrize("light", [1.0, 0.6])
def test_two_who_were_lost_and_return_at_each_others_place_are_told_by_their_clothes(light):
    # They stand side by side, are out of sight for 10 frames, and have changed places.
    frames = [[(230 + 5 * t, RED), (350 - 5 * t, BLUE), 1.0] for t in range(11)]
    frames += [[(280, RED), (300, BLUE), 1.0]] * 10 + [[1.0]] * 10
    frames += [[(280, BLUE), (300, RED), light]]
    assert ids_of(frames)[-1] == [2, 1]
    assert ids_of(frames, appearance=None)[-1] == [1, 2]


def test_somebody_who_comes_back_a_little_off_is_known_by_the_clothes():
    # 60 pixels off after 25 frames: within reach.
    frames = [*APART, *[[(420, BLUE), 1.0]] * 25, [(240, RED), (420, BLUE), 0.6]]
    assert ids_of(frames)[-1] == [1, 2]


@pytest.mark.parametrize("colour", [TEAL, GREEN])
def test_a_newcomer_in_other_clothes_inherits_nobodys_id(colour):
    for x in (180, 240):  # where somebody was lost, and a little off
        frames = [*APART, *[[(420, BLUE), 1.0]] * 25, [(x, colour), (420, BLUE), 1.0]]
        assert ids_of(frames)[-1] == [3, 2]
        assert ids_of(frames, appearance=None)[-1] == [1, 2]


def test_without_an_image_appearance_changes_nothing():
    frames = [*APART, *[[(420, BLUE), 1.0]] * 25, [(200, TEAL), (420, RED), 1.0]]
    with_colours = ids_of(frames, images=False)
    assert with_colours == ids_of(frames, images=False, appearance=None)


def test_images_may_come_and_go():
    tracker = Tracker(COCO, appearance=colours(COCO))
    for t in range(12):
        image = None if t % 4 == 0 else drawn((100, RED))
        assert tracker.update(poses_at(100), image).track_ids.tolist() == [1]


def network(shape=("n", 3, 4, 2)):
    """A stand-in for a session: its answer is the mean of each channel of its input."""
    taken = []

    def run(names, feed):
        taken.append(feed["image"])
        return [feed["image"].mean(axis=(2, 3))]

    named = SimpleNamespace(name="image", shape=list(shape))
    return SimpleNamespace(get_inputs=lambda: [named], run=run, taken=taken)


@pytest.mark.parametrize("batch", ["n", 1])
def test_a_network_is_given_each_persons_box_in_red_green_blue(batch):
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:30, 20:30] = (255, 51, 102)  # blue, green, red
    boxes = [[20, 10, 30, 30], [-9, -9, -1, -1], [50, 30, 99, 99]]
    session = network((batch, 3, 4, 2))
    seen = embeddings(session)(image, Poses.from_keypoints(np.zeros((3, 17, 2)), boxes=boxes))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = [([0.4, 0.2, 1.0] - mean) / deviation, [nan] * 3, -mean / deviation]
    np.testing.assert_allclose(seen, expected, atol=1e-5)
    assert {piece.shape[1:] for piece in session.taken} == {(3, 4, 2)}
    assert session.taken[0].dtype == np.float32


def test_a_network_tells_its_width_when_nobody_is_there():
    assert embeddings(network())(drawn(), Poses.empty(17)).shape == (0, 3)


@pytest.mark.parametrize("shape", [("n", 3, "h", "w"), ("n", 17), ("n", 1, 4, 2)])
def test_another_kind_of_network_is_refused(shape):
    with pytest.raises(InputError, match="expected an input of shape"):
        embeddings(network(shape))


def scene(seed: int, *people: tuple[float, tuple[int, int, int]]) -> np.ndarray:
    """The same people before a wall with much to see; another seed is another wall."""
    image = drawn(*people)
    wall = cv2.cvtColor(texture(seed, *image.shape[:2]), cv2.COLOR_GRAY2BGR)
    return np.where((image == 110).all(axis=2, keepdims=True), wall, image)


@pytest.mark.parametrize("name", ["dis", "lk", "orb-exact"])
@pytest.mark.parametrize("appearance", [None, LOOK])
def test_across_a_cut_whoever_stands_where_somebody_stood_is_somebody_else(name, appearance):
    tracker = Tracker(COCO, matcher=MATCHERS[name](), appearance=appearance)
    before = [(180.0, RED), (420.0, BLUE)]
    after = [(180.0, TEAL), (420.0, RED)]
    ids = [tracker.update(poses_at(180, 420), scene(1, *before)).track_ids for _ in range(4)]
    ids += [tracker.update(poses_at(180, 420), scene(2, *after)).track_ids for _ in range(4)]
    assert [i.tolist() for i in ids] == [[1, 2]] * 4 + [[3, 4]] * 4


@pytest.mark.parametrize("appearance", [None, LOOK])
def test_after_a_cut_nobody_comes_back_to_where_they_were(appearance):
    # Of two people one is seen at once in the other scene, and somebody else a little later.
    tracker = Tracker(COCO, matcher=MATCHERS["dis"](), appearance=appearance)
    before, after = [(180.0, RED), (420.0, BLUE)], [(180.0, TEAL), (300.0, GREEN)]
    shown = [(poses_at(180, 420), scene(1, *before))] * 4
    shown += [(poses_at(300), scene(2, *after))] * 3 + [(poses_at(180, 300), scene(2, *after))] * 3
    ids = [tracker.update(poses, image).track_ids.tolist() for poses, image in shown]
    assert ids == [[1, 2]] * 4 + [[3]] * 3 + [[4, 3]] * 3


def test_across_a_cut_only_who_is_known_to_look_the_same_goes_on():
    # Three stand where they stood. How the second looks nobody knows; the third looks otherwise.
    poses = poses_at(100, 300, 500)
    tracks = dataclasses.replace(Tracks.started(poses, np.empty((3, 0))), ids=np.arange(1, 4))
    look = np.array([[0.95, nan, 0.3], [nan, nan, nan], [0.3, nan, 0.3]])
    told = Told((2 * COCO.sigmas) ** 2, 25.0, likeness=look, is_cut=True)
    decided = default().associate(tracks, poses, told)
    assert decided.pairs.tolist() == [[0, 0]]
    assert decided.births.tolist() == [1, 2]
    in_one_scene = default().associate(tracks, poses, told._replace(is_cut=False))
    assert in_one_scene.pairs.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(("nearby", "ids"), [(4.0, [1]), (1.0, [2])])
def test_who_looks_the_same_beyond_reach_is_somebody_else(nearby, ids):
    # 200 pixels to the right a second later; people are some 90 large.
    tracker = Tracker(COCO, default(nearby=nearby), appearance=LOOK)
    for _ in range(5):
        tracker.update(poses_at(150), drawn((150, RED)))
    for _ in range(25):
        tracker.update(poses_at(), drawn())
    assert tracker.update(poses_at(350), drawn((350, RED))).track_ids.tolist() == ids


def test_if_people_are_counted_a_cut_makes_nobody_more():
    tracker = Tracker(COCO, default(people=2), matcher=MATCHERS["dis"](), appearance=LOOK)
    people = [(180.0, RED), (420.0, BLUE)]
    for seed in range(1, 4):
        for _ in range(3):
            ids = tracker.update(poses_at(180, 420), scene(seed, *people)).track_ids.tolist()
            assert sorted(ids) == [1, 2]


def test_if_people_are_counted_who_is_not_seen_at_a_cut_comes_back():
    tracker = Tracker(COCO, default(people=2), matcher=MATCHERS["dis"](), appearance=LOOK)
    before, after = [(180.0, RED), (420.0, BLUE)], [(300.0, RED), (180.0, BLUE)]
    shown = [(poses_at(180, 420), scene(1, *before))] * 4
    shown += [(poses_at(300), scene(2, *after))] * 3 + [(poses_at(300, 180), scene(2, *after))] * 3
    ids = [tracker.update(poses, image).track_ids.tolist() for poses, image in shown]
    assert ids == [[1, 2]] * 4 + [[1]] * 3 + [[1, 2]] * 3


@pytest.mark.parametrize("name", ["dis", "lk", "orb-exact"])
def test_a_black_frame_is_no_cut(name):
    tracker = Tracker(COCO, matcher=MATCHERS[name](), appearance=LOOK)
    people = [(180.0, RED), (420.0, BLUE)]
    images = [scene(1, *people)] * 3
    images[1] = np.zeros_like(images[0])
    ids = [tracker.update(poses_at(180, 420), image).track_ids.tolist() for image in images]
    assert ids == [[1, 2]] * 3
