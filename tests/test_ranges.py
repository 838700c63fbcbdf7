"""What the parameters of a setting may be, and what is said of others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from poseflow.cli import main
from poseflow.errors import InputError
from poseflow.tracking import default, detect_and_track, published

RULES = (default, published, detect_and_track)


@pytest.mark.parametrize(
    ("rule", "name", "value", "told"),
    [
        (default, "sure", 5, "sure: expected a number from 0 to 1, got 5"),
        (default, "memory", -1.0, "memory: expected a finite number of at least 0, got -1"),
        (default, "birth", float("nan"), "birth: expected a number from 0 to 1, got nan"),
        (default, "persist", 0, "persist: expected a whole number of at least 1, got 0"),
        (default, "persist", 2.5, "persist: expected a whole number of at least 1, got 2.5"),
        (default, "softness", 0.0, "softness: expected a finite number above 0, got 0"),
        (default, "pace", "1", "pace: expected a finite number above 0, got '1'"),
        (default, "people", 0, "people: expected at least 1, got 0"),
        (published, "joints", 0, "joints: expected a whole number of at least 1, got 0"),
        (published, "match", np.nan, "match: expected a number from 0 to 6, got nan"),
        (published, "reach", -1.0, "reach: expected a finite number of at least 0, got -1"),
        (detect_and_track, "confident", 2, "confident: expected a number from 0 to 1, got 2"),
    ],
)
def test_what_is_out_of_its_range_is_refused(rule, name, value, told):
    with pytest.raises(InputError) as refusal:
        rule(**{name: value})
    assert str(refusal.value) == told


@pytest.mark.parametrize("rule", RULES)
def test_every_number_has_a_range_with_its_ends(rule):
    for field in dataclasses.fields(rule):
        if field.name == "people":
            continue
        for end in field.metadata["range"]:
            assert getattr(rule(**{field.name: type(field.default)(end)}), field.name) == end
        with pytest.raises(InputError, match=f"^{field.name}: "):
            rule(**{field.name: float("nan")})


def test_numbers_of_numpy_are_numbers():
    assert published(joints=np.int64(3), match=np.float32(0.5)).joints == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--similar-weak", "2"], "--similar-weak: expected a number from 0 to 1, got 2"),
        (
            ["--setting", "published", "--joints", "0"],
            "--joints: expected a whole number of at least 1",
        ),
        (["--people", "0"], "--people: expected 1 or more, got 0"),
    ],
)
def test_the_command_names_the_option(options, told, tmp_path, capsys):
    words = ["track", "--poses", "none.json", "--out", str(tmp_path / "o.json"), *options]
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"poseflow: {told}")
