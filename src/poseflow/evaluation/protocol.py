"""Which people, joints and frames are judged: from a truth and predictions to a `Clip`.

Two protocols. `poseval` is what PoseTrack's evaluator does, quirk by quirk; `strict` is the plain
reading of the metrics' definitions. docs/evaluation.md tells both apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geometry import points_in_polygon
from ..poses import NO_ID, Poses, Sequence
from ..skeletons import Skeleton, skeleton
from ..skeletons.mapping import map_keypoints
from ..truth import Truth, with_head_boxes
from .clips import Clip, People

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Protocol = Literal["poseval", "strict"]

JOINTS: Final = "posetrack-15"
HEAD_UNIT: Final = 0.6
"""Head size = this × the diagonal of the head box (PCKh; PoseTrack's evaluator)."""

NO_SCORE: Final = -9999.0
"""What PoseTrack's evaluator takes for the score of a joint that has none: it comes last."""

MOST_IDS: Final = 10_000
"""PoseTrack's evaluator makes ids of all sequences unique by this stride."""


class Facts(NamedTuple):
    """How often a clip met a rule that a reader should know of; those of clips add up.

    Attributes:
        frames: that are judged.
        nobody: labelled frames with nobody in the annotation.
        free: predicted poses in these.
        unpredicted: tracked frames with people and without any prediction.
        emptied: tracked frames without a true joint to judge; in poseval they had people.
        derived_heads: true people whose head box was made from their joints.
        unscored: predicted joints without a score.
        nameless: true people without an id, each of whom counts as another.
        unnamed: predictions without an id, each of which is a track of one frame.
    """

    frames: int
    nobody: int
    free: int
    unpredicted: int
    emptied: int
    derived_heads: int
    unscored: int
    nameless: int
    unnamed: int


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a protocol makes of one clip.

    Attributes:
        clip: the frames that count for mAP, and, but for `untracked`, for everything.
        untracked: (F,) frames that do not count for MOTA.
        dummies: (F,) frames that count in MOTA as one joint missed and one made up, whoever is
            or is not there.
        facts: what was left out or settled.
    """

    clip: Clip
    untracked: BoolArray
    dummies: BoolArray
    facts: Facts


def judge(truth: Truth, predictions: Sequence, protocol: Protocol) -> Judged:
    """The people, joints and frames that are judged.

    Raises:
        InputError: frames do not fit, an id is twice in a frame or (poseval) out of range, or a
            true person has neither a head box nor the joints to make one.
    """
    partner = aligned(truth.sequence, predictions, protocol)
    derived = sum(int(np.count_nonzero(np.isnan(b[:, 0]))) for b in truth.head_boxes)
    truth = with_head_boxes(truth) if derived else truth
    counted = _counted(truth, protocol)
    chosen = np.flatnonzero(counted)
    true, heads = _true_people(truth, chosen, protocol)
    predicted = _people(predictions, partner[chosen], protocol)
    here = {int(f): i for i, f in enumerate(chosen)}
    polygons = [(here[f], p) for f in here for p in truth.ignored[f]]
    true, keep = _without_ignored(true, polygons)
    heads = heads[keep]
    predicted, _ = _without_ignored(predicted, polygons)
    unscored = np.isnan(predicted.scores) & ~np.isnan(predicted.keypoints[..., 0])
    scores = np.where(np.isnan(predicted.scores), NO_SCORE, predicted.scores)
    predicted = People(predicted.frames, predicted.keypoints, scores, predicted.track_ids)
    n = len(chosen)
    no_truth, none_predicted = (
        np.bincount(side.frames, minlength=n) == 0 for side in (true, predicted)
    )
    untracked, dummies = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    if protocol == "poseval" and n:
        untracked[-1] = True
        dummies = (no_truth | none_predicted) & ~untracked
    names = truth.sequence.image_names
    clip = Clip(
        name=truth.sequence.name,
        frame_names=tuple(names[i] for i in chosen.tolist()),
        truth=true,
        predictions=predicted,
        head_sizes=heads,
    )
    nobody = np.flatnonzero(_empty(truth) & truth.labelled)
    facts = Facts(
        frames=n,
        nobody=len(nobody),
        free=sum(len(predictions.frames[i]) for i in partner[nobody].tolist() if i >= 0),
        unpredicted=int(np.count_nonzero(none_predicted & ~no_truth & ~untracked)),
        emptied=int(np.count_nonzero(no_truth & ~untracked)),
        derived_heads=derived,
        unscored=int(np.count_nonzero(unscored)),
        nameless=_without_id(truth.sequence, chosen),
        unnamed=_without_id(predictions, partner[chosen]),
    )
    return Judged(clip, untracked, dummies, facts)


def _without_id(sequence: Sequence, frames: IntArray) -> int:
    """How many poses of some frames have no id."""
    some = (sequence.frames[i].track_ids for i in frames.tolist() if i >= 0)
    return sum(int(np.count_nonzero(ids == NO_ID)) for ids in some)


def _empty(truth: Truth) -> BoolArray:
    """(F,) frames in whose annotation there is nobody."""
    return np.array([len(poses) == 0 for poses in truth.sequence.frames], dtype=np.bool_)


def _counted(truth: Truth, protocol: Protocol) -> BoolArray:
    """(F,) which frames are judged."""
    return ~_empty(truth) if protocol == "poseval" else truth.labelled


# ---------------------------------------------------------------- frames


def aligned(truth: Sequence, predictions: Sequence, protocol: Protocol) -> IntArray:
    """(F,) for each true frame the predicted one; -1 = none, which only `strict` allows.

    Frames go by their names (the last part, without its suffix, will do); by their order where
    either side has no names.

    Raises:
        InputError: poseval: the frames are not the truth's in its order. strict: a predicted frame
            is not in the truth.
    """
    n, m = len(truth), len(predictions)
    where = _origin(predictions)
    named = any(truth.image_names) and any(predictions.image_names)
    if protocol == "poseval" or not named:
        if n != m:
            raise InputError(
                f"{where}: expected the {n} frames of the truth {_origin(truth)}, got {m}"
                + (f"{_unlike(truth, predictions)} (strict goes by their names)" if named else "")
            )
        if named:
            pairs = zip(truth.image_names, predictions.image_names, strict=True)
            for i, (true, predicted) in enumerate(pairs):
                if true != predicted and _stem(true) != _stem(predicted):
                    raise InputError(
                        f"{where}: frame {i + 1}: expected {true!r} as in the truth "
                        f"{_origin(truth)}, got {predicted!r}"
                    )
        return np.arange(n)
    place = {_stem(name): i for i, name in enumerate(truth.image_names)}
    partner = np.full(n, -1, dtype=np.int64)
    for i, name in enumerate(predictions.image_names):
        at = place.get(_stem(name))
        if at is None or partner[at] >= 0:
            problem = "which has no such frame" if at is None else "each once, got it twice"
            raise InputError(
                f"{where}: frame {i + 1}: {name!r}: expected a frame of the truth "
                f"{_origin(truth)}, {problem}"
            )
        partner[at] = i
    return partner


def _unlike(truth: Sequence, predictions: Sequence) -> str:
    """The first frame that one side has and the other has not; "" = both have the same."""
    names = truth.image_names, predictions.image_names
    true, predicted = ({_stem(name): name for name in reversed(side)} for side in names)
    lacking = [name for stem, name in reversed(true.items()) if stem not in predicted]
    beside = [name for stem, name in reversed(predicted.items()) if stem not in true]
    if lacking:
        return f", without {lacking[0]!r}"
    return f", with {beside[0]!r}" if beside else ""


def _stem(name: str) -> str:
    return PurePath(name).stem


def _origin(sequence: Sequence) -> str:
    return sequence.source.path if sequence.source else sequence.name or "poses"


# ---------------------------------------------------------------- people


def _true_people(truth: Truth, chosen: IntArray, protocol: Protocol) -> tuple[People, FloatArray]:
    """The annotated people of the chosen frames, and their head sizes."""
    people = _people(truth.sequence, chosen, protocol)
    boxes = np.concatenate([np.empty((0, 4)), *(truth.head_boxes[i] for i in chosen.tolist())])
    extent = boxes[:, 2:] - boxes[:, :2]
    sizes = HEAD_UNIT * np.hypot(extent[:, 0], extent[:, 1])
    for row in np.flatnonzero(~(sizes > 0) & ~_pointless(people)).tolist():
        frame = int(chosen[people.frames[row]])
        raise InputError(
            f"{_origin(truth.sequence)}: {_frame(truth.sequence, frame)}: person with track id "
            f"{people.track_ids[row]}: expected a head box of some size, or neck and head top to "
            "make one from, got neither"
        )
    keep = ~_pointless(people)
    return people[keep], sizes[keep]


def _people(sequence: Sequence, frames: IntArray, protocol: Protocol) -> People:
    """All people of some frames (-1 = a frame without any), joints by PoseTrack's names.

    Who has no id is a track of one frame.
    """
    own = skeleton(JOINTS)
    empty = Poses.empty(len(sequence.skeleton))
    some = [empty if i < 0 else sequence.frames[i] for i in frames.tolist()]
    counts = np.array([len(poses) for poses in some], dtype=np.int64)
    keypoints = np.concatenate([empty.keypoints, *(poses.keypoints for poses in some)])
    scores = np.concatenate([empty.keypoint_scores, *(poses.keypoint_scores for poses in some)])
    keypoints, scores = _mapped(keypoints, scores, sequence.skeleton, own)
    # As in the file: clips of other scales are put in one order with this one.
    scores = scores * sequence.score_scales[0]
    ids = np.concatenate([empty.track_ids, *(poses.track_ids for poses in some)])
    at = np.repeat(np.arange(len(some)), counts)
    _check_ids(ids, frames[at], sequence, MOST_IDS if protocol == "poseval" else None)
    none = ids == NO_ID
    ids[none] = max(int(ids.max(initial=0)), MOST_IDS) + 1 + np.arange(np.count_nonzero(none))
    return People(at, keypoints, scores, ids)


def _mapped(
    keypoints: FloatArray, scores: FloatArray, source: Skeleton, own: Skeleton
) -> tuple[FloatArray, FloatArray]:
    if source.keypoints == own.keypoints:
        return keypoints, scores
    return map_keypoints(keypoints, scores, source, own)


def _pointless(people: People) -> BoolArray:
    """(N,) who has not a single joint."""
    return np.asarray(np.isnan(people.keypoints[..., 0]).all(axis=1))


def _check_ids(ids: IntArray, frames: IntArray, sequence: Sequence, most: int | None) -> None:
    """Refuse an id that is twice in a frame, or not one of the `most` that there may be."""
    order = np.lexsort((ids, frames))
    twice = (np.diff(frames[order]) == 0) & (np.diff(ids[order]) == 0) & (ids[order][1:] != NO_ID)
    wrong = [(i, "each once", "twice") for i in order[1:][twice].tolist()]
    if most is not None:
        beyond = np.flatnonzero(ids > most).tolist()
        at_most = f"at most {_shown(most, sequence)} (strict takes any)"
        wrong += [(i, at_most, "") for i in beyond]
    for i, expected, how in wrong:
        raise InputError(
            f"{_origin(sequence)}: {_frame(sequence, int(frames[i]))}: track id: "
            f"expected {expected}, got {_shown(int(ids[i]), sequence)} {how}".rstrip()
        )


def _shown(track_id: int, sequence: Sequence) -> int:
    """An id as the file has it: PoseTrack's count from 0."""
    theirs = sequence.source is not None and sequence.source.format.startswith("posetrack")
    return track_id - int(theirs)


def _frame(sequence: Sequence, i: int) -> str:
    name = sequence.image_names[i]
    return f"frame {i + 1} ({name})" if name else f"frame {i + 1}"


def _without_ignored(
    people: People, polygons: list[tuple[int, FloatArray]]
) -> tuple[People, BoolArray]:
    """Without the joints in ignored regions and whoever has none left; and (N,) who stays."""
    keypoints = people.keypoints
    if polygons:
        keypoints = keypoints.copy()
        for frame, polygon in polygons:
            rows = slice(*np.searchsorted(people.frames, [frame, frame + 1]))
            inside = points_in_polygon(keypoints[rows].reshape(-1, 2), polygon)
            keypoints[rows][inside.reshape(-1, keypoints.shape[1])] = np.nan
    people = People(people.frames, keypoints, people.scores, people.track_ids)
    keep = ~_pointless(people)
    return people[keep], keep
