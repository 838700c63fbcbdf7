"""Films of known pixels at known times, written by PyAV alone."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np


def planes(luma, blue=128, red=128, width=64, height=48):
    """PyAV's frame of one YUV colour, or of a luma image (H, W)."""
    if isinstance(luma, np.ndarray):
        height, width = luma.shape
    values = np.full((height * 3 // 2, width), blue, np.uint8)
    values[:height] = luma
    values[height + height // 4 :] = red
    return av.VideoFrame.from_ndarray(values, format="yuv420p")


def film(path, frames, *, ticks=None, tick=Fraction(1, 25), codec="ffv1", form=None, **options):
    """Write PyAV's frames without any code of ours; ffv1 keeps every pixel."""
    # The index of an .mp4 at its front, so that tests can cut off its end.
    container = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", format=form, options=container) as output:
        stream = output.add_stream(codec, 25, options, time_base=tick)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = (ticks[index] if ticks else index), tick
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def drifting(n, width=64, height=48):
    """n frames of a pattern that moves, so that an encoder has something to predict."""
    pattern = np.random.default_rng(0).integers(40, 200, (height, width)).astype(np.uint8)
    pattern = cv2.GaussianBlur(pattern, (0, 0), 2)
    return [planes(np.roll(pattern, index, axis=1)) for index in range(n)]


def packets_of(path):
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]
