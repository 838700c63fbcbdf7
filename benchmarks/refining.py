"""What filling and smoothing do to tracked poses, on simulated detections of real people's tracks.

DIR holds a folder for each set, and that NAME.json (detections, AlphaPose's list) and
NAME.truth.json (who they truly are, and where) for each clip. Every clip is tracked with the
default setting, without images, and then bettered in several ways.

IDF1 is py-motmetrics'. A person is found where a pose with an id has an OKS of at least 0.5, one to
one. The keypoints' error is their distance from where people annotated them, in percent of the
longer side of the true person, of the same poses in every row: those that are found as they were
tracked. Jitter is the second difference of that error from frame to frame, to which movement adds
nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import poseflow
from poseflow.assignment import assign_allowed
from poseflow.offline.filling import fill
from poseflow.offline.one_euro import smooth_online
from poseflow.offline.smoothing import smooth
from poseflow.poses import NO_ID, Origin, Sequence

from .measure import Figure, Outcome
from .report import columns
from .scoring import LEAST_OKS, Clip, oks, read_clips, score

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Better = Callable[[Sequence, float], Sequence]
"""(clip, frames a second) -> the clip."""

WAYS: dict[str, Better] = {
    "as tracked": lambda clip, fps: clip,
    "--fill 5": lambda clip, fps: fill(clip, 5),
    "--fill 10": lambda clip, fps: fill(clip, 10),
    "--smooth": smooth,
    "--smooth online": smooth_online,
    "--fill 10 --smooth": lambda clip, fps: smooth(fill(clip, 10), fps),
}


@dataclass
class Sums:
    """Over the clips of a set.

    Attributes:
        people: true ones, in all frames.
        poses: with an id.
        found: people with a pose.
        put_in: filled poses.
        put_right: those of them with a person.
        error: percent, over all keypoints.
        near: keypoints within 5 %.
        keypoints: of all found people.
        jitter: percent a frame², over all triples of frames.
        triples: keypoints in three frames in a row.
    """

    people: int = 0
    poses: int = 0
    found: int = 0
    put_in: int = 0
    put_right: int = 0
    error: float = 0.0
    near: int = 0
    keypoints: int = 0
    jitter: float = 0.0
    triples: int = 0

    def add(self, other: Sums) -> None:
        """Of one clip more."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def row(self) -> list[str]:
        """Under `HEAD`."""
        put = f"{100 * self.put_right / self.put_in:.1f} of {self.put_in}" if self.put_in else "–"
        return [
            f"{100 * self.found / self.people:.1f}",
            f"{100 * self.found / self.poses:.1f}",
            put,
            f"{self.error / self.keypoints:.2f}",
            f"{100 * self.near / self.keypoints:.1f}",
            f"{self.jitter / self.triples:.2f}",
        ]


HEAD = ["IDF1", "found", "of the poses", "of those put in", "error", "within 5 %", "jitter"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sets", type=Path, required=True, metavar="DIR", help="a folder of folders of clips"
    )
    parser.add_argument(
        "--only",
        default="A,C",
        metavar="NAMES",
        help="of the sets; of more than 12 frames a second, for 6 Hz are to be told (A,C)",
    )


def run(sets: Path, only: str) -> Outcome:
    text, figures = [], []
    details: dict[str, dict[str, list[str]]] = {}
    for folder in (sets / name for name in only.split(",")):
        sums, idf1 = _of_set(folder)
        rows = {name: [f"{idf1[name]:.1f}", *one.row()] for name, one in sums.items()}
        details[folder.name] = rows
        text.append(columns([[folder.name, *HEAD], *([name, *row] for name, row in rows.items())]))
        before, after = sums["as tracked"], sums["--fill 10 --smooth"]
        figures.append(
            Figure(
                f"simulated {folder.name}, jitter after --fill 10 --smooth",
                "% a frame²",
                after.jitter / after.triples,
                peer="as tracked",
                theirs=before.jitter / before.triples,
            )
        )
    said = "\n\n".join(["simulated detections; percent", *text, ""])
    return Outcome(figures, said, {"simulated": True, "columns": HEAD, "percent": details})


def _of_set(folder: Path) -> tuple[dict[str, Sums], dict[str, float]]:
    """Of each way, the sums and the IDF1."""
    sums = {name: Sums() for name in WAYS}
    scored: dict[str, list[tuple[Clip, list[IntArray]]]] = {name: [] for name in WAYS}
    for detections in read_clips(folder):
        truth = json.loads(detections.file.with_suffix(".truth.json").read_text())
        people = [_people(frame) for frame in truth["truth"]]
        seen = poseflow.load(detections.file)
        tracker = poseflow.Tracker(seen.skeleton)
        tracked = [tracker.update(poses) for poses in seen.frames]
        # Frames after the last detection are frames all the same.
        people = people[: len(tracked)]
        clip = seen.with_frames(tracked)
        same = [_found(true, poses) for (_, true), poses in zip(people, tracked, strict=True)]
        for name, better in WAYS.items():
            bettered = better(clip, truth["fps"])
            sums[name].add(_measured(people, bettered, same))
            scored[name].append(_to_score(detections, people, bettered))
    idf1 = {name: score(*zip(*clips, strict=True)).idf1 for name, clips in scored.items()}
    return sums, idf1


def _to_score(
    detections: Clip, people: list[tuple[list[int], FloatArray]], clip: Sequence
) -> tuple[Clip, list[IntArray]]:
    """The clip and its ids, as `scoring.score` takes them."""
    alike = [
        oks(true, poses.keypoints) for (_, true), poses in zip(people, clip.frames, strict=True)
    ]
    distances = [np.where(a >= LEAST_OKS, 1 - a, np.nan) for a in alike]
    ids = [poses.track_ids for poses in clip.frames]
    # Frames after the last detection have people all the same, and no pose.
    for there in detections.people[len(clip) :]:
        distances.append(np.empty((len(there), 0)))
        ids.append(np.empty(0, dtype=np.int64))
    return dataclasses.replace(detections, distances=distances), ids


def _people(frame: list[dict[str, object]]) -> tuple[list[int], FloatArray]:
    """Ids and keypoints (P, K, 2) of who is truly there."""
    true = np.array([p["keypoints"] for p in frame], dtype=float).reshape(len(frame), -1, 2)
    return [int(str(p["id"])) for p in frame], true


def _found(true: FloatArray, poses: poseflow.Poses) -> list[tuple[int, int]]:
    """(person, pose) of those that belong together."""
    named = np.flatnonzero(poses.track_ids != NO_ID)
    alike = oks(true, poses.keypoints[named])
    pairs = assign_allowed(alike, alike >= LEAST_OKS)
    return [(person, int(named[pose])) for person, pose in pairs.tolist()]


def _measured(
    people: list[tuple[list[int], FloatArray]], clip: Sequence, same: list[list[tuple[int, int]]]
) -> Sums:
    sums = Sums()
    # (person, track) -> frame -> error of each keypoint, as vectors in percent.
    errors: dict[tuple[int, int], dict[int, FloatArray]] = {}
    for t, ((ids, true), poses, pairs) in enumerate(zip(people, clip.frames, same, strict=True)):
        found = _found(true, poses)
        put_in = poses.origins == Origin.FILLED
        sums.people += len(true)
        sums.poses += int((poses.track_ids != NO_ID).sum())
        sums.found += len(found)
        sums.put_in += int(put_in.sum())
        sums.put_right += int(put_in[[pose for _, pose in found]].sum())
        for person, pose in pairs:
            there = true[person]
            size = (np.nanmax(there, axis=0) - np.nanmin(there, axis=0)).max()
            key = (ids[person], int(poses.track_ids[pose]))
            errors.setdefault(key, {})[t] = 100 * (poses.keypoints[pose] - there) / size
    for track in errors.values():
        for t, error in track.items():
            away = np.linalg.norm(error, axis=-1)
            sums.error += float(np.nansum(away))
            sums.near += int((away < 5).sum())
            sums.keypoints += int((~np.isnan(away)).sum())
            if t - 1 in track and t + 1 in track:
                change = np.linalg.norm(track[t - 1] - 2 * error + track[t + 1], axis=-1)
                sums.jitter += float(np.nansum(change))
                sums.triples += int((~np.isnan(change)).sum())
    return sums
