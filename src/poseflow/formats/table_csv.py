"""Our table as CSV: a header and one row a pose, as every spreadsheet reads it.

CSV has no place but rows: frames after the last with people are not told, nor is the image's size.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice, repeat
from operator import itemgetter
from pathlib import Path

import numpy as np
import orjson

from ..errors import InputError
from ..files import whole_file
from ..poses import Poses, Sequence
from ..skeletons import Skeleton
from .format import Format, Sample, own_source, source_of
from .reading import FloatArray
from .scales import ScoreScale
from .table import (
    GONE,
    NARROW,
    About,
    Narrow,
    Refuse,
    columns,
    ids_by_row,
    keypoint_names,
    kind_of,
    narrow_of,
    number_columns,
    numbers_of,
    origin_words,
    origins_of,
    sequence_of,
)

_NAME = "csv"
_CHUNK = 1000
# What begins a value of JSON other than a number, null or a list.
_NO_NUMBERS = ('"', "t", "f", "{")
_QUOTED = re.compile(r'["\r\n]')


def _recognise(sample: Sample) -> bool:
    if sample.files is not None or sample.json is not None:
        return False
    try:
        header = next(csv.reader([_first_line(sample.head)]), [])
    except csv.Error:  # Not even text.
        return False
    return "frame" in header and bool(keypoint_names(header))


def _first_line(head: bytes) -> str:
    return head.partition(b"\n")[0].decode("utf-8-sig", "replace").rstrip("\r").replace("\0", "")


# ---------------------------------------------------------------- reading


def _lines(path: Path) -> Iterator[list[str]]:
    """The header and the rows of a file; empty lines are none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from filter(None, csv.reader(file))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a table of text: {error}") from error


def _rows(lines: Iterator[list[str]], width: int, path: Path) -> Iterator[list[str]]:
    """The rows after the header, each as wide as that."""
    for i, row in enumerate(lines, start=1):
        if len(row) != width:
            raise InputError(f"{path}: row {i}: expected {width} cells, got {len(row)}")
        yield row


def _header(lines: Iterator[list[str]], path: Path) -> list[str]:
    header = next(lines, None)
    if header is None:
        raise InputError(f"{path}: expected a header and rows, got an empty file")
    return header


def _read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    source = source_of(path, _NAME)
    lines = _lines(path)
    header = _header(lines, path)
    kind = kind_of(header, given, "custom", path)
    # A column that the file lacks is read from an empty cell put after the last.
    place = {name: i for i, name in enumerate(header)}
    names = number_columns(kind, header)
    wanted = [place.get(name, len(header)) for name in names]
    pick = itemgetter(*wanted)
    image, origin = (place.get(name, len(header)) for name in ("image", "origin"))

    def refuse(i: int, column: str, fault: str) -> InputError:
        return InputError(f"{path}: row {i + 1}: {column}: {fault}")

    numbers, images, origins = array("d"), list[str](), array("B")
    rows = _rows(lines, len(header), path)
    while some := list(islice(rows, _CHUNK)):
        for row in some:
            row.append("")
        cells = [pick(row) for row in some]
        some_numbers = _numbers_at_once(cells)
        if some_numbers is None:
            some_numbers = _numbers_one_by_one(cells, len(images), names, refuse)
        numbers.frombytes(some_numbers.tobytes())
        words = [row[origin] for row in some]
        origins.frombytes(origins_of(words, len(images), refuse).tobytes())
        images += [row[image] for row in some]
    table = np.asarray(numbers).reshape(-1, len(wanted))
    origin_of = np.frombuffer(origins, dtype=np.uint8)
    about = About(path.stem)
    sequence = sequence_of(table, images, origin_of, kind, about, score_scale, refuse)
    return replace(sequence, source=source)


def _numbers_at_once(cells: list[tuple[str, ...]]) -> FloatArray | None:
    """(R, C) the numbers of rows of cells; None where some may be none.

    A parser of JSON reads them several times as fast as `float` does one by one.
    """
    text = "],[".join(",".join([cell or "null" for cell in row]) for row in cells)
    if any(mark in text for mark in _NO_NUMBERS):
        return None
    try:
        numbers = np.array(orjson.loads(f"[[{text}]]"), dtype=np.float64)
    except ValueError:
        return None
    return numbers if numbers.shape == (len(cells), len(cells[0])) else None


def _numbers_one_by_one(
    cells: list[tuple[str, ...]], first: int, names: list[str], refuse: Refuse
) -> FloatArray:
    numbers = np.full((len(cells), len(names)), np.nan)
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            if not cell:
                continue
            try:
                numbers[i, j] = float(cell)
            except ValueError:
                numbers[i, j] = np.nan
            if np.isnan(numbers[i, j]):
                fault = f"expected a number or an empty cell, got {cell!r}"
                raise refuse(first + i, names[j], fault)
    return numbers


# ---------------------------------------------------------------- writing


def _write(path: Path, sequence: Sequence) -> None:
    """A file, row by row; one that was read from CSV gets its own columns and cells back."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.writelines(_given_back(sequence) or _made(sequence))


def _given_back(sequence: Sequence) -> Iterator[bytes] | None:
    """The lines of the source that the sequence still has; None = it was read from elsewhere."""
    own = own_source(sequence, _NAME)
    ids = None if own is None else ids_by_row(sequence)
    if own is None or ids is None:
        return None
    lines = _lines(own)
    header = _header(lines, own)
    if not set(sequence.skeleton.keypoints) <= set(keypoint_names(header)):
        return None
    return _with_ids(_rows(lines, len(header), own), header, chain(ids.tolist(), repeat(GONE)))


def _with_ids(rows: Iterator[list[str]], header: list[str], ids: Iterator[int]) -> Iterator[bytes]:
    width = len(header)
    place = header.index("track_id") if "track_id" in header else width
    names = [*header, "track_id"] if place == width else header
    yield _line(names)
    for row, track_id in zip(rows, ids, strict=False):
        if track_id != GONE:
            row[place : place + 1] = [str(track_id)]
            yield _line(row)


def _line(cells: list[str]) -> bytes:
    text = ",".join(cells)
    if text.count(",") >= len(cells) or _QUOTED.search(text):
        text = ",".join(map(_cell, cells))
    return (text + "\n").encode()


def _cell(text: str) -> str:
    """A text as a cell: in quotes where it has what ends a cell."""
    if "," in text or _QUOTED.search(text):
        text = text.replace('"', '""')
        return f'"{text}"'
    return text


def _made(sequence: Sequence) -> Iterator[bytes]:
    """The lines of a table, made from arrays, a frame at a time."""
    is_changed = sequence.is_changed
    narrow = narrow_of(sequence) if sequence.doubts else None
    yield _line([*columns(sequence.skeleton, is_changed), *(NARROW if narrow else ())])
    times = np.full(len(sequence), np.nan) if sequence.times is None else sequence.times
    for i, (poses, time) in enumerate(zip(sequence.frames, times.tolist(), strict=True)):
        if len(poses):
            seconds = "" if np.isnan(time) else repr(time)
            before = f"{i},{_cell(sequence.image_names[i])},{seconds},".encode()
            numbers = numbers_of(poses, sequence.score_scales, is_changed)
            yield _frame(poses, numbers, before, narrow(i, poses) if narrow else None)


def _frame(poses: Poses, numbers: FloatArray, before: bytes, narrow: list[Narrow] | None) -> bytes:
    """The lines of one frame."""
    # orjson writes the shortest text that reads back as the number, nan as null, and all rows at
    # once: one cell after another in Python takes ten times as long.
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    rows = text[2:-2].replace(b"null", b"").split(b"],[")
    if narrow is not None:
        ends = orjson.dumps(narrow)[2:-2].replace(b"null", b"").split(b"],[")
        rows = [b"%s,%s" % both for both in zip(rows, ends, strict=True)]
    ids = poses.track_ids.tolist()
    return b"".join(
        b"%s%d,%s,%s\n" % (before, track_id, origin.encode(), row)
        for track_id, origin, row in zip(ids, origin_words(poses), rows, strict=True)
    )


CSV = Format(
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=_write,
    suffix=".csv",
    loses=frozenset({"empty frames", "image_size"}),
)
