"""How alike two poses are. Every function broadcasts over the leading axes of its arguments.

Give `a[:, None]` and `b[None]` for all pairs of two sets, or `a[i]` and `b[j]` for chosen ones.
"""

from __future__ import annotations

from math import isnan

import numpy as np
from numpy.typing import NDArray

from .geometry import expand, points_in_boxes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def box_iou(a: FloatArray, b: FloatArray, *, pixel: float = 0.0) -> FloatArray:
    """Intersection over union of boxes (…, 4), x0 y0 x1 y1 -> (…), in [0, 1].

    Boxes that do not overlap strictly, and boxes of nan, give 0.

    Args:
        a: (…, 4), pixels.
        b: (…, 4), pixels.
        pixel: added to every width and height; 1 for the convention in which a box's last pixel
            belongs to it (PASCAL VOC's), 0 for coordinates.
    """
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    overlaps = (sides > 0).all(axis=-1)
    shared = (sides[..., 0] + pixel) * (sides[..., 1] + pixel)
    extent_a, extent_b = a[..., 2:] - a[..., :2] + pixel, b[..., 2:] - b[..., :2] + pixel
    union = extent_a[..., 0] * extent_a[..., 1] + extent_b[..., 0] * extent_b[..., 1] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=overlaps & (union > 0))


def oks(a: FloatArray, b: FloatArray, variances: FloatArray, weights: FloatArray) -> FloatArray:
    """Object keypoint similarity of poses (…, K, 2) -> (…), in [0, 1].

    COCO's: the weighted mean over keypoints of exp(−d² / (2 s² k²)), k = 2 sigma, s² the area
    (cocodataset.org, keypoint evaluation). A keypoint counts where both poses have it; two poses
    without a keypoint in common have similarity 0.

    Args:
        a: (…, K, 2) pixels; nan = missing.
        b: (…, K, 2) pixels; nan = missing.
        variances: (…, K) square pixels, s² k² of each keypoint, possibly widened by a
            prediction's uncertainty.
        weights: (…, K), how much each keypoint counts; 1 for all is COCO's definition; nan = 1.
    """
    apart = a - b
    apart *= apart
    alike = np.exp((apart[..., 0] + apart[..., 1]) / (-2.0 * variances))
    counted = np.vecdot(alike, weights)
    # Rarely is anything missing: it shows in one product sooner than in many keypoints.
    if isnan(np.vdot(counted, counted)):
        missing = np.isnan(alike)
        weights = np.where(missing, 0.0, np.where(np.isnan(weights), 1.0, weights))
        counted = np.vecdot(np.where(missing, 0.0, alike), weights)
    total = np.add.reduce(weights, axis=-1)
    return np.asarray(counted / np.maximum(total, 1e-12))


def square_iou(a: FloatArray, b: FloatArray, reach: float, *, pixel: float = 0.0) -> FloatArray:
    """Intersection over union of the squares around points (…, 2) and (…, 2) -> (…), in [0, 1].

    What `box_iou` gives for boxes of ±`reach` pixels around the points, at a fraction of the cost.
    Missing points (nan) give 0.
    """
    # x and y apart: of many pairs, whole arrays are compared several times as fast as twos.
    width = 2 * reach - np.abs(a[..., 0] - b[..., 0])
    height = 2 * reach - np.abs(a[..., 1] - b[..., 1])
    overlap = (width > 0) & (height > 0)
    shared = np.where(overlap, (width + pixel) * (height + pixel), 0.0)
    return np.asarray(shared / (2 * (2 * reach + pixel) ** 2 - shared))


def joined_points(
    source: FloatArray, target: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """How many correspondences lie in boxes of two frames, and how many join one with another.

    Two poses cost something only where a correspondence joins their surroundings: boxes ×
    correspondences are never formed.

    Args:
        source: (C, 2) pixels in the earlier frame.
        target: (C, 2) pixels in the later frame.
        a: (T, K, 4) x0 y0 x1 y1, K boxes of each pose of the earlier frame; nan = none there.
        b: (N, K, 4) the same of the later frame; box k is compared with box k only.

    Returns:
        (T, N, K) with the source in the one and the target in the other, (T, K) with the source
        in the one, (N, K) with the target in the other.
    """
    (n_a, n_boxes), n_b = a.shape[:2], len(b)
    joined = np.zeros((n_a, n_b, n_boxes), dtype=np.int64)
    in_a, in_b = np.zeros((n_a, n_boxes), dtype=np.int64), np.zeros((n_b, n_boxes), dtype=np.int64)
    arrived = []
    for some, point, pose, inside in points_in_boxes(target, b):
        in_b[some] = _sums(inside, pose, len(in_b[some]))
        arrived.append((point, pose + some.start, inside))
    point_b, j, inside_b = (np.concatenate(column) for column in zip(*arrived, strict=True))
    # Join the two lists on what they share, the correspondence; numbers of 16 bits are not compared
    # to be sorted, but counted.
    by_point = point_b.astype(np.min_scalar_type(len(source))).argsort(kind="stable")
    partners = np.bincount(point_b, minlength=len(source))
    starts = np.cumsum(partners) - partners
    for some, point, i, inside in points_in_boxes(source, a):
        in_a[some] = _sums(inside, i, len(in_a[some]))
        row_a, place = expand(starts[point], partners[point])
        row_b = by_point[place]
        both = inside.take(row_a, axis=0)
        both &= inside_b.take(row_b, axis=0)
        here = joined[some]
        here[:] = _sums(both, i[row_a] * n_b + j[row_b], len(here) * n_b).reshape(here.shape)
    return joined, in_a, in_b


def correspondence_iou(
    source: FloatArray, target: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Of the correspondences that touch a box or its counterpart, the share that joins the two.

    A correspondence counts for box k of pose i and box k of pose j if its source lies in the one
    *and* its target in the other; the union is those of which either holds (the 2018 tracker's
    cues `dm_iou` and `pose_iou_dm`; 1e-5 in the denominator is theirs).

    Args:
        source: as for `joined_points`, as are the others.
        target: (C, 2).
        a: (T, K, 4).
        b: (N, K, 4).

    Returns:
        For the P pairs of poses that are joined at all: i (P,), j (P,), and the shares (P, K) in
        [0, 1). Most pairs are not.
    """
    joined, in_a, in_b = joined_points(source, target, a, b)
    i, j = np.nonzero(joined.any(axis=2))
    shared = joined[i, j]
    return i, j, shared / (in_a[i] + in_b[j] - shared + 1e-5)


def _sums(rows: BoolArray, group: IntArray, n_groups: int) -> IntArray:
    """(n_groups, K) how many rows (M, K) of each group (M,) are true."""
    n_columns = rows.shape[1]
    true = np.flatnonzero(rows)
    # From the flat table of rows to that of the sums, all of a row moves by as much.
    moved = (group - np.arange(len(rows))) * n_columns
    cells = true + moved[true // n_columns]
    return np.bincount(cells, minlength=n_groups * n_columns).reshape(n_groups, n_columns)


def mean_of_largest(values: FloatArray, count: int) -> FloatArray:
    """The mean of the `count` largest along the last axis (…, K) -> (…); of all, if K is less."""
    k = values.shape[-1]
    if k > count:
        values = np.partition(values, k - count, axis=-1)[..., k - count :]
    return np.asarray(values.mean(axis=-1))
