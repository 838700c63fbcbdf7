"""Tables: the same numbers in every spelling, and nothing where there is none."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Console

from poseflow.evaluation.report import tables
from poseflow.evaluation.report.tables import Column, Row, Table

TABLE = Table(
    name="joints",
    title="By joint, 100 % = all",
    stub="figure",
    columns=(Column("Head & neck", "%", 1), Column("Ankle", "%", 1), Column("IDs", "ids", 0)),
    rows=(
        Row("mAP", (100 / 3, None, 7), strong=True),
        Row("a_b | c", (-0.04, 12.25, 1000)),
    ),
)


def test_markdown_rounds_for_people_and_escapes_its_bars():
    assert tables.as_markdown(TABLE) == (
        "**By joint, 100 % = all**\n"
        "\n"
        "| figure | Head & neck | Ankle | IDs |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| mAP | 33.3 | – | 7 |\n"
        "| a_b \\| c | 0.0 | 12.2 | 1000 |\n"
    )


def test_latex_has_a_row_a_line_and_escapes_what_tex_reads():
    assert tables.as_latex(TABLE).splitlines() == [
        "% By joint, 100 % = all",
        r"\begin{tabular}{lrrr}",
        r"figure & Head \& neck & Ankle & IDs \\ \hline",
        r"mAP & 33.3 & -- & 7 \\",
        r"a\_b | c & 0.0 & 12.2 & 1000 \\",
        r"\end{tabular}",
    ]


def test_csv_keeps_every_digit_and_leaves_a_missing_number_out():
    assert list(csv.reader(io.StringIO(tables.as_csv(TABLE)))) == [
        ["figure", "Head & neck", "Ankle", "IDs"],
        ["mAP", repr(100 / 3), "", "7"],
        ["a_b | c", "-0.04", "12.25", "1000"],
    ]


def test_long_csv_is_a_line_for_every_number_of_all_tables():
    lines = list(csv.DictReader(io.StringIO(tables.as_long_csv([TABLE, TABLE]))))
    assert len(lines) == 2 * 2 * 3
    assert lines[0] == {
        "table": "joints",
        "row": "mAP",
        "column": "Head & neck",
        "unit": "%",
        "value": repr(100 / 3),
    }
    assert lines[1]["value"] == ""


def test_json_names_every_number():
    data = json.loads(tables.as_json(tables.as_data(TABLE)))
    first = {"figure": "mAP", "Head & neck": 100 / 3, "Ankle": None, "IDs": 7}
    assert data["rows"][0] == first
    assert data["units"]["IDs"] == "ids"


def test_json_refuses_a_nan():
    with pytest.raises(ValueError, match="nan"):
        tables.as_json({"a": float("nan")})


def test_the_terminal_shows_the_same_cells():
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(tables.as_terminal(TABLE))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["mAP", "33.3", "–", "7"] in lines
