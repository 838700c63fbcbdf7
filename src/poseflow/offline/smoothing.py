"""Keypoints without their trembling, when the whole clip is known: a filter without delay.

A Butterworth filter of second order run forwards and backwards, as biomechanics has used it on
body markers since Winter, Sidwall and Hobson (J. Biomechanics 7, 1974): what is slower than the
cut-off frequency stays, what is faster goes, and nothing comes late. Running it twice lowers its
cut-off, which is corrected for (Winter, Biomechanics and Motor Control of Human Movement, 4th ed.,
2009, section 3.4.4.2), so that at `cutoff` 1 / √2 of a movement is left.

Before it, keypoints that jump away for a frame or two are put back: a linear filter would draw
their neighbours after them, and estimators do jump.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence as Frames
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import Poses, Sequence
from .outliers import without_outliers
from .series import clock_of, holes, named, slots_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_PASSES = 2
_ORDER = 2


def smooth(
    sequence: Sequence,
    fps: float = 25.0,
    cutoff: float = 6.0,
    bridge: float = 0.2,
    around: float = 0.16,
) -> Sequence:
    """The same clip with the keypoints of each track filtered over time.

    Each keypoint of each track by itself: never across a change of id, nor a gap longer than
    `bridge`. A shorter gap is crossed on a straight line, and stays a gap. Scores stay as they are.
    `Poses.original` gives back what was there.

    Args:
        sequence: tracked; poses without id are left alone.
        fps: frames a second; the clip's own times, where known, count instead (the median step).
        cutoff: Hz. Lower: calmer, and fast movements lose more of their size. Walking needs 6
            (Winter 2009), fast arms and feet 10 and more.
        bridge: seconds.
        around: seconds before and after with which a keypoint is compared, to tell whether it
            jumped; two frames at least.

    Raises:
        InputError: `cutoff` is not above 0 and below half the frame rate.
    """
    rate = rate_of(sequence, fps)
    if not 0 < cutoff < rate / 2:
        raise InputError(
            f"smooth: expected a cut-off above 0 and below half of {rate:g} frames a second, "
            f"got {cutoff:g} Hz"
        )
    tracks = named(sequence)
    reach = int(bridge * rate + 1e-9)
    slots = slots_of(tracks.ids, tracks.frames, reach)
    missing = np.isnan(tracks.keypoints[..., 0])
    gaps = holes(missing, slots, tracks.frames, reach, clock_of(sequence))
    series = np.full((int(slots.max(initial=-1)) + 1, *tracks.keypoints.shape[1:]), np.nan)
    series[slots] = tracks.keypoints
    series[gaps.slots, gaps.points] = gaps.between(tracks.keypoints)
    neighbours = max(2, round(around * rate))
    for start, stop, points in _runs(~np.isnan(series[..., 0])):
        calm = without_outliers(series[start:stop, points], neighbours)
        series[start:stop, points] = zero_phase(calm, rate, cutoff)
    # nan = as it was.
    every = np.full((int(tracks.counts.sum()), *series.shape[1:]), np.nan)
    every[tracks.places] = np.where(missing[..., None], np.nan, series[slots])
    return dataclasses.replace(sequence, frames=_Moved(sequence.frames, every, tracks.counts))


def zero_phase(values: FloatArray, rate: float, cutoff: float) -> FloatArray:
    """Series (T, …) over time, filtered; a straight line stays one.

    What is left of a sine of frequency f is 1 / (1 + (√2 − 1) (tan(πf / rate) / tan(πc / rate))⁴),
    c being the cut-off. The first and the last value are hardly moved: the filter sees the series
    go on beyond its ends, turned about them.

    Args:
        values: without nan.
        rate: values a second.
        cutoff: Hz, below half the rate.
    """
    from scipy.signal import butter, sosfiltfilt

    n = len(values)
    if n < 3:
        return values
    # Each pass is to leave 2^(−1/4): where a filter of this order has it, relative to its own
    # cut-off, in the bilinear transform's measure of frequency.
    lowered = (2 ** (1 / _PASSES) - 1) ** (1 / (2 * _ORDER))
    own = np.arctan(np.tan(np.pi * cutoff / rate) / lowered) / np.pi * rate
    sections = butter(_ORDER, own, fs=rate, output="sos")
    share = np.linspace(0, 1, n).reshape(-1, *(1,) * (values.ndim - 1))
    line = values[:1] + share * (values[-1:] - values[:1])
    # Three periods of the cut-off: after that nothing is left of how the filter began.
    pad = min(n - 1, int(np.ceil(3 * rate / cutoff)))
    return np.asarray(line + sosfiltfilt(sections, values - line, axis=0, padlen=pad))


def rate_of(sequence: Sequence, fps: float) -> float:
    """Frames a second: by the clip's times where they are known and grow, else `fps`."""
    clock = clock_of(sequence)
    if sequence.times is None or clock is not sequence.times or len(clock) < 2:
        return fps
    return float(1 / np.median(np.diff(clock)))


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int, IntArray]]:
    """Where series (T, K) are known without a break: start, stop, and the series of which."""
    edges = np.diff(np.pad(known.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    point, start = np.nonzero(edges == 1)
    _, stop = np.nonzero(edges == -1)
    spans, which = np.unique(np.stack([start, stop], axis=1), axis=0, return_inverse=True)
    members = np.split(point[np.argsort(which, kind="stable")], np.cumsum(np.bincount(which))[:-1])
    return [(a, b, points) for (a, b), points in zip(spans.tolist(), members, strict=False)]


class _Moved(Frames[Poses]):
    """Frames as they are, with keypoints moved on access."""

    def __init__(self, frames: Frames[Poses], keypoints: FloatArray, counts: IntArray) -> None:
        self._frames, self._keypoints = frames, keypoints
        self._bounds = np.concatenate([[0], np.cumsum(counts)])

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        index = range(len(self))[index]
        poses = self._frames[index]
        moved = self._keypoints[self._bounds[index] : self._bounds[index + 1]]
        keypoints = np.where(np.isnan(moved), poses.keypoints, moved)
        return poses.with_keypoints(keypoints, poses.keypoint_scores)
