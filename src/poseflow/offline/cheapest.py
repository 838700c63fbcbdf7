"""The cheapest set of paths through all tracklets of a clip, as a linear programme.

Zhang, Li and Nevatia's minimum-cost flow (CVPR 2008) with tracklets for detections. Its matrix is
totally unimodular: the simplex method ends where each tracklet is on one path or none, by halves on
no two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Links(NamedTuple):
    """L pairs of tracklets, of which the second may go on from the first, at a price in nats."""

    i: IntArray
    j: IntArray
    price: FloatArray


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What may be said where the number of people is known.

    Attributes:
        people: there are at most so many paths.
        reach: frames, the longest gap that `Links` bridge.
        anybody: nats for whoever comes back after a longer one.
        perforce: nats for who has to be somebody who was lost, whatever speaks against it.
    """

    people: int
    reach: int
    anybody: float
    perforce: float


class Chosen(NamedTuple):
    """What is after each of T tracklets.

    Attributes:
        following: (T,) the tracklet after each on its path; itself = left out; -1 = its path ends.
        price: (T,) nats for going on as that; 0 = it does not go on.
    """

    following: IntArray
    price: FloatArray


def cheapest(
    links: Links,
    newcomer: float,
    omission: FloatArray,
    spans: IntArray,
    counted: Counted | None = None,
) -> Chosen:
    """The set of paths that costs the least in all.

    Args:
        links: of T tracklets.
        newcomer: nats for each path.
        omission: (T,) nats for leaving a tracklet out.
        spans: (T, 2) the first and the last frame of each.
        counted: None = there are as many paths as pay.
    """
    n = len(omission)
    own = np.arange(n)
    # A row for the end of each tracklet and one for its beginning: one thing happens to each.
    end, begin = own, n + own
    blocks = [
        _Block(links.price, [(end[links.i], 1), (begin[links.j], 1)]),
        _Block(omission, [(end, 1), (begin, 1)]),
        _Block(np.full(n, newcomer), [(begin, 1)]),
        _Block(np.zeros(n), [(end, 1)]),
    ]
    if counted is None:
        linked, omitted, _, _ = _solved(blocks, np.ones(2 * n))
        gone, back, price = own[:0], own[:0], np.empty(0)
    else:
        last, first = spans[:, 1], spans[:, 0] - 1
        late = first - counted.reach
        frames, row = np.unique(np.concatenate([last, first, late]), return_inverse=True)
        # Whoever is lost waits, from frame to frame, in a row each.
        wait = 2 * n + np.arange(len(frames))
        lost, soon, later = np.split(wait[row], 3)
        number = 2 * n + len(frames)
        blocks[2].entries.append((np.full(n, number), 1))
        blocks += [
            _Block(np.zeros(n), [(end, 1), (lost, 1)]),
            _Block(np.zeros(len(wait) - 1), [(wait[:-1], -1), (wait[1:], 1)]),
            _Block(np.full(n, counted.perforce), [(begin, 1), (soon, -1)]),
            _Block(np.full(n, counted.anybody), [(begin, 1), (later, -1)]),
            _Block(np.zeros(1), [(np.array([number]), 1)]),
        ]
        demand = np.concatenate([np.ones(2 * n), np.zeros(len(wait)), [counted.people]])
        linked, omitted, _, _, waits, _, *returns, _ = _solved(blocks, demand)
        # Of those who wait, whoever was lost first goes on first: it costs the same.
        gone = own[waits][np.argsort(last[waits], kind="stable")]
        back, due, price = (
            np.concatenate([column[taken] for column, taken in zip(columns, returns, strict=True)])
            for columns in (
                (own, own),
                (first, late),
                (np.full(n, counted.perforce), np.full(n, counted.anybody)),
            )
        )
        order = np.argsort(due, kind="stable")
        back, price = back[order], price[order]
    chosen = Chosen(np.full(n, -1), np.zeros(n))
    chosen.following[links.i[linked]] = links.j[linked]
    chosen.price[links.i[linked]] = links.price[linked]
    chosen.following[omitted] = own[omitted]
    chosen.following[gone], chosen.price[gone] = back, price
    return chosen


class _Block(NamedTuple):
    """C variables ≥ 0 of one kind.

    Attributes:
        cost: (C,).
        entries: rows (C,) in which each stands, and with which factor.
    """

    cost: FloatArray
    entries: list[tuple[IntArray, int]]


def _solved(blocks: list[_Block], demand: FloatArray) -> list[BoolArray]:
    """Of each block (C,) what is above 0 at the least cost at which rows add up to demand (R,)."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    starts = np.cumsum([0, *(len(block.cost) for block in blocks)])
    entries = [
        (row, np.arange(start, start + len(row)), np.full(len(row), factor))
        for start, block in zip(starts.tolist(), blocks, strict=False)
        for row, factor in block.entries
    ]
    row, column, factor = map(np.concatenate, zip(*entries, strict=True))
    matrix = coo_matrix((factor, (row, column)), shape=(len(demand), starts[-1]))
    cost = np.concatenate([block.cost for block in blocks])
    found = linprog(cost, A_eq=matrix.tocsc(), b_eq=demand, method="highs-ds")
    return np.split(found.x > 0.5, starts[1:-1])
