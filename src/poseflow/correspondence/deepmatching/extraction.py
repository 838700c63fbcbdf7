"""From the maps of the largest patches back down to the best place of each smallest one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .descriptors import Features, Indices, likeness
from .pyramid import Maps

Fit = Callable[[Indices, Indices, Indices, Indices], Features]
"""y, x, row, column (P,) -> (P,) how well the patches in these rows and columns fit there."""

NEIGHBOURHOOD = tuple(itertools.product((-1, 0, 1), repeat=2))


class Places(NamedTuple):
    """Where patches of the earlier image have gone, (R, C) of them or any other shape.

    Attributes:
        y: (R, C) the row of the place in the patches' maps: of the smallest, the top pixel.
        x: (R, C) its column.
        score: (R, C) how well it fits; -inf = nowhere, and y and x mean nothing.
    """

    y: Indices
    x: Indices
    score: Features

    @classmethod
    def nowhere(cls, *shape: int) -> Places:
        """No patch has gone anywhere."""
        y, x = np.zeros((2, *shape), dtype=np.intp)
        return cls(y, x, np.full(shape, -np.inf, dtype=np.float32))

    def of(self, which: Any) -> Places:
        """Those of some patches; of a slice of them, still the same numbers in memory."""
        return Places(self.y[which], self.x[which], self.score[which])

    def improve(self, y: Indices, x: Indices, score: Features) -> None:
        """Take over what fits better of other places for the same patches."""
        better = score > self.score
        np.copyto(self.y, y, where=better)
        np.copyto(self.x, x, where=better)
        np.copyto(self.score, score, where=better)


def extract(pyramid: list[Maps], before: Features, after: Features) -> Places:
    """The best place of each smallest patch; its score is the mean over all sizes on the way to it.

    The paper's top-down extraction with two short cuts that change next to nothing: it begins at
    the best place of each of the largest patches, where the paper begins at the local maxima of
    all sizes; and on the way down a patch keeps the best of the places that its wholes propose.

    Args:
        pyramid: maps of patches of 8, 16, … pixels.
        before: (R, C, 36) the earlier image's patches of 4 pixels, side by side.
        after: (H, W, 36) the later image's at every pixel.
    """
    places = _best(pyramid[-1])
    for level in range(len(pyramid) - 2, -1, -1):
        maps = pyramid[level]
        places = _quadrants(places, maps.shape, _fit_of_maps(maps))
    places = _quadrants(places, after.shape[:2] + before.shape[:2], _fit_of_patches(before, after))
    return places._replace(score=places.score / np.float32(len(pyramid) + 1))


def _fit_of_maps(maps: Maps) -> Fit:
    return lambda y, x, row, column: maps[y, x, row, column]


def _fit_of_patches(before: Features, after: Features) -> Fit:
    return lambda y, x, row, column: likeness(before[row, column], after[y, x])


def _best(maps: Maps) -> Places:
    """The place where each patch fits best."""
    height, width, rows, columns = maps.shape
    flat = maps.reshape(height * width, -1)
    best = flat.argmax(axis=0)
    y, x = np.divmod(best.reshape(rows, columns), width)
    return Places(y, x, flat.max(axis=0).reshape(rows, columns))


def _quadrants(wholes: Places, shape: tuple[int, ...], fit: Fit) -> Places:
    """The places of patches that are quadrants of others, up to four of them.

    Args:
        wholes: the places of the patches twice as large.
        shape: (h, w, R, C) of the quadrants' maps.
        fit: of the quadrants.
    """
    height, width, rows, columns = shape
    rows_of_wholes, columns_of_wholes = wholes.score.shape
    found = Places.nowhere(rows, columns)
    for lower, right in itertools.product((0, 1), repeat=2):
        # A whole is as many patches of 4 pixels from its quadrants as there are fewer of it.
        top, left = lower * (rows - rows_of_wholes), right * (columns - columns_of_wholes)
        part = (slice(top, top + rows_of_wholes), slice(left, left + columns_of_wholes))
        row, column = np.mgrid[part]
        y, x = 2 * (wholes.y + 2 * lower - 1), 2 * (wholes.x + 2 * right - 1)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        score = np.where(inside, wholes.score, np.float32(-np.inf))
        places = found.of(part)
        for down, across in NEIGHBOURHOOD:
            # At an edge a place is looked at twice, which changes nothing.
            there = np.clip(y + down, 0, height - 1), np.clip(x + across, 0, width - 1)
            places.improve(*there, score + fit(*there, row, column))
    return found


def reciprocal(places: Places, radius: float) -> Places:
    """Only places without a better one of another patch within the radius.

    The paper keeps the best in each cell of 4×4 pixels of the later image. Then two good ones stay
    on both sides of a cell's border, and of two at opposite ends of a cell one goes.

    Args:
        places: of patches.
        radius: pixels along x and along y.
    """
    there = np.flatnonzero(np.isfinite(places.score))
    if not len(there):
        return places
    from scipy.spatial import cKDTree

    y, x, score = (values.ravel()[there] for values in places)
    tree = cKDTree(np.stack([y, x], axis=1))
    pairs = np.sort(tree.query_pairs(radius, p=np.inf, output_type="ndarray"), axis=1)
    # Of two that fit equally well the first stays, whatever the order in which they were found.
    losers = np.where(score[pairs[:, 0]] >= score[pairs[:, 1]], pairs[:, 1], pairs[:, 0])
    kept = places.score.copy()
    kept.ravel()[there[losers]] = -np.inf
    return places._replace(score=kept)
