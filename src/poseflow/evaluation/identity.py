"""Ids of whole poses: how alike poses are, who is found as whom, IDF1 and the counts beside it.

Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking",
2016; Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance", 2008.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign
from ..geometry import areas, boxes_around
from ..skeletons import skeleton
from .clips import Clip
from .matching import follow, last_found, runs
from .scores import Switch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SIMILAR_FROM: Final = 0.5
"""Similarity from which on a pose is found: TrackEval's and MOTChallenge's."""

HEAD_UNIT: Final = 0.6
"""Head size = this × the diagonal of the head box (`Clip.head_sizes`)."""

MOSTLY: Final = (0.2, 0.8)
"""Below this share of its rows a person is mostly lost, from this on mostly tracked."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Counts of whole poses and their ids; counts of clips add up (`a + b`).

    Attributes:
        id_true_positives: poses found under the one id that their person is given for the clip.
        id_false_negatives: other true poses.
        id_false_positives: other predicted poses.
        misses: true poses that are not found at all.
        false_positives: predicted poses that find nobody.
        switches: poses found under another id than when their person was last found.
        fragmentations: times a person that was found is lost and found again.
        mostly_tracked: people found in at least 80 % of their frames.
        partially_tracked: people between.
        mostly_lost: people found in less than 20 % of their frames.
        people: true ids.
        tracks: predicted ids.
    """

    id_true_positives: int
    id_false_negatives: int
    id_false_positives: int
    misses: int
    false_positives: int
    switches: int
    fragmentations: int
    mostly_tracked: int
    partially_tracked: int
    mostly_lost: int
    people: int
    tracks: int

    def __add__(self, other: Self) -> Self:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return type(self)(*(a + b for a, b in pairs))

    @property
    def idf1(self) -> float:
        """The harmonic mean of `idp` and `idr`, in [0, 1]; 0 where there is nothing."""
        wrong = self.id_false_negatives + self.id_false_positives
        return 2 * self.id_true_positives / max(1, 2 * self.id_true_positives + wrong)

    @property
    def idp(self) -> float:
        """Precision: of the predicted poses the share that has the right id."""
        return self.id_true_positives / max(1, self.id_true_positives + self.id_false_positives)

    @property
    def idr(self) -> float:
        """Recall: of the true poses the share that is found under the right id."""
        return self.id_true_positives / max(1, self.id_true_positives + self.id_false_negatives)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """Who was found as whom in one clip.

    Attributes:
        identity: the counts.
        matched: (N,) the predicted row that each true row was matched with; -1 = none.
        switches: in order of frame, then of row.
    """

    identity: Identity
    matched: IntArray
    switches: tuple[Switch, ...]


def pose_similarity(clip: Clip) -> FloatArray:
    """(Q,) OKS of each of the clip's `pairs`, in [0, 1].

    COCO's: the mean over the joints that the truth has of exp(−d² / (2 s² k²)), k = 2 sigma of
    PoseTrack's 15; a joint that is not predicted counts 0, one that is not annotated not at all.
    COCO's s² is the area of the person's segment, of which PoseTrack knows none: here it is that of
    the tight box around the true joints, and at least half the squared diagonal of the head
    box (a square head), for somebody of whom little more than a head is seen.
    """
    true_row, predicted_row = clip.pairs()
    keypoints = clip.truth.keypoints
    present = ~np.isnan(keypoints).any(axis=-1)
    head_areas = (clip.head_sizes / HEAD_UNIT) ** 2 / 2
    scales = np.fmax(areas(boxes_around(keypoints)), head_areas)
    # COCO's guard (pycocotools, cocoeval.py) against dividing nothing by nothing.
    scales = scales + np.spacing(1)
    variances = scales[:, None] * (2 * skeleton("posetrack-15").sigmas) ** 2
    apart = keypoints[true_row] - clip.predictions.keypoints[predicted_row]
    alike = np.exp((apart**2).sum(axis=-1) / (-2 * variances[true_row]))
    return np.asarray(np.nansum(alike, axis=1) / np.maximum(1, present.sum(axis=1))[true_row])


def identity(
    truth_frames: IntArray,
    truth_ids: IntArray,
    predicted_ids: IntArray,
    true_row: IntArray,
    predicted_row: IntArray,
    similarity: FloatArray,
    *,
    threshold: float = SIMILAR_FROM,
) -> Tracked:
    """Who is found as whom in one clip, and the counts of it.

    IDF1's counts are TrackEval's `Identity` and py-motmetrics'; the others py-motmetrics' of
    distances 1 − similarity (see `follow` for who is found as whom).

    Args:
        truth_frames: (N,) ascending.
        truth_ids: (N,), no two of a frame the same.
        predicted_ids: (M,), no two of a frame the same.
        true_row: (Q,) ascending; with `predicted_row` all pairs that share a frame (`Clip.pairs`).
        predicted_row: (Q,).
        similarity: (Q,) in [0, 1].
        threshold: the least similarity of a pose that is found.
    """
    close = similarity >= threshold
    distance = np.where(close, 1.0 - similarity, np.nan)[:, None]
    matched = follow(truth_frames, truth_ids, predicted_ids, true_row, predicted_row, distance)
    switches = _switches(truth_frames, truth_ids, predicted_ids, matched)
    matched = matched[:, 0]
    found = matched >= 0
    same = _under_one_id(truth_ids[true_row[close]], predicted_ids[predicted_row[close]])
    lost, between, kept, fragmentations = _spans(truth_ids, found)
    counts = Identity(
        id_true_positives=same,
        id_false_negatives=len(truth_ids) - same,
        id_false_positives=len(predicted_ids) - same,
        misses=int(np.count_nonzero(~found)),
        false_positives=len(predicted_ids) - int(np.count_nonzero(found)),
        switches=len(switches),
        fragmentations=fragmentations,
        mostly_tracked=kept,
        partially_tracked=between,
        mostly_lost=lost,
        people=len(np.unique(truth_ids)),
        tracks=len(np.unique(predicted_ids)),
    )
    return Tracked(counts, matched, switches)


def _under_one_id(true_ids: IntArray, predicted_ids: IntArray) -> int:
    """How many of the close pairs (Q,) remain when people and ids are paired for the whole clip."""
    people, person = np.unique(true_ids, return_inverse=True)
    tracks, track = np.unique(predicted_ids, return_inverse=True)
    together = np.zeros((len(people), len(tracks)))
    np.add.at(together, (person, track), 1)
    return int(together[tuple(assign(together).T)].sum())


def _switches(
    frames: IntArray, true_ids: IntArray, predicted_ids: IntArray, matched: IntArray
) -> tuple[Switch, ...]:
    now, last = matched[:, 0], last_found(true_ids, matched)[:, 0]
    again = np.flatnonzero((now >= 0) & (last >= 0))
    rows = again[predicted_ids[now[again]] != predicted_ids[last[again]]]
    columns = frames[rows], true_ids[rows], predicted_ids[last[rows]], predicted_ids[now[rows]]
    return tuple(Switch(*row) for row in zip(*(c.tolist() for c in columns), strict=True))


def _spans(true_ids: IntArray, found: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """People mostly lost, partially and mostly tracked, and how often anybody's track is broken."""
    order = np.argsort(true_ids, kind="stable")
    people = [found[order[start:stop]] for start, stop in runs(true_ids[order])]
    shares = np.array([rows.mean() for rows in people])
    kinds = np.bincount(np.searchsorted(MOSTLY, shares, side="right"), minlength=3).tolist()
    # Each time somebody is found anew, the first time excepted.
    begun = sum(int(rows[0]) + int(np.count_nonzero(rows[1:] > rows[:-1])) for rows in people)
    return kinds[0], kinds[1], kinds[2], begun - sum(bool(rows.any()) for rows in people)
