"""What `poseflow demo` runs on: a real clip with real detections, or a drawn one in its place.

README.md in this folder says where the clip and the detections come from.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..files import cache_folder
from .drawing import synthetic_clip
from .fetching import ClipUnavailable, fetch_clip

__all__ = [
    "ClipUnavailable",
    "DemoClip",
    "cache_folder",
    "demo_inputs",
    "fetch_clip",
    "synthetic_clip",
]

POSES = Path(__file__).parent / "poses.json"
"""The poses of the real clip, which come with the package."""


class DemoClip(NamedTuple):
    """A video, its poses, whether they are real, and a sentence to the user on what they are."""

    video: Path
    poses: Path
    real: bool
    note: str


def demo_inputs() -> DemoClip:
    """The real clip if it is cached or can be fetched, else one drawn into the cache folder.

    Raises:
        InputError: the cache folder cannot be written.
    """
    try:
        video = fetch_clip()
    except ClipUnavailable as reason:
        video, poses = synthetic_clip(cache_folder() / "drawn")
        return DemoClip(video, poses, False, f"{reason}; a drawn clip takes the real one's place")
    said = "a real clip (of the package sports2d, BSD-3-Clause) with poses estimated by real models"
    return DemoClip(video, POSES, True, said)
