"""The paper's setting on simulated detections: what its parameters do, and what it does to poses.

DIR is as for `identity`; of each set the first few clips are taken. No images. Detections that were
made from nobody, and people seen twice, are in it: before and after are the same frames, as the
estimator gave them and as `FlowTracker` gives them out. All figures are of *simulated* detections.

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
from typing import NamedTuple

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
    parser.add_argument("--clips", type=int, default=2, help="of each set, the first so many (2)")


def run(sets: Path, clips: int) -> Outcome:
    folders = sorted(f for f in sets.iterdir() if any(f.glob("*.truth.json")))
    cases = {f.name: [_case(clip) for clip in read_clips(f)[:clips]] for f in folders}
    settings = {"default": default(), "published": published(), "paper": paper()}
    compared = [["IDF1 / switches / tracks", *cases, "ms a frame"]]
    for name, setting in settings.items():
        outcomes = [_identity(some, setting) for some in cases.values()]
        cells = [said for _, said, _ in outcomes]
        compared.append([name, *cells, f"{fmean(ms for *_, ms in outcomes):.1f}"])
    swept = [["mean IDF1", *[""] * max(map(len, SWEPT.values()))]]
    for name, values in SWEPT.items():
        row = [name]
        for value in values:
            setting = dataclasses.replace(paper(), **{name: value})
            found = fmean(_identity(some, setting)[0] for some in cases.values())
            row.append(f"{value:g}: {found:.1f}")
        swept.append(row + [""] * (len(swept[0]) - len(row)))
    everything = [case for some in cases.values() for case in some]
    before = [case.frames for case in everything]
    after = [tracked(case, paper()) for case in everything]
    mended = [["poses", "mAP", "PCKh", "found", "poses a frame"]]
    for name, given in {
        "as estimated": before,
        "after paper": after,
        "after paper, fused only": [_without(frames, Origin.PROPAGATED) for frames in after],
    }.items():
        ap, pck, found = quality(everything, given)
        crowd = fmean(len(poses) for frames in given for poses in frames)
        mended.append([name, f"{ap:.1f}", f"{pck:.1f}", f"{found:.1f}", f"{crowd:.2f}"])
    text = "\n\n".join(columns(table) for table in (compared, mended, swept))
    figure = Figure("simulated, people found by the poses of the paper's setting, %", "", found)
    return Outcome([figure], f"simulated detections\n\n{text}\n", {"simulated": True})


def _case(clip: Clip) -> Case:
    """The clip with its truth, and as many frames as that has."""
    truth = json.loads(clip.file.with_name(f"{clip.file.stem}.truth.json").read_text())
    true = [
        np.array([p["keypoints"] for p in there], dtype=float).reshape(len(there), -1, 2)
        for there in truth["truth"]
    ]
    frames = list(poseflow.load(clip.file).frames)
    frames += [Poses.empty(16)] * (len(true) - len(frames))
    return Case(clip, true, frames)


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
