"""Judge poses with ids by a truth: mAP, MOTA, HOTA, IDF1, and what association alone lost.

Two files, or two folders that hold a file of the same name for each sequence; a file may hold
several, such as MATLAB's, or one whose images lie in several folders. Beside each figure
stands the oracle's: what the very same detections would get with perfect association.
"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import words
from .pairing import Pair, Reading, paired, read_pair, size_of

if TYPE_CHECKING:
    from ..evaluation import Evaluation, Examined
    from ..evaluation.report.tables import Table
    from ..formats.scales import ScoreScale

SUMMARY = "mAP, MOTA, HOTA, IDF1 against a truth"

WIDEST = 102
"""Characters that the tables need."""

WORTH_A_WORKER = 16_000_000
"""Bytes that take as long as it takes a process to begin, some 0.4 s, and twice that again."""
MOST_WORKERS = 4
"""Each has some 100 MB of memory."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `evaluate` takes."""
    parser.add_argument(
        "--truth",
        type=Path,
        required=True,
        metavar="FILE_OR_FOLDER",
        help="what people annotated: PoseTrack 2017, 2018 or 21, or any format with ids; "
        "a file, or a folder with a file for each sequence",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        required=True,
        metavar="FILE_OR_FOLDER",
        help="poses with ids, of any format: a file, or a folder with files named as the truth's",
    )
    parser.add_argument(
        "--protocol",
        choices=("poseval", "strict"),
        default=words.NOT_GIVEN,
        help="poseval: what PoseTrack's evaluator computes, its quirks included (what is used "
        "without this option); strict: every frame counts, and every miss is a miss. The report "
        "says where the two differ on these files",
    )
    parser.add_argument(
        "--per-sequence", action="store_true", help="add a table with a row for each sequence"
    )
    parser.add_argument(
        "--out",
        type=words.output,
        metavar="FOLDER",
        help="also write report.html (a page with pictures: what was lost to what, and every "
        "switch), evaluation.json and the tables as .csv, .md and .tex to this folder",
    )
    parser.add_argument(
        "--to",
        choices=("terminal", "json", "csv", "latex", "markdown"),
        default=words.NOT_GIVEN,
        help="how the tables are printed: terminal (without this option), rounded, with notes in "
        "words; json and csv with every digit, json with every figure there is; "
        "latex and markdown to copy rows from",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=words.NOT_GIVEN,
        metavar="COUNT",
        help="processes that share the sequences; without it, one for each "
        f"{WORTH_A_WORKER // 1_000_000} MB, as many as there are cores and {MOST_WORKERS} at most. "
        "The result is the same for any number",
    )
    parser.add_argument(
        "--truth-format",
        metavar="NAME",
        help="the truth's format, names as for --format; without it, it is recognised from its "
        "content",
    )
    words.add_reading(parser)


def run(
    truth: Path,
    predictions: Path,
    per_sequence: bool = False,
    out: Path | None = None,
    to: str = "terminal",
    workers: int | None = None,
    truth_format: str | None = None,
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: ScoreScale | None = None,
    image_list: Path | None = None,
    **judging: Any,
) -> None:
    """Read, judge, print, and write the report."""
    from ..evaluation import report, together
    from ..workers import in_order

    reading = Reading(truth_format, format, skeleton, score_scale, image_list)
    pairs = paired(truth, predictions, reading)
    if workers is None:
        workers = _worth(size_of(truth) + size_of(predictions), len(pairs))
    work = partial(examined, reading=reading, **judging)
    done = words.progress(in_order(work, pairs, workers), len(pairs), "evaluating", "sequences")
    evaluation = together(chain.from_iterable(done))
    if out is not None:
        report.save(out, evaluation)
    _show(evaluation, to, per_sequence)
    if out is not None:
        written = f"written: {out / report.PAGE}"
        print(written) if to == "terminal" else words.note(written)


def examined(pair: Pair, reading: Reading, **judging: Any) -> list[Examined]:
    """Read and judge the clips of a pair, one, but for files that hold several."""
    from ..evaluation import examine

    return [examine(*clip, **judging) for clip in read_pair(pair, reading)]


def _worth(size: int, n_pairs: int) -> int:
    """How many processes are worth their beginning."""
    from ..workers import cores

    return max(1, min(cores(), MOST_WORKERS, n_pairs, size // WORTH_A_WORKER))


def _show(evaluation: Evaluation, to: str, per_sequence: bool) -> None:
    from ..evaluation.report import everything, figures, sentences, tables

    chosen = list(figures.tables(evaluation))
    if per_sequence:
        chosen.append(figures.sequences(evaluation))
    told = [*sentences(evaluation), *evaluation.notes]
    if to == "terminal":
        _draw(chosen, told)
    elif to == "json":
        print(tables.as_json(everything(evaluation)), end="")
    elif to == "csv":
        print(tables.as_long_csv(chosen), end="")
    elif to == "latex":
        print("\n".join([*map(tables.as_latex, chosen), *(f"% {line}" for line in told)]))
    else:
        print("\n".join([*map(tables.as_markdown, chosen), *(f"- {line}" for line in told)]))


def _draw(chosen: list[Table], told: list[str]) -> None:
    """Tables and sentences on a terminal; as wide as they must be where there is none."""
    import shutil
    import textwrap

    from rich.console import Console

    from ..evaluation.report.tables import as_terminal

    width = max(shutil.get_terminal_size().columns, WIDEST)
    console = Console(width=width, highlight=False)
    for table in chosen:
        console.print(as_terminal(table))
    for line in told:
        print(textwrap.fill(line, WIDEST, initial_indent="- ", subsequent_indent="  "))
