"""Keypoints without their trembling, while it happens: the 1 € filter.

Casiez, Roussel and Vogel, "1 € Filter", CHI 2012. A low-pass filter whose cut-off grows with the
speed: what rests is calm, what is fast comes without much delay.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import NO_ID, Poses, Sequence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def smooth_online(
    sequence: Sequence, fps: float = 25.0, one_euro: OneEuro | None = None
) -> Sequence:
    """The same clip smoothed as it would be while it happens: a frame depends on earlier ones only.

    Args:
        sequence: tracked; poses without id are left alone.
        fps: frames a second; the clip's own times, where known, count instead.
        one_euro: a fresh one; None = with its defaults.
    """
    one_euro = OneEuro() if one_euro is None else one_euro
    times = np.arange(len(sequence)) / fps if sequence.times is None else sequence.times
    return sequence.with_frames(
        one_euro.update(poses, time)
        for poses, time in zip(sequence.frames, times.tolist(), strict=True)
    )


class OneEuro:
    """Smooths one frame after another; each keypoint of each id by itself.

    A keypoint begins anew, at where it is seen, when its id is new or it was not seen for longer
    than `reach`. Memory is that of the people seen within `reach`.

    Args:
        cutoff: Hz, of a keypoint at rest (the paper's mincutoff). Lower: calmer, and later.
        haste: Hz by which the cut-off grows with each size of the person, the longer side of the
            box, that the keypoint moves in a second (the paper's beta, there for each pixel).
            Higher: less delay.
        speed_cutoff: Hz, of the filter of the speed itself (the paper's dcutoff, 1 there, too).
        reach: seconds.

    Raises:
        InputError: a frequency is not above 0, or `haste` is below.
    """

    def __init__(
        self,
        *,
        cutoff: float = 3.0,
        haste: float = 3.0,
        speed_cutoff: float = 1.0,
        reach: float = 0.5,
    ) -> None:
        if not (cutoff > 0 and speed_cutoff > 0 and haste >= 0):
            raise InputError(
                "smooth: expected cut-offs above 0 Hz and a haste of 0 or more, "
                f"got {cutoff:g}, {speed_cutoff:g} and {haste:g}"
            )
        self._cutoff, self._haste = cutoff, haste
        self._speed_cutoff, self._reach = speed_cutoff, reach
        self._state: _State | None = None

    def update(self, poses: Poses, time: float) -> Poses:
        """The poses of the next frame, smoothed; those without id, and all scores, as they are.

        `Poses.original` gives back what was there.

        Args:
            poses: with ids, each at most once.
            time: seconds; later than the frame before.
        """
        named = np.flatnonzero(poses.track_ids != NO_ID)
        ids, keypoints = poses.track_ids[named], poses.keypoints[named]
        state = _State.of(poses.n_keypoints) if self._state is None else self._state
        before = state.of_ids(ids)
        boxes = poses.boxes[named]
        sizes = np.fmax((boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0), 1.0)
        passed = (time - before.times)[..., None]
        goes_on = (passed > 0) & (passed <= self._reach)
        step = np.where(goes_on, passed, 1.0)
        velocity = np.where(goes_on, (keypoints - before.keypoints) / step, 0.0)
        eased = _share(self._speed_cutoff, step)
        velocities = np.where(
            goes_on, before.velocities + eased * (velocity - before.velocities), 0
        )
        speed = np.linalg.norm(velocities, axis=-1, keepdims=True) / sizes[:, None, None]
        eased = _share(self._cutoff + self._haste * speed, step)
        smoothed = before.keypoints + eased * (keypoints - before.keypoints)
        smoothed = np.where(goes_on, smoothed, keypoints)
        seen = ~np.isnan(keypoints[..., 0])
        now = _State(
            ids,
            np.where(seen[..., None], smoothed, before.keypoints),
            np.where(seen[..., None], velocities, before.velocities),
            np.where(seen, time, before.times),
        )
        self._state = state.replaced(now, time - self._reach)
        every = poses.keypoints.copy()
        every[named] = smoothed
        return poses.with_keypoints(every, poses.keypoint_scores)


def _share(cutoff: float | FloatArray, step: FloatArray) -> FloatArray:
    """The share of what is new in a low-pass filter: the paper's alpha."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * step)))


@dataclasses.dataclass(frozen=True, eq=False)
class _State:
    """What is remembered of S ids.

    Attributes:
        ids: (S,).
        keypoints: (S, K, 2) as last smoothed; nan = never seen.
        velocities: (S, K, 2) pixels a second, smoothed.
        times: (S, K) when each was last seen; −inf = never.
    """

    ids: IntArray
    keypoints: FloatArray
    velocities: FloatArray
    times: FloatArray

    @classmethod
    def of(cls, n_keypoints: int, ids: IntArray | None = None) -> _State:
        """Ids of whom nothing is known."""
        some = np.empty(0, dtype=np.int64) if ids is None else ids
        shape = (len(some), n_keypoints)
        return cls(
            some, np.full((*shape, 2), np.nan), np.zeros((*shape, 2)), np.full(shape, -np.inf)
        )

    def of_ids(self, ids: IntArray) -> _State:
        """What is known of these ids."""
        _, mine, theirs = np.intersect1d(self.ids, ids, return_indices=True)
        state = _State.of(self.keypoints.shape[1], ids)
        state.keypoints[theirs] = self.keypoints[mine]
        state.velocities[theirs] = self.velocities[mine]
        state.times[theirs] = self.times[mine]
        return state

    def replaced(self, now: _State, since: float) -> _State:
        """The state after a frame; ids that were last seen before `since` are forgotten."""
        kept = ~np.isin(self.ids, now.ids) & (self.times >= since).any(axis=1)
        return _State(
            np.concatenate([self.ids[kept], now.ids]),
            np.concatenate([self.keypoints[kept], now.keypoints]),
            np.concatenate([self.velocities[kept], now.velocities]),
            np.concatenate([self.times[kept], now.times]),
        )
