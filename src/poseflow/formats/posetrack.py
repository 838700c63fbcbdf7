"""What PoseTrack's formats of 2017 and of 2018 have in common: track ids that count from 0.

A person without a track has no `track_id` at all. PoseTrack knows no other word for it: its
evaluators want ids from 0 that are different within a frame, so several people of -1 are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import NO_ID, Poses
from .reading import show

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LARGEST_ID: Final = 9999
"""Of a file: PoseTrack's evaluator takes no larger one."""


def ids_inside(ids: IntArray) -> IntArray:
    """(N,) ids of `Poses` from those of a file, where a negative one is none."""
    return np.where(ids < 0, NO_ID, ids + 1)


def with_id(person: dict[str, Any], track_id: int, *, wrapped: bool) -> dict[str, Any]:
    """A person of a file with an id of `Poses`; wrapped: in a list, as all scalars of 2017."""
    if track_id == NO_ID:
        return {field: value for field, value in person.items() if field != "track_id"}
    return person | {"track_id": [track_id - 1] if wrapped else track_id - 1}


def refuse_ids(poses: Poses, where: str) -> None:
    """See that a file may have the ids of the poses of a frame.

    Raises:
        InputError: one is not from 1, or larger than `LARGEST_ID` would be, or that of two poses;
            the sentence begins with `where`.
    """
    ids = poses.track_ids[poses.track_ids != NO_ID]
    largest = int(ids.max(initial=NO_ID)) - 1
    if largest > LARGEST_ID:
        raise InputError(f"{where}: track_id: expected 0 to {LARGEST_ID}, got {largest}")
    least = int(ids.min(initial=1))
    if least < 1:
        raise InputError(f"{where}: track_ids: expected from 1, or -1 for none, got {least}")
    different, counts = np.unique(ids, return_counts=True)
    if len(different) < len(ids):
        twice = int(different[counts > 1][0])
        raise InputError(
            f"{where}: track_ids: expected one person of each id, as PoseTrack's evaluator does, "
            f"got {twice} {counts.max()} times"
        )


def frame_words(i: int, name: str) -> str:
    """A frame as a message names it."""
    return f"frame {i + 1} ({name})" if name else f"frame {i + 1}"


def labels(values: list[Any], where: Callable[[int], str]) -> BoolArray:
    """(F,) whether each frame was annotated, from its `is_labeled`; where absent, it was.

    Raises:
        InputError: one is neither true nor false; the sentence begins with `where` of its index.
    """
    for i, value in enumerate(values):
        if value not in (None, 0, 1):
            raise InputError(f"{where(i)}: is_labeled: expected 0 or 1, got {show(value)}")
    return np.array([value is None or bool(value) for value in values], dtype=np.bool_)
