"""Whether moments that are said to be the likeliest wrong are: on simulated detections.

DIRs are as for `identity`. Counted are ids that were told with a margin (`Sequence.doubts`), by
what it was, and of these the wrong ones: the pose before with that id was another person's, or the
person had had another id. And switches of a person's id, of which one is listed if a moment of
`where_to_look` within five frames is about one of the two ids.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from poseflow import pipeline
from poseflow.poses import Sequence
from poseflow.relinking import counted, relink
from poseflow.summary import summarise
from poseflow.tracking import Tracker, default

from .measure import Figure, Outcome
from .report import columns
from .scoring import Clip, add_sets, read_clips, sequence_of

BANDS = (-np.inf, 0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
WITHIN = 5
"""Frames."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_sets(parser)


@dataclass
class Count:
    """Of one way to track: (B,) ids told and wrong ones by band of margin, moments, switches."""

    told: np.ndarray = field(default_factory=lambda: np.zeros(len(BANDS) - 1, dtype=np.int64))
    wrong: np.ndarray = field(default_factory=lambda: np.zeros(len(BANDS) - 1, dtype=np.int64))
    moments: int = 0
    switches: int = 0
    listed: int = 0

    def add(self, clip: Clip, tracked: Sequence) -> None:
        """Count one clip more."""
        people, ids = clip.sources, [poses.track_ids.tolist() for poses in tracked.frames]
        strange = {(f, pose) for f, pose in _strange(people, ids)}
        for doubt in tracked.doubts:
            if people[doubt.frame][doubt.pose] >= 0:
                band = np.searchsorted(BANDS[1:], doubt.margin, side="right")
                self.told[band] += 1
                self.wrong[band] += (doubt.frame, doubt.pose) in strange
        moments = summarise(tracked).where_to_look
        self.moments += len(moments)
        for frame, before, after in _switches(people, ids):
            self.switches += 1
            self.listed += any(
                abs(m.frame - frame) <= WITHIN and {m.track_id, m.rival_id} & {before, after}
                for m in moments
            )


def run(sets: list[Path]) -> Outcome:
    found = {"online": Count(), "--relink": Count(), "--people N": Count()}
    for folder in (f for several in sets for f in sorted(several.iterdir())):
        for clip in read_clips(folder):
            found["online"].add(clip, online := _online(clip, default()))
            found["--relink"].add(clip, _linked(online, None))
            people = len({i for there in clip.people for i in there})
            there = _online(clip, counted(default()))
            found["--people N"].add(clip, _linked(there, people))
    return Outcome(
        list(_figures(found)), f"simulated detections\n\n{_table(found)}\n", {"simulated": True}
    )


def _online(clip: Clip, rule: default) -> Sequence:
    sequence = sequence_of(clip)
    return pipeline.track(sequence, Tracker(sequence.skeleton, rule))


def _linked(tracked: Sequence, people: int | None) -> Sequence:
    return relink(tracked, Tracker(tracked.skeleton), people=people)


def _strange(people: list[np.ndarray], ids: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Frame and pose of ids whose pose before was another person's, or who had another id."""
    whose: dict[int, int] = {}
    known: dict[int, int] = {}
    for frame, (there, given) in enumerate(zip(people, ids, strict=True)):
        for pose, (person, track_id) in enumerate(zip(there.tolist(), given, strict=True)):
            if person < 0 or track_id < 0:
                continue
            had = whose.get(track_id)
            if (had is not None and had != person) or (had is None and person in known):
                yield frame, pose
            whose[track_id] = person
            known[person] = track_id


def _switches(people: list[np.ndarray], ids: list[list[int]]) -> Iterator[tuple[int, int, int]]:
    """Frame, id before and id after of each change of a person's id."""
    known: dict[int, int] = {}
    for frame, (there, given) in enumerate(zip(people, ids, strict=True)):
        for person, track_id in zip(there.tolist(), given, strict=True):
            if person >= 0 and track_id >= 0:
                if known.setdefault(person, track_id) != track_id:
                    yield frame, known[person], track_id
                known[person] = track_id


def _figures(found: dict[str, Count]) -> Iterator[Figure]:
    for name, count in found.items():
        told = f"simulated, {name}: of {count.switches} changes of an id, near a moment listed"
        yield Figure(told, "", count.listed / max(count.switches, 1))
        yield Figure(f"simulated, {name}: moments listed", "", count.moments)


def _table(found: dict[str, Count]) -> str:
    head = [f"below {high:g}" for high in BANDS[1:]]
    rows = [["wrong of told, by margin", *head]]
    for name, count in found.items():
        cells = zip(count.wrong.tolist(), count.told.tolist(), strict=True)
        rows.append([name, *(f"{wrong} of {told}" if told else "–" for wrong, told in cells)])
    return columns(rows)
