"""Pictures of figures: precision against recall, and what MOTA lost to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from .svg import element, picture, short, steps, words

FloatArray = NDArray[np.float64]

CAUSES = ("misses", "false positives", "switches")

PANEL, MARGIN = 120.0, 22.0
FINE = 120
"""Steps of recall that a panel can show."""

BAR, ROW = 11.0, 17.0


def precision_recall(name: str, ap: float, recall: FloatArray, precision: FloatArray) -> str:
    """One joint's curve and, filled, the area under its falling envelope, which is the AP.

    Args:
        name: of the joint.
        ap: in [0, 1]; nan = the joint never occurs in the truth.
        recall: (P,) in [0, 1], rising along falling score.
        precision: (P,) in [0, 1].
    """
    top = 20.0
    size = (PANEL + MARGIN + 8, PANEL + top + MARGIN)
    box = element("rect", x=MARGIN, y=top, width=PANEL, height=PANEL, class_="box")
    marks = [
        words("0", MARGIN - 4, top + PANEL, class_="end tick"),
        words("1", MARGIN - 4, top + 9, class_="end tick"),
        words("1", MARGIN + PANEL, top + PANEL + 12, class_="end tick"),
    ]
    if not np.isfinite(ap):
        label = f"{name}: never occurs in the truth"
        none = words("not in the truth", MARGIN + PANEL / 2, top + PANEL / 2, class_="mid tick")
        head = words(name, MARGIN, 13, class_="strong")
        return picture(*size, label, head, box, none)
    drawn = []
    if len(recall):
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        keep = _thin(recall)
        drawn = [
            _area(recall[keep], envelope[keep], top),
            _line(recall[keep], precision[keep], top),
        ]
    head = [
        words(name, MARGIN, 13, class_="strong"),
        words(f"{100 * ap:.1f}", MARGIN + PANEL, 13, class_="end strong"),
    ]
    return picture(*size, f"{name}: AP {100 * ap:.1f}", *head, box, *drawn, *marks)


def _thin(recall: FloatArray) -> NDArray[np.int64]:
    """Of each step of recall that can be seen, the first and the last point."""
    cell = np.floor(recall * FINE)
    changes = np.flatnonzero(np.diff(cell)) + 1
    return np.unique(np.concatenate([[0], changes - 1, changes, [len(recall) - 1]]))


def _area(recall: FloatArray, envelope: FloatArray, top: float) -> str:
    x, y = MARGIN + PANEL * recall, top + PANEL * (1 - envelope)
    # The envelope holds from the point before up to each point: a stair, as AP counts it.
    stair = "".join(f"V{short(b)}H{short(a)}" for a, b in zip(x, y, strict=True))
    bottom = short(top + PANEL)
    return element("path", d=f"M{short(MARGIN)} {bottom}{stair}V{bottom}z", class_="area")


def _line(recall: FloatArray, precision: FloatArray, top: float) -> str:
    x, y = MARGIN + PANEL * recall, top + PANEL * (1 - precision)
    points = " ".join(f"{short(a)},{short(b)}" for a, b in zip(x, y, strict=True))
    return element("polyline", points=points, class_="curve")


@dataclass(frozen=True)
class Lost:
    """What one sequence lost of its MOTA.

    Attributes:
        name: of the sequence.
        shares: for each of `CAUSES`, in units of objects: their mean over joints.
        mota: 1 − their sum.
    """

    name: str
    shares: tuple[float, float, float]
    mota: float


def causes(rows: Sequence[Lost], most: float | None = None) -> str:
    """A bar a sequence: what of each 100 true joints was missed, made up, or switched.

    Args:
        rows: from top to bottom.
        most: the sum of shares at the right end; None = the largest of the rows.
    """
    left, right, width, top = 170.0, 60.0, 520.0, 24.0
    most = max([sum(r.shares) for r in rows] + [0.01]) if most is None else most
    scale = width / most
    height = top + ROW * len(rows) + 24
    drawn = [words("MOTA", left + width + right - 4, 15, class_="end tick")]
    for at in steps(most):
        x = left + scale * at
        drawn.append(
            element("path", d=f"M{short(x)} {short(top)}V{short(height - 18)}", class_="rule")
        )
        drawn.append(words(f"{100 * at:.3g}", x, height - 5, class_="mid tick"))
    for index, row in enumerate(rows):
        drawn.append(_bar(row, left, top + ROW * index, scale, left + width + right - 4))
    label = "shares of true joints lost to misses, false positives and switches, by sequence"
    return picture(left + width + right, height, label, *drawn)


def _bar(row: Lost, left: float, y: float, scale: float, end: float) -> str:
    name = row.name if len(row.name) <= 24 else f"{row.name[:23]}…"
    inside = [words(name, left - 8, y + 10, class_="end")]
    x = left
    for index, share in enumerate(row.shares):
        if share > 0:
            inside.append(
                element(
                    "rect", x=x, y=y + 1, width=scale * share, height=BAR, class_=f"cause{index}"
                )
            )
        x += scale * share
    said = ", ".join(f"{100 * s:.1f} {c}" for s, c in zip(row.shares, CAUSES, strict=True))
    inside.append(words(f"{100 * row.mota:.1f}", end, y + 10, class_="end"))
    return element("g", element("title", f"{escape(row.name)}: {said}"), *inside)
