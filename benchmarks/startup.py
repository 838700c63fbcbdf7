"""How long the command and the package take to start, beside NumPy alone."""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from statistics import median

from .measure import Figure, Outcome, in_turn, launch, times_smaller

# What the README's five lines of Python use.
FIVE_LINES = "from poseflow import Tracker, load, save"
STARTS = {
    "poseflow --help": (["-m", "poseflow", "--help"], 0.4),
    "import poseflow": (["-c", "import poseflow"], 0.3),
    FIVE_LINES: (["-c", FIVE_LINES], 0.3),
}
"""Arguments for Python, and the target in seconds."""


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
            target=f"< {limit:g} s" + (", without cv2" if words[0] == "-c" else ""),
            met=median(took[name]) < limit and not (words[0] == "-c" and _loads_cv2(words[1])),
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


def _loads_cv2(code: str) -> bool:
    code += "; import sys; sys.exit('cv2' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode != 0
