"""`poseflow live`, as a user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import poseflow
from conftest import person
from poseflow.cli import main
from poseflow.cli.live import _Ending
from poseflow.video import open_video, write_video

N_FRAMES, SIZE = 10, (320, 240)


@pytest.fixture
def at(tmp_path, monkeypatch) -> Path:
    """A folder of work with clip.mp4 and the poses of two people who walk towards each other."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    write_video(tmp_path / "clip.mp4", ((ground, t / 25) for t in range(N_FRAMES)), fps=25)
    rows = []
    for t in range(N_FRAMES):
        for points in (person(60 + t, 90), person(260 - t, 130)):
            flat = np.concatenate([points, np.full((17, 1), 0.9)], axis=1).ravel().tolist()
            rows.append({"image_id": f"{t}.jpg", "keypoints": flat, "score": 2.9, "idx": 0})
    (tmp_path / "poses.json").write_text(json.dumps(rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


CLIP = ("live", "clip.mp4", "--poses", "poses.json")


def test_lines_come_out_with_the_same_ids_throughout(at, capfd):
    assert main([*CLIP, "--json", "-"]) == 0
    out, told = capfd.readouterr()
    *frames, last = map(json.loads, out.splitlines())
    assert frames
    for line in frames:
        left, right = sorted(line["people"], key=lambda p: p["keypoints"][0][1])
        assert (left["id"], right["id"]) == (1, 2)
        assert left["keypoints"][0][0] == 60 + line["frame"]
        assert 0 < line["latency"] < 60
    summary = last["summary"]
    assert summary["grabbed"] == N_FRAMES
    assert summary["tracked"] == len(frames)
    assert summary["tracked"] + summary["overtaken"] + summary["late"] == N_FRAMES
    assert summary["people"] == 2
    assert 0 < summary["latency"]["p50"] <= summary["latency"]["p95"]
    assert told.startswith(f"poseflow: 2 people; {N_FRAMES} frames came, {len(frames)} tracked, ")


def seen_in(sequence) -> list[int]:
    """The numbers of the frames with people."""
    names = zip(sequence.image_names, sequence.frames, strict=True)
    return [int(name.removesuffix(".jpg")) for name, poses in names if len(poses)]


def test_a_folder_gets_poses_lines_and_film_of_the_same_frames(at, capfd):
    assert main([*CLIP, "--out", "results", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert sorted(p.name for p in Path("results").iterdir()) == [
        "tracked.json", "tracked.jsonl", "tracked.mp4"
    ]  # fmt: skip
    *lines, _ = map(json.loads, Path("results/tracked.jsonl").read_text().splitlines())
    tracked = poseflow.load("results/tracked.json")
    assert seen_in(tracked) == [line["frame"] for line in lines]
    assert {i for poses in tracked.frames for i in poses.track_ids.tolist()} == {1, 2}
    assert open_video("results/tracked.mp4").n_frames == len(lines)


def test_a_looped_video_begins_again_with_its_poses(at, capfd):
    """Two rounds: the people leap back, and are where the file says in every frame."""
    process = start("--json", "-")
    rounds = []
    for line in process.stdout:
        if (told := json.loads(line))["frame"] >= 2 * N_FRAMES:
            break
        left = min(told["people"], key=lambda p: p["keypoints"][0][1])
        assert left["keypoints"][0][0] == 60 + told["frame"] % N_FRAMES
        rounds.append(told["frame"] // N_FRAMES)
    assert rounds
    ended(process)


def start(*words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "poseflow", *CLIP, "--loop", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def ended(process: subprocess.Popen) -> str:
    """What it said, once its reader has left."""
    process.stdout.close()
    with process:
        told = process.stderr.read().decode()
        assert process.wait(60) == 0, told
    return told


def test_it_ends_in_order_when_the_reader_of_its_lines_leaves(at):
    process = start("--json", "-", "--out", "tracked.json")
    process.stdout.readline()
    assert "written: tracked.json" in ended(process)
    assert json.loads(Path("tracked.json").read_text())


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_when_told_to_end_files_are_whole_and_all_is_well(at, kind):
    process = start("--json", "-", "--out", "results", "--serve", "0")
    for _ in range(3):
        process.stdout.readline()
    assert not Path("results").exists()
    process.send_signal(getattr(signal, kind))
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "summary" in json.loads(out.splitlines()[-1])
    *lines, last = map(json.loads, Path("results/tracked.jsonl").read_text().splitlines())
    assert last["summary"]["tracked"] == len(lines) >= 3
    assert seen_in(poseflow.load("results/tracked.json")) == [line["frame"] for line in lines]
    # A film may lack what its encoder had no time for.
    assert 0 < open_video("results/tracked.mp4").n_frames <= len(lines)
    assert b"written: results" in told
    assert sorted(p.name for p in at.iterdir()) == ["clip.mp4", "poses.json", "results"]


def test_what_was_seen_before_a_failure_is_kept_and_told(at, monkeypatch, capfd):
    def breaking(video, color):
        from poseflow.errors import InputError
        from poseflow.video import read_frames

        for frame in read_frames(video, color=color):
            if frame.index == 5:
                raise InputError("clip.mp4: damaged at or soon after frame 5")
            yield frame

    monkeypatch.setattr("poseflow.live.sources.read_frames", breaking)
    assert main([*CLIP, "--out", "live.jsonl"]) == 2
    told = capfd.readouterr().err.splitlines()
    assert told[0].endswith("written: live.jsonl")
    assert told[1] == "poseflow: clip.mp4: damaged at or soon after frame 5"
    *lines, _ = map(json.loads, Path("live.jsonl").read_text().splitlines())
    assert 1 <= len(lines) <= 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("live", "987", "--poses", "poses.json", "--json", "-"),
                     "--poses: expected with a video file, got camera 987", id="poses-of-a-camera"),
        pytest.param((*CLIP, "--out", "live.avi"),
                     "live.avi: expected a folder, or a file ending in", id="suffix"),
        pytest.param((*CLIP, "--json", "5"), "--json: expected -, tcp://", id="json"),
        pytest.param((*CLIP, "--serve", "here"), "--serve: expected PORT or HOST:PORT", id="serve"),
        pytest.param((*CLIP, "--reconnect", "-1"), "--reconnect: expected 0 or more", id="tries"),
        pytest.param((*CLIP, "--max-delay", "0"), "--max-delay: expected more than 0", id="delay"),
        pytest.param((*CLIP, "--out", "poses.json"), "which is never touched", id="input"),
        pytest.param((*CLIP, "--link", "5"), "expected with --setting published", id="setting"),
        pytest.param((*CLIP, "--max-delay", "nan"), "expected more than 0 seconds, got nan",
                     id="no-delay"),
        pytest.param((*CLIP, "--json", "-", "--json", "-"), "--json: expected - once", id="twice"),
        pytest.param((*CLIP, "--window"), "no window can be opened (there is no display)",
                     id="window"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(at, monkeypatch, capfd, words, told):
    monkeypatch.setattr("poseflow.live.window.no_window", lambda: "there is no display")
    assert main(list(words)) == 2
    out, error = capfd.readouterr()
    assert told in error
    assert (out, error.count("\n")) == ("", 1)
    assert sorted(p.name for p in at.iterdir()) == ["clip.mp4", "poses.json"]


def test_without_a_window_there_is_a_page(at, monkeypatch, capfd):
    monkeypatch.setattr("poseflow.live.window.no_window", lambda: "there is no display")
    assert main(list(CLIP)) == 0
    told = capfd.readouterr().err.splitlines()[0]
    assert re.fullmatch(
        r"poseflow: look at http://127\.0\.0\.1:\d+/ \(no window: there is no display\)", told
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_lines_that_cannot_be_written_are_told_and_files_finished(at):
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "poseflow", *CLIP, "--json", "-", "--out", "results"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert process.returncode == 2
    *_, last = process.stderr.splitlines()
    assert last == "poseflow: --json -: cannot be written: No space left on device"
    assert json.loads(Path("results/tracked.json").read_text())
    assert sorted(p.name for p in at.iterdir()) == ["clip.mp4", "poses.json", "results"]


def test_lines_to_a_standard_output_that_is_closed_are_a_sentence(at, monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", None)
    assert main([*CLIP, "--json", "-"]) == 2
    assert capfd.readouterr().err == "poseflow: --json -: the standard output is closed\n"


def test_lines_go_to_all_who_are_named(at, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("--json", f"tcp://127.0.0.1:{port}", "--json", "-")
    process.stdout.readline()
    with socket.create_connection(("127.0.0.1", port), 20) as other, other.makefile() as lines:
        assert json.loads(lines.readline())["people"]
    ended(process)


def test_who_insists_is_told_what_is_waited_for(monkeypatch, capfd):
    monkeypatch.setattr("poseflow.cli.live._IMPATIENCE", 0.0)
    stop = threading.Event()
    with _Ending(stop) as ending:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert capfd.readouterr().err == "poseflow: the last frame is in work, a moment more\n"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        ending.finishing = True
        signal.raise_signal(signal.SIGINT)
        assert capfd.readouterr().err == "poseflow: files are being finished, a moment more\n"


def test_one_more_signal_at_once_is_the_same_one(capfd):
    with _Ending(threading.Event()):
        for _ in range(5):
            signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signal here")
def test_who_is_not_to_hear_the_end_of_the_terminal_does_not():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _Ending(threading.Event()):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_whoever_breaks_off_a_frame_keeps_those_before(at, capfd):
    (at / "hangs.py").write_text(HANGS)
    assert main(["live", "clip.mp4", "--estimator", "hangs:people", "--out", "results"]) == 0
    assert "written: results" in capfd.readouterr().err
    *lines, _ = map(json.loads, Path("results/tracked.jsonl").read_text().splitlines())
    assert len(lines) == 2
    assert len(json.loads(Path("results/tracked.json").read_text())) == 2


HANGS = """
from conftest import frame_of, person

asked = []

def people(image):
    asked.append(1)
    if len(asked) > 2:
        raise KeyboardInterrupt
    return frame_of(person(60, 90))

people.skeleton = "coco-17"
"""

MINE = """
import cv2
import numpy as np
from poseflow import Poses

def estimator(image):
    # Two people, one of whom a bright camera does not see.
    people = np.array([20.0, 90.0])[:, None, None] + np.arange(34).reshape(17, 2)
    return Poses.from_keypoints(people, np.full((2, 17), 0.9))[: 1 if image.mean() > 200 else 2]

estimator.skeleton = "coco-17"
"""


class Capture:
    """OpenCV's camera with nine frames, of which the last three are bright."""

    def __init__(self, number: int) -> None:
        self.number, self.left = number, 9

    def isOpened(self) -> bool:
        return self.number == 0

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        time.sleep(0.02)
        if self.left < 0:
            return False, None
        return True, np.full((60, 80, 3), 250 if self.left < 3 else 10, np.uint8)

    def release(self) -> None:
        pass


def test_a_camera_and_an_estimator_of_ones_own(at, monkeypatch, capfd):
    (at / "mine.py").write_text(MINE)
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    words = ["live", "0", "--estimator", "mine:estimator", "--json", "-", "--reconnect", "0"]
    assert main(words) == 2
    out, told = capfd.readouterr()
    *frames, last = map(json.loads, out.splitlines())
    assert all(len(line["people"]) == (1 if line["frame"] > 5 else 2) for line in frames)
    assert frames[-1]["frame"] == 8
    assert last["summary"]["people"] == 2
    assert told.endswith("poseflow: camera 0: gives no more frames\n")
