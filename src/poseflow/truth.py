"""What people annotated in a clip: the truth that estimates are judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .poses import NO_ID, Sequence
from .skeletons import Skeleton, skeleton
from .skeletons.mapping import map_keypoints

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HEAD_SHAPE: Final = (0.88, 1.1)
"""Width and height of a head box, in distances between neck and head top."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The true poses of a clip of F frames, and what an evaluator needs beside them.

    Attributes:
        sequence: the poses with their true track ids.
        head_boxes: one (N, 4) for each frame, x0 y0 x1 y1 in pixels, in the order of its poses;
            nan = none annotated.
        ignored: for each frame the polygons (M, 2), pixels, in which nothing is annotated and
            nothing is judged; mostly ().
        labelled: (F,) whether the frame was annotated at all.
    """

    sequence: Sequence
    head_boxes: tuple[FloatArray, ...]
    ignored: tuple[tuple[FloatArray, ...], ...]
    labelled: BoolArray

    def __post_init__(self) -> None:
        for name in ("head_boxes", "ignored", "labelled"):
            got = len(getattr(self, name))
            if got != len(self.sequence):
                raise InputError(
                    f"{name}: expected one for each of the {len(self.sequence)} frames, got {got}"
                )

    def __len__(self) -> int:
        return len(self.sequence)


def as_truth(sequence: Sequence) -> Truth:
    """A clip taken for the truth: all of it labelled, nothing ignored, no head boxes."""
    return Truth(
        sequence=sequence,
        head_boxes=tuple(np.full((len(poses), 4), np.nan) for poses in sequence.frames),
        ignored=((),) * len(sequence),
        labelled=np.ones(len(sequence), dtype=np.bool_),
    )


def with_head_boxes(truth: Truth) -> Truth:
    """The truth with a head box for everybody of whom one can be told; those given stay.

    First by the head: about the middle of neck and head top, `HEAD_SHAPE` times their distance in
    size. That is a convention and not PoseTrack's: the factors are those of the boxes that were
    made for Multi-Person PoseTrack (Iqbal, Milan, Gall, CVPR 2017), where it has none, for the
    evaluations that ours is tested against. Heads measured there are smaller, 0.79 by 0.98 in the
    median of 1 150, so that distances in head sizes come out an eighth smaller than with them.
    Where neck or head top is missing, by the track: the box of the same person in the nearest
    frame (the earlier of two), moved as the joints have moved that both frames show.

    Keypoints of other skeletons count as mapped by name to PoseTrack's.
    """
    frames = truth.sequence.frames
    if not frames:
        return truth
    stops = np.cumsum([len(poses) for poses in frames])
    keypoints = np.concatenate([_posetrack(p.keypoints, truth.sequence.skeleton) for p in frames])
    track_ids = np.concatenate([poses.track_ids for poses in frames])
    boxes = np.concatenate(truth.head_boxes)
    boxes = np.where(np.isnan(boxes).any(axis=1, keepdims=True), _about_heads(keypoints), boxes)
    when = np.searchsorted(stops, np.arange(len(boxes)), side="right")
    _fill_from_tracks(boxes, keypoints, track_ids, when)
    return replace(truth, head_boxes=tuple(np.split(boxes, stops[:-1])))


def _posetrack(keypoints: FloatArray, own: Skeleton) -> FloatArray:
    """(N, 15, 2) the keypoints as PoseTrack's."""
    scores = np.full(keypoints.shape[:2], np.nan)
    return map_keypoints(keypoints, scores, own, skeleton("posetrack-15"))[0]


def _about_heads(keypoints: FloatArray) -> FloatArray:
    """(N, 4) boxes about the heads of PoseTrack's people; nan where neck or head top is missing."""
    names = skeleton("posetrack-15").keypoints
    necks, tops = (keypoints[:, names.index(name)] for name in ("neck", "head_top"))
    apart = np.linalg.norm(tops - necks, axis=1, keepdims=True)
    middles, halves = (necks + tops) / 2, apart * HEAD_SHAPE / 2
    return np.concatenate([middles - halves, middles + halves], axis=1)


def _fill_from_tracks(
    boxes: FloatArray, keypoints: FloatArray, track_ids: IntArray, when: IntArray
) -> None:
    """Put a box where a row has none and its track has one; `when`: (N,) the frame of each row."""
    known = ~np.isnan(boxes).any(axis=1)
    for row in np.flatnonzero(~known & (track_ids != NO_ID)).tolist():
        others = np.flatnonzero(known & (track_ids == track_ids[row]))
        if len(others):
            nearest = others[np.argmin(np.abs(when[others] - when[row]))]
            moved = keypoints[row] - keypoints[nearest]
            moved = moved[~np.isnan(moved).any(axis=1)]
            shift = moved.mean(axis=0) if len(moved) else np.zeros(2)
            boxes[row] = boxes[nearest] + np.tile(shift, 2)
