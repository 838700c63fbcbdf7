"""A split of the data set with the poses of it, seen to belong together before anything is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .layout import Listing, listings, require_images
from .recordings import Load, Recording, read_split, recordings


@dataclass(frozen=True)
class Split:
    """A split to track.

    Attributes:
        recordings: its sequences with their poses.
        strays: of each folder that is not of the split, how many frames of poses have people.
    """

    recordings: tuple[Recording, ...]
    strays: Counter[str]

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Which frames are to be predicted."""
        return tuple(recording.listing for recording in self.recordings)


def open_split(
    root: Path, split: str, poses: Path, load: Load, *, images: bool = True, between: bool = True
) -> Split:
    """The sequences of a split, each with its poses.

    Args:
        root: the data set's folder.
        split: "train", "val" or "test".
        poses: a file for all of it, or a folder with a file for each sequence.
        load: reads a file of poses.
        images: whether they are needed.
        between: whether images that are not listed are tracked along; see `recordings`.

    Raises:
        InputError: of `listings`, `read_split` or `recordings`; or an image is missing.
    """
    wanted = listings(root, split)
    if images:
        require_images(root, wanted)
    found, strays = recordings(wanted, read_split(poses, load), root, between=between)
    return Split(found, strays)


def refuse_overwriting(out: Path, wanted: Iterable[Listing], poses: Path) -> None:
    """See that no file of predictions is an annotation, or poses.

    Raises:
        InputError: one is.
    """
    for listing in wanted:
        target = out / f"{listing.name}.json"
        inputs = (listing.annotation, poses, poses / target.name)
        for given in inputs if target.exists() else ():
            if given is not None and given.exists() and given.samefile(target):
                raise InputError(
                    f"{out}: expected another folder than that of the input {given}, "
                    "which is never touched"
                )
