"""Every setting with every matcher on clips of yours: how many ids, and milliseconds a frame.

Count the people by eye. The three settings go through a frame in turn, and share what the matcher
made of its two images: so its time stands by itself, and theirs is what each adds. `default` also
looks at what people wear, as in `poseflow track`; that is in its time. Time is the processor's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import scipy.optimize  # noqa: F401  (loaded when first used, which is not to be measured)

import poseflow
from poseflow.appearance import colours
from poseflow.correspondence import MATCHERS
from poseflow.frames import Frame, gray
from poseflow.pipeline import on_video
from poseflow.poses import Poses, Sequence
from poseflow.tracking import SETTINGS, FlowTracker, default, tracker_for
from poseflow.video import open_video, read_frames

from .measure import Outcome
from .report import columns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clip",
        nargs=2,
        type=Path,
        action="append",
        required=True,
        metavar=("VIDEO", "POSES"),
        help="one clip; may be given several times",
    )
    parser.add_argument("--frames", type=int, help="of each clip, the first so many (all)")
    parser.add_argument(
        "--matchers", nargs="+", choices=("none", *MATCHERS), default=["none", *MATCHERS]
    )


def run(clip: list[list[Path]], frames: int | None, matchers: list[str]) -> Outcome:
    tables = []
    for video, poses in clip:
        opened = open_video(video)
        sequence = on_video(poseflow.load(poses), opened)
        count = min(len(sequence), frames or len(sequence))
        head = [f"{video.stem}, {count} frames", *(f"{s}: ids" for s in SETTINGS)]
        table = [[*head, "matching, ms", *(f"{s}, ms" for s in SETTINGS)]]
        for matcher in matchers:
            images = None if matcher == "none" else islice(read_frames(opened, color=True), count)
            ids, matching, took = _side_by_side(sequence, opened.fps, images, count, matcher)
            times = [f"{1000 * taken / count:.1f}" for taken in (matching, *took.values())]
            table.append([matcher, *(str(len(ids[s])) for s in SETTINGS), *times])
        tables.append(columns(table))
    return Outcome([], "\n\n".join(tables) + "\n")


def _side_by_side(
    sequence: Sequence, fps: float | None, images: Iterator[Frame] | None, count: int, matcher: str
) -> tuple[dict[str, set[int]], float, dict[str, float]]:
    """The ids that each setting gave, seconds of matching, and seconds of each setting."""
    match = None if images is None else MATCHERS[matcher]()
    trackers = {
        name: tracker_for(
            sequence.skeleton,
            setting := make(),
            appearance=colours(sequence.skeleton)
            if images is not None and isinstance(setting, default)
            else None,
            fps=fps,
        )
        for name, make in SETTINGS.items()
    }
    ids: dict[str, set[int]] = {name: set() for name in trackers}
    took = dict.fromkeys(trackers, 0.0)
    matching, before = 0.0, None
    for index in range(count):
        image = None if images is None else next(images).image
        shades, known = None if image is None else gray(image), None
        if match is not None and before is not None:
            known, taken = _timed(match, before, shades)
            matching += taken
        before = shades
        for name, tracker in trackers.items():
            found, taken = _timed(
                tracker.update, sequence.frames[index], image, correspondences=known
            )
            took[name] += taken
            ids[name] |= _ids(found)
    for name, tracker in trackers.items():
        if isinstance(tracker, FlowTracker):
            found, taken = _timed(tracker.finish)
            took[name] += taken
            ids[name] |= _ids(found)
    return ids, matching, took


def _timed(run: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, float]:
    start = time.process_time()
    found = run(*arguments, **options)
    return found, time.process_time() - start


def _ids(found: Any) -> set[int]:
    """Of the poses of a frame, or of frames that are final."""
    frames = [found] if isinstance(found, Poses) else [frame.poses for frame in found]
    return {one for poses in frames for one in poses.track_ids.tolist()} - {-1}
