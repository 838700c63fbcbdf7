"""The whole command on 1280×720 video with 20 people: decode, flow, ids, and all files' I/O.

    poseflow track VIDEO --poses POSES --out tracked.json

A film of two lengths tells whether memory grows with the video. The time is the command's, from
its start to its end; the peer is decoding the same video with PyAV and doing nothing, which no
program that looks at the images can undercut on this machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from .film import make_film
from .measure import Figure, Launched, Outcome, in_turn, launch, times_smaller

PEOPLE = 20
LEAST_RATE, MOST_MEMORY = 60, 400
# What two runs of one command differ by, and what the poses' JSON itself grows by is to be less.
FLAT = 1.15

DECODE = """
import av, sys
with av.open(sys.argv[1]) as container:
    container.streams.video[0].thread_type = "AUTO"
    for frame in container.decode(video=0):
        pass
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (7)")
    parser.add_argument(
        "--frames", type=int, default=600, help="of the film; the long one has 4 × as many (600)"
    )


def run(rounds: int, frames: int) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder, long = Path(name), 4 * frames
        short_film, long_film = (make_film(folder, n, PEOPLE) for n in (frames, long))
        runs: dict[str, list[Launched]] = {"short": [], "long": []}

        def ours(key: str, film: tuple[Path, Path]) -> float:
            video, poses = film
            command = [sys.executable, "-m", "poseflow", "track", str(video), "--poses",
                       str(poses), "--out", str(folder / "tracked.json"), "--quiet"]  # fmt: skip
            runs[key].append(launch(command))
            return runs[key][-1].wall

        took = in_turn(
            {
                "short": lambda: ours("short", short_film),
                "decode": lambda: launch([sys.executable, "-c", DECODE, str(short_film[0])]).wall,
            },
            rounds,
        )
        took |= in_turn(
            {"long": lambda: ours("long", long_film)}, max(rounds // 3, 1), warm_up=False
        )
    return Outcome(
        [rate(f"{frames} frames", frames, took["short"], took["decode"]),
         rate(f"{long} frames", long, took["long"]),
         Figure("its CPU time a frame, all cores", "ms",
                1e3 * median(r.cpu for r in runs["short"][1:]) / frames, runs=rounds),
         *memory(frames, long, runs)],
        details={"cpu_seconds": {key: median(r.cpu for r in all) for key, all in runs.items()}},
    )  # fmt: skip


def rate(name: str, frames: int, ours: list[float], theirs: list[float] | None = None) -> Figure:
    """Frames a second."""
    found = frames / median(ours)
    return Figure(
        name=f"poseflow track, 720p, {PEOPLE} people, {name}",
        unit="frames/s",
        ours=found,
        target=f"≥ {LEAST_RATE}",
        met=found >= LEAST_RATE,
        peer="decoding alone" if theirs else "",
        theirs=frames / median(theirs) if theirs else None,
        ratio=times_smaller(ours, theirs) if theirs else None,
        runs=len(ours),
    )


def memory(frames: int, long: int, runs: dict[str, list[Launched]]) -> list[Figure]:
    """The most of it at each length; flat if the longer takes hardly more."""
    short_most, long_most = (median(r.memory for r in runs[key]) for key in ("short", "long"))
    name, target = "its peak memory, {} frames", f"< {MOST_MEMORY} MB"
    return [
        Figure(name.format(frames), "MB", short_most, target, short_most < MOST_MEMORY,
               runs=len(runs["short"])),
        Figure(name.format(long), "MB", long_most, f"{target}, flat",
               long_most < min(MOST_MEMORY, FLAT * short_most), f"{frames} frames", short_most,
               short_most / long_most, len(runs["long"])),
    ]  # fmt: skip
