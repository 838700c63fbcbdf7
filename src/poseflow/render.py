"""Poses, ids and trails drawn onto images, so that a person sees who is who."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frames import ImageArray
from .poses import NO_ID, Poses
from .skeletons import Skeleton

FloatArray = NDArray[np.float64]

# Twelve hues that are told apart at a glance on bright and on dark footage, as RGB; the first ones
# farthest from each other.
PALETTE = (
    (255, 196, 0), (0, 158, 255), (255, 64, 96), (64, 214, 96), (190, 96, 255), (255, 128, 32),
    (0, 214, 200), (255, 112, 208), (168, 224, 0), (112, 136, 255), (208, 136, 88), (240, 240, 240),
)  # fmt: skip
NOBODY = (150, 150, 150)
"""The colour of poses without an id, RGB."""

# cv2 draws between pixels if coordinates come in sixteenths.
_SHIFT, _ONE = 4, 16
# Beyond this many pixels outside, where exactly a line ends cannot be seen.
_FAR = 20_000
# Of faces and hands a body's line would make a blot.
_FINE = ("face_", "left_thumb", "left_index", "left_middle", "left_ring", "left_pinky",
         "right_thumb", "right_index", "right_middle", "right_ring", "right_pinky")  # fmt: skip


class Renderer:
    """Draws one frame after another; a person keeps one colour through the clip.

    Args:
        skeleton: what the keypoints are.
        trail: frames for which the way a person came stays visible; 0 = no trail.
        faint: the least opacity in [0, 1] of a keypoint, of score 0; at score 1 it is opaque.
    """

    def __init__(self, skeleton: Skeleton, *, trail: int = 30, faint: float = 0.25) -> None:
        self._skeleton = skeleton
        self._trail = trail
        self._faint = faint
        self._colors = Colors()
        self._ways: dict[int, deque[tuple[int, float, float]]] = {}
        self._frame = -1
        fine = np.array([name.startswith(_FINE) for name in skeleton.keypoints], dtype=np.bool_)
        self._fine = fine
        self._right = [name.startswith("right_") for name in skeleton.keypoints]
        self._edges = [(a, b, bool(fine[a] and fine[b])) for a, b in skeleton.edges]

    def draw(self, image: ImageArray, poses: Poses) -> ImageArray:
        """The image with the poses of its frame, as a new (H, W, 3) BGR image.

        Args:
            image: (H, W, 3) BGR or (H, W) gray, uint8.
            poses: of this frame. Those without an id are thin and gray; missing keypoints (nan)
                and limbs that lack an end are not drawn.
        """
        import cv2

        self._frame += 1
        canvas = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image.copy()
        middles = _middles(poses.keypoints)
        seen = ~np.isnan(middles[:, 0])
        known = np.flatnonzero(seen & (poses.track_ids != NO_ID))
        colors = self._colors.of(
            poses.track_ids[known].tolist(), middles[known], _heights(poses.boxes[known])
        )
        self._remember(poses.track_ids[known].tolist(), middles[known])
        self._draw_ways(canvas)
        for n in np.flatnonzero(seen & (poses.track_ids == NO_ID)).tolist():
            self._draw_pose(canvas, poses, n, NOBODY)
        for n, color in zip(known.tolist(), colors, strict=True):
            self._draw_pose(canvas, poses, n, color)
        taken: list[tuple[int, int, int, int]] = []
        for n, color in zip(known.tolist(), colors, strict=True):
            taken.append(_draw_tag(canvas, str(poses.track_ids[n]), poses.boxes[n], color, taken))
        return np.asarray(canvas)

    def _draw_pose(
        self, canvas: ImageArray, poses: Poses, n: int, color: tuple[int, int, int]
    ) -> None:
        import cv2

        nobody = poses.track_ids[n] == NO_ID
        height = float(_heights(poses.boxes[n : n + 1])[0])
        width = 1 if nobody else line_width(height)
        points = poses.keypoints[n]
        missing = np.isnan(points[:, 0])
        scores = np.where(np.isnan(poses.keypoint_scores[n]), 1.0, poses.keypoint_scores[n])
        opacity = self._faint + (1.0 - self._faint) * np.clip(scores, 0.0, 1.0)
        places = np.where(missing[:, None], 0.0, np.clip(points, -_FAR, _FAR))
        fixed = np.rint(places * _ONE).astype(np.int64).tolist()
        shown = [self._shade(canvas, p, o, color, r) for p, o, r in
                 zip(places, opacity.tolist(), self._right, strict=True)]  # fmt: skip
        limbs = [(a, b, max(1, width // 3) if fine else width) for a, b, fine in self._edges
                 if not (missing[a] or missing[b])]  # fmt: skip
        if not nobody and width > 1:
            # A dark rim keeps a limb readable on a shirt of its own colour.
            for a, b, w in limbs:
                cv2.line(canvas, fixed[a], fixed[b], (24, 24, 24), w + 2, cv2.LINE_AA, _SHIFT)
        for a, b, w in limbs:
            weaker = a if opacity[a] < opacity[b] else b
            cv2.line(canvas, fixed[a], fixed[b], shown[weaker], w, cv2.LINE_AA, _SHIFT)
        for k in np.flatnonzero(~missing).tolist():
            radius = (max(1.0, width / 3) if self._fine[k] else width * 0.9 + 0.6) * _ONE
            cv2.circle(canvas, fixed[k], int(radius), shown[k], -1, cv2.LINE_AA, _SHIFT)

    def _shade(
        self,
        canvas: ImageArray,
        place: FloatArray,
        opacity: float,
        color: tuple[int, int, int],
        right: bool,
    ) -> tuple[int, int, int]:
        """The colour (BGR) mixed with what lies behind; the right side of a body a bit darker."""
        height, width = canvas.shape[:2]
        x, y = min(max(int(place[0]), 0), width - 1), min(max(int(place[1]), 0), height - 1)
        behind = canvas[y, x].tolist()
        own = opacity * (0.78 if right else 1.0)
        red, green, blue = color
        b, g, r = (
            int(own * c + (1.0 - opacity) * h)
            for c, h in zip((blue, green, red), behind, strict=True)
        )
        return b, g, r

    def _remember(self, ids: list[int], middles: FloatArray) -> None:
        for track_id, (x, y) in zip(ids, middles.tolist(), strict=True):
            way = self._ways.setdefault(track_id, deque())
            if way and self._frame - way[-1][0] == 1:
                # Estimates tremble; half the way to each new one draws a calm line.
                x, y = (x + way[-1][1]) / 2, (y + way[-1][2]) / 2
            way.append((self._frame, x, y))
        for track_id, way in list(self._ways.items()):
            while way and self._frame - way[0][0] > self._trail:
                way.popleft()
            if not way:
                del self._ways[track_id]

    def _draw_ways(self, canvas: ImageArray, longest_gap: int = 5) -> None:
        import cv2

        for track_id, way in self._ways.items():
            color = self._colors.known[track_id]
            stops = list(way)
            for (before, *start), (now, *end) in pairwise(stops):
                if now - before > longest_gap:
                    continue
                age = (self._frame - now) / max(self._trail, 1)
                place = np.clip(np.array([start, end]), -_FAR, _FAR)
                shade = self._shade(canvas, place[1], 0.75 * (1.0 - age), color, False)
                first, second = np.rint(place * _ONE).astype(np.int64).tolist()
                cv2.line(canvas, first, second, shade, 2, cv2.LINE_AA, _SHIFT)


class Colors:
    """Which colour an id has: chosen when it is first seen, unlike those of the people around."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[int, int, int]] = {}
        self._seen: dict[int, tuple[int, float, float]] = {}
        self._frame = -1

    def of(
        self, ids: list[int], middles: FloatArray, heights: FloatArray, recent: int = 100
    ) -> list[tuple[int, int, int]]:
        """The colours (RGB) of the people of a frame.

        Args:
            ids: of the N people.
            middles: (N, 2) pixels.
            heights: (N,) pixels.
            recent: frames for which somebody who left still keeps others from the same colour.
        """
        self._frame += 1
        for track_id, (x, y) in zip(ids, middles.tolist(), strict=True):
            self._seen[track_id] = self._frame, x, y
        self._seen = {i: s for i, s in self._seen.items() if self._frame - s[0] <= recent}
        for track_id, middle, height in zip(ids, middles, heights.tolist(), strict=True):
            if track_id not in self.known:
                self.known[track_id] = self._choose(middle, height)
        return [self.known[track_id] for track_id in ids]

    def _choose(self, middle: FloatArray, height: float) -> tuple[int, int, int]:
        """The colour that stands out most from others', the more so the nearer they are."""
        others = [other for other in self._seen if other in self.known]
        if not others:
            return PALETTE[len(self.known) % len(PALETTE)]
        places = np.array([self._seen[other][1:] for other in others])
        bodies_away = np.hypot(*(places - middle).T) / max(height, 1.0)
        worn = np.array([self.known[other] for other in others], dtype=np.float64)
        unlike = np.linalg.norm(worn[:, None] - np.array(PALETTE, dtype=np.float64), axis=2)
        # Far apart, two people may look alike: ten bodies away count as 100 of 255 levels.
        standing_out = (unlike + 10.0 * np.minimum(bodies_away, 10.0)[:, None]).min(axis=0)
        return PALETTE[int(np.argmax(standing_out))]


def line_width(height: float) -> int:
    """Pixels of a limb of a person of that height in pixels: 1 when tiny, 10 when huge."""
    return int(min(max(round(height / 85.0), 1), 10))


def _middles(keypoints: FloatArray) -> FloatArray:
    """(N, 2) the mean of the keypoints that are there; nan where none is."""
    missing = np.isnan(keypoints[..., 0])
    count = (~missing).sum(axis=1)[:, None]
    total = np.where(missing[..., None], 0.0, keypoints).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _heights(boxes: FloatArray) -> FloatArray:
    """(N,) a person's size: the larger side of the box; 0 where there is none."""
    return np.nan_to_num(np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]))


def _draw_tag(
    canvas: Any,
    text: str,
    box: FloatArray,
    color: tuple[int, int, int],
    taken: list[tuple[int, int, int, int]],
) -> tuple[int, int, int, int]:
    """The id above the head, inside the image, beside the tags already there; where it stands."""
    import cv2

    scale = float(np.clip(_heights(box[None])[0] / 320.0, 0.45, 1.1))
    thick = 1 if scale < 0.7 else 2
    (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    margin = max(3, int(5 * scale))
    width, height = text_width + 2 * margin, text_height + 2 * margin
    for x, y in _places(canvas.shape, box, width, height):
        here = (x, y, x + width, y + height)
        if not any(_overlap(here, other) for other in taken):
            break
    cv2.rectangle(canvas, here[:2], here[2:], color[::-1], -1)
    # Rec. 601 luma: dark letters on bright tags, bright ones on dark.
    bright = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 130
    ink = (16, 16, 16) if bright else (255, 255, 255)
    foot = (x + margin, y + margin + text_height)
    cv2.putText(canvas, text, foot, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thick, cv2.LINE_AA)
    return here


def _places(
    shape: tuple[int, ...], box: FloatArray, width: int, height: int
) -> Iterator[tuple[int, int]]:
    """Top left corners for a tag: above the box, then higher, then lower; all inside the image."""
    middle = float(np.clip((box[0] + box[2]) / 2, -_FAR, _FAR))
    top = float(np.clip(box[1], -_FAR, _FAR))
    x = min(max(int(middle - width / 2), 0), max(shape[1] - width, 0))
    for steps in (1.3, 2.3, 3.3, 0.0, -1.0):
        yield x, min(max(int(top - steps * height), 0), max(shape[0] - height, 0))


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
