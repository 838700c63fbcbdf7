"""The engine: match, see, miss, start, forget. What a match is, a rule says."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..frames import Correspondences, Follower, ImageArray, Matcher, gray
from ..looks import clear, likeness
from ..poses import NO_ID, Appearance, Poses
from ..skeletons import DEFAULT_SIGMA, Skeleton
from .camera import camera_motion, moved_along, scene_points, steadied
from .default import default
from .margins import margins
from .rule import Association, Rule, Told
from .scenes import LEAST_TOLD, comparable, share_told, view_of
from .tracks import Tracks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Tracker:
    """Gives every pose the id of its person, one frame after another.

    Online: a frame's ids depend on that frame and earlier ones only. Trackers share nothing; to
    begin another video, make another tracker.

    Args:
        skeleton: what the keypoints are; None = all keypoints equally precise.
        rule: how poses are matched with tracks: `default()`, `published()`.
        fps: frames a second; what a rule says of time is in seconds.
        matcher: finds correspondences between neighbouring images; None = none are looked for,
            and images given to `update` tell their size only.
        appearance: tells what people in an image look like; None = that is not asked.

    Raises:
        InputError: `fps` is not a rate.
    """

    def __init__(
        self,
        skeleton: Skeleton | None = None,
        rule: Rule | None = None,
        *,
        fps: float = 25.0,
        matcher: Matcher | None = None,
        appearance: Appearance | None = None,
    ) -> None:
        self._skeleton = skeleton
        self._mirror = None if skeleton is None else skeleton.mirror
        self._rule: Rule = default() if rule is None else rule
        self.fps = fps
        self._matcher = matcher
        self._appearance = appearance
        self._tracks: Tracks | None = None
        self._variances: FloatArray | None = None
        self._last_image: ImageArray | None = None
        self._correspondences: Correspondences | None = None
        self._decided: tuple[FloatArray, IntArray, IntArray, IntArray] | None = None
        self._next_id = 1

    @property
    def fps(self) -> float:
        """Frames a second; may be set anew before any of them, where frames come as they can."""
        return self._fps

    @fps.setter
    def fps(self, fps: float) -> None:
        if not 0 < fps < np.inf:
            raise InputError(f"fps: expected a number of frames a second above 0, got {fps:g}")
        self._fps = fps

    @property
    def matcher(self) -> Matcher | None:
        """What finds correspondences between neighbouring images."""
        return self._matcher

    @property
    def correspondences(self) -> Correspondences | None:
        """What the last `update` knew of its image and the one before; None = there were none."""
        return self._correspondences

    def doubts(self, narrow: float = 0.3) -> tuple[IntArray, IntArray, FloatArray]:
        """Of the last `update`, poses whose ids are most likely wrong.

        Args:
            narrow: in similarity, the margin below which a decision is one of them.

        Returns:
            (D,) the poses, (D,) the track ids that they might have instead, or −1, and (D,) the
            margins: see `margins.margins`. Nothing of a rule that tells no similarity.
        """
        decided = self._decided
        if decided is None:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        similarity, pairs, *ids = decided
        margin, rival = margins(similarity, pairs, *ids)
        few = np.flatnonzero(margin < narrow)
        return pairs[few, 1], rival[few], margin[few]

    def update(
        self,
        poses: Poses,
        image: ImageArray | None = None,
        *,
        correspondences: Correspondences | tuple[FloatArray, FloatArray] | Follower | None = None,
    ) -> Poses:
        """The poses of the next frame, in the same order, with track ids.

        Args:
            poses: of this frame; possibly none.
            image: (H, W) gray or (H, W, 3) BGR uint8; None = not at hand.
            correspondences: between the previous frame and this one, if they are known already,
                or what a matcher made of these two images; the own matcher is then not asked.

        Returns:
            A new object; ids from 1, −1 = on no track.

        Raises:
            InputError: the poses have another number of keypoints than before, or the image is
                not an image.
        """
        tracks, variances = self._state(poses)
        shades = None if image is None else gray(image)
        image_size = None if shades is None else (shades.shape[1], shades.shape[0])
        tracks, looks = self._look(tracks, poses, image)
        known = self._correspondences = self._correspond(tracks, shades, correspondences)
        is_cut = False
        if known is not None and self._rule.follows_camera:
            # As if the camera had always stood where it stands now, if that can be told.
            motion = camera_motion(known, tracks.boxes[tracks.missed == 0])
            if motion is None:
                # Where nobody is any more, they may all be hidden.
                is_cut = len(poses) > 0 and self._is_cut(tracks, known, shades)
            else:
                tracks, known = moved_along(tracks, motion), steadied(known, motion)
        alike = likeness(tracks.looks, looks) if looks.size else None
        told = Told(variances, self._fps, known, image_size, alike, is_cut, self._mirror)
        decision = self._rule.associate(tracks, poses, told)
        ids = self._remember(tracks, poses, decision, looks, is_cut)
        # A caller may read the next frame into the same memory.
        self._last_image = None if shades is None or self._matcher is None else shades.copy()
        return poses.with_track_ids(ids)

    def _state(self, poses: Poses) -> tuple[Tracks, FloatArray]:
        """The tracks so far and the skeleton's falloffs; the first frame settles K."""
        k = poses.n_keypoints
        if self._tracks is None or self._variances is None:
            if self._skeleton is not None and len(self._skeleton) != k:
                raise InputError(
                    f"poses: expected the {len(self._skeleton)} keypoints of "
                    f"{self._skeleton.name}, got {k}"
                )
            self._tracks = Tracks.none(k)
            sigmas = np.full(k, DEFAULT_SIGMA) if self._skeleton is None else self._skeleton.sigmas
            self._variances = (2 * sigmas) ** 2
        if self._tracks.keypoints.shape[1] != k:
            raise InputError(
                f"poses: expected {self._tracks.keypoints.shape[1]} keypoints as in the frames "
                f"before, got {k}"
            )
        return self._tracks, self._variances

    def _look(
        self, tracks: Tracks, poses: Poses, image: ImageArray | None
    ) -> tuple[Tracks, FloatArray]:
        """The tracks, and what the poses look like, (N, D); D is settled by the first image."""
        width = tracks.looks.shape[1]
        if image is None or self._appearance is None:
            unknown = np.empty((len(poses), width))
            unknown.fill(np.nan)
            return tracks, unknown
        looks = self._appearance(image, poses)
        if looks.shape[1] != width:
            unknown = np.full((len(tracks), looks.shape[1]), np.nan)
            tracks = dataclasses.replace(tracks, looks=unknown)
        return tracks, looks

    def _correspond(
        self,
        tracks: Tracks,
        image: ImageArray | None,
        known: Correspondences | tuple[FloatArray, FloatArray] | Follower | None,
    ) -> Correspondences | None:
        if known is not None and not callable(known):
            return Correspondences(*known)
        if known is None:
            if self._matcher is None or self._last_image is None or image is None:
                return None
            if not len(tracks) or not (self._rule.follows_camera or (tracks.missed == 0).any()):
                return Correspondences.none()
            known = self._matcher(self._last_image, image)
        seen = tracks[tracks.missed == 0]
        points = points_of_interest(seen)
        if image is not None and self._rule.follows_camera:
            points = np.concatenate([points, scene_points(seen.boxes, image.shape)])
        return known(points)

    def _is_cut(self, tracks: Tracks, found: Correspondences, image: ImageArray | None) -> bool:
        """Whether two images could show the same scene, and what was found in them says no."""
        before = self._last_image
        if before is None or image is None:
            return False
        seen = tracks[tracks.missed == 0]
        told = share_told(
            Poses.from_keypoints(seen.keypoints, boxes=seen.boxes), found, before.shape
        )
        return told < LEAST_TOLD and comparable(view_of(before), view_of(image))

    def _remember(
        self,
        tracks: Tracks,
        poses: Poses,
        decision: Association,
        looks: FloatArray,
        is_cut: bool,
    ) -> IntArray:
        """Bring the tracks up to this frame; (N,) the ids of its poses."""
        tracks = self._named(tracks.observed(decision.pairs, poses), decision.named)
        if looks.size:
            looks = np.where(clear(poses.boxes)[:, None], looks, np.nan)
            tracks = tracks.seen_like(decision.pairs, looks)
        ids = np.empty(len(poses), dtype=np.int64)
        ids.fill(NO_ID)
        ids[decision.pairs[:, 1]] = tracks.ids.take(decision.pairs[:, 0])
        named = tracks.ids
        if len(decision.pairs) < len(tracks):
            # A track on trial must be seen in every frame.
            memory = self._rule.remembers(self._fps, is_cut)
            forgotten = tracks.missed > memory * (tracks.ids != NO_ID)
            if np.count_nonzero(forgotten):
                tracks = tracks[~forgotten]
        if len(decision.births):
            started = Tracks.started(poses[decision.births], looks[decision.births])
            started = self._named(started, decision.named_births.nonzero()[0])
            ids[decision.births] = started.ids
            tracks = tracks.and_also(started)
        self._tracks = tracks
        if decision.similarity is not None:
            self._decided = decision.similarity, decision.pairs, named, ids
        return ids

    def _named(self, tracks: Tracks, new: IntArray) -> Tracks:
        if not len(new):
            return tracks
        ids = tracks.ids.copy()
        ids[new] = np.arange(self._next_id, self._next_id + len(new))
        self._next_id += len(new)
        return dataclasses.replace(tracks, ids=ids)


def points_of_interest(seen: Tracks, per_side: int = 3) -> FloatArray:
    """(P, 2) where correspondences help: the keypoints of tracks just seen, and a grid in each box.

    The grid (`per_side`² points) gives a body with few keypoints enough correspondences.
    """
    keypoints = seen.keypoints.reshape(-1, 2)
    steps = (np.arange(per_side) + 0.5) / per_side
    share = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    low, high = seen.boxes[:, None, :2], seen.boxes[:, None, 2:]
    points = np.concatenate([keypoints, (low + share * (high - low)).reshape(-1, 2)])
    return np.asarray(points[~np.isnan(points).any(axis=1)])
