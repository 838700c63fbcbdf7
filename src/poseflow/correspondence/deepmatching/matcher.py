"""DeepMatching from two images to correspondences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...frames import Correspondences, Follower, ImageArray, Matcher, follow_nothing
from ..likeness import (
    DETAIL_PIXELS,
    SMALLEST_SIDE,
    alike,
    comparable,
    inside,
    shrink_step,
    shrunk,
    to_shrunk,
)
from .descriptors import SIDE, Description, describe, every_patch
from .extraction import Places, extract, reciprocal
from .pyramid import correlation_pyramid
from .refinement import between_pixels, descend

FloatArray = NDArray[np.float64]

_RIVALS = 1.9
"""Pixels, of `reciprocal`: nearly half a patch."""


def deepmatching(
    *,
    working_pixels: int = 14_400,
    doublings: int = 2,
    largest: int = 64,
    power: float = 1.4,
    least_score: float = 0.955,
    least_likeness: float = 0.5,
    reach: float = 64.0,
) -> Matcher:
    """DeepMatching (Revaud et al., IJCV 2016), a match for every few pixels of the image.

    Slower than flow and hardly dearer for large motion than for small: every patch is compared
    with the whole of the later image.

    Args:
        working_pixels: everything is compared with everything on images shrunk by a whole number to
            at most so many pixels; 160×90 for 720p. More: smaller people are told from their
            surroundings; time and memory grow with the square.
        doublings: so many times the images are then doubled, never beyond the full ones, and the
            matches with them: four times as many each time, twice as exact. Time grows fourfold.
        largest: pixels of the shrunk images, the side of the largest patches, a power of 2 from 8.
            Larger: what repeats itself or is plain is told by its surroundings; people who move
            against these are found less often.
        power: the paper's λ, by which a good fit counts for more than several fair ones.
        least_score: a match needs this mean fit (0 to 1) over the patches of all sizes around it.
            True ones have 0.96 and more, the best between different scenes 0.91. Lower: more
            matches of what is half hidden, and false ones across a cut.
        least_likeness: what `likeness.alike` asks of the surroundings in the end. Higher: fewer
            false matches, and fewer of small people, whose surroundings change.
        reach: pixels; matches farther from every point are left out; inf = none is.
    """

    def match(before: ImageArray, after: ImageArray) -> Follower:
        if not comparable(before, after):
            return follow_nothing
        step = shrink_step(before, working_pixels)
        if min(before.shape) // step < SMALLEST_SIDE:
            return follow_nothing
        images = _describe(before, step), _describe(after, step)
        places = _everywhere(*images, largest, power)
        sure = np.where(places.score >= least_score, places.score, -np.inf)
        places = reciprocal(places._replace(score=sure), _RIVALS)
        zoom = 1
        for _ in range(min(doublings, int(math.log2(step)))):
            zoom *= 2
            images = _describe(before, step, zoom), _describe(after, step, zoom)
            places = reciprocal(descend(places, *images), _RIVALS)
        source, target = _points(places, *images, step / zoom)
        found = _believed(before, after, source, target, least_likeness)

        def follow(points: FloatArray) -> Correspondences:
            return _near(found, points[inside(points, before.shape)], reach)

        return follow

    return match


def _describe(image: ImageArray, step: int, zoom: int = 1) -> Description:
    """What an image looks like that is shrunk by step and enlarged by zoom."""
    import cv2

    height, width = image.shape[0] // step, image.shape[1] // step
    size = (width * zoom, height * zoom)
    whole = image[: height * step, : width * step]
    return describe(np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA)))


def _everywhere(before: Description, after: Description, largest: int, power: float) -> Places:
    """Where the patches of the smallest images have gone, wherever that may be."""
    sought, there = every_patch(before, SIDE), every_patch(after)
    pyramid = correlation_pyramid(sought, there, largest=largest, power=power)
    return extract(pyramid, sought, there)


def _points(
    places: Places, before: Description, after: Description, step: float
) -> tuple[FloatArray, FloatArray]:
    """Source and target (P, 2), the middles of patches, in pixels of the full images."""
    row, column = np.isfinite(places.score).nonzero()
    down, right = between_pixels(row, column, places, before, after)
    middle = SIDE / 2
    source = np.stack([SIDE * column + middle, SIDE * row + middle], axis=1)
    y, x = places.y[row, column] + down + middle, places.x[row, column] + right + middle
    target = np.stack([x, y], axis=1).astype(np.float64)
    return source * step - 0.5, target * step - 0.5


def _believed(
    before: ImageArray, after: ImageArray, source: FloatArray, target: FloatArray, least: float
) -> Correspondences:
    """Those whose surroundings are alike, in images of the size where `alike` is at home."""
    near = shrink_step(before, DETAIL_PIXELS)
    details = shrunk(before, near), shrunk(after, near)
    kept = inside(target, before.shape)
    source, target = source[kept], target[kept]
    kept = alike(*details, to_shrunk(source, near), to_shrunk(target, near), least=least)
    return Correspondences(source[kept], target[kept])


def _near(found: Correspondences, points: FloatArray, reach: float) -> Correspondences:
    """Those whose source is within reach of a point."""
    if not len(points) or not len(found.source):
        return Correspondences.none()
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(points).query(
        found.source, distance_upper_bound=np.nextafter(reach, np.inf)
    )
    near = np.isfinite(distance) | np.isinf(reach)
    return Correspondences(found.source[near], found.target[near])
