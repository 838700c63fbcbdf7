"""What a tracker remembers: T tracks as a dataclass of arrays, as `Poses` is for a frame."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import isnan
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..looks import mixed
from ..poses import NO_ID, Poses
from .motion import displacement, smoothed

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """T tracks, K keypoints each. Immutable: every change is a new object.

    Attributes:
        ids: (T,) int64, from 1; -1 = on trial, not yet believed to be a person.
        keypoints: (T, K, 2) pixels, where each keypoint was last seen; nan = never yet.
        keypoint_scores: (T, K) its score then.
        boxes: (T, 4) x0 y0 x1 y1, the box of the last pose.
        velocity: (T, 2) pixels a frame, of the person as a whole.
        missed: (T,) int64, frames since the track was last seen; 0 = in the last frame.
        hits: (T,) int64, frames in which it was seen.
        looks: (T, D) what the person looks like, from clear views; nan = not told, D may be 0.
    """

    ids: IntArray
    keypoints: FloatArray
    keypoint_scores: FloatArray
    boxes: FloatArray
    velocity: FloatArray
    missed: IntArray
    hits: IntArray
    looks: FloatArray

    @classmethod
    def none(cls, n_keypoints: int) -> Self:
        """No tracks yet."""
        return cls.started(Poses.empty(n_keypoints))

    @classmethod
    def started(cls, poses: Poses, looks: FloatArray | None = None) -> Self:
        """New tracks without ids, one for each of the poses, which look like that (N, D)."""
        n = len(poses)
        return cls(
            np.full(n, NO_ID, dtype=np.int64),
            poses.keypoints,
            poses.keypoint_scores,
            poses.boxes,
            np.zeros((n, 2)),
            np.zeros(n, dtype=np.int64),
            np.ones(n, dtype=np.int64),
            np.empty((n, 0)) if looks is None else looks,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: Any) -> Self:
        """Some of the tracks: by mask (T,) or by indices."""
        return type(self)(*(getattr(self, f.name)[index] for f in dataclasses.fields(self)))

    def and_also(self, others: Self) -> Self:
        """These tracks, then the others."""
        return type(self)(
            *(
                np.concatenate([getattr(self, f.name), getattr(others, f.name)])
                for f in dataclasses.fields(self)
            )
        )

    def observed(self, pairs: IntArray, poses: Poses) -> Self:
        """The tracks after a frame in which the poses pairs[:, 1] went on the tracks pairs[:, 0].

        All others missed it. A keypoint that the new pose lacks moves along with the person and
        counts half as much with every such frame.
        """
        n = len(self)
        # All tracks at once, those that missed the frame unchanged: fewer calls on small arrays.
        source = np.arange(n)
        source[pairs[:, 0]] = n + pairs[:, 1]
        seen = source >= n
        keypoints = np.concatenate([self.keypoints, poses.keypoints]).take(source, axis=0)
        keypoint_scores = np.concatenate([self.keypoint_scores, poses.keypoint_scores]).take(
            source, axis=0
        )
        common = np.minimum(self.keypoint_scores, keypoint_scores)
        moved = displacement(self.keypoints, keypoints, common)
        missed = self.missed + 1
        velocity = smoothed(self.velocity, moved / missed[:, None], seen * self.hits)
        if isnan(np.vdot(keypoints, keypoints)):
            absent = np.isnan(keypoints[..., 0])
            carried = self.keypoints + moved[:, None]
            keypoints = np.where(absent[..., None], carried, keypoints)
            keypoint_scores = np.where(absent, self.keypoint_scores / 2, keypoint_scores)
        boxes = np.concatenate([self.boxes, poses.boxes]).take(source, axis=0)
        missed *= ~seen
        hits = self.hits + seen
        return type(self)(
            self.ids, keypoints, keypoint_scores, boxes, velocity, missed, hits, self.looks
        )

    def seen_like(self, pairs: IntArray, looks: FloatArray) -> Self:
        """The tracks pairs[:, 0] after views (N, D) of poses, of which pairs[:, 1] are theirs."""
        remembered = self.looks.copy()
        remembered[pairs[:, 0]] = mixed(remembered[pairs[:, 0]], looks[pairs[:, 1]])
        return dataclasses.replace(self, looks=remembered)
