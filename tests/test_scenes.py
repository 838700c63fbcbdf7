"""Cuts, and images that cannot be compared: drawn worlds, in which two people walk or stand."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.correspondence import MATCHERS
from poseflow.frames import Correspondences
from poseflow.pipeline import correspondences_from, track
from poseflow.poses import Origin, Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.tracking.flows import FlowTracker
from poseflow.tracking.scenes import View, comparable, share_told, view_of
from textures import texture

N, MIDDLE = 24, 12
COCO = skeleton("coco-17")
HERE = np.array([[100.0, 120.0], [220.0, 120.0]])
BOTH, OTHERS = [1, 2], [3, 4]


def standing(t: int) -> Poses:
    """Two people who walk to the right, a pixel a frame."""
    return frame_of(*(person(x + t, y, 160) for x, y in HERE))


def filmed(seed: int) -> list[np.ndarray]:
    """(240, 320) images of a world that goes to the right with them."""
    world = texture(seed, 240, 320 + N)
    return [world[:, N - t : N - t + 320].copy() for t in range(N)]


def ids_of(images, frames=None, **options) -> list[list[int]]:
    """Of all who were seen."""
    tracker = FlowTracker(COCO, **options)
    frames = [standing(t) for t in range(N)] if frames is None else frames
    final = [f for p, i in zip(frames, images, strict=True) for f in tracker.update(p, i)]
    return [f.poses.track_ids.tolist() for f in final + tracker.finish()]


@pytest.mark.parametrize("name", ["dis", "lk", "orb-exact"])
def test_a_cut_ends_flows_even_where_people_stand_alike(name):
    images = filmed(0)[:MIDDLE] + filmed(1)[MIDDLE:]
    assert ids_of(images, matcher=MATCHERS[name]()) == [BOTH] * MIDDLE + [OTHERS] * (N - MIDDLE)


@pytest.mark.parametrize("name", ["dis", "lk", "orb-exact"])
def test_without_a_cut_there_is_none(name):
    assert ids_of(filmed(0), matcher=MATCHERS[name]()) == [BOTH] * N


@pytest.mark.parametrize("gray", [0, 255])
@pytest.mark.parametrize("found", [True, False])
def test_one_blank_image_keeps_ids(gray, found):
    images, frames = filmed(0), [standing(t) for t in range(N)]
    images[MIDDLE] = np.full_like(images[MIDDLE], gray)
    if not found:
        frames[MIDDLE] = frame_of()
    assert ids_of(images, frames, matcher=MATCHERS["dis"]()) == [BOTH] * N


def test_another_size_of_images_keeps_ids():
    images = filmed(0)
    images[MIDDLE:] = [image[:200] for image in images[MIDDLE:]]
    assert ids_of(images, matcher=MATCHERS["dis"]()) == [BOTH] * N


def files(folder, frames, missing=()):
    """Correspondences of people who walk, in a file a pair, but for the pairs that end in some."""
    for t in set(range(1, N)) - set(missing):
        source = frames[t - 1].keypoints.reshape(-1, 2)
        rows = (f"{x} {y} {x + 1} {y} 0\n" for x, y in source.tolist())
        (folder / f"{t - 1}_{t}.txt").write_text("".join(rows))


def read_and_tracked(folder, frames) -> list[Poses]:
    clip = Sequence(COCO, tuple(frames), ("",) * N)
    return list(track(clip, FlowTracker(COCO), None, correspondences_from(folder, clip)).frames)


def test_a_file_of_a_pair_that_is_missing_keeps_ids(tmp_path):
    frames = [standing(t) for t in range(N)]
    files(tmp_path, frames, missing=[MIDDLE])
    assert [p.track_ids.tolist() for p in read_and_tracked(tmp_path, frames)] == [BOTH] * N


def test_people_missed_where_nothing_is_known_go_on_as_they_moved(tmp_path):
    frames = [standing(t) for t in range(N)]
    files(tmp_path, frames, missing=[MIDDLE])
    frames[MIDDLE] = frame_of()
    found = read_and_tracked(tmp_path, frames)[MIDDLE]
    assert found.origins.tolist() == [Origin.PROPAGATED] * 2
    assert np.allclose(found.keypoints, standing(MIDDLE).keypoints)


def test_an_empty_file_is_a_cut(tmp_path):
    frames = [standing(t) for t in range(N)]
    files(tmp_path, frames)
    (tmp_path / f"{MIDDLE - 1}_{MIDDLE}.txt").write_text("")
    ids = [p.track_ids.tolist() for p in read_and_tracked(tmp_path, frames)]
    assert ids == [BOTH] * MIDDLE + [OTHERS] * (N - MIDDLE)


@pytest.mark.parametrize("by", ["hand", "follower"])
def test_a_row_of_chance_hides_no_cut(by):
    tracker, final = FlowTracker(COCO), []
    for t in range(N):
        points = standing(t - 1).keypoints.reshape(-1, 2)
        # Of the whole scene, but at the cut: then a single one, from somebody's nose.
        known = Correspondences(points, points + np.array([1.0, 0]))
        if t == MIDDLE:
            known = Correspondences(points[:1], points[:1] + np.array([3.0, 0]))
        final += tracker.update(
            standing(t),
            correspondences=known if by == "hand" else (lambda points, known=known: known),
        )
    ids = [f.poses.track_ids.tolist() for f in final + tracker.finish()]
    assert ids == [BOTH] * MIDDLE + [OTHERS] * (N - MIDDLE)


def told_of(moves, keypoints=((0.0, 0.0), (50, 0), (100, 0), (100, 100)), **options) -> float:
    """Of one person 100 pixels large, by rows of a source and its displacement."""
    table = np.array(moves, dtype=float).reshape(-1, 4)
    known = Correspondences(table[:, :2], table[:, :2] + table[:, 2:])
    return share_told(Poses.from_keypoints([keypoints]), known, **options)


def test_three_that_go_alike_tell_of_the_keypoints_they_are_nearest_to():
    # A tenth of the person's size, 10 pixels, is near a keypoint; a twentieth, 5, is alike.
    assert told_of([(9, 0, 30, 0), (51, 3, 33, 0), (100, 0, 27, 4)]) == 3 / 4
    assert told_of([(9, 0, 30, 0), (8, 0, 33, 0), (100, 0, 27, 4)]) == 2 / 4


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param([], id="none"),
        pytest.param([(0, 0, 30, 0), (50, 0, 30, 0)], id="only-two"),
        pytest.param([(0, 0, 30, 0), (50, 0, 30, 0), (100, 11, 30, 0)], id="one-too-far-away"),
        pytest.param([(0, 0, 24, 0), (50, 0, 30, 0), (100, 0, 36, 0)], id="not-alike"),
    ],
)
def test_of_whom_nothing_tells(moves):
    assert told_of(moves) == 0


def test_nobody_beyond_the_picture_counts():
    three = [(0, 0, 30, 0), (50, 0, 30, 0), (1, 1, 30, 0)]
    assert told_of(three, shape=(100, 100)) == 2 / 2
    assert told_of(three, shape=(101, 101)) == 2 / 4
    beyond = np.array([[0.0, 0.0], [50, 0], [100, 0]]) - 200
    assert np.isnan(told_of([], beyond, shape=(100, 100)))
    nobody = Correspondences.none()
    assert np.isnan(share_told(Poses.empty(17), nobody))


def test_each_person_is_asked_about_those_around_them():
    # The one goes to the right and the other to the left: each of the two is told of.
    two = Poses.from_keypoints([np.diag([40.0, 0]), np.diag([40.0, 0]) + 500])
    source = np.concatenate([two.keypoints.reshape(-1, 2), [[39, 0], [539, 500]]])
    right, left = [9.0, 0], [-9.0, 0]
    shift = np.array([right, right, left, left, right, left])
    assert share_told(two, Correspondences(source, source + shift)) == 1


def test_an_image_is_blank_if_next_to_nothing_is_to_be_seen():
    image = np.full((100, 200), 30, np.uint8)
    image[:50] = 30 + 15
    assert view_of(image) == View((100, 200), True)
    # Sixteen gray levels are one too many apart; a clock in a corner of a hundredth is not much.
    image[:50] = 30 + 16
    assert not view_of(image).is_blank
    image[:50] = 30
    image[:20, :10] = 255
    assert view_of(image).is_blank
    assert not view_of(texture(0)).is_blank


def test_images_of_one_size_with_something_in_both_can_be_compared():
    seen, blank, smaller = View((90, 160), False), View((90, 160), True), View((90, 120), False)
    assert comparable(seen, seen)
    for one, other in [(seen, blank), (blank, seen), (seen, smaller)]:
        assert not comparable(one, other)
