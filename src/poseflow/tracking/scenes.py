"""Cuts: whether two neighbouring frames show the same scene, or whether nobody can tell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..frames import Correspondences, ImageArray
from ..geometry import points_in_boxes
from ..motion_field import medians
from ..poses import Poses
from .distances import joint_squares, sizes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST_TOLD = 0.125
"""Share of people's keypoints of which correspondences must tell, or the scene is another. Between
neighbouring frames of three real clips they tell of 0.16 and more (exact ORB; of 0.4 all others);
across 284 cuts from one of the clips to another exact ORB tells of 0.12 at most, across 60 of these
all others of 0.06."""


class View(NamedTuple):
    """What of an image tells whether it can be compared with another.

    Attributes:
        shape: (H, W).
        is_blank: black, white, or faded until next to nothing is to be seen.
    """

    shape: tuple[int, ...]
    is_blank: bool


def view_of(image: ImageArray, levels: int = 16, share: float = 0.98) -> View:
    """What is to be known of an image.

    Args:
        image: (H, W) gray.
        levels: gray levels, of 256, within which a blank image lies.
        share: of its pixels that do; a clock or a logo may be shown on it.
    """
    import cv2

    # Every fourth row tells as much.
    counts = cv2.calcHist([image[::4]], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    below = np.concatenate([[0.0], counts.cumsum()])
    most = (below[levels:] - below[:-levels]).max()
    return View(image.shape, bool(most >= share * below[-1]))


def comparable(before: View, after: View) -> bool:
    """Whether two images could show the same thing, if it were there."""
    return before.shape == after.shape and not before.is_blank and not after.is_blank


def share_told(
    poses: Poses,
    correspondences: Correspondences,
    shape: tuple[int, ...] | None = None,
    reach: float = 0.1,
    agreement: float = 0.05,
) -> float:
    """Of which share of people's keypoints correspondences tell; nan = nobody could be told of.

    Each correspondence tells of one keypoint of a person, the nearest, if it goes where most of
    those around that person go, and at least two others go there with it. Chance takes them
    anywhere: of a person who fills the picture, ORB across a cut leads half of the keypoints
    somewhere no farther than the person is large, but hardly three of them alike.

    Args:
        poses: of the earlier frame.
        correspondences: to the later one.
        shape: (H, W) of the earlier image, beyond which no keypoint counts; None = not known.
        reach: of a person's size, how far from a keypoint a correspondence may start.
        agreement: of a person's size, how far from the person's median move it may lead.
    """
    source, target = correspondences
    keypoints = poses.keypoints
    there = ~np.isnan(keypoints[..., 0])
    if shape is not None:
        last = np.array(shape[1::-1]) - 1
        there &= ((keypoints >= 0) & (keypoints <= last)).all(axis=2)
    if not there.any():
        return np.nan
    squares = np.where(there[..., None], joint_squares(poses, 2 * reach), np.nan)
    point, person, keypoint = _nearest(source, keypoints, squares)
    if not len(point):
        return 0.0
    moves = (target - source)[point]
    counts = np.bincount(person, minlength=len(poses))
    usual = _medians(moves, person, counts)
    alike = np.linalg.norm(moves - usual[person], axis=1) <= agreement * sizes(poses)[person]
    company = np.bincount(person[alike], minlength=len(poses)) > 2
    alike &= company[person]
    told = np.unique(person[alike] * keypoints.shape[1] + keypoint[alike])
    return float(len(told) / there.sum())


def _nearest(
    points: FloatArray, keypoints: FloatArray, squares: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Of points (C, 2) in squares (N, K, 4): the point, the person, and the nearest keypoint.

    (M,) each, in the order of people; a point in squares of two people is there twice.
    """
    columns = []
    for some, point, person, inside in points_in_boxes(points, squares):
        held = inside.any(axis=1)
        point, person, inside = point[held], person[held] + some.start, inside[held]
        apart = keypoints[person] - points[point, None]
        square = np.where(inside, np.vecdot(apart, apart), np.inf)
        columns.append((point, person, square.argmin(axis=1)))
    point, person, keypoint = (np.concatenate(column) for column in zip(*columns, strict=True))
    return point, person, keypoint


def _medians(moves: FloatArray, person: IntArray, counts: IntArray) -> FloatArray:
    """(N, 2) the median move of each person; of moves (M, 2) and whose they are, in order."""
    starts = np.cumsum(counts) - counts
    row = np.arange(len(moves)) - starts[person]
    table = np.zeros((len(counts), counts.max(), 2))
    table[person, row] = moves
    return medians(table, np.arange(table.shape[1]) < counts[:, None])
