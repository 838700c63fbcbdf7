"""Our default association rule: sure poses first, by keypoints and boxes, where people move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_above
from ..frames import Correspondences
from ..geometry import areas
from ..motion_field import carry, medians
from ..poses import NO_ID, Poses
from ..similarity import oks
from .motion import damped_frames
from .rule import Association
from .tracks import Tracks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class default:
    """Our rule.

    Args:
        memory: frames a track is kept unseen. Longer: people keep their id behind longer
            occlusions, and a newcomer is likelier to get an id that was another's.
        sure: score in [0, 1] from which a pose is matched first; weaker ones only continue
            tracks that are left over.
        birth: score in [0, 1] from which a pose starts an id at once.
        trial: score in [0, 1] a weaker pose needs to start an id by going on. Lower: people whom
            the estimator hardly sees get ids, and so do lamp posts.
        persist: frames in a row after which such a pose starts an id. More: fewer false
            people; people whom the estimator is never sure of get their id later.
        similar: similarity in [0, 1] that a sure pose must exceed to continue a track.
        similar_weak: the same for a weak pose.
        duplicate: OKS in [0, 1] above which the weaker of two poses of one frame is the same
            person seen twice; it gets no id. 1 = keep all.
        keypoint_share: in [0, 1], what keypoints count in the similarity; boxes count the rest.
        softness: factor on the keypoints' falloffs. OKS was made to grade the estimate of one
            person, and is 0 long before two poses are surely two people.
        growth: share by which the falloffs grow with each frame a track was not seen.
        staleness: what a track loses in similarity over 30 frames unseen, and no more after that.
        damping: in [0, 1), what is left of a velocity after each frame nobody confirmed it.
    """

    memory: int = 60
    sure: float = 0.47
    birth: float = 0.49
    trial: float = 0.4
    persist: int = 5
    similar: float = 0.06
    similar_weak: float = 0.54
    duplicate: float = 0.75
    keypoint_share: float = 0.83
    softness: float = 1.9
    growth: float = 0.1
    staleness: float = 0.22
    damping: float = 0.77

    def associate(
        self,
        tracks: Tracks,
        poses: Poses,
        variances: FloatArray,
        correspondences: Correspondences | None,
        image_size: tuple[int, int] | None,
    ) -> Association:
        """Sure poses on known tracks, then weak ones on those left; the rest is new or on trial."""
        scores = np.where(np.isnan(poses.scores), 1.0, poses.scores)
        similarity, twins = self.compare(tracks, poses, variances, correspondences)
        single = np.ones(len(poses), dtype=np.bool_)
        for i, j in twins.tolist():
            single[j if scores[i] >= scores[j] else i] = False
        sure = single & (scores >= self.sure)
        weak = single & ~sure
        known = tracks.ids != NO_ID
        pairs = _assign_among(similarity, known, sure, self.similar)
        if weak.any():
            known[pairs[:, 0]] = False
            more = _assign_among(similarity, known, weak, self.similar_weak)
            pairs = np.concatenate([pairs, more])
        left = single & (scores >= self.trial)
        left[pairs[:, 1]] = False
        believed = scores >= self.birth
        on_trial = tracks.ids == NO_ID
        if on_trial.any():
            more = _assign_among(similarity, on_trial, left & ~believed, self.similar_weak)
            pairs = np.concatenate([pairs, more])
            left[more[:, 1]] = False
        births = np.flatnonzero(left)
        named, seen = ~on_trial, pairs[:, 0]
        # The hits of a track do not count this frame yet.
        named[seen] |= tracks.hits[seen] + 1 >= self.persist
        return Association(pairs, births, named, believed[births])

    def compare(
        self,
        tracks: Tracks,
        poses: Poses,
        variances: FloatArray,
        correspondences: Correspondences | None,
    ) -> tuple[FloatArray, IntArray]:
        """How alike tracks, where they should be now, and poses are; and which poses are twins.

        Returns:
            (T, N) similarities, at most 1, and (D, 2) pairs of poses that are one person.
        """
        n_tracks, n_poses = len(tracks), len(poses)
        keypoints, boxes = self.predict(tracks, correspondences)
        # Tracks and poses are compared with the poses in one go: small arrays cost by the call.
        keypoints = np.concatenate([keypoints, poses.keypoints])
        boxes = np.concatenate([boxes, poses.boxes])
        # x and y apart: NumPy is slow along an axis of two.
        x0, y0, x1, y1 = boxes.T
        width, height = x1 - x0, y1 - y0
        area = width * height
        now = poses.boxes.T[:, None]
        across = np.minimum(x1[:, None], now[2]) - np.maximum(x0[:, None], now[0])
        down = np.minimum(y1[:, None], now[3]) - np.maximum(y0[:, None], now[1])
        # Most pairs in a crowd are far apart: keypoints are compared only of those whose boxes
        # overlap, or would if the first were a quarter wider on each side.
        near = (across > -0.25 * width[:, None]) & (down > -0.25 * height[:, None])
        near &= np.arange(-n_tracks, n_poses)[:, None] < np.arange(n_poses)  # each two once
        i, j = np.nonzero(near)
        growth = np.ones(len(boxes))
        growth[:n_tracks] += self.growth * tracks.missed
        spread = (area * growth * growth)[i, None] * (variances * self.softness**2)
        weights = poses.keypoint_scores[j]
        unknown = np.isnan(weights)
        if unknown.any():
            weights[unknown] = 1.0
        by_keypoints = oks(keypoints[i], poses.keypoints[j], spread, weights)
        n = int(np.searchsorted(i, n_tracks))
        twin = n + np.flatnonzero(by_keypoints[n:] > self.duplicate)
        twins = np.array([i[twin] - n_tracks, j[twin]]).T
        i, j = i[:n], j[:n]
        common = np.maximum(across[i, j], 0.0) * np.maximum(down[i, j], 0.0)
        # A pose of one keypoint has no area; neither has what it shares.
        by_boxes = common / np.maximum(area[i] + area[n_tracks + j] - common, 1e-9)
        stale = self.staleness * np.minimum(tracks.missed[i] / 30.0, 1.0)
        similarity = np.zeros((n_tracks, n_poses))
        share = self.keypoint_share
        similarity[i, j] = share * by_keypoints[:n] + (1.0 - share) * by_boxes - stale
        return similarity, twins

    def predict(
        self, tracks: Tracks, correspondences: Correspondences | None
    ) -> tuple[FloatArray, FloatArray]:
        """Where keypoints (T, K, 2) and boxes (T, 4) should be now.

        By each track's damped velocity, and where the images tell, by the correspondences around
        the keypoints of the tracks that were seen in the previous frame.
        """
        shift = tracks.velocity * damped_frames(tracks.missed + 1, self.damping)[:, None]
        keypoints = tracks.keypoints + shift[:, None]
        if correspondences is not None and len(correspondences.source):
            seen = np.flatnonzero(tracks.missed == 0)
            carried, moved = _carried(tracks[seen], correspondences)
            told = ~np.isnan(moved[:, 0])
            keypoints[seen] = np.where(np.isnan(carried), keypoints[seen], carried)
            shift[seen[told]] = moved[told]
        return keypoints, tracks.boxes + np.concatenate([shift, shift], axis=1)


def _assign_among(
    similarity: FloatArray, tracks: BoolArray, poses: BoolArray, gate: float
) -> IntArray:
    """Pairs (P, 2) among some tracks (T,) and some poses (N,), as indices of all."""
    row, column = np.flatnonzero(tracks), np.flatnonzero(poses)
    pairs = assign_above(similarity[row[:, None], column], gate)
    return np.array([row[pairs[:, 0]], column[pairs[:, 1]]]).T


def _carried(tracks: Tracks, correspondences: Correspondences) -> tuple[FloatArray, FloatArray]:
    """Keypoints (T, K, 2) moved by correspondences, and the persons' median move (T, 2); or nan."""
    n, k, _ = tracks.keypoints.shape
    # A tenth of the person: the paper's neighbourhood of a joint.
    reach = 0.1 * np.sqrt(areas(tracks.boxes))
    carried = carry(
        tracks.keypoints.reshape(-1, 2), correspondences, radius=np.repeat(reach, k)
    ).reshape(n, k, 2)
    moved = medians(carried - tracks.keypoints, ~np.isnan(carried[..., 0]))
    return carried, moved
