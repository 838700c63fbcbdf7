"""AlphaPose's files: the list, and people by image."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, save
from poseflow.formats.rows import batches
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton

DATA = Path(__file__).parent / "data"
LIST, FORVIS = DATA / "alphapose-list.json", DATA / "alphapose-forvis.json"


def person(n_keypoints: int = 17, score: float = 0.5, **fields: Any) -> dict[str, Any]:
    """A row whose keypoint k is at (10 + k, 20)."""
    flat = [number for k in range(n_keypoints) for number in (10 + k, 20, score)]
    return {"image_id": "0.jpg", "keypoints": flat, "score": 1.5, **fields}


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


# ---------------------------------------------------------------- the list, read


def test_the_list_as_arrays() -> None:
    clip = load(LIST)

    assert (clip.skeleton.name, clip.name, clip.source.format) == (  # type: ignore[union-attr]
        "posetrack-15",
        "alphapose-list",
        "alphapose",
    )
    # 3.jpg is absent from the file: nobody was seen in it, and it is a frame.
    assert clip.image_names == ("2.jpg", "3.jpg", "4.jpg", "5.jpg")
    assert [len(poses) for poses in clip.frames] == [2, 0, 1, 1]
    # No keypoint exceeds 1; poses do, the largest keypoint score is 0.75.
    assert clip.score_scales == (1.0, 1 + 2.25 * 0.75)

    two = clip.frames[0]
    assert two.rows.tolist() == [0, 2]
    assert two.track_ids.tolist() == [4, -1]
    np.testing.assert_array_equal(two.keypoints[0, 1], [11.5, 22])
    np.testing.assert_array_equal(two.keypoint_scores[1], np.full(15, 0.25))
    np.testing.assert_allclose(two.scores, [2.25 / 2.6875, 1.0 / 2.6875])
    # The first has a box of 40 × 60 from (5, 10); the second's is drawn around its keypoints.
    np.testing.assert_array_equal(two.boxes, [[5, 10, 45, 70], [200, 20, 214, 48]])

    one = clip.frames[2]
    assert one.track_ids.tolist() == [2]
    assert np.flatnonzero(np.isnan(one.keypoints[0, :, 0])).tolist() == [3, 14]
    assert one.keypoint_scores[0, [2, 3, 14]].tolist() == [0.75, 0, 0]


def test_frames_are_read_in_any_order_and_again() -> None:
    clip = load(LIST)
    assert len(clip.frames[-1]) == 1
    assert [len(poses) for poses in clip.frames[::-1]] == [1, 1, 0, 2]
    np.testing.assert_array_equal(clip.frames[0].keypoints, clip.frames[0].keypoints)
    with pytest.raises(IndexError):
        clip.frames[4]


@pytest.mark.parametrize(
    ("n_keypoints", "name"),
    [
        (15, "posetrack-15"),
        (16, "mpii-16"),
        (17, "coco-17"),
        (18, "openpose-18"),
        (25, "body-25"),
        (26, "halpe-26"),
        (133, "coco-wholebody-133"),
        (136, "halpe-136"),
    ],
)
def test_the_number_of_keypoints_tells_the_skeleton(
    n_keypoints: int, name: str, tmp_path: Path
) -> None:
    clip = load(written(tmp_path / "x.json", [person(n_keypoints)]))
    assert clip.skeleton == skeleton(name)
    assert clip.frames[0].n_keypoints == n_keypoints


def test_a_given_skeleton_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", [person(17)])
    assert load(path, skeleton=skeleton("posetrack-17")).skeleton.name == "posetrack-17"
    with pytest.raises(
        InputError, match="expected the 16 of skeleton mpii-16, got 17; pass coco-17"
    ):
        load(path, skeleton=skeleton("mpii-16"))
    path = written(tmp_path / "y.json", [person(7)])
    with pytest.raises(InputError, match="got 7; pass the skeleton that the file has"):
        load(path)


def test_nobody_at_all(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    clip = load(tmp_path / "x.json")
    assert (len(clip), clip.skeleton.name, clip.score_scales) == (0, "coco-17", (1.0, 1.0))
    assert load(tmp_path / "x.json", skeleton=skeleton("mpii-16")).skeleton.name == "mpii-16"
    save(tmp_path / "y.json", clip)
    assert json.loads((tmp_path / "y.json").read_text()) == []


def test_nested_keypoints_and_flat_ones_are_the_same(tmp_path: Path) -> None:
    flat = person(17)
    nested = {**flat, "keypoints": np.reshape(flat["keypoints"], (-1, 3)).tolist()}
    clip = load(written(tmp_path / "x.json", [nested, flat]))
    poses = clip.frames[0]
    np.testing.assert_array_equal(poses.keypoints[0], poses.keypoints[1])
    np.testing.assert_array_equal(poses.keypoints[0, 3], [13, 20])


@pytest.mark.parametrize(
    ("idx", "track_id"), [(3, 3), ([3], 3), ([3, 8], 3), (-1, -1), (None, -1), (3.0, 3), (-7, -1)]
)
def test_ids_of_every_spelling(idx: Any, track_id: int, tmp_path: Path) -> None:
    clip = load(written(tmp_path / "x.json", [person(idx=idx)]))
    assert clip.frames[0].track_ids.tolist() == [track_id]


def test_scores_have_two_names_and_may_be_absent(tmp_path: Path) -> None:
    rows = [person(score=0.5), person(scores=2.0), person()]
    rows[1].pop("score")
    rows[2].pop("score")
    poses = load(written(tmp_path / "x.json", rows)).frames[0]
    # 1 + 2.25 × 0.5 = 2.125
    np.testing.assert_allclose(poses.scores, [1.5 / 2.125, 2.0 / 2.125, np.nan])
    # Where no row of the file has one, the keypoints speak for the pose.
    poses = load(written(tmp_path / "x.json", rows[2:])).frames[0]
    assert poses.scores.tolist() == [0.5]


@pytest.mark.parametrize(("form", "expected"), [("alphapose", 2.5), ("alphapose-forvis", 3.0)])
def test_each_form_has_its_own_name_for_the_score(
    form: str, expected: float, tmp_path: Path
) -> None:
    both = person(score=1.0) | {"score": 2.5, "scores": 3.0}
    content = [both] if form == "alphapose" else {"0.jpg": [both]}
    clip = load(written(tmp_path / "x.json", content), format=form)
    np.testing.assert_allclose(clip.frames[0].scores, [expected / 3.25])


@pytest.mark.parametrize("form", ["alphapose", "alphapose-forvis"])
def test_ids_that_count_from_0_are_one_more_inside(form: str, tmp_path: Path) -> None:
    people = [person(idx=i, image_id=f"{n}.jpg") for n, i in enumerate([4, [0, 2], -1, None])]
    content = people if form == "alphapose" else {p["image_id"]: [p] for p in people}
    clip = load(written(tmp_path / "x.json", content), format=form)
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[5], [1], [-1], [-1]]
    save(tmp_path / "own.json", clip)
    again = load(tmp_path / "own.json")
    assert [poses.track_ids.tolist() for poses in again.frames] == [[5], [1], [-1], [-1]]


def test_people_of_an_image_stay_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [person() | {"image_id": f"{i % 3}.jpg"} for i in range(300)]
    clip = load(written(tmp_path / "x.json", rows))
    for i, poses in enumerate(clip.frames):
        assert poses.rows.tolist() == list(range(i, 300, 3))


@pytest.mark.parametrize(
    ("keypoint", "pose", "given", "expected"),
    [
        pytest.param(0.5, 0.9, None, (1.0, 1.0), id="in the unit interval"),
        pytest.param(0.5, 1.2, None, (1.0, 1 + 2.25 * 0.5), id="AlphaPose's sum"),
        pytest.param(4.0, 9.0, None, (4.0, 10.0), id="old heatmaps"),
        pytest.param(4.0, 0.9, None, (4.0, 1.0), id="only keypoints"),
        pytest.param(0.5, 1.2, 6.0, (6.0, 14.5), id="given"),
        pytest.param(0.5, 1.2, (6.0, 3.0), (6.0, 3.0), id="both given"),
        pytest.param(0.5, 0.9, (6.0, 3.0), (6.0, 3.0), id="both given for small ones"),
        pytest.param(4.0, 99.0, None, (4.0, 100.0), id="percentages of poses"),
        pytest.param(96.0, 87.0, None, (100.0, 100.0), id="percentages of both"),
        pytest.param(96.0, None, None, (96.0, 1.0), id="percentages of keypoints alone"),
        pytest.param(96.0, 290.0, None, (100.0, 100 + 2.25 * 96), id="percentages of sums"),
        pytest.param(101.5, 100.5, None, (101.5, 100.5), id="percentages that overshoot"),
        pytest.param(1.04, 1.02, None, (1.04, 1.02), id="means that overshoot"),
        pytest.param(1.0, 1.0000001, None, (1.0, 1.0), id="a rounding"),
        pytest.param(6.0, 1.02, None, (6.0, 1.02), id="boxes that overshoot"),
        pytest.param(6.0, 4.5, None, (6.0, 6.0), id="means of heatmaps"),
        pytest.param(0.7, 5.0, None, (1.0, 5.0), id="more than a sum can be"),
    ],
)
def test_scores_are_scaled_once_for_the_file(
    keypoint: float,
    pose: float | None,
    given: float | tuple[float, float] | None,
    expected: tuple[float, float],
    tmp_path: Path,
) -> None:
    # The largest is in the last frame, and the first is divided by it just so.
    rows = [
        {**person(score=keypoint / 2), "image_id": "0.jpg", "score": pose and pose / 2},
        {**person(score=keypoint), "image_id": "1.jpg", "score": pose},
    ]
    clip = load(written(tmp_path / "x.json", rows), score_scale=given)
    assert clip.score_scales == expected
    np.testing.assert_allclose(clip.frames[0].keypoint_scores, keypoint / 2 / expected[0])
    in_unit = keypoint / expected[0] if pose is None else pose / expected[1]
    np.testing.assert_allclose(clip.frames[0].scores, in_unit / 2)


def test_scores_never_leave_the_unit_interval(tmp_path: Path) -> None:
    rows = [person(score=-0.01), person(score=3.0)]
    poses = load(written(tmp_path / "x.json", rows), score_scale=2).frames[0]
    assert poses.keypoint_scores[:, 0].tolist() == [0.0, 1.0]
    for wrong in (0, -1, float("nan"), (1, 0)):
        with pytest.raises(InputError, match="score_scale: expected a positive number"):
            load(tmp_path / "x.json", score_scale=wrong)


def test_images_may_have_numbers(tmp_path: Path) -> None:
    rows = [person(image_id=12, idx=1), person(image_id=9, idx=1)]
    clip = load(written(tmp_path / "x.json", rows))
    assert clip.image_names == ("9", "12")


# ---------------------------------------------------------------- the list, refused

SECOND = r"x\.json: row 2 \(image 7\.jpg\): "


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param({"keypoints": None}, "keypoints: expected a list .* got nothing", id="absent"),
        pytest.param({"keypoints": "1,2"}, 'keypoints: expected a list .* got "1,2"', id="text"),
        pytest.param(
            {"keypoints": person(16)["keypoints"]},
            "keypoints: expected 17 keypoints, as in the rows before, got 16",
            id="another K",
        ),
        pytest.param(
            {"keypoints": person(17)["keypoints"][:-1]},
            "keypoints: expected three numbers for each keypoint, got 50 numbers",
            id="not triples",
        ),
        pytest.param(
            {"keypoints": [*person(16)["keypoints"], 1, "2", 3]},
            'keypoints: expected finite numbers, got "2" as y of keypoint 17',
            id="text inside",
        ),
        pytest.param(
            {"keypoints": [*person(16)["keypoints"], float("nan"), 2, 3]},
            "keypoints: expected finite numbers, got NaN as x of keypoint 17",
            id="nan",
        ),
        pytest.param(
            {"keypoints": [*person(16)["keypoints"], 1, 2, float("inf")]},
            "keypoints: expected finite numbers, got Infinity as score of keypoint 17",
            id="inf",
        ),
        pytest.param(
            {"keypoints": [*person(16)["keypoints"], 1, 2, 10**400]},
            "keypoints: expected finite numbers, got 10+.* as score of keypoint 17",
            id="beyond floats",
        ),
        pytest.param(
            {"keypoints": [[1, 2, 3], [1, 2]]},
            r"keypoints: expected keypoint 2 as x, y, score, got \[1, 2\]",
            id="nested pairs",
        ),
        pytest.param({"keypoints": []}, "keypoints: expected 17 keypoints, .* got 0", id="empty"),
        pytest.param({"score": "high"}, 'score: expected a finite number, got "high"', id="score"),
        pytest.param(
            {"score": float("nan")}, "score: expected a finite number, got NaN", id="nan!"
        ),
        pytest.param({"box": [1, 2, 3]}, r"box: expected x, y, width, height, got \[1", id="box"),
        pytest.param({"box": [1, 2, 3, None]}, "box: expected x, y, width, height", id="box None"),
        pytest.param({"idx": "a"}, 'idx: expected an integer, or a list .* got "a"', id="idx"),
        pytest.param({"idx": 1.5}, "idx: expected an integer", id="half an idx"),
        pytest.param({"idx": []}, "idx: expected an integer", id="empty idx"),
    ],
)
def test_a_row_with_a_mistake_is_named(
    second: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rows = [person(), {**person(), "image_id": "7.jpg", **second}, person()]
    path = written(tmp_path / "x.json", rows)
    with pytest.raises(InputError, match=SECOND + message):
        load(path)


@pytest.mark.parametrize("image", [None, True, 1.5, [1]])
def test_an_image_without_a_name_is_named(image: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", [person(), {**person(), "image_id": image}])
    with pytest.raises(InputError, match=r"row 2: image_id: expected a name or an integer, got"):
        load(path)


def test_first_rows_without_keypoints_are_named(tmp_path: Path) -> None:
    for keypoints in ([], None):
        path = written(tmp_path / "x.json", [person(keypoints=keypoints)])
        with pytest.raises(InputError, match=r"row 1 \(image 0\.jpg\): keypoints: expected"):
            load(path)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        pytest.param(lambda text: text[:-2], "row 5: .* it is cut off", id="last bracket"),
        pytest.param(lambda text: text[:900], "row 3: .* it is cut off", id="inside a row"),
        pytest.param(lambda text: text[:60], "row 1: .* it is cut off", id="inside the first"),
        pytest.param(lambda text: text.replace(",\n", "\n"), "one comma", id="no commas"),
        pytest.param(lambda text: text[:-2] + ", 7]", "row 5: expected an object, got 7", id="7"),
    ],
)
def test_a_broken_list_is_refused(cut: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(cut(LIST.read_text()))
    with pytest.raises(InputError, match=message):
        load(tmp_path / "x.json", format="alphapose")


def test_nan_in_a_field_that_is_not_ours_goes_through(tmp_path: Path) -> None:
    row = person(pred_xyz_jts=[float("nan"), 1e400, 10**30])
    path = written(tmp_path / "x.json", [row])
    save(tmp_path / "y.json", load(path))
    text = (tmp_path / "y.json").read_text()
    assert '"pred_xyz_jts": [NaN, Infinity, 1' + "0" * 30 + "]" in text


# ---------------------------------------------------------------- the list, written


def test_every_row_comes_back_as_it_stood(tmp_path: Path) -> None:
    clip = load(LIST)
    save(tmp_path / "y.json", clip.with_track_ids([[4, 5], [], [-1], [5]]))

    before = [raw for batch in batches(LIST) for raw in batch.raw()]
    after = [raw for batch in batches(tmp_path / "y.json") for raw in batch.raw()]
    # The list [4, 9] begins with the very id; one id was another; two rows had none.
    assert after == [
        before[0],
        before[1].replace(b'"idx": 2', b'"idx": -1'),
        before[2][:-1] + b', "idx": 5}',
        before[3][:-1] + b', "idx": 5}',
    ]


def test_frames_in_another_order_do_not_move_rows(tmp_path: Path) -> None:
    clip = load(LIST)
    turned = [clip.frames[0][[1, 0]], *clip.frames[1:]]
    save(tmp_path / "y.json", clip.with_frames(turned))
    got = json.loads((tmp_path / "y.json").read_text())
    assert [row["score"] for row in got] == [2.25, 1.5, 1.0, 1.0]
    assert [row["idx"] for row in got] == [[4, 9], 2, -1, -1]


def test_rows_of_another_skeleton_are_not_given_back(tmp_path: Path) -> None:
    clip = load(LIST)
    few = replace(clip, skeleton=skeleton("mpii-16")).with_frames(
        Poses.from_keypoints(np.full((len(poses), 16, 2), 3.0), rows=poses.rows)
        for poses in clip.frames
    )
    save(tmp_path / "y.json", few)
    got = json.loads((tmp_path / "y.json").read_text())
    assert [len(row["keypoints"]) for row in got] == [48, 48, 48, 48]
    assert {tuple(row) for row in got} == {("image_id", "category_id", "keypoints", "box", "idx")}


def test_arrays_are_written_in_the_scale_of_the_file(tmp_path: Path) -> None:
    points = np.array([[[1.5, 2.0], [np.nan, np.nan], [5.5, 8.0]]])
    poses = Poses.from_keypoints(points, [[0.5, 0.0, 0.25]], [0.5], track_ids=[3])
    clip = Sequence(skeleton("mpii-16"), [poses], ("a.png",), score_scales=(4.0, 10.0))
    save(tmp_path / "y.json", clip)
    assert json.loads((tmp_path / "y.json").read_text()) == [
        {
            "image_id": "a.png",
            "category_id": 1,
            "keypoints": [1.5, 2.0, 2.0, 0, 0, 0, 5.5, 8.0, 1.0],
            "score": 5.0,
            "box": [1.5, 2.0, 4.0, 6.0],
            "idx": 3,
        }
    ]


def test_what_the_estimator_did_not_tell(tmp_path: Path) -> None:
    poses = Poses.from_keypoints([[[1.0, 2.0]], [[np.nan, np.nan]]])
    clip = Sequence(skeleton("coco-17"), [poses], ("",))
    save(tmp_path / "y.json", clip)
    first, second = json.loads((tmp_path / "y.json").read_text())
    # Unknown scores of keypoints count as full, an unknown score of a pose is no field.
    assert first["keypoints"] == [1.0, 2.0, 1.0]
    assert "score" not in first
    assert first["image_id"] == "0.jpg"
    assert second["keypoints"] == [0, 0, 0]
    assert "box" not in second


# ---------------------------------------------------------------- people by image


def test_forvis_as_arrays() -> None:
    clip = load(FORVIS)
    assert clip.skeleton.name == "posetrack-15"
    assert clip.image_names == ("2.jpg", "3.jpg", "4.jpg")
    assert [poses.rows.tolist() for poses in clip.frames] == [[0, 1], [], [2]]
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[-1, 7], [], [-1]]
    # One of them is called "score", not "scores".
    np.testing.assert_allclose(clip.frames[2].scores, [1.5 / 2.6875])
    assert np.isnan(clip.frames[2].keypoints[0, 3]).all()


def test_forvis_comes_back_with_ids(tmp_path: Path) -> None:
    save(tmp_path / "y.json", load(FORVIS).with_track_ids([[1, 7], [], [1]]))
    before, after = json.loads(FORVIS.read_text()), json.loads((tmp_path / "y.json").read_text())
    before["2.jpg"][0]["idx"] = before["4.jpg"][0]["idx"] = 1
    assert after == before
    assert list(after) == list(before)


def test_forvis_with_paths_as_names(tmp_path: Path) -> None:
    people = [{"keypoints": person(16)["keypoints"], "score": 1.5}]
    names = [f"images/bonn/24621_mpii/{i:08d}_crop.jpg" for i in (9, 7, 10)]
    clip = load(written(tmp_path / "x.json", {name: people for name in names}))
    assert clip.skeleton.name == "mpii-16"
    assert [name[-17:] for name in clip.image_names] == [f"{i:08d}_crop.jpg" for i in (7, 8, 9, 10)]
    assert [len(poses) for poses in clip.frames] == [1, 0, 1, 1]
    # What is filled in for us to see is not written for others to stumble on.
    save(tmp_path / "y.json", clip)
    assert list(json.loads((tmp_path / "y.json").read_text())) == names


def test_forvis_keeps_what_json_lacks(tmp_path: Path) -> None:
    people = [{**person(), "depth": float("nan")}, {**person(), "serial": 10**30}]
    save(tmp_path / "y.json", load(written(tmp_path / "x.json", {"0.jpg": people})))
    text = (tmp_path / "y.json").read_text()
    assert '"depth": NaN' in text
    assert f'"serial": {10**30}' in text


def test_a_dropped_image_is_gone(tmp_path: Path) -> None:
    clip = load(FORVIS)
    rest = replace(clip, frames=clip.frames[1:], image_names=clip.image_names[1:])
    save(tmp_path / "y.json", rest)
    assert list(json.loads((tmp_path / "y.json").read_text())) == ["3.jpg", "4.jpg"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([], "expected an object of lists by image name, got", id="list"),
        pytest.param({"0.jpg": 3}, r"image 0\.jpg: expected a list of people, got 3", id="number"),
        pytest.param({"0.jpg": [3]}, r"image 0\.jpg: person 1: expected an object, got 3", id="3"),
        pytest.param(
            {"0.jpg": [person(), {"keypoints": [1, 2]}]},
            r"image 0\.jpg: person 2: keypoints: expected three numbers",
            id="keypoints",
        ),
        pytest.param(
            {"0.jpg": [person()], "1.jpg": [person(), person(15)]},
            r"image 1\.jpg: person 2: keypoints: expected 17 keypoints, .* got 15",
            id="another K",
        ),
        pytest.param(
            {"0.jpg": [{**person(), "scores": "x"}]},
            r"image 0\.jpg: person 1: scores: expected a finite number",
            id="score",
        ),
    ],
)
def test_forvis_with_a_mistake_is_named(content: Any, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.json", content)
    with pytest.raises(InputError, match=r"x\.json: " + message):
        load(path, format="alphapose-forvis")


def test_a_file_by_image_that_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(FORVIS.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"x\.json: not valid JSON, cut off perhaps"):
        load(tmp_path / "x.json")


# ---------------------------------------------------------------- real files


@pytest.mark.golden
@pytest.mark.parametrize("name", ["treadmill", "bedroom", "vtest"])
def test_real_detections_come_back(name: str, tmp_path: Path) -> None:
    path = shared("data", "detections", f"{name}.json")
    rows = json.loads(path.read_text())
    clip = load(path)
    assert sum(map(len, clip.frames)) == len(rows)
    assert len(clip) == {"treadmill": 100, "bedroom": 200, "vtest": 795}[name]
    for poses, image in zip(clip.frames[:5], clip.image_names, strict=False):
        assert {rows[row]["image_id"] for row in poses.rows} <= {image}

    save(tmp_path / "y.json", clip.with_track_ids([np.arange(len(p)) + 1 for p in clip.frames]))
    after = json.loads((tmp_path / "y.json").read_text())
    assert all(row.pop("idx") >= 1 for row in after)
    assert after == rows

    shutil.copy(tmp_path / "y.json", tmp_path / "z.json")
    save(tmp_path / "forvis.json", load(tmp_path / "z.json"), format="alphapose-forvis")
    back = load(tmp_path / "forvis.json")
    np.testing.assert_array_equal(back.frames[7].keypoints, clip.frames[7].keypoints)
