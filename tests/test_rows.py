"""Lists of objects, read a piece at a time."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.formats import rows
from poseflow.formats.rows import RowFile, batches, decode, with_field, write_rows

text = st.text('ab"\\[]{},:é \n', max_size=5)
value = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(text, value, max_size=4)


def same(a: object, b: object) -> bool:
    """Equal, where nan is nan."""
    return json.dumps(a) == json.dumps(b)


@given(
    st.lists(objects, max_size=6),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.integers(1, 200),
)
def test_rows_are_found_however_they_are_written(
    expected: list[dict[str, object]], indent: int | None, ascii_only: bool, chunk: int
) -> None:
    content = json.dumps(expected, indent=indent, ensure_ascii=ascii_only).encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_CHUNK", chunk)
        path = Path(folder, "rows.json")
        path.write_bytes(content)
        found, raw, starts, stops = [], [], [], []
        for batch in batches(path):
            assert batch.first == len(found)
            found += decode(batch, path)
            raw += list(batch.raw())
            starts += (batch.offset + batch.starts).tolist()
            stops += (batch.offset + batch.stops).tolist()

        assert same(found, expected)
        assert same([json.loads(row) for row in raw], expected)
        assert [content[a:b] for a, b in zip(starts, stops, strict=True)] == raw

        status = path.stat()
        file = RowFile(
            path, (status.st_size, status.st_mtime_ns), np.array(starts), np.array(stops)
        )
        # Every second row, then all: neighbours and rows that stand alone.
        some = np.arange(0, len(expected), 2)
        assert same(file.fetch(some), expected[::2])
        assert same(file.fetch(np.arange(len(expected))), expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "expected a list of rows, got an empty file", id="empty"),
        pytest.param("{}", "expected a list of rows, got an object", id="object"),
        pytest.param('"a"', "expected a list of rows, got a text", id="text"),
        pytest.param("17", "got something that begins with '1'", id="number"),
        pytest.param("[1, 2]", r"row 1: expected an object, got 1$", id="number first"),
        pytest.param('[{}, 5, {"a": 1}]', "row 2: expected an object, got 5", id="number inside"),
        pytest.param('[{"a": 1}, "b"]', r'row 2: expected an object, got "b"$', id="text last"),
        pytest.param('[{"a": 1}, null]', "row 2: expected an object, got null$", id="null last"),
        pytest.param('[{"a": 1}, tru]', r"row 2: expected an object, got tru\]$", id="no value"),
        pytest.param("[[{}]]", r"row 1: expected an object, got \[", id="list"),
        pytest.param("[", "row 1: .* it is cut off", id="opened only"),
        pytest.param('[{"a": 1}', "row 2: .* it is cut off", id="not closed"),
        pytest.param('[{"a": 1},', "row 2: .* it is cut off", id="after a comma"),
        pytest.param('[{"a": 1}, {"b": [2, 3', "row 2: .* it is cut off", id="inside a row"),
        pytest.param('[{"a": "x}, {', "row 1: .* it is cut off", id="inside a text"),
        pytest.param('[{"a": 1} {"b": 2}]', "rows 1 to 2: expected one comma", id="no comma"),
        pytest.param('[{"a": 1},, {"b": 2}]', "rows 1 to 2: expected one comma", id="two commas"),
        pytest.param('[{"a": 1}, {"b": tru}]', "row 2: not valid JSON", id="no value"),
        pytest.param('[{"a": 1}] [', r"expected nothing after the list of 1 rows, got \[", id="go"),
    ],
)
@pytest.mark.parametrize("chunk", [1 << 16, 4])
def test_what_is_no_list_of_objects_is_refused(
    content: str, message: str, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_CHUNK", chunk)
    path = tmp_path / "x.json"
    path.write_text(content)
    # In small pieces two rows are two batches, and the fault is seen at the second.
    message = message.replace("rows 1 to 2: expected one comma", "row.* 2: expected")
    with pytest.raises(InputError, match=message):
        [decode(batch, path) for batch in batches(path)]


@pytest.mark.parametrize("field", ["idx", "track_id"])
@given(objects, st.integers(-1, 9), st.none() | st.integers(-3, 9) | st.lists(st.integers(0, 9)))
def test_one_field_is_set_and_the_rest_stays(
    field: str, row: dict[str, object], number: int, before: object
) -> None:
    row = {"x": 1, **({} if before is None else {field: before}), **row}
    raw = with_field(json.dumps(row).encode(), field, number)
    got = json.loads(raw)
    set_to = got.pop(field)
    assert set_to == number or (
        isinstance(before, list) and set_to == before and before[0] == number
    )
    assert same(got, {name: v for name, v in row.items() if name != field})


def test_numbers_keep_their_spelling() -> None:
    raw = b'{ "id": 123456789012345678901234567890, "x": [1.50, 1e2, NaN], "idx": [ 4, 5 ] \n}'
    assert with_field(raw, "idx", 4) == raw
    assert with_field(raw, "idx", 7) == raw.replace(b"[ 4, 5 ]", b"7")
    assert with_field(raw, "track_id", 7) == raw[:-3] + b', "track_id": 7}'


def test_a_field_of_an_inner_object_is_another_field() -> None:
    raw = b'{"shirt": {"idx": 3}, "note": "\\"idx\\": 4"}'
    assert json.loads(with_field(raw, "idx", 5)) == {**json.loads(raw), "idx": 5}


def test_a_file_that_changed_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_rows(path, [b'{"a": 1}', b'{"a": 2}'])
    status = path.stat()
    file = RowFile(path, (status.st_size, status.st_mtime_ns), np.array([1]), np.array([9]))
    assert file.fetch(np.array([0])) == [{"a": 1}]
    os.utime(path, ns=(0, 0))
    with pytest.raises(InputError, match="was changed since it was read"):
        file.fetch(np.array([0]))
    path.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        file.fetch(np.array([0]))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_rows_are_written_as_a_list(n: int, tmp_path: Path) -> None:
    write_rows(tmp_path / "x", [b'{"a": %d}' % i for i in range(n)])
    assert json.loads((tmp_path / "x").read_bytes()) == [{"a": i} for i in range(n)]
