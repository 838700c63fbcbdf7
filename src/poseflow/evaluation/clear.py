"""MOTA and MOTP of joints: CLEAR MOT for each of them alone.

Bernardin and Stiefelhagen, *Evaluating Multiple Object Tracking Performance*, 2008, as PoseTrack's
evaluator takes it from py-motmetrics; within reach is PCKh@0.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..poses import NO_ID
from .clips import Clip
from .matching import follow, last_found
from .scores import CORRECT_WITHIN, Clear

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def clear(clip: Clip, distances: FloatArray, untracked: BoolArray, dummies: BoolArray) -> Clear:
    """The counts of one clip.

    Args:
        clip: what is judged.
        distances: (Q, J) of `clip.distances()`.
        untracked: (F,) frames that do not count.
        dummies: (F,) frames that count as one joint missed and one made up, whoever is there.
    """
    truth, predictions = clip.truth, clip.predictions
    true_row, predicted_row = clip.pairs()
    out = untracked | dummies
    counted = ~out[truth.frames]
    distances = np.where(counted[true_row, None], distances, np.nan)
    distances[distances > CORRECT_WITHIN] = np.nan
    matched = follow(
        truth.frames, truth.track_ids, predictions.track_ids, true_row, predicted_row, distances
    )
    present = ~np.isnan(truth.keypoints[..., 0]) & counted[:, None]
    there = ~np.isnan(predictions.keypoints[..., 0]) & ~out[predictions.frames][:, None]
    n_dummies = int(np.count_nonzero(dummies))
    found = matched >= 0
    n_found = found.sum(axis=0)
    last = last_found(truth.track_ids, matched)
    # The last of these is that of row -1, which is no prediction.
    ids_of_rows = np.append(predictions.track_ids, NO_ID)
    ids = ids_of_rows[matched]
    anew = found & (ids != ids_of_rows[last])
    switched = anew & (last >= 0)
    apart = np.zeros(matched.shape)
    pair, joint = np.nonzero(predicted_row[:, None] == matched[true_row])
    apart[true_row[pair], joint] = distances[pair, joint]
    again = _rows_again(truth.track_ids, ids, found, anew, last < 0)
    return Clear(
        objects=present.sum(axis=0) + n_dummies,
        misses=present.sum(axis=0) - n_found + n_dummies,
        false_positives=there.sum(axis=0) - n_found + n_dummies,
        switches=switched.sum(axis=0),
        fragmentations=_fragmentations(truth.track_ids, present, found),
        distance=apart.sum(axis=0),
        doubled_distance=(apart * (1 + again)).sum(axis=0) + np.nansum(distances, axis=0),
    )


def _rows_again(
    track_ids: IntArray, ids: IntArray, found: BoolArray, anew: BoolArray, first: BoolArray
) -> IntArray:
    """(N, J) how many rows beside its own py-motmetrics 1.4 writes of a match, each with distance.

    One if a person switches to an id that nobody had yet (ASCEND), one if the id was last taken
    up by somebody else (TRANSFER), and one more if the person had none before (MIGRATE).

    Args:
        track_ids: (N,) of the true people, in order of frames.
        ids: (N, J) that they are matched with.
        found: (N, J) where they are.
        anew: (N, J) whether the match is another than the person's last.
        first: (N, J) whether it is the person's first.
    """
    rows = np.zeros(found.shape, dtype=np.int64)
    row, joint = _by_group(found, ids)
    begins = _differs(joint, ids[row, joint])
    ascends = anew[row, joint] & ~first[row, joint] & begins
    rows[row[ascends], joint[ascends]] += 1
    row, joint = _by_group(anew, ids)
    begins = _differs(joint, ids[row, joint])
    transfers = ~begins & _differs(track_ids[row])
    row, joint = row[transfers], joint[transfers]
    rows[row, joint] += 1 + first[row, joint]
    return rows


def _fragmentations(track_ids: IntArray, present: BoolArray, found: BoolArray) -> IntArray:
    """(J,) how often a joint that was found is lost and found again, while it is annotated."""
    n_joints = present.shape[1]
    row, joint = _by_group(present, np.broadcast_to(track_ids[:, None], present.shape))
    is_found, begins = found[row, joint], _differs(joint, track_ids[row])
    anew = is_found & (begins | ~np.roll(is_found, 1))
    row, joint = row[is_found], joint[is_found]
    first = _differs(joint, track_ids[row])
    anew_of = np.flatnonzero(anew[is_found])
    again = np.bincount(joint[anew_of], minlength=n_joints)
    return again - np.bincount(joint[first], minlength=n_joints)


def _by_group(chosen: BoolArray, groups: IntArray) -> tuple[IntArray, IntArray]:
    """Rows (C,) and joints (C,) of the chosen (N, J), by joint, then by group (N, J), then row."""
    joint, row = chosen.T.nonzero()
    group = groups[row, joint]
    # Rows are in order: the sort keeps them so.
    order = np.argsort(joint * (1 + int(group.max(initial=0))) + group, kind="stable")
    return row[order], joint[order]


def _differs(*keys: IntArray) -> BoolArray:
    """(C,) where any key (C,) is another than just before; the first is."""
    differs = np.ones(len(keys[0]), dtype=np.bool_)
    if len(differs):
        differs[1:] = np.logical_or.reduce([np.diff(key) != 0 for key in keys])
    return differs
