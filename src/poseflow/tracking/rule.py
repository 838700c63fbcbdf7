"""What a setting of the tracker is: a rule that says which pose goes on which track."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..frames import Correspondences
from ..poses import Poses
from .tracks import Tracks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Association(NamedTuple):
    """What happens to the poses of a frame.

    Attributes:
        pairs: (P, 2) int64, index of a track and of the pose that continues it.
        births: (B,) int64, indices of the poses that start a track.
        named: (I,) int64, indices of the tracks that get an id now; those without one are only on
            trial, and end when they are missed.
        named_births: (B,) bool, the births that get an id at once.
        similarity: (T, N) by which the pairs were chosen; None = not told.
    """

    pairs: IntArray
    births: IntArray
    named: IntArray
    named_births: BoolArray
    similarity: FloatArray | None = None


class Told(NamedTuple):
    """What is known of a frame besides its poses.

    Attributes:
        variances: (K,) OKS falloffs (2 sigma)² of the skeleton, of a pose of unit area.
        fps: frames a second.
        correspondences: between the previous frame and this one; None = no images.
        image_size: width and height in pixels; None = unknown.
        likeness: (T, N) cosines of what tracks and poses look like; nan = not told, None = of
            nobody.
        is_cut: whether the previous frame was another scene.
        mirror: (K,) the keypoint on the other side of the body, itself for the middle ones; None =
            nothing is known of sides.
    """

    variances: FloatArray
    fps: float
    correspondences: Correspondences | None = None
    image_size: tuple[int, int] | None = None
    likeness: FloatArray | None = None
    is_cut: bool = False
    mirror: IntArray | None = None


class Rule(Protocol):
    """One named setting of the tracker: its parameters and its decision, without any state."""

    def remembers(self, fps: float, is_cut: bool = False) -> int:
        """For how many frames a track is kept without being seen, at so many frames a second.

        `is_cut`: whether that begins with another scene.
        """

    @property
    def follows_camera(self) -> bool:
        """Whether tracks move with the scene when the camera does."""

    def associate(
        self,
        tracks: Tracks,
        poses: Poses,
        told: Told,
    ) -> Association:
        """Say which pose goes on which track, and which start one.

        Args:
            tracks: (T) all that are remembered; `missed` counts frames before this one.
            poses: (N) of this frame.
            told: what else is known of the frame.
        """
