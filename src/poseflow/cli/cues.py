"""The image cues as options: what finds correspondences, and what tells how people look."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import words

if TYPE_CHECKING:
    from ..poses import Appearance
    from ..skeletons import Skeleton


def add_cues(parser: argparse.ArgumentParser) -> None:
    """Add what `track` takes of images."""
    group = parser.add_argument_group("image cues")
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        "--matcher",
        choices=("dis", "lk", "orb", "orb-exact", "deepmatching", "none"),
        default=words.NOT_GIVEN,
        help="what finds correspondences between neighbouring frames. dis: optical flow "
        "(what is used without this option); lk: sparse Lucas-Kanade flow, there and "
        "back; orb: the 2018 choice, slow; orb-exact: the same features matched exactly; "
        "deepmatching: dense, for large motion, a quarter of a second a frame; "
        "none: images are not compared",
    )
    source.add_argument(
        "--correspondences",
        type=Path,
        metavar="FOLDER",
        help="read them from text files of the 2018 scripts instead (A_B_orb.txt, A_B.txt)",
    )
    add_appearance(group)
    group.add_argument(
        "--write-correspondences",
        type=words.output,
        metavar="FOLDER",
        help="also write those found, in that text format, to this folder",
    )


def add_appearance(group: argparse._ArgumentGroup) -> None:
    """Add what tells how people look."""
    look = group.add_mutually_exclusive_group()
    look.add_argument(
        "--appearance",
        choices=("colour", "none"),
        default=words.NOT_GIVEN,
        help="what tells people apart who were out of sight. colour: what they wear, on torso and "
        "limbs (taken without this option); none: nothing, and images are read without colours",
    )
    look.add_argument(
        "--reid-model",
        type=Path,
        default=words.NOT_GIVEN,
        metavar="FILE",
        help="a re-identification network (ONNX; RGB crops, normalised as for ImageNet) instead of "
        "colours; needs onnxruntime",
    )


def make_appearance(
    skeleton: Skeleton, appearance: str | None, reid_model: Path | None
) -> Appearance | None:
    """What tells how people look; None = that is not asked."""
    if reid_model is not None:
        from ..appearance import embeddings
        from ..estimators.sessions import open_session

        return embeddings(open_session(reid_model))
    if appearance == "none":
        return None
    from ..appearance import colours

    return colours(skeleton)
