"""Our table as Parquet: typed columns, and all that a sequence tells in the file's metadata."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..errors import InputError, MissingExtra
from ..files import whole_file
from ..poses import Poses, Sequence
from ..skeletons import Skeleton
from .format import Format, Sample, own_source, source_of
from .reading import FloatArray, IntArray
from .scales import ScoreScale
from .table import (
    GONE,
    MOST_FRAMES,
    NARROW,
    WORDS,
    About,
    Narrow,
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

_NAME = "parquet"
_KEY = b"poseflow"
_GROUP = 50_000
"""Rows in a row group, about: a memory of some 20 MB for COCO's keypoints."""


def _recognise(sample: Sample) -> bool:
    return sample.files is None and sample.head.startswith(b"PAR1")


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("reading and writing Parquet", "parquet") from None
    return pyarrow, parquet


# ---------------------------------------------------------------- reading


def _read(path: Path, given: Skeleton | None, score_scale: ScoreScale | None) -> Sequence:
    arrow, parquet = _pyarrow()
    source = source_of(path, _NAME)
    images: list[str] = []

    def refuse(i: int, column: str, fault: str) -> InputError:
        return InputError(f"{path}: row {i + 1}: {column}: {fault}")

    try:
        with parquet.ParquetFile(path) as file:
            header = list(file.schema_arrow.names)
            about, name = _about(file.metadata.metadata or {}, path)
            kind = kind_of(header, given, name, path)
            names = number_columns(kind, header)
            wanted = [column for column in (*names, *WORDS) if column in header]
            numbers = np.full((file.metadata.num_rows, len(names)), np.nan)
            origins = np.zeros(len(numbers), dtype=np.uint8)
            for batch in file.iter_batches(_GROUP, columns=wanted):
                rows = slice(len(images), len(images) + len(batch))
                here = numbers[rows]
                for i, column in enumerate(names):
                    if column in header:
                        here[:, i] = _numbers(batch, column, path)
                origins[rows] = origins_of(_words(batch, "origin", path), len(images), refuse)
                images += _words(batch, "image", path)
    except (OSError, arrow.ArrowException) as error:
        raise InputError(f"{path}: expected a Parquet file: {error}") from error
    sequence = sequence_of(numbers, images, origins, kind, about, score_scale, refuse)
    return replace(sequence, source=source)


def _numbers(batch: Any, name: str, path: Path) -> FloatArray:
    """(R,) a column of numbers; nan for null."""
    import pyarrow as arrow

    column, is_ = batch.column(name), arrow.types
    kind = column.type
    if not (is_.is_integer(kind) or is_.is_floating(kind) or is_.is_null(kind)):
        raise InputError(f"{path}: {name}: expected a column of numbers, got one of {kind}")
    numbers = column.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, dtype=np.float64)


def _words(batch: Any, name: str, path: Path) -> list[str]:
    """A column of texts; "" for null."""
    import pyarrow as arrow

    if name not in batch.schema.names:
        return [""] * len(batch)
    column = batch.column(name)
    try:
        return [word or "" for word in column.cast(arrow.string()).to_pylist()]
    except arrow.ArrowException as error:
        raise InputError(f"{path}: {name}: expected a column of texts: {error}") from error


def _about(metadata: dict[bytes, bytes], path: Path) -> tuple[About, str]:
    """What the file's metadata tell, and the skeleton's name."""
    if _KEY not in metadata:
        return About(path.stem), "custom"
    try:
        fields = orjson.loads(metadata[_KEY])
        size, (for_keypoints, for_poses) = fields["image_size"], fields["score_scales"]
        empty = {
            int(frame): (str(name), math.nan if time is None else float(time))
            for frame, name, time in fields["empty"]
        }
        if not all(0 <= frame < MOST_FRAMES for frame in empty):
            raise ValueError("a frame's number cannot be")
        about = About(
            name=str(fields["name"]),
            empty=empty,
            image_size=None if size is None else (int(size[0]), int(size[1])),
            score_scales=(float(for_keypoints), float(for_poses)),
        )
        return about, str(fields["skeleton"])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise InputError(
            f"{path}: metadata {_KEY.decode()}: expected what poseflow writes there: {error!r}"
        ) from error


# ---------------------------------------------------------------- writing


def _write(path: Path, sequence: Sequence) -> None:
    """A file, a row group at a time; one that was read from Parquet gets its own columns back."""
    _, parquet = _pyarrow()
    schema, tables, about = _given_back(sequence) or _made(sequence)
    # Of all columns only words repeat, which is what dictionaries are for.
    with (
        whole_file(path) as temporary,
        parquet.ParquetWriter(temporary, schema, use_dictionary=list(WORDS)) as writer,
    ):
        for table in tables:
            writer.write_table(table)
        writer.add_key_value_metadata(about())


_Parts = tuple[Any, Iterator[Any], Callable[[], dict[bytes, bytes]]]
"""Schema, tables, and the metadata once all tables were taken."""


def _times(sequence: Sequence) -> FloatArray:
    return np.full(len(sequence), np.nan) if sequence.times is None else sequence.times


def _given_back(sequence: Sequence) -> _Parts | None:
    """The source, as far as the sequence still has it; None = it was read from elsewhere."""
    own = own_source(sequence, _NAME)
    ids = None if own is None else ids_by_row(sequence)
    if own is None or ids is None:
        return None
    arrow, parquet = _pyarrow()
    schema = parquet.read_schema(own)
    if not set(sequence.skeleton.keypoints) <= set(keypoint_names(schema.names)):
        return None
    place = schema.get_field_index("track_id")
    field = arrow.field("track_id", arrow.int64())
    schema = schema.append(field) if place < 0 else schema.set(place, field)
    told = parquet.read_metadata(own).metadata or {}
    about = {key: value for key, value in told.items() if key == _KEY}
    return schema, _with_ids(own, schema, ids), lambda: about


def _with_ids(own: Path, schema: Any, ids: IntArray) -> Iterator[Any]:
    arrow, parquet = _pyarrow()
    first = 0
    with parquet.ParquetFile(own) as file:
        for batch in file.iter_batches(batch_size=_GROUP):
            here = np.full(len(batch), GONE)
            known = ids[first : first + len(batch)]
            here[: len(known)] = known
            first += len(batch)
            columns = {name: batch.column(name) for name in batch.schema.names}
            columns["track_id"] = arrow.array(here)
            table = arrow.table([columns[name] for name in schema.names], schema=schema)
            yield table.filter(arrow.array(here != GONE))


def _made(sequence: Sequence) -> _Parts:
    """A table made from arrays."""
    arrow, _ = _pyarrow()
    kinds = dict.fromkeys(("frame", "track_id", "rival_id"), arrow.int64())
    kinds |= dict.fromkeys(WORDS, arrow.string())
    is_changed = sequence.is_changed
    narrow = narrow_of(sequence) if sequence.doubts else None
    names = [*columns(sequence.skeleton, is_changed), *(NARROW if narrow else ())]
    schema = arrow.schema([(name, kinds.get(name, arrow.float64())) for name in names])
    empty: list[int] = []

    def table(some: _Some) -> Any:
        ends = [narrow(*of_frame) for of_frame in some] if narrow else []
        return _table(sequence, some, schema, is_changed, list(chain.from_iterable(ends)))

    def about() -> dict[bytes, bytes]:
        times = _times(sequence)
        fields = {
            "skeleton": sequence.skeleton.name,
            "name": sequence.name,
            "image_size": sequence.image_size,
            "score_scales": sequence.score_scales,
            "empty": [[i, sequence.image_names[i], float(times[i])] for i in empty],
        }
        return {_KEY: orjson.dumps(fields)}

    return schema, map(table, _groups(sequence, empty)), about


_Some = list[tuple[int, Poses]]


def _groups(sequence: Sequence, empty: list[int]) -> Iterator[_Some]:
    """Frames with people, so many at a time as make a row group."""
    some: _Some = []
    n_rows = 0
    for i, poses in enumerate(sequence.frames):
        if not len(poses):
            empty.append(i)
            continue
        some.append((i, poses))
        n_rows += len(poses)
        if n_rows >= _GROUP:
            yield some
            some, n_rows = [], 0
    if some:
        yield some


def _table(
    sequence: Sequence, some: _Some, schema: Any, is_changed: bool, narrow: list[Narrow]
) -> Any:
    arrow, _ = _pyarrow()
    frames = np.repeat([i for i, _ in some], [len(poses) for _, poses in some])
    scales = sequence.score_scales
    numbers = np.concatenate([numbers_of(poses, scales, is_changed) for _, poses in some])
    arrays = [
        frames,
        [sequence.image_names[i] or None for i in frames],
        _times(sequence)[frames],
        np.concatenate([poses.track_ids for _, poses in some]),
        [word for _, poses in some for word in origin_words(poses)],
        *numbers.T,
        *zip(*narrow, strict=True),
    ]
    # In a data frame's manner nan becomes null, the Parquet for a cell without a number.
    return arrow.table(
        [
            arrow.array(values, type=field.type, from_pandas=True)
            for values, field in zip(arrays, schema, strict=True)
        ],
        schema=schema,
    )


PARQUET = Format(
    name=_NAME,
    recognise=_recognise,
    read=_read,
    write=_write,
    suffix=".parquet",
)
