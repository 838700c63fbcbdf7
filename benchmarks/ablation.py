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
from poseflow.formats import load
from poseflow.offline.linking import Costs
from poseflow.poses import Poses, Sequence
from poseflow.relinking import relink
from poseflow.tracking import Tracker, default

from .marked import changes, idf1, read_marks
from .measure import Figure, Outcome
from .report import columns
from .scoring import Clip, add_sets, read_clips, score, sequence_of

FPS = 25.0
"""What a tracker takes for the rate of frames of clips that do not tell, as the sets do not."""

ONLINE = {
    "": default(),
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
    "": Costs(),
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
    parser.add_argument(
        "--marked",
        type=Path,
        nargs=2,
        metavar=("POSES", "TRUTH"),
        help="a real clip beside them, poses only, whose people were marked: see `marked`",
    )
    parser.add_argument("--fps", type=float, default=FPS, help="of that clip (%(default)g)")


def run(
    sets: list[Path],
    only: str | None,
    clips: int | None,
    turned: float,
    marked: list[Path] | None,
    fps: float,
) -> Outcome:
    found: dict[Row, list[Scores]] = {}
    for folder in sets:
        read = {
            f.name: [_turned(clip, turned) for clip in read_clips(f, clips)]
            for f in sorted(folder.iterdir())
            if only in (None, f.name) and any(f.glob("*.truth.json"))
        }
        sequences = {s: [sequence_of(clip) for clip in some] for s, some in read.items()}
        for row, tracked in _ablated(sequences, FPS):
            found.setdefault(row, []).append(_scores(read, tracked))
    head, rows = ["", "mean IDF1", "difference", "switches"], _rows(found)
    if marked is not None:
        poses, truth = marked
        clip = load(poses)
        people = read_marks(truth, clip)
        head += [f"{poses.stem}: changes", "IDF1"]
        for row, (_, tracked) in zip(rows, _ablated({"": [clip]}, fps), strict=True):
            ids = _ids(tracked[""][0])
            row += [str(len(list(changes(people, ids)))), f"{idf1(people, ids):.1f}"]
    mean = fmean(s.mean_idf1 for s in found["online", ""])
    figures = [Figure("simulated, mean IDF1 of the default setting", "", mean)]
    text = f"simulated detections\n\n{columns([head, *rows])}\n"
    return Outcome(figures, text, {"simulated": True})


Row = tuple[str, str]
"""Online or relinked, and without what; "" = with everything."""


def _ablated(
    sequences: dict[str, list[Sequence]], fps: float
) -> Iterator[tuple[Row, dict[str, list[Sequence]]]]:
    """The clips with the ids they get, set by set, for each row."""
    one_sided = {s: [_one_sided(q) for q in some] for s, some in sequences.items()}
    there: dict[bool, dict[str, list[Sequence]]] = {}
    for name, rule in {**ONLINE, SIDES: default()}.items():
        seen = one_sided if name == SIDES else sequences
        tracked = {s: [_online(q, rule, fps) for q in some] for s, some in seen.items()}
        if name in ("", SIDES):
            there[name == SIDES] = tracked
        yield ("online", name), tracked
    for name, costs in {**RELINKED, SIDES: Costs()}.items():
        seen = there[name == SIDES]
        linked = {s: [_relinked(t, costs, fps) for t in some] for s, some in seen.items()}
        yield ("relinked", name), linked


class Scores(NamedTuple):
    """Of the sets made with one seed."""

    mean_idf1: float
    switches: int


def _scores(read: dict[str, list[Clip]], tracked: dict[str, list[Sequence]]) -> Scores:
    by_set = [score(some, map(_ids, tracked[name])) for name, some in read.items()]
    return Scores(fmean(s.idf1 for s in by_set), sum(s.switches for s in by_set))


def _rows(found: dict[Row, list[Scores]]) -> list[list[str]]:
    """What each row lacks of the one with everything, and the standard error of that."""
    rows = []
    for (part, name), scores in found.items():
        whole = found[part, ""]
        lacks = [s.mean_idf1 - w.mean_idf1 for s, w in zip(scores, whole, strict=True)]
        error = stdev(lacks) / len(lacks) ** 0.5 if len(lacks) > 1 else float("nan")
        rows.append(
            [
                f"{part}, without {name}" if name else part,
                f"{fmean(s.mean_idf1 for s in scores):.2f}",
                f"{fmean(lacks):+.2f} ± {error:.2f}" if name else "",
                str(sum(s.switches for s in scores)),
            ]
        )
    return rows


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


def _online(sequence: Sequence, rule: default, fps: float) -> Sequence:
    return pipeline.track(sequence, Tracker(sequence.skeleton, rule, fps=fps))


def _relinked(tracked: Sequence, costs: Costs, fps: float) -> Sequence:
    return relink(tracked, Tracker(tracked.skeleton, fps=fps), costs=costs)


def _ids(tracked: Sequence) -> list[NDArray]:
    return [poses.track_ids for poses in tracked.frames]
