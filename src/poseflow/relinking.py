"""The whole clip at once: track it from both ends, and link what the two directions agree on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from collections.abc import Sequence as Frames
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import pipeline
from .errors import InputError
from .frames import Correspondences, ImageArray
from .looks import clear
from .offline.linking import Costs, Paths, paths
from .offline.tracklets import Tracklets, tracklets
from .poses import NO_ID, Appearance, Doubt, Poses, Sequence
from .tracking import Rule, Tracker, default

IntArray = NDArray[np.int64]

NARROW = 0.9
"""Of margins of links, below which they are told: one of a hundred beyond is wrong. (simulated)"""
CERTAIN = 0.12
"""Seconds unseen that both directions may bridge without being asked again."""
RIVAL = 0.8
"""`default.rival` where the number of people is known: who is seen once too often is left out."""


class Remembered:
    """Correspondences of a clip, kept for the way back: a `pipeline.Recorder`.

    In single precision: of a clip with images they are most of what is remembered.

    Attributes:
        looks: what people looked like, (N, D) for each frame; empty if nobody asked.
    """

    def __init__(self) -> None:
        self.looks: list[NDArray[np.float32]] = []
        self._found: dict[tuple[str, str], NDArray[np.float32]] = {}

    def looking(self, appearance: Appearance) -> Appearance:
        """The same appearance; what it tells of clear views is kept, frame by frame."""

        def look(image: ImageArray, poses: Poses) -> NDArray[np.float64]:
            looks = appearance(image, poses)
            views = np.where(clear(poses.boxes)[:, None], looks, np.nan)
            self.looks.append(views.astype(np.float32))
            return looks

        return look

    def __call__(self, before: str, after: str, found: Correspondences) -> None:
        """Keep what was found between two neighbours."""
        self._found[before, after] = np.stack(found).astype(np.float32)

    def backwards(self, before: str, after: str) -> Correspondences | None:
        """The same seen from the later frame, which is `before` on the way back."""
        found = self._found.get((after, before))
        if found is None:
            return None
        source, target = found.astype(np.float64)
        return Correspondences(target, source)


def counted(rule: Rule) -> Rule:
    """The rule to track with on the way there if the number of people is known.

    Two people in one place are then not taken for one seen twice, if both are seen well: whoever is
    too many is left out when the clip is linked. On the way back the rule is as it was: then the
    two directions err in different places. Rules other than `default` stay as they are.
    """
    return (
        dataclasses.replace(rule, rival=min(rule.rival, RIVAL))
        if isinstance(rule, default)
        else rule
    )


def relink(
    tracked: Sequence,
    tracker: Tracker,
    remembered: Remembered | None = None,
    people: int | None = None,
    costs: Costs | None = None,
    watch: pipeline.Watch = iter,
) -> Sequence:
    """The same poses with ids that all of the clip speaks for; the doubts are those of the links.

    Where two people meet, trackers that run forwards and backwards err in different places: what
    they agree on is kept, the rest decided at once for the clip (`offline.linking.paths`).

    Args:
        tracked: a clip with the ids that a tracker gave it.
        tracker: a fresh one, for the way back; its rate of frames is the clip's.
        remembered: what was known of the images on the way there; None = poses only.
        people: there are at most so many, and every id is one of them; poses of nobody among
            them have none. None = unknown. If it is known, `tracked` is best by a `counted` rule.
        costs: of links; None = the defaults.
        watch: wraps the frames' poses on the way back, to show progress.

    Raises:
        InputError: `people` is not a number of people.
    """
    if people is not None and people < 1:
        raise InputError(f"people: expected at least 1, got {people}")
    names = pipeline.correspondence_names(tracked)
    turned = dataclasses.replace(
        tracked, frames=_Turned(tracked.frames), image_names=names[::-1], times=None
    )
    find = None if remembered is None else remembered.backwards
    back = pipeline.track(turned, tracker, find_correspondences=find, watch=watch)
    clip = tracklets(
        tracked.frames,
        [poses.track_ids for poses in tracked.frames],
        [poses.track_ids for poses in back.frames][::-1],
        len(tracked.skeleton),
        gap=int(CERTAIN * tracker.fps),
        looks=remembered.looks if remembered is not None and remembered.looks else None,
    )
    found = paths(clip, (2 * tracked.skeleton.sigmas) ** 2, tracker.fps, people, costs)
    counts = [len(poses) for poses in tracked.frames]
    ids = np.full(sum(counts), NO_ID, dtype=np.int64)
    ids[clip.places] = np.repeat(found.path, np.diff(clip.bounds))
    numbers = _numbers(ids, len(clip))
    starts = np.cumsum([0, *counts], dtype=np.int64)
    linked = tracked.with_track_ids(np.split(numbers[ids], starts[1:])[:-1])
    doubts = tuple(_doubts(clip, found, numbers, starts))
    return dataclasses.replace(linked, doubts=doubts)


def _numbers(ids: IntArray, n: int) -> IntArray:
    """(n + 1,) of each path its number, from 1 in order of appearance in ids (M,); -1 = none.

    The last is that of -1.
    """
    which, first = np.unique(ids, return_index=True)
    named = which != NO_ID
    numbers = np.full(n + 1, NO_ID)
    numbers[which[named][np.argsort(first[named])]] = np.arange(1, named.sum() + 1)
    return numbers


def _doubts(clip: Tracklets, found: Paths, numbers: IntArray, starts: IntArray) -> Iterator[Doubt]:
    """Where tracklets go on that might as well be on another path, by frame.

    Of the two, what the one that was taken is likelier by, if two nats are odds of e to 1: so often
    links prove right. (simulated)

    Args:
        clip: its tracklets.
        found: their paths.
        numbers: by `_numbers`.
        starts: (F,) of each frame its first pose among all poses of the clip.
    """
    margin = np.tanh(found.margin / 4)
    places, frames = clip.places[clip.firsts], clip.frames[clip.firsts]
    narrow = np.flatnonzero((found.path >= 0) & (margin < NARROW))
    for t in narrow[np.argsort(places[narrow])]:
        pose, rival = places[t] - starts[frames[t]], numbers[found.rival[t]]
        yield Doubt(int(frames[t]), int(pose), int(rival), float(margin[t]))


class _Turned(Frames[Poses]):
    """Frames from the last to the first."""

    def __init__(self, frames: Frames[Poses]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        return self._frames[len(self) - 1 - range(len(self))[index]]
