"""What is handed in: for each frame of a listing the people with ids, in PoseTrack's joints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formats import save
from ..poses import NO_ID, Poses, Sequence
from ..skeletons.mapping import map_keypoints
from .layout import Listing

IntArray = NDArray[np.int64]


def predictions(
    listing: Listing, tracked: Sequence, min_joint_score: float = 0.0, *, unnamed: bool = False
) -> Sequence:
    """The people of a listing's frames as its annotation has them.

    Joints are mapped by name, then those with too low a score are left out; and so are people
    without an id, as an evaluator wants one of everybody, and people without a joint. Ids are
    numbered from 1 without gaps, since files take 10 000 at most.

    Args:
        listing: of the sequence.
        tracked: its frames, in its order.
        min_joint_score: in the scale of the scores' file; 0 = all joints stay.
        unnamed: whether people without an id stay all the same, to be judged by mAP only.

    Raises:
        InputError: there is a least score, and a joint without any.
    """
    lowest = min_joint_score / tracked.score_scales[0]
    own, target = tracked.skeleton, listing.blank.skeleton
    frames = []
    for name, poses in zip(listing.blank.image_names, tracked.frames, strict=True):
        points, scores = map_keypoints(poses.keypoints, poses.keypoint_scores, own, target)
        if lowest > 0:
            if np.isnan(scores).any():
                raise InputError(
                    f"{name}: score of a joint: expected one to compare with the least, got none"
                )
            points = np.where(scores[..., None] < lowest, np.nan, points)
        mapped = Poses.from_keypoints(points, scores, poses.scores, poses.boxes, poses.track_ids)
        has_joint = ~np.isnan(points).all(axis=(1, 2))
        frames.append(mapped[has_joint & (unnamed | (mapped.track_ids != NO_ID))])
    every = np.concatenate([np.empty(0, np.int64), *(poses.track_ids for poses in frames)])
    known = np.unique(every[every != NO_ID])

    def numbered(ids: IntArray) -> IntArray:
        return np.where(ids == NO_ID, NO_ID, np.searchsorted(known, ids) + 1)

    return replace(
        listing.blank,
        frames=tuple(poses.with_track_ids(numbered(poses.track_ids)) for poses in frames),
        score_scales=tracked.score_scales,
    )


def save_predictions(folder: Path, listing: Listing, predicted: Sequence) -> None:
    """Write a sequence's file: its annotation with these people in place of the true ones.

    Raises:
        InputError: it cannot be written, or the annotation has changed since it was read.
    """
    save(folder / f"{listing.name}.json", predicted, format=listing.format)
