"""Tracked detections scored against the truth they were simulated from, by py-motmetrics.

A detection and a true person may match where their OKS is at least 0.5: COCO's falloffs for MPII's
joints, the area of the box around the true person's annotated joints, the mean over those joints.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import motmetrics
import numpy as np
from numpy.typing import NDArray

from poseflow.formats import load
from poseflow.poses import Poses, Sequence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# COCO's falloffs 2 sigma. It has none for pelvis, thorax, neck and head top: the first two are as
# sure as hips and shoulders, the others as shoulders.
FALLOFFS = 2 * np.array(
    [0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.107, 0.079,
     0.079, 0.062, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062]
)  # fmt: skip
LEAST_OKS = 0.5


class Score(NamedTuple):
    """IDF1 in percent, identity switches, and how many tracks there were."""

    idf1: float
    switches: int
    tracks: int

    def __str__(self) -> str:
        return f"{self.idf1:.1f} / {self.switches} / {self.tracks}"


@dataclass(frozen=True)
class Clip:
    """Simulated detections and their truth.

    Attributes:
        file: of the detections, AlphaPose's list, MPII-16, without ids.
        size: width and height in pixels.
        frames: the detections of each frame.
        places: of each frame's detections among the rows of the file.
        people: of each frame, the ids of the people who are truly there.
        distances: of each frame, (people, detections) 1 − OKS; nan = no match.
        sources: of each frame, the person each detection was made from; −1 = nobody.
    """

    file: Path
    size: tuple[int, int]
    frames: list[Poses]
    places: list[IntArray]
    people: list[IntArray]
    distances: list[FloatArray]
    sources: list[IntArray]


def add_sets(parser: argparse.ArgumentParser) -> None:
    """The option of a benchmark that takes sets made with several seeds."""
    parser.add_argument(
        "--sets",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders of folders of clips: the same sets made with another seed each",
    )


def read_clips(folder: Path, most: int | None = None) -> list[Clip]:
    """Every NAME.json of a folder with a NAME.truth.json beside it, in order of name."""
    return [_read_clip(path) for path in sorted(folder.glob("*.truth.json"))[:most]]


def sequence_of(clip: Clip) -> Sequence:
    """The clip to track; images in which nobody was found are frames all the same."""
    skeleton = load(clip.file).skeleton
    return Sequence(skeleton, tuple(clip.frames), ("",) * len(clip.frames))


def _read_clip(path: Path) -> Clip:
    truth = json.loads(path.read_text())
    file = path.with_name(path.name.replace(".truth.json", ".json"))
    rows = json.loads(file.read_text())
    table = np.array([row["keypoints"] for row in rows], dtype=float).reshape(len(rows), -1, 3)
    scores = np.array([row["score"] for row in rows], dtype=float)
    shown = frame_indices(rows)
    places = [np.flatnonzero(shown == f) for f in range(truth["frames"])]
    frames = [Poses.from_keypoints(table[p, :, :2], table[p, :, 2], scores[p]) for p in places]
    people, distances = [], []
    for there, poses in zip(truth["truth"], frames, strict=True):
        # None becomes nan.
        true = np.array([p["keypoints"] for p in there], dtype=float).reshape(len(there), -1, 2)
        people.append(np.array([p["id"] for p in there], dtype=np.int64))
        alike = oks(true, poses.keypoints)
        distances.append(np.where(alike >= LEAST_OKS, 1.0 - alike, np.nan))
    sources = [np.array(ids, dtype=np.int64) for ids in truth["source"]]
    return Clip(file, tuple(truth["size"]), frames, places, people, distances, sources)


def frame_indices(rows: Iterable[Mapping[str, Any]]) -> IntArray:
    """(R,) the frame of each row of AlphaPose's list: the number that is its image's name."""
    return np.array([int(Path(row["image_id"]).stem) for row in rows], dtype=np.int64)


def oks(true: FloatArray, poses: FloatArray) -> FloatArray:
    """(P, N) of true people (P, K, 2), nan = not annotated, and poses (N, K, 2)."""
    if not len(true) or not len(poses):
        return np.zeros((len(true), len(poses)))
    extent = np.nanmax(true, axis=1) - np.nanmin(true, axis=1)
    area = np.maximum(extent[:, 0] * extent[:, 1], 1.0)[:, None, None]
    d2 = ((true[:, None] - poses[None]) ** 2).sum(axis=-1)
    return np.asarray(np.nanmean(np.exp(-d2 / (2 * area * FALLOFFS**2)), axis=-1))


def score(clips: Iterable[Clip], ids: Iterable[list[IntArray]]) -> Score:
    """Of a set of clips, given the id of each detection of each frame of each; −1 = none."""
    return judged(
        zip(clip.people, clip.distances, given, strict=True)
        for clip, given in zip(clips, ids, strict=True)
    )


def judged(clips: Iterable[Iterable[tuple[IntArray, FloatArray, IntArray]]]) -> Score:
    """Of clips, of each of whose frames is known: who is there, who may be whom, and the ids.

    Args:
        clips: of each frame (P,) people, (P, N) distances to the detections, nan = no match, and
            (N,) the ids that these were given, −1 = none.

    Raises:
        ValueError: an id stands twice in one frame.
    """
    accumulators, tracks = [], 0
    for clip in clips:
        accumulator, seen = motmetrics.MOTAccumulator(auto_id=True), set()
        for people, distances, frame in clip:
            tracked = np.flatnonzero(frame >= 0)
            here = frame[tracked].tolist()
            if len(set(here)) < len(here):
                raise ValueError(f"expected each id once in a frame, got {sorted(here)}")
            seen.update(here)
            accumulator.update(people, frame[tracked], distances[:, tracked])
        accumulators.append(accumulator)
        tracks += len(seen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas', of what motmetrics calls
        summary = motmetrics.metrics.create().compute_many(
            accumulators, metrics=["idf1", "num_switches"], generate_overall=True
        )
    total = summary.loc["OVERALL"]
    return Score(100 * float(total.idf1), int(total.num_switches), tracks)
