"""Skeletons told by the names of their keypoints, for formats that carry them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from ..skeletons import DEFAULT_SIGMA, SKELETONS, Skeleton, skeleton


def skeleton_of(names: Iterable[str], unknown: str) -> Skeleton:
    """The skeleton we ship that has just these keypoints, in whatever order, else a new one.

    Args:
        names: of the keypoints, in our vocabulary where they are known to it.
        unknown: the name of a new one, which has no edges and no mirror pairs.

    Raises:
        InputError: a name is given twice.
    """
    names = tuple(names)
    for shipped in map(skeleton, SKELETONS):
        if len(shipped) == len(names) and set(shipped.keypoints) == set(names):
            return shipped
    return Skeleton(
        name=unknown,
        keypoints=names,
        edges=(),
        mirror=np.arange(len(names)),
        sigmas=np.full(len(names), DEFAULT_SIGMA),
    )


def places(own: Skeleton, names: Iterable[str]) -> list[int]:
    """Where each keypoint of a skeleton stands among a file's names.

    Raises:
        InputError: one is not among them.
    """
    place = {name: i for i, name in enumerate(names)}
    for name in own.keypoints:
        if name not in place:
            raise InputError(f"expected the keypoint {name} of skeleton {own.name}, got none")
    return [place[name] for name in own.keypoints]
