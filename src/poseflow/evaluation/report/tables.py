"""One type of table, and its spellings: for a terminal, JSON, CSV, LaTeX and Markdown.

What a cell holds is decided by whoever makes the table; here it is only written. A missing number
is None: a dash for people, nothing (CSV) or null (JSON) for programs, and never nan.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table as RichTable

DASH = "–"


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
        name: as the field prints it, such as "Ankle".
        unit: "%", "people", …
        decimals: that people are shown; programs get every digit.
        meaning: a sentence for who does not know the name; "" = the name tells it all.
    """

    name: str
    unit: str
    decimals: int
    meaning: str = ""


@dataclass(frozen=True)
class Row:
    """One row of numbers.

    Attributes:
        name: of what the numbers are about.
        values: one for each of the table's columns; None = there is no such number.
        strong: whether it is what the eye should find first.
    """

    name: str
    values: tuple[float | None, ...]
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """Rows by columns of numbers.

    Attributes:
        name: one word, for programs and file names.
        title: one line, for people.
        stub: what the rows are, such as "sequence".
        columns: of numbers.
        rows: from top to bottom.
    """

    name: str
    title: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def heads(self) -> list[str]:
        """The line above the rows."""
        return [self.stub, *(column.name for column in self.columns)]

    def lines(self) -> Iterable[list[str]]:
        """The rows as people read them."""
        for row in self.rows:
            cells = zip(row.values, self.columns, strict=True)
            yield [row.name, *(shown(value, column) for value, column in cells)]


def number(value: float) -> float | None:
    """A cell's value: None for nan and infinity, which no table shows.

    >>> number(float("nan")), number(2)
    (None, 2)
    """
    return value if math.isfinite(value) else None


def shown(value: float | None, column: Column) -> str:
    """A cell as people read it.

    >>> shown(97.26, Column("MOTA", "%", 1)), shown(None, Column("MOTA", "%", 1))
    ('97.3', '–')
    """
    if value is None:
        return DASH
    text = f"{value:.{column.decimals}f}"
    # A reader would look for what is negative about −0.0.
    return text.removeprefix("-") if float(text) == 0 else text


def as_markdown(table: Table) -> str:
    """A Markdown table under its title."""
    marks = ["---", *(["---:"] * len(table.columns))]
    lines = [table.heads, marks, *table.lines()]
    rows = ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return "\n".join([f"**{table.title}**", "", *rows, ""])


_TEX = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {mark: f"\\{mark}" for mark in "&%$#_{}"}
    | {DASH: "--", "×": r"$\times$", "…": r"\dots{}"}
)


def as_latex(table: Table) -> str:
    r"""A LaTeX tabular that needs no package, a line for each row to copy from."""
    heads, *lines = (
        " & ".join(cell.translate(_TEX) for cell in line) + r" \\"
        for line in [table.heads, *table.lines()]
    )
    begin = rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    return "\n".join([f"% {table.title}", begin, rf"{heads} \hline", *lines, r"\end{tabular}", ""])


def as_csv(table: Table) -> str:
    """CSV with a head line; every digit, and nothing where there is no number."""
    rows = ([row.name, *(_digits(value) for value in row.values)] for row in table.rows)
    return _csv([table.heads, *rows])


def as_long_csv(tables: Iterable[Table]) -> str:
    """All numbers of several tables, one a line, in one CSV."""
    lines = [
        [table.name, row.name, column.name, column.unit, _digits(value)]
        for table in tables
        for row in table.rows
        for column, value in zip(table.columns, row.values, strict=True)
    ]
    return _csv([["table", "row", "column", "unit", "value"], *lines])


def _digits(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def as_data(table: Table) -> dict[str, Any]:
    """The table for JSON: numbers by the names of columns; None where there is no number."""
    names = [column.name for column in table.columns]
    return {
        "title": table.title,
        "units": {column.name: column.unit for column in table.columns},
        "rows": [
            {table.stub: row.name} | dict(zip(names, row.values, strict=True)) for row in table.rows
        ],
    }


def as_json(data: Any) -> str:
    """JSON text.

    Raises:
        ValueError: a nan is among the numbers, which is a bug of ours.
    """
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_terminal(table: Table) -> RichTable:
    """The table for rich's `Console.print`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=table.title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    drawn.add_column(table.stub, no_wrap=True)
    for column in table.columns:
        # Of a name of two words each has a line; no word is cut off.
        drawn.add_column(column.name, justify="right", min_width=max(map(len, column.name.split())))
    for row, line in zip(table.rows, table.lines(), strict=True):
        drawn.add_row(*map(Text, line), style="bold" if row.strong else "")
    return drawn
