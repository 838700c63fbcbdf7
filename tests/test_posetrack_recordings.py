"""Poses find their frames by the names of images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseflow import load
from poseflow.errors import InputError
from poseflow.posetrack.layout import listings
from poseflow.posetrack.recordings import read_split, recordings
from posetrack_tree import FILMS_18, keypoints, make_tree, sample

FIRST, SECOND = FILMS_18["val"]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recordings") / "data"
    make_tree(folder, 2018)
    return folder


def plain(path: Path, scale: float | None):
    return load(path, score_scale=scale)


def sorted_out(root: Path, poses: dict | Path, **options):
    """Recordings by name, and the strays, of poses by image (or of a folder)."""
    path = poses
    if isinstance(poses, dict):
        path = root.parent / "poses.json"
        path.write_text(json.dumps(poses))
    found, strays = recordings(listings(root, "val"), read_split(path, plain), root, **options)
    return {x.listing.name: x for x in found}, strays


def counts(recording) -> list[int]:
    return [len(poses) for poses in recording.poses.frames]


def renamed(poses: dict, change) -> dict:
    return {str(change(PurePosixPath(name))): people for name, people in poses.items()}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda name: name, id="as-annotated"),
        pytest.param(lambda name: "/data/posetrack" / name, id="absolute"),
        pytest.param(lambda name: PurePosixPath(*name.parts[-2:]), id="shorter"),
        pytest.param(lambda name: name.with_suffix(".png"), id="another-suffix"),
        pytest.param(lambda name: name.with_suffix(""), id="no-suffix"),
    ],
)
def test_a_file_of_a_split_is_divided_by_the_names_of_images(root, change):
    found, strays = sorted_out(root, renamed(sample(FILMS_18["val"]), change))
    assert counts(found[FIRST.name]) == [2, 2, 2, 0, 2, 2, 2, 2]
    assert counts(found[SECOND.name]) == [3, 3, 3, 3, 3]
    assert found[SECOND.name].poses.image_names == tuple(SECOND.images)
    at = found[SECOND.name].poses.frames[1].keypoints[1, 9]
    np.testing.assert_array_equal(at, [150, 46])  # Its head top: y 90, 44 above the middle.
    assert not strays


def test_a_folder_with_a_file_for_each_sequence_says_the_same(root, tmp_path):
    for film in FILMS_18["val"]:
        bare = renamed(sample([film]), lambda name: name.name)
        (tmp_path / f"{film.name}.json").write_text(json.dumps(bare))
    found, _ = sorted_out(root, tmp_path)
    assert counts(found[FIRST.name]) == [2, 2, 2, 0, 2, 2, 2, 2]
    assert counts(found[SECOND.name]) == [3, 3, 3, 3, 3]


def test_all_files_of_a_folder_have_one_scale(root, tmp_path):
    poses = sample(FILMS_18["val"])
    (person,) = poses[FIRST.image(0)][:1]
    person["keypoints"][2] = 5.0
    for film in FILMS_18["val"]:
        own = {name: poses[name] for name in film.images}
        (tmp_path / f"{film.name}.json").write_text(json.dumps(own))
    one, _ = sorted_out(root, poses)
    many, _ = sorted_out(root, tmp_path)
    for name in one:
        assert many[name].poses.score_scales == one[name].poses.score_scales
        assert many[name].poses.score_scales[0] == 5.0
        for a, b in zip(one[name].poses.frames, many[name].poses.frames, strict=True):
            np.testing.assert_array_equal(a.keypoint_scores, b.keypoint_scores)
            np.testing.assert_array_equal(a.scores, b.scores)


def test_images_between_annotated_ones_are_tracked_along_if_there_are_poses(root):
    poses = sample(FILMS_18["val"], between=True)
    found, _ = sorted_out(root, poses)
    recording = found[SECOND.name]
    numbers = [0, 2, 4, 6, 8, 9, 10]
    assert recording.poses.image_names == tuple(map(SECOND.image, numbers))
    assert recording.listed.tolist() == [0, 2, 4, 5, 6]
    assert counts(recording) == [3] * 7
    without, _ = sorted_out(root, poses, between=False)
    assert without[SECOND.name].poses.image_names == tuple(SECOND.images)


def test_images_before_and_after_all_annotated_ones_are_not_tracked(root, tmp_path):
    shutil.copytree(root, tmp_path / "data")
    path = tmp_path / "data" / "annotations" / "val" / f"{SECOND.name}.json"
    content = json.loads(path.read_text())
    content["images"] = content["images"][1:-1]
    ids = [image["id"] for image in content["images"]]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] in ids]
    path.write_text(json.dumps(content))
    found, _ = sorted_out(tmp_path / "data", sample(FILMS_18["val"], between=True))
    numbers = [4, 6, 8, 9]
    assert found[SECOND.name].poses.image_names == tuple(map(SECOND.image, numbers))
    # Where the annotation has an order of its own, nothing is between.
    content["images"].reverse()
    path.write_text(json.dumps(content))
    found, _ = sorted_out(tmp_path / "data", sample(FILMS_18["val"], between=True))
    assert found[SECOND.name].poses.image_names == tuple(map(SECOND.image, (9, 8, 4)))


def test_poses_of_other_sequences_are_passed_over_and_counted(root):
    poses = sample((*FILMS_18["val"], *FILMS_18["train"]))
    poses["images/train/9_bonn_train/000000.jpg"] = []
    _, strays = sorted_out(root, poses)
    assert strays == {"images/train/000001_bonn_train": 6}


def test_an_image_that_is_nowhere_is_refused_but_not_if_nobody_is_in_it(root):
    poses = sample(FILMS_18["val"])
    poses[SECOND.image(99)] = []
    found, _ = sorted_out(root, poses)
    assert len(found[SECOND.name].poses) == 5
    poses[SECOND.image(99)] = poses[SECOND.image(0)]
    with pytest.raises(
        InputError, match=r"poses.json: image '.*/000099.jpg': neither annotated nor a file in"
    ):
        sorted_out(root, poses)


def test_a_sequence_without_poses_is_named(root):
    with pytest.raises(
        InputError,
        match=r"poses.json: no poses for 1 of the 2 sequences, 000522_mpii_test "
        r"\(images/val/000522_mpii_test\); .* is 'images/val/000342_mpii_test/000000.jpg'",
    ):
        sorted_out(root, sample([FIRST]))


def test_names_without_folders_do_not_tell_the_sequences_of_one_file(root):
    poses = {f"{i}.jpg": [] for i in range(3)}
    with pytest.raises(InputError, match=r"no poses for 2 of the 2 .* first here is '0.jpg'"):
        sorted_out(root, poses)


def test_nobody_at_all_is_a_case_and_not_an_error(root):
    found, _ = sorted_out(root, {name: [] for film in FILMS_18["val"] for name in film.images})
    assert counts(found[FIRST.name]) == [0] * 8


def test_poses_of_one_sequence_in_two_files_are_refused(root, tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(sample(FILMS_18["val"])))
    with pytest.raises(InputError, match=r"b.json: poses of 000342_mpii_test, which are in .*a.js"):
        sorted_out(root, tmp_path)


def test_an_image_twice_is_refused(root):
    poses = sample(FILMS_18["val"])
    poses["/elsewhere/" + FIRST.image(1)] = poses[FIRST.image(2)]
    with pytest.raises(InputError, match=r"000001.jpg': its poses come twice"):
        sorted_out(root, poses)


def test_an_empty_folder_is_refused(root, tmp_path):
    with pytest.raises(InputError, match="expected a file of poses for each sequence, found none"):
        sorted_out(root, tmp_path)


@settings(max_examples=25)
@given(st.data())
def test_any_order_and_any_gaps_give_every_frame_its_own_poses(root, data):
    """Whatever images poses are there for: a frame has those of its number or nobody's."""
    films = FILMS_18["val"]
    every = [(film, n) for film in films for n in (*film.numbers, *film.between)]
    some = data.draw(st.lists(st.sampled_from(every), unique=True))
    poses = {film.image(film.numbers[0]): [] for film in films}
    for film, number in some:
        walk = film.people[0]
        poses[film.image(number)] = [{"keypoints": keypoints(walk, number), "score": 1.0}]
    found, strays = sorted_out(root, poses)
    assert not strays
    for film in films:
        recording = found[film.name]
        shown = [int(PurePosixPath(name).stem) for name in recording.poses.image_names]
        assert [shown[i] for i in recording.listed] == list(film.numbers)
        assert shown == sorted({*film.numbers, *(n for f, n in some if f is film)})
        for number, frame in zip(shown, recording.poses.frames, strict=True):
            assert len(frame) == ((film, number) in some)
            if len(frame):
                pelvis = film.people[0].joints(number)["pelvis"]
                np.testing.assert_array_equal(frame.keypoints[0, 6], pelvis)
