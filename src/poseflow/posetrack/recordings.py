"""Which poses belong to which frame of which sequence of a split, by the names of the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Many
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..files import natural_key
from ..formats import FORMATS
from ..poses import Poses, Sequence
from .layout import Listing

IntArray = NDArray[np.int64]
Load = Callable[[Path, float | None], Sequence]
"""(file, largest possible keypoint score or None = by the file) -> its poses."""


@dataclass(frozen=True)
class Recording:
    """What there is to track of a sequence.

    Attributes:
        listing: the frames that are to be predicted.
        poses: of these and of unlisted frames between them, in order; image names are those of
            files, relative to the data set's folder.
        listed: (F,) int64, where the listing's F frames are among these.
    """

    listing: Listing
    poses: Sequence
    listed: IntArray

    @property
    def files(self) -> list[str]:
        """The names of the images in their folder."""
        return [PurePosixPath(name).name for name in self.poses.image_names]


def read_split(path: Path, load: Load) -> tuple[Sequence, ...]:
    """The poses of a split: of one file, or of a folder that holds a file for each sequence.

    The scores of all files are divided by the same, as if they were one.

    Raises:
        InputError: a file cannot be read, is not what it should be, or the folder has none.
    """
    paths = _files(path)
    given = [load(one, None) for one in paths]
    largest = max(sequence.score_scales[0] for sequence in given)
    return tuple(
        sequence if sequence.score_scales[0] == largest else load(one, largest)
        for one, sequence in zip(paths, given, strict=True)
    )


def _files(path: Path) -> list[Path]:
    """The clips in a folder; OpenPose's are folders themselves."""
    if not path.is_dir() or _is_openpose(path):
        return [path]
    suffixes = {form.suffix for form in FORMATS.values() if form.suffix}
    found = [
        one
        for one in sorted(path.iterdir(), key=lambda p: natural_key(p.name))
        if not one.name.startswith(".")
        and (_is_openpose(one) if one.is_dir() else one.suffix.lower() in suffixes)
    ]
    if not found:
        raise InputError(
            f"{path}: expected a file of poses for each sequence, "
            f"found none that ends in {', '.join(sorted(suffixes))}"
        )
    return found


def _is_openpose(folder: Path) -> bool:
    return any(folder.glob("*_keypoints.json"))


def recordings(
    listings: Many[Listing], given: Iterable[Sequence], root: Path, *, between: bool = True
) -> tuple[tuple[Recording, ...], Counter[str]]:
    """What there is to track of each sequence, and whose poses nobody asked for.

    The folder in an image's name tells the sequence; it may be longer than in the data set, or
    shorter ("val/000342_mpii_test/000000.jpg"). Names without a folder belong to the sequence that
    their file, or the folder of images, is named after. Images are found by their names, else
    without the suffix. Frames without poses are empty.

    Images that are not listed but lie between two listed ones, by name, are tracked along, if poses
    have people in them and the listed ones are in natural order. They only help the tracker.

    Args:
        listings: of the split.
        given: the poses, in as many sequences as there are files.
        root: the data set's folder.
        between: False = listed frames only.

    Returns:
        A recording for each listing, and how many frames with people there are for each folder
        that is not of the split.

    Raises:
        InputError: a listing has no poses at all, or from two files; or poses name an image that is
            not in the data set, or one twice.
    """
    sorter = _Sorter(listings, root)
    for sequence in given:
        for index, name in enumerate(sequence.image_names):
            sorter.take(sequence, index, PurePosixPath(name.replace("\\", "/")))
    without = [listing for listing in listings if listing.name not in sorter.sources]
    if without:
        some = ", ".join(f"{x.name} ({x.folder})" for x in without[:3])
        others = f" and {len(without) - 3} more" if len(without) > 3 else ""
        names = chain.from_iterable(sequence.image_names for sequence in sorter.seen)
        example = next((repr(name) for name in names), "none at all")
        raise InputError(
            f"{_origin(sorter.seen)}: no poses for {len(without)} of the {len(listings)} "
            f"sequences, {some}{others}; poses are found by their images' names, "
            f"of which the first here is {example}"
            + (" (of COCO results a list tells them)" if example.strip("'").isdigit() else "")
        )
    found = tuple(_recording(listing, sorter, between) for listing in listings)
    return found, sorter.strays


class _Sorter:
    """Puts frames of poses where they belong.

    Attributes:
        seen: the sequences of poses so far.
        sources: name of a listing -> the one sequence that its poses are from.
        frames: name of a listing -> file of an image -> index of the frame in its source.
        strays: frames with people of folders that are not of the split.
    """

    def __init__(self, listings: Many[Listing], root: Path) -> None:
        self._listings, self._root = listings, root
        self._files = {x.name: {file: file for file in x.files} for x in listings}
        for known in self._files.values():
            for file in list(known):
                known.setdefault(PurePosixPath(file).stem, file)
        self._owners: dict[tuple[str, PurePosixPath], Listing | None] = {}
        self.seen: list[Sequence] = []
        self.sources: dict[str, Sequence] = {}
        self.frames: dict[str, dict[str, int]] = {x.name: {} for x in listings}
        self.strays: Counter[str] = Counter()

    def take(self, sequence: Sequence, index: int, image: PurePosixPath) -> None:
        if not self.seen or self.seen[-1] is not sequence:
            self.seen.append(sequence)
        key = (sequence.name, image.parent)
        if key not in self._owners:
            self._owners[key] = self._owner(*key)
        listing = self._owners[key]
        if listing is None:
            if len(sequence.frames[index]):
                self.strays[sequence.name if image.parent.name == "" else str(image.parent)] += 1
            return
        other = self.sources.setdefault(listing.name, sequence)
        if other is not sequence:
            raise InputError(
                f"{_origin([sequence])}: poses of {listing.name}, which are in "
                f"{_origin([other])}, too"
            )
        file = self._file(listing, image, sequence, index)
        if file is None:
            return
        if file in self.frames[listing.name]:
            raise InputError(f"{_origin([sequence])}: image {str(image)!r}: its poses come twice")
        self.frames[listing.name][file] = index

    def _owner(self, name: str, folder: PurePosixPath) -> Listing | None:
        """The listing of a folder that poses name."""
        if folder.name == "":
            owners = [x for x in self._listings if name in (x.name, x.folder.name)]
        else:
            owners = [x for x in self._listings if x.folder == folder]
            owners = owners or [x for x in self._listings if _is_tail(x.folder, folder)]
        if len(owners) > 1:
            raise InputError(
                f"{folder if folder.name else name}: expected the folder of one sequence, "
                f"could be {owners[0].folder} or {owners[1].folder}"
            )
        return owners[0] if owners else None

    def _file(
        self, listing: Listing, image: PurePosixPath, sequence: Sequence, index: int
    ) -> str | None:
        """The file of an image; None = there is none, and nobody in it."""
        known = self._files[listing.name]
        file = known.get(image.name) or known.get(image.stem)
        if file is not None or not len(sequence.frames[index]):
            return file
        if not (self._root / listing.folder / image.name).is_file():
            raise InputError(
                f"{_origin([sequence])}: image {str(image)!r}: neither annotated nor a file in "
                f"{self._root / listing.folder}"
            )
        return image.name


def _is_tail(folder: PurePosixPath, other: PurePosixPath) -> bool:
    """Whether one path is the end of the other."""
    n = min(len(folder.parts), len(other.parts))
    return n > 0 and folder.parts[-n:] == other.parts[-n:]


def _recording(listing: Listing, sorter: _Sorter, between: bool) -> Recording:
    source, index_of = sorter.sources[listing.name], sorter.frames[listing.name]
    files = listing.files
    if between and files and listing.in_order:
        low, high = natural_key(files[0]), natural_key(files[-1])
        listed = set(files)
        others = [f for f in index_of if f not in listed and low < natural_key(f) < high]
        files = sorted([*files, *others], key=natural_key)
    nobody = Poses.empty(len(source.skeleton))
    place = {file: i for i, file in enumerate(files)}
    poses = Sequence(
        skeleton=source.skeleton,
        frames=tuple(source.frames[index_of[f]] if f in index_of else nobody for f in files),
        image_names=tuple(str(listing.folder / file) for file in files),
        name=listing.name,
        score_scales=source.score_scales,
    )
    return Recording(listing, poses, np.array([place[f] for f in listing.files], dtype=np.int64))


def _origin(sequences: Many[Sequence]) -> str:
    """Where poses come from, as a message names it."""
    paths = [sequence.source.path for sequence in sequences if sequence.source]
    if len(paths) > 1:
        return str(Path(paths[0]).parent)
    return paths[0] if paths else "poses"
