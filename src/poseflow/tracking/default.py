"""Our default association rule: sure poses first, by keypoints and boxes, where people move."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_allowed
from ..errors import InputError
from ..geometry import areas
from ..motion_field import carry_people
from ..poses import NO_ID, Poses
from .motion import damped_frames
from .pairs import alike_either_way, iou, near
from .ranges import LEAST, check_ranges, number
from .recall import closeness, nearness
from .rule import Association, Told
from .tracks import Tracks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_OUTWARDS = np.array([-1.0, -1.0, 1.0, 1.0])
"""Of x0 y0 x1 y1, the directions that lead out of the box."""

_POINT = 10.0
"""Pixels around a keypoint that is all there is of a person, in place of a size: so far estimators
may err from frame to frame."""


@dataclass(frozen=True, kw_only=True)
class default:
    """Our rule.

    Args:
        memory: seconds a track is kept unseen. Longer: people keep their id behind longer
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
        rival: share of the better one's score above which the weaker of two such poses is somebody
            else after all: estimators are seldom as sure of a second view of one person. 1 = never.
        covered: share in [0, 1] of a newcomer's box within that of somebody who goes on above which
            it gets an id by going on only: it may be half of that person seen once more. 1 = never.
        keypoint_share: in [0, 1], what keypoints count in the similarity; boxes count the rest.
        softness: factor on the keypoints' falloffs. OKS was made to grade the estimate of one
            person, and is 0 long before two poses are surely two people.
        growth: share by which the falloffs grow with each second a track was not seen.
        staleness: what a track loses in similarity over 1.2 seconds unseen, and no more after that.
        looks: what a likeness 1 higher adds to the similarity of a person who was lost; how those
            in view look is not asked.
        alike: likeness in [0, 1] that speaks neither for nor against.
        strange: likeness in [0, 1] below which somebody is not who was lost, wherever they stand.
        recognised: likeness in [0, 1] above which somebody new is somebody who was lost nearby.
        nearby: how near that is, in sizes of the person (the root of the box's area), and how near
            somebody new must be whose looks are not known.
        pace: how many sizes of their own people move in a second, twice that if they were seen in
            one frame only; until they may have got as far as `nearby`, this limits where they are
            looked for.
        persistence: seconds after which a velocity that nobody confirmed has lost all but 1/e:
            people turn and stop.
        people: how many there are, where that is known: no more ids than that at any time. Nobody
            is then forgotten, and when all have ids, somebody new is whoever was lost, the nearest
            first; if nobody is lost, nobody. None = not known.

    Raises:
        InputError: a number is out of its range, or `people` is not a number of people.
    """

    follows_camera: ClassVar[bool] = True

    memory: float = number(3.0)
    sure: float = number(0.47, 0, 1)
    birth: float = number(0.49, 0, 1)
    trial: float = number(0.4, 0, 1)
    persist: int = number(5, 1)
    similar: float = number(0.06, 0, 1)
    similar_weak: float = number(0.54, 0, 1)
    duplicate: float = number(0.8, 0, 1)
    rival: float = number(1.0, 0, 1)
    covered: float = number(0.85, 0, 1)
    keypoint_share: float = number(0.83, 0, 1)
    softness: float = number(1.9, LEAST)
    growth: float = number(1.0)
    staleness: float = number(0.22)
    looks: float = number(1.0)
    alike: float = number(0.75, 0, 1)
    strange: float = number(0.7, 0, 1)
    recognised: float = number(0.8, 0, 1)
    nearby: float = number(4.0, LEAST)
    pace: float = number(3.75, LEAST)
    persistence: float = number(0.15, LEAST)
    people: int | None = None

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.people is not None and not self.people >= 1:
            raise InputError(f"people: expected at least 1, got {self.people}")

    def associate(
        self,
        tracks: Tracks,
        poses: Poses,
        told: Told,
    ) -> Association:
        """Sure poses on known tracks, then weak ones on those left, then new ones on those lost.

        The rest starts tracks, with an id or on trial.
        """
        similarity, scores = self.compare(tracks, poses, told)
        if told.likeness is not None or told.is_cut:
            self._look(similarity, tracks, told)
        sure = scores >= self.sure
        known = tracks.ids != NO_ID
        pairs = _assign_among(similarity, known, sure, self.similar)
        if len(pairs) == len(poses):
            nobody = pairs[:0, 0]
            return Association(pairs, nobody, nobody, sure[:0], similarity)
        weak = (scores >= 0) & ~sure
        if weak.any():
            free = known.copy()
            free[pairs[:, 0]] = False
            more = _assign_among(similarity, free, weak, self.similar_weak)
            pairs = np.concatenate([pairs, more])
        left = scores >= self.trial
        left[pairs[:, 1]] = False
        believed = (scores >= self.birth) & left
        if believed.any():
            new = believed.nonzero()[0]
            within = _within(poses.boxes[new], poses.boxes[pairs[:, 1]])
            believed[new] = ~(within > self.covered).any(axis=1)
            # Of who was seen once nobody knows how fast they are: where frames are few a second,
            # runners are beyond their boxes in the next one.
            free = known & ((tracks.missed > 0) | (tracks.hits == 1) | told.is_cut)
            free[pairs[:, 0]] = False
            more = self._recalled(tracks, poses, told, free & ~told.is_cut, believed)
            pairs = np.concatenate([pairs, more])
            left[more[:, 1]] = False
            if self.people is not None and known.sum() >= self.people:
                # It can be nobody else.
                free[more[:, 0]] = False
                more = _assign_among(closeness(tracks.boxes, poses.boxes), free, left & believed, 0)
                pairs = np.concatenate([pairs, more])
                left[more[:, 1]] = False
        named = pairs[:0, 0]
        if not known.all():
            more = _assign_among(similarity, ~known, left & ~believed, self.similar_weak)
            pairs = np.concatenate([pairs, more])
            left[more[:, 1]] = False
            # The hits of a track do not count this frame yet.
            named = more[tracks.hits[more[:, 0]] + 1 >= self.persist, 0]
        births = left.nonzero()[0]
        if self.people is not None:
            room = max(self.people - int(known.sum()), 0)
            named = named[:room]
            best = np.lexsort((_place(poses)[births], -scores[births]))
            births = np.sort(births[best[: room - len(named)]])
        return Association(pairs, births, named, believed[births], similarity)

    def remembers(self, fps: float, is_cut: bool = False) -> int:
        """For how many frames a track is kept without being seen, at so many frames a second.

        None across a cut: nobody comes back to where they were in another scene.
        """
        if self.people is not None:
            return np.iinfo(np.int64).max
        return 0 if is_cut else round(self.memory * fps)

    def damping(self, fps: float) -> float:
        """In [0, 1), what is left of a velocity after each frame nobody confirmed it."""
        return math.exp(-1.0 / (fps * self.persistence))

    def _look(self, similarity: FloatArray, tracks: Tracks, told: Told) -> None:
        """Change similarities (T, N) of those who were lost by how they look.

        Where people are says nothing across a cut: all are lost there, and go by their looks.
        """
        if told.likeness is None:
            similarity[:] = 0.0
            return
        known = ~np.isnan(told.likeness)
        if told.is_cut:
            similarity[~known] = 0.0
        lost = ((tracks.missed > 0) | told.is_cut)[:, None] & (similarity > 0) & known
        beyond = self.looks * (told.likeness[lost] - self.alike)
        # Who looks like somebody may still be another; who does not, hardly is the same.
        similarity[lost] += np.where(beyond < 0, 2.0, 1.0) * beyond
        similarity[lost & (told.likeness < self.strange)] = 0.0

    def _recalled(
        self, tracks: Tracks, poses: Poses, told: Told, lost: BoolArray, new: BoolArray
    ) -> IntArray:
        """Pairs (P, 2) of lost tracks (T,) and new poses (N,) that are likely the same people."""
        i, j = lost.nonzero()[0], new.nonzero()[0]
        if not len(i) or not len(j):
            return np.empty((0, 2), dtype=np.int64)
        pace = np.where(tracks.hits[i] == 1, 2.0, 1.0) * self.pace
        reach = np.minimum(pace * (tracks.missed[i] + 1) / told.fps, self.nearby)
        alike = nearness(tracks.boxes[i], poses.boxes[j], reach)
        gate = 0.0
        if told.likeness is not None:
            likeness, gate = told.likeness[np.ix_(i, j)], self.recognised
            alike = np.where(alike > 0, np.where(np.isnan(likeness), alike, likeness), 0.0)
        one, other = assign_allowed(alike, alike > gate).T
        return np.stack([i[one], j[other]], axis=1)

    def compare(self, tracks: Tracks, poses: Poses, told: Told) -> tuple[FloatArray, FloatArray]:
        """How alike tracks, where they should be now, and poses are; and what the poses count.

        Returns:
            (T, N) similarities, at most 1, and (N,) scores of the poses: 1 where none is given,
            -1 of a pose that shows the same person as a better one, or nobody at all, having
            neither a keypoint nor a box; that is no rival, and alike to nobody.
        """
        n_tracks, n_poses = len(tracks), len(poses)
        # Tracks and poses are compared with the poses in one go: small arrays cost by the call.
        keypoints, boxes = self.predict(tracks, told)
        keypoints = np.concatenate([keypoints, poses.keypoints])
        sides = np.concatenate([boxes, poses.boxes]) * _OUTWARDS
        across = sides.T.copy().reshape(2, 2, -1)
        extent = across[0] + across[1]
        nobody = None
        if np.count_nonzero(extent >= 1.0) < extent.size:
            nobody = np.isnan(poses.boxes[:, 0])
            across += np.where(extent < 1.0, _POINT, 0.0)
            extent = across[0] + across[1]
            sides = across.reshape(4, -1).T.copy()
        area = extent[0] * extent[1]
        cells = near(across, extent, n_tracks)
        i, j = np.divmod(cells, max(n_poses, 1))
        spread = area.copy()
        unseen = tracks.missed / told.fps if np.count_nonzero(tracks.missed) else None
        if unseen is not None:
            spread[:n_tracks] *= (1.0 + self.growth * unseen) ** 2
        spread *= self.softness**2
        n = int(cells.searchsorted(n_tracks * n_poses))
        by_keypoints = alike_either_way(
            keypoints, poses, spread, told.variances, told.mirror, i, j, n
        )
        scores = np.fmin(poses.scores, 1.0)
        if nobody is not None:
            scores[nobody] = -1.0
        twins = (by_keypoints[n:] > self.duplicate).nonzero()[0]
        if len(twins):
            twins = _weaker(scores, poses, i[n:][twins] - n_tracks, j[n:][twins], self.rival)
        i, j, by_keypoints = i[:n], j[:n], by_keypoints[:n]
        by_boxes = iou(sides, area, i, n_tracks + j)
        alike = self.keypoint_share * by_keypoints + (1.0 - self.keypoint_share) * by_boxes
        if unseen is not None:
            alike -= np.minimum(self.staleness / 1.2 * unseen, self.staleness).take(i)
        similarity = np.zeros((n_tracks, n_poses))
        similarity.reshape(-1)[cells[:n]] = alike
        if len(twins):
            similarity[:, twins] = 0.0
            scores[twins] = -1.0
        return similarity, scores

    def predict(self, tracks: Tracks, told: Told) -> tuple[FloatArray, FloatArray]:
        """Where keypoints (T, K, 2) and boxes (T, 4) should be now.

        By each track's damped velocity, and where the images tell, by the correspondences around
        the keypoints of the tracks that were seen in the previous frame.
        """
        shift = tracks.velocity.copy()
        if np.count_nonzero(tracks.missed):
            shift *= damped_frames(tracks.missed + 1, self.damping(told.fps))[:, None]
        keypoints = tracks.keypoints + shift[:, None]
        if told.correspondences is not None and len(told.correspondences.source):
            seen = np.flatnonzero(tracks.missed == 0)
            shown = tracks[seen]
            carried, moved = carry_people(
                shown.keypoints, shown.velocity, np.sqrt(areas(shown.boxes)), told.correspondences
            )
            followed = ~np.isnan(moved[:, 0])
            keypoints[seen] = np.where(np.isnan(carried), keypoints[seen], carried)
            shift[seen[followed]] = moved[followed]
        corners = tracks.boxes.reshape(-1, 2, 2) + shift[:, None]
        return keypoints, corners.reshape(-1, 4)


def _within(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """(A, B) the share of each of boxes (A, 4) that lies in each of others (B, 4); 0 of no box."""
    boxes = boxes[:, None]
    shared = np.minimum(boxes[..., 2:], others[:, 2:]) - np.maximum(boxes[..., :2], others[:, :2])
    common = np.maximum(shared, 0.0).prod(axis=-1)
    area = np.broadcast_to((boxes[..., 2:] - boxes[..., :2]).prod(axis=-1), common.shape)
    share = np.divide(common, area, out=np.zeros_like(common), where=area > 0)
    return np.asarray(share)


def _weaker(
    scores: FloatArray, poses: Poses, one: IntArray, other: IntArray, rival: float
) -> IntArray:
    """Of pairs of poses (P,) the one with the lower score; if equal, the one farther right or down.

    Of a pair whose scores (N,) differ, but are nearer than `rival`, there is none.
    """
    ahead = scores[one] - scores[other]
    if not ahead.all():
        # Not the later one: who is a twin must not depend on the order of people in a frame.
        ahead = np.where(ahead == 0, _place(poses)[other] - _place(poses)[one], ahead)
    first = (ahead > 0) | ((ahead == 0) & (one < other))
    weaker, better = np.where(first, other, one), np.where(first, one, other)
    apart = scores[better] - scores[weaker]
    spare: IntArray = weaker[(apart == 0) | (scores[weaker] <= rival * scores[better])]
    return spare


def _place(poses: Poses) -> IntArray:
    """(N,) where each pose comes if they are ordered by where they are, and by nothing else."""
    where = np.concatenate([poses.boxes, poses.keypoints.reshape(len(poses), -1)], axis=1)
    numbers = np.nan_to_num(where, nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    return np.unique(numbers, axis=0, return_inverse=True)[1].reshape(-1)


def _assign_among(
    similarity: FloatArray, tracks: BoolArray, poses: BoolArray, gate: float
) -> IntArray:
    """Pairs (P, 2) of some tracks (T,) and some poses (N,) whose similarity exceeds the gate."""
    return assign_allowed(similarity, (similarity > gate) & (tracks[:, None] & poses))
