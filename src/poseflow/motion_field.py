"""Where points go, told by correspondences near them: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def carry(
    points: FloatArray,
    correspondences: tuple[FloatArray, FloatArray],
    *,
    radius: ArrayLike,
    n_nearest: int = 5,
) -> FloatArray:
    """(P, 2) each point moved by the median displacement of its nearest correspondences.

    Which of several equally near are asked does not hang on the order in which they are given.

    The median is taken for x and y apart, so that a wrong match among right ones is outvoted.

    Args:
        points: (P, 2), pixels in the earlier frame; nan = missing, and stays nan.
        correspondences: source (C, 2) in the earlier frame and target (C, 2) in the later one,
            pixels; `frames.Correspondences` is such a pair.
        radius: scalar or (P,), pixels; correspondences whose source is farther from the point
            tell nothing about it. nan = nothing tells.
        n_nearest: at most so many correspondences are asked. More: steadier, and blind to what
            moves apart from its surroundings.

    Returns:
        nan for a point without any correspondence within its radius.
    """
    source, target = _in_order(*correspondences)
    carried = np.full((len(points), 2), np.nan)
    reach = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(points))
    askers = np.flatnonzero(np.isfinite(points).all(axis=1) & (reach >= 0))
    if not len(source) or not len(askers):
        return carried
    from scipy.spatial import cKDTree

    asked, reach = points[askers], reach[askers]
    # A balanced tree takes longer to build than it saves in one query of so few points.
    tree = cKDTree(source, balanced_tree=False, compact_nodes=False)
    farther = np.nextafter(reach.max(), np.inf)  # The bound itself is excluded.
    distances, nearest = tree.query(
        asked, k=np.arange(1, n_nearest + 1), distance_upper_bound=farther
    )
    # Where fewer than n_nearest are that near, the tree answers with an index past the end.
    near = (distances <= reach[:, None]) & (nearest < len(source))
    moves = (target - source)[np.minimum(nearest, len(source) - 1)]
    carried[askers] = asked + medians(moves, near)
    return carried


def carry_people(
    keypoints: FloatArray,
    velocity: FloatArray,
    sizes: FloatArray,
    correspondences: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Where people's keypoints go, and people as a whole, by the correspondences around keypoints.

    Around is a tenth of a person's size, the paper's neighbourhood of a joint. What takes a
    keypoint farther than its person is large, both from where it was going and from where most of
    the picture goes, is a wrong match: ORB finds many, and without this they lose people whom
    nothing else would.

    Args:
        keypoints: (T, K, 2), pixels in the earlier frame; nan = missing.
        velocity: (T, 2), pixels a frame, as the people moved until now.
        sizes: (T,), pixels, of the people.
        correspondences: as for `carry`.

    Returns:
        (T, K, 2) the keypoints in the later frame and (T, 2) the median move of each person's;
        nan where nothing tells.
    """
    n, k, _ = keypoints.shape
    moves = carry(keypoints.reshape(-1, 2), correspondences, radius=np.repeat(0.1 * sizes, k))
    moves = moves.reshape(n, k, 2) - keypoints
    # With a camera that jerks, all go where nobody was going.
    source, target = correspondences
    together = np.median(target - source, axis=0) if len(source) else np.zeros(2)
    astray = _farther(moves - velocity[:, None], sizes) & _farther(moves - together, sizes)
    moves[astray] = np.nan
    return keypoints + moves, medians(moves, ~np.isnan(moves[..., 0]))


def _in_order(source: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same correspondences (C, 2) and (C, 2), from left to right: a tree asks the first."""
    order = np.lexsort((target[:, 1], target[:, 0], source[:, 1], source[:, 0]))
    return source[order], target[order]


def medians(values: FloatArray, counted: NDArray[np.bool_]) -> FloatArray:
    """(A, 2) medians over axis 1 of values (A, k, 2) where counted (A, k); nan where none is.

    Unlike `numpy.nanmedian` it does not warn of empty rows, nor go through them one by one.
    """
    ordered = np.sort(np.where(counted[..., None], values, np.nan), axis=1)
    rows, n = np.arange(len(values)), counted.sum(axis=1)
    # nan sorts to the end: the first n of each row are counted, and with n = 0 all are nan.
    return np.asarray(
        (ordered[rows, np.maximum(n - 1, 0) // 2] + ordered[rows, n // 2 * (n > 0)]) / 2
    )


def _farther(offsets: FloatArray, sizes: FloatArray) -> NDArray[np.bool_]:
    """(T, K) which offsets (T, K, 2) are longer than the sizes (T,); not where nan."""
    return np.asarray((offsets**2).sum(axis=-1) > sizes[:, None] ** 2)
