"""The command, as a user meets it: what comes out, and what it says of bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import poseflow
from conftest import frame_of, person
from poseflow.cli import main
from poseflow.poses import Sequence
from poseflow.skeletons import skeleton
from poseflow.video import open_video, read_frames, write_images, write_video

N_FRAMES, SIZE = 8, (320, 240)


def row(frame: int, points: np.ndarray, **fields: object) -> dict[str, object]:
    """One row of AlphaPose's list, with a field that only its owner knows."""
    flat = np.concatenate([points, np.full((17, 1), 0.9)], axis=1).ravel().tolist()
    basic = {"image_id": f"{frame}.jpg", "category_id": 1, "keypoints": flat, "score": 2.9}
    return basic | {"mine": [frame, None]} | fields


def walkers() -> list[dict[str, object]]:
    """Two people walking towards each other on different lines; nobody in frame 3."""
    return [
        row(t, points)
        for t in range(N_FRAMES)
        if t != 3
        for points in (person(60 + 8 * t, 90), person(260 - 8 * t, 130))
    ]


def images() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    return [np.roll(texture, t, axis=1) for t in range(N_FRAMES)]


@pytest.fixture
def at(tmp_path, monkeypatch) -> Path:
    """A folder of work with poses.json, clip.mp4 and images/."""
    (tmp_path / "poses.json").write_text(json.dumps(walkers()))
    timed = [(image, t / 25) for t, image in enumerate(images())]
    write_video(tmp_path / "clip.mp4", timed, fps=25)
    write_images(tmp_path / "images", timed, [f"{t}.jpg" for t in range(N_FRAMES)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    return main(list(words))


def ids(path: str) -> list[int]:
    return [r["idx"] for r in json.loads(Path(path).read_text())]


def test_poses_alone_come_back_with_ids_and_all_their_fields(at, capsys):
    assert run("track", "--poses", "poses.json", "--out", "tracked.json") == 0
    tracked = json.loads(Path("tracked.json").read_text())
    assert [{k: v for k, v in r.items() if k != "idx"} for r in tracked] == walkers()
    assert ids("tracked.json") == [1, 2] * (N_FRAMES - 1)
    assert "2 people in 8 frames, 14 poses, 0 of them without id" in capsys.readouterr().out


def test_two_people_in_one_place_are_two_if_people_are_counted(at):
    one = walkers()[0]
    rows = [{**one, "score": 0.9}, {**one, "score": 0.85}]
    Path("poses.json").write_text(json.dumps(rows))
    assert run("track", "--poses", "poses.json", "--out", "one.json") == 0
    assert sorted(ids("one.json")) == [-1, 1]
    assert run("track", "--poses", "poses.json", "--out", "two.json", "--people", "2") == 0
    assert sorted(ids("two.json")) == [1, 2]


@pytest.mark.parametrize(
    ("setting", "matcher"),
    [
        ("default", "dis"),
        ("default", "lk"),
        ("default", "none"),
        ("published", "orb"),
        ("published", "orb-exact"),
        ("published", "deepmatching"),
    ],
)
def test_settings_and_matchers(at, setting, matcher):
    words = ["--setting", setting, "--matcher", matcher, "--quiet"]
    assert run("track", "clip.mp4", "--poses", "poses.json", "--out", "t.json", *words) == 0
    assert ids("t.json") == [1, 2] * (N_FRAMES - 1)


def test_a_folder_gets_everything(at):
    assert run("track", "clip.mp4", "--poses", "poses.json", "--out", "results") == 0
    made = ["summary.json", "tracked.json", "tracked.mp4", "tracks.csv"]
    assert sorted(os.listdir("results")) == made
    assert ids("results/tracked.json") == [1, 2] * (N_FRAMES - 1)
    assert open_video("results/tracked.mp4").n_frames == N_FRAMES
    summary = json.loads(Path("results/summary.json").read_text())
    assert [p["frames"] for p in summary["people"]] == [N_FRAMES - 1] * 2
    assert [p["gaps"] for p in summary["people"]] == [1, 1]
    # 8 pixels a frame at 25 frames a second
    assert summary["people"][0]["speed"] == pytest.approx(200, rel=0.01)
    table = poseflow.load("results/tracks.csv")
    assert [p.track_ids.tolist() for p in table.frames][2:5] == [[1, 2], [], [1, 2]]


def test_the_papers_setting_says_which_poses_it_made(at, capsys):
    # Of the walkers the first is there twice in frame 5; in frame 3 nobody was found.
    twice = row(5, person(60 + 8 * 5, 90) + 0.5)
    Path("poses.json").write_text(json.dumps([*walkers(), twice]))
    assert run("track", "--poses", "poses.json", "--out", "results", "--setting", "paper") == 0
    said = capsys.readouterr().out
    assert "2 people in 8 frames, 16 poses, 0 of them without id" in said
    assert "poses made anew: 1 by fusing several of one person, 2 by carrying over" in said
    summary = json.loads(Path("results/summary.json").read_text())
    assert (summary["fused"], summary["propagated"]) == (1, 2)
    table = poseflow.load("results/tracks.csv")
    origins = [sorted(poses.origins.tolist()) for poses in table.frames]
    assert origins == [[0, 0], [0, 0], [0, 0], [2, 2], [0, 0], [0, 1], [0, 0], [0, 0]]


def test_the_same_input_gives_the_same_bytes(at):
    for out in ("one", "two"):
        assert run("track", "clip.mp4", "--poses", "poses.json", "--out", out, "--quiet") == 0
    for name in os.listdir("one"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes(), name


def test_a_folder_of_images_and_drawing_on_it(at):
    assert run("track", "images", "--poses", "poses.json", "--out", "t.json") == 0
    assert run("render", "images", "t.json", "--out", "drawn", "--trail", "3") == 0
    assert sorted(os.listdir("drawn")) == sorted(os.listdir("images"))
    assert run("render", "images", "t.json", "--out", "drawn.mp4", "--fps", "10") == 0
    assert open_video("drawn.mp4").fps == pytest.approx(10)
    frame = next(read_frames(open_video("drawn"), color=True)).image
    before = next(read_frames(open_video("images"), color=True)).image
    assert np.abs(frame.astype(int) - before).max() > 100


def test_results_do_not_replace_what_they_are_made_of(at, capsys):
    assert run("track", "--poses", "poses.json", "--out", "results", "--quiet") == 0
    before = Path("results/tracked.json").read_bytes()
    assert run("track", "--poses", "results/tracked.json", "--out", "results") == 2
    refused(capsys, ["results/tracked.json", "never touched"])
    assert Path("results/tracked.json").read_bytes() == before


def test_a_window_too_short_for_the_frames_ahead_is_refused(at, capsys):
    track = ["track", "--poses", "poses.json", "--out", "results", "--setting", "paper"]
    assert run(*track, "--window", "2", "--ahead", "4") == 2
    refused(capsys, ["window: expected at least ahead − 1 = 3 frames, got 2"])


def test_correspondences_are_written_and_read(at):
    track = ["track", "clip.mp4", "--poses", "poses.json", "--quiet"]
    assert run(*track, "--out", "a.json", "--write-correspondences", "found") == 0
    # Nobody is in frame 3, but those remembered from frame 2 may still be asked about.
    assert len(os.listdir("found")) >= N_FRAMES - 2
    assert run(*track, "--out", "b.json", "--correspondences", "found") == 0
    assert ids("b.json") == ids("a.json")


@pytest.mark.parametrize("to", ["csv", "parquet", "alphapose-forvis", "coco", "openpose"])
def test_convert_and_back(at, to):
    assert run("track", "--poses", "poses.json", "--out", "t.json", "--quiet") == 0
    assert run("convert", "t.json", "there", "--to", to) == 0
    assert run("convert", "there", "back.json", "--to", "alphapose") == 0
    if to == "coco":  # A file of its own that names no images numbers them.
        return
    back = poseflow.load("back.json")
    assert [p.track_ids.tolist() for p in back.frames] == [
        [] if t == 3 else [1, 2] for t in range(N_FRAMES)
    ]


def test_python_m_poseflow_and_a_real_process(at):
    command = [sys.executable, "-m", "poseflow", "track", "--poses", "poses.json", "--out"]
    done = subprocess.run([*command, "t.json"], capture_output=True, text=True, check=True)
    assert done.stderr == ""  # nothing but the result when nobody watches
    assert "2 people" in done.stdout
    bad = subprocess.run(
        [*command, "poses.json/t.json"], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 2
    assert bad.stderr.count("\n") == 1


def test_help_explains_every_parameter(capsys):
    for verb in ("track", "render", "convert", "demo"):
        with pytest.raises(SystemExit) as end:
            run(verb, "--help")
        assert end.value.code == 0
    assert "(3 in default)" in capsys.readouterr().out


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def changed(index: int, **fields: object) -> bytes:
    rows = walkers()
    rows[index] |= fields
    return text(rows)


def without(index: int, field: str) -> bytes:
    rows = walkers()
    del rows[index][field]
    return text(rows)


POINTS = row(0, person(9, 9))["keypoints"]
assert isinstance(POINTS, list)
BAD_POSES = [
    pytest.param(b"", ["empty"], id="empty"),
    pytest.param(text(walkers())[:-400], ["poses.json", "row 14", "cut off"], id="truncated"),
    pytest.param(b"\x89PNG\r\n", ["poses.json", "expected one of the formats"], id="png"),
    pytest.param(b'{"a": 1}', ["poses.json", "expected one of the formats"], id="other-json"),
    pytest.param(changed(5, keypoints="x"), ["2.jpg", "keypoints"], id="keypoints-text"),
    pytest.param(changed(5, keypoints=POINTS[:-3]), ["2.jpg", "16", "17"], id="k-changes"),
    pytest.param(changed(5, keypoints=POINTS[:-1]), ["2.jpg", "keypoints", "50"], id="not-by-3"),
    pytest.param(changed(5, keypoints=[float("nan"), *POINTS[1:]]), ["2.jpg", "NaN"], id="nan"),
    pytest.param(
        changed(5, keypoints=[float("inf"), *POINTS[1:]]), ["2.jpg", "Infinity"], id="inf"
    ),
    pytest.param(changed(5, score="high"), ["2.jpg", "score", "high"], id="score-text"),
    pytest.param(changed(5, box=[1, 2, 3]), ["2.jpg", "box"], id="box-of-3"),
    pytest.param(changed(5, image_id=None), ["image_id"], id="image-null"),
    pytest.param(without(5, "keypoints"), ["2.jpg", "keypoints"], id="no-keypoints"),
    pytest.param(changed(13, image_id="8.jpg"), ["8.jpg", "8 frames"], id="past-the-end"),
    pytest.param(text([*walkers(), 7]), ["7"], id="row-is-a-number"),
]


@pytest.mark.parametrize(("content", "said"), BAD_POSES)
def test_bad_poses_are_one_sentence_and_leave_nothing(at, capsys, content, said):
    Path("poses.json").write_bytes(content)
    before = sorted(os.listdir(at))
    assert run("track", "clip.mp4", "--poses", "poses.json", "--out", "results") == 2
    refused(capsys, said)
    assert sorted(os.listdir(at)) == before
    assert Path("poses.json").read_bytes() == content


def refused(capsys, said: list[str]) -> None:
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("poseflow: ")
    assert told.err.count("\n") == 1
    for words in said:
        assert words in told.err


def test_an_image_that_is_not_there(at, capsys):
    Path("poses.json").write_bytes(changed(5, image_id="nobody.jpg"))
    assert run("track", "images", "--poses", "poses.json", "--out", "t.json") == 2
    refused(capsys, ["poses.json", "'nobody.jpg'", "no such file among the 8 images"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", ["bad.mp4", "empty"], id="zero-length"),
        pytest.param(b"not a video at all" * 99, ["bad.mp4"], id="corrupt"),
        pytest.param(None, ["bad.mp4", "No such file"], id="missing"),
    ],
)
def test_a_bad_video(at, capsys, content, said):
    if content is not None:
        Path("bad.mp4").write_bytes(content)
    assert run("track", "bad.mp4", "--poses", "poses.json", "--out", "results") == 2
    refused(capsys, said)
    assert not Path("results").exists()


def test_a_video_that_breaks_off(at, capsys):
    whole = Path("clip.mp4").read_bytes()
    Path("clip.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    assert run("track", "clip.mp4", "--poses", "poses.json", "--out", "results") == 2
    refused(capsys, ["clip.mp4", "the video is damaged: of 8 frames"])
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--out", "poses.json/t.json"], ["cannot be written"], id="no-folder"),
        pytest.param(["--out", "poses.json"], ["never touched"], id="onto-itself"),
        pytest.param(["--out", "t.xml"], ["t.xml", ".json"], id="unknown-suffix"),
        pytest.param(["--out", "t.json", "--to", "xml"], ["xml"], id="unknown-format"),
        pytest.param(["--out", "t.json", "--skeleton", "dog"], ["dog", "coco-17"], id="skeleton"),
        pytest.param(["--out", "t.json", "--format", "coco"], ["poses.json"], id="forced-wrongly"),
        pytest.param(["--out", "t.json", "--reach", "9"], ["--reach", "published"], id="reach"),
        pytest.param(["--out", "t.json", "--matcher", "dis"], ["video or image"], id="matcher"),
    ],
)
def test_bad_words(at, capsys, words, said):
    content = Path("poses.json").read_bytes()
    assert run("track", "--poses", "poses.json", *words) == 2
    refused(capsys, said)
    assert Path("poses.json").read_bytes() == content
    assert sorted(os.listdir(at)) == ["clip.mp4", "images", "poses.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_place(at, capsys):
    at.chmod(0o555)
    try:
        assert run("track", "--poses", "poses.json", "--out", "t.json") == 2
    finally:
        at.chmod(0o755)
    refused(capsys, ["t.json", "cannot be written"])


def test_a_full_disk_leaves_nothing(at, capsys, monkeypatch):
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run("track", "--poses", "poses.json", "--out", "t.json") == 2
    refused(capsys, ["t.json", "No space left"])
    assert sorted(os.listdir(at)) == ["clip.mp4", "images", "poses.json"]


def test_a_clip_of_no_rows_and_a_clip_of_one_frame(at):
    Path("none.json").write_text("[]")
    assert run("track", "--poses", "none.json", "--out", "none-tracked.json") == 0
    assert ids("none-tracked.json") == []
    assert run("track", "clip.mp4", "--poses", "none.json", "--out", "results") == 0
    Path("one.json").write_bytes(text(walkers()[:1]))
    assert run("track", "--poses", "one.json", "--out", "one-tracked.json") == 0
    assert ids("one-tracked.json") == [1]


def test_python_in_five_lines(at):
    sequence = poseflow.load("poses.json")
    tracker = poseflow.Tracker(sequence.skeleton)
    tracked = [tracker.update(poses) for poses in sequence.frames]
    poseflow.save("tracked.json", sequence.with_frames(tracked))
    assert ids("tracked.json") == [1, 2] * (N_FRAMES - 1)


def test_poses_made_in_memory_are_saved(at):
    frames = [frame_of(person(50, 60)).with_track_ids([4]), frame_of()]
    poseflow.save("made.json", Sequence(skeleton("coco-17"), frames, ("a.jpg", "b.jpg")))
    assert ids("made.json") == [4]
