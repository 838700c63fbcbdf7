"""Stretches of tracks that are surely one person: what tracking forwards and backwards agree on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import areas
from ..poses import NO_ID, Poses

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tracklets:
    """T tracklets of a clip, and the M poses on them, by tracklet and within one by frame.

    Attributes:
        bounds: (T + 1,) int64; the poses of tracklet t are bounds[t] … bounds[t + 1] - 1.
        places: (M,) int64, of each pose among all poses of the clip, frame by frame.
        frames: (M,) int64.
        keypoints: (M, K, 2) pixels; nan = missing. Single precision: of a long clip it is most of
            the memory.
        weights: (M, K), how much each keypoint counts; 0 = missing.
        sizes: (M,) pixels, the square root of the box's area; 1 for a pose without keypoints.
        scores: (M,) of the poses; nan = none given.
        ids: (M, 2) the track ids forwards and backwards; -1 = none.
        looks: (T, D) what each one looks like, the mean of clear views; nan = not told, D may be 0.
    """

    bounds: IntArray
    places: IntArray
    frames: IntArray
    keypoints: Float32Array
    weights: Float32Array
    sizes: FloatArray
    scores: FloatArray
    ids: IntArray
    looks: FloatArray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def firsts(self) -> IntArray:
        """(T,) the first pose of each."""
        return self.bounds[:-1]

    @property
    def lasts(self) -> IntArray:
        """(T,) the last pose of each."""
        return self.bounds[1:] - 1


def tracklets(
    frames: Iterable[Poses],
    forwards: Sequence[IntArray],
    backwards: Sequence[IntArray],
    n_keypoints: int,
    gap: int,
    looks: Sequence[Float32Array] | None = None,
) -> Tracklets:
    """The tracklets of a clip that was tracked in both directions.

    Args:
        frames: the poses of each frame.
        forwards: the track ids of each frame's poses (N,); -1 = none.
        backwards: the same of the clip tracked from its end; the numbers have nothing in common.
        n_keypoints: K.
        gap: frames unseen in a row, more of which end a tracklet.
        looks: what the poses of each frame (N, D) look like in clear views; nan = not told, None =
            of nobody.
    """
    counts = np.array([len(ids) for ids in forwards], dtype=np.int64)
    ids = np.stack([_joined(forwards), _joined(backwards)], axis=1)
    in_frame = np.repeat(np.arange(len(counts)), counts)
    keypoints = [np.empty((0, n_keypoints, 2), dtype=np.float32)]
    weights = [np.empty((0, n_keypoints), dtype=np.float32)]
    boxes, sizes, scores = [np.empty((0, 4))], [np.empty(0)], [np.empty(0)]
    for poses in frames:
        missing = np.isnan(poses.keypoints[..., 0])
        given = np.nan_to_num(poses.keypoint_scores, nan=1.0)
        keypoints.append(poses.keypoints.astype(np.float32))
        weights.append(np.where(missing, 0.0, given).astype(np.float32))
        boxes.append(poses.boxes)
        sizes.append(np.sqrt(np.nan_to_num(areas(poses.boxes), nan=1.0)))
        scores.append(poses.scores)
    number = _ordered(agreed(ids, in_frame, gap), in_frame, np.concatenate(boxes))
    places = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]
    number = number[places]
    bounds = np.searchsorted(number, np.arange(number.max(initial=-1) + 2))
    return Tracklets(
        bounds=bounds,
        places=places,
        frames=in_frame[places],
        keypoints=np.concatenate(keypoints)[places],
        weights=np.concatenate(weights)[places],
        sizes=np.maximum(np.concatenate(sizes)[places], 1.0),
        scores=np.concatenate(scores)[places],
        ids=ids[places],
        looks=_means(looks, places, bounds),
    )


def _ordered(number: IntArray, frames: IntArray, boxes: FloatArray) -> IntArray:
    """Tracklets (M,) numbered by when and where they begin, not by the order of people in a frame.

    All that follows goes through tracklets in the order of their numbers, and picks among them.

    Args:
        number: (M,) of each pose; -1 = on none.
        frames: (M,).
        boxes: (M, 4).
    """
    begun = np.unique(number[number >= 0], return_index=True)[1]
    first = np.flatnonzero(number >= 0)[begun]
    keys = np.concatenate([boxes[first, ::-1].T, frames[first][None]])
    new = np.empty(len(first) + 1, dtype=np.int64)
    new[np.lexsort(keys)] = np.arange(len(first))
    new[-1] = -1
    return new[number]


def _means(looks: Sequence[Float32Array] | None, places: IntArray, bounds: IntArray) -> FloatArray:
    """(T, D) the means of looks over each tracklet's poses; nan where none tells."""
    if looks is None or not len(places):
        return np.empty((len(bounds) - 1, 0))
    views = np.concatenate(looks)[places].astype(np.float64)
    told = ~np.isnan(views)
    count = np.add.reduceat(told, bounds[:-1], axis=0, dtype=np.float64)
    total = np.add.reduceat(np.where(told, views, 0.0), bounds[:-1], axis=0)
    means = np.full(total.shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def agreed(ids: IntArray, frames: IntArray, gap: int) -> IntArray:
    """Which tracklet each pose is on, (M,), from 0 in order of appearance; -1 = on none.

    A pose follows another on a tracklet if it follows it on a track in one direction and the
    other direction does not say otherwise: where two people meet, the directions err in different
    places, and what they disagree on is left open. So are gaps, which both judge by one side only.

    Args:
        ids: (M, 2) forwards and backwards of the poses in order of frame; -1 = none, which says
            nothing.
        frames: (M,) of each pose.
        gap: frames unseen in a row, more of which end a tracklet.
    """
    n = len(ids)
    before, after = np.full((2, n), -1), np.full((2, n), -1)
    for direction, of_poses in enumerate(ids.T):
        order = np.argsort(of_poses, kind="stable")[np.count_nonzero(of_poses == NO_ID) :]
        one, next_one = order[:-1], order[1:]
        same = of_poses[one] == of_poses[next_one]
        before[direction, next_one[same]] = one[same]
        after[direction, one[same]] = next_one[same]
    previous = np.where(before[0] >= 0, before[0], before[1])
    follower = np.arange(n)
    one, other = ids[previous].T, ids.T
    said = [before, after[:, previous]]
    otherwise = (one != NO_ID) & (other != NO_ID) & (one != other)
    for told, expected in zip(said, (previous, follower), strict=True):
        otherwise |= (told >= 0) & (told != expected)
    unseen = frames - frames[previous] - 1
    follows = (previous >= 0) & ~otherwise.any(axis=0) & (unseen <= gap)
    roots = np.where(follows, previous, follower)
    # A pose points at the one before it: doubling the steps ends at the first of each tracklet.
    while (roots != roots[roots]).any():
        roots = roots[roots]
    named = (ids != NO_ID).any(axis=1)
    number = np.full(n, -1)
    number[named] = np.unique(roots[named], return_inverse=True)[1]
    return number


def _joined(ids: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.empty(0, dtype=np.int64), *ids])
