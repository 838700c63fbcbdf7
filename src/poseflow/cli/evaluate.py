"""Judge poses with ids by a truth: mAP, MOTA, HOTA, IDF1, and what association alone lost.

Two files, or two folders that hold a file of the same name for each sequence. Beside each figure
stands the oracle's: what the very same detections would get with perfect association.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import words

if TYPE_CHECKING:
    from ..evaluation import Evaluation
    from ..evaluation.report.tables import Table
    from ..poses import Sequence
    from ..truth import Truth

SUMMARY = "mAP, MOTA, HOTA, IDF1 against a truth"

MOST_NAMED = 5
WIDEST = 100
"""Characters that the tables need."""


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
        type=Path,
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
    truth_format: str | None = None,
    format: str | None = None,
    skeleton: str | None = None,
    score_scale: float | None = None,
    image_list: Path | None = None,
    **judging: Any,
) -> None:
    """Read, judge, print, and write the report."""
    from .. import formats
    from ..evaluation import evaluate, report

    def read() -> Iterator[tuple[Truth, Sequence]]:
        for true, predicted in words.progress(pairs, len(pairs), "evaluating", "sequences"):
            yield (
                formats.load_truth(true, format=truth_format),
                words.read_poses(predicted, format, skeleton, score_scale, image_list),
            )

    pairs = paired(truth, predictions, format)
    evaluation = evaluate(read(), **judging)
    if out is not None:
        report.save(out, evaluation)
    _show(evaluation, to, per_sequence)
    if out is not None:
        written = f"written: {out / report.PAGE}"
        print(written) if to == "terminal" else words.note(written)


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


def paired(truth: Path, predictions: Path, form: str | None = None) -> list[tuple[Path, Path]]:
    """The truth and the predictions of each sequence, in the order of their names.

    Args:
        truth: a file, or a folder with one for each sequence.
        predictions: the same. What is there without a truth is left out, with a note.
        form: the predictions' format if it is known: OpenPose's folders are one clip each.

    Raises:
        InputError: a sequence has no predictions, a folder is empty, or one is a file and the
            other a folder.
    """
    for path in (truth, predictions):
        if not path.exists():
            raise InputError(f"{path}: cannot be read: no such file or folder")
    one, other = _is_clip(truth), _is_clip(predictions) or form == "openpose"
    if one and other:
        return [(truth, predictions)]
    if one or other:
        raise InputError(
            f"{predictions}: expected a {'file' if one else 'folder'} as the truth {truth} is, "
            f"got a {'folder' if one else 'file'}"
        )
    true, predicted = _clips(truth), _clips(predictions)
    if missing := [name for name in true if name not in predicted]:
        raise InputError(
            f"{predictions}: expected a file for each of the {len(true)} sequences in {truth}, "
            f"found none for {_listed(missing)}"
        )
    if extra := [name for name in predicted if name not in true]:
        words.note(f"{predictions}: not judged, as {truth} has no such names: {_listed(extra)}")
    return [(path, predicted[name]) for name, path in true.items()]


def _is_clip(path: Path) -> bool:
    """Whether it is one sequence: a file, or a folder that OpenPose wrote."""
    return path.is_file() or any(path.glob("*_keypoints.json"))


def _clips(folder: Path) -> dict[str, Path]:
    """The sequences in a folder by name, which is the file's without its suffix."""
    from ..files import natural_key
    from ..formats import FORMATS

    suffixes = {form.suffix for form in FORMATS.values() if form.suffix}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda p: natural_key(p.name)):
        if path.name.startswith(".") or not _is_clip(path):
            continue
        if path.is_file() and path.suffix.lower() not in suffixes:
            continue
        name = path.stem if path.is_file() else path.name
        if name in found:
            raise InputError(
                f"{folder}: expected one file for each sequence, "
                f"got {found[name].name} and {path.name}"
            )
        found[name] = path
    if not found:
        raise InputError(
            f"{folder}: expected a folder with a file for each sequence, "
            f"found none that ends in {', '.join(sorted(suffixes))}"
        )
    return found


def _listed(names: list[str]) -> str:
    """Names as a sentence holds them, the first few of many."""
    some = ", ".join(names[:MOST_NAMED])
    return some if len(names) <= MOST_NAMED else f"{some} and {len(names) - MOST_NAMED} more"
