"""Our own tables, one row a pose: which columns there are, and how rows become a sequence.

`frame` (from 0), `image`, `time` (seconds), `track_id` (from 1; -1 = none), `origin` (a word),
`score`, `box_x0` to `box_y1`, and for each keypoint `NAME_x`, `NAME_y` and `NAME_score`. What is
missing or unknown is an empty cell. Only `frame` and places of keypoints are required, and others
are left alone. Where keypoints were changed after tracking, `raw_NAME_x` and `raw_NAME_y` say what
they were. Where a tracker gave an id narrowly, `margin` says by how much the person was more alike
than `rival_id` (empty: somebody without an id, or not seen then); these are written, never read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import NO_ID, Doubt, Origin, Poses, Sequence
from ..skeletons import Skeleton
from .naming import places, skeleton_of
from .people import ids_from_1
from .reading import ORIGINS, FloatArray, IntArray, frame_names
from .scales import Scores, ScoreScale

BEFORE = (
    *("frame", "image", "time", "track_id", "origin", "score"),
    *("box_x0", "box_y0", "box_x1", "box_y1"),
)
"""The columns before those of the keypoints."""

WORDS = ("image", "origin")
"""The columns that are not of numbers."""

NARROW = ("margin", "rival_id")
"""The columns after all others, of a clip in which a tracker gave some ids narrowly."""

GONE = -2
"""Stands for the id of a row that a sequence no longer has."""

MOST_FRAMES = 10_000_000
"""A day of video at 100 frames a second; a larger number is no frame's."""

# A clip has at most so many frames, and so many more for each of which something is told: an hour
# of video in which somebody walks by once, but no days because of a number that is no frame's.
_FRAMES, _FRAMES_MORE = 100_000, 100

Refuse = Callable[[int, str, str], InputError]
"""(row from 0, column, "expected … got …") -> the error that names file, row and column."""


def columns(kind: Skeleton, is_changed: bool) -> list[str]:
    """The names of all columns but `NARROW`; with those of raw keypoints if some were changed."""
    of_keypoints = [f"{name}_{part}" for name in kind.keypoints for part in ("x", "y", "score")]
    raw = [f"raw_{name}_{part}" for name in kind.keypoints for part in ("x", "y")]
    return [*BEFORE, *of_keypoints, *(raw if is_changed else [])]


def number_columns(kind: Skeleton, header: Iterable[str]) -> list[str]:
    """The names of the C columns of numbers, in the order of the `numbers` of `sequence_of`.

    Args:
        kind: of the keypoints.
        header: the names of the table's columns, which tell whether it has raw keypoints.
    """
    is_changed = f"raw_{kind.keypoints[0]}_x" in header
    return [name for name in columns(kind, is_changed) if name not in WORDS]


def keypoint_names(header: Iterable[str]) -> list[str]:
    """The keypoints of which a table has the places, in its order."""
    header = list(header)
    names = [name.removesuffix("_x") for name in header if name.endswith("_x")]
    names = [name for name in names if f"{name}_y" in header]
    return [n for n in names if not (n.startswith("raw_") and n.removeprefix("raw_") in names)]


def kind_of(header: list[str], given: Skeleton | None, name: str, path: Path) -> Skeleton:
    """What the keypoints of a table are.

    Args:
        header: the names of its columns.
        given: of the user; its keypoints are those that are read.
        name: of a skeleton that is not one of ours.
        path: for messages.

    Raises:
        InputError: the table lacks a column or has one twice.
    """
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{path}: expected different columns, got {column!r} twice")
    names = keypoint_names(header)
    if "frame" not in header or not names:
        missing = "frame" if "frame" not in header else "NAME_x and NAME_y of keypoints"
        raise InputError(
            f"{path}: expected a column {missing}, got {', '.join(map(repr, header[:12]))}"
        )
    try:
        kind = given or skeleton_of(names, name)
        places(kind, names)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return kind


def numbers_of(poses: Poses, scales: tuple[float, float], is_changed: bool) -> FloatArray:
    """(N, 5 + 3K) the columns after `origin`: score, box and keypoints; nan = an empty cell.

    If some keypoints of the clip were changed, raw ones follow: (N, 5 + 5K).
    """
    n = len(poses)
    scores = np.where(np.isnan(poses.keypoints[..., 0]), np.nan, poses.keypoint_scores) * scales[0]
    table = np.concatenate([poses.keypoints, scores[..., None]], axis=2).reshape(n, -1)
    parts = [poses.scores[:, None] * scales[1], poses.boxes, table]
    if is_changed:
        raw = poses.keypoints if poses.raw_keypoints is None else poses.raw_keypoints
        was_there = (poses.origins != Origin.FILLED)[:, None, None]
        parts.append(np.where(was_there, raw, np.nan).reshape(n, -1))
    return np.concatenate(parts, axis=1)


Narrow = tuple[float | None, int | None]
"""The last two columns of a pose: by which margin, and whose id it might be; None = an empty cell.
"""


def narrow_of(sequence: Sequence) -> Callable[[int, Poses], list[Narrow]]:
    """What the columns `margin` and `rival_id` say of frame i and its N poses."""
    doubts: dict[int, list[Doubt]] = defaultdict(list)
    for doubt in sequence.doubts:
        doubts[doubt.frame].append(doubt)

    def narrow(index: int, poses: Poses) -> list[Narrow]:
        ids = poses.track_ids.tolist()
        told: list[Narrow] = [(None, None)] * len(poses)
        for doubt in doubts.get(index, ()):
            if ids[doubt.pose] != NO_ID:
                rival = None if doubt.rival == NO_ID else doubt.rival
                told[doubt.pose] = round(doubt.margin, 3), rival
        return told

    return narrow


def ids_by_row(sequence: Sequence) -> IntArray | None:
    """The id of each row of the file that a sequence was read from, up to the last that it has.

    Returns:
        Ids, `GONE` for a row that it has no longer; None if a pose is of no row.
    """
    nothing = np.empty(0, dtype=np.int64)
    rows = np.concatenate([nothing, *(poses.rows for poses in sequence.frames)])
    if (rows < 0).any():
        return None
    ids = np.full(rows.max(initial=-1) + 1, GONE)
    ids[rows] = np.concatenate([nothing, *(poses.track_ids for poses in sequence.frames)])
    return ids


def origin_words(poses: Poses) -> list[str]:
    """What the column `origin` says of each of N poses."""
    words = {origin: word for word, origin in ORIGINS.items()}
    return [words[origin] for origin in poses.origins.tolist()]


def origins_of(words: list[str], first: int, refuse: Refuse) -> NDArray[np.uint8]:
    """(R,) the origins that some words say; an empty one says: detected.

    Args:
        words: of R rows, one after another.
        first: the number of the first of these rows.
        refuse: makes the error for a cell.

    Raises:
        InputError: by `refuse`, for the first that is another word.
    """
    try:
        return np.array([ORIGINS[word] if word else 0 for word in words], dtype=np.uint8)
    except KeyError as error:
        (word,) = error.args
        expected = f"expected {', '.join(ORIGINS)} or an empty cell, got {word!r}"
        raise refuse(first + words.index(word), "origin", expected) from None


class About(NamedTuple):
    """What a table tells beside its rows.

    Attributes:
        name: of the clip.
        empty: frames without rows -> image name ("" = unknown), time (nan = unknown). Others that
            have no row and are before the last are known to be only by their number.
        image_size: as in `Sequence`.
        score_scales: as in `Sequence`; None = by `scales.Scores`.
    """

    name: str
    empty: Mapping[int, tuple[str, float]] = {}
    image_size: tuple[int, int] | None = None
    score_scales: tuple[float, float] | None = None


def sequence_of(
    numbers: FloatArray,
    images: Iterable[str],
    origins: NDArray[np.uint8],
    kind: Skeleton,
    about: About,
    score_scale: ScoreScale | None,
    refuse: Refuse,
) -> Sequence:
    """The clip of a table, without its source.

    Args:
        numbers: (R, 8 + 3K) the columns of `number_columns`, or 8 + 5K; nan = an empty cell.
        images: R names, "" = unknown.
        origins: (R,) by `origins_of`.
        kind: what the keypoints are.
        about: the rest.
        score_scale: the largest possible keypoint score, or this and the pose score;
            None = as `about` says.
        refuse: makes the error for a cell.

    Raises:
        InputError: by `refuse`, for a cell that cannot be, or for a frame of two images or times.
    """
    _check(numbers, kind, refuse)
    frame, time, track_id, score = numbers[:, :4].T
    boxes, end = numbers[:, 4:8], 8 + 3 * len(kind)
    keypoints = numbers[:, 8:end].reshape(len(numbers), len(kind), 3)
    is_changed = numbers.shape[1] > end
    scales = about.score_scales
    if scales is None or score_scale is not None:
        scales = Scores.of(keypoints[..., 2], score).scales(score_scale)
    ids = np.where(np.isnan(track_id), NO_ID, track_id).astype(np.int64)
    scored = not np.isnan(score).all()
    every = Poses.from_keypoints(
        keypoints[..., :2],
        np.clip(keypoints[..., 2] / scales[0], 0.0, 1.0),
        np.clip(score / scales[1], 0.0, 1.0) if scored else None,
        boxes,
        ids_from_1(ids, 0 if (ids == 0).any() else 1),
        np.arange(len(numbers)),
        origins,
        numbers[:, end:].reshape(len(numbers), len(kind), 2) if is_changed else None,
    )
    frames = frame.astype(np.int64)
    _refuse_emptiness(frames, about, refuse)
    order = np.argsort(frames, kind="stable")
    n_frames = max(frames.max(initial=-1), *about.empty, -1) + 1
    bounds = np.searchsorted(frames[order], np.arange(n_frames + 1)).tolist()
    nobody = every[:0]
    # Slices share the arrays of all, where rows are in order of frames, as ours are.
    every = every if (np.diff(order) == 1).all() else every[order]
    return Sequence(
        skeleton=kind,
        frames=tuple(every[a:b] if b > a else nobody for a, b in pairwise(bounds)),
        image_names=_names(frames, images, about, n_frames, refuse),
        times=_times(frames, time, about, n_frames, refuse),
        image_size=about.image_size,
        name=about.name,
        score_scales=scales,
    )


def _check(numbers: FloatArray, kind: Skeleton, refuse: Refuse) -> None:
    """Refuse the first number that cannot be."""
    end = 8 + 3 * len(kind)
    names = number_columns(kind, [f"raw_{kind.keypoints[0]}_x"] if numbers.shape[1] > end else [])

    def demand(good: NDArray[np.bool_], column: int, expected: str) -> None:
        for row in np.flatnonzero(~good).tolist():
            value = numbers[row, column]
            got = "nothing" if np.isnan(value) else f"{value:.15g}"
            raise refuse(row, names[column], f"expected {expected}, got {got}")

    for column in np.flatnonzero(np.isinf(numbers).any(axis=0)).tolist():
        demand(~np.isinf(numbers[:, column]), column, "a finite number")
    frame, track_id = numbers[:, 0], numbers[:, 2]
    demand(
        (frame == np.floor(frame)) & (frame >= 0) & (frame < MOST_FRAMES),
        0,
        f"an integer from 0 to {MOST_FRAMES - 1}",
    )
    demand(np.isnan(track_id) | (track_id == np.floor(track_id)), 2, "an integer")
    missing = np.isnan(numbers)
    for column in (*range(8, end, 3), *range(end, numbers.shape[1], 2)):
        x, y = missing[:, column], missing[:, column + 1]
        demand(~x | y, column, "both x and y, or neither")
        demand(~y | x, column + 1, "both x and y, or neither")


def _refuse_emptiness(frames: IntArray, about: About, refuse: Refuse) -> None:
    """Refuse the first frame that is too far from all others to be one."""
    told = len(np.unique(frames)) + len(about.empty)
    most = _FRAMES + _FRAMES_MORE * told
    for row in np.flatnonzero(frames >= most).tolist():
        expected = f"expected less than {most} in a table that tells of {told} frames"
        raise refuse(row, "frame", f"{expected}, got {frames[row]}")


def _names(
    frames: IntArray, images: Iterable[str], about: About, n_frames: int, refuse: Refuse
) -> tuple[str, ...]:
    """(F,) the image of each frame; those between known ones where their numbers tell them."""
    names = [about.empty.get(i, ("",))[0] for i in range(n_frames)]
    for row, (frame, image) in enumerate(zip(frames.tolist(), images, strict=True)):
        if names[frame] not in ("", image):
            expected = f"expected {names[frame]!r}, as before for frame {frame}, got {image!r}"
            raise refuse(row, "image", expected)
        names[frame] = image
    filled = frame_names(name for name in names if name)
    if len(filled) != n_frames:
        return tuple(names)
    fit = all(name in ("", told) for name, told in zip(names, filled, strict=True))
    return filled if fit else tuple(names)


def _times(
    frames: IntArray, time: FloatArray, about: About, n_frames: int, refuse: Refuse
) -> FloatArray | None:
    """(F,) seconds; between known ones by proportion, from 0 on; None = all are unknown."""
    times = np.full(n_frames, np.nan)
    times[frames] = time
    for row in np.flatnonzero((times[frames] != time) & ~np.isnan(time)).tolist():
        expected = f"expected {times[frames[row]]}, as for frame {frames[row]}, got {time[row]}"
        raise refuse(row, "time", expected)
    for frame, (_, seconds) in about.empty.items():
        times[frame] = seconds
    if np.isnan(times).all():
        return None
    if np.isnan(times[0]):
        times[0] = 0.0
    known = np.flatnonzero(~np.isnan(times))
    return np.asarray(np.interp(np.arange(n_frames), known, times[known]))
