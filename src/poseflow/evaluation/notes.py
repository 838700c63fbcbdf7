"""What a reader should know of an evaluation, in sentences: what was settled, and what it hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .protocol import Facts, Protocol
from .scores import Clear, Precision

BoolArray = NDArray[np.bool_]

LAST: Final = "the last frame of each sequence"


def notes(
    protocol: Protocol,
    facts: Sequence[tuple[str, Facts]],
    clips: Sequence[tuple[str, Precision, Clear]],
    precision: Precision,
    clear: Clear,
    joints: tuple[str, ...],
) -> tuple[str, ...]:
    """Sentences about these very files.

    Args:
        protocol: by which they were judged.
        facts: of each clip, with its name.
        clips: of each, its name, its detections and its counts.
        precision: the detections of all clips.
        clear: the counts of all clips.
        joints: names of the J joints.
    """
    return tuple(
        sentence
        for sentence in (
            *(_of_poseval(facts) if protocol == "poseval" else _of_strict(facts)),
            *_of_absent_joints(protocol, precision, clear, joints),
            _of_made_up_joints(clips),
            _of_heads(facts),
            _of_scores(facts),
            *_of_ids(facts),
        )
        if sentence
    )


def _of_poseval(facts: Sequence[tuple[str, Facts]]) -> list[str]:
    sentences = [
        f"MOTA and MOTP leave out {LAST} ({len(facts)} in all), as PoseTrack's evaluator does; "
        "strict counts it."
    ]
    if short := [name for name, f in facts if f.frames < 2]:
        sentences.append(
            f"{_listed(short)}: fewer than two frames with people, so there is nothing to track; "
            "PoseTrack's evaluator fails on such a sequence, here it counts for mAP only."
        )
    if nobody := sum(f.nobody for _, f in facts):
        free = sum(f.free for _, f in facts)
        sentences.append(
            f"Left out: {_n(nobody, 'frame')} with nobody in the annotation, where "
            f"{_n(free, 'predicted pose')} cost nothing; strict counts false positives there."
        )
    if missed := sum(f.unpredicted for _, f in facts):
        sentences.append(
            f"Without predictions: {_n(missed, 'frame')} with people, in MOTA one joint missed and "
            "one made up for each, however many people were there; strict counts every miss."
        )
    if emptied := sum(f.emptied for _, f in facts):
        sentences.append(
            f"Without a true joint outside of ignored regions: {_n(emptied, 'frame')} with people, "
            "in MOTA one joint missed and one made up for each, whatever was predicted; strict "
            "counts what was."
        )
    return [
        *sentences,
        "MOTP is shown as PoseTrack's evaluator prints it (doubled: it sums up distances twice or "
        "more) and correctly.",
    ]


def _of_strict(facts: Sequence[tuple[str, Facts]]) -> list[str]:
    sentences = [
        f"Every labelled frame counts, {LAST} included, which PoseTrack's evaluator leaves out of "
        "MOTA and MOTP."
    ]
    if free := sum(f.free for _, f in facts):
        nobody = sum(f.nobody for _, f in facts)
        sentences.append(
            f"False positives: {_n(free, 'predicted pose')} in {_n(nobody, 'frame')} with nobody "
            "in the annotation; poseval leaves such frames out."
        )
    if missed := sum(f.unpredicted for _, f in facts):
        sentences.append(
            f"Without predictions: {_n(missed, 'frame')}, of which every joint is a miss; in "
            "poseval such a frame costs one miss and one false positive a joint."
        )
    return sentences


def _of_absent_joints(
    protocol: Protocol, precision: Precision, clear: Clear, joints: tuple[str, ...]
) -> list[str]:
    def named(which: BoolArray) -> str:
        return _listed([joints[j] for j in np.flatnonzero(which)])

    sentences = []
    absent = np.isnan(precision.ap)
    if absent.any():
        sentences.append(f"Not in the truth, and in no mean: {named(absent)}.")
    if (untracked := ~absent & (clear.objects == 0)).any():
        sentences.append(
            f"In no frame that counts for MOTA, and not in its mean: {named(untracked)}."
        )
    if protocol == "poseval" and (nowhere := absent & np.isnan(precision.precision)).any():
        sentences.append(
            f"Neither in the truth nor predicted: {named(nowhere)}; PoseTrack's evaluator takes "
            "an AP of 0 for each into the mean, ours leaves them out."
        )
    return sentences


def _of_made_up_joints(clips: Sequence[tuple[str, Precision, Clear]]) -> str:
    # A frame that counts as one joint missed and one made up has one of every joint.
    names = [
        name
        for name, precision, clear in clips
        if (np.isnan(precision.ap) & (clear.objects > 0)).any()
    ]
    if not names:
        return ""
    return (
        f"In {_listed(names)} MOTA's mean has joints that are not in the truth, and may be far "
        "below 0: in poseval, as in PoseTrack's evaluator, the frames without predictions have one "
        "of every joint."
    )


def _of_heads(facts: Sequence[tuple[str, Facts]]) -> str:
    made = sum(f.derived_heads for _, f in facts)
    if not made:
        return ""
    return (
        f"Without a head box: {_n(made, 'true pose')}; one was made from neck and head top, or "
        "from the person's nearest frame, which is a convention of ours."
    )


def _of_scores(facts: Sequence[tuple[str, Facts]]) -> str:
    unscored = sum(f.unscored for _, f in facts)
    if not unscored:
        return ""
    return f"Without a score: {_n(unscored, 'predicted joint')}; in mAP they come last."


def _of_ids(facts: Sequence[tuple[str, Facts]]) -> list[str]:
    sentences = []
    if nameless := sum(f.nameless for _, f in facts):
        sentences.append(
            f"Without an id: {_n(nameless, 'true pose')}; each is taken for a person of its own, "
            "and tells nothing of ids."
        )
    if unnamed := sum(f.unnamed for _, f in facts):
        sentences.append(
            f"Without an id: {_n(unnamed, 'predicted pose')}; each is taken for a track of one "
            "frame, so whoever is found again has switched."
        )
    return sentences


def _n(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(names: Sequence[str], most: int = 5) -> str:
    some = ", ".join(names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most} more"
