"""Real clips whose people somebody marked by eye: ids, and where somebody's id changes.

What was marked is a line for each frame and a letter for each pose in the order of its file: who it
is of; "." = nobody marked, half of two people, or one a second time, and it does not count.
`benchmarks/truth/vtest.txt` was marked on enlarged frames with poses drawn over them: who is who on
each of 111 tracklets that both directions of tracking agree on, and, pose by pose, wherever two
people are near one another. It goes with poses of RTMDet-nano and SimplePose.

A change is a person whose id is another than when they last had one. An id is of two if it was on
two people, in three frames or more each.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import poseflow
from poseflow import cli
from poseflow.errors import InputError
from poseflow.pipeline import on_video
from poseflow.poses import NO_ID, Sequence
from poseflow.video import Video, open_video

from .measure import Figure, Outcome
from .peers import peers
from .report import columns
from .scoring import judged

IntArray = NDArray[np.int64]
NOBODY = "."
OF_TWO = 3
"""Frames on each of two people that make an id one of two."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--poses", type=Path, required=True, help="of that video, any format")
    parser.add_argument("--truth", type=Path, required=True, help="who each pose is of")


def run(video: Path, poses: Path, truth: Path) -> Outcome:
    opened = open_video(video)
    clip = on_video(poseflow.load(poses), opened)
    people = read_marks(truth, clip)
    ways = _ways(video, opened.fps)
    given = {name: _tracked(clip, opened, poses, options) for name, options in ways.items()}
    ours = [name for name, options in ways.items() if "--setting" not in options]
    others = peers()
    for name, peer in others.items():
        tracker = peer.make()
        prepared = [peer.prepare(p) for p in clip.frames]
        given[name] = [peer.ids(p, tracker.update(p)) for p in prepared]
    changed = {name: list(changes(people, ids)) for name, ids in given.items()}
    best = min(others, key=lambda name: len(changed[name]))
    figures = [
        Figure(
            name=f"{video.name}: somebody's id changes, default {name}",
            unit="changes",
            ours=len(changed[name]),
            peer=best,
            theirs=len(changed[best]),
            ratio=len(changed[best]) / max(len(changed[name]), 1),
        )
        for name in ours
    ]
    table = [["", "ids", "of two", "changes", "IDF1"]]
    for name, ids in given.items():
        told = {i for frame in ids for i in frame.tolist() if i != NO_ID}
        counts = len(told), of_two(people, ids), len(changed[name])
        table.append([name, *map(str, counts), f"{idf1(people, ids):.1f}"])
    where = [
        f"{name}: {', '.join(f'{frame} {chr(who)}' for frame, who in changed[name])}"
        for name in ours
    ]
    n_people = len(np.setdiff1d(np.concatenate(people), [NO_ID]))
    words = [f"{n_people} people", columns(table), "Where ids change, frame and person:", *where]
    return Outcome(figures, "\n\n".join(words) + "\n")


def _ways(video: Path, fps: float) -> dict[str, list[str]]:
    """Options of `poseflow track`; without --setting, of the default one."""
    alone = ["--fps", str(fps)]
    cues = {
        "poses only": alone,
        "with flow": [str(video), "--appearance", "none"],
        "with flow and colours": [str(video)],
    }
    relinked = {f"{name}, --relink": [*given, "--relink"] for name, given in cues.items()}
    published = ["--setting", "published"]
    return (
        cues
        | relinked
        | {
            "published, poses only": [*alone, *published],
            "published, with flow": [str(video), *published],
            "detect-and-track": [*alone, "--setting", "detect-and-track"],
        }
    )


def read_marks(file: Path, clip: Sequence) -> list[IntArray]:
    """Of each frame (N,) who each pose is of, the number of the letter; −1 = it does not count.

    Raises:
        InputError: a frame has not as many letters as poses.
    """
    lines = file.read_text().splitlines()
    if len(lines) != len(clip):
        raise InputError(
            f"{file}: expected a line for each of {len(clip)} frames, got {len(lines)}"
        )
    for frame, (line, poses) in enumerate(zip(lines, clip.frames, strict=True)):
        if len(line) != len(poses):
            raise InputError(
                f"{file}: frame {frame}: expected {len(poses)} letters, got {len(line)}"
            )
    return [
        np.array([NO_ID if letter == NOBODY else ord(letter) for letter in line], dtype=np.int64)
        for line in lines
    ]


def changes(people: list[IntArray], ids: list[IntArray]) -> Iterator[tuple[int, int]]:
    """The frame and the person, wherever an id is another than the one they last had."""
    last: dict[int, int] = {}
    for frame, (here, given) in enumerate(zip(people, ids, strict=True)):
        for person, name in sorted(_both(here, given)):
            if last.get(person, name) != name:
                yield frame, person
            last[person] = name


def of_two(people: list[IntArray], ids: list[IntArray]) -> int:
    """How many ids were on two people, in at least `OF_TWO` frames each."""
    pairs = Counter(
        pair for here, given in zip(people, ids, strict=True) for pair in _both(here, given)
    )
    owners = Counter(name for (_, name), frames in pairs.items() if frames >= OF_TWO)
    return sum(count > 1 for count in owners.values())


def idf1(people: list[IntArray], ids: list[IntArray]) -> float:
    """In percent, of the poses that were marked."""
    frames = []
    for here, given in zip(people, ids, strict=True):
        there = here[here != NO_ID]
        distances = np.where(there[:, None] == here, 0.0, np.nan)
        frames.append((there, distances, np.where(here == NO_ID, NO_ID, given)))
    return judged([frames]).idf1


def _both(here: IntArray, given: IntArray) -> Iterator[tuple[int, int]]:
    """The person and the id of each pose of a frame (N,) that has both."""
    told = (here != NO_ID) & (given != NO_ID)
    yield from zip(here[told].tolist(), given[told].tolist(), strict=True)


def _tracked(clip: Sequence, film: Video, poses: Path, options: list[str]) -> list[IntArray]:
    """The ids that `poseflow track` gives the poses of each frame, which it leaves in order."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tracked.json"
        arguments = ["track", *options, "--poses", str(poses), "--out", str(out), "--quiet"]
        if cli.main(arguments) != 0:
            raise InputError(f"poseflow {' '.join(arguments)}: failed")
        tracked = on_video(poseflow.load(out), film)
        for before, after in zip(clip.frames, tracked.frames, strict=True):
            np.testing.assert_array_equal(before.keypoints, after.keypoints)
        return [poses.track_ids for poses in tracked.frames]
