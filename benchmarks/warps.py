"""Images and the same images warped by known fields; and drawn people who walk over a ground.

A warped image shows what a camera would that has moved, turned and zoomed while everybody took a
step: each person is pushed by a way of their own, which fades out around them. It may also be
blurred by its motion, lit otherwise, and noisy. Where every point has gone is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from poseflow import load
from poseflow.frames import gray
from poseflow.geometry import boxes_around
from poseflow.video import open_video, read_frames

from .film import pictures
from .world import walkers

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.uint8]

GRID = 8
"""Pixels between the points inside of people's boxes that are asked for."""


@dataclass(frozen=True)
class Warp:
    """How the later image differs from the earlier one.

    Attributes:
        push: pixels, how far each person goes, in a direction of their own.
        pan: pixels, how far the camera goes.
        turn: degrees, by which it turns around the middle of the image.
        zoom: factor, by which it comes nearer.
        blur: pixels, the length of the streak into which each point is drawn out.
        gain: factor on gray levels.
        noise: gray levels, standard deviation.
    """

    push: float = 5.0
    pan: float = 2.0
    turn: float = 1.0
    zoom: float = 1.01
    blur: float = 0.0
    gain: float = 1.05
    noise: float = 3.0


WARPS = {
    "small": Warp(),
    "20 px": Warp(push=20, pan=10),
    "60 px": Warp(push=60, pan=30),
    "zoom 1.3": Warp(zoom=1.3),
    "turn 15°": Warp(turn=15),
    "turn 40°": Warp(turn=40),
    "streaks 15 px": Warp(push=15, blur=15),
    "dark, noisy": Warp(gain=0.6, noise=10),
    "all of it": Warp(push=40, pan=20, turn=8, zoom=1.15, blur=8, gain=0.8, noise=6),
}


class Pair(NamedTuple):
    """Two images, points (P, 2) of the first, and where they are in the second, (P, 2)."""

    before: ImageArray
    after: ImageArray
    points: FloatArray
    truth: FloatArray


class Still(NamedTuple):
    """A gray image and the boxes (N, 4) of its people."""

    image: ImageArray
    boxes: FloatArray


def drawn_stills(n: int) -> list[Still]:
    """Of a drawn film of eight people, 1280×720."""
    truth = walkers(8, 20 * n)
    shown = range(0, 20 * n, 20)
    return [
        Still(gray(picture), boxes_around(truth[t]))
        for t, picture in zip(shown, pictures(truth, list(shown)), strict=True)
    ]


def filmed_stills(n: int, video: Path, poses: Path) -> list[Still]:
    """Frames of a video that have people, spread over it."""
    sequence = load(poses)
    peopled = [i for i, frame in enumerate(sequence.frames) if len(frame)]
    chosen = {peopled[k] for k in np.linspace(0, len(peopled) - 1, n).astype(int)}
    return [
        Still(frame.image, sequence.frames[frame.index].boxes)
        for frame in read_frames(open_video(video), color=False)
        if frame.index in chosen
    ]


def warped(still: Still, warp: Warp, seed: int) -> Pair:
    """A still, its warp, and the points of a grid inside of the boxes that stay in the image."""
    rng = np.random.default_rng(seed)
    image, boxes = still
    size = np.array(image.shape[::-1], dtype=float)
    push = _pushes(boxes, warp.push, rng)
    camera = cv2.getRotationMatrix2D((size / 2).tolist(), warp.turn, warp.zoom)
    away = rng.uniform(0, 2 * np.pi)
    camera[:, 2] += warp.pan * np.array([np.cos(away), np.sin(away)])

    there = np.stack(np.meshgrid(*(np.arange(s) for s in size)), axis=-1).reshape(-1, 2)
    pushed = _applied(cv2.invertAffineTransform(camera), there)
    origin = (pushed - push(pushed)).reshape(*image.shape, 2).astype(np.float32)
    after = cv2.remap(image, origin, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    after = _streaked(after, warp.blur, rng.uniform(0, np.pi))
    after = after.astype(float) * warp.gain + rng.normal(0, warp.noise, after.shape)

    points = _grid(boxes, size)
    moved = points
    for _ in range(100):
        # The push is that of the place one is pushed to.
        moved = points + push(moved)
    truth = _applied(camera, moved)
    # Where people who go opposite ways meet, some of the image is folded over: no point of it.
    settled = np.linalg.norm(moved - push(moved) - points, axis=1) < 0.01
    stayed = settled & ((truth >= 0) & (truth <= size - 1)).all(axis=1)
    later = np.clip(after.round(), 0, 255).astype(np.uint8)
    return Pair(image, later, points[stayed], truth[stayed])


def walked(n: int, gap: int) -> list[Pair]:
    """A drawn film so many frames apart; the points are the keypoints that nobody covers."""
    truth = walkers(8, 20 * n + gap + 1)
    pairs = []
    for t in range(0, 20 * n, 20):
        before, after = (gray(picture) for picture in pictures(truth, [t, t + gap]))
        seen = _in_front(truth[t]) & _in_front(truth[t + gap])
        pairs.append(Pair(before, after, truth[t][seen], truth[t + gap][seen]))
    return pairs


def _in_front(people: FloatArray) -> NDArray[np.bool_]:
    """(N, K) which keypoints (N, K, 2) are in nobody's box who is drawn later, and so in front."""
    boxes = boxes_around(people)
    points = people[:, :, None]
    inside = ((points >= boxes[:, :2]) & (points <= boxes[:, 2:])).all(axis=3)
    later = np.arange(len(people)) > np.arange(len(people))[:, None, None]
    return np.asarray(~(inside & later).any(axis=2))


def _pushes(
    boxes: FloatArray, far: float, rng: np.random.Generator
) -> Callable[[FloatArray], FloatArray]:
    """How far points (P, 2) are pushed, (P, 2): mostly as the person goes to whom they belong."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    # Wide enough that nobody's way folds the image over, however far they go.
    width = np.maximum((boxes[:, 2:] - boxes[:, :2]) / 2, 2.0 * far)
    angle = rng.uniform(0, 2 * np.pi, len(boxes))
    ways = far * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def push(points: FloatArray) -> FloatArray:
        total, weights = np.zeros_like(points), np.zeros((len(points), 1))
        for middle, wide, way in zip(middles, width, ways, strict=True):
            near = np.exp(-(((points - middle) / wide) ** 2).sum(axis=1, keepdims=True) / 2)
            total += near * way
            weights += near
        # Where many are near, the mean of their ways and not the sum.
        return total / np.maximum(weights, 1)

    return push


def _applied(matrix: NDArray[np.float64], points: FloatArray) -> FloatArray:
    """Points (P, 2) after an affine map (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def _streaked(image: ImageArray, length: float, angle: float) -> ImageArray:
    """An image whose points are drawn out to streaks."""
    if length <= 1:
        return image
    side = 2 * int(length // 2) + 3
    kernel = np.zeros((side, side), dtype=np.float32)
    along = np.linspace(-length / 2, length / 2, 8 * side)
    x, y = side // 2 + along * np.cos(angle), side // 2 + along * np.sin(angle)
    np.add.at(kernel, (y.round().astype(int), x.round().astype(int)), 1)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()))


def _grid(boxes: FloatArray, size: FloatArray) -> FloatArray:
    """(P, 2) points of a grid all over the image that lie in a box."""
    points = np.stack(np.meshgrid(*(np.arange(0, s, GRID) for s in size)), axis=-1).reshape(-1, 2)
    inside = ((points[:, None] >= boxes[:, :2]) & (points[:, None] <= boxes[:, 2:])).all(axis=2)
    return points[inside.any(axis=1)]
