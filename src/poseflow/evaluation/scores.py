"""The figures of an evaluation: what it counted, and what is worked out from the counts.

Counts of clips add up (`a + b`); figures are worked out from the sum, not averaged over clips.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CORRECT_WITHIN: Final = 0.5
"""Head sizes within which a joint is correct: PCKh@0.5, inclusive."""


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """Average precision of J joints, each in [0, 1]; nan = the joint never occurs in the truth.

    Attributes:
        ap: (J,) the area under the curve.
        precision: (J,) at the end of the curve, all predictions taken; 0 if all of them are of a
            joint that never occurs.
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
        doubled_distance: (J,) the same plus that of every pair within reach, and once or twice
            more for some matches anew: what PoseTrack's evaluator sums up.
    """

    objects: IntArray
    misses: IntArray
    false_positives: IntArray
    switches: IntArray
    fragmentations: IntArray
    distance: FloatArray
    doubled_distance: FloatArray

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in dataclasses.fields(self)]
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def found(self) -> IntArray:
        """(J,) joints found, under whichever id."""
        return self.objects - self.misses

    @property
    def mota(self) -> FloatArray:
        """(J,) 1 − (misses + false positives + switches) / objects; may be below 0."""
        return 1.0 - _share(self.misses + self.false_positives + self.switches, self.objects)

    @property
    def motp(self) -> FloatArray:
        """(J,) 1 − the mean distance of what is found, in [0.5, 1]; nan = nothing is."""
        return 1.0 - _share(self.distance, self.found)

    @property
    def doubled_motp(self) -> FloatArray:
        """(J,) what PoseTrack's evaluator prints for it: distances are summed up twice or more.

        0 where nothing is found of a joint, even of one that never occurs, and so in the mean.
        """
        printed = 1.0 - _share(self.doubled_distance, self.found)
        return np.asarray(np.where(self.found == 0, 0.0, printed))

    @property
    def precision(self) -> FloatArray:
        """(J,) found / (found + false positives)."""
        return _share(self.found, self.found + self.false_positives)

    @property
    def recall(self) -> FloatArray:
        """(J,) found / objects."""
        return _share(self.found, self.objects)


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> FloatArray:
    """Part / whole; nan where the whole is 0."""
    shares = np.full(len(whole), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares


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


GROUPS: Final = {
    "Head": ("head_top", "neck", "nose"),
    "Shoulder": ("left_shoulder", "right_shoulder"),
    "Elbow": ("left_elbow", "right_elbow"),
    "Wrist": ("left_wrist", "right_wrist"),
    "Hip": ("left_hip", "right_hip"),
    "Knee": ("left_knee", "right_knee"),
    "Ankle": ("left_ankle", "right_ankle"),
}
"""The joints as the field's tables group them; the total is over all joints, not over groups."""


def grouped(joints: tuple[str, ...], values: FloatArray) -> dict[str, float]:
    """Means over the joints of each of `GROUPS`, and of all as "Total"; nan where none occurs.

    Args:
        joints: names of the J joints.
        values: (J,); nan = the joint does not occur, and does not count.
    """
    means = {}
    for name, members in {**GROUPS, "Total": joints}.items():
        some = values[[joints.index(joint) for joint in members]]
        some = some[~np.isnan(some)]
        means[name] = float(some.mean()) if len(some) else float("nan")
    return means
