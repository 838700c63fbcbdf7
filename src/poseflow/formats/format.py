"""What a format is, how one is recognised, and where a sequence came from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ..errors import InputError
from ..files import natural_key
from ..poses import Sequence, Source
from ..skeletons import Skeleton
from ..truth import Truth
from .reading import parse
from .scales import ScoreScale


@dataclass(frozen=True)
class Format:
    """One way of writing poses to disk; all of them are in `poseflow.formats.FORMATS`.

    Attributes:
        name: lower case with dashes.
        recognise: whether a sample is of this format; True for one format at most.
        read: (path, skeleton or None = the format's own, largest possible scores or None = see
            `scales.Scores`) -> Sequence. Raises InputError.
        write: (path, sequence), whole or not at all. Where the sequence was read from this format,
            every row of the source that it still contains comes back with all its fields. None =
            the format is read only.
        suffix: of its files, such as ".json"; "" = a folder.
        skeletons: names of those that it can hold, None = any; `save` maps others to the first.
        others: whether a skeleton that is not one of ours is written as it is all the same, to be
            read by somebody who says what it is.
        loses: what of a Sequence it has no place for: names of fields of Poses and Sequence, and
            "empty frames".
        read_truths: (path, skeleton or None = the format's own) -> one `Truth` for each clip of the
            file, for formats that tell more than poses; None = it tells no more. Raises InputError.
        write_truth: (path, truth), whole or not at all; None = it has no place for more than poses.
    """

    name: str
    recognise: Callable[[Sample], bool]
    read: Callable[[Path, Skeleton | None, ScoreScale | None], Sequence]
    write: Callable[[Path, Sequence], None] | None
    suffix: str
    skeletons: tuple[str, ...] | None = None
    others: bool = False
    loses: frozenset[str] = frozenset()
    read_truths: Callable[[Path, Skeleton | None], tuple[Truth, ...]] | None = None
    write_truth: Callable[[Path, Truth], None] | None = None


@dataclass(frozen=True)
class Sample:
    """The beginning of a file, or what lies in a folder: enough to tell the format.

    Attributes:
        path: the file or folder.
        head: the first bytes of the file, or of the first JSON file of the folder.
        json: what `head` holds as JSON, closed where it was cut off; None = not JSON.
        files: names of the folder's JSON files in natural order; None = `path` is a file.
    """

    path: Path
    head: bytes
    json: Any
    files: tuple[str, ...] | None


_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_MARK = re.compile(rb"[][{},]")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_CLOSING = bytes.maketrans(b"[{", b"]}")


def take_sample(path: Path, size: int = 1 << 16) -> Sample:
    """The first `size` bytes of a file, or of the first JSON file in a folder.

    Raises:
        InputError: it does not exist or cannot be read.
    """
    try:
        files = None
        first: Path | None = path
        if path.is_dir():
            files = tuple(sorted((f.name for f in path.glob("*.json")), key=natural_key))
            first = path / files[0] if files else None
        head = b""
        if first is not None:
            with first.open("rb") as file:
                head = file.read(size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return Sample(path, head, parse_beginning(head), files)


def parse_beginning(head: bytes) -> Any:
    """What the beginning of a JSON text holds, its open brackets closed; None = not JSON.

    >>> parse_beginning(b'[{"a": [1, 2], "b": {"c": "x, y", "d": 12')
    [{'a': [1, 2], 'b': {'c': 'x, y'}}]
    """
    head = head.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(head)
    except orjson.JSONDecodeError:
        pass
    # Every second piece between quotes is a text. The last text may be cut off.
    pieces = _ESCAPED.sub(b"..", head).split(b'"')
    outside = pieces[: len(pieces) - 1 + len(pieces) % 2 : 2]
    while outside and not _MARK.search(outside[-1]):
        outside.pop()
    if not outside:
        return None
    n_before = 2 * len(outside) - 2
    *_, mark = _MARK.finditer(outside[-1])
    cut = sum(map(len, pieces[:n_before])) + n_before
    cut += mark.start() if mark.group() == b"," else mark.end()
    outside[-1] = outside[-1][: mark.end()]
    open_ = b"".join(outside).translate(None, _NO_BRACKET)
    while open_ != (fewer := open_.replace(b"[]", b"").replace(b"{}", b"")):
        open_ = fewer
    try:
        return parse(head[:cut] + open_[::-1].translate(_CLOSING), "")
    except InputError:
        return None


def only(truths: tuple[Truth, ...], path: str | os.PathLike[str]) -> Truth:
    """The truth of a file that holds one clip.

    Raises:
        InputError: it holds several, or none.
    """
    if len(truths) != 1:
        raise InputError(
            f"{path}: expected one clip, got {len(truths)}; "
            "poseflow convert makes a PoseTrack file of each of them"
        )
    return truths[0]


def stamp_of(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Size in bytes and time of last change in ns; of a folder: sum and latest of its files.

    Raises:
        InputError: it does not exist or cannot be read.
    """
    try:
        if not os.path.isdir(path):
            status = os.stat(path)
            return status.st_size, status.st_mtime_ns
        with os.scandir(path) as entries:
            stats = [entry.stat() for entry in entries if entry.is_file()]
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)


def source_of(path: Path, format_name: str) -> Source:
    """The `Source` of what is being read; take it before reading."""
    return Source(format=format_name, path=str(path), stamp=stamp_of(path))


def own_source(sequence: Sequence, format_name: str) -> Path | None:
    """The file to take a sequence's rows from, if it was read from the format being written.

    Raises:
        InputError: the file was changed or removed since.
    """
    source = sequence.source
    if source is None or source.format != format_name:
        return None
    if stamp_of(source.path) != source.stamp:
        raise InputError(
            f"{source.path}: was changed since it was read, so its rows cannot be given back; "
            "load it again"
        )
    return Path(source.path)
