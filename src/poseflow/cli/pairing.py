"""Which predictions are judged by which truth: files, folders of them, and files of several clips.

A truth and its predictions have the same name: a file's without its suffix, a clip's inside of a
file. Two files of one clip each are judged whatever they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import InputError
from ..poses import Sequence
from . import words

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale
    from ..truth import Truth

Named = TypeVar("Named")
One = TypeVar("One")
Other = TypeVar("Other")

MOST_NAMED = 5


class Reading(NamedTuple):
    """How files are read: the command's options."""

    truth_format: str | None = None
    format: str | None = None
    skeleton: str | None = None
    score_scale: ScoreScale | None = None
    image_list: Path | None = None

    def truths(self, path: Path) -> dict[str, Truth]:
        """The clips of a file of the truth by name."""
        from .. import formats

        found = formats.load_truths(path, format=self.truth_format)
        return _by_name(found, lambda truth: truth.sequence.name, path)

    def clips(self, path: Path) -> dict[str, Sequence]:
        """The clips of a file of predictions by name."""
        from .. import formats, skeletons

        found = formats.load_clips(
            path,
            format=self.format,
            skeleton=None if self.skeleton is None else skeletons.skeleton(self.skeleton),
            score_scale=self.score_scale,
            images=self.image_list,
        )
        return _by_name(found, lambda clip: clip.name, path)


class Pair(NamedTuple):
    """A truth and its predictions: a file each, or what one of several clips in a file holds."""

    truth: Path | Truth
    predictions: Path | Sequence


def paired(truth: Path, predictions: Path, reading: Reading) -> list[Pair]:
    """The truth and the predictions of each sequence, in the order of the truth's names.

    Args:
        truth: a file, or a folder with one for each sequence.
        predictions: the same. What is there without a truth is left out, with a note.
        reading: how files are read. OpenPose's folders are one clip each.

    Raises:
        InputError: a sequence has no predictions, or a folder is empty.
    """
    for path in (truth, predictions):
        if not path.exists():
            raise InputError(f"{path}: cannot be read: no such file or folder")
    one, other = _is_clip(truth), _is_clip(predictions) or reading.format == "openpose"
    if one and other:
        return [Pair(truth, predictions)]
    true: Mapping[str, Path | Truth] = reading.truths(truth) if one else _files(truth)
    predicted: Mapping[str, Path | Sequence] = (
        reading.clips(predictions) if other else _files(predictions)
    )
    return [Pair(*both) for both in _matched(true, predicted, str(truth), str(predictions))]


def read_pair(pair: Pair, reading: Reading) -> list[tuple[Truth, Sequence]]:
    """The clips of a pair.

    Raises:
        InputError: a file cannot be read; or one holds several clips, and the other not the same.
    """
    here, there = pair
    true = reading.truths(here) if isinstance(here, Path) else {here.sequence.name: here}
    predicted = reading.clips(there) if isinstance(there, Path) else {there.name: there}
    if len(true) == len(predicted) == 1:
        return list(zip(true.values(), predicted.values(), strict=True))
    return _matched(true, predicted, _place(here), _place(there))


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def _matched(
    true: Mapping[str, One], predicted: Mapping[str, Other], truth: str, predictions: str
) -> list[tuple[One, Other]]:
    """Those of the same name.

    Raises:
        InputError: a truth is without predictions.
    """
    if missing := [name for name in true if name not in predicted]:
        wanted = "the sequence" if len(true) == 1 else f"each of the {len(true)} sequences"
        raise InputError(
            f"{predictions}: expected predictions for {wanted} in {truth}, "
            f"found none for {_listed(missing)}"
        )
    if extra := [name for name in predicted if name not in true]:
        words.note(f"{predictions}: not judged, as {truth} has no such names: {_listed(extra)}")
    return [(one, predicted[name]) for name, one in true.items()]


def _is_clip(path: Path) -> bool:
    """Whether it is no folder of clips: a file, or a folder that OpenPose wrote."""
    return path.is_file() or any(path.glob("*_keypoints.json"))


def _files(folder: Path) -> dict[str, Path]:
    """The sequences in a folder by name, which is the file's without its suffix."""
    from ..files import natural_key
    from ..formats import FORMATS

    suffixes = {form.suffix for form in FORMATS.values() if form.suffix}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda p: natural_key(p.name)):
        if path.name.startswith(".") or not _is_clip(path):
            continue
        if path.is_file() and path.suffix.lower() not in suffixes:
            continue
        name = path.stem if path.is_file() else path.name
        if name in found:
            raise InputError(
                f"{folder}: expected one file for each sequence, "
                f"got {found[name].name} and {path.name}"
            )
        found[name] = path
    if not found:
        raise InputError(
            f"{folder}: expected a folder with a file for each sequence, "
            f"found none that ends in {', '.join(sorted(suffixes))}"
        )
    return found


def _by_name(
    clips: Iterable[Named], name_of: Callable[[Named], str], path: Path
) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for clip in clips:
        name = name_of(clip)
        if name in found:
            raise InputError(f"{path}: expected clips of different names, got {name!r} twice")
        found[name] = clip
    return found


def _place(side: Path | Truth | Sequence) -> str:
    """Where clips are from, as a message names it."""
    if isinstance(side, Path):
        return str(side)
    clip = side if isinstance(side, Sequence) else side.sequence
    return clip.source.path if clip.source else clip.name


def _listed(names: list[str]) -> str:
    """Names as a sentence holds them, the first few of many."""
    some = ", ".join(names[:MOST_NAMED])
    return some if len(names) <= MOST_NAMED else f"{some} and {len(names) - MOST_NAMED} more"
