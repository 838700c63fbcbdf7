"""ORB features matched by their descriptors: the 2018 choice, and the same exactly and faster."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ..frames import Correspondences, Follower, ImageArray, Matcher, follow_nothing
from .likeness import comparable, inside

FloatArray = NDArray[np.float64]
Descriptors = NDArray[np.uint8]

_FLANN_INDEX_LSH = 6


def orb(*, n_features: int = 10_000, ratio: float = 0.8) -> Matcher:
    """The matcher of the 2018 code: nearest descriptors by FLANN's locality-sensitive hashing.

    Slow, 0.5–1.7 s at 720p, and there to repeat what was published. The features are the matcher's
    own, all over the image; the points only say whether there is anybody to match for.

    Args:
        n_features: at most so many features an image, those that look most like corners.
        ratio: Lowe's; a match must be this much nearer than the second nearest. Less: fewer
            and surer matches.
    """

    def match(before: ImageArray, after: ImageArray) -> Follower:
        if not comparable(before, after):
            return follow_nothing
        source, described = _features(before, n_features)
        target, others = _features(after, n_features)
        if not len(source) or not len(target):
            return follow_nothing
        # FLANN draws from the random numbers of its thread. In a new one they begin anew, so that
        # the answer is always the same, and no generator of the caller's is touched.
        with ThreadPoolExecutor(max_workers=1) as thread:
            pairs = thread.submit(_hashed_matches, described, others, ratio).result()
        # The 2018 code wrote whole pixels, cut off.
        found = Correspondences(np.trunc(source[pairs[:, 0]]), np.trunc(target[pairs[:, 1]]))

        def follow(points: FloatArray) -> Correspondences:
            return found if inside(points, before.shape).any() else Correspondences.none()

        return follow

    return match


def orb_exact(*, n_features: int = 10_000, ratio: float = 0.8, reach: float = 64.0) -> Matcher:
    """ORB with every descriptor compared, for the features near the points.

    What hashing misses by chance is found, and positions are not cut to whole pixels.

    Args:
        n_features: at most so many features an image, those that look most like corners.
        ratio: Lowe's; a match must be this much nearer than the second nearest. Less: fewer
            and surer matches.
        reach: pixels; features of the earlier frame farther from every point are left out. Time
            goes with those that stay; inf = all.
    """

    def match(before: ImageArray, after: ImageArray) -> Follower:
        if not comparable(before, after):
            return follow_nothing
        source, described = _features(before, n_features)
        target, others = _features(after, n_features)
        if not len(source) or len(target) < 2:
            return follow_nothing

        def follow(points: FloatArray) -> Correspondences:
            points = points[inside(points, before.shape)]
            if not len(points):
                return Correspondences.none()
            from scipy.spatial import cKDTree

            near = np.flatnonzero(cKDTree(points).query(source)[0] <= reach)
            sure, nearest = _exact_matches(described[near], others, ratio)
            return Correspondences(source[near[sure]], target[nearest])

        return follow

    return match


def _features(image: ImageArray, n_features: int) -> tuple[FloatArray, Descriptors]:
    """Positions (F, 2) in pixels and descriptors (F, 32) of the corners of an image."""
    import cv2

    finder = cv2.ORB.create(nfeatures=n_features, scoreType=cv2.ORB_FAST_SCORE)
    keypoints, descriptors = finder.detectAndCompute(image, None)
    if not keypoints:
        return np.empty((0, 2)), np.empty((0, 32), dtype=np.uint8)
    return np.asarray(cv2.KeyPoint.convert(keypoints), dtype=np.float64), descriptors


def _exact_matches(
    described: Descriptors, others: Descriptors, ratio: float
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Rows (C,) of the first that surely match, and (C,) those of the second they match."""
    if not len(described):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int32)
    import cv2

    distances, nearest = cv2.batchDistance(
        described, others, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    sure = np.flatnonzero(distances[:, 0] < ratio * distances[:, 1])
    return sure, nearest[sure, 0]


def _hashed_matches(described: Descriptors, others: Descriptors, ratio: float) -> NDArray[np.int64]:
    """(C, 2) rows of the first and of the second that match; the parameters are those of 2018."""
    import cv2

    index = {
        "algorithm": _FLANN_INDEX_LSH,
        "table_number": 12,
        "key_size": 12,
        "multi_probe_level": 2,
    }
    found = cv2.FlannBasedMatcher(index, {"checks": 100}).knnMatch(described, others, k=2)
    # Hashing may find one neighbour or none; without a second there is nothing to be surer than.
    pairs = [
        (pair[0].queryIdx, pair[0].trainIdx)
        for pair in found
        if len(pair) == 2 and pair[0].distance < ratio * pair[1].distance
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
