"""How narrowly a decision was taken: by how much a pair was more alike than what else there was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses import NO_ID

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def margins(
    similarity: FloatArray, pairs: IntArray, track_ids: IntArray, pose_ids: IntArray
) -> tuple[FloatArray, IntArray]:
    """(P,) by how much each pair is more alike than the best of what it had instead, and (P,) that.

    Instead, a track might have gone on as another pose, and a pose as another track; below 0, a
    pair was taken for the good of all.

    Args:
        similarity: (T, N) of tracks and poses, 0 = not alike at all.
        pairs: (P, 2) row and column of each pair that was taken.
        track_ids: (T,) of the tracks; -1 = on trial.
        pose_ids: (N,) that the poses were given; -1 = none.

    Returns:
        The margins, and the ids of the other pose or of the other track; -1 = it had none, or
        there was nothing else.
    """
    track, pose = pairs.T
    others = similarity.copy()
    others[track, pose] = 0.0
    poses, tracks = others[track], others[:, pose].T
    by_pose, by_track = poses.max(axis=1, initial=0.0), tracks.max(axis=1, initial=0.0)
    if not len(pairs):
        return by_pose, pose
    other_pose, other_track = pose_ids[poses.argmax(axis=1)], track_ids[tracks.argmax(axis=1)]
    rival = np.where(by_pose >= by_track, other_pose, other_track)
    best = np.maximum(by_pose, by_track)
    return similarity[track, pose] - best, np.where(best > 0, rival, NO_ID)
