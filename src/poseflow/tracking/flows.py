"""Pose flows: the paper's setting. Paths that gather confidence, fused where they are one person.

Xiu et al., *Pose Flow*, BMVC 2018: candidates by correspondences, PF-Builder, PF-NMS over a sliding
window. What the paper leaves open and we settled is marked "ours"; docs/method.md lists it all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_allowed
from ..errors import InputError
from ..frames import Correspondences, Follower, ImageArray, Matcher, gray
from ..poses import NO_ID, Origin, Poses
from ..skeletons import DEFAULT_SIGMA, Skeleton
from .default import default
from .distances import joint_squares, points_in_squares
from .fusion import fused, groups_of_flows
from .moments import Moment, joined, moment
from .paths import Flow, claimed
from .ranges import LEAST, check_ranges, number
from .rule import Told
from .scenes import LEAST_TOLD, View, comparable, share_told, view_of
from .tracks import Tracks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class FlowFrame(NamedTuple):
    """A frame whose poses are final.

    Attributes:
        frame: 0-based, among the frames given.
        poses: with ids and origins. Fused and propagated ones have no row in a file; a pose that
            was fused into another is gone.
    """

    frame: int
    poses: Poses


@dataclass(frozen=True, kw_only=True)
class paper:
    """The paper's parameters, and ours where it has none.

    Args:
        window: frames of delay: flows are compared over so many frames before a frame is final
            (L); at least 1, and `ahead` - 1. More: steadier ids, later answers.
        candidate: shared points, summed over the joints, from which a pose may follow another
            (epsilon; 1/25 in the paper). Of a pose with fewer than twice as many keypoints, half
            of these are enough. (ours)
        ahead: frames that a step of a flow must pay off in (r).
        gain: share of its mean confidence that a flow must gather over the frames ahead, or it
            ends (gamma; 1.5 in the paper, whose scores had no bound). Higher: flows break sooner;
            above 1 / ahead they break before somebody's last frame.
        square: of a person's size, the side of the square around a joint (the paper's B).
        distance: up to this distance two flows are one person and are fused. Larger: fewer people
            twice, more people mistaken for one.
        closeness: how much less a step is worth to a pose that shares fewer points than another
            does: exponent of its share of theirs. 0 = not at all, as in the paper. (ours)
        fading: factor on the scores of a pose carried over to a frame in which nobody saw it, for
            each such frame. (ours)
        patience: for so many frames in a row a person is carried over; 0 = nobody is. More: longer
            gaps are filled, with poses that are worse. (ours)
        believed: confidence, 0 to 3, that a flow needs on average to be given an id. (ours)
        least: frames in which a flow must have been seen to be given an id, and to go on before
            those that have not. (ours)
        relink: our default rule, which gives a flow that begins the id of one that ended. It
            recalls further than that of `Tracker`: a flow is believed only after many frames, so
            those who come back are few and certain.

    Raises:
        InputError: a parameter is not of its range, or the window too short for the frames ahead.
    """

    window: int = number(20, 1)
    candidate: float = number(2.0, LEAST)
    ahead: int = number(3, 1)
    gain: float = number(0.3)
    square: float = number(0.1, LEAST)
    distance: float = number(1.0)
    closeness: float = number(1.0)
    fading: float = number(0.7, 0, 1)
    patience: int = number(4)
    believed: float = number(1.2, 0, 3)
    least: int = number(5, 1)
    relink: default = field(default_factory=lambda: default(growth=2.5))

    def __post_init__(self) -> None:
        check_ranges(self)
        # A step is taken when the frames ahead of it are known; until then its frame must wait.
        if self.window < self.ahead - 1:
            raise InputError(
                f"window: expected at least ahead − 1 = {self.ahead - 1} frames, got {self.window}"
            )


class FlowTracker:
    """Gives every pose the id of its person, a window of frames late, and mends poses by the way.

    Use `Tracker` for ids at once and poses as they are.

    Args:
        skeleton: what the keypoints are; None = all keypoints equally precise.
        setting: the parameters.
        fps: frames a second; what is a time in `relink` is in seconds.
        matcher: finds correspondences between neighbouring images. Without images, poses are taken
            to go on as they moved. (ours)

    Raises:
        InputError: `fps` is not a rate.
    """

    def __init__(
        self,
        skeleton: Skeleton | None = None,
        setting: paper | None = None,
        *,
        fps: float = 25.0,
        matcher: Matcher | None = None,
    ) -> None:
        if not 0 < fps < np.inf:
            raise InputError(f"fps: expected a number of frames a second above 0, got {fps:g}")
        self._skeleton = skeleton
        self._setting = paper() if setting is None else setting
        self._fps = fps
        self._matcher = matcher
        # Where there are no images: how alike poses of neighbouring frames are.
        self._motion = default()
        self._last_image: ImageArray | None = None
        self._last_view: View | None = None
        self._correspondences: Correspondences | None = None
        self._moments: deque[Moment] = deque()
        self._flows: dict[int, Flow] = {}
        self._begun = 0
        self._built = 0
        self._tracks: Tracks | None = None
        self._next_id = 1

    def update(
        self,
        poses: Poses,
        image: ImageArray | None = None,
        *,
        correspondences: Correspondences | Follower | None = None,
    ) -> list[FlowFrame]:
        """Take the next frame; give those that are final now, mostly the one `window` before it.

        Args:
            poses: of this frame; possibly none. Ids in them are forgotten; whatever their
                origins, they count as seen.
            image: (H, W) gray or (H, W, 3) BGR uint8; None = not at hand.
            correspondences: as for `Tracker.update`.

        Raises:
            InputError: the poses have another number of keypoints than before, or the image is
                not an image.
        """
        self._check(poses)
        image = None if image is None else gray(image)
        options = self._setting
        view = None if image is None else view_of(image)
        known = self._correspond(image, correspondences)
        is_cut = self._is_told_nothing(known)
        if is_cut and not self._is_comparable(view):
            # One bad image says nothing of where people are.
            known, is_cut = None, False
        self._correspondences = known
        self._moments.append(
            moment(
                self._moments[-1] if self._moments else None,
                replace(poses, track_ids=np.full(len(poses), NO_ID, dtype=np.int64)),
                Correspondences.none() if is_cut else known,
                is_cut=is_cut,
                square=options.square,
                candidate=options.candidate,
                fading=options.fading,
                patience=options.patience,
                variances=self._variances(poses.n_keypoints),
                motion=self._motion,
                fps=self._fps,
            )
        )
        self._last_image = None if image is None or self._matcher is None else image.copy()
        self._last_view = view
        if len(self._unbuilt()) >= options.ahead:
            self._build()
        return [self._finalise() for _ in range(len(self._moments) - options.window)]

    def finish(self) -> list[FlowFrame]:
        """The frames that are left, all final. What comes next is another clip."""
        while self._unbuilt():
            self._build()
        final = [self._finalise() for _ in range(len(self._moments))]
        self._forget()
        return final

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self._fps

    @property
    def matcher(self) -> Matcher | None:
        """What finds correspondences between neighbouring images."""
        return self._matcher

    @property
    def correspondences(self) -> Correspondences | None:
        """What the last `update` knew of its image and the one before; None = there were none."""
        return self._correspondences

    def _check(self, poses: Poses) -> None:
        """Settle K with the first frame, hold the others to it."""
        if self._tracks is None:
            if self._skeleton is not None and len(self._skeleton) != poses.n_keypoints:
                raise InputError(
                    f"poses: expected the {len(self._skeleton)} keypoints of "
                    f"{self._skeleton.name}, got {poses.n_keypoints}"
                )
            self._tracks = Tracks.none(poses.n_keypoints)
        expected = self._tracks.keypoints.shape[1]
        if poses.n_keypoints != expected:
            raise InputError(
                f"poses: expected {expected} keypoints as in the frames before, "
                f"got {poses.n_keypoints}"
            )

    def _correspond(
        self, image: ImageArray | None, known: Correspondences | Follower | None
    ) -> Correspondences | None:
        if isinstance(known, tuple):
            return Correspondences(*known)
        if known is None and self._matcher is not None and image is not None:
            if self._last_image is None:
                return None
            known = self._matcher(self._last_image, image)
        if known is None:
            return None
        before = self._moments[-1].poses if self._moments else None
        if before is None or not len(before):
            return Correspondences.none()
        return known(points_in_squares(joint_squares(before, self._setting.square)))

    def _is_told_nothing(self, known: Correspondences | None) -> bool:
        """Whether there were people of whom correspondences should tell, and do not."""
        if known is None or not self._moments:
            return False
        shape = None if self._last_view is None else self._last_view.shape
        return share_told(self._moments[-1].poses, known, shape) < LEAST_TOLD

    def _is_comparable(self, view: View | None) -> bool:
        """Whether this image and the last could be alike; yes, if they are not at hand."""
        if view is None or self._last_view is None:
            return True
        return comparable(self._last_view, view)

    # ------------------------------------------------------------ PF-Builder

    def _unbuilt(self) -> list[Moment]:
        return [m for m in self._moments if m.index >= self._built]

    def _build(self) -> None:
        """Take every flow one frame on, or end it: the first frame that is not built yet."""
        options = self._setting
        ahead = self._unbuilt()[: options.ahead]
        now = ahead[0]
        active = [flow for flow in self._flows.values() if flow.tip >= 0]
        sums = self._sums(ahead)[[flow.tip for flow in active]]
        mean = np.array([flow.worth / flow.length for flow in active])
        enough = np.maximum(options.gain * len(ahead) * mean, 1e-9)
        # All at once, a pose to one flow (ours: the paper lets flows meet in one pose), and who is
        # known before who has just appeared: a second detection of somebody is no rival. (ours)
        allowed = sums >= enough[:, None]
        known = np.array([self._is_believed(flow) for flow in active], dtype=np.bool_)
        pairs = assign_allowed(sums, allowed & known[:, None])
        allowed[:, pairs[:, 1]] = False
        more = assign_allowed(sums, allowed & ~known[:, None])
        steps = dict(np.concatenate([pairs, more]).tolist())
        for i, flow in enumerate(active):
            if i in steps:
                self._go_on(flow, now, steps[i])
            else:
                flow.tip = -1
        for pose in np.flatnonzero((now.unseen == 0) & (now.flows < 0)).tolist():
            self._begun += 1
            self._flows[self._begun] = flow = Flow(self._begun)
            self._go_on(flow, now, pose)
        self._built += 1

    def _sums(self, ahead: list[Moment]) -> FloatArray:
        """(M, N) the most that can be gathered by each step to the first of some frames.

        A step is worth less where either pose shares more points with another. (ours: the paper
        goes to whoever is surest) 0 = not a candidate.
        """
        options = self._setting
        gains = np.zeros(len(ahead[-1].poses))
        for later in reversed(ahead):
            shared = later.edges
            most = np.maximum(
                shared.max(axis=1, keepdims=True, initial=1e-9), shared.max(axis=0, initial=1e-9)
            )
            steps = (shared / most) ** options.closeness * (later.worth + gains)
            sums = np.where(shared >= later.bars[:, None], steps, 0.0)
            gains = sums.max(axis=1, initial=0.0)
        return sums

    def _go_on(self, flow: Flow, now: Moment, pose: int) -> None:
        now.flows[pose] = flow.number
        flow.tip = pose
        flow.worth += now.worth[pose]
        flow.length += 1
        if now.unseen[pose] == 0:
            flow.seen, flow.last_seen = flow.seen + 1, now.index

    # ------------------------------------------------------------ PF-NMS

    def _finalise(self) -> FlowFrame:
        """The oldest frame: flows that are one person fused, and named."""
        now = self._moments[0]
        if now.is_cut:
            # Whoever stands where somebody stood in another scene is not that person.
            self._tracks = Tracks.none(now.poses.n_keypoints)
        place = {number: i for i, number in enumerate(now.flows.tolist())}
        rows: list[int] = []
        merged: list[Poses] = []
        present: list[list[int]] = []
        for group in groups_of_flows(self._moments, self._setting.distance):
            members = self._members(now, [place[n] for n in group if n in place])
            if len(members) > 1:
                rows.append(len(now.poses) + len(merged))
                merged.append(fused(now.poses[members]))
            elif members:
                rows += members
            if members:
                present.append(group)
        poses = joined([now.poses, *merged])[rows]
        poses = poses.with_track_ids(self._ids(poses, present))
        believed = (poses.track_ids != NO_ID) | (poses.origins != Origin.PROPAGATED)
        self._moments.popleft()
        self._drop_ended()
        return FlowFrame(now.index, poses[believed])

    def _members(self, now: Moment, members: list[int]) -> list[int]:
        """Of the poses of a group in a frame, those that make its one pose; [] = it has none."""
        seen = [i for i in members if now.unseen[i] == 0]
        # Who was carried over and never seen again has left.
        carried = [i for i in members if self._flows[int(now.flows[i])].last_seen > now.index]
        return seen or carried[:1]

    def _ids(self, poses: Poses, groups: list[list[int]]) -> IntArray:
        """(G,) an id for each group: one of its flows', else that of somebody who was lost."""
        assert self._tracks is not None
        flows = [[self._flows[number] for number in group] for group in groups]
        ids = claimed(flows)
        worthy = np.array([any(map(self._is_believed, group)) for group in flows], dtype=np.bool_)
        new = np.flatnonzero((ids == NO_ID) & worthy)
        if len(new):
            ids[new] = self._relinked(poses[new], taken=ids)
            for i in new[ids[new] == NO_ID].tolist():
                ids[i], self._next_id = self._next_id, self._next_id + 1
        for one, group in zip(ids.tolist(), flows, strict=True):
            for flow in group:
                if flow.id == NO_ID:
                    flow.id = one
        self._remember(poses, ids)
        return ids

    def _is_believed(self, flow: Flow) -> bool:
        options = self._setting
        # A clip may be shorter than what is asked of a flow.
        least = min(options.least, self._built)
        return flow.seen >= least and flow.worth >= options.believed * flow.length

    def _relinked(self, poses: Poses, taken: IntArray) -> IntArray:
        """(N,) ids (ours) of those lost whom poses that begin may continue; -1 = nobody's."""
        assert self._tracks is not None
        lost = self._tracks[~np.isin(self._tracks.ids, taken)]
        ids = np.full(len(poses), NO_ID, dtype=np.int64)
        rule = self._setting.relink
        told = Told(self._variances(poses.n_keypoints), self._fps)
        similarity, _ = rule.compare(lost, poses, told)
        i, j = assign_allowed(similarity, similarity > rule.similar).T
        ids[j] = lost.ids[i]
        return ids

    def _variances(self, k: int) -> FloatArray:
        """(K,) the skeleton's OKS falloffs, squared."""
        sigmas = np.full(k, DEFAULT_SIGMA) if self._skeleton is None else self._skeleton.sigmas
        return np.asarray((2 * sigmas) ** 2)

    def _remember(self, poses: Poses, ids: IntArray) -> None:
        """Bring what is known of everybody with an id up to this frame."""
        assert self._tracks is not None
        row = {one: i for i, one in enumerate(self._tracks.ids.tolist())}
        pairs = [(row[one], j) for j, one in enumerate(ids.tolist()) if one in row]
        tracks = self._tracks.observed(np.array(pairs, dtype=np.int64).reshape(-1, 2), poses)
        new = [j for j, one in enumerate(ids.tolist()) if one != NO_ID and one not in row]
        if new:
            tracks = tracks.and_also(replace(Tracks.started(poses[new]), ids=ids[new]))
        self._tracks = tracks[tracks.missed <= self._setting.relink.remembers(self._fps)]

    def _drop_ended(self) -> None:
        """Forget flows of which no frame is left."""
        left = {n for m in self._moments for n in m.flows.tolist()}
        self._flows = {n: flow for n, flow in self._flows.items() if flow.tip >= 0 or n in left}

    def _forget(self) -> None:
        self._flows, self._tracks = {}, None
        self._last_image, self._last_view = None, None
        self._begun, self._built, self._next_id = 0, 0, 1
