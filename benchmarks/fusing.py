"""Two *simulated* poses of one person, and the one that fusion makes of them.

DIR and AGAIN are folders of folders of clips, the same ones, estimated with other errors. Three
kinds of pairs: whom the simulation reports twice, where the second pose is the first with noise
on top; two estimates that err apart, equally well; and the same two, the second one blurred, its
scores lowered as far as it errs. Of joints, the share within half the length from neck to head top.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from poseflow.poses import Poses
from poseflow.tracking.fusion import fused

from .flows import HEAD_TOP, NECK, case_of, together
from .measure import Outcome
from .report import columns
from .scoring import Clip, read_clips

FloatArray = NDArray[np.float64]

POWERS = (1.0, 2.0, 3.0, 4.0, 6.0)

JITTER = 0.16
"""Heads by which the simulation moves a joint that is seen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", type=Path, required=True, metavar="DIR")
    parser.add_argument("--again", type=Path, required=True, metavar="AGAIN")


def run(sets: Path, again: Path) -> Outcome:
    right: dict[str, dict[str, list[FloatArray]]] = defaultdict(lambda: defaultdict(list))
    rng = np.random.default_rng(0)
    for folder in sorted(f for f in sets.iterdir() if any(f.glob("*.truth.json"))):
        for clip, other in zip(read_clips(folder), read_clips(again / folder.name), strict=True):
            for kind, two, true in _pairs(clip, other, rng):
                for name, pose in _made_of(two):
                    head = np.linalg.norm(true[HEAD_TOP] - true[NECK])
                    apart = np.linalg.norm(pose - true, axis=1)[~np.isnan(true[:, 0])]
                    right[name][kind].append(apart <= 0.5 * head)
    kinds = list(right["the first alone"])
    table = [["joints right, %", *(f"{k}, {len(right['the first alone'][k])}" for k in kinds)]]
    for name, found in right.items():
        table.append([name, *(f"{100 * np.concatenate(found[k]).mean():.1f}" for k in kinds)])
    return Outcome([], f"simulated detections\n\n{columns(table)}\n", {"simulated": True})


def _made_of(two: Poses) -> Iterator[tuple[str, FloatArray]]:
    yield "the first alone", two.keypoints[0]
    yield "the second alone", two.keypoints[1]
    yield "the paper's mean", fused(two, reach=np.inf, power=1.0).keypoints[0]
    for power in POWERS:
        yield f"power {power:g}, far joints left out", fused(two, power=power).keypoints[0]


def _pairs(
    clip: Clip, other: Clip, rng: np.random.Generator
) -> Iterator[tuple[str, Poses, FloatArray]]:
    """What kind, two poses of somebody, and where that person's joints truly are."""
    true = case_of(clip).true
    for f, (poses, sources) in enumerate(zip(clip.frames, clip.sources, strict=True)):
        for i, person in enumerate(sources.tolist()):
            place = np.flatnonzero(clip.people[f] == person)
            if person < 0 or not len(place):
                continue
            there = true[f][place[0]]
            # The simulation scores a second pose at seven tenths of the first.
            scores = 0.7 * poses.keypoint_scores[i]
            twin = np.isclose(poses.keypoint_scores, scores, atol=2e-3).all(axis=1)
            for j in np.flatnonzero(twin & (sources < 0)).tolist():
                yield "reported twice", poses[[i, j]], there
            for j in np.flatnonzero(other.sources[f] == person).tolist():
                one, again = poses[[i]], other.frames[f][[j]]
                yield "estimated twice", together(one, again), there
                head = np.linalg.norm(there[HEAD_TOP] - there[NECK])
                yield "the second worse", together(one, _blurred(again, head, rng)), there


def _blurred(pose: Poses, head: float, rng: np.random.Generator) -> Poses:
    """A pose with noise of up to 0.6 heads, and scores that tell of it."""
    heads = rng.uniform(0, 0.6)
    factor = np.sqrt(JITTER / np.hypot(JITTER, heads))
    moved = pose.keypoints + rng.normal(0, heads * np.nan_to_num(head), pose.keypoints.shape)
    return Poses.from_keypoints(moved, pose.keypoint_scores * factor, pose.scores * factor)
