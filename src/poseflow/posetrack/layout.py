"""Where the PoseTrack data set keeps its sequences, as it was released.

annotations/{train,val,test}/NAME.json
images/bonn/036778313/00000000.jpg        2017: folders of images do not tell the split
images/val/000342_mpii_test/000000.jpg    2018 and 21: they do
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

from .. import formats
from ..errors import InputError
from ..files import natural_key
from ..poses import Poses, Sequence
from ..skeletons import skeleton
from ..video.images import image_names

# Without annotations: the format that predictions are written in, and its first skeleton.
_FORMATS = {"posetrack17": "posetrack-15", "posetrack18": "posetrack-17"}


@dataclass(frozen=True)
class Listing:
    """A sequence of a split: which frames are to be predicted.

    Attributes:
        blank: these frames in the annotation's order, nobody in them. Image names are relative to
            the data set's folder; name, skeleton and source are the annotation's.
        folder: of the images, relative to the data set's folder.
        format: the annotation's, in which predictions are written.
        annotation: None = the split has none.
    """

    blank: Sequence
    folder: PurePosixPath
    format: str
    annotation: Path | None

    @property
    def name(self) -> str:
        """What the annotation's file is called, and the predictions' will be, without `.json`."""
        return self.blank.name

    @property
    def files(self) -> list[str]:
        """The names of the images in their folder."""
        return [PurePosixPath(name).name for name in self.blank.image_names]

    @property
    def in_order(self) -> bool:
        """Whether the frames are in the natural order of their names."""
        return all(natural_key(a) < natural_key(b) for a, b in pairwise(self.files))


def listings(root: Path, split: str) -> tuple[Listing, ...]:
    """The sequences of a split, in the natural order of their names.

    Those that are annotated; in a split without annotations every folder of images in
    `images/SPLIT`, with all of its images in natural order. Where there is no such folder, as in
    2017, the sequences of `test` are all folders of images that no annotation speaks of.

    Raises:
        InputError: this is not the data set's folder, it has no such split, or an annotation is not
            what it should be.
    """
    if not ((root / "annotations").is_dir() or (root / "images").is_dir()):
        raise InputError(
            f"{root}: expected the folder of the PoseTrack data set, with annotations/ and "
            "images/ in it; found neither"
        )
    found = tuple(_annotated(path) for path in _annotations(root, split)) or _unannotated(
        root, split
    )
    if not found:
        raise InputError(
            f"{root}: split {split!r}: expected annotations/{split}/*.json or folders of images "
            f"in images/{split}/, found none; there is {', '.join(splits(root)) or 'no split'}"
        )
    return found


def splits(root: Path) -> list[str]:
    """The splits that have annotations, or folders of images of their own."""
    annotated = {path.parent.name for path in (root / "annotations").glob("*/*.json")}
    usual = {name for name in ("train", "val", "test") if (root / "images" / name).is_dir()}
    return sorted(annotated | usual)


def require_images(root: Path, listings: Iterable[Listing]) -> None:
    """See that all images are there.

    Raises:
        InputError: one is not.
    """
    for listing in listings:
        for name in listing.blank.image_names:
            if not (root / name).is_file():
                raise InputError(
                    f"{root / name}: no such image, which "
                    f"{listing.annotation or listing.name} names"
                )


def _annotations(root: Path, split: str) -> list[Path]:
    paths = (root / "annotations" / split).glob("*.json")
    return sorted(paths, key=lambda path: natural_key(path.name))


def _annotated(path: Path) -> Listing:
    sequence = formats.load(path)
    source = sequence.source
    if source is None or source.format not in _FORMATS:
        raise InputError(
            f"{path}: expected an annotation of PoseTrack's, "
            f"got a file of {source.format if source else 'another kind'}"
        )
    return Listing(_blank(sequence), _folder_of(sequence, path), source.format, path)


def _folder_of(sequence: Sequence, path: Path) -> PurePosixPath:
    """Where the images of an annotation are; all different, in one folder."""
    seen: dict[str, int] = {}
    folders: dict[PurePosixPath, str] = {}
    for i, name in enumerate(sequence.image_names, start=1):
        if not name:
            raise InputError(f"{path}: frame {i}: image name: expected one, got nothing")
        if name in seen:
            raise InputError(f"{path}: frame {i} ({name}): the same image as frame {seen[name]}")
        seen[name] = i
        folders.setdefault(PurePosixPath(name).parent, name)
    if len(folders) > 1:
        first, other = list(folders.values())[:2]
        raise InputError(f"{path}: expected images in one folder, got {first} and {other}")
    return next(iter(folders), PurePosixPath("."))


def _unannotated(root: Path, split: str) -> tuple[Listing, ...]:
    images = root / "images"
    if (images / split).is_dir():
        return _of_folders(root, images / split, "posetrack18", set())
    if split != "test" or not images.is_dir():
        return ()
    # 2017 says only by its annotations which split a sequence is of.
    taken = {
        _annotated(path).folder for other in splits(root) for path in _annotations(root, other)
    }
    return _of_folders(root, images, "posetrack17", taken)


def _of_folders(
    root: Path, start: Path, form: str, taken: set[PurePosixPath]
) -> tuple[Listing, ...]:
    """A listing for each folder of images beneath one, but for those taken."""
    found = []
    for path, _, _ in os.walk(start):
        files = image_names(Path(path))
        folder = PurePosixPath(Path(path).relative_to(root).as_posix())
        if files and folder not in taken:
            own = skeleton(_FORMATS[form])
            names = tuple(str(folder / file) for file in files)
            nobody = (Poses.empty(len(own)),) * len(names)
            blank = Sequence(own, nobody, names, name=folder.name)
            found.append(Listing(blank, folder, form, None))
    found.sort(key=lambda listing: natural_key(str(listing.folder)))
    for before, after in pairwise(sorted(found, key=lambda listing: listing.name)):
        if before.name == after.name:
            raise InputError(
                f"{root}: expected sequences of different names, "
                f"got {before.folder} and {after.folder}"
            )
    return tuple(found)


def _blank(sequence: Sequence) -> Sequence:
    nobody = Poses.empty(len(sequence.skeleton))
    return replace(sequence, frames=(nobody,) * len(sequence))
