"""Drawing poses, ids and trails onto 1280×720 frames with 5 people, without the encoder."""

from __future__ import annotations

import argparse
import time
from functools import partial
from statistics import median

import numpy as np

from poseflow.render import Renderer
from poseflow.skeletons import skeleton

from .film import ground
from .measure import Figure, Outcome, in_turn
from .world import SIZE, estimated, walkers

TARGET = 100
HEIGHTS = {"150–300 px tall": (150.0, 300.0), "500–700 px tall": (500.0, 700.0)}
"""Larger people have wider limbs, which take longer to fill."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=9, help="times each clip is drawn (9)")
    parser.add_argument("--frames", type=int, default=150, help="of each clip (150)")


def run(rounds: int, frames: int) -> Outcome:
    image = np.ascontiguousarray(ground()[: SIZE[1], : SIZE[0]])
    clips = {
        name: [
            poses.with_track_ids(np.arange(1, 6))
            for poses in estimated(walkers(5, frames, height=height), missed=0.0, shuffled=False)
        ]
        for name, height in HEIGHTS.items()
    }

    def rate(name: str) -> float:
        renderer, start = Renderer(skeleton("coco-17")), time.perf_counter()
        for poses in clips[name]:
            renderer.draw(image, poses)
        return frames / (time.perf_counter() - start)

    took = in_turn({name: partial(rate, name) for name in clips}, rounds)
    return Outcome(
        [
            Figure(f"drawing 5 people, {name}", "frames/s", median(rates), f"> {TARGET}",
                   median(rates) > TARGET, runs=rounds)
            for name, rates in took.items()
        ]
    )  # fmt: skip
