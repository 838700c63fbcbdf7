"""What all formats decide alike: frames from names, scales of scores, numbers."""

from __future__ import annotations

import gc
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow.errors import InputError
from poseflow.formats import load
from poseflow.formats.reading import (
    frame_names,
    number_in,
    numbers,
    packed,
    parse,
    show,
    triples,
    uncollected,
)


def refuse(i: int, expected: str, got: str) -> InputError:
    return InputError(f"{i}: expected {expected}, got {got}")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(["b.png"], ["b.png"], id="one"),
        pytest.param(["10.jpg", "9.jpg"], ["9.jpg", "10.jpg"], id="natural order"),
        pytest.param(["1.jpg", "1.jpg", "2.jpg"], ["1.jpg", "2.jpg"], id="twice"),
        pytest.param(["8.jpg", "11.jpg", "10.jpg"], ["8.jpg", "9.jpg", "10.jpg", "11.jpg"], id="a"),
        pytest.param(["f_08.png", "f_10.png", "f_11.png"],
                     ["f_08.png", "f_09.png", "f_10.png", "f_11.png"], id="padded"),
        pytest.param(["098.jpg", "100.jpg", "101.jpg"],
                     ["098.jpg", "099.jpg", "100.jpg", "101.jpg"], id="padded past the digits"),
        pytest.param(["5", "20", "10"], ["5", "10", "15", "20"], id="a step of five, no ending"),
        pytest.param(["v2/1.jp2", "v2/3.jp2", "v2/4.jp2"],
                     ["v2/1.jp2", "v2/2.jp2", "v2/3.jp2", "v2/4.jp2"], id="other digits"),
        pytest.param(["1_crop.jpg", "3_crop.jpg", "4_crop.jpg"],
                     [f"{i}_crop.jpg" for i in (1, 2, 3, 4)], id="a suffix"),
        pytest.param(["1.jpg", "3.jpg", "4.png"], ["1.jpg", "3.jpg", "4.png"], id="two endings"),
        pytest.param(["a1.jpg", "a3.jpg", "b4.jpg"], ["a1.jpg", "a3.jpg", "b4.jpg"], id="prefixes"),
        pytest.param(["01.jpg", "3.jpg", "4.jpg"], ["01.jpg", "3.jpg", "4.jpg"], id="two paddings"),
        pytest.param(["1.jpg", "3.jpg", "cover.jpg"], ["1.jpg", "3.jpg", "cover.jpg"], id="a word"),
        pytest.param(["0", "7", "1600000000"], ["0", "7", "1600000000"], id="times of a clock"),
    ],
)  # fmt: skip
def test_frames_from_names(names: list[str], expected: list[str]) -> None:
    assert frame_names(names) == tuple(expected)


def test_a_long_gap_is_filled_and_an_absurd_one_is_not() -> None:
    # Three names may become 100 × 3 + 1000 frames.
    assert len(frame_names(["0", "1", "1299"])) == 1300
    assert len(frame_names(["0", "1", "1300"])) == 3


@given(st.sets(st.integers(0, 400), min_size=1), st.sampled_from(["", "img_", "v1/"]))
def test_every_name_is_a_frame_and_frames_are_in_order(numbers: set[int], prefix: str) -> None:
    names = [f"{prefix}{number}.jpg" for number in numbers]
    frames = frame_names(names)
    assert set(names) <= set(frames)
    values = [number_in(name) for name in frames]
    assert values == list(
        range(min(numbers), max(numbers) + 1, values[1] - values[0] if values[1:] else 1)
    )  # type: ignore[operator, type-var]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("7", 7),
        ("0012.jpg", 12),
        ("a1/b_3_crop.mp4", 3),
        ("x.jp2", None),
        ("v1.0/7", 7),
        ("", None),
    ],
)
def test_the_number_of_a_name(name: str, number: int | None) -> None:
    assert number_in(name) == number


def test_a_batch_of_keypoints() -> None:
    flat, nested = [1, 2.5, 0, 4, 5, 1], [[1, 2.5, 0], [4, 5, 1]]
    expected = [[[1, 2.5, 0], [4, 5, 1]]]
    for value in (flat, nested):
        np.testing.assert_array_equal(triples([value], None, refuse), expected)
        np.testing.assert_array_equal(triples([value, flat], 2, refuse), 2 * expected)
    assert triples([], None, refuse).shape == (0, 0, 3)
    assert triples([], 5, refuse).shape == (0, 5, 3)
    assert triples([[], []], None, refuse).shape == (2, 0, 3)
    np.testing.assert_array_equal(triples([[10**20, 1, 0.5]], 1, refuse), [[[1e20, 1, 0.5]]])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({"a": 1}, '1: expected a list x1, y1, score1, x2, …, got {"a": 1}', id="{}"),
        pytest.param([1, 2, 3, 4], "1: expected three numbers for each keypoint, got 4", id="four"),
        pytest.param([1, 2, 3], "1: expected 2 keypoints, as in the rows before, got 1", id="K"),
        pytest.param([1, 2, 3, None, 5, 6], "1: expected finite numbers, got nothing as x", id="0"),
        pytest.param([[1, 2, 3], 4, 5, 6], "1: expected keypoint 2 as x, y, score, got 4", id="m"),
        pytest.param([1, 2, 3, [4, 5, 6]], "1: expected finite numbers, got .* as x", id="m"),
    ],
)  # fmt: skip
def test_the_first_mistake_of_a_batch_is_told(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        triples([[1, 2, 3, 4, 5, 6], value, 7], None, refuse)


def test_a_column_of_numbers() -> None:
    np.testing.assert_array_equal(numbers([1, None, 2.5], refuse), [1, np.nan, 2.5])
    np.testing.assert_array_equal(numbers([3, 4], refuse), [3, 4])
    np.testing.assert_array_equal(numbers([None, [1, 2]], refuse, shape="x, y"),
                                  [[np.nan] * 2, [1, 2]])  # fmt: skip
    assert numbers([], refuse).shape == (0,)
    assert numbers([], refuse, shape="x, y").shape == (0, 2)
    for wrong in ("a", [1], float("inf"), 10**400):
        with pytest.raises(InputError, match="2: expected a finite number, got"):
            numbers([1, None, wrong], refuse)
    for wrong in (3, [1], [1, 2, 3], [1, None], [[1, 2]]):
        with pytest.raises(InputError, match="1: expected x, y, got"):
            numbers([[1, 2], wrong], refuse, shape="x, y")


def test_values_are_shown_short() -> None:
    assert show(None) == "nothing"
    assert show("é") == '"é"'
    assert show(list(range(99))).endswith("...")
    assert len(show("x" * 1000)) == 60


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_as_it_was(was_on: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if was_on else gc.disable)()
        with uncollected(), uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == was_on
        with pytest.raises(InputError):
            parse(b"[1, 2", "cut.json")
        assert gc.isenabled() == was_on
    finally:
        (gc.enable if before else gc.disable)()


def test_the_collector_is_off_while_a_file_is_read(tmp_path: Path) -> None:
    seen = []

    def watch(phase: str, _: dict[str, int]) -> None:
        seen.append(phase)

    point = {"id": [3], "x": [1.5], "y": [2]}
    people = [{"annopoints": [{"point": [point] * 15}]}] * 100
    (tmp_path / "x.json").write_text(json.dumps({"annolist": [{"annorect": people}] * 10}))
    gc.callbacks.append(watch)
    try:
        load(tmp_path / "x.json")
    finally:
        gc.callbacks.remove(watch)
    # One may come before and one after.
    assert seen.count("start") <= 2


@pytest.mark.parametrize(
    "odd",
    ["7", None, True, False, math.nan, math.inf, 10**400, [1], {}],
    ids=lambda value: repr(value)[:8],
)
def test_packing_takes_finite_numbers_only(odd: object) -> None:
    array = packed([0, 1, -2.5, 3])
    assert array is not None
    assert array.tolist() == [0, 1, -2.5, 3]
    for values in ([odd], [0, odd], [odd, 1.5, 2]):
        assert packed(values) is None


def test_packing_nothing() -> None:
    array = packed([])
    assert array is not None
    assert array.shape == (0,)
