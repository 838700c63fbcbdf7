"""Every switch on simulated detections, by what had happened to the person since the pose before.

DIR is as for `identity`. Had there been a detection of the person in each frame, or not, and for
how long? Whose id came next? Was somebody else near: a box (of true joints) with an IoU above 0.3?
A person keeps the id last had where that is possible, as CLEAR MOT counts; ties may fall another
way than in py-motmetrics. All figures are of *simulated* detections.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from poseflow.assignment import assign_allowed
from poseflow.geometry import boxes_around
from poseflow.poses import Origin, Poses
from poseflow.similarity import box_iou
from poseflow.tracking import default, paper

from .flows import Case, case_of, tracked
from .measure import Outcome
from .report import columns
from .scoring import LEAST_OKS, oks, read_clips

IntArray = NDArray[np.int64]

LONG = paper().patience
"""Frames for which the paper's setting carries somebody over."""

NEAR = 0.3
"""IoU."""

KINDS = (
    "never missed, to an id of somebody else",
    "never missed, to a new id",
    "never missed, back to an earlier id of their own",
    f"missed for 1 to {LONG} frames",
    f"missed for more than {LONG}",
    "a carried pose of somebody else stands there",
)


class Switch(NamedTuple):
    """What had happened, and whether somebody else was near."""

    kind: str
    crowded: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets", type=Path, required=True, metavar="DIR", help="a folder of folders of clips"
    )


def run(sets: Path) -> Outcome:
    folders = sorted(f for f in sets.iterdir() if any(f.glob("*.truth.json")))
    cases = [case_of(clip) for folder in folders for clip in read_clips(folder)]
    settings = {
        "default": default(),
        "paper": paper(),
        "paper, patience 0": dataclasses.replace(paper(), patience=0),
    }
    found = {
        name: [one for case in cases for one in _switches(case, tracked(case, setting))]
        for name, setting in settings.items()
    }
    kinds = {name: Counter(one.kind for one in some) for name, some in found.items()}
    table = [["switches", *settings]]
    table += [[kind, *(str(kinds[name][kind]) for name in settings)] for kind in KINDS]
    table.append(["together", *(str(len(some)) for some in found.values())])
    alone = (
        sum(one.kind in KINDS[:3] and not one.crowded for one in some) for some in found.values()
    )
    table.append(["of those never missed, nobody near", *map(str, alone)])
    return Outcome([], f"simulated detections\n\n{columns(table)}\n", {"simulated": True})


def _switches(case: Case, frames: list[Poses]) -> Iterator[Switch]:
    """Of a clip, given the final poses of each frame with their ids."""
    # Of each person the id and the frame last seen with it; of each id its person.
    last: dict[int, tuple[int, int]] = {}
    owner: dict[int, int] = {}
    for index, (true, poses) in enumerate(zip(case.true, frames, strict=True)):
        people, named = case.clip.people[index], poses[poses.track_ids >= 0]
        before = np.array([last.get(one, (-1, -1))[0] for one in people.tolist()], dtype=np.int64)
        for i, j in _pairs(oks(true, named.keypoints), before, named.track_ids):
            person, one = int(people[i]), int(named.track_ids[j])
            if before[i] not in (-1, one):
                since = range(last[person][1], index + 1)
                missed = sum(person not in case.clip.sources[f] for f in since[1:-1])
                carried = named.origins[j] == Origin.PROPAGATED
                kind = _kind(owner.get(one), person, missed, bool(carried))
                yield Switch(kind, any(_is_crowded(case, f, person) for f in since))
            last[person], owner[one] = (one, index), person


def _pairs(alike: NDArray[np.float64], before: IntArray, ids: IntArray) -> list[list[int]]:
    """(person, pose) of a frame: first those who keep their id, of the others as many as can."""
    allowed = np.nan_to_num(alike) >= LEAST_OKS
    kept = allowed & (before[:, None] == ids)
    free = allowed & ~kept.any(axis=1, keepdims=True) & ~kept.any(axis=0)
    return np.argwhere(kept).tolist() + assign_allowed(alike, free).tolist()


def _kind(owner: int | None, person: int, missed: int, carried: bool) -> str:
    if carried:
        return KINDS[5]
    if missed:
        return KINDS[4] if missed > LONG else KINDS[3]
    if owner is None:
        return KINDS[1]
    return KINDS[2] if owner == person else KINDS[0]


def _is_crowded(case: Case, index: int, person: int) -> bool:
    """Whether somebody else is near a person in a frame."""
    here = case.clip.people[index] == person
    boxes = boxes_around(case.true[index])
    return bool((box_iou(boxes[here][:, None], boxes[~here]) > NEAR).any())
