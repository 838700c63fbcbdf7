"""How long the command and the package take to start, beside NumPy alone."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from statistics import median

from .measure import Figure, Outcome, in_turn, launch, times_smaller

# What the README's five lines of Python use.
FIVE_LINES = "from poseflow import Tracker, load, save"
STARTS: dict[str, tuple[list[str], float | None]] = {
    "poseflow --help": (["-m", "poseflow", "--help"], 0.4),
    "import poseflow": (["-c", "import poseflow"], 0.3),
    FIVE_LINES: (["-c", FIVE_LINES], None),
}
"""Arguments for Python, and the target in seconds; None = no more than not to load cv2."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=21, help="starts of each (21)")


def run(rounds: int) -> Outcome:
    commands = {name: arguments for name, (arguments, _) in STARTS.items()}
    took = in_turn(
        {name: partial(_seconds, words) for name, words in commands.items()}
        | {"import numpy": partial(_seconds, ["-c", "import numpy"])}
        | {"python": partial(_seconds, ["-c", "pass"])},
        rounds,
    )
    figures = [
        Figure(
            name=name,
            unit="s",
            ours=median(took[name]),
            target=", ".join(_targets(words, limit)),
            met=(limit is None or median(took[name]) < limit) and not _loads_cv2(words),
            peer="import numpy",
            theirs=median(took["import numpy"]),
            ratio=times_smaller(took[name], took["import numpy"]),
            runs=rounds,
        )
        for name, (words, limit) in STARTS.items()
    ]
    return Outcome(figures, details={"python_alone_s": median(took["python"])})


def _seconds(words: list[str]) -> float:
    return launch([sys.executable, *words]).wall


def _targets(words: list[str], limit: float | None) -> Iterator[str]:
    if limit is not None:
        yield f"< {limit:g} s"
    if words[0] == "-c":
        yield "without cv2"


def _loads_cv2(words: list[str]) -> bool:
    """Whether code (not a command) loads OpenCV."""
    if words[0] != "-c":
        return False
    code = f"{words[1]}; import sys; sys.exit('cv2' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode != 0
