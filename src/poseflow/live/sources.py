"""Where live frames come from: a camera, an address, or a video that plays at its own rate."""

from __future__ import annotations

import math
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from ..errors import InputError
from ..frames import ImageArray
from ..video import Video, open_video, read_frames

_OPENING, _READING = 10.0, 10.0
"""Seconds of silence after which an address that is opened, or read from, has failed."""

_FOLDER_FPS = 25.0
"""Frames a second of a folder of images, which has no clock."""


class Shot(NamedTuple):
    """A frame as a source gives it.

    Attributes:
        image: (H, W, 3) uint8 BGR, in memory of its own.
        due: seconds from the first frame at which it is to be shown; None = now.
    """

    image: ImageArray
    due: float | None = None


class Source(Protocol):
    """Something that is opened, gives frames, and may fail and be opened again."""

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        ...

    @property
    def fps(self) -> float | None:
        """Frames a second that it should give; None = nothing tells before it is opened."""
        ...

    @property
    def recovers(self) -> bool:
        """Whether it may help to open it again after a failure."""
        ...

    def shots(self) -> Generator[Shot]:
        """Open it and give its frames; it is closed when the generator is.

        Raises:
            InputError: it cannot be opened, it failed, or it ended though it was not to.
        """
        ...


@dataclass(frozen=True)
class Recording:
    """A video file or a folder of images in the part of a camera.

    Args:
        video: from `open_video`.
        loop: begin again at its end, for ever.
    """

    video: Video
    loop: bool = False
    recovers: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The path."""
        return str(self.video.path)

    @property
    def fps(self) -> float:
        """The video's, or what a folder of images is taken for."""
        return self.video.fps or _FOLDER_FPS

    def shots(self) -> Generator[Shot]:
        """Its frames, each due at its time in the video; of round n, n lengths later."""
        start = 0.0
        while True:
            for frame in read_frames(self.video, color=True):
                time = frame.index / self.fps if math.isnan(frame.time) else frame.time
                yield Shot(frame.image, start + time)
            if not self.loop:
                return
            start += self.video.n_frames / self.fps


@dataclass(frozen=True)
class Address:
    """A stream at an address that FFmpeg understands: rtsp, http, udp, srt and others.

    Through PyAV, as all video here. A stream that tells its length is played at its own rate and
    ends; any other is taken as it comes, and its end is a failure.
    """

    url: str
    fps: ClassVar[float | None] = None
    recovers: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The address without user and password."""
        return re.sub(r"//[^@/]*@", "//", self.url)

    def shots(self) -> Generator[Shot]:
        """The frames as they come; see `Source`."""
        import av

        # Datagrams get lost, and a lost one smears the picture until the next key frame.
        options = {"rtsp_transport": "tcp"}
        try:
            with av.open(self.url, options=options, timeout=(_OPENING, _READING)) as container:
                if not container.streams.video:
                    raise InputError(f"{self.name}: expected a video stream, got none")
                stream = container.streams.video[0]
                # Threads that work on a frame each would hold back as many frames as they are.
                stream.thread_type = "SLICE"
                yield from _decoded(container, stream)
                if container.duration is None:
                    raise InputError(f"{self.name}: the stream ended")
        except av.error.ExitError as error:
            # What FFmpeg says of its own clock: "Immediate exit requested".
            raise InputError(
                f"{self.name}: expected a stream, nothing came for {_READING:g} seconds"
            ) from error
        except (av.FFmpegError, OSError) as error:
            why = error.strerror or str(error)
            raise InputError(f"{self.name}: expected a stream, FFmpeg says: {why}") from error


def _decoded(container: Any, stream: Any) -> Generator[Shot]:
    import av
    from av.video.reformatter import VideoReformatter

    reformatter, start = VideoReformatter(), None
    for packet in container.demux(stream):
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError:
            # A network loses pieces; the decoder finds its way at the next key frame.
            continue
        for frame in frames:
            image = np.asarray(reformatter.reformat(frame, format="bgr24").to_ndarray(), np.uint8)
            start = frame.time if start is None else start
            timed = container.duration is not None and frame.time is not None
            yield Shot(image, frame.time - start if timed and start is not None else None)


@dataclass(frozen=True)
class Camera:
    """A camera of this machine by its number, 0 being the first.

    Through OpenCV and not PyAV: a number names the same camera on Linux, macOS and Windows, while
    FFmpeg asks on each for another driver and another kind of name.
    """

    number: int
    fps: ClassVar[float | None] = None
    recovers: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Its number, in words."""
        return f"camera {self.number}"

    def shots(self) -> Generator[Shot]:
        """The frames as they come; see `Source`."""
        import cv2

        # What OpenCV prints of a camera that is not there is a page; we say it in a sentence.
        # Since OpenCV 5 its log is in a module of its own.
        log: Any = getattr(cv2.utils, "logging", cv2)
        before = log.setLogLevel(0)
        try:
            capture = cv2.VideoCapture(self.number)
        finally:
            log.setLogLevel(before)
        try:
            if not capture.isOpened():
                raise InputError(f"{self.name}: there is no such camera, or another program has it")
            while True:
                there, image = capture.read()
                if not there:
                    raise InputError(f"{self.name}: gives no more frames")
                yield Shot(np.asarray(image, dtype=np.uint8))
        finally:
            capture.release()


def open_source(text: str, *, loop: bool = False) -> Recording | Address | Camera:
    """The source that a user names: a camera's number (or /dev/videoN), an address, or a path.

    Cameras and addresses are not opened yet.

    Raises:
        InputError: there is no such file, it is no video, or what is no recording is to be looped.
    """
    source: Address | Camera
    if camera := re.fullmatch(r"(?:/dev/video)?(\d+)", text):
        source = Camera(int(camera[1]))
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        source = Address(text)
    else:
        return Recording(open_video(text), loop)
    if loop:
        raise InputError(f"{source.name}: --loop: expected a video file, which has an end")
    return source
