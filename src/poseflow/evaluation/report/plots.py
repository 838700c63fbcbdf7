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

_UPWARDS = "rotate(-90)"

NAMES, BARS, BARS_END, TOP, BAR, ROW = 160.0, 640.0, 860.0, 22.0, 12.0, 17.0


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
        words("recall", MARGIN + PANEL / 2, top + PANEL + 12, class_="mid tick"),
        words("precision", -(top + PANEL / 2), MARGIN - 8, class_="mid tick", transform=_UPWARDS),
    ]
    head = words(name, MARGIN, 13, class_="strong")
    if not np.isfinite(ap):
        none = words("not in the truth", MARGIN + PANEL / 2, top + PANEL / 2, class_="mid tick")
        return picture(*size, f"{name}: not in the truth", head, box, none)
    drawn = []
    if len(recall):
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        keep = _thin(recall)
        drawn = [
            _area(recall[keep], envelope[keep], top),
            _line(recall[keep], precision[keep], top),
        ]
    worth = words(f"{100 * ap:.1f}", MARGIN + PANEL, 13, class_="end strong")
    return picture(*size, f"{name}: AP {100 * ap:.1f}", head, worth, box, *drawn, *marks)


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


def causes(rows: Sequence[Lost], most: float) -> str:
    """A bar a sequence: what of each 100 true joints was missed, made up, or switched.

    Args:
        rows: from top to bottom.
        most: the sum of shares at the right end; what is longer is cut off there.
    """
    scale, bottom = BARS / max(most, 0.01), TOP + ROW * len(rows)
    drawn = [words("MOTA", BARS_END, 15, class_="end tick")]
    for at in steps(max(most, 0.01)):
        x = NAMES + scale * at
        drawn.append(element("path", d=f"M{short(x)} {short(TOP)}V{short(bottom)}", class_="rule"))
        drawn.append(words(f"{100 * at:.3g}", x, bottom + 14, class_="mid tick"))
    drawn += [_bar(row, TOP + ROW * index, scale) for index, row in enumerate(rows)]
    drawn.append(words("for every 100 true joints", NAMES + BARS, 15, class_="end tick"))
    label = "shares of true joints lost to misses, false positives and switches, by sequence"
    return picture(BARS_END + 4, bottom + 22, label, *drawn)


def _bar(row: Lost, y: float, scale: float) -> str:
    said = ", ".join(f"{100 * s:.1f} {c}" for s, c in zip(row.shares, CAUSES, strict=True))
    name = row.name if len(row.name) <= 24 else f"{row.name[:23]}…"
    drawn = [
        element("title", f"{escape(row.name)}: {said}"),
        words(name, NAMES - 8, y + 10, class_="end"),
        words(f"{100 * row.mota:.1f}", BARS_END, y + 10, class_="end"),
    ]
    x = NAMES
    for index, share in enumerate(row.shares):
        # Of a bar that leaves the picture the end is missing, and an arrow says so.
        wide = min(scale * share, NAMES + BARS - x)
        drawn.append(element("rect", x=x, y=y, width=wide, height=BAR, class_=f"cause{index}"))
        x += wide
    if scale * sum(row.shares) > BARS + 0.1:
        drawn.append(words("»", NAMES + BARS + 3, y + 10, class_="strong"))
    return element("g", *drawn)
