"""Decoding, estimating, tracking and drawing at the same time change nothing but the time."""

from __future__ import annotations

import gc
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from conftest import person
from poseflow import InputError, Poses, Tracker, skeleton
from poseflow.cli import main
from poseflow.correspondence import MATCHERS
from poseflow.estimation import estimate
from poseflow.pipeline import track, with_images
from poseflow.results import save_video
from poseflow.threads import ahead, shared
from poseflow.video import open_video, read_frames, write_video

COCO = skeleton("coco-17")
N = 24


def ours() -> list[str]:
    """The threads of a run that are alive; what other tests left behind are none of them."""
    names = [thread.name for thread in threading.enumerate()]
    kinds = ("frames", "estimator", "matcher", "tracker", "test")
    return [name for name in names if name.startswith(tuple(f"poseflow-{k}" for k in kinds))]


# ---------------------------------------------------------------------------------- threads


@pytest.mark.parametrize("count", [0, 1, 5])
def test_things_made_ahead_are_the_same_things_in_order(count):
    assert list(ahead((n for n in range(20)), count, "test")) == list(range(20))
    assert not ours()


def test_no_more_is_made_than_may_wait():
    made = []
    coming = ahead((made.append(n) or n for n in range(100)), 3, "test")
    assert next(coming) == 0
    time.sleep(0.05)
    # One was taken, and another three may wait.
    assert made == [0, 1, 2, 3]
    coming.close()
    assert not ours()


def test_what_is_shared_is_made_once_and_whoever_asks_first_makes_it():
    made = []
    a, b = shared((made.append(n) or n for n in range(5)), 2)
    assert [next(a), next(a), next(b)] == [0, 1, 0]
    assert made == [0, 1]
    assert list(b) == [1, 2, 3, 4]
    assert list(a) == [2, 3, 4]
    assert made == [0, 1, 2, 3, 4]


def test_threads_that_share_get_everything():
    taken = [[], [], []]
    users = shared((n for n in range(2000)), 3)
    threads = [
        threading.Thread(target=lambda to=to, of=of: to.extend(of))
        for to, of in zip(taken, users, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [list(range(2000))] * 3


def test_a_failure_is_told_to_all_who_share():
    def failing():
        yield 1
        raise InputError("film: damaged")

    for user in shared(failing(), 2):
        assert next(user) == 1
        with pytest.raises(InputError, match="film: damaged"):
            next(user)


# ---------------------------------------------------------------------------------- a run

MODULE = """
from test_overlap import Walkers
walkers = Walkers()
slow = Walkers(0.02)
careless = Walkers(draws=True)
failing = Walkers(fails=lambda: open("weights.bin"))
wrong = Walkers(fails=lambda: int("a slip of the user's"))
"""


class Walkers:
    """Two people who cross, by the brightness of the image's corner, which counts the frames."""

    skeleton = COCO

    def __init__(
        self, pause: float = 0.0, draws: bool = False, fails: Callable[[], object] | None = None
    ):
        self.pause, self.draws, self.fails = pause, draws, fails

    def __call__(self, image: np.ndarray) -> Poses:
        time.sleep(self.pause)
        t = round(float(image[:16, :16].mean()) / 8)
        if self.draws:
            image[:] = 255
        if self.fails is not None and t == 7:
            self.fails()
        people = np.stack([person(40 + 6 * t, 60), person(200 - 6 * t, 62)])
        return Poses.from_keypoints(people, np.full((2, 17), 0.9), np.full(2, 0.9))


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film of noise that moves, whose corner tells the frame."""
    (tmp_path / "walkers_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    ground = np.random.default_rng(0).integers(40, 200, (16, 40, 3), dtype=np.uint8)
    ground = np.kron(ground, np.ones((8, 8, 1), np.uint8))

    def frames():
        for t in range(N):
            image = np.ascontiguousarray(ground[:, 2 * t : 2 * t + 240])
            image[:16, :16] = 8 * t
            yield image, t / 25

    write_video(tmp_path / "film.mp4", frames(), fps=25.0)
    return tmp_path / "film.mp4"


def one_after_another(film: Path, out: Path, color: bool = True) -> bytes:
    """The drawn film of a run in which each step waits for the end of the one before."""
    from poseflow.appearance import colours

    video = open_video(film)
    clip = estimate(video, Walkers(), ahead=0)
    clip = clip.with_frames(list(clip.frames))
    tracker = Tracker(
        COCO, fps=25.0, matcher=MATCHERS["dis"](), appearance=colours(COCO) if color else None
    )
    tracked = track(clip, tracker, list(read_frames(video, color=color, ahead=0)))
    save_video(out, video, COCO, with_images(video, tracked.frames))
    return out.read_bytes()


@pytest.mark.parametrize(
    ("estimator", "options", "color"),
    [
        pytest.param("walkers", [], True, id="all at once"),
        pytest.param("slow", [], True, id="waiting for the estimator"),
        pytest.param("careless", [], True, id="an estimator that draws on its image"),
        pytest.param("walkers", ["--appearance", "none"], False, id="tracked without colours"),
    ],
)
def test_a_film_drawn_meanwhile_is_the_film_drawn_after(film, estimator, options, color):
    arguments = ["track", "film.mp4", "--estimator", f"walkers_of_mine:{estimator}", *options]
    assert main([*arguments, "--out", "results", "--quiet"]) == 0
    assert Path("results/tracked.mp4").read_bytes() == one_after_another(
        film, Path("after.mp4"), color
    )
    assert main([*arguments, "--out", "again", "--quiet"]) == 0
    for name in ("tracked.json", "tracks.csv", "summary.json", "tracked.mp4"):
        assert Path("results", name).read_bytes() == Path("again", name).read_bytes()
    assert not ours()


def test_each_frame_is_decoded_once(film, monkeypatch):
    from poseflow.video import reading

    decoded = []
    before = reading.decode

    def counting(*arguments):
        for frame in before(*arguments):
            decoded.append(frame.index)
            yield frame

    monkeypatch.setattr(reading, "decode", counting)
    arguments = ["track", "film.mp4", "--estimator", "walkers_of_mine:walkers", "--quiet"]
    assert main([*arguments, "--out", "results"]) == 0
    assert decoded == list(range(N))


def test_tracking_is_a_few_frames_ahead_of_drawing_and_no_more(film):
    video = open_video(film)
    clip, tracked, most = estimate(video, Walkers()), [], []

    class Counting(Tracker):
        def update(self, *arguments, **named):
            tracked.append(threading.current_thread().name)
            return super().update(*arguments, **named)

    def slowly(shown):
        for drawn, _ in enumerate(shown):
            time.sleep(0.002)
            most.append(len(tracked) - drawn)

    track(clip, Counting(COCO), read_frames(video, color=True), show=slowly)
    assert len(most) == len(tracked) == N
    assert 1 < max(most) <= 5
    assert set(tracked) == {"poseflow-tracker_0"}


def test_who_stops_looking_does_not_stop_the_tracking(film):
    video = open_video(film)
    seen, unseen = (
        track(estimate(video, Walkers()), Tracker(COCO), read_frames(video, color=True), show=show)
        for show in (next, None)
    )
    ids = [poses.track_ids.tolist() for poses in unseen.frames]
    assert [poses.track_ids.tolist() for poses in seen.frames] == ids
    assert ids[0] == ids[-1] == [1, 2]


def test_an_estimator_that_fails_leaves_nothing_behind(film, capsys):
    arguments = ["track", "film.mp4", "--out", "results", "--estimator"]
    before = sorted(Path().iterdir())
    assert main([*arguments, "walkers_of_mine:failing"]) == 2
    assert re.fullmatch(
        r"poseflow: film\.mp4: frame 7: walkers_of_mine:failing: FileNotFoundError: "
        r"\[Errno 2\] No such file or directory: 'weights\.bin' \(test_overlap\.py, line \d+\)\n",
        capsys.readouterr().err,
    )
    assert sorted(p for p in Path().iterdir() if p.name != "__pycache__") == before
    gc.collect()
    assert not ours()
    assert main([*arguments, "walkers_of_mine:wrong"]) == 2
    said = capsys.readouterr().err
    assert "frame 7: walkers_of_mine:wrong: ValueError: invalid literal for int()" in said
    assert sorted(p for p in Path().iterdir() if p.name != "__pycache__") == before
