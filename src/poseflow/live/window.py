"""A window, where the installed OpenCV has one."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import InputError
from .playing import Moment, Sink
from .serving import serve

_ESCAPE = 27


def no_window() -> str:
    """Why no window can be opened here; "" = one can.

    Another process tries: without a display, some of OpenCV's builds end theirs on the spot.
    """
    trial = "import cv2; cv2.namedWindow('poseflow'); cv2.destroyAllWindows()"
    tried = subprocess.run([sys.executable, "-c", trial], capture_output=True, check=False)
    if tried.returncode == 0:
        return ""
    if b"The function is not implemented" in tried.stderr:
        return "the installed OpenCV was built without windows"
    return "there is no display"


@contextmanager
def open_window(title: str, stop: threading.Event) -> Iterator[Sink]:
    """Show it in a window; q, Escape or closing the window sets `stop`.

    Raises:
        InputError: no window can be opened here.
    """
    if why := no_window():
        raise InputError(
            f"no window can be opened ({why}): expected --serve PORT for a browser, "
            "--json - for lines of JSON, or --out FILE"
        )
    with _window(title, stop) as sink:
        yield sink


@contextmanager
def open_window_or_page(
    title: str, stop: threading.Event, announce: Callable[[str], None]
) -> Iterator[Sink]:
    """A window, or a page for browsers on this machine where none can be opened.

    Args:
        title: of the window.
        stop: set when the window is closed.
        announce: told why there is no window, and the address of the page.
    """
    if not (why := no_window()):
        with _window(title, stop) as sink:
            yield sink
        return
    with serve("127.0.0.1", 0, lambda page: announce(f"{page} (no window: {why})")) as sink:
        yield sink


@contextmanager
def _window(title: str, stop: threading.Event) -> Iterator[Sink]:
    import cv2

    cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)

    def sink(moment: Moment) -> None:
        cv2.imshow(title, moment.picture)
        closed = cv2.waitKey(1) in (ord("q"), _ESCAPE)
        if closed or cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) < 1:
            stop.set()

    try:
        yield sink
    finally:
        cv2.destroyWindow(title)
