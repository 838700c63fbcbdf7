"""Live: the newest frame and never a queue, in a world whose clock goes as the test says."""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.correspondence import MATCHERS
from poseflow.frames import gray
from poseflow.live import Counts, Grabbed, Latencies, Moment, line_of, play
from poseflow.live.mailbox import Mailbox
from poseflow.live.pace import Pace
from poseflow.offline.one_euro import OneEuro
from poseflow.poses import Poses
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker, default

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


@pytest.mark.parametrize(
    ("rate", "work", "per_second"),
    [
        pytest.param(10, 0.0, 10, id="each-frame"),
        # While one is worked on for a period and a half, the next is overtaken by the one after.
        pytest.param(15, 0.1, 10, id="every-third-dropped"),
        pytest.param(60, 0.0, 60, id="fast"),
        pytest.param(40, 3 / 16, 16 / 3, id="most-dropped"),
    ],
)
@pytest.mark.parametrize(("memory", "ids"), [(0.7, [1, 2]), (1.3, [1])])
def test_a_second_is_a_second_however_many_frames_are_dropped(rate, work, per_second, memory, ids):
    """Away for a second: forgotten by who remembers for less, known to who does for longer."""
    world, seen = World(8 * rate, 1 / rate), []
    tracker = Tracker(KIND, default(memory=memory))

    def estimate(frame):
        world.work(work)
        return frame_of(*([] if 5.0 <= frame.when < 6.0 else [person(300, 200)]))

    counts = world.play(estimate, seen.append, tracker=tracker)
    assert counts.tracked / 8 == pytest.approx(per_second, rel=0.05)
    assert tracker.fps == pytest.approx(per_second, rel=0.05)
    given = [i for moment in seen for i in moment.poses.track_ids.tolist() if i > 0]
    assert list(dict.fromkeys(given)) == ids


def test_the_pace_is_that_of_the_frames_that_came_lately():
    pace = Pace(25.0)
    # Nothing is known of it before there are some.
    assert [pace.at(n / 10) for n in range(5)] == [25.0] * 5
    assert [pace.at(n / 10) for n in range(5, 60)] == pytest.approx([10.0] * 55)
    # Every third missing at 30 a second: 20 a second, once those before are forgotten.
    kept = [6.0 + n / 30 for n in range(120) if n % 3 != 2]
    assert [pace.at(when) for when in kept][-1] == pytest.approx(20.0, rel=0.03)
    # The source was away for a minute: that is no frame a minute.
    assert pace.at(70.0) == pytest.approx(20.0, rel=0.03)
    # Whoever looks at a frame in four seconds sees a quarter of one a second.
    slow = [pace.at(70.0 + 4.0 * n) for n in range(1, 40)]
    assert slow[-1] == pytest.approx(0.25)


def textured(index: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.roll(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8), 3 * index, axis=1)


def test_images_are_compared_while_poses_are_estimated_to_the_same_ids():
    """The matcher waits for the estimator: one after the other, they would wait for ever."""
    estimating, matched, ahead = threading.Event(), [], []

    def matcher(before, after):
        assert estimating.wait(20)
        estimating.clear()
        matched.append((before[0, 0], after[0, 0]))
        ahead.append(threading.current_thread().name.startswith("poseflow-matcher"))
        return dis()(before, after)

    def estimate(frame):
        if frame.index:
            estimating.set()
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
    # After the frame without people, the tracker itself finds that there is something to compare.
    assert ahead == [t != 4 for t in range(1, 8)]
    assert matched == [(grays[t - 1], grays[t]) for t in range(1, 8)]
    plain = Tracker(KIND, matcher=dis())
    for moment, poses, image in zip(seen, people, images, strict=True):
        assert moment.poses.track_ids.tolist() == plain.update(poses, image).track_ids.tolist()


def test_what_is_shown_is_smoothed_by_time_and_what_is_tracked_is_not():
    """Somebody who trembles by 2 pixels at 32 frames a second, of which every other is dropped."""
    world, seen = World(64, 1 / 32), []
    spots = 100 + np.random.default_rng(0).choice([-2.0, 2.0], 64)

    def estimate(frame):
        world.work(2 / 32)
        return frame_of(person(spots[frame.index], 100))

    play(world.frames(), estimate, Tracker(KIND), [seen.append], Renderer(KIND), world.counts,
         max_delay=1.0, smoother=OneEuro(), clock=world.clock)  # fmt: skip
    alone = OneEuro()
    for moment in seen:
        was = frame_of(person(spots[moment.index], 100)).with_track_ids([1])
        calm = alone.update(was, moment.index / 32)
        assert moment.poses.keypoints.tolist() == calm.keypoints.tolist()
    noses = [moment.poses.keypoints[0, 0, 0] for moment in seen]
    assert np.std(noses[8:]) < 1.4 < np.std(spots)


def test_a_soak_keeps_nothing():
    """People who come and go for ever: what is remembered of them does not grow."""
    world, held = World(300, 1 / 32), []

    def estimate(frame):
        # A new person every four frames, far from the one before.
        visit = frame.index // 4
        return frame_of(person(300 + 250 * visit, 300), person(0, 300))

    def sink(moment):
        line_of(moment)
        if moment.index in (99, 299):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        counts = world.play(estimate, sink)
    finally:
        tracemalloc.stop()
    assert counts.tracked == 300
    assert counts.people == 76
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
