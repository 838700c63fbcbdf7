"""What people annotated in a clip: the truth that estimates are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .poses import Sequence

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Truth:
    """The true poses of a clip of F frames, and what an evaluator needs beside them.

    Attributes:
        sequence: the poses with their true track ids.
        head_boxes: one (N, 4) for each frame, x0 y0 x1 y1 in pixels, in the order of its poses;
            nan = none annotated.
        ignored: for each frame the polygons (M, 2), pixels, in which nothing is annotated and
            nothing is judged; mostly ().
        labelled: (F,) whether the frame was annotated at all.
    """

    sequence: Sequence
    head_boxes: tuple[FloatArray, ...]
    ignored: tuple[tuple[FloatArray, ...], ...]
    labelled: BoolArray

    def __post_init__(self) -> None:
        for name in ("head_boxes", "ignored", "labelled"):
            got = len(getattr(self, name))
            if got != len(self.sequence):
                raise InputError(
                    f"{name}: expected one for each of the {len(self.sequence)} frames, got {got}"
                )

    def __len__(self) -> int:
        return len(self.sequence)


def as_truth(sequence: Sequence) -> Truth:
    """A clip taken for the truth: all of it labelled, nothing ignored, no head boxes."""
    return Truth(
        sequence=sequence,
        head_boxes=tuple(np.full((len(poses), 4), np.nan) for poses in sequence.frames),
        ignored=((),) * len(sequence),
        labelled=np.ones(len(sequence), dtype=np.bool_),
    )
