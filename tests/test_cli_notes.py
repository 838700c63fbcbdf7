"""What `poseflow track` says beside its results, and clips that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import person
from poseflow.cli import main


def row(name: str | int, sure: float = 0.9, pose: float = 0.9, x: float = 60) -> dict[str, object]:
    flat = np.column_stack([person(x, 90), np.full(17, sure)]).ravel().tolist()
    return {"image_id": name, "category_id": 1, "keypoints": flat, "score": pose, "idx": -1}


def written(path: Path, content: object) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def tracked(folder: Path, content: object, *options: str) -> int:
    poses = written(folder / "in.json", content)
    return main(["track", "--poses", poses, "--out", str(folder / "out.json"), "--quiet", *options])


def test_nobody_without_an_id_goes_unexplained(tmp_path: Path, capsys) -> None:
    rows = [row(f"{i}.jpg", sure=0.3, pose=0.25 + i / 100) for i in range(8)]
    assert tracked(tmp_path, rows) == 0
    assert capsys.readouterr().err == (
        "poseflow: nobody got an id: the best pose score is 0.32, --birth is 0.49; scores were "
        "divided by 1 (keypoints) and 1 (poses), which --score-scale changes\n"
    )
    assert tracked(tmp_path, rows, "--score-scale", "0.3,0.35") == 0
    assert capsys.readouterr().err == ""
    assert json.loads((tmp_path / "out.json").read_text())[0]["idx"] == 1
    assert tracked(tmp_path, rows, "--setting", "detect-and-track") == 0
    assert "--confident is 0.5" in capsys.readouterr().err
    # Nobody at all is no riddle.
    assert tracked(tmp_path, []) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wrong", ["a", "1,2,3", "1,", ""])
def test_a_score_scale_is_one_number_or_two(wrong: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        tracked(tmp_path, [row("0.jpg")], "--score-scale", wrong)
    assert stopped.value.code == 2
    assert "one number, or two such as 1,3.25" in capsys.readouterr().err


# ---------------------------------------------------------------- files of several clips


def test_several_clips_are_not_tracked_as_one(tmp_path: Path, capsys) -> None:
    rows = [row(f"{clip}/{i}.jpg") for clip in "abcd" for i in range(2)]
    assert tracked(tmp_path, rows) == 2
    error = capsys.readouterr().err
    assert (
        "expected the poses of one clip, got 4 by the folders of the images (a, b, c, …)" in error
    )
    assert "poseflow convert FILE FOLDER" in error
    assert not (tmp_path / "out.json").exists()
    assert tracked(tmp_path, [row(f"{clip}_mpii_test/0.jpg") for clip in (342, 947)]) == 2


@pytest.mark.parametrize("names", [["a/0.jpg", "a/1.jpg"], ["0/a.jpg", "1/a.jpg"], [0, 1]])
def test_one_clip_is_tracked_whatever_its_folders(names: list[str], tmp_path: Path) -> None:
    assert tracked(tmp_path, [row(name) for name in names]) == 0


def test_convert_makes_a_file_of_each_clip(tmp_path: Path) -> None:
    rows = [row(f"{clip}/{i}.jpg") for clip in "ab" for i in range(2)]
    poses = written(tmp_path / "in.json", rows)
    assert main(["convert", poses, str(tmp_path / "clips")]) == 0
    for clip, its in (("a", rows[:2]), ("b", rows[2:])):
        path = tmp_path / "clips" / f"{clip}.json"
        assert json.loads(path.read_text()) == its
        assert main(["track", "--poses", str(path), "--out", str(tmp_path / "x.json")]) == 0
    assert main(["convert", poses, str(tmp_path / "tables"), "--to", "csv"]) == 0
    assert {p.name for p in (tmp_path / "tables").iterdir()} == {"a.csv", "b.csv"}
    assert main(["convert", poses, str(tmp_path / "one.json")]) == 0
    assert json.loads((tmp_path / "one.json").read_text()) == rows
