"""One self-contained HTML page: no script, nothing fetched, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from xml.sax.saxutils import escape

from .plots import CAUSES, Lost, causes
from .svg import element
from .tables import Table

MOST_BYTES = 1_500_000
"""Of time lines; those of the fewest switches are left out of a larger page."""
AT_ONCE = 40
"""Bars that are seen without opening the rest."""
MOST_LOST = 1.5
"""Where the axis of bars ends at the latest: false positives know no bound."""
OPEN = 3
"""Time lines that are seen without opening them."""


@dataclass(frozen=True)
class Tile:
    """A figure that is seen first.

    Attributes:
        value: as it is shown.
        name: of the figure.
        beside: what it is to be compared with; "" = nothing.
    """

    value: str
    name: str
    beside: str = ""


@dataclass(frozen=True)
class Drawing:
    """A picture under a line of words that opens it. `svg` is markup."""

    words: str
    svg: str


@dataclass(frozen=True)
class Page:
    """What the page shows, in the order in which it does.

    Attributes:
        title: one line.
        about: what was judged by what, a sentence.
        tiles: the figures to see first.
        sentences: what the figures say, for who does not know them.
        tables: of all sequences together.
        notes: what is to be known of these files.
        sequences: a row for each sequence; None = there is only one.
        lost: a bar for each sequence.
        panels: SVG of precision against recall, one for each joint.
        clips: a time line for each sequence.
        meanings: a sentence for each name in the tables.
    """

    title: str
    about: str
    tiles: Sequence[Tile]
    sentences: Sequence[str]
    tables: Sequence[Table]
    notes: Sequence[str]
    sequences: Table | None
    lost: Sequence[Lost]
    panels: Sequence[str]
    clips: Sequence[Drawing]
    meanings: Mapping[str, str]


def as_html(page: Page) -> str:
    """The page as text of HTML that is well-formed XML too."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    head = [
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        element("title", escape(page.title)),
        element("style", f"\n{style}"),
    ]
    body = [
        element("h1", escape(page.title)),
        _paragraph(page.about, "soft"),
        _tiles(page.tiles),
        *map(_paragraph, page.sentences),
        *map(_table, page.tables),
        *_notes(page.notes),
        *_causes(page.lost),
        *_sequences(page.sequences),
        *_curves(page.panels),
        *_timelines(page.clips),
        *_meanings(page.meanings),
    ]
    inside = "\n".join([element("head", "\n".join(head)), element("body", "\n".join(body))])
    return f'<!DOCTYPE html>\n<html lang="en">{inside}</html>\n'


def _paragraph(text: str, kind: str = "") -> str:
    return element("p", escape(text), **({"class_": kind} if kind else {}))


def _tiles(tiles: Iterable[Tile]) -> str:
    drawn = []
    for tile in tiles:
        lines = [
            escape(tile.name),
            element("b", escape(tile.value)),
            escape(tile.beside) or "&#160;",
        ]
        drawn.append(element("div", *(x if x[0] == "<" else element("span", x) for x in lines)))
    return element("div", *drawn, class_="tiles")


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    said = element("div", *map(_paragraph, notes), class_="notes")
    return [element("h2", "To know of these files"), said]


def _table(table: Table) -> str:
    heads = [element("th", escape(table.stub), class_="l")]
    for column in table.columns:
        told = {"title": column.meaning} if column.meaning else {}
        heads.append(element("th", escape(column.name), **told))
    rows = []
    for row, (name, *cells) in zip(table.rows, table.lines(), strict=True):
        inside = [element("td", escape(name), class_="l"), *(element("td", c) for c in cells)]
        rows.append(element("tr", *inside, **({"class_": "strong"} if row.strong else {})))
    whole = element(
        "table",
        element("caption", escape(table.title)),
        element("thead", element("tr", *heads)),
        element("tbody", "\n".join(rows)),
    )
    return element("div", whole, class_="wide")


def _sequences(table: Table | None) -> list[str]:
    if table is None or len(table.rows) <= AT_ONCE // 2:
        return [] if table is None else [_table(table)]
    return [_folded(f"{table.title}: {len(table.rows)} rows", _table(table))]


def _causes(lost: Sequence[Lost]) -> list[str]:
    if not lost:
        return []
    most = min(max(sum(row.shares) for row in lost), MOST_LOST)
    swatches = (
        element("span", element("i", "", class_=f"cause{index}") + name)
        for index, name in enumerate(CAUSES)
    )
    drawn = [
        element("h2", "What MOTA lost, by sequence"),
        _paragraph(
            "For every 100 true joints: how many were missed, how many false ones there are, and "
            "how often an id switched. MOTA, on the right, is 100 less these three. The worst come "
            "first; a bar too long for the picture ends in »; point at one to read its numbers.",
            "soft",
        ),
        element("div", *swatches, class_="key"),
        element("div", causes(lost[:AT_ONCE], most), class_="wide"),
    ]
    if rest := lost[AT_ONCE:]:
        drawn.append(_folded(f"the other {len(rest)} sequences", causes(rest, most)))
    return drawn


def _curves(panels: Sequence[str]) -> list[str]:
    words = (
        "Precision (up) against recall (right), taking joints in order of falling score. The "
        "filled area is the joint's average precision, the number above it in %."
    )
    return [
        element("h2", "Precision and recall, by joint"),
        _paragraph(words, "soft"),
        element("div", *panels, class_="grid"),
    ]


def _timelines(clips: Sequence[Drawing]) -> list[str]:
    words = (
        "Above, a row for each true person: a bar where it was found, in the colour and with the "
        "number of the predicted id; a thin line where it was missed; a flag where the id "
        "switches. Below, a row for each predicted track: a bar, with the number of the true "
        "person, where it found one; a thin line where it found nobody. Numbers are ids from 1 "
        "(PoseTrack's files count from 0); frames are those that are judged. Sequences with most "
        "switches come first; point at a row to read more."
    )
    drawn = [element("h2", "Who was who, frame by frame"), _paragraph(words, "soft")]
    left = MOST_BYTES
    for index, clip in enumerate(clips):
        left -= len(clip.svg)
        if left < 0 and index:
            names = ", ".join(clip.words for clip in clips[index:])
            drawn.append(_paragraph(f"Left out to keep this page small: {names}."))
            break
        drawn.append(_folded(clip.words, clip.svg, opened=index < OPEN))
    return drawn


def _folded(words: str, svg: str, *, opened: bool = False) -> str:
    inside = [element("summary", escape(words)), element("div", svg, class_="wide")]
    return element("details", *inside, **({"open": "open"} if opened else {}))


def _meanings(meanings: Mapping[str, str]) -> list[str]:
    terms = (
        element("dt", escape(name)) + element("dd", escape(meaning))
        for name, meaning in meanings.items()
    )
    return [element("h2", "What the figures mean"), element("dl", *terms)] if meanings else []
