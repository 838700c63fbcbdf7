"""What the readers and writers share: values, complaints, the edges of `Poses`, frames.

Everything a file spells in its own way is translated here or in the module of its format and
nowhere else: (0, 0) for a missing keypoint, scores of any scale, images without people that a file
leaves out. Rows, persons and keypoints are counted from 1 in messages.
"""

from __future__ import annotations

import gc
import json
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ..errors import InputError
from ..files import natural_key
from ..poses import Origin, Poses, Sequence
from ..skeletons import Skeleton, skeleton

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Refuse = Callable[[int, str, str], InputError]
"""(index in a batch, expected, got) -> the error that names file, frame and field."""


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputError: it does not exist, cannot be read, or is a folder.
    """
    if path.is_dir():
        raise InputError(f"{path}: expected a file, found a folder")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextmanager
def uncollected() -> Iterator[None]:
    """Read a file with Python's collector of cycles switched off; then it is as it was.

    JSON makes no cycles, but a million lists and objects at once, and every so many of them the
    collector looks at all. It takes four times as long as the parsing itself.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse(text: bytes, path: Path | str) -> Any:
    """JSON as Python values; nan and infinities, which JSON lacks but programs write, included.

    Args:
        text: of the whole file.
        path: for the message.

    Raises:
        InputError: it is not JSON, or cut off.
    """
    if not text.strip():
        raise InputError(f"{path}: expected JSON, got an empty file")
    with uncollected():
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
        try:
            return json.loads(as_text(text))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: {not_utf8(error)}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not valid JSON, cut off perhaps: {error}") from error


def as_text(content: bytes) -> str:
    """A file's content as text.

    Raises:
        UnicodeDecodeError: it is not UTF-8, with or without a mark.
    """
    # The standard library would try UTF-16 and 32 as well, which no later reader of the file does.
    return content.decode("utf-8-sig")


def refuse_utf16(head: bytes, path: Path) -> None:
    """See that a file does not begin as a text of UTF-16, with or without its mark, does.

    Raises:
        InputError: it does.
    """
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:2].strip(b"[{") == b"\0":
        raise InputError(f"{path}: expected UTF-8, got UTF-16")


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with a text, after the name of its file."""
    content = bytes(error.object)
    line = content.count(b"\n", 0, error.start) + 1
    return f"expected UTF-8, got the byte {content[error.start]:#04x} in line {line}"


# ---------------------------------------------------------------- values and complaints


def show(value: object) -> str:
    """A value as a message shows it: JSON, shortened; an absent one is "nothing"."""
    if value is None:
        return "nothing"
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_number(value: object) -> bool:
    """Whether a JSON value is a number that a float64 holds; nan and infinities are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def packed(values: list[Any]) -> FloatArray | None:
    """(N,) finite numbers as a read-only array; None if one is anything else.

    Faster than np.array, which would take texts of digits, too.
    """
    try:
        array = np.frombuffer(struct.pack(f"{len(values)}d", *values))
    except (struct.error, OverflowError):
        return None
    # True and False are packed as numbers.
    switches = np.flatnonzero((array == 0) | (array == 1)).tolist()
    if not np.isfinite(array).all() or any(type(values[i]) is bool for i in switches):
        return None
    return array


def _plain(values: list[Any]) -> FloatArray | None:
    """Lists of finite numbers, all of one shape, as an array; None if they are anything else."""
    try:
        array = np.array(values)
    except (ValueError, OverflowError):
        return None
    if array.dtype.kind not in "fi" or not np.isfinite(array).all():
        return None
    return array.astype(np.float64, copy=False)


def numbers(values: list[Any], refuse: Refuse, *, shape: str = "") -> FloatArray:
    """(N,) numbers of a batch, or (N, C) lists of C numbers; nan where None.

    Args:
        values: N values of the file, some of them None.
        refuse: makes the error for one of them.
        shape: of lists, what their C numbers are, such as "x, y, width, height"; "" = no lists.

    Raises:
        InputError: by `refuse`, for the first that is no finite number or list of C of them.
    """
    width = (shape.count(",") + 1,) if shape else ()
    if not shape and (whole := packed(values)) is not None:
        return whole
    result = np.full((len(values), *width), np.nan)
    present = [i for i, value in enumerate(values) if value is not None]
    given = values if len(present) == len(values) else [values[i] for i in present]
    if not given:
        return result
    array = _plain(given)
    if array is None or array.shape[1:] != width:
        for i in present:
            parts = values[i] if shape and isinstance(values[i], list) else [values[i]]
            if len(parts) != (*width, 1)[0] or not all(map(is_number, parts)):
                raise refuse(i, shape or "a finite number", show(values[i]))
        array = np.array(given, dtype=np.float64)
    result[present] = array
    return result


def _packed(values: list[Any]) -> FloatArray | None:
    """(N, C) flat lists of C finite numbers; None if they are anything else."""
    try:
        # Twice as fast as np.array, and it takes neither texts nor lists of another length.
        pack = struct.Struct(f"{len(values[0])}d").pack
        packed = b"".join([pack(*value) for value in values])
    except (struct.error, TypeError, OverflowError):
        return None
    array = np.frombuffer(packed).reshape(len(values), len(values[0]))
    return array if np.isfinite(array).all() else None


def triples(values: list[Any], n_keypoints: int | None, refuse: Refuse) -> FloatArray:
    """(N, K, 3) x, y, score of a batch of lists, each flat or of K triples.

    Args:
        values: N lists of the file.
        n_keypoints: K of the rows before; None = that of the first.
        refuse: makes the error for one of them.

    Raises:
        InputError: by `refuse`, for the first that is not K triples of finite numbers.
    """
    if not values:
        return np.empty((0, n_keypoints or 0, 3))
    array = _packed(values)
    if array is not None and not array.shape[1] % 3:
        table = array.reshape(len(array), -1, 3)
        if n_keypoints in (None, table.shape[1]):
            return table
    # Something is unusual: find out what, one list at a time.
    rows = []
    for i, value in enumerate(values):
        row, fault = _flat_triple(value)
        if not fault and n_keypoints is not None and len(row) != 3 * n_keypoints:
            fault = (f"{n_keypoints} keypoints, as in the rows before", str(len(row) // 3))
        if fault:
            raise refuse(i, *fault)
        n_keypoints = len(row) // 3
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1, 3)


def _flat_triple(value: Any) -> tuple[list[Any], tuple[str, str] | None]:
    """A list of keypoints made flat, and (expected, got) if it is none."""
    if not isinstance(value, list):
        return [], ("a list x1, y1, score1, x2, …", show(value))
    row = value
    if value and isinstance(value[0], list):
        for i, point in enumerate(value, start=1):
            if not isinstance(point, list) or len(point) != 3:
                return [], (f"keypoint {i} as x, y, score", show(point))
        row = [number for point in value for number in point]
    for i, number in enumerate(row):
        if not is_number(number):
            part = ("x", "y", "score")[i % 3]
            return [], ("finite numbers", f"{show(number)} as {part} of keypoint {i // 3 + 1}")
    if len(row) % 3:
        return [], ("three numbers for each keypoint", f"{len(row)} numbers")
    return row, None


def skeleton_for(
    n_keypoints: int, given: Skeleton | None, own: Mapping[int, str], path: Path | str
) -> Skeleton:
    """What the K keypoints of a file are: the given skeleton, else the format's own for K.

    Raises:
        InputError: the given one has another K, or the format has none of K keypoints.
    """
    guess = own.get(n_keypoints)
    if given is not None:
        if len(given) == n_keypoints:
            return given
        advice = f"pass {guess}" if guess else "pass the skeleton that the file has"
        raise InputError(
            f"{path}: keypoints: expected the {len(given)} of skeleton {given.name}, "
            f"got {n_keypoints}; {advice}"
        )
    if guess is None:
        raise InputError(
            f"{path}: keypoints: expected {', '.join(map(str, sorted(own)))}, got {n_keypoints}; "
            "pass the skeleton that the file has (a name, or a TOML or JSON file of your own)"
        )
    return skeleton(guess)


# ---------------------------------------------------------------- the edges of Poses

ORIGINS = {origin.name.lower(): int(origin) for origin in Origin}
"""What files call where a pose comes from."""


def to_poses(
    table: FloatArray,
    scales: tuple[float, float],
    scores: FloatArray | None = None,
    boxes: FloatArray | None = None,
    track_ids: IntArray | None = None,
    rows: IntArray | None = None,
    origins: NDArray[np.uint8] | None = None,
    raw: FloatArray | None = None,
) -> Poses:
    """Poses from x, y, score as files of AlphaPose's, COCO's and OpenPose's kind have them.

    Args:
        table: (N, K, 3) as in the file; 0, 0, 0 = missing.
        scales: what scores of keypoints and of poses are divided by, see `scales.Scores`.
        scores: (N,) as in the file, nan = absent; None = the mean of the keypoint scores.
        boxes: (N, 4) x0 y0 x1 y1; None, or nan in a row = around the keypoints.
        track_ids: (N,), -1 = none; None = no ids.
        rows: (N,) the place of each among the poses of the file.
        origins: (N,); None = all detected.
        raw: (N, K, 3) the table before its keypoints were changed; None = they were not. Of those
            that are put in, all is missing.
    """
    missing = (table == 0).all(axis=2)
    if raw is not None:
        absent = (raw == 0).all(axis=2)
        if origins is not None:
            absent |= (origins == Origin.FILLED)[:, None]
        raw = np.where(absent[..., None], np.nan, raw[..., :2])
    return Poses.from_keypoints(
        np.where(missing[..., None], np.nan, table[..., :2]),
        np.clip(table[..., 2] / scales[0], 0.0, 1.0),
        None if scores is None else np.clip(scores / scales[1], 0.0, 1.0),
        boxes,
        track_ids,
        rows,
        origins,
        raw,
    )


def to_triples(poses: Poses, scale: float) -> FloatArray:
    """(N, K, 3) x, y, score for a file: scores times `scale`, missing keypoints 0, 0, 0.

    A score that the estimator did not give is written as `scale`: these files have no word for
    "unknown", and their readers take 0 for a keypoint that is not there.
    """
    scores = np.where(np.isnan(poses.keypoint_scores), 1.0, poses.keypoint_scores) * scale
    table = np.concatenate([poses.keypoints, scores[..., None]], axis=2)
    return np.where(np.isnan(table).any(axis=2, keepdims=True), 0.0, table)


# ---------------------------------------------------------------- frames and their names


def _pieces(name: str) -> tuple[str, str, str] | None:
    """What is before, in and after the last number of a name; None = it has no number.

    The ending of a file is no place for it: clip.mp4 has no number.
    """
    stem, dot, ending = name.rpartition(".")
    if not (ending.isalnum() and ending[0].isalpha()):
        stem, dot, ending = name, "", ""
    match = re.fullmatch(r"(.*?)(\d+)(\D*)", stem, re.ASCII | re.DOTALL)
    return (match[1], match[2], match[3] + dot + ending) if match else None


def number_in(name: str) -> int | None:
    """The number of an image's name: its last digits before the ending; None = there are none.

    >>> number_in("clip2/frame_0012.jp2"), number_in("cover.png")
    (12, None)
    """
    pieces = _pieces(name)
    return int(pieces[1]) if pieces else None


def frame_names(names: Iterable[str]) -> tuple[str, ...]:
    """The frames of a clip, in order, from the names of the images that occur in a file.

    In natural order ("2.jpg" before "10.jpg"). Where every name is one prefix, a number and one
    suffix, frames absent between the first and the last are put in, in the same style; the step is
    the greatest common divisor of the differences. Numbers that are no frame numbers (times, say)
    are left as they are: a clip is not made longer than 100 × its names + 1000.

    >>> frame_names(["f_008.png", "f_012.png", "f_010.png", "f_016.png"])
    ('f_008.png', 'f_010.png', 'f_012.png', 'f_014.png', 'f_016.png')
    """
    present = sorted(set(names), key=lambda name: (natural_key(name), name))
    pieces = [found for name in present if (found := _pieces(name))]
    if len(present) < 2 or len(pieces) < len(present):
        return tuple(present)
    prefix, _, suffix = pieces[0]
    values = [int(digits) for _, digits, _ in pieces]
    width = min(len(digits) for _, digits, _ in pieces)
    if present != [f"{prefix}{value:0{width}d}{suffix}" for value in values]:
        return tuple(present)
    step = math.gcd(*(after - before for before, after in pairwise(values)))
    if (values[-1] - values[0]) // step + 1 > 100 * len(present) + 1000:
        return tuple(present)
    return tuple(
        f"{prefix}{value:0{width}d}{suffix}" for value in range(values[0], values[-1] + 1, step)
    )


def names_to_write(sequence: Sequence) -> tuple[str, ...]:
    """One name a frame, all different: the sequence's own, else "0.jpg", "1.jpg" and so on."""
    names = sequence.image_names
    if all(names) and len(set(names)) == len(names):
        return names
    return tuple(f"{i}.jpg" for i in range(len(names)))
