"""A drawn clip for where the real one cannot be had: stick people on known paths.

Five people: two who cross, one who leaves at the right and comes back, one who stands and waves,
and one who strolls behind them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..files import whole_folder
from ..frames import ImageArray
from ..video import write_video

FloatArray = NDArray[np.float64]

N_FRAMES, FPS, SIZE = 120, 25.0, (960, 540)

# A standing person of COCO's 17 keypoints, 1 tall, about the middle between the hips.
_BODY = np.array(
    [
        [0.00, -0.46], [0.02, -0.48], [-0.02, -0.48], [0.05, -0.47], [-0.05, -0.47],
        [0.11, -0.33], [-0.11, -0.33], [0.14, -0.16], [-0.14, -0.16], [0.14, 0.00], [-0.14, 0.00],
        [0.07, 0.00], [-0.07, 0.00], [0.07, 0.25], [-0.07, 0.25], [0.07, 0.50], [-0.07, 0.50],
    ]
)  # fmt: skip
# How far to the side each swings in a stride: a leg forward with the other side's arm.
_STRIDE = np.zeros(17)
_STRIDE[[7, 8, 9, 10, 13, 14, 15, 16]] = [-0.05, 0.05, -0.12, 0.12, 0.06, -0.06, 0.15, -0.15]
_LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))
_TORSO = (5, 6, 12, 11)
_LEFT_ARM = (7, 9)


class _Person(NamedTuple):
    """Where the hips are at the first, the middle and the last frame; pixels; and the looks."""

    xs: tuple[float, float, float]
    y: float
    height: float
    color: tuple[int, int, int]


# Farthest first, so that who is nearer is drawn over who is farther.
_PEOPLE = (
    _Person((860.0, 750.0, 640.0), 245.0, 170.0, (150, 120, 60)),
    _Person((330.0, 330.0, 330.0), 270.0, 190.0, (60, 110, 160)),
    _Person((120.0, 460.0, 800.0), 300.0, 210.0, (70, 140, 70)),
    _Person((780.0, 440.0, 100.0), 325.0, 225.0, (60, 60, 170)),
    _Person((640.0, 1120.0, 600.0), 345.0, 240.0, (140, 70, 130)),
)
_WAVING = 1


def synthetic_clip(folder: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Draw the clip (960×540, 120 frames) into a folder, the same bytes every time.

    Args:
        folder: made if it is not there; a clip drawn into it before is replaced.

    Returns:
        The video, and its poses in AlphaPose's list format: noisy by 1 % of a person's height, one
        in thirty missed, none of who is hidden behind another or outside the picture.

    Raises:
        InputError: the folder cannot be written.
    """
    folder = Path(folder)
    truth = known_paths()
    with whole_folder(folder) as temporary:
        write_video(temporary / "drawn.mp4", _drawn(truth), fps=FPS)
        (temporary / "poses.json").write_text(json.dumps(_detected(truth)))
    return folder / "drawn.mp4", folder / "poses.json"


def known_paths() -> FloatArray:
    """(120 frames, 5 people, 17, 2) where every keypoint is, in pixels, inside the image or not."""
    frames = np.arange(N_FRAMES)
    turns = [0, (N_FRAMES - 1) / 2, N_FRAMES - 1]
    xs = np.stack([np.interp(frames, turns, person.xs) for person in _PEOPLE], axis=1)
    heights = np.array([person.height for person in _PEOPLE])
    hips = np.stack([xs, np.broadcast_to([person.y for person in _PEOPLE], xs.shape)], axis=-1)
    bodies = np.tile(_BODY, (*xs.shape, 1, 1))
    # A stride of two steps takes about a height of way.
    phases = 2 * np.pi * xs / heights
    bodies[..., 0] += np.sin(phases)[..., None] * _STRIDE
    bodies[:, _WAVING, 0, :] = _BODY[0]
    waves = 0.06 * np.sin(2 * np.pi * frames / FPS)
    bodies[:, _WAVING, _LEFT_ARM, :] = np.array([[0.20, -0.42], [0.20, -0.62]])
    bodies[:, _WAVING, _LEFT_ARM[1], 0] += waves
    return np.asarray(hips[:, :, None, :] + heights[:, None, None] * bodies)


def _detected(truth: FloatArray) -> list[dict[str, Any]]:
    """What an estimator might say of it, in AlphaPose's words."""
    rng = np.random.default_rng(2018)
    heights = np.array([person.height for person in _PEOPLE])
    noise = rng.normal(0.0, 0.01, truth.shape) * heights[:, None, None]
    scores = np.clip(rng.normal(0.8, 0.08, truth.shape[:3]), 0.05, 0.99)
    shown = ~_hidden(truth) & (rng.random(truth.shape[:2]) > 1 / 30)
    rows = []
    for frame, person in np.argwhere(shown).tolist():
        points, sure = (truth + noise)[frame, person], scores[frame, person]
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        rows.append(
            {
                "image_id": f"{frame}.jpg",
                "category_id": 1,
                "keypoints": np.column_stack([points.round(1), sure.round(3)]).ravel().tolist(),
                # AlphaPose's sum: box + mean + 1.25 · max.
                "score": round(float(0.9 + sure.mean() + 1.25 * sure.max()), 3),
                "box": np.round([x0, y0, x1 - x0, y1 - y0], 1).tolist(),
            }
        )
    return rows


def _hidden(truth: FloatArray) -> NDArray[np.bool_]:
    """(F, P) who is outside the picture, or has somebody nearer before the hips."""
    xs = truth[:, :, 11:13, 0].mean(axis=2)
    heights = np.array([person.height for person in _PEOPLE])
    before = np.abs(xs[:, :, None] - xs[:, None, :]) < 0.12 * heights
    nearer = heights[None, :] > heights[:, None]
    return np.asarray((before & nearer).any(axis=2) | (xs < 0) | (xs >= SIZE[0]))


def _drawn(truth: FloatArray) -> Iterator[tuple[ImageArray, float]]:
    ground = _ground()
    for frame, people in enumerate(truth):
        image = ground.copy()
        for points, person in zip(people, _PEOPLE, strict=True):
            _draw_person(image, points, person)
        yield image, frame / FPS


def _ground() -> ImageArray:
    """A meadow under a pale sky, mottled so that optical flow has something to hold."""
    import cv2

    width, height = SIZE
    rng = np.random.default_rng(2018)
    rows = np.linspace(0.0, 1.0, height)[:, None, None]
    ground = np.where(rows < 0.35, [205.0, 190.0, 170.0], [90.0, 150.0, 120.0]) - 40.0 * rows
    for cells, strength in ((12, 14.0), (48, 12.0), (240, 10.0)):
        mottle = rng.normal(0.0, strength, (cells * height // width + 1, cells, 1))
        ground = ground + cv2.resize(mottle, SIZE, interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(ground, 0, 255).astype(np.uint8)


def _draw_person(image: ImageArray, points: FloatArray, person: _Person) -> None:
    import cv2

    fixed = np.rint(points).astype(np.int32)
    thick = max(2, round(0.06 * person.height))
    light = tuple(min(255, channel + 60) for channel in person.color)
    dark = tuple(channel // 2 for channel in person.color)
    for number, (a, b) in enumerate(_LIMBS):
        color = light if number < 4 else dark
        cv2.line(image, fixed[a].tolist(), fixed[b].tolist(), color, thick, cv2.LINE_AA)
    cv2.fillConvexPoly(image, fixed[list(_TORSO)], person.color, cv2.LINE_AA)
    middle = fixed[[3, 4]].mean(axis=0).astype(int).tolist()
    cv2.circle(image, middle, round(0.07 * person.height), (150, 180, 220), -1, cv2.LINE_AA)
