"""The figures of an evaluation: what it counted, and what is worked out from the counts.

Counts of clips add up (`a + b`); figures are worked out from the sum, not averaged over clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CORRECT_WITHIN = 0.5
"""Head sizes within which a joint is correct: PCKh@0.5, inclusive."""


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Average precision of J joints, each in [0, 1]; nan = the joint never occurs in the truth.

    Attributes:
        ap: (J,) the area under the curve.
        precision: (J,) at the end of the curve, all predictions taken.
        recall: (J,) idem.
        curves: J pairs of recall (P,) and precision (P,) along falling score.
    """

    ap: FloatArray
    precision: FloatArray
    recall: FloatArray
    curves: tuple[tuple[FloatArray, FloatArray], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Clear:
    """CLEAR MOT of J joints, as counts.

    Attributes:
        objects: (J,) int64, joints in the truth.
        misses: (J,) int64, of these those without a prediction.
        false_positives: (J,) int64.
        switches: (J,) int64, joints found whose prediction has another id than when last found.
        fragmentations: (J,) int64, times a joint that was found is lost and found again.
        distance: (J,) sum over found joints, in head sizes.
        doubled_distance: (J,) the same plus that of every pair within reach: what PoseTrack's
            evaluator sums up.
    """

    objects: IntArray
    misses: IntArray
    false_positives: IntArray
    switches: IntArray
    fragmentations: IntArray
    distance: FloatArray
    doubled_distance: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """One moment at which a person's prediction has another id than before.

    Attributes:
        frame: among the clip's evaluated frames.
        track_id: of the true person.
        before: predicted id when the person was last found.
        after: predicted id now.
    """

    frame: int
    track_id: int
    before: int
    after: int
