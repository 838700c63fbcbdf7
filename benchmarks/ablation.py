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

import poseflow
from poseflow.offline.linking import Costs
from poseflow.poses import Sequence
from poseflow.relinking import relink
from poseflow.tracking import default

from .measure import Figure, Outcome
from .report import columns
from .scoring import Clip, read_clips, score

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
    parser.add_argument(
        "--sets",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders of folders of clips: the same sets made with another seed each",
    )
    parser.add_argument("--clips", type=int, help="the first so many of each set (all)")


def run(sets: list[Path], clips: int | None) -> Outcome:
    online: dict[str, list[Scores]] = {name: [] for name in (*ONLINE, SIDES)}
    relinked: dict[str, list[Scores]] = {name: [] for name in RELINKED}
    for folder in sets:
        read = {
            f.name: read_clips(f, clips)
            for f in sorted(folder.iterdir())
            if any(f.glob("*.truth.json"))
        }
        for name in online:
            rule = ONLINE.get(name, default())
            tracked = {
                s: [_online(clip, rule, name != SIDES) for clip in some] for s, some in read.items()
            }
            online[name].append(_scores(read, tracked))
        tracked = {s: [_online(clip, default()) for clip in some] for s, some in read.items()}
        for name, costs in RELINKED.items():
            linked = {s: [_relinked(t, costs) for t in some] for s, some in tracked.items()}
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


def _online(clip: Clip, rule: default, is_sided: bool = True) -> Sequence:
    sequence = poseflow.load(clip.file)
    known = sequence.skeleton
    one_sided = dataclasses.replace(known, mirror=np.arange(len(known)))
    tracker = poseflow.Tracker(known if is_sided else one_sided, rule)
    # Images in which nobody was found are not in the file, and are frames all the same.
    return Sequence(
        sequence.skeleton,
        tuple(tracker.update(poses) for poses in clip.frames),
        ("",) * len(clip.frames),
    )


def _relinked(tracked: Sequence, costs: Costs) -> Sequence:
    return relink(tracked, poseflow.Tracker(tracked.skeleton), costs=costs)


def _ids(tracked: Sequence) -> list[NDArray]:
    return [poses.track_ids for poses in tracked.frames]
