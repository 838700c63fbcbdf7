from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.files import FolderPath, natural_key, whole_file, whole_folder


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
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/such/a\.json: cannot be written: Not a directory"):
        with whole_file(tmp_path / "file" / "such" / "a.json"):
            pass
    with pytest.raises(InputError, match=r"a\.json: cannot be written: No space left"):
        with whole_file(tmp_path / "a.json"):
            raise OSError(28, "No space left on device")
    with pytest.raises(InputError, match="expected a file to write, found a folder"):
        with whole_file(tmp_path):
            pass


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_folders_above_are_made_with_the_output_and_not_before(tmp_path, whole):
    out = tmp_path / "a" / "b" / "c"
    with pytest.raises(KeyError), whole(out):
        assert not (tmp_path / "a").exists()
        raise KeyError
    assert os.listdir(tmp_path) == []
    with whole(out):
        pass
    assert out.exists()
    assert os.listdir(tmp_path) == ["a"]
    assert os.listdir(tmp_path / "a" / "b") == ["c"]


def test_folders_above_go_again_if_the_output_cannot_be_moved(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(InputError, match="a/b/c: cannot be written: No space left"):
        with whole_file(tmp_path / "a" / "b" / "c"):
            pass
    assert os.listdir(tmp_path) == []


def test_errors_name_what_was_to_be_written_and_no_temporary_path(tmp_path):
    with pytest.raises(InputError) as refusal:
        with whole_folder(tmp_path / "out") as folder, whole_file(folder / "a.json"):
            raise OSError(28, "No space left on device")
    told = f"{tmp_path / 'out' / 'a.json'}: cannot be written: No space left on device"
    assert str(refusal.value) == told


def test_a_folder_is_not_begun_if_something_else_stands_in_the_way(tmp_path):
    out = tmp_path / "out"
    (out / "b.csv").mkdir(parents=True)
    (out / "a.json").write_text("old")
    with pytest.raises(InputError, match=r"out/b\.csv: expected a file to write, found a folder"):
        with whole_folder(out) as folder:
            (folder / "a.json").write_text("new")
            (folder / "b.csv").write_text("new")
    assert (out / "a.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_is_as_it_was_if_moving_fails_midway(tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("a", "c"):
        (out / name).write_text(f"old {name}")
    move = os.replace

    def fail_at_c(source, target):
        if target == out / "c" and source.read_text() == "new":
            raise PermissionError(13, "Permission denied")
        move(source, target)

    monkeypatch.setattr("os.replace", fail_at_c)
    with pytest.raises(InputError, match="out: cannot be written: Permission denied"):
        with whole_folder(out) as folder:
            (folder / "b").mkdir()
            for name in ("a", "b/new", "c"):
                (folder / name).write_text("new")
    assert {p.name: p.read_text() for p in out.iterdir()} == {"a": "old a", "c": "old c"}
    assert os.listdir(tmp_path) == ["out"]


def test_a_path_that_ends_with_a_slash_is_a_folder_whatever_its_name():
    folder = FolderPath("res.v2/")
    assert (str(folder), folder.suffix, (folder / "a.json").suffix) == ("res.v2", "", ".json")


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_names_sort_by_their_numbers(numbers):
    names = sorted((f"frame{n}.jpg" for n in numbers), key=natural_key)
    assert names == [f"frame{n}.jpg" for n in sorted(numbers)]
