"""Frames that are not final yet, and how each is joined to the one before: the paper's candidates.

A person whom the estimator missed is carried over from the frame before; so a frame here may hold
more poses than were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_allowed
from ..frames import Correspondences
from ..geometry import areas, overlapping, widen
from ..motion_field import carry_people
from ..poses import NO_ID, Origin, Poses
from ..similarity import oks
from .default import default
from .distances import (
    confidences,
    joint_squares,
    keypoint_weights,
    pose_distance,
    shared_points,
    sizes,
)
from .motion import displacement, smoothed

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Moment:
    """A frame in the window: N poses, the estimator's and then those carried over.

    Attributes:
        index: of the frame.
        poses: N.
        worth: (N,) the confidence s of each, in [0, 3].
        hits: (N,) int64, frames in a row in which the person was seen or carried; from 1.
        unseen: (N,) int64, for how many of the last frames in a row nobody saw the person; 0 = the
            estimator's.
        velocity: (N, 2) pixels a frame.
        edges: (M, N) shared points with the M poses of the frame before, in [0, K]; a person
            carried over shares all of them with the pose it was.
        apart: (N, N) d_f among them.
        flows: (N,) int64, the flow that each is on; -1 = none (yet).
        is_cut: whether the frame before was another scene.
    """

    index: int
    poses: Poses
    worth: FloatArray
    hits: IntArray
    unseen: IntArray
    velocity: FloatArray
    edges: FloatArray
    bars: FloatArray
    apart: FloatArray
    flows: IntArray
    is_cut: bool


def moment(
    before: Moment | None,
    poses: Poses,
    correspondences: Correspondences | None,
    *,
    is_cut: bool,
    square: float,
    candidate: float,
    fading: float,
    patience: int,
    variances: FloatArray,
    motion: default,
    fps: float,
) -> Moment:
    """The next frame.

    Args:
        before: the frame before; None = this is the first.
        poses: the estimator's.
        correspondences: from the frame before; None = nothing is known.
        is_cut: whether the frame before was another scene.
        square: of a pose's size, the side of the square around a joint.
        candidate: shared points from which a pose may follow another; half of the most that it
            could share, if that is less.
        fading: factor on the scores of a person carried over.
        patience: for so many frames in a row a person is carried over; 0 = nobody is.
        variances: (K,) squared falloffs of the skeleton's OKS.
        motion: how poses are compared, and a velocity damped, where there are no images.
        fps: frames a second.
    """
    n = len(poses)
    hits, velocity = np.ones(n, dtype=np.int64), np.zeros((n, 2))
    unseen = np.zeros(n, dtype=np.int64)
    edges = np.zeros((0 if before is None else len(before.poses), n))
    bars = np.zeros(len(edges))
    if before is not None and len(before.poses):
        expected = _expected(before, correspondences)
        edges = _edges(before, expected, poses, correspondences, square, variances, motion, fps)
        bars = _bars(before.poses, correspondences, candidate)
        i, j = assign_allowed(edges, edges >= bars[:, None]).T
        moved = _displacement(before.poses[i], poses[j])
        hits[j] = before.hits[i] + 1
        velocity[j] = smoothed(before.velocity[i], moved, before.hits[i])
        missed = np.setdiff1d(np.arange(len(before.poses)), i)
        # Nobody knows how somebody moves who was seen once, or whether it was somebody.
        missed = missed[(before.unseen[missed] < patience) & (before.hits[missed] > 1)]
        if len(missed):
            carried = _faded(expected[missed], fading)
            there = ~np.isnan(carried.boxes).any(axis=1) & (sizes(carried) > 0)
            missed, carried = missed[there], carried[there]
            own = np.zeros((len(before.poses), len(missed)))
            own[missed, np.arange(len(missed))] = poses.n_keypoints
            edges = np.concatenate([edges, own], axis=1)
            poses = joined([poses, carried])
            hits = np.concatenate([hits, before.hits[missed] + 1])
            unseen = np.concatenate([unseen, before.unseen[missed] + 1])
            velocity = np.concatenate([velocity, motion.damping(fps) * before.velocity[missed]])
    return Moment(
        index=0 if before is None else before.index + 1,
        poses=poses,
        worth=confidences(poses),
        hits=hits,
        unseen=unseen,
        velocity=velocity,
        edges=edges,
        bars=bars,
        apart=pose_distance(poses, poses, square),
        flows=np.full(len(poses), -1, dtype=np.int64),
        is_cut=is_cut,
    )


def joined(parts: list[Poses]) -> Poses:
    """The poses of several, one after another; of at least one."""
    return Poses(*(np.concatenate(columns) for columns in zip(*map(_columns, parts), strict=True)))


def _columns(poses: Poses) -> tuple[NDArray[Any], ...]:
    return (
        poses.keypoints,
        poses.keypoint_scores,
        poses.scores,
        poses.boxes,
        poses.track_ids,
        poses.rows,
        poses.origins,
    )


def _displacement(before: Poses, after: Poses) -> FloatArray:
    weights = np.minimum(keypoint_weights(before), keypoint_weights(after))
    return displacement(before.keypoints, after.keypoints, weights)


def _expected(before: Moment, correspondences: Correspondences | None) -> Poses:
    """Where the poses of the frame before should be now; nan = nothing tells.

    Each keypoint goes where the correspondences around it go, else with the whole person; without
    images people go on as they moved.
    """
    poses = before.poses
    n = len(poses)
    if correspondences is None:
        moved = before.velocity
        keypoints = poses.keypoints + moved[:, None]
    else:
        keypoints, moved = carry_people(
            poses.keypoints, before.velocity, sizes(poses), correspondences
        )
        whole = poses.keypoints + moved[:, None]
        keypoints = np.where(np.isnan(keypoints), whole, keypoints)
    boxes = poses.boxes + np.concatenate([moved, moved], axis=1)
    return Poses(
        keypoints,
        poses.keypoint_scores,
        poses.scores,
        boxes,
        np.full(n, NO_ID, dtype=np.int64),
        np.full(n, -1, dtype=np.int64),
        np.full(n, Origin.PROPAGATED, dtype=np.uint8),
    )


def _edges(
    before: Moment,
    expected: Poses,
    after: Poses,
    correspondences: Correspondences | None,
    square: float,
    variances: FloatArray,
    motion: default,
    fps: float,
) -> FloatArray:
    """(M, N) shared points of the poses of two neighbouring frames.

    Without images, K times the default setting's OKS, which forgives more the longer nobody saw
    the person. (ours)
    """
    if correspondences is not None:
        squares = joint_squares(before.poses, square), joint_squares(after, square)
        return shared_points(*correspondences, *squares)
    boxes = widen(expected.boxes, 0.25).T
    i, j = overlapping(boxes[:2], boxes[2:], after.boxes.T).nonzero()
    grown = 1 + motion.growth * before.unseen / fps
    spread = np.maximum(areas(expected.boxes), 1e-9) * grown**2
    falloffs = spread[i, None] * (motion.softness**2 * variances)
    alike = np.zeros((len(expected), len(after)))
    alike[i, j] = oks(expected.keypoints[i], after.keypoints[j], falloffs, after.keypoint_scores[j])
    return after.n_keypoints * alike


def _bars(before: Poses, correspondences: Correspondences | None, candidate: float) -> FloatArray:
    """(M,) how many points a pose must share with each of those before to be a candidate.

    A pose of one to three keypoints could hardly share as many as others must. (ours: its own bar)
    """
    if correspondences is None:
        # Of K shared points, however few keypoints are there.
        return np.full(len(before), min(candidate, before.n_keypoints / 2))
    there = (~np.isnan(before.keypoints[..., 0])).sum(axis=1)
    # Who has none at all shares none with anybody.
    return np.asarray(np.minimum(candidate, np.maximum(there, 1) / 2))


def _faded(poses: Poses, share: float) -> Poses:
    """The same with all scores times `share`; unknown scores count 1."""
    weights = np.where(np.isnan(poses.keypoint_scores), 1.0, poses.keypoint_scores)
    scores = np.where(np.isnan(poses.scores), 1.0, poses.scores)
    return Poses(
        poses.keypoints,
        np.where(np.isnan(poses.keypoints[..., 0]), 0.0, share * weights),
        share * scores,
        poses.boxes,
        poses.track_ids,
        poses.rows,
        poses.origins,
    )
