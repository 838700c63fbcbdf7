"""Estimate the poses of everybody in a video, without ids.

By networks on ONNX Runtime (pip install 'poseflow[estimate]'), published ones or files at hand, or
by anything of yours that takes an image and gives poses.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words

if TYPE_CHECKING:
    from ..estimators import Estimator

SUMMARY = "a video in, the poses of everybody in it out"

OPTIONS = ("model", "detector_model", "pose_model", "estimator", "device", "detect_every")
"""The arguments that `add_estimator` adds: of those, that are not typed, none is passed on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `estimate` takes."""
    parser.add_argument("images", type=Path, metavar="VIDEO_OR_IMAGE_FOLDER")
    parser.add_argument(
        "--out",
        type=words.output,
        required=True,
        metavar="POSES",
        help="the file, ending in .json (AlphaPose's list), .csv or .parquet; with --to, of any "
        "format, which may be a folder",
    )
    parser.add_argument("--to", metavar="FORMAT", help="format of the poses, such as openpose")
    parser.add_argument(
        "--skeleton",
        metavar="NAME_OR_FILE",
        help="what the keypoints are; without it, what the estimator says, else by their number. "
        "With --model: coco-17 (without it), halpe-26 (feet as well) or coco-wholebody-133 (face "
        "and hands as well)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    add_estimator(parser)


def add_estimator(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which estimator; `make_estimator` takes them."""
    from ..estimators import load
    from ..estimators.sessions import PROVIDERS
    from ..estimators.weights import MODELS

    group = parser.add_argument_group("estimating poses")
    group.add_argument(
        "--model",
        choices=MODELS,
        default=words.NOT_GIVEN,
        help="RTMPose and its YOLOX detector (Apache-2.0), in three sizes; fetched once "
        f"({words.default_of(load, 'model')})",
    )
    group.add_argument(
        "--detector-model",
        type=Path,
        default=words.NOT_GIVEN,
        metavar="FILE",
        help="a detector at hand as ONNX: RTMDet, or YOLOX with yolox in its file's name",
    )
    group.add_argument(
        "--pose-model",
        type=Path,
        default=words.NOT_GIVEN,
        metavar="FILE",
        help="a pose model at hand as ONNX: RTMPose with --detector-model, RTMO without",
    )
    group.add_argument(
        "--estimator",
        default=words.NOT_GIVEN,
        metavar="MODULE:NAME",
        help="anything that takes an image (H, W, 3) BGR and gives poseflow.Poses, from the "
        "current folder or an installed package",
    )
    group.add_argument(
        "--device",
        choices=tuple(PROVIDERS),
        default=words.NOT_GIVEN,
        help="what computes, of what the installed ONNX Runtime has "
        f"({words.default_of(load, 'device')})",
    )
    group.add_argument(
        "--detect-every",
        type=int,
        default=words.NOT_GIVEN,
        metavar="FRAMES",
        help="look for people in every so-many-th frame only, and where one was lost or may be "
        "entering; in between, and where the detector is unsure, they are where they were "
        "heading. 1 = in each. Without it, frames know nothing of each other",
    )


def make_estimator(skeleton: str | None = None, **typed: Any) -> Estimator:
    """The estimator that the options describe.

    Args:
        skeleton: a name or file; None = as the estimator says.
        typed: those of `OPTIONS` that were typed.

    Raises:
        InputError: they do not fit together, or what they name is not what it should be.
    """
    from .. import skeletons
    from ..estimators import Following, is_top_down, load

    for name in ("model", "detector_model", "pose_model", "device"):
        if name in typed and "estimator" in typed:
            raise InputError(f"--{name.replace('_', '-')}: expected without --estimator")
    if "model" in typed and ("detector_model" in typed or "pose_model" in typed):
        raise InputError("--model: expected without --detector-model and --pose-model")
    every = typed.pop("detect_every", None)
    known = None if skeleton is None else skeletons.skeleton(skeleton)
    estimator = load(skeleton=known, **typed)
    if every is None:
        return estimator
    if every < 1:
        raise InputError(f"--detect-every: expected 1 or more, got {every}")
    if not is_top_down(estimator):
        raise InputError(
            "--detect-every: expected an estimator of two steps, boxes and then keypoints "
            "(attributes detect, poses_in and sure), got one of a single step"
        )
    return Following(estimator, every)


def run(
    images: Path,
    out: Path,
    to: str | None = None,
    skeleton: str | None = None,
    quiet: bool = False,
    **typed: Any,
) -> None:
    """Estimate, write, and say how many there were."""
    from .. import results
    from ..estimation import estimate
    from ..video import open_video

    words.refuse_overwriting(out, images)
    if not results.is_one_file(out, to) and to is None:
        raise InputError(f"{out}: expected a file ending in .json, .csv or .parquet, or --to")
    video = open_video(images)
    words.note_damage(video)
    sequence = estimate(video, make_estimator(skeleton, **typed))
    start = time.perf_counter()
    n_poses = sum(map(len, words.progress(sequence.frames, len(sequence), "estimating")))
    seconds = time.perf_counter() - start
    results.save_file(out, sequence, to)
    if not quiet:
        print(
            f"{words.counted(n_poses, 'pose')} in {words.counted(len(sequence), 'frame')}"
            f"{words.speed(len(sequence), seconds, 1)}\nwritten: {out}"
        )
