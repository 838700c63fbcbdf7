"""The association rule of Detect-and-Track, to compare with on the same detections.

Girdhar, Gkioxari, Torresani, Paluri, Tran: *Detect-and-Track: Efficient Pose Estimation in Videos*,
CVPR 2018, section 3.2: what the README of the 2018 Pose Flow code compares itself with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..assignment import assign_allowed
from ..poses import Poses
from ..similarity import box_iou
from .ranges import check_ranges, number
from .rule import Association, Told
from .tracks import Tracks


@dataclass(frozen=True, kw_only=True)
class detect_and_track:
    """Hungarian on the overlap of boxes with the previous frame, and no memory.

    Args:
        confident: score in [0, 1] that a pose needs to take part; the others get no id. The
            paper's 0.95 is a score of its own detector: here it is the middle of the scale.

    Raises:
        InputError: the score is out of its range.
    """

    follows_camera: ClassVar[bool] = False

    confident: float = number(0.5, 0, 1)

    def __post_init__(self) -> None:
        check_ranges(self)

    def remembers(self, fps: float, is_cut: bool = False) -> int:
        """For how many frames a track is kept without being seen: none."""
        return 0

    def associate(self, tracks: Tracks, poses: Poses, told: Told) -> Association:
        """Confident poses on the tracks of the previous frame; each one left over starts a track.

        A pose without a score is confident, one without a box is nobody. Boxes that do not overlap
        are never paired.
        """
        unsure = (poses.scores < self.confident) | np.isnan(poses.boxes[:, 0])
        overlap = box_iou(tracks.boxes[:, None], poses.boxes[None])
        pairs = assign_allowed(overlap, (overlap > 0) & ~unsure)
        new = ~unsure
        new[pairs[:, 1]] = False
        births = np.flatnonzero(new)
        named = pairs[:0, 0]  # They have ids from birth.
        return Association(pairs, births, named, np.ones(len(births), dtype=np.bool_))
