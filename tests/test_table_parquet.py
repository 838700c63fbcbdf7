"""Our table as Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from poseflow.errors import InputError, MissingExtra
from poseflow.formats import load, save
from poseflow.poses import Poses, Sequence
from test_table import COLUMNS, GOOD, HAND, as_columns, hands, rewritten


def test_parquet_has_types_and_nulls(tmp_path: Path) -> None:
    from pyarrow import parquet

    save(tmp_path / "x.parquet", hands())
    schema = parquet.read_schema(tmp_path / "x.parquet")
    assert schema.names == COLUMNS.split(",")
    kinds = {name: str(schema.field(name).type) for name in ("frame", "image", "track_id")}
    assert kinds == {"frame": "int64", "image": "string", "track_id": "int64"}
    assert str(schema.field("origin").type) == "string"
    columns = as_columns(tmp_path / "x.parquet")
    assert columns["frame"] == [0, 0, 2]
    assert columns["image"] == ['a, "b".jpg'] * 2 + [None]
    assert columns["origin"] == ["fused", "detected", "propagated"]
    assert columns["score"] == [0.5, None, 0.0]
    assert columns["wrist_x"] == [1.5, None, None]
    assert columns["tip_score"] == [None, 1.0, None]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    save(path, hands())
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"PAR1", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"x\.parquet: expected a Parquet file: ") as caught:
            load(path, format="parquet")
        assert "\n" not in str(caught.value)


def test_a_parquet_column_of_texts_is_refused(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "x.parquet", GOOD | {"tip_x": ["1", "high"]})
    with pytest.raises(InputError, match="tip_x: expected a column of numbers, got one of string"):
        load(path)


def test_many_rows_are_several_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    monkeypatch.setattr("poseflow.formats.table_parquet._GROUP", 2)
    x = [float(i) for i in range(6)]
    frames = [Poses.from_keypoints([[[i, 0], [0, i]]], track_ids=[int(i) + 1]) for i in x]
    save(tmp_path / "in.parquet", Sequence(HAND, frames, ("",) * 6))
    clip = load(tmp_path / "in.parquet")
    save(tmp_path / "out.parquet", clip.with_track_ids([[-1], [1], [2], [3], [4], [5]]))
    for name, ids in (("in", [1, 2, 3, 4, 5, 6]), ("out", [-1, 1, 2, 3, 4, 5])):
        assert parquet.read_metadata(tmp_path / f"{name}.parquet").num_row_groups == 3
        columns = as_columns(tmp_path / f"{name}.parquet")
        assert (columns["wrist_x"], columns["track_id"]) == (x, ids)


def test_a_column_of_nulls_is_empty(tmp_path: Path) -> None:
    names = ("image", "time", "score", "track_id", "origin")
    nothing = {name: [None, None] for name in names}
    clip = load(rewritten(tmp_path / "x.parquet", GOOD | nothing))
    assert (clip.image_names, clip.times) == (("", ""), None)
    assert (clip.frames[0].track_ids.tolist(), clip.frames[0].origins.tolist()) == ([-1], [0])


ABOUT = (
    b'{"skeleton": "a", "name": "", "image_size": null, "score_scales": [1, 1], '
    b'"empty": [[%d, "", 0]]}'
)


def test_parquet_metadata_are_read(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(GOOD).replace_schema_metadata({b"poseflow": ABOUT % 4})
    parquet.write_table(table, tmp_path / "x.parquet")
    assert [len(poses) for poses in load(tmp_path / "x.parquet").frames] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("about", [b"{", b"[]", b'{"skeleton": "a"}', ABOUT % -1, ABOUT % 10**7])
def test_parquet_metadata_that_are_not_ours_are_refused(about: bytes, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(GOOD).replace_schema_metadata({b"poseflow": about})
    parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match="metadata poseflow: expected what poseflow writes there"):
        load(tmp_path / "x.parquet")


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "x.parquet", hands())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (
        lambda: load(tmp_path / "x.parquet"),
        lambda: save(tmp_path / "y.parquet", hands()),
    ):
        with pytest.raises(MissingExtra, match=r"pip install 'poseflow\[parquet\]'"):
            call()
    save(tmp_path / "x.csv", hands())
    assert len(load(tmp_path / "x.csv")) == 3
