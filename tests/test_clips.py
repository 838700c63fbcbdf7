"""Files of several clips: images that lie in folders of their own are clips of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.formats import load, load_clips, load_truth, load_truths
from poseflow.formats.clips import split
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton

OWN = skeleton("posetrack-15")


def entry(name: str, track_id: int, head: float, labelled: int, region: float) -> dict[str, Any]:
    points = [{"id": [0], "x": [head], "y": [5]}]
    person = {"track_id": [track_id], "annopoints": [{"point": points}]}
    sides = {"x1": [head], "y1": [0], "x2": [head + 2], "y2": [3]}
    corners = [{"x": [x], "y": [y]} for x, y in ((region, 0), (region, 9), (0, 9))]
    return {
        "image": [{"name": name}],
        "is_labeled": [labelled],
        "ignore_regions": [{"point": corners}],
        "annorect": [person | sides],
    }


def written(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"annolist": list(entries)}))
    return path


@pytest.fixture
def two(tmp_path) -> Path:
    """Two clips whose frames take turns."""
    return written(
        tmp_path,
        entry("images/val/one/1.jpg", 0, 10, 1, 50),
        entry("images/val/two/1.jpg", 0, 20, 0, 60),
        entry("images/val/one/2.jpg", 1, 30, 0, 70),
        entry("images/val/two/2.jpg", 2, 40, 1, 80),
    )


def test_each_folder_is_a_truth_with_all_that_belongs_to_it(two):
    one, other = load_truths(two)
    assert (one.sequence.name, other.sequence.name) == ("one", "two")
    assert one.sequence.image_names == ("images/val/one/1.jpg", "images/val/one/2.jpg")
    assert [p.track_ids.tolist() for p in other.sequence.frames] == [[1], [3]]
    assert [boxes[0, 0] for boxes in one.head_boxes] == [10, 30]
    assert [boxes[0, 0] for boxes in other.head_boxes] == [20, 40]
    assert [regions[0][0, 0] for regions in other.ignored] == [60, 80]
    assert (one.labelled.tolist(), other.labelled.tolist()) == ([True, False], [False, True])


def test_each_folder_is_a_clip_of_poses(two):
    one, other = load_clips(two)
    assert [p.keypoints[0, 0, 0] for p in one.frames] == [10, 30]
    assert [p.keypoints[0, 0, 0] for p in other.frames] == [20, 40]
    assert len(load(two)) == 4


def test_one_truth_is_not_two(two):
    with pytest.raises(InputError, match="expected one clip, got 2"):
        load_truth(two)


def sequence(*names: str) -> Sequence:
    frames = tuple(Poses.empty(len(OWN)) for _ in names)
    times = np.arange(len(names)) / 10
    return Sequence(OWN, frames, names, times=times, name="mine")


@pytest.mark.parametrize(
    "names",
    [(), ("",), ("", "a/1.jpg", "b/2.jpg"), ("1.jpg", "2.jpg"), ("a/1.jpg", "a/2.jpg")],
    ids=["empty", "unnamed", "some-unnamed", "no-folder", "one-folder"],
)
def test_one_clip_stays_as_it_is(names):
    clip = sequence(*names)
    assert split(clip) == (clip,)


def test_folders_of_one_name_go_by_their_paths():
    parts = split(sequence("a/cam/1.jpg", "b/cam/1.jpg", "a/cam/2.jpg"))
    assert [part.name for part in parts] == ["a/cam", "b/cam"]
    assert parts[0].times is not None
    assert parts[0].times.tolist() == [0, 0.2]
