"""The verb `evaluate` and input that is not as it should be: a sentence, or a rule, never a nan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poseflow.cli import main
from test_cli_evaluate import PREDICTED, TRUE, at, document, figures, refusal, run, write

__all__ = ["at"]

# -- Files and sequences ------------------------------------------------------------------------


def test_a_missing_sequence_is_named(at, capsys):
    (at / "predictions" / "b.json").unlink()
    said = refusal(capsys)
    assert "predictions: expected predictions for each of the 2 sequences in truth" in said
    assert "found none for b" in said


def test_a_file_whose_name_is_not_in_the_folder_is_named(at, capsys):
    (at / "truth" / "a.json").rename(at / "c.json")
    said = refusal(capsys, truth="c.json")
    assert "predictions: expected predictions for the sequence in c.json, found none for c" in said


def test_many_missing_sequences_are_counted(at, capsys):
    for k in range(9):
        write(at / "truth" / f"c{k}.json", TRUE)
    assert "found none for c0, c1, c2, c3, c4 and 4 more" in refusal(capsys)


def test_predictions_without_a_truth_are_told_and_left_out(at, capsys):
    write(at / "predictions" / "zebra.json", PREDICTED)
    assert run("--to", "json") == 0
    captured = capsys.readouterr()
    assert "not judged, as truth has no such names: zebra" in captured.err
    assert len(json.loads(captured.out)["sequences"]) == 2


def test_frames_of_other_names_are_named(at, capsys):
    shifted = {frame + 1: people for frame, people in PREDICTED.items()}
    write(at / "predictions" / "b.json", shifted, scored=True)
    said = refusal(capsys)
    assert "predictions/b.json: frame 1" in said
    assert "images/a/000001.jpg" in said


def test_an_id_twice_in_a_frame_is_named(at, capsys):
    text = json.dumps(document(PREDICTED, scored=True)).replace(
        '"track_id": [2]', '"track_id": [1]'
    )
    (at / "predictions" / "b.json").write_text(text)
    said = refusal(capsys)
    assert "predictions/b.json: frame 1" in said
    assert "track id" in said


@pytest.mark.parametrize("which", ["truth", "predictions"])
def test_an_empty_folder_is_named(at, capsys, which):
    (at / "empty").mkdir()
    (at / "empty" / "notes.txt").write_text("nothing")
    said = refusal(capsys, **{which: "empty"})
    assert "empty: expected a folder with a file for each sequence" in said


@pytest.mark.parametrize(
    ("truth", "predictions", "expected"),
    [
        ("truth", "predictions/a.json", "of the 2 sequences in truth, found none for b"),
        ("none", "predictions", "none: cannot be read: no such file or folder"),
        ("truth/a.json", "none.json", "none.json: cannot be read: no such file or folder"),
    ],
)
def test_a_path_that_does_not_fit_is_named(at, capsys, truth, predictions, expected):
    assert expected in refusal(capsys, truth=truth, predictions=predictions)


def test_a_file_that_is_no_poses_is_named(at, capsys):
    (at / "predictions" / "b.json").write_text("{not json")
    assert "predictions/b.json" in refusal(capsys, "--out", "report")
    assert not (at / "report").exists()


def test_two_files_of_one_sequence_are_named(at, capsys):
    (at / "predictions" / "b.csv").write_text("x")
    assert "expected one file for each sequence, got b.csv and b.json" in refusal(capsys)


def test_the_report_cannot_be_a_file(at, capsys):
    (at / "report").write_text("mine")
    assert "report: expected a folder to write, found a file" in refusal(capsys, "--out", "report")
    assert (at / "report").read_text() == "mine"


# -- What is in them ----------------------------------------------------------------------------


def changed(at: Path, where: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Do something to every person of the second sequence."""
    path = at / where / "b.json"
    content = json.loads(path.read_text())
    for entry in content["annolist"]:
        for person in entry["annorect"]:
            change(person)
    path.write_text(json.dumps(content))


def without_head(person: dict[str, Any]) -> None:
    for side in ("x1", "y1", "x2", "y2"):
        del person[side]


def without_joints(person: dict[str, Any], *joints: int) -> None:
    holder = person["annopoints"][0]
    holder["point"] = [point for point in holder["point"] if point["id"][0] not in joints]


def points(person: dict[str, Any]) -> list[dict[str, Any]]:
    return person["annopoints"][0]["point"]


def told(capsys, *more: str, **paths: str) -> tuple[dict[tuple[str, str, str], str], str]:
    """Figures, and what is said beneath them, on one line."""
    assert run("--to", "csv", *more, **paths) == 0
    found = figures(capsys.readouterr().out)
    assert run(*more, **paths) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "nan" not in said
    return found, said


def test_missing_head_boxes_are_made_and_told(at, capsys):
    before, _ = told(capsys)
    changed(at, "truth", without_head)
    after, said = told(capsys)
    assert "Without a head box: 8 true poses; one was made from neck and head top" in said
    assert after["joints", "MOTA", "Total"] == before["joints", "MOTA", "Total"]


def test_nothing_to_make_a_head_box_of(at, capsys):
    changed(at, "truth", without_head)
    changed(at, "truth", lambda person: without_joints(person, 12, 14))
    said = refusal(capsys)
    assert "truth/b.json: frame 1 (images/a/000000.jpg): person with track id 11" in said
    assert "expected a head box of some size, or neck and head top" in said


def test_joints_without_scores_come_last(at, capsys):
    (at / "predictions" / "a.json").unlink()
    (at / "truth" / "a.json").unlink()
    write(at / "predictions" / "b.json", PREDICTED, scored=False)
    found, said = told(capsys)
    # 8 of each of 13 joints; in the order they stand somebody who is not there is the third.
    assert "Without a score: 104 predicted joints; in mAP they come last" in said
    precisions = [1, 1, *([7 / 8] * 5)]
    assert float(found["joints", "mAP", "Total"]) == pytest.approx(100 * sum(precisions) / 8)


def test_an_id_out_of_range(at, capsys):
    changed(
        at,
        "predictions",
        lambda person: person["track_id"].append(10_000 + person["track_id"].pop()),
    )
    said = refusal(capsys)
    assert "predictions/b.json: frame 1 (images/a/000000.jpg): track id" in said
    assert "expected at most 9999 (strict takes any), got 10001" in said
    strict, _ = told(capsys, "--protocol", "strict")
    assert float(strict["joints", "MOTA", "Total"]) == pytest.approx(62.5)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(1.5, "track_id: expected an integer, got 1.5", id="fraction"),
        pytest.param("x", 'track_id: expected an integer, got "x"', id="text"),
    ],
)
def test_an_id_that_is_no_number(at, capsys, value, message):
    changed(at, "predictions", lambda person: person.update(track_id=[value]))
    said = refusal(capsys)
    assert f"predictions/b.json: frame 1 (images/a/000000.jpg): person 1: {message}" in said


@pytest.mark.parametrize("change", [lambda p: p.pop("track_id"), lambda p: p.update(track_id=[-1])])
@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("predictions", "Without an id: 8 predicted poses; each is taken for a track of one frame"),
        ("truth", "Without an id: 8 true poses; each is taken for a person of its own"),
    ],
)
def test_people_without_ids_are_told(at, capsys, change, where, message):
    _, before = told(capsys, "--protocol", "strict")
    changed(at, where, change)
    found, said = told(capsys, "--protocol", "strict")
    assert "Without an id" not in before
    assert message in said
    # Of one person's four frames, three come after the first; who has no id in truth has none.
    switches = {"predictions": 1 + 3 + 2, "truth": 1}[where]
    assert found["poses", "predicted ids", "Switches"] == str(switches)


def test_a_joint_that_posetrack_does_not_have(at, capsys):
    changed(at, "predictions", lambda person: points(person)[0].update(id=[17]))
    said = refusal(capsys)
    assert "person 1: point 1: id: expected a joint from 0 to 14, got 17" in said


def test_ears_are_dropped(at, capsys):
    """PoseTrack 2018 has places for them, and nobody is judged by them."""
    before, _ = told(capsys)
    for where in ("truth", "predictions"):
        for name in ("a", "b"):
            path = at / where / f"{name}.json"
            new = at / f"{name}.json"
            assert main(["convert", str(path), str(new), "--to", "posetrack18"]) == 0
            content = json.loads(new.read_text())
            content["categories"][0]["keypoints"] += ["left_ear", "right_ear"]
            for person in content["annotations"]:
                # Far from each other in truth and predictions.
                person["keypoints"] += [900 if where == "truth" else 10, 50, 1] * 2
                if "scores" in person:
                    person["scores"] += [0.99, 0.99]
            path.write_text(json.dumps(content))
            new.unlink()
    capsys.readouterr()
    after, _ = told(capsys)
    assert {k: float(v or 0) for k, v in after.items()} == pytest.approx(
        {k: float(v or 0) for k, v in before.items()}
    )


def test_empty_frames_are_a_rule(at, capsys):
    """Nobody predicted, and nobody there: each protocol has its own way."""
    write(at / "truth" / "b.json", TRUE | {1: {}})
    write(at / "predictions" / "b.json", TRUE | {2: {}}, scored=True)
    _, said = told(capsys)
    assert "Left out: 1 frame with nobody in the annotation, where 2 predicted poses" in said
    assert "Without predictions: 1 frame with people" in said
    _, said = told(capsys, "--protocol", "strict")
    assert "False positives: 2 predicted poses in 1 frame with nobody" in said
    assert "Without predictions: 1 frame, of which every joint is a miss" in said


def test_joints_that_never_occur_are_in_no_mean(at, capsys):
    found, said = told(capsys)
    assert "Not in the truth, and in no mean: right_ankle, left_ankle." in said
    assert found["joints", "MOTA", "Ankle"] == ""
    assert float(found["joints", "mAP", "Total"]) == pytest.approx(100 * 7 / 8)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        pytest.param((0, 1, 3), "got 3, without 'images/a/000002.jpg'", id="fewer"),
        pytest.param((0, 1, 2, 3, 9), "got 5, with 'images/a/000009.jpg'", id="more"),
        pytest.param((), "got 0", id="none"),
    ],
)
def test_frames_that_are_not_the_truths(at, capsys, frames, message):
    write(at / "predictions" / "b.json", {i: TRUE[0] for i in frames}, scored=True)
    said = refusal(capsys)
    assert f"predictions/b.json: expected the 4 frames of the truth truth/b.json, {message}" in said


def test_strict_goes_by_names_and_names_what_the_truth_lacks(at, capsys):
    write(at / "predictions" / "b.json", {i: TRUE[0] for i in (3, 1)}, scored=True)
    _, said = told(capsys, "--protocol", "strict")
    assert "Without predictions: 2 frames" in said
    write(at / "predictions" / "b.json", {i: TRUE[0] for i in (3, 9)}, scored=True)
    said = refusal(capsys, "--protocol", "strict")
    assert "frame 2: 'images/a/000009.jpg': expected a frame of the truth truth/b.json" in said
