"""What each ingredient of the default setting and of relinking earns: each off, one at a time.

On *simulated* detections, as `identity`. A setting's ingredient is off where its parameter says so;
what takes its place is what the rule does without it.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from poseflow import pipeline
from poseflow.offline.linking import Costs
from poseflow.poses import Poses, Sequence
from poseflow.relinking import relink
from poseflow.tracking import Tracker, default

from .measure import Figure, Outcome
from .report import columns
from .scoring import Clip, add_sets, read_clips, score, sequence_of

ONLINE = {
    "the default": default(),
    "boxes (keypoints alone)": default(keypoint_share=1.0),
    "keypoints (boxes alone)": default(keypoint_share=0.0),
    "wider falloffs": default(softness=1.0),
    "falloffs growing over gaps": default(growth=0.0),
    "staleness": default(staleness=0.0),
    "sure poses first": default(sure=0.0, similar=0.06),
    "weak poses on trial": default(trial=0.49),
    "removal of twins": default(duplicate=1.0),
    "trial of who is within somebody": default(covered=1.0),
    "motion": default(persistence=1e-3),
    "memory (a fifth of a second)": default(memory=0.2),
    "recall of who was lost nearby": default(nearby=1e-6),
}
SIDES = "left and right exchanged"
"""Off for a skeleton that does not tell which keypoint is on which side."""
RELINKED = {
    "relinking": Costs(),
    "the logarithm of growth": Costs(dispersal=0.0),
    "votes of the two directions": Costs(vote=0.0),
    "what is usual in the clip": Costs(surprise=0.0),
    "falloffs growing over gaps": Costs(growth=0.0),
    "motion": Costs(persistence=1e-3),
    "motion along paths (one round)": Costs(rounds=1),
    "pose and place": Costs(similarity=0.0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_sets(parser)
    parser.add_argument("--only", metavar="NAME", help="of each folder, this set alone (all)")
    parser.add_argument("--clips", type=int, help="the first so many of each set (all)")
    parser.add_argument(
        "--turned",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of poses, each by itself, in which left is taken for right besides (0)",
    )


def run(sets: list[Path], only: str | None, clips: int | None, turned: float) -> Outcome:
    online: dict[str, list[Scores]] = {name: [] for name in (*ONLINE, SIDES)}
    relinked: dict[str, list[Scores]] = {name: [] for name in (*RELINKED, SIDES)}
    for folder in sets:
        read = {
            f.name: [_turned(clip, turned) for clip in read_clips(f, clips)]
            for f in sorted(folder.iterdir())
            if only in (None, f.name) and any(f.glob("*.truth.json"))
        }
        sequences = {s: [sequence_of(clip) for clip in some] for s, some in read.items()}
        one_sided = {s: [_one_sided(q) for q in some] for s, some in sequences.items()}
        there: dict[bool, dict[str, list[Sequence]]] = {}
        for name in online:
            rule, seen = ONLINE.get(name, default()), one_sided if name == SIDES else sequences
            tracked = {s: [_online(q, rule) for q in some] for s, some in seen.items()}
            online[name].append(_scores(read, tracked))
            if name in ("the default", SIDES):
                there[name == SIDES] = tracked
        for name in relinked:
            costs, seen = RELINKED.get(name, Costs()), there[name == SIDES]
            linked = {s: [_relinked(t, costs) for t in some] for s, some in seen.items()}
            relinked[name].append(_scores(read, linked))
    head = ["", "mean IDF1", "difference", "switches"]
    table = columns([head, *_rows(online), *_rows(relinked)])
    mean = fmean(idf1 for idf1, _ in online["the default"])
    figures = [Figure("simulated, mean IDF1 of the default setting", "", mean)]
    return Outcome(figures, f"simulated detections\n\n{table}\n", {"simulated": True})


class Scores(NamedTuple):
    """Of the sets made with one seed."""

    mean_idf1: float
    switches: int


def _scores(read: dict[str, list[Clip]], tracked: dict[str, list[Sequence]]) -> Scores:
    by_set = [score(some, map(_ids, tracked[name])) for name, some in read.items()]
    return Scores(fmean(s.idf1 for s in by_set), sum(s.switches for s in by_set))


def _rows(found: dict[str, list[Scores]]) -> Iterator[list[str]]:
    """The first with everything, each other with what it lacks, and the standard error of that."""
    (whole, first), *others = found.items()
    mean = f"{fmean(s.mean_idf1 for s in first):.2f}"
    yield [whole, mean, "", str(sum(s.switches for s in first))]
    for name, scores in others:
        lacks = [one.mean_idf1 - with_.mean_idf1 for one, with_ in zip(scores, first, strict=True)]
        error = stdev(lacks) / len(lacks) ** 0.5 if len(lacks) > 1 else float("nan")
        yield [
            f"without {name}",
            f"{fmean(s.mean_idf1 for s in scores):.2f}",
            f"{fmean(lacks):+.2f} ± {error:.2f}",
            str(sum(s.switches for s in scores)),
        ]


def _turned(clip: Clip, share: float) -> Clip:
    """With left for right in so many poses; which, is the same for each clip at each run."""
    if not share:
        return clip
    mirror, rng = sequence_of(clip).skeleton.mirror, np.random.default_rng(0)
    frames = []
    for poses in clip.frames:
        side = np.where(rng.random((len(poses), 1)) < share, mirror, np.arange(len(mirror)))
        keypoints = np.take_along_axis(poses.keypoints, side[..., None], axis=1)
        scores = np.take_along_axis(poses.keypoint_scores, side, axis=1)
        frames.append(Poses.from_keypoints(keypoints, scores, poses.scores))
    return dataclasses.replace(clip, frames=frames)


def _one_sided(sequence: Sequence) -> Sequence:
    known = sequence.skeleton
    skeleton = dataclasses.replace(known, mirror=np.arange(len(known)))
    return dataclasses.replace(sequence, skeleton=skeleton)


def _online(sequence: Sequence, rule: default) -> Sequence:
    return pipeline.track(sequence, Tracker(sequence.skeleton, rule))


def _relinked(tracked: Sequence, costs: Costs) -> Sequence:
    return relink(tracked, Tracker(tracked.skeleton), costs=costs)


def _ids(tracked: Sequence) -> list[NDArray]:
    return [poses.track_ids for poses in tracked.frames]
