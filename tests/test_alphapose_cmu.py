"""AlphaPose's two imitations of OpenPose, in one file and in one file an image."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.formats import load, save
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import Skeleton, skeleton

DATA = Path(__file__).parent / "data"
CMU, OPEN = DATA / "alphapose-cmu.json", DATA / "alphapose-open.json"


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("path", "people", "field"),
    [(CMU, "bodies", "joints"), (OPEN, "people", "pose_keypoints_2d")],
)
def test_cmu_and_open(path: Path, people: str, field: str, tmp_path: Path) -> None:
    clip = load(path)
    assert clip.skeleton.name == "openpose-18"
    assert clip.image_names == ("2.jpg", "3.jpg", "4.jpg")
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 1], [], [2]]
    two = clip.frames[0]
    np.testing.assert_array_equal(two.keypoints[0, 17], [27.5, 54])
    assert np.isnan(two.keypoints[1, [0, 17]]).all()
    # Of the pose nothing is told: its keypoints speak for it.
    assert two.scores.tolist() == [0.5, 0.25]
    assert two.track_ids.tolist() == [-1, -1]

    save(tmp_path / "y.json", clip.with_track_ids([[3, -1], [], [1]]))
    before, after = json.loads(path.read_text()), json.loads((tmp_path / "y.json").read_text())
    ids = [body.pop("idx") for entry in after.values() for body in entry[people]]
    assert ids == [3, -1, 1]
    assert after == before
    assert load(tmp_path / "y.json").frames[0].track_ids.tolist() == [3, -1]
    assert len(after["2.jpg"][people][0][field]) == 54


def test_keypoints_that_the_user_calls_otherwise_come_back(tmp_path: Path) -> None:
    names = tuple(f"paw_{i}" for i in range(18))
    paws = Skeleton("paws", names, (), np.arange(18), np.ones(18))
    save(tmp_path / "y.json", load(CMU, skeleton=paws))
    assert load(tmp_path / "y.json").skeleton.name == "openpose-18"
    np.testing.assert_array_equal(
        load(tmp_path / "y.json").frames[0].keypoints, load(CMU).frames[0].keypoints
    )


@pytest.mark.parametrize("path", [CMU, OPEN])
def test_one_file_an_image(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sep-json"
    folder.mkdir()
    for name, entry in json.loads(path.read_text()).items():
        written(folder / f"{Path(name).stem}.json", entry)

    clip = load(folder)
    assert clip.image_names == ("2", "3", "4")
    save(tmp_path / "out", clip.with_track_ids([[3, -1], [], [1]]))
    save(tmp_path / "out.json", clip.with_track_ids([[3, -1], [], [1]]))

    for out in (load(tmp_path / "out"), load(tmp_path / "out.json")):
        assert [poses.track_ids.tolist() for poses in out.frames] == [[3, -1], [], [1]]
    assert json.loads((tmp_path / "out" / "4.json").read_text())[
        "camera" if path == CMU else "version"
    ]


def test_images_whose_files_would_be_one(tmp_path: Path) -> None:
    poses = Poses.empty(18)
    clip = Sequence(skeleton("openpose-18"), [poses, poses], ("a/1.jpg", "b/1.jpg"))
    with pytest.raises(InputError, match="expected image names that differ"):
        save(tmp_path / "out", clip, format="alphapose-cmu")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([1], "expected an object of images by name", id="list"),
        pytest.param(
            {"0.jpg": []}, r"image 0\.jpg: expected an object with a list bodies", id="[]"
        ),
        pytest.param({"0.jpg": {"bodies": 3}}, r"image 0\.jpg: .* got \{\"bodies\": 3\}", id="3"),
        pytest.param(
            {"0.jpg": {"bodies": [{}]}}, r"image 0\.jpg: person 1: joints: expected a list", id="{}"
        ),
        pytest.param(
            {"0.jpg": {"bodies": [{"joints": [1, 2, 3]}]}},
            "keypoints: expected 18, got 1; pass the skeleton",
            id="another K",
        ),
    ],
)
def test_cmu_with_a_mistake_is_named(content: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", content)
    with pytest.raises(InputError, match=r"x\.json: " + message):
        load(path, format="alphapose-cmu")


@pytest.mark.parametrize("path", [CMU, OPEN])
def test_a_dropped_image_is_gone(path: Path, tmp_path: Path) -> None:
    clip = load(path)
    rest = replace(clip, frames=clip.frames[1:], image_names=clip.image_names[1:])
    save(tmp_path / "y.json", rest)
    assert list(json.loads((tmp_path / "y.json").read_text())) == ["3.jpg", "4.jpg"]


@pytest.mark.parametrize("path", [CMU, OPEN])
def test_a_file_that_is_cut_off(path: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"x\.json: not valid JSON, cut off perhaps"):
        load(tmp_path / "x.json")
