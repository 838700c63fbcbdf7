"""What a frame of video is, and what passes between two of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a video or folder.

    Attributes:
        index: 0-based.
        time: seconds from the first frame; nan in a folder of images, which has no clock.
        name: the file's name in a folder of images; "" in a video.
        image: (H, W) uint8 gray or (H, W, 3) uint8 BGR.
    """

    index: int
    time: float
    name: str
    image: ImageArray


class Correspondences(NamedTuple):
    """C points seen in two frames; C may be 0.

    Attributes:
        source: (C, 2) float64, pixels in the earlier frame.
        target: (C, 2) float64, pixels in the later frame.
    """

    source: FloatArray
    target: FloatArray

    @classmethod
    def none(cls) -> Correspondences:
        """No correspondences at all."""
        return cls(np.empty((0, 2)), np.empty((0, 2)))


Follower = Callable[[FloatArray], Correspondences]
"""points (P, 2) of interest in the earlier of two images -> correspondences between the two.

It may look only near the points, and be asked more than once.
"""

Matcher = Callable[[ImageArray, ImageArray], Follower]
"""(before (H, W) gray, after (H, W) gray) -> what follows points from the one to the other.

What depends on the images alone, mostly all that takes long, is done here, so that it may be done
before it is known which points matter. The answer is the same for the same images, whoever asks,
in whichever thread. It never invents a correspondence: blank, tiny or differently sized images
give none.
"""


def follow_nothing(points: FloatArray) -> Correspondences:
    """The follower between images that have nothing to do with each other."""
    return Correspondences.none()


def gray(image: ImageArray) -> ImageArray:
    """(H, W) gray uint8 of an image that is gray already or (H, W, 3) BGR.

    Raises:
        InputError: the array is neither.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise InputError(
            "image: expected uint8 of shape (H, W) or (H, W, 3), "
            f"got {image.dtype} of shape {image.shape}"
        )
    if image.ndim == 2:
        return image
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
