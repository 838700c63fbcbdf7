"""A made-up world: people of COCO's 17 keypoints who walk about. Seeded: the same on every run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from poseflow.poses import Poses

FloatArray = NDArray[np.float64]

SIZE = (1280, 720)

# Shares of the body's height, about its middle: nose, eyes, ears, shoulders, elbows, wrists, hips,
# knees, ankles, left before right.
BODY = np.array(
    [
        [0.0, -0.44], [0.02, -0.46], [-0.02, -0.46], [0.05, -0.45], [-0.05, -0.45],
        [0.11, -0.31], [-0.11, -0.31], [0.16, -0.15], [-0.16, -0.15], [0.17, 0.0],
        [-0.17, 0.0], [0.08, 0.02], [-0.08, 0.02], [0.08, 0.26], [-0.08, 0.26],
        [0.08, 0.48], [-0.08, 0.48],
    ]
)  # fmt: skip
# How far a keypoint swings with the step, in heights; arms against legs.
SWING = np.array([0, 0, 0, 0, 0, 0, 0, -0.04, 0.04, -0.1, 0.1, 0, 0, 0.06, -0.06, 0.13, -0.13])


def walkers(
    n: int,
    n_frames: int,
    *,
    seed: int = 0,
    height: tuple[float, float] = (90.0, 180.0),
    size: tuple[int, int] = SIZE,
) -> FloatArray:
    """(F, n, 17, 2) pixels: where each keypoint of each person truly is.

    Everyone walks straight on, up to 4 pixels a frame, and turns back at the image's edges.

    Args:
        n: people.
        n_frames: F.
        seed: of the world.
        height: pixels, of the smallest and the tallest.
        size: of the image.
    """
    rng = np.random.default_rng([seed, n])
    tall = rng.uniform(*height, n)
    room = np.maximum(np.array(size) - tall[:, None] * [0.4, 1.0], 1.0)
    start, speed = rng.uniform(0, 2, (n, 2)) * room, rng.uniform(-4, 4, (n, 2))
    time = np.arange(n_frames)[:, None, None]
    # Unfolded, the way of one who turns back is a straight line through mirrored rooms.
    middle = room - np.abs((start + speed * time) % (2 * room) - room)
    middle = middle + tall[:, None] * [0.2, 0.5]
    step = np.sin(rng.uniform(0, 7, n) + 0.3 * time[..., 0])
    body = np.tile(BODY, (n_frames, n, 1, 1))
    body[..., 0] += SWING * step[..., None]
    return np.asarray(middle[:, :, None] + tall[:, None, None] * body)


def estimated(
    truth: FloatArray,
    *,
    seed: int = 0,
    missed: float = 0.03,
    jitter: float = 1.5,
    shuffled: bool = True,
) -> list[Poses]:
    """What an estimator makes of (F, n, 17, 2): a list over frames.

    Args:
        truth: pixels.
        seed: of the estimator.
        missed: share of the people not found in a frame.
        jitter: pixels, standard deviation of a keypoint.
        shuffled: whether people stand in another order in each frame.
    """
    rng = np.random.default_rng([seed, 1])
    frames = []
    for people in truth:
        found = np.flatnonzero(rng.random(len(people)) >= missed)
        found = rng.permutation(found) if shuffled else found
        points = people[found] + rng.normal(0, jitter, (len(found), 17, 2))
        sure = np.clip(rng.normal(0.8, 0.1, points.shape[:2]), 0.05, 0.99)
        scores = np.clip(rng.normal(0.8, 0.08, len(found)), 0.05, 0.99)
        frames.append(Poses.from_keypoints(points, sure, scores))
    return frames
