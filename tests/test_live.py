"""Live: the newest frame and never a queue, in a world whose clock goes as the test says."""

from __future__ import annotations

import gc
import json
import socket
import threading
import tracemalloc
from itertools import islice

import numpy as np
import pytest

from conftest import frame_of, person
from films import drifting, film
from poseflow.correspondence import MATCHERS
from poseflow.errors import InputError
from poseflow.frames import gray
from poseflow.live import Counts, Grabbed, Latencies, Moment, grab, line_of, play
from poseflow.live.grabbing import fetch
from poseflow.live.mailbox import Mailbox
from poseflow.live.sources import Address, Recording, Shot, open_source
from poseflow.poses import Poses
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker
from poseflow.video import open_video, write_video

BLANK = np.zeros((4, 6, 3), np.uint8)
KIND = skeleton("coco-17")
dis = MATCHERS["dis"]


class World:
    """A camera that gives n frames, one a period, and a clock that only work moves on."""

    def __init__(self, n: int, period: float) -> None:
        self.now, self.counts = 0.0, Counts()
        self._times = [index * period for index in range(n)]
        self._next = 0
        self._mailbox: Mailbox[Grabbed] = Mailbox(1)

    def clock(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        """Time goes by, and frames come."""
        end = self.now + seconds
        while self._next < len(self._times) and self._times[self._next] <= end:
            self.now = self._times[self._next]
            self._mailbox.put(Grabbed(self._next, self.now, BLANK))
            self._next += 1
            self.counts.grabbed, self.counts.overtaken = self._next, self._mailbox.lost
        self.now = end

    def frames(self):
        while True:
            if (frame := self._mailbox.take(0)) is not None:
                yield frame
            elif self._next == len(self._times):
                return
            else:
                self.work(self._times[self._next] - self.now)

    def play(self, estimate, *sinks, max_delay=1.0, tracker=None) -> Counts:
        play(
            self.frames(), estimate, tracker or Tracker(KIND), sinks, Renderer(KIND), self.counts,
            max_delay=max_delay, clock=self.clock,
        )  # fmt: skip
        return self.counts


@pytest.mark.parametrize(
    ("delay", "tracked"),
    [
        pytest.param(0.0, 320, id="at-once"),
        pytest.param(1 / 64, 320, id="half-a-period"),
        # A multiple of the period: after the first, each frame is taken the moment it comes.
        pytest.param(2 / 32, 160, id="two-periods"),
        # Of every ten frames, which come in 320/1024 s, there is time for 320/48 = 6 2/3.
        pytest.param(48 / 1024, 214, id="a-period-and-a-half"),
    ],
)
def test_latency_is_the_work_and_never_more_than_a_period_of_waiting(delay, tracked):
    world, seen = World(320, 1 / 32), []

    def estimate(frame):
        world.work(delay)
        return Poses.empty(17)

    counts = world.play(estimate, seen.append)
    assert counts.grabbed == 320
    assert counts.tracked == len(seen) == pytest.approx(tracked, abs=1)
    assert counts.tracked + counts.overtaken == 320
    latencies = [moment.latency for moment in seen]
    assert min(latencies) >= delay
    assert max(latencies) <= delay + 1 / 32
    # It does not grow: the last tenth is as fast as the first.
    tenth = len(latencies) // 10
    assert np.mean(latencies[-tenth:]) <= np.mean(latencies[:tenth]) + 1 / 64
    assert [moment.index for moment in seen] == sorted({moment.index for moment in seen})
    assert all(moment.time == moment.index / 32 for moment in seen)


def test_what_waited_too_long_is_dropped_and_counted():
    # Frames at 0, 1 and 2 s; work on the first takes 1.75 s: the second is then 0.75 s old.
    for max_delay, late in ((0.5, 1), (0.8, 0)):
        world, seen = World(3, 1.0), []

        def estimate(frame, world=world):
            world.work(1.75 if frame.index == 0 else 0.0)
            return Poses.empty(17)

        counts = world.play(estimate, seen.append, max_delay=max_delay)
        assert counts.late == late
        assert [m.index for m in seen] == ([0, 2] if late else [0, 1, 2])


def test_ids_stay_with_their_people_though_frames_are_dropped():
    world, seen = World(240, 1 / 32), []

    def estimate(frame):
        world.work(5 / 64)
        here = [person(100 + 2 * frame.index, 100), person(600 - 2 * frame.index, 260)]
        return frame_of(*(here if frame.index % 4 else here[::-1]))

    counts = world.play(estimate, seen.append)
    assert counts.overtaken > 100
    assert counts.people == 2
    for moment in seen[1:]:
        ids = moment.poses.track_ids[:: 1 if moment.index % 4 else -1]
        assert ids.tolist() == [2, 1]


def textured(index: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.roll(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8), 3 * index, axis=1)


def test_images_are_compared_while_poses_are_estimated_to_the_same_ids():
    """The matcher waits for the estimator: one after the other, they would wait for ever."""
    estimating, matched = threading.Event(), []

    def matcher(before, after):
        assert estimating.wait(20)
        estimating.clear()
        matched.append((before[0, 0], after[0, 0]))
        return dis()(before, after)

    def estimate(frame):
        if frame.index % 4:
            estimating.set()
        # Nobody in frames 3 and 7, after which no images need be compared.
        return people[frame.index]

    people = [
        frame_of(
            *[person(50 + 3 * t, 60, 80), person(100 + 3 * t, 60, 80)][: 0 if t % 4 == 3 else 2]
        )
        for t in range(8)
    ]
    images = [textured(t) for t in range(8)]
    frames = [Grabbed(t, t / 25, images[t]) for t in range(8)]
    seen: list[Moment] = []
    play(frames, estimate, Tracker(KIND, matcher=matcher), [seen.append], Renderer(KIND), Counts(),
         max_delay=1.0, clock=lambda: 0.0)  # fmt: skip
    grays = [gray(image)[0, 0] for image in images]
    assert matched == [(grays[t - 1], grays[t]) for t in (1, 2, 3, 5, 6, 7)]
    plain = Tracker(KIND, matcher=dis())
    for moment, poses, image in zip(seen, people, images, strict=True):
        assert moment.poses.track_ids.tolist() == plain.update(poses, image).track_ids.tolist()


def test_a_soak_keeps_nothing():
    """People who come and go for ever: what is remembered of them does not grow."""
    world, held = World(500, 1 / 32), []

    def estimate(frame):
        # A new person every four frames, far from the one before.
        visit = frame.index // 4
        return frame_of(person(300 + 250 * visit, 300), person(0, 300))

    def sink(moment):
        line_of(moment)
        if moment.index in (199, 499):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        counts = world.play(estimate, sink)
    finally:
        tracemalloc.stop()
    assert counts.tracked == 500
    assert counts.people == 126
    assert held[1] - held[0] < 8_000


def test_a_mailbox_keeps_the_newest_and_counts_the_others():
    box: Mailbox[int] = Mailbox(2)
    for item in range(5):
        box.put(item)
    assert box.lost == 3
    assert box.take(0) == 3
    box.close()
    assert not box.ended
    assert list(box) == [4]
    assert box.ended
    assert box.take() is None


def test_a_mailbox_wakes_who_waits():
    box: Mailbox[int] = Mailbox(1)
    threading.Timer(0.02, box.put, (7,)).start()
    assert box.take(20.0) == 7
    threading.Timer(0.02, box.close).start()
    assert box.take() is None


class Scripted:
    """A source that does in each of its lives what a script says, and then ends for good."""

    name, recovers = "scripted", True

    def __init__(self, *lives: list) -> None:
        self._lives = list(lives)

    def shots(self):
        for step in self._lives.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


LOST = InputError("scripted: lost")


def fetched(source, **options):
    """What was put, when, and the pauses between lives, on a clock that waiting moves on."""
    now, put, pauses = [100.0], [], []

    def wait(seconds):
        now[0] += max(seconds, 0.0)
        return False

    fetch(source, lambda frame: put.append((frame.index, frame.when)), wait,
          failed=lambda sentence, pause: pauses.append(pause),
          clock=lambda: now[0], **options)  # fmt: skip
    return put, pauses


def test_frames_are_given_when_they_are_due():
    put, _ = fetched(Scripted([Shot(BLANK, 2.0), Shot(BLANK, 2.5), Shot(BLANK, 4.0)]))
    assert put == [(0, 100.0), (1, 100.5), (2, 102.0)]


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_frame():
    shot = Shot(BLANK)
    source = Scripted([shot, LOST], *[[LOST]] * 7, [shot, shot, LOST], [shot])
    put, pauses = fetched(source)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30, 1]
    assert [index for index, _ in put] == [0, 1, 2, 3]
    assert put[1][1] == 100.0 + sum(pauses[:-1])


def test_a_source_that_never_gave_a_frame_is_an_error_at_once():
    with pytest.raises(InputError, match="scripted: lost"):
        fetched(Scripted([LOST], [Shot(BLANK)]))


def test_a_damaged_file_is_not_begun_again(tmp_path):
    write_video(tmp_path / "clip.mp4", ((BLANK, t / 25) for t in range(3)), fps=25)
    source = Recording(open_video(tmp_path / "clip.mp4"))
    (tmp_path / "clip.mp4").unlink()
    write_video(tmp_path / "clip.mp4", ((BLANK, t / 25) for t in range(2)), fps=25)
    put = []
    with pytest.raises(InputError, match="frame 2: expected 3 frames"):
        fetch(source, put.append, lambda seconds: False)
    assert len(put) == 2


@pytest.mark.parametrize("tries", [0, 1, 3])
def test_a_source_is_given_up_after_so_many_tries(tries):
    pauses = []
    source = Scripted([Shot(BLANK), LOST], *[[LOST]] * 9)
    with pytest.raises(InputError, match="scripted: lost"):
        fetch(source, lambda frame: None, lambda seconds: False, tries=tries,
              failed=lambda sentence, pause: pauses.append(pause))  # fmt: skip
    assert len(pauses) == tries


def test_fetching_stops_when_told_in_the_midst_of_a_pause():
    put = []
    source = Scripted([Shot(BLANK), LOST], [Shot(BLANK)])
    fetch(source, put.append, lambda seconds: seconds > 0)
    assert len(put) == 1


def test_grabbing_hands_on_reconnects_and_failures(monkeypatch):
    monkeypatch.setattr("poseflow.live.grabbing.FIRST_PAUSE", 0.001)
    counts, told = Counts(), []
    source = Scripted([Shot(BLANK), LOST], [Shot(BLANK), LOST], [LOST], [LOST])
    with (
        pytest.raises(InputError, match="scripted: lost"),
        grab(source, counts, threading.Event(), tries=2,
                 failed=lambda sentence, pause: told.append(sentence)) as frames,
    ):  # fmt: skip
        for _ in frames:
            pass
    assert counts.grabbed == 2
    assert counts.reconnects == len(told) == 3


def test_grabbing_ends_its_thread_when_the_block_ends():
    endless = Scripted(Shot(BLANK) for _ in iter(int, 1))
    with grab(endless, Counts(), threading.Event()) as frames:
        first, second = islice(frames, 2)
    assert first.index < second.index
    assert not any(t.name == "poseflow-grabber" for t in threading.enumerate())


def test_quantiles_are_told_within_a_hundredth():
    latencies = Latencies()
    assert np.isnan(latencies.quantile(0.5))
    for ms in range(1, 101):
        latencies.add(ms / 1000)
    assert latencies.quantile(0.5) == pytest.approx(0.050, rel=0.011)
    assert latencies.quantile(0.95) == pytest.approx(0.095, rel=0.011)
    assert latencies.quantile(1.0) == pytest.approx(0.100, rel=0.011)


def test_latencies_beyond_all_bounds_are_counted_in_the_outermost_bins():
    latencies = Latencies()
    latencies.add(0.0)
    latencies.add(1e9)
    assert latencies.quantile(0.5) < 2e-4
    assert 800 < latencies.quantile(1.0) < 1e9


def test_a_line_says_all_of_a_frame():
    points = np.full((1, 2, 2), np.nan)
    points[0, 0] = 10.126, 20.0
    poses = Poses.from_keypoints(points, [[0.9, 0.0]], [0.75], [[1, 2, 3, 4]], [5])
    nobody = Poses.from_keypoints(points, None, None, None, None)
    for given, person_told in (
        (poses, {"id": 5, "score": 0.75, "box": [1, 2, 3, 4],
                 "keypoints": [[10.13, 20, 0.9], [None, None, 0]]}),
        (nobody, {"id": None, "score": None, "box": [10.13, 20, 10.13, 20],
                  "keypoints": [[10.13, 20, None], [None, None, 0]]}),
    ):  # fmt: skip
        moment = Moment(7, 0.25, 1.5e9, 0.0321, BLANK, given, Renderer(KIND))
        line = line_of(moment)
        assert line.endswith(b"}\n")
        assert line.count(b"\n") == 1
        assert json.loads(line) == {
            "frame": 7, "time": 0.25, "unix": 1.5e9, "latency": 0.0321, "people": [person_told]
        }  # fmt: skip


def test_a_recording_plays_at_its_times_and_loops(tmp_path):
    write_video(tmp_path / "clip.mp4", ((BLANK, t) for t in (0.0, 0.1, 0.4)), fps=10)
    video = open_video(tmp_path / "clip.mp4")
    once = [shot.due for shot in Recording(video).shots()]
    assert once == pytest.approx([0.0, 0.1, 0.4])
    endless = Recording(video, loop=True).shots()
    second = [shot.due for shot in islice(endless, 6)][3:]
    endless.close()
    length = 3 / video.fps
    assert second == pytest.approx([length, length + 0.1, length + 0.4])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("nowhere.mp4",), "nowhere.mp4: expected a video", id="no-file"),
        pytest.param(("0", True), "camera 0: --loop: expected a video file", id="looped-camera"),
        pytest.param(("rtsp://me:secret@door/1", True), "rtsp://door/1: --loop", id="password"),
    ],
)
def test_a_source_that_cannot_be_is_a_sentence(words, told):
    text, *loop = words
    with pytest.raises(InputError, match=told) as caught:
        open_source(text, loop=bool(loop))
    assert "secret" not in str(caught.value)


def test_a_camera_that_is_not_there_is_a_sentence(capfd):
    with pytest.raises(InputError, match="camera 987: there is no such camera"):
        next(open_source("987").shots())
    assert capfd.readouterr().err == ""


def test_an_address_that_does_not_answer_is_a_sentence_without_the_password():
    with pytest.raises(
        InputError, match=r"tcp://127\.0\.0\.1:9: expected a stream, FFmpeg says"
    ) as e:
        next(Address("tcp://me:secret@127.0.0.1:9").shots())
    assert "secret" not in str(e.value)


def test_a_stream_that_breaks_off_is_called_again(tmp_path, monkeypatch):
    """A film sent twice over a socket as a camera's box sends it: without a length."""
    monkeypatch.setattr("poseflow.live.grabbing.FIRST_PAUSE", 0.001)
    film(tmp_path / "clip.ts", drifting(12), codec="mpeg2video", form="mpegts")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def send_twice():
            for _ in range(2):
                called, _ = server.accept()
                with called:
                    called.sendall((tmp_path / "clip.ts").read_bytes())
            server.close()

        thread = threading.Thread(target=send_twice)
        thread.start()
        source = open_source(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        counts, told = Counts(), []
        with (
            pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:\d+: expected a stream, FFmpeg"),
            grab(source, counts, threading.Event(), tries=2,
                 failed=lambda sentence, pause: told.append(sentence)) as frames,
        ):  # fmt: skip
            for frame in frames:
                assert frame.image.shape == (48, 64, 3)
        thread.join()
    assert counts.grabbed == 24
    assert told[0] == told[1] == f"{source.name}: the stream ended"
