"""PoseTrack's files of 2017."""

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
from poseflow.skeletons import skeleton

# The joints as the data set's own evaluator numbers them.
# fmt: off
JOINTS_17 = [
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle",
    "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    "head_bottom", "nose", "head_top",
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


def point(joint: int, x: float, y: float, **fields: Any) -> Any:
    return {"id": [joint], "x": [x], "y": [y], **{k: [v] for k, v in fields.items()}}


def rect(*points: Any, **fields: Any) -> Any:
    return {**{k: [v] for k, v in fields.items()}, "annopoints": [{"point": list(points)}]}


def entry(name: str, *people: Any, **fields: Any) -> Any:
    return {"image": [{"name": name}], **fields, "annorect": list(people)}


FRAMES_17 = [
    entry(
        "images/bonn/1/00000003.jpg",
        rect(
            point(13, 30, 8, score=0.5),
            point(0, 0, 0, score=0.25),
            x1=1,
            y1=2,
            x2=3,
            y2=4,
            track_id=0,
            score=0.75,
        ),
        {"x1": [5], "annopoints": []},
        is_labeled=[1],
        ignore_regions=[{"point": [{"x": [1], "y": [2]}]}],
    ),
    entry("images/bonn/1/00000009.jpg"),
    entry("images/bonn/1/00000004.jpg", rect(point(14, 7, 9), track_id=4), imgnum=[5]),
]


def test_as_arrays(tmp_path: Path) -> None:
    path = written(tmp_path / "clip.json", {"annolist": FRAMES_17})

    clip = load(path)

    assert recognise(path).name == "posetrack17"
    assert (clip.skeleton.name, clip.name) == ("posetrack-15", "clip")
    # The file's frames in its order; none is put in.
    assert [name[-5] for name in clip.image_names] == ["3", "9", "4"]
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[1, -1], [], [5]]
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 1], [], [2]]
    one, nobody = clip.frames[0].keypoints
    assert np.flatnonzero(~np.isnan(one[:, 0])).tolist() == [0, 13]
    # A joint that is listed is there, wherever it is.
    assert one[[0, 13]].tolist() == [[0, 0], [30, 8]]
    assert clip.frames[0].keypoint_scores[0, [0, 1, 13]].tolist() == [0.25, 0, 0.5]
    assert np.isnan(nobody).all()
    assert clip.frames[0].scores[0] == 0.75
    # A file of both: what it does not tell is unknown.
    assert np.isnan(clip.frames[0].scores[1])
    assert np.isnan(clip.frames[2].keypoint_scores[0, 14])
    # x1 to y2 are the head's: the person's box is around its joints.
    assert clip.frames[0].boxes[0].tolist() == [0, 0, 30, 8]


def test_without_pose_scores_has_their_joints_mean(tmp_path: Path) -> None:
    people = [rect(point(1, 5, 5, score=0.5), point(2, 6, 6, score=1)), rect(point(3, 7, 7))]
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", *people)]}))
    assert clip.frames[0].scores[0] == 0.75
    assert np.isnan(clip.frames[0].scores[1])


def test_scores_of_some_joints_only(tmp_path: Path) -> None:
    people = [rect(point(1, 5, 5)), rect(), rect(point(2, 6, 6, score=0.25), point(3, 7, 7))]
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", *people)]}))
    scores = clip.frames[0].keypoint_scores[[0, 2, 2], [1, 2, 3]]
    np.testing.assert_array_equal(scores, [np.nan, 0.25, np.nan])


@pytest.mark.parametrize("holder", [[], None, [[]], {"point": []}, [{"point": []}]])
def test_a_person_of_no_joints_is_a_person(tmp_path: Path, holder: Any) -> None:
    people = [rect(point(1, 5, 5)), {"track_id": [3], "annopoints": holder}, rect(point(2, 6, 6))]
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", *people)]}))
    there = ~np.isnan(clip.frames[0].keypoints[..., 0])
    assert [np.flatnonzero(joints).tolist() for joints in there] == [[1], [], [2]]
    assert clip.frames[0].track_ids.tolist() == [-1, 4, -1]


def test_ids_are_the_joints(tmp_path: Path) -> None:
    people = rect(*(point(i, i + 1, 1) for i in range(15)))
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", people)]}))
    ours = [name.replace("head_bottom", "neck") for name in JOINTS_17]
    for i, name in enumerate(ours):
        assert clip.frames[0].keypoints[0, clip.skeleton.keypoints.index(name), 0] == i + 1


def test_of_a_joint_given_twice_the_first_counts(tmp_path: Path) -> None:
    people = rect(point(3, 1, 1), point(4, 9, 9), point(3, 2, 2))
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", people)]}))
    assert clip.frames[0].keypoints[0, 3].tolist() == [1, 1]


def test_spellings_of_matlab_are_read(tmp_path: Path) -> None:
    bare = {"track_id": 2, "score": [], "annopoints": {"point": [{"id": 3, "x": 4.5, "y": [6]}]}}
    empty = {"track_id": [], "annopoints": [{}]}
    clip = load(written(tmp_path / "x.json", {"annolist": [{"annorect": [bare, empty]}, {}]}))
    assert clip.image_names == ("", "")
    assert clip.frames[0].track_ids.tolist() == [3, -1]
    assert clip.frames[0].keypoints[0, 3].tolist() == [4.5, 6]
    assert np.isnan(clip.frames[0].keypoints[1]).all()


def test_one_id_twice_in_a_frame_is_read(tmp_path: Path) -> None:
    people = [rect(point(0, i, i), track_id=7) for i in range(2)]
    clip = load(written(tmp_path / "x.json", {"annolist": [entry("a", *people)]}))
    assert clip.frames[0].track_ids.tolist() == [8, 8]


def test_every_field_comes_back_with_the_id(tmp_path: Path) -> None:
    content = {"version": math.nan, "annolist": FRAMES_17}
    clip = load(written(tmp_path / "in.json", content))

    save(tmp_path / "out.json", clip.with_track_ids([[12, 3], [], [-1]]))

    got = as_json(tmp_path / "out.json")
    expected = json.loads(text(content))
    expected["annolist"][0]["annorect"][0]["track_id"] = [11]
    expected["annolist"][0]["annorect"][1]["track_id"] = [2]
    # A person without a track has none; -1 would be refused by the evaluator if two had it.
    del expected["annolist"][2]["annorect"][0]["track_id"]
    assert text(got) == text(expected)


def test_fields_come_back_where_images_named_the_frames(tmp_path: Path) -> None:
    clip = load(written(tmp_path / "in.json", {"annolist": FRAMES_17}))
    nobody = Poses.empty(15)
    frames = (nobody, *clip.frames, nobody)
    names = ("00000002.jpg", *(Path(name).name for name in clip.image_names), "")

    save(tmp_path / "out.json", replace(clip, frames=frames, image_names=names))

    # Frames that the file has not, and that have nobody in them, would put others out of step.
    assert as_json(tmp_path / "out.json") == {"annolist": FRAMES_17}


def test_predictions_are_what_the_evaluator_reads(tmp_path: Path) -> None:
    keypoints = np.full((2, 15, 2), np.nan)
    keypoints[0, [1, 14]] = [[1.5, 2], [3, 4]]
    scores = np.where(np.isnan(keypoints[..., 0]), 0, np.nan)
    scores[0, 14] = 0.5
    poses = Poses.from_keypoints(keypoints, scores, [0.25, np.nan], track_ids=[6, -1])
    clip = Sequence(skeleton("posetrack-15"), [Poses.empty(15), poses], ("a.jpg", ""))

    save(tmp_path / "out.json", clip, format="posetrack17")

    joints = [
        {"id": [1], "x": [1.5], "y": [2.0]},
        {"id": [14], "x": [3.0], "y": [4.0], "score": [0.5]},
    ]
    assert as_json(tmp_path / "out.json") == {
        "annolist": [
            {"image": [{"name": "a.jpg"}], "annorect": []},
            {
                "image": [{"name": "00000001.jpg"}],
                "annorect": [
                    {"score": [0.25], "annopoints": [{"point": joints}], "track_id": [5]},
                    {"annopoints": []},
                ],
            },
        ]
    }


def test_scores_are_multiplied_again(tmp_path: Path) -> None:
    people = [rect(point(0, 1, 1, score=4), point(1, 2, 2, score=2), score=7)]
    content = {"annolist": [entry("a.jpg", *people)]}
    clip = load(written(tmp_path / "in.json", content))
    # Keypoints by their largest, poses by 1 + 2.25 times that.
    assert clip.score_scales == (4.0, 10.0)
    assert clip.frames[0].keypoint_scores[0, :2].tolist() == [1, 0.5]
    assert clip.frames[0].scores.tolist() == [0.7]
    save(tmp_path / "out.json", replace(clip, source=None), format="posetrack17")
    assert as_json(tmp_path / "out.json") == content


def test_from_coco_has_neck_and_head(tmp_path: Path) -> None:
    keypoints = np.full((1, 17, 2), 10)
    keypoints[0, [0, 5, 6]] = [[5, 20], [0, 40], [10, 40]]
    clip = Sequence(skeleton("coco-17"), [Poses.from_keypoints(keypoints)], ("a.jpg",))
    save(tmp_path / "out.json", clip, format="posetrack17")
    got = load(tmp_path / "out.json").frames[0].keypoints[0]
    # Between the shoulders; and as far above the nose as that is above the shoulders.
    assert got[12:].tolist() == [[5, 40], [5, 20], [5, 0]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param({"annolist": 3}, "annolist: expected a list, got 3", id="annolist"),
        pytest.param(
            {"annolist": [entry("a"), 3]}, "annolist 2: expected an object, got 3", id="frame"
        ),
        pytest.param(
            {"annolist": [{"annorect": {"x1": [1]}}]},
            r"frame 1: annorect: expected a list, got \{",
            id="people",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(), "x")]},
            r'frame 1 \(b\): annorect 2: expected an object, got "x"',
            id="person",
        ),
        pytest.param(
            {"annolist": [entry("b", {"annopoints": "x"})]},
            r'frame 1 \(b\): person 1: annopoints: expected an object, got "x"',
            id="annopoints",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(3))]},
            r"frame 1 \(b\): person 1: point 1: expected an object, got 3",
            id="point",
        ),
        pytest.param(
            {"annolist": [entry("b"), entry("c", rect(), rect(point(1, 1, 1), point(15, 1, 1)))]},
            r"frame 2 \(c\): person 2: point 2: id: expected a joint from 0 to 14, got 15",
            id="no such joint",
        ),
        pytest.param(
            {"annolist": [entry("b", rect({"x": [1], "y": [1]}))]},
            "point 1: id: expected a joint from 0 to 14, got nothing",
            id="no joint",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(point(0.5, 1, 1)))]},
            "point 1: id: expected an integer, got 0.5",
            id="half a joint",
        ),
        pytest.param(
            {"annolist": [entry("b", rect({"id": [1], "x": [1]}))]},
            "person 1: point 1: y: expected a finite number, got nothing",
            id="no y",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(point(1, math.nan, 1)))]},
            "point 1: x: expected a finite number, got NaN",
            id="nan",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(point(1, 1, 1, score="high")))]},
            'point 1: score: expected a finite number, got "high"',
            id="score",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(score=math.inf))]},
            r"frame 1 \(b\): person 1: score: expected a finite number, got Infinity",
            id="pose score",
        ),
        pytest.param(
            {"annolist": [entry("b", rect(track_id="x"))]},
            'person 1: track_id: expected an integer, got "x"',
            id="id",
        ),
        pytest.param(
            {"annolist": [entry("b", {"track_id": [1, 2]})]},
            r"person 1: track_id: expected an integer, got \[1, 2\]",
            id="two ids",
        ),
    ],
)
def test_mistakes_are_named(content: Any, fault: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", content)
    with pytest.raises(InputError, match=fault) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_cut_off_is_refused(tmp_path: Path) -> None:
    whole = json.dumps({"annolist": FRAMES_17})
    (tmp_path / "x.json").write_text(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match=r"x\.json: not valid JSON, cut off perhaps"):
        load(tmp_path / "x.json")


def test_there_are_15_joints(tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", {"annolist": []})
    assert len(load(path)) == 0
    with pytest.raises(InputError, match="expected the 17 of skeleton coco-17, got 15"):
        load(path, skeleton=skeleton("coco-17"))


@pytest.mark.parametrize("kind", ["gt", "pred"])
@pytest.mark.parametrize("suite", ["plain", "quirks"])
def test_files_of_the_evaluator_come_back_whole(suite: str, kind: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    for path in sorted(shared("golden", "poseval", suite, kind).glob("*.json")):
        clip = load(path)
        content = as_json(path)
        save(out, clip)
        assert as_json(out) == content

        # Without their source, all that an evaluator takes of a prediction comes back.
        save(out, replace(clip, source=None), format="posetrack17")
        for before, after in zip(content["annolist"], as_json(out)["annolist"], strict=True):
            assert after["image"] == before["image"]
            for one, same in zip(before["annorect"], after["annorect"], strict=True):
                told = {k: v for k, v in one.items() if k in ("track_id", "score")}
                assert {k: same[k] for k in told} == told
                points = (one.get("annopoints") or [{"point": []}])[0]["point"]
                got = (same["annopoints"] or [{"point": []}])[0]["point"]
                fields = ("id", "x", "y", "score")
                assert got == [{k: p[k] for k in fields if k in p} for p in points]


@pytest.mark.parametrize(
    ("holder", "complaint"),
    [
        pytest.param(
            [{"point": []}, {"point": []}],
            'annopoints: expected an object, got [{"point": []}, {"point": []}]',
            id="two holders",
        ),
        pytest.param([{"point": {}}], "point: expected a list, got {}", id="an empty object"),
        pytest.param([{"point": ""}], 'point: expected a list, got ""', id="an empty text"),
    ],
)
def test_joints_that_are_no_list_are_refused(tmp_path: Path, holder: Any, complaint: str) -> None:
    path = written(tmp_path / "x.json", {"annolist": [{"annorect": [{"annopoints": holder}]}]})
    with pytest.raises(InputError) as error:
        load(path)
    assert str(error.value) == f"{path}: frame 1: person 1: {complaint}"
