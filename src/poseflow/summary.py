"""Who was seen when: what a person wants to know of a tracked clip before opening it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .poses import NO_ID, Origin, Sequence


@dataclass(frozen=True)
class Person:
    """One track id through a clip.

    Attributes:
        track_id: from 1.
        frames: in which there is a pose of the person.
        first: the first of them, 0-based.
        last: the last of them.
        gaps: runs of frames between the two in which the person was not seen.
        longest_gap: frames; 0 = no gap.
        filled: poses among them that were put in between two others.
        speed: median speed of the middle of the box between neighbouring frames, in pixels a
            second if the clip's times are known, else in pixels a frame; None = never seen in two
            neighbouring frames.
    """

    track_id: int
    frames: int
    first: int
    last: int
    gaps: int
    longest_gap: int
    filled: int
    speed: float | None


@dataclass(frozen=True)
class Moment:
    """Where an id is most likely wrong.

    Attributes:
        frame: 0-based.
        track_id: the id that was given.
        rival_id: who it may be instead; None = somebody without an id.
        margin: by how much the id that was given is likelier than the best of what else there was.
            Near 1: there was nothing else. Near 0: it might as well have been the other. Below 0
            (online): the other was more alike, and was given up for the good of all.
    """

    frame: int
    track_id: int
    rival_id: int | None
    margin: float


@dataclass(frozen=True)
class Summary:
    """A tracked clip in numbers.

    Attributes:
        frames: of the clip.
        poses: in all frames together.
        without_id: poses that are on no track.
        fused: poses that are the mean of several.
        propagated: poses of people whom the estimator missed, carried over.
        filled: poses of people whom the estimator missed, put in between two frames.
        people: in order of track id.
        speed_unit: of `Person.speed`.
        where_to_look: the moments most likely wrong, the likeliest first.
    """

    frames: int
    poses: int
    without_id: int
    fused: int
    propagated: int
    filled: int
    people: tuple[Person, ...]
    speed_unit: str
    where_to_look: tuple[Moment, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, lists and texts."""
        return asdict(self)


def summarise(sequence: Sequence) -> Summary:
    """The summary of a tracked clip."""
    seen: dict[int, list[tuple[int, float, float, int]]] = defaultdict(list)
    n_poses = without_id = 0
    origins = np.zeros(len(Origin), dtype=np.int64)
    for index, poses in enumerate(sequence.frames):
        middles = (poses.boxes[:, :2] + poses.boxes[:, 2:]) / 2
        n_poses += len(poses)
        without_id += int((poses.track_ids == NO_ID).sum())
        origins += np.bincount(poses.origins, minlength=len(Origin))
        columns = poses.track_ids, *middles.T, poses.origins
        for track_id, x, y, origin in zip(*(c.tolist() for c in columns), strict=True):
            if track_id != NO_ID:
                seen[track_id].append((index, x, y, origin))
    times = sequence.times
    people = tuple(_person(track_id, seen[track_id], times) for track_id in sorted(seen))
    unit = "pixels a frame" if times is None else "pixels a second"
    _, fused, propagated, filled = origins.tolist()
    moments = tuple(_where_to_look(sequence))
    counts = len(sequence), n_poses, without_id, fused, propagated, filled
    return Summary(*counts, people, unit, moments)


def _where_to_look(sequence: Sequence, most: int = 20, apart: float = 1.0) -> list[Moment]:
    """The narrowest decisions; of the same two people, only the narrowest in so many seconds.

    Where times are not known, there are 25 frames in one.
    """
    times = np.arange(len(sequence)) / 25.0 if sequence.times is None else sequence.times
    found: list[Moment] = []
    for doubt in sorted(sequence.doubts, key=lambda doubt: (doubt.margin, doubt.frame, doubt.pose)):
        own = int(sequence.frames[doubt.frame].track_ids[doubt.pose])
        people = {own, doubt.rival} - {NO_ID}
        if own == NO_ID or any(
            abs(times[m.frame] - times[doubt.frame]) < apart and people & {m.track_id, m.rival_id}
            for m in found
        ):
            continue
        other = None if doubt.rival == NO_ID else doubt.rival
        found.append(Moment(doubt.frame, own, other, round(doubt.margin, 3)))
        if len(found) == most:
            break
    return found


def _person(
    track_id: int, seen: list[tuple[int, float, float, int]], times: np.ndarray[Any, Any] | None
) -> Person:
    table = np.array(seen)
    index = table[:, 0].astype(np.int64)
    steps = np.diff(index)
    clock = index if times is None else times[index]
    way = np.hypot(*np.diff(table[:, 1:3], axis=0).T)
    passed = np.diff(clock)
    usable = (steps == 1) & (passed > 0) & ~np.isnan(way)
    return Person(
        track_id=track_id,
        frames=len(index),
        first=int(index[0]),
        last=int(index[-1]),
        gaps=int((steps > 1).sum()),
        longest_gap=int(steps.max(initial=1)) - 1,
        filled=int((table[:, 3] == Origin.FILLED).sum()),
        speed=round(float(np.median(way[usable] / passed[usable])), 2) if usable.any() else None,
    )
