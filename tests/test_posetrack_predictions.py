"""What is handed in: joints by name, those that are sure enough, and people with ids."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poseflow import load
from poseflow.errors import InputError
from poseflow.poses import Poses, Sequence
from poseflow.posetrack.layout import listings
from poseflow.posetrack.predictions import predictions, save_predictions
from poseflow.skeletons import skeleton
from posetrack_tree import JOINTS_17, JOINTS_18, MPII_16, make_tree


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predictions")
    for year in (2017, 2018):
        make_tree(folder / str(year) / "data", year)
    return folder


def listing_of(trees, year):
    return listings(trees / str(year) / "data", "train")[0]


def tracked(listing, people, skeleton_name="mpii-16", scale=1.0):
    """The same people, an id and (K, 3) x, y, score each, in every frame."""
    own = skeleton(skeleton_name)
    ids = [i for i, _ in people]
    table = np.array([table for _, table in people]).reshape(-1, len(own), 3)
    poses = Poses.from_keypoints(table[..., :2], table[..., 2] / scale, track_ids=ids)
    return Sequence(
        own,
        (poses,) * len(listing.blank),
        listing.blank.image_names,
        score_scales=(scale, 1.0),
    )


def by_name(sequence, frame, person, joint):
    column = sequence.skeleton.keypoints.index(joint)
    poses = sequence.frames[frame]
    return (*poses.keypoints[person, column].tolist(), poses.keypoint_scores[person, column])


MPII = np.array([(10.0 * i, 5.0 * i, (i + 1) / 20) for i in range(16)])


@pytest.mark.parametrize("year", [2017, 2018])
def test_joints_are_mapped_by_name_and_the_nose_is_between_neck_and_head_top(trees, year):
    listing = listing_of(trees, year)
    found = predictions(listing, tracked(listing, [(1, MPII)]))
    assert found.skeleton == skeleton("posetrack-15" if year == 2017 else "posetrack-17")
    # MPII's sixteen: ankle 0, head bottom (neck) 8, head top 9, right wrist 10.
    for joint, i in (("right_ankle", 0), ("neck", 8), ("head_top", 9), ("right_wrist", 10)):
        assert by_name(found, 0, 0, joint) == (10 * i, 5 * i, (i + 1) / 20)
    assert by_name(found, 0, 0, "nose") == pytest.approx((85, 42.5, (9 + 10) / 40))
    if year == 2018:
        assert np.isnan(by_name(found, 0, 0, "left_ear")[0])


def test_a_head_is_synthesised_from_coco(trees):
    listing = listing_of(trees, 2017)
    points = np.zeros((17, 3))
    points[0] = 100, 50, 0.8  # Nose.
    points[5], points[6] = (90, 70, 0.6), (120, 80, 0.4)  # Shoulders.
    found = predictions(listing, tracked(listing, [(1, points)], "coco-17"))
    assert by_name(found, 0, 0, "neck") == pytest.approx((105, 75, 0.5))
    assert by_name(found, 0, 0, "head_top") == pytest.approx((95, 25, 0.6))


def test_joints_below_the_least_score_are_left_out_and_who_has_none_left(trees):
    listing = listing_of(trees, 2017)
    weak = MPII.copy()
    weak[:, 2] /= 10
    # In the scale of the file: joint i of MPII's sixteen has (i + 1) / 20 · 4.
    people = tracked(listing, [(5, weak * [1, 1, 4]), (9, MPII * [1, 1, 4])], scale=4.0)
    found = predictions(listing, people, 2.0)
    poses = found.frames[0]
    assert poses.track_ids.tolist() == [1]
    # (i + 1) / 5 ≥ 2 from joint 9, head top, on; the nose has the mean of 9 and 10 fifths.
    assert by_name(found, 0, 0, "head_top")[2] == 0.5
    kept = {n for n, p in zip(found.skeleton.keypoints, poses.keypoints[0], strict=True)
            if not np.isnan(p[0])}  # fmt: skip
    arms = {f"{s}_{j}" for s in ("left", "right") for j in ("wrist", "elbow", "shoulder")}
    assert kept == arms | {"head_top"}
    assert all(poses.keypoint_scores[0][np.isnan(poses.keypoints[0, :, 0])] == 0)


@given(st.lists(st.floats(0, 6), min_size=16, max_size=16), st.integers(0, 15))
def test_a_joint_with_just_the_least_score_stays(trees, scores, i):
    """Whatever the scale, to the last bit."""
    listing = listing_of(trees, 2017)
    table = MPII.copy()
    table[:, 2] = scores
    scale = max(1.0, *scores)
    least = scores[i]
    found = predictions(listing, tracked(listing, [(1, table)], scale=scale), least)
    names = list(found.skeleton.keypoints)
    for name in JOINTS_17:
        ours = "neck" if name == "head_bottom" else name
        if name in MPII_16 and ours != "nose":
            kept = len(found.frames[0]) and not np.isnan(
                found.frames[0].keypoints[0, names.index(ours), 0]
            )
            assert kept == (scores[MPII_16.index(name)] >= least)


def test_a_least_score_wants_scores(trees):
    listing = listing_of(trees, 2017)
    table = MPII.copy()
    table[4, 2] = np.nan
    people = tracked(listing, [(1, table)])
    assert len(predictions(listing, people).frames[0]) == 1
    with pytest.raises(InputError, match=r"00000001.jpg: score of a joint: expected one"):
        predictions(listing, people, 0.1)


@pytest.mark.parametrize("year", [2017, 2018])
def test_ids_are_below_ten_thousand_however_many_people_there_were(trees, year, tmp_path):
    listing = listing_of(trees, year)
    people = tracked(listing, [(70_000, MPII), (-1, MPII + 1), (12_345, MPII + 2)])
    found = predictions(listing, people)
    assert [p.track_ids.tolist() for p in found.frames] == [[2, 1]] * 6
    save_predictions(tmp_path, listing, found)
    content = json.loads((tmp_path / f"{listing.name}.json").read_text())
    if year == 2017:
        ids = [[p["track_id"] for p in e["annorect"]] for e in content["annolist"]]
        assert ids == [[[1], [0]]] * 6
    else:
        assert [a["track_id"] for a in content["annotations"]] == [1, 0] * 6


@pytest.mark.parametrize("year", [2017, 2018])
def test_a_file_is_the_annotation_with_other_people(trees, year, tmp_path):
    listing = listing_of(trees, year)
    save_predictions(tmp_path, listing, predictions(listing, tracked(listing, [(1, MPII)])))
    path = tmp_path / f"{listing.name}.json"
    content, annotation = (json.loads(p.read_text()) for p in (path, listing.annotation))
    people = content.pop("annotations", None) or [
        person for entry in content["annolist"] for person in entry.pop("annorect")
    ]
    annotation.pop("annotations", None)
    for entry in annotation.get("annolist", []):
        del entry["annorect"]
    assert content == annotation
    assert len(people) == 6
    if year == 2017:
        points = people[0]["annopoints"][0]["point"]
        assert [p["id"] for p in points] == [[i] for i in range(15)]
        assert points[6] == {"id": [6], "x": [100.0], "y": [50.0], "score": [0.55]}
    else:
        wrist = JOINTS_18.index("right_wrist")
        assert people[0]["keypoints"][3 * wrist : 3 * wrist + 3] == [100.0, 50.0, 1]
        assert people[0]["scores"][wrist] == 0.55
        ear = JOINTS_18.index("left_ear")
        assert people[0]["keypoints"][3 * ear : 3 * ear + 3] == [0, 0, 0]
    assert load(path).image_names == listing.blank.image_names


def test_scores_are_written_in_the_scale_they_came_in(trees, tmp_path):
    listing = listing_of(trees, 2017)
    people = tracked(listing, [(1, MPII * [1, 1, 4])], scale=4.0)
    save_predictions(tmp_path, listing, predictions(listing, people))
    content = json.loads((tmp_path / f"{listing.name}.json").read_text())
    points = content["annolist"][0]["annorect"][0]["annopoints"][0]["point"]
    assert points[6]["score"] == [pytest.approx(11 / 5)]


def test_frames_without_people_are_frames(trees, tmp_path):
    listing = listing_of(trees, 2018)
    nobody = replace(listing.blank, frames=(Poses.empty(17),) * 6)
    save_predictions(tmp_path, listing, predictions(listing, nobody))
    found = load(tmp_path / f"{listing.name}.json")
    assert [len(poses) for poses in found.frames] == [0] * 6
