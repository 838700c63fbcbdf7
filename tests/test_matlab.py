"""Annotations as MATLAB keeps them, in both forms."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from conftest import shared
from poseflow.errors import InputError
from poseflow.formats import load, load_truth, load_truths, recognise, save
from poseflow.truth import with_head_boxes

MPII = [*range(6), *range(8, 16)]
"""MPII's joints that Multi-Person PoseTrack has: all but pelvis and thorax."""


def structs(*records: dict[str, Any], shape: tuple[int, int] | None = None) -> Any:
    """A MATLAB struct array, (1, N) unless told, each field of any kind."""
    array = np.empty(len(records), dtype=[(field, object) for field in records[0]])
    for i, record in enumerate(records):
        array[i] = tuple(record.values())
    return array.reshape(shape or (1, -1))


def cells(rows: list[list[Any]]) -> Any:
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            array[i, j] = value
    return array


NOTHING = np.empty((0, 0))


def written(tmp_path: Path, **variables: Any) -> Path:
    path = tmp_path / "clip.mat"
    savemat(path, variables)
    return path


def points(*joints: tuple[int, Any, Any]) -> Any:
    return structs(*({"id": i, "x": x, "y": y, "is_visible": 1} for i, x, y in joints))


# ---------------------------------------------------------------- PoseTrack 2017


def rect(track_id: int, head: tuple[float, ...], *joints: tuple[int, Any, Any]) -> Any:
    holder = structs({"point": points(*joints)}) if joints else NOTHING
    sides = dict(zip(("x1", "y1", "x2", "y2"), head, strict=True))
    return sides | {"annopoints": holder, "track_id": track_id}


def frame_17(name: str, people: Any, labelled: int, regions: Any = NOTHING) -> Any:
    return {
        "image": structs({"name": name}),
        "annorect": people,
        "imgnum": 1,
        "is_labeled": labelled,
        "ignore_regions": regions,
    }


def posetrack_17() -> Any:
    triangle = structs({"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 9, "y": 5.5})
    people = structs(
        rect(0, (1, 2, 3, 4.5), (13, 30, 8.5), (0, 5, 6)), rect(4, (5, 6, 7, 8)), shape=(1, 2)
    )
    return structs(
        frame_17("images/bonn/1/3.jpg", people, 1, structs({"point": triangle})),
        frame_17("images/bonn/1/4.jpg", NOTHING, 0),
    )


def test_posetrack_17(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=posetrack_17())
    assert recognise(path).name == "matlab"

    truth = load_truth(path)

    clip = truth.sequence
    assert (clip.skeleton.name, clip.name) == ("posetrack-15", "clip")
    assert clip.image_names == ("images/bonn/1/3.jpg", "images/bonn/1/4.jpg")
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[1, 5], []]
    assert clip.frames[0].keypoints[0, [13, 0]].tolist() == [[30, 8.5], [5, 6]]
    assert np.isnan(clip.frames[0].keypoints[1]).all()
    assert truth.head_boxes[0].tolist() == [[1, 2, 3, 4.5], [5, 6, 7, 8]]
    assert [polygon.tolist() for polygon in truth.ignored[0]] == [[[0, 0], [9, 0], [9, 5.5]]]
    assert (truth.ignored[1], truth.labelled.tolist()) == ((), [True, False])


def test_load_gives_the_poses(tmp_path: Path) -> None:
    clip = load(written(tmp_path, annolist=posetrack_17()))
    assert [len(poses) for poses in clip.frames] == [2, 0]


def test_a_mistake_in_a_frame_is_named(tmp_path: Path) -> None:
    people = structs(rect(0, (1, 2, 3, 4), (15, 1, 1)), shape=(1, 1))
    path = written(tmp_path, annolist=structs(frame_17("a.jpg", people, 1), shape=(1, 1)))
    with pytest.raises(InputError) as error:
        load(path)
    assert str(error.value) == (
        f"{path}: frame 1 (a.jpg): person 1: point 1: id: expected a joint from 0 to 14, got 15"
    )


# ---------------------------------------------------------------- Multi-Person PoseTrack


def person(*joints: tuple[int, Any, Any], head: Any = NOTHING) -> Any:
    return structs({"point": points(*joints), "head_rect": head})


def clip_of(name: str, annopoints: Any, n_frames: int) -> Any:
    n_persons = annopoints.shape[0]
    return {
        "num_frames": n_frames, "name": name, "num_persons": n_persons, "annopoints": annopoints
    }  # fmt: skip


def two_clips() -> Any:
    first = cells(
        [
            [person((8, 0, 10), (9, 0, 0), head=[1, 2, 3, 4.5]), NOTHING],
            [person((15, 7, 8)), person((0, 1, 2), (12, 3, 4))],
        ]
    )
    second = cells([[NOTHING, NOTHING, person((3, 9, 9))]])
    return structs(clip_of("000001", first, 2), clip_of("000003", second, 3), shape=(2, 1))


def test_several_clips(tmp_path: Path) -> None:
    first, second = load_truths(written(tmp_path, annolist=two_clips()))

    assert (first.sequence.name, second.sequence.name) == ("000001", "000003")
    assert first.sequence.skeleton.name == "mpii-16"
    # People are rows of the cells, from 1.
    assert [p.track_ids.tolist() for p in first.sequence.frames] == [[1, 2], [2]]
    assert [p.track_ids.tolist() for p in second.sequence.frames] == [[], [], [1]]
    keypoints = first.sequence.frames[0].keypoints
    assert keypoints[0, [8, 9]].tolist() == [[0, 10], [0, 0]]
    assert keypoints[1, 15].tolist() == [7, 8]
    assert np.isnan(keypoints[1, :15]).all()
    assert first.head_boxes[0][0].tolist() == [1, 2, 3, 4.5]
    assert np.isnan(first.head_boxes[0][1]).all()
    assert first.labelled.all()


def test_several_clips_are_not_one(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=two_clips())
    expected = "expected one clip, got 2; poseflow convert makes a PoseTrack file of each of them"
    for read in (load, load_truth):
        with pytest.raises(InputError, match=expected):
            read(path)


def test_one_of_them_is(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=two_clips()[1:])
    assert load(path).name == "000003"


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        pytest.param(
            {"RELEASE": 1, "x": 2}, "expected a variable annolist, got RELEASE, x", id="variable"
        ),
        pytest.param(
            {"annolist": [1, 2]},
            "annolist: expected fields image and annorect, or name, num_frames and annopoints; "
            "got none",
            id="numbers",
        ),
        pytest.param(
            {"annolist": structs(clip_of("7", cells([[NOTHING, NOTHING]]), 5))},
            "annolist 1 (7): num_frames: expected 2 as annopoints has, got [5]",
            id="frames",
        ),
        pytest.param(
            {
                "annolist": structs(
                    clip_of("7", cells([[NOTHING, person((0, 1, 1), head=[3, 4])]]), 2)
                )
            },
            "annolist 1 (7): annopoints 1, 2: head_rect: expected x0, y0, x1, y1, got [3, 4]",
            id="head",
        ),
        pytest.param(
            {"annolist": structs(clip_of("7", cells([[5, NOTHING]]), 2))},
            "annolist 1 (7): annopoints 1, 1: expected a struct, got 5",
            id="person",
        ),
        pytest.param(
            {
                "annolist": structs(
                    clip_of("7", cells([[person((0, 1, 1)), person((0, 1, "a"))]]), 2)
                )
            },
            'annolist 1 (7): frame 2: person 1: point 1: y: expected a finite number, got "a"',
            id="point",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, variables: dict[str, Any], complaint: str) -> None:
    path = written(tmp_path, **variables)
    with pytest.raises(InputError) as error:
        load_truths(path)
    assert str(error.value) == f"{path}: {complaint}"


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=two_clips())
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(InputError, match="not a valid MATLAB file, cut off perhaps"):
        load_truths(path)


def test_a_file_of_version_7_3_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mat"
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert recognise(path).name == "matlab"
    with pytest.raises(InputError, match="up to version 7, got a later one; in MATLAB, save it"):
        load_truths(path)


def test_read_only(tmp_path: Path) -> None:
    clip = load(written(tmp_path, annolist=posetrack_17()))
    expected = "expected a format that can be written, got matlab, which is read only"
    with pytest.raises(InputError, match=expected):
        save(tmp_path / "out.mat", clip)
    with pytest.raises(InputError, match=expected):
        save(tmp_path / "out.json", clip, format="matlab")


def test_the_collection_of_bonn() -> None:
    """As its arrays that were made by others."""
    truths = load_truths(shared("data", "bonn_train_annolist.mat"))
    arrays = np.load(io.BytesIO(shared("data", "bonn_train_tracks.npz").read_bytes()))

    assert (len(truths), sum(map(len, truths))) == (30, 1526)
    n_tracks = n_boxes = 0
    for truth in truths:
        name = truth.sequence.name
        keypoints, heads = arrays[f"{name}/keypoints"], arrays[f"{name}/head"]
        assert len(truth) == len(keypoints)
        filled = with_head_boxes(truth)
        seen = set()
        for i, poses in enumerate(truth.sequence.frames):
            rows = poses.track_ids - 1
            seen |= set(rows.tolist())
            np.testing.assert_allclose(
                poses.keypoints[:, MPII], keypoints[i, rows][:, MPII], atol=1e-3
            )
            assert np.isnan(poses.keypoints[:, [6, 7]]).all()
            # The arrays have no box where neck or head top is missing; we ask the track.
            known = ~np.isnan(heads[i, rows]).any(axis=1)
            np.testing.assert_allclose(
                filled.head_boxes[i][known], heads[i, rows][known], atol=1e-3
            )
            assert not np.isnan(filled.head_boxes[i]).any()
            n_boxes += int((~np.isnan(truth.head_boxes[i]).any(axis=1)).sum())
        n_tracks += len(seen)
    assert (n_tracks, n_boxes) == (132, 1208)
