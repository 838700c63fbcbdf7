"""How narrowly paths were chosen: by what the cheapest exchange of two links would cost more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cheapest import Chosen, Links

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def rivals(chosen: Chosen, links: Links, newcomer: float | None) -> tuple[FloatArray, IntArray]:
    """By how much all paths would be dearer if each tracklet did not come after what it does.

    What else there was: each link that might have been taken is, at the cost of those two that it
    breaks; who came after it then comes after another, or begins a path. Or a path is cut. What
    would need more changes than that is not looked at.

    Args:
        chosen: the paths.
        links: that might have been taken.
        newcomer: nats for one more path; None = there can be none.

    Returns:
        (T,) nats, inf = there was nothing else, and (T,) the tracklet that each would come after;
        -1 = none, a path would begin with it.
    """
    own = np.arange(len(chosen.following))
    left_out = chosen.following == own
    after = np.where(left_out, -1, chosen.following)
    before = np.full(len(own), -1)
    before[after[after >= 0]] = own[after >= 0]
    kept = ~left_out[links.i] & ~left_out[links.j]
    i, j, price = (column[kept] for column in links)
    table = _Prices(len(own), i, j, price)
    # Of a path, half is paid where it begins and half where it ends.
    edge, cut = (0.0, np.inf) if newcomer is None else (0.5 * newcomer, newcomer)

    other = after[i] != j
    i, j, price = i[other], j[other], price[other]
    loser, winner, last = after[i], before[j], _lasts(after)[j]
    had = np.where(loser < 0, edge, chosen.price[i])
    had += np.where(winner < 0, edge, chosen.price[winner])
    end = np.where(winner < 0, 0.0, edge)
    comes_after = np.stack([winner, last, np.full(len(i), -1)])
    costs = np.stack(
        [
            table.of(winner, loser),
            table.of(last, loser) - edge + end,
            np.where(winner < 0, edge, cut),
        ]
    )
    choice = costs.argmin(axis=0)
    dearer = price - had + np.where(loser < 0, end, costs.min(axis=0))
    lost = loser >= 0
    instead = comes_after[choice, np.arange(len(i))]
    linked = np.flatnonzero(before >= 0)
    return _least(
        len(own),
        np.concatenate([linked, j, loser[lost]]),
        np.concatenate([cut - chosen.price[before[linked]], dearer, dearer[lost]]),
        np.concatenate([np.full(len(linked), -1), i, instead[lost]]),
    )


def _lasts(after: IntArray) -> IntArray:
    """(T,) the last tracklet of each one's path."""
    lasts = np.where(after < 0, np.arange(len(after)), after)
    while (lasts != lasts[lasts]).any():
        lasts = lasts[lasts]
    return lasts


def _least(
    n: int, at: IntArray, dearer: FloatArray, instead: IntArray
) -> tuple[FloatArray, IntArray]:
    """The least of what is dearer (C,) at each of n tracklets, and what is instead; inf and -1."""
    least, whose = np.full(n, np.inf), np.full(n, -1)
    # What is written last stays; of equals, the first tracklet.
    order = np.lexsort((-instead, -dearer))
    least[at[order]], whose[at[order]] = dearer[order], instead[order]
    return least, np.where(np.isinf(least), -1, whose)


class _Prices:
    """What links between T tracklets cost; inf where there is none, or -1 for a tracklet."""

    def __init__(self, n: int, i: IntArray, j: IntArray, price: FloatArray) -> None:
        order = np.lexsort((j, i))
        self._n = n
        self._cells, self._prices = (i * n + j)[order], np.append(price[order], np.inf)

    def of(self, i: IntArray, j: IntArray) -> FloatArray:
        """(C,) of links from tracklets i (C,) to j (C,)."""
        cell = np.where((i < 0) | (j < 0), -1, i * self._n + j)
        at = self._cells.searchsorted(cell)
        found = np.append(self._cells, -1)[at] == cell
        return np.where(found, self._prices[at], np.inf)
