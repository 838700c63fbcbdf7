"""One list of people for a whole clip, AlphaPose's and COCO's way, of any length.

A file is gone through twice: once to check every row and to learn where each one stands and the
largest scores, and then frame by frame, whenever a frame is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Frames
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from ..errors import InputError
from ..poses import Poses, Sequence, Source
from ..skeletons import Skeleton, skeleton
from .format import own_source, source_of
from .people import Fields, is_of, read_people, write_people
from .reading import Refuse, frame_names, show, skeleton_for
from .rows import RowFile, batches, decode, with_field, write_rows
from .scales import Scores, ScoreScale

IntArray = NDArray[np.int64]


class Dialect(NamedTuple):
    """What one list format does in its own way.

    Attributes:
        format: its name in `FORMATS`.
        fields: what it calls the parts of a person.
        skeletons: K -> name of the skeleton of K keypoints.
        check_image: (image_ids of a batch, refuse) raises where one is not what it should be.
    """

    format: str
    fields: Fields
    skeletons: Mapping[int, str]
    check_image: Callable[[list[Any], Refuse], None]


@dataclass(frozen=True)
class Found:
    """What looking through a list file has taught.

    Attributes:
        source: the file.
        rows: where each of its R rows stands.
        images: the different image_ids, in order of appearance.
        image_of: (R,) index in `images`.
        n_keypoints: K; None = there are no rows.
        scores: of the file.
        first_id: what its ids count from, 0 or 1.
    """

    source: Source
    rows: RowFile
    images: list[str | int]
    image_of: IntArray
    n_keypoints: int | None
    scores: Scores
    first_id: int


def look_through(path: Path, dialect: Dialect) -> Found:
    """Check every row of a list file and learn where each one stands.

    Raises:
        InputError: the file cannot be read or has a mistake.
    """
    if path.is_dir():
        raise InputError(f"{path}: expected a file, found a folder")
    source = source_of(path, dialect.format)
    index: dict[str | int, int] = {}
    starts, stops, image_of = [], [], []
    n_keypoints: int | None = None
    scores, first_id = Scores(), 1
    for batch in batches(path):
        rows = decode(batch, path)
        images = _images(rows, batch.first, path, dialect)
        where = _place(images, range(batch.first, batch.first + len(rows)))
        people = read_people(rows, dialect.fields, n_keypoints, path, where)
        n_keypoints = people.table.shape[1]
        if n_keypoints == 0:
            raise InputError(f"{path}: {where(0)}: keypoints: expected some, got []")
        image_of.append(np.array([index.setdefault(image, len(index)) for image in images]))
        starts.append(batch.offset + batch.starts)
        stops.append(batch.offset + batch.stops)
        first_id = min(first_id, 1 - int((people.track_ids == 0).any()))
        scores = scores.and_also(Scores.of(people.table[..., 2], people.scores))
    return Found(
        source,
        RowFile(path, source.stamp, _joined(starts), _joined(stops)),
        list(index),
        _joined(image_of),
        n_keypoints,
        scores,
        first_id,
    )


def frames_by_name(found: Found) -> tuple[tuple[str, ...], IntArray]:
    """The names of the frames, and the frame of each image, by `reading.frame_names`."""
    images = [str(image) for image in found.images]
    names = frame_names(images)
    frame = {name: i for i, name in enumerate(names)}
    return names, np.array([frame[image] for image in images], dtype=np.int64)


def sequence_of(
    found: Found,
    dialect: Dialect,
    given: Skeleton | None,
    score_scale: ScoreScale | None,
    names: tuple[str, ...],
    frame_of_image: IntArray,
) -> Sequence:
    """The clip that a list file holds; its frames are decoded on access.

    Args:
        found: by `look_through`.
        dialect: of the format.
        given: skeleton; None = the format's own for the number of keypoints.
        score_scale: the largest possible keypoint score, or this and the pose score;
            None = see `scales.Scores`.
        names: of the frames.
        frame_of_image: (images,) the frame of each of the found images.

    Raises:
        InputError: the skeleton has another number of keypoints than the file.
    """
    path = found.rows.path
    if found.n_keypoints is None:
        kind = given or skeleton("coco-17")
    else:
        kind = skeleton_for(found.n_keypoints, given, dialect.skeletons, path)
    scales = found.scores.scales(score_scale)
    return Sequence(
        skeleton=kind,
        frames=_ListFrames(found, frame_of_image, len(names), len(kind), dialect, scales),
        image_names=names,
        name=path.stem,
        score_scales=scales,
        source=found.source,
    )


def _joined(pieces: list[Any]) -> IntArray:
    return np.concatenate([np.empty(0, dtype=np.int64), *pieces]).astype(np.int64)


def _images(
    rows: list[dict[str, Any]], first: int, path: Path, dialect: Dialect
) -> list[str | int]:
    images: list[Any] = [row.get("image_id") for row in rows]
    dialect.check_image(
        images,
        lambda i, expected, got: InputError(
            f"{path}: row {first + i + 1}: image_id: expected {expected}, got {got}"
        ),
    )
    return images


def _place(images: list[str | int], rows: Any) -> Callable[[int], str]:
    return lambda i: f"row {rows[i] + 1} (image {images[i]})"


def image_ids(values: list[Any], refuse: Refuse) -> None:
    """The check of an image_id that is a name or a number."""
    for i, value in enumerate(values):
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise refuse(i, "a name or an integer", show(value))


class _ListFrames(Frames[Poses]):
    """The frames of a list file, read when asked for. Holds no open file."""

    def __init__(
        self,
        found: Found,
        frame_of_image: IntArray,
        n_frames: int,
        n_keypoints: int,
        dialect: Dialect,
        scales: tuple[float, float],
    ) -> None:
        frame_of = frame_of_image[found.image_of]
        self._file, self._dialect, self._scales = found.rows, dialect, scales
        self._rows = np.argsort(frame_of, kind="stable")
        self._bounds = np.searchsorted(frame_of[self._rows], np.arange(n_frames + 1))
        self._n_keypoints = n_keypoints
        self._first_id = found.first_id
        self._scored = not np.isnan(found.scores.pose)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        frame = range(len(self))[index]
        rows = self._rows[self._bounds[frame] : self._bounds[frame + 1]]
        if not len(rows):
            return Poses.empty(self._n_keypoints)
        objects = self._file.fetch(rows)
        images = [row.get("image_id", "") for row in objects]
        people = read_people(
            objects,
            self._dialect.fields,
            self._n_keypoints,
            self._file.path,
            _place(images, rows),
        )
        people = people.with_ids_from(self._first_id)
        return people.poses(self._scales, self._scored, rows)


def write_list(
    path: Path, sequence: Sequence, dialect: Dialect, image_ids: Frames[str | int]
) -> None:
    """A list file, whole or not at all.

    Rows of the file that the sequence was read from come back as they stand there and in their
    order, with the id set; then come the poses that are of no row.

    Args:
        path: to write.
        sequence: what to write.
        dialect: of the format.
        image_ids: one a frame, for the poses that are of no row.

    Raises:
        InputError: the source was changed since it was read, or the output cannot be written.
    """
    source = own_source(sequence, dialect.format)
    if source is not None and not _same_kind(source, sequence.skeleton, dialect):
        sequence, source = replace(sequence, source=None), None
    write_rows(path, _rows_of(sequence, source, dialect, image_ids))


def _same_kind(source: Path, kind: Skeleton, dialect: Dialect) -> bool:
    """Whether the rows of a file have as many keypoints as the skeleton."""
    for batch in batches(source):
        return is_of(decode(batch, source)[0], dialect.fields, len(kind))
    return True


def _rows_of(
    sequence: Sequence, source: Path | None, dialect: Dialect, image_ids: Frames[str | int]
) -> Iterator[bytes]:
    unread: Frames[int] = range(len(sequence))
    if source is not None:
        kept, ids, unread = _kept_rows(sequence)
        yield from _given_back(source, kept, ids, dialect.fields.track_id)
    for frame in unread:
        poses = sequence.frames[frame]
        if source is not None:
            poses = poses[poses.rows < 0]
        head = {"image_id": image_ids[frame], "category_id": 1}
        for person in write_people(poses, dialect.fields, sequence.score_scales, head):
            yield orjson.dumps(person)


def _kept_rows(sequence: Sequence) -> tuple[IntArray, IntArray, list[int]]:
    """The rows of the source that a sequence still has, their ids, and the frames with others."""
    rows, ids, with_others = [], [], []
    for frame, poses in enumerate(sequence.frames):
        rows.append(poses.rows[poses.rows >= 0])
        ids.append(poses.track_ids[poses.rows >= 0])
        if (poses.rows < 0).any():
            with_others.append(frame)
    return _joined(rows), _joined(ids), with_others


def _given_back(source: Path, kept: IntArray, ids: IntArray, field: str) -> Iterator[bytes]:
    order = np.argsort(kept)
    kept, ids = kept[order], ids[order]
    for batch in batches(source):
        low, high = np.searchsorted(kept, [batch.first, batch.first + len(batch.starts)])
        places = (kept[low:high] - batch.first).tolist()
        for i, track_id in zip(places, ids[low:high].tolist(), strict=True):
            raw = batch.text[batch.starts[i] : batch.stops[i]]
            yield with_field(raw, field, track_id)
