"""A line of JSON for each frame, and programs that read them as fast as they can, or slower."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..errors import InputError
from .counts import Counts
from .mailbox import Mailbox
from .playing import Moment, Sink

MOST_WAITING = 64
"""Lines that wait for one who reads slowly; of more, the oldest are lost to that reader."""

FAREWELL = 2.0
"""Seconds that a slow reader has at the end to take what waits."""


def line_of(moment: Moment) -> bytes:
    """A frame as one line of JSON; docs/live.md says what is in it."""
    poses = moment.poses
    boxes = poses.boxes.round(2).tolist()
    keypoints = np.concatenate(
        [poses.keypoints.round(2), poses.keypoint_scores[..., None].round(3)], axis=2
    ).tolist()
    # orjson writes nan as null, which is how JSON says that there is none.
    people = [
        {"id": None if track_id < 0 else track_id, "score": score, "box": box, "keypoints": points}
        for track_id, score, box, points in zip(
            poses.track_ids.tolist(), poses.scores.round(3).tolist(), boxes, keypoints, strict=True
        )
    ]
    return _line(
        {
            "frame": moment.index,
            "time": round(moment.time, 4),
            "unix": round(moment.unix, 3),
            "latency": round(moment.latency, 4),
            "people": people,
        }
    )


def last_line(counts: Counts) -> bytes:
    """What the run was, as the last line."""
    return _line({"summary": counts.as_json()})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


class Outlet:
    """Hands lines to one reader in a thread of its own, so that a slow one stalls nobody.

    Args:
        write: takes a line, and may take its time; an OSError ends it. One that says that the
            reader has left is no failure.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lines: Mailbox[bytes] = Mailbox(MOST_WAITING)
        self.failure: OSError | None = None
        """Why no more lines could be written."""
        self._thread = threading.Thread(target=self._work, name="poseflow-lines", daemon=True)
        self._thread.start()

    @property
    def gone(self) -> bool:
        """Whether the reader has left, or lines cannot be written."""
        return not self._thread.is_alive()

    def put(self, line: bytes) -> None:
        """Have a line written as soon as those before it are."""
        self._lines.put(line)

    def close(self, seconds: float = FAREWELL) -> None:
        """Wait, but no longer than this, until what waits is written."""
        self._lines.close()
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            for line in self._lines:
                self._write(line)
        except ConnectionError:
            pass  # The reader has left.
        except OSError as error:
            self.failure = error


@contextmanager
def lines_to_descriptor(number: int, counts: Counts, stop: threading.Event) -> Iterator[Sink]:
    """Lines to an open file, such as 1, the standard output; `stop` is set when its reader left.

    Raises:
        InputError: lines cannot be written; by the sink if it is called again, else at the end.
    """
    told = False

    def write(line: bytes) -> None:
        # Not by sys.stdout, whose lock a thread that hangs would hold at the end of the process.
        while line:
            line = line[os.write(number, line) :]

    outlet = Outlet(write)

    def tell() -> None:
        nonlocal told
        if outlet.failure is not None and not told:
            told = True
            why = outlet.failure.strerror or outlet.failure
            raise InputError(f"--json -: cannot be written: {why}") from outlet.failure

    def sink(moment: Moment) -> None:
        if outlet.gone:
            tell()
            stop.set()
        outlet.put(line_of(moment))

    try:
        yield sink
        outlet.put(last_line(counts))
    finally:
        outlet.close()
    tell()


@contextmanager
def lines_to_socket(address: str, counts: Counts) -> Iterator[Sink]:
    """Lines to everyone who connects, from the moment they do.

    Args:
        address: "tcp://HOST:PORT" or "unix:///PATH", where readers are waited for.
        counts: of the run, for the last line.

    Raises:
        InputError: the address is none of these, or cannot be listened at.
    """
    readers: list[tuple[socket.socket, Outlet]] = []
    with _listening(address) as listener:

        def welcome() -> None:
            with suppress(OSError):  # The listener was closed: it is over.
                while True:
                    reader, _ = listener.accept()
                    readers.append((reader, Outlet(reader.sendall)))

        def say(line: bytes) -> None:
            for reader, outlet in readers.copy():
                if outlet.gone:
                    readers.remove((reader, outlet))
                    reader.close()
                else:
                    outlet.put(line)

        threading.Thread(target=welcome, name="poseflow-listener", daemon=True).start()
        try:
            yield lambda moment: say(line_of(moment)) if readers else None
            say(last_line(counts))
        finally:
            until = time.monotonic() + FAREWELL
            for reader, outlet in readers.copy():
                outlet.close(max(until - time.monotonic(), 0.0))
                with suppress(OSError):
                    reader.shutdown(socket.SHUT_RDWR)
                reader.close()


@contextmanager
def _listening(address: str) -> Iterator[socket.socket]:
    kind, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    at: Any
    if kind == "tcp" and host and port.isdecimal():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        at = host.strip("[]"), int(port)
    elif kind == "unix" and place and hasattr(socket, "AF_UNIX"):
        family, at = socket.AF_UNIX, place
    else:
        raise InputError(f"--json: expected -, tcp://HOST:PORT or unix:///PATH, got {address!r}")
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            if kind == "unix":
                _remove_stale(place)
            else:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(at)
            listener.listen()
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"--json {address}: cannot be listened at: {why}") from error
        try:
            yield listener
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # Wakes who waits in accept().
            if kind == "unix":
                Path(place).unlink(missing_ok=True)


def _remove_stale(place: str) -> None:
    """Remove the socket of a program that ended without doing so itself."""
    if os.path.exists(place) and stat.S_ISSOCK(os.stat(place).st_mode):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            if caller.connect_ex(place) != 0:
                os.unlink(place)
