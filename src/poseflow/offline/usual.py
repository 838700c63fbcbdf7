"""How far people of this clip usually go, turn and grow in a gap of so many frames.

It is measured where nobody was lost, on tracklets: whoever dances moves otherwise than whoever
waits, a shaking camera otherwise than one on a tripod, and none of it has to be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .ends import Ends, ends, sizes
from .tracklets import Tracklets

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPAN, SLACK = 0.16, 0.24
"""Seconds from which velocity and size beside a gap are taken."""


class Gaps(NamedTuple):
    """L gaps, each between a pose and a later one; lengths in sizes of the person.

    Attributes:
        frames: (L,) between the two, 1 = none is missing.
        way: (L, 2) from the one to the other, the mean of the keypoints that both have.
        going: (L, 2) the way at the mean velocity before and after.
        drift: (L, 2) the way that everybody went meanwhile.
        turned: (L,) how far keypoints are from where they would be had all gone that way.
        grown: (L,) the natural logarithm of the ratio of sizes, without sign.
    """

    frames: FloatArray
    way: FloatArray
    going: FloatArray
    drift: FloatArray
    turned: FloatArray
    grown: FloatArray


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual in a clip, by the length of a gap: medians over gaps in which none was lost.

    Attributes:
        frames: (H,) lengths of gaps that were looked at, ascending.
        going: (H,) the share of the way at the mean velocity that people go.
        drift: (H,) the share of everybody's way that they go.
        missed: (H,) sizes, how far from that they are.
        turned: (H,) as in `Gaps`.
        grown: (H,) as in `Gaps`.
    """

    frames: FloatArray
    going: FloatArray
    drift: FloatArray
    missed: FloatArray
    turned: FloatArray
    grown: FloatArray

    def surprise(self, gaps: Gaps) -> FloatArray:
        """(L,) nats: how unlikely it is that one person did this, up to a constant.

        Of a way, the density in the plane; of what is beside the usual, heavy tails (Student's),
        because estimators swap limbs and borrow keypoints. The weights are what tells one person
        from another best where the answer is known, in logistic regressions on simulated
        detections: much the same ones over meetings of two frames and absences of three seconds.
        """
        at = np.log(np.clip(gaps.frames, self.frames[0], self.frames[-1]))
        told = np.log(self.frames)
        # Beyond that people are as much farther off, and get no farther by themselves.
        beyond = np.maximum(gaps.frames / self.frames[-1], 1.0)
        going = np.interp(at, told, self.going) / beyond
        drift = np.interp(at, told, self.drift)
        missed = np.exp(np.interp(at, told, np.log(self.missed))) * beyond
        turned = np.exp(np.interp(at, told, np.log(self.turned)))
        grown = np.exp(np.interp(at, told, np.log(self.grown)))
        off = gaps.way - going[:, None] * gaps.going - drift[:, None] * gaps.drift
        return np.asarray(
            2 * np.log(missed)
            + 2.6 * np.log1p((off**2).sum(axis=1) / missed**2 / 3)
            + 1.25 * np.log(0.3 + (gaps.turned / turned) ** 2)
            + 0.6 * np.log1p((gaps.grown / grown) ** 2 / 2)
        )


def usual(tracklets: Tracklets, drift: FloatArray, fps: float, most: int = 600) -> Usual:
    """What is usual in a clip: between poses of one tracklet, so many frames apart.

    Args:
        tracklets: of the clip.
        drift: by `drifts`.
        fps: frames a second.
        most: pairs that are looked at for each length, evenly spread over the clip.
    """
    own = np.arange(len(tracklets))
    of_pose = np.repeat(own, np.diff(tracklets.bounds))
    n_frames = int(tracklets.frames.max(initial=0)) + 1
    when = of_pose * (2 * n_frames) + tracklets.frames
    size = sizes(tracklets, own)[of_pose]
    rows: list[tuple[float, ...]] = []
    length, longer = 1, 2
    while length < n_frames:
        later = np.minimum(when.searchsorted(when + length), len(when) - 1)
        a = np.flatnonzero(when[later] == when + length)
        if len(a) < _FEW:
            break
        a = a[np.linspace(0, len(a) - 1, min(most, len(a))).astype(np.int64)]
        b = later[a]
        before = ends(tracklets, own, a, -1, SPAN * fps, SLACK * fps)
        after = ends(tracklets, own, b, 1, SPAN * fps, SLACK * fps)
        between = gaps(tracklets, a, b, before, after, size[a], drift)
        rows.append((float(length), *_row(between)))
        length, longer = longer, length + longer
    return _with_others(rows, fps)


_FEW = 20
"""Gaps of one length, fewer of which tell nothing."""
_LEAST = (0.02, 0.05, 0.02)
"""How far off, turned and grown people seem at least: no estimator is better than that."""
_OTHERS = (
    (0.04, 0.75, 0.5, 0.05, 0.18, 0.12),
    (0.2, 0.75, 0.5, 0.15, 0.24, 0.13),
    (0.8, 0.6, 0.7, 0.5, 0.31, 0.16),
    (3.2, 0.05, 1.0, 1.4, 0.36, 0.2),
)
"""What is usual in a game of basketball, simulated detections: seconds, then as in `Usual`."""


def _with_others(rows: list[tuple[float, ...]], fps: float) -> Usual:
    """What rows of this clip tell, and for longer gaps, of which it tells nothing, others."""
    told = list(rows)
    for seconds, going, drift, missed, *still in _OTHERS:
        frames = seconds * fps
        if rows:
            longest, last = rows[-1][0], rows[-1][3]
            if frames <= longest:
                continue
            # Whoever is far off here in a short time is farther in a long one.
            missed = max(missed, last * frames / longest)
        told.append((frames, going, drift, missed, *still))
    columns = np.array(told).T
    # What can happen in a short time can in a long one.
    off = np.maximum(columns[3:], np.array(_LEAST)[:, None])
    columns[3:] = np.maximum.accumulate(off, axis=1)
    return Usual(*columns)


def _row(between: Gaps, rounds: int = 4) -> tuple[float, float, float, float, float]:
    """The shares that leave the least way on the whole, and the medians of what they leave."""
    parts = np.stack([between.going.ravel(), between.drift.ravel()], axis=1)
    way = between.way.ravel()
    weight, shares = np.ones_like(way), np.zeros_like(way[:2])
    # Least absolute deviations, as least squares weighted anew each time.
    for _ in range(rounds):
        weighted = parts * weight[:, None]
        normal = weighted.T @ parts + 1e-9 * len(way) * np.eye(2)
        shares = np.asarray(np.linalg.solve(normal, weighted.T @ way), dtype=np.float64)
        off = np.abs(way - parts @ shares)
        weight = 1 / np.maximum(off, 0.5 * np.median(off) + 1e-6)
    going, drift = np.clip(shares, 0.0, 1.0).tolist()
    left = np.hypot(*(between.way - going * between.going - drift * between.drift).T)
    missed, turned, grown = (float(np.median(x)) for x in (left, between.turned, between.grown))
    return going, drift, missed, turned, grown


def gaps(
    tracklets: Tracklets,
    a: IntArray,
    b: IntArray,
    before: Ends,
    after: Ends,
    size: FloatArray,
    drift: FloatArray,
) -> Gaps:
    """The gaps between poses a (L,) and later ones b (L,).

    Args:
        tracklets: whose poses they are.
        a: poses.
        b: poses.
        before: of poses a.
        after: of poses b.
        size: (L,) pixels, of the person.
        drift: by `drifts`.
    """
    frames = (tracklets.frames[b] - tracklets.frames[a]).astype(np.float64)
    way, turned = _ways(tracklets, a, b)
    unit = size[:, None]
    return Gaps(
        frames=frames,
        way=way / unit,
        going=0.5 * (before.velocity + after.velocity) * frames[:, None] / unit,
        drift=(drift[tracklets.frames[b]] - drift[tracklets.frames[a]]) / unit,
        turned=turned / size,
        grown=np.abs(np.log(before.size / after.size)),
    )


def _ways(tracklets: Tracklets, a: IntArray, b: IntArray) -> tuple[FloatArray, FloatArray]:
    """(L, 2) pixels from poses a to b, and (L,) how far keypoints are off it; 0 = none shared."""
    weight = tracklets.weights[a].astype(np.float64) * tracklets.weights[b]
    apart = np.nan_to_num(tracklets.keypoints[b].astype(np.float64) - tracklets.keypoints[a])
    total = np.maximum(weight.sum(axis=1), 1e-9)[:, None]
    way = (weight[..., None] * apart).sum(axis=1) / total
    off = ((apart - way[:, None]) ** 2).sum(axis=2)
    return way, np.sqrt((weight * off).sum(axis=1) / total[:, 0])


def drifts(tracklets: Tracklets) -> FloatArray:
    """(F, 2) pixels that everybody together went since the first frame: a camera's way, a crowd's.

    Of each frame the mean step of those seen before and after it, as if one more had stood still.
    """
    n_frames = int(tracklets.frames.max(initial=0)) + 1
    of_pose = np.repeat(np.arange(len(tracklets)), np.diff(tracklets.bounds))
    a = np.flatnonzero(of_pose[1:] == of_pose[:-1])
    step, count = np.zeros((n_frames, 2)), np.zeros(n_frames)
    way, _ = _ways(tracklets, a, a + 1)
    length = tracklets.frames[a + 1] - tracklets.frames[a]
    for later in range(int(length.max(initial=0))):
        crosses = length > later
        frame = tracklets.frames[a][crosses] + later
        np.add.at(step, frame, way[crosses] / length[crosses, None])
        np.add.at(count, frame, 1)
    gone = np.cumsum(step / (count + 1)[:, None], axis=0)
    return np.concatenate([np.zeros((1, 2)), gone[:-1]])
