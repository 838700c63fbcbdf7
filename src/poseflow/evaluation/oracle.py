"""What perfect association would make of the very same detections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .clips import Clip
from .identity import pose_similarity
from .matching import best_pairs
from .scores import CORRECT_WITHIN

IntArray = NDArray[np.int64]


def perfect_ids(clip: Clip) -> IntArray:
    """(M,) an id for each prediction: its true person's, or one that nobody else has.

    In each frame predictions and people are paired so that most joints are correct (PCKh@0.5), and
    of these pairings so that the poses are most alike (`pose_similarity`). A prediction that has
    no joint of its person right is nobody's, and so keeps an id of its own.

    Where no joint is within reach of two people, nobody switches and no other ids score a higher
    MOTA. In a throng joints of neighbours are taken for one another whatever the ids, and other ids
    may do better by a few; so may they in HOTA, whose AssA gains when an id takes wrong rows only.
    """
    true_row, predicted_row = clip.pairs()
    correct = np.count_nonzero(clip.distances() <= CORRECT_WITHIN, axis=1)
    near = np.flatnonzero(correct)
    row, column = true_row[near], predicted_row[near]
    # Similarities, at most 1 a person, must not outweigh a joint.
    joint_worth = 1.0 + len(clip.truth)
    score = correct[near] * joint_worth + pose_similarity(clip)[near]
    taken = best_pairs(clip.truth.frames[row], row, column, score)
    unused = 1 + int(clip.truth.track_ids.max(initial=0))
    ids = np.arange(unused, unused + len(clip.predictions))
    ids[column[taken]] = clip.truth.track_ids[row[taken]]
    return ids
