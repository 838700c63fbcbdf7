"""What scores are divided by: told from the whole file, and by no single score."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import person, shared
from poseflow.formats import load
from poseflow.formats.scales import Scores
from poseflow.pipeline import track
from poseflow.tracking import Tracker

# No score is a threshold of a setting, where a rounding may decide.
score = st.integers(20, 96).map(lambda n: n / 97)


def row(frame: int, place: int, sure: list[float], pose: float) -> dict[str, Any]:
    points = person(100 + 150 * place + 3 * frame, 200)
    flat = np.column_stack([points, np.resize(sure, 17)]).ravel().tolist()
    return {"image_id": f"{frame}.jpg", "category_id": 1, "keypoints": flat, "score": pose}


@st.composite
def files(draw: st.DrawFn, kind: str | None = None) -> list[dict[str, Any]]:
    """Rows of three people in some frames; somebody is seen as well as can be."""
    kind = kind or draw(st.sampled_from(["mean", "product", "box", "sum"]))
    rows = []
    for frame in range(draw(st.integers(1, 8))):
        for place in range(3):
            sure = draw(st.lists(score, min_size=2, max_size=4))
            box = draw(score)
            if frame == place == 0:
                sure, box = [1.0], 1.0
            mean = float(np.resize(sure, 17).mean())
            pose = {
                "mean": mean,
                "product": box * mean,
                "box": max(box, max(sure)),
                "sum": box + mean + 1.25 * max(sure),
            }
            rows.append(row(frame, place, sure, pose[kind]))
    return rows


def ids(rows: list[dict[str, Any]]) -> list[list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.json")
        path.write_text(json.dumps(rows))
        clip = load(path)
        tracked = track(clip, Tracker(clip.skeleton))
        return [poses.track_ids.tolist() for poses in tracked.frames]


def times(rows: list[dict[str, Any]], factor: float) -> list[dict[str, Any]]:
    rows = copy.deepcopy(rows)
    for one in rows:
        one["score"] *= factor
        one["keypoints"][2::3] = [s * factor for s in one["keypoints"][2::3]]
    return rows


@given(files("mean") | files("product") | files("box"), st.sampled_from([2, 6, 40, 100, 255, 1e3]))
def test_scores_in_another_unit_give_the_same_ids(
    rows: list[dict[str, Any]], factor: float
) -> None:
    assert ids(times(rows, factor)) == ids(rows)


@given(files("sum"))
def test_percentages_of_sums_give_the_same_ids(rows: list[dict[str, Any]]) -> None:
    assert ids(times(rows, 100)) == ids(rows)


@given(files(), st.data())
def test_a_score_hardly_above_1_changes_nobody(rows: list[dict[str, Any]], data: Any) -> None:
    before = copy.deepcopy(rows)
    i, k = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 16))
    if data.draw(st.booleans()) and rows[i]["score"] <= 1:
        before[i]["score"], rows[i]["score"] = 1.0, 1 + 1e-6
    else:
        before[i]["keypoints"][3 * k + 2], rows[i]["keypoints"][3 * k + 2] = 1.0, 1 + 1e-6
    assert ids(rows) == ids(before)


def test_one_score_above_1_is_no_sum() -> None:
    keypoints, poses = np.full((100, 17), 0.9), np.full(100, 0.85)
    for highest in (1.0000001, 1.02, 1.2):
        poses[7] = highest
        of_keypoints, of_poses = Scores.of(keypoints, poses).scales(None)
        assert of_keypoints == 1
        assert of_poses <= highest


def test_parts_of_a_file_are_told_as_the_whole() -> None:
    rng = np.random.default_rng(0)
    keypoints, poses = rng.random((30, 5)), rng.random(30) * 3
    keypoints[3], poses[9] = np.nan, np.nan
    whole = Scores.of(keypoints, poses)
    parts = Scores()
    for i in range(0, 30, 7):
        parts = parts.and_also(Scores.of(keypoints[i : i + 7], poses[i : i + 7]))
    assert parts == whole
    assert Scores.of(np.empty((0, 5)), np.empty(0)).scales(None) == (1, 1)
    assert Scores.of(np.full((2, 5), np.nan), np.array([np.nan, 3])).scales(None) == (1, 3)


@pytest.mark.parametrize(
    ("clip", "largest"), [("bedroom", 1.034), ("treadmill", 1.0), ("vtest", 1.02)]
)
def test_sums_of_real_clips(clip: str, largest: float) -> None:
    scales = load(shared("data", "detections", f"{clip}.json")).score_scales
    assert scales == pytest.approx((largest, 1 + 2.25 * largest), abs=0.05)
