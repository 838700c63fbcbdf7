"""What an estimator is: something that is called with an image and tells the poses in it."""

from __future__ import annotations

from typing import Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..frames import ImageArray
from ..poses import Poses
from ..skeletons import Skeleton

FloatArray = NDArray[np.float64]


class Estimator(Protocol):
    """Image in, poses out; a function with an attribute `skeleton` is one.

    The same image gives the same poses, whatever was asked before.
    """

    skeleton: Skeleton
    """What the keypoints of its poses are."""

    def __call__(self, image: ImageArray, /) -> Poses:
        """The poses in an image (H, W, 3) uint8 BGR; possibly none, and without ids."""
        ...


class Batched(Protocol):
    """An estimator that takes several images at once, where that is faster."""

    skeleton: Skeleton
    batch: int
    """How many images are to be given at once; the last of a video may be fewer."""

    def __call__(self, image: ImageArray, /) -> Poses:
        """The poses in one image."""
        ...

    def many(self, images: list[ImageArray], /) -> list[Poses]:
        """The poses in each of 1 to `batch` images: what `__call__` gives for each."""
        ...


class TopDown(Protocol):
    """An estimator of two steps, which can be told where people are instead of looking itself."""

    skeleton: Skeleton
    sure: float
    """Score in [0, 1] of a box from which `__call__` takes it for a person."""

    def __call__(self, image: ImageArray, /) -> Poses:
        """The poses in the boxes of which it is sure."""
        ...

    def detect(self, image: ImageArray, /) -> FloatArray:
        """(N, 5) x0 y0 x1 y1 in pixels and a score in [0, 1] of each box, also the unsure."""
        ...

    def poses_in(self, image: ImageArray, boxes: FloatArray, /) -> Poses:
        """The N poses in N boxes, in the order of the boxes.

        Args:
            image: (H, W, 3) uint8 BGR.
            boxes: (N, 5) as `detect` gives them; N may be 0.
        """
        ...


def is_batched(estimator: Estimator) -> TypeGuard[Batched]:
    """Whether an estimator takes several images at once."""
    return all(hasattr(estimator, name) for name in ("batch", "many"))


def is_top_down(estimator: Estimator) -> TypeGuard[TopDown]:
    """Whether an estimator can be told where people are."""
    return all(hasattr(estimator, name) for name in ("detect", "poses_in", "sure"))
