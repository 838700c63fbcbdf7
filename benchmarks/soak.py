"""Whether live, and a tracker alone, can run for days: 100 000 frames at once, and what they leave.

A scripted source gives frames as fast as they are taken, so that an hour's film passes in minutes.
Five people walk; one of them at a time leaves, and somebody new comes, every 40 frames. All is on
that does not depend on a clock: ids, drawing, lines, and the files of poses and lines. The tracker
alone has twenty people.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from poseflow.live import Counts, Grabbed, Moment, play, record
from poseflow.poses import Poses
from poseflow.render import Renderer
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker

from .measure import Figure, Outcome
from .report import columns, number
from .world import estimated, walkers

PEOPLE, SIZE, STAY = 5, (480, 270), 40
CROWD = 20
# Of poses that come again and again: what a made-up world holds is not to be measured.
ROUND = 2000
PARTS = 10
MOST_GROWTH, MOST_SLOWING = 5.0, 1.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frames", type=int, default=100_000, help="(100000)")


def run(frames: int) -> Outcome:
    process, part = psutil.Process(), frames // PARTS
    memory: list[float] = []
    taken: list[float] = []
    poses, image = passers_by(PEOPLE), np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    counts, began = Counts(), time.process_time()

    def script() -> Iterator[Grabbed]:
        for index in range(frames):
            yield Grabbed(index, time.monotonic(), image)

    def look(moment: Moment) -> None:
        nonlocal began
        assert moment.picture.shape == image.shape
        if (moment.index + 1) % part == 0:
            taken.append(1e6 * (time.process_time() - began) / part)
            memory.append(process.memory_info().rss / 1e6)
            began = time.process_time()

    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        files = [Path(name) / "tracked.json", Path(name) / "tracked.jsonl"]
        sinks = [stack.enter_context(record(file, counts)) for file in files]
        kind = skeleton("coco-17")
        play(
            script(),
            lambda frame: poses[frame.index % ROUND],
            Tracker(kind),
            [*sinks, look],
            Renderer(kind),
            counts,
            max_delay=1.0,
        )
    live, text = outcome(f"live, {PEOPLE} people", frames, memory, taken)
    alone, more = outcome(f"tracker alone, {CROWD} people", frames, *tracked(frames))
    ids = Figure("the ids that live gave", "", counts.people)
    return Outcome([*live, ids, *alone], text=f"live\n{text}\n\ntracker alone\n{more}")


def tracked(frames: int) -> tuple[list[float], list[float]]:
    """After each part MB in memory, and of each CPU time a frame in microseconds."""
    process, part = psutil.Process(), frames // PARTS
    poses, tracker = passers_by(CROWD), Tracker(skeleton("coco-17"))
    memory: list[float] = []
    taken: list[float] = []
    for _ in range(PARTS):
        began = time.process_time()
        for index in range(part):
            tracker.update(poses[index % ROUND])
        taken.append(1e6 * (time.process_time() - began) / part)
        memory.append(process.memory_info().rss / 1e6)
    return memory, taken


def passers_by(people: int) -> list[Poses]:
    """Poses of people, in turn replaced by others: somebody's place leaps every 40 frames."""
    truth = walkers(people, ROUND, height=(40.0, 80.0), size=SIZE)
    places = np.random.default_rng(0).uniform(-150, 300, (ROUND // STAY + 2 * people, 2))
    for person in range(people):
        visit = (np.arange(ROUND) // STAY + person) // people
        truth[:, person] += places[visit * people + person][:, None]
    return estimated(truth)


def outcome(
    what: str, frames: int, memory: list[float], taken: list[float]
) -> tuple[list[Figure], str]:
    growth, slowing = memory[-1] - memory[0], taken[-1] / median(taken[:3])
    rows = [["frames", "MB", "µs a frame, CPU"]]
    rows += [
        [str((i + 1) * frames // PARTS), number(m), number(t)]
        for i, (m, t) in enumerate(zip(memory, taken, strict=True))
    ]
    figures = [
        Figure(f"{what}, {frames} frames: memory at the end beyond that after a tenth", "MB",
               growth, f"< {MOST_GROWTH:.0f} MB", growth < MOST_GROWTH),
        Figure("its last tenth, CPU time a frame, to its first three", "×", slowing,
               f"< {MOST_SLOWING:g} ×", slowing < MOST_SLOWING),
    ]  # fmt: skip
    return figures, columns(rows)
