"""What a reader should know of an evaluation, in sentences: what was settled, and what it hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .protocol import Facts, Protocol
from .scores import Clear

LAST: Final = "the last frame of each sequence"


def notes(
    protocol: Protocol,
    facts: Sequence[tuple[str, Facts]],
    clear: Clear,
    joints: tuple[str, ...],
) -> tuple[str, ...]:
    """Sentences about these very files.

    Args:
        protocol: by which they were judged.
        facts: of each clip, with its name.
        clear: the counts of all clips.
        joints: names of the J joints.
    """
    return tuple(
        sentence
        for sentence in (
            *(_of_poseval(facts) if protocol == "poseval" else _of_strict(facts)),
            _of_absent_joints(clear, joints),
            _of_heads(facts),
            _of_scores(facts),
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


def _of_absent_joints(clear: Clear, joints: tuple[str, ...]) -> str:
    absent = [name for name, n in zip(joints, clear.objects.tolist(), strict=True) if not n]
    if not absent:
        return ""
    return f"Not in the truth, and in no mean: {_listed(absent)}."


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


def _n(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(names: Sequence[str], most: int = 5) -> str:
    some = ", ".join(names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most} more"
