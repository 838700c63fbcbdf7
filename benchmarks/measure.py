"""How things are measured: in turn, pair by pair, and commands in processes of their own."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Figure:
    """One number, and what it is held against.

    Attributes:
        name: what was measured.
        unit: of `ours` and `theirs`.
        ours: the median.
        target: what was asked for, in words; "" = nothing.
        met: whether it was reached; None = no target.
        peer: what else was measured in turn with ours; "" = nothing.
        theirs: the peer's median.
        ratio: how many times better ours is: the median of the ratios of each pair of runs.
        runs: how many medians are of.
    """

    name: str
    unit: str
    ours: float
    target: str = ""
    met: bool | None = None
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    runs: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a benchmark found: figures, a text to read above them, and whatever else is kept."""

    figures: Sequence[Figure]
    text: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def in_turn(
    contenders: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """What each contender returned in each round: A B C, A B C, …, so that load hits all alike.

    Args:
        contenders: each measures itself once and returns the figure.
        rounds: how often.
        warm_up: run each once before and forget it.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for count in range(-1 if warm_up else 0, rounds):
        for name, run in contenders.items():
            gc.collect()
            figure = run()
            if count >= 0:
                taken[name].append(figure)
    return taken


def times_smaller(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over rounds of theirs / ours."""
    return median(t / o for o, t in zip(ours, theirs, strict=True))


def pin() -> None:
    """Keep this process on one core, the last, where the system lets us."""
    import psutil

    process = psutil.Process()
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(process.cpu_affinity()[-1:])


class Launched(NamedTuple):
    """What a command took: seconds by the clock and of all cores, and its most memory in MB."""

    wall: float
    cpu: float
    memory: float


# Memory a process had before it became the command counts as the command's: so a small process
# starts it, not this one. Kilobytes on Linux, bytes on macOS.
_LAUNCHER = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
memory = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
print(json.dumps([wall, used.ru_utime + used.ru_stime, memory]))
"""


def launch(arguments: Sequence[str]) -> Launched:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    # -S: without site-packages, whose start-up files make an interpreter larger.
    command = [sys.executable, "-S", "-c", _LAUNCHER, *arguments]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ)
    return Launched(*json.loads(ended.stdout))
