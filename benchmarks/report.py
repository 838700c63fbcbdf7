"""Figures as a table to read, as JSON to keep, and as the table of benchmarks/README.md."""

from __future__ import annotations

import datetime
import json
import math
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from .measure import Figure, Outcome

HERE = Path(__file__).parent
PACKAGES = (
    "numpy", "scipy", "opencv-python-headless", "av", "orjson",
    "trackers", "supervision", "norfair", "filterpy", "motmetrics",
)  # fmt: skip
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def number(value: float | None) -> str:
    """Three digits, a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    digits = 0 if value == 0 else 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(digits, 0), 3)}f}".replace(",", " ")


def rows(figures: Iterable[Figure]) -> list[list[str]]:
    """A row of words for each figure, under `HEAD`."""
    return [
        [
            f.name,
            f.target or "–",
            f"{number(f.ours)} {f.unit}".rstrip() + (" (missed)" if f.met is False else ""),
            f"{f.peer} {number(f.theirs)}" if f.peer else "–",
            "–" if f.ratio is None else f"{number(f.ratio)} ×",
        ]
        for f in figures
    ]


HEAD = ["figure", "target", "measured", "peer", "ratio"]


def table(figures: Sequence[Figure]) -> str:
    """Figures in columns."""
    return columns([HEAD, *rows(figures)])


def columns(cells: Sequence[Sequence[str]]) -> str:
    """Cells in columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells)
    return "\n".join(lines)


def as_json(name: str, arguments: Mapping[str, Any], outcome: Outcome, load: float) -> str:
    """Everything about a run that somebody who doubts it may ask; `load` as before it began."""
    given = [f"--{k} {_words(v)}" for k, v in arguments.items() if v not in (None, [])]
    report = {
        "benchmark": name,
        "command": " ".join([f"python -m benchmarks {name}", *given]),
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": machine() | {"load_before": round(load, 1)},
        "versions": versions(),
        "figures": [asdict(f) for f in outcome.figures],
        "text": outcome.text,
        "details": outcome.details,
    }
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def _words(value: Any) -> str:
    """As it was given, but for where things lie on this machine."""
    if isinstance(value, list):
        return " ".join(map(_words, value))
    return "PATH" if isinstance(value, Path) else str(value)


def commit() -> str:
    """The commit that was measured; "+" = the package's code had been changed since."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=HERE.parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "-s", "src") else "")


def machine() -> dict[str, Any]:
    """What the machine is."""
    model = platform.processor()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        model = next((n.split(": ")[1] for n in lines if n.startswith("model name")), model)
    return {
        "cpu": re.sub(r"\(R\)|\(TM\)| Processor| CPU| @", "", model),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": platform.system(),
    }


def load_average() -> float:
    """How many processes wanted a core in the last minute: what else the machine was doing."""
    return float(psutil.getloadavg()[0])


def versions() -> dict[str, str]:
    """Of Python and of what was measured or measured with, as far as installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_readme(names: Iterable[str]) -> None:
    """Put the figures of results/ into benchmarks/README.md; a benchmark not run has no rows."""
    lines = ["| " + " | ".join([*HEAD, "command", "date", "machine"]) + " |", "|---" * 8 + "|"]
    texts = []
    for name in names:
        file = HERE / "results" / f"{name}.json"
        if not file.exists():
            continue
        kept = json.loads(file.read_text(encoding="utf-8"))
        whence = [
            f"`{kept['command']}`",
            kept["date"],
            "{cores} cores, {cpu}, load {load_before}".format(**kept["machine"]),
        ]
        for row in rows(Figure(**f) for f in kept["figures"]):
            lines.append("| " + " | ".join([*row, *whence]) + " |")
        if kept["text"]:
            texts += ["", f"`{kept['command']}`:", "", "```", kept["text"].strip(), "```"]
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    readme.write_text("\n".join([f"{before}{BEGIN}", *lines, *texts, after]), encoding="utf-8")
