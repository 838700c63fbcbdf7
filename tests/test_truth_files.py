"""Truths in PoseTrack's files: head boxes, ignored regions and labels beside the poses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, load_truth, load_truths, save, save_truth
from poseflow.poses import Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.truth import Truth, as_truth

POSETRACK_17_NAMES = ["nose", "head_bottom", "head_top", "left_ear", "right_ear"] + [
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
]


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(content))
    return path


def rect(joint: int, x: float, y: float, **fields: Any) -> Any:
    point = {"id": [joint], "x": [x], "y": [y]}
    return {**{k: [v] for k, v in fields.items()}, "annopoints": [{"point": [point]}]}


def region(*points: tuple[float, float]) -> Any:
    return {"point": [{"x": [x], "y": [y]} for x, y in points]}


REGIONS = [region((0, 0), (9, 0), (9, 5)), region((1, 1), (2, 1), (2, 2), (1, 2))]
FRAMES_17 = [
    {
        "image": [{"name": "a.jpg"}],
        "is_labeled": [1],
        "ignore_regions": REGIONS,
        "annorect": [
            rect(0, 5, 6, x1=1, y1=2, x2=3, y2=4.5, track_id=7),
            # Half a head box is none.
            rect(0, 8, 8, x1=1, y1=2, track_id=9),
            {"x1": [5], "y1": [6], "x2": [7], "y2": [8], "annopoints": []},
        ],
    },
    {"image": [{"name": "b.jpg"}], "is_labeled": [0], "ignore_regions": [], "annorect": []},
    {"annorect": [rect(3, 1, 1)]},
]


def image_18(image_id: int, **fields: Any) -> Any:
    return {"id": image_id, "file_name": f"images/val/1_mpii/{image_id:06d}.jpg", **fields}


def person_18(image_id: int, **fields: Any) -> Any:
    return {"image_id": image_id, "keypoints": [4, 5, 1] + [0] * 48, "scores": [], **fields}


def document_18(*annotations: Any, images: list[Any]) -> Any:
    names = [{"name": "person", "keypoints": POSETRACK_17_NAMES}]
    return {"images": images, "annotations": list(annotations), "categories": names}


def boxes(truth: Truth) -> list[list[Any]]:
    """Head boxes by frame; None for nan."""
    return [
        [None if np.isnan(box).all() else box.tolist() for box in frame]
        for frame in truth.head_boxes
    ]


def polygons(truth: Truth) -> list[list[Any]]:
    return [[polygon.tolist() for polygon in frame] for frame in truth.ignored]


# ---------------------------------------------------------------- 2017


def test_17_tells_heads_regions_and_labels(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, {"annolist": FRAMES_17}))

    assert boxes(truth) == [[[1, 2, 3, 4.5], None, [5, 6, 7, 8]], [], [None]]
    assert polygons(truth) == [
        [[[0, 0], [9, 0], [9, 5]], [[1, 1], [2, 1], [2, 2], [1, 2]]],
        [],
        [],
    ]
    # A frame that does not say was annotated.
    assert truth.labelled.tolist() == [True, False, True]
    assert truth.sequence.image_names == ("a.jpg", "b.jpg", "")
    assert [p.track_ids.tolist() for p in truth.sequence.frames] == [[8, 10, -1], [], [-1]]


def test_17_poses_are_those_of_load(tmp_path: Path) -> None:
    path = written(tmp_path, {"annolist": FRAMES_17})
    truth, clip = load_truth(path), load(path)
    for ours, theirs in zip(truth.sequence.frames, clip.frames, strict=True):
        np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)
        np.testing.assert_array_equal(ours.rows, theirs.rows)


def test_17_spellings_of_matlab(tmp_path: Path) -> None:
    """A region alone stands without a list, and its numbers as well."""
    one = {"point": [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 9}]}
    frames = [
        {"ignore_regions": one, "is_labeled": True},
        {"ignore_regions": [{"point": []}]},
        {"ignore_regions": None},
    ]
    truth = load_truth(written(tmp_path, {"annolist": frames}))
    # A region of no points is none.
    assert polygons(truth) == [[[[1, 2], [3, 4], [5, 9]]], [], []]


def changed_17(**fields: Any) -> Any:
    return {"annolist": [{"image": [{"name": "a.jpg"}], "annorect": [rect(0, 1, 1)], **fields}]}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(
            changed_17(annorect=[rect(0, 1, 1), rect(0, 1, 1, x1=1, y1=2, x2="wide", y2=4)]),
            'frame 1 (a.jpg): person 2: x2: expected a finite number, got "wide"',
            id="head",
        ),
        pytest.param(
            changed_17(is_labeled=["yes"]),
            'frame 1 (a.jpg): is_labeled: expected 0 or 1, got "yes"',
            id="label",
        ),
        pytest.param(
            changed_17(is_labeled=[1, 1]),
            "frame 1 (a.jpg): is_labeled: expected 0 or 1, got [1, 1]",
            id="labels",
        ),
        pytest.param(
            changed_17(ignore_regions=5),
            "frame 1 (a.jpg): ignore_regions: expected a list, got 5",
            id="regions",
        ),
        pytest.param(
            changed_17(ignore_regions=[region((0, 0)), 3]),
            "frame 1 (a.jpg): ignore_regions 2: expected an object, got 3",
            id="region",
        ),
        pytest.param(
            changed_17(ignore_regions=[{"point": [{"x": [1], "y": [2]}, {"x": [1]}]}]),
            "frame 1 (a.jpg): ignore_regions 1: point 2: y: expected a finite number, got nothing",
            id="corner",
        ),
    ],
)
def test_17_names_what_is_wrong(tmp_path: Path, content: Any, complaint: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        load_truth(path)
    assert str(error.value) == f"{path}: {complaint}"


# ---------------------------------------------------------------- 2018 and 2021


def test_18_tells_heads_regions_and_labels(tmp_path: Path) -> None:
    images = [
        image_18(
            1,
            is_labeled=True,
            ignore_regions_x=[[0, 9, 9], [1, 2, 2]],
            ignore_regions_y=[[0, 0, 5], [1, 1, 2.5]],
        ),
        image_18(2, is_labeled=False, ignore_regions_x=[], ignore_regions_y=[]),
        # One region alone stands without its list.
        image_18(3, ignore_regions_x=[3, 4, 5], ignore_regions_y=[6, 7, 9]),
    ]
    content = document_18(
        person_18(3, bbox_head=[10, 20, 5, 6], track_id=0, person_id=44),
        person_18(1, bbox_head=[1, 2, 3, 4.5], track_id=3),
        person_18(3, bbox_head=[], track_id=1),
        person_18(3, track_id=2),
        images=images,
    )
    truth = load_truth(written(tmp_path, content))

    assert boxes(truth) == [[[1, 2, 4, 6.5]], [], [[10, 20, 15, 26], None, None]]
    assert polygons(truth) == [
        [[[0, 0], [9, 0], [9, 5]], [[1, 1], [2, 1], [2, 2.5]]],
        [],
        [[[3, 6], [4, 7], [5, 9]]],
    ]
    assert truth.labelled.tolist() == [True, False, True]
    assert [p.track_ids.tolist() for p in truth.sequence.frames] == [[4], [], [1, 2, 3]]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(
            document_18(person_18(1, bbox_head=[1, 2, 3]), images=[image_18(1)]),
            "annotation 1 (image images/val/1_mpii/000001.jpg): bbox_head: "
            "expected x, y, width, height, got [1, 2, 3]",
            id="head",
        ),
        pytest.param(
            document_18(images=[image_18(1, is_labeled="no")]),
            'image 1 (images/val/1_mpii/000001.jpg): is_labeled: expected 0 or 1, got "no"',
            id="label",
        ),
        pytest.param(
            document_18(images=[image_18(1, ignore_regions_x=[[1, 2]], ignore_regions_y=[[1]])]),
            "image 1 (images/val/1_mpii/000001.jpg): ignore_regions_y: "
            "expected as many numbers as in ignore_regions_x, got [1] and not [2]",
            id="uneven",
        ),
        pytest.param(
            document_18(images=[image_18(1, ignore_regions_x=["left"], ignore_regions_y=[[1]])]),
            "image 1 (images/val/1_mpii/000001.jpg): ignore_regions_x: "
            'expected a finite number, got "left"',
            id="corner",
        ),
        pytest.param(
            document_18(images=[image_18(1, ignore_regions_x=[[1, None]])]),
            "image 1 (images/val/1_mpii/000001.jpg): ignore_regions_x: "
            "expected a list of numbers for each region, got [1, null]",
            id="gap",
        ),
        pytest.param(
            document_18(images=[image_18(1, ignore_regions_x=7)]),
            "image 1 (images/val/1_mpii/000001.jpg): ignore_regions_x: "
            "expected a list of numbers for each region, got 7",
            id="number",
        ),
    ],
)
def test_18_names_what_is_wrong(tmp_path: Path, content: Any, complaint: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        load_truth(path)
    assert str(error.value) == f"{path}: {complaint}"


# ---------------------------------------------------------------- other formats, and errors


def test_any_other_format_is_a_truth_of_poses_alone(tmp_path: Path) -> None:
    row = {"image_id": "1.jpg", "keypoints": [3, 4, 0.5] * 17, "idx": 2, "score": 1}
    truth = load_truth(written(tmp_path, [row, row | {"image_id": "2.jpg"}]))
    assert boxes(truth) == [[None], [None]]
    assert truth.ignored == ((), ())
    assert truth.labelled.tolist() == [True, True]
    assert truth.sequence.skeleton.name == "coco-17"


def test_one_clip_is_a_tuple_of_one(tmp_path: Path) -> None:
    (truth,) = load_truths(written(tmp_path, {"annolist": FRAMES_17}))
    assert len(truth) == 3


def test_a_skeleton_of_ones_own(tmp_path: Path) -> None:
    own = replace(skeleton("posetrack-15"), name="mine")
    truth = load_truth(written(tmp_path, {"annolist": FRAMES_17}), skeleton=own)
    assert truth.sequence.skeleton.name == "mine"


def test_truths_are_not_written_where_there_is_no_place(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, {"annolist": FRAMES_17}))
    expected = "format: expected one for truths, posetrack17 or posetrack18; got 'csv'"
    with pytest.raises(InputError, match=expected):
        save_truth(tmp_path / "x.csv", truth, format="csv")
    with pytest.raises(InputError, match="expected another file than the input"):
        save_truth(tmp_path / "clip.json", truth)


# ---------------------------------------------------------------- round trips

quarters = st.integers(-4000, 40000).map(lambda n: n / 4)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Truths of up to three frames, on a grid on which widths add up exactly."""
    counts = draw(st.lists(st.integers(0, 3), max_size=3))

    def array(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        values = draw(st.lists(quarters, min_size=size, max_size=size))
        return np.array(values, dtype=np.float64).reshape(shape)

    def some(n: int) -> np.ndarray:
        return np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=np.bool_)

    frames, heads = [], []
    for n in counts:
        keypoints = array(n, 15, 2)
        keypoints[some(n * 15).reshape(n, 15)] = np.nan
        ids = draw(st.lists(st.integers(1, 10_000), min_size=n, max_size=n, unique=True))
        ids = np.where(some(n), -1, np.array(ids, dtype=np.int64))
        frames.append(Poses.from_keypoints(keypoints, track_ids=ids))
        heads.append(array(n, 4))
        heads[-1][some(n)] = np.nan
    sizes = st.lists(st.integers(1, 4), max_size=2)
    return Truth(
        sequence=Sequence(
            skeleton("posetrack-15"), frames, tuple(f"{i}.jpg" for i in range(len(counts)))
        ),
        head_boxes=tuple(heads),
        ignored=tuple(tuple(array(size, 2) for size in draw(sizes)) for _ in counts),
        labelled=some(len(counts)),
    )


@pytest.mark.parametrize("form", ["posetrack17", "posetrack18"])
@given(truth=truths())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, form: str, truth: Truth
) -> None:
    path = tmp_path_factory.mktemp("truth") / "clip.json"
    save_truth(path, truth, format=form)
    back = load_truth(path, format=form)

    assert back.sequence.skeleton == truth.sequence.skeleton
    assert back.sequence.image_names == truth.sequence.image_names
    for ours, theirs in zip(back.sequence.frames, truth.sequence.frames, strict=True):
        np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)
        np.testing.assert_array_equal(ours.track_ids, theirs.track_ids)
        np.testing.assert_array_equal(ours.boxes, theirs.boxes)
    for ours_, theirs_ in zip(back.head_boxes, truth.head_boxes, strict=True):
        np.testing.assert_array_equal(ours_, theirs_)
    assert polygons(back) == polygons(truth)
    assert back.labelled.tolist() == truth.labelled.tolist()


def test_17_is_the_released_layout(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, {"annolist": FRAMES_17[:2]}))
    save_truth(tmp_path / "out.json", truth)
    first, second = json.loads((tmp_path / "out.json").read_bytes())["annolist"]
    assert first["annorect"][0] | {"annopoints": 0} == {
        "x1": [1], "y1": [2], "x2": [3], "y2": [4.5], "track_id": [7], "annopoints": 0,
    }  # fmt: skip
    assert first["ignore_regions"] == REGIONS
    assert (first["is_labeled"], second["is_labeled"]) == ([1], [0])
    assert second["annorect"] == []


def test_from_17_to_18_nothing_is_lost(tmp_path: Path) -> None:
    truth = load_truth(written(tmp_path, {"annolist": FRAMES_17}))
    save_truth(tmp_path / "out.json", truth, format="posetrack18")
    back = load_truth(tmp_path / "out.json")
    assert (boxes(back), polygons(back)) == (boxes(truth), polygons(truth))
    assert back.labelled.tolist() == truth.labelled.tolist()


def test_other_skeletons_are_mapped(tmp_path: Path) -> None:
    poses = Poses.from_keypoints(np.ones((1, 16, 2)), track_ids=[1])
    save_truth(tmp_path / "out.json", as_truth(Sequence(skeleton("mpii-16"), [poses], ("a.jpg",))))
    assert load_truth(tmp_path / "out.json").sequence.frames[0].keypoints.tolist() == [
        [[1, 1]] * 15
    ]


# ---------------------------------------------------------------- ids


@pytest.mark.parametrize("form", ["posetrack17", "posetrack18"])
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([3, -1, 3, -1], "expected one person of each id, as .*, got 3 2 times"),
        ([0, -1, 1, 2], "expected from 1, or -1 for none, got 0"),
        ([-2, -1, 1, 2], "expected from 1, or -1 for none, got -2"),
    ],
)
def test_ids_that_the_evaluator_refuses_are_not_written(
    ids: list[int], message: str, form: str, tmp_path: Path
) -> None:
    poses = Poses.from_keypoints(np.ones((4, 15, 2)), track_ids=ids)
    clip = Sequence(skeleton("posetrack-15"), [poses[1:2], poses], ("a.jpg", "b.jpg"))
    with pytest.raises(InputError, match=rf"frame 2 \(b.jpg\): track_ids: {message}"):
        save(tmp_path / "x.json", clip, format=form)
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("form", ["posetrack17", "posetrack18"])
def test_ids_beyond_the_evaluators_are_refused(tmp_path: Path, form: str) -> None:
    poses = Poses.from_keypoints(np.ones((2, 15, 2)), track_ids=[1, 10_000])
    clip = Sequence(skeleton("posetrack-15"), [poses[:0], poses], ("a.jpg", "b.jpg"))
    out = tmp_path / "out.json"
    save(out, clip, format=form)
    assert load(out).frames[1].track_ids.tolist() == [1, 10_000]

    again = load(out).with_track_ids([[], [3, 10_001]])
    for clip, path in ((again, tmp_path / "x.json"), (replace(again, source=None), out)):
        with pytest.raises(InputError) as error:
            save(path, clip, format=form)
        assert str(error.value) == (
            f"{path}: frame 2 (b.jpg): track_id: expected 0 to 9999, got 10000"
        )
    assert not (tmp_path / "x.json").exists()


# ---------------------------------------------------------------- real files


def test_the_2018_release() -> None:
    truth = load_truth(shared("data", "posetrack18", "val", "009473_mpii_test.json"))
    assert truth.head_boxes[0][0].tolist() == [648, 253, 648 + 138, 253 + 103]
    assert [len(polygon) for polygon in truth.ignored[0]] == [25, 21]
    assert truth.ignored[0][0][0].tolist() == [1907, 228]
    assert truth.labelled.all()
