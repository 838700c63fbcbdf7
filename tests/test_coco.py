"""COCO keypoint results, with and without the list of images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, save
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton

DATA = Path(__file__).parent / "data"
RESULTS, IMAGES = DATA / "coco-results.json", DATA / "coco-images.json"


def test_results_alone_have_numbers_for_names() -> None:
    clip = load(RESULTS)
    assert (clip.skeleton.name, clip.image_size) == ("coco-17", None)
    # 10 and 30 occur, and no step but 20 is known of.
    assert clip.image_names == ("10", "30")
    assert [poses.rows.tolist() for poses in clip.frames] == [[1], [0, 2]]
    np.testing.assert_array_equal(clip.frames[0].boxes, [[90, 10, 130, 70]])
    assert clip.frames[1].track_ids.tolist() == [-1, 8]
    assert clip.score_scales == (1.0, 1.0)
    assert clip.frames[1].scores.tolist() == [0.75, 0.25]


def test_a_list_of_images_names_and_orders_the_frames() -> None:
    clip = load(RESULTS, images=IMAGES)
    # By frame_id, which is not the order of the ids; the image without people is a frame, and
    # that of another video is none.
    assert clip.image_names == ("walk/c.jpg", "walk/b.jpg", "walk/a.jpg")
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 2], [], [1]]
    assert clip.image_size == (640, 360)


def test_images_without_frame_ids_are_in_natural_order(tmp_path: Path) -> None:
    listed = [{"id": 10, "file_name": "10.jpg"}, {"id": 30, "file_name": "9.jpg"}]
    (tmp_path / "images.json").write_text(json.dumps(listed))
    clip = load(RESULTS, images=tmp_path / "images.json")
    assert clip.image_names == ("9.jpg", "10.jpg")
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 2], [1]]
    assert clip.image_size is None


@pytest.mark.parametrize("images", [None, IMAGES])
def test_results_come_back_with_track_ids(images: Path | None, tmp_path: Path) -> None:
    clip = load(RESULTS, images=images)
    ids = {0: 3, 1: 3, 2: -1}
    save(
        tmp_path / "y.json",
        clip.with_track_ids([[ids[row] for row in poses.rows] for poses in clip.frames]),
    )
    before, after = json.loads(RESULTS.read_text()), json.loads((tmp_path / "y.json").read_text())
    before[2].pop("track_id")
    assert [row.pop("track_id") for row in after] == [3, 3, -1]
    assert after == before


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(("000000000139.jpg", "000000000285.jpg"), [139, 285], id="COCO's own"),
        pytest.param(("a/12_crop.jp2", "a/13_crop.jp2"), [12, 13], id="a number and an ending"),
        pytest.param(("a/1.jpg", "b/1.jpg"), [0, 1], id="the same number twice"),
        pytest.param(("left.jpg", "right.jpg"), [0, 1], id="no number"),
        pytest.param(("", ""), [0, 1], id="no name"),
    ],
)
def test_images_get_numbers(names: tuple[str, ...], expected: list[int], tmp_path: Path) -> None:
    poses = Poses.from_keypoints(np.ones((1, 17, 2)), np.ones((1, 17)))
    save(tmp_path / "y.json", Sequence(skeleton("coco-17"), [poses, poses], names), format="coco")
    rows = json.loads((tmp_path / "y.json").read_text())
    assert [row["image_id"] for row in rows] == expected
    assert list(rows[0]) == ["image_id", "category_id", "keypoints", "score", "bbox", "track_id"]


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        pytest.param({"images": 3}, "images: expected a list, got 3", id="number"),
        pytest.param({}, "images: expected a list, got nothing", id="absent"),
        pytest.param([7], "image 1: expected an object, got 7", id="no object"),
        pytest.param([{"id": "a"}], 'image 1: id: expected an integer, got "a"', id="id"),
        pytest.param([{"id": 3}], "image 1: file_name: expected a name, got nothing", id="name"),
        pytest.param(
            [{"id": 30, "file_name": "a"}, {"id": 20, "file_name": "b"}],
            r"results\.json: row 2: image_id: expected one of the 2 images of .*x\.json, got 10",
            id="unknown image",
        ),
        pytest.param(
            [
                {"id": 30, "file_name": "a", "video_id": 1},
                {"id": 10, "file_name": "b", "video_id": 2},
            ],
            "expected the results of one video, got 2 of them",
            id="two videos",
        ),
    ],
)
def test_a_list_of_images_with_a_mistake(listed: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(listed))
    with pytest.raises(InputError, match=message):
        load(RESULTS, images=tmp_path / "x.json")


def test_a_name_for_an_image_is_refused() -> None:
    with pytest.raises(InputError, match=r'row 1: image_id: expected an integer, got "2\.jpg"'):
        load(DATA / "alphapose-list.json", format="coco")


def test_boxes_without_keypoints_are_refused() -> None:
    path = shared("data", "posetrack18", "test_posetrack18_human_detections.json")
    with pytest.raises(InputError, match=r"row 1 \(image 10128340000\): keypoints: .* got nothing"):
        load(path)


def test_an_image_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    listed = [{"id": 10, "file_name": "a.jpg"}, {"id": 30, "file_name": "b.jpg"}]
    (tmp_path / "images.json").write_text(json.dumps([*listed, {"id": 10, "file_name": "c.jpg"}]))
    message = (
        "image 3: id: expected another than 10, which is that of a.jpg, got it again for c.jpg"
    )
    with pytest.raises(InputError, match=message):
        load(RESULTS, images=tmp_path / "images.json")


@pytest.mark.parametrize("name", ["posetrack-15", "openpose-18", "body-25", "halpe-26", "mpii-16"])
def test_other_skeletons_are_written_so_that_they_can_be_read(name: str, tmp_path: Path) -> None:
    kind = skeleton(name)
    places = np.arange(2.0 * len(kind)).reshape(1, -1, 2) + 1
    clip = Sequence(kind, [Poses.from_keypoints(places, track_ids=[4])], ("7.jpg",))
    save(tmp_path / "x.json", clip, format="coco")
    back = load(tmp_path / "x.json", format="coco")
    assert back.skeleton.name == "coco-17"
    shared_name = "left_knee"
    np.testing.assert_array_equal(
        back.frames[0].keypoints[0, back.skeleton.keypoints.index(shared_name)],
        places[0, kind.keypoints.index(shared_name)],
    )


def test_a_skeleton_of_ones_own_stays_as_it_is(tmp_path: Path) -> None:
    rows = [{"image_id": 1, "category_id": 1, "keypoints": [1, 2, 0.5] * 16, "score": 0.5}]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    clip = load(tmp_path / "x.json", skeleton=skeleton("mpii-16"))
    save(tmp_path / "y.json", clip)
    assert json.loads((tmp_path / "y.json").read_text()) == [rows[0] | {"track_id": -1}]
