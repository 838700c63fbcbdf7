"""How the camera moves: told by correspondences off the people, followed by what is remembered.

Pixels stay where they are when a camera pans; people who are not seen for a while do not. Between
two frames the scene moves by one similarity (turn, zoom, shift), which most of what belongs to
nobody agrees on.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..frames import Correspondences
from ..geometry import overlapping
from .tracks import Tracks

FloatArray = NDArray[np.float64]

GRID = (12, 8)
"""Points across and down an image at which the scene is asked where it goes."""


def scene_points(boxes: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """(P, 2) pixels, a sparse grid over an image of this height and width, but for the people.

    Args:
        boxes: (N, 4) x0 y0 x1 y1 of the people.
        shape: of the image, (H, W).
    """
    x, y = ((np.arange(n) + 0.5) / n * side for n, side in zip(GRID, shape[1::-1], strict=True))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return points[_off(points, boxes)]


def camera_motion(
    correspondences: Correspondences, boxes: FloatArray, *, least: int = 10, share: float = 0.5
) -> FloatArray | None:
    """(2, 3) what moves the scene from one frame to the next: [[a, −b, c], [b, a, d]] of (x, y, 1).

    The similarity that most correspondences agree with (RANSAC: Fischler and Bolles, 1981).

    Args:
        correspondences: between the two frames.
        boxes: (N, 4) x0 y0 x1 y1 of the people in the earlier frame: what starts in one tells
            nothing about the scene.
        least: correspondences that must agree.
        share: of all those off the people, in [0, 1], that must agree too.

    Returns:
        None where too few agree: in the dark, across a cut, with people everywhere.
    """
    off = _off(correspondences.source, boxes)
    source, target = correspondences.source[off], correspondences.target[off]
    if len(source) < least:
        return None
    import cv2

    # A 400th of the picture, 3 pixels of 720p: correspondences of shrunk images are as coarse.
    coarse = max(1.0, np.ptp(source, axis=0).max() / 400)
    motion, agree = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=coarse)
    if motion is None or agree.sum() < max(least, share * len(source)):
        return None
    return np.asarray(motion)


def _off(points: FloatArray, boxes: FloatArray) -> NDArray[np.bool_]:
    """(P,) which points (P, 2) lie in none of the boxes (N, 4)."""
    return np.asarray(~overlapping(points.T, points.T, boxes.T).any(axis=1))


def moved_along(tracks: Tracks, motion: FloatArray) -> Tracks:
    """Tracks as they are in the next frame if nobody but the camera moves."""
    linear, shift = motion[:, :2], motion[:, 2]
    middles = (tracks.boxes[:, :2] + tracks.boxes[:, 2:]) / 2 @ linear.T + shift
    halves = (tracks.boxes[:, 2:] - tracks.boxes[:, :2]) / 2 * np.sqrt(np.linalg.det(linear))
    return dataclasses.replace(
        tracks,
        keypoints=tracks.keypoints @ linear.T + shift,
        boxes=np.concatenate([middles - halves, middles + halves], axis=1),
        velocity=tracks.velocity @ linear.T,
    )


def steadied(correspondences: Correspondences, motion: FloatArray) -> Correspondences:
    """Correspondences as if the earlier frame had been seen from where the camera is now."""
    source = correspondences.source @ motion[:, :2].T + motion[:, 2]
    return Correspondences(source, correspondences.target)
