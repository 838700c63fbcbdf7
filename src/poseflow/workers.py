"""One job after another, or several at a time, to the same results in the same order."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from .errors import InputError, PoseflowError

Job = TypeVar("Job")
Result = TypeVar("Result")

QUEUED = 3
"""Jobs for each worker at a time: enough to go on with while this process is at one."""


def in_order(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int = 1
) -> Iterator[Result]:
    """What becomes of each job, in the order of the jobs.

    Args:
        work: keeps nothing between calls; for several workers it and its jobs can be pickled.
        jobs: what is to be done.
        workers: processes that share the jobs, this one among them.

    Raises:
        InputError: fewer than one worker.
        PoseflowError: a worker was ended from outside; and whatever the first job that fails
            raises.
    """
    if workers < 1:
        raise InputError(f"workers: expected 1 or more, got {workers}")
    if workers == 1:
        yield from map(work, jobs)
        return
    every = list(jobs)
    workers = min(workers, len(every))
    if workers < 2:
        yield from map(work, every)
        return
    # Not forked, which would copy the locks of our threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers - 1, context, initializer=_obey) as pool:
            yield from _shared(work, every, pool, QUEUED * (workers - 1))
    except BrokenProcessPool as error:
        raise PoseflowError(
            f"one of {workers} workers was ended from outside, for want of memory perhaps; "
            "try fewer"
        ) from error


def _shared(
    work: Callable[[Job], Result], jobs: list[Job], pool: ProcessPoolExecutor, queued: int
) -> Iterator[Result]:
    """The pool begins with the first job, this process with the last, until they meet."""
    futures: list[Future[Result]] = []
    done: list[Future[Result]] = []
    try:
        for i in range(len(jobs)):
            while True:
                free = jobs[len(futures) : len(jobs) - len(done)]
                waiting = sum(not future.done() for future in futures[i:])
                futures += [pool.submit(work, job) for job in free[: max(0, queued - waiting)]]
                left = len(jobs) - len(futures) - len(done)
                if not left or (i < len(futures) and futures[i].done()):
                    break
                done.append(_done(work, jobs[len(jobs) - 1 - len(done)]))
            at = len(jobs) - 1 - i
            yield (futures[i] if i < len(futures) else done[at]).result()
    finally:
        for future in futures:
            future.cancel()


def _done(work: Callable[[Job], Result], job: Job) -> Future[Result]:
    """A job done here; if it fails, that is told when it is its turn."""
    future: Future[Result] = Future()
    try:
        future.set_result(work(job))
    except Exception as error:
        future.set_exception(error)
    return future


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _obey() -> None:
    """Let an interrupt end a worker at once and without a word; its parent has one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
