"""The association rule of the public 2018 Pose Flow tracker, without its crashes.

A frame-to-memory bipartite matching on four cues; it is not what the paper describes. Written from
a description of what that program computes (docs/method.md), not from its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign
from ..frames import Correspondences
from ..geometry import boxes_around, overlapping, widen
from ..poses import Poses
from ..similarity import box_iou, correspondence_iou, mean_of_largest, square_iou
from .ranges import check_ranges, number
from .rule import Association, Told
from .tracks import Tracks

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class published:
    """The 2018 rule.

    Args:
        link: a pose continues a track whose last pose is at most so many frames back.
        joints: how many keypoints, the best overlapping, are averaged (`num`).
        reach: pixels, half the side of the square around a keypoint (`mag`).
        match: a pair is taken if its grade exceeds this. Grades reach 6 for a track seen in the
            previous frame and 2 for others, so lost tracks need more (`match`).

    Raises:
        InputError: a number is out of its range.
    """

    follows_camera: ClassVar[bool] = False

    link: int = number(100, 1)
    joints: int = number(7, 1)
    reach: float = number(30.0)
    match: float = number(0.2, 0, 6)

    def __post_init__(self) -> None:
        check_ranges(self)

    def remembers(self, fps: float, is_cut: bool = False) -> int:
        """For how many frames a track is kept without being seen, at any rate of them."""
        return self.link - 1

    def associate(
        self,
        tracks: Tracks,
        poses: Poses,
        told: Told,
    ) -> Association:
        """Hungarian on the grades of all pairs; whoever is left over starts a track.

        But a pose without a keypoint: of those the 2018 program's input has none.
        """
        grades = self.grades(tracks, poses, told.correspondences, told.image_size)
        pairs = assign(grades)
        # Refused after solving, not before, as in 2018: the published ids depend on it.
        pairs = pairs[grades[pairs[:, 0], pairs[:, 1]] > self.match]
        there = np.flatnonzero(~np.isnan(poses.keypoints[..., 0]).all(axis=1))
        births = np.setdiff1d(there, pairs[:, 1])
        named = pairs[:0, 0]  # They have ids from birth.
        return Association(pairs, births, named, np.ones(len(births), dtype=np.bool_))

    def grades(
        self,
        tracks: Tracks,
        poses: Poses,
        correspondences: Correspondences | None,
        image_size: tuple[int, int] | None,
    ) -> FloatArray:
        """(T, N) the weighted cues: [1, 2, 1, 2] for tracks just seen, [0, 1, 0, 1] for others."""
        seen = tracks.missed == 0
        before, now = (self._boxes(p.keypoints, image_size) for p in (tracks, poses))
        i, j = np.nonzero(_near(before, now))
        overlap = box_iou(before[i, 0], now[j, 0], pixel=1)
        squares = square_iou(tracks.keypoints[i], poses.keypoints[j], self.reach, pixel=1)
        grades = np.zeros((len(tracks), len(poses)))
        grades[i, j] = np.where(seen[i], 2.0, 1.0) * (overlap + self._mean(squares))
        if correspondences is not None:
            i, j, joined = correspondence_iou(*correspondences, before[seen], now)
            grades[np.flatnonzero(seen)[i], j] += joined[:, 0] + self._mean(joined[:, 1:])
        return grades

    def _mean(self, by_joint: FloatArray) -> FloatArray:
        return mean_of_largest(by_joint, self.joints)

    def _boxes(self, keypoints: FloatArray, image_size: tuple[int, int] | None) -> FloatArray:
        """(N, 1 + K, 4) the box of each person, then the squares around the keypoints."""
        squares = np.concatenate([keypoints - self.reach, keypoints + self.reach], axis=2)
        return np.concatenate([person_boxes(keypoints, image_size)[:, None], squares], axis=1)


def _near(a: FloatArray, b: FloatArray) -> BoolArray:
    """(T, N) which people's boxes (T, 1 + K, 4) and (N, 1 + K, 4) could overlap: their hulls do."""
    (low_a, high_a), (low_b, high_b) = (
        (np.fmin.reduce(boxes[..., :2], axis=1), np.fmax.reduce(boxes[..., 2:], axis=1))
        for boxes in (a, b)
    )
    # A pixel more: `square_iou` measures from the middle, and a square's edges are rounded.
    return overlapping(low_a.T - 1, high_a.T + 1, np.concatenate([low_b, high_b], axis=1).T)


def person_boxes(keypoints: FloatArray, image_size: tuple[int, int] | None) -> FloatArray:
    """(N, 4) the boxes of 2018: around all keypoints, 10 % wider on each side, whole pixels.

    Clipped to the image if its size is known. Missing keypoints (nan) do not count.
    """
    boxes = widen(boxes_around(keypoints), 0.1)
    if image_size is not None:
        boxes = np.clip(boxes, 0, np.tile(image_size, 2))
    return np.asarray(np.trunc(boxes))
