"""Every matcher on known warps of images, and on a drawn film some frames apart.

Points inside of people are carried by the median of their five nearest correspondences, as the
tracker carries keypoints; told is how many of them end within 3 and within 10 pixels of where they
truly went. The images are drawn and 1280×720, or frames of a video of your own.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from poseflow.correspondence import MATCHERS
from poseflow.frames import Matcher
from poseflow.motion_field import carry

from .measure import Figure, Outcome
from .report import columns
from .warps import WARPS, Pair, drawn_stills, filmed_stills, walked, warped

APART = (1, 3, 8)
"""Frames, of the film."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=3, help="pairs of images of each kind (3)")
    parser.add_argument("--video", type=Path, help="warp frames of this video instead")
    parser.add_argument("--poses", type=Path, help="and ask for the people of this file in them")


def run(pairs: int, video: Path | None, poses: Path | None) -> Outcome:
    if (video is None) != (poses is None):
        raise SystemExit("--video and --poses: expected both or neither")
    kinds = _kinds(pairs, video, poses)
    matchers = {name: make() for name, make in MATCHERS.items()}
    table = [["within 3 / 10 px, %", *matchers]]
    counts = [["correspondences", *matchers]]
    took: dict[str, list[float]] = defaultdict(list)
    for kind, several in kinds.items():
        errors: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
        found: dict[str, list[int]] = defaultdict(list)
        for pair in several:
            # In turn, so that what else the machine does hits all alike.
            for name, match in matchers.items():
                error, count, seconds = _one(match, pair)
                errors[name].append(error)
                found[name].append(count)
                took[name].append(1e3 * seconds)
        table.append([kind, *(_shares(np.concatenate(errors[name])) for name in matchers)])
        counts.append([kind, *(f"{median(found[name]):.0f}" for name in matchers)])
    figures = [
        Figure(f"{name}: a pair of images", "ms", median(times), runs=len(times))
        for name, times in took.items()
    ]
    text = f"{columns(table)}\n\n{columns(counts)}\n"
    return Outcome(figures, text, {"shares": table, "counts": counts})


def _kinds(n: int, video: Path | None, poses: Path | None) -> dict[str, list[Pair]]:
    if video is None or poses is None:
        kinds = {f"film, {gap} apart": walked(n, gap) for gap in APART}
        stills = drawn_stills(n)
    else:
        kinds, stills = {}, filmed_stills(n, video, poses)
    for name, warp in WARPS.items():
        kinds[name] = [warped(still, warp, seed) for seed, still in enumerate(stills)]
    return kinds


def _one(match: Matcher, pair: Pair) -> tuple[NDArray[np.float64], int, float]:
    """How far off (P,) the points end, pixels; how many correspondences there were; seconds."""
    start = time.perf_counter()
    found = match(pair.before, pair.after)(pair.points)
    taken = time.perf_counter() - start
    carried = carry(pair.points, found, radius=np.inf)
    error = np.linalg.norm(carried - pair.truth, axis=1)
    # Without any correspondence nothing is carried: as wrong as can be.
    return np.nan_to_num(error, nan=np.inf), len(found.source), taken


def _shares(error: NDArray[np.float64]) -> str:
    return f"{100 * (error < 3).mean():.1f} / {100 * (error < 10).mean():.1f}"
