"""Poses, ids and trails drawn onto images, so that a person sees who is who."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from .errors import InputError
from .frames import ImageArray
from .geometry import boxes_around
from .painting import INK, Sketch, Strokes, Tag
from .poses import NO_ID, FloatArray, Poses
from .skeletons import Skeleton

# Around the circle of hues, each light enough for dark footage and full enough for bright footage.
_RGB = [
    (41, 178, 255), (112, 138, 255), (178, 120, 255), (236, 102, 222), (255, 92, 150),
    (255, 88, 84), (255, 138, 48), (255, 188, 20), (206, 226, 40), (92, 220, 92),
    (12, 214, 160), (8, 208, 222),
]  # fmt: skip
PALETTE: FloatArray = np.array(_RGB, dtype=np.float64)[:, ::-1]
"""(12, 3) BGR, the colours of people; neighbours in the list are neighbours in hue."""

NOBODY: FloatArray = np.array([168.0, 168.0, 168.0])
"""(3,) BGR, the colour of poses without an id."""

_NO_HUE = -1

_LONGEST_GAP = 5
"""Frames from one sight of a person to the next beyond which the trail is broken."""

_RECENT = 90
"""Frames for which somebody who left is remembered where colours are chosen."""

_MOST_COLOURS = 10_000
"""Ids whose colours are kept; those that have not come for longest are forgotten first."""

_FAR = 1e6
"""Pixels from the image's corner beyond which only the direction of a point matters."""

_BODY_SIGMA = 0.06
"""Keypoints with an OKS falloff below this are details and drawn finer: eyes, faces and fingers
have less, and the joints of bodies begin with COCO's wrists, 0.062."""

_HEAD = {"head_top", "nose", "left_eye", "right_eye", "left_ear", "right_ear"}
_HIPS = {"pelvis", "left_hip", "right_hip"}


class Renderer:
    """Draws one frame after another; a person keeps one colour through the clip.

    The colour is chosen when an id is first seen: the hue farthest from those of the people who
    are near, or were lately. Lines are as wide as the person is large, the left side of a body is
    lighter than the right, and what the estimator doubts is faint.

    Args:
        skeleton: what the keypoints are.
        trail: frames for which the way a person came stays visible; 0 = no trail.

    Raises:
        InputError: `trail` is below 0.
    """

    def __init__(self, skeleton: Skeleton, *, trail: int = 30) -> None:
        if not trail >= 0:
            raise InputError(f"trail: expected 0 frames or more, got {trail}")
        self._skeleton = skeleton
        self._brush = _Brush(skeleton)
        self._trail = trail
        self._frame = -1
        self._people: dict[int, _Person] = {}
        self._hues: dict[int, int] = {}

    def draw(self, image: ImageArray, poses: Poses) -> ImageArray:
        """The image with the poses of its frame, as a new (H, W, 3) BGR image.

        Args:
            image: (H, W, 3) BGR or (H, W) gray, uint8.
            poses: of this frame. Those without an id are thin and gray; missing keypoints (nan)
                and limbs that lack an end are not drawn. A keypoint's opacity grows with its score
                from 0 to 1; a score of nan counts as 1.

        Raises:
            InputError: the image is neither, or the poses have not the skeleton's keypoints.
        """
        return self.sketch(image.shape, poses).on(image)

    def sketch(self, shape: tuple[int, ...], poses: Poses) -> Sketch:
        """What `draw` paints, for an image of that shape (H, W) or (H, W, 3); frame after frame.

        Raises:
            InputError: the poses have not the skeleton's keypoints.
        """
        if len(poses) and poses.n_keypoints != len(self._skeleton):
            raise InputError(
                f"poses: expected the {len(self._skeleton)} keypoints of {self._skeleton.name}, "
                f"got {poses.n_keypoints}"
            )
        height, width = shape[:2]
        self._frame += 1
        points = _within_reach(poses.keypoints)
        there = ~np.isnan(points[..., 0]).all(axis=1)
        points, scores = points[there], poses.keypoint_scores[there]
        sizes = np.minimum(_sizes(points), np.hypot(width, height))
        people = self._meet(poses.track_ids[there].tolist(), points, sizes)
        trails, bodies = self._trails(), self._brush.bodies(points, scores, people)
        inside = ((points >= 0) & (points < (width, height))).all(axis=2)
        tags = tuple(
            Tag(str(people[n].id), people[n].colour, people[n].stature, self._brush.top(points[n]))
            for n in np.flatnonzero(np.any(inside, axis=1)).tolist()
            if people[n].hue != _NO_HUE
        )
        return Sketch(Strokes(*(np.concatenate(v) for v in zip(trails, bodies, strict=True))), tags)

    def _meet(self, ids: list[int], points: FloatArray, sizes: FloatArray) -> list[_Person]:
        """Who the N poses (N, K, 2) are; remembers where, and forgets who left long ago."""
        centres = self._brush.centres(points).tolist()
        boxes = boxes_around(points)
        people = [_Person(NO_ID, _NO_HUE, size, size) for size in sizes.tolist()]
        # New ones last: their colours are to differ from what the others have, where they are now.
        for n in sorted(range(len(ids)), key=lambda n: ids[n] not in self._people):
            if ids[n] < 0:
                continue
            person, size = self._people.get(ids[n]), people[n].size
            if person is None:
                hue = self._hue(ids[n], centres[n], size)
                person = self._people[ids[n]] = _Person(ids[n], hue, size, size)
            # Estimates tremble; people do not grow from frame to frame.
            person.size += 0.2 * (size - person.size)
            # Who crouches is as tall as before, and the camera is not nearer to who jumps.
            higher = person.size > person.stature
            person.stature += (0.05 if higher else 0.01) * (person.size - person.stature)
            person.box = boxes[n]
            person.path.append((self._frame, *centres[n]))
            people[n] = person
        for person in list(self._people.values()):
            while len(person.path) > 1 and person.path[0][0] < self._frame - self._trail:
                person.path.popleft()
            if person.path[-1][0] < self._frame - max(self._trail, _RECENT):
                del self._people[person.id]
        return people

    def _hue(self, track_id: int, centre: list[float], size: float) -> int:
        """The place in the palette of an id that comes, or comes back."""
        hue = self._hues.pop(track_id, None)
        if hue is None:
            hue = self._most_different_hue(centre, size)
        self._hues[track_id] = hue
        if len(self._hues) > _MOST_COLOURS:
            del self._hues[next(iter(self._hues))]
        return hue

    def _most_different_hue(self, centre: list[float], size: float) -> int:
        # Where nothing else decides, five steps around the circle of twelve meet each hue once.
        every = (5 * len(self._hues) + np.arange(len(PALETTE))) % len(PALETTE)
        others = list(self._people.values())
        last = np.array([person.path[-1] for person in others]).reshape(-1, 3)
        bodies_away = np.hypot(*(last[:, 1:] - centre).T) / max(size, 1.0)
        absent = (self._frame - last[:, 0]) / (1 + max(self._trail, _RECENT))
        weights = np.where(absent > 0, 0.5 * (1.0 - absent), 1.0) * (
            0.15 + 0.85 / (1.0 + bodies_away**2)
        )
        worn = np.array([person.hue for person in others], dtype=np.int64)
        steps = np.abs(worn[:, None] - every)
        steps = np.minimum(steps, len(PALETTE) - steps)
        alike = (1.0 - steps / (len(PALETTE) / 2)) ** 4
        return int(every[np.argmin(weights @ alike)])

    def _trails(self) -> Strokes:
        """The ways people came, older parts fainter and thinner."""
        people = list(self._people.values())
        stops = np.array(
            [(n, *stop) for n, person in enumerate(people) for stop in person.path]
        ).reshape(-1, 4)
        who, frames, places = stops[:, 0].astype(np.int64), stops[:, 1], stops[:, 2:]
        joined = (who[1:] == who[:-1]) & (np.diff(frames) <= _LONGEST_GAP)
        inner = np.flatnonzero(joined[1:] & joined[:-1]) + 1
        for _ in range(3):
            places[inner] = (places[inner - 1] + 2.0 * places[inner] + places[inner + 1]) / 4.0
        colours = np.array([person.colour for person in people]).reshape(-1, 3)[who]
        sizes = np.array([person.size for person in people])[who]
        boxes = np.array([person.box for person in people]).reshape(-1, 4)[who]
        # It begins beside the body, on which it would look like one more limb.
        beyond = np.fmax(np.fmax(boxes[:, :2] - places, places - boxes[:, 2:]), 0.0)
        away = np.hypot(*beyond.T) / np.maximum(sizes, 1.0)
        seen = np.interp(away, (0.0, 0.1), (0.0, 1.0))
        fresh = np.clip(1.0 - (self._frame - frames) / max(self._trail, 1), 0.0, 1.0)
        return Strokes(
            np.stack([places[:-1], places[1:]], axis=1),
            colours[1:],
            (0.9 * fresh)[1:] * seen[:-1],
            ((0.6 + 0.4 * fresh) * (1.5 + 0.12 * _line_widths(sizes)))[1:],
        ).where(joined)


@dataclass(slots=True)
class _Person:
    """What is remembered of an id; also stands for a pose without one.

    Attributes:
        id: -1 = none.
        hue: place in the palette; -1 = none.
        size: pixels, smoothed over time.
        stature: pixels, the size that follows neither posture nor trembling.
        box: (4,) x0 y0 x1 y1 around the keypoints when last seen.
        path: (frame, x, y) of the trail; the last one stays as long as the person is remembered.
    """

    id: int
    hue: int
    size: float
    stature: float
    box: FloatArray = field(default_factory=lambda: np.full(4, np.nan))
    path: deque[tuple[int, float, float]] = field(default_factory=deque)

    @property
    def colour(self) -> FloatArray:
        return NOBODY if self.hue == _NO_HUE else np.asarray(PALETTE[self.hue])


class _Brush:
    """How poses of one skeleton are drawn: K joints, E limbs."""

    def __init__(self, skeleton: Skeleton) -> None:
        names = skeleton.keypoints
        self._edges = np.array(skeleton.edges, dtype=np.int64).reshape(-1, 2)
        self._joint_side = np.array([("left" in n) - 1.0 * ("right" in n) for n in names])
        self._limb_side = np.sign(self._joint_side[self._edges].sum(axis=1))
        self._joint_fine = np.clip((skeleton.sigmas / _BODY_SIGMA) ** 2, 0.3, 1.0)
        self._limb_fine = self._joint_fine[self._edges].max(axis=1)
        self._head = np.array([name in _HEAD for name in names])
        self._hips = np.array([name in _HIPS for name in names])

    def bodies(self, points: FloatArray, scores: FloatArray, people: list[_Person]) -> Strokes:
        """What N poses (N, K, 2) with scores (N, K) are drawn with, the nearest on top."""
        known = np.array([p.hue != _NO_HUE for p in people], dtype=np.float64)[:, None]
        colours = np.array([p.colour for p in people]).reshape(-1, 1, 3)
        widths = _line_widths(np.array([p.size for p in people]))[:, None] * (0.5 + 0.5 * known)
        # Doubt is to show where there is some: for most estimators 0.8 is as sure as can be.
        sure = 1.0 - (1.0 - np.clip(np.where(np.isnan(scores), 1.0, scores), 0.0, 1.0)) ** 2
        limbs, limbs_sure = points[:, self._edges], sure[:, self._edges].min(axis=2)
        limb_widths = np.maximum(np.rint(widths * self._limb_fine), 1.0)
        rims = 2.0 * np.ceil(widths * self._limb_fine / 8.0)
        joint = self._joint_fine == 1.0
        layers = (
            # A dark rim keeps a limb readable on a shirt of its own colour.
            Strokes(
                limbs,
                np.broadcast_to(INK, (*limb_widths.shape, 3)),
                0.5 * limbs_sure * self._limb_fine,
                limb_widths + rims,
            ),
            Strokes(limbs, _toned(colours, known * self._limb_side), limbs_sure, limb_widths),
            Strokes(
                np.repeat(points[:, :, None], 2, axis=2),
                _toned(colours, known * (self._joint_side + joint)),
                sure,
                widths * np.where(joint, 1.5, self._joint_fine),
            ),
        )
        # Who stands lower in a picture stands nearer; those without an id are behind everybody.
        order = np.lexsort((np.fmax.reduce(points[..., 1], axis=1), known[:, 0]))
        stacked = (np.concatenate(v, axis=1)[order] for v in zip(*layers, strict=True))
        return Strokes(*(values.reshape(-1, *values.shape[2:]) for values in stacked))

    def centres(self, points: FloatArray) -> FloatArray:
        """(N, 2) the middles of the hips of N poses (N, K, 2), or else of all their keypoints."""
        hips = _means(points[:, self._hips])
        return np.where(np.isnan(hips), _means(points), hips)

    def top(self, joints: FloatArray) -> tuple[float, float]:
        """Where the head of a pose (K, 2) is highest, or else the pose."""
        head = joints[self._head & ~np.isnan(joints[:, 0])]
        if len(head):
            return float(head[:, 0].mean()), float(head[:, 1].min())
        x0, y0, x1, _ = boxes_around(joints[None])[0].tolist()
        return (x0 + x1) / 2.0, y0


def _toned(colours: FloatArray, side: FloatArray) -> FloatArray:
    """Colours (N, 1, 3) lighter where side (N, S) is above 0, darker where below: (N, S, 3)."""
    side = side[..., None]
    lighter = colours + 0.3 * np.maximum(side, 0.0) * (255.0 - colours)
    return np.asarray(np.where(side < 0, 0.8, 1.0) * lighter)


def _means(points: FloatArray) -> FloatArray:
    """(N, 2) the means of points (N, M, 2) that are not missing; nan where all M are."""
    seen = ~np.isnan(points[..., :1])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(seen, points, 0.0).sum(axis=1) / seen.sum(axis=1))


def _sizes(points: FloatArray) -> FloatArray:
    """(N,) the diagonals of the boxes around N poses (N, K, 2)."""
    boxes = boxes_around(points)
    return np.asarray(np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T))


def _line_widths(sizes: FloatArray) -> FloatArray:
    """Pixels of the limbs of people of these sizes in pixels."""
    return np.asarray(np.clip(0.9 + sizes / 90.0, 1.0, 12.0))


def _within_reach(points: FloatArray) -> FloatArray:
    """Points (N, K, 2), far ones nearer in the same direction; nan where they are not finite."""
    points = np.where(np.isfinite(points).all(axis=2, keepdims=True), points, np.nan)
    farther = np.maximum(np.abs(points).max(axis=2, keepdims=True) / _FAR, 1.0)
    return np.asarray(points / farther)
