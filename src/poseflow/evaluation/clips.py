"""Truth and predictions of one clip side by side, as arrays: what every metric starts from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..geometry import expand

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """All people of a clip, frame after frame: N rows of J joints (PoseTrack's 15).

    Attributes:
        frames: (N,) int64, the frame's place among those that are evaluated; ascending.
        keypoints: (N, J, 2) float64, pixels; nan = not annotated, or not predicted.
        scores: (N, J) float64; nan = none given. Of the truth all nan.
        track_ids: (N,) int64; no two of a frame are the same.
    """

    frames: IntArray
    keypoints: FloatArray
    scores: FloatArray
    track_ids: IntArray

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: Any) -> Self:
        """Some of the rows: by mask (N,), by indices or by slice."""
        return type(self)(*(getattr(self, f.name)[index] for f in dataclasses.fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What is judged of one clip.

    Attributes:
        name: of the sequence.
        frame_names: one for each of the F frames that are evaluated.
        truth: N people.
        predictions: M people.
        head_sizes: (N,) pixels, the unit of distance around each true person: 0.6 × the diagonal
            of the head box (PCKh; PoseTrack's evaluator).
    """

    name: str
    frame_names: tuple[str, ...]
    truth: People
    predictions: People
    head_sizes: FloatArray

    def pairs(self) -> tuple[IntArray, IntArray]:
        """(Q,) rows of the truth and (Q,) rows of the predictions: all that share a frame.

        In order of the true row, then of the predicted one.
        """
        n_frames = len(self.frame_names)
        counts = np.bincount(self.predictions.frames, minlength=n_frames)
        starts = np.cumsum(counts) - counts
        frames = self.truth.frames
        return expand(starts[frames], counts[frames])

    def distances(self) -> FloatArray:
        """(Q, J) head sizes between the joints of each of `pairs`; nan = not in both."""
        true, predicted = self.pairs()
        apart = self.truth.keypoints[true] - self.predictions.keypoints[predicted]
        x, y = apart[..., 0], apart[..., 1]
        # In the evaluator's order: what is exactly within reach must not be rounded out of it.
        return np.asarray(np.sqrt(x * x + y * y) / self.head_sizes[true, None])
