"""How well patches of the earlier image fit everywhere in the later one, small patches first.

Maps are (h, w, rows, columns): how well the patch in this row and column of the earlier image fits
at y, x of the later one. With the patches last, everything here works on long rows of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from .descriptors import SIDE, Features

Maps = NDArray[np.float32]


def correlation_pyramid(
    before: Features, after: Features, *, largest: int, power: float
) -> list[Maps]:
    """The maps of patches of 8, 16, … pixels, as long as they fit.

    Those of the patches of 4 pixels are as large as all others times three. They are never held as
    a whole: rows are made, used for the maps of 8 pixels and forgotten.

    Args:
        before: (R, C, 36) the earlier image's patches of 4 pixels, side by side.
        after: (H, W, 36) the later image's at every pixel.
        largest: pixels, patches are not larger.
        power: what fits is raised to this after each step: the paper's λ of its rectification.

    Returns:
        Maps i are of patches of 8 · 2^i pixels, one for each patch of 4 pixels that may be their
        top left, and have a place for each 2^(i + 1) pixels.
    """
    rows: Iterable[Maps] = _smallest(before, after)
    size, grid, side = after.shape[:2], before.shape[:2], SIDE
    pyramid: list[Maps] = []
    while 2 * side <= largest and min(size) > 2 and min(grid) > side // SIDE:
        pyramid.append(_of_quadrants(rows, (size[0] + 1) // 2, side // SIDE, power))
        rows, side = pyramid[-1], 2 * side
        size, grid = pyramid[-1].shape[:2], pyramid[-1].shape[2:]
    return pyramid


def _smallest(before: Features, after: Features) -> Iterator[Maps]:
    """Rows (w, R, C) of the maps of the smallest patches."""
    grid = before.shape[:2]
    sought = np.ascontiguousarray(before.reshape(-1, before.shape[2]).T)
    for row in after:
        yield (row @ sought).reshape(-1, *grid)


def _of_quadrants(rows: Iterable[Maps], height: int, apart: int, power: float) -> Maps:
    """(h, w, R - apart, C - apart) maps of patches, from those of their quadrants.

    A quadrant may be a place off where it would be in a rigid patch: its map is pooled (the largest
    of 3×3 places, for every second one) before that of the whole is the quadrants' mean. Quadrants
    that would lie outside of the later image do not count; in the paper they count as 0, and people
    at the edges are lost.

    Args:
        rows: of the quadrants' maps.
        height: h, half of the number of rows, rounded up; at least 2.
        apart: patches of 4 pixels from a quadrant to the next.
        power: of the rectification, done where it is cheapest: before the mean.
    """
    # Places of the pooled maps are twice a quadrant's side apart from where they came together; in
    # the row above lie the upper quadrants of a row's patches, in the row below the lower ones.
    halves = (_beside(np.power(p, np.float32(power), out=p), apart) for p in _pooled(rows))
    above, here = next(halves), next(halves)
    maps = np.empty((height, *above[:, apart:].shape), dtype=np.float32)
    maps[0] = here[:, apart:]
    for y, below in enumerate(halves, 1):
        np.add(above[:, :-apart], below[:, apart:], out=maps[y])
        maps[y] *= 0.5
        above, here = here, below
    maps[-1] = above[:, :-apart]
    return maps


def _beside(maps: Maps, apart: int) -> Maps:
    """(w, R, C - apart) means of left quadrants a place to the left and right ones to the right."""
    left, right = maps[:-2, :, :-apart], maps[2:, :, apart:]
    halves = np.empty((len(maps), *left.shape[1:]), dtype=np.float32)
    np.add(left, right, out=halves[1:-1])
    halves[1:-1] *= 0.5
    halves[0], halves[-1] = maps[1, :, apart:], maps[-2, :, :-apart]
    return halves


def _pooled(rows: Iterable[Maps]) -> Iterator[Maps]:
    """Of rows (w, …) every second, with the largest of itself, the one above and the one below."""
    above = None
    rows = iter(rows)
    for row in rows:
        pooled = _pooled_along(row)
        if above is not None:
            np.maximum(pooled, above, out=pooled)
        below = next(rows, None)
        if below is not None:
            below = _pooled_along(below)
            np.maximum(pooled, below, out=pooled)
        above = below
        yield pooled


def _pooled_along(row: Maps) -> Maps:
    """Every second place of a row (w, …), with the largest of itself and its two neighbours."""
    pooled, between = row[::2].copy(), row[1::2]
    np.maximum(pooled[: len(between)], between, out=pooled[: len(between)])
    np.maximum(pooled[1:], between[: len(pooled) - 1], out=pooled[1:])
    return pooled
