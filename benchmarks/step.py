"""One update of the tracker without images, beside trackers in use today.

Each sees the same people, made up, in its own type, built beforehand: boxes for ByteTrack and SORT,
keypoints for norfair. Time is that of the processor, for the load of a shared machine counts in the
other; the clock's is kept beside it in the JSON.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

from poseflow.poses import Poses
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker

from .measure import Figure, Outcome, in_turn, times_smaller
from .peers import Peer, peers
from .world import estimated, walkers

CROWDS = (5, 20, 50, 500)
# Ours must take less than theirs / this.
TARGETS = {"ByteTrack": 1.0, "SORT": 1.0, "norfair": 30.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=15, help="runs of each tracker (15)")
    parser.add_argument("--frames", type=int, default=300, help="updates a run (300)")


def run(rounds: int, frames: int) -> Outcome:
    figures: list[Figure] = []
    clock: dict[str, dict[str, float]] = {}
    for n in CROWDS:
        # 500 people are ours alone, and slower: fewer frames tell as much.
        seen = estimated(walkers(n, frames if n < 500 else max(frames // 10, 2)))
        runs, walls = contenders(n, seen)
        took = in_turn(runs, rounds)
        clock[str(n)] = {name: median(values[1:]) for name, values in walls.items()}
        figures += compared(n, took)
    return Outcome(figures, details={"microseconds_by_the_clock": clock})


def contenders(
    n: int, seen: list[Poses]
) -> tuple[dict[str, Callable[[], float]], dict[str, list[float]]]:
    """Runs that return µs of processor time an update; by the clock they note down themselves."""
    walls: dict[str, list[float]] = {"poseflow": []}

    def timed(name: str, update: Callable[[Any], Any], frames: Sequence[Any]) -> float:
        wall, cpu = time.perf_counter(), time.process_time()
        for frame in frames:
            update(frame)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        walls.setdefault(name, []).append(1e6 * wall / len(frames))
        return 1e6 * cpu / len(frames)

    def ours() -> float:
        return timed("poseflow", Tracker(skeleton("coco-17")).update, seen)

    def theirs(name: str, peer: Peer) -> float:
        return timed(name, peer.make().update, [peer.prepare(poses) for poses in seen])

    runs: dict[str, Callable[[], float]] = {"poseflow": ours}
    for name, peer in peers().items():
        if n == 500 or name not in TARGETS or (name == "norfair" and n != 20):
            continue
        runs[name] = partial(theirs, name, peer)
    return runs, walls


def compared(n: int, took: dict[str, list[float]]) -> list[Figure]:
    """Ours beside each peer."""
    ours = took.pop("poseflow")
    name, unit = f"update, {n} people, CPU time", "µs"
    if not took:
        took_us = median(ours)
        return [Figure(name, unit, took_us, "< 20 000", took_us < 20_000, runs=len(ours))]
    found = []
    for peer, theirs in took.items():
        ratio, least = times_smaller(ours, theirs), TARGETS[peer]
        target = f"faster than {peer}" if least == 1 else f"{least:.0f} × {peer}"
        found.append(
            Figure(name, unit, median(ours), target, ratio > least, peer, median(theirs), ratio,
                   len(ours))
        )  # fmt: skip
    return found
