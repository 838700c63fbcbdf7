"""The sound of one video, for another that is being written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError

_RATE = 48_000
"""Samples a second, of sound that is encoded anew; Opus knows no other."""


def add_sound(
    output: Any, source: Path, copied: tuple[str, ...], encoder: str
) -> Iterator[tuple[float, Any]]:
    """Give a container that is being written the first sound stream of a file.

    Args:
        output: PyAV's container; nothing has been muxed into it yet.
        source: the file; it may be without sound.
        copied: the codecs whose packets the container takes as they are.
        encoder: what sound of other codecs is encoded anew with, in stereo.

    Returns:
        The packets to mux and the time of each, in order, in seconds from the first picture.

    Raises:
        InputError: the source cannot be read; also while the packets are drawn.
    """
    import av

    try:
        given = av.open(f"file:{source}")
        if not given.streams.audio:
            given.close()
            return iter(())
    except av.FFmpegError as error:
        raise _unreadable(source, error) from error
    stream = given.streams.audio[0]
    if stream.codec_context.codec.canonical_name in copied:
        packets = _copied(given, stream, output.add_stream_from_template(stream))
    else:
        added = output.add_stream(encoder, rate=_RATE, layout="stereo")
        packets = _encoded(given, stream, added)
    return _timed(source, given, packets)


def _timed(source: Path, given: Any, packets: Iterator[Any]) -> Iterator[tuple[float, Any]]:
    import av

    with given:
        try:
            for packet in packets:
                yield float(packet.pts * packet.time_base), packet
        except av.FFmpegError as error:
            raise _unreadable(source, error) from error


def _copied(given: Any, stream: Any, added: Any) -> Iterator[Any]:
    start = _start(given)
    for packet in given.demux(stream):
        if packet.pts is not None:
            late = round(start / packet.time_base)
            packet.pts, packet.dts = packet.pts - late, packet.dts - late
            packet.stream = added
            yield packet


def _encoded(given: Any, stream: Any, added: Any) -> Iterator[Any]:
    start = _start(given)
    for frame in given.decode(stream):
        if frame.pts is not None:
            frame.pts -= round(start / frame.time_base)
            yield from added.encode(frame)
    yield from added.encode(None)


def _start(given: Any) -> float:
    """When the first picture is shown, in seconds on the clock of the file."""
    stream = next(iter(given.streams.video), None)
    if stream is None or stream.start_time is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


def _unreadable(source: Path, error: Any) -> InputError:
    return InputError(f"{source}: its sound cannot be read, FFmpeg says: {error.strerror}")
