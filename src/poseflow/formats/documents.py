"""JSON files that are one object around lists of frames or people, as OpenPose and PoseTrack write.

One clip of theirs is small enough to be read whole. It is written item by item all the same: what
comes from another format may be of any length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from ..errors import InputError
from ..files import whole_file
from ..poses import Poses, Sequence
from .reading import Refuse, numbers, parse, read_bytes, show

IntArray = NDArray[np.int64]
Object = dict[str, Any]
Taken = TypeVar("Taken")

# Bytes of JSON to take at a time; its objects take ten times as many, and fit the cache.
_PIECE = 1 << 17


def read_document(path: Path, *lists: str) -> Object:
    """The object in a file; each field of `lists` is there and is a list of objects.

    Raises:
        InputError: it is not.
    """
    return _document(read_bytes(path), path, *lists)


def _document(text: bytes, path: Path, *lists: str) -> Object:
    document = parse(text, path)
    if not isinstance(document, dict):
        raise InputError(
            f"{path}: expected an object with {' and '.join(lists)}, got {show(document)}"
        )
    for field in lists:
        objects(document.get(field), f"{path}: {field}")
    return document


def read_list(path: Path, field: str, take: Callable[[list[Object], int], Taken]) -> list[Taken]:
    """What `take` makes of the objects of a document's one long list, a piece at a time.

    A piece is gone before the next is parsed: never is all of the file in memory as objects, and
    what there is stays in the processor's cache until it is looked at. A document is cut where an
    object ends and another with the same first field begins. That may be deep inside of one; but
    if the pieces are JSON each, then so is the whole, of just these objects.

    Args:
        path: of the file.
        field: of the list.
        take: (some objects that follow one another, the number of objects before them) -> anything
            that does not hold them. Called at least once, if with none.

    Raises:
        InputError: the file is no object whose `field` is a list of objects.
    """
    text = read_bytes(path)
    taken: list[Taken] = []
    n_read = 0
    for piece in _pieces(text, field):
        try:
            items = orjson.loads(b"[%b]" % piece)
        except orjson.JSONDecodeError:
            break
        if set(map(type, items)) != {dict}:
            break
        taken.append(take(items, n_read))
        n_read += len(items)
        del items
    else:
        if taken:
            return taken
    taken.append(take(_document(text, path, field)[field][n_read:], n_read))
    return taken


def _pieces(text: bytes, field: str) -> Iterator[bytes]:
    """Where the list is all that the document has: its text in pieces, without the commas between.

    None if it looks otherwise.
    """
    begin = re.match(rb'\s*\{\s*"%b"\s*:\s*\[\s*(\{\s*"[^"\\]*")' % field.encode(), text)
    end = text.rstrip().removesuffix(b"}").rstrip()
    if begin is None or not end.endswith(b"]"):
        return
    between = re.compile(rb"\}(\s*,\s*)" + re.escape(begin[1]))
    start, stop = begin.start(1), len(end) - 1
    while cut := between.search(text, start + _PIECE, stop):
        yield text[start : cut.start(1)]
        start = cut.end(1)
    yield text[start:stop]


def objects(value: Any, where: str) -> list[Object]:
    """A list of objects, seen to be one.

    Raises:
        InputError: it is not; the sentence begins with `where`.
    """
    if not isinstance(value, list):
        raise InputError(f"{where}: expected a list, got {show(value)}")
    for i, item in enumerate(value, start=1):
        if not isinstance(item, dict):
            raise InputError(f"{where} {i}: expected an object, got {show(item)}")
    return value


def integers(values: list[Any], refuse: Refuse) -> IntArray:
    """(N,) integers of a batch; -1 where None.

    Raises:
        InputError: by `refuse`, for the first that is none.
    """
    array = numbers(values, lambda i, _, got: refuse(i, "an integer", got))
    array = np.where(np.isnan(array), -1, array)
    # Beyond 2^53 a float64 no longer tells neighbours apart.
    for i in np.flatnonzero((array != np.floor(array)) | (np.abs(array) > 2**53)).tolist():
        raise refuse(i, "an integer", show(values[i]))
    return array.astype(np.int64)


def source_frames(
    sequence: Sequence, names: list[str], frame_of_row: IntArray
) -> Iterator[tuple[int, Poses, int | None]]:
    """Each frame of a sequence, and which frame of its source it was; None = none.

    That is told by a row of it, else by its name, which a folder of images or a video may spell
    without the folders or with another suffix.

    Args:
        sequence: that was read from the source.
        names: of the source's frames.
        frame_of_row: (R,) the source's frame of each row.
    """
    spellings: tuple[Callable[[str], str], ...] = (str, lambda name: PurePath(name).stem)
    known: dict[str, int] = {}
    for spell in spellings:
        for k, name in enumerate(names):
            known.setdefault(spell(name), k)
    unchanged = names == list(sequence.image_names)
    used: set[int] = set()
    for i, (name, poses) in enumerate(zip(sequence.image_names, sequence.frames, strict=True)):
        rows = poses.rows[(poses.rows >= 0) & (poses.rows < len(frame_of_row))]
        if len(rows):
            found = int(frame_of_row[rows[0]])
        elif unchanged:
            found = i
        else:
            matches = (known.get(spell(name), -1) for spell in spellings if name)
            found = next((k for k in matches if k >= 0 and k not in used), -1)
        used.add(found)
        yield i, poses, None if found < 0 else found


def give_back(
    people: list[Object], first: int, poses: Poses, with_id: Callable[[Object, int], Object]
) -> tuple[list[Object], Poses]:
    """The people of a source that are still among some poses, and the poses that are none of them.

    Args:
        people: the rows `first`, `first` + 1, … of the source.
        first: row of the first of them.
        poses: whose rows and ids count.
        with_id: (person, track id) -> the person with that id.
    """
    ids = dict(zip(poses.rows.tolist(), poses.track_ids.tolist(), strict=True))
    back = [with_id(person, ids[i]) for i, person in enumerate(people, first) if i in ids]
    return back, poses[(poses.rows < first) | (poses.rows >= first + len(people))]


def dump(value: Any) -> bytes:
    """A value as JSON."""
    text = orjson.dumps(value)
    # orjson spells nan and infinities null. JSON lacks them, but where a file that is given back
    # has them, they stay.
    return text if b"null" not in text else json.dumps(value, separators=(",", ":")).encode()


def write_document(path: Path, fields: Mapping[str, Any], last: str, items: Iterable[Any]) -> None:
    """An object of `fields` and then of one long list, `last`; whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    before = dump({name: value for name, value in fields.items() if name != last})[:-1]
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(before + (b"," if len(before) > 1 else b"") + dump(last) + b":[")
        separator = b"\n"
        for item in items:
            file.write(separator + dump(item))
            separator = b",\n"
        file.write(b"]}\n")
