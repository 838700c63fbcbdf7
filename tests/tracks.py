"""Clips of people on known paths, for what happens after tracking."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from poseflow.poses import Poses, Sequence
from poseflow.skeletons import Skeleton

PAIR = Skeleton("pair", ("head", "foot"), ((0, 1),), np.arange(2), np.ones(2))
"""Two keypoints are enough."""

Path = Callable[[float], list[list[float]]]
"""frame -> where the two keypoints are."""


def clip(
    paths: dict[int, Path],
    n_frames: int,
    absent: set[tuple[int, int]] = frozenset(),
    missing: set[tuple[int, int, int]] = frozenset(),
    scores: float | np.ndarray = 0.8,
    times: np.ndarray | None = None,
) -> Sequence:
    """People by id, each keypoint as sure as `scores` (F,) says of its frame.

    Args:
        paths: id -> path.
        n_frames: F.
        absent: (id, frame) of people who are not found.
        missing: (id, frame, keypoint) of keypoints that are not.
        scores: in [0, 1].
        times: (F,) seconds.
    """
    sure = np.broadcast_to(scores, n_frames)
    frames = []
    for t in range(n_frames):
        ids = [i for i in paths if (i, t) not in absent]
        points = np.array([paths[i](t) for i in ids], dtype=float).reshape(-1, 2, 2)
        for n, i in enumerate(ids):
            for k in range(2):
                if (i, t, k) in missing:
                    points[n, k] = np.nan
        point_scores = np.full(points.shape[:2], sure[t])
        frames.append(
            Poses.from_keypoints(points, point_scores, np.full(len(ids), sure[t]), track_ids=ids)
        )
    return Sequence(PAIR, tuple(frames), ("",) * n_frames, times)


def of(sequence: Sequence, track_id: int) -> np.ndarray:
    """(F, K, 2) where somebody is; nan = not there."""
    found = np.full((len(sequence), len(sequence.skeleton), 2), np.nan)
    for t, poses in enumerate(sequence.frames):
        for n in np.flatnonzero(poses.track_ids == track_id):
            found[t] = poses.keypoints[n]
    return found


def assert_same_poses(got: Sequence, expected: Sequence) -> None:
    """Digit for digit, but for the rows of a file."""
    for a, b in zip(got.frames, expected.frames, strict=True):
        assert a.raw_keypoints is None
        for name in ("keypoints", "keypoint_scores", "scores", "boxes", "track_ids", "origins"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
