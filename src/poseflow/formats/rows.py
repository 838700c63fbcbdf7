"""A JSON file that is one long list of objects, read and written a piece at a time.

What stays in memory is where each row begins and ends: a file may be larger than memory.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from ..errors import InputError
from ..files import whole_file
from .reading import as_text, not_utf8, refuse_utf16, show

IntArray = NDArray[np.int64]

# Bytes read at a time. So few rows that Python's garbage collector does not begin to count them:
# with chunks of a megabyte it takes a third of the time.
_CHUNK = 1 << 16
_MARK = b"\xef\xbb\xbf"


class Batch(NamedTuple):
    """Some rows that follow one another in a file.

    Attributes:
        text: a piece of the file.
        offset: of `text` in the file, bytes.
        starts: (R,) where each row begins in `text`.
        stops: (R,) where each ends.
        first: the number of rows of the file before these.
    """

    text: bytes
    offset: int
    starts: IntArray
    stops: IntArray
    first: int

    def raw(self) -> Iterator[bytes]:
        """Each row as it stands in the file."""
        for start, stop in zip(self.starts.tolist(), self.stops.tolist(), strict=True):
            yield self.text[start:stop]


def batches(path: Path) -> Iterator[Batch]:
    """The rows of a file, a few dozen of them at a time.

    Raises:
        InputError: the file cannot be read or is not a list of objects; what a row holds is seen by
            `decode` only.
    """
    try:
        with path.open("rb") as file:
            yield from _batches(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _batches(file: Any, path: Path) -> Iterator[Batch]:
    text = file.read(_CHUNK)
    refuse_utf16(text, path)
    begin = re.match(rb"(?:%s)?\s*(.?)" % _MARK, text, re.DOTALL)
    assert begin is not None
    if begin.group(1) != b"[":
        raise InputError(f"{path}: expected a list of rows, got {_kind(begin.group(1))}")
    text, offset, first = text[begin.end() :], begin.end(), 0
    while True:
        starts, stops = _spans(text)
        if len(starts):
            _check_gap(text[: starts[0]], first, path)
            yield Batch(text, offset, starts, stops, first)
            first += len(starts)
            offset += int(stops[-1])
            text = text[stops[-1] :]
        # A row longer than a chunk is not looked through again for every chunk of it.
        more = file.read(max(_CHUNK, len(text)))
        if not more:
            break
        text += more
    _check_end(text, first, path)


def _spans(text: bytes) -> tuple[IntArray, IntArray]:
    """Where the whole objects of a list begin and end; `text` starts between two of them."""
    # An escaped character opens and closes nothing. Blanking it keeps all offsets.
    plain = re.sub(rb"\\.", b"__", text, flags=re.DOTALL) if b"\\" in text else text
    marks = np.frombuffer(plain, dtype=np.uint8)
    quotes = np.flatnonzero(marks == ord('"'))
    braces = np.flatnonzero((marks == ord("{")) | (marks == ord("}")))
    braces = braces[np.searchsorted(quotes, braces) % 2 == 0]
    opens = marks[braces] == ord("{")
    depth = np.cumsum(np.where(opens, 1, -1))
    stops = braces[~opens & (depth == 0)] + 1
    return braces[opens & (depth == 1)][: len(stops)], stops


def _kind(first: bytes) -> str:
    return {b"": "an empty file", b"{": "an object", b'"': "a text"}.get(
        first, f"something that begins with {first.decode('utf-8', 'backslashreplace')!r}"
    )


def _check_gap(gap: bytes, first: int, path: Path) -> None:
    """Between two rows stands a comma, before the first one nothing."""
    if gap.strip() != (b"," if first else b""):
        raise InputError(
            f"{path}: row {first + 1}: expected an object, got {_snippet(gap.lstrip(b', '))}"
        )


def _check_end(rest: bytes, n_rows: int, path: Path) -> None:
    rest = rest.strip()
    if rest == b"]":
        return
    if rest in (b"", b",") or rest.lstrip(b", \t\r\n").startswith(b"{"):
        raise InputError(
            f"{path}: row {n_rows + 1}: expected the list to go on or to be closed by ], "
            "got the end of the file: it is cut off"
        )
    if rest.startswith(b"]"):
        raise InputError(
            f"{path}: expected nothing after the list of {n_rows} rows, got {_snippet(rest[1:])}"
        )
    raise InputError(
        f"{path}: row {n_rows + 1}: expected an object, got {_snippet(rest.lstrip(b', '))}"
    )


def _snippet(text: bytes) -> str:
    """The value that a text begins with, shortened; its beginning if that is no value."""
    shown = text.strip()[:1000].decode("utf-8", "backslashreplace")
    try:
        _, stop = json.JSONDecoder().raw_decode(shown)
    except (ValueError, RecursionError):
        stop = 40
    return shown[:stop] if stop <= 40 else f"{shown[:37]}..."


def decode(batch: Batch, path: Path) -> list[dict[str, Any]]:
    """The rows of a batch as Python values; nan and infinities included.

    Raises:
        InputError: a row is not valid JSON or not an object.
    """
    text = b"[" + batch.text[batch.starts[0] : batch.stops[-1]] + b"]"
    try:
        rows = _loads(text)
    except (ValueError, RecursionError):
        raise _fault(batch, path) from None
    if len(rows) != len(batch.starts):
        i = next(i for i, row in enumerate(rows) if not isinstance(row, dict))
        raise InputError(
            f"{path}: row {batch.first + i + 1}: expected an object, got {show(rows[i])}"
        )
    return rows


def _loads(text: bytes) -> list[Any]:
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError:
        # The standard library also takes NaN and Infinity, which programs write.
        rows = json.loads(as_text(text))
    assert isinstance(rows, list)
    return rows


def _fault(batch: Batch, path: Path) -> InputError:
    """Which row of a batch is not JSON, and why."""
    for i, raw in enumerate(batch.raw(), start=batch.first + 1):
        try:
            json.loads(as_text(raw))
        except UnicodeDecodeError as error:
            return InputError(f"{path}: row {i}: {not_utf8(error)}")
        except (ValueError, RecursionError) as error:
            return InputError(f"{path}: row {i}: not valid JSON: {error}")
    rows = f"rows {batch.first + 1} to {batch.first + len(batch.starts)}"
    return InputError(f"{path}: {rows}: expected one comma between two objects")


@dataclass(frozen=True)
class RowFile:
    """A list file of which it is known where each row stands.

    Attributes:
        path: of the file.
        stamp: its size and modification time in ns when it was looked through.
        starts: (R,) where each row begins, bytes.
        stops: (R,) where each ends.
    """

    path: Path
    stamp: tuple[int, int]
    starts: IntArray
    stops: IntArray

    def fetch(self, rows: IntArray) -> list[dict[str, Any]]:
        """Some rows, by their numbers; neighbours in the file are read together.

        Raises:
            InputError: the file was changed or removed since it was looked through.
        """
        found: list[dict[str, Any]] = []
        if not len(rows):
            return found
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) != self.stamp:
                    raise InputError(f"{self.path}: was changed since it was read; load it again")
                breaks = np.flatnonzero(rows[1:] != rows[:-1] + 1) + 1
                for low, high in pairwise([0, *breaks.tolist(), len(rows)]):
                    start, stop = self.starts[rows[low]], self.stops[rows[high - 1]]
                    file.seek(start)
                    found += _loads(b"[" + file.read(stop - start) + b"]")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        return found


def with_field(raw: bytes, key: str, value: int) -> bytes:
    """An object's text with one integer field set and everything else as it stands.

    The object has at least one field. A list whose first number is `value` says so already.

    >>> with_field(b'{"a": 1.50}', "idx", 3), with_field(b'{"idx": [2, 7], "a": 1e2}', "idx", 3)
    (b'{"a": 1.50, "idx": 3}', b'{"idx": 3, "a": 1e2}')
    """
    quoted = json.dumps(key).encode()
    if quoted not in raw:
        return raw[:-1].rstrip() + b", %s: %d}" % (quoted, value)
    found = re.findall(rb"%s\s*:\s*" % quoted, raw)
    field = re.search(rb"%s\s*:\s*(-?\d+|\[\s*(-?\d+)[^][{}\"]*\])(?=\s*[,}])" % quoted, raw)
    if field is None or len(found) > 1 or raw.count(b"{") > 1:
        # There are inner objects, which may have such a field too: not a matter of patterns.
        row = json.loads(raw)
        row[key] = value
        return json.dumps(row).encode()
    if int(field.group(2) or field.group(1)) == value:
        return raw
    return raw[: field.start(1)] + b"%d" % value + raw[field.end(1) :]


def write_rows(path: Path, rows: Iterable[bytes]) -> None:
    """A list of rows, one a line; whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        separator = b"["
        for row in rows:
            file.write(separator + row)
            separator = b",\n"
        file.write(b"[]\n" if separator == b"[" else b"]\n")
