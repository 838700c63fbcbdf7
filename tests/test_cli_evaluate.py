"""The verb `evaluate`, as a user meets it: figures worked out by hand, and bad input."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conftest import shared
from poseflow.cli import main

JOINTS = [j for j in range(15) if j not in (0, 5)]
"""PoseTrack's ids of all joints but the ankles, which nobody here has."""

TRUE = {
    # Each frame's people: track id, where. The second is missed in the third frame, the first's id
    # becomes another there, and the first frame has somebody who is not there.
    frame: {10: 100.0, 20: 500.0}
    for frame in range(4)
}
PREDICTED = {
    0: {1: 100.0, 2: 500.0, 9: 900.0},
    1: {1: 100.0, 2: 500.0},
    2: {3: 100.0},
    3: {3: 100.0, 2: 500.0},
}
NOBODY: dict[int, dict[int, float]] = {frame: {} for frame in range(4)}


def document(frames: dict[int, dict[int, float]], *, scored: bool = False) -> dict[str, Any]:
    """A sequence in PoseTrack 2017's JSON: people of 13 joints in a row at x, 10 pixels apart."""

    def person(track: int, x: float) -> dict[str, Any]:
        points = [
            {"id": [j], "x": [x + 10 * j], "y": [200.0]}
            # Who is not there is the least believed.
            | ({"score": [0.1 if track == 9 else 0.9]} if scored else {})
            for j in JOINTS
        ]
        head = {"x1": [x], "y1": [100], "x2": [x + 30], "y2": [140]}
        return {"track_id": [track], "annopoints": [{"point": points}]} | head

    return {
        "annolist": [
            {
                "image": [{"name": f"images/a/{frame:06d}.jpg"}],
                "imgnum": [frame],
                "is_labeled": [1],
                "annorect": [person(track, x) for track, x in people.items()],
            }
            for frame, people in frames.items()
        ]
    }


def build(folder: Path) -> None:
    """truth/a.json, b.json and predictions/ of the same."""
    for name in ("truth", "predictions"):
        (folder / name).mkdir()
    for name in ("a", "b"):
        write(folder / "truth" / f"{name}.json", TRUE)
        write(folder / "predictions" / f"{name}.json", PREDICTED, scored=True)


@pytest.fixture
def at(tmp_path, monkeypatch) -> Path:
    """A folder of work with the small world in it."""
    build(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def strict(tmp_path_factory) -> dict[tuple[str, str, str], str]:
    """All figures of the small world, every frame counted."""
    folder = tmp_path_factory.mktemp("world")
    build(folder)
    paths = {name: str(folder / name) for name in ("truth", "predictions")}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run("--protocol", "strict", "--to", "csv", "--per-sequence", **paths) == 0
    return figures(out.getvalue())


def write(path: Path, frames: dict[int, dict[int, float]], *, scored: bool = False) -> None:
    path.write_text(json.dumps(document(frames, scored=scored)))


def run(*more: str, truth: str = "truth", predictions: str = "predictions") -> int:
    return main(["evaluate", "--truth", truth, "--predictions", predictions, *more])


def figures(text: str) -> dict[tuple[str, str, str], str]:
    lines = csv.DictReader(io.StringIO(text))
    return {(line["table"], line["row"], line["column"]): line["value"] for line in lines}


def refusal(capsys, *more: str, **paths: str) -> str:
    assert run(*more, **paths) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


# -- What comes out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        # 8 true joints of each kind, 8 predicted, 7 of them right: those believed first.
        ("mAP", "Total", 7 / 8),
        ("mAP", "Prec", 7 / 8),
        ("mAP", "Rec", 7 / 8),
        # A miss, a false positive and a switch.
        ("MOTA", "Total", 1 - 3 / 8),
        ("MOTA", "Knee", 1 - 3 / 8),
        ("MOTA", "MOTP", 1.0),
        ("MOTA, oracle", "Total", 1 - 2 / 8),
        ("Missed", "Total", 1 / 8),
        ("False", "Head", 1 / 8),
        ("Switched", "Wrist", 1 / 8),
        # The first person has two ids for two frames each, the second one for three.
        ("predicted ids", "IDF1", 2 * (2 + 3) / (8 + 8)),
        ("oracle", "IDF1", 2 * 7 / (8 + 8)),
    ],
)
def test_shares_of_a_small_world(strict, row, column, expected):
    found = [v for (_, r, c), v in strict.items() if (r, c) == (row, column)]
    assert [float(value) for value in found] == pytest.approx([100 * expected])


@pytest.mark.parametrize(
    ("row", "expected"),
    # Of both sequences; the second person is found in 3 of 4 frames, which is not mostly.
    [("predicted ids", "2 2 2 0 4"), ("oracle", "0 2 2 0 4")],
)
def test_counts_of_a_small_world(strict, row, expected):
    names = ("Switches", "Frag.", "Mostly tracked", "Mostly lost", "People")
    assert " ".join(strict["poses", row, name] for name in names) == expected


def test_hota_of_joints_is_also_as_posetrack21_prints_it(at, capsys):
    for name in ("a", "b"):
        write(at / "predictions" / f"{name}.json", TRUE | {1: {}}, scored=True)
    assert run("--protocol", "strict", "--to", "csv") == 0
    found = figures(capsys.readouterr().out)
    hotas = {row: float(found["joint-hota", row, "Knee"]) for row in ("HOTA", "FA-HOTA")}
    # 6 of 8 are found, each of a track that has 3 of the 4 frames of its person.
    assert hotas == pytest.approx({"HOTA": 75, "FA-HOTA": 75})
    # For the one frame all 8 are missed, not 2.
    printed = float(found["joint-hota", "HOTA printed", "Total"])
    assert printed == pytest.approx(100 * (6 / 14 * 3 / 4) ** 0.5)


def test_strict_has_no_doubled_motp(strict):
    assert not [column for _, _, column in strict if "doubled" in column]


def test_each_sequence_has_a_row(strict):
    for name in ("a", "b", "total"):
        assert float(strict["sequences", name, "MOTA"]) == pytest.approx(62.5)
        assert float(strict["sequences", name, "MOTA, oracle"]) == pytest.approx(75)
    assert strict["sequences", "a", "Switches"] == "1"
    assert strict["sequences", "total", "Switches"] == "2"


def test_without_a_protocol_the_last_frame_is_no_part_of_mota(at, capsys):
    assert run("--to", "csv") == 0
    found = figures(capsys.readouterr().out)
    assert float(found["joints", "MOTA", "Total"]) == pytest.approx(100 * (1 - 3 / 6))
    # PoseTrack's evaluator prints 0 for the two ankles that never occur, and takes it for a figure.
    assert float(found["joints", "MOTA", "MOTP doubled"]) == pytest.approx(100 * 13 / 15)
    assert float(found["joints", "MOTA", "MOTP"]) == 100


def test_two_files_are_judged_as_one_sequence(at, capsys):
    write(at / "mine.json", PREDICTED, scored=True)
    assert run("--to", "json", truth="truth/a.json", predictions="mine.json") == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["sequences"]) == 1
    assert list(told["switches"].values()) == [
        [{"frame": "images/a/000002.jpg", "person": 11, "before": 2, "after": 4}]
    ]


def test_json_has_every_joint_and_null_for_those_that_never_occur(at, capsys):
    assert run("--protocol", "strict", "--to", "json") == 0
    told = json.loads(capsys.readouterr().out)
    nose = told["total"]["joints"]["nose"]
    counts = ("objects", "misses", "false_positives", "switches")
    assert [nose[name] for name in counts] == [16, 2, 2, 2]
    assert nose["MOTA"] == pytest.approx(62.5)
    ankle = told["total"]["joints"]["left_ankle"]
    assert (ankle["AP"], ankle["MOTA"], ankle["HOTA"]) == (None, None, None)


def test_no_name_is_cut_off_on_the_terminal(at, capsys):
    assert run(predictions="truth") == 0
    out = capsys.readouterr().out
    assert "100.0" in out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 102


def test_the_terminal_shows_a_dash_for_joints_that_never_occur(at, capsys):
    assert run("--protocol", "strict") == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert ["MOTA", *["62.5"] * 6, "–", "62.5", "100.0", "87.5", "87.5"] in lines
    assert "12.5 were missed" in out
    assert "would get 75.0" in out
    assert max(map(len, out.splitlines())) <= 102


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (PREDICTED, "would get 66.7: association accounts for 16.7"),
        ({0: PREDICTED[0]} | {k: TRUE[k] for k in (1, 2, 3)}, "detection for the rest"),
        ({0: TRUE[0] | {9: 900.0}} | {k: TRUE[k] for k in (1, 2, 3)}, "is detection's"),
        (TRUE, None),
    ],
)
def test_it_says_what_association_lost(at, capsys, frames, expected):
    for name in ("a", "b"):
        write(at / "predictions" / f"{name}.json", frames, scored=True)
    assert run() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert expected in said if expected else "perfect ids" not in said


@pytest.mark.parametrize("to", ["terminal", "json", "csv", "latex", "markdown"])
def test_no_output_ever_says_nan(at, capsys, to):
    for name in ("a", "b"):
        write(at / "predictions" / f"{name}.json", NOBODY, scored=True)
        write(at / "truth" / f"{name}.json", NOBODY | {0: TRUE[0]})
    for protocol in ("poseval", "strict"):
        assert run("--to", to, "--per-sequence", "--protocol", protocol, "--out", to) == 0
    files = [path.read_text() for path in Path(to).iterdir()]
    for text in (capsys.readouterr().out, *files):
        assert text
        assert "nan" not in text.lower()


def test_the_report_is_a_folder_of_files_that_parse(at, capsys):
    assert run("--out", "report/") == 0
    assert "written: report/report.html" in capsys.readouterr().out
    tables = ("joints", "lost", "poses", "joint-hota", "sequences")
    expected = {f"{t}.{suffix}" for t in tables for suffix in ("csv", "md", "tex")}
    found = {path.name for path in Path("report").iterdir()}
    assert found == expected | {"report.html", "evaluation.json"}
    json.loads(Path("report/evaluation.json").read_text())
    page = Path("report/report.html").read_text()
    tree = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    panels = [e for e in tree.iter("svg") if "AP" in e.get("aria-label", "")]
    assert len(panels) == 13
    assert page.count('class="switch"') == 2


def test_the_same_input_gives_the_same_bytes(at, capsys):
    for out in ("one", "two"):
        assert run("--out", out) == 0
    for path in Path("one").iterdir():
        assert path.read_bytes() == (Path("two") / path.name).read_bytes()


def test_predictions_may_be_of_any_format(at, capsys):
    for name in ("a", "b"):
        source = f"predictions/{name}.json"
        assert main(["convert", source, f"{name}.csv"]) == 0
    (at / "tables").mkdir()
    for name in ("a", "b"):
        (at / f"{name}.csv").rename(at / "tables" / f"{name}.csv")
    assert run("--to", "csv") == 0
    plain = capsys.readouterr().out
    assert run("--to", "csv", predictions="tables") == 0
    assert capsys.readouterr().out == plain


# -- Files of several sequences, and several processes ----------------------------------------


def merged(source: Path, target: Path) -> None:
    """The sequences of a folder as one file: as PoseTrack 2018's, which has them by vid_id."""
    images: list[Any] = []
    people: list[Any] = []
    for number, path in enumerate(sorted(source.iterdir())):
        one = path.with_suffix(".18.json")
        assert main(["convert", str(path), str(one), "--to", "posetrack18"]) == 0
        content = json.loads(one.read_text())
        one.unlink()
        at = {image["id"]: 1000 * number + i for i, image in enumerate(content["images"])}
        for image in content["images"]:
            name = f"images/val/{path.stem}/{Path(image['file_name']).name}"
            images.append(image | {"id": at[image["id"]], "vid_id": str(number), "file_name": name})
        for person in content["annotations"]:
            there = {"id": len(people), "image_id": at[person["image_id"]]}
            people.append(person | there)
    categories = content["categories"]
    whole = {"images": images, "annotations": people, "categories": categories}
    target.write_text(json.dumps(whole))


@pytest.mark.parametrize(
    ("truth", "predictions"),
    [("all.json", "predictions"), ("truth", "mine.json"), ("all.json", "mine.json")],
    ids=["truth", "predictions", "both"],
)
def test_a_file_of_several_sequences_is_judged_as_its_parts(at, capsys, truth, predictions):
    # Another person of another clip has the same id: joined, that would be a switch.
    write(at / "predictions" / "b.json", TRUE, scored=True)
    assert run("--to", "csv", "--per-sequence", "--protocol", "strict") == 0
    expected = capsys.readouterr().out
    merged(at / "truth", at / "all.json")
    merged(at / "predictions", at / "mine.json")
    capsys.readouterr()
    given = {"truth": truth, "predictions": predictions}
    assert run("--to", "csv", "--per-sequence", "--protocol", "strict", **given) == 0
    assert capsys.readouterr().out == expected


def test_one_file_is_judged_by_that_of_its_name_in_a_folder(at, capsys):
    assert run("--to", "json", truth="truth/a.json") == 0
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["sequences"]) == 1
    assert "predictions: not judged, as truth/a.json has no such names: b" in captured.err


def test_sequences_that_a_file_lacks_are_named(at, capsys):
    write(at / "truth" / "c.json", TRUE)
    merged(at / "truth", at / "all.json")
    merged(at / "predictions", at / "mine.json")
    capsys.readouterr()
    said = refusal(capsys, truth="all.json", predictions="mine.json")
    assert "mine.json: expected predictions for each of the 3 sequences in all.json" in said
    assert "found none for c" in said


def test_any_number_of_processes_prints_the_same(at, capsys):
    for name in "cdefg":
        write(at / "truth" / f"{name}.json", TRUE)
        write(at / "predictions" / f"{name}.json", PREDICTED | {1: TRUE[1]}, scored=True)
    printed = []
    for workers in ("1", "2", "3"):
        assert run("--to", "json", "--per-sequence", "--workers", workers) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == printed[2]


def test_what_a_process_finds_wrong_is_said_as_ever(at, capsys):
    for name in "ab":
        write(at / "predictions" / f"{name}.json", {0: PREDICTED[0]}, scored=True)
    said = [refusal(capsys, "--workers", workers) for workers in ("1", "2")]
    assert said[0] == said[1]
    assert "predictions/a.json: expected the 4 frames of the truth" in said[0]


def test_the_clips_of_bonn_against_what_convert_makes_of_them(tmp_path, capsys):
    """MATLAB's file of several sequences: 14 of MPII's joints and the nose between two of them."""
    path = str(shared("data", "bonn_train_annolist.mat"))
    made = tmp_path / "annotations"
    assert main(["convert", path, str(made)]) == 0
    entries = {file: json.loads(file.read_text())["annolist"] for file in made.iterdir()}
    tracks = {
        (file, person["track_id"][0])
        for file, frames in entries.items()
        for frame in frames
        for person in frame["annorect"]
    }
    assert (len(entries), sum(map(len, entries.values())), len(tracks)) == (30, 1526, 132)
    capsys.readouterr()
    assert run("--to", "json", truth=path, predictions=str(made)) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["sequences"]) == 30
    assert told["total"]["poses"]["people"] == 132
    assert {found["MOTA"] for found in told["total"]["joints"].values()} == {100}
    every = {found["MOTA"] for one in told["sequences"] for found in one["joints"].values()}
    # Of three clips nobody annotated the ankles.
    assert every == {100, None}
