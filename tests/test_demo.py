"""The demo's clip is fetched whole or not at all, and what stands in for it keeps its promises."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseflow
from conftest import shared
from poseflow import demo
from poseflow.cli import main
from poseflow.demo import drawing, fetching
from poseflow.video import open_video

CLIP = b"not much of a film"
NAME = "sports2d-0.8.34-demo.mp4"
Run = Callable[..., subprocess.CompletedProcess[str]]


def dest(command: list[str]) -> Path:
    return Path(command[command.index("--dest") + 1])


def pip_that_brings(member: str, content: bytes) -> Run:
    """A pip that downloads a wheel with that one file in it."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        with zipfile.ZipFile(dest(command) / "sports2d-0.8.34-py3-none-any.whl", "w") as wheel:
            wheel.writestr(member, content)
        return subprocess.CompletedProcess(command, 0, "", "")

    return run


def pip_that_brings_rubbish(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
    (dest(command) / "sports2d-0.8.34-py3-none-any.whl").write_bytes(b"no zip file")
    return subprocess.CompletedProcess(command, 0, "", "")


def pip_that_says(code: int, stderr: str) -> Run:
    return lambda command, **_: subprocess.CompletedProcess(command, code, "", stderr)


def pip_that_raises(error: BaseException) -> Run:
    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        raise error

    return run


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Callable[[Run], list[list[str]]]:
    """Puts another pip in place and returns the list of the commands it will get."""

    def put(run: Run) -> list[list[str]]:
        commands: list[list[str]] = []

        def noting(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
            commands.append(command)
            assert options["timeout"] > 0
            return run(command, **options)

        monkeypatch.setattr(fetching.subprocess, "run", noting)
        return commands

    monkeypatch.setattr(fetching, "SHA256", hashlib.sha256(CLIP).hexdigest())
    return put


def test_clip_is_taken_out_of_the_wheel_once(tmp_path: Path, pip: Any) -> None:
    commands = pip(pip_that_brings("Sports2D/Demo/demo.mp4", CLIP))
    clip = demo.fetch_clip(tmp_path / "new" / "cache")
    assert clip.read_bytes() == CLIP
    assert [p.name for p in clip.parent.iterdir()] == [NAME]
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in command
    assert command[-1] == "sports2d==0.8.34"
    assert not dest(command).exists()
    assert demo.fetch_clip(tmp_path / "new" / "cache") == clip
    assert len(commands) == 1


def test_damaged_cache_is_mended(tmp_path: Path, pip: Any) -> None:
    pip(pip_that_brings("Sports2D/Demo/demo.mp4", CLIP))
    (tmp_path / NAME).write_bytes(CLIP[:5])
    assert demo.fetch_clip(tmp_path).read_bytes() == CLIP


UNREACHED = """\
WARNING: Retrying after connection broken
ERROR: Could not find a version that satisfies the requirement sports2d==0.8.34
ERROR: No matching distribution found for sports2d==0.8.34

[notice] A new release of pip is available
"""


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        pytest.param(pip_that_says(1, "python: No module named pip\n"), "pip, which", id="no-pip"),
        pytest.param(
            pip_that_says(1, UNREACHED),
            "registry may be out of reach; pip said: No matching distribution",
            id="no-registry",
        ),
        pytest.param(pip_that_says(1, ""), "pip said: nothing", id="silent"),
        pytest.param(pip_that_says(0, ""), "no wheel", id="no-wheel"),
        pytest.param(
            pip_that_raises(subprocess.TimeoutExpired("pip", 1)), "within 150 s", id="slow"
        ),
        pytest.param(
            pip_that_raises(PermissionError(13, "Permission denied")), "cannot be run", id="no-run"
        ),
        pytest.param(pip_that_brings_rubbish, "cannot be unpacked", id="no-zip"),
        pytest.param(pip_that_brings("other.mp4", CLIP), "found none", id="no-clip"),
        pytest.param(
            pip_that_brings("Sports2D/Demo/demo.mp4", b"a new film"), "another than", id="new-clip"
        ),
    ],
)
def test_reason_is_one_sentence_and_nothing_is_cached(
    tmp_path: Path, pip: Any, run: Run, reason: str
) -> None:
    pip(run)
    with pytest.raises(demo.ClipUnavailable, match=reason) as raised:
        demo.fetch_clip(tmp_path / "cache")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        pytest.param("linux", {}, "/home/ada/.cache/poseflow", id="linux"),
        pytest.param("linux", {"XDG_CACHE_HOME": "/c"}, "/c/poseflow", id="xdg"),
        pytest.param("linux", {"XDG_CACHE_HOME": "c"}, "/home/ada/.cache/poseflow", id="relative"),
        pytest.param("linux", {"XDG_CACHE_HOME": "/c", "POSEFLOW_CACHE": "/p"}, "/p", id="own"),
        pytest.param("linux", {"POSEFLOW_CACHE": "~/p"}, "/home/ada/p", id="own-at-home"),
        pytest.param("darwin", {}, "/home/ada/Library/Caches/poseflow", id="macos"),
        pytest.param("win32", {"LOCALAPPDATA": "/local"}, "/local/poseflow", id="windows"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the paths are those of other systems")
def test_cache_folder(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("POSEFLOW_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ada")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(fetching.sys, "platform", platform)
    assert demo.cache_folder() == Path(expected)


def test_demo_takes_the_real_clip_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: Any
) -> None:
    monkeypatch.setenv("POSEFLOW_CACHE", str(tmp_path))
    pip(pip_that_brings("Sports2D/Demo/demo.mp4", CLIP))
    clip = demo.demo_inputs()
    assert clip.real
    assert clip.video == tmp_path / NAME
    assert clip.poses == Path(demo.__file__).parent / "poses.json"
    assert "sports2d" in clip.note


def test_demo_runs_on_a_drawn_clip_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSEFLOW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(drawing, "N_FRAMES", 8)
    pip(pip_that_says(1, UNREACHED))
    assert main(["demo", "--out", str(tmp_path / "results")]) == 0
    said = capsys.readouterr()
    assert "out of reach" in said.err
    assert "a drawn clip" in said.err
    assert "8 frames" in said.out
    assert (tmp_path / "results" / "tracked.mp4").stat().st_size > 0


def test_shipped_poses_are_the_clips() -> None:
    poses = poseflow.load(demo.POSES)
    assert demo.POSES.stat().st_size < 500_000
    assert poses.skeleton.name == "coco-17"
    numbers = [int(Path(name).stem) for name in poses.image_names]
    assert min(numbers) == 0
    assert max(numbers) < 230
    boxes = np.concatenate([frame.boxes for frame in poses.frames])
    assert boxes.min() >= 0
    assert (boxes.max(axis=0) <= [1768.1, 994.1, 1768.1, 994.1]).all()
    assert all((frame.track_ids == -1).all() for frame in poses.frames)


def test_shipped_poses_belong_to_the_clip_of_that_digest() -> None:
    path = shared("data", "videos", "park.mp4")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == fetching.SHA256
    video = open_video(path)
    assert (video.n_frames, *video.size) == (230, 1768, 994)


def test_jumper_and_walker_change_sides_and_keep_their_ids() -> None:
    # Counted by eye: the jumper stands on the left from the start, somersaults before the sun
    # around frame 170 and lands on the right; the walker comes on the right around frame 38 and
    # leaves on the left around frame 211. There is nobody else.
    poses = poseflow.load(demo.POSES)
    tracker = poseflow.Tracker(poses.skeleton)
    frames = dict(zip(poses.image_names, map(tracker.update, poses.frames), strict=True))

    def ids_from_left(frame: int) -> list[int]:
        seen = frames[f"{frame}.jpg"]
        seen = seen[seen.track_ids > 0]
        return [int(i) for i in seen.track_ids[np.argsort(seen.boxes[:, 0])]]

    (jumper,) = ids_from_left(10)
    first, walker = ids_from_left(60)
    assert first == jumper
    assert ids_from_left(195) == [walker, jumper]
    assert ids_from_left(220) == [jumper]
    everybody = np.concatenate([frame.track_ids for frame in frames.values()])
    assert set(everybody[everybody > 0].tolist()) == {jumper, walker}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return demo.synthetic_clip(tmp_path_factory.mktemp("drawn") / "clip")


def nearest(truth: np.ndarray, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the people (P, 17, 2) each pose (N, 17, 2) is, and how far off on average."""
    off = np.linalg.norm(truth[None] - keypoints[:, None], axis=-1).mean(axis=-1)
    return off.argmin(axis=1), off.min(axis=1)


def test_drawn_clip_has_five_people_with_one_id_each(drawn: tuple[Path, Path]) -> None:
    video = open_video(drawn[0])
    assert (video.n_frames, *video.size) == (120, 960, 540)
    poses = poseflow.load(drawn[1])
    tracker = poseflow.Tracker(poses.skeleton)
    truth = drawing.known_paths()
    owners: set[tuple[int, int]] = set()
    for name, frame in zip(poses.image_names, poses.frames, strict=True):
        who, off = nearest(truth[int(Path(name).stem)], frame.keypoints)
        # The noise is 1 % of 240 pixels at most, in x and in y.
        assert (off < 5).all()
        ids = tracker.update(frame).track_ids
        owners |= {(int(w), int(i)) for w, i in zip(who, ids, strict=True) if i > 0}
    assert sorted(w for w, _ in owners) == [0, 1, 2, 3, 4]
    assert len({i for _, i in owners}) == 5


def test_drawn_person_leaves_and_comes_back(drawn: tuple[Path, Path]) -> None:
    # From 640 to 1120 in 59.5 frames and back to 600 in as many: beyond the picture's edge, 960,
    # after frame 39.7 and until frame 59.5 + 59.5 · 160 / 520 = 77.8.
    poses = poseflow.load(drawn[1])
    truth = drawing.known_paths()
    seen = []
    for name, frame in zip(poses.image_names, poses.frames, strict=True):
        index = int(Path(name).stem)
        if 4 in nearest(truth[index], frame.keypoints)[0]:
            seen.append(index)
    assert not set(seen) & set(range(40, 78))
    assert 25 < len([i for i in seen if i < 40]) <= 40
    assert 25 < len([i for i in seen if i > 77]) <= 42


def test_drawn_clip_is_the_same_every_time(drawn: tuple[Path, Path], tmp_path: Path) -> None:
    again = demo.synthetic_clip(tmp_path)
    assert again[1].read_bytes() == drawn[1].read_bytes()
    assert again[0].read_bytes() == drawn[0].read_bytes()
