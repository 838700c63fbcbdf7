"""A made-up film for commands that want a video: people walk, and the camera moves over ground."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray

from poseflow.skeletons import skeleton
from poseflow.video import write_video

from .world import SIZE, estimated, walkers

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.uint8]

FPS = 25.0
TURN = 300
"""Frames after which the film runs backwards, and forwards again: it may be as long as one likes,
always goes on, and needs the memory of so many frames' poses only."""
PAN = (220, 120)
"""Pixels, how far the camera moves."""


def make_film(folder: Path, n_frames: int, n_people: int) -> tuple[Path, Path]:
    """Write NAME.mp4 and AlphaPose's list of everyone's poses in every frame, 1280×720."""
    truth = walkers(n_people, TURN + 1)
    moments = [abs((t + TURN) % (2 * TURN) - TURN) for t in range(n_frames)]
    video, poses = folder / f"film{n_frames}.mp4", folder / f"poses{n_frames}.json"
    shown = pictures(truth, moments)
    write_video(video, ((image, t / FPS) for t, image in enumerate(shown)), fps=FPS)
    rows = []
    seen = estimated(truth, missed=0.0)
    for t, moment in enumerate(moments):
        frame = seen[moment]
        table = np.concatenate([frame.keypoints, frame.keypoint_scores[..., None]], axis=2)
        rows += [
            {
                "image_id": f"{t}.jpg",
                "category_id": 1,
                "keypoints": points,
                "score": score,
                "box": [x0, y0, x1 - x0, y1 - y0],
            }
            for points, score, (x0, y0, x1, y1) in zip(
                table.reshape(len(frame), -1).round(3).tolist(),
                frame.scores.round(4).tolist(),
                frame.boxes.round(2).tolist(),
                strict=True,
            )
        ]
    poses.write_bytes(orjson.dumps(rows))
    return video, poses


def ground() -> ImageArray:
    """(H, W, 3) more than a frame of blotches of all sizes, as grass, gravel and walls have."""
    rng = np.random.default_rng(0)
    height, width = SIZE[1] + PAN[1], SIZE[0] + PAN[0]
    gray = np.full((height, width), 110.0)
    for step, contrast in ((96, 28), (24, 18), (6, 12), (2, 6)):
        coarse = rng.normal(0, contrast, (height // step + 2, width // step + 2))
        gray += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image = gray[..., None] * [0.8, 1.0, 0.9]
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)


def pictures(truth: FloatArray, moments: list[int]) -> Iterator[ImageArray]:
    """The frames (720, 1280, 3) at some moments of a world's truth (F, n, 17, 2)."""
    background = ground()
    rng = np.random.default_rng(1)
    clothes = rng.integers(20, 236, (truth.shape[1], len(skeleton("coco-17").edges), 3))
    for moment in moments:
        along = moment / TURN
        x, y = int(PAN[0] * along), int(PAN[1] * (0.5 - 0.5 * np.cos(2 * np.pi * along)))
        image = background[y : y + SIZE[1], x : x + SIZE[0]].copy()
        for pose, colors in zip(truth[moment], clothes.tolist(), strict=True):
            _draw_person(image, pose, colors)
        yield image


def _draw_person(image: ImageArray, pose: FloatArray, colors: list[list[int]]) -> None:
    """Limbs each in a cloth of its own, and a head."""
    wide = max(2, int(np.ptp(pose[:, 1]) / 12))
    points = pose.round().astype(int).tolist()
    for (a, b), color in zip(skeleton("coco-17").edges, colors, strict=True):
        cv2.line(image, points[a], points[b], color, wide, cv2.LINE_AA)
        cv2.line(image, points[a], points[b], [c // 2 for c in color], wide // 4 + 1, cv2.LINE_AA)
    cv2.circle(image, points[0], wide, colors[0], -1, cv2.LINE_AA)
