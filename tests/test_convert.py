"""`poseflow convert` of annotations: what an evaluator needs comes along."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import shared
from poseflow.cli import main
from poseflow.formats import load, load_truth
from test_matlab import clip_of, person, posetrack_17, structs, two_clips, written
from test_truth_files import FRAMES_17, boxes, polygons


def run(*words: object) -> int:
    return main(["convert", *map(str, words)])


@pytest.mark.parametrize(
    ("form", "skeleton"), [("posetrack17", "posetrack-15"), ("posetrack18", "posetrack-17")]
)
def test_a_matlab_file_becomes_a_file_for_each_clip(
    tmp_path: Path, form: str, skeleton: str
) -> None:
    out = tmp_path / "annotations"
    assert run(written(tmp_path, annolist=two_clips()), out, "--to", form) == 0

    assert sorted(path.name for path in out.iterdir()) == ["000001.json", "000003.json"]
    first, second = load_truth(out / "000001.json"), load_truth(out / "000003.json")
    assert first.sequence.source is not None
    assert first.sequence.source.format == form
    assert first.sequence.skeleton.name == skeleton
    assert [p.track_ids.tolist() for p in first.sequence.frames] == [[1, 2], [2]]
    assert [p.track_ids.tolist() for p in second.sequence.frames] == [[], [], [1]]
    names = first.sequence.skeleton.keypoints
    keypoints = first.sequence.frames[0].keypoints[0]
    # The nose is in the middle of neck and head top.
    for name, place in {"neck": [0, 10], "head_top": [0, 0], "nose": [0, 5]}.items():
        assert keypoints[names.index(name)].tolist() == place
    assert (~np.isnan(keypoints[:, 0])).sum() == 3
    assert first.head_boxes[0][0].tolist() == [1, 2, 3, 4.5]


def test_posetrack_17_is_what_is_written_of_a_matlab_file(tmp_path: Path) -> None:
    assert run(written(tmp_path, annolist=two_clips()), tmp_path / "out") == 0
    assert "annolist" in json.loads((tmp_path / "out" / "000001.json").read_bytes())


def test_head_boxes_that_were_not_measured_are_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By neck and head top, 10 apart, and then by the track; of one person nothing tells any."""
    cells = np.empty((2, 2), dtype=object)
    cells[0, 0] = person((8, 0, 10), (9, 0, 0))
    cells[0, 1] = person((8, 3, 14))
    cells[1, 0] = person((0, 5, 5))
    cells[1, 1] = np.empty((0, 0))
    path = written(tmp_path, annolist=structs(clip_of("7", cells, 2)))

    assert run(path, tmp_path / "out") == 0

    truth = load_truth(tmp_path / "out" / "7.json")
    np.testing.assert_allclose(truth.head_boxes[0][0], [-4.4, -0.5, 4.4, 10.5])
    np.testing.assert_allclose(truth.head_boxes[1][0], [-1.4, 3.5, 7.4, 14.5])
    assert np.isnan(truth.head_boxes[0][1]).all()
    assert "3 of 3 people have no head box" in capsys.readouterr().err


def test_one_clip_may_be_one_file(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=posetrack_17())
    assert run(path, tmp_path / "out.json") == 0
    assert run(path, tmp_path / "folder") == 0
    for made in (tmp_path / "out.json", tmp_path / "folder" / "clip.json"):
        truth = load_truth(made)
        assert boxes(truth) == [[[1, 2, 3, 4.5], [5, 6, 7, 8]], []]
        assert polygons(truth) == [[[[0, 0], [9, 0], [9, 5.5]]], []]
        assert truth.labelled.tolist() == [True, False]


def test_poses_alone_of_a_matlab_file(tmp_path: Path) -> None:
    path = written(tmp_path, annolist=posetrack_17())
    assert run(path, tmp_path / "out.csv") == 0
    assert load(tmp_path / "out.csv").frames[0].track_ids.tolist() == [1, 5]


def test_several_clips_are_no_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, annolist=two_clips())
    assert run(path, tmp_path / "out.json") == 2
    assert "expected a folder for the 2 clips of" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("name", ["", "../x", "000001"])
def test_names_that_are_none_of_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    clips = two_clips()
    clips[1, 0]["name"] = name
    assert run(written(tmp_path, annolist=clips), tmp_path / "out") == 2
    assert "clip 2: name: expected one that a file can have" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_all_or_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second clip has more people than there are ids."""
    clips = two_clips()
    cells = np.empty((10_001, 1), dtype=object)
    cells[:] = [[np.empty((0, 0))]]
    cells[-1, 0] = person((0, 1, 1))
    clips[1, 0] = tuple(clip_of("000003", cells, 1).values())
    assert run(written(tmp_path, annolist=clips), tmp_path / "out") == 2
    assert "frame 1: track_id: expected 0 to 9999, got 10000" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_between_posetracks_formats_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"annolist": FRAMES_17}))
    assert run(tmp_path / "a.json", tmp_path / "b.json", "--to", "posetrack18") == 0
    assert run(tmp_path / "b.json", tmp_path / "c.json", "--to", "posetrack17") == 0
    truth, back = load_truth(tmp_path / "a.json"), load_truth(tmp_path / "c.json")
    assert (boxes(back), polygons(back)) == (boxes(truth), polygons(truth))
    assert back.labelled.tolist() == [True, False, True]


def test_scores_come_along_as_they_are(tmp_path: Path) -> None:
    point = {"id": [3], "x": [1], "y": [2], "score": [4.5]}
    people = [{"score": [7], "track_id": [1], "annopoints": [{"point": [point]}]}]
    (tmp_path / "a.json").write_text(json.dumps({"annolist": [{"annorect": people}]}))
    assert run(tmp_path / "a.json", tmp_path / "b.json", "--to", "posetrack18") == 0
    (annotation,) = json.loads((tmp_path / "b.json").read_bytes())["annotations"]
    assert (annotation["score"], max(annotation["scores"])) == (7, 4.5)


def test_the_collection_of_bonn(tmp_path: Path) -> None:
    """Against the truths that were made of it for the reference evaluator."""
    assert run(shared("data", "bonn_train_annolist.mat"), tmp_path / "annotations") == 0
    made = {path.stem: load_truth(path) for path in (tmp_path / "annotations").iterdir()}

    assert (len(made), sum(map(len, made.values()))) == (30, 1526)
    tracks = {
        (name, track)
        for name, truth in made.items()
        for poses in truth.sequence.frames
        for track in poses.track_ids.tolist()
    }
    assert len(tracks) == 132
    for path in shared("golden", "poseval", "plain", "gt").iterdir():
        known, ours = load_truth(path), made[path.stem]
        for i, (theirs, poses) in enumerate(
            zip(known.sequence.frames, ours.sequence.frames, strict=True)
        ):
            there = np.isin(poses.track_ids, theirs.track_ids)
            # These truths lack some joints, so that evaluators have something to trip over.
            shown = ~np.isnan(theirs.keypoints)
            np.testing.assert_allclose(
                poses.keypoints[there][shown], theirs.keypoints[shown], atol=1e-3
            )
            np.testing.assert_allclose(ours.head_boxes[i][there], known.head_boxes[i], atol=1e-3)


def test_a_file_of_several_folders_becomes_a_file_for_each(tmp_path: Path) -> None:
    frames = [
        frame | {"image": [{"name": f"images/{folder}/{i}.jpg"}]}
        for i, (frame, folder) in enumerate(zip(FRAMES_17, ("one", "two", "one"), strict=True))
    ]
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"annolist": frames}))
    assert run(path, tmp_path / "out", "--to", "posetrack18") == 0
    assert sorted(made.name for made in (tmp_path / "out").iterdir()) == ["one.json", "two.json"]
    assert len(load_truth(tmp_path / "out" / "one.json")) == 2
