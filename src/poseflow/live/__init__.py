"""Tracking while it plays: the newest frame, and never a queue."""

from __future__ import annotations

from .counts import Counts, Latencies
from .grabbing import Grabbed, grab
from .lines import line_of, lines_to_descriptor, lines_to_socket
from .playing import Moment, Sink, play
from .recording import record
from .serving import serve
from .sources import Address, Camera, Recording, Source, open_source
from .window import no_window, open_window, open_window_or_page

__all__ = [
    "Address",
    "Camera",
    "Counts",
    "Grabbed",
    "Latencies",
    "Moment",
    "Recording",
    "Sink",
    "Source",
    "grab",
    "line_of",
    "lines_to_descriptor",
    "lines_to_socket",
    "no_window",
    "open_source",
    "open_window",
    "open_window_or_page",
    "play",
    "record",
    "serve",
]
