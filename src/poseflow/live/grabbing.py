"""Frames fetched by a thread of its own, of which the newest waits and no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from ..errors import InputError
from ..frames import ImageArray
from .counts import Counts
from .mailbox import Mailbox
from .sources import Source

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a failed source is opened again: the first time, and at most; twice as long after
every failure until a frame comes."""

_PATIENCE = 0.1
"""Seconds after which one who waits for a frame looks whether it is time to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Grabbed:
    """A frame that has come.

    Attributes:
        index: from 0, counting all that the source gave, so that a gap tells of frames dropped.
        when: seconds on the clock that latencies are measured by.
        image: (H, W, 3) uint8 BGR.
    """

    index: int
    when: float
    image: ImageArray


def fetch(
    source: Source,
    put: Callable[[Grabbed], None],
    wait: Callable[[float], bool],
    *,
    tries: int | None = None,
    failed: Callable[[str, float], None] = lambda sentence, pause: None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Hand on a source's frames until it ends; where it fails, open it again after a pause.

    Args:
        source: of the frames.
        put: takes each of them.
        wait: waits so many seconds, or not at all if they are not above 0; True = time to stop.
        tries: failures in a row after which it is given up, also before the first frame; None =
            never, once there was a frame.
        failed: told of each failure, and the seconds until the next try.
        clock: seconds.

    Raises:
        InputError: the source failed before its first frame and no tries were asked for, once too
            often, or for good.
    """
    index = in_a_row = 0
    while True:
        start = None
        try:
            with closing(source.shots()) as shots:
                for shot in shots:
                    if shot.due is not None:
                        start = clock() - shot.due if start is None else start
                    pause = 0.0 if start is None or shot.due is None else start + shot.due - clock()
                    if wait(pause):
                        return
                    put(Grabbed(index, clock(), shot.image))
                    index, in_a_row = index + 1, 0
            return
        except InputError as error:
            # One that nobody asked to wait for, and that was never there, is most likely a slip.
            slip = index == 0 and tries is None
            if slip or not source.recovers or in_a_row == tries:
                raise
            pause = min(FIRST_PAUSE * 2.0**in_a_row, LONGEST_PAUSE)
            failed(str(error), pause)
        if wait(pause):
            return
        in_a_row += 1


@contextmanager
def grab(
    source: Source,
    counts: Counts,
    stop: threading.Event,
    *,
    tries: int | None = None,
    failed: Callable[[str, float], None] = lambda sentence, pause: None,
) -> Iterator[Generator[Grabbed]]:
    """The newest frame of a source, whenever one is asked for, until it ends or `stop` is set.

    A thread fetches them meanwhile; it ends with the block.

    Args:
        source: of the frames.
        counts: whose `grabbed`, `overtaken` and `reconnects` are kept.
        stop: set by whoever has had enough, in any thread.
        tries: as for `fetch`.
        failed: as for `fetch`; called in the thread.

    Raises:
        InputError: as `fetch`; by the generator, once the frames before are taken.
    """
    mailbox: Mailbox[Grabbed] = Mailbox(1)
    failures: list[BaseException] = []

    def put(frame: Grabbed) -> None:
        mailbox.put(frame)
        counts.grabbed, counts.overtaken = frame.index + 1, mailbox.lost

    def told(sentence: str, pause: float) -> None:
        counts.reconnects += 1
        failed(sentence, pause)

    def wait(seconds: float) -> bool:
        return stop.wait(seconds) if seconds > 0 else stop.is_set()

    def work() -> None:
        try:
            fetch(source, put, wait, tries=tries, failed=told)
        except BaseException as error:
            failures.append(error)
        finally:
            mailbox.close()

    def frames() -> Generator[Grabbed]:
        while not (stop.is_set() or mailbox.ended):
            if (frame := mailbox.take(_PATIENCE)) is not None:
                yield frame
        if failures:
            raise failures[0]

    thread = threading.Thread(target=work, name="poseflow-grabber", daemon=True)
    thread.start()
    try:
        yield frames()
    finally:
        stop.set()
        # A camera that hangs is left behind: the thread ends with the process at the latest.
        thread.join(2.0)
