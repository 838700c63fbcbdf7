"""From truths and predictions to the figures: each clip by itself, and all of them together."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import Sequence
from ..skeletons import skeleton
from ..truth import Truth
from .clear import clear
from .hota import Hota, as_printed, hota, joint_hota
from .identity import Identity, identity, pose_similarity
from .notes import notes
from .oracle import perfect_ids
from .precision import Grades, average_precision, grade
from .protocol import JOINTS, Facts, Judged, Protocol, judge
from .scores import Clear, Precision, Switch

Counts = TypeVar("Counts")
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """The figures of a clip, or of all of them.

    Attributes:
        name: of the clip; "total".
        precision: of the detections: mAP.
        clear: of the tracks, joint by joint: MOTA, MOTP.
        poses: HOTA of whole poses, by OKS; None = not asked for, as are the next three.
        joints: HOTA of joints.
        printed_joints: the same as PoseTrack21's evaluator prints it.
        identity: IDF1 and its kin of whole poses.
    """

    name: str
    precision: Precision
    clear: Clear
    poses: Hota | None = None
    joints: Hota | None = None
    printed_joints: Hota | None = None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Who was when found as whom in a clip: what a picture of it needs.

    Attributes:
        frame_names: of the F frames that were judged.
        true_frames: (N,) the frame of each true person.
        true_ids: (N,).
        predicted_frames: (M,) the frame of each prediction.
        predicted_ids: (M,).
        matched: (N,) the prediction that each true person was found as; -1 = missed.
        switches: in order of frame.
    """

    frame_names: tuple[str, ...]
    true_frames: IntArray
    true_ids: IntArray
    predicted_frames: IntArray
    predicted_ids: IntArray
    matched: IntArray
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All figures of some clips.

    Attributes:
        protocol: by which they were judged.
        joints: names of the J joints.
        sequences: a score for each clip, in the order they came.
        total: of all clips together.
        oracle_sequences: the same detections with perfect association; () = not asked for.
        oracle: of all clips together; None = not asked for.
        lives: of each clip; () = not asked for.
        notes: sentences: what was left out or settled, and where the protocols differ here.
    """

    protocol: Protocol
    joints: tuple[str, ...]
    sequences: tuple[Score, ...]
    total: Score
    oracle_sequences: tuple[Score, ...]
    oracle: Score | None
    lives: tuple[Lives, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What one clip adds to an evaluation.

    Attributes:
        protocol: by which it was judged.
        grades: of its detections.
        facts: what was left out or settled.
        score: its own figures.
        oracle: the same detections with perfect association; None = not asked for, as is `lives`.
        lives: who was found as whom.
    """

    protocol: Protocol
    grades: Grades
    facts: Facts
    score: Score
    oracle: Score | None
    lives: Lives | None


def evaluate(
    pairs: Iterable[tuple[Truth, Sequence]],
    protocol: Protocol = "poseval",
    *,
    identities: bool = True,
) -> Evaluation:
    """Judge the predictions of each clip by its truth.

    Args:
        pairs: truth and predictions of each clip; read one by one, and not kept.
        protocol: "poseval" equals PoseTrack's evaluator, quirks included; "strict" counts every
            frame.
        identities: also HOTA, IDF1 and the oracle; else mAP and MOTA only, in a third of the time.

    Raises:
        InputError: there is no clip; frames do not fit; an id is twice in a frame; a true person
            has no head.
    """
    return together(
        examine(truth, predictions, protocol, identities=identities) for truth, predictions in pairs
    )


def examine(
    truth: Truth, predictions: Sequence, protocol: Protocol = "poseval", *, identities: bool = True
) -> Examined:
    """The first half of `evaluate`: one clip by itself, which another process may do."""
    judged = judge(truth, predictions, protocol)
    distances = judged.clip.distances()
    grades = grade(judged.clip, distances)
    precision = average_precision([grades])
    score, lives = _score(judged, distances, precision, identities)
    oracle = None
    if identities:
        perfect = replace(judged.clip.predictions, track_ids=perfect_ids(judged.clip))
        ideal = replace(judged, clip=replace(judged.clip, predictions=perfect))
        oracle, _ = _score(ideal, distances, precision, identities)
    return Examined(protocol, grades, judged.facts, score, oracle, lives)


def together(examined: Iterable[Examined]) -> Evaluation:
    """The second half of `evaluate`: all clips, in their order.

    Raises:
        InputError: there is none.
    """
    clips = list(examined)
    if not clips:
        raise InputError("evaluation: expected at least one sequence, got none")
    protocol, joints = clips[0].protocol, skeleton(JOINTS).keypoints
    precision = average_precision([clip.grades for clip in clips])
    scores = [clip.score for clip in clips]
    oracles = [clip.oracle for clip in clips if clip.oracle is not None]
    total = _total(scores, precision)
    return Evaluation(
        protocol=protocol,
        joints=joints,
        sequences=tuple(scores),
        total=total,
        oracle_sequences=tuple(oracles),
        oracle=_total(oracles, precision) if oracles else None,
        lives=tuple(clip.lives for clip in clips if clip.lives is not None),
        notes=notes(
            protocol,
            [(clip.score.name, clip.facts) for clip in clips],
            [(score.name, score.precision, score.clear) for score in scores],
            precision,
            total.clear,
            joints,
        ),
    )


def _score(
    judged: Judged, distances: FloatArray, precision: Precision, identities: bool
) -> tuple[Score, Lives | None]:
    clip = judged.clip
    score = Score(clip.name, precision, clear(clip, distances, judged.untracked, judged.dummies))
    if not identities:
        return score, None
    true, predicted = clip.truth, clip.predictions
    rows = clip.pairs()
    alike = pose_similarity(clip)
    tracked = identity(true.frames, true.track_ids, predicted.track_ids, *rows, alike)
    whole = hota(true.frames, true.track_ids, predicted.frames, predicted.track_ids, *rows, alike)
    life = Lives(
        clip.frame_names,
        true.frames,
        true.track_ids,
        predicted.frames,
        predicted.track_ids,
        tracked.matched,
        tracked.switches,
    )
    joints = joint_hota(clip)
    score = replace(
        score,
        poses=whole,
        joints=joints,
        printed_joints=as_printed(joints, clip),
        identity=tracked.identity,
    )
    return score, life


def _total(scores: list[Score], precision: Precision) -> Score:
    """All clips together: counts add up."""
    poses = [s.poses for s in scores if s.poses is not None]
    joints = [s.joints for s in scores if s.joints is not None]
    printed = [s.printed_joints for s in scores if s.printed_joints is not None]
    identities = [s.identity for s in scores if s.identity is not None]
    return Score(
        "total",
        precision,
        _sum([s.clear for s in scores]),
        _sum(poses) if poses else None,
        _sum(joints) if joints else None,
        _sum(printed) if printed else None,
        _sum(identities) if identities else None,
    )


def _sum(parts: list[Counts]) -> Counts:
    return functools.reduce(operator.add, parts)
