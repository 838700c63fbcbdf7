"""Rewrite poses in another format; keypoints are mapped by name where the skeletons differ.

Ids and, where the format has a place for them, scores and boxes come along. Of annotations so do
head boxes, ignored regions and labels. A file of several clips (MATLAB's, or one whose images lie
in several folders) becomes one file for each, if OUT has no suffix.
"""

from __future__ import annotations

import argparse
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words

if TYPE_CHECKING:
    from collections.abc import Sequence as Frames

    from ..formats import Format
    from ..poses import Sequence
    from ..truth import Truth

SUMMARY = "poses from any format to any other"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `convert` takes."""
    parser.add_argument("poses", type=Path, metavar="IN", help="poses, of any format")
    parser.add_argument(
        "out",
        type=words.output,
        metavar="OUT",
        help="a file, or a folder for openpose and for several clips",
    )
    parser.add_argument(
        "--to",
        metavar="FORMAT",
        help="names as for --format; without it, .csv and .parquet are told by OUT's suffix, and "
        "else the input's own format is written, of MATLAB's posetrack17",
    )
    parser.add_argument(
        "--raw",
        action="store_true",
        help="the poses as they were before `track --fill` and `--smooth`, with their ids",
    )
    words.add_reading(parser)


def run(poses: Path, out: Path, to: str | None, raw: bool = False, **reading: Any) -> None:
    """Read, and write in the other format."""
    from .. import formats, results

    words.refuse_overwriting(out, poses)
    results.check_format(out, to)
    if raw:
        formats.save(out, words.read_poses(poses, **reading).original(), format=to)
        return
    own = formats.FORMATS.get(reading["format"]) or formats.recognise(poses)
    form = _form_of_truths(own, out, to)
    if form is None or reading["image_list"] is not None:
        _write_poses(words.read_poses(poses, **reading), poses, out, to)
        return
    truths = _truths(poses, reading)
    if own.write is None or len(truths) > 1:
        _write_annotations(truths, poses, out, form)
    else:
        formats.save_truth(out, truths[0], format=form)


def _form_of_truths(own: Format, out: Path, to: str | None) -> str | None:
    """The format to write in if it is to have more than poses; None = it is not.

    In the input's own format all that its file has comes back anyway.
    """
    from ..formats import FORMATS

    is_json = out.suffix.lower() not in (".csv", ".parquet")
    form = to or ("posetrack17" if own.write is None and is_json else own.name)
    holds_more = form in FORMATS and FORMATS[form].write_truth is not None
    return form if holds_more and own.read_truths is not None and form != own.name else None


def _truths(poses: Path, reading: dict[str, Any]) -> tuple[Truth, ...]:
    from .. import formats, skeletons

    name = reading["skeleton"]
    given = None if name is None else skeletons.skeleton(name)
    return formats.load_truths(poses, format=reading["format"], skeleton=given)


def _write_annotations(truths: tuple[Truth, ...], poses: Path, out: Path, form: str) -> None:
    """One file for each clip, named by it, with head boxes for all of whom they can be told."""
    from .. import formats
    from ..files import whole_folder
    from ..truth import with_head_boxes

    _note_missing(truths)
    filled = [with_head_boxes(truth) for truth in truths]
    if out.suffix.lower() == ".json":
        if len(filled) != 1:
            raise InputError(f"{out}: expected a folder for the {len(filled)} clips of {poses}")
        formats.save_truth(out, filled[0], format=form)
        return
    names = _names([truth.sequence for truth in truths], poses)
    with whole_folder(out) as folder:
        for name, truth in zip(names, filled, strict=True):
            formats.save_truth(folder / f"{name}.json", truth, format=form)


def _write_poses(sequence: Sequence, poses: Path, out: Path, to: str | None) -> None:
    """One file; of several clips a file each, named by it, if OUT is the name of a folder."""
    from .. import formats
    from ..files import whole_folder
    from ..formats.clips import split

    clips = (sequence,) if out.suffix else split(sequence)
    if len(clips) == 1:
        formats.save(out, sequence, format=to)
        return
    own = None if sequence.source is None else sequence.source.format
    form = formats.FORMATS.get(to or own or "")
    suffix = "" if form is None else form.suffix
    with whole_folder(out) as folder:
        for name, clip in zip(_names(clips, poses), clips, strict=True):
            formats.save(folder / f"{name}{suffix}", clip, format=to)


def _names(clips: Frames[Sequence], poses: Path) -> list[str]:
    """What the file of each clip is called, before its suffix."""
    names = [clip.name for clip in clips]
    for i, name in enumerate(names):
        if not name or PurePath(name).name != name or name in names[:i]:
            raise InputError(
                f"{poses}: clip {i + 1}: name: expected one that a file can have and no other "
                f"clip has, got {name!r}"
            )
    return names


def _note_missing(truths: tuple[Truth, ...]) -> None:
    import numpy as np

    every = [boxes for truth in truths for boxes in truth.head_boxes]
    boxes = np.concatenate([np.empty((0, 4)), *every])
    missing = int(np.isnan(boxes).any(axis=1).sum())
    if missing:
        words.note(
            f"{missing} of {len(boxes)} people have no head box; it was made from neck and head "
            "top, or taken from another frame of their track"
        )
