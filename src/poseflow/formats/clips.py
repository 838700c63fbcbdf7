"""The clips of a file that holds several: those whose images lie in folders of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from ..errors import InputError
from ..poses import Sequence
from ..truth import Truth
from .reading import number_in


def refuse_several(sequence: Sequence) -> None:
    """See that a sequence may be tracked as one clip.

    Folders of one image each, whose numbers follow one another, are a clip's: a folder a frame.

    Raises:
        InputError: its images lie in several folders, each a clip of its own.
    """
    parts = _folders(sequence)
    if len(parts) > 1 and not _is_folder_a_frame(parts):
        some = ", ".join(list(parts)[:3]) + (", …" if len(parts) > 3 else "")
        path = sequence.source.path if sequence.source else sequence.name
        raise InputError(
            f"{path}: expected the poses of one clip, got {len(parts)} by the folders of the "
            f"images ({some}); poseflow convert FILE FOLDER makes a file of each, and poseflow "
            "posetrack track takes all of a split at once"
        )


def _is_folder_a_frame(parts: dict[str, list[int]]) -> bool:
    numbers = [number_in(name) for name in parts]
    first = numbers[0]
    follow = first is not None and numbers == list(range(first, first + len(numbers)))
    return follow and max(map(len, parts.values())) == 1


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
