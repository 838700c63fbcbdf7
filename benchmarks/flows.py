"""The paper's setting on simulated detections: what its parameters do, and what it does to poses.

DIR is as for `identity`; parameters are swept on the first few clips of each set. No images.
Detections that were made from nobody, and people seen twice, are in it: before and after are the
same frames, as the estimator gave them and as `FlowTracker` gives them out. With a second folder of
the same clips, estimated with other errors, everybody is seen twice: both estimates of each frame
are put together, and the fused poses held against one estimate alone. All figures are of
*simulated* detections.

A joint is right if it lies within half the length from neck to head top of the true one (PCKh, for
want of head boxes), and a person is found if a pose has an OKS of at least 0.5.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import poseflow
from poseflow.assignment import assign
from poseflow.evaluation.precision import Grades, average_precision
from poseflow.poses import Origin, Poses
from poseflow.tracking import FlowTracker, Tracker, default, paper, published

from .measure import Figure, Outcome
from .report import columns
from .scoring import LEAST_OKS, Clip, oks, read_clips, score

FloatArray = NDArray[np.float64]

NECK, HEAD_TOP = 8, 9
"""Of MPII's joints."""

SWEPT = {
    "candidate": (0.04, 1.0, 2.0, 4.0, 8.0),
    "ahead": (1, 2, 3, 5),
    "gain": (0.0, 0.15, 0.3, 0.5, 0.8),
    "window": (5, 10, 20, 40),
    "distance": (0.5, 1.0, 1.5, 2.0),
    "closeness": (0.0, 0.5, 1.0, 2.0),
    "patience": (0, 2, 4, 8),
    "least": (1, 3, 5, 8),
}
"""0.04 is the paper's epsilon; a closeness of 0 is the paper's choice."""


class Case(NamedTuple):
    """A clip, its true people in each frame (P, K, 2), and the poses that the estimator gave."""

    clip: Clip
    true: list[FloatArray]
    frames: list[Poses]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets", type=Path, required=True, metavar="DIR", help="a folder of folders of clips"
    )
    parser.add_argument(
        "--again", type=Path, metavar="DIR", help="the same clips, estimated a second time"
    )
    parser.add_argument(
        "--sweep", type=Path, metavar="DIR", help="sweep on these clips (those of --sets)"
    )
    parser.add_argument(
        "--clips", type=int, default=2, help="sweep on the first so many of each set (2); 0 = none"
    )


def run(sets: Path, again: Path | None, sweep: Path | None, clips: int) -> Outcome:
    folders = sorted(f for f in sets.iterdir() if any(f.glob("*.truth.json")))
    cases = {f.name: [case_of(clip) for clip in read_clips(f)] for f in folders}
    everything = [case for some in cases.values() for case in some]
    mended = {
        "as estimated": [case.frames for case in everything],
        "after paper": (after := [tracked(case, paper()) for case in everything]),
        "after paper, fused only": [_without(frames, Origin.PROPAGATED) for frames in after],
    }
    if again is not None:
        twice = [
            both for name, some in cases.items() for both in _twice(some, read_clips(again / name))
        ]
        mended["everybody twice"] = [case.frames for case in twice]
        after = [tracked(case, paper()) for case in twice]
        mended["everybody twice, after paper"] = after
    tables = [_compared(cases), _mended(everything, mended)]
    if clips:
        folder = sweep or sets
        few = {name: read_clips(folder / name)[:clips] for name in cases}
        tables.append(_swept({name: list(map(case_of, some)) for name, some in few.items()}))
    found = quality(everything, mended["after paper"])[2]
    figure = Figure("simulated, people found by the poses of the paper's setting, %", "", found)
    text = "\n\n".join(map(columns, tables))
    return Outcome([figure], f"simulated detections\n\n{text}\n", {"simulated": True})


def _compared(cases: dict[str, list[Case]]) -> list[list[str]]:
    settings = {"default": default(), "published": published(), "paper": paper()}
    table = [["IDF1 / switches / tracks", *cases, "ms a frame"]]
    for name, setting in settings.items():
        outcomes = [_identity(some, setting) for some in cases.values()]
        cells = [said for _, said, _ in outcomes]
        table.append([name, *cells, f"{fmean(ms for *_, ms in outcomes):.1f}"])
    return table


def _mended(cases: list[Case], poses: dict[str, list[list[Poses]]]) -> list[list[str]]:
    table = [["poses", "mAP", "PCKh", "found", "poses a frame"]]
    for name, given in poses.items():
        crowd = fmean(len(one) for frames in given for one in frames)
        table.append([name, *(f"{share:.1f}" for share in quality(cases, given)), f"{crowd:.2f}"])
    return table


def _swept(cases: dict[str, list[Case]]) -> list[list[str]]:
    """The mean over the sets, with one parameter changed at a time."""
    width = max(map(len, SWEPT.values()))
    table = [["mean IDF1 of the first clips", *[""] * width]]
    done: dict[paper, float] = {}
    for name, values in SWEPT.items():
        row = [name]
        for value in values:
            changed: dict[str, Any] = {name: value}
            setting = dataclasses.replace(paper(), **changed)
            if setting not in done:
                done[setting] = fmean(_identity(some, setting)[0] for some in cases.values())
            row.append(f"{value:g}: {done[setting]:.1f}")
        table.append(row + [""] * (width + 1 - len(row)))
    return table


def case_of(clip: Clip) -> Case:
    """The clip with its truth, and as many frames as that has."""
    truth = json.loads(clip.file.with_name(f"{clip.file.stem}.truth.json").read_text())
    true = [
        np.array([p["keypoints"] for p in there], dtype=float).reshape(len(there), -1, 2)
        for there in truth["truth"]
    ]
    frames = list(poseflow.load(clip.file).frames)
    frames += [Poses.empty(16)] * (len(true) - len(frames))
    return Case(clip, true, frames)


def _twice(cases: list[Case], others: list[Clip]) -> list[Case]:
    """The same clips with what was estimated the second time as well."""
    return [
        case._replace(frames=[together(*both) for both in zip(case.frames, frames, strict=True)])
        for case, (_, _, frames) in zip(cases, map(case_of, others), strict=True)
    ]


def together(a: Poses, b: Poses) -> Poses:
    return Poses.from_keypoints(
        np.concatenate([a.keypoints, b.keypoints]),
        np.concatenate([a.keypoint_scores, b.keypoint_scores]),
        np.concatenate([a.scores, b.scores]),
    )


def tracked(case: Case, setting: default | published | paper) -> list[Poses]:
    """The poses of each frame with their ids."""
    skeleton = poseflow.skeleton("mpii-16")
    if not isinstance(setting, paper):
        tracker = Tracker(skeleton, setting)
        return [tracker.update(poses) for poses in case.frames]
    flows = FlowTracker(skeleton, setting)
    final = [frame for poses in case.frames for frame in flows.update(poses)] + flows.finish()
    return [frame.poses for frame in final]


def _identity(cases: list[Case], setting: default | published | paper) -> tuple[float, str, float]:
    """IDF1, the same with switches and tracks in words, and milliseconds a frame."""
    clips, ids = [], []
    start = time.process_time()
    frames = [tracked(case, setting) for case in cases]
    taken = time.process_time() - start
    for case, given in zip(cases, frames, strict=True):
        alike = [oks(true, poses.keypoints) for true, poses in zip(case.true, given, strict=True)]
        distances = [np.where(one >= LEAST_OKS, 1.0 - one, np.nan) for one in alike]
        clips.append(dataclasses.replace(case.clip, distances=distances))
        ids.append([poses.track_ids for poses in given])
    found = score(clips, ids)
    return found.idf1, str(found), 1000 * taken / sum(map(len, frames))


def quality(cases: Iterable[Case], given: Iterable[list[Poses]]) -> tuple[float, float, float]:
    """Percent: mean AP over the joints, joints right of the people found, and people found."""
    grades, right, judged, found, people = [], 0, 0, 0, 0
    for case, frames in zip(cases, given, strict=True):
        for true, poses in zip(case.true, frames, strict=True):
            alike = np.nan_to_num(oks(true, poses.keypoints))
            i, j = assign(alike).T
            i, j = i[alike[i, j] >= LEAST_OKS], j[alike[i, j] >= LEAST_OKS]
            head = np.linalg.norm(true[:, HEAD_TOP] - true[:, NECK], axis=1)
            apart = np.linalg.norm(true[i] - poses.keypoints[j], axis=2)
            near = apart <= 0.5 * head[i, None]
            known = ~np.isnan(true[..., 0])
            correct = np.zeros((len(poses), known.shape[1]), dtype=np.bool_)
            correct[j] = near
            # As AlphaPose's users rank joints: by the person's score and the joint's.
            scores = poses.scores[:, None] * poses.keypoint_scores
            scores = np.where(np.isnan(poses.keypoints[..., 0]), np.nan, scores)
            grades.append(Grades(scores, correct, known.sum(axis=0)))
            right, judged = right + int(near.sum()), judged + int(known[i].sum())
            found, people = found + len(i), people + len(true)
    ap = 100 * float(np.nanmean(average_precision(grades).ap))
    return ap, 100 * right / judged, 100 * found / people


def _without(frames: list[Poses], origin: Origin) -> list[Poses]:
    return [poses[poses.origins != origin] for poses in frames]
