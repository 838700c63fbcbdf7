"""Whether live can run for days: 100 000 frames at once, and what they leave in memory.

A scripted source gives frames as fast as they are taken, so that an hour's film passes in minutes.
Five people walk; one of them at a time leaves, and somebody new comes, every 40 frames. All is on
that does not depend on a clock: ids, drawing, lines, and the files of poses and lines.
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
    poses, image = passers_by(), np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
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
    return outcome(frames, memory, taken, counts)


def passers_by() -> list[Poses]:
    """Poses of five people, in turn replaced by others: somebody's place leaps every 40 frames."""
    truth = walkers(PEOPLE, ROUND, height=(40.0, 80.0), size=SIZE)
    places = np.random.default_rng(0).uniform(-150, 300, (ROUND // STAY + PEOPLE, 2))
    for person in range(PEOPLE):
        visit = (np.arange(ROUND) // STAY + person) // PEOPLE
        truth[:, person] += places[visit * PEOPLE + person][:, None]
    return estimated(truth)


def outcome(frames: int, memory: list[float], taken: list[float], counts: Counts) -> Outcome:
    growth, slowing = memory[-1] - memory[0], taken[-1] / median(taken[:3])
    rows = [["frames", "MB", "µs a frame, CPU"]]
    rows += [
        [str((i + 1) * frames // PARTS), number(m), number(t)]
        for i, (m, t) in enumerate(zip(memory, taken, strict=True))
    ]
    return Outcome(
        [
            Figure(f"live, {frames} frames: memory at the end beyond that after a tenth", "MB",
                   growth, f"< {MOST_GROWTH:.0f} MB", growth < MOST_GROWTH),
            Figure("its last tenth, CPU time a frame, to its first three", "×", slowing,
                   f"< {MOST_SLOWING:g} ×", slowing < MOST_SLOWING),
            Figure("its ids given", "", counts.people),
        ],
        text=columns(rows),
    )  # fmt: skip
