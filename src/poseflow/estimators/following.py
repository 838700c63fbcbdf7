"""Where people are by where they were: a detector that looks at every n-th frame only."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_allowed
from ..errors import InputError
from ..frames import ImageArray, gray
from ..geometry import boxes_around
from ..poses import Poses
from ..similarity import box_iou
from .answers import checked_boxes, checked_poses, name_of
from .duplicates import SAME, seen_twice
from .estimator import TopDown

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _People:
    """Those seen in the last frame.

    Attributes:
        keypoints: (N, K, 2).
        velocities: (N, 2) of the body, pixels a frame; 0 = seen for the first time.
        margins: (N, 4) by which their box went beyond their keypoints' when the detector last saw
            them, as shares of the keypoints' width and height.
        box_scores: (N,) what the detector gave.
        believed: (N,) the keypoints' mean score when the detector last saw them.
        missed: (N,) how often in a row the detector has looked and not seen them.
    """

    keypoints: FloatArray
    velocities: FloatArray
    margins: FloatArray
    box_scores: FloatArray
    believed: FloatArray
    missed: IntArray

    @classmethod
    def none(cls, n_keypoints: int) -> _People:
        return cls(
            np.empty((0, n_keypoints, 2)),
            np.empty((0, 2)),
            np.empty((0, 4)),
            np.empty(0),
            np.empty(0),
            np.empty(0, dtype=np.int64),
        )

    def boxes(self) -> FloatArray:
        """(N, 5) where each should be in the next frame, and the score the detector gave."""
        tight = boxes_around(self.keypoints + self.velocities[:, None])
        boxes = tight + self.margins * _extents(tight)
        return np.concatenate([boxes, self.box_scores[:, None]], axis=1)


class Following:
    """An `Estimator` for the frames of one video in order, which detects people now and then.

    Between, a person's box is where the last two frames let them be. The detector looks as well
    where somebody was lost or the image changed where nobody is: someone may be entering. Boxes of
    which it is not sure count where somebody is expected; people whom it misses are looked for in
    their expected box; the less sure of two poses of one person goes.

    Args:
        estimator: of two steps.
        every: the detector looks at least at every so-many-th frame. 1 = at each.
        same: keypoint similarity (OKS, 0 to 1) above which two poses are one person.
        trusted: mean keypoint score from which a person is believed in where the detector is not
            sure of them.
        patience: so often in a row the detector may miss a person who is still kept.
        lost: a person whose mean keypoint score falls below this share of what it was is lost.
        change: in gray levels of 255, from which a part of the image is another.

    Asking raises `InputError` where the estimator gives something else than boxes, or not a pose
    for each of them.
    """

    def __init__(
        self,
        estimator: TopDown,
        every: int = 3,
        *,
        same: float = SAME,
        trusted: float = 0.3,
        patience: int = 2,
        lost: float = 0.6,
        change: float = 20.0,
    ) -> None:
        self.skeleton = estimator.skeleton
        self.name = name_of(estimator)
        self._estimator = estimator
        self._every = every
        self._same, self._lost, self._change = same, lost, change
        self._trusted, self._patience = trusted, patience
        self._people = _People.none(len(estimator.skeleton))
        self._since = every
        self._scene: FloatArray | None = None
        self._scene_boxes = np.empty((0, 4))
        self.looks = 0
        """How often the detector was asked so far."""

    def __call__(self, image: ImageArray) -> Poses:
        """The poses in the next frame, (H, W, 3) uint8 BGR."""
        expected = self._people.boxes()
        scene = _thumbnail(image)
        self._since += 1
        if self._since < self._every and not self._entering(scene, expected, image.shape[1]):
            poses = self._poses_in(image, expected)
            came_from = np.arange(len(expected))
            if self._kept(poses, came_from).all():
                self._remember(poses, expected, came_from, None)
                return poses
        return self._looked(image, scene, expected)

    def _looked(self, image: ImageArray, scene: FloatArray, expected: FloatArray) -> Poses:
        """The poses in the detector's boxes, and in those of people whom it misses."""
        self._since, self._scene = 0, scene
        self.looks += 1
        found = checked_boxes(self._estimator.detect(image), f"{self.name}: detect")
        overlaps = box_iou(found[:, None, :4], expected[None, :, :4])
        found_of, expected_of = assign_allowed(overlaps, overlaps > _NEAR).T
        came_from = np.full(len(found), -1)
        came_from[found_of] = expected_of
        # A lamp that the detector took for a person once has no face and no knees.
        trusted = self._people.believed >= self._trusted
        taken = (found[:, 4] >= self._estimator.sure) | np.append(trusted, False)[came_from]
        missed = np.flatnonzero(trusted & (self._people.missed < self._patience))
        missed = np.setdiff1d(missed, expected_of)
        boxes = np.concatenate([found[taken], expected[missed]])
        came_from = np.concatenate([came_from[taken], missed])
        poses = self._poses_in(image, boxes)
        kept = self._kept(poses, came_from)
        # Only those whom the detector missed must prove that they are still there.
        seen = np.arange(len(poses)) < taken.sum()
        kept |= seen & ~seen_twice(poses, self.skeleton, self._same)
        poses = poses[kept]
        self._remember(poses, boxes[kept], came_from[kept], seen[kept])
        self._scene_boxes = boxes[kept, :4]
        return poses

    def _poses_in(self, image: ImageArray, boxes: FloatArray) -> Poses:
        name = f"{self.name}: poses_in"
        poses = checked_poses(self._estimator.poses_in(image, boxes), self.skeleton, name)
        if len(poses) != len(boxes):
            raise InputError(
                f"{name}: expected a pose for each of {len(boxes)} boxes, got {len(poses)}"
            )
        return poses

    def _kept(self, poses: Poses, came_from: IntArray) -> BoolArray:
        """(N,) which poses are still people, each once; `came_from` (N,) is who they were."""
        before = np.where(came_from >= 0, np.append(self._people.believed, 0.0)[came_from], 0.0)
        return np.asarray(
            (_belief(poses) >= self._lost * before) & ~seen_twice(poses, self.skeleton, self._same)
        )

    def _entering(self, scene: FloatArray, expected: FloatArray, width: int) -> bool:
        """Whether the image has changed, since the detector looked, where nobody is nor was."""
        if self._scene is None or self._scene.shape != scene.shape:
            return True
        difference = scene - self._scene
        changed = np.abs(difference - np.median(difference)) > self._change
        cell = width / scene.shape[1]
        occupied = np.concatenate([expected[:, :4], self._scene_boxes])
        # As far as arms and a long step go beyond where somebody was expected.
        reach = _REACH * (occupied[:, 2:] - occupied[:, :2]).max(axis=1, keepdims=True, initial=0.0)
        occupied = np.concatenate([occupied[:, :2] - reach, occupied[:, 2:] + reach], axis=1) / cell
        for x0, y0, x1, y1 in occupied.tolist():
            left, top = max(0, int(x0) - 1), max(0, int(y0) - 1)
            changed[top : max(0, int(y1) + 2), left : max(0, int(x1) + 2)] = False
        return bool(changed.sum() >= _CELLS)

    def _remember(
        self, poses: Poses, boxes: FloatArray, came_from: IntArray, seen: BoolArray | None
    ) -> None:
        """Take poses (N,) for those to expect; `seen` (N,) by the detector, None = it rests."""
        old, known = self._people, came_from >= 0
        tight = boxes_around(poses.keypoints)
        velocities = np.zeros((len(poses), 2))
        moved = poses.keypoints[known] - old.keypoints[came_from[known]]
        velocities[known] = np.median(np.nan_to_num(moved), axis=1)
        margins = (boxes[:, :4] - tight) / _extents(tight)
        believed, missed = _belief(poses), np.zeros(len(poses), dtype=np.int64)
        unseen = np.ones(len(poses), bool) if seen is None else ~seen
        # Boxes that the detector did not give are made of these margins.
        margins[unseen] = old.margins[came_from[unseen]]
        believed[unseen] = old.believed[came_from[unseen]]
        missed[unseen] = old.missed[came_from[unseen]] + (seen is not None)
        people = _People(poses.keypoints, velocities, margins, boxes[:, 4], believed, missed)
        there = ~np.isnan(tight).any(axis=1)
        self._people = _People(*(getattr(people, f.name)[there] for f in fields(people)))


_NEAR = 0.3
"""Overlap from which a box that the detector finds is that of a person expected there."""
_REACH = 0.25
"""Share of a person's longer side."""
_CELLS = 4
"""So many cells of the thumbnail must have changed."""
_COLUMNS = 64
"""Of the thumbnail: a cell is as wide as a person far away."""


def _thumbnail(image: ImageArray) -> FloatArray:
    import cv2

    rows = max(1, round(image.shape[0] * _COLUMNS / image.shape[1]))
    # Every second pixel of large images: averages, not details, are compared.
    step = max(1, image.shape[1] // (8 * _COLUMNS))
    small = gray(np.ascontiguousarray(image[::step, ::step]))
    return np.asarray(cv2.resize(small, (_COLUMNS, rows), interpolation=cv2.INTER_AREA), np.float64)


def _extents(boxes: FloatArray) -> FloatArray:
    """(N, 4) width, height, width, height of boxes, at least a pixel each."""
    return np.tile(np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0), 2)


def _belief(poses: Poses) -> FloatArray:
    """(N,) the mean score of the keypoints; 1 where the estimator gives none."""
    scores = np.where(np.isnan(poses.keypoint_scores), 1.0, poses.keypoint_scores)
    return np.asarray(scores.mean(axis=1))
