"""How late live answers are: a 720p film of 5 people in the part of a camera at 30 frames a second.

In place of a network stands a pause of known length, so that what is beyond it is ours: fetching,
optical flow, ids, lines of JSON to a reader; with a film, drawing and handing to the encoder as
well. Latency is from grabbing a frame until everyone who looks on had it. While the pause is
shorter than the 33 ms between two frames, nothing need wait; when it is longer, a frame waits for
the one before, never longer than until the next comes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from poseflow.correspondence import MATCHERS
from poseflow.live import (
    Counts,
    Grabbed,
    Latencies,
    Moment,
    Recording,
    grab,
    lines_to_descriptor,
    play,
    record,
)
from poseflow.poses import Poses
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker
from poseflow.video import open_video, write_video

from .film import pictures
from .measure import Figure, Outcome
from .report import columns, number
from .world import estimated, walkers

PEOPLE, FPS, LOOP = 5, 30.0, 300
PAUSES = (0.0, 0.020, 0.060)
# Asked of everything but the network at 720p with 5 people, in ms.
MOST_BEYOND = 12.0


class Ran(NamedTuple):
    """One run: what was counted, and the ms from grabbing each frame until its ids were known."""

    counts: Counts
    latencies: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run (20)")
    parser.add_argument("--matcher", choices=("dis", "lk", "none"), default="dis", help="(dis)")


def run(seconds: float, matcher: str) -> Outcome:
    figures = []
    rows = [["estimator", "shown as", "a second", "dropped", "p50", "p95", "first fifth", "last"]]
    with tempfile.TemporaryDirectory() as name:
        film, out = Path(name) / "film.mp4", Path(name) / "out.mp4"
        truth = walkers(PEOPLE, LOOP)
        shown = pictures(truth, list(range(LOOP)))
        write_video(film, ((image, t / FPS) for t, image in enumerate(shown)), fps=FPS)
        seen = estimated(truth, missed=0.0)
        for pause, drawn in [*((pause, False) for pause in PAUSES), (PAUSES[1], True)]:
            alone = pauses_alone(seconds, film, pause)
            ran = ran_for(seconds, film, seen, pause, matcher, out if drawn else None)
            what = f"{1e3 * pause:.0f} ms", "film" if drawn else "lines"
            figures += told(ran, alone, pause, f"live, estimator of {what[0]}, {what[1]}")
            rows.append([*what, *row(ran, seconds)])
    return Outcome(figures, text=columns(rows))


def ran_for(
    seconds: float, film: Path, seen: list[Poses], pause: float, matcher: str, out: Path | None
) -> Ran:
    """One run, shown as lines of JSON that go nowhere, and as a film if `out` names one."""
    kind, counts, stop = skeleton("coco-17"), Counts(), threading.Event()
    latencies: list[float] = []

    def estimate(frame: Grabbed) -> Poses:
        time.sleep(pause)
        return seen[frame.index % LOOP]

    def note(moment: Moment) -> None:
        latencies.append(1e3 * moment.latency)
        if moment.time > seconds:
            stop.set()

    with ExitStack() as stack:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, nowhere)
        sinks = [note, stack.enter_context(lines_to_descriptor(nowhere, counts, stop))]
        if out is not None:
            sinks.append(stack.enter_context(record(out, counts)))
        tracker = Tracker(kind, matcher=None if matcher == "none" else MATCHERS[matcher]())
        frames = stack.enter_context(grab(Recording(open_video(film), loop=True), counts, stop))
        play(frames, estimate, tracker, sinks, Renderer(kind), counts, max_delay=1.0)
    return Ran(counts, latencies)


def pauses_alone(seconds: float, film: Path, pause: float) -> Latencies:
    """The same frames, and nothing done but the pause: what no program can undercut here."""
    counts, stop, latencies = Counts(), threading.Event(), Latencies()
    until = time.monotonic() + seconds / 2
    with grab(Recording(open_video(film), loop=True), counts, stop) as frames:
        for frame in frames:
            time.sleep(pause)
            latencies.add(time.monotonic() - frame.when)
            if time.monotonic() > until:
                stop.set()
    return latencies


def told(ran: Ran, alone: Latencies, pause: float, name: str) -> list[Figure]:
    """The median with what is asked of it, and the 95th percentile."""
    p50, p95 = (1e3 * ran.counts.latencies.quantile(share) for share in (0.5, 0.95))
    least50, least95 = (1e3 * alone.quantile(share) for share in (0.5, 0.95))
    # Whoever is slower than the camera waits for half a period on average, too.
    most = 1e3 * (pause + (0.5 / FPS if pause > 1 / FPS else 0.0)) + MOST_BEYOND
    return [
        Figure(f"{name}: latency p50", "ms", p50, f"< {most:.0f} ms", p50 < most,
               "the pause alone", least50, least50 / p50),
        Figure(f"{name}: latency p95", "ms", p95, "", None,
               "the pause alone", least95, least95 / p95),
    ]  # fmt: skip


def row(ran: Ran, seconds: float) -> list[str]:
    """How many frames a second, how many were dropped, and latencies, also early and late."""
    counts, fifth = ran.counts, len(ran.latencies) // 5
    parts = [median(part) for part in (ran.latencies[:fifth], ran.latencies[-fifth:])]
    shares = [1e3 * counts.latencies.quantile(share) for share in (0.5, 0.95)]
    return [
        number(counts.tracked / seconds),
        f"{counts.overtaken + counts.late} of {counts.grabbed}",
        *map(number, shares + parts),
    ]
