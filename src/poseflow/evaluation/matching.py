"""Who is matched with whom: in every frame alone, and along a clip as CLEAR MOT has it.

An *edge* joins a true and a predicted row of one frame that may be matched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..assignment import assign

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def best_pairs(group: IntArray, row: IntArray, column: IntArray, score: FloatArray) -> BoolArray:
    """Of E edges those that are taken: in each group the pairing with the largest sum of scores.

    Args:
        group: (E,) what is solved by itself, such as a frame.
        row: (E,) one end of each edge.
        column: (E,) the other.
        score: (E,) greater than 0.

    Returns:
        (E,). Of pairings that are equally good the solver chooses.
    """
    in_row, row_edges = _places(group, row)
    in_column, column_edges = _places(group, column)
    # Most edges have no rival; they are in every best pairing.
    taken = (row_edges == 1) & (column_edges == 1)
    rivals = np.flatnonzero(~taken)
    rivals = rivals[np.argsort(group[rivals], kind="stable")]
    for start, stop in runs(group[rivals]):
        edges = rivals[start:stop]
        at = in_row[edges], in_column[edges]
        # Isolated edges leave gaps, rows and columns of zeros, which do no harm.
        shape = int(at[0].max()) + 1, int(at[1].max()) + 1
        scores, edge = np.zeros(shape), np.full(shape, -1)
        scores[at], edge[at] = score[edges], edges
        chosen = edge[tuple(assign(scores).T)]
        taken[chosen[chosen >= 0]] = True
    return np.asarray(taken)


def _places(group: IntArray, item: IntArray) -> tuple[IntArray, IntArray]:
    """(E,) each item's place among the items of its group, and (E,) how often it occurs there."""
    if not len(item):
        return item, item
    span = int(item.max()) + 1
    keys, inverse, counts = np.unique(group * span + item, return_inverse=True, return_counts=True)
    return inverse - np.searchsorted(keys, group * span), counts[inverse]


def follow(
    true_frames: IntArray,
    true_ids: IntArray,
    predicted_ids: IntArray,
    true_row: IntArray,
    predicted_row: IntArray,
    distance: FloatArray,
) -> IntArray:
    """Match truth with predictions frame after frame as CLEAR MOT does, each of J joints alone.

    In each frame a true person first keeps the predicted id that it was last matched with, however
    long ago that was (of two who claim the same, the earlier row). Among the others as many as
    possible are matched, at the least sum of distances (Bernardin and Stiefelhagen 2008, as
    py-motmetrics' `MOTAccumulator` has it).

    Args:
        true_frames: (N,) ascending.
        true_ids: (N,), no two of a frame the same.
        predicted_ids: (M,), no two of a frame the same.
        true_row: (Q,) ascending; with `predicted_row` all pairs that share a frame.
        predicted_row: (Q,).
        distance: (Q, J); nan = must not be matched. For whole poses J = 1.

    Returns:
        (N, J) the predicted row that each true row is matched with; -1 = none.
    """
    pair, joint = np.nonzero(np.isfinite(distance))
    row, column, apart = true_row[pair], predicted_row[pair], distance[pair, joint]
    frame = true_frames[row]
    people, person = np.unique(true_ids, return_inverse=True)
    matched = np.full((len(true_ids), distance.shape[1]), -1)
    last = np.full((len(people), distance.shape[1]), -1)
    # An edge without rivals is taken whatever was before: only the others need to go in order.
    alone = (_count_of(row, joint) == 1) & (_count_of(column, joint) == 1)
    sure, rivals = np.flatnonzero(alone), np.flatnonzero(~alone)
    matched[row[sure], joint[sure]] = column[sure]
    seen = 0
    for start, stop in runs(frame[rivals]):
        edges = rivals[start:stop]
        upto = np.searchsorted(frame[sure], frame[edges[0]])
        passed, seen = sure[seen:upto], upto
        # In order of frame, and so the latest remains.
        last[person[row[passed]], joint[passed]] = column[passed]
        r, c, j = row[edges], column[edges], joint[edges]
        before = last[person[r], j]
        claimed = (before >= 0) & (predicted_ids[before] == predicted_ids[c])
        taken = _matched_now(j, r, c, apart[edges], claimed)
        r, c, j = r[taken], c[taken], j[taken]
        matched[r, j] = last[person[r], j] = c
    return matched


def _count_of(item: IntArray, joint: IntArray) -> IntArray:
    """(E,) how many edges have the same item and joint."""
    if not len(item):
        return item
    keys = item * (int(joint.max()) + 1) + joint
    return np.asarray(np.bincount(keys)[keys])


def _matched_now(
    joint: IntArray, row: IntArray, column: IntArray, apart: FloatArray, claimed: BoolArray
) -> BoolArray:
    """(E,) which edges of one frame are taken; `claimed`: (E,) those that were matched before."""
    n_joints, first = int(joint.max()) + 1, int(column.min())
    places = (row - row[0]) * n_joints + joint, (column - first) * n_joints + joint
    row_taken, column_taken = (np.zeros(int(place.max()) + 1, dtype=np.bool_) for place in places)
    taken = np.zeros(len(row), dtype=np.bool_)
    for edge in np.flatnonzero(claimed).tolist():
        if not column_taken[places[1][edge]]:
            taken[edge] = row_taken[places[0][edge]] = column_taken[places[1][edge]] = True
    free = np.flatnonzero(~row_taken[places[0]] & ~column_taken[places[1]])
    if len(free):
        # Worth so much that one match more outweighs all distances.
        worth = 1.0 + len(free) * float(apart[free].max())
        taken[free[best_pairs(joint[free], row[free], column[free], worth - apart[free])]] = True
    return taken


def last_found(true_ids: IntArray, matched: IntArray) -> IntArray:
    """(N, J) what each true person was matched with when last found before; -1 = never.

    Args:
        true_ids: (N,) in order of frames.
        matched: (N, J) of `follow`.
    """
    result = np.full_like(matched, -1)
    order = np.argsort(true_ids, kind="stable")
    for start, stop in runs(true_ids[order]):
        rows = order[start:stop]
        # The place of the latest match up to and including each row.
        places = np.where(matched[rows] >= 0, np.arange(len(rows))[:, None], -1)
        latest = np.maximum.accumulate(places, axis=0)[:-1]
        found = np.take_along_axis(matched[rows], np.maximum(latest, 0), axis=0)
        result[rows[1:]] = np.where(latest >= 0, found, -1)
    return result


def runs(values: IntArray) -> list[tuple[int, int]]:
    """Start and stop of each run of equal values in (E,)."""
    if not len(values):
        return []
    stops = [*(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    return list(zip([0, *stops[:-1]], stops, strict=True))
