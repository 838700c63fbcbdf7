"""Jobs that processes share: the same results, in the same order, and the same complaint."""

from __future__ import annotations

import math
import os
import signal
import time
from itertools import count

import pytest

from poseflow.errors import InputError, PoseflowError
from poseflow.workers import in_order


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_are_in_the_order_of_the_jobs(workers):
    assert list(in_order(math.factorial, range(20), workers)) == [
        math.factorial(i) for i in range(20)
    ]


@pytest.mark.parametrize("n_jobs", [0, 1])
def test_there_may_be_fewer_jobs_than_workers(n_jobs):
    assert list(in_order(math.sqrt, [4.0] * n_jobs, 3)) == [2.0] * n_jobs


def test_one_process_asks_for_a_job_when_it_is_wanted():
    results = in_order(math.sqrt, count())
    assert [next(results) for _ in range(3)] == [0, 1, math.sqrt(2)]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_job_that_fails_is_told_whoever_did_it(workers):
    # This process begins with the last, which fails in another way.
    results = in_order(math.sqrt, [4.0, 9.0, -1.0, 16.0, "none"], workers)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        next(results)


def test_no_worker_is_no_number_of_workers():
    with pytest.raises(InputError, match="workers: expected 1 or more, got 0"):
        list(in_order(math.sqrt, [1.0], 0))


def killed(process: int) -> None:
    """End the process that does this job, if it is not the one given, which takes its time."""
    time.sleep(0.02)
    if os.getpid() != process:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_was_ended_is_told():
    with pytest.raises(PoseflowError, match="one of 2 workers was ended from outside"):
        list(in_order(killed, [os.getpid()] * 50, 2))
