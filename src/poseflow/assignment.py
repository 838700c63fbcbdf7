"""Pairing the rows of a similarity matrix with its columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def assign(similarity: FloatArray) -> IntArray:
    """The pairing of rows with columns that makes the sum of similarities largest.

    Args:
        similarity: (R, C), higher is alike; nan nowhere.

    Returns:
        (P, 2) row and column of each pair, P = min(R, C), in order of row.
    """
    fewer, more = sorted(similarity.shape)
    if fewer > 1 and more > 4:
        return np.array(_solver()(similarity, maximize=True)).T
    if fewer == 0:
        return np.empty((0, 2), dtype=np.int64)
    if fewer == 1:
        best = np.unravel_index(similarity.argmax(), similarity.shape)
        return np.array([best], dtype=np.int64)
    if similarity.shape == (2, 2):
        crossed = similarity[0, 1] + similarity[1, 0] > similarity[0, 0] + similarity[1, 1]
        return np.array([[0, int(crossed)], [1, int(not crossed)]])
    return _best_of_all(similarity)


@cache
def _solver() -> Callable[..., Any]:
    # SciPy's optimiser takes longer to import than all the rest: only crowds pay.
    from scipy.optimize import linear_sum_assignment

    solver: Callable[..., Any] = linear_sum_assignment
    return solver


def _best_of_all(similarity: FloatArray) -> IntArray:
    """Like `assign`, by trying every pairing."""
    rows, columns = similarity.shape
    if rows > columns:
        pairs = _best_of_all(similarity.T)[:, ::-1]
        return pairs[np.argsort(pairs[:, 0])]
    every, row = _pairings(rows, columns), np.arange(rows)
    best = every[similarity[row, every].sum(axis=1).argmax()]
    return np.array([row, best]).T


@cache
def _pairings(rows: int, columns: int) -> IntArray:
    """(P, R) every way of giving each row a column of its own."""
    return np.array(list(permutations(range(columns), rows)))


def assign_allowed(similarity: FloatArray, allowed: BoolArray) -> IntArray:
    """Like `assign`, of allowed pairs only.

    What is not allowed is left out *before* solving: a pair that would be refused afterwards
    must not keep its row from the partner it may have.

    Args:
        similarity: (R, C), greater than 0 where allowed.
        allowed: (R, C).

    Returns:
        (P, 2) row and column of each pair, in order of row.
    """
    if allowed.size > 4096:
        # Of a crowd, most have been paired before: solving takes far longer than leaving them out.
        rows, columns = (np.flatnonzero(allowed.any(axis=axis)) for axis in (1, 0))
        if 2 * len(rows) * len(columns) < allowed.size:
            some = np.ix_(rows, columns)
            row, column = assign_allowed(similarity[some], allowed[some]).T
            return np.array([rows[row], columns[column]]).T
    pairs = assign(np.where(allowed, similarity, 0.0))
    # Of pairs, compress() is twice as fast as [].
    return pairs.compress(allowed[pairs[:, 0], pairs[:, 1]], axis=0)
