"""Our table as CSV."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseflow.errors import InputError
from poseflow.formats import load, recognise, save
from test_table import COLUMNS, as_columns, hands, rewritten


def test_csv_is_a_row_a_pose(tmp_path: Path) -> None:
    save(tmp_path / "x.csv", hands())
    assert (tmp_path / "x.csv").read_text().splitlines() == [
        COLUMNS,
        '0,"a, ""b"".jpg",0.0,7,fused,0.5,0.0,0.0,8.0,9.0,1.5,2.0,0.25,0.1,1e-7,',
        '0,"a, ""b"".jpg",0.0,-1,detected,,30.0,40.0,30.0,40.0,,,,30.0,40.0,1.0',
        "2,,0.1,-1,propagated,0.0,,,,,,,,,,",
    ]


def test_csv_without_times_has_none(tmp_path: Path) -> None:
    save(tmp_path / "x.csv", replace(hands(), times=None))
    assert as_columns(tmp_path / "x.csv")["time"] == ["", "", ""]
    assert load(tmp_path / "x.csv").times is None


def test_spreadsheets_write_csv_in_their_own_way(tmp_path: Path) -> None:
    rows = b"\xef\xbb\xbfframe,track_id,tip_x,tip_y\r\n\r\n0.0,3.0,+1.,.5\r\n1,,007, 8 \r\n2,,,\r\n"
    (tmp_path / "x.csv").write_bytes(rows)
    clip = load(tmp_path / "x.csv")
    assert recognise(tmp_path / "x.csv").name == "csv"
    assert [poses.track_ids.tolist() for poses in clip.frames] == [[3], [-1], [-1]]
    assert [poses.keypoints[0, 0].tolist() for poses in clip.frames[:2]] == [[1, 0.5], [7, 8]]
    assert np.isnan(clip.frames[2].keypoints).all()
    save(tmp_path / "y.csv", clip.with_track_ids([[1], [2], [-1]]))
    assert as_columns(tmp_path / "y.csv")["tip_x"] == ["+1.", "007", ""]


def test_frames_without_rows_are_named_by_their_neighbours(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "frame": [2, 4],
        "image": ["007.png", "009.png"],
        "time": [0.5, 0.75],
        "tip_x": [1, 2],
        "tip_y": [1, 2],
    }
    clip = load(rewritten(tmp_path / "x.csv", columns))
    # Nothing tells that the clip began with 005.png.
    assert clip.image_names == ("", "", "007.png", "", "009.png")
    # A clip begins at 0.
    assert clip.times is not None
    assert clip.times.tolist() == [0, 0.25, 0.5, 0.625, 0.75]

    columns = {name: [*values, values[-1]] for name, values in columns.items()}
    columns |= {"frame": [0, 1, 3], "image": ["007.png", "008.png", "010.png"]}
    clip = load(rewritten(tmp_path / "x.csv", columns))
    assert clip.image_names == ("007.png", "008.png", "009.png", "010.png")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "expected a header and rows, got an empty file", id="empty"),
        pytest.param(
            "frame,tip_x,tip_y\n0,1,2\n1,high,4\n",
            "row 2: tip_x: expected a number or an empty cell, got 'high'",
            id="text",
        ),
        pytest.param("frame,tip_x,tip_y\n0,true,1\n", "got 'true'", id="true"),
        pytest.param('frame,tip_x,tip_y\n0,"1,2",1\n', "got '1,2'", id="two in one"),
        pytest.param("frame,tip_x,tip_y\n0,1e999,1\n", "tip_x: .* got inf", id="too large"),
        pytest.param(
            "frame,tip_x,tip_y\n0,1,2\n1,2\n", "row 2: expected 3 cells, got 2", id="cut off"
        ),
        pytest.param("frame,tip_x,tip_y\n0,1,2,3\n", "row 1: expected 3 cells, got 4", id="long"),
        pytest.param(
            "frame,tip_x,tip_y,tip_x\n0,1,2,3\n", "different columns, got 'tip_x' twice", id="twice"
        ),
        pytest.param("frame;tip_x;tip_y\n0;1;2\n", "column frame, got 'frame;tip", id="semicolons"),
    ],
)
def test_mistakes_in_csv_are_named(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=fault) as caught:
        load(tmp_path / "x.csv", format="csv")
    assert str(caught.value).startswith(f"{tmp_path / 'x.csv'}: ")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"frame,tip_x,tip_y\n\xff\xfe,1,2\n")
    with pytest.raises(InputError, match=r"x\.csv: expected a table of text"):
        load(tmp_path / "x.csv")


def test_csv_does_not_load_pyarrow(tmp_path: Path) -> None:
    code = (
        "import sys, poseflow; poseflow.save(sys.argv[1], poseflow.load(sys.argv[2]));"
        "assert not {'pyarrow', 'cv2', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    save(tmp_path / "in.csv", hands())
    command = [sys.executable, "-c", code, str(tmp_path / "out.csv"), str(tmp_path / "in.csv")]
    subprocess.run(command, check=True)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "in.csv").read_bytes()


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan"])
def test_nan_is_no_empty_cell(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"frame,tip_x,tip_y,score\n0,1,2,\n1,3,4,{text}\n")
    message = rf"x.csv: row 2: score: expected a number or an empty cell, got '{text}'"
    with pytest.raises(InputError, match=message):
        load(tmp_path / "x.csv")
