"""PoseTrack's files of 2018 and 2021."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, recognise, save
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import Skeleton, skeleton

# The joints as the data set's own evaluator names them: its ids of 2017, and its files of 2018.
# fmt: off
JOINTS_17 = [
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    "head_bottom", "nose", "head_top",
]
JOINTS_18 = [
    "nose", "head_bottom", "head_top", "left_ear", "right_ear",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
]
# fmt: on


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def as_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def text(content: Any) -> str:
    """For comparison: nan is not nan, but their texts are."""
    return json.dumps(content, sort_keys=True)


def annotation(image: int = 1, **fields: Any) -> Any:
    """A person whose keypoint k is at (10 + k, 20), ears missing."""
    points = [(0, 0, 0) if k in (3, 4) else (10 + k, 20, 1) for k in range(17)]
    return {"image_id": image, "keypoints": [n for p in points for n in p], **fields}


def document(annotations: list[Any], names: list[str] = JOINTS_18, n_images: int = 2) -> Any:
    images = [
        {"id": i, "file_name": f"images/val/000001_mpii/{i:06d}.jpg", "is_labeled": i % 2 == 0}
        for i in range(n_images, 0, -1)
    ]
    categories = [{"id": 1, "name": "person", "keypoints": names, "skeleton": [[1, 2]]}]
    return {"images": images, "annotations": annotations, "categories": categories}


def test_as_arrays(tmp_path: Path) -> None:
    people = [
        annotation(1, track_id=3, bbox=[1, 2, 10, 20], scores=[0.5] * 17, score=0.25),
        annotation(2, track_id=0, bbox=[], scores=[]),
        annotation(1, bbox_head=[1, 2, 3, 4]),
        {"image_id": 2, "track_id": -1, "keypoints": []},
    ]
    path = written(tmp_path / "clip.json", document(people, n_images=3))

    clip = load(path)

    assert recognise(path).name == "posetrack18"
    assert (clip.skeleton.name, clip.name) == ("posetrack-17", "clip")
    # In the order of the images, whatever their names.
    assert [name[-5] for name in clip.image_names] == ["3", "2", "1"]
    assert [poses.rows.tolist() for poses in clip.frames] == [[], [1, 3], [0, 2]]
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[], [1, -1], [4, -1]]
    one, two = clip.frames[2], clip.frames[1]
    assert np.flatnonzero(np.isnan(one.keypoints[0, :, 0])).tolist() == [3, 4]
    assert one.keypoints[0, 5].tolist() == [15, 20]
    assert one.keypoint_scores[0, [3, 5]].tolist() == [0, 0.5]
    assert np.isnan(one.keypoint_scores[1, 5])
    assert one.scores[0] == 0.25
    assert np.isnan(one.scores[1])
    assert one.boxes.tolist() == [[1, 2, 11, 22], [10, 20, 26, 20]]
    assert two.boxes[0].tolist() == [10, 20, 26, 20]
    assert np.isnan(two.keypoints[1]).all()


def test_people_of_an_image_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    people = [annotation(1 + i % 2, track_id=i) for i in range(80)]
    clip = load(written(tmp_path / "x.json", document(people)))
    assert [poses.track_ids.tolist() for poses in clip.frames] == [
        list(range(2, 81, 2)),
        list(range(1, 81, 2)),
    ]


def test_only_three_zeros_are_a_missing_joint(tmp_path: Path) -> None:
    keypoints = [0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 5, 0] + [0] * 39
    path = written(tmp_path / "x.json", document([annotation() | {"keypoints": keypoints}]))
    points = load(path).frames[1].keypoints[0]
    assert np.flatnonzero(~np.isnan(points[:, 0])).tolist() == [1, 2, 3]
    assert points[1:4].tolist() == [[0, 0], [5, 0], [0, 5]]


def test_joints_go_by_name(tmp_path: Path) -> None:
    flat = [number for k in range(15) for number in (k + 1, 1, 1)]
    scores = [k / 16 for k in range(15)]
    person = {"image_id": 1, "keypoints": flat, "scores": scores}
    clip = load(written(tmp_path / "x.json", document([person], JOINTS_17[::-1])))
    assert clip.skeleton.name == "posetrack-15"
    poses = clip.frames[1]
    # The last of the file is the first of the skeleton.
    assert poses.keypoints[0, :, 0].tolist() == [15.0 - k for k in range(15)]
    assert poses.keypoint_scores[0].tolist() == [(14 - k) / 16 for k in range(15)]

    # New people are written in the file's order, too.
    new = replace(poses, rows=np.array([-1]))
    save(tmp_path / "out.json", clip.with_frames([clip.frames[0], new]))
    made = as_json(tmp_path / "out.json")["annotations"][0]
    assert (made["keypoints"], made["scores"]) == (flat, scores)


def test_other_animals_have_their_own_skeleton(tmp_path: Path) -> None:
    content = document([{"image_id": 1, "keypoints": [1, 2, 1, 3, 4, 1]}], ["left_horn", "tail"])
    path = written(tmp_path / "x.json", content)
    assert load(path).skeleton.keypoints == ("left_horn", "tail")
    mine = Skeleton("cow", ("horn", "end"), (), np.arange(2), np.ones(2))
    assert load(path, skeleton=mine).skeleton == mine
    with pytest.raises(InputError, match="expected the 17 of skeleton coco-17, got 2"):
        load(path, skeleton=skeleton("coco-17"))


def test_without_names_goes_by_number(tmp_path: Path) -> None:
    content = document([annotation()])
    del content["categories"]
    path = written(tmp_path / "x.json", content)
    assert load(path).skeleton.name == "posetrack-17"
    assert load(path, skeleton=skeleton("coco-17")).skeleton.name == "coco-17"
    content["annotations"] = [{"image_id": 1}]
    poses = load(written(tmp_path / "x.json", content)).frames[1]
    assert poses.keypoints.shape == (1, 17, 2)


def test_every_field_comes_back_with_the_id(tmp_path: Path) -> None:
    people = [
        annotation(1, track_id=3, bbox_head=[1, 2, 3, 4], person_id=9),
        annotation(2, track_id=5, iscrowd=False, x=math.nan),
        {"image_id": 1, "mine": [None]},
    ]
    content = document(people) | {"info": {"year": 2018}}
    clip = load(written(tmp_path / "in.json", content))

    save(tmp_path / "out.json", clip.with_track_ids([[-1], [2, 12]]))

    expected = json.loads(text(content))
    expected["annotations"][0]["track_id"] = 1
    del expected["annotations"][1]["track_id"]
    expected["annotations"][2]["track_id"] = 11
    assert text(as_json(tmp_path / "out.json")) == text(expected)


def test_images_come_back_where_a_folder_named_the_frames(tmp_path: Path) -> None:
    content = document([annotation(1)], n_images=3)
    clip = load(written(tmp_path / "in.json", content))
    nobody = Poses.empty(17)
    names = (*(Path(name).name for name in clip.image_names), "new.jpg", "")
    new = Poses.from_keypoints(np.ones((1, 17, 2)), track_ids=[1])

    clip = replace(clip, frames=(*clip.frames, nobody, nobody), image_names=names)
    save(tmp_path / "out.json", clip)
    assert as_json(tmp_path / "out.json") == content

    save(tmp_path / "new.json", replace(clip, frames=(*clip.frames[:3], new, nobody)))
    got = as_json(tmp_path / "new.json")
    assert got["images"][:3] == content["images"]
    assert [image["file_name"] for image in got["images"][3:]] == ["new.jpg"]
    assert [len(poses) for poses in load(tmp_path / "new.json").frames] == [0, 0, 1, 1]


def test_frames_that_were_cut_off_are_not_written(tmp_path: Path) -> None:
    content = document([annotation(1), annotation(2)], n_images=3)
    clip = load(written(tmp_path / "in.json", content))
    save(
        tmp_path / "out.json",
        replace(clip, frames=clip.frames[:2], image_names=clip.image_names[:2]),
    )
    got = as_json(tmp_path / "out.json")
    assert got["images"] == content["images"][:2]
    assert got["annotations"] == content["annotations"][1:]


def test_predictions_are_what_the_evaluator_reads(tmp_path: Path) -> None:
    keypoints = np.full((2, 17, 2), np.nan)
    keypoints[0, [0, 1]] = [[1.5, 2], [0, 0]]
    scores = np.zeros((2, 17))
    scores[0, [0, 1]] = [0.5, np.nan]
    boxes = [[1, 2, 4, 6], [np.nan] * 4]
    poses = Poses.from_keypoints(keypoints, scores, [0.25, np.nan], boxes, [6, -1])
    clip = Sequence(
        skeleton("posetrack-17"), [Poses.empty(17), poses], ("000001_mpii/000000.jpg", ""), name="v"
    )

    save(tmp_path / "out.json", clip, format="posetrack18")

    got = as_json(tmp_path / "out.json")
    assert [category["keypoints"] for category in got["categories"]] == [JOINTS_18]
    assert [category["name"] for category in got["categories"]] == ["person"]
    image = {"vid_id": "v", "nframes": 2}
    assert got["images"] == [
        {"id": 1, "frame_id": 0, "file_name": "000001_mpii/000000.jpg", **image},
        {"id": 2, "frame_id": 1, "file_name": "000001.jpg", **image},
    ]
    head = {"image_id": 2, "category_id": 1}
    one = {
        "id": 1,
        "keypoints": [1.5, 2.0, 1, 0, 0, 1] + [0] * 45,
        "scores": [0.5] + [0.0] * 16,
        "score": 0.25,
        "bbox": [1.0, 2.0, 3.0, 4.0],
        "track_id": 5,
    }
    assert got["annotations"] == [head | one, head | {"id": 2, "keypoints": [0] * 51}]


def test_holds_the_15_joints_as_well(tmp_path: Path) -> None:
    poses = Poses.from_keypoints(np.arange(30.0).reshape(1, 15, 2) + 1)
    clip = Sequence(skeleton("posetrack-15"), [poses], ("a.jpg",))
    save(tmp_path / "out.json", clip, format="posetrack18")
    assert as_json(tmp_path / "out.json")["categories"][0]["keypoints"] == JOINTS_17
    np.testing.assert_array_equal(load(tmp_path / "out.json").frames[0].keypoints, poses.keypoints)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param({"images": []}, "annotations: expected a list, got nothing", id="no people"),
        pytest.param({"annotations": []}, "images: expected a list, got nothing", id="no images"),
        pytest.param(
            {"images": [3], "annotations": []}, "images 1: expected an object, got 3", id="image"
        ),
        pytest.param(
            {"images": [{"id": 1}, {"id": 1}], "annotations": []},
            "image 2: id: expected a number or name that no other image has, got 1",
            id="image twice",
        ),
        pytest.param(
            {"images": [{"id": [1]}], "annotations": []}, r"image 1: id: .* got \[1\]", id="id"
        ),
        pytest.param(
            document([annotation(), annotation(7)]),
            "annotation 2: image_id: expected the id of an image, got 7",
            id="no such image",
        ),
        pytest.param(
            document([annotation(), annotation(True)]),
            "annotation 2: image_id: expected the id of an image, got true",
            id="true is no number",
        ),
        pytest.param(
            document([annotation(keypoints=[1, 2, 3])]),
            r"annotation 1 \(image images/val/000001_mpii/000001.jpg\): keypoints: "
            "expected 17 keypoints.*, got 1",
            id="too few",
        ),
        pytest.param(
            document([annotation(keypoints=[1, math.inf, 3] * 17)]),
            "keypoints: expected finite numbers, got Infinity as y of keypoint 1",
            id="inf",
        ),
        pytest.param(
            document([annotation(scores=[0.5])]),
            r"\): scores: expected 17 numbers, got \[0.5\]",
            id="scores",
        ),
        pytest.param(
            document([annotation(scores=[0.5, None] + [1] * 15)]),
            "scores: expected numbers, got nothing as score 2",
            id="null",
        ),
        pytest.param(document([annotation(track_id=0.5)]), "track_id: .* got 0.5", id="track"),
        pytest.param(document([annotation(bbox=[1, 2])]), r"bbox: .*got \[1, 2\]", id="box"),
        pytest.param(document([annotation(score="x")]), 'score: .* got "x"', id="score"),
        pytest.param(
            document([], ["nose", "nose"]), "categories 1: .* got 'nose' twice", id="twice"
        ),
        pytest.param(
            document([]) | {"categories": [{"keypoints": [1]}]},
            r"categories 1: keypoints: expected names, got \[1\]",
            id="names",
        ),
    ],
)
def test_mistakes_are_named(content: Any, fault: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", content)
    with pytest.raises(InputError, match=fault) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_cut_off_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(document([annotation()]))
    (tmp_path / "x.json").write_text(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match=r"x\.json: not valid JSON, cut off perhaps"):
        load(tmp_path / "x.json")


def test_to_2017_and_back_keeps_the_poses(tmp_path: Path) -> None:
    people = [annotation(1, track_id=3, scores=[0.5] * 17), annotation(2, track_id=1)]
    clip = load(written(tmp_path / "a.json", document(people)))
    save(tmp_path / "b.json", clip, format="posetrack17")
    save(tmp_path / "c.json", load(tmp_path / "b.json"), format="posetrack18")
    for before, after in zip(clip.frames, load(tmp_path / "c.json").frames, strict=True):
        assert before.track_ids.tolist() == after.track_ids.tolist()
        for k, name in enumerate(JOINTS_18):
            place = JOINTS_17.index(name) if "ear" not in name else None
            if place is not None:
                np.testing.assert_array_equal(after.keypoints[:, place], before.keypoints[:, k])


def test_real_files_come_back_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    for path in sorted(shared("data", "posetrack18").rglob("*_val.json")) + sorted(
        shared("data", "posetrack18", "val").glob("*.json")
    ):
        clip = load(path)
        content = as_json(path)
        assert clip.skeleton.name == "posetrack-17"
        assert sum(map(len, clip.frames)) == len(content["annotations"])
        save(out, clip)
        assert as_json(out) == content

        save(out, replace(clip, source=None), format="posetrack18")
        for before, after in zip(content["annotations"], as_json(out)["annotations"], strict=True):
            assert (after["keypoints"], after["track_id"]) == (
                before["keypoints"],
                before["track_id"],
            )
            np.testing.assert_allclose(after["bbox"], before["bbox"], rtol=1e-12)
