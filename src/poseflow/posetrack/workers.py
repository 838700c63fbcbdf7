"""One sequence after another, or several at a time, to the same results in the same order."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from ..errors import InputError, PoseflowError

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int = 1
) -> Iterator[Result]:
    """What becomes of each job, in the order of the jobs.

    Args:
        work: keeps nothing between calls; for several workers it and its jobs can be pickled.
        jobs: what is to be done.
        workers: processes that share the jobs; 1 = this one.

    Raises:
        InputError: fewer than one worker.
        PoseflowError: a worker was ended from outside; and whatever a job raises.
    """
    if workers < 1:
        raise InputError(f"workers: expected 1 or more, got {workers}")
    if workers == 1:
        yield from map(work, jobs)
        return
    # Not forked, which would copy the locks of our threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, initializer=_obey) as pool:
            yield from pool.map(work, jobs)
    except BrokenProcessPool as error:
        raise PoseflowError(
            f"one of {workers} workers was ended from outside, for want of memory perhaps; "
            "try fewer"
        ) from error


def _obey() -> None:
    """Let an interrupt end a worker at once and without a word; its parent has one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
