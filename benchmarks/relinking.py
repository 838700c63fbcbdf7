"""What --relink costs on a long clip, beside tracking it once: 20 people who walk in 720p.

Each is missed in three frames of ten, which ends many tracklets. Poses only.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from poseflow import pipeline
from poseflow.poses import Sequence
from poseflow.relinking import relink
from poseflow.skeletons import skeleton
from poseflow.tracking import Tracker

from .measure import Figure, Outcome
from .world import estimated, walkers

PEOPLE, MISSED = 20, 0.3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10.0, help="at 25 frames a second (10)")
    parser.add_argument("--rounds", type=int, default=3, help="(3)")


def run(minutes: float, rounds: int) -> Outcome:
    kind = skeleton("coco-17")
    frames = estimated(walkers(PEOPLE, round(minutes * 60 * 25)), missed=MISSED)
    clip = Sequence(kind, tuple(frames), ("",) * len(frames))
    once, linked, counted = [], [], []
    for _ in range(rounds):
        start = time.process_time()
        tracked = pipeline.track(clip, Tracker(kind))
        once.append(time.process_time() - start)
        for people, taken in ((None, linked), (PEOPLE, counted)):
            start = time.process_time()
            relink(tracked, Tracker(kind), people=people)
            taken.append(time.process_time() - start)
    name = f"{minutes:g} minutes, {PEOPLE} people"
    return Outcome(
        [
            Figure(f"{name}: {told}, CPU time", "s", median(taken), "", None, "tracking once",
                   median(once), median(a / b for a, b in zip(once, taken, strict=True)), rounds)
            for told, taken in (("relink", linked), ("relink, people counted", counted))
        ]
    )  # fmt: skip
