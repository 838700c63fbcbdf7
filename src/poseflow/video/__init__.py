"""Frames from a video or a folder of images, and frames to either."""

from __future__ import annotations

from .reading import Video, open_video, read_frames
from .writing import VIDEO_SUFFIXES, write_images, write_video

__all__ = [
    "VIDEO_SUFFIXES",
    "Video",
    "open_video",
    "read_frames",
    "write_images",
    "write_video",
]
