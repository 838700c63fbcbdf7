from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from poseflow.correspondence.files import (
    file_name,
    find,
    read_correspondences,
    write_correspondences,
)
from poseflow.errors import InputError
from poseflow.frames import Correspondences


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("\n \n", [], id="blank-lines"),
        pytest.param("3 4 5 6 17", [[3, 4, 5, 6]], id="one-row"),
        pytest.param("3 4 5 6 17\n1 2 0 9 32\n", [[3, 4, 5, 6], [1, 2, 0, 9]], id="orb"),
        pytest.param("8.5 8 12 7.25 3.01 0\n", [[8.5, 8, 12, 7.25]], id="deepmatching"),
        pytest.param("1 2 3 4\r\n\r\n5 6 7 8\r\n", [[1, 2, 3, 4], [5, 6, 7, 8]], id="windows"),
        pytest.param("1\t-2  3e1 4", [[1, -2, 30, 4]], id="other-spaces"),
        pytest.param("1 2 3 4 what?", [[1, 2, 3, 4]], id="extra-columns-are-anything"),
    ],
)
def test_reading(tmp_path, text, rows):
    path = tmp_path / "1_2.txt"
    path.write_bytes(text.encode())

    found = read_correspondences(path)

    expected = np.array(rows, dtype=float).reshape(-1, 4)
    for part, columns in zip(found, (expected[:, :2], expected[:, 2:]), strict=True):
        np.testing.assert_array_equal(part, columns)
        assert part.shape == (len(rows), 2)
        assert part.dtype == np.float64


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"1 2 3\n", 1, id="too-few"),
        pytest.param(b"1 2 3 4 0\n\n1 2 x 4 0\n", 3, id="not-a-number"),
        pytest.param(b"1 2 3 4\nnan 2 3 4\n", 2, id="nan"),
        pytest.param(b"1 2 3 inf\n", 1, id="inf"),
        pytest.param(b"1,2,3,4\n", 1, id="commas"),
        pytest.param(b"\xff\xfe\x00\x01", 1, id="binary"),
    ],
)
def test_a_bad_row_is_named(tmp_path, content, line):
    path = tmp_path / "1_2.txt"
    path.write_bytes(content)

    with pytest.raises(InputError, match=rf"1_2\.txt: line {line}: expected four numbers"):
        read_correspondences(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"1_2\.txt: cannot be read"):
        read_correspondences(tmp_path / "1_2.txt")


@given(
    table=arrays(
        np.float64, st.tuples(st.integers(0, 4), st.just(4)), elements=st.floats(-1e6, 1e6)
    )
)
def test_what_is_written_is_read_back(tmp_path_factory, table):
    path = tmp_path_factory.getbasetemp() / "round_trip.txt"

    write_correspondences(path, Correspondences(table[:, :2], table[:, 2:]))

    source, target = read_correspondences(path)
    np.testing.assert_array_equal(np.concatenate([source, target], axis=1), table)


def test_whole_pixels_are_written_as_the_2018_scripts_wrote_them(tmp_path):
    path = tmp_path / "a_b_orb.txt"

    write_correspondences(path, Correspondences(np.array([[3.0, 4.5]]), np.array([[5.0, -6.0]])))

    assert path.read_text() == "3 4.5 5 -6 0\n"


def test_writing_is_whole_or_not_at_all(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match=r"1_2\.txt: cannot be written"):
        write_correspondences(tmp_path / "file" / "1_2.txt", Correspondences.none())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    (tmp_path / "file").unlink()

    write_correspondences(tmp_path / "1_2.txt", Correspondences.none())
    assert [p.name for p in tmp_path.iterdir()] == ["1_2.txt"]
    assert (tmp_path / "1_2.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("before", "after", "kind", "name"),
    [
        ("00000012.jpg", "00000013.jpg", "orb", "00000012_00000013_orb.txt"),
        ("00000012.jpg", "00000013.jpg", "orb-exact", "00000012_00000013_orb.txt"),
        ("9.png", "10.png", "dis", "9_10.txt"),
        ("9", "10", "lk", "9_10.txt"),
        (
            "images/a clip/scene one.JPG",
            "images/a clip/scene two.JPG",
            "dis",
            "scene one_scene two.txt",
        ),
        ("clip.v2.0001.png", "clip.v2.0002.png", "dis", "clip.v2.0001_clip.v2.0002.txt"),
        ("clip.0001", "clip.0002", "dis", "clip.0001_clip.0002.txt"),
    ],
)
def test_names_come_from_image_names(before, after, kind, name):
    assert file_name(before, after, kind) == name


def test_finding(tmp_path):
    assert find(tmp_path, "1.jpg", "2.jpg") is None

    orb = tmp_path / "1_2_orb.txt"
    orb.touch()
    assert find(tmp_path, "1.jpg", "2.jpg") == orb
    assert find(tmp_path, "2.jpg", "1.jpg") is None

    other = tmp_path / "1_2.txt"
    other.touch()
    assert find(tmp_path, "1.jpg", "2.jpg") == other

    (tmp_path / "2_3.txt").mkdir()
    assert find(tmp_path, "2.jpg", "3.jpg") is None
    assert find(tmp_path / "absent", "1.jpg", "2.jpg") is None
