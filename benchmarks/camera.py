"""What a moving camera costs: a clip of yours is filmed again by a camera that pans and zooms.

The clip lies on a canvas that goes on around it (mirrored), nobody leaves the picture, and frames
and poses are warped alike. Ids of the still clip are the truth, or people marked as for `marked`; a
switch is a person whose id in the warped one changes. Beside it, the same with a tracker that does
not follow the camera, or, where people are marked, with the clip as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from poseflow.correspondence import dis
from poseflow.formats import load
from poseflow.frames import Frame
from poseflow.pipeline import on_video, track
from poseflow.poses import NO_ID, Poses, Sequence
from poseflow.tracking import Tracker, default
from poseflow.video import Video, open_video, read_frames

from .marked import changes, read_marks
from .measure import Figure, Outcome

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROOM = 1.4
"""Sides of the filmed picture, in those of the clip's."""


@dataclass(frozen=True, kw_only=True)
class left_behind(default):
    """The default without the camera."""

    follows_camera: ClassVar[bool] = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--poses", type=Path, required=True, help="of that video, any format")
    parser.add_argument("--truth", type=Path, help="who each pose is of, see `marked`")
    parser.add_argument("--seeds", type=int, default=3, help="different camera paths (3)")


def run(video: Path, poses: Path, truth: Path | None, seeds: int) -> Outcome:
    film = open_video(video)
    still = on_video(load(poses), film)
    width, height = film.size
    standing = _ids(still, default(), film.fps, read_frames(film, color=False))
    people = standing if truth is None else read_marks(truth, still)
    figures = []
    for seed in range(seeds):
        path = camera_path(len(still), film.fps, (width, height), seed)
        if truth is None:
            against, peer = "the still clip's ids", "camera not followed"
            theirs = _switches(people, _moving(still, film, path, left_behind()))
        else:
            against, peer, theirs = "people marked", "still", _switches(people, standing)
        figures.append(
            Figure(
                name=f"{video.name}, camera path {seed}: switches against {against}",
                unit="switches",
                ours=_switches(people, _moving(still, film, path, default())),
                peer=peer,
                theirs=theirs,
            )
        )
    seen = np.setdiff1d(np.concatenate(standing), [NO_ID])
    return Outcome(figures, f"{len(still)} frames, {len(seen)} ids in the still clip\n")


def camera_path(n: int, fps: float, size: tuple[int, int], seed: int) -> FloatArray:
    """(n, 2, 3) from the clip's pixels to the camera's, which pans and zooms without a rest.

    Each of pan, tilt and zoom is a sum of three slow waves (6 to 1.5 seconds); zoom lies between
    0.9 and 1.2, and the clip always in the picture.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None] / fps
    waves = [
        np.sin(2 * np.pi * (t / [6.0, 3.0, 1.5] + rng.random(3))) @ [0.6, 0.3, 0.1]
        for _ in range(3)
    ]
    across, down, closer = (0.5 + 0.5 * wave for wave in waves)
    zoom = 0.9 + 0.3 * closer
    path = np.zeros((n, 2, 3))
    path[:, 0, 0] = path[:, 1, 1] = zoom
    path[:, 0, 2] = across * (ROOM - zoom) * size[0]
    path[:, 1, 2] = down * (ROOM - zoom) * size[1]
    return path


def seen_by(poses: Poses, view: FloatArray) -> Poses:
    """Poses as a camera sees them whose view (2, 3) shrinks and shifts."""
    shift = np.tile(view[:, 2], 2)
    return replace(
        poses,
        keypoints=poses.keypoints * view[0, 0] + view[:, 2],
        boxes=poses.boxes * view[0, 0] + shift,
    )


def _switches(people: list[IntArray], ids: list[IntArray]) -> int:
    return len(list(changes(people, ids)))


def _moving(still: Sequence, film: Video, path: FloatArray, rule: default) -> list[IntArray]:
    """The ids of a clip as a camera on that path sees it."""
    moving = still.with_frames(map(seen_by, still.frames, path))
    return _ids(moving, rule, film.fps, _filmed(read_frames(film, color=False), path))


def _ids(sequence: Sequence, rule: default, fps: float, frames: Iterator[Frame]) -> list[IntArray]:
    tracker = Tracker(sequence.skeleton, rule, fps=fps, matcher=dis())
    return [poses.track_ids for poses in track(sequence, tracker, frames).frames]


def _filmed(frames: Iterator[Frame], path: FloatArray) -> Iterator[Frame]:
    for frame, view in zip(frames, path, strict=True):
        height, width = frame.image.shape
        size = round(ROOM * width), round(ROOM * height)
        image = cv2.warpAffine(
            frame.image, view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        yield replace(frame, image=image)
