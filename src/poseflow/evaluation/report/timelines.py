"""A sequence as rows over frames: who was there, under which predicted id, and every switch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from .svg import element, picture, short, steps, words

IntArray = NDArray[np.int64]

N_COLOURS = 8
LEFT, WIDTH, HEAD, ROW, THICK = 56.0, 880.0, 20.0, 19.0, 13.0
MOST_TRACKS = 40
"""Predicted tracks that are drawn; of more, those of the most frames."""
MOST_TOLD = 20
"""Switches that a row names when pointed at."""


@dataclass(frozen=True)
class Lane:
    """One true person, or one predicted track, through a sequence.

    Attributes:
        name: of its row: the id.
        frames: (L,) the frames in which it is there, ascending.
        partners: (L,) the id it was matched with in each; -1 = none.
    """

    name: int
    frames: IntArray
    partners: IntArray

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """First frame, frame after the last, and partner: while neither changes nor is a gap."""
        if len(self.frames) == 0:
            return
        breaks = (np.diff(self.frames) > 1) | (np.diff(self.partners) != 0)
        starts = [0, *(np.flatnonzero(breaks) + 1).tolist()]
        ends = [*starts[1:], len(self.frames)]
        for start, end in zip(starts, ends, strict=True):
            first, last = int(self.frames[start]), int(self.frames[end - 1])
            yield first, last + 1, int(self.partners[start])


@dataclass(frozen=True)
class Mark:
    """A switch: in this frame a true person's predicted id is no longer what it was."""

    frame: int
    person: int
    before: int
    after: int
    frame_name: str


def colours(lanes: Iterable[Lane]) -> dict[int, int]:
    """A colour, 0 to 7, for each predicted id that true people were matched with.

    Ids that follow each other in a person's row differ, so that a switch is seen as one.
    """
    order: dict[int, int] = {}
    beside: dict[int, set[int]] = defaultdict(set)
    for lane in lanes:
        matched = [(first, partner) for first, _, partner in lane.runs() if partner >= 0]
        for first, partner in matched:
            order[partner] = min(order.get(partner, first), first)
        for (_, before), (_, after) in pairwise(matched):
            beside[before].add(after)
            beside[after].add(before)
    found: dict[int, int] = {}
    for place, track in enumerate(sorted(order, key=lambda t: (order[t], t))):
        taken = {found[other] for other in beside[track] - {track} if other in found}
        tries = [(place + step) % N_COLOURS for step in range(N_COLOURS)]
        found[track] = next((c for c in tries if c not in taken), tries[0])
    return found


def timeline(
    n_frames: int, true: Sequence[Lane], predicted: Sequence[Lane], marks: Sequence[Mark]
) -> str:
    """True people above, predicted tracks below; the same colour is the same predicted id.

    A thick bar is there and matched, and holds the other side's id; a thin line is there and
    matched with nobody; nothing is not there.

    Args:
        n_frames: of the sequence.
        true: a lane for each true person; partners are predicted ids.
        predicted: a lane for each predicted track; partners are true ids.
        marks: every switch.
    """
    scale = WIDTH / max(n_frames, 1)
    colour = colours(true)
    switches: dict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        switches[mark.person].append(mark)
    y = HEAD
    drawn = [words("true people", 0, y - 6, class_="strong")]
    for lane in true:
        drawn.append(_lane(lane, "person", y, scale, colour, switches[lane.name]))
        y += ROW
    y += HEAD + 6
    drawn.append(words("predicted tracks", 0, y - 6, class_="strong"))
    shown = _longest(predicted)
    for lane in shown:
        own = dict.fromkeys(lane.partners.tolist(), colour.get(lane.name, 0))
        drawn.append(_lane(lane, "track", y, scale, own, ()))
        y += ROW
    if rest := len(predicted) - len(shown):
        drawn.append(words(f"and {rest} more, each in fewer frames", LEFT, y + 11, class_="tick"))
        y += ROW
    axis = _axis(n_frames, scale, y)
    label = f"{len(true)} true people and {len(predicted)} predicted tracks in {n_frames} frames"
    return picture(LEFT + WIDTH + 16, y + 20, label, axis, *drawn)


def _longest(lanes: Sequence[Lane]) -> list[Lane]:
    """The lanes of the most frames, in the order they came."""
    order = sorted(range(len(lanes)), key=lambda i: (-len(lanes[i].frames), i))
    return [lanes[i] for i in sorted(order[:MOST_TRACKS])]


def _axis(n_frames: int, scale: float, bottom: float) -> str:
    at = [step for step in steps(max(n_frames - 1, 1), 10) if step == int(step)]
    x = [LEFT + scale * step for step in at]
    rules = "".join(f"M{short(a)} {short(HEAD - 4)}V{short(bottom + 2)}" for a in x)
    ticks = [words(f"{s:.0f}", a, bottom + 14, class_="tick") for s, a in zip(at, x, strict=True)]
    ticks.append(words("frame", LEFT - 8, bottom + 14, class_="end tick"))
    return element("path", d=rules, class_="rule") + "".join(ticks)


def _lane(
    lane: Lane,
    what: str,
    y: float,
    scale: float,
    colour: dict[int, int],
    switches: Sequence[Mark],
) -> str:
    bars: dict[str, str] = defaultdict(str)
    names = []
    for first, end, partner in lane.runs():
        x, wide = LEFT + scale * first, scale * (end - first)
        # Neighbouring bars of one colour are told apart.
        gap = 1.0 if wide > 3 else 0.0
        if partner < 0:
            bars["alone"] += f"M{short(x)} {short(y + THICK / 2)}h{short(wide)}"
            continue
        bars[f"id{colour[partner]}"] += (
            f"M{short(x)} {short(y)}h{short(wide - gap)}v{short(THICK)}h{short(gap - wide)}z"
        )
        if wide >= 8 + 6.5 * len(str(partner)):
            names.append(words(str(partner), x + 3, y + 10.5, class_="on"))
    drawn = [element("title", escape(_told(lane, what, switches)))]
    drawn.append(words(str(lane.name), LEFT - 8, y + 10.5, class_="end"))
    drawn += [element("path", d=path, class_=kind) for kind, path in sorted(bars.items())]
    drawn += names
    if switches:
        at = [short(LEFT + scale * mark.frame) for mark in switches]
        pole = f"{short(y + THICK + 1)}v{short(-THICK - 2)}l-3.5 -4h7l-3.5 4"
        flags = "".join(f"M{x} {pole}" for x in at)
        drawn.append(element("path", d=flags, class_="switch"))
    return element("g", *drawn)


def _told(lane: Lane, what: str, switches: Sequence[Mark]) -> str:
    """What a reader is told who points at a row."""
    found = int((lane.partners >= 0).sum())
    said = f"{what} {lane.name}: matched in {found} of {len(lane.frames)} frames"
    moments = [f"{m.frame_name or m.frame} ({m.before} → {m.after})" for m in switches]
    if len(moments) > MOST_TOLD:
        moments[MOST_TOLD:] = [f"{len(moments) - MOST_TOLD} more"]
    return f"{said}; switches at {', '.join(moments)}" if moments else said
