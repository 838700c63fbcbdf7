"""A video and an estimator meet: the poses of a clip, estimated while others use them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterable, Iterator
from collections.abc import Sequence as Frames
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import threads
from .errors import InputError
from .estimators import Batched, Estimator, checked_poses, in_words, is_batched, name_of
from .frames import Frame, ImageArray
from .poses import Poses, Sequence
from .video import Video, read_frames

FloatArray = NDArray[np.float64]

# Digits behind the point that are kept, of pixels and of scores: beyond what networks know.
_PIXEL_DIGITS, _SCORE_DIGITS = 2, 4


def estimate(
    video: Video,
    estimator: Estimator,
    frames: Iterable[Frame] | None = None,
    *,
    ahead: int = 2,
) -> Sequence:
    """The poses of a video or image folder, estimated as they are asked for, each once.

    A thread of its own estimates one frame after another, a few ahead of whoever uses them; the
    poses are the same for any number. Coordinates are kept to a hundredth of a pixel, scores to a
    ten-thousandth, so that what is written and read again is the same.

    Args:
        video: from `open_video`.
        estimator: asked with every frame, in order, from one thread; a `Batched` one with several
            at once.
        frames: of the video, all in order and BGR, if others decode them as well (`shared`); None =
            they are decoded here.
        ahead: how many frames may be estimated before they are asked for; 0 = when asked.

    Returns:
        A clip whose `frames` know later ones only once these were asked for; images are named as
        in the folder, or "0.jpg", "1.jpg", … in a video.
    """
    _check_batch(estimator)
    names = video.names or tuple(f"{index}.jpg" for index in range(video.n_frames))
    if frames is None:
        frames = read_frames(video, color=True)
    made = threads.ahead(_estimated(video, estimator, frames), ahead, "estimator")
    return Sequence(
        skeleton=estimator.skeleton,
        frames=_Coming(made, video.n_frames, video.path),
        image_names=names,
        image_size=video.size,
        name=video.path.stem,
    )


class _Coming(Frames[Poses]):
    """Poses that an iterator brings in order, kept once they came."""

    def __init__(self, coming: Iterator[Poses], n_frames: int, path: Path) -> None:
        self._coming, self._n_frames, self._path = coming, n_frames, path
        self._came: list[Poses] = []

    def __len__(self) -> int:
        return self._n_frames

    def __iter__(self) -> Iterator[Poses]:
        # The inherited one takes an IndexError, whoever raised it, for the end.
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = range(len(self))[index]
        while len(self._came) <= place:
            # A generator that failed once says nothing when it is asked again.
            if (poses := next(self._coming, None)) is None:
                raise InputError(
                    f"{self._path}: frame {len(self._came)}: expected poses, got none: the video "
                    "ended, or estimating failed before"
                )
            self._came.append(poses)
        return self._came[place]


def _estimated(video: Video, estimator: Estimator, frames: Iterable[Frame]) -> Generator[Poses]:
    coming = iter(frames)
    size = estimator.batch if is_batched(estimator) else 1
    while several := list(islice(coming, size)):
        # Copies: others may use the frames at the same time, and an estimator may draw on them.
        images = [frame.image.copy() for frame in several]
        first, last = several[0].index, several[-1].index
        which = f"frame {first}" if first == last else f"frames {first} to {last}"
        where = f"{video.path}: {which}"
        if is_batched(estimator):
            found = _checked(estimator, lambda: _many(estimator, images), where)  # noqa: B023
        else:
            found = [poses_in(estimator, image, where) for image in images]
        yield from map(_rounded, found)


def poses_in(estimator: Estimator, image: ImageArray, where: str) -> Poses:
    """The poses in an image (H, W, 3) uint8 BGR; one without a single keypoint is none.

    Raises:
        InputError: the estimator raised something, or gives no poses: one sentence, of `where`.
    """
    (poses,) = _checked(estimator, lambda: [estimator(image)], where)
    return poses


def _checked(
    estimator: Estimator | Batched, ask: Callable[[], list[Poses]], where: str
) -> list[Poses]:
    name = name_of(estimator)
    try:
        found = [checked_poses(poses, estimator.skeleton, name) for poses in ask()]
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except Exception as error:
        raise InputError(f"{where}: {name}: {in_words(error)}") from error
    return [poses[~np.isnan(poses.keypoints).all(axis=(1, 2))] for poses in found]


def _many(estimator: Batched, images: list[ImageArray]) -> list[Poses]:
    found = estimator.many(images)
    if not isinstance(found, list | tuple) or len(found) != len(images):
        got = f"{len(found)}" if isinstance(found, list | tuple) else type(found).__name__
        raise InputError(
            f"{name_of(estimator)}: many: expected a list of poseflow.Poses, one for each of "
            f"{len(images)} images, got {got}"
        )
    return list(found)


def _check_batch(estimator: Estimator) -> None:
    if is_batched(estimator):
        size: Any = estimator.batch
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InputError(
                f"{name_of(estimator)}: batch: expected a number of images, 1 or more, got {size!r}"
            )


def _rounded(poses: Poses) -> Poses:
    return dataclasses.replace(
        poses,
        keypoints=np.round(poses.keypoints, _PIXEL_DIGITS),
        keypoint_scores=np.round(poses.keypoint_scores, _SCORE_DIGITS),
        scores=np.round(poses.scores, _SCORE_DIGITS),
        boxes=_rounded_boxes(poses.boxes),
    )


def _rounded_boxes(boxes: FloatArray) -> FloatArray:
    """(N, 4) as they come back, bit for bit, from a file that has x, y, width and height."""
    low = np.round(boxes[:, :2], _PIXEL_DIGITS)
    high = low + np.round(boxes[:, 2:] - boxes[:, :2], _PIXEL_DIGITS)
    return np.concatenate([low, high], axis=1)
