"""What is in the data set's folder, and which frames are to be predicted."""

from __future__ import annotations

import json
import shutil

import pytest

from conftest import shared
from poseflow.errors import InputError
from poseflow.posetrack.layout import listings, require_images, splits
from posetrack_tree import FILMS_17, FILMS_18, make_tree


@pytest.fixture(scope="module", params=[2017, 2018], ids=["2017", "2018"])
def year(request):
    return request.param


@pytest.fixture(scope="module")
def root(year, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layout") / "data"
    make_tree(folder, year)
    return folder


def test_frames_are_the_annotations_in_its_order(root, year):
    films = {film.name: film for film in (FILMS_17 if year == 2017 else FILMS_18)["val"]}
    found = listings(root, "val")
    assert [x.name for x in found] == sorted(films)
    for listing in found:
        film = films[listing.name]
        assert list(listing.blank.image_names) == film.images
        assert str(listing.folder) == film.folder
        assert listing.format == f"posetrack{year - 2000}"
        assert not any(map(len, listing.blank.frames))
    require_images(root, found)


def test_an_order_of_the_annotations_own_is_kept(root, year, tmp_path):
    shutil.copytree(root, tmp_path / "data")
    path = next((tmp_path / "data" / "annotations" / "val").glob("*.json"))
    content = json.loads(path.read_text())
    frames = content["annolist" if year == 2017 else "images"]
    frames.reverse()
    path.write_text(json.dumps(content))
    found = next(x for x in listings(tmp_path / "data", "val") if x.annotation == path)
    named = [f["image"][0]["name"] if year == 2017 else f["file_name"] for f in frames]
    assert list(found.blank.image_names) == named
    assert not found.in_order


def test_a_split_without_annotations_is_its_folders_of_images_in_natural_order(tmp_path):
    make_tree(tmp_path / "data", 2018)
    (found,) = listings(tmp_path / "data", "test")
    folder = "images/test/000003_mpii_test"
    assert found.blank.image_names == tuple(f"{folder}/{i}.jpg" for i in (8, 9, 10, 11))
    assert (found.name, found.annotation) == ("000003_mpii_test", None)
    assert found.format == "posetrack18"
    assert splits(tmp_path / "data") == ["test", "train", "val"]
    test = tmp_path / "data" / "images" / "test"
    for name in ("000010_mpii_test", "0000009_mpii_test"):
        shutil.copytree(test / "000003_mpii_test", test / name)
    names = [x.name for x in listings(tmp_path / "data", "test")]
    assert names == ["000003_mpii_test", "0000009_mpii_test", "000010_mpii_test"]


def test_a_test_of_2017_without_annotations_is_what_no_annotation_speaks_of(tmp_path):
    make_tree(tmp_path / "data", 2017)
    (tmp_path / "data" / "annotations" / "val" / "000001_bonn_relpath.json").unlink()
    (found,) = listings(tmp_path / "data", "test")
    assert str(found.folder) == "images/bonn/000001_bonn"
    assert found.format == "posetrack17"
    assert len(found.blank) == 8


def test_a_split_that_is_not_there_names_those_that_are(root, year):
    there = "test, train, val" if year == 2018 else "train, val"
    with pytest.raises(InputError, match=f"split 'dev': expected .* found none; there is {there}$"):
        listings(root, "dev")


def test_another_folder_is_not_the_data_set(tmp_path):
    with pytest.raises(InputError, match=r"expected the folder of the PoseTrack data set"):
        listings(tmp_path / "nowhere", "val")


def test_a_missing_image_is_named(root):
    found = listings(root, "train")
    image = root / found[0].blank.image_names[2]
    content = image.read_bytes()
    image.unlink()
    try:
        with pytest.raises(InputError, match=f"{image.name}: no such image, which .*train"):
            require_images(root, found)
    finally:
        image.write_bytes(content)


def entry(name: str) -> dict:
    return {"image": [{"name": name}], "annorect": []}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            {"annolist": [entry("images/a/1.jpg"), entry("images/b/2.jpg")]},
            "expected images in one folder, got images/a/1.jpg and images/b/2.jpg",
            id="two-folders",
        ),
        pytest.param(
            {"annolist": [entry("images/a/1.jpg"), entry("images/a/1.jpg")]},
            r"frame 2 \(images/a/1.jpg\): the same image as frame 1",
            id="one-image-twice",
        ),
        pytest.param(
            {"annolist": [{"annorect": []}]},
            "frame 1: image name: expected one, got nothing",
            id="no-name",
        ),
        pytest.param(
            {"1.jpg": []},
            "expected an annotation of PoseTrack's, got a file of alphapose-forvis",
            id="poses",
        ),
    ],
)
def test_an_annotation_that_is_none_is_refused(tmp_path, content, message):
    path = tmp_path / "annotations" / "val" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"a.json: {message}"):
        listings(tmp_path, "val")


def test_real_annotations_of_2018(tmp_path):
    shutil.copytree(shared("data", "posetrack18", "val"), tmp_path / "annotations" / "val")
    found = listings(tmp_path, "val")
    assert [x.name for x in found] == [f"{n}_mpii_test" for n in ("003418", "009473", "012834")]
    for listing in found:
        assert listing.blank.image_names == (f"images/val/{listing.name}/000000.jpg",)
        assert listing.format == "posetrack18"
