"""What was there before filling and smoothing comes back, through every format that has a place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import poseflow
from conftest import frame_of, person
from poseflow.cli import main
from poseflow.formats import FORMATS, Format
from poseflow.offline.filling import fill
from poseflow.offline.smoothing import smooth
from poseflow.poses import Origin, Poses, Sequence
from poseflow.skeletons import skeleton
from poseflow.skeletons.mapping import map_keypoints
from tracks import assert_same_poses

# PoseTrack's formats have no place for fields of ours.
EVERY = [
    pytest.param(form, id=form.name)
    for form in FORMATS.values()
    if form.write is not None and not form.name.startswith("posetrack")
]


def trembling(n_frames: int = 9) -> Sequence:
    """Two people and one without id; 1 is away in frame 3, and lacks a wrist in frame 5."""
    noise = np.random.default_rng(3).normal(0, 2, (n_frames, 3, 17, 2))
    frames = []
    for t in range(n_frames):
        people = [person(100 + 8 * t, 200), person(400 - 8 * t, 210), person(250, 90)]
        people = [points + noise[t, i] for i, points in enumerate(people)]
        people[0][9] = np.nan if t == 5 else people[0][9]
        scores = [0.9, 0.7, 0.123456789]
        ids = [1, 2, -1]
        if t == 3:
            people, scores, ids = people[1:], scores[1:], ids[1:]
        frames.append(frame_of(*people, scores=scores).with_track_ids(ids))
    names = tuple(f"{i:04d}.jpg" for i in range(n_frames))
    return Sequence(skeleton("coco-17"), tuple(frames), names)


def written(form: Format, folder: Path, name: str, sequence: Sequence) -> Sequence:
    path = folder / f"{name}{form.suffix}"
    poseflow.save(path, sequence, format=form.name)
    return poseflow.load(path, format=form.name)


@pytest.mark.parametrize("form", EVERY)
def test_what_was_there_comes_back_digit_for_digit(form, tmp_path):
    seen = trembling()
    changed = smooth(fill(seen, 2), 25.0)
    before, after = (
        written(form, tmp_path, "before", seen),
        written(form, tmp_path, "after", changed),
    )
    assert (before.is_changed, after.is_changed) == (False, True)
    assert after.frames[3].origins.tolist() == [0, 0, Origin.FILLED]
    assert not np.array_equal(after.frames[4].keypoints, before.frames[4].keypoints)
    for got, expected in zip(after.original().frames, before.frames, strict=True):
        assert got.origins.tolist() == [0] * len(expected)
        kept = {"keypoints", "keypoint_scores", "scores", "track_ids"} - form.loses
        for name in sorted(kept):
            np.testing.assert_array_equal(getattr(got, name), getattr(expected, name), name)
        # Width and height are written where corners are kept.
        np.testing.assert_allclose(got.boxes, expected.boxes, atol=1e-9)


@pytest.mark.parametrize("form", EVERY)
def test_a_changed_clip_is_written_again_as_it_was_read(form, tmp_path):
    changed = smooth(fill(trembling(), 2), 25.0)
    once = written(form, tmp_path, "once", changed)
    twice = written(form, tmp_path, "twice", once.with_track_ids(p.track_ids for p in once.frames))
    for a, b in zip(twice.frames, once.frames, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.raw_keypoints, b.raw_keypoints)
    assert_same_poses(twice.original(), once.original())


@pytest.mark.parametrize("name", ["posetrack17", "posetrack18"])
def test_posetracks_formats_have_the_changed_poses_only(name, tmp_path):
    changed = smooth(fill(trembling(), 2), 25.0)
    read = written(FORMATS[name], tmp_path, "after", changed)
    assert not read.is_changed
    assert [len(poses) for poses in read.frames] == [3] * 9


def test_another_skeletons_raw_keypoints_are_mapped_as_keypoints_are(tmp_path):
    changed = smooth(fill(trembling(), 2), 25.0)
    read = written(FORMATS["openpose"], tmp_path, "after", changed)
    assert read.skeleton.name == "body-25"
    for got, poses in zip(read.frames, changed.frames, strict=True):
        raw, _ = map_keypoints(
            poses.raw_keypoints, poses.keypoint_scores, changed.skeleton, read.skeleton
        )
        np.testing.assert_array_equal(got.raw_keypoints, raw)


def test_tables_have_columns_of_it_after_all_others(tmp_path):
    seen = trembling()
    for name, sequence in (("seen", seen), ("changed", smooth(fill(seen, 2), 25.0))):
        poseflow.save(tmp_path / f"{name}.csv", sequence)
    before, after = ((tmp_path / f"{n}.csv").read_text().splitlines() for n in ("seen", "changed"))
    columns = after[0].split(",")
    assert columns[: 10 + 3 * 17] == before[0].split(",")
    assert columns[10 + 3 * 17 :][:3] == ["raw_nose_x", "raw_nose_y", "raw_left_eye_x"]
    assert len(columns) == 10 + 5 * 17
    filled = next(line for line in after if ",filled," in line)
    assert filled.endswith("," * 2 * 17)


def test_of_a_person_without_the_field_nothing_was_changed(tmp_path):
    rows = [
        {"image_id": "0.jpg", "keypoints": [5, 5, 1] * 17, "score": 0.5, "idx": 1},
        {"image_id": "0.jpg", "keypoints": [7, 7, 1] * 17, "score": 0.5, "idx": 2},
    ]
    rows[0]["raw_keypoints"] = [4, 4, 1] * 16 + [0, 0, 0]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    (poses,) = poseflow.load(tmp_path / "x.json").original().frames
    np.testing.assert_array_equal(poses.keypoints[:, 0], [[4, 4], [7, 7]])
    assert np.isnan(poses.keypoints[0, 16]).all()
    assert poses.keypoint_scores[:, 16].tolist() == [0, 1]


def test_a_wrong_field_is_one_sentence(tmp_path):
    row = {"image_id": "0.jpg", "keypoints": [5, 5, 1] * 17, "score": 1, "raw_keypoints": [1, 2]}
    (tmp_path / "x.json").write_text(json.dumps([row]))
    with pytest.raises(poseflow.PoseflowError, match=r"row 1 .*: raw_keypoints: expected"):
        poseflow.load(tmp_path / "x.json")


def test_shapes_are_checked_and_masks_go_through():
    with pytest.raises(poseflow.PoseflowError, match="raw_keypoints: expected shape"):
        Poses.from_keypoints(np.zeros((1, 2, 2)), raw_keypoints=np.zeros((1, 3, 2)))
    poses = Poses.from_keypoints(np.zeros((3, 2, 2)), raw_keypoints=np.arange(12).reshape(3, 2, 2))
    assert poses[[2, 0]].raw_keypoints[:, 0, 0].tolist() == [8, 0]
    assert poses.with_track_ids([1, 2, 3]).raw_keypoints is poses.raw_keypoints


# ---------------------------------------------------------------- at the command line


@pytest.fixture
def at(tmp_path, monkeypatch) -> Path:
    """A folder with the poses of somebody who is not found in frames 4 and 5."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(3).normal(0, 2, (12, 17, 2)).round(3)
    rows = []
    for t in range(12):
        if t not in (4, 5):
            points = np.concatenate([person(100 + 8 * t, 200) + noise[t], np.ones((17, 1))], axis=1)
            row = {"image_id": f"{t}.jpg", "category_id": 1, "score": 2.5, "other": [t]}
            rows.append(row | {"keypoints": points.round(3).ravel().tolist()})
    Path("poses.json").write_text(json.dumps(rows))
    return tmp_path


def test_the_verb_fills_and_smooths_and_convert_undoes_it(at, capsys):
    assert main(["track", "--poses", "poses.json", "--out", "out", "--fill", "3", "--smooth"]) == 0
    said = capsys.readouterr().out
    assert "1 person in 12 frames, 12 poses" in said
    assert "poses made anew: 2 between two frames in which the person was seen" in said
    assert f"{1:>5} {12:>7} {0:>7} {11:>7} {0:>5} {0:>8} {2:>7}" in said.splitlines()
    assert json.loads(Path("out/summary.json").read_text())["filled"] == 2
    rows = json.loads(Path("out/tracked.json").read_text())
    assert [row.get("origin") for row in rows[3:7]] == [None, "filled", "filled", None]
    assert [row["image_id"] for row in rows] == [f"{t}.jpg" for t in range(12)]
    given = json.loads(Path("poses.json").read_text())
    assert [row["raw_keypoints"] for row in rows if "origin" not in row] == [
        row["keypoints"] for row in given
    ]
    assert not any("raw_keypoints" in row for row in rows if "origin" in row)
    # Frames in which nobody but a filled pose is.
    assert main(["convert", "out/tracked.json", "again.csv"]) == 0
    assert Path("again.csv").read_text() == Path("out/tracks.csv").read_text()
    assert main(["convert", "out/tracked.json", "raw.json", "--raw"]) == 0
    assert main(["convert", "out/tracks.csv", "table.json", "--raw", "--to", "alphapose"]) == 0
    for name in ("raw.json", "table.json"):
        got = json.loads(Path(name).read_text())
        assert [row["keypoints"] for row in got] == [row["keypoints"] for row in given]
        assert {row["idx"] for row in got} == {1}
        assert not any("origin" in row or "raw_keypoints" in row for row in got)


def test_convert_raw_of_a_clip_that_was_not_changed_is_that_clip(at):
    assert main(["convert", "poses.json", "same.json", "--raw"]) == 0
    expected = [row | {"idx": -1} for row in json.loads(Path("poses.json").read_text())]
    assert json.loads(Path("same.json").read_text()) == expected


@pytest.mark.parametrize("way", ["offline", "online"])
def test_the_cutoff_is_what_is_said(at, way):
    for out, cutoff in (("some.json", "6"), ("more.json", "1")):
        words = ["--smooth", way, "--cutoff", cutoff, "--quiet"]
        assert main(["track", "--poses", "poses.json", "--out", out, *words]) == 0
    trembling = []
    for name in ("poses.json", "some.json", "more.json"):
        rows = json.loads(Path(name).read_text())
        x = np.array([row["keypoints"][::3] for row in rows][5:])
        trembling.append(np.diff(x, n=2, axis=0).std())
    assert trembling[0] > trembling[1] > trembling[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cutoff", "3"], "--cutoff: expected with --smooth"),
        (["--fill", "-1"], "fill: expected a number of frames, 0 or more, got -1"),
        (
            ["--smooth", "--cutoff", "13"],
            "smooth: expected a cut-off above 0 and below half of 25 frames a second, got 13 Hz",
        ),
    ],
)
def test_bad_words_are_told_before_the_work(at, capsys, words, said):
    assert main(["track", "--poses", "poses.json", "--out", "out.json", *words]) == 2
    assert capsys.readouterr().err == f"poseflow: {said}\n"
    assert not Path("out.json").exists()
