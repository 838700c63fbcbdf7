"""Short gaps in tracks, filled: what the estimator missed, put in between what it found.

On a straight line, at an even speed. Curves through the velocities on both sides (cubic Hermite,
limited or not) come out farther from the truth in gaps of up to half a second: velocities are
measured on keypoints that tremble (docs/refining.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence as Frames
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geometry import are_around
from ..poses import Origin, Poses, Sequence
from .series import Named, clock_of, holes, named, slots_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def fill(sequence: Sequence, gap: int, belief: float = 0.5) -> Sequence:
    """The same clip with the gaps of its tracks filled; the poses that are there stay first.

    A keypoint that its track had before and has again, and lacks for at most `gap` frames between,
    is put in: on the straight line between the two. Where the whole person was missed a pose of
    origin `FILLED` takes these keypoints and is put after the frame's others; a detector's box lies
    between those before and after. A keypoint that is missing for longer stays missing. A pose that
    the estimator found keeps its origin and score when it gets keypoints; one of no keypoint at all
    gets none. `Poses.original` gives back what was there.

    Args:
        sequence: tracked; poses without id are left alone.
        gap: frames, the longest gap that is filled; 0 = none.
        belief: scores of what is put in are the lower of the two that it lies between, unknown ones
            counting 1, times this.

    Raises:
        InputError: `gap` is negative.
    """
    if gap < 0:
        raise InputError(f"fill: expected a number of frames, 0 or more, got {gap}")
    tracks = named(sequence)
    changes, added = _put_in(tracks, gap, belief, clock_of(sequence))
    return dataclasses.replace(sequence, frames=_Filled(sequence.frames, changes, *added))


class _Changes:
    """Keypoints to put into poses, in order of the poses.

    Attributes:
        bounds: (F + 1,) which of them are of each frame.
        poses: (C,) the pose, by its place in its frame.
        points: (C,) which keypoint.
        places: (C, 2) where.
        scores: (C,).
    """

    def __init__(
        self,
        places: IntArray,
        points: IntArray,
        values: FloatArray,
        scores: FloatArray,
        counts: IntArray,
    ) -> None:
        order = np.argsort(places, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts)])
        self.bounds = places[order].searchsorted(starts)
        self.poses = places[order] - np.repeat(starts[:-1], np.diff(self.bounds))
        self.points, self.places, self.scores = points[order], values[order], scores[order]


def _put_in(
    tracks: Named, gap: int, belief: float, clock: FloatArray
) -> tuple[_Changes, tuple[Poses, IntArray]]:
    """What is put into poses, and the poses that are put in, with the bounds of their frames."""
    k = tracks.keypoints.shape[1]
    # A detector's box is two points more; others are made around the keypoints.
    made = are_around(tracks.boxes, tracks.keypoints)[:, None]
    corners = np.where(made, np.nan, tracks.boxes).reshape(-1, 2, 2)
    points = np.concatenate([tracks.keypoints, corners], axis=1)
    slots = slots_of(tracks.ids, tracks.frames, gap)
    found = holes(np.isnan(points[..., 0]), slots, tracks.frames, gap, clock)
    values = found.between(points)
    scores = np.concatenate([tracks.keypoint_scores, np.ones((len(points), 2))], axis=1)
    scores = np.nan_to_num(scores, nan=1.0)
    lower = np.minimum(scores[found.before, found.points], scores[found.after, found.points])

    pose_at = np.full(int(slots.max(initial=-1)) + 1, -1)
    pose_at[slots] = np.arange(len(slots))
    has_some = np.asarray(~np.isnan(tracks.keypoints[..., 0]).all(axis=1))
    pose = pose_at[found.slots]
    changed = (pose >= 0) & (found.points < k) & has_some[pose]
    changes = _Changes(
        tracks.places[pose[changed]],
        found.points[changed],
        values[changed],
        belief * lower[changed],
        tracks.counts,
    )

    absent = pose < 0
    new, which = np.unique(found.slots[absent], return_inverse=True)
    whole = np.full((len(new), k + 2, 2), np.nan)
    whole[which, found.points[absent]] = values[absent]
    point_scores = np.zeros((len(new), k + 2))
    point_scores[which, found.points[absent]] = belief * lower[absent]
    last = slots.searchsorted(new) - 1
    sure = np.nan_to_num(tracks.scores, nan=1.0)
    poses = Poses.from_keypoints(
        whole[:, :k],
        point_scores[:, :k],
        belief * np.minimum(sure[last], sure[last + 1]),
        whole[:, k:].reshape(-1, 4),
        tracks.ids[last],
        origins=np.full(len(new), Origin.FILLED),
        raw_keypoints=np.full((len(new), k, 2), np.nan),
    )
    frames = tracks.frames[last] + new - slots[last]
    # A box alone is nobody.
    order = np.argsort(frames, kind="stable")
    order = order[~np.isnan(poses.keypoints[order, :, 0]).all(axis=1)]
    bounds = frames[order].searchsorted(np.arange(len(tracks.counts) + 1))
    return changes, (poses[order], bounds)


class _Filled(Frames[Poses]):
    """Frames as they are, with what is put in on access."""

    def __init__(
        self, frames: Frames[Poses], changes: _Changes, added: Poses, bounds: IntArray
    ) -> None:
        self._frames, self._changes, self._added, self._bounds = frames, changes, added, bounds

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        index = range(len(self))[index]
        poses, changes = self._frames[index], self._changes
        some = slice(changes.bounds[index], changes.bounds[index + 1])
        cells = changes.poses[some], changes.points[some]
        keypoints, scores = poses.keypoints.copy(), poses.keypoint_scores.copy()
        keypoints[cells], scores[cells] = changes.places[some], changes.scores[some]
        there = poses.with_keypoints(keypoints, scores)
        return _joined(there, self._added[self._bounds[index] : self._bounds[index + 1]])


def _joined(first: Poses, second: Poses) -> Poses:
    """The poses of both; either all have raw keypoints or none."""
    return Poses(
        *(
            np.concatenate([getattr(first, field.name), getattr(second, field.name)])
            for field in dataclasses.fields(Poses)
        )
    )
