"""Which tracklet goes on as which: the cheapest set of paths through all of a clip at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import expand
from ..looks import alike_in_pairs
from ..poses import NO_ID
from ..similarity import oks
from .cheapest import Counted, Links, cheapest
from .ends import Ends, ends, sizes, velocities
from .rivals import rivals
from .tracklets import Tracklets
from .usual import SLACK, SPAN, Usual, drifts, gaps, usual

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What it costs, in nats, that two tracklets are one person, and what else there is to choose.

    Args:
        reach: seconds, the longest gap that is bridged by what is alike before and after it.
        span: seconds, from how much of a path the velocity at an end of a tracklet is measured.
        persistence: seconds, after which a velocity has lost all but 1/e: people turn and stop.
        softness: factor on the keypoints' OKS falloffs.
        growth: share by which the falloffs grow with each second of a gap.
        dispersal: nats for each power of e by which they grew: who may be in more places is less
            likely in this one. 2 would be a normal distribution's in the plane.
        similarity: nats for each power of e by which the two poses are less alike than equal.
        surprise: nats for each by which what happened in the gap is unusual in this clip.
        vote: nats less for each direction of tracking in which the two have the same id.
        looks: nats less for each 1 of likeness, where images tell what people look like.
        alike: likeness in [0, 1] that speaks neither for nor against.
        newcomer: nats for one more person. Where their number is known, a nat less makes somebody
            of before of whoever comes after a longer gap than is bridged, and a nat more of whoever
            would be one too many.
        evidence: nats for each pose left out, times its score.
        rounds: so often at most, paths are chosen anew by the motion along those chosen before.
    """

    reach: float = 10.0
    span: float = 0.4
    persistence: float = 1.5
    softness: float = 1.9
    growth: float = 3.5
    dispersal: float = 1.5
    similarity: float = 2.0
    surprise: float = 0.5
    vote: float = 0.6
    looks: float = 8.0
    alike: float = 0.75
    newcomer: float = 14.0
    evidence: float = 30.0
    rounds: int = 3


@dataclass(frozen=True, eq=False)
class Paths:
    """Which of T tracklets are one person, and how sure that is.

    Attributes:
        path: (T,) which path each tracklet is on, the number of its first; -1 = nobody's.
        margin: (T,) nats by which all would be dearer if each did not go on, or begin, as it does,
            by the cheapest change; inf = there was nothing else.
        rival: (T,) the path that it would be on then; -1 = one of its own.
    """

    path: IntArray
    margin: FloatArray
    rival: IntArray


def paths(
    tracklets: Tracklets,
    variances: FloatArray,
    fps: float,
    people: int | None = None,
    costs: Costs | None = None,
) -> Paths:
    """The cheapest set of paths through the tracklets of a clip.

    Motion, and with it the price of links, is measured along the paths of the round before, which
    are longer than tracklets.

    Args:
        tracklets: T.
        variances: (K,) OKS falloffs (2 sigma)² of the skeleton, of a pose of unit area.
        fps: frames a second.
        people: there are at most so many paths; None = as many as pay.
        costs: None = the defaults.
    """
    costs = Costs() if costs is None else costs
    path = own = np.arange(len(tracklets))
    if not len(own):
        return Paths(path, np.empty(0), own)
    reach = int(costs.reach * fps)
    counted = None
    if people is not None:
        other = costs.newcomer
        counted = Counted(people=people, reach=reach, anybody=other - 1, perforce=other + 1)
    omission = _omission(tracklets, costs)
    spans = np.stack([tracklets.frames[at] for at in (tracklets.firsts, tracklets.lasts)], axis=1)
    drift = drifts(tracklets)
    clip = _Clip(tracklets, variances, fps, drift, usual(tracklets, drift, fps))
    for _ in range(costs.rounds):
        motion = _Motion.along(np.where(path < 0, own, path), tracklets, costs.span * fps, fps)
        links = _bridges(clip, motion, reach, costs)
        chosen = cheapest(links, costs.newcomer, omission, spans, counted)
        before, path = path, _followed(chosen.following)
        if (path == before).all():
            break
    is_full = people is not None and len(np.unique(path[path >= 0])) >= people
    margin, instead = rivals(chosen, links, None if is_full else costs.newcomer)
    rival = np.where(instead < 0, -1, path[instead])
    return Paths(path, margin, np.where(rival == path, -1, rival))


@dataclass(frozen=True, eq=False)
class _Clip:
    """What stays the same in all rounds; see `usual` for the last two."""

    tracklets: Tracklets
    variances: FloatArray
    fps: float
    drift: FloatArray
    usual: Usual


@dataclass(frozen=True, eq=False)
class _Motion:
    """Of T tracklets: (T, 2) pixels a frame where each begins and ends, (T,) sizes in pixels.

    `before` and `after` are the same in shorter spans, of the end and of the beginning.
    """

    first: FloatArray
    last: FloatArray
    size: FloatArray
    after: Ends
    before: Ends

    @classmethod
    def along(cls, path: IntArray, tracklets: Tracklets, span: float, fps: float) -> _Motion:
        """Measured along paths (T,), velocities over `span` frames."""
        firsts, lasts = tracklets.firsts, tracklets.lasts
        return cls(
            first=velocities(tracklets, path, firsts, 1, span),
            last=velocities(tracklets, path, lasts, -1, span),
            size=sizes(tracklets, path),
            after=ends(tracklets, path, firsts, 1, SPAN * fps, SLACK * fps),
            before=ends(tracklets, path, lasts, -1, SPAN * fps, SLACK * fps),
        )


def _bridges(clip: _Clip, motion: _Motion, reach: int, costs: Costs, most: int = 1 << 16) -> Links:
    """Pairs of tracklets that are worth a link, and what it costs.

    The second begins at most `reach` frames after the first ended. `most` pairs are compared at a
    time, which bounds the memory.
    """
    frames, firsts = clip.tracklets.frames, clip.tracklets.firsts
    starts, finishes = frames[firsts], frames[clip.tracklets.lasts]
    order = np.argsort(starts, kind="stable")
    low = starts[order].searchsorted(finishes, side="right")
    high = starts[order].searchsorted(finishes + reach, side="right")
    i, place = expand(low, high - low)
    j = order[place]
    price = np.concatenate(
        [np.empty(0)]
        + [
            _prices(clip, motion, costs, i[at : at + most], j[at : at + most])
            for at in range(0, len(i), most)
        ]
    )
    pays = price < costs.newcomer
    return Links(i[pays], j[pays], price[pays])


def _prices(clip: _Clip, motion: _Motion, costs: Costs, i: IntArray, j: IntArray) -> FloatArray:
    """(L,) what it costs that tracklets j (L,) are tracklets i (L,) going on."""
    tracklets, fps = clip.tracklets, clip.fps
    a, b = tracklets.lasts[i], tracklets.firsts[j]
    gap = (tracklets.frames[b] - tracklets.frames[a]) / fps
    unseen = gap - 1 / fps
    moved = (costs.persistence * (1 - np.exp(-gap / costs.persistence)) * fps)[:, None]
    grown = 1 + costs.growth * unseen
    spread = (costs.softness * grown) ** 2
    price = costs.dispersal * np.log(grown)
    for one, other, shift, size in (
        (a, b, moved * motion.last[i], motion.size[i]),
        (b, a, -moved * motion.first[j], motion.size[j]),
    ):
        alike = oks(
            tracklets.keypoints[one] + shift[:, None],
            tracklets.keypoints[other].astype(np.float64),
            (spread * size**2)[:, None] * clip.variances,
            tracklets.weights[other].astype(np.float64),
        )
        price -= 0.5 * costs.similarity * np.log(np.maximum(alike, 1e-9))
    before = Ends(*(part[i] for part in motion.before))
    after = Ends(*(part[j] for part in motion.after))
    size = np.sqrt(motion.size[i] * motion.size[j])
    between = gaps(tracklets, a, b, before, after, size, clip.drift)
    price += costs.surprise * clip.usual.surprise(between)
    same = (tracklets.ids[a] == tracklets.ids[b]) & (tracklets.ids[a] != NO_ID)
    price -= costs.vote * same.sum(axis=1)
    likeness = alike_in_pairs(tracklets.looks[i], tracklets.looks[j])
    return price - costs.looks * np.where(np.isnan(likeness), 0.0, likeness - costs.alike)


def _omission(tracklets: Tracklets, costs: Costs) -> FloatArray:
    """(T,) what it costs to leave a tracklet out."""
    scores = np.where(np.isnan(tracklets.scores), 1.0, np.minimum(tracklets.scores, 1.0))
    return np.asarray(costs.evidence * np.add.reduceat(scores, tracklets.firsts))


def _followed(following: IntArray) -> IntArray:
    """(T,) the first tracklet of each one's path; -1 = left out."""
    n = len(following)
    own = np.arange(n)
    roots = own.copy()
    going = (following >= 0) & (following != own)
    roots[following[going]] = own[going]
    while (roots != roots[roots]).any():
        roots = roots[roots]
    path = np.full(n, -1)
    kept = following != own
    path[kept] = roots[kept]
    return path
