"""How narrowly a decision was taken: by how much a pair was more alike than what else there was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def margins(similarity: FloatArray, pairs: IntArray) -> tuple[FloatArray, IntArray]:
    """(P,) by how much each pair is more alike than the best of what it had instead, and (P,) that.

    Instead, a track might have gone on as another pose, and a pose as another track; below 0, a
    pair was taken for the good of all.

    Args:
        similarity: (T, N) of tracks and poses, 0 = not alike at all.
        pairs: (P, 2) row and column of each pair that was taken.

    Returns:
        The rivals are poses: the other pose, or the one that the other track went on as; -1 = the
        other track went on as none, or there was nothing else.
    """
    track, pose = pairs.T
    others = similarity.copy()
    others[track, pose] = 0.0
    taken = np.full(len(similarity), -1)
    taken[track] = pose
    poses, tracks = others[track], others[:, pose].T
    by_pose, by_track = poses.max(axis=1, initial=0.0), tracks.max(axis=1, initial=0.0)
    if not len(pairs):
        return by_pose, pose
    rival = np.where(by_pose >= by_track, poses.argmax(axis=1), taken[tracks.argmax(axis=1)])
    best = np.maximum(by_pose, by_track)
    return similarity[track, pose] - best, np.where(best > 0, rival, -1)
