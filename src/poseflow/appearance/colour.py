"""What people wear: the colours of torso and limbs, against the light of the whole frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..frames import ImageArray
from ..poses import Appearance, Poses
from ..skeletons import Skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SIDES = ("left", "right")
TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
LIMBS = (("shoulder", "elbow"), ("hip", "knee"), ("knee", "ankle"))
BINS = 8
# Of each channel what lies beyond is one: brightness, red against green, blue against both, natural
# logarithms. Clothes in real clips are between.
LOW, HIGH = np.array([-2.5, -0.8, -0.8]), np.array([1.5, 0.8, 0.8])
DARK = 0.06
"""Of the frame's brightness, what is added to everything: the colours of black are mere noise."""


def colours(skeleton: Skeleton) -> Appearance:
    """Histograms of the colours of the torso and of each kind of limb, left and right together.

    A pixel's blue, green and red are taken in units of the frame's mean, so that a dimmer or tinted
    light changes nothing. Of each histogram the square root is given: the cosine of two such is the
    Bhattacharyya coefficient (Comaniciu et al., Kernel-based object tracking, IEEE TPAMI 2003).

    Args:
        skeleton: parts whose keypoints it does not name are left out; without any, nothing is
            told.

    Returns:
        (image, N poses) -> (N, parts × 3 × 8); all nan of a gray image.
    """
    corners, weights, parts = _places(skeleton)
    n_parts = len(np.unique(parts))

    def look(image: ImageArray, poses: Poses) -> FloatArray:
        n = len(poses)
        if image.ndim == 2 or not n or not n_parts:
            return np.full((n, n_parts * 3 * BINS), np.nan)
        points = np.einsum("nscx,sc->nsx", poses.keypoints[:, corners], weights)
        person, place = _inside(points, image.shape).nonzero()
        colours = _colours(image, points[person, place])
        part = person * n_parts + parts[place]
        count = np.bincount(part, minlength=n * n_parts)[:, None]
        looks = np.sqrt(_histograms(colours, part, n * n_parts) / np.maximum(count, 1))
        return np.where(count, looks, np.nan).reshape(n, -1)

    return look


def _places(skeleton: Skeleton) -> tuple[IntArray, FloatArray, IntArray]:
    """Where on a body S colours are taken: a grid on the torso, four places on every limb.

    Returns:
        (S, 4) keypoints, (S, 4) their weights, and (S,) the part, in order from 0.
    """
    index = {name: i for i, name in enumerate(skeleton.keypoints)}
    across, down = (grid.ravel() for grid in np.meshgrid(*[np.arange(0.1, 1, 0.2)] * 2))
    on_torso = [(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down]
    along = np.arange(0.2, 1, 0.2)
    on_limb = [1 - along, along, 0 * along, 0 * along]
    pieces = [(on_torso, [TORSO])]
    pieces += [(on_limb, [(f"{side}_{a}", f"{side}_{b}") * 2 for side in SIDES]) for a, b in LIMBS]
    corners: list[list[int]] = []
    weights: list[list[float]] = []
    parts: list[int] = []
    for part, (grid, names) in enumerate(pieces):
        for four in names:
            if all(name in index for name in four):
                corners += [[index[name] for name in four]] * len(grid[0])
                weights += np.transpose(grid).tolist()
                parts += [part] * len(grid[0])
    order = np.unique(parts, return_inverse=True)[1]
    return (
        np.array(corners, dtype=np.int64).reshape(-1, 4),
        np.array(weights, dtype=np.float64).reshape(-1, 4),
        order.astype(np.int64),
    )


def _inside(points: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(N, S) which points (N, S, 2) are known and in an image of this (H, W, …)."""
    x, y = points[..., 0], points[..., 1]
    return np.asarray((x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5))


def _colours(image: ImageArray, points: FloatArray) -> FloatArray:
    """(M, 3) brightness, red against green, blue against both, at points (M, 2) of a BGR image."""
    import cv2

    light = np.maximum(cv2.mean(image[::8])[:3], 1.0)
    x, y = np.rint(points).astype(np.int64).T
    blue, green, red = np.log(image[y, x] / light + DARK).T
    return np.stack([(blue + green + red) / 3, red - green, blue - (green + red) / 2], axis=1)


def _histograms(colours: FloatArray, owner: IntArray, n: int) -> FloatArray:
    """(n, 3 × bins) of the colours (M, 3) of each owner (M,); shared by the two nearest bins."""
    place = np.clip((colours - LOW) / (HIGH - LOW), 0.0, 1.0) * (BINS - 1)
    below = np.minimum(place.astype(np.int64), BINS - 2)
    above = place - below
    index = (owner[:, None] * 3 + np.arange(3)) * BINS + below
    counts = sum(
        np.bincount((index + step).ravel(), share.ravel(), minlength=n * 3 * BINS)
        for step, share in ((0, 1.0 - above), (1, above))
    )
    return np.asarray(counts).reshape(n, -1)
