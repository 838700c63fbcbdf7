"""OpenPose's folders."""

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


def person(n_keypoints: int = 25, x: float = 10, score: float = 0.5, **fields: Any) -> Any:
    """A person whose keypoint k is at (x + k, 20), the last one missing."""
    flat = [number for k in range(n_keypoints - 1) for number in (x + k, 20, score)]
    return {"person_id": [-1], "pose_keypoints_2d": [*flat, 0, 0, 0], **fields}


def folder(path: Path, frames: dict[int, list[Any]], **fields: Any) -> Path:
    """A folder of one file for each frame, as OpenPose names them."""
    path.mkdir(exist_ok=True)
    for number, people in frames.items():
        content = {"version": 1.3, "people": people, **fields}
        (path / f"clip_{number:012d}_keypoints.json").write_text(json.dumps(content))
    return path


def contents(path: Path) -> dict[str, Any]:
    return {file.name: json.loads(file.read_bytes()) for file in path.iterdir()}


# ---------------------------------------------------------------- reading


def test_a_folder_as_arrays(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {8: [person(), person(x=100, score=1)], 10: [person()], 11: []})

    clip = load(path)

    assert recognise(path).name == "openpose"
    assert (clip.skeleton.name, clip.name, clip.score_scales) == ("body-25", "in", (1.0, 1.0))
    # No file for frame 9: it is a frame all the same.
    assert clip.image_names == tuple(f"clip_{i:012d}" for i in (8, 9, 10, 11))
    assert [len(poses) for poses in clip.frames] == [2, 0, 1, 0]
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 1], [], [2], []]
    two = clip.frames[0]
    np.testing.assert_array_equal(two.keypoints[1, :24, 0], 100.0 + np.arange(24))
    assert np.isnan(two.keypoints[:, 24]).all()
    assert two.keypoint_scores[:, [0, 24]].tolist() == [[0.5, 0], [1, 0]]
    # OpenPose has no score of a person: it is the mean of the 24 found.
    assert two.scores.tolist() == [0.5, 1]
    np.testing.assert_array_equal(two.boxes[0], [10, 20, 33, 20])


def test_eighteen_keypoints_are_coco_18(tmp_path: Path) -> None:
    clip = load(folder(tmp_path / "in", {0: [person(18)]}))
    assert clip.skeleton == skeleton("openpose-18")


def test_a_given_skeleton_is_taken(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person(26)]})
    assert load(path, skeleton=skeleton("halpe-26")).skeleton.name == "halpe-26"
    with pytest.raises(InputError, match="expected 18, 25, got 26; pass the skeleton"):
        load(path)


def test_frames_are_in_natural_order(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.mkdir()
    for number, x in ((10, 300), (9, 200), (8, 100)):
        content = {"people": [person(x=x)]}
        (path / f"v{number}_keypoints.json").write_text(json.dumps(content))
    clip = load(path)
    assert clip.image_names == ("v8", "v9", "v10")
    assert [poses.keypoints[0, 0, 0] for poses in clip.frames] == [100, 200, 300]
    assert [poses.rows.tolist() for poses in clip.frames] == [[0], [1], [2]]


@pytest.mark.parametrize("nothing", [[0.0] * 75, []], ids=["zeros", "an empty list"])
def test_a_person_without_a_point_is_a_person(nothing: list[float], tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [{"pose_keypoints_2d": nothing}, person()]})
    poses = load(path).frames[0]
    assert len(poses) == 2
    assert np.isnan(poses.keypoints[0]).all()
    assert np.isnan(poses.boxes[0]).all()
    assert poses.scores.tolist() == [0, 0.5]


@pytest.mark.parametrize("people", [[], [{"pose_keypoints_2d": []}]], ids=["nobody", "no points"])
def test_where_nobody_has_points_it_is_body_25(people: list[Any], tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: people})
    assert load(path).frames[0].keypoints.shape == (len(people), 25, 2)
    given = load(path, skeleton=skeleton("openpose-18"))
    assert given.frames[0].keypoints.shape == (len(people), 18, 2)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        pytest.param([[-1], [4], [2]], [-1, 4, 2], id="in lists"),
        pytest.param([3, -1, 1], [3, -1, 1], id="bare"),
        pytest.param([[], None, [7]], [-1, -1, 7], id="empty and absent"),
        pytest.param([[0], [-1], [5]], [1, -1, 6], id="from 0"),
    ],
)
def test_ids(ids: list[Any], expected: list[int], tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person(person_id=i) for i in ids]})
    assert load(path).frames[0].track_ids.tolist() == expected


def test_scores_above_1_are_divided_by_the_largest_of_the_folder(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person(score=1)], 1: [person(score=4)]})
    clip = load(path)
    assert clip.score_scales == (4.0, 1.0)
    assert [poses.keypoint_scores[0, 0] for poses in clip.frames] == [0.25, 1]
    save(tmp_path / "out", replace(clip, source=None), format="openpose")
    for name, content in contents(tmp_path / "out").items():
        got = content["people"][0]["pose_keypoints_2d"]
        assert got == contents(path)[name]["people"][0]["pose_keypoints_2d"]


# ---------------------------------------------------------------- writing


def test_every_field_comes_back_with_the_id(tmp_path: Path) -> None:
    rest = {
        "face_keypoints_2d": [1, 2, 0.25],
        "pose_keypoints_3d": [math.nan, 1],
        "hand": {"left": [[1.5]]},
        "mine": None,
    }
    frames = {0: [person(**rest), person(x=50)], 2: [person(person_id=[9], **rest)], 3: []}
    path = folder(tmp_path / "in", frames, part_candidates=[{"0": [1, 2, 0.5]}])

    save(tmp_path / "out", load(path).with_track_ids([[-1, 12], [], [3], []]))

    expected = contents(path)
    for frame, (i, track_id) in {0: (1, 12), 2: (0, 3)}.items():
        name = f"clip_{frame:012d}_keypoints.json"
        expected[name]["people"][i]["person_id"] = [track_id]
    got = contents(tmp_path / "out")
    # There was no file of frame 1, and there is none. As text, since nan is not nan.
    assert json.dumps(got, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_fields_come_back_where_a_video_named_the_frames(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [], 1: [person(extra=1)], 2: []})
    clip = load(path)
    names = ("", *(f"images/{name}.png" for name in clip.image_names), "last.png")
    nobody = Poses.empty(25)
    frames = (nobody, *clip.frames, nobody)

    save(tmp_path / "out", replace(clip, frames=frames, image_names=names))

    assert contents(tmp_path / "out") == contents(path)


def test_a_name_never_takes_the_file_of_other_people(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person()]})
    clip = load(path)
    frames = (*clip.frames, Poses.empty(25))
    save(tmp_path / "out", replace(clip, frames=frames, image_names=("x", *clip.image_names)))
    assert contents(tmp_path / "out") == contents(path)


def test_another_skeleton_is_mapped_by_name(tmp_path: Path) -> None:
    coco = skeleton("coco-17")
    x = np.arange(17.0)
    poses = Poses.from_keypoints(np.stack([x, 2 * x], axis=1)[None], np.full((1, 17), 0.75))
    clip = Sequence(coco, [poses, Poses.empty(17)], ("", ""), name="walk")

    save(tmp_path / "out", clip, format="openpose")

    got = contents(tmp_path / "out")
    assert sorted(got) == [f"walk_{i:012d}_keypoints.json" for i in (0, 1)]
    assert got["walk_000000000001_keypoints.json"] == {"version": 1.3, "people": []}
    made = got["walk_000000000000_keypoints.json"]["people"][0]
    flat = np.reshape(made["pose_keypoints_2d"], (25, 3))
    own = skeleton("body-25").keypoints
    assert flat[own.index("left_wrist")].tolist() == [9, 18, 0.75]
    # The shoulders are COCO's 5 and 6, the neck between them.
    assert flat[own.index("neck")].tolist() == [5.5, 11, 0.75]
    assert flat[own.index("left_heel")].tolist() == [0, 0, 0]
    assert made["person_id"] == [-1]
    # Readers index the other parts without asking.
    assert [made[f"{part}_keypoints_2d"] for part in ("face", "hand_left", "hand_right")] == [
        []
    ] * 3
    assert [made[f"{part}_keypoints_3d"] for part in ("pose", "face", "hand_left")] == [[]] * 3


def test_fields_come_back_where_the_user_names_the_keypoints(tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person(extra=1)]})
    names = tuple(f"point_{k}" for k in range(25))
    mine = Skeleton("mine", names, (), np.arange(25), np.ones(25))
    save(tmp_path / "out", load(path, skeleton=mine))
    assert contents(tmp_path / "out") == contents(path)


def test_a_folder_of_another_skeleton_is_made_anew(tmp_path: Path) -> None:
    clip = load(folder(tmp_path / "in", {0: [person(18, extra=1)]}))
    keypoints = np.ones((1, 25, 2))
    other = Poses.from_keypoints(keypoints, rows=[0])
    save(tmp_path / "out", replace(clip, skeleton=skeleton("body-25"), frames=(other,)))
    (content,) = contents(tmp_path / "out").values()
    assert "extra" not in content["people"][0]
    # The estimator told no scores: full ones, since 0 would say "not found".
    assert content["people"][0]["pose_keypoints_2d"] == [1] * 75


def test_names_that_would_be_one_file_are_numbered(tmp_path: Path) -> None:
    clip = Sequence(skeleton("body-25"), [Poses.empty(25)] * 2, ("a/0.jpg", "b/0.jpg"), name="two")
    save(tmp_path / "out", clip, format="openpose")
    assert sorted(contents(tmp_path / "out")) == [
        "two_000000000000_keypoints.json",
        "two_000000000001_keypoints.json",
    ]


def test_a_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    clip = load(folder(tmp_path / "in", {0: [person()], 1: [person()]}))

    class Failing(tuple[Poses, ...]):
        def __iter__(self) -> Any:
            yield self[0]
            raise InputError("the frames end here")

    with pytest.raises(InputError, match="end here"):
        save(tmp_path / "out", replace(clip, frames=Failing(clip.frames)))
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "expected JSON, got an empty file", id="empty"),
        pytest.param('{"people": [{"pose', "not valid JSON, cut off perhaps", id="cut off"),
        pytest.param("[1]", r"expected an object with people, got \[1\]", id="a list"),
        pytest.param('{"version": 1}', "people: expected a list, got nothing", id="no people"),
        pytest.param('{"people": {}}', r"people: expected a list, got \{\}", id="people"),
        pytest.param('{"people": [7]}', "people 1: expected an object, got 7", id="person"),
        pytest.param(
            '{"people": [{"person_id": [1]}]}',
            "person 1: pose_keypoints_2d: expected a list .*, got nothing",
            id="no keypoints",
        ),
        pytest.param(
            json.dumps({"people": [person(), person(person_id=["x"])]}),
            r'person 2: person_id: expected an integer, .*, got \["x"\]',
            id="id",
        ),
        pytest.param(
            json.dumps({"people": [person(), person(18)]}),
            "person 2: pose_keypoints_2d: expected 25 keypoints.*, got 18",
            id="another number of keypoints",
        ),
        pytest.param(
            json.dumps({"people": [{"pose_keypoints_2d": [1] * 74}]}),
            "person 1: pose_keypoints_2d: expected three numbers .*, got 74",
            id="one short",
        ),
        pytest.param(
            json.dumps({"people": [person(x=math.nan)]}),
            "person 1: pose_keypoints_2d: expected finite numbers, got NaN as x of keypoint 1",
            id="nan",
        ),
        pytest.param(
            json.dumps({"people": [person(score=math.inf)]}),
            "expected finite numbers, got Infinity as score of keypoint 1",
            id="inf",
        ),
    ],
)
def test_one_bad_file_among_good_ones_is_named(text: str, fault: str, tmp_path: Path) -> None:
    path = folder(tmp_path / "in", {0: [person()], 2: [person()]})
    bad = path / "clip_000000000001_keypoints.json"
    bad.write_text(text)
    with pytest.raises(InputError, match=fault) as caught:
        load(path)
    assert str(caught.value).startswith(f"{bad}: ")


def test_a_text_among_the_numbers_is_named(tmp_path: Path) -> None:
    bad = person()
    bad["pose_keypoints_2d"][4] = "20"
    path = folder(tmp_path / "in", {0: [bad]})
    with pytest.raises(InputError, match=r'expected finite numbers, got "20" as y of keypoint 2'):
        load(path)


def test_what_is_no_such_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.json").write_text("{}")
    with pytest.raises(InputError, match=r"other: expected files NAME_keypoints\.json, found none"):
        load(tmp_path / "other", format="openpose")
    with pytest.raises(InputError, match=r"a\.json: expected a folder of JSON files"):
        load(tmp_path / "other" / "a.json", format="openpose")


# ---------------------------------------------------------------- real output


def test_what_openpose_wrote_comes_back_whole(tmp_path: Path) -> None:
    path = shared("data", "openpose", "musicians")
    clip = load(path)
    assert (len(clip), clip.skeleton.name) == (125, "body-25")
    assert {len(poses) for poses in clip.frames} == {3}

    tracked = clip.with_track_ids([[3, 1, -1]] * 125)
    save(tmp_path / "out", tracked)

    expected = contents(path)
    for content in expected.values():
        for one, track_id in zip(content["people"], (3, 1, -1), strict=True):
            one["person_id"] = [track_id]
    assert contents(tmp_path / "out") == expected
    assert [poses.track_ids.tolist() for poses in load(tmp_path / "out").frames] == [
        [3, 1, -1]
    ] * 125


def test_what_openpose_wrote_survives_the_arrays(tmp_path: Path) -> None:
    path = shared("data", "openpose", "musicians")
    save(tmp_path / "out", replace(load(path), source=None), format="openpose")
    got = contents(tmp_path / "out")
    for name, content in contents(path).items():
        # Candidates of parts belong to nobody, and `Poses` has no place for them.
        assert got[name] == {"version": 1.3, "people": content["people"]}


def test_a_clip_of_no_frames_is_a_folder_that_can_be_read(tmp_path: Path) -> None:
    save(tmp_path / "out", Sequence(skeleton("coco-17"), [], ()), format="openpose")
    back = load(tmp_path / "out")
    assert [len(poses) for poses in back.frames] == [0]
