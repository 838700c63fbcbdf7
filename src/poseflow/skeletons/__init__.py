"""What the keypoints of a pose are: names, edges, mirror pairs and OKS falloffs.

The skeletons we ship lie beside this file as TOML, in the very form in which users write their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Skeleton:
    """The K keypoints of a pose.

    Attributes:
        name: of the skeleton, lower case with dashes, such as "coco-17".
        keypoints: K names, lower case with underscores, such as "left_wrist".
        edges: 0-based pairs of keypoints that are drawn as a limb.
        mirror: (K,) int64, the keypoint on the other side of the body; itself for the middle ones.
        sigmas: (K,) float64, the OKS falloff k_i = 2 sigma_i is derived from these sigma_i.
    """

    name: str
    keypoints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    mirror: IntArray = field(repr=False)
    sigmas: FloatArray = field(repr=False)

    def __len__(self) -> int:
        return len(self.keypoints)
