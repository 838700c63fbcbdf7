"""The clips of a file that holds several: those whose images lie in folders of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from ..poses import Sequence
from ..truth import Truth


def split(sequence: Sequence) -> tuple[Sequence, ...]:
    """The clips of a sequence, one for each folder of images, in the order they begin.

    Each is called as its folder. Where all images lie in one folder, or are not named, the sequence
    is the one clip, under its own name.
    """
    parts = _folders(sequence)
    if len(parts) < 2:
        return (sequence,)
    return tuple(
        replace(
            sequence,
            frames=tuple(sequence.frames[i] for i in frames),
            image_names=tuple(sequence.image_names[i] for i in frames),
            times=None if sequence.times is None else sequence.times[frames],
            name=name,
            doubts=(),
        )
        for name, frames in parts.items()
    )


def split_truth(truth: Truth) -> tuple[Truth, ...]:
    """The clips of a truth, as `split` has them."""
    parts = _folders(truth.sequence)
    if len(parts) < 2:
        return (truth,)
    return tuple(
        Truth(
            sequence=sequence,
            head_boxes=tuple(truth.head_boxes[i] for i in frames),
            ignored=tuple(truth.ignored[i] for i in frames),
            labelled=truth.labelled[frames],
        )
        for sequence, frames in zip(split(truth.sequence), parts.values(), strict=True)
    )


def _folders(sequence: Sequence) -> dict[str, list[int]]:
    """The frames of each folder, by its name, or its path where two are of one name."""
    if not all(sequence.image_names):
        return {}
    folders: dict[PurePath, list[int]] = {}
    for i, image in enumerate(sequence.image_names):
        folders.setdefault(PurePath(image).parent, []).append(i)
    names = [folder.name for folder in folders]
    unlike = len(set(names)) == len(names)
    return {folder.name if unlike else str(folder): frames for folder, frames in folders.items()}
