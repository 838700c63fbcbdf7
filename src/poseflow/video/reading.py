"""Frames from a video or a folder of images, fetched ahead of whoever uses them."""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from .. import threads
from ..errors import InputError
from ..frames import Frame
from .decoding import decode, look
from .images import IMAGE_SUFFIXES, image_names, read_image


@dataclass(frozen=True, slots=True)
class Video:
    """A video file or a folder of images, looked into but not read. `open_video` makes one.

    Attributes:
        path: of the file or folder.
        size: width and height of the first frame in pixels, as it is displayed: turned, if a
            phone noted that it was held upright. Later images of a folder may differ.
        n_frames: how many frames there are.
        fps: frames a second, on average; None for a folder, which has no clock.
        names: the file names of a folder's images, in order; () for a video.
        pixel_aspect: width of a pixel by its height, as displayed; hardly ever other than 1.
        damage: what is known to be missing or broken, in words; "" = nothing.
    """

    path: Path
    size: tuple[int, int]
    n_frames: int
    fps: float | None
    names: tuple[str, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    damage: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder of images."""
        return self.fps is None


def open_video(path: str | os.PathLike[str]) -> Video:
    """Look into a video (any that FFmpeg reads) or a folder of images.

    A folder's images are its files ending in .bmp, .jpg, .jpeg, .png, .tif, .tiff or .webp, in
    natural order; hidden files and all others are passed over.

    The frames of a video are counted by reading its packets, without decoding them. Where packets
    cannot tell (some older codecs, damage, edit lists, a beginning cut off before the first key
    frame) it is decoded once to count.

    Raises:
        InputError: there is nothing, or nothing that can be read as images.
    """
    path = Path(path)
    try:
        empty = path.stat().st_size == 0
        names = image_names(path) if path.is_dir() else ()
    except OSError as error:
        raise InputError(
            f"{path}: expected a video or a folder of images, got: {error.strerror}"
        ) from error
    if names:
        height, width = read_image(path / names[0], color=False).shape
        return Video(path, (width, height), len(names), None, names)
    if path.is_dir():
        raise InputError(
            f"{path}: expected images in this folder ({' '.join(IMAGE_SUFFIXES)}), found none"
        )
    if empty:
        raise InputError(f"{path}: expected a video, got an empty file")
    seen = look(path)
    return Video(
        path,
        seen.size,
        seen.n_frames,
        seen.fps,
        pixel_aspect=seen.pixel_aspect,
        damage=seen.damage,
    )


def read_frames(video: Video, *, color: bool, ahead: int = 4) -> Iterator[Frame]:
    """The frames of a video or folder in order, `video.n_frames` of them.

    Args:
        video: from `open_video`.
        color: True gives BGR images (H, W, 3); False gives gray ones (H, W), and faster: of a
            video they are the luma plane as the decoder made it, mostly of limited range, in
            which 16 is black and 235 is white.
        ahead: how many frames a thread of its own may decode before they are asked for, each
            waiting in memory; 0 = decode when asked. The frames are the same for any number.

    Yields:
        Frames as displayed, turned if the file says so. In a video `time` is the presentation time,
        so that a variable frame rate is respected; where the file tells none, it is reckoned from
        the average rate.

    Raises:
        InputError: a frame cannot be decoded; the sentence names it.
    """
    if video.fps is None:
        frames = _image_frames(video, color)
    else:
        frames = decode(video.path, video.n_frames, video.fps, color)
    return threads.ahead(frames, ahead, "frames")


def _image_frames(video: Video, color: bool) -> Generator[Frame]:
    for index, name in enumerate(video.names):
        yield Frame(index, math.nan, name, read_image(video.path / name, color))
