from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.files import natural_key, whole_file, whole_folder


def test_a_file_appears_when_all_of_it_is_written(tmp_path):
    out = tmp_path / "a.json"
    with whole_file(out) as temporary:
        temporary.write_text("new")
        assert not out.exists()
    assert out.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    out = tmp_path / "a.json"
    out.write_text("old")
    with pytest.raises(KeyError), whole_file(out) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert out.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_folder_keeps_what_else_is_in_it(tmp_path):
    out = tmp_path / "results"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with whole_folder(out) as temporary:
        (temporary / "tracked").mkdir()
        (temporary / "tracked" / "0.json").write_text("new")
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "tracked" / "0.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["results"]


def test_a_failed_folder_does_not_appear(tmp_path):
    with pytest.raises(KeyError), whole_folder(tmp_path / "results") as temporary:
        (temporary / "a").write_text("half")
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_the_system_refusing_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"no/such/a\.json: cannot be written: No such file"):
        with whole_file(tmp_path / "no" / "such" / "a.json"):
            pass
    with pytest.raises(InputError, match=r"a\.json: cannot be written: No space left"):
        with whole_file(tmp_path / "a.json"):
            raise OSError(28, "No space left on device")
    with pytest.raises(InputError, match="expected a file to write, found a folder"):
        with whole_file(tmp_path):
            pass


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_names_sort_by_their_numbers(numbers):
    names = sorted((f"frame{n}.jpg" for n in numbers), key=natural_key)
    assert names == [f"frame{n}.jpg" for n in sorted(numbers)]
