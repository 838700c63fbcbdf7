"""A pose flow, and the id that several which are one person go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign_allowed
from ..poses import NO_ID

IntArray = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Flow:
    """A path: which poses are on it the moments know.

    Attributes:
        number: its own, in order of birth.
        tip: its pose in the last frame that was built; -1 = it has ended.
        worth: confidence gathered.
        length: frames.
        seen: of these, frames in which an estimator saw it.
        last_seen: index of the last of those.
        id: -1 = none yet.
    """

    number: int
    tip: int = -1
    worth: float = 0.0
    length: int = 0
    seen: int = 0
    last_seen: int = -1
    id: int = NO_ID


def claimed(groups: Sequence[Sequence[Flow]]) -> IntArray:
    """(G,) the id that each group of flows goes by, no id twice; -1 = none is left to it.

    What a group's flows of an id have gathered is its claim to that id; of all claims together as
    much is met as can be. So a short flow along a long one does not bring an id with it. (ours)
    """
    known = sorted({flow.id for group in groups for flow in group} - {NO_ID})
    place = {one: i for i, one in enumerate(known)}
    claims = np.zeros((len(groups), len(known)))
    for claim, group in zip(claims, groups, strict=True):
        for flow in group:
            if flow.id != NO_ID:
                claim[place[flow.id]] += flow.worth
    ids = np.full(len(groups), NO_ID, dtype=np.int64)
    for i, j in assign_allowed(claims, claims > 0).tolist():
        ids[i] = known[j]
    return ids
