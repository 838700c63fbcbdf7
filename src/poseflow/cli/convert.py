"""Rewrite poses in another format; keypoints are mapped by name where the skeletons differ.

Ids and, where the format has a place for them, scores and boxes come along.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import words

SUMMARY = "poses from any format to any other"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `convert` takes."""
    parser.add_argument("poses", type=Path, metavar="IN", help="poses, of any format")
    parser.add_argument("out", type=Path, metavar="OUT", help="a file, or a folder for openpose")
    parser.add_argument(
        "--to",
        metavar="FORMAT",
        help="names as for --format; without it, .csv and .parquet are told by OUT's suffix, and "
        "else the input's own format is written",
    )
    words.add_reading(parser)


def run(poses: Path, out: Path, to: str | None, **reading: Any) -> None:
    """Read, and write in the other format."""
    from .. import formats

    words.refuse_overwriting(out, poses)
    formats.save(out, words.read_poses(poses, **reading), format=to)
