"""Mapping one skeleton to another: known answers by arithmetic, and what holds for all pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from poseflow.errors import InputError
from poseflow.skeletons import SKELETONS, skeleton
from poseflow.skeletons.mapping import DERIVED, map_keypoints

NAN = np.nan


def pose(name: str, **points: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """One pose (1, K, 2) and its scores (1, K): x, y, score by name; the rest is missing."""
    keypoints = np.full((1, len(skeleton(name)), 2), NAN)
    scores = np.zeros((1, len(skeleton(name))))
    for keypoint, (x, y, score) in points.items():
        i = skeleton(name).keypoints.index(keypoint)
        keypoints[0, i], scores[0, i] = (x, y), score
    return keypoints, scores


def mapped(
    source: str, target: str, keypoints: np.ndarray, scores: np.ndarray
) -> dict[str, tuple[float, float, float]]:
    """The keypoints that come out, x, y, score by name, without the missing ones."""
    to = skeleton(target)
    points, point_scores = map_keypoints(keypoints, scores, skeleton(source), to)
    assert points.shape == (1, len(to), 2)
    assert point_scores.shape == (1, len(to))
    missing = np.isnan(points[0]).any(axis=1)
    assert np.isnan(points[0][missing]).all()
    assert (point_scores[0][missing] == 0).all()
    rows = zip(to.keypoints, points[0].tolist(), point_scores[0].tolist(), missing, strict=True)
    return {name: (x, y, score) for name, (x, y), score, gone in rows if not gone}


def test_coco_to_posetrack() -> None:
    body = {"nose": (12, 20, 0.9), "left_shoulder": (20, 40, 0.6), "right_shoulder": (10, 44, 0.2)}
    out = mapped("coco-17", "posetrack-15", *pose("coco-17", **body, left_eye=(13, 19, 1)))
    assert out == body | {
        "neck": (15, 42, 0.4),  # (20+10)/2, (40+44)/2, (0.6+0.2)/2
        "head_top": (24 - 15, 40 - 42, pytest.approx(1.7 / 3)),
    }


def test_mpii_to_posetrack() -> None:
    body = {"neck": (10, 50, 0.5), "head_top": (14, 30, 0.25), "left_wrist": (1, 2, 0.3)}
    out = mapped("mpii-16", "posetrack-15", *pose("mpii-16", **body, thorax=(10, 60, 1)))
    assert out == body | {"nose": (12, 40, 0.375)}


def test_mpii_to_posetrack_keeps_the_rows_of_the_2018_export() -> None:
    rows = np.arange(32.0).reshape(1, 16, 2)
    scores = np.arange(16.0).reshape(1, 16) / 16
    out, out_scores = map_keypoints(rows, scores, skeleton("mpii-16"), skeleton("posetrack-15"))
    taken = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8]  # 13 is the nose, 14 the head's top
    assert_array_equal(out[:, :13], rows[:, taken])
    assert_array_equal(out[:, 13], (rows[:, 8] + rows[:, 9]) / 2)
    assert_array_equal(out[:, 14], rows[:, 9])
    assert_array_equal(out_scores[0], np.array([*taken, 8.5, 9]) / 16)


def test_midpoints_of_mpii_and_openpose() -> None:
    body = {
        "left_shoulder": (4, 0, 1),
        "right_shoulder": (0, 2, 0.5),
        "left_hip": (3, 10, 0.5),
        "right_hip": (1, 14, 0),
    }
    source = pose("coco-17", **body)
    middle = {"neck": (2, 1, 0.75), "thorax": (2, 1, 0.75), "pelvis": (2, 12, 0.25)}
    assert mapped("coco-17", "mpii-16", *source) == body | middle
    del middle["thorax"]
    assert mapped("coco-17", "body-25", *source) == body | middle


def test_what_a_source_names_is_never_derived() -> None:
    shoulders = {"left_shoulder": (4, 0, 1), "right_shoulder": (0, 0, 1)}
    out = mapped("body-25", "openpose-18", *pose("body-25", **shoulders, neck=(2, -9, 0.5)))
    assert out["neck"] == (2, -9, 0.5)
    # Even a missing one: its estimator looked for it and did not find it.
    assert mapped("body-25", "openpose-18", *pose("body-25", **shoulders)) == shoulders


def test_missing_parents_make_missing_children() -> None:
    one_shoulder = pose("coco-17", nose=(1, 1, 1), left_shoulder=(4, 0, 1))
    assert mapped("coco-17", "posetrack-15", *one_shoulder) == {
        "nose": (1, 1, 1),
        "left_shoulder": (4, 0, 1),
    }


def test_no_rule_feeds_another(tmp_path: Path) -> None:
    # A nose could be had from neck and head top, and these from shoulders and nose; neither is.
    path = tmp_path / "shoulders.json"
    path.write_text('{"name": "shoulders", "keypoints": ["left_shoulder", "right_shoulder"]}')
    out, scores = map_keypoints(
        [[[0, 0], [4, 8]]], [[1, 1]], skeleton(path), skeleton("posetrack-15")
    )
    present = [skeleton("posetrack-15").keypoints[i] for i in np.flatnonzero(scores[0])]
    assert present == ["right_shoulder", "left_shoulder", "neck"]
    assert out[0, 12].tolist() == [2, 4]


def test_unknown_scores_stay_unknown_and_do_not_spread() -> None:
    keypoints, scores = pose(
        "coco-17", nose=(1, 1, NAN), left_shoulder=(0, 0, 0.5), right_shoulder=(2, 0, 0.7)
    )
    out = mapped("coco-17", "posetrack-15", keypoints, scores)
    assert out["neck"] == (1, 0, pytest.approx(0.6))
    assert out["head_top"][:2] == (1, 2)
    assert np.isnan([out["head_top"][2], out["nose"][2]]).all()
    assert out["left_shoulder"][2] == 0.5


def test_nobody() -> None:
    out, scores = map_keypoints(
        np.empty((0, 17, 2)), np.empty((0, 17)), skeleton("coco-17"), skeleton("mpii-16")
    )
    assert out.shape == (0, 16, 2)
    assert scores.shape == (0, 16)


@pytest.mark.parametrize(
    ("points", "scores", "message"),
    [
        pytest.param((2, 16, 2), (2, 16), r"keypoints: .*\(N, 17, 2\) for coco-17", id="k"),
        pytest.param((17, 2), (17,), "keypoints: ", id="no-people-axis"),
        pytest.param((2, 17, 3), (2, 17), "keypoints: ", id="three-columns"),
        pytest.param((2, 17, 2), (1, 17), r"keypoint_scores: .*\(2, 17\)", id="scores"),
    ],
)
def test_shapes_that_do_not_fit(
    points: tuple[int, ...], scores: tuple[int, ...], message: str
) -> None:
    coco = skeleton("coco-17")
    with pytest.raises(InputError, match=message):
        map_keypoints(np.zeros(points), np.zeros(scores), coco, coco)


def test_the_argument_is_not_written() -> None:
    keypoints, scores = pose("coco-17", nose=(1, 2, 0.5))
    before = keypoints.copy(), scores.copy()
    out, _ = map_keypoints(keypoints, scores, skeleton("coco-17"), skeleton("coco-17"))
    out[:] = 7
    assert_array_equal(keypoints, before[0])
    assert_array_equal(scores, before[1])


@given(
    names=st.tuples(st.sampled_from(SKELETONS), st.sampled_from(SKELETONS)),
    people=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_there_and_back_by_name(names: tuple[str, str], people: int, seed: int) -> None:
    """What both skeletons name returns digit for digit, missing ones and their scores too."""
    source, target = map(skeleton, names)
    random = np.random.default_rng(seed)
    keypoints = random.uniform(-1e4, 1e4, (people, len(source), 2))
    scores = random.uniform(size=(people, len(source)))
    gone = random.random((people, len(source))) < 0.3
    keypoints[gone], scores[gone] = NAN, 0
    there = map_keypoints(keypoints, scores, source, target)
    back, back_scores = map_keypoints(*there, target, source)
    common = [i for i, name in enumerate(source.keypoints) if name in target.keypoints]
    assert_array_equal(back[:, common], keypoints[:, common])
    assert_array_equal(back_scores[:, common], scores[:, common])


@given(
    target=st.sampled_from(SKELETONS),
    dx=st.integers(-1000, 1000),
    dy=st.integers(-1000, 1000),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_mapped_pose_moves_with_the_person(target: str, dx: int, dy: int, seed: int) -> None:
    coco, to = skeleton("coco-17"), skeleton(target)
    keypoints = np.random.default_rng(seed).uniform(0, 1000, (2, 17, 2))
    step = np.array([dx, dy])
    moved, _ = map_keypoints(keypoints + step, np.ones((2, 17)), coco, to)
    still, _ = map_keypoints(keypoints, np.ones((2, 17)), coco, to)
    assert_allclose(moved, still + step, atol=1e-9)


def test_every_rule_is_an_affine_combination_of_shipped_names() -> None:
    shipped_names = {k for name in SKELETONS for k in skeleton(name).keypoints}
    for child, rule in DERIVED.items():
        assert sum(rule.values()) == 1
        assert {child, *rule} <= shipped_names
