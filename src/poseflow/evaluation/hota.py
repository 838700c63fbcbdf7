"""HOTA: detection and association weighed alike, over nineteen thresholds of similarity.

Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV 2021; for
joints Döring et al., "PoseTrack21", CVPR 2022.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .clips import Clip
from .matching import best_pairs
from .scores import CORRECT_WITHIN

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ALPHAS = np.arange(0.05, 0.99, 0.05)
"""(19,) the similarities from which on a match counts."""

JOINT_REACH = CORRECT_WITHIN + 0.0001
"""Head sizes at which two joints have similarity 0: what is correct is similar (PoseTrack21)."""

_LEAST = ALPHAS - np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True, eq=False)
class Hota:
    """What was counted at each of the 19 `ALPHAS`: arrays (…, 19), … = () or (J,) for joints.

    Counts of clips add up (`a + b`); the figures, each in [0, 1], are worked out from the sum. The
    number that is printed is the mean over `ALPHAS`. Where there is nothing to count, figures are
    0 and LocA is 1, as TrackEval has it.

    Attributes:
        true_positives: matches that are similar enough.
        false_negatives: true ones without.
        false_positives: predicted ones without.
        similarity: sum over matches.
        association: sum over matches of the share that the two ids have in common.
        association_recall: sum over matches of the share of the true person's rows.
        association_precision: sum over matches of the share of the predicted track's rows.
        fragments: sum over matches of the share that lies in one run: between two
            matches of the true person with another id.
    """

    true_positives: IntArray
    false_negatives: IntArray
    false_positives: IntArray
    similarity: FloatArray
    association: FloatArray
    association_recall: FloatArray
    association_precision: FloatArray
    fragments: FloatArray

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in dataclasses.fields(self)]
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def occurs(self) -> BoolArray:
        """(…) whether the truth has any: of joints that never occur figures say nothing."""
        return np.asarray((self.true_positives + self.false_negatives)[..., 0] > 0)

    @property
    def hota(self) -> FloatArray:
        """(…, 19) the geometric mean of DetA and AssA."""
        return np.sqrt(self.det_a * self.ass_a)

    @property
    def fa_hota(self) -> FloatArray:
        """(…, 19) HOTA that pays for fragments, too: AssA replaced by its mean with FragA."""
        return np.sqrt(self.det_a * np.sqrt(self.ass_a * self.frag_a))

    @property
    def det_a(self) -> FloatArray:
        """(…, 19) detection accuracy."""
        return self._of(self.true_positives + self.false_negatives + self.false_positives)

    @property
    def det_re(self) -> FloatArray:
        """(…, 19) detection recall."""
        return self._of(self.true_positives + self.false_negatives)

    @property
    def det_pr(self) -> FloatArray:
        """(…, 19) detection precision."""
        return self._of(self.true_positives + self.false_positives)

    @property
    def ass_a(self) -> FloatArray:
        """(…, 19) association accuracy."""
        return self._mean(self.association)

    @property
    def ass_re(self) -> FloatArray:
        """(…, 19) association recall."""
        return self._mean(self.association_recall)

    @property
    def ass_pr(self) -> FloatArray:
        """(…, 19) association precision."""
        return self._mean(self.association_precision)

    @property
    def frag_a(self) -> FloatArray:
        """(…, 19) association accuracy of the unbroken pieces."""
        return self._mean(self.fragments)

    @property
    def loc_a(self) -> FloatArray:
        """(…, 19) localisation accuracy: the mean similarity of what is matched."""
        return np.where(self.true_positives > 0, self._mean(self.similarity), 1.0)

    def figures(self) -> dict[str, float]:
        """Each figure by its name: the mean over `ALPHAS`, and over the joints that occur.

        nan = nothing occurs.
        """
        curves = {
            "HOTA": self.hota, "DetA": self.det_a, "AssA": self.ass_a, "LocA": self.loc_a,
            "DetRe": self.det_re, "DetPr": self.det_pr, "AssRe": self.ass_re,
            "AssPr": self.ass_pr, "FragA": self.frag_a, "FA-HOTA": self.fa_hota,
        }  # fmt: skip
        occurs = self.occurs
        if not occurs.any():
            return dict.fromkeys(curves, np.nan)
        return {name: float(curve[occurs].mean()) for name, curve in curves.items()}

    def _of(self, count: IntArray) -> FloatArray:
        return np.asarray(self.true_positives / np.maximum(1, count))

    def _mean(self, total: FloatArray) -> FloatArray:
        return np.asarray(total / np.maximum(1, self.true_positives))


def hota(
    truth_frames: IntArray,
    truth_ids: IntArray,
    predicted_frames: IntArray,
    predicted_ids: IntArray,
    true_row: IntArray,
    predicted_row: IntArray,
    similarity: FloatArray,
) -> Hota:
    """HOTA of one clip, as TrackEval computes it; counts of shape (19,).

    In every frame the pairing is taken in which similarity, weighed by how well the two ids agree
    over the whole clip, is largest; it is the same for all `ALPHAS`.

    Args:
        truth_frames: (N,) ascending.
        truth_ids: (N,), no two of a frame the same.
        predicted_frames: (M,) ascending.
        predicted_ids: (M,), no two of a frame the same.
        true_row: (Q,) with `predicted_row` all pairs that share a frame (`Clip.pairs`).
        predicted_row: (Q,).
        similarity: (Q,) in [0, 1].
    """
    people, person = np.unique(truth_ids, return_inverse=True)
    tracks, track = np.unique(predicted_ids, return_inverse=True)
    pair = person[true_row] * len(tracks) + track[predicted_row]
    # How much of what surrounds a pair is the pair itself: 1 where nobody else is near.
    in_row = np.bincount(true_row, similarity)[true_row]
    in_column = np.bincount(predicted_row, similarity)[predicted_row]
    around = in_row + in_column - similarity
    alone = np.divide(
        similarity, around, out=np.zeros(len(pair)), where=around > np.finfo(np.float64).eps
    )
    together = np.bincount(pair, alone, minlength=len(people) * len(tracks))
    either = np.add.outer(np.bincount(person), np.bincount(track)).ravel() - together
    score = together[pair] / either[pair] * similarity
    edges = np.flatnonzero(score > 0)
    true_row, predicted_row = true_row[edges], predicted_row[edges]
    taken = best_pairs(truth_frames[true_row], true_row, predicted_row, score[edges])
    counted = _count(
        (truth_ids, np.ones((len(truth_ids), 1), dtype=np.bool_)),
        (predicted_ids, np.ones((len(predicted_ids), 1), dtype=np.bool_)),
        true_row[taken],
        predicted_row[taken],
        np.zeros(np.count_nonzero(taken), dtype=np.int64),
        similarity[edges][taken],
    )
    names = [field.name for field in dataclasses.fields(Hota)]
    return Hota(*(getattr(counted, name)[0] for name in names))


def joint_hota(clip: Clip) -> Hota:
    """HOTA of each joint as PoseTrack21 computes it; counts of shape (J, 19).

    Joints at d head sizes have similarity max(0, 1 − d / 0.5001). In every frame and for every
    joint the pairing with the largest sum of similarities is taken, whatever the ids.

    """
    true_row, predicted_row = clip.pairs()
    similarity = 1.0 - clip.distances() / JOINT_REACH
    pair, joint = np.nonzero(similarity > 0)
    row, column, alike = true_row[pair], predicted_row[pair], similarity[pair, joint]
    group = clip.truth.frames[row] * similarity.shape[1] + joint
    taken = best_pairs(group, row, column, alike)
    true_joints, predicted_joints = _joints(clip)
    return _count(
        (clip.truth.track_ids, true_joints),
        (clip.predictions.track_ids, predicted_joints),
        row[taken],
        column[taken],
        joint[taken],
        alike[taken],
    )


def _joints(clip: Clip) -> tuple[BoolArray, BoolArray]:
    """(N, J) and (M, J) which joints true and predicted people have."""
    true, predicted = (
        ~np.isnan(people.keypoints[..., 0]) for people in (clip.truth, clip.predictions)
    )
    return true, predicted


def as_printed(counted: Hota, clip: Clip) -> Hota:
    """What PoseTrack21's evaluator makes of the counts of `joint_hota`.

    For a frame without predicted people it takes as missed *all joints of the clip's truth*, and
    for a frame without true people all joints that were predicted in the clip as false.
    """
    if not len(clip.truth) or not len(clip.predictions):
        return counted
    true_joints, predicted_joints = _joints(clip)
    n_frames = len(clip.frame_names)
    no_truth = np.bincount(clip.truth.frames, minlength=n_frames) == 0
    no_predictions = ~no_truth & (np.bincount(clip.predictions.frames, minlength=n_frames) == 0)
    extra = []
    for people, joints, empty in (
        (clip.truth, true_joints, no_predictions),
        (clip.predictions, predicted_joints, no_truth),
    ):
        all_of_clip = joints.sum(axis=0) * np.count_nonzero(empty)
        extra.append(all_of_clip - joints[empty[people.frames]].sum(axis=0))
    return dataclasses.replace(
        counted,
        false_negatives=counted.false_negatives + extra[0][:, None],
        false_positives=counted.false_positives + extra[1][:, None],
    )


def _count(
    truth: tuple[IntArray, BoolArray],
    predictions: tuple[IntArray, BoolArray],
    row: IntArray,
    column: IntArray,
    joint: IntArray,
    similarity: FloatArray,
) -> Hota:
    """The counts (J, 19) of E matches.

    Args:
        truth: ids (N,) and which of J joints there are (N, J).
        predictions: ids (M,) and which of J joints there are (M, J).
        row: (E,) true row of each match; of one joint ascending with the frame.
        column: (E,) predicted row.
        joint: (E,).
        similarity: (E,).
    """
    n_joints = truth[1].shape[1]
    person, person_rows = _rows_of_ids(*truth)
    track, track_rows = _rows_of_ids(*predictions)
    # A match counts at the first `level` of the alphas.
    level = np.searchsorted(_LEAST, similarity, side="right")
    positives = _at_alphas(joint, level, n_joints).astype(np.int64)
    whom = joint * len(person_rows) + person[row]
    pairs, pair = np.unique(whom * len(track_rows) + track[column], return_inverse=True)
    pair_joint, rest = np.divmod(pairs, len(person_rows) * len(track_rows))
    in_truth = person_rows[rest // len(track_rows), pair_joint][:, None]
    in_predictions = track_rows[rest % len(track_rows), pair_joint][:, None]
    common = _at_alphas(pair, level, len(pairs))
    union = in_truth + in_predictions - common
    fragments = _squared_fragments(pair, whom, row, level, len(pairs))

    def summed(values: FloatArray) -> FloatArray:
        total = np.zeros((n_joints, len(ALPHAS)))
        np.add.at(total, pair_joint, values)
        return total

    return Hota(
        true_positives=positives,
        false_negatives=truth[1].sum(axis=0)[:, None] - positives,
        false_positives=predictions[1].sum(axis=0)[:, None] - positives,
        similarity=_at_alphas(joint, level, n_joints, similarity),
        association=summed(common * common / union),
        association_recall=summed(common * common / in_truth),
        association_precision=summed(common * common / in_predictions),
        fragments=summed(fragments / union),
    )


def _rows_of_ids(ids: IntArray, present: BoolArray) -> tuple[IntArray, IntArray]:
    """(N,) each row's id, numbered from 0, and (I, J) the rows in which an id has a joint."""
    distinct, number = np.unique(ids, return_inverse=True)
    rows = np.zeros((len(distinct), present.shape[1]), dtype=np.int64)
    np.add.at(rows, number, present)
    return number, rows


def _at_alphas(
    item: IntArray, level: IntArray, n_items: int, weights: FloatArray | None = None
) -> FloatArray:
    """(I, 19) how many of the matches (E,) of each item count at each alpha, or their weights."""
    n_levels = len(ALPHAS) + 1
    by_level = np.bincount(item * n_levels + level, weights, minlength=n_items * n_levels)
    from_above = by_level.reshape(n_items, n_levels)[:, :0:-1].cumsum(axis=1)
    return np.asarray(from_above[:, ::-1], dtype=np.float64)


def _squared_fragments(
    pair: IntArray, whom: IntArray, row: IntArray, level: IntArray, n_pairs: int
) -> FloatArray:
    """(P, 19) the sum of squared lengths of a pair's runs, at each alpha.

    A run goes on until the true person is matched with another id; misses do not end it.

    Args:
        pair: (E,) joint, person and track of each match, numbered from 0.
        whom: (E,) joint and person, as a number.
        row: (E,) true row; of one person ascending with the frame.
        level: (E,).
        n_pairs: P.
    """
    order = np.lexsort((row, whom))
    squared = np.zeros((n_pairs, len(ALPHAS)))
    for alpha in range(len(ALPHAS)):
        counts = pair[order[level[order] > alpha]]
        # A pair's number tells the person's, too.
        stops = np.flatnonzero(np.diff(counts, append=-1)) + 1
        lengths = np.diff(stops, prepend=0)
        squared[:, alpha] = np.bincount(counts[stops - 1], lengths**2, minlength=n_pairs)
    return squared
