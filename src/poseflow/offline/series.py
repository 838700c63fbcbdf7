"""The keypoints of tracks as series over time, and the holes in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..poses import NO_ID, Sequence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Named:
    """The M poses of a clip that have an id, by id and for one id by frame.

    Where a frame has an id twice, the first pose counts and the others are not here.

    Attributes:
        places: (M,) of each among all poses of the clip, frame by frame.
        frames: (M,).
        ids: (M,).
        keypoints: (M, K, 2); nan = missing.
        keypoint_scores: (M, K).
        scores: (M,).
        boxes: (M, 4).
        counts: (F,) how many poses each frame has, those without id included.
    """

    places: IntArray
    frames: IntArray
    ids: IntArray
    keypoints: FloatArray
    keypoint_scores: FloatArray
    scores: FloatArray
    boxes: FloatArray
    counts: IntArray


def named(sequence: Sequence) -> Named:
    """The poses of a clip that have an id."""
    k = len(sequence.skeleton)
    ids, keypoints, keypoint_scores = [], [], []
    scores, boxes, counts = [], [], []
    for poses in sequence.frames:
        here = poses[poses.track_ids != NO_ID]
        ids.append(poses.track_ids)
        counts.append(len(poses))
        keypoints.append(here.keypoints)
        keypoint_scores.append(here.keypoint_scores)
        scores.append(here.scores)
        boxes.append(here.boxes)
    every = np.concatenate([np.empty(0, dtype=np.int64), *ids])
    frames = np.repeat(np.arange(len(counts)), counts)
    places = np.flatnonzero(every != NO_ID)
    order = np.lexsort((frames[places], every[places]))
    places = places[order]
    first = np.diff(every[places], prepend=NO_ID) != 0
    first |= np.diff(frames[places], prepend=-1) != 0
    order, places = order[first], places[first]
    return Named(
        places,
        frames[places],
        every[places],
        np.concatenate([np.empty((0, k, 2)), *keypoints])[order],
        np.concatenate([np.empty((0, k)), *keypoint_scores])[order],
        np.concatenate([np.empty(0), *scores])[order],
        np.concatenate([np.empty((0, 4)), *boxes])[order],
        np.array(counts, dtype=np.int64),
    )


def slots_of(ids: IntArray, frames: IntArray, reach: int) -> IntArray:
    """(M,) the place of each pose on one time line on which all tracks stand one after another.

    A frame is a step; between two tracks, and where a track was not seen for more than `reach`
    frames, more than `reach` steps are empty.

    Args:
        ids: (M,) in order.
        frames: (M,) in order within an id.
        reach: frames.
    """
    steps = np.where(np.diff(ids) == 0, np.minimum(np.diff(frames), reach + 2), reach + 2)
    return np.concatenate([[0], np.cumsum(steps)])[: len(ids)]


class Holes(NamedTuple):
    """H points to put into series, each between two that are there.

    Attributes:
        slots: (H,) where.
        points: (H,) of which of the P series.
        before: (H,) the pose that last has the point.
        after: (H,) the pose that has it next.
        shares: (H,) of the time between the two that has passed, in ]0, 1[.
    """

    slots: IntArray
    points: IntArray
    before: IntArray
    after: IntArray
    shares: FloatArray

    def between(self, values: FloatArray) -> FloatArray:
        """(H, D) on the straight line between two of the (M, P, D) values."""
        start, end = values[self.before, self.points], values[self.after, self.points]
        return np.asarray(start + self.shares[:, None] * (end - start))


def holes(
    missing: NDArray[np.bool_],
    slots: IntArray,
    frames: IntArray,
    reach: int,
    clock: FloatArray,
) -> Holes:
    """The holes of at most `reach` frames in P series.

    Args:
        missing: (M, P) which points the poses lack.
        slots: (M,) by `slots_of` for the same reach.
        frames: (M,).
        reach: frames.
        clock: (F,) the time of each frame, in any unit, growing.
    """
    n = int(slots.max(initial=-1)) + 1
    seen = np.zeros((n, missing.shape[1]), dtype=np.bool_)
    seen[slots] = ~missing
    own = np.arange(n)[:, None]
    last = np.maximum.accumulate(np.where(seen, own, -n - reach - 2), axis=0)
    coming = np.where(seen, own, 2 * n + reach + 2)[::-1]
    coming = np.minimum.accumulate(coming, axis=0)[::-1]
    found = ~seen & (coming - last <= reach + 1)
    slot, point = np.nonzero(found)
    pose_at = np.zeros(n, dtype=np.int64)
    pose_at[slots] = np.arange(len(slots))
    before, after = pose_at[last[found]], pose_at[coming[found]]
    start, end = clock[frames[before]], clock[frames[after]]
    now = clock[frames[before] + slot - slots[before]]
    return Holes(slot, point, before, after, (now - start) / (end - start))


def clock_of(sequence: Sequence) -> FloatArray:
    """(F,) the time of each frame: in seconds where that is known and grows, else in frames."""
    times = sequence.times
    if times is not None and (np.diff(times) > 0).all():
        return times
    return np.arange(len(sequence), dtype=np.float64)
