"""What a person sees of an evaluation: tables, and a page with pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...files import whole_folder
from ..evaluate import Evaluation, Lives, Score
from ..scores import GROUPS
from . import figures
from .data import everything
from .page import Drawing, Page, Tile, as_html
from .plots import Lost, precision_recall
from .tables import as_csv, as_json, as_latex, as_markdown, shown
from .timelines import Lane, Mark, timeline

__all__ = ["PAGE", "everything", "page_of", "save", "sentences"]

PAGE = "report.html"
"""What `save` calls the page."""


def save(folder: Path, evaluation: Evaluation) -> None:
    """Write the page, evaluation.json and each table as .csv, .md and .tex; all or nothing.

    Args:
        folder: is made if need be; what else is in it stays.
        evaluation: with or without identities.

    Raises:
        InputError: the folder cannot be written.
    """
    made = {
        PAGE: as_html(page_of(evaluation)),
        "evaluation.json": as_json(everything(evaluation)),
    }
    for table in (*figures.tables(evaluation), figures.sequences(evaluation)):
        for suffix, write in ((".csv", as_csv), (".md", as_markdown), (".tex", as_latex)):
            made[f"{table.name}{suffix}"] = write(table)
    with whole_folder(folder) as temporary:
        for name, text in made.items():
            (temporary / name).write_text(text, encoding="utf-8", newline="\n")


def page_of(evaluation: Evaluation) -> Page:
    """What the page says and shows."""
    scores, lives = evaluation.sequences, evaluation.lives
    n_frames = sum(len(life.frame_names) for life in lives)
    about = f"{_count(len(scores), 'sequence')}, judged by the protocol “{evaluation.protocol}”"
    lost = [_lost(score) for score in scores]
    order = sorted(range(len(lives)), key=lambda i: (-len(lives[i].switches), i))
    ap = evaluation.total.precision
    return Page(
        title="Poses and ids against the truth",
        about=f"{about}; {_count(n_frames, 'frame')} in all." if lives else f"{about}.",
        tiles=_tiles(evaluation),
        sentences=sentences(evaluation),
        notes=evaluation.notes,
        tables=figures.tables(evaluation),
        sequences=figures.sequences(evaluation) if len(scores) > 1 else None,
        lost=sorted((row for row in lost if np.isfinite(row.mota)), key=lambda row: row.mota),
        panels=[
            precision_recall(name.replace("_", " "), float(ap.ap[j]), *ap.curves[j])
            for name in (name for members in GROUPS.values() for name in members)
            for j in [evaluation.joints.index(name)]
        ],
        clips=[_drawing(scores[i], lives[i]) for i in order],
        meanings=_meanings(evaluation),
    )


def sentences(evaluation: Evaluation) -> list[str]:
    """What the headline says to who does not know it: where MOTA went, and what ids cost."""
    missed, false, switched = (100.0 * s for s in figures.shares(evaluation.total.clear))
    if not np.isfinite(missed):
        return []
    mota = 100.0 * figures.mean(evaluation.total.clear.mota)
    told = [
        f"For every 100 true joints {missed:.1f} were missed, {false:.1f} false ones were "
        f"predicted, and ids switched {switched:.1f} times: that leaves a MOTA of {mota:.1f}."
    ]
    if evaluation.oracle is None or mota > 99.95:
        return told
    ideal = 100.0 * figures.mean(evaluation.oracle.clear.mota)
    cost = (
        f"association accounts for {ideal - mota:.1f} of what is missing to 100, detection for "
        "the rest."
        if ideal - mota > 0.05
        else "all that is missing to 100 is detection's."
    )
    told.append(f"The same detections with perfect ids (the oracle) would get {ideal:.1f}: {cost}")
    return told


def _tiles(evaluation: Evaluation) -> list[Tile]:
    by_name = {table.name: table for table in figures.tables(evaluation)}
    joints = by_name["joints"]
    at = [column.name for column in joints.columns].index("Total")
    mean_ap, mota, *ideal = (shown(row.values[at], joints.columns[at]) for row in joints.rows)
    tiles = [Tile(mean_ap, "mAP", "ids play no part")]
    tiles.append(Tile(mota, "MOTA", f"{ideal[0]} with perfect ids" if ideal else ""))
    if poses := by_name.get("poses"):
        own, other = poses.lines()
        for name in ("HOTA", "IDF1", "Switches"):
            at = poses.heads.index(name)
            beside = "of whole poses" if name == "Switches" else f"{other[at]} with perfect ids"
            tiles.append(Tile(own[at], name, beside))
    return tiles


def _meanings(evaluation: Evaluation) -> dict[str, str]:
    """Of each name that a table has, what it means."""
    made = (*figures.tables(evaluation), figures.sequences(evaluation))
    names = {column.name for table in made for column in table.columns}
    names |= {row.name for table in made for row in table.rows}
    return {name: told for name, told in figures.MEANINGS.items() if name in names}


def _lost(score: Score) -> Lost:
    return Lost(score.name, figures.shares(score.clear), figures.mean(score.clear.mota))


def _drawing(score: Score, lives: Lives) -> Drawing:
    n_frames = len(lives.frame_names)
    partner = np.full(len(lives.predicted_ids), -1, dtype=np.int64)
    found = np.flatnonzero(lives.matched >= 0)
    partner[lives.matched[found]] = lives.true_ids[found]
    seen = np.full(len(lives.true_ids), -1, dtype=np.int64)
    seen[found] = lives.predicted_ids[lives.matched[found]]
    true = _lanes(lives.true_frames, lives.true_ids, seen)
    predicted = _lanes(lives.predicted_frames, lives.predicted_ids, partner)
    marks = [
        Mark(s.frame, s.track_id, s.before, s.after, lives.frame_names[s.frame])
        for s in lives.switches
    ]
    said = [
        _count(len(marks), "switch", "switches"),
        _count(len(true), "person", "people"),
        _count(n_frames, "frame"),
    ]
    words = f"{score.name}: {', '.join(said)}"
    return Drawing(words, timeline(n_frames, true, predicted, marks))


def _lanes(
    frames: figures.IntArray, ids: figures.IntArray, partners: figures.IntArray
) -> list[Lane]:
    order = np.lexsort((frames, ids))
    names, starts = np.unique(ids[order], return_index=True)
    pieces = np.split(order, starts[1:]) if len(names) else []
    return [
        Lane(name, frames[rows], partners[rows])
        for name, rows in zip(names.tolist(), pieces, strict=True)
    ]


def _count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> _count(1, "frame"), _count(2, "person", "people")
    ('1 frame', '2 people')
    """
    return f"{n} {one if n == 1 else many or f'{one}s'}"
