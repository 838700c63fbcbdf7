"""What a tracker remembers: T tracks as a dataclass of arrays, as `Poses` is for a frame."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

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
    """

    ids: IntArray
    keypoints: FloatArray
    keypoint_scores: FloatArray
    boxes: FloatArray
    velocity: FloatArray
    missed: IntArray
    hits: IntArray

    @classmethod
    def none(cls, n_keypoints: int) -> Self:
        """No tracks yet."""
        return cls.started(Poses.empty(n_keypoints))

    @classmethod
    def started(cls, poses: Poses) -> Self:
        """New tracks without ids, one for each of the poses."""
        n = len(poses)
        return cls(
            np.full(n, NO_ID, dtype=np.int64),
            poses.keypoints,
            poses.keypoint_scores,
            poses.boxes,
            np.zeros((n, 2)),
            np.zeros(n, dtype=np.int64),
            np.ones(n, dtype=np.int64),
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
        track, pose = pairs[:, 0], pairs[:, 1]
        missed = self.missed + 1
        if not len(pairs):
            return dataclasses.replace(self, missed=missed)
        before, now = self.keypoints[track], poses.keypoints[pose]
        before_scores = self.keypoint_scores[track]
        now_scores = poses.keypoint_scores[pose]
        moved = displacement(before, now, np.minimum(before_scores, now_scores))
        velocity, hits = self.velocity.copy(), self.hits.copy()
        velocity[track] = smoothed(
            self.velocity[track], moved / missed[track][:, None], self.hits[track]
        )
        hits[track] += 1
        missed[track] = 0
        absent = np.isnan(now[..., 0])
        if absent.any():
            now = np.where(absent[..., None], before + moved[:, None], now)
            now_scores = np.where(absent, before_scores / 2, now_scores)
        keypoints, keypoint_scores = self.keypoints.copy(), self.keypoint_scores.copy()
        boxes = self.boxes.copy()
        keypoints[track], keypoint_scores[track] = now, now_scores
        boxes[track] = poses.boxes[pose]
        return type(self)(self.ids, keypoints, keypoint_scores, boxes, velocity, missed, hits)
