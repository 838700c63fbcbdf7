"""Frames to a video or a folder of images, whole or not at all."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError, PoseflowError
from ..files import whole_file, whole_folder
from ..frames import ImageArray
from .images import write_image
from .sound import add_sound


class _Kind(NamedTuple):
    """How one kind of video file is encoded.

    `tick` is the unit of its presentation times in seconds; `copied_sound` the codecs whose
    packets its container takes and browsers play, all other sound goes through `sound_encoder`.
    Whether the file `tells_aspect` of pixels that are not square; if not, images are made wider.
    """

    encoder: str
    options: dict[str, str]
    container_options: dict[str, str]
    tick: Fraction
    copied_sound: tuple[str, ...]
    sound_encoder: str
    tells_aspect: bool


# Else as many as there are cores, by which the bytes then go. Each holds a picture back; two are
# enough where drawing and tracking go on beside, and do no harm on a single core.
_THREADS = "2"

_KINDS = {
    ".mp4": _Kind(
        "libx264",
        {
            "preset": "veryfast",
            "crf": "20",
            # No B-frames. With them an .mp4 tells its length in decoding times, which end early
            # where the last frame comes after a long gap. (A quarter more bytes.)
            "bf": "0",
            # Else x264's approximate arithmetic may differ from machine to machine and, in about
            # one run of a hundred, from run to run.
            "x264-params": "cpu-independent=1",
            "threads": _THREADS,
        },
        # The index at the front, so that a browser plays before it has everything.
        {"movflags": "+faststart"},
        Fraction(1, 90_000),
        ("aac", "mp3"),
        "aac",
        tells_aspect=True,
    ),
    ".webm": _Kind(
        "libvpx-vp9",
        {
            "deadline": "realtime",
            "cpu-used": "8",
            "row-mt": "1",
            "crf": "32",
            "b": "0",
            "threads": _THREADS,
        },
        {},
        Fraction(1, 1000),
        ("opus", "vorbis"),
        "libopus",
        # PyAV does not hand it on to Matroska, and VP9 has no place for it.
        tells_aspect=False,
    ),
}

VIDEO_SUFFIXES = tuple(_KINDS)
"""The suffixes of the videos that `write_video` can write."""

# FFmpeg's numbers for BT.601 and limited range, which is what OpenCV converts to: players are told.
_BT601, _LIMITED = 6, 1


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[tuple[ImageArray, float]],
    *,
    fps: float,
    sound_from: Path | None = None,
    pixel_aspect: Fraction = Fraction(1),
) -> None:
    """Write a video that browsers play: H.264 in .mp4, or VP9 in .webm.

    The same frames give the same bytes (of one FFmpeg, on any number of cores).

    Args:
        path: of the video; the suffix decides.
        frames: images (H, W, 3) BGR, and the time in seconds at which each is shown; nan = by fps.
            A time not later than the one before counts as a tick later. The first image makes the
            size, without its last column or row if that is odd, as both codecs need it even; what
            others have beyond it is cut off at the right and bottom, what they lack is black.
        fps: frames a second on average: by it goes the share of bits a frame gets, and how long
            the last is shown.
        sound_from: a video whose sound, if any, goes along: copied, or else encoded anew.
        pixel_aspect: width of the images' pixels by their height, as displayed.

    Raises:
        InputError: the suffix is another, `fps` is not a rate, there are no frames, or the file
            cannot be written.
        PoseflowError: the installed FFmpeg cannot encode this kind of video.
    """
    path = Path(path)
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"{path}: expected a video to write ({' or '.join(VIDEO_SUFFIXES)}), "
            f"got the suffix {path.suffix!r}"
        )
    if not 0 < fps < math.inf:
        raise InputError(f"fps: expected a number of frames a second above 0, got {fps:g}")
    with whole_file(path) as temporary:
        _encode(path, temporary, kind, frames, fps, sound_from, pixel_aspect)


def write_images(
    folder: str | os.PathLike[str],
    frames: Iterable[tuple[ImageArray, float]],
    names: Sequence[str] | None = None,
) -> None:
    """Write a folder of images.

    Args:
        folder: made if it is not there; images of the same names in it are replaced.
        frames: as for `write_video`; images may differ in size, and times have no use here.
        names: a name for each (some may be left over), whose suffix decides its format;
            None = 000000.jpg, 000001.jpg, …

    Raises:
        InputError: a suffix is not an image's, or the folder cannot be written.
    """
    with whole_folder(folder) as temporary:
        for index, (image, _) in enumerate(frames):
            name = f"{index:06d}.jpg" if names is None else names[index]
            write_image(temporary / name, image)


def _encode(
    path: Path,
    temporary: Path,
    kind: _Kind,
    frames: Iterable[tuple[ImageArray, float]],
    fps: float,
    sound_from: Path | None,
    aspect: Fraction,
) -> None:
    import av
    from av.codec.codec import UnknownCodecError

    if aspect != 1 and not kind.tells_aspect:
        frames, aspect = _square(frames, aspect), Fraction(1)
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{path}: expected frames to write, got none")
    height, width = (max(2, side - side % 2) for side in first[0].shape[:2])
    # Bit-exact: neither a version nor a date of making, so that the same frames are the same file.
    options = {"fflags": "+bitexact", **kind.container_options}
    try:
        with av.open(str(temporary), "w", options=options) as output:
            stream = _picture_stream(output, kind, (width, height), fps, aspect)
            pictures = _pictures(chain([first], frames), (width, height), kind.tick, fps)
            sound: Iterator[tuple[float, Any]] = iter(())
            if sound_from is not None:
                sound = add_sound(output, sound_from, kind.copied_sound, kind.sound_encoder)
            for _, made in heapq.merge(pictures, sound, key=itemgetter(0)):
                output.mux(stream.encode(made) if isinstance(made, av.VideoFrame) else made)
            output.mux(stream.encode(None))
    except UnknownCodecError as error:
        raise PoseflowError(
            f"{path}: cannot be written, the installed FFmpeg has no encoder {error}"
        ) from error
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be written, FFmpeg says: {error.strerror}") from error


def _square(
    frames: Iterable[tuple[ImageArray, float]], aspect: Fraction
) -> Iterator[tuple[ImageArray, float]]:
    """The same images, wider or narrower, of square pixels."""
    import cv2

    for image, time in frames:
        size = max(2, round(image.shape[1] * aspect)), image.shape[0]
        yield np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)), time


def _picture_stream(
    output: Any, kind: _Kind, size: tuple[int, int], fps: float, aspect: Fraction
) -> Any:
    # 1001 keeps television's 30000/1001 what it is.
    rate = Fraction(fps).limit_denominator(1001)
    stream = output.add_stream(kind.encoder, rate, kind.options, time_base=kind.tick)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    if aspect != 1:
        stream.codec_context.sample_aspect_ratio = aspect
    stream.thread_type = "AUTO"
    stream.codec_context.colorspace = _BT601
    stream.codec_context.color_range = _LIMITED
    return stream


def _pictures(
    frames: Iterable[tuple[ImageArray, float]], size: tuple[int, int], tick: Fraction, fps: float
) -> Iterator[tuple[float, Any]]:
    """Each frame's time as it will be shown, and PyAV's frame of it for the encoder."""
    import av
    import cv2

    last = -1
    for index, (image, time) in enumerate(frames):
        seconds = index / fps if math.isnan(time) else time
        last = max(round(seconds / tick), last + 1)
        # Three times faster than FFmpeg's own conversion.
        planes = cv2.cvtColor(_fit(image, size), cv2.COLOR_BGR2YUV_I420)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = last, tick
        picture.colorspace, picture.color_range = _BT601, _LIMITED
        yield float(last * tick), picture


def _fit(image: ImageArray, size: tuple[int, int]) -> ImageArray:
    """The image (H, W, 3) on a canvas of that width and height, cut or filled up with black."""
    import cv2

    width, height = size
    image = image[:height, :width]
    right, below = width - image.shape[1], height - image.shape[0]
    if right or below:
        image = np.asarray(cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT))
    return image
