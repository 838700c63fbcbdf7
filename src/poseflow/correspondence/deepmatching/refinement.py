"""Ours, not the paper's: on to larger images, and between their pixels.

Every step down the pyramid halves the patches. The same step is taken beyond its last: on images
twice as large a patch of 4 pixels is a quadrant of what it was before. To find all of these
everywhere would take sixteen times as long for each doubling. To look where their wholes and the
neighbours of these went takes four times as long, and amends wholes that were half person and half
background.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from .descriptors import SIDE, Description, Features, Indices, likeness, patches_at
from .extraction import NEIGHBOURHOOD, Places

BoolArray = NDArray[np.bool_]


def descend(places: Places, before: Description, after: Description) -> Places:
    """The quadrants of patches, found on images twice as large.

    A quadrant looks one pixel around where it would be if it had moved as its whole did, or as one
    of the three other patches did that are nearest to it: at people's edges one of these is on
    its side. The score is the likeness of the quadrant alone.

    Args:
        places: (R, C) of the patches, in pixels of the smaller images.
        before: the earlier image, twice as large.
        after: the later image, twice as large.

    Returns:
        (2 R, 2 C), in pixels of the larger images.
    """
    rows, columns = places.score.shape
    grid = np.meshgrid(np.arange(2 * rows), np.arange(2 * columns), indexing="ij")
    row, column = (indices.ravel() for indices in grid)
    sought = patches_at(before, SIDE * row, SIDE * column)
    found = Places.nowhere(len(row))
    tried: list[tuple[Indices, Indices, BoolArray]] = []
    for beyond_y, beyond_x in itertools.product((0, 1), repeat=2):
        # From its whole on to the patch that lies on the quadrant's own side of it.
        r = np.clip(row // 2 + beyond_y * (2 * (row % 2) - 1), 0, rows - 1)
        c = np.clip(column // 2 + beyond_x * (2 * (column % 2) - 1), 0, columns - 1)
        y = SIDE * row + 2 * (places.y[r, c] - SIDE * r)
        x = SIDE * column + 2 * (places.x[r, c] - SIDE * c)
        proposed = np.isfinite(places.score[r, c])
        new = proposed.copy()
        for other_y, other_x, looked_at in tried:
            new &= (y != other_y) | (x != other_x) | ~looked_at
        tried.append((y, x, proposed))
        which = np.flatnonzero(new)
        better = found.of(which)
        _look_around(y[which], x[which], sought[which], after, better)
        found.y[which], found.x[which], found.score[which] = better
    return found.of(np.arange(len(row)).reshape(2 * rows, 2 * columns))


def _look_around(
    y: Indices, x: Indices, sought: Features, after: Description, found: Places
) -> None:
    """Put what fits better at y, x (P,) or next to them into `found`, (P,) as well."""
    height, width = after.scale.shape
    for down, right in NEIGHBOURHOOD:
        there_y, there_x = y + down, x + right
        inside = (there_y >= 0) & (there_y < height) & (there_x >= 0) & (there_x < width)
        there_y, there_x = np.where(inside, there_y, 0), np.where(inside, there_x, 0)
        score = likeness(sought, patches_at(after, there_y, there_x))
        found.improve(there_y, there_x, np.where(inside, score, np.float32(-np.inf)))


def between_pixels(
    row: Indices, column: Indices, places: Places, before: Description, after: Description
) -> tuple[Features, Features]:
    """(P,) how far down and to the right of its whole pixel the best place of a patch lies.

    That is where the parabola through the likeness at the place and at the pixels beside it has its
    top. Even in its own image that is not where a patch is; so much is subtracted, and what has not
    moved has moved by nothing.

    Args:
        row: (P,) of patches that have places.
        column: (P,).
        places: (R, C) of all.
        before: the earlier image.
        after: the later image, of the same size.
    """
    sought = patches_at(before, SIDE * row, SIDE * column)
    there = _tops(sought, places.y[row, column], places.x[row, column], after)
    here = _tops(sought, SIDE * row, SIDE * column, before)
    return there[0] - here[0], there[1] - here[1]


def _tops(
    sought: Features, y: Indices, x: Indices, image: Description
) -> tuple[Features, Features]:
    """(P,) pixels from y and from x to the tops of parabolas, at most half of one."""
    height, width = image.scale.shape

    def at(down: int, right: int) -> Features:
        there = np.clip(y + down, 0, height - 1), np.clip(x + right, 0, width - 1)
        return likeness(sought, patches_at(image, *there))

    middle = at(0, 0)
    return _top(at(-1, 0), middle, at(1, 0)), _top(at(0, -1), middle, at(0, 1))


def _top(before: Features, middle: Features, after: Features) -> Features:
    """(P,) where the parabola through the values at -1, 0 and 1 is largest; 0 if it never bends."""
    bend = before - 2 * middle + after
    top = (before - after) / np.minimum(2 * bend, np.float32(-1e-6))
    return np.where(bend < -1e-6, np.clip(top, -0.5, 0.5), 0)
