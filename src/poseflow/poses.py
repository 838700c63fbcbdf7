"""The poses of one frame, and of a whole clip: the two containers everything speaks."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Frames
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .frames import ImageArray
from .geometry import boxes_around, boxes_following
from .skeletons import Skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NO_ID = -1
"""The track id of a pose that belongs to no track."""


class Origin(enum.IntEnum):
    """Where a pose comes from; the name is what tables say of it."""

    DETECTED = 0
    """From the estimator, as it was."""
    FUSED = 1
    """The mean of several poses of one person."""
    PROPAGATED = 2
    """Not seen by the estimator; carried over from the frame before."""
    FILLED = 3
    """Not seen by the estimator; put in between the frames before and after."""


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """The N poses of one frame, K keypoints each. Immutable: every change is a new object.

    Build one with `Poses.from_keypoints`, which fills what an estimator does not tell.

    Attributes:
        keypoints: (N, K, 2) float64, pixels, x right, y down; nan = not detected (both of x, y).
        keypoint_scores: (N, K) float64 in [0, 1]; 0 where the keypoint was not detected;
            nan = the estimator gives no scores.
        scores: (N,) float64 in [0, 1], the belief in each pose; nan = none given.
        boxes: (N, 4) float64, x0 y0 x1 y1 in pixels: the detector's, else around the keypoints;
            nan = a pose without a single keypoint.
        track_ids: (N,) int64, from 1; -1 = none.
        rows: (N,) int64, the pose's place among the poses of the file it was read from;
            -1 = not from a file. It is what lets an output keep every field of its input; poses
            whose keypoints are changed must be given -1, or their old ones are written.
        origins: (N,) uint8, an `Origin` each; all 0 unless poses were made that no estimator saw.
        raw_keypoints: (N, K, 2) where `keypoints` were changed after tracking: what they were
            before, nan = missing; None = they were not. All frames of a clip have it or none.
    """

    keypoints: FloatArray
    keypoint_scores: FloatArray
    scores: FloatArray
    boxes: FloatArray
    track_ids: IntArray
    rows: IntArray
    origins: NDArray[np.uint8]
    raw_keypoints: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.keypoints.ndim != 3 or self.keypoints.shape[2] != 2:
            raise InputError(f"keypoints: expected shape (N, K, 2), got {self.keypoints.shape}")
        n, k, _ = self.keypoints.shape
        # A chain of comparisons: there is one of these for every frame of a clip, and more.
        if not (
            self.keypoint_scores.shape == (n, k)
            and self.boxes.shape == (n, 4)
            and (n,)
            == self.scores.shape
            == self.track_ids.shape
            == self.rows.shape
            == self.origins.shape
        ):
            self._refuse(n, k)
        if self.raw_keypoints is not None and self.raw_keypoints.shape != (n, k, 2):
            raise InputError(
                f"raw_keypoints: expected shape {(n, k, 2)}, got {self.raw_keypoints.shape}"
            )

    def _refuse(self, n: int, k: int) -> None:
        shapes = {"keypoint_scores": (n, k), "scores": (n,), "boxes": (n, 4)}
        shapes |= dict.fromkeys(("track_ids", "rows", "origins"), (n,))
        for name, expected in shapes.items():
            got = getattr(self, name).shape
            if got != expected:
                raise InputError(f"{name}: expected shape {expected}, got {got}")

    @classmethod
    def from_keypoints(
        cls,
        keypoints: ArrayLike,
        keypoint_scores: ArrayLike | None = None,
        scores: ArrayLike | None = None,
        boxes: ArrayLike | None = None,
        track_ids: ArrayLike | None = None,
        rows: ArrayLike | None = None,
        origins: ArrayLike | None = None,
        raw_keypoints: ArrayLike | None = None,
    ) -> Self:
        """Poses from what an estimator tells; the rest is filled in.

        Args:
            keypoints: (N, K, 2), pixels; nan = not detected.
            keypoint_scores: (N, K) in [0, 1]; None = the estimator gives none.
            scores: (N,) in [0, 1]; None = the mean score of the detected keypoints.
            boxes: (N, 4) x0 y0 x1 y1; None, or nan in a row = around that row's keypoints.
            track_ids: (N,); None = no ids.
            rows: (N,); None = not from a file.
            origins: (N,); None = all detected.
            raw_keypoints: (N, K, 2); None = nothing was changed.

        Raises:
            InputError: a shape is wrong.
        """
        points = np.asarray(keypoints, dtype=np.float64)
        if points.ndim != 3 or points.shape[2] != 2:
            raise InputError(f"keypoints: expected shape (N, K, 2), got {points.shape}")
        missing = np.asarray(np.isnan(points).any(axis=2))
        if missing.any():
            points = np.where(missing[..., None], np.nan, points)
        if keypoint_scores is None:
            point_scores = np.full(points.shape[:2], np.nan)
        else:
            point_scores = np.asarray(keypoint_scores, dtype=np.float64)
        if point_scores.shape != missing.shape:
            raise InputError(
                f"keypoint_scores: expected shape {missing.shape}, got {point_scores.shape}"
            )
        point_scores = np.where(missing, 0.0, point_scores)
        n = len(points)
        if scores is None:
            seen = np.maximum((~missing).sum(axis=1), 1)
            pose_scores = point_scores.sum(axis=1) / seen
        else:
            pose_scores = np.asarray(scores, dtype=np.float64)
        around = boxes_around(points)
        if boxes is not None:
            given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
            around = np.where(np.isnan(given).any(axis=1, keepdims=True), around, given)
        return cls(
            keypoints=points,
            keypoint_scores=point_scores,
            scores=pose_scores,
            boxes=around,
            track_ids=_ids(track_ids, n),
            rows=_ids(rows, n),
            origins=np.zeros(n, np.uint8) if origins is None else np.asarray(origins, np.uint8),
            raw_keypoints=None if raw_keypoints is None else np.asarray(raw_keypoints, np.float64),
        )

    @classmethod
    def empty(cls, n_keypoints: int) -> Self:
        """A frame without people."""
        return cls.from_keypoints(np.empty((0, n_keypoints, 2)))

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def n_keypoints(self) -> int:
        """K, the number of keypoints of each pose."""
        return int(self.keypoints.shape[1])

    def __getitem__(self, index: Any) -> Self:
        """Some of the poses: by mask (N,), by indices, by slice, or the one at an index."""
        if isinstance(index, int | np.integer):
            index = [index]
        raw = self.raw_keypoints
        return type(self)(
            self.keypoints[index],
            self.keypoint_scores[index],
            self.scores[index],
            self.boxes[index],
            self.track_ids[index],
            self.rows[index],
            self.origins[index],
            None if raw is None else raw[index],
        )

    def with_track_ids(self, track_ids: ArrayLike) -> Self:
        """The same poses in the same order with other ids, (N,)."""
        ids = np.asarray(track_ids, dtype=np.int64)
        return type(self)(
            self.keypoints,
            self.keypoint_scores,
            self.scores,
            self.boxes,
            ids,
            self.rows,
            self.origins,
            self.raw_keypoints,
        )

    def with_keypoints(self, keypoints: FloatArray, keypoint_scores: FloatArray) -> Self:
        """The same poses with keypoints changed after tracking; `original` gives them back.

        Boxes that were around the keypoints still are. The poses are of no row of a file then.

        Args:
            keypoints: (N, K, 2); nan = missing.
            keypoint_scores: (N, K); those of keypoints that were there before are to stay.
        """
        return dataclasses.replace(
            self,
            keypoints=keypoints,
            keypoint_scores=keypoint_scores,
            boxes=boxes_following(self.boxes, self.keypoints, keypoints),
            rows=np.full(len(self), -1, dtype=np.int64),
            raw_keypoints=self.keypoints if self.raw_keypoints is None else self.raw_keypoints,
        )

    def original(self) -> Self:
        """The poses as they were before filling and smoothing: those that were put in are gone.

        A keypoint that was put into a pose is missing again, with score 0. Poses that were changed
        are of no row of a file.
        """
        if self.raw_keypoints is None:
            return self[self.origins != Origin.FILLED]
        kept = dataclasses.replace(
            self,
            keypoints=self.raw_keypoints,
            keypoint_scores=np.where(
                np.isnan(self.raw_keypoints[..., 0]), 0.0, self.keypoint_scores
            ),
            boxes=boxes_following(self.boxes, self.keypoints, self.raw_keypoints),
            rows=np.full(len(self), -1, dtype=np.int64),
            raw_keypoints=None,
        )
        return kept[self.origins != Origin.FILLED]


def _ids(values: ArrayLike | None, n: int) -> IntArray:
    if values is None:
        return np.full(n, -1, dtype=np.int64)
    return np.asarray(values, dtype=np.int64)


Appearance = Callable[[ImageArray, Poses], FloatArray]
"""(image (H, W) gray or (H, W, 3) BGR, its N poses) -> (N, D) what each person looks like.

Two views of one person have a cosine near 1. nan = not told, of a number or of a whole person; D is
the same for every frame. The same answer for the same image and poses.
"""


@dataclass(frozen=True)
class Doubt:
    """A moment in which an id is likelier than elsewhere to be the wrong one.

    Attributes:
        frame: 0-based.
        pose: its index among the poses of the frame.
        rival: the track id that it might have instead; -1 = none, it might be somebody else's.
        margin: by how much the id that was given is likelier than the rival, 1 = there is no
            other; 0 = it might as well be the other. What it is measured in depends on who gave
            the ids: see `Tracker.doubts` and `relinking.relink`.
    """

    frame: int
    pose: int
    rival: int
    margin: float


@dataclass(frozen=True)
class Source:
    """Where a sequence was read from, so that saving in the same format keeps what we do not use.

    `format` is a name of `poseflow.formats.FORMATS`; `path` the file or folder; `stamp` its size
    and modification time when read, which `save` compares before it reads the file again.
    """

    format: str
    path: str
    stamp: tuple[int, int]


@dataclass(frozen=True)
class Sequence:
    """The poses of a whole clip.

    Attributes:
        skeleton: what the keypoints are.
        frames: one `Poses` a frame, in order; may be a lazy sequence that decodes on access.
        image_names: one a frame, as the file spells them; "" where the file tells none.
        times: (F,) seconds from the start of the video; None = unknown.
        image_size: width and height in pixels; None = unknown.
        name: of the clip.
        score_scales: what keypoint scores and pose scores of the file were divided by to lie in
            [0, 1]; writers multiply by it again.
        source: the file it came from; None = made in memory.
        doubts: of a clip that was tracked, where ids were given by a narrow margin.
    """

    skeleton: Skeleton
    frames: Frames[Poses]
    image_names: tuple[str, ...]
    times: FloatArray | None = None
    image_size: tuple[int, int] | None = None
    name: str = ""
    score_scales: tuple[float, float] = (1.0, 1.0)
    source: Source | None = None
    doubts: tuple[Doubt, ...] = ()

    def __post_init__(self) -> None:
        if len(self.image_names) != len(self.frames):
            raise InputError(
                f"image_names: expected one for each of the {len(self.frames)} frames, "
                f"got {len(self.image_names)}"
            )

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def is_changed(self) -> bool:
        """Whether keypoints were filled in or smoothed: `Poses.raw_keypoints` are there."""
        seen = (p for p in self.frames if (p.origins != Origin.FILLED).any())
        first = next(seen, None)
        return first is not None and first.raw_keypoints is not None

    def with_frames(self, frames: Iterable[Poses]) -> Self:
        """The same clip with other poses, one `Poses` for each of its frames."""
        return dataclasses.replace(self, frames=tuple(frames))

    def original(self) -> Self:
        """The same clip with the poses, and their ids, as they were before filling and smoothing.

        What those do not change (scores, detectors' boxes, ids) stays.
        """
        return self.with_frames(poses.original() for poses in self.frames)

    def with_track_ids(self, track_ids: Iterable[ArrayLike]) -> Self:
        """The same clip and poses with ids, one array (N,) for each frame; poses stay lazy."""
        return dataclasses.replace(self, frames=_FramesWithIds(self.frames, tuple(track_ids)))


class _FramesWithIds(Frames[Poses]):
    """Frames as they are, with ids put in on access."""

    def __init__(self, frames: Frames[Poses], track_ids: tuple[ArrayLike, ...]) -> None:
        if len(track_ids) != len(frames):
            raise InputError(
                f"track_ids: expected ids for {len(frames)} frames, got {len(track_ids)}"
            )
        self._frames, self._track_ids = frames, track_ids

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Poses]:
        # The inherited one takes an IndexError, whoever raised it, for the end.
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        return self._frames[index].with_track_ids(self._track_ids[index])
