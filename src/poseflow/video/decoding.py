"""What is in a video file, and its frames one after another, through PyAV."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..frames import Frame, ImageArray

# Codecs whose every packet is one picture to show. Others know pictures that are never shown, or
# that only say "as before" (VP8, MPEG-4): there the packets do not tell how many frames come out.
_A_PACKET_A_FRAME = frozenset(
    {"h264", "hevc", "vp9", "av1", "mjpeg", "prores", "ffv1", "png", "rawvideo"}
)

# Pixel formats whose first plane is luma, one byte a pixel.
_LUMA_FIRST = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}
)


class Look(NamedTuple):
    """What a video is found to be.

    Attributes:
        size: width and height as displayed, in pixels of the file.
        n_frames: that can be decoded.
        fps: on average.
        pixel_aspect: width of a pixel by its height, as displayed.
        damage: what is known to be missing or broken, in words; "" = nothing.
    """

    size: tuple[int, int]
    n_frames: int
    fps: float
    pixel_aspect: Fraction
    damage: str


def look(path: Path) -> Look:
    """What a video is; it is decoded only as far as must be.

    Raises:
        InputError: the file is not a video, or its first frame cannot be decoded.
    """
    with _opened(path) as (container, stream):
        # 25 is what FFmpeg itself takes for a stream that tells nothing.
        fps, tick = float(stream.average_rate or stream.guessed_rate or 25), stream.time_base
        first = next(_decoded(path, container, stream))
        aspect = Fraction(stream.sample_aspect_ratio or 1)
    packets, n_broken = _packets_of(path), 0
    times: list[int | None] = packets.times
    if not packets.certain:
        times = []
        with _opened(path) as (container, stream):
            for frame in _decoded(path, container, stream):
                times.append(frame.pts)
                n_broken += frame.is_corrupt
    known = [time for time in times if time is not None]
    seconds = float((max(known) - min(known)) * tick) if known else 0.0
    # A film of a screen may claim a thousand frames a second, which is only the tick of its clock.
    if seconds > 0 and abs((len(times) - 1) / seconds / fps - 1) > 0.01:
        fps = (len(times) - 1) / seconds
    turned = _quarter_turns(first) % 2
    size = (first.height, first.width) if turned else (first.width, first.height)
    damage = _damage(len(times), packets, n_broken)
    return Look(size, len(times), fps, 1 / aspect if turned else aspect, damage)


def _damage(n_frames: int, packets: _Packets, n_broken: int) -> str:
    said = []
    broken = packets.corrupt or n_broken > 0
    if packets.claimed > n_frames and (broken or packets.all_frames):
        said.append(f"of {packets.claimed} frames {n_frames} can be decoded")
    elif packets.corrupt:
        said.append("it is cut off")
    if n_broken:
        whose = "them" if said else f"the {n_frames} frames that can be decoded"
        said.append(f"{n_broken} of {whose} only in part")
    return ", ".join(said)


def decode(path: Path, n_frames: int, fps: float, color: bool) -> Generator[Frame]:
    """All frames of a video, gray or BGR, with their times; see `read_frames`.

    Args:
        path: of the file.
        n_frames: as `look` told.
        fps: to reckon times by, where the file tells none.
        color: BGR, else the luma plane.

    Raises:
        InputError: a frame cannot be decoded, or there are fewer than n_frames.
    """
    from av.video.reformatter import VideoReformatter

    # One for the whole video: setting one up costs as much as converting a frame.
    reformatter = VideoReformatter()
    with _opened(path) as (container, stream):
        # AVI has no presentation times, and those that FFmpeg makes up may run backwards.
        clock = "dts" if container.format.name == "avi" else "pts"
        start, count = None, 0
        for index, frame in enumerate(_decoded(path, container, stream)):
            ticks = getattr(frame, clock)
            start, count = (ticks if index == 0 else start), index + 1
            known = ticks is not None and start is not None
            time = float((ticks - start) * stream.time_base) if known else index / fps
            yield Frame(index, time, "", _image(frame, color, reformatter))
    if count < n_frames:
        raise InputError(
            f"{path}: frame {count}: expected {n_frames} frames, the rest cannot be decoded"
        )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """PyAV's container of a file and its video stream, set to decode on all cores."""
    import av
    from av.stream import Disposition

    try:
        # "file:" because FFmpeg would take a name like "take:2.mp4" for a protocol's.
        container = av.open(f"file:{path}")
    except av.FFmpegError as error:
        raise InputError(f"{path}: expected a video, FFmpeg says: {error.strerror}") from error
    with container:
        # The cover of a song is a video stream to FFmpeg, and plain text the film of a terminal.
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic and container.format.name != "tty"
        ]
        if not streams:
            raise InputError(f"{path}: expected a video, got a file without a video stream")
        streams[0].thread_type = "AUTO"
        yield container, streams[0]


def _packets(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """The packets, all but empty ones, and without a last one that was cut short."""
    held = None
    for packet in _every_packet(path, container, stream):
        # An empty packet would tell the decoder that there are no more.
        if packet.size:
            if held is not None:
                yield held
            held = packet
    # A file that was cut short ends in a piece of a packet, which would bring the decoder down.
    if held is not None and not held.is_corrupt:
        yield held


def _every_packet(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    import av

    try:
        yield from container.demux(stream)
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be read, FFmpeg says: {error.strerror}") from error


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """PyAV's frames, at least one."""
    import av

    index = 0
    try:
        for packet in chain(_packets(path, container, stream), [None]):
            for frame in stream.decode(packet):
                yield frame
                index += 1
    except av.FFmpegError as error:
        # Not "frame 12 is damaged": the decoder held frames back when it met the damage.
        raise InputError(
            f"{path}: damaged at or soon after frame {index}, FFmpeg says: {error.strerror}"
        ) from error
    if index == 0:
        raise InputError(f"{path}: expected a video, got one without a frame that can be decoded")


class _Packets(NamedTuple):
    """What the packets of a video tell.

    Attributes:
        times: of presentation, in ticks.
        certain: whether each packet is sure to make a frame.
        corrupt: whether one of them is.
        claimed: how many the container says that there are; 0 = it does not say.
        all_frames: whether each that is claimed would be a frame.
    """

    times: list[int | None]
    certain: bool
    corrupt: bool
    claimed: int
    all_frames: bool


def _packets_of(path: Path) -> _Packets:
    """Read all packets.

    Of some codecs only decoding would tell how many frames there are, and where packets are
    damaged, cut away by an edit list, or need others from before the beginning of the file.
    """
    with _opened(path) as (container, stream):
        certain = stream.codec_context.codec.canonical_name in _A_PACKET_A_FRAME
        times: list[int | None] = []
        corrupt = discarded = False
        for packet in _every_packet(path, container, stream):
            if not packet.size:
                continue
            certain &= packet.is_keyframe or bool(times)
            corrupt |= packet.is_corrupt
            discarded |= packet.is_discard
            times.append(packet.pts)
        claimed = stream.frames
        # AVI counts the empty packets that mean "as before", which FFmpeg keeps to itself.
        all_frames = not discarded and container.format.name != "avi"
    certain &= not corrupt and not discarded
    known = [time for time in times if time is not None]
    certain &= not known or known[0] == min(known)
    return _Packets(times, certain, corrupt, claimed, all_frames)


def _image(frame: Any, color: bool, reformatter: Any) -> ImageArray:
    """(H, W, 3) BGR or (H, W) luma of PyAV's frame, as displayed, in memory of its own."""
    turns = _quarter_turns(frame)
    if color:
        image = reformatter.reformat(frame, format="bgr24").to_ndarray()
    else:
        if frame.format.name not in _LUMA_FIRST:
            frame = reformatter.reformat(frame, format="yuv420p")
        plane = frame.planes[0]
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        # A copy, because the decoder goes on predicting later frames from this memory.
        image = lines[: frame.height, : frame.width].copy()
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image)


def _quarter_turns(frame: Any) -> int:
    """How often to turn a frame by 90° against the clock to have it as displayed, 0 to 3."""
    return int(round(frame.rotation / 90) % 4)
