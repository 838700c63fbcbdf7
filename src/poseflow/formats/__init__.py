"""Poses from files and to files, whatever the program that wrote them.

A format is a `Format` that one module exports; `FORMATS` holds them all. Which one a file is of is
read from its content, never from its name.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError
from ..poses import Sequence
from ..skeletons import Skeleton
from ..truth import Truth, as_truth
from . import coco
from .alphapose import ALPHAPOSE, FORVIS
from .alphapose_cmu import CMU, OPEN
from .clips import split, split_truth
from .fitting import fitted
from .format import Format, Sample, only, take_sample
from .matlab import MATLAB
from .openpose import OPENPOSE
from .posetrack17 import POSETRACK17
from .posetrack18 import POSETRACK18
from .reading import number_in, parse, read_bytes, refuse_utf16, show, uncollected
from .rows import batches, decode
from .scales import ScoreScale
from .table_csv import CSV
from .table_parquet import PARQUET

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        ALPHAPOSE,
        FORVIS,
        CMU,
        OPEN,
        OPENPOSE,
        coco.COCO,
        POSETRACK17,
        POSETRACK18,
        MATLAB,
        CSV,
        PARQUET,
    )
}
"""Every format by its name."""

__all__ = [
    "FORMATS",
    "Format",
    "load",
    "load_clips",
    "load_truth",
    "load_truths",
    "recognise",
    "save",
    "save_truth",
]


def load(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    skeleton: Skeleton | None = None,
    score_scale: ScoreScale | None = None,
    images: str | os.PathLike[str] | None = None,
    several: bool = False,
) -> Sequence:
    """The poses of a clip from a file or folder.

    Args:
        path: of any of `FORMATS`.
        format: a name in `FORMATS`; None = recognised from the content.
        skeleton: what the keypoints are; None = the format's own for their number.
        score_scale: the largest keypoint score that the estimator can give, or this and the largest
            pose score; None = told from all scores of the file, see docs/formats.md.
        images: with COCO results, the annotation file or list that names their images, or a folder
            of such.
        several: whether COCO results may be of several of its videos, one after the other.

    Raises:
        InputError: the file cannot be read or is not what it should be.
    """
    path = Path(path)
    with uncollected():
        chosen = recognise(path) if format is None else _named(format)
        if images is None:
            return chosen.read(path, skeleton, score_scale)
        if chosen is not coco.COCO:
            raise InputError(
                f"{images}: expected a list of images with COCO results only, "
                f"got one with {path}, which is {chosen.name}"
            )
        return coco.read(path, skeleton, score_scale, Path(images), several=several)


def load_truth(
    path: str | os.PathLike[str], *, format: str | None = None, skeleton: Skeleton | None = None
) -> Truth:
    """What people annotated in a clip, from a file or folder that holds one.

    A format that tells nothing but poses gives a truth without head boxes and ignored regions, all
    of it labelled.

    Args:
        path: of any of `FORMATS`.
        format: a name in `FORMATS`; None = recognised from the content.
        skeleton: what the keypoints are; None = the format's own for their number.

    Raises:
        InputError: the file cannot be read, is not what it should be, or holds several clips.
    """
    return only(load_truths(path, format=format, skeleton=skeleton), path)


def load_truths(
    path: str | os.PathLike[str], *, format: str | None = None, skeleton: Skeleton | None = None
) -> tuple[Truth, ...]:
    """The truths of all clips in a file: several in MATLAB's, or if images lie in several folders.

    Args and errors are those of `load_truth`.
    """
    path = Path(path)
    with uncollected():
        chosen = recognise(path) if format is None else _named(format)
        if chosen.read_truths is None:
            found: tuple[Truth, ...] = (as_truth(chosen.read(path, skeleton, None)),)
        else:
            found = chosen.read_truths(path, skeleton)
        return tuple(part for truth in found for part in split_truth(truth))


def load_clips(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    skeleton: Skeleton | None = None,
    score_scale: ScoreScale | None = None,
    images: str | os.PathLike[str] | None = None,
) -> tuple[Sequence, ...]:
    """The poses of all clips in a file: several in MATLAB's, or if images lie in several folders.

    Args and errors are those of `load`.
    """
    if images is None:
        format = format or recognise(path).name
    if format == MATLAB.name:
        truths = load_truths(path, format=format, skeleton=skeleton)
        return tuple(truth.sequence for truth in truths)
    joined = load(
        path,
        format=format,
        skeleton=skeleton,
        score_scale=score_scale,
        images=images,
        several=True,
    )
    return split(joined)


def save(path: str | os.PathLike[str], sequence: Sequence, *, format: str | None = None) -> None:
    """Write the poses of a clip, whole or not at all.

    In the format that the sequence was read from, every row that it still has (`Poses.rows`) comes
    back as it stands in its file, with its id. Poses whose keypoints were changed since are to have
    row -1: they are written from their arrays. A format that holds certain skeletons only gets the
    keypoints mapped by name.

    Args:
        path: a file, or a folder for formats that are one.
        sequence: what to write.
        format: a name in `FORMATS`; None = by the suffix for our tables, else the format that the
            sequence was read from, else AlphaPose's list.

    Raises:
        InputError: the path is the sequence's own source, or cannot be written; the source was
            changed since it was read.
    """
    path = Path(path)
    chosen = _to_write(path, sequence) if format is None else _named(format)
    if chosen.write is None:
        raise InputError(
            f"{path}: expected a format that can be written, got {chosen.name}, which is read only"
        )
    _refuse_source(path, sequence)
    chosen.write(path, fitted(sequence, chosen))


def save_truth(path: str | os.PathLike[str], truth: Truth, *, format: str = "posetrack17") -> None:
    """Write what people annotated in a clip, whole or not at all, made from its arrays.

    Args:
        path: a file.
        truth: what to write. People without a head box get none: see `truth.with_head_boxes`.
        format: posetrack17 or posetrack18.

    Raises:
        InputError: the path is the truth's own source, or cannot be written; the format has no
            place for head boxes and labels.
    """
    path = Path(path)
    chosen = _named(format)
    if chosen.write_truth is None:
        holding = [name for name, form in FORMATS.items() if form.write_truth is not None]
        raise InputError(f"format: expected one for truths, {' or '.join(holding)}; got {format!r}")
    _refuse_source(path, truth.sequence)
    chosen.write_truth(path, truth)


def recognise(path: str | os.PathLike[str]) -> Format:
    """Which format a file or folder is of, by its content.

    Raises:
        InputError: it cannot be read or is of none.
    """
    glance = take_sample(Path(path), 1 << 12)
    # Enough where something tells by being there. What rows of a list lack tells, too, and so does
    # emptiness: that needs more to be seen.
    told = isinstance(glance.json, dict) and any(glance.json.values())
    if told and (found := _recognised(glance)):
        return found
    sample = take_sample(Path(path))
    if found := _recognised(sample):
        return found
    if sample.files == ():
        raise InputError(f"{path}: expected a folder of JSON files with poses, found no JSON file")
    if not sample.head.strip():
        raise InputError(f"{path}: expected poses, got an empty file")
    if sample.json is None:
        _refuse_spoilt(sample)
        got = f"a file that begins with {sample.head[:16]!r}"
    elif isinstance(sample.json, dict):
        got = f"an object of {', '.join(list(sample.json)[:5]) or 'nothing'}"
        name, value = next(iter(sample.json.items()), ("", {}))
        if number_in(name) is not None and (value is None or isinstance(value, dict)):
            raise InputError(
                f"{path}: image {name}: expected a list of people, or an object with a list bodies "
                f"or people, got {'null' if value is None else show(value)}"
            )
    else:
        got = f"JSON that begins with {show(sample.json)}"
    raise InputError(f"{path}: expected one of the formats {', '.join(FORMATS)}; got {got}")


def _refuse_spoilt(sample: Sample) -> None:
    """Say what is wrong with a file that is meant to be JSON.

    Raises:
        InputError: it is not, though it begins as such.
    """
    path = sample.path / sample.files[0] if sample.files else sample.path
    refuse_utf16(sample.head, path)
    begin = sample.head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begin == b"[":
        for batch in batches(path):
            decode(batch, path)
    if begin in (b"[", b"{"):
        parse(read_bytes(path), path)


def _recognised(sample: Sample) -> Format | None:
    return next((form for form in FORMATS.values() if form.recognise(sample)), None)


def _named(name: str) -> Format:
    if name not in FORMATS:
        raise InputError(f"format: expected one of {', '.join(FORMATS)}; got {name!r}")
    return FORMATS[name]


def _refuse_source(path: Path, sequence: Sequence) -> None:
    if sequence.source is not None and _is_same(path, Path(sequence.source.path)):
        raise InputError(f"{path}: expected another file than the input, which is never touched")


def _to_write(path: Path, sequence: Sequence) -> Format:
    suffix = path.suffix.lower()
    for table in (f for f in FORMATS.values() if f.suffix not in ("", ".json")):
        if suffix == table.suffix:
            return table
    own = FORMATS.get(sequence.source.format) if sequence.source else None
    # Neither a folder nor a table fits in a .json file.
    if own is None or (suffix == ".json" and own.suffix != ".json"):
        return ALPHAPOSE
    return own


def _is_same(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)
