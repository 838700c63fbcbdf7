"""What several verbs say alike: arguments, progress, notes."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import InputError
from ..files import FolderPath
from ..poses import Sequence

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale
    from ..video import Video

Item = TypeVar("Item")

NOT_GIVEN: Any = argparse.SUPPRESS
"""What argparse leaves out of the arguments: a default lives in the function that takes it."""


def output(text: str) -> Path:
    """What argparse makes of an output's path: a folder for sure, if it ends with a /.

    Raises:
        ArgumentTypeError: it is empty, or the system would never take it.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got nothing")
    try:
        os.stat(text)
    except (FileNotFoundError, NotADirectoryError):
        pass  # It is yet to be made; what stands in the way is told when it is.
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: cannot be written: {error.strerror}") from error
    is_folder = text.endswith(tuple(filter(None, (os.sep, os.altsep))))
    return FolderPath(text) if is_folder else Path(text)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how poses are to be read."""
    group = parser.add_argument_group("reading poses")
    group.add_argument(
        "--format",
        metavar="NAME",
        help="the poses' format; without it, it is recognised from their content. "
        "One of: alphapose (list), alphapose-forvis (by image), alphapose-cmu, alphapose-open, "
        "openpose (folder), coco, posetrack17, posetrack18, csv, parquet, matlab (read only)",
    )
    group.add_argument(
        "--skeleton",
        metavar="NAME_OR_FILE",
        help="what the keypoints are: coco-17, mpii-16, posetrack-15, posetrack-17, body-25, "
        "openpose-18, halpe-26, halpe-136, coco-wholebody-133, mediapipe-33, or a TOML or JSON "
        "file of yours; without it, the format's own for their number",
    )
    group.add_argument(
        "--score-scale",
        type=_score_scale,
        metavar="KEYPOINTS[,POSES]",
        help="the largest score of a keypoint the estimator can give, which keypoint scores are "
        "divided by, and the scale of pose scores that are larger than 1 follows from; with a "
        "second number, pose scores are divided by that. Without it, both are told from all scores "
        "of the file (docs/formats.md)",
    )
    group.add_argument(
        "--image-list",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="with COCO results: the annotation file whose `images` names them, or a folder of "
        "such files",
    )


def _score_scale(text: str) -> ScoreScale:
    """What --score-scale says: one number, or two."""
    first, *more = map(float, text.split(","))
    if len(more) > 1:
        raise ValueError(text)
    return (first, more[0]) if more else first


_score_scale.__name__ = "one number, or two such as 1,3.25"  # What argparse says was expected.


def read_poses(
    path: Path,
    format: str | None,
    skeleton: str | None,
    score_scale: ScoreScale | None,
    image_list: Path | None,
    *,
    several: bool = False,
) -> Sequence:
    """The poses that the reading options describe; `several` as for `formats.load`."""
    from .. import formats, skeletons

    return formats.load(
        path,
        format=format,
        skeleton=None if skeleton is None else skeletons.skeleton(skeleton),
        score_scale=score_scale,
        images=image_list,
        several=several,
    )


def default_of(function: Callable[..., Any], parameter: str) -> Any:
    """A parameter's default, for `--help`; it is written down in the signature only."""
    if dataclasses.is_dataclass(function):
        return next(f.default for f in dataclasses.fields(function) if f.name == parameter)
    return inspect.signature(function).parameters[parameter].default


@contextmanager
def naming_options() -> Iterator[None]:
    """Say `--sure` where a refusal begins with the name of a parameter, `sure`."""
    try:
        yield
    except InputError as error:
        name, colon, rest = str(error).partition(":")
        raise InputError(f"--{name.replace('_', '-')}{colon}{rest}") from error


def refuse_overwriting(out: Path, *inputs: Path | None) -> None:
    """Inputs are never touched.

    Raises:
        InputError: the output is one of the inputs, or a folder of results made of one.
    """
    from ..results import MADE

    for given in inputs:
        if given is None or not (out.exists() and given.exists()):
            continue
        inside = out.is_dir() and given.parent.samefile(out)
        if out.samefile(given) or (inside and (given.name in MADE or given.stem == "tracked")):
            raise InputError(
                f"{out}: expected another place than the input {given}, which is never touched"
            )


def counted(n: int, one: str, many: str | None = None) -> str:
    """A number of things.

    >>> counted(1, "frame"), counted(0, "person", "people")
    ('1 frame', '0 people')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"


def speed(n_frames: int, seconds: float, digits: int = 0) -> str:
    """How long it took, and how many frames a second that is; "" = there were none.

    >>> speed(50, 2.0), speed(0, 0.0)
    ('; 2.0 s, 25 frames a second', '')
    """
    if not n_frames or seconds <= 0:
        return ""
    return f"; {seconds:.1f} s, {n_frames / seconds:.{digits}f} frames a second"


def note_damage(video: Video) -> None:
    """Say so if a video is known to be damaged."""
    if video.damage:
        note(f"{video.path}: the video is damaged: {video.damage}")


def note(text: str) -> None:
    """Say something the user should know, beside the results."""
    print(f"poseflow: {text}", file=sys.stderr)


def progress(items: Iterable[Item], total: int, what: str, unit: str = "frames") -> Iterator[Item]:
    """The same items; on a terminal, with a bar, a rate and the time left."""
    if not sys.stderr.isatty() or total == 0:
        yield from items
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(items, total=total, description=what)
