"""Where the command writes to, what it refuses before the work, and how it ends when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import person
from poseflow.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder of work with p.json, one person in three frames."""
    rows = [
        {
            "image_id": f"{t}.jpg",
            "category_id": 1,
            "keypoints": [v for x, y in person(60 + 8 * t, 90) for v in (x, y, 0.9)],
            "score": 2.9,
        }
        for t in range(3)
    ]
    (tmp_path / "p.json").write_text(json.dumps(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("track --poses p.json --out t --to foo", "--to: expected one of alphapose, "),
        ("track --poses p.json --out t --to matlab", "parquet; got 'matlab'"),
        ("convert p.json t --to matlab", "parquet; got 'matlab'"),
        (
            "track --poses p.json --out t.json --to csv",
            "t.json: expected a file ending in .csv for the format csv, got '.json'",
        ),
        ("convert p.json t.csv --to alphapose", "t.csv: expected a file ending in .json"),
        ("convert p.json t.json --to openpose", "t.json: expected a folder"),
        ("track --poses p.json --out res.v2", "write res.v2/ if this is to be one"),
    ],
)
def test_outputs_that_cannot_be_are_refused(here, capsys, words, told):
    assert main(words.split()) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert os.listdir(here) == ["p.json"]


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("", "argument --out: expected a path, got nothing; see poseflow track --help"),
        ("x" * 300 + ".json", "x.json: cannot be written: File name too long"),
    ],
)
def test_paths_that_cannot_be_are_refused(here, capsys, out, told):
    with pytest.raises(SystemExit) as end:
        main(["track", "--poses", "p.json", "--out", out])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_a_slash_at_the_end_means_a_folder(here):
    assert main(["track", "--poses", "p.json", "--out", "res.v2/"]) == 0
    made = {"tracked.json", "tracks.csv", "summary.json"}
    assert {p.name for p in (here / "res.v2").iterdir()} == made


@pytest.mark.parametrize("out", ["a/b/t.json", "a/b/t"])
def test_folders_above_are_made_for_files_and_folders_alike(here, out):
    assert main(["track", "--poses", "none.json", "--out", out]) == 2
    assert os.listdir(here) == ["p.json"]
    assert main(["track", "--poses", "p.json", "--out", out]) == 0
    assert (here / out).exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_words_that_cannot_be_printed_are_a_sentence(here):
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "poseflow", "convert", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert "Traceback" not in ended.stderr
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "poseflow", "track", "--poses", "p.json", "--out", "t.json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    told = "poseflow: standard output: cannot be written: No space left on device\n"
    assert (ended.returncode, ended.stderr) == (2, told)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_whoever_ends_it_finds_no_rests(here, name):
    # An estimator that says when it is at work, and then takes its time.
    (here / "mine.py").write_text(
        "import pathlib, time\n"
        "from poseflow import Poses\n"
        "def slow(image):\n"
        "    pathlib.Path('at-work').touch()\n"
        "    time.sleep(0.2)\n"
        "    return Poses.empty(17)\n"
    )
    import numpy as np

    from poseflow.video import write_images

    gray = np.zeros((8, 8, 3), dtype=np.uint8)
    write_images("images", [(gray, t / 25) for t in range(200)])
    before = {*os.listdir(here), "at-work", "__pycache__"}
    words = ["track", "images", "--estimator", "mine:slow", "--out", "t"]
    number = getattr(signal, name)
    # A shell's jobs in the background are deaf to Ctrl-C, and so would be what they start.
    unheard = signal.signal(number, signal.SIG_DFL)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "poseflow", *words], stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(number, unheard)
    while not (here / "at-work").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number, said
    assert said == "poseflow: interrupted; nothing was written\n"
    assert set(os.listdir(here)) <= before
