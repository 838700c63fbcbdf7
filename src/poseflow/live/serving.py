"""A page for browsers: what the camera sees with poses and ids, as a stream of JPEG images."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ..errors import InputError
from .lines import line_of
from .playing import Moment, Sink

_LOCAL = ("127.0.0.1", "localhost", "::1")
_BOUNDARY = "poseflow-picture"
_QUALITY = 80
"""Of the JPEG images, up to 100."""
_PATIENCE = 10.0
"""Seconds for which one who asks for a newer picture waits before there is said to be none."""
_BETWEEN = 1.0
"""Seconds for which one who had a picture counts as looking on: they are about to ask for more."""


@contextmanager
def serve(host: str, port: int, announce: Callable[[str], None]) -> Iterator[Sink]:
    """Show it to browsers, each as fast as it can; pictures are drawn only while somebody looks.

    Args:
        host: whose connections are taken: 127.0.0.1 = this machine's, 0.0.0.0 = everyone's; ::1
            and :: are the same of IPv6.
        port: 0 = any that is free.
        announce: told the address of the page.

    Raises:
        InputError: the port cannot be had.
    """
    latest = _Latest()
    shown = f"[{host}]" if ":" in host else host
    kind = _Server6 if ":" in host else ThreadingHTTPServer
    try:
        server = kind((host, port), _handler(latest, host))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"--serve {shown}:{port}: cannot be listened at: {why}") from error
    server.daemon_threads, server.block_on_close = True, False
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        announce(f"http://{shown}:{server.server_port}/")
        try:
            yield latest.put
        finally:
            latest.close()
            server.shutdown()


class _Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class _Latest:
    """The newest moment, for any number of threads that wait for one they have not seen."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._encoding = threading.Lock()
        self._number = 0
        self._shown: Moment | None = None
        self._jpeg: tuple[int, bytes] = (0, b"")
        self._watching, self._until = 0, 0.0
        self.closed = False
        self.line = b""

    def put(self, moment: Moment) -> None:
        """Show this from now on."""
        with self._changed:
            watched = self._watching > 0 or time.monotonic() < self._until
        # A line is soon made; painting takes milliseconds, for which nobody is to wait.
        line, shown = line_of(moment), moment.sketched() if watched else None
        with self._changed:
            self.line = line
            if shown is not None:
                self._number, self._shown = self._number + 1, shown
                self._changed.notify_all()

    def close(self) -> None:
        """Send everyone home."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def newer(self, than: str) -> tuple[bytes, dict[str, Any]] | None:
        """The newest picture, waited for if it is the one of that number, and what is in it.

        None = none came in `_PATIENCE` seconds.
        """
        with self._changed:
            self._watching += 1
            self._changed.wait_for(
                lambda: self.closed or (self._number != 0 and str(self._number) != than), _PATIENCE
            )
            self._watching -= 1
            self._until = time.monotonic() + _BETWEEN
            seen, shown = self._number, self._shown
            if self.closed or shown is None or str(seen) == than:
                return None
        ids = sorted(track_id for track_id in shown.poses.track_ids.tolist() if track_id > 0)
        told = {"number": seen, "frame": shown.index, "latency": shown.latency, "ids": ids}
        return self._encoded(seen, shown), told

    def jpegs(self) -> Iterator[bytes]:
        """The newest picture, whenever it is another than before."""
        with self._changed:
            self._watching += 1
            seen = self._number
        try:
            while True:
                with self._changed:
                    while self._number == seen and not self.closed:
                        self._changed.wait()
                    if self.closed:
                        return
                    seen, shown = self._number, self._shown
                if shown is not None:
                    yield self._encoded(seen, shown)
        finally:
            with self._changed:
                self._watching -= 1

    def _encoded(self, number: int, shown: Moment) -> bytes:
        """Its picture as JPEG, made once for all who look."""
        import cv2

        with self._encoding:
            if self._jpeg[0] != number:
                made = cv2.imencode(".jpg", shown.picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
                self._jpeg = number, made.tobytes()
            return self._jpeg[1]


def _handler(latest: _Latest, host: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            # Else a page of somebody's, given a name that leads to this machine, could look on.
            asked = (self.headers.get("Host") or "").rsplit(":", 1)[0].strip("[]")
            if host in _LOCAL and asked not in _LOCAL:
                self.send_error(403)
            elif path == "/":
                page = Path(__file__).with_name("page.html").read_bytes()
                self._answer("text/html; charset=utf-8", page)
            elif path == "/line":
                self._answer("application/json", latest.line)
            elif path == "/picture":
                than = parse_qs(query).get("after", ["0"])[0]
                jpeg, told = latest.newer(than) or (b"", {})
                self._answer("image/jpeg", jpeg, {"X-Poseflow": json.dumps(told)})
            elif path == "/stream":
                self._stream()
            else:
                self.send_error(404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, kind: str, content: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(200 if content else 204)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            for name, value in (more or {}).items():
                self.send_header(name, value)
            with suppress(OSError):  # Whoever looked on has left.
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self.send_header("Cache-Control", "no-store")
            with suppress(OSError):
                self.end_headers()
                for jpeg in latest.jpegs() if self.command != "HEAD" else ():
                    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: "
                    self.wfile.write(f"{head}{len(jpeg)}\r\n\r\n".encode() + jpeg + b"\r\n")

        def log_message(self, *words: object) -> None:
            """Nobody asked who looks on."""

    return Handler
