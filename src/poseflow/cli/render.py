"""Draw poses, ids and trails onto a video or a folder of images.

Every person keeps one colour through the clip; sound is kept.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import words

if TYPE_CHECKING:
    from ..formats.scales import ScoreScale

SUMMARY = "a video of who is who"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `render` takes."""
    from ..render import Renderer

    parser.add_argument(
        "images",
        type=Path,
        metavar="VIDEO_OR_IMAGE_FOLDER",
        help="the images the poses were estimated on",
    )
    parser.add_argument(
        "poses", type=Path, metavar="POSES", help="poses with ids, such as tracked.json"
    )
    parser.add_argument(
        "--out",
        type=words.output,
        required=True,
        metavar="VIDEO_OR_FOLDER",
        help="ending in .mp4 (H.264) or .webm (VP9): a video; else a folder of images",
    )
    parser.add_argument(
        "--trail",
        type=int,
        default=words.NOT_GIVEN,
        metavar="FRAMES",
        help="how long the way a person came stays visible; 0 = no trail "
        f"({words.default_of(Renderer, 'trail')})",
    )
    parser.add_argument(
        "--fps",
        type=float,
        default=words.NOT_GIVEN,
        metavar="RATE",
        help="frames a second of a video made from a folder of images (25); "
        "a video keeps its own times",
    )
    words.add_reading(parser)


def run(
    images: Path,
    poses: Path,
    out: Path,
    format: str | None,
    skeleton: str | None,
    score_scale: ScoreScale | None,
    image_list: Path | None,
    trail: int | None = None,
    **rate: Any,
) -> None:
    """Read, draw, write."""
    from .. import results
    from ..pipeline import on_video, with_images
    from ..render import Renderer
    from ..video import open_video

    words.refuse_overwriting(out, images, poses)
    sequence = words.read_poses(poses, format, skeleton, score_scale, image_list)
    with words.naming_options():
        length = {} if trail is None else {"trail": trail}
        renderer = Renderer(sequence.skeleton, **length)
    video = open_video(images)
    sequence = on_video(sequence, video, words.note)
    words.note_damage(video)
    shown = words.progress(with_images(video, sequence.frames), len(sequence), "drawing")
    results.save_video(out, video, sequence.skeleton, shown, renderer=renderer, **rate)
