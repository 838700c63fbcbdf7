"""How alike two poses are. Every function broadcasts over the leading axes of its arguments.

Give `a[:, None]` and `b[None]` for all pairs of two sets, or `a[i]` and `b[j]` for chosen ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry import expand, points_in_boxes

FloatArray = NDArray[np.float64]


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
    # Rarely is anything missing: it shows in few sums sooner than in many keypoints.
    if np.isnan(counted).any():
        missing = np.isnan(alike)
        weights = np.where(missing, 0.0, np.where(np.isnan(weights), 1.0, weights))
        counted = np.vecdot(np.where(missing, 0.0, alike), weights)
    total = np.add.reduce(weights, axis=-1)
    return np.asarray(counted / np.maximum(total, 1e-12))


def square_iou(a: FloatArray, b: FloatArray, reach: float, *, pixel: float = 0.0) -> FloatArray:
    """Intersection over union of the squares around points (…, 2) and (…, 2) -> (…), in [0, 1].

    What `box_iou` gives for boxes of ±`reach` pixels around the points, at a third of the cost.
    Missing points (nan) give 0.
    """
    side = 2 * reach
    gap = np.abs(a - b)
    overlap = side - gap
    shared = (overlap[..., 0] + pixel) * (overlap[..., 1] + pixel)
    strictly = (gap < side).all(axis=-1)
    return np.where(strictly, shared / (2 * (side + pixel) ** 2 - shared), 0.0)


def correspondence_iou(
    source: FloatArray, target: FloatArray, a: FloatArray, b: FloatArray
) -> FloatArray:
    """Of the correspondences that touch a box or its counterpart, the share that joins the two.

    A correspondence counts for box i of `a` and box j of `b` if its source lies in i *and* its
    target in j; the union is those of which either holds (the 2018 tracker's cues
    `dm_iou` and `pose_iou_dm`; 1e-5 in the denominator is theirs). Only correspondences that lie
    in some box cost anything: neither pairs of boxes nor boxes × correspondences are formed.

    Args:
        source: (C, 2) pixels in the earlier frame.
        target: (C, 2) pixels in the later frame.
        a: (T, K, 4) x0 y0 x1 y1, K boxes of each pose of the earlier frame; nan = none there.
        b: (N, K, 4) the same of the later frame; box k is compared with box k only.

    Returns:
        (T, N, K) in [0, 1).
    """
    (n_a, n_boxes), n_b = a.shape[:2], len(b)
    point_a, place_a = points_in_boxes(source, a.reshape(-1, 4))
    point_b, place_b = points_in_boxes(target, b.reshape(-1, 4))
    # Join the two lists of (point, box) on what they must share: the correspondence and k.
    key_a = point_a * n_boxes + place_a % n_boxes
    key_b = point_b * n_boxes + place_b % n_boxes
    order = np.argsort(key_b)
    counts = np.bincount(key_b, minlength=len(source) * n_boxes)
    starts = np.cumsum(counts) - counts
    owner, place = expand(starts[key_a], counts[key_a])
    pair = (place_a // n_boxes)[owner] * n_b + (place_b // n_boxes)[order[place]]
    joined = np.bincount(pair * n_boxes + (key_a % n_boxes)[owner], minlength=n_a * n_b * n_boxes)
    shared = joined.reshape(n_a, n_b, n_boxes)
    in_a = np.bincount(place_a, minlength=n_a * n_boxes).reshape(n_a, 1, n_boxes)
    in_b = np.bincount(place_b, minlength=n_b * n_boxes).reshape(1, n_b, n_boxes)
    return np.asarray(shared / (in_a + in_b - shared + 1e-5))


def mean_of_largest(values: FloatArray, count: int) -> FloatArray:
    """The mean of the `count` largest along the last axis (…, K) -> (…); of all, if K is less."""
    k = values.shape[-1]
    if k > count:
        values = np.partition(values, k - count, axis=-1)[..., k - count :]
    return np.asarray(values.mean(axis=-1))
