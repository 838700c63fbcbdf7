"""The cues of the `published` rule on 1280×720: 5 000 correspondences, half of them near people.

The peer is the definition (docs/method.md), pair of people by pair, each pair in NumPy; every frame
that is timed is also compared with it, to 1e-6.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from poseflow.frames import Correspondences
from poseflow.poses import Poses
from poseflow.tracking import published
from poseflow.tracking.tracks import Tracks

from .measure import Figure, Outcome, in_turn, times_smaller
from .world import SIZE, estimated, walkers

FloatArray = NDArray[np.float64]

TARGETS = {20: 3.0, 50: 12.0}
"""Milliseconds a frame, by the number of people."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=15, help="frames of each crowd (15)")
    parser.add_argument("--points", type=int, default=5000, help="correspondences (5000)")


def run(rounds: int, points: int) -> Outcome:
    figures = []
    for n, target in TARGETS.items():
        scene = Scene(n, rounds + 1, points)
        took = in_turn({"ours": scene.ours, "theirs": scene.by_definition}, rounds)
        ours, theirs = took["ours"], took["theirs"]
        figures.append(
            Figure(
                name=f"published cues, {n} people, {points} correspondences",
                unit="ms",
                ours=median(ours),
                target=f"< {target:g} ms",
                met=median(ours) < target,
                peer="definition in NumPy, pair by pair",
                theirs=median(theirs),
                ratio=times_smaller(ours, theirs),
                runs=rounds,
            )
        )
    return Outcome(figures)


class Scene:
    """A crowd, frame after frame; every call of `ours` goes on to the next two frames."""

    def __init__(self, n: int, n_frames: int, points: int) -> None:
        truth = walkers(n, n_frames + 1)
        self._frames = estimated(truth, missed=0.0)
        self._rng = np.random.default_rng(n)
        self._correspondences = [
            self._between(truth[f], truth[f + 1], points) for f in range(n_frames)
        ]
        self._index = -1
        self._grades = np.empty((0, 0))

    def ours(self) -> float:
        """Milliseconds, the median of several runs on the next frame."""
        self._index += 1
        tracks, poses, found = self._now()
        # As in use: correspondences come of images. Once a picture has come and gone, the C library
        # keeps memory of that size instead of fetching it anew, page by page, for each array.
        picture = np.zeros((*SIZE[::-1], 3), dtype=np.uint8)
        del picture
        taken = []
        for _ in range(7):
            start = time.perf_counter()
            self._grades = published().grades(tracks, poses, found, SIZE)
            taken.append(1e3 * (time.perf_counter() - start))
        return median(taken)

    def by_definition(self) -> float:
        """Milliseconds on the frame that `ours` was last asked for; and what it found is right."""
        tracks, poses, found = self._now()
        start = time.perf_counter()
        expected = np.array(
            [[grade(a, b, *found) for b in poses.keypoints] for a in tracks.keypoints]
        )
        taken = 1e3 * (time.perf_counter() - start)
        np.testing.assert_allclose(self._grades, expected, rtol=0, atol=1e-6)
        return taken

    def _now(self) -> tuple[Tracks, Poses, Correspondences]:
        before, now = self._frames[self._index : self._index + 2]
        return Tracks.started(before), now, self._correspondences[self._index]

    def _between(self, before: FloatArray, after: FloatArray, points: int) -> Correspondences:
        """Half of them on people and moving with them, half anywhere on a ground that moves."""
        rng = self._rng
        person = rng.integers(len(before), size=points // 2)
        joint = rng.integers(before.shape[1], size=points // 2)
        near = before[person, joint] + rng.normal(0, 12, (len(person), 2))
        moved = (after - before)[person, joint]
        ground = rng.uniform((0, 0), SIZE, (points - len(person), 2))
        source = np.concatenate([near, ground])
        target = np.concatenate([near + moved, ground + np.array([2.0, 1.0])])
        return Correspondences(source, target + rng.normal(0, 0.7, target.shape))


def grade(a: FloatArray, b: FloatArray, source: FloatArray, target: FloatArray) -> float:
    """Of a pose (K, 2) of the previous frame and one of this: the cues times 1, 2, 1 and 2."""
    whole_a, whole_b = person_box(a), person_box(b)
    squares_a, squares_b = (np.concatenate([p - 30, p + 30], axis=1) for p in (a, b))

    def best(cue: Callable[[FloatArray, FloatArray], float]) -> float:
        by_joint = [cue(p, q) for p, q in zip(squares_a, squares_b, strict=True)]
        return float(np.mean(np.sort(by_joint)[-7:]))

    def joined(p: FloatArray, q: FloatArray) -> float:
        leaves, arrives = inside(source, p), inside(target, q)
        return float((leaves & arrives).sum() / ((leaves | arrives).sum() + 1e-5))

    return joined(whole_a, whole_b) + 2 * iou(whole_a, whole_b) + best(joined) + 2 * best(iou)


def person_box(pose: FloatArray) -> FloatArray:
    """(4,) around a pose, a tenth wider on each side, in the image, whole pixels."""
    low, high = pose.min(axis=0), pose.max(axis=0)
    margin = 0.1 * (high - low)
    low, high = np.clip(low - margin, 0, SIZE), np.clip(high + margin, 0, SIZE)
    return np.asarray(np.trunc(np.concatenate([low, high])))


def inside(points: FloatArray, box: FloatArray) -> NDArray[np.bool_]:
    """(C,) which points (C, 2) lie in a box, edges included."""
    return np.asarray(((points >= box[:2]) & (points <= box[2:])).all(axis=1))


def iou(p: FloatArray, q: FloatArray) -> float:
    """Of two boxes whose last pixels belong to them; 0 unless they overlap strictly."""
    width, height = np.minimum(p[2:], q[2:]) - np.maximum(p[:2], q[:2])
    if width <= 0 or height <= 0:
        return 0.0
    shared = (width + 1) * (height + 1)
    return float(shared / (np.prod(p[2:] - p[:2] + 1) + np.prod(q[2:] - q[:2] + 1) - shared))
