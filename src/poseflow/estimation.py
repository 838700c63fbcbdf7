"""A video and an estimator meet: the poses of a clip, estimated while others use them."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable, Iterator
from collections.abc import Sequence as Frames
from itertools import islice
from typing import Any

import numpy as np

from . import threads
from .errors import InputError
from .estimators import Estimator, is_batched
from .frames import Frame, ImageArray
from .poses import Poses, Sequence
from .video import Video, read_frames

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
    names = video.names or tuple(f"{index}.jpg" for index in range(video.n_frames))
    if frames is None:
        frames = read_frames(video, color=True)
    made = threads.ahead(_estimated(video, estimator, frames), ahead, "estimator")
    return Sequence(
        skeleton=estimator.skeleton,
        frames=_Coming(made, video.n_frames),
        image_names=names,
        image_size=video.size,
        name=video.path.stem,
    )


class _Coming(Frames[Poses]):
    """Poses that an iterator brings in order, kept once they came."""

    def __init__(self, coming: Iterator[Poses], n_frames: int) -> None:
        self._coming, self._n_frames = coming, n_frames
        self._came: list[Poses] = []

    def __len__(self) -> int:
        return self._n_frames

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = range(len(self))[index]
        while len(self._came) <= place:
            self._came.append(next(self._coming))
        return self._came[place]


def _estimated(video: Video, estimator: Estimator, frames: Iterable[Frame]) -> Generator[Poses]:
    coming = iter(frames)
    size = estimator.batch if is_batched(estimator) else 1
    while several := list(islice(coming, size)):
        # Copies: others may use the frames at the same time, and an estimator may draw on them.
        images = [frame.image.copy() for frame in several]
        first, last = several[0].index, several[-1].index
        which = f"frame {first}" if first == last else f"frames {first} to {last}"
        try:
            found = _asked(estimator, images)
        except InputError as error:
            raise InputError(f"{video.path}: {which}: {error}") from error
        except OSError as error:
            # Which would else be taken for the output's, that is being written meanwhile.
            raise InputError(f"{video.path}: {which}: estimator: {error}") from error
        yield from map(_rounded, found)


def _asked(estimator: Estimator, images: list[ImageArray]) -> list[Poses]:
    if not is_batched(estimator):
        return [estimator(image) for image in images]
    found = estimator.many(images)
    if len(found) != len(images) or not all(isinstance(poses, Poses) for poses in found):
        raise InputError(
            f"estimator: expected a list of poseflow.Poses from many(), one for each of "
            f"{len(images)} images"
        )
    return found


def _rounded(poses: Poses) -> Poses:
    return dataclasses.replace(
        poses,
        keypoints=np.round(poses.keypoints, _PIXEL_DIGITS),
        keypoint_scores=np.round(poses.keypoint_scores, _SCORE_DIGITS),
        scores=np.round(poses.scores, _SCORE_DIGITS),
        boxes=np.round(poses.boxes, _PIXEL_DIGITS),
    )
