"""What each ingredient of the default setting and of relinking earns: each off, one at a time.

On *simulated* detections, as `identity`. A setting's ingredient is off where its parameter says so;
what takes its place is what the rule does without it.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from statistics import fmean

from numpy.typing import NDArray

import poseflow
from poseflow.offline.linking import Costs
from poseflow.poses import Sequence
from poseflow.relinking import relink
from poseflow.tracking import default

from .measure import Figure, Outcome
from .report import columns
from .scoring import Clip, Score, read_clips, score

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
RELINKED = {
    "relinking": Costs(),
    "the logarithm of growth": Costs(dispersal=0.0),
    "votes of the two directions": Costs(vote=0.0),
    "what is usual in the clip": Costs(surprise=0.0),
    "motion": Costs(persistence=1e-3),
    "pose and place": Costs(similarity=0.0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders of folders of clips; folders of one name count as one set",
    )
    parser.add_argument("--clips", type=int, default=7, help="the first so many of each set (7)")


def run(sets: list[Path], clips: int) -> Outcome:
    read: dict[str, list[Clip]] = {}
    for folder in sorted(f for several in sets for f in several.iterdir()):
        if any(folder.glob("*.truth.json")):
            some = itertools.islice(read_clips(folder), clips)
            read.setdefault(folder.name, []).extend(some)
    found: dict[str, dict[str, Score]] = {}
    for name, rule in ONLINE.items():
        found[name] = {
            s: score(some, [_ids(_online(c, rule)) for c in some]) for s, some in read.items()
        }
    tracked = {s: [_online(clip, default()) for clip in some] for s, some in read.items()}
    for name, costs in RELINKED.items():
        found[f"relinked: {name}"] = {
            s: score(some, [_ids(_relinked(t, costs)) for t in tracked[s]])
            for s, some in read.items()
        }
    rows = [
        [name if "relinking" in name or name == "the default" else f"without {name}",
         *(str(by[s]) for s in read), f"{fmean(by[s].idf1 for s in read):.1f}",
         str(sum(by[s].switches for s in read))]
        for name, by in found.items()
    ]  # fmt: skip
    table = columns([["IDF1 / switches / tracks", *read, "mean", "switches"], *rows])
    mean = fmean(found["the default"][s].idf1 for s in read)
    figures = [Figure("simulated, mean IDF1 of the default setting", "", mean)]
    return Outcome(figures, f"simulated detections\n\n{table}\n", {"simulated": True})


def _online(clip: Clip, rule: default) -> Sequence:
    sequence = poseflow.load(clip.file)
    tracker = poseflow.Tracker(sequence.skeleton, rule)
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
